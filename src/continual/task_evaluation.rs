//! How well a network does on the test samples of tasks, with the task told and untold.

use crate::checkpoint::Checkpoint;
use crate::continual::experiment::ContinualExperiment;
use crate::continual::method::Method;
use crate::continual::prepared_tasks::{PreparedTasks, ended_before};
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::run_folder::RunFolder;
use datasets::{Heads, Task};
use plasticity::{CheckpointFile, EpochTrainer, Evaluation, SampleOutcome, Tally};
use serde::Serialize;
use std::path::Path;

/// How well a network does on a task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskAccuracy {
    /// Name of the task.
    pub name: String,
    /// Test samples.
    pub samples: usize,
    /// Those whose class was predicted. Where each task has outputs of its own, the task is told.
    pub correct: usize,
    /// The same without being told the task; none where tasks share the outputs.
    pub correct_without_task: Option<usize>,
}

impl TaskAccuracy {
    /// The samples, and those that were right.
    pub fn tally(&self) -> Tally {
        Tally { samples: self.samples, correct: self.correct }
    }

    /// The same without being told the task.
    pub fn tally_without_task(&self) -> Option<Tally> {
        let samples = self.samples;
        self.correct_without_task.map(|correct| Tally { samples, correct })
    }

    /// The network of a trainer on a task; `heads` tell whether it has outputs of its own.
    pub(crate) fn of(trainer: &mut EpochTrainer, task: &Task, heads: Heads) -> Result<Self> {
        let all: Vec<usize> = (0..task.test.len()).collect();
        let has_own = heads == Heads::PerTask;
        let evaluation = trainer.evaluate_scored(&*task.test, &all, has_own)?;
        Ok(Self {
            name: task.name.clone(),
            samples: evaluation.samples,
            correct: evaluation.correct,
            correct_without_task: has_own.then(|| correct_without_task(&evaluation)),
        })
    }
}

/// Samples whose output has the highest score of all, whatever their task; of equals, the first.
fn correct_without_task(evaluation: &Evaluation) -> usize {
    let is_correct = |outcome: &&SampleOutcome| {
        let own = outcome.scores[outcome.label];
        let beats = |(other, &score): (usize, &f64)| {
            score < own || (score == own && other >= outcome.label)
        };
        outcome.scores.iter().enumerate().all(beats)
    };
    evaluation.outcomes.iter().filter(is_correct).count()
}

/// How well a network of a run over tasks does on all tasks that it has learned.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskEvaluation {
    /// By which method earlier tasks were kept.
    pub method: Method,
    /// Where the images come from.
    pub data: String,
    /// Whether they are the images, and the tasks, that the run was trained on.
    pub is_own_data: bool,
    /// Tasks that had ended when the checkpoint was written; where all are trained at once, parts of
    /// their samples.
    pub ended: usize,
    /// The tasks learned by then.
    pub tasks: Vec<TaskAccuracy>,
    /// Tasks of the run.
    pub planned: usize,
}

impl TaskEvaluation {
    /// Evaluates a network of the run in `folder` on the test samples of each task that it has
    /// learned. `checkpoint` is that after a task, or the newest of these ([`Checkpoint::Last`],
    /// and [`Checkpoint::Best`], which such a run does not choose); `data` is another folder of
    /// images.
    ///
    /// # Errors
    /// When the folder holds no run over tasks, or no such checkpoint, when no task has ended yet,
    /// or the images do not fit.
    pub fn of_run(
        folder: &Path,
        checkpoint: Checkpoint,
        data: Option<&Path>,
        threads: Option<usize>,
    ) -> Result<Self> {
        let folder = RunFolder::open(folder)?;
        let mut experiment = ContinualExperiment::read(&folder.config(), &[])?;
        experiment.use_folder(data)?;
        let path = folder.existing_checkpoint(checkpoint)?;
        let mut file = CheckpointFile::open(&path)?;
        if let Some(ended @ 1..) = ended_before(&file)? {
            // The newest is of the middle of a task: what counts is the end of the task before.
            file = CheckpointFile::open(&folder.checkpoint(Checkpoint::Task(ended)))?;
        }
        let prepared = PreparedTasks::new(&experiment, threads)?;
        let (prepared, progress) = prepared.resume(&experiment, &file)?;
        let PreparedTasks { sequence, mut trainer, threads } = prepared;
        let learned = experiment.method.learned(progress.ended, sequence.len());
        let learned = &sequence.tasks()[learned];
        if learned.is_empty() {
            let problem = format!(
                "the run has not learned a task yet; synfire continual --resume {} goes on",
                folder.path().display()
            );
            return Err(Error::folder(&path, problem));
        }
        let heads = experiment.tasks.heads();
        let of_task = |task: &Task| TaskAccuracy::of(&mut trainer, task, heads);
        let tasks = threads.install(|| learned.iter().map(of_task).collect::<Result<_>>())?;
        let environment = Environment::read(&folder.environment())?;
        Ok(Self {
            method: experiment.method,
            data: experiment.data_name(),
            is_own_data: environment.data.sha256.as_deref() == Some(sequence.checksum()),
            tasks,
            ended: progress.ended,
            planned: sequence.len(),
        })
    }

    /// Mean accuracy over the tasks.
    pub fn mean(&self) -> f64 {
        mean(self.tasks.iter().map(|task| task.tally().accuracy()))
    }

    /// Mean accuracy over the tasks without being told them; none where tasks share the outputs.
    pub fn mean_without_task(&self) -> Option<f64> {
        let tallies: Option<Vec<Tally>> =
            self.tasks.iter().map(TaskAccuracy::tally_without_task).collect();
        Some(mean(tallies?.iter().map(Tally::accuracy)))
    }
}

fn mean(accuracies: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = accuracies.len() as f64;
    accuracies.sum::<f64>() / count
}
