//! Layers without delays over a few steps, which run as products over the whole batch: the ways to
//! work them out agree.

use crate::oracle::{doubles, largest_error};
use layered::LayeredEngine;
use neurons::{LeakyIntegrator, Lif, Surrogate};
use plasticity::gradient::{CrossEntropy, Labelled};
use rand::RngExt;
use sim_core::{
    Batch, Cells, DelayKernel, DelayTaps, DenseSynapses, Dropout, GradientEngine, Gradients,
    Granularity, Horizon, KernelEvaluation, Network, NormStatistics, Pass, Population, Projection,
    Purpose, Seed, SpikeFrames, Synapses,
};
use simd::Instructions;
use std::sync::Arc;

/// Hidden layers are no whole number of blocks, and large enough for every product.
const SIZES: [usize; 4] = [310, 275, 261, 11];
const STEPS: usize = 6;

fn synapses(stream: u64, pre: usize, post: usize) -> DenseSynapses {
    let mut random = Seed(7).stream(Purpose::Weights, stream, 0);
    let mut weight = || random.random_range(-0.1..0.13);
    DenseSynapses {
        pre,
        post,
        elements_per_pair: 1,
        min_delay_steps: 0,
        max_delay_steps: 0,
        granularity: Granularity::Synaptic,
        kernel: DelayKernel::OneTap,
        weight: (0..pre * post).map(|_| weight()).collect(),
        delay: vec![0.0; pre * post],
    }
}

/// A chain of layers; with `beside`, two projections lie side by side, and one passes a layer.
fn network(surrogate: Surrogate, beside: bool) -> Network {
    let cells = |layer: usize| match layer {
        0 => Cells::Source,
        3 => Cells::Neurons(Arc::new(LeakyIntegrator::default())),
        _ => {
            let lif = Lif { tau_mem_ms: 2.0, surrogate, ..Lif::default() };
            Cells::Neurons(Arc::new(lif))
        }
    };
    let population = |(layer, &size)| Population::new(format!("p{layer}"), size, cells(layer));
    let mut ends = vec![(0, 1), (1, 2), (2, 3)];
    if beside {
        ends.extend([(1, 2), (1, 3)]);
    }
    let projection = |(stream, &(source, target)): (usize, &(usize, usize))| {
        let synapses = synapses(stream as u64, SIZES[source], SIZES[target]);
        Projection::new(source, target, Synapses::Dense(synapses))
    };
    let populations = SIZES.iter().enumerate().map(population).collect();
    Network::new(1.0, populations, ends.iter().enumerate().map(projection).collect())
}

/// What is shown: an image in every step, or spikes.
fn frames(sample: u64, repeats: bool) -> SpikeFrames {
    let mut random = Seed(8).stream(Purpose::Synthesis, sample, 0);
    let mut values = |count: usize| -> Vec<f32> {
        (0..count).map(|_| if random.random_bool(0.3) { 1.0 } else { 0.0 }).collect()
    };
    match repeats {
        true => SpikeFrames::constant(&values(SIZES[0]), STEPS).unwrap(),
        false => SpikeFrames::from_values(SIZES[0], STEPS, &values(SIZES[0] * STEPS)).unwrap(),
    }
}

/// Gradients of a batch, and what the hidden layers sent.
fn train(
    engine: &mut LayeredEngine,
    network: &Network,
    frames: &[SpikeFrames],
    dropout: Option<Dropout>,
) -> (Gradients, Vec<SpikeFrames>) {
    let labels: Vec<usize> = (0..frames.len()).map(|slot| slot % SIZES[3]).collect();
    let objective = Labelled { loss: &CrossEntropy::Mean, labels: &labels };
    let pass = Pass {
        delay_taps: DelayTaps::Trained { sigma_raw: 0.2, evaluation: KernelEvaluation::default() },
        norm: NormStatistics::Batch,
        dropout,
        horizon: Horizon::Batch,
    };
    let mut gradients = Gradients::zeros(network);
    engine.train(network, &Batch::new(frames, 3, &objective), &pass, &mut gradients).unwrap();
    let sent = (0..frames.len()).flat_map(|b| [1, 2].map(|p| engine.activity(p, b).clone()));
    (gradients, sent.collect())
}

#[test]
fn products_of_all_instruction_sets_agree() {
    let dropout = Dropout { rate: 0.25, seed: Seed(3), step: 5 };
    let slopes =
        [Surrogate::Sigmoid { alpha: 4.0 }, Surrogate::Triangle { half_width: 0.6, peak: 1.0 }];
    for (n, slope) in slopes.into_iter().enumerate() {
        for (beside, repeats) in [(false, true), (true, true), (false, false)] {
            let network = network(slope, beside);
            let frames: Vec<_> = (0..9).map(|sample| frames(sample, repeats)).collect();
            let dropout = (n == 0).then_some(dropout);
            let mut engine = LayeredEngine::new(&network).unwrap();
            // A larger batch before leaves nothing behind.
            train(&mut engine, &network, &[&frames[..], &frames[..]].concat(), None);
            let (gradients, sent) = train(&mut engine, &network, &frames, dropout);
            assert!(sent.iter().all(|sent| sent.len() > SIZES[2]), "layers fire");
            for isa in Instructions::available() {
                let mut engine =
                    LayeredEngine::new(&network).unwrap().with_instructions(isa).unwrap();
                let (others, also_sent) = train(&mut engine, &network, &frames, dropout);
                assert!(sent == also_sent, "{slope:?} {beside} {repeats} {isa:?}");
                for ((id, ours), (_, theirs)) in gradients.iter().zip(others.iter()) {
                    let error = largest_error(&doubles(ours), &doubles(theirs));
                    let name = network.parameter_name(id);
                    assert!(error < 2e-5, "{slope:?} {beside} {repeats} {isa:?} {name}: {error:e}");
                }
            }
        }
    }
}
