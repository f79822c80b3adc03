use super::*;
use layered::LayeredEngine;
use neurons::{AdaptiveLif, Decay, LeakyIntegrator, Lif, Reset, Surrogate};
use rand::RngExt;
use sim_core::{
    BatchNorm, DelayKernel, DelayTaps, DenseSynapses, Dropout, Granularity, Horizon,
    NormStatistics, Objective, Population, Projection, Purpose, Readout, SampleLoss, Seed,
    Synapses,
};

mod twin;

const CLASSES: usize = 3;
const PASS: Pass = Pass {
    delay_taps: DelayTaps::Deployed,
    norm: NormStatistics::Batch,
    dropout: None,
    horizon: Horizon::Batch,
};

fn lif() -> Lif {
    Lif {
        tau_mem_ms: 2.5,
        decay: Decay::Euler,
        threshold: 0.9,
        reset: Reset::Soft,
        surrogate: Surrogate::Sigmoid { alpha: 3.0 },
        ..Lif::default()
    }
}

fn readout() -> LeakyIntegrator {
    LeakyIntegrator { tau_mem_ms: 1.5, input_scaling: true, ..LeakyIntegrator::default() }
}

fn synapses(pre: usize, post: usize, stream: u64) -> Synapses {
    let mut random = Seed(1).stream(Purpose::Weights, stream, 0);
    let size = 2.0 / (pre as f32).sqrt();
    Synapses::Dense(DenseSynapses {
        pre,
        post,
        elements_per_pair: 1,
        min_delay_steps: 0,
        max_delay_steps: 0,
        granularity: Granularity::Synaptic,
        kernel: DelayKernel::OneTap,
        weight: (0..pre * post).map(|_| random.random_range(-0.5 * size..size)).collect(),
        delay: vec![0.0; pre * post],
    })
}

/// Two hidden populations of neurons of different constants, and a projection past the second.
fn network() -> Network {
    let second = Lif { tau_mem_ms: 4.0, input_scaling: true, threshold: 0.25, ..lif() };
    Network::new(
        1.0,
        vec![
            Population::source("input", 7),
            Population::neurons("first", 18, lif()),
            Population::neurons("second", 21, second),
            Population::neurons("output", CLASSES, readout()),
        ],
        vec![
            Projection::new(2, 3, synapses(21, CLASSES, 2)),
            Projection::new(0, 1, synapses(7, 18, 0)),
            Projection::new(1, 2, synapses(18, 21, 1)),
            Projection::new(1, 3, synapses(18, CLASSES, 3)),
        ],
    )
}

/// No hidden population.
fn shallow() -> Network {
    Network::new(
        1.0,
        vec![Population::source("input", 7), Population::neurons("output", CLASSES, readout())],
        vec![Projection::new(0, 1, synapses(7, CLASSES, 0))],
    )
}

/// Spikes and images, of different lengths.
fn samples(count: usize, steps: usize) -> Vec<SpikeFrames> {
    let sample = |n: usize| {
        let mut random = Seed(2).stream(Purpose::Synthesis, n as u64, 0);
        let steps = steps.saturating_sub(n % 3).max(1);
        if n.is_multiple_of(2) {
            let values: Vec<f32> = (0..7).map(|_| random.random_range(-0.3..1.0)).collect();
            return SpikeFrames::constant(&values, steps).unwrap();
        }
        let value = |_| if random.random_range(0..2) == 0 { 1.0 } else { 0.0 };
        let values: Vec<f32> = (0..7 * steps).map(value).collect();
        SpikeFrames::from_values(7, steps, &values).unwrap()
    };
    (0..count).map(sample).collect()
}

/// The cross entropy of mean potentials, or the mean of the cross entropies of the steps.
#[derive(Clone, Copy)]
enum Entropy {
    OfMeans,
    OfSteps,
}

