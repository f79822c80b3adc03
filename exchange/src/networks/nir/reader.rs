//! A network from a NIR file.

use crate::error::{Error, Result};
use crate::hdf5_reading::ReadFile;
use crate::networks::deployed::{
    DeployedNetwork, DeployedNeurons, DeployedPopulation, DeployedProjection,
};
use crate::networks::nir::connections::{Connection, connections};
use crate::networks::nir::cycles::closing;
use crate::networks::nir::file_reader::read_graph;
use crate::networks::nir::flat_graph::FlatGraph;
use crate::networks::nir::graph::{Graph, Metadata, Node};
use crate::networks::nir::linear_map::LinearMap;
use crate::networks::nir::read_neurons::{ReadNeurons, read_neurons};
use crate::networks::nir::seconds::milliseconds;
use sim_core::{Polarity, Roles, Synapse, plain, shown};
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// A network from a NIR file, and what was understood by it.
#[derive(Debug, Clone, PartialEq)]
pub struct NirNetwork {
    /// The network.
    pub network: DeployedNetwork,
    /// What the file leaves open and how it was read: one sentence each.
    pub remarks: Vec<String>,
}

/// Whether a file is a NIR graph: HDF5 with a group `node`.
pub fn is_nir(path: impl AsRef<Path>) -> bool {
    ReadFile::open(path.as_ref())
        .is_ok_and(|file| file.group("node").is_ok_and(|own| own.is_some()))
}

/// Reads a network from a NIR file, which this program or another one wrote. `dt_ms` is the length
/// of a step in ms; it is needed where the metadata of the graph have no `dt`.
///
/// # Errors
/// [`Error::Disk`] when the file cannot be opened; [`Error::File`] naming node, dataset and index
/// when it is not NIR, when its parts do not fit together, when no time step is known, and for
/// nodes that our neurons and synapses cannot stand for.
pub fn read_nir(path: impl AsRef<Path>, dt_ms: Option<f64>) -> Result<NirNetwork> {
    let path = path.as_ref();
    let graph = read_graph(path)?;
    network(graph, dt_ms).map_err(|problem| Error::file(path, problem))
}

type Told<T> = std::result::Result<T, String>;

fn network(graph: Graph, dt_ms: Option<f64>) -> Told<NirNetwork> {
    let graph = FlatGraph::new(graph)?;
    let dt_ms = time_step(&graph.metadata, dt_ms)?;
    let nodes = population_nodes(&graph);
    let populations: HashMap<usize, usize> =
        nodes.iter().enumerate().map(|(index, node)| (*node, index)).collect();
    let names = population_names(&graph, &nodes)?;
    let mut remarks = Vec::new();
    let neurons = nodes
        .iter()
        .map(|&node| neurons(&graph, node, dt_ms, &mut remarks))
        .collect::<Told<Vec<_>>>()?;
    let all = connections(&graph, dt_ms)?;
    let (ends, mut between): (Vec<_>, Vec<_>) = all
        .connections
        .into_iter()
        .partition(|own| matches!(graph.nodes[own.target].node, Some(Node::Output(_))));
    let outputs = outputs(&graph, &ends, &all.constants)?;
    check_sources(&graph, &between)?;
    let starts = [true, false].map(|inputs| {
        let is_wanted =
            |node: &&usize| matches!(graph.nodes[**node].node, Some(Node::Input(_))) == inputs;
        nodes.iter().filter(is_wanted).copied().collect::<Vec<_>>()
    });
    let closes = closing(&between, graph.nodes.len(), &starts.concat());
    for (own, closes) in between.iter_mut().zip(closes) {
        if closes {
            let [source, target] = [own.source, own.target].map(|node| &names[populations[&node]]);
            remarks.push(format!(
                "{source}->{target} closes a cycle without Delay, which is read as one step, {} ms",
                shown(dt_ms)
            ));
            let map = std::mem::replace(&mut own.map, LinearMap::identity(0));
            own.map = map.with_one_step();
        }
    }
    let order = |own: &Connection| graph.nodes[own.last].metadata.index("projection_index");
    if between.iter().all(|own| order(own).is_some()) {
        between.sort_by_key(order);
    }
    let projections = projections(&graph, between, &populations, &names, &neurons)?;
    let roles = roles(&graph, &nodes, &outputs, &populations);
    let populations = nodes.iter().zip(names).zip(neurons).map(|((&node, name), read)| {
        let size = graph.nodes[node].gives;
        let neurons = read.map(|read| with_constants(read, &all.constants[node]));
        DeployedPopulation { name, size, neurons }
    });
    let network = DeployedNetwork { dt_ms, populations: populations.collect(), projections, roles };
    finite(&network)?;
    Ok(NirNetwork { network, remarks })
}

