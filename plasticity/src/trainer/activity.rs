//! Neurons that take no part: silent ones, and saturated ones.
//!
//! A silent neuron passes no information on. A saturated neuron fires whatever its input is, and
//! passes none on either. Both are counted over all samples, each over its own steps: the steps
//! that a batch appends to a short sample have no input.

use serde::{Deserialize, Serialize};
use sim_core::{Cells, Network, PopulationReport};

/// A neuron counts as saturated from this share of the spikes that it could have fired. The share
/// is below 1, since the first steps, before any delay is over, have no input.
const SATURATED: f64 = 0.9;

/// How many neurons of a population took no part in some samples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PopulationActivity {
    /// Name of the population.
    pub population: String,
    /// Number of neurons.
    pub neurons: usize,
    /// Neurons that did not fire in any sample.
    pub silent: usize,
    /// Neurons that fired in at least nine of ten steps in which they could fire. With a refractory
    /// time of `r` steps, a neuron can fire in one of `1 + r` steps.
    pub saturated: usize,
}

/// Spikes of the neurons of one population over the batches so far.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct ActivitySums {
    /// Spikes by neuron.
    counts: Vec<u64>,
    /// Most spikes that one neuron could have fired.
    most: u64,
}

impl ActivitySums {
    /// Adds what a batch did to the population.
    pub(crate) fn add(&mut self, report: &PopulationReport) {
        self.counts.resize(report.counts.len(), 0);
        self.counts.iter_mut().zip(&report.counts).for_each(|(sum, count)| *sum += count);
        self.most += report.most_spikes;
    }

    /// The neurons that took no part.
    pub(crate) fn tell(&self, population: &str) -> PopulationActivity {
        let (all, counts) = (SATURATED * self.most as f64, self.counts.iter());
        PopulationActivity {
            population: population.into(),
            neurons: self.counts.len(),
            silent: counts.clone().filter(|&&count| count == 0).count(),
            saturated: counts.filter(|&&count| count > 0 && count as f64 >= all).count(),
        }
    }
}

/// Populations that fire and are given no spikes from outside, in the order of the network.
///
/// # Errors
/// As [`sim_core::NeuronModel::build`].
pub(crate) fn firing_populations(network: &Network) -> sim_core::Result<Vec<usize>> {
    let mut firing = Vec::new();
    for (index, population) in network.populations.iter().enumerate() {
        if let Cells::Neurons(model) = &population.cells
            && model.build(network.dt_ms)?.fires()
        {
            firing.push(index);
        }
    }
    Ok(firing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(batches: &[(&[u64], u64)]) -> (usize, usize) {
        let mut sums = ActivitySums::default();
        for &(counts, most_spikes) in batches {
            sums.add(&PopulationReport {
                counts: counts.into(),
                most_spikes,
                ..PopulationReport::default()
            });
        }
        let told = sums.tell("hidden1");
        (told.silent, told.saturated)
    }

    #[test]
    fn a_neuron_is_silent_over_all_batches_or_not_at_all() {
        assert_eq!(of(&[(&[0, 0, 3], 10), (&[0, 1, 0], 10)]), (1, 0));
    }

    #[test]
    fn nine_spikes_of_ten_are_saturation() {
        assert_eq!(of(&[(&[10, 9, 8, 0], 10)]), (1, 2));
        // A refractory time of a step leaves one spike in two steps.
        assert_eq!(of(&[(&[5, 4], 5), (&[4, 5], 5)]), (0, 2));
    }

    #[test]
    fn without_a_step_nobody_is_saturated() {
        assert_eq!(of(&[(&[0, 0], 0)]), (2, 0));
    }
}
