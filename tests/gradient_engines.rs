//! What every engine for gradients promises, of each of them: the numbers that PyTorch + DCLS +
//! SpikingJelly gave (`tests/golden/delay_training.json`), and what those do not cover: dropout,
//! regularisers, real values, input that repeats, and all that is refused.

use crate::oracle::{
    GoldenCase, OracleEngine, OracleNetwork, assert_close_to_scale, doubles, frames, golden_cases,
    signal,
};
use crate::parameter_of;
use layered::LayeredEngine;
use neurons::{Decay, LeakyIntegrator};
use plasticity::gradient::{CrossEntropy, FiringRateBounds, Labelled, Loss};
use rand::RngExt;
use sim_core::{
    Batch, BatchNorm, BatchReport, Cells, DelayKernel, DelayTaps, Dropout, GaussianMethod,
    GradientEngine, Gradients, Horizon, KernelEvaluation, Network, NormStatistics, Objective, Pass,
    Purpose, Readout, Regularizer, SampleLoss, Seed, SpikeCounts, SpikeFrames, Synapses,
};
use std::sync::{Arc, Mutex};

/// Relative tolerance of single precision against the double-precision reference.
const TOLERANCE: f64 = 1e-4;

/// Every engine, by name, for a network.
fn engines(network: &Network) -> Vec<(&'static str, Box<dyn GradientEngine>)> {
    vec![
        ("layered engine", Box::new(LayeredEngine::new(network).unwrap())),
        (ORACLE, Box::new(OracleEngine::new(network).unwrap())),
    ]
}

/// The engine that the others are compared with.
const ORACLE: &str = "oracle";

/// The loss of the reference, keeping the potentials it saw.
struct Recorded<'a> {
    labels: &'a [usize],
    potentials: Mutex<Vec<Vec<f32>>>,
}

impl<'a> Recorded<'a> {
    fn new(labels: &'a [usize]) -> Self {
        Self { labels, potentials: Mutex::new(vec![Vec::new(); labels.len()]) }
    }

    fn potentials(&self) -> Vec<f32> {
        self.potentials.lock().unwrap().concat()
    }
}

impl Objective for Recorded<'_> {
    fn evaluate(
        &self,
        slot: usize,
        readout: Readout<'_>,
        gradient: Option<(&mut [f32], f64)>,
        memory: &mut Vec<f64>,
    ) -> SampleLoss {
        self.potentials.lock().unwrap()[slot] = readout.values.to_vec();
        CrossEntropy::SumSoftmax.evaluate(readout, self.labels[slot], gradient, memory)
    }
}

fn training_pass(oracle: &OracleNetwork, evaluation: KernelEvaluation) -> Pass {
    // The effective width is 0.27 above the raw one.
    let delay_taps = DelayTaps::Trained { sigma_raw: oracle.sigma - 0.27, evaluation };
    Pass { delay_taps, norm: NormStatistics::Batch, dropout: None, horizon: Horizon::Batch }
}

/// Compares with a tolerance relative to the largest entry, below which a single number's own
/// digits are rounding.
fn assert_close(what: &str, actual: &[f64], expected: &[f64]) {
    assert_close_to_scale(what, actual, expected, TOLERANCE, 0.0);
}

/// The entries of a population's activity, `[sample][neuron][step]`.
fn activity(engine: &dyn GradientEngine, population: usize, samples: usize) -> Vec<f64> {
    let frames: Vec<_> =
        (0..samples).map(|sample| engine.activity(population, sample).clone()).collect();
    signal(&frames).data
}

fn mean_loss(report: &BatchReport) -> f64 {
    report.losses.iter().map(|sample| sample.loss).sum::<f64>() / report.losses.len() as f64
}

#[test]
fn a_training_step_is_the_references() {
    for case in golden_cases() {
        for (name, mut engine) in engines(&case.network.to_network()) {
            check_training_step(&format!("{name}, {}", case.name), &case, &mut *engine);
        }
    }
}

