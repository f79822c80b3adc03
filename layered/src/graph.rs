//! The shape of a feed-forward network, and the order in which it is walked.

use crate::plan::Write;
use sim_core::{Error, Network, Projection, Result, Synapses};
use std::collections::HashMap;

/// Populations and projections of a network, by their indices.
#[derive(Debug)]
pub(crate) struct Graph {
    /// Neurons by population.
    pub sizes: Vec<usize>,
    /// Inputs by population: its neurons times the ports of each.
    pub inputs: Vec<usize>,
    /// First of the inputs that each projection ends at.
    pub first_inputs: Vec<usize>,
    /// `(source, target)` by projection.
    pub ends: Vec<(usize, usize)>,
    /// The population whose spikes are given.
    pub input: usize,
    /// The population that the loss reads.
    pub output: usize,
    /// The walk forward: all populations but the input, each after its sources. An entry is one
    /// population, which runs all steps at once. A set of populations that reach each other would
    /// be one entry, too, and run step after step.
    pub order: Vec<usize>,
    /// What each projection does on the way back.
    pub back: Vec<Back>,
}

/// What a projection does with the gradient of its source on the way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Back {
    /// The first projection that reaches a source sets its gradient; all others add to it.
    pub write: Write,
    /// Whether the gradient is complete behind this projection.
    pub is_last: bool,
}

impl Graph {
    /// Checks that `network` is feed-forward with one source, one output population and dense
    /// projections. `fires` tells of each population whether its neurons fire, `None` of a source.
    ///
    /// # Errors
    /// A sentence naming what does not fit.
    pub(crate) fn new(network: &Network, fires: &[Option<bool>]) -> Result<Self> {
        let populations = &network.populations;
        check_dense(network)?;
        check_static(network)?;
        let ends: Vec<_> = ends(network).collect();
        let sources = fires.iter().filter(|fires| fires.is_none()).count();
        if sources != 1 {
            return Err(Error::Network(format!(
                "the layered engine needs one source population, but there are {sources}"
            )));
        }
        let (input, output) = (network.input()?, network.output()?);
        let order = topological_order(populations.len(), &ends, input).ok_or_else(|| {
            Error::Network(
                "the layered engine needs a feed-forward network, but a projection closes a loop"
                    .into(),
            )
        })?;
        for &p in &order {
            let name = &populations[p].name;
            if ends.iter().all(|end| end.1 != p) {
                return Err(Error::Network(format!("no projection ends at population {name}")));
            }
            let leads_on = ends.iter().any(|end| end.0 == p);
            if p == output && leads_on {
                let problem = format!(
                    "the layered engine needs an output that no projection leaves, but those of \
                     {name} do"
                );
                return Err(Error::Network(problem));
            }
            if p != output && !leads_on {
                let output = &populations[output].name;
                let problem = format!(
                    "no projection leaves population {name}, so the layered engine has nothing to \
                     teach it by: the output is {output}"
                );
                return Err(Error::Network(problem));
            }
            if p != output && fires[p] == Some(false) {
                let problem = format!("population {name} never fires, so nothing can follow it");
                return Err(Error::Network(problem));
            }
        }
        let sizes: Vec<usize> = sizes(network).collect();
        let inputs =
            populations.iter().map(|population| population.size * population.ports().len());
        let (inputs, first_inputs) = (inputs.collect(), first_inputs(network).collect());
        Ok(Self {
            inputs,
            first_inputs,
            sizes,
            back: backward(&ends, &order),
            ends,
            input,
            output,
            order,
        })
    }

    /// Checks that `network` has the shape that the graph was made from. Neuron models are not
    /// compared: the engine uses the models that it was built with.
    ///
    /// # Errors
    /// [`Error::Network`] otherwise.
    pub(crate) fn check(&self, network: &Network) -> Result<()> {
        let same = sizes(network).eq(self.sizes.iter().copied())
            && ends(network).eq(self.ends.iter().copied())
            && first_inputs(network).eq(self.first_inputs.iter().copied());
        let problem = "the engine was built for a network of other populations or projections";
        if same { check_dense(network) } else { Err(Error::Network(problem.into())) }
    }

