//! Errors that go back by other weights, against a plain twin in double precision.

use crate::engine::LayeredEngine;
use neurons::{Decay, LeakyIntegrator, Lif, Reset, Surrogate};
use rand::RngExt;
use sim_core::{
    Batch, DelayKernel, DelayTaps, DenseSynapses, Feedback, GradientEngine, Gradients, Granularity,
    Horizon, KernelEvaluation, Kind, Network, NormStatistics, Objective, ParameterId, Pass,
    Population, Projection, Purpose, Readout, SampleLoss, Seed, SpikeFrames, Synapses,
};

const SEED: Seed = Seed(5);
const STEPS: usize = 7;
const SAMPLES: usize = 3;
const ALPHA: f64 = 3.0;

/// A chain of populations of these sizes; delays of whole steps up to `longest`, one tap each.
fn network(sizes: [usize; 4], longest: usize) -> Network {
    let synapses = |place: usize| {
        let (pre, post) = (sizes[place], sizes[place + 1]);
        let mut random = Seed(1).stream(Purpose::Weights, place as u64, 0);
        let size = 2.5 / (pre as f32).sqrt();
        let weight = (0..pre * post).map(|_| random.random_range(-0.6 * size..size)).collect();
        let delay = (0..pre * post).map(|n| (n * 7 % (longest + 1)) as f32).collect();
        Synapses::Dense(DenseSynapses {
            pre,
            post,
            elements_per_pair: 1,
            min_delay_steps: 0,
            max_delay_steps: longest,
            granularity: Granularity::Synaptic,
            kernel: DelayKernel::OneTap,
            weight,
            delay,
        })
    };
    let lif = Lif {
        tau_mem_ms: 2.0,
        decay: Decay::Euler,
        reset: Reset::Soft,
        surrogate: Surrogate::Sigmoid { alpha: ALPHA as f32 },
        ..Lif::default()
    };
    let readout =
        LeakyIntegrator { tau_mem_ms: 4.0, decay: Decay::Euler, ..LeakyIntegrator::default() };
    Network::new(
        1.0,
        vec![
            Population::source("input", sizes[0]),
            Population::neurons("first", sizes[1], lif),
            Population::neurons("second", sizes[2], lif),
            Population::neurons("output", sizes[3], readout),
        ],
        (0..3).map(|place| Projection::new(place, place + 1, synapses(place))).collect(),
    )
}

/// A loss that is linear in the potentials, so that its gradient does not depend on them.
struct Linear;

impl Linear {
    fn factor(slot: usize, neuron: usize, step: usize) -> f64 {
        (1.0 + slot as f64 + 2.3 * neuron as f64 + 0.7 * step as f64).sin()
    }
}

impl Objective for Linear {
    fn evaluate(
        &self,
        slot: usize,
        readout: Readout<'_>,
        gradient: Option<(&mut [f32], f64)>,
        _memory: &mut Vec<f64>,
    ) -> SampleLoss {
        let (d_values, scale) = gradient.expect("it trains");
        for (n, d_value) in d_values.iter_mut().enumerate() {
            let (neuron, step) = (n / readout.steps, n % readout.steps);
            *d_value = (scale * Self::factor(slot, neuron, step)) as f32;
        }
        SampleLoss::default()
    }
}

/// Samples of real numbers.
fn samples(channels: usize) -> Vec<SpikeFrames> {
    let sample = |n: u64| {
        let mut random = Seed(2).stream(Purpose::Synthesis, n, 0);
        let values = (0..channels * STEPS).map(|_| random.random_range(-0.5..1.0));
        SpikeFrames::from_values(channels, STEPS, &values.collect::<Vec<f32>>()).unwrap()
    };
    (0..SAMPLES as u64).map(sample).collect()
}

