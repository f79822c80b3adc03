//! A run read back: how good it is, on which samples.

use crate::checkpoint::Checkpoint;
use crate::data_settings::PINNED_DATA;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::forward_engine::ForwardEngine;
use crate::history::History;
use crate::loaded_data::{LoadedData, OwnSplit};
use crate::metrics::Metrics;
use crate::own_parts::{Samples, load};
use crate::recordings_place;
use crate::run_folder::RunFolder;
use crate::split_evaluation::{EvaluatedSplit, SplitEvaluation};
use crate::split_table::SplitTable;
use crate::started_network::first_network;
use crate::threads::thread_pool;
use datasets::{Split, TimeUnit};
use plasticity::gradient::Loss;
use plasticity::{CheckpointFile, EvaluationSettings};
use sim_core::{Horizon, Network};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A run's folder with one of its networks.
#[derive(Debug, Clone)]
pub struct TrainedRun {
    folder: RunFolder,
    experiment: Experiment,
    start: Network,
    network: Arc<Network>,
    /// The file that the network was read from.
    checkpoint: PathBuf,
    /// Epochs finished when the checkpoint was written.
    epoch: usize,
    /// Whether the checkpoint was written within the next epoch.
    is_within_epoch: bool,
    /// What scores the readout; none where only the program that trained the run has it.
    loss: Option<Arc<dyn Loss>>,
    /// The program's own samples, if the run was trained on such.
    samples: Option<Samples>,
    /// The engine that evaluates the network.
    engine: ForwardEngine,
    /// Most samples that are evaluated together; the batch size of training if not given.
    batch_size: Option<usize>,
    /// The unit of times in files other than the run's own, if given.
    time_unit: Option<TimeUnit>,
}

impl TrainedRun {
    /// Reads the experiment and a checkpoint of the run in `folder`.
    ///
    /// # Errors
    /// When the folder holds no run, there is no checkpoint yet, or the checkpoint belongs to
    /// another network.
    pub fn open(folder: &Path, checkpoint: Checkpoint) -> Result<Self> {
        let folder = RunFolder::open(folder)?;
        folder.refuse_tasks()?;
        let experiment = folder.experiment()?;
        let unknown = || {
            Error::folder(
                &folder.config(),
                "data.source.channels or classes is missing, but the configuration of a run names \
                 both",
            )
        };
        let (channels, classes) = experiment.data.shape().ok_or_else(unknown)?;
        let start = first_network(&experiment, &folder, channels, classes)?;
        let mut network = start.clone();
        let checkpoint = folder.existing_checkpoint(checkpoint)?;
        let file = CheckpointFile::open(&checkpoint)?;
        file.load(&mut network)?;
        let (epoch, is_within_epoch) = (file.epoch(), file.is_within_epoch());
        experiment.data.check_pinned(file.own().get(PINNED_DATA), &folder.config())?;
        let environment = Environment::read(&folder.environment())?;
        let has_own_loss = environment.own.iter().any(|part| part == "loss");
        let loss = (!has_own_loss).then(|| Arc::new(experiment.training.loss) as Arc<dyn Loss>);
        let (samples, engine) = (None, ForwardEngine::Layered);
        let (batch_size, time_unit) = (None, None);
        Ok(Self {
            folder,
            experiment,
            start,
            network: Arc::new(network),
            checkpoint,
            epoch,
            is_within_epoch,
            loss,
            samples,
            engine,
            batch_size,
            time_unit,
        })
    }

    /// The run, evaluated by another engine than the layered one.
    pub fn with_engine(mut self, engine: ForwardEngine) -> Self {
        self.engine = engine;
        self
    }

    /// The run, evaluated in batches of up to `samples`, at least 1. No result depends on it.
    pub fn with_batch_size(mut self, samples: usize) -> Self {
        self.batch_size = Some(samples);
        self
    }

    /// The run, for files whose times are in this unit. Without it, times are taken to be in the
    /// unit of the run's own samples, and a file is refused if its recordings then last a hundred
    /// times as long as the run's, or a hundredth.
    pub fn with_time_unit(mut self, unit: TimeUnit) -> Self {
        self.time_unit = Some(unit);
        self
    }

    /// The run, scored by the program's own loss, with which the run trained.
    pub fn with_loss(mut self, loss: Arc<dyn Loss>) -> Self {
        self.loss = Some(loss);
        self
    }

