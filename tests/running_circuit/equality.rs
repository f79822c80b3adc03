//! The running circuit against the batch rule and against the principal directions of its input.

use crate::running_circuit::batch_rule::BatchRule;
use crate::running_circuit::{
    Inputs, basis, circuit, dot, heights, largest_difference, orthonormal, random, spikes,
};
use neurons::Lif;
use sim_core::{ClockEngine, Network, Population, Projection, Spike, Synapse, Synapses};
use synfire::{RunningCircuit, RunningCircuitSettings};

const WIDTH: usize = 10;
/// Spikes are single precision: each `y` and `x~` that is sent is wrong by up to 6e-8 of itself.
const ROUNDING: f64 = 1e-6;

/// How far apart a running circuit and the batch rule may be.
struct Tolerance {
    /// In `y`.
    response: f64,
    /// In a weight.
    weight: f64,
}

/// Presents vectors to both until the end of the current task.
fn compare(
    network: &Network,
    circuit: &RunningCircuit,
    batch: &mut BatchRule,
    inputs: &Inputs,
    tolerance: &Tolerance,
) -> ClockEngine {
    let mut engine = ClockEngine::build(network).unwrap();
    for index in 0..300 {
        let x = inputs.draw(index);
        engine.step(&[spikes(&x)], &mut ()).unwrap();
        let of_task = |task| {
            let subspace = circuit.subspace(task);
            heights(&engine, subspace, network.populations[subspace].size)
        };
        let y: Vec<f64> = (0..circuit.tasks()).flat_map(of_task).collect();
        engine.step(&[vec![]], &mut ()).unwrap();
        let expected = batch.present(&x.into_iter().map(f64::from).collect::<Vec<_>>());
        let near = |what: &str, ours: &[f64], theirs: &[f64], tolerance: f64| {
            let difference = largest_difference(ours, theirs);
            assert!(difference <= tolerance, "presentation {index}: {what} by {difference}");
        };
        near("y", &y, &expected.y, tolerance.response);
        let relayed = heights(&engine, circuit.relay(), WIDTH);
        near("residual", &relayed, &expected.residual, tolerance.response + ROUNDING);
        let projected = heights(&engine, circuit.projected(), WIDTH);
        near("projected trace", &projected, &expected.projected, tolerance.response + ROUNDING);
        let rows: Vec<f64> =
            (0..circuit.tasks()).flat_map(|task| circuit.rows(&engine, task)).collect();
        near("H", &rows, &batch.rows.concat(), tolerance.weight);
        for task in 0..circuit.tasks() {
            let [forward, feedback] =
                circuit.projections(task).map(|projection| engine.synapses(projection));
            let back = feedback.synapses().map(|own| (own.post, own.pre, -own.weight));
            let mut back: Vec<(u32, u32, f64)> = back.collect();
            back.sort_by_key(|&(pre, post, _)| (pre, post));
            let there = forward.synapses().map(|own| (own.pre, own.post, own.weight));
            assert!(there.eq(back), "feedback is the negative transpose, bit for bit");
        }
    }
    engine
}

/// Two tasks, one after the other; the sizes of inputs are multiplied by `size`.
fn compare_tasks(settings: RunningCircuitSettings, size: f64, tolerance: &Tolerance) {
    let first = orthonormal(1, 3, WIDTH);
    let (mut network, mut circuit) = circuit(WIDTH, &first, settings);
    let levels = (settings.levels > 0).then_some((settings.scale, f64::from(settings.levels)));
    let RunningCircuitSettings { rate, clamp, .. } = settings;
    let mut batch = BatchRule { rows: first, frozen: 0, rate, clamp, levels };
    let inputs = |stream| Inputs {
        stream,
        directions: orthonormal(stream, 3, WIDTH),
        sizes: [2.0, 1.5, 1.0].map(|own| own * size).into(),
        noise: 0.1 * size,
    };
    let engine = compare(&network, &circuit, &mut batch, &inputs(2), tolerance);
    circuit.end_task(&mut network, &engine).unwrap();
    let old = circuit.rows(&engine, 0);

    let second = orthonormal(3, 2, WIDTH);
    circuit.begin_task(&mut network, &second.concat()).unwrap();
    batch.frozen = 3;
    batch.rows.extend(second);
    // Both begin with the same old rows.
    batch.rows.iter_mut().zip(old.chunks(WIDTH)).for_each(|(row, old)| row.copy_from_slice(old));
    let engine = compare(&network, &circuit, &mut batch, &inputs(4), tolerance);
    assert_eq!(circuit.rows(&engine, 0), old, "rows of a task that has ended stay bit for bit");
}