/// The time step in ms.
fn time_step(metadata: &Metadata, asked: Option<f64>) -> Told<f64> {
    let known = metadata.number("dt").map(|dt| milliseconds(dt, metadata.number("dt_ms")));
    let dt_ms = match (known, asked) {
        (None, None) => {
            return Err("the metadata of the graph have no dt, so the time step must be told: \
                        --dt-ms 1 for steps of 1 ms"
                .into());
        }
        (Some(known), Some(asked)) if (known - asked).abs() > 1e-9 * known.abs() => {
            return Err(format!(
                "the graph is one of steps of {} ms, as its metadata say, but --dt-ms is {} ms",
                plain(known),
                plain(asked)
            ));
        }
        (Some(known), _) => known,
        (None, Some(asked)) => asked,
    };
    if dt_ms.is_finite() && dt_ms > 0.0 {
        return Ok(dt_ms);
    }
    Err(format!("the time step is {} ms, but must be above 0", plain(dt_ms)))
}

/// The nodes that are populations: in the order that the file was written from, else by the number
/// of edges from an `Input`.
fn population_nodes(graph: &FlatGraph) -> Vec<usize> {
    let kind = |node: usize| graph.nodes[node].node.as_ref();
    let mut leaving: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    graph.edges.iter().for_each(|(from, to)| leaving[*from].push(*to));
    let all = 0..graph.nodes.len();
    let mut order: Vec<usize> =
        all.clone().filter(|&node| matches!(kind(node), Some(Node::Input(_)))).collect();
    let mut seen = vec![false; graph.nodes.len()];
    order.iter().for_each(|&node| seen[node] = true);
    let (mut next, mut rest) = (0, all);
    loop {
        while let Some(&node) = order.get(next) {
            next += 1;
            for &to in &leaving[node] {
                if !std::mem::replace(&mut seen[to], true) {
                    order.push(to);
                }
            }
        }
        let Some(unreached) = rest.find(|&node| !seen[node]) else { break };
        seen[unreached] = true;
        order.push(unreached);
    }
    let is_population =
        |node: &usize| matches!(kind(*node), Some(Node::Input(_) | Node::Neurons(_)));
    let mut nodes: Vec<usize> = order.into_iter().filter(is_population).collect();
    let place = |node: &usize| graph.nodes[*node].metadata.index("population_index");
    if nodes.iter().all(|node| place(node).is_some()) {
        nodes.sort_by_key(place);
    }
    nodes
}

/// Names of the populations: those they were written from, else those of their nodes.
fn population_names(graph: &FlatGraph, nodes: &[usize]) -> Told<Vec<String>> {
    let own: Vec<String> = nodes
        .iter()
        .map(|&node| {
            let node = &graph.nodes[node];
            node.metadata.text("population").unwrap_or(&node.name).to_owned()
        })
        .collect();
    let mut seen = HashSet::new();
    match own.iter().find(|name| !seen.insert(*name)) {
        None => Ok(own),
        Some(name) => Err(format!("two populations are called {name}")),
    }
}

fn neurons(
    graph: &FlatGraph,
    node: usize,
    dt_ms: f64,
    remarks: &mut Vec<String>,
) -> Told<Option<ReadNeurons>> {
    let node = &graph.nodes[node];
    let Some(Node::Neurons(neurons)) = &node.node else { return Ok(None) };
    let mut read = read_neurons(&node.name, neurons, &node.metadata, dt_ms)?;
    remarks.append(&mut read.remarks);
    Ok(Some(read))
}

/// The neurons with what is constant in their input.
fn with_constants(read: ReadNeurons, reaching: &[f64]) -> DeployedNeurons {
    let ReadNeurons { dynamics, factor, constant, .. } = read;
    let bias = factor.iter().zip(&constant).enumerate().map(|(n, (factor, constant))| {
        reaching.get(n).map_or(0.0, |reaching| factor * reaching) + constant
    });
    let bias = bias.collect();
    DeployedNeurons::each(dynamics).with_bias(bias)
}

/// The node that each `Output` reads, by the node of the `Output`.
fn outputs(
    graph: &FlatGraph,
    ends: &[Connection],
    constants: &[Vec<f64>],
) -> Told<HashMap<usize, usize>> {
    let mut outputs = HashMap::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        if !matches!(node.node, Some(Node::Output(_))) {
            continue;
        }
        let name = &node.name;
        let mut into = ends.iter().filter(|own| own.target == index);
        let (Some(own), None) = (into.next(), into.next()) else {
            let number = ends.iter().filter(|own| own.target == index).count();
            return Err(format!("Output {name} reads {number} populations, but must read one"));
        };
        let source = &graph.nodes[own.source];
        if !matches!(source.node, Some(Node::Neurons(_))) {
            return Err(format!(
                "Output {name} reads {}, but what is read must be neurons, such as LIF or LI",
                source.name
            ));
        }
        let is_same = |(n, term): (usize, &Synapse)| {
            let own = Synapse { pre: n as u32, post: n as u32, weight: 1.0, delay_steps: 0 };
            *term == own
        };
        let terms = own.map.terms();
        let changes = terms.len() != source.gives
            || !terms.iter().enumerate().all(is_same)
            || constants[index].iter().any(|number| *number != 0.0);
        if changes {
            return Err(format!(
                "Output {name} reads {} through {}, but must read it as it is; let an LI be read",
                source.name, graph.nodes[own.last].name
            ));
        }
        outputs.insert(index, own.source);
    }
    Ok(outputs)
}

