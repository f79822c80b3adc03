//! A run before anything is written: its experiment checked, its data loaded, its network built.

use crate::data_settings::DataSource;
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::gradient_engine::gradient_engine;
use crate::loaded_data::LoadedData;
use crate::own_parts::{OwnParts, load};
use crate::started_network::{Started, new_network, start_classes};
use crate::threads::thread_pool;
use datasets::{Split, counted};
use plasticity::EpochTrainer;
use plasticity::gradient::Loss;
use sim_core::Network;
use std::sync::Arc;

/// A run before anything is written.
pub(crate) struct Prepared {
    pub experiment: Experiment,
    pub data: LoadedData,
    pub split: Split,
    pub trainer: EpochTrainer,
    pub own_loss: Option<Arc<dyn Loss>>,
    /// Names of the parts that the program brought.
    pub own: Vec<String>,
    pub started: Option<Started>,
    pub threads: rayon::ThreadPool,
}

impl Prepared {
    /// Checks the experiment, loads its data and builds its network.
    ///
    /// # Errors
    /// What is wrong with the experiment or its data, or does not fit into memory.
    pub(crate) fn new(
        experiment: Experiment,
        parts: OwnParts,
        threads: Option<usize>,
    ) -> Result<Self> {
        Self::filled(experiment, parts, threads, |_| Ok(()))
    }

    /// As [`Self::new`], with a network that `fill` has changed before anything is built on it.
    ///
    /// # Errors
    /// As [`Self::new`]; what `fill` returns.
    pub(crate) fn filled(
        mut experiment: Experiment,
        parts: OwnParts,
        threads: Option<usize>,
        fill: impl FnOnce(&mut Network) -> Result<()>,
    ) -> Result<Self> {
        if let Some(samples) = &parts.samples {
            experiment.data.source = DataSource::Memory(samples.described());
        }
        experiment.check()?;
        experiment.network.check_trainable(experiment.dt_ms())?;
        if let Some(loss) = &parts.loss {
            experiment.check_readout("the program's loss", &**loss)?;
        }
        let threads = thread_pool(threads)?;
        let samples = parts.samples.as_ref();
        let names = start_classes(&mut experiment)?;
        let (data, split) = threads.install(|| load(&experiment, samples, names.as_deref()))?;
        experiment.data.fix_shape(&data.origin, data.dataset.classes());
        experiment.check_memory(&data, true)?;
        let (mut network, started) = new_network(&mut experiment, &data)?;
        fill(&mut network)?;
        let (own, own_loss) = (parts.names(), parts.loss.clone());
        let trainer = trainer(&experiment, network, parts)?;
        Ok(Self { experiment, data, split, trainer, own_loss, own, started, threads })
    }
}

/// What a run reports about itself when it begins, a sentence each.
pub(crate) fn announcement(
    experiment: &Experiment,
    data: &LoadedData,
    split: &Split,
    trainer: &EpochTrainer,
) -> Vec<String> {
    let populations = trainer.network().populations.iter();
    let sizes: Vec<String> = populations.map(|population| population.size.to_string()).collect();
    // First come notes that may make people stop the run.
    let mut lines = if trainer.epoch() == 0 { data.notes.clone() } else { Vec::new() };
    lines.extend([format!(
        "{}: {} with {} trainable parameters, {}",
        experiment.name,
        sizes.join("-"),
        trainer.trainer().parameter_count(),
        counted(rayon::current_num_threads(), "thread")
    )]);
    lines.extend(experiment.delays_in_words());
    lines.extend([format!(
        "data: {}, {} samples to train on, {} to validate on ({})",
        data.origin.name,
        split.train.len(),
        split.validation.len(),
        experiment.data.held_out()
    )]);
    lines.extend(data.described.iter().map(|words| format!("recordings: {words}")));
    lines
}

/// The trainer of a run before its first step.
pub(crate) fn trainer(
    experiment: &Experiment,
    network: Network,
    parts: OwnParts,
) -> Result<EpochTrainer> {
    let (settings, seed) = (experiment.training.clone(), experiment.seed());
    let method = settings.gradient;
    if !method.goes_back() && !parts.regularizers.is_empty() {
        let problem = format!("is {method}, which knows no penalties, but the program has some");
        return Err(Error::setting(sim_core::Error::unfit("training.gradient", problem)));
    }
    let engine = gradient_engine(&network, method, seed, parts.protection.is_some())?;
    let trainer = EpochTrainer::new(network, engine, settings, seed);
    // The settings are valid by themselves; whether each group fits the network shows only here.
    let mut trainer = trainer.map_err(|error| match error {
        plasticity::Error::Network(source @ sim_core::Error::OutOfRange { .. }) => {
            Error::setting(source.within("training.groups"))
        }
        other => other.into(),
    })?;
    if let Some(loss) = parts.loss {
        trainer = trainer.with_loss(loss);
    }
    for regularizer in parts.regularizers {
        trainer = trainer.with_regularizer(regularizer);
    }
    Ok(match parts.protection {
        Some(protection) => trainer.with_protection(protection),
        None => trainer,
    })
}
