//! A projection whose synapses are a few neighbouring taps, with or without a fixed filter behind
//! them.
//!
//! A synapse is one short vector of values and the delay of the first of them. Forward, every burst
//! of spikes adds its taps to the rows of the neurons that it reaches:
//! ```text
//! I_j[t]     = sum_i sum_k w_ij a_k(d_ij) s_i[t - m_ij - k]       m_ij the delay of the first tap
//! A_ijk      = sum_t s_i[t] g_j[t + m_ij + k]                     back, with g = dL/dI
//! dL/dw_ij   = sum_k a_k A_ijk,   dL/dd_ij = w_ij sum_k a'_k A_ijk
//! dL/ds_i[t] = sum_j sum_k w_ij a_k g_j[t + m_ij + k]
//! ```
//! The cost of currents and of `A` follows spikes. Neurons fire in bursts: on spoken digits three
//! to four spikes of a neuron fall within six steps. With up to four taps, such a burst and its
//! taps are one vector of eight steps. Spikes are cut into bursts once per sample, and two bursts
//! of a neuron share what is read of a synapse. With more taps, a spike is one vector, and a neuron
//! that fires so often that a whole row is cheaper is taken as a row.
//!
//! The input gradient is wanted also where nothing fires, so it goes by rows, over the steps where
//! there is demand (`demand`): it is the one part whose cost follows time. A delay makes a row
//! begin anywhere, and of eight neighbours that begin anywhere nearly half lie across two lines of
//! the cache. So where vectors have eight numbers, rows are laid out in overlapping lines
//! (`simd::to_lines`), sixteen neurons and 160 steps at a time, which stay in the nearest cache.
//!
//! A filter (`taps::smoothing`) turns rows to currents, and on the way back gradients to rows.

use crate::demand::Wanted;
use crate::element_trains::ElementTrains;
use crate::layout::{Layout, index};
use crate::plan::{Plan, PlanSettings, Shard, SpikeOrder, Spikes, Write};
use crate::row_shape::RowShape;
use crate::scratch::{PanelRows, PlanScratch, TaskScratch, WindowScratch};
use crate::taps::spread::TapWindow;
use crate::taps::tail_shares::TailShares;
use sim_core::{DenseSynapses, SpikeFrames};
use simd::{
    DelayWindows, Instructions, RowSource, Shift, TapRow, padded, pair_with_next, row_stride,
    to_lines,
};
use std::sync::Arc;

/// Postsynaptic neurons of a panel. Each spike goes to all of them in turn, so that the numbers of
/// a row have arrived in the cache by the row's next turn; more rows would not fit there.
const NEURONS_PER_PANEL: usize = 32;

/// Tasks of the weight gradient for each thread, so that threads end at about the same time. More
/// tasks would copy the rows of a panel more often.
const TASKS_PER_THREAD: usize = 4;

/// Numbers of trains taken at a time: they stay in a near cache.
const NEAR_CACHE: usize = 6144;

/// Steps of a panel's rows that are taken at a time: they stay in the second cache, from which rows
/// are read about as fast as they are multiplied.
const TILE: usize = 448;

/// Steps of rows in lines that are taken at a time, and the number of these rows: the rows of short
/// windows fit the nearest cache. Fewer rows would load and store the output more often, which
/// costs more than the misses of long windows.
const STEPS_IN_LINES: usize = 160;
const ROWS_IN_LINES: usize = 16;

/// A spike of up to 4 taps costs as much as this many multiply-adds of a row.
/// `benches/projection.rs` compares.
const SPIKE_COST: usize = 20;

/// Cost of a spike in tenths of a spike of up to 4 taps, by the stride of the taps: 13 for every
/// eight taps, 10 for another four.
fn wide_spike_cost(stride: usize) -> usize {
    stride / 8 * 13 + stride % 8 / 4 * 10
}

/// See the module.
#[derive(Debug)]
pub(crate) struct WindowPlan {
    window: TapWindow,
    layout: Layout,
    windows: DelayWindows,
    shape: RowShape,
    tails: TailShares,
    /// Spikes of a neuron from which on a whole row is cheaper.
    frequent: usize,
    /// Whether whole rows are multiplied in bf16.
    paired: bool,
}

impl WindowPlan {
    /// A plan for the taps of `window`, not yet ready for a batch.
    pub(crate) fn new(window: TapWindow) -> Self {
        Self {
            window,
            layout: Layout::default(),
            windows: DelayWindows::default(),
            shape: RowShape::default(),
            tails: TailShares::default(),
            frequent: 1,
            paired: false,
        }
    }
}

