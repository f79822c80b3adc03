//! Two tasks learned in turn: a lateral circuit keeps the second from changing the first's answer.

use synfire::neurons::LinearRate;
use synfire::plasticity::local::ThreeFactor;
use synfire::sim_core::{
    ClockEngine, Network, Population, Projection, Result, Spike, Synapse, Synapses,
};
use synfire::{RunningCircuit, RunningCircuitSettings};

/// An input, its answer, and where the task's row of the circuit begins. Both inputs overlap.
const TASKS: [([f32; 3], f32, [f64; 3]); 2] =
    [([1.0, 0.5, 0.0], 1.0, [1.0, 0.0, 0.0]), ([1.0, 0.0, 1.0], -1.0, [0.0, 0.0, 1.0])];

fn spikes(heights: &[f32]) -> Vec<Spike> {
    let spike = |(neuron, &count)| Spike { neuron: neuron as u32, count };
    heights.iter().enumerate().map(spike).filter(|spike| spike.count != 0.0).collect()
}

/// A presentation, of two steps; what the output sends: the answer, less what the teacher says.
fn present(engine: &mut ClockEngine, x: &[f32], target: f32) -> Result<f32> {
    engine.step(&[spikes(x), spikes(&[target])], &mut ())?;
    let sent = engine.spikes(2).first().map_or(0.0, |spike| spike.count);
    engine.step(&[vec![], vec![]], &mut ())?;
    Ok(sent)
}

fn main() -> Result<()> {
    let once = LinearRate { period_ms: 2.0, ..LinearRate::default() };
    let populations = vec![
        Population::source("input", 3),
        Population::source("teacher", 1),
        Population::neurons("output", 1, once),
    ];
    let mut network = Network::new(1.0, populations, vec![]);
    let settings = RunningCircuitSettings { rate: 0.1, ..RunningCircuitSettings::default() };
    let mut circuit = RunningCircuit::add(&mut network, 0, settings)?;
    let synapse = |pre, weight| Synapse { pre, post: 0, weight, delay_steps: 0 };
    let teaching = Synapses::Sparse(vec![synapse(0, -1.0)]);
    let answering = Synapses::Sparse((0..3).map(|pre| synapse(pre, 0.0)).collect());
    network.projections.push(Projection::new(1, 2, teaching));
    let answering = Projection::new(circuit.projected(), 2, answering);
    network.projections.push(answering.learning_by(ThreeFactor { rate: 0.1 }));
    let learning = network.projections.len() - 1;
    for (x, target, row) in TASKS {
        circuit.begin_task(&mut network, &row)?;
        let mut engine = ClockEngine::build(&network)?;
        for _ in 0..500 {
            present(&mut engine, &x, target)?;
        }
        circuit.end_task(&mut network, &engine)?;
    }
    let mut engine = ClockEngine::build(&network)?;
    engine.modulate(learning, 0.0);
    for (x, target, _) in TASKS {
        let answer = present(&mut engine, &x, 0.0)?;
        println!("{answer:.3}, taught {target}");
        assert!((answer - target).abs() < 1e-3);
    }
    Ok(())
}
