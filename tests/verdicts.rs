//! A verdict does not depend on what stands beside a sample: per-sample scores and losses of an
//! evaluation are the same bits for every batch size, order, choice of samples and number of
//! threads, and all engines agree on them.

use datasets::LabelledFrames;
use layered::LayeredEngine;
use plasticity::gradient::CrossEntropy;
use plasticity::{Evaluation, EvaluationSettings, SampleOutcome, evaluate};
use proptest::collection::vec;
use proptest::prelude::*;
use rand::RngExt;
use sim_core::{BatchNorm, Horizon, Network, Purpose, Seed, SpikeFrames, Synapses};
use synfire::{Delays, FeedForward, ForwardEngine};

const CHANNELS: usize = 12;
const CLASSES: usize = 4;

/// A network whose neurons also fire without input, so that padding would show.
fn network(seed: u64, max_delay_ms: f64, hidden: Vec<usize>) -> Network {
    let delays = if max_delay_ms > 0.0 { Delays::Learned } else { Delays::None };
    let settings = FeedForward {
        hidden,
        delays,
        max_delay_ms: max_delay_ms.max(1.0),
        ..FeedForward::default()
    };
    let mut network = settings.build(CHANNELS, CLASSES, 1.0, Seed(seed)).unwrap();
    let mut random = Seed(seed).stream(Purpose::Weights, 9, 0);
    for projection in &mut network.projections {
        let Synapses::Dense(dense) = &mut projection.synapses else { unreachable!() };
        dense.weight.iter_mut().for_each(|weight| *weight = random.random_range(-0.6..0.9));
    }
    let last = network.populations.len() - 1;
    for population in &mut network.populations[1..last] {
        let mut norm = BatchNorm::new(population.size);
        norm.bias.iter_mut().for_each(|bias| *bias = random.random_range(-0.2..0.6));
        population.norm = Some(norm);
    }
    network
}

/// Samples of these numbers of steps, of which every third repeats in all of its steps.
fn samples(seed: u64, steps: &[usize]) -> LabelledFrames {
    let sample = |(n, &steps): (usize, &usize)| {
        let mut random = Seed(seed).stream(Purpose::Synthesis, n as u64, 1);
        let frames = if n % 3 == 2 {
            let values: Vec<f32> =
                (0..CHANNELS).map(|_| f32::from(random.random_range(0..3u8)) / 2.0).collect();
            SpikeFrames::constant(&values, steps).unwrap()
        } else {
            let events = steps * CHANNELS / 5;
            let event =
                |_| (random.random_range(0..CHANNELS as u32), random.random_range(0..steps as u32));
            SpikeFrames::from_events(CHANNELS, steps, &(0..events).map(event).collect::<Vec<_>>())
                .unwrap()
        };
        (frames, n % CLASSES)
    };
    LabelledFrames::new(CLASSES, steps.iter().enumerate().map(sample).collect()).unwrap()
}

fn evaluated(
    network: &Network,
    data: &LabelledFrames,
    loss: CrossEntropy,
    (batch_size, horizon): (usize, Horizon),
    indices: &[usize],
) -> Evaluation {
    let mut engine = LayeredEngine::new(network).unwrap();
    let settings = EvaluationSettings { batch_size, horizon, scores: true };
    evaluate(network, &mut engine, &loss, settings, data, indices).unwrap()
}

fn bits(outcome: &SampleOutcome) -> (usize, usize, u64, Vec<u64>) {
    let scores = outcome.scores.iter().map(|score| score.to_bits()).collect();
    (outcome.sample, outcome.predicted, outcome.loss.to_bits(), scores)
}

