//! All engines give the same spikes on random feed-forward networks, with skipping projections and
//! norms too; clock engine and streaming engine also on recurrent ones.

use layered::LayeredEngine;
use neurons::{Decay, LeakyIntegrator, Lif, Reset};
use proptest::collection::vec;
use proptest::prelude::*;
use sim_core::{
    Batch, BatchNorm, Cells, ClockEngine, DelayKernel, DenseSynapses, GradientEngine, Granularity,
    Network, Objective, Pass, Population, Projection, Readout, Recording, SampleLoss, Spike,
    SpikeFrames, StreamingEngine, Synapse, Synapses, Variables,
};
use std::sync::{Arc, Mutex};

/// A potential this near the threshold may fall on either side of it in single precision.
const MARGIN: f64 = 1e-4;
const THRESHOLD: f64 = 1.0;

#[derive(Debug, Clone)]
struct Case {
    network: Network,
    input: SpikeFrames,
    /// Of both hidden populations.
    lif: Lif,
}

impl Case {
    /// The network with another threshold.
    fn with_threshold(&self, threshold: f64) -> Network {
        let mut network = self.network.clone();
        for population in &mut network.populations[1..=2] {
            population.cells = Cells::Neurons(Arc::new(Lif { threshold, ..self.lif }));
        }
        network
    }

    /// Whether rounding could move a spike: then a threshold that is a little lower or higher does.
    fn is_delicate(&self) -> bool {
        let spikes = |threshold: f64| {
            let (network, mut recording) =
                (self.with_threshold(threshold), Recording::new(4, Variables::SPIKES));
            let mut engine = ClockEngine::build(&network).unwrap();
            let input = std::slice::from_ref(&self.input);
            engine.run(input, self.input.steps(), &mut recording).unwrap();
            [1, 2].map(|p| recording.spikes(p).to_vec())
        };
        let expected = spikes(THRESHOLD);
        [-MARGIN, MARGIN].iter().any(|by| spikes(THRESHOLD + by) != expected)
    }
}

/// Input, two hidden populations and a readout in a row, with projections that skip one where
/// drawn.
fn cases() -> impl Strategy<Value = Case> {
    let sizes = (1..6_usize, 1..20_usize, 1..20_usize, 1..5_usize);
    let neuron =
        (prop_oneof![Just(1.0), 1.0..20.0f64], prop_oneof![Just(Reset::Hard), Just(Reset::Soft)]);
    let granularity = prop_oneof![
        Just(Granularity::Synaptic),
        Just(Granularity::Axonal),
        Just(Granularity::Dendritic)
    ];
    (
        sizes,
        neuron,
        0..9_usize,
        granularity,
        any::<(bool, bool)>(),
        1..3_usize,
        any::<bool>(),
        1..30_usize,
    )
        .prop_flat_map(
            |(
                (input, first, second, output),
                (tau, reset),
                longest,
                granularity,
                skips,
                elements_per_pair,
                normed,
                steps,
            )| {
                let sizes = [input, first, second, output];
                let mut ends = vec![(0, 1), (1, 2), (2, 3)];
                ends.extend(skips.0.then_some((0, 2)));
                ends.extend(skips.1.then_some((1, 3)));
                let synapses: Vec<_> = ends
                    .iter()
                    .map(|&(a, b)| {
                        dense(sizes[a], sizes[b], elements_per_pair, longest, granularity).boxed()
                    })
                    .collect();
                let events = vec((0..input as u32, 0..steps as u32), 0..120);
                let norms = (norm(first), norm(second));
                (synapses, events, norms).prop_map(move |(synapses, events, norms)| {
                    let lif = Lif {
                        tau_mem_ms: tau,
                        decay: Decay::Euler,
                        threshold: THRESHOLD,
                        reset,
                        ..Lif::default()
                    };
                    let readout = LeakyIntegrator {
                        tau_mem_ms: tau,
                        decay: Decay::Euler,
                        ..LeakyIntegrator::default()
                    };
                    let cells: [Cells; 4] = [
                        Cells::Source,
                        Cells::Neurons(Arc::new(lif)),
                        Cells::Neurons(Arc::new(lif)),
                        Cells::Neurons(Arc::new(readout)),
                    ];
                    let mut populations: Vec<Population> = cells
                        .into_iter()
                        .enumerate()
                        .map(|(index, cells)| {
                            Population::new(format!("p{index}"), sizes[index], cells)
                        })
                        .collect();
                    if normed {
                        populations[1].norm = Some(norms.0);
                        populations[2].norm = Some(norms.1);
                    }
                    let projections = ends
                        .iter()
                        .zip(synapses)
                        .map(|(&(source, target), dense)| {
                            Projection::new(source, target, Synapses::Dense(dense))
                        })
                        .collect();
                    // Nothing is under way and no potential is left to fire when the layered
                    // engine's window ends: it adds half the longest delay per projection only.
                    let input = SpikeFrames::from_events(input, steps + 3 * longest + 120, &events)
                        .expect("events of the grid");
                    Case { network: Network::new(1.0, populations, projections), input, lif }
                })
            },
        )
}

