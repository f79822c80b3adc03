//! A circuit that a network file describes.

use crate::running_circuit::{heights, random, spikes};
use sim_core::ClockEngine;
use synfire::NetworkFile;

const TEXT: &str = r#"
    dt_ms = 1.0
    duration_ms = 100.0
    [[populations]]
    name = "input"
    size = 2
    spikes = []
    [[populations]]
    name = "relay"
    size = 2
    neuron = { model = "linear_rate" }
    [[populations]]
    name = "subspace"
    size = 1
    neuron = { model = "linear_rate", period_ms = 2.0, levels = 40 }
    [[projections]]
    source = "input"
    target = "relay"
    synapses = [
        { pre = 0, post = 0, weight = 1.0, delay_ms = 0.0 },
        { pre = 0, post = 0, weight = 1.0, delay_ms = 1.0 },
        { pre = 1, post = 1, weight = 1.0, delay_ms = 0.0 },
        { pre = 1, post = 1, weight = 1.0, delay_ms = 1.0 },
    ]
    [[projections]]
    source = "relay"
    target = "subspace"
    synapses = [
        { pre = 0, post = 0, weight = 1.0, delay_ms = 0.0 },
        { pre = 1, post = 0, weight = 0.0, delay_ms = 0.0 },
    ]
    learning = { rule = "lateral", rate = 0.001 }
    [[projections]]
    source = "subspace"
    target = "relay"
    synapses = [
        { pre = 0, post = 0, weight = -1.0, delay_ms = 1.0 },
        { pre = 0, post = 1, weight = 0.0, delay_ms = 1.0 },
    ]
    learning = { rule = "lateral", rate = 0.001, synapses = "feedback" }
"#;

#[test]
fn a_network_file_describes_a_circuit() {
    let file: NetworkFile = toml::from_str(TEXT).unwrap();
    let simulation = file.simulation("circuit.toml").unwrap();
    let mut engine = ClockEngine::build(simulation.network()).unwrap();
    for index in 0..500 {
        // All input lies in the direction (0.6, -0.8).
        let amount = 6.0 * random(40, index, 1)[0];
        engine.step(&[spikes(&[0.6, -0.8].map(|x| (amount * x) as f32))], &mut ()).unwrap();
        assert!(heights(&engine, 2, 1).iter().all(|y| (y / 0.5).fract() == 0.0), "40 levels");
        engine.step(&[vec![]], &mut ()).unwrap();
    }
    let [row, back] = [1, 2].map(|p| [0, 1].map(|synapse| engine.synapses(p).weight(synapse)));
    assert_eq!(back, row.map(|weight| -weight));
    let near = |weight: f64, expected: f64| (weight - expected).abs() < 0.03;
    assert!(near(row[0], 0.6) && near(row[1], -0.8), "{row:?}");
}
