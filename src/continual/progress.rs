//! How far a run over tasks has come: what its checkpoints hold beside the trainer.

use serde::{Deserialize, Serialize};

/// How far a run has come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Tasks that have ended.
    pub ended: usize,
    /// Whether the task behind them is under way.
    pub under_way: bool,
    /// `[after task][on task]`, with the task told where each has outputs of its own.
    pub accuracy: Vec<Vec<f64>>,
    /// The same without being told the task; empty where tasks share the outputs.
    pub without_task: Vec<Vec<f64>>,
    /// A row per epoch.
    pub curve: Vec<CurveRow>,
    /// Wall time so far in s, over all processes: of training, of evaluation, and of the protection
    /// within training.
    pub seconds: [f64; 3],
}

/// What one epoch of a task came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurveRow {
    /// The task, counted from 1.
    pub task: usize,
    /// The epoch of the task, counted from 1.
    pub epoch: usize,
    /// Mean loss while training, in nats.
    pub train_loss: f64,
    /// Share of the training samples that were predicted when their turn came.
    pub train_accuracy: f64,
    /// Accuracy on the task's held-out samples; `None` where none are held out.
    pub validation_accuracy: Option<f64>,
    /// Largest share of a step that signs and ranges left in what is protected
    /// ([`StepReport::protection_residual`](plasticity::StepReport::protection_residual)).
    #[serde(default)]
    pub protection_residual: f64,
    /// Accuracy after the epoch on the test samples of each task up to this one, or of all tasks
    /// where they are trained at once; with the task told where each has outputs of its own.
    pub test_accuracy: Vec<f64>,
}

impl CurveRow {
    /// Mean accuracy on the test samples of the tasks.
    pub fn mean_test_accuracy(&self) -> f64 {
        self.test_accuracy.iter().sum::<f64>() / self.test_accuracy.len() as f64
    }
}
