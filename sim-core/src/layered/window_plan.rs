//! A projection whose synapses are a few neighbouring taps.
//!
//! Forward, every burst of spikes adds its taps to the rows of the neurons it reaches, and the weight gradient collects what the gradient's rows
//! hold there: the cost follows spikes. Of kernels too wide for bursts, neurons that fire so often that whole rows are cheaper are taken row by
//! row. The input gradient goes by rows, over the steps where there is demand.

use super::demand::Demand;
use super::layout::{Layout, index};
use super::projection::{Spikes, Write};
use super::spread::Window;
use crate::kernels::{Aligned, DelayWindows, Instructions, Shift, Source, Sources, padded, pair_with_next};
use crate::{DenseSynapses, SpikeFrames};
use std::ops::Range;

/// Postsynaptic neurons of a block. Each spike goes to all of them in turn, so that by its next turn a row's last numbers have arrived
/// in the cache; more would not fit there.
const BLOCK: usize = 32;

/// Tasks of the weight gradient for each thread, so that they end at about the same time. More would copy a block's rows more often.
const TASKS_PER_THREAD: usize = 4;

/// Numbers of `f32` that leave room for other operands in a cache of 32 KiB.
const NEAREST_CACHE: usize = 6144;

/// Steps of a row taken at a time: what the registers hold.
const TILE: usize = 224;

/// A spike alone, with up to 4 taps, costs as much as this many multiply-adds of a row; kernels wider than that compare. `benches/projection.rs` compares.
const SPIKE_COST: usize = 20;

/// What one of so many taps costs instead of 4, in tenths: 13 for every eight, 10 for another four.
fn wide_spike_cost(lanes: usize) -> usize {
    lanes / 8 * 13 + lanes % 8 / 4 * 10
}

/// Memory that one worker reuses.
#[derive(Debug, Default)]
pub(super) struct WindowScratch {
    rows: Aligned,
    trains: Aligned,
    /// Either of them as pairs of bf16.
    pairs: Vec<u32>,
    sources: Sources,
    frequent: Vec<usize>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct WindowPlan {
    pub layout: Layout,
    windows: DelayWindows,
    steps_in: usize,
    steps_out: usize,
    /// Length of a postsynaptic row: all that spikes and delays can reach.
    stride: usize,
    /// Spikes from which a row is cheaper.
    frequent: usize,
    /// Whether whole rows are multiplied in bf16.
    paired: bool,
    /// Correlations of every tap, as `windows` has them.
    sums: Vec<f32>,
}

impl WindowPlan {
    /// Works out the taps of every synapse.
    pub(super) fn prepare(&mut self, synapses: &DenseSynapses, window: &Window, paired: bool, (steps_in, steps_out): (usize, usize)) {
        // How a block's elements are split changes nothing but who adds them.
        let tasks = (TASKS_PER_THREAD * rayon::current_num_threads()).div_ceil(synapses.post.div_ceil(BLOCK));
        let layout = Layout::new(synapses, BLOCK, (synapses.pre * synapses.taps).div_ceil(tasks));
        self.windows.fill(layout.places(), window.width, |place, taps| match layout.synapse(place) {
            Some((post, element)) => {
                let delay = synapses.delay[synapses.delay_index(post, element / layout.taps, element % layout.taps)];
                (window.taps(delay as f64, taps.value, taps.slope), synapses.weight[post * layout.elements() + element])
            }
            None => {
                taps.value.fill(0.0);
                taps.slope.fill(0.0);
                (0, 0.0)
            }
        });
        (self.layout, self.steps_in, self.steps_out, self.paired) = (layout, steps_in, steps_out, paired);
        if paired {
            self.windows.pair_up();
        }
        // An odd number of cache lines spreads the rows over the cache.
        self.stride = (padded(steps_in) + self.windows.reach()).max(padded(steps_out)).next_multiple_of(16) | 16;
        let products = if paired { window.width.div_ceil(2) } else { window.width };
        let spikes = 10 * products * padded(steps_out) / (SPIKE_COST * wide_spike_cost(self.windows.lanes()));
        self.frequent = spikes.max(1);
    }

    /// Taps that the bursts of spikes have to be made for, where kernels are narrow enough for them.
    pub(super) fn burst_taps(&self) -> Option<usize> {
        self.windows.burst_taps()
    }