impl Objective for Entropy {
    fn evaluate(
        &self,
        slot: usize,
        readout: Readout<'_>,
        mut gradient: Option<(&mut [f32], f64)>,
        _memory: &mut Vec<f64>,
    ) -> SampleLoss {
        let (steps, label) = (readout.steps, slot % CLASSES);
        let width = match self {
            Self::OfMeans => steps,
            Self::OfSteps => 1,
        };
        let parts = steps / width;
        let mut sample = SampleLoss::default();
        for part in 0..parts {
            let of_part = |row: &[f32]| {
                let row = &row[part * width..][..width];
                row.iter().map(|&v| f64::from(v)).sum::<f64>() / width as f64
            };
            let (loss, q) = cross_entropy(&readout.rows().map(of_part).collect::<Vec<_>>(), label);
            sample.loss += loss / parts as f64;
            if let Some((gradient, scale)) = &mut gradient {
                for (row, q) in gradient.chunks_exact_mut(steps).zip(q) {
                    row[part * width..][..width].fill((*scale * q / steps as f64) as f32);
                }
            }
        }
        sample
    }
}

/// `ln sum exp(m) - m_label`, and its derivatives.
fn cross_entropy(scores: &[f64], label: usize) -> (f64, Vec<f64>) {
    let total: f64 = scores.iter().map(|score| score.exp()).sum();
    let mut q: Vec<f64> = scores.iter().map(|score| score.exp() / total).collect();
    q[label] -= 1.0;
    (total.ln() - scores[label], q)
}

fn engine(network: &Network, method: TraceMethod) -> TraceEngine {
    let evaluator = Box::new(LayeredEngine::new(network).unwrap());
    TraceEngine::new(network, method, evaluator).unwrap()
}

fn gradients(
    engine: &mut dyn GradientEngine,
    network: &Network,
    samples: &[SpikeFrames],
    objective: &dyn Objective,
) -> Gradients {
    let mut gradients = Gradients::zeros(network);
    let batch = Batch::new(samples, network.populations.len() - 1, objective);
    // Twice, because memory is reused.
    engine.train(network, &batch, &PASS, &mut gradients).unwrap();
    engine.train(network, &batch, &PASS, &mut gradients).unwrap();
    gradients
}

fn weight(projection: usize) -> ParameterId {
    ParameterId::of_projection(projection, Kind::Weight)
}

fn assert_close(what: &str, actual: &[f32], expected: &[f64]) {
    let largest = expected.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    assert!(largest > 1e-4, "{what}: there is a gradient");
    for (n, (actual, expected)) in actual.iter().zip(expected).enumerate() {
        let error = (f64::from(*actual) - expected).abs();
        assert!(error < 1e-4 * largest, "{what}, entry {n}: {actual} and {expected}");
    }
}

fn assert_same(what: &str, one: &Gradients, other: &Gradients) {
    for ((id, one), (_, other)) in one.iter().zip(other.iter()) {
        if id.kind == Kind::Weight {
            let other: Vec<f64> = other.iter().map(|&value| f64::from(value)).collect();
            assert_close(&format!("{what}, {id:?}"), one, &other);
        } else {
            assert!(one.iter().all(|&value| value == 0.0), "{what}, {id:?}");
        }
    }
}

#[test]
fn ottt_is_the_sum_of_the_errors_of_steps_times_traces() {
    let (network, samples) = (network(), samples(41, 9));
    let mut engine = engine(&network, TraceMethod::Ottt);
    let gradients = gradients(&mut engine, &network, &samples, &Entropy::OfMeans);
    let twin = twin::ottt(&network, &samples);
    for (projection, expected) in twin.weights.iter().enumerate() {
        assert_close(
            &format!("ottt, projection {projection}"),
            gradients.of(weight(projection)),
            expected,
        );
    }
    let loss = engine.report().total_loss() / samples.len() as f64;
    assert!((loss - twin.loss).abs() < 1e-6 * twin.loss, "{loss} and {}", twin.loss);
}

