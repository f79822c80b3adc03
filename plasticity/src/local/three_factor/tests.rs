use super::*;
use neurons::LinearRate;
use sim_core::{ClockEngine, Network, Population, Projection, Synapse, Synapses};

/// An output neuron that a teacher inhibits.
fn network(rule: ThreeFactor) -> Network {
    let one = |weight| Synapses::Sparse(vec![Synapse { pre: 0, post: 0, weight, delay_steps: 0 }]);
    let sampling = LinearRate { period_ms: 2.0, ..LinearRate::default() };
    Network::new(
        1.0,
        vec![
            Population::source("projected", 1),
            Population::source("teacher", 1),
            Population::neurons("output", 1, sampling),
        ],
        vec![Projection::new(0, 2, one(0.5)).learning_by(rule), Projection::new(1, 2, one(-1.0))],
    )
}

/// A presentation of `x`, `target` and the projected trace; the weight behind it.
fn present(engine: &mut ClockEngine, x: f32, target: f32, projected: f32) -> f64 {
    let spikes = |count| vec![Spike { neuron: 0, count }];
    engine.step(&[spikes(x), spikes(target)], &mut ()).unwrap();
    engine.step(&[spikes(projected)], &mut ()).unwrap();
    engine.synapses(0).weight(0)
}

#[test]
fn a_weight_falls_by_trace_error_and_third_factor() {
    let mut engine = ClockEngine::build(&network(ThreeFactor { rate: 0.25 })).unwrap();
    // The error is 0.5 * 4 - 1 = 1; the trace that counts is the projected one.
    assert_eq!(present(&mut engine, 4.0, 1.0, 2.0), 0.0);
    engine.modulate(0, 0.0);
    assert_eq!(present(&mut engine, 4.0, 1.0, 2.0), 0.0);
    engine.modulate(0, -2.0);
    // The error is -1.
    assert_eq!(present(&mut engine, 4.0, 1.0, 2.0), -1.0);
    engine.reset();
    assert_eq!(present(&mut engine, 4.0, 1.0, 2.0), 0.0, "the third factor is 1 again");
}

#[test]
fn a_rate_below_zero_is_refused_by_name() {
    let refused = ClockEngine::build(&network(ThreeFactor { rate: -0.1 })).unwrap_err();
    let expected =
        "projection projected->output: ThreeFactor::rate is -0.1, but must be at least 0";
    assert_eq!(refused.to_string(), expected);
}
