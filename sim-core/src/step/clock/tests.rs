use super::*;
use crate::delay_kernel::DelayKernel;
use crate::network::Projection;
use crate::norm::BatchNorm;
use crate::population::Population;
use crate::recording::{Recording, Variables};
use crate::synapses::{DenseSynapses, Granularity, Synapses};
use crate::test_networks::{Leaky, PROBE, RELAY, network, neurons, source, sparse};
use proptest::prelude::*;

const LEAKY: Leaky = Leaky { decay: 0.875, threshold: 1.0 };

fn simulate(network: &Network, inputs: &[SpikeFrames], steps: usize) -> Recording {
    let mut recording = Recording::new(network.populations.len(), Variables::ALL);
    ClockEngine::build(network).unwrap().run(inputs, steps, &mut recording).unwrap();
    recording
}

#[test]
fn a_chain_without_delays_is_crossed_in_one_step_whatever_the_order_of_its_populations() {
    let populations =
        vec![neurons("last", 1, RELAY), neurons("first", 1, RELAY), source("input", 1)];
    let one = [(0, 0, 1.0, 0)];
    let chain = network(populations, vec![sparse(1, 0, &one), sparse(2, 1, &one)]);
    let recording =
        simulate(&chain, &[SpikeFrames::from_events(1, 9, &[(0, 3), (0, 4)]).unwrap()], 9);
    for population in 0..3 {
        assert_eq!(recording.spikes(population), [(3, 0), (4, 0)]);
    }
}

#[test]
fn a_cycle_without_delay_is_named() {
    let populations = vec![
        source("input", 1),
        neurons("a", 1, RELAY),
        neurons("b", 1, RELAY),
        neurons("c", 1, RELAY),
    ];
    let one = [(0, 0, 1.0, 0)];
    let ring = network(
        populations,
        vec![sparse(0, 3, &one), sparse(1, 2, &one), sparse(2, 1, &one), sparse(1, 3, &one)],
    );
    let error = ClockEngine::build(&ring).unwrap_err();
    assert_eq!(error.to_string(), "projections with zero delay form a cycle: a -> b -> a");
    let own = network(vec![neurons("own", 1, RELAY)], vec![sparse(0, 0, &one)]);
    assert!(ClockEngine::build(&own).unwrap_err().to_string().ends_with(": own -> own"));
}

#[test]
fn coincident_input_spikes_multiply_the_weight_and_are_recorded_one_by_one() {
    let net = network(
        vec![source("input", 2), neurons("probe", 1, PROBE)],
        vec![sparse(0, 1, &[(1, 0, 0.25, 2)])],
    );
    let recording = simulate(&net, &[SpikeFrames::from_events(2, 1, &[(1, 0); 3]).unwrap()], 4);
    assert_eq!(recording.spikes(0), [(0, 1); 3]);
    assert_eq!(recording.potentials(1), [0.0, 0.0, 0.75, 0.0]);
}

#[test]
fn dense_projections_and_norms_run_as_deployed() {
    let dense = DenseSynapses {
        pre: 2,
        post: 2,
        elements_per_pair: 1,
        min_delay_steps: 0,
        max_delay_steps: 4,
        granularity: Granularity::Synaptic,
        kernel: DelayKernel::Gaussian,
        weight: vec![1.0, 2.0, 3.0, 4.0],
        delay: vec![0.0, 1.2, 2.9, 4.0],
    };
    let norm = BatchNorm {
        gain: vec![2.0, 1.0],
        bias: vec![0.5, 0.0],
        running_mean: vec![1.0, 0.0],
        running_variance: vec![4.0, 1.0],
        epsilon: 0.0,
        ..BatchNorm::new(2)
    };
    let probe = Population { norm: Some(norm), ..neurons("probe", 2, PROBE) };
    let projection = Projection::new(0, 1, Synapses::Dense(dense));
    let net = network(vec![source("input", 2), probe], vec![projection]);
    let recording =
        simulate(&net, &[SpikeFrames::from_events(2, 1, &[(0, 0), (1, 0)]).unwrap()], 6);
    // Neuron 0: Z = I - 0.5, spikes with weight 1 at step 0 and 2 at step 1. Neuron 1: Z = I,
    // weight 3 at step 3 and 4 at step 4.
    let expected = [0.5, 0.0, 1.5, 0.0, -0.5, 0.0, -0.5, 3.0, -0.5, 4.0, -0.5, 0.0];
    for (actual, expected) in recording.potentials(1).iter().zip(expected) {
        assert!((actual - expected).abs() < 1e-6, "{:?}", recording.potentials(1));
    }
}

