//! From a continual experiment to a network that has learned task after task, in a run folder.
//!
//! A task writes, in this order: its tables, `checkpoints/task-NN.safetensors`, and
//! `checkpoints/last.safetensors`, which a resumed run starts from. A run that was killed between
//! any two of them repeats what the last checkpoint does not have, with the same bits.

use crate::continual::drawing::TaskPicture;
use crate::continual::experiment::ContinualExperiment;
use crate::continual::method::Method;
use crate::continual::prepared_tasks::{KeptBy, PROGRESS, PreparedTasks};
use crate::continual::progress::{CurveRow, Progress};
use crate::continual::result::ContinualResult;
use crate::continual::tables;
use crate::continual::task_activity::{angles, task_activity};
use crate::continual::task_evaluation::TaskAccuracy;
use crate::continual::task_samples::{end_samples, training_samples};
use crate::data_origin::DataOrigin;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::metrics::EpochMetrics;
use crate::observer::{Event, Observer};
use crate::passive_neurons::PassiveNeurons;
use crate::passive_remarks;
use crate::run_folder::RunFolder;
use crate::run_lock::RunLock;
use datasets::{TaskSequence, counted};
use plasticity::continual::ActivitySubspace;
use plasticity::{CheckpointFile, EpochReport, EpochTrainer, Tally};
use sim_core::{Network, SpikeFrames};
use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How much training a crash may cost.
const SAVED_EVERY: Duration = Duration::from_secs(120);

/// A mean loss of so many times that of a guess has left what training can mend by itself.
const EXPLODED: f64 = 10.0;

