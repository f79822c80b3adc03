//! A projection without delays: a product of its weights with the spikes of all steps.
//!
//! ```text
//! I_j[t]     = sum_i w_ij s_i[t]                    per spike, a row of weights side by side
//! dL/dw_ij   = sum over samples and t of s_i[t] dL/dI_j[t]               per spike, a row of
//! gradients dL/ds_i[t] = sum_j w_ij dL/dI_j[t]                a matrix product over the samples of
//! a shard
//! ```
//! Without delays, no row is ever shifted against another, so postsynaptic neurons run side by side
//! instead of steps, and a few steps fill a vector as well as many do.
//!
//! The spikes of a neuron in all samples of a shard are gathered for the weight gradient, and
//! samples of few steps are joined to one matrix product for the gradient of the source.
//!
//! Input that repeats in every step, as an image does, is multiplied once, whatever the number of
//! steps: it has one *column* per sample, and the gradient is summed over the steps first. Behind
//! the end of a sample that is shorter than the longest of its batch, there is no current.

use crate::demand::Wanted;
use crate::layout::{Layout, index};
use crate::plan::{Plan, PlanSettings, Shard, SpikeOrder, Spikes, Write};
use crate::scratch::{PlanScratch, ProductScratch, TaskScratch};
use rayon::prelude::*;
use sim_core::{DenseSynapses, NORMALISER_SHARE};
use simd::{
    Aligned, Instructions, Mixture, NEURONS_PER_BLOCK, RowTable, blocks_to_rows, combine_each,
    gather_rows, padded, rows_to_blocks,
};
use std::ops::Range;

/// Most postsynaptic neurons of a panel: as many sums as registers hold beside a row of weights.
const MOST_PER_PANEL: usize = 6 * NEURONS_PER_BLOCK;

/// Most presynaptic neurons of a task of the weight gradient: their sums stay in the second cache.
const MOST_PER_TASK: usize = 256;

/// Numbers of the gradient of one panel that are taken at a time: they stay in the nearest cache.
const NEAR_CACHE: usize = 8192;

/// Steps from which on the gradient of the sources is worked out sample by sample: rows along time
/// are then long enough for the loops, and need not be transposed.
pub(crate) const LONG: usize = 64;

/// Rows of long samples that are taken at a time: they stay in the nearest cache.
const ROWS: usize = 64;

/// The share of a weight that the normaliser of a delay kernel keeps where the window is one step.
pub(crate) const KEPT: f32 = NORMALISER_SHARE as f32;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct ProductPlan {
    /// Whether the input of the batch repeats.
    repeats: bool,
    layout: Layout,
    steps_in: usize,
    steps_out: usize,
    /// Weights by slot.
    by_panel: Aligned,
    /// Weights for the gradient of the source: `[post][padded pre]`, or `[pre][post]` for long
    /// samples.
    back: Aligned,
}

impl ProductPlan {
    /// Whether a projection is a product: it has one weight per pair, and no delay.
    pub(crate) fn suits(synapses: &DenseSynapses) -> bool {
        synapses.max_delay_steps == 0 && synapses.elements_per_pair == 1
    }

    /// Columns of one sample.
    fn columns(&self) -> usize {
        if self.repeats { 1 } else { self.steps_in }
    }

    /// Groups of [`NEURONS_PER_BLOCK`] postsynaptic neurons in a panel.
    fn planes(&self) -> usize {
        self.layout.panel_size / NEURONS_PER_BLOCK
    }

    /// Planes of a panel that have a neuron; the last panel may not have as many.
    fn filled(&self, panel: usize) -> usize {
        self.layout.neurons(panel).div_ceil(NEURONS_PER_BLOCK)
    }

    /// Postsynaptic neurons of one plane of a panel.
    fn neurons(&self, panel: usize, plane: usize) -> usize {
        self.layout.neurons(panel).saturating_sub(plane * NEURONS_PER_BLOCK).min(NEURONS_PER_BLOCK)
    }

    /// The gradient of one sample for one plane of a panel, by columns.
    fn turn(
        &self,
        gradient: &[f32],
        shown: usize,
        (panel, plane): (usize, usize),
        out: &mut [f32],
    ) {
        let length = padded(self.steps_out);
        let first = panel * self.layout.panel_size + plane * NEURONS_PER_BLOCK;
        let rows = gradient.get(first * length..).unwrap_or_default();
        let neurons = self.neurons(panel, plane);
        if self.repeats {
            out.fill(0.0);
            for (sum, row) in out.iter_mut().zip(rows.chunks_exact(length)).take(neurons) {
                *sum = row[..shown].iter().sum();
            }
        } else {
            const SAME: [(f32, f32); NEURONS_PER_BLOCK] = [(1.0, 0.0); NEURONS_PER_BLOCK];
            rows_to_blocks(rows, length, &SAME[..neurons], out.as_chunks_mut().0);
        }
    }

