//! From an experiment to a trained network in a run folder.
//!
//! One epoch writes, in this order: `weights.csv`, `delays.csv`, `metrics.csv`, the best checkpoint
//! if it is one, its own checkpoint if it is kept, the last checkpoint. The last checkpoint is what a resumed run starts from, so a
//! run killed between any two of them repeats an epoch whose rows and best checkpoint are then
//! written again, the same as before.

use crate::checkpoint::Checkpoint;
use crate::class_accuracy::ClassAccuracy;
use crate::data_notes;
use crate::data_settings::{DataSource, PINNED_DATA};
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::history::{History, delays_ms};
use crate::loaded_data::LoadedData;
use crate::metrics::{EpochMetrics, Metrics};
use crate::observer::{Event, Observer, Silent};
use crate::outcome::{BestEpoch, Finish, Outcome};
use crate::own_parts::{OwnParts, load};
use crate::passive_remarks::{remarks, verdict};
use crate::picture::Picture;
use crate::recordings_place;
use crate::run_folder::RunFolder;
use crate::run_lock::RunLock;
use crate::run_result::RunResult;
use crate::split_table::SplitTable;
use crate::start::StartOrigin;
use crate::started_network::{CLASSES, Started, first_network, new_network, start_classes};
use crate::threads::thread_pool;
use crate::trained_run::TrainedRun;
use datasets::{Split, counted};
use layered::LayeredEngine;
use plasticity::gradient::Loss;
use plasticity::{CheckpointFile, EarlyStopping, EpochTrainer, Progress, Selection, evaluate};
use plots::legible;
use sim_core::Network;
use std::borrow::Cow;
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
    /// Delays before the epoch at hand.
    epoch_start_ms: Vec<Vec<f32>>,
    /// Whether the last checkpoint was written between epochs.
    last_is_whole: bool,
    threads: Arc<rayon::ThreadPool>,
    stop_after: usize,
}

