//! Feed-forward networks with delays on every synapse: `[network]` of an experiment's file.

use crate::error::Result;
use neurons::{LeakyIntegrator, Lif, Model};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use sim_core::{
    BatchNorm, Cells, DelayKernel, DenseSynapses, Error, Granularity, Network, NeuronModel,
    Population, Projection, Purpose, Seed, Synapses, rounded_delay,
};
use std::sync::Arc;

/// Input channels, hidden populations and one output neuron per class, each projecting to the next.
///
/// Weights start uniform in `±gain * sqrt(6 / (pre * kernel_count))` ([He et al. 2015], for
/// rectifiers), delays uniform over the window: the reference draws positions `P` from
/// `U(-floor(K/2) - 1, floor(K/2))` and clamps them to `±floor(K/2)`, which in delays `d =
/// floor(K/2) - P` is `min(U(0, D + 1), D)` [Hammouamri et al. 2023]. Every projection has streams
/// of its own, so appending a population does not shift the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeedForward {
    /// Neurons of each hidden population, at least one population; 256, 256.
    pub hidden: Vec<usize>,
    /// Batch norm of the hidden populations' input; on.
    pub batch_norm: bool,
    /// What the synapses have for delays; learned.
    pub delays: Delays,
    /// Length of the delay window in ms, above 0; 250. The window has `K = round(max_delay_ms /
    /// dt_ms)` steps, one more where that is even, so the longest delay is `(K - 1) dt_ms`.
    pub max_delay_ms: f64,
    /// What has a delay of its own; every synapse.
    pub delay_granularity: Granularity,
    /// How a weight is spread around its delay while training; Gaussian.
    pub delay_kernel: DelayKernel,
    /// Kernel elements per pair of neurons, each with its own weight and delay, at least 1; 1.
    pub kernel_count: usize,
    /// Factor on the range of the initial weights, above 0 and at most 1e6; 1.
    pub weight_gain: f64,
    /// Neuron model of the hidden populations, which must fire.
    pub neuron: Model,
    /// Neuron model of the output; it must not fire, except for the loss `spike_count`, for which
    /// it must.
    pub readout: Model,
}

/// Most synapses of a network, 2^28; more are taken for a mistake on any machine.
const MAX_SYNAPSES: f64 = (1u64 << 28) as f64;

/// What the synapses have for delays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delays {
    /// Random at first, then learned.
    #[default]
    Learned,
    /// Random, rounded to whole steps once and kept: one tap per kernel element from the start.
    FixedRandom,
    /// All zero: one weight per pair.
    None,
}

impl Default for FeedForward {
    fn default() -> Self {
        Self {
            hidden: vec![256, 256],
            batch_norm: true,
            delays: Delays::Learned,
            max_delay_ms: 250.0,
            delay_granularity: Granularity::Synaptic,
            delay_kernel: DelayKernel::Gaussian,
            kernel_count: 1,
            weight_gain: 1.0,
            neuron: Model::Lif(Lif::default()),
            readout: Model::LeakyIntegrator(LeakyIntegrator::default()),
        }
    }
}

impl FeedForward {
    /// Checks every field that does not need data.
    ///
    /// # Errors
    /// The first field that is not allowed, with its value.
    pub fn check(&self, dt_ms: f64) -> Result<()> {
        if self.hidden.is_empty() {
            return Err(Error::out_of_range(
                "network.hidden",
                "[]",
                "a list of at least one population size",
            )
            .into());
        }
        for (index, &size) in self.hidden.iter().enumerate() {
            Error::check(
                &format!("network.hidden[{index}]"),
                size as f64,
                (1..=1 << 20).contains(&size),
                "in 1..=1048576",
            )?;
        }
        let allowed = format!("above 0 and at most 10000 steps of {dt_ms} ms");
        let fits = self.max_delay_ms > 0.0 && self.max_delay_ms <= 10_000.0 * dt_ms;
        Error::check("network.max_delay_ms", self.max_delay_ms, fits, &allowed)?;
        Error::check(
            "network.kernel_count",
            self.kernel_count as f64,
            (1..=64).contains(&self.kernel_count),
            "in 1..=64",
        )?;
        if self.delays == Delays::None {
            let alone =
                "1 where network.delays is \"none\", since kernel elements would differ in nothing";
            Error::check(
                "network.kernel_count",
                self.kernel_count as f64,
                self.kernel_count == 1,
                alone,
            )?;
        }
        let gain = self.weight_gain > 0.0 && self.weight_gain <= 1e6;
        Error::check("network.weight_gain", self.weight_gain, gain, "above 0 and at most 1e6")?;
        self.check_synapses(&self.hidden)?;
        if !self
            .neuron
            .build(dt_ms)
            .map_err(|error| crate::error::Error::in_section("network.neuron", error))?
            .fires()
        {
            return Err(Error::Network(
                "network.neuron never fires, but hidden populations need a model that does".into(),
            )
            .into());
        }
        self.readout_fires(dt_ms).map(drop)
    }

