//! Weights of every projection: their distribution before and after training, and its course over
//! the epochs.

use crate::canvas::Canvas;
use crate::error::{Error, Result};
use crate::figure::Figure;
use crate::histogram::{Bins, five_quantiles};
use crate::legend::{Legend, Sample};
use crate::panel::Panel;
use crate::panel_rows::{Column, PANEL_HEIGHT, PanelRows, Row};
use crate::scale::{Scale, extent, grouped};
use crate::stroke::{Dash, Stroke};
use crate::theme::{HAIRLINE, NORMAL, Rgb, SINGLE_COLUMN_MM, STRONG, Size, THIN, mm};

const MOST_BINS: usize = 44;

/// Weights at one moment of training, reduced to what the figure shows.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightSnapshot {
    /// Epochs trained so far; 0 is the start.
    pub epoch: f64,
    /// The 5, 25, 50, 75 and 95 % quantiles over all synapses; NaN where there are none.
    pub quantiles: [f64; 5],
    /// Weights of a few synapses, the same ones in every snapshot of a projection.
    pub traced: Vec<f32>,
}

impl WeightSnapshot {
    /// Takes the snapshot: quantiles of all finite `weights`, and those at the indices `traced`
    /// (NaN for an index out of range).
    pub fn of(epoch: f64, weights: &[f32], traced: &[usize]) -> Self {
        Self {
            epoch,
            quantiles: five_quantiles(weights),
            traced: traced
                .iter()
                .map(|&synapse| weights.get(synapse).copied().unwrap_or(f32::NAN))
                .collect(),
        }
    }
}

/// What [`WeightsFigure`] shows of one projection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProjectionWeights {
    /// For example "input → hidden 1".
    pub name: String,
    /// All weights before training, in any order.
    pub start: Vec<f32>,
    /// All weights after training, in any order.
    pub end: Vec<f32>,
    /// Ascending in epochs; may be empty.
    pub history: Vec<WeightSnapshot>,
}

/// Weight histograms at start and end beside the weights' quantiles and single traces over the
/// epochs, a row per projection.
///
/// The histograms leave the outermost 0.05 % at each side out of their range and count them in the
/// first and the last bin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WeightsFigure {
    /// Above everything, for example the run's name; may be empty.
    pub title: String,
    /// Beside the title: when the end is, for example "after epoch 24"; may be empty.
    pub remark: String,
    /// The projections, one row each.
    pub projections: Vec<ProjectionWeights>,
}

const START: Stroke = Stroke { color: Rgb::GREY, width: THIN, dash: Dash::Solid };
const END: Stroke = Stroke { color: Rgb::BLUE, width: NORMAL, dash: Dash::Solid };
const MEDIAN: Stroke = Stroke { color: Rgb::BLUE, width: STRONG, dash: Dash::Solid };
/// Of a synapse that excites at first, and of one that inhibits.
const SINGLE: [Stroke; 2] = [
    Stroke { color: Rgb::VERMILLION, width: HAIRLINE, dash: Dash::Solid },
    Stroke { color: Rgb::BLUE, width: HAIRLINE, dash: Dash::Solid },
];
const SINGLE_NAMES: [&str; 2] = ["single, excitatory at first", "single, inhibitory at first"];

/// Which of the strokes a synapse has that weighs so much at first.
fn side(first: f32) -> usize {
    usize::from(first < 0.0)
}

fn start_fill() -> Rgb {
    Rgb::LIGHT_GREY.lighten(0.5)
}

fn outer_band() -> Rgb {
    Rgb::SKY.lighten(0.72)
}

fn inner_band() -> Rgb {
    Rgb::SKY.lighten(0.4)
}

/// The legend of histograms at start and end, which delays use too.
pub(crate) fn start_and_end_legend() -> Legend {
    let mut legend = Legend::default();
    legend.add(Sample::Area(start_fill(), START), "start");
    legend.add(Sample::Line(END), "end");
    legend
}

