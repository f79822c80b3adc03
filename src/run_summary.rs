//! What is in a run, for people and for machines: in its folder, or in the archive it was packed
//! into.

use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::metrics::{EpochMetrics, Metrics};
use crate::packed_run::PackedRun;
use crate::run_folder::RunFolder;
use crate::run_lock::Writer;
use crate::run_names::{CONFIG, METRICS, RESULT};
use crate::run_place::{FileSize, RunPlace, write_network, write_origin, write_state};
use crate::run_result::RunResult;
use serde::Serialize;
use sim_core::{Network, Outline, Synapses};
use std::fmt;
use std::path::Path;

/// What is in a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    /// The folder or the archive as it was named.
    pub run: String,
    /// Name of the experiment.
    pub experiment: String,
    /// One line for people, with the changes to a recipe.
    pub description: String,
    /// Whether the run came to its end.
    pub finished: bool,
    /// The process that is training into it.
    pub writer: Option<Writer>,
    /// Finished epochs.
    pub epochs: usize,
    /// Planned epochs.
    pub epochs_planned: usize,
    /// The epoch with the best validation accuracy.
    pub best: Option<EpochAccuracy>,
    /// The newest epoch.
    pub last: Option<EpochAccuracy>,
    /// The validation samples in words.
    pub validation: String,
    /// Number of validation samples, if the run is finished.
    pub validation_samples: Option<usize>,
    /// The network without what is learned.
    pub network: Outline,
    /// Number of trainable parameters.
    pub parameters: usize,
    /// Longest delay of each projection in ms, in the order of the network.
    pub longest_delays_ms: Vec<f64>,
    /// Program, machine, data and start.
    pub environment: Environment,
    /// The files by name.
    pub files: Vec<FileSize>,
}

/// Validation accuracy after an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EpochAccuracy {
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// Its validation accuracy.
    pub accuracy: f64,
    /// Its standard error.
    pub standard_error: f64,
}

impl RunSummary {
    /// Summarises the run in a folder.
    ///
    /// # Errors
    /// When the folder holds no run, or a file of it is damaged.
    pub fn of_folder(path: &Path) -> Result<Self> {
        let folder = RunFolder::open(path)?;
        folder.refuse_tasks()?;
        Self::new(&mut RunPlace::Folder(folder))
    }

    /// Summarises a run that [`RunFolder::pack`] packed; `None` for a file that holds none.
    ///
    /// # Errors
    /// When the file cannot be read, or a file of the run is damaged.
    pub fn of_packed(path: &Path) -> Result<Option<Self>> {
        match PackedRun::open(path)? {
            Some(packed) => Self::new(&mut RunPlace::Packed(path.to_owned(), packed)).map(Some),
            None => Ok(None),
        }
    }

    fn new(place: &mut RunPlace) -> Result<Self> {
        let (text, config) = place.needed(CONFIG)?;
        let experiment = Experiment::parse(&text, &config.display().to_string(), "run", &[])?;
        let environment = place.environment()?;
        let metrics = match place.text(METRICS)? {
            Some((text, path)) => Metrics::parse(&text, &path)?,
            None => Metrics::default(),
        };
        let result = match place.text(RESULT)? {
            Some((text, path)) => Some(RunResult::parse(&text, &path)?),
            None => None,
        };
        let (channels, classes) = experiment
            .data
            .shape()
            .ok_or_else(|| Error::folder(&config, "data.source.classes is missing"))?;
        let network = experiment.build_network(channels, classes)?;
        Ok(Self {
            run: place.path().display().to_string(),
            validation: experiment.data.held_out(),
            finished: result.is_some(),
            writer: place.writer(),
            epochs: metrics.epochs.len(),
            epochs_planned: experiment.training.epochs,
            best: metrics.best().map(accuracy),
            last: metrics.epochs.last().map(accuracy),
            validation_samples: result.map(|result| result.samples),
            parameters: network.parameters().map(|parameter| parameter.values.len()).sum(),
            longest_delays_ms: longest_delays_ms(&network),
            network: network.outline(),
            experiment: experiment.name,
            description: experiment.description,
            environment,
            files: place.files(),
        })
    }
}

fn accuracy(row: &EpochMetrics) -> EpochAccuracy {
    EpochAccuracy {
        epoch: row.epoch,
        accuracy: row.validation_accuracy,
        standard_error: row.validation_standard_error,
    }
}

fn longest_delays_ms(network: &Network) -> Vec<f64> {
    let longest = |synapses: &Synapses| match synapses {
        Synapses::Dense(dense) => dense.max_delay_steps,
        Synapses::Sparse(synapses) => {
            synapses.iter().map(|synapse| synapse.delay_steps as usize).max().unwrap_or(0)
        }
    };
    let projections = network.projections.iter();
    projections.map(|projection| longest(&projection.synapses) as f64 * network.dt_ms).collect()
}

impl fmt::Display for RunSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { environment, network, .. } = self;
        write_state(f, &self.run, self.writer.as_ref(), self.finished)?;
        writeln!(f, "experiment  {}", self.experiment)?;
        if !self.description.is_empty() {
            writeln!(f, "described   {}", self.description)?;
        }
        if let Some(start) = &environment.start {
            writeln!(f, "started     from {}", start.describe())?;
        }
        if !environment.own.is_empty() {
            writeln!(f, "brought     {} of a program's own", environment.own.join(", "))?;
        }
        write!(f, "epochs      {} of {}", self.epochs, self.epochs_planned)?;
        if let (Some(best), Some(last)) = (self.best, self.last) {
            write!(
                f,
                "; best {:.1} ± {:.1} % (epoch {}), last {:.1} ± {:.1} %",
                100.0 * best.accuracy,
                100.0 * best.standard_error,
                best.epoch,
                100.0 * last.accuracy,
                100.0 * last.standard_error,
            )?;
        }
        let samples = self.validation_samples.map(|samples| format!("{samples} samples, "));
        writeln!(f, "\nvalidation  {}{}", samples.unwrap_or_default(), self.validation)?;
        write_network(f, network, self.parameters)?;
        for (projection, longest) in network.projections.iter().zip(&self.longest_delays_ms) {
            writeln!(f, "projection  {}: delays 0 to {longest} ms", projection.name)?;
        }
        write_origin(f, environment, &self.files)
    }
}
