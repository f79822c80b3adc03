//! A network as a graph.

use crate::networks::deployed::{DeployedNetwork, DeployedPopulation};
use crate::networks::nir::delay_form::{DelayForm, single_synapses};
use crate::networks::nir::graph::{Datum, Graph, Metadata, NamedNode, Node};
use crate::networks::nir::seconds::seconds;
use crate::networks::nir::written_neurons::neuron_node;
use crate::provenance::Provenance;
use sim_core::Polarity;
use std::collections::HashSet;

/// The graph of a network that NIR can hold.
pub(super) fn network_graph(network: &DeployedNetwork, provenance: &Provenance) -> Graph {
    let mut writer = GraphWriter::new(network);
    (0..network.populations.len()).for_each(|population| writer.add_population(population));
    (0..network.projections.len()).for_each(|projection| writer.add_projection(projection));
    outputs(network).into_iter().for_each(|population| writer.add_output(population));
    let mut metadata = Metadata::default()
        .with("dt", Datum::Number(seconds(network.dt_ms)))
        .with("dt_ms", Datum::Number(network.dt_ms));
    for (name, value) in provenance.entries() {
        metadata = metadata.with_text(name, &value);
    }
    Graph { metadata, ..writer.graph }
}

/// The populations that an `Output` follows: the one that is read; where none is, those that no
/// projection to another population leaves, or else all.
pub(super) fn outputs(network: &DeployedNetwork) -> Vec<usize> {
    if let Some(output) = network.roles.output {
        return vec![output];
    }
    let has_neurons = |p: &usize| network.populations[*p].neurons.is_some();
    let is_last =
        |p: &usize| network.projections.iter().all(|own| own.source != *p || own.target == *p);
    let all: Vec<usize> = (0..network.populations.len()).filter(has_neurons).collect();
    let last: Vec<usize> = all.iter().copied().filter(is_last).collect();
    if last.is_empty() { all } else { last }
}

/// The projection of a population to itself that is written into one graph with it: the first of
/// one step, which is the recurrent graph that other programs know.
fn enclosed(network: &DeployedNetwork, population: usize) -> Option<usize> {
    network.projections.iter().position(|own| {
        let size = network.populations[population].size;
        (own.source, own.target) == (population, population)
            && DelayForm::of(own, size) == DelayForm::OneStepCycle
    })
}

/// How the delays of a projection are written. Only one projection can be inside the graph of its
/// population; others of one step take a `Delay`.
pub(super) fn written_form(network: &DeployedNetwork, index: usize) -> DelayForm {
    let own = &network.projections[index];
    let pre = network.populations[own.source].size;
    match DelayForm::of(own, pre) {
        DelayForm::OneStepCycle if enclosed(network, own.target) != Some(index) => {
            DelayForm::Axonal(vec![1; pre])
        }
        form => form,
    }
}

/// The projection whose `Affine` holds the constant input of a population: the first that comes
/// from elsewhere, or else the first.
fn bias_holder(network: &DeployedNetwork, population: usize) -> Option<usize> {
    let ends = |from_elsewhere: bool| {
        network.projections.iter().position(|own| {
            own.target == population && (own.source != population || !from_elsewhere)
        })
    };
    ends(true).or_else(|| ends(false))
}

struct GraphWriter<'a> {
    network: &'a DeployedNetwork,
    graph: Graph,
    taken: HashSet<String>,
    /// The node of each population.
    nodes: Vec<String>,
}

impl<'a> GraphWriter<'a> {
    fn new(network: &'a DeployedNetwork) -> Self {
        Self { network, graph: Graph::default(), taken: HashSet::new(), nodes: Vec::new() }
    }

    /// Adds a node under `name` or, where that is taken, the next free name; the name it got.
    fn add(&mut self, name: &str, node: Node, metadata: Metadata) -> String {
        let plain = plain_name(name);
        let numbered = (2..).map(|number| format!("{plain}_{number}"));
        let name = std::iter::once(plain.clone())
            .chain(numbered)
            .find(|name| !self.taken.contains(name))
            .expect("some number is free");
        self.taken.insert(name.clone());
        self.graph.nodes.push(NamedNode { name: name.clone(), node, metadata });
        name
    }