fn check_training_step(name: &str, case: &GoldenCase, engine: &mut dyn GradientEngine) {
    let (mut network, input) = (case.network.to_network(), frames(&case.input));
    let pass = training_pass(&case.network, KernelEvaluation::default());
    let objective = Recorded::new(&case.labels);
    let batch = Batch::new(&input, case.network.layers.len(), &objective);
    let mut gradients = Gradients::zeros(&network);
    // Twice, since memory is reused from batch to batch.
    engine.train(&network, &batch, &pass, &mut gradients).unwrap();
    engine.train(&network, &batch, &pass, &mut gradients).unwrap();

    for (layer, spikes) in case.spikes.iter().enumerate() {
        let actual = activity(engine, layer + 1, input.len());
        assert_eq!(&actual, spikes, "{name}: spikes {layer}");
        let report = &engine.report().populations[layer + 1];
        assert_eq!(report.spikes as f64, spikes.iter().sum::<f64>(), "{name}: spikes {layer}");
        let rate = report.spikes as f64 / spikes.len() as f64;
        assert!((report.firing_rate - rate).abs() < 1e-12, "{name}: firing rate {layer}");
        let steps = spikes.len() / input.len() / case.network.layers[layer].post;
        assert_eq!(report.steps, steps, "{name}: steps {layer}");
    }
    assert_close(&format!("{name}: potentials"), &doubles(&objective.potentials()), &case.readout);
    assert_close(&format!("{name}: loss"), &[mean_loss(engine.report())], &[case.loss]);

    let close = |what: &str, layer: usize, id, expected: &[f64]| {
        let actual = doubles(gradients.of(id));
        assert_close(&format!("{name}: gradient of {what} {layer}"), &actual, expected);
    };
    for layer in 0..network.projections.len() {
        close("weight", layer, parameter_of::weight(layer), &case.grad_weight[layer]);
        close("delay", layer, parameter_of::delay(layer), &case.grad_delay[layer]);
    }
    for layer in 0..case.grad_gain.len() {
        close("gain", layer, parameter_of::gain(layer + 1), &case.grad_gain[layer]);
        close("bias", layer, parameter_of::bias(layer + 1), &case.grad_bias[layer]);
        let norm = network.populations[layer + 1].norm.as_mut().unwrap();
        norm.update(&engine.report().populations[layer + 1].statistics);
        let (mean, variance) = (doubles(&norm.running_mean), doubles(&norm.running_variance));
        assert_close(&format!("{name}: mean {layer}"), &mean, &case.running_mean[layer]);
        let expected = &case.running_variance[layer];
        assert_close(&format!("{name}: variance {layer}"), &variance, expected);
    }

    // The reference pads in evaluation, too.
    let padded = Pass { horizon: Horizon::Batch, ..Pass::DEPLOYED };
    engine.evaluate(&network, &batch, &padded).unwrap();
    for (layer, spikes) in case.deployed.spikes.iter().enumerate() {
        let actual = activity(engine, layer + 1, input.len());
        assert_eq!(&actual, spikes, "{name}: deployed spikes {layer}");
    }
    let potentials = doubles(&objective.potentials());
    assert_close(&format!("{name}: deployed potentials"), &potentials, &case.deployed.readout);
}

/// The summed input of a layer is the potential of a readout that forgets in every step.
#[test]
fn currents_are_the_references() {
    let forgetful =
        LeakyIntegrator { tau_mem_ms: 1.0, decay: Decay::Euler, ..LeakyIntegrator::default() };
    for case in golden_cases() {
        for layer in 0..case.current.len() {
            let mut network = case.network.to_network();
            network.populations.truncate(layer + 2);
            network.projections.truncate(layer + 1);
            network.populations[layer + 1].norm = None;
            network.populations[layer + 1].cells = Cells::Neurons(Arc::new(forgetful));
            let mut engine = LayeredEngine::new(&network).unwrap();
            let (input, objective) = (frames(&case.input), Recorded::new(&case.labels));
            let batch = Batch::new(&input, layer + 1, &objective);
            let currents = |pass: &Pass, engine: &mut LayeredEngine| {
                engine.evaluate(&network, &batch, pass).unwrap();
                doubles(&objective.potentials())
            };
            let trained = training_pass(&case.network, KernelEvaluation::default());
            let exact = currents(&trained, &mut engine);
            assert_close(&format!("{}: current {layer}", case.name), &exact, &case.current[layer]);
            let scale = exact.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
            for gaussian in
                [GaussianMethod::Truncated, GaussianMethod::Smoothed, GaussianMethod::Polynomial]
            {
                let evaluation =
                    KernelEvaluation { gaussian, tolerance: 1e-3, ..KernelEvaluation::default() };
                let near = currents(&training_pass(&case.network, evaluation), &mut engine);
                // Further on, a spike may move.
                for (a, e) in near.iter().zip(&exact).filter(|_| layer == 0) {
                    let problem = format!("{} {gaussian:?}: {a} and {e}, scale {scale}", case.name);
                    assert!((a - e).abs() < 5e-3 * scale, "{problem}");
                }
            }
        }
    }
}

