//! Description of a network: populations and projections, without state.

use crate::{
    BatchStatistics, DelayKernel, Error, NeuronModel, Result, delay_kernel::rounded_delay,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A network on a grid of `dt_ms` milliseconds. Populations are referred to by their index.
#[derive(Debug, Clone)]
pub struct Network {
    /// Length of a time step in milliseconds; delays are counted in steps of it.
    pub dt_ms: f64,
    /// The populations.
    pub populations: Vec<Population>,
    /// The projections between them.
    pub projections: Vec<Projection>,
}

/// Neurons of one kind.
#[derive(Debug, Clone)]
pub struct Population {
    /// Name, unique in the network.
    pub name: String,
    /// Number of neurons, at least 1.
    pub size: usize,
    /// What the neurons do.
    pub cells: Cells,
    /// Normalisation of the summed input before it reaches the neurons.
    pub norm: Option<BatchNorm>,
}

/// What the members of a population do.
#[derive(Debug, Clone)]
pub enum Cells {
    /// They replay spikes given from outside.
    Source,
    /// They integrate their input.
    Neurons(Arc<dyn NeuronModel>),
}

/// Batch norm over (batch, time) of the summed input `I` of each neuron [Ioffe and Szegedy 2015]:
/// `Z = gain * (I - mean) / sqrt(variance + epsilon) + bias`. All vectors have one entry per
/// neuron.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm {
    /// Learned scale, 1 at the start.
    pub gain: Vec<f32>,
    /// Learned offset, 0 at the start.
    pub bias: Vec<f32>,
    /// Running mean of the training batches, used when the network is deployed.
    pub running_mean: Vec<f32>,
    /// Running (unbiased) variance of the training batches.
    pub running_variance: Vec<f32>,
    /// Added to the variance; 1e-5.
    pub epsilon: f32,
    /// Share of the newest batch in the running statistics; 0.1.
    pub momentum: f32,
}

impl BatchNorm {
    /// An identity-like start: gain 1, bias 0, mean 0, variance 1, epsilon 1e-5, momentum 0.1.
    pub fn new(neurons: usize) -> Self {
        Self {
            gain: vec![1.0; neurons],
            bias: vec![0.0; neurons],
            running_mean: vec![0.0; neurons],
            running_variance: vec![1.0; neurons],
            epsilon: 1e-5,
            momentum: 0.1,
        }
    }

    /// Moves the running statistics towards those of a batch by `momentum`.
    pub fn update(&mut self, batch: &BatchStatistics) {
        let blend = |running: &mut f32, new: f64| {
            *running =
                ((1.0 - self.momentum as f64) * *running as f64 + self.momentum as f64 * new) as f32
        };
        for neuron in 0..self.gain.len() {
            blend(&mut self.running_mean[neuron], batch.mean[neuron]);
            blend(&mut self.running_variance[neuron], batch.unbiased_variance(neuron));
        }
    }

    /// The deployed norm as `Z = scale * I + offset`: `(scale, offset)` of one neuron, from the
    /// running statistics.
    pub fn deployed(&self, neuron: usize) -> (f32, f32) {
        let scale = self.gain[neuron] / (self.running_variance[neuron] + self.epsilon).sqrt();
        (scale, self.bias[neuron] - self.running_mean[neuron] * scale)
    }
}