/// Refuses connections from what does not fire.
fn check_sources(graph: &FlatGraph, connections: &[Connection]) -> Told<()> {
    for own in connections {
        let [source, target] = [own.source, own.target].map(|node| &graph.nodes[node]);
        if let Some(Node::Neurons(neurons)) = &source.node
            && !neurons.kind.fires()
        {
            return Err(format!(
                "node {} is of type {} and hands its potential on to {}, but between our \
                 populations there are only spikes",
                source.name,
                neurons.kind.name(),
                target.name
            ));
        }
    }
    Ok(())
}

fn projections(
    graph: &FlatGraph,
    connections: Vec<Connection>,
    populations: &HashMap<usize, usize>,
    names: &[String],
    neurons: &[Option<ReadNeurons>],
) -> Told<Vec<DeployedProjection>> {
    let mut numbers: HashMap<(usize, usize), usize> = HashMap::new();
    let projection = |own: Connection| {
        let [source, target] = [own.source, own.target].map(|node| populations[&node]);
        let metadata = &graph.nodes[own.last].metadata;
        let mut synapses = own.map.into_terms();
        if let Some(read) = &neurons[target] {
            for synapse in &mut synapses {
                synapse.weight *= read.factor[synapse.post as usize];
            }
        }
        let number = numbers.entry((source, target)).or_default();
        *number += 1;
        let mut name = format!("{}->{}", names[source], names[target]);
        if *number > 1 {
            name = format!("{name}#{number}");
        }
        let pre = graph.nodes[own.source].gives;
        let polarity = polarity(metadata, &synapses, pre);
        DeployedProjection { name, source, target, port: 0, synapses, polarity }
    };
    Ok(connections.into_iter().map(projection).collect())
}

/// The signs that the metadata tell, where the weights have them.
fn polarity(metadata: &Metadata, synapses: &[Synapse], pre: usize) -> Option<Vec<Polarity>> {
    let signs = metadata.numbers("polarity")?;
    let is_kept = signs.len() == pre
        && signs.iter().all(|sign| sign.abs() == 1.0)
        && synapses.iter().all(|own| own.weight * signs[own.pre as usize] >= 0.0);
    is_kept.then(|| {
        let sign = |sign: &f64| match *sign > 0.0 {
            true => Polarity::Excitatory,
            false => Polarity::Inhibitory,
        };
        signs.iter().map(sign).collect()
    })
}

/// The populations that have a role: those whose ends say so, else the only ones.
fn roles(
    graph: &FlatGraph,
    nodes: &[usize],
    outputs: &HashMap<usize, usize>,
    populations: &HashMap<usize, usize>,
) -> Roles {
    let has_role = |node: &usize| graph.nodes[*node].metadata.text("role").is_some();
    let inputs: Vec<usize> = nodes
        .iter()
        .copied()
        .filter(|&node| matches!(graph.nodes[node].node, Some(Node::Input(_))))
        .collect();
    let mut ends: Vec<usize> = outputs.keys().copied().collect();
    ends.sort_unstable();
    let chosen = |all: &[usize]| match all {
        [one] => Some(*one),
        several => several.iter().copied().find(has_role),
    };
    Roles {
        input: chosen(&inputs).map(|node| populations[&node]),
        output: chosen(&ends).map(|node| populations[&outputs[&node]]),
    }
}

/// Refuses products that became too large for a number.
fn finite(network: &DeployedNetwork) -> Told<()> {
    for own in &network.projections {
        if let Some(synapse) = own.synapses.iter().find(|synapse| !synapse.weight.is_finite()) {
            return Err(format!(
                "the weight from neuron {} to neuron {} of {} is a product that no number of 64 \
                 bits can hold",
                synapse.pre, synapse.post, own.name
            ));
        }
    }
    for own in &network.populations {
        let bias = own.neurons.as_ref().map_or(&[][..], |neurons| neurons.bias());
        if let Some(n) = bias.iter().position(|input| !input.is_finite()) {
            return Err(format!(
                "the constant input of neuron {n} of {} is one that no number of 64 bits can hold",
                own.name
            ));
        }
    }
    Ok(())
}