#[test]
fn a_run_can_be_continued_and_repeated() {
    let net = network(
        vec![source("input", 1), neurons("loop", 2, RELAY)],
        vec![sparse(0, 1, &[(0, 0, 1.0, 1)]), sparse(1, 1, &[(0, 1, 1.0, 3), (1, 0, 1.0, 2)])],
    );
    let input = [SpikeFrames::from_events(1, 1, &[(0, 0)]).unwrap()];
    let silence = [SpikeFrames::from_events(1, 1, &[]).unwrap()];
    let whole = simulate(&net, &input, 40);
    assert_eq!(&whole.spikes(1)[..4], [(1, 0), (4, 1), (6, 0), (9, 1)]);
    let mut engine = ClockEngine::build(&net).unwrap();
    for _ in 0..2 {
        let mut parts = Recording::new(2, Variables::ALL);
        engine.run(&input, 15, &mut parts).unwrap();
        assert_eq!(engine.next_step(), 15);
        engine.run(&silence, 25, &mut parts).unwrap();
        assert_eq!(parts, whole);
        engine.reset();
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let net = network(
        vec![source("ears", 2), neurons("probe", 1, PROBE)],
        vec![sparse(0, 1, &[(0, 0, -1.7e308, 1)])],
    );
    let mut engine = ClockEngine::build(&net).unwrap();
    let mut recording = Recording::new(2, Variables::SPIKES);
    let none = engine.run(&[], 1, &mut recording).unwrap_err();
    assert_eq!(none.to_string(), "inputs (one per source) has length 0, but must have 1");
    let wide =
        engine.run(&[SpikeFrames::from_events(3, 1, &[]).unwrap()], 1, &mut recording).unwrap_err();
    assert_eq!(wide.to_string(), "input of ears: channels has length 3, but must have 2");
    let stranger = [vec![Spike { neuron: 2, count: 1.0 }]];
    assert_eq!(
        engine.step(&stranger, &mut recording).unwrap_err().to_string(),
        "neuron of an input spike of ears is 2, but must be below 2"
    );
    let uncountable = [vec![Spike { neuron: 0, count: f32::NAN }]];
    assert!(engine.step(&uncountable, &mut recording).is_err());
    let overflow = engine
        .run(&[SpikeFrames::from_events(2, 9, &[(0, 8), (0, 8)]).unwrap()], 10, &mut recording)
        .unwrap_err();
    assert_eq!(overflow.to_string(), "potential of neuron 0 of probe is -inf after step 9");
}

#[test]
fn a_recorder_that_fails_stops_the_run() {
    struct Full;
    impl Recorder for Full {
        fn record_spikes(&mut self, _: usize, step: usize, _: &[u32]) -> Result<()> {
            Err(Error::Recording(format!("full at step {step}")))
        }
        fn wants_state(&self, _: usize) -> bool {
            false
        }

        fn record_state(&mut self, _: usize, _: usize, _: &State<f64>) -> Result<()> {
            Ok(())
        }
    }
    let mut engine = ClockEngine::build(&network(vec![source("input", 1)], vec![])).unwrap();
    let input = SpikeFrames::from_events(1, 9, &[(0, 4), (0, 6)]).unwrap();
    assert_eq!(engine.run(&[input], 9, &mut Full), Err(Error::Recording("full at step 4".into())));
}

const STEPS: usize = 40;
const LONGEST: u32 = 6;
/// Sizes of: neurons C, source A, neurons B, source D. B reaches C within a step.
const SIZES: [usize; 4] = [4, 3, 5, 2];
/// `(source, target, shortest delay)`
const PROJECTIONS: [(usize, usize, u32); 8] =
    [(1, 2, 0), (1, 0, 0), (3, 0, 1), (2, 0, 0), (0, 2, 1), (2, 2, 1), (0, 0, 1), (2, 0, 2)];

/// A recurrent network with weights in 64ths: sums of them have no rounding error, in whatever
/// order they are made.
fn any_network() -> impl Strategy<Value = Network> {
    let synapse = (any::<u32>(), any::<u32>(), -32_i32..64, 0..=LONGEST);
    proptest::collection::vec(proptest::collection::vec(synapse, 0..30), PROJECTIONS.len())
        .prop_map(|drawn| {
            let projections = PROJECTIONS
                .iter()
                .zip(drawn)
                .map(|(&(source, target, shortest), synapses)| {
                    let synapses: Vec<_> = synapses
                        .into_iter()
                        .map(|(pre, post, weight, delay)| {
                            (
                                pre % SIZES[source] as u32,
                                post % SIZES[target] as u32,
                                weight as f64 / 64.0,
                                delay.max(shortest),
                            )
                        })
                        .collect();
                    sparse(source, target, &synapses)
                })
                .collect();
            let [c, a, b, d] = SIZES;
            network(
                vec![
                    neurons("C", c, LEAKY),
                    source("A", a),
                    neurons("B", b, LEAKY),
                    source("D", d),
                ],
                projections,
            )
        })
}

fn any_input(channels: usize) -> impl Strategy<Value = SpikeFrames> {
    proptest::collection::vec((0..channels as u32, 0..STEPS as u32), 0..60)
        .prop_map(move |events| SpikeFrames::from_events(channels, STEPS, &events).unwrap())
}

/// Spike counts `[population][step][neuron]`, from weights in a dense table over all pairs and
/// delays.
fn dense_reference(network: &Network, inputs: &[SpikeFrames]) -> Vec<Vec<Vec<f64>>> {
    let mut spikes: Vec<Vec<Vec<f64>>> =
        SIZES.iter().map(|&size| vec![vec![0.0; size]; STEPS]).collect();
    for (frames, population) in inputs.iter().zip([1, 3]) {
        let train = &mut spikes[population];
        for (channel, (steps, counts)) in
            (0..frames.channels()).map(|channel| (channel, frames.channel(channel)))
        {
            for (&step, &count) in steps.iter().zip(counts) {
                train[step as usize][channel] = count as f64;
            }
        }
    }
    let mut weight = [[[[[0.0; LONGEST as usize + 1]; 5]; 5]; 4]; 4];
    for projection in &network.projections {
        let Synapses::Sparse(synapses) = &projection.synapses else {
            unreachable!("they are sparse")
        };
        for synapse in synapses {
            weight[projection.source][projection.target][synapse.pre as usize]
                [synapse.post as usize][synapse.delay_steps as usize] += synapse.weight;
        }
    }
    let mut potential = [[0.0; 5]; 4];
    for step in 0..STEPS {
        for target in [2, 0] {
            for post in 0..SIZES[target] {
                let mut input = 0.0;
                for source in 0..4 {
                    for pre in 0..SIZES[source] {
                        for delay in 0..=(LONGEST as usize).min(step) {
                            input += weight[source][target][pre][post][delay]
                                * spikes[source][step - delay][pre];
                        }
                    }
                }
                let v = LEAKY.decay * potential[target][post] + input;
                let fires = v >= LEAKY.threshold;
                potential[target][post] = if fires { 0.0 } else { v };
                spikes[target][step][post] = f64::from(fires);
            }
        }
    }
    spikes
}

fn counts(recording: &Recording, population: usize) -> Vec<Vec<f64>> {
    let mut counts = vec![vec![0.0; SIZES[population]]; STEPS];
    recording
        .spikes(population)
        .iter()
        .for_each(|&(step, neuron)| counts[step as usize][neuron as usize] += 1.0);
    counts
}

proptest! {
    #[test]
    fn every_spike_arrives_once_and_on_time(
        synapses in proptest::collection::vec(
            (0_u32..3, 0_u32..4, -9_i32..9, 0_u32..=LONGEST),
            0..40,
        ),
        events in proptest::collection::vec((0_u32..3, 0_u32..STEPS as u32), 0..40),
    ) {
        let synapses: Vec<_> = synapses
            .into_iter()
            .map(|(pre, post, weight, delay)| (pre, post, weight as f64, delay))
            .collect();
        let net = network(
            vec![source("input", 3), neurons("probe", 4, PROBE)],
            vec![sparse(0, 1, &synapses)],
        );
        let mut expected = vec![0.0; STEPS * 4];
        for (channel, step) in &events {
            for (pre, post, weight, delay) in &synapses {
                if pre == channel && ((step + delay) as usize) < STEPS {
                    expected[(step + delay) as usize * 4 + *post as usize] += weight;
                }
            }
        }
        let recording =
            simulate(&net, &[SpikeFrames::from_events(3, STEPS, &events).unwrap()], STEPS);
        prop_assert_eq!(recording.potentials(1), expected);
    }

    #[test]
    fn recurrent_networks_agree_with_dense_tables(
        net in any_network(),
        a in any_input(SIZES[1]),
        d in any_input(SIZES[3]),
    ) {
        let inputs = [a, d];
        let recording = simulate(&net, &inputs, STEPS);
        let expected = dense_reference(&net, &inputs);
        for (population, expected) in expected.iter().enumerate() {
            prop_assert_eq!(&counts(&recording, population), expected);
        }
    }

    #[test]
    fn relabelling_neurons_relabels_spikes(
        net in any_network(),
        a in any_input(SIZES[1]),
        d in any_input(SIZES[3]),
        label in Just((0..SIZES[2] as u32).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let mut relabelled = net.clone();
        for projection in &mut relabelled.projections {
            let Synapses::Sparse(synapses) = &mut projection.synapses else {
                unreachable!("they are sparse")
            };
            for synapse in synapses {
                if projection.source == 2 {
                    synapse.pre = label[synapse.pre as usize];
                }
                if projection.target == 2 {
                    synapse.post = label[synapse.post as usize];
                }
            }
        }
        let inputs = [a, d];
        let (before, after) =
            (simulate(&net, &inputs, STEPS), simulate(&relabelled, &inputs, STEPS));
        let mut expected: Vec<_> =
            before.spikes(2).iter().map(|&(step, neuron)| (step, label[neuron as usize])).collect();
        expected.sort_unstable();
        prop_assert_eq!(after.spikes(2), expected);
        prop_assert_eq!(after.spikes(0), before.spikes(0));
    }
}

#[test]
fn graded_and_signed_input_multiplies_the_weight_and_is_recorded_once() {
    let net = network(
        vec![source("ears", 2), neurons("probe", 1, PROBE)],
        vec![sparse(0, 1, &[(0, 0, 2.0, 0), (1, 0, 4.0, 0)])],
    );
    let mut recording = Recording::new(2, Variables::ALL);
    let input = SpikeFrames::from_values(2, 1, &[-0.5, 0.75]).unwrap();
    ClockEngine::build(&net).unwrap().run(&[input], 1, &mut recording).unwrap();
    assert_eq!(recording.potentials(1), [2.0]);
    assert_eq!(recording.spikes(0), [(0, 0), (0, 1)]);
}