fn dense(
    pre: usize,
    post: usize,
    elements_per_pair: usize,
    max_delay_steps: usize,
    granularity: Granularity,
) -> impl Strategy<Value = DenseSynapses> {
    let delays = match granularity {
        Granularity::Synaptic => pre * post * elements_per_pair,
        Granularity::Axonal => pre,
        Granularity::Dendritic => post,
    };
    (vec(-0.6..1.0f32, pre * post * elements_per_pair), vec(0.0..=max_delay_steps as f32, delays))
        .prop_map(move |(weight, delay)| DenseSynapses {
            pre,
            post,
            elements_per_pair,
            min_delay_steps: 0,
            max_delay_steps,
            granularity,
            kernel: DelayKernel::Gaussian,
            weight,
            delay,
        })
}

/// Norms that do not make a neuron fire without input.
fn norm(neurons: usize) -> impl Strategy<Value = BatchNorm> {
    (
        vec(0.5..1.5f32, neurons),
        vec(-0.5..0.0f32, neurons),
        vec(0.0..0.5f32, neurons),
        vec(0.3..2.0f32, neurons),
    )
        .prop_map(move |(gain, bias, running_mean, running_variance)| BatchNorm {
            gain,
            bias,
            running_mean,
            running_variance,
            ..BatchNorm::new(neurons)
        })
}

/// Keeps the readout's potentials.
struct Kept(Mutex<Vec<f32>>);

impl Objective for Kept {
    fn evaluate(
        &self,
        _slot: usize,
        readout: Readout<'_>,
        _gradient: Option<(&mut [f32], f64)>,
        _memory: &mut Vec<f64>,
    ) -> SampleLoss {
        *self.0.lock().unwrap() = readout.values.to_vec();
        SampleLoss::default()
    }
}

/// What the streaming engine did with a sample.
#[derive(Debug, PartialEq)]
struct Streamed {
    /// `(step, neuron)` of each population.
    spikes: Vec<Vec<(u32, u32)>>,
    /// Potentials of the last population, `[step][neuron]`.
    output: Vec<Vec<f32>>,
}

fn stream(engine: &mut StreamingEngine, input: &SpikeFrames, steps: usize) -> Streamed {
    let mut streamed = Streamed { spikes: vec![Vec::new(); 4], output: Vec::new() };
    let trains = input.by_step();
    for step in 0..steps {
        engine.step(trains.get(step).map_or(&[], Vec::as_slice)).unwrap();
        for (population, spikes) in streamed.spikes.iter_mut().enumerate() {
            spikes.extend(engine.fired(population).iter().map(|&neuron| (step as u32, neuron)));
        }
        streamed.output.push(engine.potential(3).to_vec());
    }
    streamed
}

const SIZES: [usize; 4] = [3, 20, 5, 2];
/// `(source, target, shortest delay)`: every neuron reaches every other, some within the step.
const RECURRENT: [(usize, usize, u32); 8] =
    [(0, 1, 0), (0, 3, 2), (1, 2, 0), (2, 1, 1), (1, 1, 1), (2, 2, 2), (2, 3, 0), (3, 1, 1)];

