use super::*;
use crate::checks::{self, SURROGATES};
use sim_core::{Dual, State};

fn equations(model: CurrentLif) -> CurrentBased {
    let least_ms = model.decay.least_tau_ms(1.0);
    CurrentBased {
        learnable: model.learnable(least_ms),
        model,
        dt_ms: 1.0,
        spikes: model.spike_rule(model.refractory_ms as u32),
    }
}

/// Models of every kind, in words.
fn models() -> impl Iterator<Item = (CurrentLif, String)> {
    let flags = (0..32).map(|bits: u32| [0, 1, 2, 3, 4].map(|bit| bits >> bit & 1 == 1));
    flags.enumerate().map(|(k, [soft, detach_reset, euler, input_scaling, refractory])| {
        let model = CurrentLif {
            tau_mem_ms: 8.0,
            tau_excitatory_ms: if k % 2 == 0 { 3.0 } else { 8.0 },
            tau_inhibitory_ms: 12.0,
            threshold: if input_scaling { 0.06 } else { 0.9 },
            decay: if euler { Decay::Euler } else { Decay::Exact },
            input_scaling,
            reset: if soft { Reset::Soft } else { Reset::Hard },
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

/// One input of 1 at step 0: the solution of the differential equations at every step.
#[test]
fn one_input_gives_the_difference_of_two_exponentials() {
    for (tau, tau_current) in [(20.0_f64, 5.0_f64), (5.0, 20.0), (7.0, 7.0), (7.0, 7.0 + 1e-9)] {
        let model = CurrentLif {
            tau_mem_ms: tau,
            tau_excitatory_ms: tau_current,
            threshold: 100.0,
            ..CurrentLif::default()
        };
        let neuron = model.build(0.5).unwrap();
        let mut state = State::at_rest(neuron.variables(), 1, 0.0);
        for step in 0..200 {
            let input = if step == 0 { 1.0 } else { 0.0 };
            neuron.step(&[], &mut state, &[input, 0.0], &mut Vec::new());
            // C = dt = 0.5
            let t = 0.5 * f64::from(step);
            let expected = if (tau - tau_current).abs() < 1e-6 {
                t * (-t / tau).exp() / 0.5
            } else {
                let apart = 1.0 / tau - 1.0 / tau_current;
                ((-t / tau_current).exp() - (-t / tau).exp()) / apart / 0.5
            };
            let v = state.named("potential").unwrap()[0];
            assert!((v - expected).abs() < 1e-7, "{tau} {tau_current} step {step}: {v} {expected}");
        }
    }
}

#[test]
fn with_input_scaling_a_constant_current_settles_at_itself() {
    let model = CurrentLif { input_scaling: true, threshold: 100.0, ..CurrentLif::default() };
    let neuron = model.build(1.0).unwrap();
    let mut state = State::at_rest(neuron.variables(), 1, 0.0);
    let keeps = 1.0 - (-1.0_f64 / 5.0).exp();
    (0..2000).for_each(|_| neuron.step(&[], &mut state, &[3.0 * keeps, 0.0], &mut Vec::new()));
    // Between steps the current decays from 3: its mean, seen through the membrane, is a little
    // less.
    let v = state.named("potential").unwrap()[0];
    assert!((v - 3.0).abs() < 0.35, "{v}");
    assert!((state.named("excitatory_current").unwrap()[0] - 3.0).abs() < 1e-9);
}

#[test]
fn mean_growth_and_its_slope_are_smooth_where_time_constants_meet() {
    for x in [-3.0, -0.5, -0.4999, -1e-3, 0.0, 1e-9, 0.4999, 0.5, 0.5001, 2.0] {
        let at = mean_growth(Dual::<f64> { value: x, slope: 1.0 });
        let (value, slope) = if x == 0.0 {
            (1.0, 0.5)
        } else if x.abs() < 1e-6 {
            (1.0 + x / 2.0, 0.5 + x / 3.0)
        } else {
            (x.exp_m1() / x, (x.exp() * (x - 1.0) + 1.0) / x / x)
        };
        assert!((at.value - value).abs() < 1e-14 * value, "{x}: {}", at.value);
        assert!((at.slope - slope).abs() < 1e-9, "{x}: {} {slope}", at.slope);
    }
}

#[test]
fn extreme_time_constants_stay_finite() {
    for tau_mem_ms in [1e-300, 1e-3, 0.1, 1e300] {
        for tau_excitatory_ms in [1e-300, 1e-3, 5.0, 1e300] {
            let model = CurrentLif { tau_mem_ms, tau_excitatory_ms, ..CurrentLif::default() };
            let constants = equations(model).constants(&[tau_mem_ms, tau_excitatory_ms, 5.0, 1.0]);
            assert!(constants.iter().all(|k: &f64| k.is_finite()), "{model:?}: {constants:?}");
        }
    }
}

#[test]
fn every_field_is_checked() {
    let message = |model: CurrentLif| model.build(1.0).unwrap_err().to_string();
    let default = CurrentLif::default();
    assert_eq!(
        message(CurrentLif { tau_inhibitory_ms: -2.0, ..default }),
        "CurrentLif::tau_inhibitory_ms is -2, but must be above 0"
    );
    for (model, field) in [
        (CurrentLif { tau_mem_ms: 0.0, ..default }, "tau_mem_ms"),
        (CurrentLif { tau_excitatory_ms: f64::INFINITY, ..default }, "tau_excitatory_ms"),
        (CurrentLif { threshold: -1.0, ..default }, "threshold"),
        (CurrentLif { refractory_ms: -1.0, ..default }, "refractory_ms"),
        (CurrentLif { surrogate: Surrogate::Atan { alpha: 0.0 }, ..default }, "surrogate"),
        (
            CurrentLif { decay: Decay::Euler, tau_excitatory_ms: 0.5, ..default },
            "tau_excitatory_ms",
        ),
    ] {
        assert!(message(model).contains(field), "{}", message(model));
    }
}
