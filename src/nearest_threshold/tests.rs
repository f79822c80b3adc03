use super::*;
use neurons::{AdaptiveLif, CurrentLif, LeakyIntegrator, Lif};
use sim_core::{
    ClockEngine, Network, NeuronModel, Population, Projection, SpikeFrames, Synapses, Variables,
};

/// Two inputs, one of which fires twice in a step, and one neuron.
fn network(model: impl NeuronModel + 'static, port: usize) -> Network {
    let synapse = |pre, weight, delay_steps| Synapse { pre, post: 0, weight, delay_steps };
    let synapses = vec![synapse(0, 0.4, 1), synapse(0, 0.3, 0), synapse(1, 0.45, 2)];
    let projection = Projection::new(0, 1, Synapses::Sparse(synapses)).to_port(port);
    let populations = vec![Population::source("ears", 2), Population::neurons("cell", 1, model)];
    Network::new(1.0, populations, vec![projection])
}

fn nearest(network: &Network) -> Option<NearestThreshold> {
    let variables = Variables::SPIKES.with_columns(&recorded_columns());
    let mut recording = Recording::new(2, variables);
    let spikes = [(0, 1), (0, 1), (1, 0), (0, 4), (1, 5), (0, 6)];
    let input = SpikeFrames::from_events(2, 8, &spikes).unwrap();
    ClockEngine::build(network).unwrap().run(&[input], 12, &mut recording).unwrap();
    NearestThreshold::of(&DeployedNetwork::of(network).unwrap(), &recording)
}

/// The threshold is moved to where the nearest potential was said to be: from then on the neuron
/// fires just there, or just not.
fn check(first: f64, of_threshold: impl Fn(f64) -> Network) {
    let before = nearest(&of_threshold(first)).unwrap();
    assert!(before.distance > 1e-6, "{before:?}");
    let sign = if before.fired { 1.0 } else { -1.0 };
    let closer = nearest(&of_threshold(first + 0.999 * sign * before.distance)).unwrap();
    assert!((closer.distance - 1e-3 * before.distance).abs() < 1e-12, "{before:?}, {closer:?}");
    assert_eq!((closer.step, closer.fired), (before.step, before.fired));
}

#[test]
fn a_threshold_moved_by_the_distance_is_met() {
    for decay in [Decay::Exact, Decay::Euler] {
        for (input_scaling, first) in [(false, 1.0), (true, 0.2)] {
            check(first, |threshold| {
                let lif = Lif::default();
                network(Lif { threshold, decay, input_scaling, tau_mem_ms: 4.0, ..lif }, 0)
            });
        }
    }
}

#[test]
fn currents_and_raised_thresholds_count() {
    for (port, input_scaling, first) in [(0, false, 1.0), (1, false, 1.0), (0, true, 0.05)] {
        for decay in [Decay::Exact, Decay::Euler] {
            check(first, |threshold| {
                let own = CurrentLif::default();
                network(CurrentLif { threshold, decay, input_scaling, ..own }, port)
            });
        }
    }
    check(1.0, |threshold| {
        let reset = Reset::Hard;
        network(AdaptiveLif { threshold, adaptation: 0.3, reset, ..AdaptiveLif::default() }, 0)
    });
}

#[test]
fn a_soft_reset_leaves_what_was_above_the_threshold() {
    // The first spike: 0.3 at step 0, decayed, then 0.4 + 0.6 at step 1.
    let lif = Lif { threshold: 1.15, reset: Reset::Soft, ..Lif::default() };
    let nearest = nearest(&network(lif, 0)).unwrap();
    assert!(nearest.distance < 0.16, "{nearest:?}");
}

#[test]
fn neurons_that_never_fire_and_neurons_that_are_held_have_none() {
    assert_eq!(nearest(&network(LeakyIntegrator::default(), 0)), None);
    let held = Lif { threshold: 0.5, refractory_ms: 100.0, ..Lif::default() };
    let fired = nearest(&network(held, 0)).unwrap();
    assert!(fired.step <= 1, "nothing counts behind the first spike: {fired:?}");
}
