//! By how many steps populations run late in simulators in which every delay takes at least a step.
//!
//! There a spike that arrives in the step in which it was sent has to arrive a step later. So every
//! population runs late by its depth, and its spikes are counted back: with step 0 of population
//! `p` in step `shift[p]` of the simulator, a synapse takes
//! `delay + shift[target] - shift[source]` steps there.

use crate::networks::deployed::{DeployedNetwork, DeployedPopulation, DeployedProjection};

/// The step of the simulator in which step 0 of each population falls: the lowest ones, with
/// sources at `first`, such that every synapse takes at least a step there. Constant input comes
/// from `first` with zero delay.
///
/// # Errors
/// One sentence, where there are none: projections in a circle whose delays add up to fewer steps
/// than there are projections in it.
pub(crate) fn shifts(network: &DeployedNetwork, first: u32) -> Result<Vec<u32>, String> {
    let is_biased = |population: &DeployedPopulation| {
        population.neurons.as_ref().is_some_and(|neurons| !neurons.bias().is_empty())
    };
    let at_least = |population| i64::from(first) + i64::from(is_biased(population));
    let mut shifts: Vec<i64> = network.populations.iter().map(at_least).collect();
    let shortest = |projection: &DeployedProjection| {
        projection.synapses.iter().map(|synapse| i64::from(synapse.delay_steps)).min()
    };
    let shortest: Vec<_> = network.projections.iter().map(shortest).collect();
    let mut late = None;
    // Without a circle that grows, no chain of projections is longer than there are populations.
    for _ in 0..=shifts.len() {
        late = None;
        for (projection, shortest) in network.projections.iter().zip(&shortest) {
            let Some(shortest) = shortest else { continue };
            let least = shifts[projection.source] + 1 - shortest;
            if shifts[projection.target] < least {
                shifts[projection.target] = least;
                late = Some(&projection.name);
            }
        }
    }
    match late {
        Some(name) => Err(format!(
            "projection {name} is part of a circle whose delays add up to fewer steps than it has \
             projections, but every delay takes at least a step there; give the projections of the \
             circle delays of a step or more"
        )),
        None => Ok(shifts.into_iter().map(|shift| shift as u32).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::scripts::kind::tests::lif_network;

    #[test]
    fn every_synapse_takes_at_least_a_step_and_populations_no_later_than_they_must() {
        let feed_forward = lif_network(3, &[(0, 1, 0), (1, 2, 0), (0, 2, 4)]);
        assert_eq!(shifts(&feed_forward, 1).unwrap(), [1, 2, 3]);
        let delayed = lif_network(3, &[(0, 1, 1), (1, 2, 2), (2, 1, 1), (2, 2, 1)]);
        assert_eq!(shifts(&delayed, 2).unwrap(), [2, 2, 2]);
        let returning = lif_network(3, &[(0, 1, 0), (1, 2, 0), (2, 1, 2)]);
        assert_eq!(shifts(&returning, 1).unwrap(), [1, 2, 3]);
    }

    #[test]
    fn constant_input_comes_from_the_first_step() {
        let mut network = lif_network(2, &[(0, 1, 1)]);
        assert_eq!(shifts(&network, 1).unwrap(), [1, 1]);
        let neurons = network.populations[1].neurons.take().unwrap();
        network.populations[1].neurons = Some(neurons.with_bias(vec![0.5, 0.0]));
        assert_eq!(shifts(&network, 1).unwrap(), [1, 2]);
    }

    #[test]
    fn a_circle_that_is_too_fast_is_named() {
        let network = lif_network(3, &[(0, 1, 0), (1, 2, 0), (2, 1, 1)]);
        let problem = shifts(&network, 1).unwrap_err();
        assert!(problem.contains("->"), "{problem}");
        assert!(problem.ends_with("give the projections of the circle delays of a step or more"));
    }
}
