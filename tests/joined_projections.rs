//! Gradients of the layered engine where projections meet: side by side, past a population, with
//! delays that synapses share.

use crate::oracle::{doubles, largest_error};
use crate::parameter_of;
use layered::LayeredEngine;
use neurons::{LeakyIntegrator, Lif};
use plasticity::gradient::{CrossEntropy, Labelled};
use proptest::prelude::*;
use rand::RngExt;
use sim_core::{
    Batch, BatchNorm, Cells, DelayKernel, DelayTaps, DenseSynapses, GaussianMethod, GradientEngine,
    Gradients, Granularity, Horizon, KernelEvaluation, Network, NormStatistics, Pass, Population,
    Precision, Projection, Purpose, Seed, SpikeFrames, Synapses,
};
use std::sync::Arc;

const CLASSES: usize = 3;

/// Trains on a batch whose samples are of class `slot % CLASSES`.
fn train(
    engine: &mut LayeredEngine,
    network: &Network,
    frames: &[SpikeFrames],
    pass: &Pass,
) -> Gradients {
    let mut gradients = Gradients::zeros(network);
    let labels: Vec<usize> = (0..frames.len()).map(|slot| slot % CLASSES).collect();
    let objective = Labelled { loss: &CrossEntropy::SumSoftmax, labels: &labels };
    let batch = Batch::new(frames, network.populations.len() - 1, &objective);
    engine.train(network, &batch, pass, &mut gradients).unwrap();
    gradients
}

/// Runs such a batch forward.
fn evaluate(
    engine: &mut LayeredEngine,
    network: &Network,
    frames: &[SpikeFrames],
    pass: &Pass,
) -> Result<(), sim_core::Error> {
    let labels: Vec<usize> = (0..frames.len()).map(|slot| slot % CLASSES).collect();
    let objective = Labelled { loss: &CrossEntropy::SumSoftmax, labels: &labels };
    engine.evaluate(network, &Batch::new(frames, network.populations.len() - 1, &objective), pass)
}

/// Populations of these sizes, the last a readout, the hidden ones behind norms.
fn populations(sizes: &[usize]) -> Vec<Population> {
    let last = sizes.len() - 1;
    let cells = |index: usize| match index {
        0 => Cells::Source,
        _ if index == last => Cells::Neurons(Arc::new(LeakyIntegrator::default())),
        _ => Cells::Neurons(Arc::new(Lif { tau_mem_ms: 5.0, ..Lif::default() })),
    };
    let norm = |index: usize| (index > 0 && index < last).then(|| BatchNorm::new(sizes[index]));
    let population = |(index, &size): (usize, &usize)| Population {
        norm: norm(index),
        ..Population::new(format!("p{index}"), size, cells(index))
    };
    sizes.iter().enumerate().map(population).collect()
}

fn synapses(
    seed: u64,
    pre: usize,
    post: usize,
    elements_per_pair: usize,
    max_delay_steps: usize,
    granularity: Granularity,
) -> DenseSynapses {
    let mut random = Seed(seed).stream(Purpose::Weights, 0, 0);
    let mut synapses = DenseSynapses {
        pre,
        post,
        elements_per_pair,
        min_delay_steps: 0,
        max_delay_steps,
        granularity,
        kernel: DelayKernel::Gaussian,
        weight: Vec::new(),
        delay: Vec::new(),
    };
    synapses.weight =
        (0..pre * post * elements_per_pair).map(|_| random.random_range(-1.0..1.5)).collect();
    synapses.delay = (0..synapses.delay_shape().entries())
        .map(|_| random.random_range(0.0..=max_delay_steps as f32))
        .collect();
    synapses
}

fn dense(source: usize, target: usize, synapses: &DenseSynapses) -> Projection {
    Projection::new(source, target, Synapses::Dense(synapses.clone()))
}

fn frames(seed: u64, channels: usize, steps: usize) -> SpikeFrames {
    let mut random = Seed(seed).stream(Purpose::Synthesis, 0, 0);
    let events: Vec<_> = (0..channels * steps / 5)
        .map(|_| (random.random_range(0..channels as u32), random.random_range(0..steps as u32)))
        .collect();
    SpikeFrames::from_events(channels, steps, &events).unwrap()
}

fn pass(sigma_raw: f64, evaluation: KernelEvaluation) -> Pass {
    Pass {
        delay_taps: DelayTaps::Trained { sigma_raw, evaluation },
        norm: NormStatistics::Batch,
        dropout: None,
        horizon: Horizon::Batch,
    }
}