    /// The run, on the program's own samples, on which the run trained.
    pub fn with_samples(mut self, samples: Samples) -> Self {
        self.samples = Some(samples);
        self
    }

    /// What scores the readout of the network.
    ///
    /// # Errors
    /// [`Error::Folder`] when the run was trained with a loss of a program's own, and
    /// [`Self::with_loss`] has not brought it.
    pub fn loss(&self) -> Result<&dyn Loss> {
        let problem = "this run was trained with a loss of a program's own, and only that program \
                       can score its readout";
        self.loss.as_deref().ok_or_else(|| Error::folder(self.folder.path(), problem))
    }

    /// Where the run lies.
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// The experiment of the run.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// The network before training.
    pub fn start(&self) -> &Network {
        &self.start
    }

    /// The network of the checkpoint.
    pub fn network(&self) -> &Arc<Network> {
        &self.network
    }

    /// The file that the network was read from.
    pub fn checkpoint(&self) -> &Path {
        &self.checkpoint
    }

    /// Epochs finished when the checkpoint was written.
    pub fn epoch(&self) -> usize {
        self.epoch
    }

    /// Whether the run was stopped, and the checkpoint written, within the epoch after those.
    pub fn is_within_epoch(&self) -> bool {
        self.is_within_epoch
    }

    /// For how many steps a sample runs through the network.
    pub fn horizon(&self) -> Horizon {
        self.experiment.training.evaluation().horizon
    }

    /// The metrics so far.
    ///
    /// # Errors
    /// What is wrong with `metrics.csv`.
    pub fn metrics(&self) -> Result<Metrics> {
        Metrics::read(&self.folder.metrics())
    }

    /// How weights and delays moved so far.
    ///
    /// # Errors
    /// What is wrong with `weights.csv` or `delays.csv`.
    pub fn history(&self) -> Result<History> {
        History::read(&self.start, &self.folder.weights(), &self.folder.delays())
    }

    /// All samples of another file, binned as the run's own.
    ///
    /// # Errors
    /// What is wrong with the file; units and labels must fit the run's network.
    pub fn load_file(&self, path: &Path) -> Result<LoadedData> {
        Ok(self.data_of(path)?.0)
    }

    /// The samples the run was made with, found again where they have moved with the run.
    fn own_data(&self) -> Result<(LoadedData, Split)> {
        let environment = Environment::read(&self.folder.environment())?;
        let mut experiment = self.experiment.clone();
        if self.samples.is_none() {
            let sha256 = environment.data.sha256.as_deref();
            recordings_place::find(&mut experiment.data, self.folder.path(), sha256)?;
            let (folder, sha256) = (self.folder.path(), environment.validation_sha256());
            let data = &mut experiment.data;
            recordings_place::find_validation(data, folder, sha256, "--data FILE")?;
        }
        let names = environment.class_names(&experiment);
        let (loaded, split) = load(&experiment, self.samples.as_ref(), names.as_deref())?;
        environment.check_data(&loaded)?;
        Ok((loaded, split))
    }

    /// The samples of a file, with the run's own split if they are samples that the run was made
    /// with.
    fn data_of(&self, path: &Path) -> Result<(LoadedData, Option<OwnSplit>)> {
        let environment = Environment::read(&self.folder.environment())?;
        let mut data = self.experiment.data.clone();
        data.use_file_of_shape(path);
        let own = environment.samples(SplitTable::read(&self.folder.split())?);
        data.load_for(path, &own, self.time_unit, self.experiment.seed())
    }

    /// The run's own samples with their split, or the samples of `file`, with the run's split if
    /// the file holds samples of the run.
    pub(crate) fn data(&self, file: Option<&Path>) -> Result<(LoadedData, Option<OwnSplit>)> {
        match file {
            Some(path) => self.data_of(path),
            None => {
                let (loaded, split) = self.own_data()?;
                Ok((loaded, Some(OwnSplit { split, known_of: None })))
            }
        }
    }