/// Synapses from one population to another.
#[derive(Debug, Clone)]
pub struct Projection {
    /// Index of the presynaptic population.
    pub source: usize,
    /// Index of the postsynaptic population.
    pub target: usize,
    /// The synapses.
    pub synapses: Synapses,
}

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
                            / (1.0 + crate::delay_kernel::NORMALISER_EPSILON),
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

    fn check(&self, name: &str) -> Result<()> {
        if self.taps == 0 {
            return Err(Error::out_of_range(
                format!("{name}: kernel elements per pair of neurons"),
                0,
                "at least 1",
            ));
        }
        length(&format!("{name}: weight"), self.weight.len(), self.post * self.pre * self.taps)?;
        length(&format!("{name}: delay"), self.delay.len(), self.delay_count())?;
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

impl Network {
    /// Checks names, sizes, indices, array lengths and ranges.
    ///
    /// # Errors
    /// The first thing that does not fit, by name.
    pub fn check(&self) -> Result<()> {
        Error::check("Network::dt_ms", self.dt_ms, self.dt_ms > 0.0, "above 0")?;
        for (index, population) in self.populations.iter().enumerate() {
            let name = &population.name;
            if self.populations[..index].iter().any(|other| other.name == *name) {
                return Err(Error::Network(format!("two populations are called {name}")));
            }
            if population.size == 0 {
                return Err(Error::out_of_range(
                    format!("size of population {name}"),
                    0,
                    "at least 1",
                ));
            }
            if let Some(norm) = &population.norm {
                for (what, values) in [
                    ("gain", &norm.gain),
                    ("bias", &norm.bias),
                    ("mean", &norm.running_mean),
                    ("variance", &norm.running_variance),
                ] {
                    length(&format!("norm {what} of {name}"), values.len(), population.size)?;
                }
            }
        }
        for projection in &self.projections {
            self.check_projection(projection)?;
        }
        Ok(())
    }

    fn check_projection(&self, projection: &Projection) -> Result<()> {
        let (Some(source), Some(target)) =
            (self.populations.get(projection.source), self.populations.get(projection.target))
        else {
            return Err(Error::Network(format!(
                "a projection joins populations {} and {}, but there are {}",
                projection.source,
                projection.target,
                self.populations.len()
            )));
        };
        let name = format!("projection {} -> {}", source.name, target.name);
        if matches!(target.cells, Cells::Source) {
            return Err(Error::Network(format!("{name}: a source takes no input")));
        }
        match &projection.synapses {
            Synapses::Dense(dense) => {
                length(&format!("{name}: presynaptic side"), dense.pre, source.size)?;
                length(&format!("{name}: postsynaptic side"), dense.post, target.size)?;
                dense.check(&name)
            }
            Synapses::Sparse(synapses) => {
                for (index, synapse) in synapses.iter().enumerate() {
                    let outside = |what: &str, value: String, allowed: String| {
                        Error::out_of_range(
                            format!("{name}: {what} of synapse {index}"),
                            value,
                            allowed,
                        )
                    };
                    if synapse.pre as usize >= source.size {
                        return Err(outside(
                            "pre",
                            synapse.pre.to_string(),
                            format!("below {}", source.size),
                        ));
                    }
                    if synapse.post as usize >= target.size {
                        return Err(outside(
                            "post",
                            synapse.post.to_string(),
                            format!("below {}", target.size),
                        ));
                    }
                    if !synapse.weight.is_finite() {
                        return Err(outside(
                            "weight",
                            synapse.weight.to_string(),
                            "a finite number".into(),
                        ));
                    }
                }
                Ok(())
            }
        }
    }

    /// Name of a projection, `source->target`.
    pub fn projection_name(&self, projection: usize) -> String {
        let Projection { source, target, .. } = &self.projections[projection];
        format!("{}->{}", self.populations[*source].name, self.populations[*target].name)
    }

    /// Number of trainable parameters: weights, delays where `learn_delays`, gains and biases of
    /// norms.
    pub fn parameters(&self, learn_delays: bool) -> usize {
        let synapses: usize = self
            .projections
            .iter()
            .map(|projection| match &projection.synapses {
                Synapses::Dense(dense) => {
                    dense.weight.len() + if learn_delays { dense.delay.len() } else { 0 }
                }
                Synapses::Sparse(synapses) => synapses.len(),
            })
            .sum();
        let norms: usize = self
            .populations
            .iter()
            .flat_map(|population| &population.norm)
            .map(|norm| norm.gain.len() + norm.bias.len())
            .sum();
        synapses + norms
    }
}

fn length(name: &str, actual: usize, expected: usize) -> Result<()> {
    if actual == expected {
        Ok(())
    } else {
        Err(Error::Length { name: name.into(), actual, expected })
    }
}
