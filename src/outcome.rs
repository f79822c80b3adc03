//! How a training run ended.

use crate::class_accuracy::ClassAccuracy;
use std::path::PathBuf;

/// The epoch that validation selected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BestEpoch {
    /// Epochs finished, counting this one.
    pub epoch: usize,
    /// Validation accuracy with one tap per synapse.
    pub accuracy: f64,
    /// Its standard error.
    pub standard_error: f64,
}

/// The result of a finished run.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The run's folder.
    pub folder: PathBuf,
    /// The epoch that validation selected.
    pub best: BestEpoch,
    /// Validation accuracy after the last epoch.
    pub last_accuracy: f64,
    /// Validation accuracy of the selected epoch by class.
    pub by_class: Vec<ClassAccuracy>,
    /// Why the result is worth nothing: no neuron of a population fires. None if neurons of all
    /// populations fire.
    pub verdict: Option<String>,
    /// The figures that were drawn.
    pub pictures: Vec<PathBuf>,
    /// Why figures are missing, and how to draw them; none if all were drawn.
    pub warning: Option<String>,
}

/// How a call of [`TrainingRun::run`](crate::TrainingRun::run) ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Finish {
    /// All epochs are done, or early stopping has ended them.
    Completed(Outcome),
    /// The observer stopped the run, or the limit of
    /// [`TrainingRun::stop_after`](crate::TrainingRun::stop_after) was reached; it can be resumed
    /// from this folder.
    Stopped {
        /// The run's folder.
        folder: PathBuf,
        /// Whole epochs done so far.
        epochs: usize,
    },
}
