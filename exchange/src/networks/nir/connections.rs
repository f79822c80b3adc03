//! What joins the populations of a graph: paths through its linear nodes, followed to their ends.

use crate::networks::nir::flat_graph::FlatGraph;
use crate::networks::nir::graph::{Matrix, Node};
use crate::networks::nir::linear_map::LinearMap;
use sim_core::whole_steps;

/// All paths from a population to another that share their last edge.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Connection {
    /// Node of the presynaptic population: neurons or an `Input`.
    pub source: usize,
    /// Node of the postsynaptic population: neurons or an `Output`.
    pub target: usize,
    /// The last node in front of the target, ends of graphs in the graph aside.
    pub last: usize,
    pub map: LinearMap,
}

/// The connections of a graph.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Connections {
    /// In the order of their last edges.
    pub connections: Vec<Connection>,
    /// Constant numbers that reach each node, from biases; empty where there are none.
    pub constants: Vec<Vec<f64>>,
}

/// What reaches a node: maps from populations, and constant numbers.
#[derive(Debug, Clone, Default)]
struct Reached {
    ways: Vec<Way>,
    constant: Vec<f64>,
}

/// All paths from the population of node `source` that end in node `last`.
#[derive(Debug, Clone)]
struct Way {
    source: usize,
    last: usize,
    map: LinearMap,
}

/// Follows all paths.
///
/// # Errors
/// A cycle without a neuron, a linear node that nothing reaches or that leads nowhere, a delay
/// between two steps, by name.
pub(super) fn connections(graph: &FlatGraph, dt_ms: f64) -> Result<Connections, String> {
    let mut leaving: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    let mut entering = leaving.clone();
    for (edge, (from, to)) in graph.edges.iter().enumerate() {
        leaving[*from].push(edge);
        entering[*to].push(edge);
    }
    let order = linear_order(graph, &leaving, &entering)?;
    let most = most_synapses(graph);
    let mut given: Vec<Option<Reached>> = vec![None; graph.nodes.len()];
    let mut waiting: Vec<usize> = leaving.iter().map(Vec::len).collect();
    for (index, node) in graph.nodes.iter().enumerate() {
        if is_population(graph, index) {
            let map = LinearMap::identity(node.gives);
            let ways = vec![Way { source: index, last: index, map }];
            given[index] = Some(Reached { ways, constant: Vec::new() });
        }
    }
    for node in order {
        let name = &graph.nodes[node].name;
        // The ends of a graph in the graph need not be joined to anything.
        let is_end_of_graph = graph.nodes[node].node.is_none();
        if leaving[node].is_empty() && !is_end_of_graph {
            return Err(format!("node {name} leads nowhere"));
        }
        if entering[node].is_empty() && !is_end_of_graph {
            return Err(format!("node {name} is reached by no edge; a graph begins with Input"));
        }
        let mut reached = Reached::default();
        for &edge in &entering[node] {
            let from = graph.edges[edge].0;
            let more = given[from].as_ref().expect("nodes are in order");
            reached.add(more, if is_end_of_graph { None } else { Some(node) });
            waiting[from] -= 1;
            // Large maps are not kept longer than needed.
            if waiting[from] == 0 {
                given[from] = None;
            }
        }
        given[node] = Some(reached.through(graph, node, dt_ms, most)?);
    }
    let mut all =
        Connections { connections: Vec::new(), constants: vec![Vec::new(); graph.nodes.len()] };
    for &(from, target) in &graph.edges {
        if !is_end(graph, target) {
            continue;
        }
        let Reached { ways, constant } = given[from].clone().unwrap_or_default();
        add_numbers(&mut all.constants[target], &constant);
        for Way { source, last, map } in ways {
            all.connections.push(Connection { source, target, last, map });
        }
    }
    Ok(all)
}

/// Most synapses that paths may become: as many as the matrices have numbers, or 10^7, for products
/// of small matrices.
fn most_synapses(graph: &FlatGraph) -> usize {
    let numbers = graph.nodes.iter().map(|node| match &node.node {
        Some(Node::Linear(weight) | Node::Affine(weight, _)) => weight.values.len(),
        _ => 0,
    });
    numbers.sum::<usize>().max(10_000_000)
}

/// Whether paths start at a node.
fn is_population(graph: &FlatGraph, node: usize) -> bool {
    matches!(graph.nodes[node].node, Some(Node::Neurons(_) | Node::Input(_)))
}

/// Whether paths end at a node.
fn is_end(graph: &FlatGraph, node: usize) -> bool {
    matches!(graph.nodes[node].node, Some(Node::Neurons(_) | Node::Output(_)))
}