/// A chain with norms; `elements_per_pair` kernel elements and delays of up to `max_delay` steps.
fn chain(
    sizes: &[usize],
    elements_per_pair: usize,
    max_delay: usize,
    kernel: DelayKernel,
) -> Network {
    let settings = synfire::FeedForward {
        hidden: sizes[1..sizes.len() - 1].to_vec(),
        max_delay_ms: max_delay.max(2) as f64,
        delay_kernel: kernel,
        ..synfire::FeedForward::default()
    };
    let last = sizes.len() - 1;
    let mut network = settings.build(sizes[0], sizes[last], 1.0, Seed(3)).unwrap();
    let mut random = Seed(4).stream(Purpose::Weights, 0, 0);
    for projection in &mut network.projections {
        let Synapses::Dense(dense) = &mut projection.synapses else { unreachable!() };
        (dense.elements_per_pair, dense.max_delay_steps) = (elements_per_pair, max_delay);
        let entries = dense.pre * dense.post * elements_per_pair;
        dense.weight = (0..entries).map(|_| random.random_range(-1.0..1.3)).collect();
        dense.delay = (0..entries).map(|_| random.random_range(0.0..=max_delay as f32)).collect();
    }
    for population in &mut network.populations[1..last] {
        population.norm = Some(BatchNorm::new(population.size));
    }
    let readout =
        LeakyIntegrator { tau_mem_ms: 20.0, decay: Decay::Euler, ..LeakyIntegrator::default() };
    let lif = neurons::Lif { decay: Decay::Euler, ..neurons::Lif::default() };
    for population in &mut network.populations[1..last] {
        population.cells = Cells::Neurons(Arc::new(lif));
    }
    network.populations[last].cells = Cells::Neurons(Arc::new(readout));
    network
}

/// Samples of different lengths; a third of their entries is there, between -1 and 2.
fn values(channels: usize, samples: usize) -> Vec<SpikeFrames> {
    values_of(channels, (0..samples).map(|n| 12 + 5 * n))
}

/// The same for samples of so many steps.
fn values_of(channels: usize, steps: impl Iterator<Item = usize>) -> Vec<SpikeFrames> {
    let sample = |(n, steps): (usize, usize)| {
        let mut random = Seed(7).stream(Purpose::Synthesis, n as u64, 0);
        let value = |_| {
            if random.random_range(0..3) == 0 { random.random_range(-1.0..2.0) } else { 0.0 }
        };
        let values: Vec<f32> = (0..channels * steps).map(value).collect();
        SpikeFrames::from_values(channels, steps, &values).unwrap()
    };
    steps.enumerate().map(sample).collect()
}

/// Images that are shown for 20 steps, the last one for 9.
fn images(channels: usize, samples: usize) -> Vec<SpikeFrames> {
    let sample = |n: usize| {
        let mut random = Seed(8).stream(Purpose::Synthesis, n as u64, 0);
        let values: Vec<f32> = (0..channels).map(|_| random.random_range(-0.5..1.0)).collect();
        SpikeFrames::constant(&values, if n + 1 == samples { 9 } else { 20 }).unwrap()
    };
    (0..samples).map(sample).collect()
}

/// What an engine makes of a batch.
#[derive(Debug)]
struct Made {
    report: BatchReport,
    gradients: Gradients,
    activity: Vec<Vec<f64>>,
}

fn train(
    engine: &mut dyn GradientEngine,
    network: &Network,
    input: &[SpikeFrames],
    pass: &Pass,
    regularizers: &[Box<dyn Regularizer>],
) -> Made {
    let output = network.populations.len() - 1;
    let classes = network.populations[output].size;
    let labels: Vec<usize> = (0..input.len()).map(|slot| slot % classes).collect();
    let objective = Labelled { loss: &CrossEntropy::SumSoftmax, labels: &labels };
    let batch = Batch { regularizers, ..Batch::new(input, output, &objective) };
    let mut gradients = Gradients::zeros(network);
    engine.train(network, &batch, pass, &mut gradients).unwrap();
    let hidden = 1..output;
    let activity = hidden.map(|population| activity(engine, population, input.len())).collect();
    Made { report: engine.report().clone(), gradients, activity }
}

