use super::*;
use crate::checks::{self, SURROGATES};
use proptest::prelude::*;

fn spike_steps(lif: Lif, input: impl Fn(usize) -> f64, steps: usize) -> (Vec<usize>, Vec<f64>) {
    let neuron = lif.build(1.0).unwrap();
    let (mut state, mut fired) = (State::at_rest(neuron.variables(), 1, 0.0), Vec::new());
    let (mut times, mut potential) = (Vec::new(), Vec::new());
    for t in 0..steps {
        neuron.step(&[], &mut state, &[input(t)], &mut fired);
        if !fired.is_empty() {
            times.push(t);
        }
        fired.clear();
        potential.push(state.column(0)[0]);
    }
    (times, potential)
}

#[test]
fn one_input_decays_exponentially() {
    let lif = Lif { tau_mem_ms: 12.0, ..Lif::default() };
    let (spikes, v) = spike_steps(lif, |t| if t == 0 { 0.7 } else { 0.0 }, 60);
    assert!(spikes.is_empty());
    for (t, v) in v.iter().enumerate() {
        assert!((v - 0.7 * (-(t as f64) / 12.0).exp()).abs() < 1e-14);
    }
}

#[test]
fn a_step_current_fires_at_the_closed_form_intervals() {
    // V[t] = I (1 - beta^(t+1)) / (1 - beta) first reaches the threshold after ceil(ln(1 - (1 -
    // beta) / I) / ln beta) steps.
    for (current, tau) in [(0.08_f64, 20.0_f64), (0.2, 20.0), (0.3, 5.0)] {
        let beta = (-1.0 / tau).exp();
        let interval = ((1.0 - (1.0 - beta) / current).ln() / beta.ln()).ceil() as usize;
        let (spikes, _) = spike_steps(Lif { tau_mem_ms: tau, ..Lif::default() }, |_| current, 200);
        assert_eq!(spikes, (1..=200 / interval).map(|k| k * interval - 1).collect::<Vec<_>>());
        let scaled = Lif { tau_mem_ms: tau, input_scaling: true, ..Lif::default() };
        assert_eq!(spike_steps(scaled, |_| current / (1.0 - beta), 200).0, spikes);
    }
}

#[test]
fn the_threshold_itself_fires_and_the_resets_differ() {
    let input = |t: usize| if t == 0 { 1.0 } else { 0.0 };
    assert_eq!(spike_steps(Lif::default(), input, 2), (vec![0], vec![0.0, 0.0]));
    let soft = Lif { reset: Reset::Soft, ..Lif::default() };
    let (spikes, v) = spike_steps(soft, |t| if t == 0 { 1.75 } else { 0.0 }, 2);
    assert_eq!((spikes, v[0]), (vec![0], 0.75));
}

#[test]
fn a_refractory_neuron_is_held_and_loses_its_input() {
    let lif = Lif { refractory_ms: 3.0, ..Lif::default() };
    assert_eq!(spike_steps(lif, |_| 1.5, 12).0, [0, 4, 8], "fires, is held for three steps, fires");
    let soft = Lif { reset: Reset::Soft, ..lif };
    assert_eq!(spike_steps(soft, |_| 1.5, 4).1, [0.5; 4], "held where the reset left it");
}

