//! Neurons that take no part in a run, counted by epoch.

use plasticity::PopulationActivity;

/// Neurons of one population that took no part in an epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassiveNeurons {
    /// Name of the population.
    pub population: String,
    /// In the epoch's training samples, at the time each was trained on, before dropout.
    pub train: PassiveCounts,
    /// In the validation samples of the network as deployed: one tap per synapse.
    pub validation: PassiveCounts,
}

/// How many neurons of a population took no part in some samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PassiveCounts {
    /// Neurons that fired in no sample.
    pub silent: usize,
    /// Neurons that fired in at least nine of ten steps in which they could fire.
    pub saturated: usize,
}

impl From<&PopulationActivity> for PassiveCounts {
    fn from(activity: &PopulationActivity) -> Self {
        Self { silent: activity.silent, saturated: activity.saturated }
    }
}

impl PassiveNeurons {
    /// Joins the counts of training and validation, which list the same populations in the same
    /// order.
    pub(crate) fn of(train: &[PopulationActivity], validation: &[PopulationActivity]) -> Vec<Self> {
        let both = train.iter().zip(validation);
        both.map(|(train, validation)| Self {
            population: train.population.clone(),
            train: train.into(),
            validation: validation.into(),
        })
        .collect()
    }

    /// Silent and saturated while training, silent and saturated in validation.
    pub(crate) fn counts(&self) -> [usize; 4] {
        let Self { train, validation, .. } = self;
        [train.silent, train.saturated, validation.silent, validation.saturated]
    }
}
