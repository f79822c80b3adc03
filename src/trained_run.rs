//! A run read back: how good it is, on which samples.

use crate::checkpoint::Checkpoint;
use crate::class_accuracy::ClassAccuracy;
use crate::data_settings::LoadedData;
use crate::data_settings::PINNED_DATA;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::forward_engine::ForwardEngine;
use crate::history::History;
use crate::metrics::Metrics;
use crate::own_parts::{Samples, load};
use crate::recordings_place;
use crate::run_folder::RunFolder;
use crate::simulation::Simulation;
use crate::started_network::first_network;
use crate::threads::thread_pool;
use datasets::Split;
use plasticity::gradient::Loss;
use plasticity::{CheckpointFile, Evaluation, EvaluationSettings};
use sim_core::{Horizon, Network};
use std::path::Path;
use std::sync::Arc;

/// Which of a run's own samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EvaluatedSplit {
    /// Those the run never trained on.
    #[default]
    Validation,
    /// Those it trained on, as recorded.
    Train,
    /// Both.
    All,
}

impl EvaluatedSplit {
    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::Train => "train",
            Self::All => "all",
        }
    }
}

/// How good a run is on some samples, with one tap per synapse.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitEvaluation {
    /// `validation`, `train` or `all`.
    pub split: &'static str,
    /// Where the samples come from.
    pub data: String,
    /// The result.
    pub evaluation: Evaluation,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// How many of the samples the run trained on.
    pub trained_on: usize,
    /// What people should know of the samples; nothing of the run's own, which training told.
    pub notes: Vec<String>,
}

impl SplitEvaluation {
    /// Accuracy by class.
    pub fn by_class(&self) -> Vec<ClassAccuracy> {
        ClassAccuracy::of(&self.classes, &self.evaluation.confusion)
    }
}

/// The one sample a command speaks of.
#[derive(Debug, Clone)]
pub struct ChosenSample {
    /// The samples.
    pub data: LoadedData,
    /// Index of the chosen one.
    pub index: usize,
}

/// A run's folder with one of its networks.
#[derive(Debug, Clone)]
pub struct TrainedRun {
    folder: RunFolder,
    experiment: Experiment,
    start: Network,
    network: Network,
    /// Epochs finished when the checkpoint was written.
    epoch: usize,
    /// Whether it was written within the next one.
    is_within_epoch: bool,
    /// What scores the readout; none where only the program that trained the run has it.
    loss: Option<Arc<dyn Loss>>,
    /// Samples that the program brought which trained the run.
    samples: Option<Samples>,
    /// What evaluates it.
    engine: ForwardEngine,
    /// Most samples that are evaluated together; those of training where it is not given.
    batch_size: Option<usize>,
}

