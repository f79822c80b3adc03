//! Random networks with a random batch, for property tests.

use super::{Firing, Kernel, OracleLayer, OracleNetwork, OracleNorm, Reset, Signal};
use proptest::{collection::vec, prelude::*};

/// A network and a labelled batch that fits it.
#[derive(Debug, Clone)]
pub struct Case {
    pub network: OracleNetwork,
    pub input: Signal,
    pub labels: Vec<usize>,
}

/// Sizes of a case, drawn before its contents.
#[derive(Debug, Clone)]
struct Shape {
    /// Channels, hidden layers, classes.
    widths: Vec<usize>,
    elements_per_pair: usize,
    max_delay: usize,
    batch: usize,
    steps: usize,
}

/// Networks of one to three delay layers, whatever their kernel, leak, reset, norm and dropout,
/// with input of whole spike counts. Spikes are those of a threshold. Delays lie anywhere in the
/// window, on whole steps and on its ends too.
pub fn random_cases() -> impl Strategy<Value = Case> {
    let shape = (
        1..5_usize,
        vec(1..6_usize, 0..3),
        2..5_usize,
        1..3_usize,
        0..8_usize,
        1..4_usize,
        1..14_usize,
    )
        .prop_map(|(channels, hidden, classes, elements_per_pair, max_delay, batch, steps)| {
            Shape {
                widths: [vec![channels], hidden, vec![classes]].concat(),
                elements_per_pair,
                max_delay,
                batch,
                steps,
            }
        });
    shape.prop_flat_map(|shape| (layers(&shape), settings(&shape), input(&shape))).prop_map(
        |(layers, network, (input, labels))| Case {
            network: OracleNetwork { layers, ..network },
            input,
            labels,
        },
    )
}

fn settings(shape: &Shape) -> impl Strategy<Value = OracleNetwork> + use<> {
    let max_delay = shape.max_delay;
    let kernel = prop_oneof![Just(Kernel::Gaussian), Just(Kernel::Linear), Just(Kernel::OneTap)];
    let reset = prop_oneof![Just(Reset::Hard), Just(Reset::Soft)];
    (
        kernel,
        0.3..4.0,
        0..=max_delay,
        prop_oneof![Just(0.0), 0.0..0.95],
        0.5..1.5,
        1.0..6.0,
        reset,
        any::<bool>(),
    )
        .prop_map(
            move |(kernel, sigma, extra_steps, beta, threshold, alpha, reset, detach_reset)| {
                OracleNetwork {
                    layers: Vec::new(),
                    kernel,
                    sigma,
                    max_delay,
                    extra_steps,
                    beta,
                    threshold,
                    alpha,
                    firing: Firing::Threshold,
                    reset,
                    detach_reset,
                }
            },
        )
}

fn layers(shape: &Shape) -> impl Strategy<Value = Vec<OracleLayer>> + use<> {
    let last = shape.widths.len() - 2;
    let layers: Vec<_> = shape
        .widths
        .windows(2)
        .enumerate()
        .map(|(index, pair)| layer(shape, pair[0], pair[1], index == last).boxed())
        .collect();
    layers
}

fn layer(
    shape: &Shape,
    pre: usize,
    post: usize,
    is_readout: bool,
) -> impl Strategy<Value = OracleLayer> + use<> {
    let (elements_per_pair, elements, longest) =
        (shape.elements_per_pair, pre * post * shape.elements_per_pair, shape.max_delay);
    let delay =
        prop_oneof![3 => 0.0..=longest as f64, 1 => (0..=longest).prop_map(|steps| steps as f64)];
    // Away from zero, lest a neuron's current hardly varies and its norm blows up the rounding
    // errors of whatever is compared.
    let weight = prop_oneof![0.2..1.5, -1.5..-0.2];
    let norm =
        (vec(0.5..1.5, post), vec(-0.5..0.5, post), vec(-0.5..0.5, post), vec(0.5..2.0, post));
    let norm = norm.prop_map(move |(gain, bias, running_mean, running_variance)| OracleNorm {
        gain,
        bias,
        running_mean,
        running_variance,
        ..OracleNorm::new(post)
    });
    let norm = if is_readout { Just(None).boxed() } else { proptest::option::of(norm).boxed() };
    let mask = vec(prop_oneof![Just(0.0), Just(4.0 / 3.0)], post * shape.batch);
    let mask =
        if is_readout { Just(None).boxed() } else { proptest::option::weighted(0.3, mask).boxed() };
    (vec(weight, elements), vec(delay, elements), norm, mask).prop_map(
        move |(weight, delay, norm, mask)| OracleLayer {
            pre,
            post,
            elements_per_pair,
            weight,
            delay,
            norm,
            mask,
        },
    )
}

fn input(shape: &Shape) -> impl Strategy<Value = (Signal, Vec<usize>)> + use<> {
    let (batch, neurons, steps) = (shape.batch, shape.widths[0], shape.steps);
    let classes = *shape.widths.last().expect("a network has an output");
    let count = prop_oneof![3 => Just(0.0), 1 => (1..4).prop_map(f64::from)];
    (vec(count, batch * neurons * steps), vec(0..classes, batch))
        .prop_map(move |(data, labels)| (Signal { batch, neurons, steps, data }, labels))
}
