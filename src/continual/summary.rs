//! What is in a run over tasks, for people and for machines.

use crate::continual::experiment::ContinualExperiment;
use crate::continual::method::Method;
use crate::continual::result::{ContinualResult, StoredCounts};
use crate::continual::tables::{self, TaskRow};
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::packed_run::PackedRun;
use crate::run_folder::RunFolder;
use crate::run_lock::Writer;
use crate::run_names::{ACCURACY, CONFIG, RESULT, TASKS};
use crate::run_place::{FileSize, RunPlace, write_network, write_origin, write_state};
use datasets::{Heads, counted};
use layered::LayeredEngine;
use plasticity::Trainer;
use serde::Serialize;
use sim_core::Outline;
use std::fmt;
use std::path::Path;

/// What is in a run over tasks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ContinualSummary {
    /// The folder or the archive as it was named.
    pub run: String,
    /// Name of the experiment.
    pub experiment: String,
    /// One line for people, with the changes to a recipe.
    pub description: String,
    /// By which method earlier tasks are kept.
    pub method: Method,
    /// Whether the run came to its end.
    pub finished: bool,
    /// The process that is training into it.
    pub writer: Option<Writer>,
    /// The tasks.
    pub tasks: Vec<TaskRow>,
    /// Whether all tasks share the outputs, or each has its own.
    pub heads: Heads,
    /// Epochs of each task.
    pub epochs: usize,
    /// `accuracy[i][j]`: after task `i`, on the test samples of task `j`; fractions. Where all tasks
    /// are trained at once, after part `i` of their samples.
    pub accuracy: Vec<Vec<f64>>,
    /// Mean accuracy on the tasks learned so far; ACC once all are.
    pub acc: Option<f64>,
    /// BWT, if the run is finished and its tasks were learned one after the other.
    pub bwt: Option<f64>,
    /// What the method keeps of tasks, if the run is finished.
    pub stored: Option<StoredCounts>,
    /// The network without what is learned.
    pub network: Outline,
    /// Number of trainable parameters.
    pub parameters: usize,
    /// Program, machine and data.
    pub environment: Environment,
    /// The files by name.
    pub files: Vec<FileSize>,
}

impl ContinualSummary {
    /// Summarises the run over tasks in a folder; `None` for a run of another kind.
    ///
    /// # Errors
    /// When the folder holds no run, or a file of it is damaged.
    pub fn of_folder(path: &Path) -> Result<Option<Self>> {
        Self::new(&mut RunPlace::Folder(RunFolder::open(path)?))
    }

    /// Summarises a run over tasks that [`RunFolder::pack`] packed; `None` for any other file.
    ///
    /// # Errors
    /// When the file cannot be read, or a file of the run is damaged.
    pub fn of_packed(path: &Path) -> Result<Option<Self>> {
        match PackedRun::open(path)? {
            Some(packed) => Self::new(&mut RunPlace::Packed(path.to_owned(), packed)),
            None => Ok(None),
        }
    }