const LOSSES: [CrossEntropy; 4] =
    [CrossEntropy::SumSoftmax, CrossEntropy::MaxOverTime, CrossEntropy::Mean, CrossEntropy::Last];

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn neighbours_order_batches_and_threads_move_no_bit(
        seed in 0..1000u64,
        max_delay in prop_oneof![Just(0.0), Just(7.0), Just(24.0)],
        steps in vec(1..90usize, 2..24),
        order in any::<prop::sample::Index>(),
        loss in 0..4usize,
        fixed in prop_oneof![Just(None), (1..70usize).prop_map(Some)],
        hidden in prop_oneof![Just(vec![20]), Just(vec![40, 17]), Just(vec![80, 80])],
    ) {
        let (network, data) = (network(seed, max_delay, hidden), samples(seed, &steps));
        let (loss, horizon) = (LOSSES[loss], Horizon::of_setting(fixed));
        let all: Vec<usize> = (0..steps.len()).collect();
        let expected = evaluated(&network, &data, loss, (1, horizon), &all);
        prop_assert_eq!(
            expected.outcomes.iter().map(|outcome| outcome.sample).collect::<Vec<_>>(),
            all.clone()
        );
        let mut rotated = all.clone();
        rotated.rotate_left(order.index(all.len()));
        let reversed: Vec<usize> = all.iter().rev().copied().collect();
        for (batch_size, threads, indices) in
            [(7, 1, &all), (256, 3, &all), (3, 2, &reversed), (5, 1, &rotated)]
        {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let other =
                pool.install(|| evaluated(&network, &data, loss, (batch_size, horizon), indices));
            for (outcome, &sample) in other.outcomes.iter().zip(indices) {
                prop_assert_eq!(
                    bits(outcome),
                    bits(&expected.outcomes[sample]),
                    "batches of {}",
                    batch_size
                );
            }
            prop_assert_eq!(other.loss.to_bits(), expected.loss.to_bits());
            prop_assert_eq!(&other.confusion, &expected.confusion);
            prop_assert_eq!(&other.firing_rates, &expected.firing_rates);
        }
        // And a few of them alone.
        let some: Vec<usize> = all.iter().copied().filter(|sample| sample % 2 == 0).collect();
        let part = evaluated(&network, &data, loss, (4, horizon), &some);
        for outcome in &part.outcomes {
            prop_assert_eq!(bits(outcome), bits(&expected.outcomes[outcome.sample]));
        }
    }
}

#[test]
fn engines_that_step_score_over_the_same_steps() {
    for (seed, fixed) in [(1, None), (2, Some(45)), (3, None)] {
        let steps: Vec<usize> = (0..30).map(|n| 10 + (n * 17) % 41).collect();
        let (network, data) = (network(seed, 24.0, vec![30, 20]), samples(seed, &steps));
        let (loss, horizon) = (CrossEntropy::SumSoftmax, Horizon::of_setting(fixed));
        let all: Vec<usize> = (0..steps.len()).collect();
        let layered = evaluated(&network, &data, loss, (16, horizon), &all);
        for engine in [ForwardEngine::Clock, ForwardEngine::Streaming] {
            let settings = EvaluationSettings { batch_size: 1, horizon, scores: true };
            let stepped = engine.evaluate(&network, &loss, settings, &data, &all).unwrap();
            for (a, b) in stepped.outcomes.iter().zip(&layered.outcomes) {
                assert_eq!((a.sample, a.label), (b.sample, b.label));
                let largest =
                    a.scores.iter().zip(&b.scores).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(largest < 1e-3, "{engine:?}, sample {}: {largest}", a.sample);
                assert_eq!(a.predicted, b.predicted, "{engine:?}, sample {}", a.sample);
            }
            for ((name, a), (_, b)) in stepped.firing_rates.iter().zip(&layered.firing_rates) {
                assert!((a - b).abs() < 1e-4, "{engine:?}, {name}: {a} and {b}");
            }
        }
    }
}

/// What a loss scores is what it predicts from.
#[test]
fn the_highest_score_is_predicted() {
    let (network, data) = (network(5, 7.0, vec![20]), samples(5, &[30, 12, 44, 9, 21]));
    for loss in LOSSES {
        let evaluation = evaluated(&network, &data, loss, (8, Horizon::Sample), &[4, 0, 1, 2, 3]);
        for outcome in &evaluation.outcomes {
            assert_eq!(outcome.scores.len(), CLASSES);
            let margin = outcome.margin().unwrap();
            assert!(margin >= 0.0, "{loss:?}: {outcome:?}");
            let others = outcome.scores.iter().map(|score| score - outcome.scores[outcome.label]);
            let expected = others.map(f64::exp).sum::<f64>().ln();
            assert!((outcome.loss - expected).abs() < 1e-9, "{loss:?}: {outcome:?}");
        }
    }
}
