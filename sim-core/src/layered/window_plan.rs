//! A projection whose synapses are a few neighbouring taps, with or without a fixed filter behind
//! them.
//!
//! Forward, every burst of spikes adds its taps to the rows of the neurons it reaches, and the
//! weight gradient collects what the gradient's rows hold there: the cost follows spikes. Of
//! kernels too wide for bursts, neurons that fire so often that whole rows are cheaper are taken
//! row by row. The input gradient goes by rows, over the steps where there is demand. A filter
//! (`smoothing`) turns rows to currents, and on the way back gradients to rows.

use super::demand::Wanted;
use super::layout::{Layout, index};
use super::projection::{Spikes, Write};
use super::smoothing::{SmoothRows, Smoothing};
use super::spread::Window;
use super::tail_shares::TailShares;
use crate::kernels::{
    Aligned, Bursts, DelayWindows, Instructions, Place, Shift, Source, Sources, Train, padded,
    pair_with_next, resize_with_room, row_stride, to_lines,
};
use crate::{DenseSynapses, SpikeFrames};
use std::ops::Range;
use std::sync::Arc;

/// Postsynaptic neurons of a block. Each spike goes to all of them in turn, so that by its next
/// turn a row's last numbers have arrived in the cache; more would not fit there.
const BLOCK: usize = 32;

/// Tasks of the weight gradient for each thread, so that they end at about the same time. More
/// would copy a block's rows more often.
const TASKS_PER_THREAD: usize = 4;

/// Numbers of trains taken at a time: they stay in a near cache.
const NEAR_CACHE: usize = 6144;

/// Steps of a block's rows taken at a time: these stay in the second cache, from which they are
/// read about as fast as they are multiplied.
const TILE: usize = 448;

/// The same of rows in lines, and how many of them are taken at a time: of short windows they fit
/// the nearest cache; fewer would load and store the output more often, which costs more than that
/// long windows do not.
const STEPS_IN_LINES: usize = 160;
const ROWS_IN_LINES: usize = 16;

/// A spike of up to 4 taps costs as much as this many multiply-adds of a row.
/// `benches/projection.rs` compares.
const SPIKE_COST: usize = 20;

/// What one of so many taps costs instead of 4, in tenths: 13 for every eight, 10 for another four.
fn wide_spike_cost(lanes: usize) -> usize {
    lanes / 8 * 13 + lanes % 8 / 4 * 10
}

/// Memory that one worker reuses.
#[derive(Debug, Default)]
pub(super) struct WindowScratch {
    rows: BlockRows,
    trains: Aligned,
    /// Rows in lines.
    lines: Aligned,
    /// Rows or trains as pairs of bf16.
    pairs: Vec<u32>,
    sources: Sources,
    frequent: Vec<usize>,
}

/// The rows of one block.
#[derive(Debug, Default)]
pub(super) struct BlockRows {
    /// `[lane][stride]`
    rows: Aligned,
    /// Of the tails of a smoothing.
    tails: Aligned,
    /// One row of a gradient with zeros on either side.
    gradient: Aligned,
}