/// Asserts that every engine makes of a batch what the oracle makes of it; tells what the first
/// makes.
fn assert_agreement(
    what: &str,
    network: &Network,
    input: &[SpikeFrames],
    pass: &Pass,
    regularizers: &[Box<dyn Regularizer>],
) -> Made {
    let mut made: Vec<_> = engines(network)
        .into_iter()
        .map(|(name, mut engine)| (name, train(&mut *engine, network, input, pass, regularizers)))
        .collect();
    let oracle = made.iter().position(|(name, _)| *name == ORACLE).expect("one is the oracle");
    let (_, expected) = made.remove(oracle);
    for (name, actual) in &made {
        assert_same(&format!("{name}, {what}"), actual, &expected);
    }
    made.swap_remove(0).1
}

fn assert_same(what: &str, actual: &Made, expected: &Made) {
    for (population, (a, e)) in actual.activity.iter().zip(&expected.activity).enumerate() {
        assert_close(&format!("{what}: activity {}", population + 1), a, e);
    }
    let losses = |made: &Made| made.report.losses.iter().map(|l| l.loss).collect::<Vec<_>>();
    assert_close(&format!("{what}: losses"), &losses(actual), &losses(expected));
    let penalties = [actual, expected].map(|made| made.report.penalty);
    assert_close(&format!("{what}: penalty"), &penalties[..1], &penalties[1..]);
    for (p, (a, e)) in
        actual.report.populations.iter().zip(&expected.report.populations).enumerate()
    {
        assert_eq!((a.steps, a.spikes), (e.steps, e.spikes), "{what}: population {p}");
        assert_eq!(a.counts, e.counts, "{what}: spikes of each neuron of population {p}");
        assert_eq!(a.most_spikes, e.most_spikes, "{what}: most spikes of population {p}");
        assert_close(&format!("{what}: mean {p}"), &a.statistics.mean, &e.statistics.mean);
        let (a, e) = (&a.statistics, &e.statistics);
        assert_close(&format!("{what}: variance {p}"), &a.variance, &e.variance);
        assert_eq!(a.count, e.count, "{what}: count {p}");
    }
    for ((id, a), (_, e)) in actual.gradients.iter().zip(expected.gradients.iter()) {
        assert_close(&format!("{what}: gradient of {id:?}"), &doubles(a), &doubles(e));
    }
}

fn exact(dropout: Option<Dropout>) -> Pass {
    let delay_taps = DelayTaps::Trained { sigma_raw: 1.5, evaluation: KernelEvaluation::default() };
    Pass { delay_taps, norm: NormStatistics::Batch, dropout, horizon: Horizon::Batch }
}

const DROPOUT: Option<Dropout> = Some(Dropout { rate: 0.25, seed: Seed(6), step: 3 });

#[test]
fn real_values_and_dropout_are_those_of_the_equations() {
    let network = chain(&[7, 21, 18, 3], 2, 9, DelayKernel::Gaussian);
    assert_agreement("real values", &network, &values(7, 5), &exact(None), &[]);
    let made = assert_agreement("dropout", &network, &values(7, 5), &exact(DROPOUT), &[]);
    let heights = made.activity[0].iter().filter(|&&height| height != 0.0);
    let height = 1.0 / 0.75;
    assert!(heights.clone().count() > 0);
    assert!(heights.clone().all(|&seen| (seen - height).abs() < 1e-6));
}

