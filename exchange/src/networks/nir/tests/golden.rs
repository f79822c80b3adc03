//! Files that `nir` wrote (`tests/golden/interop`).

use crate::networks::deployed::DeployedNetwork;
use crate::networks::nir::reader::{NirNetwork, read_nir};
use serde_json::Value;
use sim_core::{Decay, PortDynamics, Reset, Roles, Synapse};
use std::path::PathBuf;

fn golden(file: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/interop");
    PathBuf::from(folder).join(file)
}

fn read(file: &str) -> NirNetwork {
    read_nir(golden(file), Some(1.0)).unwrap()
}

fn expected(graph: &str, key: &str) -> Vec<Vec<f64>> {
    let text = std::fs::read_to_string(golden("expected.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(all[graph][key].clone()).unwrap()
}

/// All synapses of a matrix `[post][pre]`, with the delay of each pair.
fn synapses(weights: &[Vec<f64>], delay: impl Fn(usize, usize) -> u32) -> Vec<Synapse> {
    let mut all = Vec::new();
    for (post, row) in weights.iter().enumerate() {
        for (pre, &weight) in row.iter().enumerate() {
            let delay_steps = delay(post, pre);
            all.push(Synapse { pre: pre as u32, post: post as u32, weight, delay_steps });
        }
    }
    all
}

/// All neurons have 20 ms and fire above 1; `r` is 1, so that a constant input settles at itself.
fn check_lif(network: &DeployedNetwork, population: usize) {
    let dynamics = network.populations[population].neurons.as_ref().unwrap().common().unwrap();
    assert_eq!(dynamics.membrane.tau_ms, 20.0);
    assert_eq!(dynamics.membrane.decay, Decay::Euler);
    assert!(dynamics.membrane.input_scaling);
    let firing = dynamics.firing.unwrap();
    assert_eq!((firing.threshold, firing.reset), (1.0_f64.next_up(), Reset::Hard));
}

#[test]
fn a_chain_has_its_weights_and_its_bias() {
    let NirNetwork { network, remarks } = read("chain_lif.nir");
    assert_eq!((network.dt_ms, network.roles), (1.0, Roles::new(0, 2)));
    assert_eq!(remarks, [""; 0]);
    let names: Vec<_> = network.populations.iter().map(|own| (&own.name[..], own.size)).collect();
    assert_eq!(names, [("input", 8), ("l1", 12), ("l2", 4)]);
    check_lif(&network, 1);
    check_lif(&network, 2);
    assert_eq!(network.projections[0].name, "input->l1");
    for (projection, key) in network.projections.iter().zip(["w1", "w2"]) {
        assert_eq!(projection.synapses, synapses(&expected("chain_lif", key), |_, _| 0));
    }
    let bias = network.populations[2].neurons.as_ref().unwrap().bias();
    assert!((bias[1] + 1.0 / 30.0).abs() < 1e-15 && bias[3] == 0.1, "{bias:?}");
    assert!(network.populations[1].neurons.as_ref().unwrap().bias().is_empty());
}

#[test]
fn an_unrolled_graph_has_the_delays_of_its_synapses() {
    let network = read("synaptic_delay_unrolled.nir").network;
    let delays = expected("synaptic_delay_unrolled", "delay_ms");
    let weights = expected("synaptic_delay_unrolled", "weight");
    let all = synapses(&weights, |post, pre| delays[post][pre] as u32);
    assert_eq!(network.projections.len(), 1);
    assert_eq!(network.projections[0].synapses, all);
    check_lif(&network, 1);
    let half = read_nir(golden("synaptic_delay_unrolled.nir"), Some(0.5)).unwrap().network;
    assert_eq!(half.projections[0].synapses[1].delay_steps, 2 * all[1].delay_steps);
}

#[test]
fn an_axonal_delay_is_one_of_all_synapses_of_a_neuron() {
    let network = read("axonal_delay.nir").network;
    let all = synapses(&expected("chain_lif", "w1"), |_, pre| pre as u32);
    let [projection] = &network.projections[..] else { panic!("{:?}", network.projections) };
    assert_eq!((projection.synapses.len(), &all[1].pre), (96, &1));
    for (own, expected) in projection.synapses.iter().zip(&all) {
        assert_eq!((own.pre, own.post), (expected.pre, expected.post));
        assert_eq!(own.delay_steps, own.pre % 8);
    }
}

#[test]
fn a_graph_in_the_graph_reaches_itself_one_step_later() {
    let NirNetwork { network, remarks } = read("recurrent_cubalif.nir");
    let names: Vec<_> = network.projections.iter().map(|own| &own.name[..]).collect();
    assert_eq!(names, ["input->rnn.lif", "rnn.lif->rnn.lif"]);
    assert!(network.projections[1].synapses.iter().all(|own| own.delay_steps == 1));
    assert_eq!(remarks.len(), 2, "{remarks:?}");
    assert_eq!(
        remarks[1],
        "rnn.lif->rnn.lif closes a cycle without Delay, which is read as one step, 1 ms"
    );
    let dynamics = network.populations[1].neurons.as_ref().unwrap().common().unwrap();
    let current = PortDynamics::Exponential { tau_ms: 5.0, decay: Decay::Euler };
    assert_eq!(dynamics.ports, [current]);
    // A spike moves the current by 1 - alpha = dt / tau_syn.
    let first = network.projections[0].synapses[0];
    assert!((first.weight + 0.9691795 * 0.2).abs() < 1e-7, "{first:?}");
}