    /// The projections that end at population `p`, ascending.
    pub(crate) fn ending_at(&self, p: usize) -> impl Iterator<Item = usize> + Clone {
        (0..self.ends.len()).filter(move |&projection| self.ends[projection].1 == p)
    }

    /// Whether a projection is the first that ends at its port.
    pub(crate) fn is_first_at_port(&self, projection: usize) -> bool {
        let port = |other: usize| (self.ends[other].1, self.first_inputs[other]);
        (0..projection).all(|other| port(other) != port(projection))
    }

    /// The projections that begin at population `p`, ascending.
    pub(crate) fn beginning_at(&self, p: usize) -> impl Iterator<Item = usize> + Clone {
        (0..self.ends.len()).filter(move |&projection| self.ends[projection].0 == p)
    }
}

fn check_dense(network: &Network) -> Result<()> {
    let sparse = |projection: &Projection| matches!(projection.synapses, Synapses::Sparse(_));
    match network.projections.iter().position(sparse) {
        None => Ok(()),
        Some(index) => {
            let name = network.projection_name(index);
            Err(Error::Network(format!("{name}: the layered engine needs dense synapses")))
        }
    }
}

fn check_static(network: &Network) -> Result<()> {
    match network.projections.iter().position(|projection| projection.rule.is_some()) {
        None => Ok(()),
        Some(index) => {
            let name = network.projection_name(index);
            Err(Error::Network(format!(
                "{name} learns while the network runs: that needs the clock engine"
            )))
        }
    }
}

fn sizes(network: &Network) -> impl Iterator<Item = usize> {
    network.populations.iter().map(|population| population.size)
}

fn ends(network: &Network) -> impl Iterator<Item = (usize, usize)> {
    network.projections.iter().map(|projection| (projection.source, projection.target))
}

fn first_inputs(network: &Network) -> impl Iterator<Item = usize> {
    let first = |to: &Projection| to.port * network.populations[to.target].size;
    network.projections.iter().map(first)
}

/// Populations other than `input`, each after its sources; `None` if there is a loop.
fn topological_order(
    populations: usize,
    ends: &[(usize, usize)],
    input: usize,
) -> Option<Vec<usize>> {
    let mut order = vec![input];
    while order.len() < populations {
        let ready = |p: &usize| {
            !order.contains(p) && ends.iter().all(|end| end.1 != *p || order.contains(&end.0))
        };
        order.push((0..populations).find(ready)?);
    }
    order.remove(0);
    Some(order)
}

/// What each projection does on the way back through `order`.
fn backward(ends: &[(usize, usize)], order: &[usize]) -> Vec<Back> {
    let mut backs = vec![Back { write: Write::Add, is_last: true }; ends.len()];
    let on_the_way = order
        .iter()
        .rev()
        .flat_map(|&p| (0..ends.len()).filter(move |&projection| ends[projection].1 == p));
    // The latest projection so far, by source.
    let mut latest = HashMap::new();
    for projection in on_the_way {
        match latest.insert(ends[projection].0, projection) {
            Some(before) => backs[before].is_last = false,
            None => backs[projection].write = Write::Set,
        }
    }
    backs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gradient_is_set_by_the_first_projection_on_the_way_back_and_complete_with_the_last() {
        // A chain of three with all skips, the last step doubled.
        let ends = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (2, 3)];
        let backs = backward(&ends, &[1, 2, 3]);
        let of =
            |projection: usize| (backs[projection].write == Write::Set, backs[projection].is_last);
        assert_eq!([3, 2].map(of), [(true, false), (false, true)], "of population 1");
        assert_eq!([4, 5].map(of), [(true, false), (false, true)], "of population 2");
        let chain = backward(&[(0, 1), (1, 2)], &[1, 2]);
        assert_eq!(chain[1], Back { write: Write::Set, is_last: true });
    }
}
