//! The samples a command speaks of.

use crate::error::{Error, Result};
use crate::loaded_data::LoadedData;
use crate::sample_list::SampleList;
use crate::simulation::Simulation;
use crate::split_evaluation::EvaluatedSplit;
use crate::trained_run::TrainedRun;
use datasets::Split;
use std::path::Path;

/// One chosen sample.
#[derive(Debug, Clone)]
pub struct ChosenSample {
    /// The samples.
    pub data: LoadedData,
    /// Index of the chosen sample.
    pub index: usize,
}

/// Chosen samples, at least one.
#[derive(Debug, Clone)]
pub struct ChosenSamples {
    /// The samples.
    pub data: LoadedData,
    /// Indices of the chosen samples, ascending.
    pub indices: Vec<usize>,
}

/// Which samples of some data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SampleChoice {
    /// One sample: the first validation sample of the run, also in a file that holds the run's
    /// samples; in another file, its first sample.
    #[default]
    First,
    /// The samples of a list.
    Listed(SampleList),
    /// The samples of a split.
    Split(EvaluatedSplit),
}

impl ChosenSamples {
    /// These samples of `data`.
    ///
    /// # Errors
    /// [`Error::Config`] where there are none.
    pub(crate) fn new(data: LoadedData, indices: Vec<usize>) -> Result<Self> {
        if indices.is_empty() {
            return Err(Error::config(&data.origin.name, "there are no samples"));
        }
        Ok(Self { data, indices })
    }
}

/// The samples of a list.
///
/// # Errors
/// [`Error::Config`] for an index beyond them.
pub(crate) fn listed(data: &LoadedData, list: &SampleList) -> Result<Vec<usize>> {
    let samples = data.dataset.len();
    list.indices(samples).map_err(|index| {
        let problem = match samples.checked_sub(1) {
            Some(last) => format!("there is no sample {index}: the samples are 0 to {last}"),
            None => "there are no samples".into(),
        };
        Error::config(&data.origin.name, problem)
    })
}

/// The samples of a side of the split that they were loaded with.
pub(crate) fn of_split(data: &LoadedData, parts: &Split, split: EvaluatedSplit) -> Vec<usize> {
    match split {
        EvaluatedSplit::All => (0..data.dataset.len()).collect(),
        EvaluatedSplit::Validation => parts.validation.clone(),
        EvaluatedSplit::Train => parts.train.clone(),
    }
}

impl TrainedRun {
    /// Samples of a file or of the run's own data.
    ///
    /// # Errors
    /// What is wrong with the data; [`Error::Config`] for an index beyond them, or a split that
    /// they do not have.
    pub fn samples(&self, data: Option<&Path>, choice: &SampleChoice) -> Result<ChosenSamples> {
        let (data, parts) = self.data(data)?;
        let indices = match choice {
            SampleChoice::First => {
                let first = parts.and_then(|parts| parts.split.validation.first().copied());
                listed(&data, &SampleList::one(first.unwrap_or(0)))?
            }
            SampleChoice::Listed(list) => listed(&data, list)?,
            SampleChoice::Split(split) => {
                let own = parts.as_ref().map(|parts| &parts.split);
                self.split_indices(&data, own, *split)?
            }
        };
        ChosenSamples::new(data, indices)
    }

    /// Sample `index` of a file or of the run's own data; [`SampleChoice::First`] without an index.
    ///
    /// # Errors
    /// As [`Self::samples`].
    pub fn sample(&self, data: Option<&Path>, index: Option<usize>) -> Result<ChosenSample> {
        let choice = match index {
            Some(index) => SampleChoice::Listed(SampleList::one(index)),
            None => SampleChoice::First,
        };
        let ChosenSamples { data, indices } = self.samples(data, &choice)?;
        Ok(ChosenSample { data, index: indices[0] })
    }

    /// A sample on its way through the network.
    ///
    /// # Errors
    /// As [`Simulation::of_sample`].
    pub fn simulation(&self, sample: &ChosenSample) -> Result<Simulation> {
        Simulation::of_sample(self.network(), &sample.data, sample.index, self.horizon())
    }
}