/// Statistics that were pinned do not depend on the batch, and pass gradients on as they are.
#[test]
fn gradients_run_through_running_statistics() {
    let mut network = chain(&[7, 21, 18, 3], 1, 9, DelayKernel::Gaussian);
    for norm in network.populations.iter_mut().filter_map(|population| population.norm.as_mut()) {
        let mut random = Seed(5).stream(Purpose::Weights, norm.gain.len() as u64, 0);
        norm.running_mean.iter_mut().for_each(|mean| *mean = random.random_range(-0.4..0.4));
        norm.running_variance.iter_mut().for_each(|v| *v = random.random_range(0.3..2.0));
        norm.gain.iter_mut().for_each(|gain| *gain = random.random_range(0.5..1.5));
    }
    let input = values(7, 5);
    let pinned = Pass { norm: NormStatistics::Running, ..exact(None) };
    assert_agreement("pinned statistics", &network, &input, &pinned, &[]);
    // Statistics of the batch of before leave nothing behind.
    let mut engine = LayeredEngine::new(&network).unwrap();
    train(&mut engine, &network, &input, &exact(None), &[]);
    let after = train(&mut engine, &network, &input, &pinned, &[]);
    let fresh = &mut LayeredEngine::new(&network).unwrap();
    assert_same("after another batch", &after, &train(fresh, &network, &input, &pinned, &[]));
}

/// Short samples are joined, long ones taken one by one; 120 neurons are more than one block.
#[test]
fn a_projection_without_delays_is_a_product() {
    let network = chain(&[7, 120, 18, 3], 1, 0, DelayKernel::Linear);
    for (what, steps) in [("short", vec![6; 37]), ("long", vec![70, 64, 81])] {
        let input = values_of(7, steps.into_iter());
        for dropout in [None, DROPOUT] {
            assert_agreement(what, &network, &input, &exact(dropout), &[]);
        }
    }
}

/// A product over samples where there are no delays, one kernel per synapse where there are.
#[test]
fn input_that_repeats_is_the_same_as_input_that_is_written_out() {
    for (what, max_delay, elements_per_pair) in
        [("product", 0, 1), ("elements", 0, 2), ("delays", 6, 1)]
    {
        let mut network = chain(&[33, 40, 3], elements_per_pair, max_delay, DelayKernel::Gaussian);
        for samples in [19, 6, 1] {
            // One image varies not at all, and a norm would divide by that.
            if samples == 1 {
                network.populations[1].norm = None;
            }
            let images = images(33, samples);
            let written: Vec<SpikeFrames> = images
                .iter()
                .map(|image| {
                    let signal = signal(std::slice::from_ref(image));
                    let values: Vec<f32> = signal.data.iter().map(|&value| value as f32).collect();
                    SpikeFrames::from_values(33, image.steps(), &values).unwrap()
                })
                .collect();
            assert!(images.iter().all(SpikeFrames::repeats));
            assert!(!written.iter().any(SpikeFrames::repeats));
            let what = format!("{what}, {samples} samples");
            let shown = assert_agreement(&what, &network, &images, &exact(None), &[]);
            let spelt = assert_agreement(&what, &network, &written, &exact(None), &[]);
            assert_eq!(shown.activity, spelt.activity, "{what}");
        }
    }
}

/// Asks for as many spikes as it can get of one population.
#[derive(Debug)]
struct Reward;

impl Regularizer for Reward {
    fn penalty(&self, activity: &SpikeCounts, gradient: Option<&mut [f32]>) -> f64 {
        if activity.population != "hidden2" {
            return 0.0;
        }
        gradient.into_iter().flatten().for_each(|gradient| *gradient -= 0.01);
        -0.01 * activity.counts.iter().map(|&count| f64::from(count)).sum::<f64>()
    }
}

#[test]
fn what_regularisers_ask_for_reaches_hidden_populations() {
    let network = chain(&[7, 21, 18, 3], 1, 9, DelayKernel::Gaussian);
    let bounds = FiringRateBounds { lower_hz: 60.0, upper_hz: Some(120.0), strength: 1e-4 };
    let regularizers: [Box<dyn Regularizer>; 2] = [Box::new(bounds), Box::new(Reward)];
    let input = values(7, 5);
    let free = train(&mut *engines(&network)[0].1, &network, &input, &exact(DROPOUT), &[]);
    for number in 1..=2 {
        let some = &regularizers[..number];
        let what = format!("{number} regularisers");
        let bound = assert_agreement(&what, &network, &input, &exact(DROPOUT), some);
        assert_eq!(bound.activity, free.activity);
        assert_ne!(bound.report.penalty, 0.0);
        assert_ne!(bound.gradients, free.gradients);
        let readout = parameter_of::weight(2);
        assert_eq!(bound.gradients.of(readout), free.gradients.of(readout), "above is above");
    }
}

/// A loss that is nobody's number.
struct NotANumber;

