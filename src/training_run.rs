//! From an experiment to a trained network in a run folder.
//!
//! One epoch writes, in this order: `weights.csv`, `delays.csv`, `metrics.csv`, the best checkpoint
//! if it is one, the last checkpoint. The last checkpoint is what a resumed run starts from, so a
//! run killed between any two of them repeats an epoch whose rows and best checkpoint are then
//! written again, the same as before.

use crate::data_settings::LoadedData;
use crate::data_settings::PINNED_DATA;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::history::History;
use crate::history::delays_ms;
use crate::metrics::{EpochMetrics, Metrics};
use crate::picture::Picture;
use crate::run_folder::RunFolder;
use crate::run_result::RunResult;
use crate::threads::thread_pool;
use crate::trained_run::{Checkpoint, TrainedRun};
use crate::wording::counted;
use datasets::Split;
use plasticity::{Progress, Trainer, evaluate, load_network};
use sim_core::{Network, SampleSource};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The entry of a checkpoint's metadata that only a run interrupted within an epoch leaves.
const WITHIN_EPOCH: &str = "within_epoch";

/// Is told how a run goes on, and can stop it.
pub trait Observer: Send {
    /// A line for people; the same goes to `log.txt`.
    fn line(&mut self, text: &str);

    /// Called after every training step; `epochs` is how many there will be. `Break` stops the run
    /// as soon as its state is saved.
    fn progress(&mut self, progress: &Progress, epochs: usize) -> ControlFlow<()>;
}

/// Hears nothing and never stops a run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn line(&mut self, _text: &str) {}

    fn progress(&mut self, _progress: &Progress, _epochs: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// The epoch that validation selected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BestEpoch {
    /// Epochs finished, counting this one.
    pub epoch: usize,
    /// Validation accuracy with one tap per synapse.
    pub accuracy: f64,
    /// Its standard error.
    pub standard_error: f64,
}

/// What a finished run came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The run's folder.
    pub folder: PathBuf,
    /// The epoch that validation selected.
    pub best: BestEpoch,
    /// Validation accuracy after the last epoch.
    pub last_accuracy: f64,
    /// The figures that were drawn.
    pub pictures: Vec<PathBuf>,
    /// Why there are not all figures, and how to draw them; none where there are.
    pub warning: Option<String>,
}

/// How a call of [`TrainingRun::finish`] ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Finish {
    /// All epochs are done.
    Completed(Outcome),
    /// The observer stopped the run, or the limit of [`TrainingRun::stop_after`] was reached; it
    /// can be resumed from this folder.
    Stopped {
        /// The run's folder.
        folder: PathBuf,
        /// Whole epochs done so far.
        epochs: usize,
    },
}

/// A run in progress.
#[derive(Debug)]
pub struct TrainingRun {
    experiment: Experiment,
    folder: RunFolder,
    data: LoadedData,
    split: Split,
    trainer: Trainer,
    metrics: Metrics,
    history: History,
    /// Delays before the epoch at hand.
    epoch_start_ms: Vec<Vec<f32>>,
    /// Whether the last checkpoint was written between epochs.
    last_is_whole: bool,
    threads: rayon::ThreadPool,
    stop_after: usize,
}

impl TrainingRun {
    /// Loads the data, builds the network and begins a run in `folder`. Nothing is written before
    /// all of that has worked. `threads` are one per processor where not given; no result depends
    /// on them.
    ///
    /// # Errors
    /// What is wrong with the experiment, its data or the folder (see [`RunFolder::create`]).
    pub fn create(
        experiment: Experiment,
        folder: PathBuf,
        overwrite: bool,
        threads: Option<usize>,
    ) -> Result<Self> {
        Self::begin(experiment, threads, |_| RunFolder::create(folder, overwrite))
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
        Self::begin(experiment, threads, |name| {
            RunFolder::create(RunFolder::next(parent, name)?, false)
        })
    }

    /// `folder` is called with the experiment's name once everything else has worked.
    fn begin(
        mut experiment: Experiment,
        threads: Option<usize>,
        folder: impl FnOnce(&str) -> Result<RunFolder>,
    ) -> Result<Self> {
        experiment.check()?;
        let threads = thread_pool(threads)?;
        let (data, split) = threads.install(|| experiment.data.load_split(experiment.seed()))?;
        experiment.data.fix_classes(data.dataset.classes());
        experiment.check_memory(&data, true)?;
        let network = experiment.build_network(data.dataset.channels(), data.dataset.classes())?;
        let history = History::new(&network);
        let epoch_start_ms = delays_ms(&network);
        let trainer = Trainer::new(network, experiment.training.clone(), experiment.seed())?;
        let config = experiment.to_toml()?;
        let folder = folder(&experiment.name)?;
        threads
            .install(|| Environment::here(experiment.seed, data.origin.clone()))
            .write(&folder.environment())?;
        atomic_file::write(&folder.config(), config.as_bytes())?;
        let stop_after = experiment.training.epochs;
        let metrics = Metrics::default();
        Ok(Self {
            experiment,
            folder,
            data,
            split,
            trainer,
            metrics,
            history,
            epoch_start_ms,
            last_is_whole: false,
            threads,
            stop_after,
        })
    }

