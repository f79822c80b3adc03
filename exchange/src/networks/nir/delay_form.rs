//! How the delays of a projection become nodes.

use crate::networks::deployed::DeployedProjection;
use crate::networks::nir::graph::{Matrix, Node};
use crate::networks::nir::seconds::seconds;
use sim_core::Synapse;
use std::collections::BTreeMap;

/// The delays of a projection, as a graph says them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DelayForm {
    /// All are zero: `W`.
    None,
    /// All are one step, from a population to itself: a cycle through `W` without `Delay`.
    OneStepCycle,
    /// One per presynaptic neuron, in steps, `[pre]`: `Delay -> W`.
    Axonal(Vec<u32>),
    /// Any: `E -> Delay -> W`. The taps are the pairs of a delay in steps and a presynaptic neuron
    /// that are in use; row `k` of `E` picks the neuron of tap `k`.
    Unrolled(Vec<(u32, u32)>),
}

impl DelayForm {
    /// The smallest form that says all delays of a projection from `pre` neurons.
    pub fn of(projection: &DeployedProjection, pre: usize) -> Self {
        let delays = || projection.synapses.iter().map(|synapse| synapse.delay_steps);
        if delays().all(|delay| delay == 0) {
            return Self::None;
        }
        if projection.source == projection.target && delays().all(|delay| delay == 1) {
            return Self::OneStepCycle;
        }
        let mut axonal = vec![None; pre];
        let is_axonal = projection.synapses.iter().all(|synapse| {
            *axonal[synapse.pre as usize].get_or_insert(synapse.delay_steps) == synapse.delay_steps
        });
        if is_axonal {
            // A neuron without a synapse takes part with a delay that closes no cycle.
            let spare = delays().min().unwrap_or(0);
            return Self::Axonal(axonal.into_iter().map(|own| own.unwrap_or(spare)).collect());
        }
        let mut taps: Vec<(u32, u32)> =
            projection.synapses.iter().map(|own| (own.delay_steps, own.pre)).collect();
        taps.sort_unstable();
        taps.dedup();
        Self::Unrolled(taps)
    }

    /// Whether it takes a `Delay` node.
    pub fn has_delay_node(&self) -> bool {
        matches!(self, Self::Axonal(_) | Self::Unrolled(_))
    }

    /// Numbers in the nodes of a projection from `pre` to `post` neurons.
    pub fn numbers(&self, pre: usize, post: usize) -> u64 {
        let [pre, post] = [pre as u64, post as u64];
        // Each Affine has a bias.
        post + match self {
            Self::None | Self::OneStepCycle => pre * post,
            Self::Axonal(_) => pre + pre * post,
            Self::Unrolled(taps) => {
                let taps = taps.len() as u64;
                taps * pre + taps + taps * post
            }
        }
    }

    /// The nodes in front of the weights, in their order.
    pub fn nodes(&self, pre: usize, dt_ms: f64) -> Vec<Node> {
        let delay = |steps: u32| seconds(f64::from(steps) * dt_ms);
        match self {
            Self::None | Self::OneStepCycle => Vec::new(),
            Self::Axonal(delays) => {
                vec![Node::Delay(delays.iter().map(|&own| delay(own)).collect())]
            }
            Self::Unrolled(taps) => {
                let mut pick = Matrix::zeros(taps.len(), pre);
                for (tap, (_, neuron)) in taps.iter().enumerate() {
                    *pick.at_mut(tap, *neuron as usize) = 1.0;
                }
                let delays = taps.iter().map(|(steps, _)| delay(*steps)).collect();
                vec![Node::Linear(pick), Node::Delay(delays)]
            }
        }
    }

    /// The weights, `[post][tap]`; synapses that share neurons and delay are summed.
    pub fn weights(&self, projection: &DeployedProjection, pre: usize, post: usize) -> Matrix {
        let (columns, place): (_, BTreeMap<(u32, u32), usize>) = match self {
            Self::Unrolled(taps) => {
                (taps.len(), taps.iter().enumerate().map(|(place, tap)| (*tap, place)).collect())
            }
            _ => (pre, BTreeMap::new()),
        };
        let mut weights = Matrix::zeros(post, columns);
        for synapse in &projection.synapses {
            let Synapse { pre, post, weight, delay_steps } = *synapse;
            let column = place.get(&(delay_steps, pre)).copied().unwrap_or(pre as usize);
            *weights.at_mut(post as usize, column) += weight;
        }
        weights
    }
}

/// Synapses that share both neurons and delay with an earlier one.
pub(super) fn repeated(projection: &DeployedProjection) -> usize {
    let mut places: Vec<_> =
        projection.synapses.iter().map(|own| (own.pre, own.post, own.delay_steps)).collect();
    places.sort_unstable();
    places.windows(2).filter(|pair| pair[0] == pair[1]).count()
}

/// Delays in steps and weights, `[post][pre]`, where each pair of neurons has at most one synapse.
pub(super) fn single_synapses(
    projection: &DeployedProjection,
    pre: usize,
    post: usize,
) -> Option<(Vec<i32>, Matrix)> {
    let mut seen = vec![false; pre * post];
    let (mut delays, mut weights) = (vec![0; pre * post], Matrix::zeros(post, pre));
    for synapse in &projection.synapses {
        let place = synapse.post as usize * pre + synapse.pre as usize;
        if std::mem::replace(&mut seen[place], true) {
            return None;
        }
        delays[place] = i32::try_from(synapse.delay_steps).ok()?;
        weights.values[place] = synapse.weight;
    }
    Some((delays, weights))
}
