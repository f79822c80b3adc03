//! Pair STDP against NEST's `stdp_synapse`: the weight that every presynaptic spike carries, over
//! 10 s, of synapses with delays of their own (`tests/golden/README.md`).

use crate::golden_cases::golden_cases;
use crate::relay::Relay;
use plasticity::local::PairStdp;
use serde::Deserialize;
use sim_core::{ClockEngine, Network, Population, Projection, Spike, Synapse, Synapses};
use std::collections::HashMap;

#[derive(Deserialize)]
struct Case {
    name: String,
    dt: f64,
    steps: usize,
    rule: HashMap<String, f64>,
    /// Steps by neuron.
    pre_spikes: Vec<Vec<usize>>,
    /// Steps by neuron.
    post_spikes: Vec<Vec<usize>>,
    /// Pre, post, delay in steps, weight at the start.
    synapses: Vec<(u32, u32, u32, f64)>,
    /// By synapse: the weight that each presynaptic spike carried.
    weights: Vec<Vec<f64>>,
}

impl Case {
    fn rule(&self) -> PairStdp {
        let of = |name: &str| self.rule[name];
        PairStdp {
            max_weight: of("Wmax"),
            rate: of("lambda"),
            asymmetry: of("alpha"),
            mu_plus: of("mu_plus"),
            mu_minus: of("mu_minus"),
            tau_plus_ms: of("tau_plus"),
            tau_minus_ms: of("tau_minus"),
            ..PairStdp::default()
        }
    }

    /// Presynaptic spikes and those of the teacher are given; the teacher makes the postsynaptic
    /// ones.
    fn network(&self) -> Network {
        let one = |neuron: usize| Synapse {
            pre: neuron as u32,
            post: neuron as u32,
            weight: 1.0,
            delay_steps: 0,
        };
        let taught = Synapses::Sparse((0..self.post_spikes.len()).map(one).collect());
        let learning = self.synapses.iter().map(|&(pre, post, delay_steps, weight)| Synapse {
            pre,
            post,
            weight,
            delay_steps,
        });
        let learning = Synapses::Sparse(learning.collect());
        Network::new(
            self.dt,
            vec![
                Population::source("pre", self.pre_spikes.len()),
                Population::source("teacher", self.post_spikes.len()),
                Population::neurons("post", self.post_spikes.len(), Relay),
            ],
            vec![
                Projection::new(1, 2, taught),
                Projection::new(0, 2, learning).to_port(1).learning_by(self.rule()),
            ],
        )
    }
}

/// The spikes of every step.
fn by_step(trains: &[Vec<usize>], steps: usize) -> Vec<Vec<Spike>> {
    let mut spikes = vec![Vec::new(); steps];
    for (neuron, train) in trains.iter().enumerate() {
        let spike = Spike { neuron: neuron as u32, count: 1.0 };
        train.iter().for_each(|&step| spikes[step].push(spike));
    }
    spikes
}

#[test]
fn every_spike_carries_the_weight_that_nest_gave() {
    for case in golden_cases::<Case>(include_str!("golden/nest_stdp.json"), 4) {
        let mut engine = ClockEngine::build(&case.network()).expect("the golden network is sound");
        let steps = case.steps + 1;
        let (pre, post) = (by_step(&case.pre_spikes, steps), by_step(&case.post_spikes, steps));
        // Place of each of the file's synapses in the engine's table.
        let table: Vec<_> = engine.synapses(1).synapses().collect();
        let place = |pre: u32, post: u32| {
            let found = table.iter().position(|own| (own.pre, own.post) == (pre, post));
            found.expect("the table has every synapse")
        };
        let places: Vec<usize> =
            case.synapses.iter().map(|&(pre, post, ..)| place(pre, post)).collect();
        let mut sent = vec![0; case.synapses.len()];
        let largest = case.rule["Wmax"];
        for (step, (pre, post)) in pre.into_iter().zip(post).enumerate() {
            let external = [pre, post];
            engine.step(&external, &mut ()).expect("it stays finite");
            for (synapse, &(source, ..)) in case.synapses.iter().enumerate() {
                if !external[0].iter().any(|spike| spike.neuron == source) {
                    continue;
                }
                let ours = engine.synapses(1).weight(places[synapse]);
                let theirs = case.weights[synapse][sent[synapse]];
                assert!(
                    (ours - theirs).abs() < 1e-9 * largest,
                    "{}: synapse {synapse} at step {step}: {ours}, in NEST {theirs}",
                    case.name
                );
                sent[synapse] += 1;
            }
        }
        let all: Vec<usize> = case.weights.iter().map(Vec::len).collect();
        assert_eq!(sent, all, "{}: every spike was compared", case.name);
    }
}