/// dL/dw of every projection, step by step.
fn twin(network: &Network, samples: &[SpikeFrames], back: &[Vec<f32>]) -> Vec<Vec<f64>> {
    let dense = |place: usize| match &network.projections[place].synapses {
        Synapses::Dense(dense) => dense,
        Synapses::Sparse(_) => unreachable!(),
    };
    let beta = [0.5, 0.5, 0.75];
    let mut gradients: Vec<Vec<f64>> =
        (0..3).map(|place| vec![0.0; dense(place).weight.len()]).collect();
    let window = |place: usize| STEPS + place * (dense(0).max_delay_steps / 2);
    for (slot, frames) in samples.iter().enumerate() {
        // What each population sends, `[population][step][neuron]`, and potentials before resets.
        let mut sent = vec![vec![vec![0.0; frames.channels()]; STEPS]];
        let spikes = |channel: usize| {
            let (steps, values) = frames.channel(channel);
            steps.iter().zip(values).map(move |(&step, &value)| (step as usize, channel, value))
        };
        for (step, channel, value) in (0..frames.channels()).flat_map(spikes) {
            sent[0][step][channel] = f64::from(value);
        }
        let mut potentials = Vec::new();
        for place in 0..3 {
            let DenseSynapses { pre, post, weight, delay, .. } = dense(place);
            let mut current = vec![vec![0.0; *post]; window(place + 1)];
            for (index, (&w, &d)) in weight.iter().zip(delay).enumerate() {
                let (j, i) = (index / pre, index % pre);
                for (t, spikes) in sent[place].iter().enumerate() {
                    if let Some(row) = current.get_mut(t + d as usize) {
                        row[j] += f64::from(w) * spikes[i];
                    }
                }
            }
            let mut u = vec![0.0; *post];
            let (mut fired, mut before) = (Vec::new(), Vec::new());
            for row in &current {
                let v: Vec<f64> = u.iter().zip(row).map(|(u, i)| beta[place] * u + i).collect();
                let fires = |&v: &f64| if place < 2 && v >= 1.0 { 1.0 } else { 0.0 };
                let spikes: Vec<f64> = v.iter().map(fires).collect();
                u = v.iter().zip(&spikes).map(|(v, s)| v - s).collect();
                fired.push(spikes);
                before.push(v);
            }
            sent.push(fired);
            potentials.push(before);
        }
        // dL/dS of the population that errors have reached; of the output dL/dV.
        let factor = |step: usize, n: usize| Linear::factor(slot, n, step) / SAMPLES as f64;
        let post = dense(2).post;
        let mut seen: Vec<Vec<f64>> =
            (0..window(3)).map(|step| (0..post).map(|n| factor(step, n)).collect()).collect();
        for place in (0..3).rev() {
            let DenseSynapses { pre, post, weight, delay, .. } = dense(place);
            let mut d_u = vec![0.0; *post];
            for (row, v) in seen.iter_mut().zip(&potentials[place]).rev() {
                for ((d, v), d_u) in row.iter_mut().zip(v).zip(&mut d_u) {
                    let s = 1.0 / (1.0 + (-ALPHA * (v - 1.0)).exp());
                    let slope = if place < 2 { ALPHA * s * (1.0 - s) } else { 1.0 };
                    *d = *d * slope + *d_u;
                    *d_u = beta[place] * *d;
                }
            }
            let mut handed = vec![vec![0.0; *pre]; window(place)];
            for index in 0..weight.len() {
                let (j, i) = (index / pre, index % pre);
                for t in 0..window(place) {
                    let Some(arriving) = seen.get(t + delay[index] as usize) else { continue };
                    gradients[place][index] += sent[place][t][i] * arriving[j];
                    handed[t][i] += f64::from(back[place][index]) * arriving[j];
                }
            }
            seen = handed;
        }
    }
    gradients
}

fn check(sizes: [usize; 4], longest: usize) {
    let (mut network, samples) = (network(sizes, longest), samples(sizes[0]));
    let pass = Pass {
        delay_taps: DelayTaps::Trained { sigma_raw: 0.23, evaluation: KernelEvaluation::default() },
        norm: NormStatistics::Batch,
        dropout: None,
        horizon: Horizon::Batch,
    };
    let batch = Batch::new(&samples, 3, &Linear);
    let mut made: Vec<Vec<f32>> = Vec::new();
    for feedback in [Feedback::Symmetric, Feedback::Random, Feedback::Sign] {
        let mut engine = LayeredEngine::new(&network).unwrap().with_feedback(feedback, SEED);
        // Twice, with other weights: signs follow them, and weights that were drawn stay.
        for round in 0..2 {
            let mut back = Vec::new();
            for (place, projection) in network.projections.iter_mut().enumerate() {
                let Synapses::Dense(dense) = &mut projection.synapses else { unreachable!() };
                if round == 1 {
                    dense.weight.iter_mut().for_each(|weight| *weight -= 0.01);
                }
                let mut weights = Vec::new();
                feedback.weights(dense, place, SEED, &mut weights);
                back.push(weights);
            }
            let mut gradients = Gradients::zeros(&network);
            engine.train(&network, &batch, &pass, &mut gradients).unwrap();
            let expected = twin(&network, &samples, &back);
            for (place, expected) in expected.iter().enumerate() {
                let id = ParameterId::of_projection(place, Kind::Weight);
                let largest = expected.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
                assert!(largest > 1e-3, "{sizes:?}, {longest}: errors reach {place}");
                for (actual, expected) in gradients.of(id).iter().zip(expected) {
                    let error = (f64::from(*actual) - expected).abs();
                    assert!(
                        error < 1e-4 * largest,
                        "{sizes:?}, {longest}, {feedback:?}, projection {place}: {actual} and \
                         {expected}"
                    );
                }
            }
            if round == 1 {
                let first = ParameterId::of_projection(0, Kind::Weight);
                made.push(gradients.of(first).to_vec());
            }
        }
    }
    assert!(made[0] != made[1] && made[0] != made[2] && made[1] != made[2]);
}

#[test]
fn errors_go_back_by_the_weights_of_the_feedback() {
    check([9, 20, 17, 3], 0);
    check([9, 20, 17, 3], 4);
}

/// Projections that are products over the whole batch.
#[test]
fn joint_products_have_a_way_back_of_their_own() {
    check([20, 256, 260, 3], 0);
}
