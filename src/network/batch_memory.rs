//! How much memory a batch takes, before there is a network.

use crate::memory_need::MemoryNeed;
use crate::network::dense_connections::DenseConnections;
use crate::network::description::{CellsPart, Description};
use sim_core::NeuronModel;

/// Bytes by neuron and sample, beside those of its steps: where its spikes begin in each of their
/// orders.
const BY_NEURON: f64 = 40.0;

/// What a batch keeps by neuron and step, in evaluation and in training.
pub(crate) const BATCH_ROWS: [&str; 2] =
    ["currents and spikes", "currents, spikes and their gradients"];

/// What is to be done with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
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

impl Description<'_> {
    /// About how much memory a batch of `work.batch` samples takes, all padded to `work.steps`
    /// steps. By neuron and step: a current, in training a gradient too, and masks and lists of its
    /// spikes. By synapse: gradients, moments, copies, and taps or shares in fixed filters. The
    /// constants are measured ones, rounded up.
    pub(crate) fn memory_need(&self, sizes: &[usize], dt_ms: f64, work: Work) -> MemoryNeed {
        let synapses = self.dense_synapses(sizes);
        let windows = self.windows(dt_ms);
        // Rows are padded to whole vectors.
        let padded =
            |population: usize| (work.steps + windows[population]).next_multiple_of(16) as f64;
        let is_source = |p: &usize| !matches!(self.populations[*p].cells, CellsPart::Neurons(_));
        let neurons = (0..sizes.len()).filter(|p| !is_source(p)).map(|p| (p, sizes[p] as f64));
        let ports = |p: usize| match &self.populations[p].cells {
            CellsPart::Neurons(model) => model.ports().len() as f64,
            _ => 0.0,
        };
        let rows: f64 = neurons.clone().map(|(p, size)| size * ports(p) * padded(p)).sum();
        let neurons: f64 = neurons.map(|(_, size)| size).sum();
        let channels: f64 = (0..sizes.len()).filter(is_source).map(|p| sizes[p] as f64).sum();
        let batch = work.batch as f64;
        let frames = batch * (work.entries as f64 * 8.0 + channels * 8.0);
        let learned = self.learns_delays();
        let longest = self.dense().map(|(_, dense)| dense.longest_delay_steps(dt_ms)).max();
        let window = (longest.unwrap_or(0) + 1) as f64;
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

    /// Steps that are added on the longest way to each population: every projection appends half of
    /// its delay window. What closes a loop adds nothing.
    fn windows(&self, dt_ms: f64) -> Vec<usize> {
        let mut windows = vec![0; self.populations.len()];
        let half = |dense: &DenseConnections| dense.longest_delay_steps(dt_ms) / 2;
        let forwards: Vec<(usize, usize, usize)> = self
            .dense()
            .filter(|&(index, _)| !self.closes_loop(index))
            .map(|(index, dense)| {
                let part = &self.projections[index];
                (part.source, part.target, half(dense))
            })
            .collect();
        // The longest way passes every population once at most.
        for _ in 0..self.populations.len() {
            for &(source, target, half) in &forwards {
                windows[target] = windows[target].max(windows[source] + half);
            }
        }
        windows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::dense_connections::Delays;
    use crate::network::expansion::Sizes;
    use crate::network::feed_forward::FeedForward;

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
            let description = network.describe();
            let sizes = description.sizes(Sizes { channels: 20, classes: 10 }).unwrap();
            let need = description.memory_need(&sizes, 2.0, work);
            let estimate = need.total() / f64::from(1 << 30);
            assert!(
                (0.7..1.4).contains(&(estimate / measured)),
                "{delays:?}, {batch}: {estimate} against {measured}"
            );
        }
    }
}
