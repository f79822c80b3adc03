//! The oracle's gradients against finite differences, on networks whose threshold is the smooth
//! function that the surrogate slope is the derivative of. What agrees with these gradients is a
//! gradient.

use crate::oracle::{
    Case, Firing, GoldenCase, Kernel, OracleGradients, OracleLayer, OracleNetwork, Pass, Reset,
    Signal, Statistics, golden_cases, random_cases, sum_softmax,
};
use proptest::prelude::*;

/// Distance of neighbouring points. With formulas of fourth order, their error and the rounding
/// error are then both near 1e-11.
const STEP: f64 = 2e-4;
/// Allowed error, as a share of the largest gradient of the same array (at least 0.1).
const TOLERANCE: f64 = 1e-6;

/// The learned arrays of a layer.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Parameter {
    Weight,
    Delay,
    Gain,
    Bias,
}

const EVERY_PARAMETER: [Parameter; 4] =
    [Parameter::Weight, Parameter::Delay, Parameter::Gain, Parameter::Bias];

impl Parameter {
    fn of(self, layer: &mut OracleLayer) -> &mut [f64] {
        match (self, &mut layer.norm) {
            (Self::Weight, _) => &mut layer.weight,
            (Self::Delay, _) => &mut layer.delay,
            (Self::Gain, Some(norm)) => &mut norm.gain,
            (Self::Bias, Some(norm)) => &mut norm.bias,
            (_, None) => &mut [],
        }
    }

    fn gradient(self, gradients: &OracleGradients, layer: usize) -> &[f64] {
        match self {
            Self::Weight => &gradients.weight[layer],
            Self::Delay => &gradients.delay[layer],
            Self::Gain => &gradients.gain[layer],
            Self::Bias => &gradients.bias[layer],
        }
    }
}

/// Central difference of fourth order.
fn central(f: impl Fn(f64) -> f64) -> f64 {
    (8.0 * (f(STEP) - f(-STEP)) - (f(2.0 * STEP) - f(-2.0 * STEP))) / (12.0 * STEP)
}

/// Difference of fourth order towards the side of `step`, the only side on which a kink lets one
/// look.
fn one_sided(f: impl Fn(f64) -> f64, step: f64) -> f64 {
    (-25.0 * f(0.0) + 48.0 * f(step) - 36.0 * f(2.0 * step) + 16.0 * f(3.0 * step)
        - 3.0 * f(4.0 * step))
        / (12.0 * step)
}

/// The loss as a function of the network. With a detached reset, that function's resets stay where
/// the undisturbed network has them.
fn loss(network: &OracleNetwork, case: &Case, statistics: Statistics, undisturbed: &Pass) -> f64 {
    let resets = network.detach_reset.then_some(undisturbed);
    let pass = network.forward_with_resets_of(&case.input, statistics, resets);
    sum_softmax(pass.readout(), &case.labels).loss
}

/// Compares every gradient of every parameter with a difference of the loss.
fn check(case: &Case, statistics: Statistics) -> Result<(), String> {
    let network = &case.network;
    let pass = network.forward(&case.input, statistics);
    let gradients = network.backward(&pass, &sum_softmax(pass.readout(), &case.labels).gradient);
    for layer in 0..network.layers.len() {
        for parameter in EVERY_PARAMETER {
            let analytic = parameter.gradient(&gradients, layer);
            let scale = analytic.iter().fold(0.1_f64, |largest, g| largest.max(g.abs()));
            for (index, numeric) in
                differences(case, statistics, &pass, layer, parameter).into_iter().enumerate()
            {
                let gradient = analytic[index];
                if (gradient - numeric).abs() > TOLERANCE * scale {
                    return Err(format!(
                        "{parameter:?} {index} of layer {layer}: gradient {gradient}, difference \
                         {numeric}"
                    ));
                }
            }
        }
    }
    Ok(())
}

/// Compares the gradients of the input, as [`check`] does those of the parameters.
fn check_input(case: &Case, statistics: Statistics) -> Result<(), String> {
    let network = &case.network;
    let pass = network.forward(&case.input, statistics);
    let analytic = network
        .backward(&pass, &sum_softmax(pass.readout(), &case.labels).gradient)
        .input
        .swap_remove(0)
        .data;
    let scale = analytic.iter().fold(0.1_f64, |largest, g| largest.max(g.abs()));
    for (index, gradient) in analytic.into_iter().enumerate() {
        let numeric = central(|shift| {
            let mut moved = case.clone();
            moved.input.data[index] += shift;
            loss(network, &moved, statistics, &pass)
        });
        if (gradient - numeric).abs() > TOLERANCE * scale {
            return Err(format!("input {index}: gradient {gradient}, difference {numeric}"));
        }
    }
    Ok(())
}

fn differences(
    case: &Case,
    statistics: Statistics,
    pass: &Pass,
    layer: usize,
    parameter: Parameter,
) -> Vec<f64> {
    let mut network = case.network.clone();
    let values = parameter.of(&mut network.layers[layer]).to_vec();
    let longest = network.max_delay as f64;
    let has_kinks = parameter == Parameter::Delay && network.kernel == Kernel::Linear;
    let difference = |(index, value): (usize, &f64)| {
        let f = |shift: f64| {
            let mut moved = case.network.clone();
            parameter.of(&mut moved.layers[layer])[index] += shift;
            loss(&moved, case, statistics, pass)
        };
        match has_kinks && value.fract() == 0.0 {
            true if *value == longest => one_sided(f, -STEP),
            true => one_sided(f, STEP),
            false => central(f),
        }
    };
    values.iter().enumerate().map(difference).collect()
}

