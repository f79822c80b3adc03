//! Spiking networks whose synaptic delays learn: simulator and trainer.
//!
//! The crates beneath, re-exported: [`sim_core`] (vocabulary and engines), [`neurons`], [`plasticity`] (everything that learns),
//! [`datasets`], [`plots`], [`exchange`] (other programs' formats), [`atomic_file`]. This crate joins them:
//!
//! | name | question it answers |
//! |---|---|
//! | [`Experiment`], [`Override`] | what is in a configuration file, and how is it changed from outside? |
//! | [`Recipe`] | which experiments ship with synfire? |
//! | [`DataSettings`], [`FeedForward`] | which samples, and which network? |
//! | [`TrainingRun`], [`Observer`] | how does an experiment become a trained network? |
//! | [`RunFolder`], [`Metrics`], [`History`] | what does a run leave on disk? |
//! | [`TrainedRun`] | how good is it, and what does it do with a sample? |
//! | [`bench()`] | how fast is a recipe on this machine? |
//! | [`NetworkFile`] | how is a network without training described? |
//!
//! The command `synfire` is a thin layer over these names. This is `synfire train` with the default recipe:
//!
//! ```no_run
//! use synfire::Experiment;
//!
//! let outcome = Experiment::recipe("quickstart")?.train("runs/first")?;
//! println!("{:.1} % of the validation samples", 100.0 * outcome.best.accuracy);
//! # Ok::<(), synfire::Error>(())
//! ```

mod bench;
mod data_settings;
mod environment;
mod error;
mod experiment;
mod feed_forward;
mod history;
mod memory;
mod metrics;
mod network_file;
mod pictures;
mod recipes;
mod run_folder;
mod simulation;
mod text_file;
mod trained_run;
mod training_run;

pub use bench::{BenchPoint, BenchReport, BenchSettings, Latency, bench};
pub use data_settings::{DataOrigin, DataSettings, FileSource, LoadedData, Source};
pub use environment::Environment;
pub use error::{Error, Result};
pub use experiment::{Experiment, Override};
pub use feed_forward::{Delays, FeedForward};
pub use history::History;
pub use metrics::{EpochMetrics, Metrics};
pub use network_file::{NetworkFile, PopulationEntry, ProjectionEntry, RandomSynapses, SynapseEntry};
pub use pictures::Picture;
pub use recipes::Recipe;
pub use run_folder::RunFolder;
pub use simulation::{Simulation, SimulationLog};
pub use trained_run::{Checkpoint, ChosenSample, EvaluatedSplit, RunResult, SplitEvaluation, TrainedRun};
pub use training_run::{BestEpoch, Finish, Observer, Outcome, Silent, TrainingRun, counted};

pub use {atomic_file, datasets, exchange, neurons, plasticity, plots, sim_core};
