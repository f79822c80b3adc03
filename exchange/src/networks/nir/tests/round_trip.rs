//! What is written comes back.

use super::example::{leaky, population, projection, small, through_file};
use crate::networks::deployed::{DeployedNetwork, DeployedNeurons};
use crate::networks::nir::format::{NirDelays, NirFormat};
use neurons::{LeakyIntegrator, Lif};
use proptest::prelude::*;
use sim_core::{
    Cells, ClockEngine, Decay, Dynamics, Membrane, Network, Polarity, Population, PortDynamics,
    Projection, Recording, Roles, SpikeFrames, Synapse, Synapses, Variables,
};
use std::sync::Arc;

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.0 >> 33
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn real(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next() as f64 / (1_u64 << 31) as f64
    }
}

/// A network of all that NIR can hold: skips, loops, several sources, neurons of their own.
fn random_network(seed: u64) -> DeployedNetwork {
    let mut dice = Dice(seed);
    let dt_ms = [1.0, 0.1, 10.0, 0.3][dice.below(4) as usize];
    let sources = 1 + dice.below(2) as usize;
    let hidden = 1 + dice.below(3) as usize;
    let mut populations = Vec::new();
    for index in 0..sources {
        let size = 1 + dice.below(4) as usize;
        populations.push(population(&format!("in {index}"), size, None));
    }
    for index in 0..=hidden {
        let size = 1 + dice.below(5) as usize;
        let threshold = (index < hidden).then(|| dice.real(0.2, 2.0));
        let decay = if dice.below(2) == 0 { Decay::Euler } else { Decay::Exact };
        let scaled = dice.below(2) == 0;
        let is_current = decay == Decay::Euler && dice.below(3) == 0;
        let is_shared = dice.below(2) == 0;
        let tau_ms = dice.real(1.0, 30.0) * dt_ms;
        let tau_syn_ms = dice.real(1.1, 10.0) * dt_ms;
        let own = |dice: &mut Dice| {
            let tau_ms = if is_shared { tau_ms } else { dice.real(1.1, 30.0) * dt_ms };
            let port = match is_current {
                true => PortDynamics::Exponential { tau_ms: tau_syn_ms, decay },
                false => PortDynamics::Delta,
            };
            let membrane = Membrane { tau_ms, decay, input_scaling: scaled };
            Dynamics { membrane, ports: vec![port], ..leaky(tau_ms, decay, threshold) }
        };
        let dynamics = (0..size).map(|_| own(&mut dice)).collect();
        let mut new = population(&format!("pop/{index}"), size, None);
        let bias = (0..size).map(|_| dice.real(-1.0, 1.0)).collect();
        new.neurons = Some(DeployedNeurons::each(dynamics).with_bias(bias));
        populations.push(new);
    }
    let mut projections = Vec::new();
    let readout = sources + hidden;
    for target in sources..=readout {
        for source in 0..readout {
            // Each population is reached; loops have delays.
            if source != target - 1 && dice.below(2) == 0 {
                continue;
            }
            let (pre, post) = (populations[source].size, populations[target].size);
            let least = u32::from(source >= target);
            let style = dice.below(4);
            let axonal: Vec<u32> = (0..pre).map(|_| least + dice.below(5) as u32).collect();
            let mut synapses = Vec::new();
            for post in 0..post as u32 {
                for pre in 0..pre as u32 {
                    let delay = match style {
                        0 => least,
                        1 => axonal[pre as usize],
                        _ => least + dice.below(5) as u32,
                    };
                    if dice.below(5) > 0 {
                        synapses.push((pre, post, dice.real(-2.0, 2.0), delay));
                    }
                    if style == 3 && dice.below(3) == 0 {
                        synapses.push((pre, post, dice.real(-2.0, 2.0), least + 6));
                    }
                }
            }
            let name = format!("{}->{}", populations[source].name, populations[target].name);
            let mut new = projection(&name, [source, target], &synapses);
            if dice.below(3) == 0 {
                let signs = Polarity::shared(0.5, pre);
                for synapse in &mut new.synapses {
                    let is_positive = signs[synapse.pre as usize] == Polarity::Excitatory;
                    synapse.weight = if is_positive { 1.0 } else { -1.0 } * synapse.weight.abs();
                }
                new.polarity = Some(signs);
            }
            projections.push(new);
        }
    }
    let roles = Roles::new(dice.below(sources as u64) as usize, readout);
    DeployedNetwork { dt_ms, populations, projections, roles }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_network_comes_back_to_the_last_bit(seed: u64) {
        let network = random_network(seed);
        let read = through_file(NirFormat::default(), &network).network;
        prop_assert_eq!(read, network);
    }
}