/// What one task of the weight gradient reuses.
#[derive(Debug, Default)]
pub(super) struct WindowTask {
    rows: BlockRows,
    /// Correlations of every share in tails.
    sums: Vec<f32>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct WindowPlan {
    pub layout: Layout,
    windows: DelayWindows,
    shape: RowShape,
    tails: TailShares,
    /// Spikes from which a row is cheaper.
    frequent: usize,
    /// Whether whole rows are multiplied in bf16.
    paired: bool,
    /// Correlations of every tap, as `windows` has them.
    sums: Vec<f32>,
}

/// Lengths of the rows that taps are added to, and how they become currents.
#[derive(Debug, Clone, Default)]
struct RowShape {
    steps_in: usize,
    steps_out: usize,
    /// Length of a row: all that spikes and delays can reach.
    stride: usize,
    smoothing: Option<(Arc<Smoothing>, SmoothRows)>,
}

impl WindowPlan {
    /// Works out the taps of every synapse.
    pub(super) fn prepare(
        &mut self,
        synapses: &DenseSynapses,
        window: &Window,
        paired: bool,
        (steps_in, steps_out): (usize, usize),
    ) {
        // How a block's elements are split changes nothing but who adds them. Every task filters
        // the gradient of its block itself, if there is a filter: then more tasks than threads are
        // more work.
        let per_thread = if window.smoothing().is_some() { 1 } else { TASKS_PER_THREAD };
        let tasks =
            (per_thread * rayon::current_num_threads()).div_ceil(synapses.post.div_ceil(BLOCK));
        let layout = Layout::new(synapses, BLOCK, (synapses.pre * synapses.taps).div_ceil(tasks));
        let touched = DelayWindows::touched_for(window.width);
        let smoothing = window.smoothing().map(|smoothing| {
            (Arc::clone(smoothing), smoothing.rows(padded(steps_in), padded(steps_out), touched))
        });
        let stride = match &smoothing {
            Some((_, rows)) => rows.row,
            None => {
                row_stride((padded(steps_in) + window.latest() + touched).max(padded(steps_out)))
            }
        };
        self.windows.fill(layout.places(), window.width, |place, taps| {
            let row = index(place % layout.block * stride);
            match layout.synapse(place) {
                Some((post, element)) => {
                    let delay = synapses.delay
                        [synapses.delay_index(post, element / layout.taps, element % layout.taps)];
                    let first = window.taps(delay as f64, taps.value, taps.slope);
                    Place {
                        first,
                        row,
                        weight: synapses.weight[post * layout.elements() + element],
                    }
                }
                None => {
                    taps.value.fill(0.0);
                    taps.slope.fill(0.0);
                    Place { first: 0, row, weight: 0.0 }
                }
            }
        });
        if let Some((smoothing, rows)) = &smoothing {
            self.tails.prepare(&layout, synapses, smoothing, *rows);
        }
        (self.layout, self.paired) = (layout, paired);
        self.shape = RowShape { steps_in, steps_out, stride, smoothing };
        if paired {
            self.windows.pair_up();
        }
        let products = if paired { window.width.div_ceil(2) } else { window.width };
        let spikes = 10 * products * padded(steps_out)
            / (SPIKE_COST * wide_spike_cost(self.windows.lanes()));
        self.frequent = spikes.max(1);
    }

    /// Taps that the bursts of spikes have to be made for, where kernels are narrow enough for
    /// them.
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
        let Self { layout, windows, shape, tails, .. } = self;
        let lanes = layout.lanes(block);
        let BlockRows { rows, tails: tail_rows, .. } = &mut scratch.rows;
        // There are rows for all lanes of a block, though the last may not have as many.
        rows.resize(layout.block * shape.stride)[..lanes * shape.stride].fill(0.0);
        let tail_rows = tail_rows.resize(layout.block * shape.per_lane());
        tail_rows[..lanes * shape.per_lane()].fill(0.0);
        if self.burst_taps().is_some() {
            windows.scatter_bursts(
                with,
                Trains::new(spikes.bursts, layout, block, 0..layout.elements()),
                rows.as_mut_slice(),
            );
            if shape.smoothing.is_some() {
                tails.windows().scatter_bursts(
                    with,
                    tails.trains(spikes.bursts, layout, block, 0..layout.elements()),
                    tail_rows,
                );
            }
        } else {
            self.add_spikes(with, block, spikes.frames, scratch);
        }
        let length = padded(shape.steps_out);
        let out = out[block * layout.block * length..].chunks_exact_mut(length).take(lanes);
        let BlockRows { rows, tails, .. } = &scratch.rows;
        for (lane, (row, out)) in rows.as_slice().chunks_exact(shape.stride).zip(out).enumerate() {
            match (&shape.smoothing, write) {
                (Some((smoothing, lengths)), _) => {
                    if write == Write::Set {
                        out.fill(0.0);
                    }
                    let tails = &tails.as_slice()[lane * shape.per_lane()..][..shape.per_lane()];
                    smoothing.apply(with, *lengths, row, tails, out);
                }
                (None, Write::Set) => out.copy_from_slice(&row[..length]),
                (None, Write::Add) => out.iter_mut().zip(row).for_each(|(out, row)| *out += row),
            }
        }
    }

