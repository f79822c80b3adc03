//! Figures for papers and run folders, as PNG and SVG.
//!
//! Every figure is a plain struct that owns the numbers it shows; it knows no network and no
//! engine. Fill the public fields, call [`Figure::save`], and the ending of the path chooses the
//! format. Both formats come from the same drawing code, need no font on the machine and are a
//! function of the data alone: the same figure gives the same bytes.
//!
//! | figure | shows | module |
//! |---|---|---|
//! | [`RasterFigure`] | one sample: spikes of all populations, readout potentials | `raster` |
//! | [`WeightsFigure`] | weights of each projection at start and end, and in between | `weights` |
//! | [`WeightSizesFigure`] | sizes of weights of either sign, as logarithms | `weight_sizes` |
//! | [`DelaysFigure`] | delays of each projection, and how far they move per epoch | `delays` |
//! | [`CurvesFigure`] | loss, accuracy and schedules against epochs, of one run or two | `curves` |
//! | [`CurrentsFigure`] | one sample: excitation and inhibition of each population | `currents` |
//! | [`PruningFigure`] | accuracy against the share of weights that were pruned | `pruning` |
//! | [`ConfusionFigure`] | what each class was taken for, with the accuracy | `confusion` |
//! | [`AccuracyMatrixFigure`] | accuracy on every task after each task | `accuracy_matrix` |
//! | [`ForgettingFigure`] | accuracy on each task from its training on | `forgetting` |
//! | [`SubspacesFigure`] | residuals, angles and rows of the tasks' subspaces | `subspaces` |
//!
//! | file | holds what figures are made of |
//! |---|---|
//! | `canvas`, `png_file` | one drawing surface for both formats |
//! | `theme`, `stroke` | sizes, palette, lines |
//! | `typeface`, `font`, `legible` | the typeface inside the program, lines of text |
//! | `heading` | the run and the epoch that a figure shows |
//! | `panel`, `scale`, `legend` | axes |
//! | `panel_rows`, `histogram` | rows of panels, counts |
//! | `task_accuracies`, `envelope` | accuracies of a sequence of tasks, thinned series |
//! | `heat_map`, `names` | squares of coloured cells, short names that differ |
//!
//! ```
//! use plots::{CurvesFigure, Figure, Format, Series, SeriesStyle};
//!
//! let epochs = vec![1.0, 2.0, 3.0];
//! let figure = CurvesFigure {
//!     loss: vec![Series::new("train", epochs.clone(), vec![5.5, 4.2, 3.2], SeriesStyle::TRAIN)],
//!     accuracy: vec![Series::new("train", epochs, vec![0.2, 0.5, 0.6], SeriesStyle::TRAIN)],
//!     ..CurvesFigure::default()
//! };
//! let svg = figure.render(Format::Svg)?;
//! assert!(svg.starts_with(b"<svg"));
//! # Ok::<(), plots::Error>(())
//! ```
#![forbid(unsafe_code)]

mod accuracy_matrix;
mod canvas;
mod confusion;
mod currents;
mod curves;
mod delays;
mod envelope;
mod error;
mod figure;
mod font;
mod forgetting;
mod format;
mod heading;
mod heat_map;
mod histogram;
mod legend;
mod legible;
mod names;
mod panel;
mod panel_rows;
mod png_file;
mod pruning;
mod raster;
mod scale;
mod stroke;
mod subspaces;
mod task_accuracies;
mod theme;
mod typeface;
mod weight_sizes;
mod weights;

pub use accuracy_matrix::AccuracyMatrixFigure;
pub use canvas::Canvas;
pub use confusion::ConfusionFigure;
pub use currents::{CurrentsFigure, PopulationCurrents};
pub use curves::{BestEpoch, CurvesFigure, Series, SeriesStyle};
pub use delays::{DelayChange, DelaysFigure, ProjectionDelays};
pub use error::{Error, Result};
pub use figure::Figure;
pub use font::{Anchor, TextStyle};
pub use forgetting::ForgettingFigure;
pub use format::Format;
pub use legible::legible;
pub use pruning::{PrunedSeries, PruningFigure};
pub use raster::{PopulationSpikes, RasterFigure, ReadoutTraces};
pub use stroke::{Dash, Point, Stroke};
pub use subspaces::{ProjectionSubspaces, SubspacesFigure};
pub use theme::{Rgb, Size};
pub use weight_sizes::{ProjectionSizes, SizeSnapshot, WeightSizesFigure};
pub use weights::{ProjectionWeights, WeightSnapshot, WeightsFigure};
