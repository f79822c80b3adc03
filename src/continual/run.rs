//! From a continual experiment to a network that has learned task after task, in a run folder.
//!
//! A task writes, in this order: its tables, `checkpoints/task-NN.safetensors`, and
//! `checkpoints/last.safetensors`, which a resumed run starts from. A run that was killed between
//! any two of them repeats what the last checkpoint does not have, with the same bits.

use crate::continual::data::ImageSourceSettings;
use crate::continual::drawing;
use crate::continual::experiment::ContinualExperiment;
use crate::continual::method::Method;
use crate::continual::progress::{CurveRow, Progress};
use crate::continual::result::{ContinualResult, SubspaceUse};
use crate::continual::tables;
use crate::continual::task_loss::TaskLoss;
use crate::continual::task_samples::{end_samples, stored_samples, training_samples};
use crate::data_origin::DataOrigin;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::gradient_engine::gradient_engine;
use crate::observer::{Event, Observer};
use crate::run_folder::RunFolder;
use crate::run_lock::RunLock;
use crate::threads::thread_pool;
use datasets::{Heads, Task, TaskSequence, counted};
use plasticity::continual::AccuracyMatrix;
use plasticity::{CheckpointFile, EpochTrainer, Evaluation};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// The entry of a checkpoint's metadata that says how far the run has come.
const PROGRESS: &str = "continual";

/// A run over tasks.
#[derive(Debug)]
pub struct ContinualRun {
    experiment: ContinualExperiment,
    folder: RunFolder,
    lock: RunLock,
    sequence: TaskSequence,
    trainer: EpochTrainer,
    progress: Progress,
    threads: Arc<rayon::ThreadPool>,
}

/// How a run over tasks ended.
#[derive(Debug, Clone, PartialEq)]
pub enum ContinualFinish {
    /// All tasks were learned.
    Completed {
        /// The run's folder.
        folder: PathBuf,
        /// What they came to.
        result: Box<ContinualResult>,
        /// Why figures are missing; none if all were drawn.
        warning: Option<String>,
    },
    /// The observer stopped the run; it can be resumed from this folder.
    Stopped {
        /// The run's folder.
        folder: PathBuf,
        /// Whole tasks learned so far.
        tasks: usize,
    },
}

/// A run before anything is written.
struct Prepared {
    sequence: TaskSequence,
    trainer: EpochTrainer,
    threads: rayon::ThreadPool,
}

fn prepare(experiment: &ContinualExperiment, threads: Option<usize>) -> Result<Prepared> {
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
            trainer = trainer
                .with_loss(Arc::new(TaskLoss::new(Arc::new(experiment.training.loss), outputs)));
        }
        Ok((sequence, trainer))
    })?;
    Ok(Prepared { sequence, trainer, threads })
}

impl ContinualRun {
    /// Loads the images, builds the network and begins a run in `folder`. Nothing is written before
    /// all of that has worked. Other folders are refused as by
    /// [`TrainingRun::create`](crate::TrainingRun::create).
    ///
    /// # Errors
    /// What is wrong with the experiment, its images or the folder.
    pub fn create(
        experiment: ContinualExperiment,
        folder: PathBuf,
        overwrite: bool,
        threads: Option<usize>,
    ) -> Result<Self> {
        RunFolder::refuse_taken(&folder, overwrite)?;
        Self::begin(experiment, threads, |_| RunFolder::create(folder, overwrite))
    }

    /// As [`Self::create`], in the first free of the folders `parent/NAME-1`, `parent/NAME-2`, ...
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn create_next(
        experiment: ContinualExperiment,
        parent: &Path,
        threads: Option<usize>,
    ) -> Result<Self> {
        Self::begin(experiment, threads, |name| {
            RunFolder::create(RunFolder::next(parent, name)?, false)
        })
    }

    fn begin(
        experiment: ContinualExperiment,
        threads: Option<usize>,
        folder: impl FnOnce(&str) -> Result<(RunFolder, RunLock)>,
    ) -> Result<Self> {
        let Prepared { sequence, trainer, threads } = prepare(&experiment, threads)?;
        let config = experiment.to_toml()?;
        let (folder, lock) = folder(&experiment.name)?;
        let origin = origin(&experiment, &sequence);
        let environment = threads.install(|| Environment::of(experiment.seed, origin));
        environment.write(&folder.environment())?;
        tables::write_tasks(&sequence, &folder.tasks())?;
        atomic_file::write(&folder.config(), config.as_bytes())?;
        let (progress, threads) = (Progress::default(), Arc::new(threads));
        Ok(Self { experiment, folder, lock, sequence, trainer, progress, threads })
    }