    /// Adds the correlations over samples whose gradients stay in the nearest cache.
    fn correlate_some(
        &self,
        isa: Instructions,
        task: usize,
        shard: Shard,
        scratch: &mut ProductScratch,
        sums: &mut [f32],
    ) {
        let ProductScratch { blocks, trains, .. } = scratch;
        let (panel, elements) = self.layout.task(task);
        let (columns, planes) = (self.columns(), self.planes());
        let all = shard.samples.len() * columns;
        let blocks = blocks.resize(planes * all * NEURONS_PER_BLOCK);
        for (sample, (spikes, gradient)) in shard.iter().enumerate() {
            for (plane, blocks) in
                blocks.chunks_exact_mut((all * NEURONS_PER_BLOCK).max(1)).enumerate()
            {
                let out = &mut blocks[sample * columns * NEURONS_PER_BLOCK..]
                    [..columns * NEURONS_PER_BLOCK];
                self.turn(gradient, spikes.frames.steps(), (panel, plane), out);
            }
        }
        let table = RowTable {
            numbers: blocks,
            row_stride: NEURONS_PER_BLOCK,
            plane_stride: all * NEURONS_PER_BLOCK,
        };
        let most = if self.repeats { 1 } else { usize::MAX };
        let frames = shard.iter().map(|(spikes, _)| spikes.frames);
        trains.refill(frames, elements, (columns, most));
        for (train, sums) in trains.iter().zip(sums.chunks_exact_mut(self.layout.panel_size)) {
            gather_rows(isa, train, table, planes, sums, NEURONS_PER_BLOCK);
        }
    }
}

impl Plan for ProductPlan {
    fn prepare(&mut self, _isa: Instructions, synapses: &DenseSynapses, settings: &PlanSettings) {
        let panels = synapses.post.div_ceil(MOST_PER_PANEL);
        let panel_size = synapses.post.div_ceil(panels).next_multiple_of(NEURONS_PER_BLOCK);
        let layout = Layout::new(synapses, panel_size, MOST_PER_TASK);
        (self.layout, self.repeats) = (layout, settings.repeats());
        (self.steps_in, self.steps_out) = (settings.steps_in, settings.steps_out);
        let rows = self.by_panel.resize(layout.slots()).par_chunks_exact_mut(panel_size);
        rows.with_min_len(16).enumerate().for_each(|(row, weights)| {
            for (neuron, kept) in weights.iter_mut().enumerate() {
                let weight =
                    |(post, pre): (usize, usize)| synapses.weight[post * synapses.pre + pre];
                *kept =
                    layout.synapse(row * panel_size + neuron).map_or(0.0, |at| KEPT * weight(at));
            }
        });
        if settings.input.is_some() {
            return;
        }
        let DenseSynapses { pre, post, weight, .. } = synapses;
        if self.joins_samples() {
            let length = padded(*pre);
            let rows = self.back.resize(post * length).par_chunks_exact_mut(length);
            let weights = weight.par_chunks_exact(*pre);
            rows.zip(weights).with_min_len(16).for_each(|(row, weights)| {
                row.iter_mut().zip(weights).for_each(|(kept, weight)| *kept = KEPT * weight);
                row[weights.len()..].fill(0.0);
            });
        } else {
            let rows = self.back.resize(pre * post).par_chunks_exact_mut(*post);
            rows.with_min_len(16).enumerate().for_each(|(neuron, row)| {
                let weights = weight[neuron..].iter().step_by(*pre);
                row.iter_mut().zip(weights).for_each(|(kept, weight)| *kept = KEPT * weight);
            });
        }
    }

    fn layout(&self) -> Layout {
        self.layout
    }

    fn spike_order(&self) -> SpikeOrder {
        if self.repeats { SpikeOrder::FirstStep } else { SpikeOrder::Steps }
    }

    fn forward(
        &self,
        isa: Instructions,
        panel: usize,
        spikes: Spikes,
        scratch: &mut PlanScratch,
        out: &mut [f32],
        write: Write,
    ) {
        let Self { layout, steps_out, .. } = *self;
        let (columns, planes, length) = (self.columns(), self.planes(), padded(steps_out));
        let blocks = scratch.product.blocks.resize(planes * columns * NEURONS_PER_BLOCK);
        blocks.fill(0.0);
        let numbers = &self.by_panel.as_slice()[layout.row(panel, 0)..];
        let table =
            RowTable { numbers, row_stride: layout.panel_size, plane_stride: NEURONS_PER_BLOCK };
        for column in 0..columns.min(spikes.events.steps()) {
            let (events, sums) =
                (spikes.events.at(column), &mut blocks[column * NEURONS_PER_BLOCK..]);
            gather_rows(isa, events, table, planes, sums, columns * NEURONS_PER_BLOCK);
        }
        // Only the first `shown` steps of a row have a current.
        let shown = if self.repeats { spikes.frames.steps() } else { columns };
        let out = &mut out[panel * layout.panel_size * length..];
        let by_plane = blocks.as_chunks::<NEURONS_PER_BLOCK>().0.chunks_exact(columns);
        for (plane, blocks) in by_plane.take(self.filled(panel)).enumerate() {
            let (rows, count) =
                (&mut out[plane * NEURONS_PER_BLOCK * length..], self.neurons(panel, plane));
            if write == Write::Set && !self.repeats {
                blocks_to_rows(blocks, count, rows, length);
            }
            for (neuron, row) in rows.chunks_exact_mut(length).take(count).enumerate() {
                let (row, behind) = row.split_at_mut(shown);
                match (write, self.repeats) {
                    (Write::Set, true) => row.fill(blocks[0][neuron]),
                    (Write::Set, false) => {}
                    (Write::Add, true) => row.iter_mut().for_each(|out| *out += blocks[0][neuron]),
                    (Write::Add, false) => {
                        row.iter_mut().zip(blocks).for_each(|(out, block)| *out += block[neuron]);
                    }
                }
                if write == Write::Set {
                    behind.fill(0.0);
                }
            }
        }
    }

