//! What a run over tasks came to: `result.json`.

use crate::continual::experiment::ContinualExperiment;
use crate::continual::method::Method;
use crate::continual::progress::Progress;
use crate::continual::task_samples::stored_samples;
use crate::error::{Error, Result};
use crate::text_file;
use datasets::{TaskSequence, counted};
use plasticity::Trainer;
use plasticity::continual::{AccuracyMatrix, Stored};
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
    /// Wall time of the protection within training in s.
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

impl StoredCounts {
    /// What is kept, behind a comma: `, 1550 rows kept`; nothing where nothing is.
    pub(crate) fn in_words(self) -> String {
        match self {
            Self { rows: 1.., .. } => format!(", {} kept", counted(self.rows, "row")),
            Self { samples: 1.., .. } => format!(", {} kept", counted(self.samples, "sample")),
            Self { numbers: 1.., .. } => format!(", {} kept", counted(self.numbers, "number")),
            _ => String::new(),
        }
    }
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
    /// Share of the second moment of the last tenth of the task's batches, at most 100, that all
    /// directions left outside; none for methods that do not learn from batches.
    pub residual: Option<f64>,
}

impl ContinualResult {
    /// What a run came to whose tasks have all ended.
    ///
    /// # Errors
    /// Accuracies that are no fractions.
    pub(crate) fn of(
        experiment: &ContinualExperiment,
        sequence: &TaskSequence,
        progress: &Progress,
        trainer: &Trainer,
    ) -> Result<Self> {
        let matrix = AccuracyMatrix::new(progress.accuracy.clone())?;
        let chance: Vec<f64> =
            sequence.tasks().iter().map(|task| 1.0 / task.outputs.len() as f64).collect();
        let one_by_one = experiment.method != Method::Joint;
        let tasks = sequence.len();
        let protection = trainer.protection();
        let mut stored = protection.stored().into();
        if experiment.method == Method::Replay {
            stored = StoredCounts {
                samples: sequence
                    .tasks()
                    .iter()
                    .map(|task| {
                        let per_class = experiment.methods.replay.per_class;
                        stored_samples(&*task.train, per_class, experiment.seed()).len()
                    })
                    .sum(),
                ..stored
            };
        }
        let subspaces = protection.subspaces().iter().map(|report| SubspaceUse {
            task: report.task + 1,
            projection: report.projection.clone(),
            rows: report.rows,
            explained: report.explained.map(f64::from),
            residual: last_residual(&report.residuals),
        });
        let diagonal = (0..tasks).map(|task| progress.accuracy[task][task]).sum::<f64>();
        Ok(Self {
            method: experiment.method,
            seed: experiment.seed,
            tasks: sequence.tasks().iter().map(|task| task.name.clone()).collect(),
            acc: matrix.average(),
            bwt: matrix.backward_transfer().filter(|_| one_by_one),
            fwt: matrix.forward_transfer(&chance).filter(|_| one_by_one),
            forgetting: if one_by_one { matrix.forgetting() } else { Vec::new() },
            learned: if one_by_one { diagonal / tasks as f64 } else { matrix.average() },
            stored,
            subspaces: subspaces.collect(),
            training_seconds: progress.seconds[0],
            evaluation_seconds: progress.seconds[1],
            protection_seconds: progress.seconds[2],
            accuracy: progress.accuracy.clone(),
            accuracy_without_task: (!progress.without_task.is_empty())
                .then(|| progress.without_task.clone()),
        })
    }

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
        Self::parse(&text_file::read_text(path)?, path)
    }

    /// Reads the text of the file at `path`.
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| {
            Error::folder(path, format!("this is not the result of a run over tasks: {error}"))
        })
    }

    /// ACC and BWT in words: `ACC 97.91 % over 4 tasks (98.86 % right after each), ..`.
    pub fn line(&self) -> String {
        let percent = |share: f64| format!("{:.2} %", 100.0 * share);
        let changed = self.bwt.map_or(String::new(), |bwt| {
            let (learned, bwt) = (percent(self.learned), percent(bwt));
            format!(" ({learned} right after each), BWT {bwt} (mean change since then)")
        });
        let tasks = counted(self.tasks.len(), "task");
        format!("ACC {} over {tasks}{changed}{}", percent(self.acc), self.stored.in_words())
    }
}

/// The mean of the residuals of the last batches: a tenth of them, at most 100.
pub(crate) fn last_residual(residuals: &[f32]) -> Option<f64> {
    let last = residuals.len().div_ceil(10).min(100);
    let last = &residuals[residuals.len() - last..];
    let sum: f64 = last.iter().map(|&residual| f64::from(residual)).sum();
    (!last.is_empty()).then(|| sum / last.len() as f64)
}