/// A run over tasks.
#[derive(Debug)]
pub struct ContinualRun {
    experiment: ContinualExperiment,
    folder: RunFolder,
    lock: RunLock,
    sequence: TaskSequence,
    trainer: EpochTrainer,
    progress: Progress,
    /// What each task that ended used, to be compared with the next ones; of tasks that ended in an
    /// earlier process, once it is needed.
    activity: Vec<Vec<ActivitySubspace>>,
    /// Neurons that took no part, by epoch of this process.
    passive: Vec<EpochMetrics>,
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
        let prepared = PreparedTasks::new(&experiment, threads)?;
        let config = experiment.to_toml()?;
        let (folder, lock) = folder(&experiment.name)?;
        let origin = origin(&experiment, &prepared.sequence);
        let environment = prepared.threads.install(|| Environment::of(experiment.seed, origin));
        environment.write(&folder.environment())?;
        tables::write_tasks(&prepared.sequence, &folder.tasks())?;
        atomic_file::write(&folder.config(), config.as_bytes())?;
        Ok(Self::new(experiment, (folder, lock), prepared, Progress::default()))
    }

    /// A run that has come so far.
    fn new(
        experiment: ContinualExperiment,
        (folder, lock): (RunFolder, RunLock),
        prepared: PreparedTasks,
        progress: Progress,
    ) -> Self {
        let PreparedTasks { sequence, trainer, threads } = prepared;
        let (activity, passive, threads) = (Vec::new(), Vec::new(), Arc::new(threads));
        Self { experiment, folder, lock, sequence, trainer, progress, activity, passive, threads }
    }

    /// Goes on with a run that was stopped or killed, from its last checkpoint; what it then does
    /// is bit for bit what it would have done. `data` names the folder of the images where it has
    /// moved, which the run remembers.
    ///
    /// # Errors
    /// When `folder` holds no run over tasks, a finished one, or one that another process is
    /// training; when the tasks, the method or its settings are not those that the run began with,
    /// or the checkpoint does not fit.
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
        experiment.use_folder(data)?;
        let mut prepared = PreparedTasks::new(&experiment, threads)?;
        if environment.data.sha256.as_deref() != Some(prepared.sequence.checksum()) {
            return refused(
                "these are not the tasks that the run began with: images, their order or the \
                 settings of tasks have changed",
            );
        }
        let mut progress = Progress::default();
        folder.make_checkpoints()?;
        if folder.last().exists() {
            let file = CheckpointFile::open(&folder.last())?;
            (prepared, progress) = prepared.resume(&experiment, &file)?;
        } else {
            folder.refuse_lost_checkpoint()?;
        }
        if data.is_some() {
            atomic_file::write(&folder.config(), experiment.to_toml()?.as_bytes())?;
        }
        Ok(Self::new(experiment, (folder, lock), prepared, progress))
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
        self.conclude()
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
                "{} of {}, {} each, method {}",
                counted(sequence.len(), "task"),
                experiment.data_name(),
                counted(experiment.training.epochs, "epoch"),
                experiment.method,
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
        let task = self.progress.ended;
        let ContinualExperiment { method, methods, .. } = &self.experiment;
        let (method, seed) = (*method, self.experiment.seed());
        let Range { start: first, end: epochs } = self.epochs(task);
        if !self.progress.under_way {
            if first == 0 {
                self.trainer.begin_task(task)?;
            }
            self.progress.under_way = true;
        }
        let replay = methods.replay;
        let mut last = None;
        while self.trainer.epoch() < epochs {
            let turn = (task, self.trainer.epoch());
            let samples = training_samples(&self.sequence, turn, method, &replay, seed)?;
            let (start, mut stopped) = (Instant::now(), false);
            let mut watch = |progress: &plasticity::Progress| {
                stopped = observer.observe(Event::TaskStep { task, progress, epochs }).is_break();
                match stopped || start.elapsed() > SAVED_EVERY {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            };
            let protecting = self.trainer.trainer().protecting();
            let flow = self.trainer.train_epoch(&*samples.source, &samples.indices, &mut watch);
            let flow = flow.map_err(|error| diverged(task, method, error))?;
            self.progress.seconds[0] += start.elapsed().as_secs_f64();
            let protecting = self.trainer.trainer().protecting() - protecting;
            self.progress.seconds[2] += protecting.as_secs_f64();
            let ControlFlow::Continue(report) = flow else {
                self.lock.renew()?;
                self.save(&self.folder.last())?;
                if stopped {
                    return Ok(ControlFlow::Break(()));
                }
                continue;
            };
            let pinned = self.trainer.trainer().protection().pins_norms();
            if self.experiment.training.recalibrate_norm && !pinned {
                self.trainer.recalibrate_norm(&*samples.source, &samples.indices)?;
            }
            let validation_accuracy = self.validate(task)?;
            let mut row = CurveRow {
                task: task + 1,
                epoch: report.epoch + 1 - first,
                train_loss: report.loss,
                train_accuracy: report.accuracy,
                validation_accuracy,
                protection_residual: report.protection_residual,
                test_accuracy: Vec::new(),
            };
            let remarks = self.remarks(task, &report);
            if self.trainer.epoch() < epochs {
                let accuracy = self.evaluate(self.learned(task + 1))?;
                row.test_accuracy = accuracy.iter().map(|on| on.tally().accuracy()).collect();
                let line = epoch_line(method, &row, epochs - first);
                self.progress.curve.push(row);
                tables::write_curve(
                    &self.progress.curve,
                    self.sequence.len(),
                    &self.folder.curve(),
                )?;
                self.lock.renew()?;
                self.save(&self.folder.last())?;
                if self.say(observer, &line)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            } else {
                last = Some(row);
            }
            for remark in remarks {
                // An observer that has enough says so again when it is asked next.
                let _ = self.say(observer, &remark)?;
            }
        }
        self.end_task(last, observer)
    }

    /// The epochs of a task as the trainer counts them. Joint training is one task to it, whose
    /// epochs go on from part to part.
    fn epochs(&self, task: usize) -> Range<usize> {
        let epochs = self.experiment.training.epochs;
        let first = match self.experiment.method {
            Method::Joint => task * epochs,
            _ => 0,
        };
        first..first + epochs
    }

    /// The tasks that have been learned once so many of them have ended.
    fn learned(&self, ended: usize) -> Range<usize> {
        self.experiment.method.learned(ended, self.sequence.len())
    }

    /// The accuracy on the validation samples of a task, or of all where they are trained at once;
    /// none where tasks have none.
    fn validate(&mut self, task: usize) -> Result<Option<f64>> {
        let start = Instant::now();
        let trained = match self.experiment.method {
            Method::Joint => 0..self.sequence.len(),
            _ => task..task + 1,
        };
        let mut tally = Tally::default();
        for task in &self.sequence.tasks()[trained] {
            let all: Vec<usize> = (0..task.validation.len()).collect();
            if !all.is_empty() {
                let evaluation = self.trainer.evaluate(&*task.validation, &all)?;
                tally.samples += evaluation.samples;
                tally.correct += evaluation.correct;
            }
        }
        self.progress.seconds[1] += start.elapsed().as_secs_f64();
        Ok((tally.samples > 0).then(|| tally.accuracy()))
    }

    /// The accuracy on the test samples of tasks.
    fn evaluate(&mut self, tasks: Range<usize>) -> Result<Vec<TaskAccuracy>> {
        let start = Instant::now();
        let heads = self.experiment.tasks.heads();
        let of_task = |of_task| TaskAccuracy::of(&mut self.trainer, of_task, heads);
        let all = self.sequence.tasks()[tasks].iter().map(of_task).collect();
        self.progress.seconds[1] += start.elapsed().as_secs_f64();
        all
    }

    /// What is wrong with an epoch of a task, counted from 0: layers that take no part, and a loss
    /// that grows without bounds.
    fn remarks(&mut self, task: usize, report: &EpochReport) -> Vec<String> {
        let row = EpochMetrics {
            epoch: report.epoch + 1,
            passive: PassiveNeurons::of(&report.activity, &report.activity),
            ..EpochMetrics::default()
        };
        self.passive.push(row);
        let (settings, network) = (&self.experiment.network, self.trainer.network());
        let passive = passive_remarks::remarks(settings, network, &self.passive).into_iter();
        let guess = (self.sequence.outputs() as f64).ln();
        let rate = self.experiment.training.weights.schedule.rate_key();
        let exploded = (report.loss > EXPLODED * guess).then(|| {
            format!(
                "warning: the loss of epoch {} is {:.3e} nats, and that of a guess {guess:.2}; \
                 lower training.weights.schedule.{rate}",
                report.epoch + 1,
                report.loss
            )
        });
        let of_task = format!("warning: task {}: ", task + 1);
        passive.chain(exploded).map(|line| line.replacen("warning: ", &of_task, 1)).collect()
    }

    /// Lets the protection look at the task, evaluates all tasks and saves. `row` is what the last
    /// epoch came to.
    fn end_task(
        &mut self,
        row: Option<CurveRow>,
        observer: &mut dyn Observer,
    ) -> Result<ControlFlow<()>> {
        let (task, start) = (self.progress.ended, Instant::now());
        let (frames, labels) = self.end_samples(task);
        if self.epochs(task).end == self.trainer.settings().epochs {
            self.trainer.end_task(&frames, &labels)?;
        }
        self.progress.seconds[0] += start.elapsed().as_secs_f64();
        let all = self.evaluate(0..self.sequence.len())?;
        let start = Instant::now();
        self.compare_activity(task, &frames)?;
        self.progress.seconds[1] += start.elapsed().as_secs_f64();
        let told: Vec<f64> = all.iter().map(|on| on.tally().accuracy()).collect();
        let untold: Option<Vec<f64>> =
            all.iter().map(|on| Some(on.tally_without_task()?.accuracy())).collect();
        let line = match self.experiment.method {
            Method::Joint => part_line(task, &told),
            _ => task_line(&all[task].name, task, &told),
        };
        let learned = self.learned(task + 1);
        let curve = &mut self.progress.curve;
        curve.extend(row.map(|row| CurveRow { test_accuracy: told[learned].to_vec(), ..row }));
        tables::write_curve(curve, self.sequence.len(), &self.folder.curve())?;
        self.progress.accuracy.push(told);
        self.progress.without_task.extend(untold);
        self.progress.ended += 1;
        self.progress.under_way = false;
        self.lock.renew()?;
        tables::write_accuracy(&self.progress, &self.folder.accuracy())?;
        let reports = self.trainer.trainer().protection().subspaces();
        let files = [self.folder.subspaces(), self.folder.residuals()];
        let inputs = |name: &str| inputs(self.trainer.network(), name);
        tables::write_subspaces(reports, inputs, [&files[0], &files[1]])?;
        self.save(&self.folder.after_task(task + 1))?;
        self.save(&self.folder.last())?;
        self.say(observer, &line)
    }

    /// Adds to the table of angles how the task that just ended, counted from 0, lies to each before
    /// it. After a resumption, the checkpoints of these tasks tell what they used.
    fn compare_activity(&mut self, task: usize, frames: &[SpikeFrames]) -> Result<()> {
        let path = self.folder.angles();
        let mut network = self.trainer.deployed_network();
        let own = task_activity(&self.experiment, &network, task, frames)?;
        for earlier in self.activity.len()..task {
            let checkpoint = self.folder.after_task(earlier + 1);
            let activity = if checkpoint.is_file() {
                CheckpointFile::open(&checkpoint)?.load(&mut network)?;
                let (frames, _) = self.end_samples(earlier);
                task_activity(&self.experiment, &network, earlier, &frames)?
            } else {
                let line = format!(
                    "warning: {} is gone, so the angles of task {} are not known",
                    checkpoint.display(),
                    earlier + 1
                );
                self.folder.append_log(&line)?;
                Vec::new()
            };
            self.activity.push(activity);
        }
        let mut rows = tables::read_angles(&path)?;
        rows.retain(|row| row.task <= task);
        let earlier = (1..).zip(&self.activity);
        rows.extend(earlier.flat_map(|(of, activity)| angles((task + 1, &own), (of, activity))));
        self.activity.push(own);
        tables::write_angles(&rows, &path)
    }

    /// The training samples of a task that are looked at when it ends, with their classes.
    fn end_samples(&self, task: usize) -> (Vec<SpikeFrames>, Vec<usize>) {
        let train = &*self.sequence.tasks()[task].train;
        let indices = end_samples(train, self.experiment.end_samples, self.experiment.seed());
        let samples = indices.into_iter();
        samples.map(|sample| (train.frames(sample, None), train.label(sample))).unzip()
    }

    fn save(&self, path: &Path) -> Result<()> {
        let (method, kept) = (self.experiment.method, KeptBy::of(&self.experiment));
        let saved = SavedRef { method, kept, progress: &self.progress };
        let progress = serde_json::to_string(&saved).expect("progress has plain fields");
        let own = BTreeMap::from([
            ("experiment".into(), self.experiment.name.clone()),
            ("synfire".into(), env!("CARGO_PKG_VERSION").into()),
            (PROGRESS.into(), progress),
        ]);
        Ok(self.trainer.save(path, &own)?)
    }

    fn conclude(&self) -> Result<ContinualFinish> {
        let Self { experiment, sequence, progress, trainer, .. } = self;
        let result = ContinualResult::of(experiment, sequence, progress, trainer.trainer())?;
        let drawn = TaskPicture::ALL.map(|picture| match picture.draw(&self.folder) {
            Ok(_) | Err(Error::Absent { .. }) => None,
            Err(error) => Some(error.to_string()),
        });
        let warning = drawn.into_iter().flatten().next();
        tables::write_outcome(&result, &self.folder.outcome())?;
        result.write(&self.folder.result())?;
        // Whoever runs it shows the result.
        self.folder.append_log(&format!("{}: {}", result.method, result.line()))?;
        let folder = self.folder.path().to_owned();
        Ok(ContinualFinish::Completed { folder, result: Box::new(result), warning })
    }
}

