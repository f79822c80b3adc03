//! In which order populations take their step.

use crate::networks::deployed::{DeployedNetwork, DeployedProjection};

/// An order of the populations in which every projection with a zero delay points forwards;
/// otherwise the order of the network.
///
/// # Errors
/// One sentence, where there is none.
pub(crate) fn step_order(network: &DeployedNetwork) -> Result<Vec<usize>, String> {
    let is_instant = |projection: &&DeployedProjection| {
        projection.synapses.iter().any(|synapse| synapse.delay_steps == 0)
    };
    let instant: Vec<_> = network.projections.iter().filter(is_instant).collect();
    let mut waiting: Vec<usize> = (0..network.populations.len()).collect();
    let mut order = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let awaited = |target: usize| {
            instant.iter().find(|own| own.target == target && waiting.contains(&own.source))
        };
        let Some(ready) = waiting.iter().position(|&target| awaited(target).is_none()) else {
            let name = awaited(waiting[0]).map_or("", |projection| &projection.name);
            return Err(format!(
                "projection {name} leads out of a circle of projections without delay; give one of \
                 them a delay of at least a step"
            ));
        };
        order.push(waiting.remove(ready));
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::scripts::kind::tests::lif_network;

    #[test]
    fn projections_without_delay_point_forwards() {
        let network = lif_network(4, &[(0, 3, 0), (3, 1, 0), (1, 2, 3), (2, 3, 1)]);
        assert_eq!(step_order(&network).unwrap(), [0, 2, 3, 1]);
    }

    #[test]
    fn a_circle_without_delay_is_refused() {
        let network = lif_network(3, &[(0, 1, 0), (1, 2, 0), (2, 1, 0)]);
        assert!(step_order(&network).unwrap_err().contains("circle"));
    }
}