#[test]
fn dsr_is_the_gradient_of_clamped_rates() {
    let (network, samples) = (network(), samples(41, 9));
    let mut engine = engine(&network, TraceMethod::Dsr);
    let gradients = gradients(&mut engine, &network, &samples, &Entropy::OfMeans);
    let twin = twin::dsr(&network, &samples);
    for (projection, expected) in twin.weights.iter().enumerate() {
        assert_close(
            &format!("dsr, projection {projection}"),
            gradients.of(weight(projection)),
            expected,
        );
    }
    let loss = engine.report().total_loss() / samples.len() as f64;
    assert!((loss - twin.loss).abs() < 1e-6 * twin.loss, "{loss} and {}", twin.loss);
}

#[test]
fn one_step_of_ottt_is_backpropagation() {
    let (network, samples) = (network(), samples(40, 1));
    let mut layered = LayeredEngine::new(&network).unwrap();
    let expected = gradients(&mut layered, &network, &samples, &Entropy::OfSteps);
    let mut ottt = engine(&network, TraceMethod::Ottt);
    assert_same("ottt", &gradients(&mut ottt, &network, &samples, &Entropy::OfSteps), &expected);
}

#[test]
fn without_hidden_populations_both_are_gradients() {
    let (network, samples) = (shallow(), samples(40, 12));
    for (method, objective) in
        [(TraceMethod::Ottt, Entropy::OfSteps), (TraceMethod::Dsr, Entropy::OfMeans)]
    {
        let mut layered = LayeredEngine::new(&network).unwrap();
        let expected = gradients(&mut layered, &network, &samples, &objective);
        let mut traces = engine(&network, method);
        let actual = gradients(&mut traces, &network, &samples, &objective);
        assert_same(&format!("{method}"), &actual, &expected);
        let losses = traces.report().losses.iter().zip(&layered.report().losses);
        assert!(losses.clone().all(|(a, b)| (a.loss - b.loss).abs() < 1e-5), "{method}");
    }
}

#[test]
fn spikes_are_those_of_the_layered_engine() {
    let (network, samples) = (network(), samples(40, 9));
    let mut layered = LayeredEngine::new(&network).unwrap();
    gradients(&mut layered, &network, &samples, &Entropy::OfMeans);
    for method in [TraceMethod::Ottt, TraceMethod::Dsr] {
        let mut traces = engine(&network, method).with_activity();
        gradients(&mut traces, &network, &samples, &Entropy::OfMeans);
        for (p, expected) in layered.report().populations.iter().enumerate() {
            assert_eq!(&traces.report().populations[p], expected, "{method}, population {p}");
        }
        for p in [1, 2] {
            assert!(traces.report().populations[p].spikes > 100);
            for sample in 0..samples.len() {
                assert_eq!(traces.activity(p, sample), layered.activity(p, sample), "{method}");
            }
        }
        // What is evaluated is told by the engine that evaluates.
        let batch = Batch::new(&samples[..5], 3, &Entropy::OfMeans);
        traces.evaluate(&network, &batch, &Pass::DEPLOYED).unwrap();
        assert_eq!(traces.report().losses.len(), 5);
        assert_eq!(traces.activity(1, 4).channels(), 18);
    }
}

#[test]
fn memory_does_not_grow_with_the_steps() {
    let network = network();
    for method in [TraceMethod::Ottt, TraceMethod::Dsr] {
        let bytes = [6, 600].map(|steps| {
            let (samples, mut engine) = (samples(40, steps), engine(&network, method));
            gradients(&mut engine, &network, &samples, &Entropy::OfMeans);
            engine.working_bytes()
        });
        assert_eq!(bytes[0], bytes[1], "{method}");
        assert!(bytes[0] > 40 * 4 * 4 * (18 + 21), "{method}: everything is counted: {bytes:?}");
    }
}

