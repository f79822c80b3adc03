//! The layered engine against the `f64` oracle on random networks: forward, loss and every
//! gradient, for whatever kernel, leak, reset, norm and number of kernel elements.

use crate::oracle::{
    Case, Firing, Kernel, OracleGradients, OracleNetwork, Pass as OraclePass, Reset as OracleReset,
    Signal, Statistics,
};
use crate::oracle::{random_cases, sum_softmax};
use crate::parameter_of;
use layered::LayeredEngine;
use neurons::{Decay, LeakyIntegrator, Lif, Reset, Surrogate};
use plasticity::gradient::Loss;
use proptest::prelude::*;
use sim_core::{
    BatchNorm, Cells, DelayKernel, DenseSynapses, Granularity, KernelEvaluation, Kernels, Network,
    NormStatistics, Objective, Pass, Population, Projection, SampleLoss, SpikeFrames, Synapses,
    effective_sigma,
};
use std::sync::Arc;

/// Single against double precision through up to three layers, relative to the largest entry of an
/// array.
const TOLERANCE: f64 = 1e-3;
/// Arrays smaller than this share of the largest gradient are what larger terms left over: behind a
/// norm, for instance, the gradient along a weight vector vanishes.
const FLOOR: f64 = 5e-2;
/// A potential this near the threshold may fall on either side of it in single precision.
const MARGIN: f64 = 1e-4;

/// The case as both sides can run it: no dropout, the reference's tail, parameters that `f32`
/// holds.
fn runnable(mut case: Case) -> Case {
    let network = &mut case.network;
    network.extra_steps = network.max_delay / 2;
    network.firing = Firing::Threshold;
    let single = |value: &mut f64| *value = f64::from(*value as f32);
    network.sigma = effective_sigma((network.sigma - 0.27).max(0.05));
    for layer in &mut network.layers {
        layer.mask = None;
        layer.weight.iter_mut().chain(&mut layer.delay).for_each(single);
        if let Some(norm) = &mut layer.norm {
            let all = [
                &mut norm.gain,
                &mut norm.bias,
                &mut norm.running_mean,
                &mut norm.running_variance,
            ];
            all.into_iter().flatten().for_each(single);
        }
    }
    case
}

fn network(oracle: &OracleNetwork) -> Network {
    let singles = |values: &[f64]| values.iter().map(|&value| value as f32).collect::<Vec<_>>();
    let tau_mem_ms = 1.0 / (1.0 - oracle.beta);
    let channels = Population {
        name: "input".into(),
        size: oracle.layers[0].pre,
        cells: Cells::Source,
        norm: None,
    };
    let mut network = Network { dt_ms: 1.0, populations: vec![channels], projections: Vec::new() };
    for (index, layer) in oracle.layers.iter().enumerate() {
        let hidden = index + 1 < oracle.layers.len();
        let lif = Lif {
            tau_mem_ms,
            decay: Decay::Euler,
            threshold: oracle.threshold,
            reset: if oracle.reset == OracleReset::Hard { Reset::Hard } else { Reset::Soft },
            detach_reset: oracle.detach_reset,
            surrogate: Surrogate::Atan { alpha: oracle.alpha as f32 },
            ..Lif::default()
        };
        let readout =
            LeakyIntegrator { tau_mem_ms, decay: Decay::Euler, ..LeakyIntegrator::default() };
        network.populations.push(Population {
            name: format!("layer{index}"),
            size: layer.post,
            cells: if hidden {
                Cells::Neurons(Arc::new(lif))
            } else {
                Cells::Neurons(Arc::new(readout))
            },
            norm: layer.norm.as_ref().map(|norm| BatchNorm {
                gain: singles(&norm.gain),
                bias: singles(&norm.bias),
                running_mean: singles(&norm.running_mean),
                running_variance: singles(&norm.running_variance),
                ..BatchNorm::new(layer.post)
            }),
        });
        let kernel = match oracle.kernel {
            Kernel::Gaussian => DelayKernel::Gaussian,
            Kernel::Linear => DelayKernel::Linear,
            Kernel::OneTap => DelayKernel::OneTap,
        };
        network.projections.push(Projection {
            source: index,
            target: index + 1,
            synapses: Synapses::Dense(DenseSynapses {
                pre: layer.pre,
                post: layer.post,
                taps: layer.taps,
                max_delay_steps: oracle.max_delay,
                granularity: Granularity::Synaptic,
                kernel,
                weight: singles(&layer.weight),
                delay: singles(&layer.delay),
                polarity: None,
            }),
        });
    }
    network
}

