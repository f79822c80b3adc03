//! What cannot be a circuit is refused in one sentence.

use crate::running_circuit::circuit;
use sim_core::{ClockEngine, Network, Population};
use synfire::{RunningCircuit, RunningCircuitSettings};

fn input() -> Network {
    Network::new(1.0, vec![Population::source("input", 3)], vec![])
}

#[test]
fn rows_that_do_not_fit_are_refused() {
    let default = RunningCircuitSettings::default();
    let (mut network, mut running) = circuit(3, &[vec![1.0, 0.0, 0.0]], default);
    let early = running.begin_task(&mut network, &[0.0, 1.0, 0.0]).unwrap_err();
    let expected = "the circuit of input: task 0 has not ended, so task 1 cannot begin";
    assert_eq!(early.to_string(), expected);
    let engine = ClockEngine::build(&network).unwrap();
    running.end_task(&mut network, &engine).unwrap();
    let again = running.end_task(&mut network, &engine).unwrap_err();
    assert_eq!(again.to_string(), "the circuit of input: no task has begun, so none can end");
    for (rows, expected) in [
        (vec![], "number of rows of task 1 of the circuit of input is 0, but must be at least 1"),
        (vec![0.5; 4], "rows of task 1 of the circuit of input has length 4, but must have 3"),
        (
            vec![0.5; 9],
            "number of rows of task 1 of the circuit of input is 3, but must be at most 2: of 3 \
             dimensions, rows before it have 1",
        ),
        (
            vec![0.0, f64::NAN, 0.0],
            "a weight of the rows of task 1 of the circuit of input is NaN, but must be a finite \
             number",
        ),
    ] {
        let refused = running.begin_task(&mut network, &rows).unwrap_err();
        assert_eq!(refused.to_string(), expected);
    }
    running.begin_task(&mut network, &[0.0, 1.0, 0.0, 0.0, 0.0, 1.0]).unwrap();
    assert!(ClockEngine::build(&network).is_ok(), "what was refused left nothing behind");
}

#[test]
fn settings_that_are_not_allowed_are_refused_by_name() {
    let default = RunningCircuitSettings::default();
    let message = |population, settings| {
        RunningCircuit::add(&mut input(), population, settings).unwrap_err().to_string()
    };
    let absent = message(1, default);
    assert_eq!(absent, "a lateral circuit of population 1, but there are 1");
    let mut empty = Network::new(1.0, vec![Population::source("input", 0)], vec![]);
    let refused = RunningCircuit::add(&mut empty, 0, default).unwrap_err().to_string();
    assert_eq!(refused, "size of population input is 0, but must be at least 1");
    for (settings, expected) in [
        (
            RunningCircuitSettings { tau_ms: -1.0, ..default },
            "RunningCircuitSettings::tau_ms is -1, but must be at least 0",
        ),
        (
            RunningCircuitSettings { rate: f64::NAN, ..default },
            "Lateral::rate is NaN, but must be at least 0",
        ),
        (
            RunningCircuitSettings { clamp: 0.0, ..default },
            "Lateral::clamp is 0, but must be above 0",
        ),
        (
            RunningCircuitSettings { scale: 0.0, ..default },
            "LinearRate::scale is 0, but must be above 0",
        ),
    ] {
        assert_eq!(message(0, settings), expected);
    }
}