impl TrainingRun {
    /// Loads the data, builds the network and begins a run in `folder`, whose parents are made too.
    /// Nothing is written before all of that has worked. From then on, and until this is dropped,
    /// the folder is locked: no other run is begun or resumed in it, be it by another process.
    /// `threads` are one per processor where not given; no result depends on them.
    ///
    /// A folder that another process writes a run into is refused. One that holds a run is refused
    /// unless `overwrite`; then the files of that run go, and only they. A folder that holds
    /// anything else is refused.
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
        Self::begin(experiment, parts, threads, |_| RunFolder::create(folder, overwrite))
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
        Self::begin(experiment, OwnParts::default(), threads, |name| {
            RunFolder::create(RunFolder::next(parent, name)?, false)
        })
    }

    /// `folder` is called with the experiment's name once everything else has worked.
    fn begin(
        experiment: Experiment,
        parts: OwnParts,
        threads: Option<usize>,
        folder: impl FnOnce(&str) -> Result<(RunFolder, RunLock)>,
    ) -> Result<Self> {
        let Prepared { experiment, mut data, split, trainer, own_loss, own, started, threads } =
            Prepared::new(experiment, parts, threads)?;
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
            epoch_start_ms,
            threads: Arc::new(threads),
        })
    }

    /// Goes on with a run that was stopped or killed, from its last checkpoint; what it then does
    /// is bit for bit what it would have done. `data` names the recordings where they have moved,
    /// which the run's `config.toml` remembers. The folder is locked as by [`Self::create`].
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
    /// As [`Self::resume`]; when other parts are there than the run began with.
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
            epoch_start_ms,
            last_is_whole,
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

    /// Trains until all epochs are done, patience is at its end or the observer has enough. In the
    /// first two cases selects by validation and draws the figures.
    ///
    /// # Errors
    /// When training fails or a file cannot be written. The last checkpoint stays what it was.
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
        self.conclude_epoch(EpochMetrics::new(&report, &validation, seconds), observer)
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

    /// Logs a line, and shows it; tells whether the observer has enough.
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
        for line in remarks(&self.experiment, self.trainer.network(), &self.metrics.epochs) {
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

    fn conclude(&mut self, observer: &mut dyn Observer) -> Result<Finish> {
        let best = self.selection.best_epoch();
        let best =
            best.ok_or_else(|| Error::folder(self.folder.path(), "there is not one epoch"))?;
        // A run that was killed behind its last epoch may have left too many.
        self.folder.forget_epoch_start()?;
        self.folder.forget_epochs_but(&self.kept_epochs())?;
        let mut network = self.trainer.network().clone();
        CheckpointFile::open(&self.folder.best())?.load(&mut network)?;
        let validation = evaluate(
            &network,
            &mut LayeredEngine::new(&network)?,
            self.trainer.loss(),
            self.experiment.training.evaluation(),
            &*self.data.dataset,
            &self.split.validation,
        )?;
        let result = RunResult {
            split: self.experiment.data.held_out(),
            samples: validation.samples,
            best_epoch: best,
            accuracy: validation.accuracy(),
            standard_error: validation.standard_error(),
            last_accuracy: self.metrics.epochs.last().map_or(0.0, |last| last.validation_accuracy),
            by_class: ClassAccuracy::of(&self.data.class_names(), &validation.confusion),
            classes: self.data.class_names(),
            confusion: validation.confusion,
        };
        let best = BestEpoch {
            epoch: best,
            accuracy: result.accuracy,
            standard_error: result.standard_error,
        };
        let line = format!(
            "validation ({}): {:.1} ± {:.1} % of {} samples with one tap per synapse, from epoch {} of {}",
            result.split,
            100.0 * best.accuracy,
            100.0 * best.standard_error,
            result.samples,
            best.epoch,
            self.metrics.epochs.len()
        );
        self.lock.renew()?;
        let _ = self.say(observer, &line)?;
        let selected = self.metrics.epochs.get(best.epoch - 1);
        let verdict = selected.and_then(|row| verdict(self.trainer.network(), row));
        if let Some(verdict) = &verdict {
            let _ = self.say(observer, verdict)?;
        }
        result.write(&self.folder.result())?;
        // From here on the run is finished: figures that cannot be drawn must not take its result
        // away.
        let folder = self.folder.path().to_owned();
        let (pictures, warning) = match self.draw(observer) {
            Ok(pictures) => (pictures, None),
            Err(error) => (
                Vec::new(),
                Some(format!("{error}; draw the figures with synfire plot {}", folder.display())),
            ),
        };
        Ok(Finish::Completed(Outcome {
            folder,
            best,
            last_accuracy: result.last_accuracy,
            by_class: result.by_class,
            verdict,
            pictures,
            warning,
        }))
    }

    fn draw(&self, observer: &mut dyn Observer) -> Result<Vec<PathBuf>> {
        let mut run = TrainedRun::open(self.folder.path(), Checkpoint::Best)?;
        if let Some(loss) = &self.own_loss {
            run = run.with_loss(Arc::clone(loss));
        }
        let mut pictures = Vec::new();
        for picture in Picture::ALL {
            pictures.extend(picture.draw(&run, Some((&self.data, self.split.validation[0])))?);
        }
        let _ = self.say(observer, &format!("pictures: {}", self.folder.plots().display()))?;
        if let Some((name, drawn)) = first_escaped(&self.data.class_names()) {
            let line = format!(
                "in them, letters that are not Latin, Greek or Cyrillic are escapes: class {name} \
                 is {drawn}"
            );
            let _ = self.say(observer, &line)?;
        }
        Ok(pictures)
    }
}

/// The first name of which figures draw a letter as its escape, and what they draw.
fn first_escaped(names: &[String]) -> Option<(&str, Cow<'_, str>)> {
    let mut drawn = names.iter().map(|name| (name.as_str(), legible(name)));
    drawn.find(|(name, drawn)| drawn.contains('\\') && !name.contains('\\'))
}

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
        mut experiment: Experiment,
        parts: OwnParts,
        threads: Option<usize>,
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
        let (network, started) = new_network(&mut experiment, &data)?;
        let (own, own_loss) = (parts.names(), parts.loss.clone());
        let trainer = trainer(&experiment, network, parts)?;
        Ok(Self { experiment, data, split, trainer, own_loss, own, started, threads })
    }
}

/// What a run says of itself when it begins, a sentence each.
pub(crate) fn announcement(
    experiment: &Experiment,
    data: &LoadedData,
    split: &Split,
    trainer: &EpochTrainer,
) -> Vec<String> {
    let populations = trainer.network().populations.iter();
    let sizes: Vec<String> = populations.map(|population| population.size.to_string()).collect();
    // First what may make somebody stop the run.
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
fn trainer(experiment: &Experiment, network: Network, parts: OwnParts) -> Result<EpochTrainer> {
    let engine = Box::new(LayeredEngine::new(&network)?);
    let settings = experiment.training.clone();
    let trainer = EpochTrainer::new(network, engine, settings, experiment.seed());
    // The settings were found valid by themselves; that a group fits the network shows here.
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