    /// Goes on with a run that was stopped or killed, from its last checkpoint; what it then does
    /// is bit for bit what it would have done. `data` names the folder of the images where it has
    /// moved.
    ///
    /// # Errors
    /// When `folder` holds no run over tasks, a finished one, or one that another process is
    /// training; when the tasks are not those that the run began with, or the checkpoint does not
    /// fit.
    pub fn resume(folder: &Path, data: Option<&Path>, threads: Option<usize>) -> Result<Self> {
        let folder = RunFolder::open(folder)?;
        let lock = RunLock::acquire(folder.path())?;
        folder.sweep();
        let refused = |problem: &str| Err(Error::folder(folder.path(), problem));
        if !folder.is_continual() {
            return refused("this is no run over tasks; synfire train --resume goes on with it");
        }
        if folder.is_finished() {
            return refused("this run is finished; there is nothing to resume");
        }
        let environment = Environment::read(&folder.environment())?;
        let mut experiment = ContinualExperiment::read(&folder.config(), &[])?;
        if let (Some(path), ImageSourceSettings::Images(images)) =
            (data, &mut experiment.data.source)
        {
            images.path = Some(path.to_owned());
        }
        let Prepared { sequence, mut trainer, threads } = prepare(&experiment, threads)?;
        if environment.data.sha256.as_deref() != Some(sequence.checksum()) {
            return refused(
                "these are not the tasks that the run began with: images, their order or the \
                 settings of tasks have changed",
            );
        }
        let mut progress = Progress::default();
        folder.make_checkpoints()?;
        if folder.last().exists() {
            let file = CheckpointFile::open(&folder.last())?;
            let problem = "its last checkpoint is not that of a run over tasks";
            let Some(text) = file.own().get(PROGRESS) else { return refused(problem) };
            let saved: Saved = serde_json::from_str(text)
                .map_err(|error| Error::folder(&folder.last(), format!("{problem}: {error}")))?;
            if saved.method != experiment.method {
                return refused(&format!(
                    "it was begun with the method {}, but config.toml says {}; another method is \
                     another run",
                    saved.method, experiment.method
                ));
            }
            progress = saved.progress;
            trainer = trainer.resume(&file)?;
        } else {
            folder.refuse_lost_checkpoint()?;
        }
        let threads = Arc::new(threads);
        Ok(Self { experiment, folder, lock, sequence, trainer, progress, threads })
    }

    /// The run's folder.
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// The experiment with everything resolved.
    pub fn experiment(&self) -> &ContinualExperiment {
        &self.experiment
    }

    /// Learns task after task until all are learned or the observer has enough. In the first case
    /// writes the result and draws the figures.
    ///
    /// # Errors
    /// When training fails or a file cannot be written. The last checkpoint stays what it was.
    pub fn run(mut self, observer: &mut dyn Observer) -> Result<ContinualFinish> {
        let threads = Arc::clone(&self.threads);
        let finish = threads.install(|| self.run_here(observer));
        self.folder.sweep();
        finish
    }

    fn run_here(&mut self, observer: &mut dyn Observer) -> Result<ContinualFinish> {
        let mut flow = self.announce(observer)?;
        while flow.is_continue() && self.progress.ended < self.sequence.len() {
            flow = self.run_task(observer)?;
        }
        if self.progress.ended < self.sequence.len() {
            let folder = self.folder.path().to_owned();
            return Ok(ContinualFinish::Stopped { folder, tasks: self.progress.ended });
        }
        self.conclude(observer)
    }

