//! A network learns one task after the other by a three-factor rule, with a circuit and without.

use crate::running_circuit::{Inputs, dot, heights, orthonormal, random, spikes};
use neurons::LinearRate;
use plasticity::local::ThreeFactor;
use sim_core::{ClockEngine, Network, Population, Projection, Synapse, Synapses};
use synfire::{RunningCircuit, RunningCircuitSettings};

pub const WIDTH: usize = 12;
const OUTPUTS: usize = 4;
const DIMENSIONS: usize = 4;

/// A linear map of the inputs in a subspace of them.
pub struct Task {
    pub inputs: Inputs,
    /// `[output][input]`
    map: Vec<Vec<f64>>,
}

impl Task {
    pub fn target(&self, x: &[f32]) -> Vec<f32> {
        let x: Vec<f64> = x.iter().copied().map(f64::from).collect();
        self.map.iter().map(|row| dot(row, &x) as f32).collect()
    }
}

/// Two tasks whose inputs overlap: each direction of the second has a cosine of 0.6 with one of the
/// first.
pub fn tasks(size: f64) -> [Task; 2] {
    let directions = orthonormal(20, 2 * DIMENSIONS, WIDTH);
    let (first, beside) = directions.split_at(DIMENSIONS);
    let mixed = |(own, other): (&Vec<f64>, &Vec<f64>)| -> Vec<f64> {
        own.iter().zip(other).map(|(own, other)| 0.6 * own + 0.8 * other).collect()
    };
    let second: Vec<Vec<f64>> = first.iter().zip(beside).map(mixed).collect();
    [(21, first.to_vec()), (22, second)].map(|(stream, directions)| Task {
        inputs: Inputs { stream, directions, sizes: vec![size; DIMENSIONS], noise: 0.0 },
        map: (0..OUTPUTS as u64).map(|output| random(stream + 10, output, WIDTH)).collect(),
    })
}

/// A network that learns a map of its input by the errors of its output neurons, with a circuit
/// that has no rows yet.
pub struct Learner {
    pub network: Network,
    pub circuit: RunningCircuit,
    /// The output neurons.
    output: usize,
    /// The projection that learns.
    pub learning: usize,
}

impl Learner {
    pub fn new(settings: RunningCircuitSettings, rate: f64) -> Self {
        let every_presentation = LinearRate { period_ms: 2.0, ..LinearRate::default() };
        let mut network = Network::new(
            1.0,
            vec![
                Population::source("input", WIDTH),
                Population::source("teacher", OUTPUTS),
                Population::neurons("output", OUTPUTS, every_presentation),
            ],
            vec![],
        );
        let circuit = RunningCircuit::add(&mut network, 0, settings).unwrap();
        let synapse = |pre, post, weight| Synapse {
            pre: pre as u32,
            post: post as u32,
            weight,
            delay_steps: 0,
        };
        let teacher = (0..OUTPUTS).map(|n| synapse(n, n, -1.0)).collect();
        let pairs = (0..WIDTH).flat_map(|pre| (0..OUTPUTS).map(move |post| (pre, post)));
        let learning = pairs.map(|(pre, post)| synapse(pre, post, 0.0)).collect();
        network.projections.extend([
            Projection::new(1, 2, Synapses::Sparse(teacher)),
            Projection::new(circuit.projected(), 2, Synapses::Sparse(learning))
                .learning_by(ThreeFactor { rate }),
        ]);
        let learning = network.projections.len() - 1;
        Self { network, circuit, output: 2, learning }
    }

    /// Trains on so many presentations of a task, and keeps what was learned; `rows` are those of
    /// the circuit for it, if it is to protect.
    fn train(&mut self, task: &Task, presentations: u64, rows: Option<&[Vec<f64>]>) {
        let Self { network, circuit, .. } = self;
        if let Some(rows) = rows {
            circuit.begin_task(network, &rows.concat()).unwrap();
        }
        let mut engine = ClockEngine::build(network).unwrap();
        for index in 0..presentations {
            let x = task.inputs.draw(index);
            let target = task.target(&x);
            engine.step(&[spikes(&x), spikes(&target)], &mut ()).unwrap();
            engine.step(&[vec![], vec![]], &mut ()).unwrap();
        }
        if rows.is_some() {
            circuit.end_task(network, &engine).unwrap();
        }
        let learned = engine.synapses(self.learning).synapses().collect();
        network.projections[self.learning].synapses = Synapses::Sparse(learned);
    }

    /// The mean squared error on samples of a task that were not trained on. The teacher is silent,
    /// and so is the third factor.
    fn error(&self, task: &Task) -> f64 {
        let mut engine = ClockEngine::build(&self.network).unwrap();
        engine.modulate(self.learning, 0.0);
        let mut sum = 0.0;
        for index in 0..40 {
            let x = task.inputs.draw(1_000_000 + index);
            engine.step(&[spikes(&x), vec![]], &mut ()).unwrap();
            let predicted = heights(&engine, self.output, OUTPUTS);
            let errors = predicted.iter().zip(task.target(&x));
            sum += errors.map(|(ours, target)| (ours - f64::from(target)).powi(2)).sum::<f64>();
            engine.step(&[vec![], vec![]], &mut ()).unwrap();
        }
        let Synapses::Sparse(before) = &self.network.projections[self.learning].synapses else {
            unreachable!()
        };
        let now = engine.synapses(self.learning).synapses();
        assert!(now.eq(before.iter().copied()), "without a third factor no weight changes");
        sum / 40.0
    }
}

/// Errors on both tasks before training, after the first and after the second one.
fn errors(settings: RunningCircuitSettings, size: f64, is_protected: bool) -> [[f64; 2]; 3] {
    let [first, second] = tasks(size);
    let mut learner = Learner::new(settings, 0.05 / (size * size));
    let before = [&first, &second].map(|task| learner.error(task));
    let rows = is_protected.then(|| orthonormal(23, DIMENSIONS, WIDTH));
    learner.train(&first, 800, rows.as_deref());
    let between = [&first, &second].map(|task| learner.error(task));
    let rows = is_protected.then(|| orthonormal(24, DIMENSIONS, WIDTH));
    learner.train(&second, 800, rows.as_deref());
    [before, between, [&first, &second].map(|task| learner.error(task))]
}

#[test]
fn a_second_task_that_overlaps_leaves_the_first_one_learned() {
    for (levels, size, most) in [(0, 1.0, 1e-6), (40, 5.0, 0.01)] {
        let settings = RunningCircuitSettings {
            rate: 0.05 / (size * size),
            clamp: 10.0 * size * size,
            levels,
            ..Default::default()
        };
        let [before, alone, open] = errors(settings, size, false);
        let [_, between, protected] = errors(settings, size, true);
        assert!(alone[0] < 1e-6 * before[0] && between[0] < 1e-6 * before[0], "task 1 is learned");
        assert!(open[1] < 1e-3 * before[1], "task 2 is learned without the circuit: {open:?}");
        assert!(protected[1] < 1e-3 * before[1], "and with it: {protected:?}, {before:?}");
        let (rise, unprotected) = (protected[0] - between[0], open[0] - alone[0]);
        assert!(unprotected > 0.2 * before[0], "the second task overwrites the first: {open:?}");
        assert!(rise < most * unprotected, "{levels} levels: {rise} of {unprotected}");
    }
}