    /// Adds single spikes to the rows of one block, of neurons that fire often by whole rows.
    fn add_spikes(
        &self,
        with: Instructions,
        block: usize,
        spikes: &SpikeFrames,
        scratch: &mut WindowScratch,
    ) {
        let Self { layout, windows, shape, .. } = self;
        let lanes = layout.lanes(block);
        let WindowScratch { rows, trains, pairs, sources, frequent, .. } = scratch;
        let rows = rows.rows.as_mut_slice();
        // As many as there may ever be.
        frequent.clear();
        frequent.reserve(layout.pre);
        sources.reserve(layout.elements());
        for neuron in 0..layout.pre {
            let (steps, counts) = spikes.channel(neuron);
            if steps.len() >= self.frequent {
                frequent.push(neuron);
            } else if !steps.is_empty() {
                for element in neuron * layout.taps..(neuron + 1) * layout.taps {
                    let row = layout.row(block, element);
                    windows.scatter(with, row..row + lanes, steps, counts, rows);
                }
            }
        }
        // Whole trains, as many as fit beside a postsynaptic row.
        let length = windows.reach() + padded(shape.steps_out);
        for frequent in frequent.chunks((NEAR_CACHE / length).max(1)) {
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
                (0..layout.taps).map(move |tap| Source {
                    row,
                    synapse: index(layout.row(block, neuron * layout.taps + tap)),
                })
            };
            sources.refill(frequent.iter().enumerate().flat_map(source));
            if self.paired {
                pair_up(trains, pairs);
            }
            for (lane, row) in rows.chunks_exact_mut(shape.stride).take(lanes).enumerate() {
                let row = &mut row[..padded(shape.steps_out)];
                if self.paired {
                    windows.pull_paired(with, sources, lane, Shift::Later, pairs, row);
                } else {
                    windows.pull(with, sources, lane, trains, row);
                }
            }
        }
    }

    /// The correlation sums of all tasks, each to be filled by [`WindowCorrelation::add`].
    pub(super) fn split(&mut self) -> (WindowCorrelation<'_>, &mut [f32], usize) {
        let Self { layout, windows, shape, tails, sums, .. } = self;
        sums.resize(layout.places() * windows.lanes(), 0.0);
        let per_task = layout.per_task * layout.block * windows.lanes();
        let tails = shape.smoothing.is_some().then_some(&*tails);
        (WindowCorrelation { layout: *layout, windows, shape, tails }, sums, per_task)
    }

    /// Adds dL/ds of the presynaptic neurons, where it is `wanted` and as far as it comes from one
    /// block, to `out`, `[pre][padded steps_in]`; `gradient` is dL/dI, `[post][padded steps_out]`.
    pub(super) fn input_gradient(
        &self,
        with: Instructions,
        block: usize,
        gradient: &[f32],
        wanted: &[Wanted],
        scratch: &mut WindowScratch,
        out: &mut [f32],
    ) {
        let Self { layout, windows, shape, tails, .. } = self;
        let mut tiles = Tiles { wanted, taps: layout.taps, length: padded(shape.steps_in), out };
        // Without a filter the rows are the gradient: lines are made of it at once.
        if shape.smoothing.is_some() || !with.prefers_lines() {
            shape.spread(with, layout, block, gradient, &mut scratch.rows);
        }
        if with.prefers_lines() {
            self.pull_lines(with, block, gradient, scratch, &mut tiles);
        } else {
            let WindowScratch { rows, pairs, sources, .. } = scratch;
            let (rows, lanes) = (rows.rows.as_slice(), layout.lanes(block));
            if self.paired {
                pair_up(rows, pairs);
                sources.refill(
                    (0..lanes).map(|lane| Source {
                        row: index(lane * shape.stride),
                        synapse: index(lane),
                    }),
                );
            }
            tiles.each(TILE, |element, start, out| {
                let row = layout.row(block, element);
                if self.paired {
                    windows.pull_paired(with, sources, row, Shift::Earlier, &pairs[start..], out);
                } else {
                    windows.pull_ahead(with, row..row + lanes, &rows[start..], out);
                }
            });
        }
        if shape.smoothing.is_some() {
            let rows = scratch.rows.tails.as_slice();
            tiles.each(TILE, |element, start, out| {
                tails.pull(
                    with,
                    tails.of(layout, block, element..element + 1),
                    &rows[start..],
                    out,
                );
            });
        }
    }

    /// The part of [`input_gradient`](Self::input_gradient) that comes from rows in lines, those of
    /// some lanes at a time.
    fn pull_lines(
        &self,
        with: Instructions,
        block: usize,
        gradient: &[f32],
        scratch: &mut WindowScratch,
        tiles: &mut Tiles,
    ) {
        let Self { layout, windows, shape, .. } = self;
        let WindowScratch { rows, lines, .. } = scratch;
        let stride = shape.stride;
        debug_assert!(
            stride.is_multiple_of(8),
            "rows that are written one by one would not lie as one long row does"
        );
        let row = |lane: usize| match shape.smoothing {
            Some(_) => &rows.rows.as_slice()[lane * stride..][..stride],
            None => {
                &gradient[(block * layout.block + lane) * padded(shape.steps_out)..]
                    [..shape.steps_out]
            }
        };
        let lines = lines.resize(layout.block * 2 * stride);
        let lanes = layout.lanes(block);
        let groups = lanes.div_ceil(ROWS_IN_LINES);
        for group in 0..groups {
            let group = lanes * group / groups..lanes * (group + 1) / groups;
            for lane in group.clone() {
                to_lines(row(lane), &mut lines[lane * 2 * stride..][..2 * stride]);
            }
            tiles.each(STEPS_IN_LINES, |element, start, out| {
                let row = layout.row(block, element);
                windows.pull_lines(
                    with,
                    row + group.start..row + group.end,
                    &lines[2 * start..],
                    out,
                );
            });
        }
    }
}

