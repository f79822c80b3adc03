//! The layered engine against the numbers PyTorch + DCLS + SpikingJelly gave
//! (`tests/golden/delay_training.json`).

use crate::parameter_of;
use layered::LayeredEngine;
use neurons::{Decay, LeakyIntegrator, Lif, Surrogate};
use plasticity::gradient::Loss;
use serde_json::Value;
use sim_core::{
    BatchNorm, Cells, DelayKernel, DenseSynapses, GaussianMethod, Granularity, KernelEvaluation,
    Kernels, Network, NormStatistics, Objective, Pass, Population, Projection, SampleLoss,
    SpikeFrames, Synapses,
};
use std::sync::Arc;
use std::sync::Mutex;

/// Relative tolerance of single precision against the double-precision reference.
const TOLERANCE: f64 = 1e-4;

fn golden() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/delay_training.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect(path)).expect(path)
}

fn numbers(array: &Value) -> Vec<f64> {
    array["data"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn shape(array: &Value) -> Vec<usize> {
    array["shape"].as_array().unwrap().iter().map(|x| x.as_u64().unwrap() as usize).collect()
}

fn singles(array: &Value) -> Vec<f32> {
    numbers(array).iter().map(|&x| x as f32).collect()
}

/// Compares with a tolerance relative to the largest entry, below which a single number's own
/// digits are rounding.
fn assert_close(what: &str, actual: &[f32], expected: &[f64]) {
    assert_eq!(actual.len(), expected.len(), "{what}: length");
    let scale = expected.iter().fold(0.0f64, |max, x| max.max(x.abs()));
    for (index, (&a, &e)) in actual.iter().zip(expected).enumerate() {
        assert!(
            (a as f64 - e).abs() <= TOLERANCE * scale,
            "{what}[{index}]: {a}, expected {e}, scale {scale}"
        );
    }
}

fn network(case: &Value) -> Network {
    let config = &case["config"];
    let kernel = if config["kernel_version"] == "gauss" {
        DelayKernel::Gaussian
    } else {
        DelayKernel::Linear
    };
    let (decay, dt_ms) = (Decay::Euler, 1.0);
    let tau_mem_ms = config["tau_over_dt"].as_f64().unwrap();
    let weights = case["weight"].as_array().unwrap();
    let mut populations = vec![Population {
        name: "input".into(),
        size: config["n_in"].as_u64().unwrap() as usize,
        cells: Cells::Source,
        norm: None,
    }];
    let mut projections = Vec::new();
    for (layer, weight) in weights.iter().enumerate() {
        let [post, pre, taps] = shape(weight)[..] else { panic!("weights are [post, pre, tap]") };
        let hidden = layer + 1 < weights.len();
        let lif =
            Lif { tau_mem_ms, decay, surrogate: Surrogate::Atan { alpha: 5.0 }, ..Lif::default() };
        populations.push(Population {
            name: format!("layer{layer}"),
            size: post,
            cells: if hidden {
                Cells::Neurons(Arc::new(lif))
            } else {
                Cells::Neurons(Arc::new(LeakyIntegrator {
                    tau_mem_ms,
                    decay,
                    ..LeakyIntegrator::default()
                }))
            },
            norm: hidden.then(|| BatchNorm {
                gain: singles(&case["bn_weight"][layer]),
                bias: singles(&case["bn_bias"][layer]),
                ..BatchNorm::new(post)
            }),
        });
        projections.push(Projection {
            source: layer,
            target: layer + 1,
            synapses: Synapses::Dense(DenseSynapses {
                pre,
                post,
                taps,
                max_delay_steps: config["kernel_size"].as_u64().unwrap() as usize - 1,
                granularity: Granularity::Synaptic,
                kernel,
                weight: singles(weight),
                delay: singles(&case["delay_steps"][layer]),
                polarity: None,
            }),
        });
    }
    Network { dt_ms, populations, projections }
}

fn batch(case: &Value) -> Vec<SpikeFrames> {
    let [samples, channels, steps] = shape(&case["input"])[..] else {
        panic!("input is [batch, neuron, step]")
    };
    let input = numbers(&case["input"]);
    let frames = |b: usize| {
        let at = |c: usize, t: usize| input[(b * channels + c) * steps + t] as usize;
        let events: Vec<(u32, u32)> = (0..channels)
            .flat_map(|c| (0..steps).map(move |t| (c, t)))
            .flat_map(|(c, t)| std::iter::repeat_n((c as u32, t as u32), at(c, t)))
            .collect();
        SpikeFrames::from_events(channels, steps, &events).unwrap()
    };
    (0..samples).map(frames).collect()
}

/// The reference's loss, keeping the potentials it saw.
struct Recorded {
    labels: Vec<usize>,
    classes: usize,
    potentials: Mutex<Vec<Vec<f32>>>,
}

impl Objective for Recorded {
    fn evaluate(
        &self,
        slot: usize,
        output: &[f32],
        steps: usize,
        gradient: Option<(&mut [f32], f32)>,
        _memory: &mut Vec<f64>,
    ) -> SampleLoss {
        self.potentials.lock().unwrap()[slot] = output.to_vec();
        let label = self.labels[slot];
        let result = match gradient {
            Some((gradient, scale)) => Loss::SumSoftmax.value_and_gradient(
                output,
                self.classes,
                steps,
                label,
                scale as f64,
                gradient,
            ),
            None => Loss::SumSoftmax.value(output, self.classes, steps, label),
        };
        SampleLoss { loss: result.loss, predicted: result.predicted }
    }
}

fn objective(case: &Value) -> Recorded {
    let labels: Vec<usize> =
        case["labels"].as_array().unwrap().iter().map(|x| x.as_u64().unwrap() as usize).collect();
    Recorded {
        potentials: Mutex::new(vec![Vec::new(); labels.len()]),
        classes: case["config"]["n_out"].as_u64().unwrap() as usize,
        labels,
    }
}

fn check_forward(
    name: &str,
    case: &Value,
    engine: &LayeredEngine,
    objective: &Recorded,
    with_norms: bool,
) {
    let samples = objective.labels.len();
    for (layer, current) in case["current"].as_array().unwrap().iter().enumerate() {
        let [_, size, steps] = shape(current)[..] else { panic!() };
        let mut actual = Vec::new();
        for b in 0..samples {
            let (rows, stride) = engine.currents(b, layer + 1);
            (0..size)
                .for_each(|neuron| actual.extend_from_slice(&rows[neuron * stride..][..steps]));
        }
        assert_close(&format!("{name}: current {layer}"), &actual, &numbers(current));
    }
    for (layer, spikes) in case["spikes"].as_array().unwrap().iter().enumerate() {
        let [_, size, steps] = shape(spikes)[..] else { panic!() };
        let mut actual = vec![0.0; samples * size * steps];
        for b in 0..samples {
            engine
                .spikes(b, layer + 1)
                .iter()
                .for_each(|&(neuron, step)| actual[(b * size + neuron) * steps + step] = 1.0);
        }
        assert_eq!(actual, numbers(spikes), "{name}: spikes {layer}");
    }
    let potentials: Vec<f32> = objective.potentials.lock().unwrap().concat();
    assert_close(&format!("{name}: potentials"), &potentials, &numbers(&case["readout_v"]));
    if with_norms {
        let loss = engine.losses().map(|loss| loss.loss).sum::<f64>() / samples as f64;
        let expected = case["loss"].as_f64().unwrap();
        assert!(
            (loss - expected).abs() < TOLERANCE * expected,
            "{name}: loss {loss}, expected {expected}"
        );
    }
}

#[test]
fn training_step_reproduces_the_reference() {
    for (name, case) in golden().as_object().unwrap() {
        let mut network = network(case);
        let mut engine = LayeredEngine::new(&network).unwrap();
        let objective = objective(case);
        let kernels = Kernels::Trained {
            sigma_raw: case["config"]["sigma_raw"].as_f64().unwrap(),
            evaluation: KernelEvaluation::default(),
        };
        let pass = Pass { kernels, norm: NormStatistics::Batch, dropout: None };
        let batch = batch(case);
        // Twice, since memory is reused from batch to batch.
        engine.train(&network, &batch, &pass, &objective).unwrap();
        let gradients = engine.train(&network, &batch, &pass, &objective).unwrap().clone();
        check_forward(name, case, &engine, &objective, true);
        for layer in 0..network.projections.len() {
            assert_close(
                &format!("{name}: weight gradient {layer}"),
                gradients.of(parameter_of::weight(layer)),
                &numbers(&case["grad_weight"][layer]),
            );
            assert_close(
                &format!("{name}: delay gradient {layer}"),
                gradients.of(parameter_of::delay(layer)),
                &numbers(&case["grad_delay"][layer]),
            );
        }
        for (layer, gain) in case["grad_bn_weight"].as_array().unwrap().iter().enumerate() {
            assert_close(
                &format!("{name}: gain gradient {layer}"),
                gradients.of(parameter_of::gain(layer + 1)),
                &numbers(gain),
            );
            assert_close(
                &format!("{name}: bias gradient {layer}"),
                gradients.of(parameter_of::bias(layer + 1)),
                &numbers(&case["grad_bn_bias"][layer]),
            );
            let norm = network.populations[layer + 1].norm.as_mut().unwrap();
            norm.update(engine.statistics(layer + 1));
            assert_close(
                &format!("{name}: running mean {layer}"),
                &norm.running_mean,
                &numbers(&case["bn_running_mean_after"][layer]),
            );
            assert_close(
                &format!("{name}: running variance {layer}"),
                &norm.running_variance,
                &numbers(&case["bn_running_var_after"][layer]),
            );
        }
        engine.evaluate(&network, &batch, &Pass::DEPLOYED, &objective).unwrap();
        check_forward(&format!("{name} deployed"), &case["deployed"], &engine, &objective, false);
    }
}

#[test]
fn approximated_kernels_stay_near_the_exact_one() {
    for (name, case) in golden().as_object().unwrap() {
        let network = network(case);
        let mut engine = LayeredEngine::new(&network).unwrap();
        let (objective, batch) = (objective(case), batch(case));
        let mut currents = |gaussian| {
            let evaluation =
                KernelEvaluation { gaussian, tolerance: 1e-3, ..KernelEvaluation::default() };
            let kernels = Kernels::Trained {
                sigma_raw: case["config"]["sigma_raw"].as_f64().unwrap(),
                evaluation,
            };
            engine
                .train(
                    &network,
                    &batch,
                    &Pass { kernels, norm: NormStatistics::Batch, dropout: None },
                    &objective,
                )
                .unwrap();
            engine.currents(0, 1).0.to_vec()
        };
        let exact = currents(GaussianMethod::Exact);
        let scale = exact.iter().fold(0.0f32, |max, x| max.max(x.abs()));
        for method in
            [GaussianMethod::Truncated, GaussianMethod::Smoothed, GaussianMethod::Polynomial]
        {
            for (a, b) in currents(method).iter().zip(&exact) {
                assert!(
                    (a - b).abs() < 5e-3 * scale,
                    "{name} {method:?}: {a} and {b}, scale {scale}"
                );
            }
        }
    }
}