/// Draws histograms at start and end over each other.
pub(crate) fn start_and_end(
    canvas: &mut Canvas<'_>,
    panel: &Panel,
    bins: Bins,
    start: &[f64],
    end: &[f64],
) {
    bins.draw(canvas, panel, start, START, Some(start_fill()));
    bins.draw(canvas, panel, end, END, None);
    if start.is_empty() && end.is_empty() {
        panel.nothing(canvas, "no data");
    }
}

/// Scale of heights from 0 to above the highest bin.
pub(crate) fn height_scale(start: &[f64], end: &[f64]) -> Scale {
    let highest = start.iter().chain(end).copied().fold(0.0, f64::max);
    Scale::from_zero(Some((0.0, highest)))
}

/// Bins of one projection with the percentages at start and end.
struct Distribution {
    bins: Bins,
    start: Vec<f64>,
    end: Vec<f64>,
}

impl ProjectionWeights {
    fn distribution(&self) -> Distribution {
        let bins = Bins::over_bulk(&[&self.start, &self.end], MOST_BINS);
        Distribution { bins, start: bins.percent(&self.start), end: bins.percent(&self.end) }
    }

    fn row(&self, distribution: &Distribution) -> Row {
        let Distribution { bins, start, end } = distribution;
        let epochs = Scale::counting(extent(self.history.iter().map(|snapshot| snapshot.epoch)));
        let synapses = self.start.len().max(self.end.len()) as u64;
        Row {
            name: self.name.clone(),
            note: format!("{} synapses", grouped(synapses)),
            scales: vec![
                (Scale::padded(Some(bins.ends())), height_scale(start, end)),
                (epochs, Scale::padded(self.history_extent())),
            ],
        }
    }

    /// Smallest and largest weight in the history, if any is finite.
    fn history_extent(&self) -> Option<(f64, f64)> {
        let traced = |snapshot: &WeightSnapshot| {
            extent(snapshot.traced.iter().map(|&weight| f64::from(weight)))
        };
        let ends = self
            .history
            .iter()
            .flat_map(|snapshot| [extent(snapshot.quantiles), traced(snapshot)])
            .flatten();
        extent(ends.flat_map(|(lo, hi)| [lo, hi]))
    }

    fn draw_history(&self, canvas: &mut Canvas<'_>, panel: &Panel) {
        let epochs: Vec<f64> = self.history.iter().map(|snapshot| snapshot.epoch).collect();
        let level = |q: usize| {
            self.history.iter().map(|snapshot| snapshot.quantiles[q]).collect::<Vec<f64>>()
        };
        if self.history_extent().is_none() {
            return panel.nothing(canvas, if epochs.is_empty() { "no epochs" } else { "no data" });
        }
        panel.band(canvas, &epochs, &level(0), &level(4), outer_band());
        panel.band(canvas, &epochs, &level(1), &level(3), inner_band());
        for synapse in 0..self.traced() {
            let side = side(self.history[0].traced[synapse]);
            panel.line(
                canvas,
                self.history
                    .iter()
                    .map(|snapshot| (snapshot.epoch, f64::from(snapshot.traced[synapse]))),
                SINGLE[side],
            );
        }
        panel.line(canvas, epochs.iter().copied().zip(level(2)), MEDIAN);
        if let [only] = self.history.as_slice() {
            draw_moment(canvas, panel, only);
        }
    }

    fn traced(&self) -> usize {
        self.history.first().map_or(0, |snapshot| snapshot.traced.len())
    }
}

/// A single epoch has no width: its quantiles become upright bars and its synapses dots.
fn draw_moment(canvas: &mut Canvas<'_>, panel: &Panel, moment: &WeightSnapshot) {
    let [q5, q25, median, q75, q95] = moment.quantiles.map(|weight| panel.at(moment.epoch, weight));
    if [q5, q25, median, q75, q95].iter().all(|point| point.1.is_finite()) {
        canvas.rect((q5.0 - 5.0, q5.1), (q95.0 + 5.0, q95.1), outer_band());
        canvas.rect((q25.0 - 5.0, q25.1), (q75.0 + 5.0, q75.1), inner_band());
        canvas.line(&[(median.0 - 5.0, median.1), (median.0 + 5.0, median.1)], MEDIAN);
    }
    for &weight in moment.traced.iter().filter(|weight| weight.is_finite()) {
        let point = panel.at(moment.epoch, f64::from(weight));
        canvas.disc(point, 0.8, SINGLE[side(weight)].color);
    }
}