    fn new(place: &mut RunPlace) -> Result<Option<Self>> {
        let Some((text, path)) = place.text(TASKS)? else { return Ok(None) };
        let tasks = tables::parse_tasks(&text, &path)?;
        let (text, config) = place.needed(CONFIG)?;
        let origin = config.display().to_string();
        let experiment = ContinualExperiment::parse(&text, &origin, "run", &[])?;
        let accuracy = match place.text(ACCURACY)? {
            Some((text, path)) => tables::parse_accuracy(&text, &path)?,
            None => Vec::new(),
        };
        let result = match place.text(RESULT)? {
            Some((text, path)) => Some(ContinualResult::parse(&text, &path)?),
            None => None,
        };
        let of_all = |task: &TaskRow| task.first_output + task.outputs;
        let outputs = tasks.iter().map(of_all).max().unwrap_or(0);
        let Some(TaskRow { channels, .. }) = tasks.first() else {
            return Err(Error::folder(&path, "this run has no tasks"));
        };
        let (settings, dt_ms, seed) =
            (&experiment.network, experiment.data.dt_ms, experiment.seed());
        settings.check_size(*channels, outputs, dt_ms)?;
        let network = settings.build(*channels, outputs, dt_ms, seed)?;
        let engine = Box::new(LayeredEngine::new(&network)?);
        let trainer = Trainer::new(network, engine, experiment.training.clone(), seed)?;
        let so_far = |row: &Vec<f64>| experiment.method.learned(accuracy.len(), row.len());
        let learned = accuracy.last().map(|row| &row[so_far(row)]);
        Ok(Some(Self {
            run: place.path().display().to_string(),
            method: experiment.method,
            finished: result.is_some(),
            writer: place.writer(),
            heads: experiment.tasks.heads(),
            epochs: experiment.training.epochs,
            acc: learned.map(|row| row.iter().sum::<f64>() / row.len() as f64),
            bwt: result.as_ref().and_then(|result| result.bwt),
            stored: result.map(|result| result.stored),
            parameters: trainer.parameter_count(),
            network: trainer.network().outline(),
            environment: place.environment()?,
            files: place.files(),
            experiment: experiment.name,
            description: experiment.description,
            tasks,
            accuracy,
        }))
    }

    /// What the tasks came to so far.
    fn outcome(&self) -> String {
        let percent = |share: f64| format!("{:.2} %", 100.0 * share);
        let bwt = self.bwt.map_or(String::new(), |bwt| format!(", BWT {}", percent(bwt)));
        match self.acc {
            Some(acc) if self.finished => format!("; ACC {}{bwt}", percent(acc)),
            Some(acc) => format!("; mean accuracy on them {}", percent(acc)),
            None => String::new(),
        }
    }
}

impl fmt::Display for ContinualSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_state(f, &self.run, self.writer.as_ref(), self.finished)?;
        let at_once = self.method == Method::Joint;
        let order = if at_once { "all tasks at once" } else { "tasks one after the other" };
        writeln!(f, "experiment  {}, {order}", self.experiment)?;
        if !self.description.is_empty() {
            writeln!(f, "described   {}", self.description)?;
        }
        write!(f, "method      {}", self.method)?;
        if let Some(StoredCounts { rows, samples, numbers }) = self.stored {
            let kept = [(rows, "direction"), (samples, "sample"), (numbers, "number")];
            let kept: Vec<String> = kept
                .into_iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, what)| counted(count, what))
                .collect();
            let kept = if kept.is_empty() { "nothing".into() } else { kept.join(", ") };
            write!(f, "; it keeps {kept}")?;
        }
        let (learned, all) = (self.accuracy.len(), self.tasks.len());
        match at_once {
            true => write!(f, "\ntasks       {all}, in {learned} of {all} parts")?,
            false => write!(f, "\ntasks       {learned} of {all} learned")?,
        }
        writeln!(f, "{}", self.outcome())?;
        let heads = match self.heads {
            Heads::Shared => "all tasks share the outputs",
            Heads::PerTask => "each task has outputs of its own",
        };
        writeln!(f, "training    {} each; {heads}", counted(self.epochs, "epoch"))?;
        for (index, task) in self.tasks.iter().enumerate() {
            write!(
                f,
                "task {:<7}{}: {} to train, {} to test, {}",
                index + 1,
                task.name,
                counted(task.train, "sample"),
                task.test,
                counted(task.outputs, "class")
            )?;
            let after = |row: &Vec<f64>| row.get(index).map(|share| 100.0 * share);
            let (own, last) = (self.accuracy.get(index), self.accuracy.last());
            match (own.and_then(after), last.and_then(after)) {
                (_, Some(last)) if at_once => write!(f, "; {last:.2} % now")?,
                (Some(own), Some(last)) => {
                    write!(f, "; {own:.2} % when it ended, {last:.2} % now")?;
                }
                _ => {}
            }
            writeln!(f)?;
        }
        write_network(f, &self.network, self.parameters)?;
        write_origin(f, &self.environment, &self.files)
    }
}