    /// Checks that the network for `channels` input channels and `classes` classes is not too
    /// large.
    ///
    /// # Errors
    /// When all projections together have more than 2^28 synapses.
    pub fn check_size(&self, channels: usize, classes: usize) -> Result<()> {
        self.check_synapses(&self.sizes(channels, classes))
    }

    /// Checks the number of synapses between populations of these sizes, before memory is asked
    /// for.
    fn check_synapses(&self, sizes: &[usize]) -> Result<()> {
        let synapses = self.synapse_count(sizes);
        if synapses > MAX_SYNAPSES {
            let allowed = format!(
                "small enough for at most {MAX_SYNAPSES} synapses (pairs of neurons x network.kernel_count), but there would be {synapses}"
            );
            return Err(Error::out_of_range(
                "network.hidden",
                format!("{:?}", self.hidden),
                allowed,
            )
            .into());
        }
        Ok(())
    }

    /// About how many bytes a batch of `batch` samples takes, all padded to `steps` steps. By
    /// neuron and step: a current, in training a gradient too, and masks and lists of its spikes.
    /// By synapse: gradients, moments, a copy of the gradients, and taps or shares in fixed
    /// filters. The constants are measured ones, rounded up.
    pub(crate) fn working_bytes(
        &self,
        (channels, classes): (usize, usize),
        dt_ms: f64,
        batch: usize,
        steps: usize,
        train: bool,
    ) -> f64 {
        let sizes = self.sizes(channels, classes);
        let row = if train { 12.0 } else { 8.0 };
        let synapse = match (train, self.delays) {
            (false, _) => 60.0,
            (true, Delays::Learned) => 400.0,
            (true, Delays::FixedRandom | Delays::None) => 160.0,
        };
        // Every projection appends half of the delay window; rows are padded to whole vectors.
        let half_window = self.max_delay_steps(dt_ms) / 2;
        let padded =
            |population: usize| (steps + population * half_window).next_multiple_of(16) as f64;
        let rows: f64 = sizes
            .iter()
            .enumerate()
            .skip(1)
            .map(|(population, &size)| size as f64 * padded(population))
            .sum();
        batch as f64 * rows * row + self.synapse_count(&sizes) * synapse
    }

    fn synapse_count(&self, sizes: &[usize]) -> f64 {
        let pairs: f64 = sizes.windows(2).map(|pair| pair[0] as f64 * pair[1] as f64).sum();
        pairs * self.kernel_count as f64
    }

    fn sizes(&self, channels: usize, classes: usize) -> Vec<usize> {
        [channels].iter().chain(&self.hidden).chain(&[classes]).copied().collect()
    }

    /// Whether output neurons fire.
    ///
    /// # Errors
    /// What is wrong with the model's parameters.
    pub fn readout_fires(&self, dt_ms: f64) -> Result<bool> {
        Ok(self
            .readout
            .build(dt_ms)
            .map_err(|error| crate::error::Error::in_section("network.readout", error))?
            .fires())
    }

