//! The clock engine against NEST: three recurrent networks of `iaf_psc_delta` neurons with a delay
//! of its own on every synapse.
//!
//! `tests/golden/nest_network.json` holds every synapse, every input spike, every spike and one
//! membrane trace (`tests/golden/README.md`).

use neurons::Lif;
use serde_json::Value;
use sim_core::{
    Cells, ClockEngine, Network, Population, Projection, Recording, SpikeFrames, Synapse, Synapses,
    Variables,
};
use std::sync::Arc;

/// Steps count from 1 in NEST; step 0 of the engine, before any spike, is NEST's initial state.
struct Case {
    network: Network,
    input: SpikeFrames,
    steps: usize,
    /// `(step, neuron)`
    spikes: Vec<(u32, u32)>,
    /// `(step, potential)` of neuron 0
    trace: Vec<(usize, f64)>,
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("the golden file holds a number here")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("the golden file holds a list here")
}

fn synapses(value: &Value) -> Synapses {
    let synapse = |entry: &Value| Synapse {
        pre: number(&entry[0]) as u32,
        post: number(&entry[1]) as u32,
        weight: number(&entry[2]),
        delay_steps: number(&entry[3]) as u32,
    };
    Synapses::Sparse(list(value).iter().map(synapse).collect())
}

fn read_case(case: &Value) -> Case {
    let (dt_ms, neurons, inputs) = (
        number(&case["dt_ms"]),
        number(&case["neurons"]) as usize,
        number(&case["inputs"]) as usize,
    );
    let steps = (number(&case["t_stop_ms"]) / dt_ms).round() as usize + 1;
    let lif = Lif {
        tau_mem_ms: number(&case["tau_m_ms"]),
        threshold: number(&case["v_th"]),
        refractory_ms: number(&case["t_ref_ms"]),
        ..Lif::default()
    };
    let events: Vec<(u32, u32)> = list(&case["input_spike_steps"])
        .iter()
        .enumerate()
        .flat_map(|(channel, steps)| {
            list(steps).iter().map(move |step| (channel as u32, number(step) as u32))
        })
        .collect();
    let network = Network::new(
        dt_ms,
        vec![
            Population::source("input", inputs),
            Population::new("neurons", neurons, Cells::Neurons(Arc::new(lif))),
        ],
        vec![
            Projection::new(0, 1, synapses(&case["input_synapses_pre_post_weight_delaysteps"])),
            Projection::new(1, 1, synapses(&case["synapses_pre_post_weight_delaysteps"])),
        ],
    );
    let trace = &case["v_m_neuron0"];
    Case {
        network,
        input: SpikeFrames::from_events(inputs, steps, &events)
            .expect("the golden input lies within its channels and steps"),
        steps,
        spikes: list(&case["spikes_step_neuron"])
            .iter()
            .map(|spike| (number(&spike[0]) as u32, number(&spike[1]) as u32))
            .collect(),
        trace: list(&trace["step"])
            .iter()
            .zip(list(&trace["v"]))
            .map(|(step, v)| (number(step) as usize, number(v)))
            .collect(),
    }
}

#[test]
fn every_spike_falls_on_the_step_that_nest_gave() {
    let golden: Value = serde_json::from_str(include_str!("golden/nest_network.json"))
        .expect("the golden file is JSON");
    let cases = golden.as_object().expect("the golden file maps names to cases");
    assert_eq!(cases.len(), 3);
    for (name, case) in cases {
        let case = read_case(case);
        let mut recording = Recording::new(2, Variables::ALL);
        let mut engine = ClockEngine::build(&case.network).expect("the golden network is sound");
        engine
            .run(&[case.input], case.steps, &mut recording)
            .expect("the golden network stays finite");
        assert!(case.spikes.len() > 400, "{name} is not silent");
        assert_eq!(recording.spikes(1), case.spikes, "{name}");
        let neurons = case.network.populations[1].size;
        for (step, v) in case.trace {
            // NEST adds coincident inputs in another order: a few units in the last place.
            let actual = recording.potentials(1)[step * neurons];
            assert!(
                (actual - v).abs() < 1e-12,
                "{name}: potential of neuron 0 at step {step} is {actual}, in NEST {v}"
            );
        }
    }
}