    fn announce(&self, observer: &mut dyn Observer) -> Result<ControlFlow<()>> {
        let Self { experiment, sequence, trainer, .. } = self;
        let sizes = trainer.network().populations.iter().map(|part| part.size.to_string());
        let mut lines = vec![
            format!(
                "{}: {} with {} trainable parameters, {}",
                experiment.name,
                sizes.collect::<Vec<_>>().join("-"),
                trainer.trainer().parameter_count(),
                counted(rayon::current_num_threads(), "thread")
            ),
            format!(
                "{} of {}, method {}, {} each",
                counted(sequence.len(), "task"),
                experiment.data.name(),
                experiment.method,
                counted(experiment.training.epochs, "epoch")
            ),
            format!("run folder: {}", self.folder.path().display()),
        ];
        let description = &experiment.description;
        lines.extend((!description.is_empty()).then(|| format!("description: {description}")));
        lines.extend(self.lock.note().map(str::to_owned));
        if self.folder.last().exists() {
            lines.push(format!("resumed after {}", counted(self.progress.ended, "task")));
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

    /// Trains one task, or the rest of it, and evaluates all.
    fn run_task(&mut self, observer: &mut dyn Observer) -> Result<ControlFlow<()>> {
        let (task, epochs) = (self.progress.ended, self.experiment.training.epochs);
        if !self.progress.under_way {
            self.trainer.begin_task(task)?;
            self.progress.under_way = true;
        }
        let ContinualExperiment { method, methods, .. } = &self.experiment;
        let (method, seed) = (*method, self.experiment.seed());
        let samples = training_samples(&self.sequence, task, method, &methods.replay, seed)?;
        while self.trainer.epoch() < epochs {
            let start = Instant::now();
            let mut watch = |progress: &plasticity::Progress| {
                observer.observe(Event::TaskStep { task, progress, epochs })
            };
            let flow = self.trainer.train_epoch(&*samples.source, &samples.indices, &mut watch)?;
            self.progress.seconds[0] += start.elapsed().as_secs_f64();
            let ControlFlow::Continue(report) = flow else {
                self.save(&self.folder.last())?;
                return Ok(ControlFlow::Break(()));
            };
            if self.experiment.training.recalibrate_norm {
                self.trainer.recalibrate_norm(&*samples.source, &samples.indices)?;
            }
            let validation = &self.sequence.tasks()[task].validation;
            let validation_accuracy = match validation.len() {
                0 => None,
                count => {
                    let all: Vec<usize> = (0..count).collect();
                    Some(self.trainer.evaluate(&**validation, &all)?.accuracy())
                }
            };
            let row = CurveRow {
                task: task + 1,
                epoch: report.epoch + 1,
                train_loss: report.loss,
                train_accuracy: report.accuracy,
                validation_accuracy,
            };
            self.progress.curve.push(row);
            tables::write_curve(&self.progress.curve, &self.folder.curve())?;
            if self.trainer.epoch() < epochs {
                self.lock.renew()?;
                self.save(&self.folder.last())?;
                if self.say(observer, &epoch_line(&row, epochs))?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        self.end_task(observer)
    }

    /// Lets the protection look at the task, evaluates all tasks and saves.
    fn end_task(&mut self, observer: &mut dyn Observer) -> Result<ControlFlow<()>> {
        let (task, start) = (self.progress.ended, Instant::now());
        let train = Arc::clone(&self.sequence.tasks()[task].train);
        let indices = end_samples(&*train, self.experiment.end_samples, self.experiment.seed());
        let frames: Vec<_> = indices.iter().map(|&sample| train.frames(sample, None)).collect();
        let labels: Vec<usize> = indices.iter().map(|&sample| train.label(sample)).collect();
        self.trainer.end_task(&frames, &labels)?;
        self.progress.seconds[0] += start.elapsed().as_secs_f64();
        let start = Instant::now();
        let tasks = self.sequence.tasks().to_vec();
        let per_task = self.experiment.tasks.heads() == Heads::PerTask;
        let (mut told, mut untold) = (Vec::new(), Vec::new());
        for Task { test, .. } in &tasks {
            let all: Vec<usize> = (0..test.len()).collect();
            let evaluation = self.trainer.evaluate_scored(&**test, &all, per_task)?;
            told.push(evaluation.accuracy());
            untold.extend(per_task.then(|| without_task(&evaluation)));
        }
        self.progress.seconds[1] += start.elapsed().as_secs_f64();
        let line = task_line(&tasks[task].name, task, &told);
        self.progress.accuracy.push(told);
        self.progress.without_task.extend(per_task.then_some(untold));
        self.progress.ended += 1;
        self.progress.under_way = false;
        self.lock.renew()?;
        tables::write_accuracy(&self.progress, &self.folder.accuracy())?;
        let reports = self.trainer.trainer().protection().subspaces();
        let files = [self.folder.subspaces(), self.folder.residuals()];
        tables::write_subspaces(reports, [&files[0], &files[1]])?;
        self.save(&self.folder.after_task(task + 1))?;
        self.save(&self.folder.last())?;
        self.say(observer, &line)
    }

    fn save(&self, path: &Path) -> Result<()> {
        let saved = SavedRef { method: self.experiment.method, progress: &self.progress };
        let progress = serde_json::to_string(&saved).expect("progress has plain fields");
        let own = BTreeMap::from([
            ("experiment".into(), self.experiment.name.clone()),
            ("synfire".into(), env!("CARGO_PKG_VERSION").into()),
            (PROGRESS.into(), progress),
        ]);
        Ok(self.trainer.save(path, &own)?)
    }

    fn conclude(&mut self, observer: &mut dyn Observer) -> Result<ContinualFinish> {
        let result = self.result()?;
        let parts = (self.trainer.network(), self.trainer.trainer().protection());
        let drawn = drawing::draw(&self.experiment.name, parts, &result, &self.folder);
        let warning = drawn.err().map(|error| error.to_string());
        result.write(&self.folder.result())?;
        let line = format!(
            "{}, {}: {}",
            result.method,
            counted(result.tasks.len(), "task"),
            result.line()
        );
        let _ = self.say(observer, &line)?;
        let folder = self.folder.path().to_owned();
        Ok(ContinualFinish::Completed { folder, result: Box::new(result), warning })
    }

    fn result(&self) -> Result<ContinualResult> {
        let Self { experiment, sequence, progress, trainer, .. } = self;
        let matrix = AccuracyMatrix::new(progress.accuracy.clone())?;
        let chance: Vec<f64> =
            sequence.tasks().iter().map(|task| 1.0 / task.outputs.len() as f64).collect();
        let one_by_one = experiment.method != Method::Joint;
        let tasks = sequence.len();
        let protection = trainer.trainer().protection();
        let mut stored = protection.stored().into();
        if experiment.method == Method::Replay {
            stored = crate::continual::result::StoredCounts {
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
        Ok(ContinualResult {
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
            protection_seconds: trainer.trainer().protecting().as_secs_f64(),
            accuracy: progress.accuracy.clone(),
            accuracy_without_task: (!progress.without_task.is_empty())
                .then(|| progress.without_task.clone()),
        })
    }
}

/// What a checkpoint says of the run, as it is read.
#[derive(serde::Deserialize)]
struct Saved {
    method: Method,
    progress: Progress,
}

/// The same as it is written.
#[derive(serde::Serialize)]
struct SavedRef<'a> {
    method: Method,
    progress: &'a Progress,
}

fn origin(experiment: &ContinualExperiment, sequence: &TaskSequence) -> DataOrigin {
    DataOrigin {
        name: experiment.data.name(),
        sha256: Some(sequence.checksum().to_owned()),
        ..DataOrigin::default()
    }
}

/// The mean of the residuals of the last batches, at most 100.
fn last_residual(residuals: &[f32]) -> Option<f64> {
    let last = &residuals[residuals.len().saturating_sub(100)..];
    let sum: f64 = last.iter().map(|&residual| f64::from(residual)).sum();
    (!last.is_empty()).then(|| sum / last.len() as f64)
}

/// Share of the samples whose output has the highest score of all, whatever their task; of equals,
/// the first.
fn without_task(evaluation: &Evaluation) -> f64 {
    let is_correct = |outcome: &&plasticity::SampleOutcome| {
        let own = outcome.scores[outcome.label];
        let beats = |(other, &score): (usize, &f64)| {
            score < own || (score == own && other >= outcome.label)
        };
        outcome.scores.iter().enumerate().all(beats)
    };
    let correct = evaluation.outcomes.iter().filter(is_correct).count();
    correct as f64 / evaluation.samples.max(1) as f64
}

fn epoch_line(row: &CurveRow, epochs: usize) -> String {
    let validation = row
        .validation_accuracy
        .map_or(String::new(), |share| format!("  validation {:5.2} %", 100.0 * share));
    format!(
        "task {:>2}  epoch {:>3}/{epochs}  loss {:.4}  train {:5.2} %{validation}",
        row.task,
        row.epoch,
        row.train_loss,
        100.0 * row.train_accuracy
    )
}

fn task_line(name: &str, task: usize, accuracy: &[f64]) -> String {
    let seen = &accuracy[..=task];
    let mean = 100.0 * seen.iter().sum::<f64>() / seen.len() as f64;
    let own = 100.0 * accuracy[task];
    format!("task {:>2} ({name}): {own:5.2} %, mean over tasks so far {mean:5.2} %", task + 1)
}
