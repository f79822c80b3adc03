//! Feed-forward networks with delays on every synapse: `[network]` of an experiment's file.

use crate::error::Result;
use crate::memory_need::MemoryNeed;
use neurons::{LeakyIntegrator, Lif, Model};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use sim_core::{
    BatchNorm, Cells, DelayKernel, DenseSynapses, Error, Granularity, Network, NeuronModel,
    Population, Projection, Purpose, Roles, Seed, Synapses, plain, rounded_delay, shown,
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
    /// dt_ms)` steps, one more where that is even, so the longest delay is `(K - 1) dt_ms`; delays
    /// need `K > 1`.
    pub max_delay_ms: f64,
    /// Instead of `max_delay_ms`: the longest delay in steps, an even number from 2 to 10000, so
    /// that the window of one step more has a centre; none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_delay_steps: Option<usize>,
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

/// Bytes by neuron and sample, beside those of its steps: where its spikes begin in each of their
/// orders.
const BY_NEURON: f64 = 40.0;

/// What a batch keeps by neuron and step, in evaluation and in training.
pub(crate) const BATCH_ROWS: [&str; 2] =
    ["currents and spikes", "currents, spikes and their gradients"];

/// What is to be done with a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Work {
    /// Samples of the batch.
    pub batch: usize,
    /// Steps of the longest sample.
    pub steps: usize,
    /// Spikes of a sample, those that coincide counted once.
    pub entries: usize,
    /// Bytes that the optimiser keeps for each value that learns; none where nothing learns.
    pub moments: Option<f64>,
    /// Taps of the widest kernel, where kernels are evaluated with all that count; else 0.
    pub taps: f64,
}

