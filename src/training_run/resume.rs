//! Goes on with a run that was stopped or killed.

use crate::data_settings::PINNED_DATA;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::history::{History, delays_ms, weights};
use crate::metrics::Metrics;
use crate::own_parts::{OwnParts, load};
use crate::prepared_run::trainer;
use crate::recordings_place;
use crate::run_folder::RunFolder;
use crate::run_lock::RunLock;
use crate::started_network::first_network;
use crate::threads::thread_pool;
use crate::training_run::{TrainingRun, WITHIN_EPOCH};
use plasticity::CheckpointFile;
use sim_core::Network;
use std::path::Path;
use std::sync::Arc;

impl TrainingRun {
    /// Goes on with a run that was stopped or killed, from its last checkpoint; the resumed run
    /// does bit for bit what the run would have done. `data` names the recordings if they have
    /// moved; the run's `config.toml` then remembers their new place. The folder is locked as by
    /// [`Self::create`].
    ///
    /// # Errors
    /// When `folder` holds no run, a finished one, or one that another process is training; when
    /// the data are not those the run began with, or the checkpoint does not fit.
    pub fn resume(folder: &Path, data: Option<&Path>, threads: Option<usize>) -> Result<Self> {
        Self::resume_moved(folder, data, None, threads)
    }

    /// As [`Self::resume`], where the validation file may have moved, too.
    ///
    /// # Errors
    /// As [`Self::resume`]; a validation file for a run that has none.
    pub fn resume_moved(
        folder: &Path,
        data: Option<&Path>,
        validation: Option<&Path>,
        threads: Option<usize>,
    ) -> Result<Self> {
        Self::resume_from(folder, OwnParts::default(), data, validation, threads)
    }

    /// As [`Self::resume`], with the parts that the program brought when the run began.
    ///
    /// # Errors
    /// As [`Self::resume`]; when `parts` are not the parts that the run began with.
    pub fn resume_with(
        folder: &Path,
        parts: OwnParts,
        data: Option<&Path>,
        threads: Option<usize>,
    ) -> Result<Self> {
        Self::resume_from(folder, parts, data, None, threads)
    }

    fn resume_from(
        folder: &Path,
        parts: OwnParts,
        data: Option<&Path>,
        validation: Option<&Path>,
        threads: Option<usize>,
    ) -> Result<Self> {
        let folder = RunFolder::open(folder)?;
        folder.refuse_tasks()?;
        let lock = RunLock::acquire(folder.path())?;
        folder.sweep();
        if folder.is_finished() {
            let path = folder.path();
            let told = path.display();
            let problem = format!(
                "this run is finished; there is nothing to resume (synfire plot {told} draws its \
                 figures); more epochs are another run, which may start from its weights: synfire \
                 train {told}/config.toml --from {told} --epochs N"
            );
            return Err(Error::folder(path, problem));
        }
        let environment = Environment::read(&folder.environment())?;
        environment.check_own(folder.path(), &parts.names())?;
        let mut experiment = folder.experiment()?;
        match (data, &parts.samples) {
            (Some(path), _) => experiment.data.use_file(path),
            (None, Some(_)) => {}
            (None, None) => {
                let sha256 = environment.data.sha256.as_deref();
                recordings_place::find(&mut experiment.data, folder.path(), sha256)?;
            }
        }
        match validation {
            Some(path) => experiment.data.use_validation_file(path)?,
            None => recordings_place::find_validation(
                &mut experiment.data,
                folder.path(),
                environment.validation_sha256(),
                "--validation FILE",
            )?,
        }
        let threads = thread_pool(threads)?;
        let samples = parts.samples.as_ref();
        let names = environment.class_names(&experiment);
        let (data, split) = threads.install(|| load(&experiment, samples, names.as_deref()))?;
        environment.check_data(&data)?;
        experiment.check_memory(&data, true)?;
        folder.make_checkpoints()?;
        let (channels, classes) = (data.dataset.channels(), data.dataset.classes());
        let network = first_network(&experiment, &folder, channels, classes)?;
        let mut start = network.clone();
        let own_loss = parts.loss.clone();
        let mut trainer = trainer(&experiment, network, parts)?;
        let mut metrics = Metrics::default();
        let mut history = History::new(&start);
        let start_weights = weights(&start);
        // A run interrupted within an epoch keeps that epoch's beginning beside its last
        // checkpoint.
        let mut last_is_whole = false;
        if folder.last().exists() {
            let file = CheckpointFile::open(&folder.last())?;
            experiment.data.check_pinned(file.own().get(PINNED_DATA), &folder.config())?;
            last_is_whole = !file.own().contains_key(WITHIN_EPOCH);
            check_settings(&file, &experiment, &folder)?;
            trainer = trainer.resume(&file)?;
            if trainer.epoch() > 0 {
                (metrics, history) = tables(&folder, &start, trainer.epoch())?;
            }
        } else {
            folder.refuse_lost_checkpoint()?;
        }
        recordings_place::remember(&experiment.data, &folder.config())?;
        let epoch_start_ms = if last_is_whole {
            delays_ms(trainer.network())
        } else {
            if folder.epoch_start().exists() {
                CheckpointFile::open(&folder.epoch_start())?.load(&mut start)?;
            }
            delays_ms(&start)
        };
        Ok(Self {
            stop_after: experiment.training.epochs,
            selection: metrics.selection(experiment.training.early_stopping),
            experiment,
            folder,
            lock,
            data,
            split,
            trainer,
            own_loss,
            metrics,
            history,
            start_weights,
            epoch_start_ms,
            last_is_whole,
            threads: Arc::new(threads),
        })
    }
}

/// Refuses to go on with settings that were changed since the run began.
fn check_settings(
    file: &CheckpointFile,
    experiment: &Experiment,
    folder: &RunFolder,
) -> Result<()> {
    match file.settings_difference(&experiment.training) {
        None => Ok(()),
        Some(difference) => {
            let path = folder.path().display();
            let problem = format!(
                "going on would not be exact: {difference}; with other settings it is another run, \
                 which may start from these weights: synfire train {path}/config.toml --from {path}"
            );
            Err(Error::folder(&folder.last(), problem))
        }
    }
}

/// The tables of a run that has finished `epochs` epochs, whose network was `start` before them.
fn tables(folder: &RunFolder, start: &Network, epochs: usize) -> Result<(Metrics, History)> {
    let metrics = Metrics::read(&folder.metrics())?.up_to(epochs, &folder.metrics())?;
    let history = History::read(start, &folder.weights(), &folder.delays())?;
    let history = history.up_to(epochs, &folder.weights(), &folder.delays())?;
    if metrics.best().is_some() && !folder.best().exists() {
        let problem = "the checkpoint of the best epoch is missing, so this run cannot be resumed; \
                       its config.toml starts it anew";
        return Err(Error::folder(&folder.best(), problem));
    }
    Ok((metrics, history))
}
