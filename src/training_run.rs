//! From an experiment to a trained network in a run folder.
//!
//! One epoch writes, in this order: `weights.csv`, `delays.csv`, `metrics.csv`, the best checkpoint
//! if it is one, its own checkpoint if it is kept, the last checkpoint. The last checkpoint is what
//! a resumed run starts from, so a run killed between any two of them repeats an epoch whose rows
//! and best checkpoint are then written again, the same as before.

mod conclude;
pub(crate) mod import;
mod resume;

use crate::checkpoint::Checkpoint;
use crate::data_notes;
use crate::data_settings::{DataSource, PINNED_DATA};
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::history::{History, delays_ms, of_kind, weights};
use crate::loaded_data::LoadedData;
use crate::metrics::{EpochMetrics, Metrics};
use crate::observer::{Event, Observer, Silent};
use crate::outcome::{Finish, Outcome};
use crate::own_parts::OwnParts;
use crate::passive_remarks::remarks;
use crate::prepared_run::{Prepared, announcement};
use crate::run_folder::RunFolder;
use crate::run_lock::RunLock;
use crate::split_table::SplitTable;
use crate::start::StartOrigin;
use crate::started_network::CLASSES;
use datasets::{Split, counted};
use plasticity::gradient::{Loss, WeightGeometry};
use plasticity::{EarlyStopping, EpochTrainer, Progress, Selection};
use sim_core::Kind;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// The entry of a checkpoint's metadata that only a run interrupted within an epoch leaves.
const WITHIN_EPOCH: &str = "within_epoch";

/// A run in progress.
#[derive(Debug)]
pub struct TrainingRun {
    experiment: Experiment,
    folder: RunFolder,
    lock: RunLock,
    data: LoadedData,
    split: Split,
    trainer: EpochTrainer,
    /// The loss that a program brought.
    own_loss: Option<Arc<dyn Loss>>,
    metrics: Metrics,
    selection: Selection,
    history: History,
    /// The weights with which the run began, by projection.
    start_weights: Vec<Vec<f32>>,
    /// Delays before the current epoch.
    epoch_start_ms: Vec<Vec<f32>>,
    /// Whether the last checkpoint was written between epochs.
    last_is_whole: bool,
    threads: Arc<rayon::ThreadPool>,
    stop_after: usize,
}

impl TrainingRun {
    /// Loads the data, builds the network and begins a run in `folder`, whose parents are made too.
    /// Nothing is written before all of that has worked. From then on, and until this is dropped,
    /// the folder is locked: no other run is begun or resumed in it, not even by another process.
    /// There is one thread per processor if `threads` is not given; no result depends on their
    /// number.
    ///
    /// A folder that another process writes a run into is refused. A folder that holds a run is
    /// refused unless `overwrite` is set; then only the files of that run are removed. A folder
    /// that holds anything else is refused.
    ///
    /// # Errors
    /// What is wrong with the experiment, its data or the folder.
    pub fn create(
        experiment: Experiment,
        folder: PathBuf,
        overwrite: bool,
        threads: Option<usize>,
    ) -> Result<Self> {
        Self::create_with(experiment, OwnParts::default(), folder, overwrite, threads)
    }

    /// As [`Self::create`], with parts that a program brings: samples in memory, a loss,
    /// regularisers, a protection.
    ///
    /// # Errors
    /// As [`Self::create`]; a split that does not fit the samples.
    pub fn create_with(
        experiment: Experiment,
        parts: OwnParts,
        folder: PathBuf,
        overwrite: bool,
        threads: Option<usize>,
    ) -> Result<Self> {
        RunFolder::refuse_taken(&folder, overwrite)?;
        let prepared = Prepared::new(experiment, parts, threads)?;
        Self::begin(prepared, |_| RunFolder::create(folder, overwrite))
    }

    /// As [`Self::create`], in the first free of the folders `parent/NAME-1`, `parent/NAME-2`, ...
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn create_next(
        experiment: Experiment,
        parent: &Path,
        threads: Option<usize>,
    ) -> Result<Self> {
        let prepared = Prepared::new(experiment, OwnParts::default(), threads)?;
        Self::begin(prepared, |name| RunFolder::create(RunFolder::next(parent, name)?, false))
    }

