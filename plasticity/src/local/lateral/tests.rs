use super::*;
use neurons::LinearRate;
use sim_core::{ClockEngine, Network, Population, Projection, Synapse, Synapses};

fn one(weight: f64, delay_steps: u32) -> Synapses {
    Synapses::Sparse(vec![Synapse { pre: 0, post: 0, weight, delay_steps }])
}

fn rule(synapses: LateralSynapses) -> Lateral {
    Lateral { rate: 0.5, clamp: 10.0, synapses }
}

/// A step in which the first source sends this, and the second one that; 0 is no spike.
fn step(engine: &mut ClockEngine, heights: [f32; 2]) -> f64 {
    let spikes = |count: f32| match count {
        0.0 => vec![],
        _ => vec![Spike { neuron: 0, count }],
    };
    engine.step(&heights.map(spikes), &mut ()).unwrap();
    engine.synapses(0).weight(0)
}

#[test]
fn a_forward_synapse_learns_from_a_spike_one_step_behind_the_response() {
    let sampling = LinearRate { period_ms: 2.0, ..LinearRate::default() };
    let network = Network::new(
        1.0,
        vec![Population::source("relay", 1), Population::neurons("subspace", 1, sampling)],
        vec![Projection::new(0, 1, one(0.5, 0)).learning_by(rule(LateralSynapses::Forward))],
    );
    let mut engine = ClockEngine::build(&network).unwrap();
    // y = 0.5 * 4, then 0.5 * y * 0.25 is added.
    assert_eq!(step(&mut engine, [4.0, 0.0]), 0.5);
    assert_eq!(step(&mut engine, [0.25, 0.0]), 0.75);
    // The next presentation: the response of the one before is over.
    assert_eq!(step(&mut engine, [4.0, 0.0]), 0.75);
    // y = 3; a product of 30 counts as 10.
    assert_eq!(step(&mut engine, [-10.0, 0.0]), 0.75 - 5.0);
    // No spike of the first step, no response.
    assert_eq!(step(&mut engine, [0.0, 0.0]), -4.25);
    assert_eq!(step(&mut engine, [1.0, 0.0]), -4.25);
}

#[test]
fn a_feedback_synapse_passes_its_weight_on_and_then_learns_in_the_same_step() {
    let network = Network::new(
        1.0,
        vec![
            Population::source("subspace", 1),
            Population::source("trace", 1),
            Population::neurons("relay", 1, LinearRate::default()),
        ],
        vec![
            Projection::new(0, 2, one(-0.5, 1)).learning_by(rule(LateralSynapses::Feedback)),
            Projection::new(1, 2, one(1.0, 0)),
        ],
    );
    let mut engine = ClockEngine::build(&network).unwrap();
    assert_eq!(step(&mut engine, [2.0, 4.0]), -0.5, "y is still under way");
    // x~ = 4 - 0.5 * 2, and 0.5 * y * x~ is taken away.
    assert_eq!(step(&mut engine, [0.0, 4.0]), -3.5);
    assert_eq!(engine.spikes(2), [Spike { neuron: 0, count: 3.0 }]);
    assert_eq!(step(&mut engine, [0.0, 4.0]), -3.5);
}

#[test]
fn every_field_is_checked() {
    let message = |rule: Lateral| rule.check().unwrap_err().to_string();
    let default = Lateral::default();
    assert!(default.check().is_ok());
    assert_eq!(
        message(Lateral { rate: -1.0, ..default }),
        "Lateral::rate is -1, but must be at least 0"
    );
    assert_eq!(
        message(Lateral { clamp: 0.0, ..default }),
        "Lateral::clamp is 0, but must be above 0"
    );
}