/// Recurrent networks without memory in the membrane and with weights in 64ths: no sum is rounded,
/// in neither precision nor order.
fn recurrent() -> impl Strategy<Value = Network> {
    let synapse = (any::<u32>(), any::<u32>(), -32_i32..64, 0..9_u32);
    (vec(vec(synapse, 0..40), RECURRENT.len()), 0..4_u8).prop_map(|(drawn, refractory)| {
        let lif = Lif {
            tau_mem_ms: 1.0,
            decay: Decay::Euler,
            refractory_ms: refractory.into(),
            ..Lif::default()
        };
        let cells = |index| if index == 0 { Cells::Source } else { Cells::Neurons(Arc::new(lif)) };
        let populations = SIZES
            .iter()
            .enumerate()
            .map(|(p, &size)| Population::new(format!("p{p}"), size, cells(p)));
        let projections =
            RECURRENT.iter().zip(drawn).map(|(&(source, target, shortest), drawn)| {
                let synapses = drawn.into_iter().map(|(pre, post, weight, delay)| Synapse {
                    pre: pre % SIZES[source] as u32,
                    post: post % SIZES[target] as u32,
                    weight: f64::from(weight) / 64.0,
                    delay_steps: delay.max(shortest),
                });
                Projection::new(source, target, Synapses::Sparse(synapses.collect()))
            });
        Network::new(1.0, populations.collect(), projections.collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 150,
        max_global_rejects: 4000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn all_engines_give_the_same_spikes_and_potentials(case in cases()) {
        prop_assume!(!case.is_delicate());
        let mut layered = LayeredEngine::new(&case.network).unwrap();
        let kept = Kept(Mutex::new(Vec::new()));
        let batch = Batch::new(std::slice::from_ref(&case.input), 3, &kept);
        layered.evaluate(&case.network, &batch, &Pass::DEPLOYED).unwrap();

        let steps = layered.report().populations[3].steps;
        let mut streaming = StreamingEngine::new(&case.network).unwrap();
        let streamed = stream(&mut streaming, &case.input, steps);
        // Nothing is left of a sample, and nothing depends on anything else: the same bits again.
        streaming.reset();
        prop_assert_eq!(&stream(&mut streaming, &case.input, steps), &streamed);
        let mut recording = Recording::new(case.network.populations.len(), Variables::ALL);
        ClockEngine::build(&case.network)
            .unwrap()
            .run(std::slice::from_ref(&case.input), steps, &mut recording)
            .unwrap();
        for p in [1, 2] {
            let by_step = layered.activity(p, 0).by_step();
            let at = |(step, spikes): (usize, &Vec<Spike>)| {
                spikes.iter().map(move |spike| (step as u32, spike.neuron)).collect::<Vec<_>>()
            };
            let expected: Vec<(u32, u32)> = by_step.iter().enumerate().flat_map(at).collect();
            prop_assert_eq!(recording.spikes(p), &expected[..], "spikes of p{}", p);
            prop_assert_eq!(
                &streamed.spikes[p][..],
                recording.spikes(p),
                "streamed spikes of p{}",
                p
            );
        }
        let readout = kept.0.lock().unwrap();
        for (step, row) in
            recording.potentials(3).chunks(case.network.populations[3].size).enumerate()
        {
            for (class, &v) in row.iter().enumerate() {
                let layered = f64::from(readout[class * steps + step]);
                let streamed = f64::from(streamed.output[step][class]);
                prop_assert!(
                    (streamed - layered).abs() < 1e-4 * v.abs().max(1.0),
                    "class {} step {}: {} and {}",
                    class,
                    step,
                    streamed,
                    layered
                );
                prop_assert!(
                    (v - layered).abs() < 1e-4 * v.abs().max(1.0),
                    "class {} step {}: {} and {}",
                    class,
                    step,
                    v,
                    layered
                );
            }
        }
    }

    #[test]
    fn streaming_is_the_clock_engine_on_recurrent_networks(
        network in recurrent(),
        events in vec((0..3_u32, 0..40_u32), 0..90),
    ) {
        let input = SpikeFrames::from_events(3, 40, &events).unwrap();
        let streamed = stream(&mut StreamingEngine::new(&network).unwrap(), &input, 60);
        let mut recording = Recording::new(4, Variables::ALL);
        ClockEngine::build(&network).unwrap().run(&[input], 60, &mut recording).unwrap();
        for p in [1, 2, 3] {
            prop_assert_eq!(&streamed.spikes[p][..], recording.spikes(p), "spikes of p{}", p);
        }
        let potentials: Vec<f64> =
            streamed.output.iter().flatten().map(|&v| f64::from(v)).collect();
        prop_assert_eq!(&potentials[..], recording.potentials(3));
    }
}
