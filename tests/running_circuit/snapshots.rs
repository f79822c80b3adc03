//! A network with a circuit and a three-factor rule, stopped anywhere and gone on with.

use crate::running_circuit::protection::{Learner, WIDTH, tasks};
use crate::running_circuit::{orthonormal, spikes};
use sim_core::{ClockEngine, Recording, Spike, Variables};
use synfire::RunningCircuitSettings;

/// What both sources send in a step.
fn input(step: usize) -> [Vec<Spike>; 2] {
    if step % 2 == 1 {
        return [vec![], vec![]];
    }
    let [_, task] = tasks(4.0);
    let x = task.inputs.draw(step as u64 / 2);
    [spikes(&x), spikes(&task.target(&x))]
}

#[test]
fn a_circuit_goes_on_from_a_snapshot_bit_for_bit() {
    const STEPS: usize = 80;
    let settings =
        RunningCircuitSettings { tau_ms: 3.0, rate: 1e-3, levels: 40, ..Default::default() };
    let Learner { mut network, mut circuit, learning, .. } = Learner::new(settings, 1e-3);
    // A frozen task, and one that learns.
    circuit.begin_task(&mut network, &orthonormal(30, 3, WIDTH).concat()).unwrap();
    let engine = ClockEngine::build(&network).unwrap();
    circuit.end_task(&mut network, &engine).unwrap();
    circuit.begin_task(&mut network, &orthonormal(31, 2, WIDTH).concat()).unwrap();

    let recording = || {
        let variables = Variables::ALL.with_columns(&["potential", "phase"]);
        Recording::new(network.populations.len(), variables)
    };
    let mut whole = ClockEngine::build(&network).unwrap();
    whole.modulate(learning, 0.5);
    let mut expected = recording();
    for step in 0..STEPS {
        whole.step(&input(step), &mut expected).unwrap();
    }
    let [forward, feedback] = circuit.projections(1);
    let learned = [forward, feedback, learning];
    let start = ClockEngine::build(&network).unwrap();
    for projection in learned {
        assert_ne!(whole.synapses(projection), start.synapses(projection));
    }

    for stop in [1, 2, 33, 79] {
        let mut first = ClockEngine::build(&network).unwrap();
        first.modulate(learning, 0.5);
        let mut recording = recording();
        for step in 0..stop {
            first.step(&input(step), &mut recording).unwrap();
        }
        // As text, as a file would have it.
        let text = serde_json::to_string(&first.snapshot()).unwrap();
        let mut second = ClockEngine::build(&network).unwrap();
        second.restore(&serde_json::from_str(&text).unwrap()).unwrap();
        for step in stop..STEPS {
            second.step(&input(step), &mut recording).unwrap();
        }
        assert_eq!(recording, expected, "stopped after {stop} steps");
        for projection in learned {
            assert_eq!(second.synapses(projection), whole.synapses(projection));
        }
    }
}