/// Cases on which differences can be trusted: a smooth threshold, input that varies, and no delay
/// that a difference would carry across a kink of the linear kernel, unless it sits right on it.
fn smooth_cases() -> impl Strategy<Value = Case> {
    random_cases()
        .prop_filter("rounded delays have no slope, and a single step no variance", |case| {
            case.network.kernel != Kernel::OneTap && case.input.steps > 3
        })
        .prop_map(|mut case| {
            case.network.firing = Firing::Smooth;
            for (index, x) in case.input.data.iter_mut().enumerate() {
                *x += 0.5 + 0.4 * (index as f64 * 1.7).sin();
            }
            let longest = case.network.max_delay as f64;
            for delay in case.network.layers.iter_mut().flat_map(|layer| &mut layer.delay) {
                let nearest = delay.round();
                if *delay != nearest && (*delay - nearest).abs() < 0.01 {
                    *delay = if nearest < longest { nearest + 0.01 } else { nearest - 0.01 };
                }
            }
            case
        })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        rng_seed: proptest::test_runner::RngSeed::Fixed(11),
        ..ProptestConfig::default()
    })]

    // Fixed, because a difference is no proof: now and then a random network is too steep for the
    // step.

    #[test]
    fn random_networks(case in smooth_cases()) {
        for statistics in [Statistics::Batch, Statistics::Running] {
            check(&case, statistics)
                .and_then(|()| check_input(&case, statistics))
                .map_err(TestCaseError::fail)?;
        }
    }
}

fn smoothed(golden: GoldenCase) -> Case {
    let network = OracleNetwork { firing: Firing::Smooth, ..golden.network };
    Case { network, input: golden.input, labels: golden.labels }
}

/// The networks whose gradients the reference gave, hence with its kernels, norm, detached hard
/// reset and slope.
#[test]
fn the_references_networks() {
    for golden in golden_cases() {
        let name = golden.name.clone();
        check(&smoothed(golden), Statistics::Batch)
            .unwrap_or_else(|message| panic!("{name}: {message}"));
    }
}

/// The linear kernel has a kink at every whole delay, where the reference's gradient is zero and
/// its delays would stay for ever.
#[test]
fn whole_delays_have_the_one_sided_gradient() {
    let linear = golden_cases()
        .into_iter()
        .find(|golden| golden.network.kernel == Kernel::Linear)
        .expect("a linear case");
    let mut case = smoothed(linear);
    for delay in case.network.layers.iter_mut().flat_map(|layer| &mut layer.delay) {
        *delay = delay.round();
    }
    // Both ends of the window belong to it.
    case.network.layers[0].delay[0] = 0.0;
    case.network.layers[0].delay[1] = case.network.max_delay as f64;
    check(&case, Statistics::Batch).unwrap();
    let pass = case.network.forward(&case.input, Statistics::Batch);
    let gradients =
        case.network.backward(&pass, &sum_softmax(pass.readout(), &case.labels).gradient);
    for layer in gradients.delay {
        assert!(layer.iter().all(|gradient| gradient.abs() > 1e-9), "no delay is stuck: {layer:?}");
    }
}

/// The random networks have both kinds of reset, which would prove little if their gradients were
/// the same.
#[test]
fn detaching_the_reset_matters() {
    let mut case = smoothed(
        golden_cases().into_iter().find(|golden| golden.network.beta > 0.1).expect("a leaky case"),
    );
    for reset in [Reset::Hard, Reset::Soft] {
        case.network.reset = reset;
        let [detached, whole] = [true, false].map(|detach_reset| {
            case.network.detach_reset = detach_reset;
            let pass = case.network.forward(&case.input, Statistics::Batch);
            case.network.backward(&pass, &sum_softmax(pass.readout(), &case.labels).gradient).weight
        });
        assert_ne!(detached, whole, "{reset:?}");
    }
}

#[test]
fn kernel_slopes_are_derivatives() {
    let longest = 12;
    for (kernel, sigma) in [
        (Kernel::Gaussian, 0.5),
        (Kernel::Gaussian, 1.3),
        (Kernel::Gaussian, 12.27),
        (Kernel::Linear, 0.0),
    ] {
        for delay in [0.3, 4.0, 6.5, 11.99, 12.0] {
            for (n, slope) in kernel.slope(delay, longest, sigma).into_iter().enumerate() {
                let f = |shift: f64| kernel.value(delay + shift, longest, sigma)[n];
                let numeric = match kernel {
                    Kernel::Linear if delay == longest as f64 => one_sided(f, -STEP),
                    Kernel::Linear if delay.fract() == 0.0 => one_sided(f, STEP),
                    _ => central(f),
                };
                assert!(
                    (slope - numeric).abs() < 1e-9,
                    "{kernel:?} {sigma} at {delay}, tap {n}: {slope} {numeric}"
                );
            }
        }
    }
}

/// The readout's own gradient, without a network in the way.
#[test]
fn loss_gradient() {
    let mut readout = Signal::zeros(2, 3, 4);
    readout
        .data
        .iter_mut()
        .enumerate()
        .for_each(|(index, v)| *v = (index as f64 * 2.3).sin() * 2.0);
    let labels = [2, 0];
    for (index, gradient) in sum_softmax(&readout, &labels).gradient.data.into_iter().enumerate() {
        let numeric = central(|shift| {
            let mut moved = readout.clone();
            moved.data[index] += shift;
            sum_softmax(&moved, &labels).loss
        });
        assert!((gradient - numeric).abs() < 1e-10, "{index}: {gradient} {numeric}");
    }
}