/// What a checkpoint says of the run.
#[derive(serde::Serialize)]
struct SavedRef<'a> {
    method: Method,
    kept: KeptBy,
    progress: &'a Progress,
}

fn origin(experiment: &ContinualExperiment, sequence: &TaskSequence) -> DataOrigin {
    DataOrigin {
        name: experiment.data_name(),
        sha256: Some(sequence.checksum().to_owned()),
        ..DataOrigin::default()
    }
}

/// The neurons that send to a projection.
fn inputs(network: &Network, name: &str) -> usize {
    let mut projections = network.projections.iter().enumerate();
    let named = projections.find(|(index, _)| network.projection_name(*index) == name);
    named.map_or(0, |(_, projection)| network.populations[projection.source].size)
}

fn epoch_line(method: Method, row: &CurveRow, epochs: usize) -> String {
    let (turn, so_far) = match method {
        Method::Joint => ("part", ""),
        _ => ("task", " so far"),
    };
    let validation = row
        .validation_accuracy
        .map_or(String::new(), |share| format!("  validation {:5.2} %", 100.0 * share));
    format!(
        "{turn} {:>2}  epoch {:>3}/{epochs}  loss {:.4}  train {:5.2} %{validation}  test of the \
         {}{so_far} {:5.2} %",
        row.task,
        row.epoch,
        row.train_loss,
        100.0 * row.train_accuracy,
        counted(row.test_accuracy.len(), "task"),
        100.0 * row.mean_test_accuracy()
    )
}