/// Longest delay window in steps.
const MAX_WINDOW: usize = 10_000;

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
            max_delay_steps: None,
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
                format!("network.hidden[{index}]"),
                size as f64,
                (1..=1 << 20).contains(&size),
                "from 1 to 1048576",
            )?;
        }
        self.check_longest_delay(dt_ms)?;
        Error::check(
            "network.kernel_count",
            self.kernel_count as f64,
            (1..=64).contains(&self.kernel_count),
            "from 1 to 64",
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
        if !self.neuron.build(dt_ms).map_err(|error| error.within("network.neuron"))?.fires() {
            return Err(Error::unfit(
                "network.neuron",
                "never fires, but hidden populations need a model that does",
            )
            .into());
        }
        self.readout_fires(dt_ms).map(drop)
    }

    fn check_longest_delay(&self, dt_ms: f64) -> Result<()> {
        if let Some(steps) = self.max_delay_steps {
            let odd = steps % 2 == 1;
            let (before, after) = (steps.saturating_sub(1).max(2), steps + 1);
            let centre = "even, so that the window of one step more has a centre";
            let allowed = match steps {
                0..=10_000 if odd && before < after => {
                    format!("{centre}; the nearest are {before} and {after}")
                }
                0..=10_000 if odd => format!("{centre}; the nearest is {after}"),
                _ => "from 2 to 10000".into(),
            };
            let fits = !odd && (2..=10_000).contains(&steps);
            return Ok(Error::check("network.max_delay_steps", steps as f64, fits, &allowed)?);
        }
        let longest = shown(MAX_WINDOW as f64 * dt_ms);
        let allowed = format!("above 0 and at most {longest} ms, {MAX_WINDOW} steps of {dt_ms} ms");
        let fits = self.max_delay_ms > 0.0 && self.max_delay_ms <= MAX_WINDOW as f64 * dt_ms;
        Error::check("network.max_delay_ms", self.max_delay_ms, fits, &allowed)?;
        if self.delays != Delays::None && self.longest_delay_steps(dt_ms) == 0 {
            let shortest = shown(1.5 * dt_ms);
            let allowed = format!(
                "at least {shortest} ms, 1.5 steps of {dt_ms} ms, since with a shorter window every \
                 delay is 0; for a network without delays set network.delays to \"none\""
            );
            Error::check("network.max_delay_ms", self.max_delay_ms, false, &allowed)?;
        }
        Ok(())
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

    /// About how much memory a batch of `work.batch` samples takes, all padded to `work.steps`
    /// steps. By neuron and step: a current, in training a gradient too, and masks and lists of its
    /// spikes. By synapse: gradients, moments, copies, and taps or shares in fixed filters. The
    /// constants are measured ones, rounded up.
    pub(crate) fn memory_need(
        &self,
        (channels, classes): (usize, usize),
        dt_ms: f64,
        work: Work,
    ) -> MemoryNeed {
        let sizes = self.sizes(channels, classes);
        let synapses = self.synapse_count(&sizes);
        // Every projection appends half of the delay window; rows are padded to whole vectors.
        let half_window = self.longest_delay_steps(dt_ms) / 2;
        let padded =
            |population: usize| (work.steps + population * half_window).next_multiple_of(16) as f64;
        let neurons = sizes.iter().enumerate().skip(1).map(|(p, &size)| (p, size as f64));
        let rows: f64 = neurons.clone().map(|(p, size)| size * padded(p)).sum();
        let neurons: f64 = neurons.map(|(_, size)| size).sum();
        let batch = work.batch as f64;
        let frames = batch * (work.entries as f64 * 8.0 + channels as f64 * 8.0);
        let learned = self.delays == Delays::Learned;
        let window = (self.longest_delay_steps(dt_ms) + 1) as f64;
        let taps = if learned { work.taps.min(window) } else { 0.0 };
        let of_synapses = |bytes: f64| synapses * bytes;
        match work.moments {
            None => MemoryNeed::new([
                ("weights and delays", of_synapses(16.0)),
                ("kernels of synapses", of_synapses(44.0)),
                (BATCH_ROWS[0], batch * (rows * 8.0 + neurons * BY_NEURON)),
                ("samples", frames),
            ]),
            Some(moments) => {
                let learned_values = if learned { 2.0 } else { 1.0 };
                let kernels = if learned { 550.0 + 16.0 * taps } else { 112.0 };
                MemoryNeed::new([
                    ("weights and delays", of_synapses(24.0)),
                    ("gradients", of_synapses(8.0)),
                    ("moments of the optimiser", of_synapses(learned_values * moments)),
                    ("kernels of synapses", of_synapses(kernels)),
                    (BATCH_ROWS[1], batch * (rows * 12.0 + neurons * BY_NEURON)),
                    // One batch is made while another trains.
                    ("samples", 2.0 * frames),
                ])
            }
        }
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
        Ok(self.readout.build(dt_ms).map_err(|error| error.within("network.readout"))?.fires())
    }

    /// Longest delay of the network on a grid of `dt_ms`, in steps.
    pub fn longest_delay_steps(&self, dt_ms: f64) -> usize {
        if self.delays == Delays::None {
            return 0;
        }
        if let Some(steps) = self.max_delay_steps {
            return steps;
        }
        let window = ((self.max_delay_ms / dt_ms).round() as usize).max(1);
        // The longest delay of a window with an odd number of steps, and so with a centre: K - 1,
        // or K where K had to be made odd.
        window - window % 2
    }

    /// The delays of the network on a grid of `dt_ms` in words, such as `delays 0 to 240 ms (window
    /// of 25 steps of 10 ms), learned`; `learn` tells whether training moves them.
    pub(crate) fn delays_in_words(&self, dt_ms: f64, learn: bool) -> String {
        let longest = self.longest_delay_steps(dt_ms);
        let (end, window) = (longest as f64 * dt_ms, (longest + 1) as f64 * dt_ms);
        let fate = match self.delays {
            Delays::None => return "no delays".into(),
            Delays::Learned if learn => "learned",
            Delays::Learned => "random, not learned",
            Delays::FixedRandom => "random, rounded to whole steps, not learned",
        };
        let asked = self.max_delay_ms;
        let is = |ms: f64| (asked - ms).abs() <= 1e-9 * ms;
        let rounded = if self.max_delay_steps.is_some() || is(end) || is(window) {
            String::new()
        } else {
            format!("; network.max_delay_ms = {} is rounded to it", plain(asked))
        };
        format!(
            "delays 0 to {} ms (window of {} steps of {} ms{rounded}), {fate}",
            shown(end),
            longest + 1,
            plain(dt_ms)
        )
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
            Population { norm, ..Population::new(name, size, cells) }
        });
        let projections = (0..last).map(|index| {
            let (pre, post) = (sizes[index], sizes[index + 1]);
            let synapses = self.synapses(pre, post, dt_ms, seed, index as u64);
            Projection::new(index, index + 1, Synapses::Dense(synapses))
        });
        let network = Network::new(dt_ms, populations.collect(), projections.collect())
            .with_roles(Roles::new(0, last));
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
        let max_delay_steps = self.longest_delay_steps(dt_ms);
        let mut synapses = DenseSynapses {
            pre,
            post,
            elements_per_pair: self.kernel_count,
            min_delay_steps: 0,
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
            let work = Work { batch, steps: 30, entries: 40, moments: Some(8.0), taps: 0.0 };
            let estimate = network.memory_need((20, 10), 2.0, work).total() / f64::from(1 << 30);
            assert!(
                (0.7..1.4).contains(&(estimate / measured)),
                "{delays:?}, {batch}: {estimate} against {measured}"
            );
        }
    }
}