    /// `folder` is called with the experiment's name once everything else has worked.
    fn begin(
        prepared: Prepared,
        folder: impl FnOnce(&str) -> Result<(RunFolder, RunLock)>,
    ) -> Result<Self> {
        let Prepared { experiment, mut data, split, trainer, own_loss, own, started, threads } =
            prepared;
        let table = threads.install(|| SplitTable::new(&*data.dataset, &split));
        let validating = data.validation.as_ref().map_or(&data.origin, |file| &file.origin);
        let is_made_up =
            matches!(experiment.data.source, DataSource::Randman(_) | DataSource::Echo(_));
        if !is_made_up {
            let copies = data_notes::of_copies(&validating.name, table.copies(), &split);
            data.notes.extend(copies);
        }
        let (history, epoch_start_ms) =
            (History::new(trainer.network()), delays_ms(trainer.network()));
        let start_weights = weights(trainer.network());
        let mut config = experiment.to_toml()?;
        if !own.is_empty() {
            let brought = own.join(", ");
            config.insert_str(
                0,
                &format!(
                    "# A program brought to this run: {brought}. This file alone makes another.\n"
                ),
            );
        }
        let (folder, lock) = folder(&experiment.name)?;
        let environment = threads.install(|| Environment::here(experiment.seed, &data));
        let origin = started.as_ref().map(|started| started.origin.clone());
        let environment = environment.with_own(own).with_start(origin);
        environment.write(&folder.environment())?;
        if let Some(started) = &started {
            atomic_file::write(&folder.start(), started.file.bytes())?;
        }
        table.write(&folder.split())?;
        atomic_file::write(&folder.config(), config.as_bytes())?;
        Ok(Self {
            stop_after: experiment.training.epochs,
            metrics: Metrics::default(),
            selection: Selection::new(experiment.training.early_stopping),
            last_is_whole: false,
            experiment,
            folder,
            lock,
            data,
            split,
            trainer,
            own_loss,
            history,
            start_weights,
            epoch_start_ms,
            threads: Arc::new(threads),
        })
    }

    /// Stops after `epochs` more epochs, as if interrupted: for queues that give a job limited
    /// time.
    pub fn stop_after(mut self, epochs: usize) -> Self {
        self.stop_after =
            self.trainer.epoch().saturating_add(epochs).min(self.experiment.training.epochs);
        self
    }

    /// The run's folder.
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// The experiment with everything resolved.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// Which samples train, and which validate.
    pub fn split(&self) -> &Split {
        &self.split
    }

    /// Trains until all epochs are done, patience is at its end or the observer stops the run. In
    /// the first two cases, selects the best epoch by validation and draws the figures.
    ///
    /// # Errors
    /// When training fails or a file cannot be written. The last checkpoint stays as it was.
    pub fn run(mut self, observer: &mut dyn Observer) -> Result<Finish> {
        let threads = Arc::clone(&self.threads);
        let finish = threads.install(|| self.run_here(observer));
        self.folder.sweep();
        finish
    }

    /// [`Self::run`] for an observer that never stops it.
    ///
    /// # Errors
    /// As [`Self::run`], and [`Error::Folder`] when the run was stopped after all.
    pub fn finish(self, observer: &mut dyn Observer) -> Result<Outcome> {
        match self.run(observer)? {
            Finish::Completed(outcome) => Ok(outcome),
            Finish::Stopped { folder, epochs } => Err(Error::folder(
                &folder,
                format!("the run was stopped after {}", counted(epochs, "epoch")),
            )),
        }
    }

    fn run_here(&mut self, observer: &mut dyn Observer) -> Result<Finish> {
        if self.announce(observer)?.is_break() {
            return Ok(self.stopped());
        }
        while self.trainer.epoch() < self.experiment.training.epochs
            && !self.selection.is_exhausted()
        {
            if self.trainer.epoch() >= self.stop_after || self.run_epoch(observer)?.is_break() {
                return Ok(self.stopped());
            }
        }
        let (epoch, epochs) = (self.trainer.epoch(), self.experiment.training.epochs);
        if let Some(EarlyStopping { patience, .. }) = self.experiment.training.early_stopping
            && epoch < epochs
        {
            let line = format!(
                "stopped early after epoch {epoch} of {epochs}: no better validation accuracy for \
                 {} (training.early_stopping)",
                counted(patience, "epoch")
            );
            let _ = self.say(observer, &line)?;
        }
        self.conclude(observer)
    }

    /// Trains, validates and saves one epoch. After a break everything is saved, too.
    fn run_epoch(&mut self, observer: &mut dyn Observer) -> Result<ControlFlow<()>> {
        let (started, epochs) = (Instant::now(), self.experiment.training.epochs);
        let samples = &*self.data.dataset;
        let mut watch = |progress: &Progress| observer.observe(Event::Step { progress, epochs });
        let report = match self.trainer.train_epoch(samples, &self.split.train, &mut watch)? {
            ControlFlow::Continue(report) => report,
            ControlFlow::Break(()) => {
                self.save_within_epoch()?;
                return Ok(ControlFlow::Break(()));
            }
        };
        if self.experiment.training.recalibrate_norm {
            self.trainer.recalibrate_norm(samples, &self.split.train)?;
        }
        let validation = self.trainer.evaluate(samples, &self.split.validation)?;
        let seconds = started.elapsed().as_secs_f64();
        let now = of_kind(self.trainer.network(), Kind::Weight);
        let changes = self.start_weights.iter().zip(now).map(|(start, now)| {
            let name = self.trainer.network().parameter_name(now.id);
            let projection = name.strip_suffix(".weight").unwrap_or(&name);
            (projection.to_owned(), WeightGeometry::between(start, now.values))
        });
        let row = EpochMetrics {
            weights: changes.collect(),
            ..EpochMetrics::new(&report, &validation, seconds)
        };
        self.conclude_epoch(row, observer)
    }

