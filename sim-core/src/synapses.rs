//! Synapses between two populations.

use crate::delay_kernel::{DelayKernel, NORMALISER_EPSILON, rounded_delay};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Two ways to hold synapses.
#[derive(Debug, Clone)]
pub enum Synapses {
    /// Every pre to every post: what is trained.
    Dense(DenseSynapses),
    /// Single synapses with whole delays: what is simulated.
    Sparse(Vec<Synapse>),
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
    /// Every synapse (and tap): `delay` has the shape of `weight`.
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
    pub taps: usize,
    /// Largest delay `D` in steps; the kernel has `D + 1` positions.
    pub max_delay_steps: usize,
    /// What has a delay of its own.
    pub granularity: Granularity,
    /// How a weight is spread around its delay.
    pub kernel: DelayKernel,
    /// Weights, `[post][pre][tap]`.
    pub weight: Vec<f32>,
    /// Delays in steps, `0..=max_delay_steps`, shaped by `granularity`.
    pub delay: Vec<f32>,
}

impl DenseSynapses {
    /// Number of delays that the granularity asks for.
    pub fn delay_count(&self) -> usize {
        match self.granularity {
            Granularity::Synaptic => self.post * self.pre * self.taps,
            Granularity::Axonal => self.pre,
            Granularity::Dendritic => self.post,
        }
    }

    /// Index into `delay` of one kernel element.
    #[inline]
    pub fn delay_index(&self, post: usize, pre: usize, tap: usize) -> usize {
        match self.granularity {
            Granularity::Synaptic => (post * self.pre + pre) * self.taps + tap,
            Granularity::Axonal => pre,
            Granularity::Dendritic => post,
        }
    }

    /// The synapses as deployed: one tap each, at the rounded delay.
    pub fn deployed(&self) -> Vec<Synapse> {
        let mut synapses = Vec::with_capacity(self.weight.len());
        for post in 0..self.post {
            for pre in 0..self.pre {
                for tap in 0..self.taps {
                    synapses.push(Synapse {
                        pre: pre as u32,
                        post: post as u32,
                        weight: self.weight[(post * self.pre + pre) * self.taps + tap] as f64
                            / (1.0 + NORMALISER_EPSILON),
                        delay_steps: rounded_delay(
                            self.delay[self.delay_index(post, pre, tap)] as f64,
                            self.max_delay_steps,
                        ) as u32,
                    });
                }
            }
        }
        synapses
    }

    pub(crate) fn check(&self, name: &str) -> Result<()> {
        if self.taps == 0 {
            return Err(Error::out_of_range(
                format!("{name}: kernel elements per pair of neurons"),
                0,
                "at least 1",
            ));
        }
        Error::check_length(
            &format!("{name}: weight"),
            self.weight.len(),
            self.post * self.pre * self.taps,
        )?;
        Error::check_length(&format!("{name}: delay"), self.delay.len(), self.delay_count())?;
        let max = self.max_delay_steps as f32;
        for (what, values, allowed) in
            [("weight", &self.weight, f32::MIN..=f32::MAX), ("delay", &self.delay, 0.0..=max)]
        {
            if let Some(index) = values.iter().position(|value| !allowed.contains(value)) {
                let allowed = format!("a number in {}..={}", allowed.start(), allowed.end());
                return Err(Error::out_of_range(
                    format!("{name}: {what} {index}"),
                    values[index],
                    allowed,
                ));
            }
        }
        Ok(())
    }
}