/// The network as a simulation takes it.
fn simulated(deployed: &DeployedNetwork) -> Network {
    let populations = deployed.populations.iter().map(|own| {
        let Some(neurons) = &own.neurons else { return Population::source(&own.name, own.size) };
        let Dynamics { membrane: Membrane { tau_ms, decay, input_scaling }, firing, .. } =
            neurons.common().unwrap().clone();
        let model: Arc<dyn sim_core::NeuronModel> = match firing {
            Some(firing) => Arc::new(Lif {
                tau_mem_ms: tau_ms,
                threshold: firing.threshold,
                decay,
                input_scaling,
                ..Lif::default()
            }),
            None => Arc::new(LeakyIntegrator { tau_mem_ms: tau_ms, decay, input_scaling }),
        };
        Population::new(&own.name, own.size, Cells::Neurons(model))
    });
    let projections = deployed
        .projections
        .iter()
        .map(|own| Projection::new(own.source, own.target, Synapses::Sparse(own.synapses.clone())));
    Network::new(deployed.dt_ms, populations.collect(), projections.collect())
        .with_roles(deployed.roles)
}

/// 12 channels, 20 neurons that reach each other, 3 readouts, with synapses in any order, some of
/// them twice.
fn circuit() -> Network {
    let mut dice = Dice(7);
    let mut synapses = |pre: u64, post: u64, number: usize, least: u64| {
        let one = |_| Synapse {
            pre: dice.below(pre) as u32,
            post: dice.below(post) as u32,
            weight: dice.real(-0.5, 0.8),
            delay_steps: (least + dice.below(6)) as u32,
        };
        Synapses::Sparse((0..number).map(one).collect())
    };
    let lif = Lif { tau_mem_ms: 10.05, decay: Decay::Euler, ..Lif::default() };
    let readout = LeakyIntegrator { tau_mem_ms: 30.0, ..LeakyIntegrator::default() };
    let populations = vec![
        Population::source("ears", 12),
        Population::new("hidden", 20, Cells::Neurons(Arc::new(lif))),
        Population::new("readout", 3, Cells::Neurons(Arc::new(readout))),
    ];
    let projections = vec![
        Projection::new(0, 1, synapses(12, 20, 150, 0)),
        Projection::new(1, 1, synapses(20, 20, 120, 1)),
        Projection::new(1, 2, synapses(20, 3, 50, 0)),
    ];
    Network::new(10.0, populations, projections).with_roles(Roles::new(0, 2))
}

#[test]
fn the_network_that_comes_back_fires_the_same_spikes() {
    let network = circuit();
    let deployed = DeployedNetwork::of(&network).unwrap();
    let read = through_file(NirFormat::default(), &deployed).network;
    let mut dice = Dice(3);
    let events: Vec<(u32, u32)> =
        (0..300).map(|_| (dice.below(12) as u32, dice.below(90) as u32)).collect();
    let input = SpikeFrames::from_events(12, 100, &events).unwrap();
    let record = |network: &Network| {
        let mut recording = Recording::new(3, Variables::ALL);
        let mut engine = ClockEngine::build(network).unwrap();
        engine.run(std::slice::from_ref(&input), 100, &mut recording).unwrap();
        recording
    };
    let (before, after) = (record(&network), record(&simulated(&read)));
    assert!(before.spikes(1).len() > 200, "{} spikes", before.spikes(1).len());
    assert_eq!(after.spikes(1), before.spikes(1));
    let potentials = before.potentials(2).iter().zip(after.potentials(2));
    assert!(potentials.clone().count() == 300);
    // Weights of synapses that share all are added up first.
    potentials.for_each(|(a, b)| assert!((a - b).abs() < 1e-12, "{a} {b}"));
}

#[test]
fn one_step_back_to_itself_is_a_cycle_and_is_said() {
    let read = through_file(NirFormat { delays: NirDelays::Unrolled }, &small());
    assert_eq!(read.network, small());
    assert_eq!(
        read.remarks,
        ["hidden->hidden closes a cycle without Delay, which is read as one step, 10 ms"]
    );
}

#[test]
fn neurons_without_a_leak_are_integrators() {
    let mut network = small();
    network.projections.truncate(1);
    network.populations.truncate(2);
    network.roles = Roles::new(0, 1);
    for firing in [Some(1.0), None] {
        let dynamics = leaky(1e18, Decay::Euler, firing);
        network.populations[1].neurons = Some(DeployedNeurons::shared(dynamics.clone()));
        assert_eq!(through_file(NirFormat::default(), &network).network, network);
    }
}

#[test]
fn equal_currents_become_one() {
    let mut network = small();
    let current = PortDynamics::Exponential { tau_ms: 30.0, decay: Decay::Euler };
    let mut dynamics = Dynamics { ports: vec![current; 2], ..leaky(20.0, Decay::Euler, Some(1.0)) };
    let neurons = DeployedNeurons::shared(dynamics.clone());
    network.populations[1].neurons = Some(neurons.with_bias(vec![0.5, 0.0, 0.25, 0.125]));
    network.projections[1].port = 1;
    let read = through_file(NirFormat::default(), &network);
    assert!(read.remarks[0].contains("CubaLIF, taken by forward Euler"), "{:?}", read.remarks);
    dynamics.ports.truncate(1);
    let one = DeployedNeurons::shared(dynamics).with_bias(vec![0.75, 0.125]);
    assert_eq!(read.network.populations[1].neurons, Some(one));
    network.projections[1].port = 0;
    assert_eq!(read.network.projections, network.projections);
}
