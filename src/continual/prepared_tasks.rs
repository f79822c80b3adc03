//! A run over tasks before anything is trained or written: its tasks, its network, its trainer.

use crate::continual::experiment::ContinualExperiment;
use crate::continual::method::Method;
use crate::continual::progress::Progress;
use crate::continual::task_loss::TaskLoss;
use crate::error::{Error, Result};
use crate::gradient_engine::gradient_engine;
use crate::threads::thread_pool;
use datasets::{Heads, TaskSequence};
use plasticity::{CheckpointFile, EpochTrainer};
use std::sync::Arc;

/// The entry of a checkpoint's metadata that says how far the run has come.
pub(crate) const PROGRESS: &str = "continual";

/// A run before anything is written.
pub(crate) struct PreparedTasks {
    pub sequence: TaskSequence,
    pub trainer: EpochTrainer,
    pub threads: rayon::ThreadPool,
}

impl PreparedTasks {
    /// Loads the samples of all tasks and builds the network with its protection.
    pub(crate) fn new(experiment: &ContinualExperiment, threads: Option<usize>) -> Result<Self> {
        experiment.check()?;
        let dt_ms = experiment.data.dt_ms;
        experiment.network.check_trainable(dt_ms)?;
        let threads = thread_pool(threads)?;
        let (sequence, trainer) = threads.install(|| -> Result<_> {
            let data = &experiment.data;
            let images = data.load(experiment.seed())?;
            let sequence = TaskSequence::new(
                &experiment.tasks,
                Some(&images),
                &data.input,
                data.steps,
                data.held_out,
                experiment.seed(),
            )?;
            let (channels, outputs) = (sequence.channels(), sequence.outputs());
            experiment.network.check_size(channels, outputs, dt_ms)?;
            let network = experiment.network.build(channels, outputs, dt_ms, experiment.seed())?;
            let (method, seed) = (experiment.method, experiment.seed());
            let subject = (&network, sequence.len());
            let protection = experiment.methods.protection(method, subject, seed)?;
            let settings = experiment.training.clone();
            let engine = gradient_engine(&network, settings.gradient, seed, method.observes())?;
            let mut trainer = EpochTrainer::new(network, engine, settings, experiment.seed())?
                .with_protection(protection);
            if experiment.tasks.heads() == Heads::PerTask {
                let outputs = sequence.tasks().iter().map(|task| task.outputs.clone()).collect();
                let loss = TaskLoss::new(Arc::new(experiment.training.loss), outputs);
                trainer = trainer.with_loss(Arc::new(loss));
            }
            Ok((sequence, trainer))
        })?;
        Ok(Self { sequence, trainer, threads })
    }

    /// Takes over everything that a checkpoint holds, and tells how far its run had come.
    ///
    /// # Errors
    /// [`Error::Folder`] for a checkpoint of another kind or another method; what does not fit.
    pub(crate) fn resume(
        self,
        experiment: &ContinualExperiment,
        file: &CheckpointFile,
    ) -> Result<(Self, Progress)> {
        let refused = |problem: String| Err(Error::folder(file.path(), problem));
        let problem = "this is not the checkpoint of a run over tasks";
        let Some(text) = file.own().get(PROGRESS) else { return refused(problem.into()) };
        let saved: Saved = match serde_json::from_str(text) {
            Ok(saved) => saved,
            Err(error) => return refused(format!("{problem}: {error}")),
        };
        if saved.method != experiment.method {
            return refused(format!(
                "the run was begun with the method {}, but config.toml says {}; another method is \
                 another run",
                saved.method, experiment.method
            ));
        }
        Ok((Self { trainer: self.trainer.resume(file)?, ..self }, saved.progress))
    }
}

/// What a checkpoint says of the run, as it is read.
#[derive(serde::Deserialize)]
struct Saved {
    method: Method,
    progress: Progress,
}