impl Plan for WindowPlan {
    fn prepare(&mut self, isa: Instructions, synapses: &DenseSynapses, settings: &PlanSettings) {
        let &PlanSettings { steps_in, steps_out, .. } = settings;
        let window = &self.window;
        // The split of a panel's elements changes only who adds them. If there is a filter, every
        // task filters the gradient of its panel itself: then more tasks than threads are more
        // work.
        let per_thread = if window.smoothing().is_some() { 1 } else { TASKS_PER_THREAD };
        let tasks = (per_thread * rayon::current_num_threads())
            .div_ceil(synapses.post.div_ceil(NEURONS_PER_PANEL));
        let layout = Layout::new(
            synapses,
            NEURONS_PER_PANEL,
            (synapses.pre * synapses.elements_per_pair).div_ceil(tasks),
        );
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
        self.windows.fill(layout.slots(), window.width, |slot, taps| {
            let row = index(slot % layout.panel_size * stride);
            match layout.synapse(slot) {
                Some(element) => {
                    let (weight, delay) = layout.parameters(synapses, element);
                    let first = window.taps(delay as f64, taps.value, taps.slope);
                    TapRow { first, row, weight }
                }
                None => {
                    taps.value.fill(0.0);
                    taps.slope.fill(0.0);
                    TapRow { first: 0, row, weight: 0.0 }
                }
            }
        });
        if let Some((smoothing, rows)) = &smoothing {
            self.tails.prepare(&layout, synapses, smoothing, *rows);
        }
        let paired = settings.paired(isa);
        (self.layout, self.paired) = (layout, paired);
        self.shape = RowShape { steps_in, steps_out, stride, smoothing };
        if paired {
            self.windows.pair_up();
        }
        let products = if paired { window.width.div_ceil(2) } else { window.width };
        let spikes = 10 * products * padded(steps_out)
            / (SPIKE_COST * wide_spike_cost(self.windows.stride()));
        self.frequent = spikes.max(1);
    }

    fn layout(&self) -> Layout {
        self.layout
    }

    fn spike_order(&self) -> SpikeOrder {
        self.windows.burst_taps().map_or(SpikeOrder::Channels, SpikeOrder::Bursts)
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
        let scratch = &mut scratch.window;
        let Self { layout, windows, shape, tails, .. } = self;
        let neurons = layout.neurons(panel);
        let PanelRows { rows, tails: tail_rows, .. } = &mut scratch.rows;
        // Every panel has rows for `panel_size` neurons, though the last panel may have fewer
        // neurons.
        rows.resize(layout.panel_size * shape.stride)[..neurons * shape.stride].fill(0.0);
        let tail_rows = tail_rows.resize(layout.panel_size * shape.per_neuron());
        tail_rows[..neurons * shape.per_neuron()].fill(0.0);
        if windows.burst_taps().is_some() {
            windows.scatter_bursts(
                isa,
                ElementTrains::new(spikes.bursts, layout, panel, 0..layout.elements()),
                rows.as_mut_slice(),
            );
            if shape.smoothing.is_some() {
                tails.windows().scatter_bursts(
                    isa,
                    tails.trains(spikes.bursts, layout, panel, 0..layout.elements()),
                    tail_rows,
                );
            }
        } else {
            self.add_spikes(isa, panel, spikes.frames, scratch);
        }
        let length = padded(shape.steps_out);
        let out = out[panel * layout.panel_size * length..].chunks_exact_mut(length).take(neurons);
        let PanelRows { rows, tails, .. } = &scratch.rows;
        for (post, (row, out)) in rows.as_slice().chunks_exact(shape.stride).zip(out).enumerate() {
            match (&shape.smoothing, write) {
                (Some((smoothing, lengths)), _) => {
                    if write == Write::Set {
                        out.fill(0.0);
                    }
                    let tails =
                        &tails.as_slice()[post * shape.per_neuron()..][..shape.per_neuron()];
                    smoothing.apply(isa, *lengths, row, tails, out);
                }
                (None, Write::Set) => out.copy_from_slice(&row[..length]),
                (None, Write::Add) => out.iter_mut().zip(row).for_each(|(out, row)| *out += row),
            }
        }
    }

    fn input_gradient(
        &self,
        isa: Instructions,
        _rank: usize,
        gradient: &[f32],
        wanted: &[Wanted],
        scratch: &mut PlanScratch,
        out: &mut [f32],
    ) {
        for panel in 0..self.layout.panels() {
            self.panel_gradient(isa, panel, gradient, wanted, &mut scratch.window, out);
        }
    }

    /// `[slot][tap]`, then the correlations of the shares in tails.
    fn correlations(&self, task: usize) -> usize {
        let of_tails = self.tails().map_or(0, |tails| {
            let (panel, elements) = self.layout.task(task);
            tails.of(&self.layout, panel, elements).len() * tails.windows().stride()
        });
        self.plain_correlations() + of_tails
    }

