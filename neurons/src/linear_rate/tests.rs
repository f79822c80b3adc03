use super::*;
use crate::checks;
use sim_core::{Spike, State};

/// The height that each step of one neuron sends, 0 for none.
fn sent(model: LinearRate, input: &[f64]) -> Vec<f32> {
    let neuron = model.build(1.0).unwrap();
    let mut state = State::at_rest(neuron.variables(), 1, 0.0);
    let step = |&input: &f64| {
        let mut spikes: Vec<Spike> = Vec::new();
        neuron.step(&[], &mut state, &[input], &mut spikes);
        spikes.first().map_or(0.0, |spike| spike.count)
    };
    input.iter().map(step).collect()
}

#[test]
fn it_sends_what_it_receives_in_either_sign() {
    let input = [0.25, -3.0, 0.0, 1e6];
    assert_eq!(sent(LinearRate::default(), &input), [0.25, -3.0, 0.0, 1e6]);
}

#[test]
fn heights_are_levels_of_the_scale_with_ties_to_even() {
    // A scale of 20 and 40 levels: steps of 0.5.
    let model = LinearRate { levels: 40, ..LinearRate::default() };
    let cases = [
        (0.25, 0.0),
        (0.250001, 0.5),
        (0.75, 1.0),
        (1.25, 1.0),
        (-0.25, 0.0),
        (-0.75, -1.0),
        (19.9, 20.0),
        (20.7, 20.0),
        (-1e9, -20.0),
        (3.3, 3.5),
    ];
    let (inputs, heights): (Vec<f64>, Vec<f32>) = cases.into_iter().unzip();
    assert_eq!(sent(model, &inputs), heights);
}

#[test]
fn it_sends_once_in_a_period_and_remembers_with_its_time_constant() {
    let model = LinearRate { tau_mem_ms: 5.0, period_ms: 3.0, ..LinearRate::default() };
    let sent = sent(model, &[1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let beta = |steps: i32| (-f64::from(steps) / 5.0).exp();
    let after = |step: i32| (beta(step) + beta(step - 1)) as f32;
    for (step, height) in sent.into_iter().enumerate() {
        let expected = match step {
            0 => 1.0,
            3 | 6 => after(step as i32),
            _ => 0.0,
        };
        assert!((height - expected).abs() < 1e-6, "step {step}: {height}, not {expected}");
    }
}

#[test]
fn its_gradient_is_that_of_finite_differences_straight_through_the_levels() {
    for (tau_mem_ms, period_ms, levels, scale) in
        [(0.0, 0.0, 0, 20.0), (4.0, 3.0, 0, 20.0), (4.0, 2.0, 40, 20.0), (4.0, 0.0, 4, 0.7)]
    {
        let model = LinearRate { tau_mem_ms, period_ms, levels, scale };
        let what = format!("{model:?}");
        checks::gradients(model.equations(1.0).unwrap(), &what);
    }
}

#[test]
fn a_run_holds_no_more_spikes_than_it_says() {
    for (period_ms, most) in [(0.0, 7), (1.0, 7), (2.0, 4), (3.0, 3), (9.0, 1)] {
        let model = LinearRate { period_ms, ..LinearRate::default() };
        assert_eq!(model.build(1.0).unwrap().most_spikes(7), most);
        let spikes = sent(model, &[1.0; 7]);
        assert_eq!(spikes.iter().filter(|height| **height != 0.0).count(), most);
    }
}

#[test]
fn every_field_is_checked() {
    let message = |model: LinearRate| model.build(1.0).unwrap_err().to_string();
    let default = LinearRate::default();
    assert_eq!(
        message(LinearRate { tau_mem_ms: -1.0, ..default }),
        "LinearRate::tau_mem_ms is -1, but must be at least 0"
    );
    assert_eq!(
        message(LinearRate { scale: 0.0, ..default }),
        "LinearRate::scale is 0, but must be above 0"
    );
    let between = message(LinearRate { period_ms: 1.5, ..default });
    assert!(between.starts_with("LinearRate::period_ms is 1.5, but must be a whole"), "{between}");
    let not_finite = message(LinearRate { tau_mem_ms: f64::INFINITY, ..default });
    assert!(not_finite.contains("tau_mem_ms is inf"), "{not_finite}");
}
