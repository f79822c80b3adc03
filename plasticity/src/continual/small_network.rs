//! A small network for tests of protections, and its training.

use crate::gradient::cross_entropy::CrossEntropy;
use crate::gradient::labelled::Labelled;
use crate::gradient::optimizer::OptimizerSettings;
use crate::gradient::schedule::{Constant, Schedule};
use crate::protection::{Protection, TaskEnd};
use crate::settings::TrainingSettings;
use crate::trainer::step::Trainer;
use layered::LayeredEngine;
use rand::RngExt;
use sim_core::{
    Batch, DelayKernel, DenseSynapses, GradientEngine, Granularity, Horizon, Network,
    NormStatistics, Pass, Population, Projection, Purpose, Seed, SpikeFrames, Synapses,
};

pub(crate) const INPUTS: usize = 8;
pub(crate) const CLASSES: usize = 3;
pub(crate) const LABELS: [usize; 12] = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2];

/// 8 inputs, 6 neurons, 3 potentials; no delays, no norms.
pub(crate) fn small_network() -> Network {
    with_elements(1)
}

/// As [`small_network`], with several kernel elements per pair.
pub(crate) fn with_elements(elements_per_pair: usize) -> Network {
    let dense = |pre: usize, post: usize, stream: u64| {
        let mut random = Seed(3).stream(Purpose::Weights, stream, 0);
        let entries = pre * post * elements_per_pair;
        Synapses::Dense(DenseSynapses {
            pre,
            post,
            elements_per_pair,
            min_delay_steps: 0,
            max_delay_steps: 0,
            granularity: Granularity::Synaptic,
            kernel: DelayKernel::Gaussian,
            weight: (0..entries).map(|_| random.random_range(-0.6..0.8)).collect(),
            delay: vec![0.0; entries],
        })
    };
    Network::new(
        1.0,
        vec![
            Population::source("input", INPUTS),
            Population::neurons("hidden", 6, neurons::Lif::default()),
            Population::neurons("output", CLASSES, neurons::LeakyIntegrator::default()),
        ],
        vec![
            Projection::new(0, 1, dense(INPUTS, 6, 0)),
            Projection::new(1, 2, dense(6, CLASSES, 1)),
        ],
    )
}

/// Twelve images of a task, each shown for 6 steps; the images of a task lie in three directions.
pub(crate) fn images(task: u64) -> Vec<SpikeFrames> {
    let directions: Vec<f32> = {
        let mut random = Seed(4).stream(Purpose::Synthesis, task, 0);
        (0..CLASSES * INPUTS).map(|_| random.random_range(-0.5..1.5)).collect()
    };
    let image = |n: usize| {
        let share = |class: usize| if class == LABELS[n] { 1.0 } else { 0.03 * (n % 5) as f32 };
        let value = |input: usize| -> f32 {
            (0..CLASSES).map(|class| share(class) * directions[class * INPUTS + input]).sum()
        };
        let values: Vec<f32> = (0..INPUTS).map(value).collect();
        SpikeFrames::constant(&values, 6).unwrap()
    };
    (0..LABELS.len()).map(image).collect()
}

/// A trainer of [`small_network`] with constant rates.
pub(crate) fn trainer(
    optimizer: OptimizerSettings,
    rate: f64,
    protection: Box<dyn Protection>,
) -> Trainer {
    trainer_of(small_network(), optimizer, rate, protection)
}

/// As [`trainer`], of any network.
pub(crate) fn trainer_of(
    network: Network,
    optimizer: OptimizerSettings,
    rate: f64,
    protection: Box<dyn Protection>,
) -> Trainer {
    let mut settings = TrainingSettings { dropout: 0.0, ..TrainingSettings::default() };
    settings.weights.optimizer = optimizer;
    settings.weights.schedule = Schedule::Constant(Constant { rate, ..Constant::default() });
    let engine = Box::new(LayeredEngine::new(&network).unwrap());
    Trainer::new(network, engine, settings, Seed(1)).unwrap().with_protection(protection)
}

/// Trains on a task from its beginning to its end.
pub(crate) fn learn(trainer: &mut Trainer, task: usize, steps: usize) {
    trainer.begin_task(task).unwrap();
    step(trainer, task, steps);
    end(trainer, task);
}

/// Steps on the images of a task.
pub(crate) fn step(trainer: &mut Trainer, task: usize, steps: usize) {
    let frames = images(task as u64);
    let objective = Labelled { loss: &CrossEntropy::SumSoftmax, labels: &LABELS };
    (0..steps).for_each(|_| _ = trainer.step(&Batch::new(&frames, 2, &objective)).unwrap());
}

/// Ends a task.
pub(crate) fn end(trainer: &mut Trainer, task: usize) {
    let frames = images(task as u64);
    trainer.end_task(&frames, &LABELS, &CrossEntropy::SumSoftmax, 2).unwrap();
}

/// The weights of a projection.
pub(crate) fn weights(network: &Network, projection: usize) -> Vec<f32> {
    let Synapses::Dense(dense) = &network.projections[projection].synapses else { unreachable!() };
    dense.weight.clone()
}

/// Shows a batch of a task to protections, as a step of training does.
pub(crate) fn show(network: &Network, task: u64, protections: &mut [&mut dyn Protection]) {
    let frames = images(task);
    let objective = Labelled { loss: &CrossEntropy::SumSoftmax, labels: &LABELS };
    let batch = Batch::new(&frames, 2, &objective);
    let mut engine = LayeredEngine::new(network).unwrap();
    engine.evaluate(network, &batch, &Pass::DEPLOYED).unwrap();
    protections.iter_mut().for_each(|protection| protection.observe(network, &batch, &engine));
}

/// Ends a task of a protection, with the first `samples` images.
pub(crate) fn end_of(
    network: &Network,
    task: u64,
    samples: usize,
    protection: &mut dyn Protection,
) -> sim_core::Result<()> {
    let frames = images(task);
    let pass = Pass { norm: NormStatistics::Batch, horizon: Horizon::Batch, ..Pass::DEPLOYED };
    protection.end_task(&mut TaskEnd {
        network,
        engine: &mut LayeredEngine::new(network).unwrap(),
        pass,
        frames: &frames[..samples],
        labels: &LABELS[..samples],
        loss: &CrossEntropy::SumSoftmax,
        output: 2,
    })
}

/// Length of what a change of weights brings to neurons, along rows of presynaptic activity of
/// length 1, `[row][pre]`, as a share of the length of the change. Kernel elements count apart.
pub(crate) fn along(
    (before, after): (&[f32], &[f32]),
    elements: usize,
    (rows, pre): (&[f32], usize),
) -> f64 {
    let change: Vec<f64> =
        before.iter().zip(after).map(|(b, a)| f64::from(*a) - f64::from(*b)).collect();
    let length = change.iter().map(|c| c * c).sum::<f64>().sqrt();
    assert!(length > 0.01, "weights learn: {length}");
    let mut sum = 0.0;
    for of_post in change.chunks(pre * elements) {
        for element in 0..elements {
            let weights = of_post[element..].iter().step_by(elements);
            for row in rows.chunks(pre) {
                let along: f64 = weights.clone().zip(row).map(|(c, &h)| c * f64::from(h)).sum();
                sum += along * along;
            }
        }
    }
    sum.sqrt() / length
}