    /// Longest delay in steps.
    pub fn max_delay_steps(&self, dt_ms: f64) -> usize {
        if self.delays == Delays::None {
            return 0;
        }
        let window = ((self.max_delay_ms / dt_ms).round() as usize).max(1);
        // The longest delay of a window with an odd number of steps, and so with a centre: K - 1,
        // or K where K had to be made odd.
        window - window % 2
    }

    /// The network for `channels` input channels and `classes` classes on a grid of `dt_ms`.
    ///
    /// # Errors
    /// As [`Self::check`] and [`Self::check_size`].
    pub fn build(
        &self,
        channels: usize,
        classes: usize,
        dt_ms: f64,
        seed: Seed,
    ) -> Result<Network> {
        self.check(dt_ms)?;
        self.check_size(channels, classes)?;
        let sizes = self.sizes(channels, classes);
        let last = sizes.len() - 1;
        let populations = sizes.iter().enumerate().map(|(index, &size)| {
            let (name, cells) = match index {
                0 => ("input".to_owned(), Cells::Source),
                _ if index == last => ("output".to_owned(), Cells::Neurons(Arc::new(self.readout))),
                _ => (format!("hidden{index}"), Cells::Neurons(Arc::new(self.neuron))),
            };
            let norm = (self.batch_norm && index > 0 && index < last).then(|| BatchNorm::new(size));
            Population { name, size, cells, norm }
        });
        let projections = (0..last).map(|index| Projection {
            source: index,
            target: index + 1,
            synapses: Synapses::Dense(self.synapses(
                sizes[index],
                sizes[index + 1],
                dt_ms,
                seed,
                index as u64,
            )),
        });
        let network = Network {
            dt_ms,
            populations: populations.collect(),
            projections: projections.collect(),
        };
        network.check()?;
        Ok(network)
    }

    fn synapses(
        &self,
        pre: usize,
        post: usize,
        dt_ms: f64,
        seed: Seed,
        projection: u64,
    ) -> DenseSynapses {
        let max_delay_steps = self.max_delay_steps(dt_ms);
        let mut synapses = DenseSynapses {
            pre,
            post,
            taps: self.kernel_count,
            max_delay_steps,
            granularity: self.delay_granularity,
            // Delays that stay whole need no spread around them.
            kernel: if self.delays == Delays::Learned {
                self.delay_kernel
            } else {
                DelayKernel::OneTap
            },
            weight: Vec::new(),
            delay: Vec::new(),
            polarity: None,
        };
        let bound = self.weight_gain * (6.0 / (pre * self.kernel_count) as f64).sqrt();
        let mut rng = seed.stream(Purpose::Weights, projection, 0);
        synapses.weight = (0..post * pre * self.kernel_count)
            .map(|_| rng.random_range(-bound..=bound) as f32)
            .collect();
        let mut rng = seed.stream(Purpose::Delays, projection, 0);
        let longest = max_delay_steps as f64;
        let mut draw = |_| match self.delays {
            Delays::Learned => rng.random_range(0.0..longest + 1.0).min(longest) as f32,
            Delays::FixedRandom => {
                rounded_delay(rng.random_range(0.0..longest + 1.0).min(longest), max_delay_steps)
                    as f32
            }
            Delays::None => 0.0,
        };
        synapses.delay = (0..synapses.delay_shape().entries()).map(&mut draw).collect();
        synapses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_is_near_what_was_measured() {
        // Largest resident memory of `synfire train quickstart` in GiB, with these hidden sizes,
        // batches and delays.
        for (delays, batch, measured) in [
            (Delays::Learned, 64, 2.85),
            (Delays::Learned, 32, 1.98),
            (Delays::Learned, 8, 1.17),
            (Delays::None, 8, 0.51),
        ] {
            let network = FeedForward {
                hidden: vec![65536],
                max_delay_ms: 48.0,
                delays,
                ..FeedForward::default()
            };
            let estimate =
                network.working_bytes((20, 10), 2.0, batch, 30, true) / f64::from(1 << 30);
            assert!(
                (0.7..1.4).contains(&(estimate / measured)),
                "{delays:?}, {batch}: {estimate} against {measured}"
            );
        }
    }
}
