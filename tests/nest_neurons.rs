//! Neuron models against NEST, step by step, in recurrent networks with a delay of its own on every
//! synapse: `CurrentLif` against `iaf_psc_exp`, `AdaptiveLif` against `eprop_iaf_adapt`.
//!
//! `tests/golden/nest_psc_exp.json` and `nest_adaptive.json` hold every synapse, every input spike,
//! every spike and the state variables (`tests/golden/README.md`).

use crate::golden_cases::golden_cases;
use neurons::{AdaptiveLif, CurrentLif};
use serde::Deserialize;
use sim_core::{
    ClockEngine, Network, NeuronModel, Population, Projection, Recording, SpikeFrames, Synapse,
    Synapses, Variables,
};
use std::collections::HashMap;

/// Steps count from 1 in NEST; step 0 of the engine, before any spike, is NEST's initial state.
#[derive(Deserialize)]
struct Case {
    name: String,
    dt: f64,
    steps: usize,
    n: usize,
    neuron: HashMap<String, f64>,
    generator_spikes: Vec<Vec<u32>>,
    /// Generator, neuron, weight, delay in steps.
    inputs: Vec<(u32, u32, f64, u32)>,
    /// Source, target, weight, delay in steps.
    synapses: Vec<(u32, u32, f64, u32)>,
    /// Step, neuron.
    spikes: Vec<(u32, u32)>,
    #[serde(default)]
    traced_neurons: Vec<usize>,
    /// By variable: of each traced neuron the values at the end of steps 1, 2, ...
    traces: HashMap<String, Vec<Vec<f64>>>,
    /// By variable: the sum over neurons at the end of steps 10, 20, ...
    #[serde(default)]
    sums_every_10_steps: HashMap<String, Vec<f64>>,
}

impl Case {
    /// Inputs and neurons of one model; `scale` turns weights into those of the model. Weights
    /// below 0 end at the last port.
    fn network(&self, model: impl NeuronModel + 'static, scale: f64) -> Network {
        let last_port = model.ports().len() - 1;
        let populations = vec![
            Population::source("input", self.generator_spikes.len()),
            Population::neurons("neurons", self.n, model),
        ];
        let mut projections = Vec::new();
        for (source, list) in [(0, &self.inputs), (1, &self.synapses)] {
            for (port, is_positive) in [(0, true), (last_port, false)] {
                let kept = list.iter().filter(|synapse| (synapse.2 > 0.0) == is_positive);
                let synapses = kept.map(|&(pre, post, weight, delay_steps)| Synapse {
                    pre,
                    post,
                    weight: weight * scale,
                    delay_steps,
                });
                let synapses = Synapses::Sparse(synapses.collect());
                projections.push(Projection::new(source, 1, synapses).to_port(port));
            }
        }
        Network::new(self.dt, populations, projections)
    }

    fn input(&self) -> SpikeFrames {
        let trains = self.generator_spikes.iter().enumerate();
        let events: Vec<_> = trains
            .flat_map(|(channel, steps)| steps.iter().map(move |&step| (channel as u32, step)))
            .collect();
        SpikeFrames::from_events(self.generator_spikes.len(), self.steps + 1, &events)
            .expect("the golden input lies within its channels and steps")
    }

    /// Runs the network, compares all spikes, and gives what was recorded.
    fn run(&self, network: &Network, columns: &[&str]) -> Recording {
        let variables = Variables::SPIKES.with_columns(columns);
        let mut recording = Recording::new(2, variables);
        let mut engine = ClockEngine::build(network).expect("the golden network is sound");
        engine.run(&[self.input()], self.steps + 1, &mut recording).expect("it stays finite");
        assert!(self.spikes.len() > 100, "{} is not silent", self.name);
        assert_eq!(recording.spikes(1), self.spikes, "{}", self.name);
        recording
    }

    /// Compares a recorded column, times `scale`, with NEST's at every step.
    fn compare(&self, column: &[f64], variable: &str, scale: f64, tolerance: f64) {
        let at = |step: usize, neuron: usize| scale * column[step * self.n + neuron];
        let near = |ours: f64, theirs: f64, what: &str, step: usize| {
            let name = &self.name;
            assert!(
                (ours - theirs).abs() < tolerance,
                "{name}: {variable} of {what} at step {step} is {ours}, in NEST {theirs}"
            );
        };
        for (row, trace) in self.traces[variable].iter().enumerate() {
            let neuron = self.traced_neurons.get(row).copied().unwrap_or(row);
            assert_eq!(trace.len(), self.steps);
            for (step, &theirs) in (1..).zip(trace) {
                near(at(step, neuron), theirs, &format!("neuron {neuron}"), step);
            }
        }
        for (tens, &theirs) in
            (1..).zip(self.sums_every_10_steps.get(variable).into_iter().flatten())
        {
            let sum = (0..self.n).map(|neuron| at(10 * tens, neuron)).sum::<f64>();
            near(sum, theirs, "all neurons", 10 * tens);
        }
    }
}

#[test]
fn currents_and_potentials_are_those_of_iaf_psc_exp() {
    for case in golden_cases::<Case>(include_str!("golden/nest_psc_exp.json"), 2) {
        let of = |name: &str| case.neuron[name];
        let model = CurrentLif {
            tau_mem_ms: of("tau_m"),
            tau_excitatory_ms: of("tau_syn_ex"),
            tau_inhibitory_ms: of("tau_syn_in"),
            threshold: of("V_th"),
            refractory_ms: of("t_ref"),
            ..CurrentLif::default()
        };
        // pA become mV per step.
        let scale = case.dt / of("C_m");
        let columns = ["potential", "excitatory_current", "inhibitory_current"];
        let recording = case.run(&case.network(model, scale), &columns);
        let column = |name: &str| recording.column(1, name);
        case.compare(column("potential"), "V_m", 1.0, 1e-11);
        case.compare(column("excitatory_current"), "I_ex", 1.0 / scale, 1e-9);
        case.compare(column("inhibitory_current"), "I_in", 1.0 / scale, 1e-9);
    }
}

#[test]
fn thresholds_and_potentials_are_those_of_eprop_iaf_adapt() {
    for case in golden_cases::<Case>(include_str!("golden/nest_adaptive.json"), 3) {
        let of = |name: &str| case.neuron[name];
        let model = AdaptiveLif {
            tau_mem_ms: of("tau_m"),
            threshold: of("V_th"),
            tau_adaptation_ms: of("adapt_tau"),
            adaptation: of("adapt_beta"),
            // NEST counts the step of the spike, too.
            refractory_ms: (of("t_ref") - case.dt).max(0.0),
            ..AdaptiveLif::default()
        };
        let recording = case.run(&case.network(model, 1.0), &["potential", "adaptation"]);
        case.compare(recording.column(1, "potential"), "v", 1.0, 1e-13);
        // Ours is that of the coming step.
        let ours = recording.column(1, "adaptation");
        let delayed = [&vec![0.0; case.n][..], &ours[..ours.len() - case.n]].concat();
        case.compare(&delayed, "a", 1.0, 1e-13);
    }
}