impl Objective for NotANumber {
    fn evaluate(
        &self,
        _slot: usize,
        _readout: Readout<'_>,
        gradient: Option<(&mut [f32], f64)>,
        _memory: &mut Vec<f64>,
    ) -> SampleLoss {
        gradient.into_iter().for_each(|(gradient, _)| gradient.fill(0.0));
        SampleLoss { loss: f64::NAN, predicted: 0 }
    }
}

/// A penalty or a gradient that is nobody's number.
#[derive(Debug)]
struct NoPenalty(f64, f32);

impl Regularizer for NoPenalty {
    fn penalty(&self, _activity: &SpikeCounts, gradient: Option<&mut [f32]>) -> f64 {
        gradient.into_iter().flatten().for_each(|slope| *slope += self.1);
        self.0
    }
}

#[test]
fn what_no_engine_can_run_is_refused() {
    let network = chain(&[7, 21, 3], 1, 9, DelayKernel::Gaussian);
    let other = chain(&[7, 20, 3], 1, 9, DelayKernel::Gaussian);
    let input = values(7, 3);
    let labels = [0, 1, 2];
    let objective = Labelled { loss: &CrossEntropy::SumSoftmax, labels: &labels };
    let batch = Batch::new(&input, 2, &objective);
    let wider = values(8, 3);
    for (name, mut engine) in engines(&network) {
        let mut gradients = Gradients::zeros(&network);
        engine.train(&network, &batch, &exact(None), &mut gradients).unwrap();

        let running = Pass { norm: NormStatistics::Running, ..exact(None) };
        let own = Pass { horizon: Horizon::Sample, ..running };
        let short = Pass { horizon: Horizon::Steps(20), ..running };
        let regularizers: [Box<dyn Regularizer>; 1] = [Box::new(Reward)];
        for (refused, problem) in [
            (
                engine.evaluate(&network, &batch, &Pass { norm: NormStatistics::Batch, ..own }),
                "norm",
            ),
            (engine.evaluate(&network, &batch, &short), "has 22 steps, but runs for 20"),
            (
                engine.evaluate(&network, &Batch { regularizers: &regularizers, ..batch }, &own),
                "penalties",
            ),
            (
                engine.evaluate(&network, &batch, &Pass { horizon: Horizon::Steps(0), ..running }),
                "at least 1",
            ),
        ] {
            let refused = refused.unwrap_err().to_string();
            assert!(refused.contains(problem), "{name}: {refused}");
        }

        let refused = engine.evaluate(&network, &Batch::new(&wider, 2, &objective), &exact(None));
        assert!(refused.unwrap_err().to_string().contains("channels"), "{name}");
        assert!(
            engine.evaluate(&network, &Batch::new(&input, 1, &objective), &exact(None)).is_err()
        );
        assert!(
            engine.evaluate(&network, &Batch::new(&input, 9, &objective), &exact(None)).is_err()
        );
        assert!(engine.evaluate(&other, &batch, &exact(None)).is_err(), "{name}");
        let all = Some(Dropout { rate: 1.0, seed: Seed(0), step: 0 });
        assert!(engine.evaluate(&network, &batch, &exact(all)).is_err(), "{name}");
        let none = engine.evaluate(&network, &Batch::new(&[], 2, &objective), &exact(None));
        assert_eq!(none.unwrap_err().to_string(), "a batch needs at least one sample", "{name}");
        let nan = Batch::new(&input, 2, &NotANumber);
        let refused = engine.train(&network, &nan, &exact(None), &mut gradients).unwrap_err();
        assert!(matches!(refused, sim_core::Error::NotFinite(_)), "{name}: {refused}");
        for none in [NoPenalty(f64::NAN, 0.0), NoPenalty(1.0, f32::INFINITY)] {
            let regularizers: [Box<dyn Regularizer>; 1] = [Box::new(none)];
            let nan = Batch { regularizers: &regularizers, ..batch };
            let refused = engine.train(&network, &nan, &exact(None), &mut gradients).unwrap_err();
            assert!(matches!(refused, sim_core::Error::NotFinite(_)), "{name}: {refused}");
        }
        assert!(engine.train(&network, &batch, &own, &mut gradients).is_err(), "{name}");
        let mut foreign = Gradients::zeros(&other);
        assert!(engine.train(&network, &batch, &exact(None), &mut foreign).is_err(), "{name}");

        // And what was refused has done no harm.
        let before = gradients.clone();
        engine.train(&network, &batch, &exact(None), &mut gradients).unwrap();
        let ids: Vec<_> = before.iter().map(|(id, _)| id).collect();
        assert!(ids.iter().all(|&id| gradients.of(id) == before.of(id)), "{name}");
    }
}