/// The nodes between populations, each behind all nodes that it needs.
fn linear_order(
    graph: &FlatGraph,
    leaving: &[Vec<usize>],
    entering: &[Vec<usize>],
) -> Result<Vec<usize>, String> {
    let is_linear = |node: usize| !is_population(graph, node) && !is_end(graph, node);
    let linear: Vec<usize> = (0..graph.nodes.len()).filter(|&node| is_linear(node)).collect();
    let mut missing: Vec<usize> = vec![0; graph.nodes.len()];
    for &node in &linear {
        let from = entering[node].iter().map(|&edge| graph.edges[edge].0);
        missing[node] = from.filter(|&from| is_linear(from)).count();
    }
    let mut order: Vec<usize> = linear.iter().copied().filter(|&node| missing[node] == 0).collect();
    let mut next = 0;
    while let Some(&node) = order.get(next) {
        next += 1;
        for &edge in &leaving[node] {
            let to = graph.edges[edge].1;
            if is_linear(to) {
                missing[to] -= 1;
                if missing[to] == 0 {
                    order.push(to);
                }
            }
        }
    }
    let Some(mut node) = linear.into_iter().find(|&node| missing[node] > 0) else {
        return Ok(order);
    };
    // Going back from any node that still waits meets a cycle.
    let mut way = Vec::new();
    while !way.contains(&node) {
        way.push(node);
        let mut from = entering[node].iter().map(|&edge| graph.edges[edge].0);
        node = from
            .find(|&from| is_linear(from) && missing[from] > 0)
            .expect("a node waits for one that waits");
    }
    way.push(node);
    let start = way.iter().position(|own| *own == node).unwrap_or(0);
    let names: Vec<&str> =
        way[start..].iter().rev().map(|&own| graph.nodes[own].name.as_str()).collect();
    Err(format!("the nodes {} form a cycle without a neuron", names.join(" -> ")))
}

/// Adds `more` to `sum`, where nothing stands for zeros.
fn add_numbers(sum: &mut Vec<f64>, more: &[f64]) {
    if sum.is_empty() {
        sum.extend(more);
    } else {
        sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
    }
}

impl Reached {
    /// Adds what another node gives; all ways end in node `last` then, or where they ended.
    fn add(&mut self, more: &Self, last: Option<usize>) {
        add_numbers(&mut self.constant, &more.constant);
        for way in &more.ways {
            let (source, last) = (way.source, last.unwrap_or(way.last));
            match self.ways.iter_mut().find(|own| (own.source, own.last) == (source, last)) {
                None => self.ways.push(Way { source, last, map: way.map.clone() }),
                Some(own) => {
                    let map = std::mem::replace(&mut own.map, LinearMap::identity(0));
                    own.map = map.plus(&way.map);
                }
            }
        }
    }

    /// What leaves a linear node.
    fn through(
        self,
        graph: &FlatGraph,
        node: usize,
        dt_ms: f64,
        most: usize,
    ) -> Result<Self, String> {
        let name = &graph.nodes[node].name;
        let Self { mut ways, constant } = self;
        match &graph.nodes[node].node {
            Some(Node::Linear(weight)) => {
                let constant = product(weight, &constant);
                Ok(Self { ways: through_matrix(name, ways, weight, most)?, constant })
            }
            Some(Node::Affine(weight, bias)) => {
                let mut constant = product(weight, &constant);
                if bias.iter().any(|number| *number != 0.0) {
                    add_numbers(&mut constant, bias);
                }
                Ok(Self { ways: through_matrix(name, ways, weight, most)?, constant })
            }
            Some(Node::Scale(scale)) => {
                let ways =
                    ways.into_iter().map(|way| Way { map: way.map.then_scale(scale), ..way });
                let constant = constant.iter().zip(scale).map(|(x, scale)| x * scale);
                Ok(Self { ways: ways.collect(), constant: constant.collect() })
            }
            Some(Node::Delay(delays)) => {
                let steps = whole_delays(name, delays, dt_ms)?;
                let late = |(x, steps): (&f64, &u32)| *x != 0.0 && *steps > 0;
                if let Some(index) = constant.iter().zip(&steps).position(late) {
                    return Err(format!(
                        "node {name}: delay at index {index} is that of a bias, but a constant \
                         input begins with the first step; put the bias behind the Delay"
                    ));
                }
                for way in &mut ways {
                    let map = std::mem::replace(&mut way.map, LinearMap::identity(0));
                    let delayed = map.then_delay(&steps);
                    way.map = delayed.ok_or_else(|| format!("node {name}: delays are too long"))?;
                }
                Ok(Self { ways, constant })
            }
            _ => Ok(Self { ways, constant }),
        }
    }
}

fn through_matrix(
    name: &str,
    ways: Vec<Way>,
    weight: &Matrix,
    most: usize,
) -> Result<Vec<Way>, String> {
    let through = |way: Way| {
        let map = way.map.then_matrix(weight, most).ok_or_else(|| {
            format!("node {name}: the paths through it would be more than {most} synapses")
        })?;
        Ok(Way { map, ..way })
    };
    ways.into_iter().map(through).collect()
}

/// `W x`, where nothing stands for zeros.
fn product(weight: &Matrix, x: &[f64]) -> Vec<f64> {
    if x.is_empty() {
        return Vec::new();
    }
    let row = |row| weight.row(row).iter().zip(x).map(|(weight, x)| weight * x).sum();
    (0..weight.rows).map(row).collect()
}

fn whole_delays(name: &str, delays: &[f64], dt_ms: f64) -> Result<Vec<u32>, String> {
    let steps = delays.iter().enumerate().map(|(index, delay)| {
        let field = format!("node {name}: delay at index {index}, in ms,");
        whole_steps(field, delay * 1000.0, dt_ms).map_err(|error| error.to_string())
    });
    steps.collect()
}
