//! What NIR cannot hold, and what a reader should know.

use super::example::{leaky, population, projection, provenance, small};
use crate::networks::deployed::{DeployedNetwork, DeployedNeurons};
use crate::networks::format::{NetworkFormat, write_network};
use crate::networks::nir::format::{NirDelays, NirFormat};
use sim_core::{Adaptation, Decay, Dynamics, Firing, PortDynamics, Reset, Roles};

fn obstacles(network: &DeployedNetwork) -> Vec<String> {
    NirFormat::default().obstacles(network)
}

fn with_hidden(dynamics: Dynamics) -> DeployedNetwork {
    let mut network = small();
    network.populations[1].neurons = Some(DeployedNeurons::shared(dynamics));
    network
}

#[test]
fn everything_that_is_lost_is_named_and_nothing_is_written() {
    let lif = leaky(10.05, Decay::Euler, Some(1.0));
    let firing = lif.firing.unwrap();
    let adaptation = Adaptation { tau_ms: 100.0, decay: Decay::Euler, strength: 0.1 };
    let all =
        Firing { reset: Reset::Soft, refractory_ms: 20.0, adaptation: Some(adaptation), ..firing };
    let network = with_hidden(Dynamics { firing: Some(all), ..lif });
    let found = obstacles(&network);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.iter().all(|why| why.starts_with("population hidden: ")), "{found:?}");
    assert!(found[2].contains("a refractory time of 20 ms"), "{found:?}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.nir");
    let error = write_network(&NirFormat::default(), &network, &provenance(), &path).unwrap_err();
    assert!(
        error.to_string().starts_with("the format nir cannot hold this: population hidden"),
        "{error}"
    );
    assert!(!path.exists());
}

#[test]
fn currents_need_one_time_constant_and_forward_euler() {
    let port = |tau_ms, decay| PortDynamics::Exponential { tau_ms, decay };
    let lif = leaky(20.0, Decay::Euler, Some(1.0));
    let euler = vec![port(30.0, Decay::Euler), port(50.0, Decay::Euler)];
    let mut network = with_hidden(Dynamics { ports: euler, ..lif.clone() });
    // Only the first port is in use.
    assert_eq!(obstacles(&network), [""; 0]);
    network.projections[1].port = 1;
    assert!(obstacles(&network)[0].contains("currents of 30 and 50 ms"), "{network:?}");
    let exact =
        Dynamics { ports: vec![port(30.0, Decay::Exact)], ..leaky(20.0, Decay::Exact, Some(1.0)) };
    assert!(obstacles(&with_hidden(exact))[0].contains("its currents decay exactly"));
}

#[test]
fn delays_are_refused_as_asked_and_never_dropped() {
    let network = small();
    let refused = |delays| NirFormat { delays }.obstacles(&network);
    assert_eq!(refused(NirDelays::Unrolled), [""; 0]);
    let [axonal] = &refused(NirDelays::Axonal)[..] else { panic!("{network:?}") };
    assert!(axonal.starts_with("projection cochlea->hidden has synapses of one presynaptic"));
    let [error] = &refused(NirDelays::Error)[..] else { panic!("{network:?}") };
    assert!(error.contains("has delays of up to 3 steps"), "{error}");
    let mut axonal = small();
    axonal.projections[0] =
        projection("cochlea->hidden", [0, 1], &[(0, 0, 1.0, 3), (0, 1, 1.0, 3), (1, 1, 1.0, 0)]);
    assert_eq!(NirFormat { delays: NirDelays::Axonal }.obstacles(&axonal), [""; 0]);
}

#[test]
fn large_graphs_are_refused_with_the_count() {
    let synapses: Vec<_> = (0..20_000).map(|n| (n, n, 1.0, n % 2)).collect();
    let network = DeployedNetwork {
        dt_ms: 1.0,
        populations: vec![
            population("in", 20_000, None),
            population("out", 20_000, Some(leaky(20.0, Decay::Exact, Some(1.0)))),
        ],
        projections: vec![projection("in->out", [0, 1], &synapses)],
        roles: Roles::new(0, 1),
    };
    let found = obstacles(&network);
    assert!(found[0].starts_with("the graph would hold 400040000 numbers"), "{found:?}");
}

#[test]
fn constant_input_needs_a_projection_and_readouts_do_not_fire() {
    let mut network = small();
    network.projections.remove(0);
    network.projections.remove(0);
    let neurons = network.populations[1].neurons.take().unwrap();
    network.populations[1].neurons = Some(neurons.with_bias(vec![0.5, 0.0]));
    assert!(obstacles(&network)[0].contains("a constant input but no projection"));
    let mut network = small();
    network.projections.push(projection("readout->hidden", [2, 1], &[(0, 0, 1.0, 1)]));
    assert!(obstacles(&network)[0].contains("readout never fires"));
    network.populations.truncate(1);
    network.projections.clear();
    network.roles = Roles::default();
    assert!(obstacles(&network)[0].contains("the network has no neurons"));
}

#[test]
fn readers_are_warned() {
    let mut network = with_hidden(leaky(10.05, Decay::Exact, Some(1.0)));
    let again = network.projections[2].synapses[0];
    network.projections[2].synapses.push(again);
    let remarks = NirFormat::default().remarks(&network);
    let expected = [
        "population hidden decays by exp(-dt / tau), 0.369714",
        "population hidden has 2 projections into it",
        "projection cochlea->hidden is unrolled into 4 pairs",
        "projection hidden->hidden is a cycle without Delay, which means one step, 10 ms",
        "projection hidden->readout: 1 synapses share both neurons and delay",
    ];
    assert_eq!(remarks.len(), expected.len(), "{remarks:#?}");
    for (remark, start) in remarks.iter().zip(expected) {
        assert!(remark.starts_with(start), "{remark}");
    }
}