    fn correlate(
        &self,
        isa: Instructions,
        task: usize,
        shard: Shard,
        scratch: &mut TaskScratch,
        sums: &mut [f32],
    ) {
        for (spikes, gradient) in shard.iter() {
            self.correlate_sample(isa, task, spikes, gradient, &mut scratch.rows, sums);
        }
    }

    fn fold(&self, task: usize, sums: &[f32], weight: &mut [f32], delay: &mut [f32]) {
        let first = task * self.layout.slots_per_task();
        let (sums, of_tails) = sums.split_at(self.plain_correlations());
        let sums = sums.chunks_exact(self.windows.stride());
        for (n, (sums, (weight, delay))) in
            sums.zip(weight.iter_mut().zip(delay.iter_mut())).enumerate()
        {
            (*weight, *delay) = self.windows.fold(first + n, sums);
        }
        if let Some(tails) = self.tails() {
            let (panel, elements) = self.layout.task(task);
            for (slot, by_weight, by_delay) in
                tails.fold(tails.of(&self.layout, panel, elements), of_tails)
            {
                weight[slot - first] += by_weight;
                delay[slot - first] += by_delay;
            }
        }
    }
}

impl WindowPlan {
    /// Correlations of one task, without the shares in tails.
    fn plain_correlations(&self) -> usize {
        self.layout.slots_per_task() * self.windows.stride()
    }

    /// The shares in rows of tails, where there is a smoothing.
    fn tails(&self) -> Option<&TailShares> {
        self.shape.smoothing.is_some().then_some(&self.tails)
    }

    /// Adds the correlations over one sample.
    fn correlate_sample(
        &self,
        isa: Instructions,
        task: usize,
        spikes: Spikes,
        gradient: &[f32],
        rows: &mut PanelRows,
        sums: &mut [f32],
    ) {
        let Self { layout, windows, .. } = self;
        let (panel, elements) = layout.task(task);
        let neurons = layout.neurons(panel);
        self.shape.spread(isa, layout, panel, gradient, rows);
        let PanelRows { rows, tails: tail_rows, .. } = &*rows;
        let (sums, of_tails) = sums.split_at_mut(self.plain_correlations());
        if windows.burst_taps().is_none() {
            let sums_of = sums
                .chunks_exact_mut(layout.panel_size * windows.stride())
                .map(|sums| &mut sums[..neurons * windows.stride()]);
            for (element, sums) in elements.zip(sums_of) {
                let (steps, counts) = spikes.frames.channel(element / layout.elements_per_pair);
                if !steps.is_empty() {
                    let row = layout.row(panel, element);
                    windows.gather(isa, row..row + neurons, steps, counts, rows.as_slice(), sums);
                }
            }
            return;
        }
        let first = layout.row(panel, elements.start);
        windows.gather_bursts(
            isa,
            ElementTrains::new(spikes.bursts, layout, panel, elements.clone()),
            rows.as_slice(),
            (first, sums),
        );
        if let Some(tails) = self.tails() {
            let first = tails.of(layout, panel, elements.clone()).start;
            let trains = tails.trains(spikes.bursts, layout, panel, elements);
            tails.windows().gather_bursts(isa, trains, tail_rows.as_slice(), (first, of_tails));
        }
    }

    /// The part of [`Plan::input_gradient`] that comes from one panel.
    fn panel_gradient(
        &self,
        isa: Instructions,
        panel: usize,
        gradient: &[f32],
        wanted: &[Wanted],
        scratch: &mut WindowScratch,
        out: &mut [f32],
    ) {
        let Self { layout, windows, shape, tails, .. } = self;
        let mut tiles = Tiles {
            wanted,
            elements_per_pair: layout.elements_per_pair,
            length: padded(shape.steps_in),
            out,
        };
        // Without a filter, the rows are the gradient, and lines are made from it directly.
        if shape.smoothing.is_some() || !isa.prefers_lines() {
            shape.spread(isa, layout, panel, gradient, &mut scratch.rows);
        }
        if isa.prefers_lines() {
            self.pull_lines(isa, panel, gradient, scratch, &mut tiles);
        } else {
            let WindowScratch { rows, pairs, sources, .. } = scratch;
            let (rows, neurons) = (rows.rows.as_slice(), layout.neurons(panel));
            if self.paired {
                pair_up(rows, pairs);
                sources.refill((0..neurons).map(|post| RowSource {
                    row: index(post * shape.stride),
                    synapse: index(post),
                }));
            }
            tiles.each(TILE, |element, start, out| {
                let row = layout.row(panel, element);
                if self.paired {
                    windows.pull_paired(isa, sources, row, Shift::Earlier, &pairs[start..], out);
                } else {
                    windows.pull_ahead(isa, row..row + neurons, &rows[start..], out);
                }
            });
        }
        if shape.smoothing.is_some() {
            let rows = scratch.rows.tails.as_slice();
            tiles.each(TILE, |element, start, out| {
                tails.pull(isa, tails.of(layout, panel, element..element + 1), &rows[start..], out);
            });
        }
    }