/// What is wanted of dL/ds, `[pre][length]`.
struct Tiles<'a> {
    wanted: &'a [Wanted],
    /// Elements of one neuron.
    taps: usize,
    length: usize,
    out: &'a mut [f32],
}

impl Tiles<'_> {
    /// Calls `f(element, start, out)` for every element, tile of up to `most` steps and run of
    /// wanted steps in it, which begins at `start`.
    fn each(&mut self, most: usize, mut f: impl FnMut(usize, usize, &mut [f32])) {
        let tile = padded(self.length.div_ceil(self.length.div_ceil(most)));
        for first in (0..self.length).step_by(tile) {
            for Wanted { neuron, steps } in self.wanted {
                let steps = steps.start.max(first)..steps.end.min(first + tile);
                if !steps.is_empty() {
                    let (start, out) = (steps.start, &mut self.out[neuron * self.length..][steps]);
                    (neuron * self.taps..(neuron + 1) * self.taps)
                        .for_each(|element| f(element, start, out));
                }
            }
        }
    }
}

impl RowShape {
    /// Numbers of the rows of tails of one lane.
    fn per_lane(&self) -> usize {
        self.smoothing.as_ref().map_or(0, |(smoothing, rows)| 2 * smoothing.tails() * rows.tail)
    }

    /// Turns the gradient of a block's currents to that of its rows.
    fn spread(
        &self,
        with: Instructions,
        layout: &Layout,
        block: usize,
        gradient: &[f32],
        scratch: &mut BlockRows,
    ) {
        let steps = self.steps_out;
        let rows = scratch.rows.resize(layout.block * self.stride);
        let tails = scratch.tails.resize(layout.block * self.per_lane());
        let gradient = gradient[block * layout.block * padded(steps)..]
            .chunks_exact(padded(steps))
            .take(layout.lanes(block));
        let Some((smoothing, lengths)) = &self.smoothing else {
            for (row, gradient) in rows.chunks_exact_mut(self.stride).zip(gradient) {
                row[..steps].copy_from_slice(&gradient[..steps]);
                row[steps..].fill(0.0);
            }
            return;
        };
        let between_zeros = scratch.gradient.resize(lengths.gradient);
        between_zeros.fill(0.0);
        for (lane, (row, gradient)) in rows.chunks_exact_mut(self.stride).zip(gradient).enumerate()
        {
            between_zeros[lengths.before..][..steps].copy_from_slice(&gradient[..steps]);
            let tails = &mut tails[lane * self.per_lane()..][..self.per_lane()];
            smoothing.apply_adjoint(
                with,
                *lengths,
                between_zeros,
                padded(self.steps_in),
                row,
                tails,
            );
        }
    }
}

/// What the tasks of the weight gradient share.
#[derive(Clone, Copy)]
pub(super) struct WindowCorrelation<'a> {
    layout: Layout,
    windows: &'a DelayWindows,
    shape: &'a RowShape,
    tails: Option<&'a TailShares>,
}