#[test]
fn every_field_is_checked() {
    let message = |lif: Lif, dt: f64| lif.build(dt).unwrap_err().to_string();
    assert_eq!(
        message(Lif { tau_mem_ms: -1.0, ..Lif::default() }, 1.0),
        "Lif::tau_mem_ms is -1, but must be above 0"
    );
    assert_eq!(
        message(Lif { threshold: 0.0, ..Lif::default() }, 1.0),
        "Lif::threshold is 0, but must be above 0"
    );
    for threshold in [1e-60, 1e300] {
        assert!(
            message(Lif { threshold, ..Lif::default() }, 1.0)
                .ends_with("must be in the range of single precision, 1.2e-38 to 3.4e38")
        );
    }
    let refractory = Lif { refractory_ms: 2.5, ..Lif::default() };
    assert_eq!(
        message(refractory, 1.0),
        "Lif::refractory_ms is 2.5, but must be a whole number of steps of 1 ms; the nearest are 2 \
         and 3 ms"
    );
    assert!(refractory.build(0.1).is_ok());
    assert!(
        message(Lif { refractory_ms: f64::NAN, ..Lif::default() }, 1.0).contains("refractory_ms")
    );
    assert!(
        message(Lif { surrogate: Surrogate::Atan { alpha: 0.0 }, ..Lif::default() }, 1.0)
            .contains("alpha")
    );
    assert!(message(Lif::default(), 0.0).contains("dt_ms"));
}

/// The adjoint written slowly in `f64` for one neuron; `spike` need not be 0 or 1.
fn adjoint_twin(
    lif: &Lif,
    spike: &[f64],
    potential: &[f64],
    slope: &[f64],
    gradient: &[f64],
) -> Vec<f64> {
    let beta = lif.decay.per_step("", lif.tau_mem_ms, 1.0).unwrap();
    let gain = if lif.input_scaling { 1.0 - beta } else { 1.0 };
    let refractory = lif.refractory_ms as usize;
    let attached = if lif.detach_reset { 0.0 } else { 1.0 };
    let mut d_input = vec![0.0; spike.len()];
    let mut d_u = 0.0;
    for t in (0..spike.len()).rev() {
        if spike[t.saturating_sub(refractory)..t].contains(&1.0) {
            continue;
        }
        let d_u_d_v = match lif.reset {
            Reset::Hard => 1.0 - spike[t] - attached * potential[t] * slope[t],
            Reset::Soft => 1.0 - attached * lif.threshold * slope[t],
        };
        let d_v = gradient[t] * slope[t] + d_u_d_v * d_u;
        d_input[t] = gain * d_v;
        d_u = beta * d_v;
    }
    d_input
}

