//! The network of an experiment before it has learned anything, and the samples of the experiment.

use crate::chosen_samples::{ChosenSamples, SampleChoice, listed, of_split};
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::loaded_data::LoadedData;
use crate::own_parts::load;
use crate::sample_list::SampleList;
use crate::simulated_samples::{SampleSimulator, SimulatedSample};
use crate::simulation::LogSettings;
use crate::started_network::{new_network, start_classes};
use crate::text_file;
use crate::threads::thread_pool;
use datasets::Split;
use sim_core::{Horizon, Network};
use std::path::Path;
use std::sync::Arc;

/// The network of an experiment as its training would begin, with the samples of the experiment:
/// both can be simulated, whether they are fit for training or not.
#[derive(Debug, Clone)]
pub struct UntrainedNetwork {
    experiment: Experiment,
    network: Arc<Network>,
    data: LoadedData,
    split: Split,
}

impl Experiment {
    /// Whether a file holds an experiment, and not a network or something else: whether it has one
    /// of an experiment's sections. A file that cannot be read holds none.
    pub fn is_in(path: &Path) -> bool {
        text_file::read_text(path).is_ok_and(|text| text_file::is_experiment(&text))
    }
}

impl UntrainedNetwork {
    /// Checks the experiment, loads its samples and builds its network. There is one thread per
    /// processor if `threads` is not given.
    ///
    /// # Errors
    /// What is wrong with the experiment or its samples; a network whose projections close a loop,
    /// if the experiment does not say after how many steps a sample ends.
    pub fn new(mut experiment: Experiment, threads: Option<usize>) -> Result<Self> {
        experiment.check()?;
        let names = start_classes(&mut experiment)?;
        let load = || load(&experiment, None, names.as_deref());
        let (data, split) = thread_pool(threads)?.install(load)?;
        experiment.data.fix_shape(&data.origin, data.dataset.classes());
        let (network, _) = new_network(&mut experiment, &data)?;
        let untrained = Self { experiment, network: Arc::new(network), data, split };
        let mut windows = Vec::new();
        untrained.horizon().windows(&untrained.network, &mut windows).map_err(|error| {
            let problem = format!("training.evaluation_steps is not set, but {error}");
            Error::Setting { field: Some("training.evaluation_steps".into()), problem }
        })?;
        Ok(untrained)
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The samples.
    pub fn data(&self) -> &LoadedData {
        &self.data
    }

    /// For how many steps a sample runs through the network.
    pub fn horizon(&self) -> Horizon {
        self.experiment.training.evaluation().horizon
    }

    /// Some samples of the experiment; for [`SampleChoice::First`] the first validation sample.
    ///
    /// # Errors
    /// [`Error::Config`] for an index beyond them.
    pub fn samples(&self, choice: &SampleChoice) -> Result<ChosenSamples> {
        let data = self.data.clone();
        let indices = match choice {
            SampleChoice::First => {
                let first = self.split.validation.first().copied().unwrap_or(0);
                listed(&data, &SampleList::one(first))?
            }
            SampleChoice::Listed(list) => listed(&data, list)?,
            SampleChoice::Split(split) => of_split(&data, &self.split, *split),
        };
        ChosenSamples::new(data, indices)
    }

    /// As [`TrainedRun::simulate`](crate::TrainedRun::simulate). Random sources of a graph fire
    /// anew in every sample. Sources whose spikes are given fire the same spikes in every sample,
    /// as long as the sample lasts.
    ///
    /// # Errors
    /// As [`TrainedRun::simulate`](crate::TrainedRun::simulate).
    pub fn simulate<E: From<Error> + Send>(
        &self,
        samples: &ChosenSamples,
        settings: &LogSettings,
        folder: &Path,
        threads: Option<usize>,
        each: impl FnMut(SimulatedSample) -> std::result::Result<(), E> + Send,
    ) -> std::result::Result<(), E> {
        let description = self.experiment.network.describe(self.experiment.dt_ms())?;
        let seed = self.experiment.seed();
        let simulator = SampleSimulator {
            network: &self.network,
            loss: &self.experiment.training.loss,
            horizon: self.horizon(),
            sources: Some((&description, seed)),
        };
        simulator.run(samples, settings, folder, threads, each)
    }
}