#[test]
fn a_linear_circuit_equals_the_batch_rule() {
    let settings = RunningCircuitSettings { rate: 0.02, ..RunningCircuitSettings::default() };
    compare_tasks(settings, 1.0, &Tolerance { response: ROUNDING, weight: ROUNDING });
    // Products are cut at a size that many of them reach.
    let settings = RunningCircuitSettings { clamp: 0.5, ..settings };
    compare_tasks(settings, 1.0, &Tolerance { response: ROUNDING, weight: ROUNDING });
}

#[test]
fn a_circuit_of_forty_levels_equals_the_batch_rule_to_one_of_them() {
    let settings =
        RunningCircuitSettings { rate: 5e-4, levels: 40, ..RunningCircuitSettings::default() };
    let level = settings.scale / f64::from(settings.levels);
    // What one level more of `y` does to a weight where `x~` is 10.
    let tolerance = Tolerance { response: level, weight: settings.rate * level * 10.0 };
    compare_tasks(settings, 4.0, &tolerance);
}

#[test]
fn rows_come_to_span_the_principal_directions() {
    for (levels, size, rate) in [(0, 1.0, 0.01), (40, 4.0, 6e-4)] {
        let inputs = Inputs {
            stream: 5,
            directions: orthonormal(5, 3, WIDTH),
            sizes: [2.0, 1.5, 1.0].map(|own| own * size).into(),
            noise: 0.05 * size,
        };
        let settings = RunningCircuitSettings { rate, levels, ..Default::default() };
        let (network, circuit) = circuit(WIDTH, &orthonormal(6, 3, WIDTH), settings);
        let mut engine = ClockEngine::build(&network).unwrap();
        for index in 0..3000 {
            engine.step(&[spikes(&inputs.draw(index))], &mut ()).unwrap();
            engine.step(&[vec![]], &mut ()).unwrap();
        }
        let rows = circuit.rows(&engine, 0);
        let rows: Vec<Vec<f64>> = rows.chunks(WIDTH).map(<[f64]>::to_vec).collect();
        for (a, row) in rows.iter().enumerate() {
            for (b, other) in rows.iter().enumerate() {
                let expected = if a == b { 1.0 } else { 0.0 };
                let product = dot(row, other);
                assert!((product - expected).abs() < 0.01, "{levels} levels: {a}, {b}: {product}");
            }
        }
        let span = basis(rows);
        for direction in &inputs.directions {
            let cosine = span.iter().map(|row| dot(row, direction).powi(2)).sum::<f64>().sqrt();
            assert!(cosine > 0.995, "{levels} levels: {cosine}");
        }
    }
}

/// Neurons that fire at any step: the circuit learns from traces, sampled once per presentation.
#[test]
fn spiking_neurons_are_learned_from_by_their_traces() {
    let lif = Lif { tau_mem_ms: 10.0, ..Lif::default() };
    let to_neurons = (0..WIDTH as u32)
        .map(|n| Synapse { pre: n, post: n, weight: 0.6, delay_steps: 0 })
        .collect();
    let mut network = Network::new(
        1.0,
        vec![Population::source("input", WIDTH), Population::neurons("neurons", WIDTH, lif)],
        vec![Projection::new(0, 1, Synapses::Sparse(to_neurons))],
    );
    let (tau_ms, rate) = (8.0, 0.01);
    let settings = RunningCircuitSettings { tau_ms, rate, ..Default::default() };
    let mut circuit = RunningCircuit::add(&mut network, 1, settings).unwrap();
    let rows = orthonormal(7, 3, WIDTH);
    circuit.begin_task(&mut network, &rows.concat()).unwrap();
    let mut batch = BatchRule { rows, frozen: 0, rate, clamp: 10.0, levels: None };
    let mut engine = ClockEngine::build(&network).unwrap();
    let (mut trace, mut spikes_sent) = (vec![0.0; WIDTH], 0);
    for step in 0..600 {
        let drawn = random(8, step, WIDTH);
        let fires = |(n, number): (usize, &f64)| {
            (*number > 0.6).then_some(Spike { neuron: n as u32, count: 1.0 })
        };
        let input: Vec<Spike> = drawn.iter().enumerate().filter_map(fires).collect();
        engine.step(&[input], &mut ()).unwrap();
        trace.iter_mut().for_each(|trace| *trace *= (-1.0 / tau_ms).exp());
        engine.fired(1).iter().for_each(|&n| trace[n as usize] += 1.0);
        spikes_sent += engine.fired(1).len();
        if step % 2 == 0 {
            let x = heights(&engine, circuit.trace(), WIDTH);
            assert!(largest_difference(&x, &trace) < 1e-6, "step {step}");
            batch.present(&x);
        } else {
            assert!(engine.spikes(circuit.trace()).is_empty());
            let difference = largest_difference(&circuit.rows(&engine, 0), &batch.rows.concat());
            assert!(difference < ROUNDING, "step {step}: {difference}");
        }
    }
    assert!(spikes_sent > 300, "{spikes_sent} spikes");
}