/// What went wrong in the training of a task, counted from 0.
fn diverged(task: usize, method: Method, error: plasticity::Error) -> Error {
    if !matches!(error, plasticity::Error::Diverged { .. }) {
        return error.into();
    }
    let stiff = match method {
        Method::Ewc if task > 0 => "; or methods.ewc.strength is too high for the learning rate",
        _ => "",
    };
    Error::Diverged { task: task + 1, problem: format!("{error}{stiff}") }
}

/// All tasks at once have no newest one: what ends is a part of their samples.
fn part_line(part: usize, accuracy: &[f64]) -> String {
    let mean = 100.0 * accuracy.iter().sum::<f64>() / accuracy.len() as f64;
    let tasks = counted(accuracy.len(), "task");
    format!("part {:>2} of the samples of {tasks}: mean test accuracy {mean:5.2} %", part + 1)
}

fn task_line(name: &str, task: usize, accuracy: &[f64]) -> String {
    let seen = &accuracy[..=task];
    let mean = 100.0 * seen.iter().sum::<f64>() / seen.len() as f64;
    let own = 100.0 * accuracy[task];
    let task = task + 1;
    let so_far = match task {
        1 => String::new(),
        _ => format!(", mean over the {task} tasks so far {mean:5.2} %"),
    };
    format!("task {task:>2} ({name}): test accuracy {own:5.2} %{so_far}")
}