#[test]
fn only_populations_that_fire_have_an_activity() {
    let network = chain(&[7, 21, 3], 1, 9, DelayKernel::Gaussian);
    for (name, mut engine) in engines(&network) {
        train(&mut *engine, &network, &values(7, 3), &exact(None), &[]);
        for population in [0, 2] {
            let asked = || _ = engine.activity(population, 0);
            let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(asked));
            assert!(refused.is_err(), "{name}, population {population}");
        }
    }
}

/// What a sample comes to by itself, whatever stands beside it.
#[test]
fn a_sample_is_scored_over_its_own_steps_or_a_fixed_number() {
    let network = chain(&[7, 21, 18, 3], 2, 9, DelayKernel::Gaussian);
    let input = values(7, 5);
    for horizon in [Horizon::Sample, Horizon::Steps(40), Horizon::Steps(75)] {
        let pass = Pass { horizon, ..Pass::DEPLOYED };
        let labels = [0, 1, 2, 0, 1];
        let evaluated = |engine: &mut dyn GradientEngine, input: &[SpikeFrames], first: usize| {
            let objective = Recorded::new(&labels[first..][..input.len()]);
            engine.evaluate(&network, &Batch::new(input, 3, &objective), &pass).unwrap();
            let hidden = |p| (0..input.len()).map(move |b| (p, b));
            let activity = |(p, b)| engine.activity(p, b).by_step().concat();
            let activity: Vec<_> = hidden(1).chain(hidden(2)).map(activity).collect();
            (objective.potentials.into_inner().unwrap(), engine.report().clone(), activity)
        };
        let (_, mut oracle) = engines(&network).pop().unwrap();
        let mut samples = input.clone();
        samples.iter_mut().for_each(|frames| horizon.cut(frames));
        let (expected, report, spikes) = evaluated(&mut *oracle, &samples, 0);
        for (slot, potentials) in expected.iter().enumerate() {
            let steps = match horizon {
                Horizon::Steps(fixed) => fixed,
                _ => input[slot].steps() + 3 * (9 / 2),
            };
            assert_eq!(potentials.len(), 3 * steps, "{horizon:?}");
        }
        for (name, mut engine) in engines(&network) {
            let together = evaluated(&mut *engine, &samples, 0);
            for (a, e) in together.0.iter().zip(&expected) {
                assert_close(&format!("{name}, {horizon:?}"), &doubles(a), &doubles(e));
            }
            assert_eq!(together.2, spikes, "{name}, {horizon:?}");
            for (a, e) in together.1.populations.iter().zip(&report.populations) {
                assert_eq!((a.steps, a.spikes, a.firing_rate), (e.steps, e.spikes, e.firing_rate));
            }
            for slot in 0..samples.len() {
                let alone = evaluated(&mut *engine, &samples[slot..=slot], slot);
                assert_eq!(alone.0[0], together.0[slot], "{name}, {horizon:?}, sample {slot}");
                assert_eq!(alone.1.losses[0], together.1.losses[slot], "{name}, {horizon:?}");
            }
        }
    }
}

/// The forward pass does not depend on whether a backward pass follows.
#[test]
fn training_and_evaluation_see_the_same() {
    let network = chain(&[7, 21, 18, 3], 1, 9, DelayKernel::Linear);
    let (input, labels) = (values(7, 4), [0, 1, 2, 0]);
    for (name, mut engine) in engines(&network) {
        let trained = train(&mut *engine, &network, &input, &exact(DROPOUT), &[]);
        let objective = Labelled { loss: &CrossEntropy::SumSoftmax, labels: &labels };
        engine.evaluate(&network, &Batch::new(&input, 3, &objective), &exact(DROPOUT)).unwrap();
        assert_eq!(engine.report(), &trained.report, "{name}");
        for (population, expected) in (1..).zip(&trained.activity) {
            assert_eq!(&activity(&*engine, population, 4), expected, "{name}");
        }
    }
}
