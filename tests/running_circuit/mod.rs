//! Lateral circuits that run in the clock engine, against the batch rule, and what they protect.

mod batch_rule;
mod equality;
mod network_file;
mod protection;
mod refusals;
mod snapshots;

use rand::RngExt;
use sim_core::{ClockEngine, Network, Population, Purpose, Seed, Spike};
use synfire::{RunningCircuit, RunningCircuitSettings};

/// Random numbers of mean 0 and variance 1, each stream its own.
fn random(stream: u64, index: u64, count: usize) -> Vec<f64> {
    let mut random = Seed(15).stream(Purpose::Synthesis, stream, index);
    (0..count).map(|_| 12.0_f64.sqrt() * (random.random::<f64>() - 0.5)).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// An orthonormal basis of what rows span: Gram and Schmidt's.
fn basis(rows: impl IntoIterator<Item = Vec<f64>>) -> Vec<Vec<f64>> {
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for mut row in rows {
        for other in &basis {
            let along = dot(&row, other);
            row.iter_mut().zip(other).for_each(|(entry, other)| *entry -= along * other);
        }
        let length = dot(&row, &row).sqrt();
        row.iter_mut().for_each(|entry| *entry /= length);
        basis.push(row);
    }
    basis
}

/// Random orthonormal rows of `width` numbers.
fn orthonormal(stream: u64, count: usize, width: usize) -> Vec<Vec<f64>> {
    basis((0..count).map(|index| random(stream, index as u64, width)))
}

/// Vectors that vary along some directions: the principal components, of these sizes.
struct Inputs {
    stream: u64,
    directions: Vec<Vec<f64>>,
    sizes: Vec<f64>,
    /// Standard deviation of noise in all directions.
    noise: f64,
}

impl Inputs {
    /// In single precision, as spikes are.
    fn draw(&self, index: u64) -> Vec<f32> {
        let width = self.directions[0].len();
        let numbers = random(self.stream, index, self.sizes.len() + width);
        let (amounts, noise) = numbers.split_at(self.sizes.len());
        let entry = |input: usize| {
            let along = self.directions.iter().zip(&self.sizes).zip(amounts);
            let sum: f64 =
                along.map(|((direction, size), amount)| size * amount * direction[input]).sum();
            (sum + self.noise * noise[input]) as f32
        };
        (0..width).map(entry).collect()
    }
}

/// A source of `width` neurons with a circuit that has begun its first task.
fn circuit(
    width: usize,
    rows: &[Vec<f64>],
    settings: RunningCircuitSettings,
) -> (Network, RunningCircuit) {
    let mut network = Network::new(1.0, vec![Population::source("input", width)], vec![]);
    let mut circuit = RunningCircuit::add(&mut network, 0, settings).unwrap();
    circuit.begin_task(&mut network, &rows.concat()).unwrap();
    (network, circuit)
}

/// A vector as spikes.
fn spikes(values: &[f32]) -> Vec<Spike> {
    let spike = |(neuron, &count)| Spike { neuron: neuron as u32, count };
    values.iter().enumerate().map(spike).filter(|spike| spike.count != 0.0).collect()
}

/// The heights that the neurons of a population sent in the last step.
fn heights(engine: &ClockEngine, population: usize, size: usize) -> Vec<f64> {
    let mut heights = vec![0.0; size];
    for spike in engine.spikes(population) {
        heights[spike.neuron as usize] = f64::from(spike.count);
    }
    heights
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}