    /// Adds spikes to the rows of one panel: one by one, or by whole rows for neurons that fire
    /// often.
    fn add_spikes(
        &self,
        isa: Instructions,
        panel: usize,
        spikes: &SpikeFrames,
        scratch: &mut WindowScratch,
    ) {
        let Self { layout, windows, shape, .. } = self;
        let neurons = layout.neurons(panel);
        let WindowScratch { rows, trains, pairs, sources, frequent, .. } = scratch;
        let rows = rows.rows.as_mut_slice();
        // Reserve for the worst case: any neuron may fire often.
        frequent.clear();
        frequent.reserve(layout.pre);
        sources.reserve(layout.elements());
        for neuron in 0..layout.pre {
            let (steps, counts) = spikes.channel(neuron);
            if steps.len() >= self.frequent {
                frequent.push(neuron);
            } else if !steps.is_empty() {
                for element in
                    neuron * layout.elements_per_pair..(neuron + 1) * layout.elements_per_pair
                {
                    let row = layout.row(panel, element);
                    windows.scatter(isa, row..row + neurons, steps, counts, rows);
                }
            }
        }
        // Whole trains, as many at a time as fit a near cache beside a postsynaptic row.
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
                (0..layout.elements_per_pair).map(move |element| RowSource {
                    row,
                    synapse: index(layout.row(panel, neuron * layout.elements_per_pair + element)),
                })
            };
            sources.refill(frequent.iter().enumerate().flat_map(source));
            if self.paired {
                pair_up(trains, pairs);
            }
            for (post, row) in rows.chunks_exact_mut(shape.stride).take(neurons).enumerate() {
                let row = &mut row[..padded(shape.steps_out)];
                if self.paired {
                    windows.pull_paired(isa, sources, post, Shift::Later, pairs, row);
                } else {
                    windows.pull(isa, sources, post, trains, row);
                }
            }
        }
    }

    /// The part of [`panel_gradient`](Self::panel_gradient) that comes from rows in lines, some
    /// neurons at a time.
    fn pull_lines(
        &self,
        isa: Instructions,
        panel: usize,
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
        let row = |post: usize| match shape.smoothing {
            Some(_) => &rows.rows.as_slice()[post * stride..][..stride],
            None => {
                &gradient[(panel * layout.panel_size + post) * padded(shape.steps_out)..]
                    [..shape.steps_out]
            }
        };
        let lines = lines.resize(layout.panel_size * 2 * stride);
        let neurons = layout.neurons(panel);
        let groups = neurons.div_ceil(ROWS_IN_LINES);
        for group in 0..groups {
            let group = neurons * group / groups..neurons * (group + 1) / groups;
            for post in group.clone() {
                to_lines(row(post), &mut lines[post * 2 * stride..][..2 * stride]);
            }
            tiles.each(STEPS_IN_LINES, |element, start, out| {
                let row = layout.row(panel, element);
                windows.pull_lines(
                    isa,
                    row + group.start..row + group.end,
                    &lines[2 * start..],
                    out,
                );
            });
        }
    }
}

/// The wanted steps of dL/ds, `[pre][length]`.
struct Tiles<'a> {
    wanted: &'a [Wanted],
    /// Kernel elements per pair of neurons.
    elements_per_pair: usize,
    length: usize,
    out: &'a mut [f32],
}

impl Tiles<'_> {
    /// Calls `f(element, start, out)` for every tile of up to `most` steps, every run of wanted
    /// steps in it and every element of the run's neuron. The run begins at `start`.
    fn each(&mut self, most: usize, mut f: impl FnMut(usize, usize, &mut [f32])) {
        let tile = padded(self.length.div_ceil(self.length.div_ceil(most)));
        for first in (0..self.length).step_by(tile) {
            for Wanted { neuron, steps } in self.wanted {
                let steps = steps.start.max(first)..steps.end.min(first + tile);
                if !steps.is_empty() {
                    let (start, out) = (steps.start, &mut self.out[neuron * self.length..][steps]);
                    (neuron * self.elements_per_pair..(neuron + 1) * self.elements_per_pair)
                        .for_each(|element| f(element, start, out));
                }
            }
        }
    }
}

/// Pairs every number of `rows` with the next number.
fn pair_up(rows: &[f32], pairs: &mut Vec<u32>) {
    pairs.resize(rows.len(), 0);
    pair_with_next(rows, pairs);
}
