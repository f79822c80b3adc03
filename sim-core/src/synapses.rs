//! Synapses between two populations.

use crate::delay_kernel::{DelayKernel, NORMALISER_EPSILON, rounded_delay};
use crate::shape::Shape;
use serde::{Deserialize, Serialize};

/// Two ways to hold synapses.
#[derive(Debug, Clone)]
pub enum Synapses {
    /// Every pre to every post: what is trained.
    Dense(DenseSynapses),
    /// Single synapses with whole delays: what is simulated.
    Sparse(Vec<Synapse>),
}

impl Synapses {
    /// The synapses as deployed: single ones with whole delays ([`DenseSynapses::deployed`]).
    pub fn deployed(&self) -> Vec<Synapse> {
        match self {
            Self::Dense(dense) => dense.deployed(),
            Self::Sparse(synapses) => synapses.clone(),
        }
    }
}

/// One synapse: a spike of `pre` at step `t` adds `weight` to the input of `post` at step `t +
/// delay_steps`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Synapse {
    /// Presynaptic neuron.
    pub pre: u32,
    /// Postsynaptic neuron.
    pub post: u32,
    /// Weight, in units of the postsynaptic potential.
    pub weight: f64,
    /// Delay in steps.
    pub delay_steps: u32,
}

/// What has a delay of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Granularity {
    /// Every synapse (and kernel element): `delay` has the shape of `weight`.
    #[default]
    Synaptic,
    /// Every presynaptic neuron: `delay` is `[pre]`.
    Axonal,
    /// Every postsynaptic neuron: `delay` is `[post]`.
    Dendritic,
}

/// All-to-all synapses with real-valued delays.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseSynapses {
    /// Number of presynaptic neurons.
    pub pre: usize,
    /// Number of postsynaptic neurons.
    pub post: usize,
    /// Kernel elements per pair, each with its own weight (and delay); 1 in the reference recipe.
    pub elements_per_pair: usize,
    /// Smallest delay in steps, at most the largest: 1 where a projection closes a loop, since no
    /// spike arrives in the step in which it is fired; else 0.
    pub min_delay_steps: usize,
    /// Largest delay `D` in steps; the kernel has `D + 1` positions.
    pub max_delay_steps: usize,
    /// What has a delay of its own.
    pub granularity: Granularity,
    /// How a weight is spread around its delay.
    pub kernel: DelayKernel,
    /// Weights, `[post][pre][element]`.
    pub weight: Vec<f32>,
    /// Delays in steps, `min_delay_steps..=max_delay_steps`, shaped by `granularity`.
    pub delay: Vec<f32>,
}

impl DenseSynapses {
    /// `[post, pre, element]`.
    pub fn weight_shape(&self) -> Shape {
        let Self { post, pre, elements_per_pair, .. } = *self;
        Shape::of([
            ("postsynaptic", post),
            ("presynaptic", pre),
            ("kernel element", elements_per_pair),
        ])
    }

    /// The dimensions of the delays that the granularity asks for.
    pub fn delay_shape(&self) -> Shape {
        match self.granularity {
            Granularity::Synaptic => self.weight_shape(),
            Granularity::Axonal => Shape::of([("presynaptic", self.pre)]),
            Granularity::Dendritic => Shape::of([("postsynaptic", self.post)]),
        }
    }

    /// Index into `delay` of one kernel element.
    #[inline]
    pub fn delay_index(&self, post: usize, pre: usize, element: usize) -> usize {
        match self.granularity {
            Granularity::Synaptic => (post * self.pre + pre) * self.elements_per_pair + element,
            Granularity::Axonal => pre,
            Granularity::Dendritic => post,
        }
    }

    /// The synapses as deployed: one tap each, at the rounded delay.
    pub fn deployed(&self) -> Vec<Synapse> {
        let mut synapses = Vec::with_capacity(self.weight.len());
        for post in 0..self.post {
            for pre in 0..self.pre {
                for element in 0..self.elements_per_pair {
                    synapses.push(Synapse {
                        pre: pre as u32,
                        post: post as u32,
                        weight: self.weight
                            [(post * self.pre + pre) * self.elements_per_pair + element]
                            as f64
                            / (1.0 + NORMALISER_EPSILON),
                        delay_steps: rounded_delay(
                            self.delay[self.delay_index(post, pre, element)] as f64,
                            self.max_delay_steps,
                        ) as u32,
                    });
                }
            }
        }
        synapses
    }
}