    fn add_population(&mut self, index: usize) {
        let DeployedPopulation { name, size, .. } = &self.network.populations[index];
        let node = neuron_node(self.network, index).expect("obstacles were looked for");
        let name = match node {
            None => {
                let sources =
                    self.network.populations.iter().filter(|own| own.neurons.is_none()).count();
                let is_input = self.network.roles.input == Some(index);
                let mut metadata = Metadata::default()
                    .with_text("population", name)
                    .with_index("population_index", index);
                if is_input {
                    metadata = metadata.with_text("role", "input");
                }
                let name = if is_input || sources == 1 { "input" } else { name };
                self.add(name, Node::Input(*size), metadata)
            }
            Some((neurons, metadata)) => {
                let node = Node::Neurons(neurons);
                match enclosed(self.network, index) {
                    None => self.add(name, node, metadata),
                    Some(projection) => {
                        let graph = self.recurrent_graph(projection, node, metadata);
                        self.add(name, Node::Graph(graph), Metadata::default())
                    }
                }
            }
        };
        self.nodes.push(name);
    }

    /// Neurons and the projection from them to themselves: the four nodes that other programs know
    /// as a recurrent layer.
    fn recurrent_graph(&self, projection: usize, neurons: Node, metadata: Metadata) -> Graph {
        let size = self.network.populations[self.network.projections[projection].target].size;
        let form = DelayForm::OneStepCycle;
        let (weights, of_weights) = self.weights(projection, &form);
        let named = |name: &str, node, metadata| NamedNode { name: name.into(), node, metadata };
        Graph {
            nodes: vec![
                named("input", Node::Input(size), Metadata::default()),
                named("lif", neurons, metadata),
                named("w_rec", weights, of_weights),
                named("output", Node::Output(size), Metadata::default()),
            ],
            edges: [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")]
                .map(|(from, to)| (from.into(), to.into()))
                .into(),
            metadata: Metadata::default(),
        }
    }

    fn add_projection(&mut self, index: usize) {
        let own = &self.network.projections[index];
        if enclosed(self.network, own.target) == Some(index) {
            return;
        }
        let (pre, dt_ms) = (self.network.populations[own.source].size, self.network.dt_ms);
        let form = written_form(self.network, index);
        let [source, target] = [own.source, own.target].map(|p| self.nodes[p].clone());
        let name = format!("{source}_to_{target}");
        let mut last = source;
        for node in form.nodes(pre, dt_ms) {
            let part = if matches!(node, Node::Delay(_)) { "delay" } else { "taps" };
            let next = self.add(&format!("{name}_{part}"), node, Metadata::default());
            self.graph.edges.push((std::mem::replace(&mut last, next.clone()), next));
        }
        let (weights, metadata) = self.weights(index, &form);
        let next = self.add(&name, weights, metadata);
        self.graph.edges.push((last, next.clone()));
        self.graph.edges.push((next, target));
    }

    /// The `Affine` of a projection with its metadata.
    fn weights(&self, index: usize, form: &DelayForm) -> (Node, Metadata) {
        let own = &self.network.projections[index];
        let [pre, post] = [own.source, own.target].map(|p| self.network.populations[p].size);
        let mut bias = vec![0.0; post];
        if bias_holder(self.network, own.target) == Some(index) {
            let neurons = self.network.populations[own.target].neurons.as_ref();
            let inputs = neurons.map_or(&[][..], |neurons| neurons.bias());
            for (place, input) in inputs.iter().enumerate() {
                bias[place % post] += input;
            }
        }
        let mut metadata = Metadata::default()
            .with_text("projection", &own.name)
            .with_index("projection_index", index);
        if let Some(polarity) = &own.polarity {
            let signs = polarity.iter().map(|&sign| match sign {
                Polarity::Excitatory => 1.0,
                Polarity::Inhibitory => -1.0,
            });
            metadata = metadata.with("polarity", Datum::Numbers(signs.collect()));
        }
        if let (DelayForm::Unrolled(_), Some((delays, weights))) =
            (form, single_synapses(own, pre, post))
        {
            metadata = metadata
                .with("delay_steps", Datum::Integers(post, pre, delays))
                .with("weight", Datum::Table(weights));
        }
        (Node::Affine(form.weights(own, pre, post), bias), metadata)
    }

    fn add_output(&mut self, population: usize) {
        let DeployedPopulation { name, size, .. } = &self.network.populations[population];
        let (metadata, node_name) = if self.network.roles.output == Some(population) {
            (Metadata::default().with_text("role", "output"), "output".to_owned())
        } else {
            (Metadata::default(), format!("output_{name}"))
        };
        let node = self.add(&node_name, Node::Output(*size), metadata);
        self.graph.edges.push((self.nodes[population].clone(), node));
    }
}

/// A name that every reader takes: letters, digits, `_` and `-`.
fn plain_name(name: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "_-".contains(letter);
    name.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect()
}