fn frames(input: &Signal) -> Vec<SpikeFrames> {
    let of = |sample: usize| {
        let grid =
            (0..input.neurons).flat_map(|neuron| (0..input.steps).map(move |step| (neuron, step)));
        let events: Vec<(u32, u32)> = grid
            .flat_map(|(neuron, step)| {
                std::iter::repeat_n(
                    (neuron as u32, step as u32),
                    input.at(sample, neuron, step) as usize,
                )
            })
            .collect();
        SpikeFrames::from_events(input.neurons, input.steps, &events).expect("events of the grid")
    };
    (0..input.batch).map(of).collect()
}

struct Labelled<'a> {
    labels: &'a [usize],
    classes: usize,
}

impl Objective for Labelled<'_> {
    fn evaluate(
        &self,
        slot: usize,
        output: &[f32],
        steps: usize,
        gradient: Option<(&mut [f32], f32)>,
        _memory: &mut Vec<f64>,
    ) -> SampleLoss {
        match gradient {
            Some((gradient, scale)) => Loss::SumSoftmax.value_and_gradient(
                output,
                self.classes,
                steps,
                self.labels[slot],
                f64::from(scale),
                gradient,
            ),
            None => Loss::SumSoftmax.value(output, self.classes, steps, self.labels[slot]),
        }
    }
}

/// Whether rounding could change a spike, or a norm divides by next to nothing.
fn is_delicate(oracle: &OracleNetwork, pass: &OraclePass) -> bool {
    let hidden = &pass.layers[..pass.layers.len() - 1];
    let near = hidden
        .iter()
        .any(|layer| layer.potential.data.iter().any(|v| (v - oracle.threshold).abs() < MARGIN));
    near || pass.layers.iter().any(|layer| layer.variance.iter().any(|&variance| variance < 1e-2))
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest, value| largest.max(value.abs()))
}

/// Asserts that two arrays agree within [`TOLERANCE`] of their largest entry, or of `floor` if that
/// is more.
fn assert_close(name: &str, actual: &[f64], expected: &[f64], floor: f64) {
    assert_eq!(actual.len(), expected.len(), "{name}: length");
    let scale = largest(expected).max(floor);
    for (index, (a, e)) in actual.iter().zip(expected).enumerate() {
        assert!(
            (a - e).abs() <= TOLERANCE * scale,
            "{name}[{index}]: {a}, expected {e}, scale {scale}"
        );
    }
}

fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, max_global_rejects: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn engine_and_oracle_agree(case in random_cases().prop_map(runnable)) {
        let oracle = &case.network;
        let expected = oracle.forward(&case.input, Statistics::Batch);
        prop_assume!(!is_delicate(oracle, &expected));
        let loss = sum_softmax(expected.readout(), &case.labels);
        let OracleGradients { weight, delay, gain, bias, .. } = oracle.backward(&expected, &loss.gradient);

        let network = network(oracle);
        let mut engine = LayeredEngine::new(&network).unwrap();
        let evaluation = KernelEvaluation::default();
        let pass = Pass { kernels: Kernels::Trained { sigma_raw: oracle.sigma - 0.27, evaluation }, norm: NormStatistics::Batch, dropout: None };
        let objective = Labelled { labels: &case.labels, classes: oracle.layers.last().unwrap().post };
        let gradients = engine.train(&network, &frames(&case.input), &pass, &objective).unwrap().clone();

        for (index, layer) in expected.layers.iter().enumerate() {
            let Signal { batch, neurons, steps, .. } = layer.current;
            prop_assert_eq!(engine.steps(index + 1), steps);
            let mut spikes = Signal::zeros(batch, neurons, steps);
            for sample in 0..batch {
                for (neuron, step) in engine.spikes(sample, index + 1) {
                    *spikes.at_mut(sample, neuron, step) = 1.0;
                }
            }
            prop_assert_eq!(spikes.data, layer.spikes.data.clone(), "spikes of layer {}", index);
        }
        let mean_loss = engine.losses().map(|sample| sample.loss).sum::<f64>() / case.labels.len() as f64;
        assert_close("loss", &[mean_loss], &[loss.loss], 0.0);
        let floor = FLOOR * weight.iter().chain(&delay).chain(&gain).chain(&bias).map(|values| largest(values)).fold(0.0, f64::max);
        for index in 0..oracle.layers.len() {
            assert_close(&format!("weight {index}"), &doubles(gradients.of(parameter_of::weight(index))), &weight[index], floor);
            if oracle.kernel != Kernel::OneTap && oracle.max_delay > 0 {
                assert_close(&format!("delay {index}"), &doubles(gradients.of(parameter_of::delay(index))), &delay[index], floor);
            }
            if oracle.layers[index].norm.is_some() {
                let (of_gain, of_bias) = (parameter_of::gain(index + 1), parameter_of::bias(index + 1));
                assert_close(&format!("gain {index}"), &doubles(gradients.of(of_gain)), &gain[index], floor);
                assert_close(&format!("bias {index}"), &doubles(gradients.of(of_bias)), &bias[index], floor);
            }
        }
    }
}