    fn announce(&self, observer: &mut dyn Observer) -> Result<ControlFlow<()>> {
        let Self { experiment, data, split, trainer, .. } = self;
        let mut lines = announcement(experiment, data, split, trainer);
        lines.push(format!("run folder: {}", self.folder.path().display()));
        let description = &experiment.description;
        lines.extend((!description.is_empty()).then(|| format!("description: {description}")));
        lines.extend(
            Environment::read(&self.folder.environment())?
                .start
                .iter()
                .flat_map(StartOrigin::lines),
        );
        lines.extend(experiment.training.kernel.precision_note().map(str::to_owned));
        lines.extend(self.lock.note().map(str::to_owned));
        if trainer.epoch() > 0 {
            lines.push(format!("resumed after {}", counted(trainer.epoch(), "epoch")));
        }
        let mut flow = ControlFlow::Continue(());
        for line in lines {
            let answer = self.say(observer, &line)?;
            flow = if answer.is_break() { answer } else { flow };
        }
        Ok(flow)
    }

    /// Logs a line and shows it to the observer. Returns whether the observer stops the run.
    fn say(&self, observer: &mut dyn Observer, line: &str) -> Result<ControlFlow<()>> {
        self.folder.append_log(line)?;
        Ok(observer.observe(Event::Line(line)))
    }

    fn conclude_epoch(
        &mut self,
        row: EpochMetrics,
        observer: &mut dyn Observer,
    ) -> Result<ControlFlow<()>> {
        self.lock.renew()?;
        let epoch = row.epoch;
        self.history.push(epoch, self.trainer.network(), &self.epoch_start_ms);
        self.epoch_start_ms = delays_ms(self.trainer.network());
        let is_best = self.selection.see(row.validation_accuracy);
        self.metrics.epochs.push(row);
        self.history.write(&self.folder.weights(), &self.folder.delays())?;
        self.metrics.write(&self.folder.metrics())?;
        if is_best {
            self.trainer.save(&self.folder.best(), &self.metadata())?;
        }
        let kept = self.kept_epochs();
        if kept.contains(&epoch) {
            let path = self.folder.checkpoint(Checkpoint::Epoch(epoch));
            self.trainer.save(&path, &self.metadata())?;
        }
        self.trainer.save(&self.folder.last(), &self.metadata())?;
        self.folder.forget_epoch_start()?;
        self.folder.forget_epochs_but(&kept)?;
        self.last_is_whole = true;
        let row = self.metrics.epochs.last().expect("a row was pushed above");
        let line = format!(
            "{}{}",
            row.line(self.experiment.training.epochs),
            if is_best { "  best" } else { "" }
        );
        let mut answers = vec![self.say(observer, &line)?, observer.observe(Event::Epoch(row))];
        for line in remarks(&self.experiment.network, self.trainer.network(), &self.metrics.epochs)
        {
            answers.push(self.say(observer, &line)?);
        }
        let flow = answers.into_iter().find(|answer| answer.is_break());
        Ok(flow.unwrap_or(ControlFlow::Continue(())))
    }

    fn save_within_epoch(&mut self) -> Result<()> {
        self.lock.renew()?;
        if self.last_is_whole {
            self.folder.keep_epoch_start()?;
            self.last_is_whole = false;
        }
        self.metrics.write(&self.folder.metrics())?;
        let mut metadata = self.metadata();
        metadata.insert(WITHIN_EPOCH.into(), "true".into());
        Ok(self.trainer.save(&self.folder.last(), &metadata)?)
    }

    /// The epochs whose own checkpoints are kept.
    fn kept_epochs(&self) -> BTreeSet<usize> {
        let accuracies: Vec<f64> =
            self.metrics.epochs.iter().map(|row| row.validation_accuracy).collect();
        self.experiment.training.checkpoints.of(&accuracies)
    }

    fn metadata(&self) -> BTreeMap<String, String> {
        let data = serde_json::to_string(&self.experiment.data.pinned())
            .expect("settings have plain fields");
        let classes = serde_json::to_string(&self.data.class_names()).expect("names are plain");
        BTreeMap::from([
            ("experiment".into(), self.experiment.name.clone()),
            ("synfire".into(), env!("CARGO_PKG_VERSION").into()),
            (PINNED_DATA.into(), data),
            (CLASSES.into(), classes),
        ])
    }

    fn stopped(&self) -> Finish {
        Finish::Stopped { folder: self.folder.path().to_owned(), epochs: self.trainer.epoch() }
    }
}

impl Experiment {
    /// Trains in a new folder, silently. [`TrainingRun`] gives control over folder, threads
    /// and progress.
    ///
    /// # Errors
    /// As [`TrainingRun::finish`].
    pub fn train(self, folder: impl Into<PathBuf>) -> Result<Outcome> {
        TrainingRun::create(self, folder.into(), false, None)?.finish(&mut Silent)
    }
}