    /// Writes the currents of one block to `out`, `[post][padded steps_out]`.
    pub(super) fn forward(
        &self,
        with: Instructions,
        block: usize,
        spikes: Spikes,
        scratch: &mut WindowScratch,
        out: &mut [f32],
        write: Write,
    ) {
        let Self { layout, windows, stride, .. } = self;
        let lanes = layout.lanes(block);
        scratch.rows.resize(lanes * stride).fill(0.0);
        if self.burst_taps().is_some() {
            let rows = scratch.rows.as_mut_slice();
            for element in 0..layout.elements() {
                let train = spikes.bursts.channel(element / layout.taps);
                if !train.is_empty() {
                    let row = layout.row(block, element);
                    windows.scatter_bursts(with, row..row + lanes, train, rows, *stride);
                }
            }
        } else {
            self.add_spikes(with, block, spikes.frames, scratch);
        }
        let length = padded(self.steps_out);
        let out = out[block * layout.block * length..].chunks_exact_mut(length);
        for (row, out) in scratch.rows.as_slice().chunks_exact(*stride).zip(out) {
            match write {
                Write::Set => out.copy_from_slice(&row[..length]),
                Write::Add => out.iter_mut().zip(row).for_each(|(out, row)| *out += row),
            }
        }
    }

    /// Adds single spikes to the rows of one block, of neurons that fire often by whole rows.
    fn add_spikes(&self, with: Instructions, block: usize, spikes: &SpikeFrames, scratch: &mut WindowScratch) {
        let Self { layout, windows, stride, .. } = self;
        let lanes = layout.lanes(block);
        let WindowScratch { rows, trains, pairs, sources, frequent } = scratch;
        let rows = rows.as_mut_slice();
        frequent.clear();
        frequent.reserve(layout.pre);
        for neuron in 0..layout.pre {
            let (steps, counts) = spikes.channel(neuron);
            if steps.len() >= self.frequent {
                frequent.push(neuron);
            } else if !steps.is_empty() {
                for element in neuron * layout.taps..(neuron + 1) * layout.taps {
                    let row = layout.row(block, element);
                    windows.scatter(with, row..row + lanes, steps, counts, rows, *stride);
                }
            }
        }
        // Whole trains, as many as fit beside a postsynaptic row.
        let length = windows.reach() + padded(self.steps_out);
        for frequent in frequent.chunks((NEAREST_CACHE / length).max(1)) {
            let trains = trains.resize(frequent.len() * length);
            trains.fill(0.0);
            for (train, &neuron) in trains.chunks_exact_mut(length).zip(frequent) {
                let (steps, counts) = spikes.channel(neuron);
                for (&step, &count) in steps.iter().zip(counts) {
                    if let Some(number) = train.get_mut(windows.reach() + step as usize) {
                        *number = count;
                    }
                }
            }
            let source = |(n, &neuron): (usize, &usize)| {
                let row = index(n * length + windows.reach());
                (0..layout.taps).map(move |tap| Source { row, synapse: index(layout.row(block, neuron * layout.taps + tap)) })
            };
            sources.refill(frequent.iter().enumerate().flat_map(source));
            if self.paired {
                pair_up(trains, pairs);
            }
            for (lane, row) in rows.chunks_exact_mut(*stride).enumerate() {
                let row = &mut row[..padded(self.steps_out)];
                if self.paired {
                    windows.pull_paired(with, sources, lane, Shift::Later, pairs, row);
                } else {
                    windows.pull(with, sources, lane, Shift::Later, trains, row);
                }
            }
        }
    }

    /// The correlation sums of all tasks, each to be filled by [`WindowCorrelation::add`].
    pub(super) fn split(&mut self) -> (WindowCorrelation<'_>, &mut [f32], usize) {
        let Self { layout, windows, steps_out, stride, sums, .. } = self;
        sums.resize(layout.places() * windows.lanes(), 0.0);
        let per_task = layout.per_task * layout.block * windows.lanes();
        (WindowCorrelation { layout: *layout, windows, steps_out: *steps_out, stride: *stride }, sums, per_task)
    }

