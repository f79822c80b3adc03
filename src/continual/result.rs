//! What a run over tasks came to: `result.json`.

use crate::continual::method::Method;
use crate::error::{Error, Result};
use crate::text_file;
use plasticity::continual::Stored;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What a run over tasks came to. Accuracies are fractions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContinualResult {
    /// By which method earlier tasks were kept.
    pub method: Method,
    /// Seed of the run.
    pub seed: u64,
    /// Names of the tasks.
    pub tasks: Vec<String>,
    /// `accuracy[i][j]`: after task `i`, on the test samples of task `j`. Where each task has
    /// outputs of its own, the task is told.
    pub accuracy: Vec<Vec<f64>>,
    /// The same without being told the task; none where tasks share the outputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy_without_task: Option<Vec<Vec<f64>>>,
    /// ACC: mean accuracy on all tasks after the last one.
    pub acc: f64,
    /// BWT: mean change of the accuracy on a task from its end to the end of all; none for a
    /// single task, and where tasks are not learned one after the other.
    pub bwt: Option<f64>,
    /// FWT: mean accuracy on a task before it was trained, above chance.
    pub fwt: Option<f64>,
    /// Best accuracy on each task but the last before the last was trained, minus that at the end.
    pub forgetting: Vec<f64>,
    /// Mean accuracy on each task right after it was trained.
    pub learned: f64,
    /// What the method keeps of tasks.
    pub stored: StoredCounts,
    /// What each task uses of each protected projection.
    pub subspaces: Vec<SubspaceUse>,
    /// Wall time of training in s.
    pub training_seconds: f64,
    /// Wall time of evaluation in s.
    pub evaluation_seconds: f64,
    /// Wall time of the protection within training in s, of the last process.
    pub protection_seconds: f64,
}

/// What a method keeps of tasks that have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StoredCounts {
    /// Directions of presynaptic activity, over all projections.
    pub rows: usize,
    /// Training samples.
    pub samples: usize,
    /// Numbers in all that is kept, samples aside.
    pub numbers: usize,
}

impl From<Stored> for StoredCounts {
    fn from(Stored { rows, samples, numbers }: Stored) -> Self {
        Self { rows, samples, numbers }
    }
}

/// What a task uses of a projection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubspaceUse {
    /// The task, counted from 1.
    pub task: usize,
    /// Name of the projection.
    pub projection: String,
    /// Directions that the task added.
    pub rows: usize,
    /// Share of the second moment of the task's samples along all directions that are kept.
    pub explained: Option<f64>,
    /// Share of the second moment of the task's last batches that all directions left outside;
    /// none for methods that do not learn from batches.
    pub residual: Option<f64>,
}

impl ContinualResult {
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self).expect("a result has plain fields");
        text.push('\n');
        Ok(atomic_file::write(path, text.as_bytes())?)
    }

    /// Reads `result.json`.
    ///
    /// # Errors
    /// One that names the file when it is missing or something else.
    pub fn read(path: &Path) -> Result<Self> {
        serde_json::from_str(&text_file::read_text(path)?).map_err(|error| {
            Error::folder(path, format!("this is not the result of a run over tasks: {error}"))
        })
    }

    /// ACC and BWT in words.
    pub fn line(&self) -> String {
        let percent = |share: f64| format!("{:.2} %", 100.0 * share);
        let bwt = self.bwt.map_or(String::new(), |bwt| format!("  BWT {}", percent(bwt)));
        format!("ACC {}{bwt}  right after each task {}", percent(self.acc), percent(self.learned))
    }
}