impl WindowCorrelation<'_> {
    /// Makes ready for the samples of a batch.
    pub(super) fn clear(&self, task: usize, scratch: &mut WindowTask) {
        scratch.sums.clear();
        if let Some(tails) = self.tails {
            let (block, elements) = self.layout.task(task);
            resize_with_room(
                &mut scratch.sums,
                tails.of(&self.layout, block, elements).len() * tails.windows().lanes(),
                0.0,
            );
        }
    }

    /// Adds one sample's correlations of the elements of a task.
    pub(super) fn add(
        &self,
        with: Instructions,
        task: usize,
        spikes: Spikes,
        gradient: &[f32],
        scratch: &mut WindowTask,
        sums: &mut [f32],
    ) {
        let Self { layout, windows, .. } = self;
        let (block, elements) = layout.task(task);
        let lanes = layout.lanes(block);
        self.shape.spread(with, layout, block, gradient, &mut scratch.rows);
        let rows = scratch.rows.rows.as_slice();
        if windows.burst_taps().is_none() {
            let sums_of = sums
                .chunks_exact_mut(layout.block * windows.lanes())
                .map(|sums| &mut sums[..lanes * windows.lanes()]);
            for (element, sums) in elements.zip(sums_of) {
                let (steps, counts) = spikes.frames.channel(element / layout.taps);
                if !steps.is_empty() {
                    let row = layout.row(block, element);
                    windows.gather(with, row..row + lanes, steps, counts, rows, sums);
                }
            }
            return;
        }
        let first = layout.row(block, elements.start);
        windows.gather_bursts(
            with,
            Trains::new(spikes.bursts, layout, block, elements.clone()),
            rows,
            (first, sums),
        );
        if let Some(tails) = self.tails {
            let first = tails.of(layout, block, elements.clone()).start;
            let trains = tails.trains(spikes.bursts, layout, block, elements);
            tails.windows().gather_bursts(
                with,
                trains,
                scratch.rows.tails.as_slice(),
                (first, &mut scratch.sums),
            );
        }
    }

    /// dL/dw, and dL/d delay over the weight, of every place of a task.
    pub(super) fn fold(
        &self,
        task: usize,
        scratch: &WindowTask,
        sums: &[f32],
        weight: &mut [f32],
        delay: &mut [f32],
    ) {
        let first = task * self.layout.per_task * self.layout.block;
        let sums = sums.chunks_exact(self.windows.lanes());
        for (n, (sums, (weight, delay))) in
            sums.zip(weight.iter_mut().zip(delay.iter_mut())).enumerate()
        {
            (*weight, *delay) = self.windows.fold(first + n, sums);
        }
        if let Some(tails) = self.tails {
            let (block, elements) = self.layout.task(task);
            for (place, by_weight, by_delay) in
                tails.fold(tails.of(&self.layout, block, elements), &scratch.sums)
            {
                weight[place - first] += by_weight;
                delay[place - first] += by_delay;
            }
        }
    }
}

/// Trains of some elements of a block with the synapses they go to. Written out so that it is
/// inlined into kernels and nothing is divided per element.
struct Trains<'a> {
    bursts: &'a Bursts,
    /// Of one neuron.
    taps: usize,
    neuron: usize,
    tap: usize,
    left: usize,
    row: usize,
    block: usize,
    lanes: usize,
}

impl<'a> Trains<'a> {
    fn new(bursts: &'a Bursts, layout: &Layout, block: usize, elements: Range<usize>) -> Self {
        Self {
            bursts,
            taps: layout.taps,
            neuron: elements.start / layout.taps,
            tap: elements.start % layout.taps,
            left: elements.len(),
            row: layout.row(block, elements.start),
            block: layout.block,
            lanes: layout.lanes(block),
        }
    }
}

impl<'a> Iterator for Trains<'a> {
    type Item = (Train<'a>, Range<usize>);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let next = (self.bursts.channel(self.neuron), self.row..self.row + self.lanes);
        self.row += self.block;
        self.tap += 1;
        if self.tap == self.taps {
            (self.tap, self.neuron) = (0, self.neuron + 1);
        }
        Some(next)
    }
}

/// Every number of `rows` with the next.
fn pair_up(rows: &[f32], pairs: &mut Vec<u32>) {
    pairs.resize(rows.len(), 0);
    pair_with_next(rows, pairs);
}