    /// Adds dL/ds of the presynaptic neurons, where there is `demand` and as far as it comes from one block, to `out`,
    /// `[pre][padded steps_in]`; `gradient` is dL/dI, `[post][padded steps_out]`.
    pub(super) fn input_gradient(
        &self,
        with: Instructions,
        block: usize,
        gradient: &[f32],
        demand: &Demand,
        scratch: &mut WindowScratch,
        out: &mut [f32],
    ) {
        let Self { layout, windows, stride, .. } = self;
        let rows = scratch.rows.resize(layout.lanes(block) * stride);
        copy_rows(layout, block, gradient, self.steps_out, *stride, rows);
        if self.paired {
            pair_up(rows, &mut scratch.pairs);
        }
        let (length, lanes) = (padded(self.steps_in), layout.lanes(block));
        let tile = length.div_ceil(length.div_ceil(TILE)).next_multiple_of(16);
        let together = (NEAREST_CACHE / (tile + windows.reach())).max(1);
        for first_lane in (0..lanes).step_by(together) {
            let these = first_lane..lanes.min(first_lane + together);
            for start in (0..length).step_by(tile) {
                let steps = start..length.min(start + tile);
                let source = |lane: usize| Source { row: index(lane * stride + start), synapse: index(lane) };
                scratch.sources.refill(these.clone().map(source));
                for (neuron, out) in out.chunks_exact_mut(length).enumerate() {
                    for run in demand.runs(neuron).filter_map(|run| overlap(&run, &steps)) {
                        let (behind, out) = (run.start - start, &mut out[run]);
                        for element in neuron * layout.taps..(neuron + 1) * layout.taps {
                            let row = layout.row(block, element);
                            if self.paired {
                                windows.pull_paired(with, &scratch.sources, row, Shift::Earlier, &scratch.pairs[behind..], out);
                            } else {
                                windows.pull(with, &scratch.sources, row, Shift::Earlier, &rows[behind..], out);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What the tasks of the weight gradient share.
#[derive(Clone, Copy)]
pub(super) struct WindowCorrelation<'a> {
    layout: Layout,
    windows: &'a DelayWindows,
    steps_out: usize,
    stride: usize,
}

impl WindowCorrelation<'_> {
    /// Adds one sample's correlations of the elements of a task.
    pub(super) fn add(&self, with: Instructions, task: usize, spikes: Spikes, gradient: &[f32], rows: &mut Aligned, sums: &mut [f32]) {
        let (block, elements) = self.layout.task(task);
        let lanes = self.layout.lanes(block);
        let rows = rows.resize(lanes * self.stride);
        copy_rows(&self.layout, block, gradient, self.steps_out, self.stride, rows);
        let per_element = self.layout.block * self.windows.lanes();
        let bursts = self.windows.burst_taps().map(|_| spikes.bursts);
        for (element, sums) in elements.zip(sums.chunks_exact_mut(per_element)) {
            let (neuron, row) = (element / self.layout.taps, self.layout.row(block, element));
            let (synapses, sums) = (row..row + lanes, &mut sums[..lanes * self.windows.lanes()]);
            if let Some(bursts) = bursts {
                let train = bursts.channel(neuron);
                if !train.is_empty() {
                    self.windows.gather_bursts(with, synapses, train, rows, self.stride, sums);
                }
            } else {
                let (steps, counts) = spikes.frames.channel(neuron);
                if !steps.is_empty() {
                    self.windows.gather(with, synapses, steps, counts, rows, self.stride, sums);
                }
            }
        }
    }

    /// dL/dw, and dL/d delay over the weight, of every place of a task.
    pub(super) fn fold(&self, task: usize, sums: &[f32], weight: &mut [f32], delay: &mut [f32]) {
        let first = task * self.layout.per_task * self.layout.block;
        let sums = sums.chunks_exact(self.windows.lanes());
        for (n, (sums, (weight, delay))) in sums.zip(weight.iter_mut().zip(delay)).enumerate() {
            (*weight, *delay) = self.windows.fold(first + n, sums);
        }
    }
}

/// What two runs of steps share.
fn overlap(a: &Range<usize>, b: &Range<usize>) -> Option<Range<usize>> {
    let both = a.start.max(b.start)..a.end.min(b.end);
    (!both.is_empty()).then_some(both)
}

/// Every number of `rows` with the next.
fn pair_up(rows: &[f32], pairs: &mut Vec<u32>) {
    pairs.resize(rows.len(), 0);
    pair_with_next(rows, pairs);
}

/// The rows of a block with zeros behind them.
fn copy_rows(layout: &Layout, block: usize, gradient: &[f32], steps: usize, stride: usize, rows: &mut [f32]) {
    let gradient = gradient[block * layout.block * padded(steps)..].chunks_exact(padded(steps));
    for (row, gradient) in rows.chunks_exact_mut(stride).zip(gradient) {
        row[..steps].copy_from_slice(&gradient[..steps]);
        row[steps..].fill(0.0);
    }
}