/// The largest difference as a share of the largest entry.
fn difference(a: &[f32], b: &[f32]) -> f64 {
    largest_error(&doubles(a), &doubles(b))
}

/// Two projections between the same populations are one with two kernel elements per synapse.
#[test]
fn projections_side_by_side_add_up() {
    for sigma in [0.23, 9.0] {
        let sizes = [5, 40, 18, CLASSES];
        let both = synapses(1, 40, 18, 2, 24, Granularity::Synaptic);
        let half = |k: usize| {
            let every = |all: &[f32]| all.iter().skip(k).step_by(2).copied().collect();
            DenseSynapses {
                elements_per_pair: 1,
                weight: every(&both.weight),
                delay: every(&both.delay),
                ..both.clone()
            }
        };
        let first = synapses(2, 5, 40, 1, 24, Granularity::Synaptic);
        let last = synapses(3, 18, CLASSES, 1, 24, Granularity::Synaptic);
        let network = |middle: Vec<Projection>| {
            Network::new(
                1.0,
                populations(&sizes),
                [vec![dense(0, 1, &first)], middle, vec![dense(2, 3, &last)]].concat(),
            )
        };
        let apart = network(vec![dense(1, 2, &half(0)), dense(1, 2, &half(1))]);
        let merged = network(vec![dense(1, 2, &both)]);
        let batch: Vec<_> = (0..7).map(|sample| frames(sample, 5, 30)).collect();
        let gradients = |network: &Network| {
            let mut engine = LayeredEngine::new(network).unwrap();
            train(&mut engine, network, &batch, &pass(sigma, KernelEvaluation::default()))
        };
        let (apart, merged) = (gradients(&apart), gradients(&merged));
        for (a, b) in [(0, 0), (3, 2)] {
            assert!(
                difference(apart.of(parameter_of::weight(a)), merged.of(parameter_of::weight(b)))
                    < 1e-4,
                "projection {a} at sigma {sigma}"
            );
            assert!(
                difference(apart.of(parameter_of::delay(a)), merged.of(parameter_of::delay(b)))
                    < 1e-4,
                "projection {a} at sigma {sigma}"
            );
        }
        let woven: Vec<f32> = apart
            .of(parameter_of::weight(1))
            .iter()
            .zip(apart.of(parameter_of::weight(2)))
            .flat_map(|(first, second)| [*first, *second])
            .collect();
        assert!(difference(&woven, merged.of(parameter_of::weight(1))) < 1e-4, "sigma {sigma}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// On networks with skips and any granularity, approximations stay near the exact kernels,
    /// gradients too, and an engine that has run other batches and kernels before gives the same
    /// bits as a new one.
    #[test]
    fn approximations_and_reuse_change_little_and_nothing(
        seed in 0_u64..1000,
        hidden in 1_usize..40,
        elements_per_pair in 1_usize..3,
        max_delay in 0_usize..40,
        granularity in prop_oneof![
            Just(Granularity::Synaptic),
            Just(Granularity::Axonal),
            Just(Granularity::Dendritic),
        ],
        sigma in prop_oneof![Just(0.23), Just(2.0), Just(15.0)],
        method in prop_oneof![
            Just(GaussianMethod::Truncated),
            Just(GaussianMethod::Smoothed),
            Just(GaussianMethod::Polynomial),
            Just(GaussianMethod::Cheapest),
        ],
    ) {
        let sizes = [4, hidden, 17, CLASSES];
        let between = |source: usize, target: usize| {
            let seed = seed * 100 + (source * 10 + target) as u64;
            dense(
                source,
                target,
                &synapses(
                    seed,
                    sizes[source],
                    sizes[target],
                    elements_per_pair,
                    max_delay,
                    granularity,
                ),
            )
        };
        let projections =
            vec![between(0, 1), between(0, 2), between(1, 2), between(1, 3), between(2, 3)];
        let network = Network::new(1.0, populations(&sizes), projections);
        let batch: Vec<_> = (0..5).map(|sample| frames(seed + sample, 4, 25)).collect();
        let other: Vec<_> = (0..9).map(|sample| frames(seed + 50 + sample, 4, 60)).collect();
        // Tight enough that hardly a spike moves.
        let approximate = pass(
            sigma,
            KernelEvaluation { gaussian: method, tolerance: 1e-5, ..KernelEvaluation::default() },
        );
        let exact = pass(sigma, KernelEvaluation::default());

        let mut fresh = LayeredEngine::new(&network).unwrap();
        let gradients = train(&mut fresh, &network, &batch, &approximate);
        let mut used = LayeredEngine::new(&network).unwrap();
        train(&mut used, &network, &other, &exact);
        evaluate(&mut used, &network, &other[..1], &Pass::DEPLOYED).unwrap();
        prop_assert_eq!(&train(&mut used, &network, &batch, &approximate), &gradients);

        let reference = train(&mut used, &network, &batch, &exact);
        let same_spikes = (1..3)
            .all(|p| (0..5).all(|sample| fresh.activity(p, sample) == used.activity(p, sample)));
        // Behind a norm some gradients are what larger terms leave over: they are compared with the
        // largest of all.
        let scale = (0..network.projections.len())
            .flat_map(|index| reference.of(parameter_of::weight(index)))
            .fold(1e-6f32, |max, x| max.max(x.abs()));
        if same_spikes {
            for weight in (0..network.projections.len()).map(parameter_of::weight) {
                let worst = gradients
                    .of(weight)
                    .iter()
                    .zip(reference.of(weight))
                    .fold(0.0f32, |worst, (a, b)| worst.max((a - b).abs()));
                prop_assert!(worst < 1e-2 * scale, "{worst} of {scale}");
            }
        }
    }
}

/// Products in bf16 keep a gradient to about a hundredth. Input spikes are so rare that none is
/// taken by rows: all neurons fire as they do in single precision, and what differs is the way
/// back.
#[test]
fn bf16_keeps_gradients_to_a_hundredth() {
    let sizes = [12, 48, CLASSES];
    let between = |source: usize, target: usize| {
        dense(
            source,
            target,
            &synapses(
                (source * 10 + target) as u64,
                sizes[source],
                sizes[target],
                1,
                24,
                Granularity::Synaptic,
            ),
        )
    };
    let network = Network::new(1.0, populations(&sizes), vec![between(0, 1), between(1, 2)]);
    let rare = |sample: u32| {
        let events = (0..12).flat_map(|channel| {
            [(channel, (channel * 7 + sample * 3) % 40), (channel, (channel + sample) % 37)]
        });
        SpikeFrames::from_events(12, 40, &events.collect::<Vec<_>>()).unwrap()
    };
    let batch: Vec<_> = (0..8).map(rare).collect();
    for sigma in [0.23, 9.0] {
        let gradients = |precision| {
            let evaluation = KernelEvaluation {
                gaussian: GaussianMethod::Cheapest,
                precision,
                ..KernelEvaluation::default()
            };
            let mut engine = LayeredEngine::new(&network).unwrap();
            train(&mut engine, &network, &batch, &pass(sigma, evaluation))
        };
        let (single, half) = (gradients(Precision::Single), gradients(Precision::Bf16));
        for projection in 0..network.projections.len() {
            let weight = parameter_of::weight(projection);
            let difference = difference(half.of(weight), single.of(weight));
            assert!(difference < 2e-2, "projection {projection} at sigma {sigma}: {difference}");
        }
    }
}

#[test]
fn networks_the_engine_cannot_run_are_refused() {
    let between = |source: usize, target: usize| {
        dense(source, target, &synapses(1, 4, 4, 1, 3, Granularity::Synaptic))
    };
    let network = |projections| Network::new(1.0, populations(&[4, 4, 4, 4]), projections);
    let orphan = LayeredEngine::new(&network(vec![between(0, 2), between(1, 2), between(2, 3)]))
        .unwrap_err();
    assert!(orphan.to_string().contains("no projection ends at population p1"), "{orphan}");

    let chain = network(vec![between(0, 1), between(1, 2), between(2, 3)]);
    let mut engine = LayeredEngine::new(&chain).unwrap();
    let skip = network(vec![between(0, 1), between(0, 2), between(1, 2), between(2, 3)]);
    let refused = evaluate(&mut engine, &skip, &[frames(0, 4, 9)], &Pass::DEPLOYED).unwrap_err();
    assert!(
        refused.to_string().contains("built for a network of other populations or projections"),
        "{refused}"
    );
}

#[test]
fn samples_without_steps_are_legal() {
    let between = |source: usize, target: usize| {
        dense(source, target, &synapses(1, 4, 4, 1, 0, Granularity::Synaptic))
    };
    let network = Network::new(1.0, populations(&[4, 4, 4]), vec![between(0, 1), between(1, 2)]);
    let empty = SpikeFrames::from_events(4, 0, &[]).unwrap();
    let mut engine = LayeredEngine::new(&network).unwrap();
    let pass = pass(1.0, KernelEvaluation::default());
    train(&mut engine, &network, &[empty.clone(), empty], &pass);
    assert_eq!(engine.report().populations[0].steps, 1);
}
