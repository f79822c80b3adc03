//! `network.npz`: all numbers of a network, in no simulator's terms.
//!
//! | array | type, shape | holds |
//! |---|---|---|
//! | `dt_ms` | f8 | length of a step |
//! | `populations`, `sizes` | text, i8 `[P]` | names and numbers of neurons |
//! | `output` | i8 | index of the population that is read, -1 without one |
//! | `projections` | text `[Q]` | names |
//! | `source`, `target`, `port` | i8 `[Q]` | where each projection starts and ends |
//! | `populationI_C` | f8 `[N]` | [`NeuronConstants`] `C` of population `I`; none of a source |
//! | `populationI_C` | f8 `[ports, N]` | the same of its ports, and their constant input `bias` |
//! | `projectionJ_pre`, `_post`, `_delay_steps` | u4 `[S]` | synapses of projection `J` |
//! | `projectionJ_weight` | f8 `[S]` | their weights |
//! | `provenance` | text `[4, 2]` | names and values of [`Provenance`] |

use crate::error::Result;
use crate::networks::deployed::{DeployedNetwork, DeployedProjection};
use crate::networks::scripts::constants::NeuronConstants;
use crate::npy::NpyArray;
use crate::provenance::Provenance;

/// The arrays of `network.npz`.
///
/// # Errors
/// As [`NeuronConstants::of`].
pub(crate) fn network_arrays(
    network: &DeployedNetwork,
    provenance: &Provenance,
) -> Result<Vec<(String, NpyArray)>> {
    let DeployedNetwork { dt_ms, populations, projections, roles } = network;
    let mut arrays = Vec::new();
    let mut add = |name: String, array| arrays.push((name, array));
    let entries = provenance.entries().map(|(name, value)| [name.to_owned(), value]);
    add("provenance".into(), NpyArray::texts(&[entries.len(), 2], entries.as_flattened()));
    add("dt_ms".into(), NpyArray::f64s(&[], &[*dt_ms]));
    let names: Vec<_> = populations.iter().map(|population| &population.name).collect();
    add("populations".into(), NpyArray::texts(&[names.len()], &names));
    let sizes: Vec<_> = populations.iter().map(|population| population.size as i64).collect();
    add("sizes".into(), NpyArray::i64s(&[sizes.len()], &sizes));
    add("output".into(), NpyArray::i64s(&[], &[roles.output.map_or(-1, |index| index as i64)]));
    let names: Vec<_> = projections.iter().map(|projection| &projection.name).collect();
    add("projections".into(), NpyArray::texts(&[names.len()], &names));
    let ends = |end: fn(&DeployedProjection) -> usize| {
        let ends: Vec<_> = projections.iter().map(|projection| end(projection) as i64).collect();
        NpyArray::i64s(&[ends.len()], &ends)
    };
    add("source".into(), ends(|projection| projection.source));
    add("target".into(), ends(|projection| projection.target));
    add("port".into(), ends(|projection| projection.port));
    for (index, population) in populations.iter().enumerate() {
        let Some(neurons) = &population.neurons else { continue };
        let own = NeuronConstants::of(population, *dt_ms)?;
        let (size, ports) = (population.size, neurons.ports());
        let refractory: Vec<_> = own.refractory_steps.iter().copied().map(f64::from).collect();
        for (name, column) in [
            ("beta", &own.beta),
            ("gain", &own.gain),
            ("threshold", &own.threshold),
            ("refractory_steps", &refractory),
            ("rho", &own.rho),
            ("strength", &own.strength),
        ] {
            add(format!("population{index}_{name}"), NpyArray::f64s(&[size], column));
        }
        let silence = vec![0.0; ports * size];
        let bias = if neurons.bias().is_empty() { &silence } else { neurons.bias() };
        for (name, column) in [("alpha", &own.alpha[..]), ("couple", &own.couple), ("bias", bias)] {
            add(format!("population{index}_{name}"), NpyArray::f64s(&[ports, size], column));
        }
    }
    for (index, projection) in projections.iter().enumerate() {
        let synapses = &projection.synapses;
        let shape = [synapses.len()];
        for (name, column) in [
            ("pre", synapses.iter().map(|synapse| synapse.pre).collect::<Vec<_>>()),
            ("post", synapses.iter().map(|synapse| synapse.post).collect()),
            ("delay_steps", synapses.iter().map(|synapse| synapse.delay_steps).collect()),
        ] {
            add(format!("projection{index}_{name}"), NpyArray::u32s(&shape, &column));
        }
        let weights: Vec<_> = synapses.iter().map(|synapse| synapse.weight).collect();
        add(format!("projection{index}_weight"), NpyArray::f64s(&shape, &weights));
    }
    Ok(arrays)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::scripts::kind::tests::{ending_in, lif_network, provenance};
    use neurons::CurrentLif;
    use sim_core::Roles;

    #[test]
    fn the_arrays_are_the_network() {
        let network = lif_network(3, &[(0, 1, 4), (1, 2, 0)]);
        let mut network = ending_in(network, CurrentLif::default());
        network.roles = Roles::new(0, 2);
        let neurons = network.populations[2].neurons.take().unwrap();
        network.populations[2].neurons = Some(neurons.with_bias(vec![0.5, 0.0, 0.25, -1.0]));
        let arrays = network_arrays(&network, &provenance()).unwrap();
        let array = |name: &str| {
            let found = arrays.iter().find(|(own, _)| own == name);
            &found.unwrap_or_else(|| panic!("no {name}")).1
        };
        assert_eq!(*array("populations"), NpyArray::texts(&[3], &["p0", "p1", "p2"]));
        assert_eq!(*array("sizes"), NpyArray::i64s(&[3], &[2, 2, 2]));
        assert_eq!(*array("output"), NpyArray::i64s(&[], &[2]));
        assert_eq!(*array("source"), NpyArray::i64s(&[2], &[0, 1]));
        assert_eq!(*array("target"), NpyArray::i64s(&[2], &[1, 2]));
        assert_eq!(*array("projection0_delay_steps"), NpyArray::u32s(&[1], &[4]));
        assert_eq!(*array("projection1_post"), NpyArray::u32s(&[1], &[1]));
        assert_eq!(*array("projection1_weight"), NpyArray::f64s(&[1], &[0.5]));
        assert_eq!(*array("population1_threshold"), NpyArray::f64s(&[2], &[1.0, 1.0]));
        assert_eq!(*array("population1_bias"), NpyArray::f64s(&[1, 2], &[0.0, 0.0]));
        let bias = NpyArray::f64s(&[2, 2], &[0.5, 0.0, 0.25, -1.0]);
        assert_eq!(*array("population2_bias"), bias);
        let told =
            [["synfire", "0.1.0"], ["commit", "unknown"], ["source", "run"], ["sha256", "00ff"]];
        assert_eq!(*array("provenance"), NpyArray::texts(&[4, 2], told.as_flattened()));
        assert!(!arrays.iter().any(|(name, _)| name.starts_with("population0_")));
    }
}
