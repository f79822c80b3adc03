//! A run over tasks before anything is trained or written: its tasks, its network, its trainer.

use crate::continual::experiment::ContinualExperiment;
use crate::continual::method::{Method, MethodSettings};
use crate::continual::progress::Progress;
use crate::continual::setting::within;
use crate::continual::task_loss::TaskLoss;
use crate::error::{Error, Result};
use crate::gradient_engine::gradient_engine;
use crate::threads::thread_pool;
use datasets::{Heads, TaskSequence};
use plasticity::{CheckpointFile, EpochTrainer};
use serde_json::{Map, Value};
use sim_core::Network;
use std::collections::BTreeSet;
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
            let needs_images = experiment.tasks.needs_images();
            if needs_images {
                experiment.check_image_memory()?;
            }
            let images = needs_images.then(|| data.load(experiment.seed())).transpose()?;
            let sequence = TaskSequence::new(
                &experiment.tasks,
                images.as_ref(),
                &data.input,
                data.steps,
                data.held_out,
                experiment.seed(),
            )
            .map_err(|error| within(error, "data"))?;
            let (channels, outputs) = (sequence.channels(), sequence.outputs());
            experiment.network.check_size(channels, outputs, dt_ms)?;
            experiment.check_network_memory(&sequence)?;
            let network = experiment.network.build(channels, outputs, dt_ms, experiment.seed())?;
            let (method, seed) = (experiment.method, experiment.seed());
            check_shared_head(experiment, &network)?;
            let subject = (&network, sequence.len());
            experiment.check_training_memory(&sequence, &network)?;
            let protection = experiment.methods.protection(method, subject, seed)?;
            let mut settings = experiment.training.clone();
            if method == Method::Joint {
                // All parts are one task, with one schedule.
                settings.epochs *= sequence.len();
            }
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
    /// [`Error::Folder`] for a checkpoint of another kind, of another method or of other settings
    /// of the method; what does not fit.
    pub(crate) fn resume(
        self,
        experiment: &ContinualExperiment,
        file: &CheckpointFile,
    ) -> Result<(Self, Progress)> {
        let refused = |problem: String| Err(Error::folder(file.path(), problem));
        let saved = Saved::read(file)?;
        if saved.method != experiment.method {
            return refused(format!(
                "the run was begun with the method {}, but config.toml says {}; another method is \
                 another run",
                saved.method, experiment.method
            ));
        }
        let now = KeptBy::of(experiment);
        if let Some((key, [then, now])) = saved.kept.and_then(|then| then.difference(&now)) {
            return refused(format!(
                "{key} was {then} when the run began, but config.toml says {now}; that is another \
                 run"
            ));
        }
        Ok((Self { trainer: self.trainer.resume(file)?, ..self }, saved.progress))
    }
}

/// Refuses a list of protected projections that leaves out the outputs which all tasks share.
fn check_shared_head(experiment: &ContinualExperiment, network: &Network) -> Result<()> {
    let ContinualExperiment { method, methods, .. } = experiment;
    let listed = match method {
        Method::Hlop => methods.hlop.as_ref().and_then(|hlop| hlop.projections.as_ref()),
        Method::Gpm => methods.gpm.as_ref().and_then(|gpm| gpm.projections.as_ref()),
        Method::Owm => methods.owm.projections.as_ref(),
        Method::Sequential | Method::Joint | Method::Replay | Method::Ewc => None,
    };
    let Some(listed) = listed.filter(|_| experiment.tasks.heads() == Heads::Shared) else {
        return Ok(());
    };
    // A list that names no projections, or one twice, has other problems.
    let distinct: BTreeSet<usize> = listed.iter().copied().collect();
    if distinct.len() < listed.len().max(1) || distinct.last() >= Some(&network.projections.len()) {
        return Ok(());
    }
    let output = network.populations.len() - 1;
    let mut left_out = (0..network.projections.len()).filter(|projection| {
        network.projections[*projection].target == output && !listed.contains(projection)
    });
    let Some(left_out) = left_out.next() else { return Ok(()) };
    let key = format!("methods.{method}.projections");
    let problem = format!(
        "{key} leaves out {left_out}, {}: outputs that all tasks share need protection, too; name \
         it, and give it {}",
        network.projection_name(left_out),
        match method {
            Method::Hlop => "rows in methods.hlop.rows",
            Method::Gpm => "an entry in methods.gpm.directions",
            _ => "its place in the list",
        }
    );
    Err(Error::Setting { field: Some(key), problem })
}

/// The settings by which earlier tasks are kept. A run cannot go on with others.
#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct KeptBy {
    end_samples: usize,
    /// With the section of the method alone.
    methods: MethodSettings,
}

impl KeptBy {
    pub(crate) fn of(experiment: &ContinualExperiment) -> Self {
        let ContinualExperiment { method, methods, end_samples, .. } = experiment;
        Self { end_samples: *end_samples, methods: methods.of(*method) }
    }

    /// The key of the first setting that differs from those of `now`, and what it was and is.
    fn difference(&self, now: &Self) -> Option<(String, [String; 2])> {
        let [then, now] =
            [self, now].map(|kept| serde_json::to_value(kept).expect("settings have plain fields"));
        first_difference("", &then, &now)
    }
}

/// The key of the first setting that differs, and what it was and is.
fn first_difference(key: &str, then: &Value, now: &Value) -> Option<(String, [String; 2])> {
    let (Value::Object(before), Value::Object(after)) = (then, now) else {
        let in_words = |value: &Value| match value {
            Value::Null => "not set".into(),
            value => value.to_string(),
        };
        return (then != now).then(|| (key.to_owned(), [in_words(then), in_words(now)]));
    };
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    keys.into_iter().find_map(|name| {
        let of = |values: &Map<String, Value>| values.get(name).cloned().unwrap_or_default();
        let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
        first_difference(&key, &of(before), &of(after))
    })
}

/// What a checkpoint says of the run, as it is read.
#[derive(serde::Deserialize)]
struct Saved {
    method: Method,
    progress: Progress,
    /// None in a checkpoint that was written before it was asked for.
    kept: Option<KeptBy>,
}

impl Saved {
    fn read(file: &CheckpointFile) -> Result<Self> {
        let refused = |problem: String| Err(Error::folder(file.path(), problem));
        let problem = "this is not the checkpoint of a run over tasks";
        let Some(text) = file.own().get(PROGRESS) else { return refused(problem.into()) };
        match serde_json::from_str(text) {
            Ok(saved) => Ok(saved),
            Err(error) => refused(format!("{problem}: {error}")),
        }
    }
}

/// How many tasks had ended when a checkpoint was written inside of the next; none for one that
/// was written between tasks.
///
/// # Errors
/// [`Error::Folder`] for a checkpoint of another kind.
pub(crate) fn ended_before(file: &CheckpointFile) -> Result<Option<usize>> {
    let Saved { progress, .. } = Saved::read(file)?;
    Ok(progress.under_way.then_some(progress.ended))
}