impl TrainedRun {
    /// Reads the experiment and a checkpoint of the run in `folder`.
    ///
    /// # Errors
    /// When the folder holds no run, there is no checkpoint yet, or the checkpoint belongs to
    /// another network.
    pub fn open(folder: &Path, checkpoint: Checkpoint) -> Result<Self> {
        let folder = RunFolder::open(folder)?;
        let experiment = folder.experiment()?;
        let unknown = || {
            Error::folder(
                &folder.config(),
                "data.source.channels or classes is missing, but the configuration of a run names both",
            )
        };
        let (channels, classes) = experiment.data.shape().ok_or_else(unknown)?;
        let start = first_network(&experiment, &folder, channels, classes)?;
        let mut network = start.clone();
        let path = folder.checkpoint(checkpoint);
        if !path.exists() {
            return Err(folder.missing_checkpoint(checkpoint));
        }
        let file = CheckpointFile::open(&path)?;
        file.load(&mut network)?;
        let (epoch, is_within_epoch) = (file.epoch(), file.is_within_epoch());
        experiment.data.check_pinned(file.own().get(PINNED_DATA), &folder.config())?;
        let environment = Environment::read(&folder.environment())?;
        let has_own_loss = environment.own.iter().any(|part| part == "loss");
        let loss = (!has_own_loss).then(|| Arc::new(experiment.training.loss) as Arc<dyn Loss>);
        let (samples, engine, batch_size) = (None, ForwardEngine::Layered, None);
        Ok(Self {
            folder,
            experiment,
            start,
            network,
            epoch,
            is_within_epoch,
            loss,
            samples,
            engine,
            batch_size,
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

    /// The run, scored by a loss of the program's own: that with which it trained.
    pub fn with_loss(mut self, loss: Arc<dyn Loss>) -> Self {
        self.loss = Some(loss);
        self
    }

    /// The run, on samples of the program's own: those on which it trained.
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

    /// What was run.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// The network before training.
    pub fn start(&self) -> &Network {
        &self.start
    }

    /// The network of the checkpoint.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Epochs finished when the checkpoint was written.
    pub fn epoch(&self) -> usize {
        self.epoch
    }

    /// Whether the checkpoint is that of a run that was stopped within the epoch after those.
    pub fn is_within_epoch(&self) -> bool {
        self.is_within_epoch
    }

    /// For how many steps a sample runs through the network.
    pub fn horizon(&self) -> Horizon {
        self.experiment.training.evaluation().horizon
    }

    /// A sample on its way through the network.
    ///
    /// # Errors
    /// As [`Simulation::of_sample`].
    pub fn simulation(&self, sample: &ChosenSample) -> Result<Simulation> {
        Simulation::of_sample(&self.network, &sample.data, sample.index, self.horizon())
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
            let sha256 = environment.samples().validation;
            let folder = self.folder.path();
            recordings_place::find_validation(&mut experiment.data, folder, sha256.as_deref())?;
        }
        let (loaded, split) = load(&experiment, self.samples.as_ref())?;
        environment.check_data(&loaded)?;
        Ok((loaded, split))
    }

    /// The samples of a file, with the run's own split where they are those the run was made with.
    fn data_of(&self, path: &Path) -> Result<(LoadedData, Option<Split>)> {
        let environment = Environment::read(&self.folder.environment())?;
        let mut data = self.experiment.data.clone();
        data.use_file_of_shape(path);
        data.load_for(path, &environment.samples(), self.experiment.seed())
    }

    /// Evaluates the network on samples of the run's own data or of another file. `split` is
    /// validation for the run's own data and all of another file where it is not given.
    ///
    /// # Errors
    /// What is wrong with the data; [`Error::Absent`] when the run's own are not there;
    /// [`Error::Config`] when training or validation samples are asked of a file that is not the
    /// one the run was made with.
    pub fn evaluate(
        &self,
        data: Option<&Path>,
        split: Option<EvaluatedSplit>,
        threads: Option<usize>,
    ) -> Result<SplitEvaluation> {
        let (loaded, parts, split) = match data {
            Some(path) => {
                let (loaded, parts) = self.data_of(path)?;
                (loaded, parts, split.unwrap_or(EvaluatedSplit::All))
            }
            None => {
                let (loaded, parts) = self.own_data()?;
                (loaded, Some(parts), split.unwrap_or_default())
            }
        };
        let name = split.name();
        let trained = parts.as_ref().map(|parts| parts.train.clone()).unwrap_or_default();
        let indices: Vec<usize> = match (split, parts) {
            (EvaluatedSplit::All, _) => (0..loaded.dataset.len()).collect(),
            (EvaluatedSplit::Validation, Some(parts)) => parts.validation,
            (EvaluatedSplit::Train, Some(parts)) => parts.train,
            (_, None) => {
                let own = Environment::read(&self.folder.environment())?.data.name;
                let problem = format!(
                    "these are not the samples the run was made with, {own}, so they have no \
                     {name} split; without --split all of them are evaluated"
                );
                return Err(Error::config(loaded.origin.name, problem));
            }
        };
        if indices.is_empty() {
            let problem = format!("this file of the run holds no {name} samples");
            return Err(Error::config(loaded.origin.name, problem));
        }
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
        let mut notes = if data.is_some() { loaded.notes.clone() } else { Vec::new() };
        if data.is_some() && trained_on > 0 {
            notes.push(format!(
                "{}: the run trained on {trained_on} of these {} samples",
                loaded.origin.name,
                indices.len()
            ));
        }
        Ok(SplitEvaluation {
            trained_on,
            notes,
            split: name,
            data: names_of(&loaded, split),
            evaluation,
            classes: loaded.class_names(),
        })
    }

    /// Sample `index` of a file or of the run's own data. Where no index is given: the first
    /// validation sample of the run's own, also of a file that holds them; the first of another
    /// file.
    ///
    /// # Errors
    /// What is wrong with the data, or an index beyond them.
    pub fn sample(&self, data: Option<&Path>, index: Option<usize>) -> Result<ChosenSample> {
        let (loaded, first) = match data {
            Some(path) => {
                let (loaded, split) = self.data_of(path)?;
                (loaded, split.and_then(|split| split.validation.first().copied()).unwrap_or(0))
            }
            None => {
                let (loaded, split) = self.own_data()?;
                (loaded, split.validation[0])
            }
        };
        let index = index.unwrap_or(first);
        let samples = loaded.dataset.len();
        if index >= samples {
            return Err(Error::config(
                loaded.origin.name,
                format!("sample {index} was asked for, but there are {samples}, counted from 0"),
            ));
        }
        Ok(ChosenSample { data: loaded, index })
    }
}

/// How many of `samples` are among those that were `trained` on, which ascend.
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