/// Models of every kind, in words.
fn models() -> impl Iterator<Item = (Lif, String)> {
    let flags = (0..32).map(|bits: u32| [0, 1, 2, 3, 4].map(|bit| bits >> bit & 1 == 1));
    flags.enumerate().map(|(k, [soft, detach_reset, euler, input_scaling, refractory])| {
        let model = Lif {
            tau_mem_ms: 8.0,
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

fn equations(model: Lif) -> LifEquations {
    model.equations(1.0, model.refractory_ms as u32)
}

#[test]
fn the_gradient_of_its_equations_is_that_of_finite_differences() {
    models().for_each(|(model, what)| checks::gradients(equations(model), &what));
}

#[test]
fn the_adjoint_follows_from_the_equations() {
    models().for_each(|(model, what)| checks::adjoint(equations(model), &what));
}

fn any_surrogate() -> impl Strategy<Value = Surrogate> {
    let width = 0.2_f32..2.0;
    prop_oneof![
        (1.0_f32..10.0).prop_map(|alpha| Surrogate::Atan { alpha }),
        (1.0_f32..20.0).prop_map(|beta| Surrogate::FastSigmoid { beta }),
        (1.0_f32..10.0).prop_map(|alpha| Surrogate::Sigmoid { alpha }),
        (width.clone(), 0.3_f32..1.0)
            .prop_map(|(half_width, peak)| Surrogate::Triangle { half_width, peak }),
        (width, 0.3_f32..1.0).prop_map(|(half_width, peak)| Surrogate::Box { half_width, peak }),
    ]
}

fn any_lif() -> impl Strategy<Value = Lif> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (1.0_f64..30.0, 0.5_f64..2.0, flags, 0_u8..5, any_surrogate()).prop_map(
        |(tau_mem_ms, threshold, flags, refractory, surrogate)| Lif {
            tau_mem_ms,
            // Single precision holds it: then both precisions compare with the same threshold.
            threshold: threshold as f32 as f64,
            decay: if flags.0 { Decay::Exact } else { Decay::Euler },
            input_scaling: flags.1,
            reset: if flags.2 { Reset::Hard } else { Reset::Soft },
            detach_reset: flags.3,
            refractory_ms: refractory as f64,
            surrogate,
        },
    )
}

fn any_rows() -> impl Strategy<Value = (Vec<NeuronBlock>, Vec<NeuronBlock>)> {
    let row = |range: std::ops::Range<f32>| proptest::array::uniform16(range);
    proptest::collection::vec((row(-1.0..2.5), row(-1.0..1.0)), 1..50)
        .prop_map(|rows| rows.into_iter().unzip())
}

proptest! {
    #[test]
    fn blocks_agree_with_the_step((lif, (input, _)) in (any_lif(), any_rows())) {
        let neuron = lif.build(1.0).unwrap();
        let mut potential = input.clone();
        let mut spikes = vec![0; input.len()];
        neuron.forward(&[], &mut potential, &mut spikes, &mut NeuronScratch::default());
        let mut state = State::at_rest(neuron.variables(), NEURONS_PER_BLOCK, 0.0);
        // A potential within rounding of the threshold may fall on either side of it; from there on
        // the two may differ.
        let mut comparable = [true; NEURONS_PER_BLOCK];
        for t in 0..input.len() {
            let mut fired = Vec::new();
            neuron.step(&[], &mut state, &input[t].map(f64::from), &mut fired);
            let fired: Vec<u32> = fired.iter().map(|spike: &Spike| spike.neuron).collect();
            for n in 0..NEURONS_PER_BLOCK {
                comparable[n] &= (potential[t][n] as f64 - lif.threshold).abs() > 1e-5;
                if comparable[n] {
                    prop_assert_eq!(
                        spikes[t] >> n & 1 == 1,
                        fired.contains(&(n as u32)),
                        "step {} neuron {}",
                        t,
                        n
                    );
                    let before_reset = if fired.contains(&(n as u32)) && lif.reset == Reset::Soft {
                        lif.threshold
                    } else {
                        0.0
                    };
                    if lif.reset == Reset::Soft || spikes[t] >> n & 1 == 0 {
                        prop_assert!(
                            (state.column(0)[n] + before_reset - potential[t][n] as f64).abs()
                                < 1e-4
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn blocks_step_by_step_have_the_bits_of_blocks_over_a_sample(
        (lif, (input, _)) in (any_lif(), any_rows()),
    ) {
        let neuron = lif.build(1.0).unwrap();
        let mut potential = input.clone();
        let mut spikes = vec![0; input.len()];
        neuron.forward(&[], &mut potential, &mut spikes, &mut NeuronScratch::default());
        let mut state = State::at_rest(neuron.variables(), 2, [0.0; NEURONS_PER_BLOCK]);
        for t in 0..input.len() {
            // The second block runs beside the first and must not disturb it.
            let (mut v, mut mask) = ([input[t], [0.1; NEURONS_PER_BLOCK]], [0; 2]);
            neuron.step_blocks(&[], &mut state, &mut v, &mut mask);
            prop_assert_eq!((v[0], mask[0]), (potential[t], spikes[t]), "step {}", t);
        }
    }

    #[test]
    fn the_adjoint_agrees_with_its_twin((lif, (input, gradient)) in (any_lif(), any_rows())) {
        let neuron = lif.build(1.0).unwrap();
        let (mut potential, mut blocks) = (input.clone(), gradient.clone());
        let mut spikes = vec![0; input.len()];
        neuron.forward(&[], &mut potential, &mut spikes, &mut NeuronScratch::default());
        neuron.adjoint(BlockAdjoint {
            constants: &[],
            input: &mut input.clone(),
            spikes: &mut spikes.clone(),
            gradient: &mut blocks,
            constant_gradient: &mut [],
            scratch: &mut NeuronScratch::default(),
        });
        for n in 0..NEURONS_PER_BLOCK {
            let spike: Vec<f64> = spikes.iter().map(|mask| (mask >> n & 1) as f64).collect();
            let v: Vec<f64> = potential.iter().map(|row| row[n] as f64).collect();
            let slope: Vec<f64> = potential
                .iter()
                .map(|row| lif.surrogate.slope(row[n] - lif.threshold as f32) as f64)
                .collect();
            let g: Vec<f64> = gradient.iter().map(|row| row[n] as f64).collect();
            let expected = adjoint_twin(&lif, &spike, &v, &slope, &g);
            let scale = expected.iter().fold(1.0, |scale: f64, d| scale.max(d.abs()));
            for t in 0..input.len() {
                prop_assert!(
                    (blocks[t][n] as f64 - expected[t]).abs() < 1e-4 * scale,
                    "step {} neuron {}: {} {}",
                    t,
                    n,
                    blocks[t][n],
                    expected[t]
                );
            }
        }
    }
}

/// The model with the threshold replaced by the integral of the atan slope. `frozen` gives the
/// spikes that the reset uses instead.
fn smooth_forward(lif: &Lif, input: &[f64], frozen: Option<&[f64]>) -> (Vec<f64>, Vec<f64>) {
    let beta = lif.decay.per_step("", lif.tau_mem_ms, 1.0).unwrap();
    let gain = if lif.input_scaling { 1.0 - beta } else { 1.0 };
    let (mut u, mut potential, mut spike) = (0.0, Vec::new(), Vec::new());
    for (t, current) in input.iter().enumerate() {
        let v = beta * u + gain * current;
        let s = 0.5
            + (std::f64::consts::FRAC_PI_2 * 5.0 * (v - lif.threshold)).atan()
                / std::f64::consts::PI;
        let reset = frozen.map_or(s, |frozen| frozen[t]);
        u = match lif.reset {
            Reset::Hard => (1.0 - reset) * v,
            Reset::Soft => v - lif.threshold * reset,
        };
        potential.push(v);
        spike.push(s);
    }
    (potential, spike)
}

#[test]
fn the_twin_is_the_derivative_of_the_smoothed_model() {
    let steps = 25;
    let input: Vec<f64> = (0..steps).map(|t| 0.9 * (t as f64 * 1.7).sin() + 0.4).collect();
    let gradient: Vec<f64> = (0..steps).map(|t| (t as f64 * 0.9).cos()).collect();
    for reset in [Reset::Hard, Reset::Soft] {
        for detach_reset in [true, false] {
            let lif = Lif {
                tau_mem_ms: 6.0,
                reset,
                detach_reset,
                input_scaling: detach_reset,
                ..Lif::default()
            };
            let (potential, spike) = smooth_forward(&lif, &input, None);
            let frozen = detach_reset.then_some(&spike[..]);
            let slope: Vec<f64> = potential
                .iter()
                .map(|v| 2.5 / (1.0 + (2.5 * std::f64::consts::PI * (v - 1.0)).powi(2)))
                .collect();
            let analytic = adjoint_twin(&lif, &spike, &potential, &slope, &gradient);
            let loss = |input: &[f64]| -> f64 {
                smooth_forward(&lif, input, frozen)
                    .1
                    .iter()
                    .zip(&gradient)
                    .map(|(s, g)| s * g)
                    .sum()
            };
            for t in 0..steps {
                let at = |offset: f64| {
                    let mut moved = input.clone();
                    moved[t] += offset;
                    loss(&moved)
                };
                let numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
                assert!(
                    (numeric - analytic[t]).abs() < 1e-7,
                    "{reset:?} detached {detach_reset} step {t}: {numeric} {}",
                    analytic[t]
                );
            }
        }
    }
}
