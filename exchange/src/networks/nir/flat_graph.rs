//! A graph without graphs in it, whose edges fit.

use crate::networks::nir::graph::{Graph, Metadata, NamedNode, Node};
use std::collections::{HashMap, HashSet};

/// Nodes and the edges between them, by index.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FlatGraph {
    pub nodes: Vec<FlatNode>,
    /// In the order of the file.
    pub edges: Vec<(usize, usize)>,
    pub metadata: Metadata,
}

/// A node; a node of a graph in the graph has the names of both, `rnn.lif`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FlatNode {
    pub name: String,
    /// What it does; none hands its input on: the ends of a graph in the graph.
    pub node: Option<Node>,
    /// Numbers that reach it and that leave it.
    pub takes: usize,
    pub gives: usize,
    pub metadata: Metadata,
}

impl FlatGraph {
    /// # Errors
    /// An edge to a node that is not there, or between nodes of different sizes, by name.
    pub fn new(graph: Graph) -> Result<Self, String> {
        let mut flat =
            Self { nodes: Vec::new(), edges: Vec::new(), metadata: graph.metadata.clone() };
        flat.add(graph, "")?;
        let mut seen = HashSet::new();
        for &(from, to) in &flat.edges {
            let [source, target] = [&flat.nodes[from], &flat.nodes[to]];
            let edge = format!("the edge from {} to {}", source.name, target.name);
            if source.gives != target.takes {
                return Err(format!(
                    "{edge} does not fit: {} gives {} numbers, but {} takes {}",
                    source.name, source.gives, target.name, target.takes
                ));
            }
            if !seen.insert((from, to)) {
                return Err(format!("{edge} is there twice"));
            }
            if matches!(source.node, Some(Node::Output(_))) {
                return Err(format!("{edge} leaves an Output"));
            }
            if matches!(target.node, Some(Node::Input(_))) {
                return Err(format!("{edge} ends in an Input"));
            }
        }
        Ok(flat)
    }

    /// Adds the nodes and edges of a graph; the ends of the graph, by index.
    fn add(&mut self, graph: Graph, prefix: &str) -> Result<Ends, String> {
        let mut ends = Ends::default();
        let mut places: HashMap<String, Ends> = HashMap::new();
        for NamedNode { name, node, metadata } in graph.nodes {
            let full = format!("{prefix}{name}");
            let inner = match node {
                Node::Graph(graph) => self.add(graph, &format!("{full}."))?,
                node => {
                    let index = self.nodes.len();
                    let (takes, gives) = sizes(&node);
                    let is_inside = !prefix.is_empty();
                    match node {
                        Node::Input(_) => ends.inputs.push(index),
                        Node::Output(_) => ends.outputs.push(index),
                        _ => {}
                    }
                    let is_end = matches!(node, Node::Input(_) | Node::Output(_));
                    let node = (!(is_inside && is_end)).then_some(node);
                    self.nodes.push(FlatNode { name: full, node, takes, gives, metadata });
                    Ends { inputs: vec![index], outputs: vec![index] }
                }
            };
            places.insert(name, inner);
        }
        for (from, to) in graph.edges {
            let end = |name: &str, outputs: bool| {
                let ends = places.get(name).ok_or_else(|| {
                    format!(
                        "the edge from {prefix}{from} to {prefix}{to} needs a node \
                         {prefix}{name}, which is not there"
                    )
                })?;
                let (own, what) = match outputs {
                    true => (&ends.outputs, "Output"),
                    false => (&ends.inputs, "Input"),
                };
                match own[..] {
                    [one] => Ok(one),
                    _ => Err(format!(
                        "node {prefix}{name} is a graph with {} nodes of type {what}, but an edge \
                         needs one",
                        own.len()
                    )),
                }
            };
            let edge = (end(&from, true)?, end(&to, false)?);
            self.edges.push(edge);
        }
        Ok(ends)
    }
}

/// Where edges into and out of a graph end.
#[derive(Debug, Default)]
struct Ends {
    inputs: Vec<usize>,
    outputs: Vec<usize>,
}

fn sizes(node: &Node) -> (usize, usize) {
    match node {
        Node::Input(size) | Node::Output(size) => (*size, *size),
        Node::Linear(weight) | Node::Affine(weight, _) => (weight.columns, weight.rows),
        Node::Scale(values) | Node::Delay(values) => (values.len(), values.len()),
        Node::Neurons(neurons) => (neurons.size, neurons.size),
        Node::Graph(_) => (0, 0),
    }
}