impl WeightsFigure {
    fn distributions(&self) -> Vec<Distribution> {
        self.projections.iter().map(ProjectionWeights::distribution).collect()
    }

    fn layout(&self, distributions: &[Distribution]) -> PanelRows<'_> {
        let mut history = Legend::default();
        history.add(Sample::Line(MEDIAN), "median");
        history.add(Sample::Area(inner_band(), Stroke { width: 0.0, ..MEDIAN }), "25–75 %");
        history.add(Sample::Area(outer_band(), Stroke { width: 0.0, ..MEDIAN }), "5–95 %");
        let first = self.projections.iter().filter_map(|own| own.history.first());
        let firsts: Vec<f32> = first.flat_map(|moment| moment.traced.iter().copied()).collect();
        for (index, name) in SINGLE_NAMES.into_iter().enumerate() {
            if firsts.iter().any(|&weight| weight.is_finite() && side(weight) == index) {
                history.add(Sample::Line(SINGLE[index]), name);
            }
        }
        PanelRows {
            width: mm(SINGLE_COLUMN_MM),
            panel_height: PANEL_HEIGHT,
            title: &self.title,
            remark: &self.remark,
            columns: vec![
                Column {
                    legend: start_and_end_legend(),
                    x_name: "weight",
                    y_name: "synapses (%)",
                    share: 0.5,
                },
                Column { legend: history, x_name: "epoch", y_name: "weight", share: 0.5 },
            ],
            rows: self
                .projections
                .iter()
                .zip(distributions)
                .map(|(projection, distribution)| projection.row(distribution))
                .collect(),
        }
    }

    fn check(&self) -> Result<()> {
        let error = |message| Err(Error::Data { figure: "WeightsFigure", message });
        if self.projections.is_empty() {
            return error("no projections to draw".to_owned());
        }
        for projection in &self.projections {
            let traced = projection.traced();
            if let Some(other) =
                projection.history.iter().find(|snapshot| snapshot.traced.len() != traced)
            {
                let message = format!(
                    "projection \"{}\" traces {traced} synapses at first, but {} at epoch {}",
                    projection.name,
                    other.traced.len(),
                    other.epoch
                );
                return error(message);
            }
        }
        Ok(())
    }
}

impl Figure for WeightsFigure {
    fn size(&self) -> Size {
        self.layout(&self.distributions()).size()
    }

    fn draw(&self, canvas: &mut Canvas<'_>) -> Result<()> {
        self.check()?;
        let distributions = self.distributions();
        self.layout(&distributions).draw(canvas, |canvas, index, column, panel| match column {
            0 => {
                let Distribution { bins, start, end } = &distributions[index];
                start_and_end(canvas, panel, *bins, start, end);
            }
            _ => self.projections[index].draw_history(canvas, panel),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_holds_quantiles_and_traced_weights() {
        let weights: Vec<f32> = (0..=100).map(|i| i as f32).collect();
        let snapshot = WeightSnapshot::of(3.0, &weights, &[7, 999]);
        assert_eq!(snapshot.quantiles, [5.0, 25.0, 50.0, 75.0, 95.0]);
        assert_eq!(snapshot.traced[0], 7.0);
        assert!(snapshot.traced[1].is_nan());
        assert!(WeightSnapshot::of(0.0, &[], &[]).quantiles.iter().all(|q| q.is_nan()));
    }

    #[test]
    fn snapshots_must_trace_the_same_synapses() {
        let history =
            vec![WeightSnapshot::of(0.0, &[1.0], &[0]), WeightSnapshot::of(1.0, &[1.0], &[])];
        let projection =
            ProjectionWeights { name: "a → b".into(), history, ..ProjectionWeights::default() };
        let figure = WeightsFigure { projections: vec![projection], ..WeightsFigure::default() };
        let message = figure.check().unwrap_err().to_string();
        assert_eq!(
            message,
            "WeightsFigure: projection \"a → b\" traces 1 synapses at first, but 0 at epoch 1"
        );
    }
}