    fn joins_samples(&self) -> bool {
        self.steps_in < LONG
    }

    fn join_gradients(&self, isa: Instructions, shard: Shard, scratch: &mut PlanScratch) {
        let Layout { pre, post, .. } = self.layout;
        let ProductScratch { blocks, columns, outputs, joined, .. } = &mut scratch.product;
        let (steps, wide) = (self.steps_in, padded(post));
        // dL/dI, `[column][padded post]`.
        let all = shard.samples.len() * steps;
        let (blocks, columns) =
            (blocks.resize(steps * NEURONS_PER_BLOCK), columns.resize(all * wide));
        let by_sample = columns.chunks_exact_mut(steps * wide);
        for (columns, (_, gradient)) in by_sample.zip(shard.iter()) {
            for panel in 0..self.layout.panels() {
                for plane in 0..self.filled(panel) {
                    self.turn(gradient, steps, (panel, plane), blocks);
                    let first = panel * self.layout.panel_size + plane * NEURONS_PER_BLOCK;
                    let columns = columns.chunks_exact_mut(wide);
                    for (column, block) in columns.zip(blocks.chunks_exact(NEURONS_PER_BLOCK)) {
                        column[first..][..NEURONS_PER_BLOCK].copy_from_slice(block);
                    }
                }
            }
        }
        // dL/ds, `[column][padded pre]`.
        let length = padded(pre);
        outputs.clear();
        outputs.extend(
            (0..all).map(|column| Mixture {
                weights: index(column * wide),
                out: index(column * length),
            }),
        );
        let joined = joined.resize(all * length);
        joined.fill(0.0);
        let weights = self.back.as_slice();
        combine_each(isa, outputs, (columns, 0), post, weights, length, joined, length);
    }

    fn input_gradient(
        &self,
        isa: Instructions,
        rank: usize,
        gradient: &[f32],
        wanted: &[Wanted],
        scratch: &mut PlanScratch,
        out: &mut [f32],
    ) {
        let Layout { pre, post, .. } = self.layout;
        let (wide, length) = (padded(pre), padded(self.steps_in));
        let ProductScratch { outputs, joined, .. } = &mut scratch.product;
        if self.joins_samples() {
            let joined = &joined.as_slice()[rank * self.steps_in * wide..];
            for Wanted { neuron, steps } in wanted {
                let row = &mut out[neuron * length..][..self.steps_in];
                let end = steps.end.min(self.steps_in);
                for (step, out) in row[..end].iter_mut().enumerate().skip(steps.start) {
                    *out += joined[step * wide + neuron];
                }
            }
            return;
        }
        outputs.clear();
        outputs.reserve(pre);
        let neurons = wanted.chunk_by(|a, b| a.neuron == b.neuron).map(|runs| runs[0].neuron);
        outputs.extend(
            neurons.map(|neuron| Mixture {
                weights: index(neuron * post),
                out: index(neuron * length),
            }),
        );
        let stride = padded(self.steps_out);
        for first in (0..post).step_by(ROWS) {
            let (weights, count) = ((self.back.as_slice(), first), ROWS.min(post - first));
            let rows = &gradient[first * stride..];
            combine_each(isa, outputs, weights, count, rows, stride, out, length);
        }
    }

    fn correlations(&self, _task: usize) -> usize {
        self.layout.slots_per_task()
    }

    fn correlate(
        &self,
        isa: Instructions,
        task: usize,
        shard: Shard,
        scratch: &mut TaskScratch,
        sums: &mut [f32],
    ) {
        let together = NEAR_CACHE / (self.columns() * self.layout.panel_size).max(1);
        let Range { start, end } = shard.samples;
        for first in (start..end).step_by(together.max(1)) {
            let samples = first..end.min(first + together.max(1));
            let some = Shard { samples, ..shard.clone() };
            self.correlate_some(isa, task, some, &mut scratch.product, sums);
        }
    }

    fn fold(&self, _task: usize, sums: &[f32], weight: &mut [f32], delay: &mut [f32]) {
        weight.iter_mut().zip(sums).for_each(|(weight, sum)| *weight = KEPT * sum);
        // The window has one delay, which cannot move.
        delay.fill(0.0);
    }
}