    /// Goes on with a run that was stopped or killed, from its last checkpoint; what it then does
    /// is bit for bit what it would have done. `data` names the recordings where they have moved.
    ///
    /// # Errors
    /// When `folder` holds no run or a finished one, the data are not those the run began with, or
    /// the checkpoint does not fit.
    pub fn resume(folder: &Path, data: Option<&Path>, threads: Option<usize>) -> Result<Self> {
        let folder = RunFolder::open(folder)?;
        if folder.is_finished() {
            let problem = format!(
                "this run is finished; there is nothing to resume (synfire plot {} draws its figures)",
                folder.path().display()
            );
            return Err(Error::folder(folder.path(), problem));
        }
        let mut experiment = folder.experiment()?;
        if let Some(path) = data {
            experiment.data.use_file(path);
        }
        let threads = thread_pool(threads)?;
        let (data, split) = threads.install(|| experiment.data.load_split(experiment.seed()))?;
        Environment::check_data(&folder.environment(), &data.origin)?;
        experiment.check_memory(&data, true)?;
        folder.make_checkpoints()?;
        let network = experiment.build_network(data.dataset.channels(), data.dataset.classes())?;
        let settings = experiment.training.clone();
        let stop_after = settings.epochs;
        let mut metrics = Metrics::default();
        let mut history = History::new(&network);
        let mut start = network.clone();
        let has_checkpoint = folder.last().exists();
        let mut within_epoch = false;
        let trainer = if has_checkpoint {
            let entries = load_network(&folder.last(), &mut start.clone())?;
            experiment.data.check_pinned(entries.get(PINNED_DATA), &folder.config())?;
            within_epoch = entries.contains_key(WITHIN_EPOCH);
            let trainer = Trainer::resume(&folder.last(), network, settings, experiment.seed())?;
            if trainer.epoch() > 0 {
                metrics =
                    Metrics::read(&folder.metrics())?.up_to(trainer.epoch(), &folder.metrics())?;
                history = History::read(&start, &folder.weights(), &folder.delays())?;
                history = history.up_to(trainer.epoch(), &folder.weights(), &folder.delays())?;
                if metrics.best().is_some() && !folder.best().exists() {
                    let problem = "the checkpoint of the best epoch is missing, so this run cannot be resumed; its config.toml starts it anew";
                    return Err(Error::folder(&folder.best(), problem));
                }
            }
            trainer
        } else {
            folder.refuse_lost_checkpoint()?;
            Trainer::new(network, settings, experiment.seed())?
        };
        // Rows follow whole epochs and a run interrupted within one keeps that epoch's beginning
        // beside its last checkpoint.
        let last_is_whole = has_checkpoint && !within_epoch;
        let epoch_start_ms = if last_is_whole {
            delays_ms(trainer.network())
        } else {
            if folder.epoch_start().exists() {
                load_network(&folder.epoch_start(), &mut start)?;
            }
            delays_ms(&start)
        };
        Ok(Self {
            experiment,
            folder,
            data,
            split,
            trainer,
            metrics,
            history,
            epoch_start_ms,
            last_is_whole,
            threads,
            stop_after,
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

    /// Trains until all epochs are done or the observer has enough, then selects by validation and
    /// draws the figures.
    ///
    /// # Errors
    /// When training fails or a file cannot be written. The last checkpoint stays what it was.
    pub fn run(mut self, observer: &mut dyn Observer) -> Result<Finish> {
        let threads = std::mem::replace(&mut self.threads, thread_pool(Some(1))?);
        threads.install(|| self.run_here(observer))
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
        self.announce(observer)?;
        let epochs = self.experiment.training.epochs;
        while self.trainer.epoch() < epochs {
            if self.trainer.epoch() >= self.stop_after {
                return Ok(self.stopped());
            }
            let started = Instant::now();
            let mut watch = |progress: &Progress| observer.progress(progress, epochs);
            match self.trainer.train_epoch(&self.data.dataset, &self.split.train, &mut watch)? {
                ControlFlow::Break(()) => {
                    self.save_within_epoch()?;
                    return Ok(self.stopped());
                }
                ControlFlow::Continue(report) => {
                    if self.experiment.training.recalibrate_norm {
                        self.trainer.recalibrate_norm(&self.data.dataset, &self.split.train)?;
                    }
                    let validation =
                        self.trainer.evaluate(&self.data.dataset, &self.split.validation)?;
                    self.conclude_epoch(
                        EpochMetrics::new(&report, &validation, started.elapsed().as_secs_f64()),
                        observer,
                    )?;
                }
            }
        }
        self.conclude(observer)
    }

    fn announce(&self, observer: &mut dyn Observer) -> Result<()> {
        let Self { experiment, data, split, trainer, .. } = self;
        let network = trainer.network();
        let sizes: Vec<String> =
            network.populations.iter().map(|population| population.size.to_string()).collect();
        let parameters = trainer.parameter_count();
        for line in [
            format!(
                "{}: {} with {parameters} trainable parameters, {}",
                experiment.name,
                sizes.join("-"),
                counted(rayon::current_num_threads(), "thread")
            ),
            format!(
                "data: {}, {} samples to train on, {} to validate on ({})",
                data.origin.name,
                split.train.len(),
                split.validation.len(),
                experiment.data.held_out()
            ),
            format!("run folder: {}", self.folder.path().display()),
        ] {
            self.say(observer, &line)?;
        }
        if let Some(note) = experiment.training.kernel.precision_note() {
            self.say(observer, note)?;
        }
        match trainer.epoch() {
            0 => Ok(()),
            epoch => self.say(observer, &format!("resumed after {}", counted(epoch, "epoch"))),
        }
    }

    fn say(&self, observer: &mut dyn Observer, line: &str) -> Result<()> {
        observer.line(line);
        self.folder.append_log(line)
    }

    fn conclude_epoch(&mut self, row: EpochMetrics, observer: &mut dyn Observer) -> Result<()> {
        let epoch = row.epoch;
        self.history.push(epoch, self.trainer.network(), &self.epoch_start_ms);
        self.epoch_start_ms = delays_ms(self.trainer.network());
        self.metrics.epochs.push(row);
        let is_best = self.metrics.best().is_some_and(|best| best.epoch == epoch);
        self.history.write(&self.folder.weights(), &self.folder.delays())?;
        self.metrics.write(&self.folder.metrics())?;
        if is_best {
            self.trainer.save(&self.folder.best(), &self.metadata())?;
        }
        self.trainer.save(&self.folder.last(), &self.metadata())?;
        self.folder.forget_epoch_start()?;
        self.last_is_whole = true;
        let row = self.metrics.epochs.last().expect("a row was pushed above");
        let line = format!(
            "{}{}",
            row.line(self.experiment.training.epochs),
            if is_best { "  best" } else { "" }
        );
        self.say(observer, &line)
    }

    fn save_within_epoch(&mut self) -> Result<()> {
        if self.last_is_whole {
            self.folder.keep_epoch_start()?;
            self.last_is_whole = false;
        }
        self.metrics.write(&self.folder.metrics())?;
        let mut metadata = self.metadata();
        metadata.insert(WITHIN_EPOCH.into(), "true".into());
        Ok(self.trainer.save(&self.folder.last(), &metadata)?)
    }

    fn metadata(&self) -> BTreeMap<String, String> {
        let data = serde_json::to_string(&self.experiment.data.pinned())
            .expect("settings have plain fields");
        BTreeMap::from([
            ("experiment".into(), self.experiment.name.clone()),
            ("synfire".into(), env!("CARGO_PKG_VERSION").into()),
            (PINNED_DATA.into(), data),
        ])
    }

    fn stopped(&self) -> Finish {
        Finish::Stopped { folder: self.folder.path().to_owned(), epochs: self.trainer.epoch() }
    }

    fn conclude(&mut self, observer: &mut dyn Observer) -> Result<Finish> {
        let best = self
            .metrics
            .best()
            .ok_or_else(|| Error::folder(self.folder.path(), "there is not one epoch"))?
            .clone();
        let mut network: Network = self.trainer.network().clone();
        load_network(&self.folder.best(), &mut network)?;
        let training = &self.experiment.training;
        let validation = evaluate(
            &network,
            training.loss,
            training.batch_size,
            &self.data.dataset,
            &self.split.validation,
        )?;
        let result = RunResult {
            split: self.experiment.data.held_out(),
            samples: validation.samples,
            best_epoch: best.epoch,
            accuracy: validation.accuracy(),
            standard_error: validation.standard_error(),
            last_accuracy: self.metrics.epochs.last().map_or(0.0, |last| last.validation_accuracy),
            classes: self.data.class_names(),
            confusion: validation.confusion,
        };
        let best = BestEpoch {
            epoch: best.epoch,
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
        self.say(observer, &line)?;
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
            pictures,
            warning,
        }))
    }

    fn draw(&self, observer: &mut dyn Observer) -> Result<Vec<PathBuf>> {
        let run = TrainedRun::open(self.folder.path(), Checkpoint::Best)?;
        let mut pictures = Vec::new();
        for picture in Picture::ALL {
            pictures.extend(picture.draw(&run, Some((&self.data, self.split.validation[0])))?);
        }
        self.say(observer, &format!("pictures: {}", self.folder.plots().display()))?;
        Ok(pictures)
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
