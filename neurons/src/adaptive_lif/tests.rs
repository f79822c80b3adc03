use super::*;
use crate::checks::{self, SURROGATES};
use sim_core::{Spike, State};

fn equations(model: AdaptiveLif) -> Adapting {
    let least_ms = model.decay.least_tau_ms(1.0);
    Adapting {
        learnable: model.learnable(least_ms),
        model,
        dt_ms: 1.0,
        spikes: model.spike_rule(model.refractory_ms as u32),
    }
}

/// Models of every kind, in words.
fn models() -> impl Iterator<Item = (AdaptiveLif, String)> {
    let flags = (0..32).map(|bits: u32| [0, 1, 2, 3, 4].map(|bit| bits >> bit & 1 == 1));
    flags.enumerate().map(|(k, [hard, detach_reset, euler, input_scaling, refractory])| {
        let model = AdaptiveLif {
            tau_mem_ms: 8.0,
            threshold: if input_scaling { 0.3 } else { 0.9 },
            tau_adaptation_ms: 25.0,
            adaptation: 0.4,
            decay: if euler { Decay::Euler } else { Decay::Exact },
            input_scaling,
            reset: if hard { Reset::Hard } else { Reset::Soft },
            detach_reset,
            refractory_ms: if refractory { 2.0 } else { 0.0 },
            surrogate: SURROGATES[k % 3],
        };
        (model, format!("{model:?}"))
    })
}

#[test]
fn its_gradient_is_that_of_finite_differences() {
    models().for_each(|(model, what)| checks::gradients(equations(model), &what));
}

#[test]
fn the_adjoint_follows_from_the_equations() {
    models().for_each(|(model, what)| checks::adjoint(equations(model), &what));
}

#[test]
fn blocks_samples_and_single_neurons_agree() {
    for (model, what) in models() {
        let neuron = model.build(1.0).unwrap();
        checks::steps(&*neuron, model.threshold as f32, &what);
        checks::own_constants(equations(model));
    }
}

/// A spike raises the threshold by `adaptation`, which falls back with its time constant.
#[test]
fn the_threshold_follows_the_closed_form() {
    let model = AdaptiveLif { adaptation: 0.5, tau_adaptation_ms: 50.0, ..AdaptiveLif::default() };
    let neuron = model.build(1.0).unwrap();
    let mut state = State::at_rest(neuron.variables(), 1, 0.0);
    let mut spikes: Vec<Spike> = Vec::new();
    for step in 0..100 {
        // One spike, and then an input so that the potential is 1.2 at step 40.
        let input = match step {
            0 => 1.0,
            40 => 1.2,
            _ => 0.0,
        };
        neuron.step(&[], &mut state, &[input], &mut spikes);
        let raised = state.named("adaptation").unwrap()[0];
        let expected = (-f64::from(step) / 50.0).exp();
        assert!((raised - expected).abs() < 1e-12, "step {step}: {raised}, not {expected}");
        let v = state.named("potential").unwrap()[0];
        let of_input = if step < 40 { 0.0 } else { 1.2 * (-f64::from(step - 40) / 20.0).exp() };
        assert!((v - of_input).abs() < 1e-12, "step {step}: {v}, not {of_input}");
    }
    // At step 40 the threshold was still 1 + 0.5 exp(-39 / 50) = 1.23.
    assert_eq!(spikes.len(), 1);
}

#[test]
fn a_refractory_neuron_goes_on_integrating() {
    let model = AdaptiveLif { adaptation: 0.0, refractory_ms: 2.0, ..AdaptiveLif::default() };
    let neuron = model.build(1.0).unwrap();
    let mut state = State::at_rest(neuron.variables(), 1, 0.0);
    let mut fired = Vec::new();
    for step in 0..4 {
        let mut spikes = Vec::new();
        neuron.step(&[], &mut state, &[1.0], &mut spikes);
        fired.push(!spikes.is_empty());
        let beta = (-1.0_f64 / 20.0).exp();
        let integrated = [0.0, 1.0, 1.0 + beta, beta * (1.0 + beta)];
        assert!((state.named("potential").unwrap()[0] - integrated[step]).abs() < 1e-12);
    }
    assert_eq!(fired, [true, false, false, true]);
}

#[test]
fn every_field_is_checked() {
    let message = |model: AdaptiveLif| model.build(1.0).unwrap_err().to_string();
    let default = AdaptiveLif::default();
    assert_eq!(
        message(AdaptiveLif { tau_adaptation_ms: 0.0, ..default }),
        "AdaptiveLif::tau_adaptation_ms is 0, but must be above 0"
    );
    assert_eq!(
        message(AdaptiveLif { adaptation: -1.0, ..default }),
        "AdaptiveLif::adaptation is -1, but must be at least 0"
    );
    for (model, field) in [
        (AdaptiveLif { tau_mem_ms: f64::NAN, ..default }, "tau_mem_ms"),
        (AdaptiveLif { threshold: 0.0, ..default }, "threshold"),
        (AdaptiveLif { refractory_ms: 0.5, ..default }, "refractory_ms"),
        (AdaptiveLif { surrogate: Surrogate::Atan { alpha: 0.0 }, ..default }, "surrogate"),
        (AdaptiveLif { decay: Decay::Euler, tau_mem_ms: 0.5, ..default }, "tau_mem_ms"),
    ] {
        assert!(message(model).contains(field), "{}", message(model));
    }
}
