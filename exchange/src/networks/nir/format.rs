//! What NIR can hold of a network, and writing it.

use crate::error::Result;
use crate::networks::deployed::DeployedNetwork;
use crate::networks::format::NetworkFormat;
use crate::networks::nir::delay_form::{DelayForm, repeated};
use crate::networks::nir::file_writer::write_graph;
use crate::networks::nir::network_graph::{network_graph, outputs, written_form};
use crate::networks::nir::written_neurons::neuron_node;
use crate::provenance::Provenance;
use sim_core::{Decay, PortDynamics, shown};
use std::path::{Path, PathBuf};

/// Most numbers in the nodes of a graph.
const MOST_NUMBERS: u64 = 100_000_000;

/// NIR, the neuromorphic intermediate representation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NirFormat {
    /// What becomes of delays.
    pub delays: NirDelays,
}

/// What becomes of delays in a NIR graph. A projection from a population to itself whose delays are
/// all one step takes no `Delay` in any case: a cycle without one means one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NirDelays {
    /// One `Delay` where each presynaptic neuron has one delay; else one for each pair of a delay
    /// in use and a presynaptic neuron, picked by a `Linear` of ones.
    #[default]
    Unrolled,
    /// One `Delay` where each presynaptic neuron has one delay; everything else is refused.
    Axonal,
    /// Everything that takes a `Delay` is refused.
    Error,
}

impl NetworkFormat for NirFormat {
    fn name(&self) -> &'static str {
        "nir"
    }

    fn obstacles(&self, network: &DeployedNetwork) -> Vec<String> {
        let mut obstacles = Vec::new();
        for population in 0..network.populations.len() {
            obstacles.extend(neuron_node(network, population).err().into_iter().flatten());
        }
        if outputs(network).is_empty() {
            obstacles.push(
                "the network has no neurons, but a graph of NIR ends in an output; add a \
                 population of neurons"
                    .into(),
            );
        }
        for index in 0..network.projections.len() {
            self.projection_obstacles(network, index, &mut obstacles);
        }
        obstacles.extend(self.too_large(network));
        obstacles
    }

    fn remarks(&self, network: &DeployedNetwork) -> Vec<String> {
        let mut remarks = Vec::new();
        for population in 0..network.populations.len() {
            population_remarks(network, population, &mut remarks);
        }
        for index in 0..network.projections.len() {
            projection_remarks(network, index, &mut remarks);
        }
        remarks
    }

    fn write(
        &self,
        network: &DeployedNetwork,
        provenance: &Provenance,
        path: &Path,
    ) -> Result<Vec<PathBuf>> {
        write_graph(network_graph(network, provenance), path)?;
        Ok(vec![path.to_owned()])
    }
}

impl NirFormat {
    fn projection_obstacles(
        &self,
        network: &DeployedNetwork,
        index: usize,
        obstacles: &mut Vec<String>,
    ) {
        let projection = &network.projections[index];
        let name = &projection.name;
        let source = &network.populations[projection.source];
        if source.neurons.as_ref().is_some_and(|own| own.of(0).firing.is_none()) {
            obstacles.push(format!(
                "projection {name}: {} never fires, and NIR would hand its potential on; leave \
                 the projection out",
                source.name
            ));
        }
        if let Some(place) = projection.synapses.iter().position(|own| !own.weight.is_finite()) {
            let weight = projection.synapses[place].weight;
            obstacles.push(format!("projection {name}: weight of synapse {place} is {weight}"));
        }
        let form = written_form(network, index);
        match (self.delays, &form) {
            (NirDelays::Error, form) if form.has_delay_node() => {
                let longest = projection.synapses.iter().map(|own| own.delay_steps).max();
                obstacles.push(format!(
                    "projection {name} has delays of up to {} steps, and most readers of NIR know \
                     no Delay; write them with --nir-delays unrolled, or train without delays",
                    longest.unwrap_or(0)
                ));
            }
            (NirDelays::Axonal, DelayForm::Unrolled(_)) => obstacles.push(format!(
                "projection {name} has synapses of one presynaptic neuron with different delays, \
                 but an axonal Delay has one per neuron; write them with --nir-delays unrolled, or \
                 train with granularity = \"axonal\""
            )),
            _ => {}
        }
    }

    /// The obstacle that the graph would hold too many numbers.
    fn too_large(&self, network: &DeployedNetwork) -> Option<String> {
        let numbers = |index: usize| {
            let own = &network.projections[index];
            let [pre, post] = [own.source, own.target].map(|p| network.populations[p].size);
            written_form(network, index).numbers(pre, post)
        };
        let all = 0..network.projections.len();
        let total: u64 = all.clone().map(numbers).sum();
        let largest = all.max_by_key(|&index| numbers(index))?;
        (total > MOST_NUMBERS).then(|| {
            format!(
                "the graph would hold {total} numbers, {} of them for projection {}, but at most \
                 {MOST_NUMBERS} are written: NIR has dense matrices, and one for each delay; use \
                 fewer neurons or different delays, delays per presynaptic neuron (granularity = \
                 \"axonal\"), or SONATA, which holds single synapses",
                numbers(largest),
                network.projections[largest].name
            )
        })
    }
}

fn population_remarks(network: &DeployedNetwork, index: usize, remarks: &mut Vec<String>) {
    let population = &network.populations[index];
    let Some(neurons) = &population.neurons else { return };
    let (name, dynamics) = (&population.name, neurons.of(0));
    let membrane = &dynamics.membrane;
    if membrane.decay == Decay::Exact {
        let [exact, euler] =
            [Decay::Exact, Decay::Euler].map(|rule| rule.factor(membrane.tau_ms, network.dt_ms));
        remarks.push(format!(
            "population {name} decays by exp(-dt / tau), {exact:.6} in a step, as the rule \
             \"exact\" in its metadata says; readers that know no rule take 1 - dt / tau, \
             {euler:.6}"
        ));
    }
    if dynamics.ports.iter().any(|port| matches!(port, PortDynamics::Exponential { .. })) {
        remarks.push(format!(
            "population {name} becomes CubaLIF by forward Euler: the current moves the potential \
             from the step after a spike's arrival on; readers that take the new current are one \
             step ahead"
        ));
    }
    let into = network.projections.iter().filter(|own| own.target == index).count();
    if into > 1 {
        remarks.push(format!(
            "population {name} has {into} projections into it, whose edges into one node add up; \
             not every reader sums them"
        ));
    }
}

fn projection_remarks(network: &DeployedNetwork, index: usize, remarks: &mut Vec<String>) {
    let projection = &network.projections[index];
    let name = &projection.name;
    let step = shown(network.dt_ms);
    match written_form(network, index) {
        DelayForm::OneStepCycle => remarks.push(format!(
            "projection {name} is a cycle without Delay, which means one step, {step} ms"
        )),
        DelayForm::Axonal(_) => {
            remarks.push(format!("projection {name} has a Delay, which few readers know"));
        }
        DelayForm::Unrolled(taps) => remarks.push(format!(
            "projection {name} is unrolled into {} pairs of delay and presynaptic neuron with a \
             Delay, which few readers know",
            taps.len()
        )),
        DelayForm::None => {}
    }
    match repeated(projection) {
        0 => {}
        some => remarks.push(format!(
            "projection {name}: {some} synapses share both neurons and delay with another and are \
             written as one with the sum of the weights"
        )),
    }
}
