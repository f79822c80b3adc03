//! What a program brings to a run, beside the experiment.

use crate::data_notes;
use crate::data_origin::DataOrigin;
use crate::data_settings::MemorySource;
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::loaded_data::LoadedData;
use datasets::{Split, checksum};
use plasticity::Protection;
use plasticity::gradient::Loss;
use sim_core::{Regularizer, SampleSource, mislabelled};
use std::sync::Arc;

/// Samples that a program made, and which of them validate.
#[derive(Debug, Clone)]
pub struct Samples {
    /// What they are called in messages and in the run's folder.
    pub name: String,
    /// The samples.
    pub source: Arc<dyn SampleSource>,
    /// Which of them train, and which validate.
    pub split: Split,
}

/// What a program brings to a run. A configuration file cannot hold these parts, so the program
/// must bring them again to resume the run. The program makes sure that they are the same: a run
/// compares only the checksum of samples, and the number of other parts of each kind.
#[derive(Debug, Default)]
pub struct OwnParts {
    /// Samples instead of the samples of `[data]`.
    pub samples: Option<Samples>,
    /// A loss instead of the loss of `[training]`. It must read what the loss of `[training]`
    /// reads: spikes or potentials.
    pub loss: Option<Arc<dyn Loss>>,
    /// Regularisers beside the regularisers of `[training]`.
    pub regularizers: Vec<Box<dyn Regularizer>>,
    /// What training must not disturb.
    pub protection: Option<Box<dyn Protection>>,
}

impl OwnParts {
    /// Only samples.
    pub fn of_samples(samples: Samples) -> Self {
        Self { samples: Some(samples), ..Self::default() }
    }

    /// The parts that are there, but for samples, which their checksum tells apart.
    pub(crate) fn names(&self) -> Vec<String> {
        let Self { samples: _, loss, regularizers, protection } = self;
        let loss = loss.iter().map(|_| "loss".to_owned());
        let regularizers = regularizers.iter().map(|_| "regularizer".to_owned());
        let protection = protection.iter().map(|_| "protection".to_owned());
        loss.chain(regularizers).chain(protection).collect()
    }
}

impl Samples {
    /// Checks that every sample of the split is there, on one side only, and that neither side is
    /// empty.
    ///
    /// # Errors
    /// One that names the samples and the first index that does not fit.
    pub(crate) fn check(&self) -> Result<()> {
        let wrong = |problem: String| Err(Error::samples(&self.name, problem));
        let Split { train, validation } = &self.split;
        let mut seen = vec![false; self.source.len()];
        for (side, indices) in [("train", train), ("validation", validation)] {
            if indices.is_empty() {
                return wrong(format!("the split leaves no sample for {side}"));
            }
            for &index in indices {
                match seen.get_mut(index) {
                    Some(seen) if !*seen => *seen = true,
                    Some(_) => return wrong(format!("sample {index} is twice in the split")),
                    None => {
                        let samples = self.source.len();
                        return wrong(format!("the split has sample {index} of {samples}"));
                    }
                }
            }
        }
        match mislabelled(&*self.source) {
            Some(problem) => wrong(problem),
            None => Ok(()),
        }
    }

    /// The samples as a run takes them, with the checksum of the samples and their split.
    ///
    /// # Errors
    /// A sample that does not have the channels of the source.
    pub(crate) fn load(&self) -> Result<LoadedData> {
        let sha256 = checksum(&*self.source, &self.split);
        let sha256 = Some(sha256.map_err(|error| Error::samples(&self.name, error.to_string()))?);
        let origin = DataOrigin { name: self.name.clone(), sha256, ..DataOrigin::default() };
        let notes = data_notes::of_split(&self.name, &self.split, &*self.source);
        let dataset = Arc::clone(&self.source);
        Ok(LoadedData { dataset, origin, notes, validation: None, described: None })
    }

    /// What a configuration says of them.
    pub(crate) fn described(&self) -> MemorySource {
        MemorySource {
            name: self.name.clone(),
            channels: self.source.channels(),
            classes: self.source.classes(),
        }
    }
}

/// The samples of a run: the samples of the experiment, or `own` samples that a program brings. If
/// `names` are given, classes of a file are numbered in their order.
pub(crate) fn load(
    experiment: &Experiment,
    own: Option<&Samples>,
    names: Option<&[String]>,
) -> Result<(LoadedData, Split)> {
    match own {
        None => experiment.data.load_split_as(experiment.seed(), names),
        Some(samples) => {
            samples.check()?;
            Ok((samples.load()?, samples.split.clone()))
        }
    }
}