#[test]
fn bits_do_not_depend_on_threads_or_earlier_batches() {
    let (network, samples) = (network(), samples(70, 8));
    for method in [TraceMethod::Ottt, TraceMethod::Dsr] {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut engine = engine(&network, method);
                // A larger batch leaves nothing behind.
                gradients(&mut engine, &network, &samples, &Entropy::OfMeans);
                gradients(&mut engine, &network, &samples[..50], &Entropy::OfMeans)
            })
        };
        let one = on(1);
        assert_eq!(one, on(3), "{method}");
        let mut fresh = engine(&network, method);
        assert_eq!(one, gradients(&mut fresh, &network, &samples[..50], &Entropy::OfMeans));
    }
}

fn refusal(change: impl Fn(&mut Network)) -> String {
    let mut network = network();
    change(&mut network);
    let evaluator = Box::new(LayeredEngine::new(&super::tests::network()).unwrap());
    TraceEngine::new(&network, TraceMethod::Ottt, evaluator).unwrap_err().to_string()
}

#[test]
fn what_traces_do_not_know_is_refused() {
    let dense = |network: &mut Network, change: fn(&mut DenseSynapses)| {
        let Synapses::Dense(dense) = &mut network.projections[2].synapses else { unreachable!() };
        change(dense);
    };
    let neurons = |network: &mut Network, lif: Lif| {
        network.populations[1] = Population::neurons("first", 18, lif);
    };
    for (said, expected) in [
        (
            refusal(|network| dense(network, |dense| dense.max_delay_steps = 4)),
            "gradient ottt: first->second has delays of up to 4 steps, but traces know none",
        ),
        (
            refusal(|network| {
                dense(network, |dense| {
                    dense.elements_per_pair = 2;
                    dense.weight.extend_from_within(..);
                    dense.delay.extend_from_within(..);
                });
            }),
            "first->second has 2 kernel elements per pair",
        ),
        (
            refusal(|network| network.projections[2].synapses = Synapses::Sparse(vec![])),
            "first->second has single synapses",
        ),
        (
            refusal(|network| network.populations[2].norm = Some(BatchNorm::new(21))),
            "population second has a batch norm",
        ),
        (
            refusal(|network| {
                let learning = network.populations[1].clone().learning(&["tau_mem_ms"], 1.0);
                network.populations[1] = learning.unwrap();
            }),
            "population first learns parameters of its neurons",
        ),
        (
            refusal(|network| neurons(network, Lif { reset: Reset::Hard, ..lif() })),
            "population first has a hard reset",
        ),
        (
            refusal(|network| neurons(network, Lif { refractory_ms: 2.0, ..lif() })),
            "population first has a refractory time",
        ),
        (
            refusal(|network| {
                let adaptive = AdaptiveLif { reset: Reset::Soft, ..AdaptiveLif::default() };
                network.populations[1] = Population::neurons("first", 18, adaptive);
            }),
            "population first has adaptive thresholds",
        ),
        (
            refusal(|network| {
                network.populations[1] =
                    Population::neurons("first", 18, neurons::CurrentLif::default());
            }),
            "population first has neurons with currents or ports of their own",
        ),
        (
            refusal(|network| {
                network.populations[3] = Population::neurons("output", CLASSES, lif());
            }),
            "population output fires",
        ),
    ] {
        assert!(said.contains(expected), "{said}");
    }
    let (network, samples) = (network(), samples(3, 4));
    let mut engine = engine(&network, TraceMethod::Dsr);
    let batch = Batch::new(&samples, 3, &());
    let dropout = Some(Dropout { rate: 0.5, seed: Seed(1), step: 0 });
    let mut into = Gradients::zeros(&network);
    let said = engine.train(&network, &batch, &Pass { dropout, ..PASS }, &mut into).unwrap_err();
    assert!(said.to_string().contains("gradient dsr: there is no dropout"), "{said}");
    let said = engine.train(&network, &Batch { output: 2, ..batch }, &PASS, &mut into);
    assert!(said.unwrap_err().to_string().contains("another population"));
    let said = engine.train(&shallow(), &batch, &PASS, &mut Gradients::zeros(&shallow()));
    assert!(said.unwrap_err().to_string().contains("other populations or projections"));
}