    /// The samples of a split; `parts` is the run's split if `loaded` holds the run's own samples.
    ///
    /// # Errors
    /// [`Error::Config`] when the split has no samples, or the samples of another file have no such
    /// split.
    pub(crate) fn split_indices(
        &self,
        loaded: &LoadedData,
        parts: Option<&Split>,
        split: EvaluatedSplit,
    ) -> Result<Vec<usize>> {
        let name = split.name();
        let indices = match (split, parts) {
            (EvaluatedSplit::All, _) => (0..loaded.dataset.len()).collect(),
            (EvaluatedSplit::Validation, Some(parts)) => parts.validation.clone(),
            (EvaluatedSplit::Train, Some(parts)) => parts.train.clone(),
            (_, None) => {
                let own = Environment::read(&self.folder.environment())?.data.name;
                let problem = format!(
                    "these are not the samples the run was made with, {own}, so they have no \
                     {name} split; leave --split out, or ask for all"
                );
                return Err(Error::config(&loaded.origin.name, problem));
            }
        };
        if indices.is_empty() {
            let problem = format!("this file of the run holds no {name} samples");
            return Err(Error::config(&loaded.origin.name, problem));
        }
        Ok(indices)
    }

    /// Evaluates the network on samples of the run's own data or of another file. Where `split` is
    /// not given, it is validation for the run's own data, and all for another file.
    ///
    /// # Errors
    /// What is wrong with the data; [`Error::Absent`] when the run's own data are not there;
    /// [`Error::Config`] when training or validation samples are asked of a file that is not the
    /// one the run was made with.
    pub fn evaluate(
        &self,
        data: Option<&Path>,
        split: Option<EvaluatedSplit>,
        threads: Option<usize>,
    ) -> Result<SplitEvaluation> {
        let is_own = data.is_none();
        let (loaded, parts) = self.data(data)?;
        let split =
            split.unwrap_or(if is_own { EvaluatedSplit::Validation } else { EvaluatedSplit::All });
        let name = split.name();
        let own = parts.as_ref().map(|parts| &parts.split);
        let indices = self.split_indices(&loaded, own, split)?;
        let trained = own.map(|own| own.train.clone()).unwrap_or_default();
        let known_of = parts.as_ref().and_then(|parts| parts.known_of);
        let known = own.map_or(0, |own| own.train.len() + own.validation.len());
        // Some of the unknown samples may be the run's, with times rounded differently.
        let is_lower_bound = known_of.is_some() && known < loaded.dataset.len();
        let mut experiment = self.experiment.clone();
        let training = &mut experiment.training;
        training.batch_size = self.batch_size.unwrap_or(training.batch_size);
        experiment.check_memory(&loaded, false)?;
        let loss = self.loss()?;
        let settings = EvaluationSettings { scores: true, ..experiment.training.evaluation() };
        let run = || {
            let samples = &*loaded.dataset;
            self.engine.evaluate(&self.network, loss, settings, samples, &indices)
        };
        let evaluation = thread_pool(threads)?.install(run)?;
        let trained_on = trained_on(&indices, &trained);
        let mut notes = if is_own { Vec::new() } else { loaded.notes.clone() };
        let (file, samples) = (&loaded.origin.name, indices.len());
        if !is_own && trained_on > 0 && split != EvaluatedSplit::Train {
            let at_least = if is_lower_bound { "at least " } else { "" };
            notes.push(format!(
                "{file}: the run trained on {at_least}{trained_on} of these {samples} samples"
            ));
        }
        let of = match (known_of, split) {
            (Some([train, _]), EvaluatedSplit::Train) => Some(train),
            (Some([_, validation]), EvaluatedSplit::Validation) => Some(validation),
            _ => None,
        };
        notes.extend(of.filter(|&of| of != samples).map(|of| {
            format!("{file}: of the run's {of} {name} samples, {samples} are known in this file")
        }));
        let silent = evaluation.firing_rates.iter().filter(|(_, rate)| *rate == 0.0);
        notes.extend(silent.map(|(name, _)| format!("{name} never fires on these samples")));
        Ok(SplitEvaluation {
            trained_on,
            notes,
            split: name,
            data: names_of(&loaded, split),
            evaluation,
            classes: loaded.class_names(),
        })
    }
}

/// How many of `samples` are in `trained`, the samples trained on, which ascend.
fn trained_on(samples: &[usize], trained: &[usize]) -> usize {
    samples.iter().filter(|sample| trained.binary_search(sample).is_ok()).count()
}

/// The files that the samples of a split come from.
fn names_of(data: &LoadedData, split: EvaluatedSplit) -> String {
    let own = &data.origin.name;
    match (&data.validation, split) {
        (None, _) | (Some(_), EvaluatedSplit::Train) => own.clone(),
        (Some(file), EvaluatedSplit::Validation) => file.origin.name.clone(),
        (Some(file), EvaluatedSplit::All) => format!("{own} and {}", file.origin.name),
    }
}
