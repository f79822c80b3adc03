//! One projection over one sample: currents forward, weight, delay and input gradients back.
//!
//! Presynaptic rows are made a few neurons at a time, so that they stay in the nearest cache while every postsynaptic neuron
//! reads them: from the next cache the same taps take four times as long. The input gradient runs the same taps the other way: the *postsynaptic* gradient is smoothed with the mirrored
//! filters, and `dL/ds_i[t] = sum_j w sum_p value_p * row_p[t + shift_p]`.

use super::spread::{Filter, KernelEvaluation, Spread, SpreadTap};
use crate::kernels::{Instructions, Tap, TapSelection, TapTable, padded, vectorize};
use crate::{DelayKernel, DenseSynapses, LANES, Lanes, SpikeFrames};
use rayon::prelude::*;

/// Spikes of one population over one sample.
#[derive(Clone, Copy)]
pub(super) enum Spikes<'a> {
    /// Input counts.
    Frames(&'a SpikeFrames),
    /// `fired[block * steps + t]`, one bit per neuron of the block; `kept[block]` are the neurons that dropout left, `scale` their height.
    Masks { fired: &'a [u16], kept: &'a [u16], steps: usize, scale: f32 },
}

impl Spikes<'_> {
    /// Neurons of a block with any spike to hand on, as bits.
    fn active(&self, block: usize, neurons: usize) -> u16 {
        match *self {
            Self::Frames(frames) => (0..LANES.min(neurons - block * LANES))
                .filter(|lane| !frames.channel(block * LANES + lane).0.is_empty())
                .fold(0, |bits, lane| bits | 1 << lane),
            Self::Masks { fired, kept, steps, .. } => {
                fired[block * steps..(block + 1) * steps].iter().fold(0, |bits, fired| bits | fired) & kept[block]
            }
        }
    }

    /// Calls `f(lane, step, height)` for every spike of the `active` neurons of a block.
    #[inline(always)]
    fn for_each(&self, block: usize, active: u16, mut f: impl FnMut(usize, usize, f32)) {
        match *self {
            Self::Frames(frames) => {
                for lane in bits(active) {
                    let (steps, counts) = frames.channel(block * LANES + lane);
                    for (&step, &count) in steps.iter().zip(counts) {
                        f(lane, step as usize, count);
                    }
                }
            }
            Self::Masks { fired, steps, scale, .. } => {
                for (step, &fired) in fired[block * steps..(block + 1) * steps].iter().enumerate() {
                    for lane in bits(fired & active) {
                        f(lane, step, scale);
                    }
                }
            }
        }
    }
}

/// The positions of the bits set, ascending.
#[inline(always)]
pub(super) fn bits(mut mask: u16) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        if mask == 0 {
            return None;
        }
        let lane = mask.trailing_zeros() as usize;
        mask &= mask - 1;
        Some(lane)
    })
}

/// Memory that one worker reuses from sample to sample.
#[derive(Debug, Default)]
pub(super) struct ProjectionScratch {
    rows: Vec<f32>,
    signal: Vec<f32>,
    chosen: TapSelection,
}

/// A projection made ready for one batch: its taps as lists, forward and transposed.
#[derive(Debug)]
pub(super) struct ProjectionPlan {
    pre: usize,
    post: usize,
    filters: Vec<Filter>,
    /// Filter values in whole vectors, zeros behind the last.
    filter_lanes: Vec<Vec<Lanes>>,
    /// The filters as lists of taps into a gradient row, for the way back.
    mirrored: TapTable,
    mirrored_choice: Vec<TapSelection>,
    /// Taps of one synapse: kernel elements times the width of the spread.
    per_synapse: usize,
    /// `[block of pre][post][pre in block][element][tap]`: the order in which the kernels walk, so that memory streams.
    spread: Vec<SpreadTap>,
    forward: TapTable,
    backward: TapTable,
    steps_in: usize,
    steps_out: usize,
    /// Presynaptic (forward) or postsynaptic (back) neurons whose rows are made at a time: a power of two up to [`LANES`].
    forward_block: usize,
    backward_block: usize,
    /// Zeros before step 0 of a presynaptic row.
    lead: usize,
    forward_stride: usize,
    backward_stride: usize,
}

/// What the taps of a batch are made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlanSettings {
    pub kernel: DelayKernel,
    pub evaluation: KernelEvaluation,
    pub sigma_raw: f64,
    pub steps_in: usize,
    /// Steps of the target, which a longer path may determine; see [`ProjectionPlan::steps_out`].
    pub steps_out: usize,
    /// Whether the input gradient is wanted.
    pub transposed: bool,
}

impl ProjectionPlan {
    pub(super) fn new() -> Self {
        Self {
            pre: 0,
            post: 0,
            filters: Vec::new(),
            filter_lanes: Vec::new(),
            mirrored: TapTable::default(),
            mirrored_choice: Vec::new(),
            per_synapse: 0,
            spread: Vec::new(),
            forward: TapTable::default(),
            backward: TapTable::default(),
            steps_in: 0,
            steps_out: 0,
            forward_block: LANES,
            backward_block: LANES,
            lead: 0,
            forward_stride: 0,
            backward_stride: 0,
        }
    }

    /// Steps that the target needs when the source has `steps_in`: half the kernel is added, so that late delayed spikes still count.
    pub(super) fn steps_out(synapses: &DenseSynapses, steps_in: usize) -> usize {
        steps_in + synapses.max_delay_steps / 2
    }

    /// Works out the taps of every synapse.
    pub(super) fn prepare(&mut self, synapses: &DenseSynapses, settings: PlanSettings) {
        let spread = Spread::new(settings.kernel, settings.evaluation, synapses.max_delay_steps, settings.sigma_raw);
        let DenseSynapses { pre, post, taps, .. } = *synapses;
        (self.pre, self.post) = (pre, post);
        self.per_synapse = taps * spread.width;
        self.steps_in = settings.steps_in;
        self.steps_out = settings.steps_out;
        let look_ahead = spread.filters.iter().map(|filter| -filter.first).max().unwrap_or(0).max(0) as usize;
        self.lead = synapses.max_delay_steps.max(look_ahead);
        // A row takes whole filters of its last spike, so that writing them needs no clipping.
        let filter_reach =
            spread.filters.iter().map(|filter| filter.first.max(0) as usize + filter.value.len().next_multiple_of(LANES)).max();
        self.forward_stride = self.lead + padded(self.steps_out).max(self.steps_in + filter_reach.unwrap_or(0));
        self.backward_stride = padded(synapses.max_delay_steps + padded(self.steps_in));

        let rows = spread.filters.len();
        self.forward_block = block_size(rows * self.forward_stride);
        self.backward_block = block_size(rows * self.backward_stride);
        self.spread_delays(synapses, &spread);
        self.filters = spread.filters;
        self.filter_lanes = self.filters.iter().map(|filter| lanes_of(&filter.value)).collect();

        let (all, per_synapse, block) = (&self.spread, self.per_synapse, self.forward_block);
        let weight = |j: usize, i: usize, k: usize| synapses.weight[(j * pre + i) * taps + k * taps / per_synapse];
        let (lead, stride) = (self.lead, self.forward_stride);
        let per_list = block * per_synapse;
        self.forward.fill(pre.div_ceil(block) * post, per_list, block * rows * stride, |list, out| {
            let (first, j) = (list / post * block, list % post);
            for (index, (tap, from)) in out.iter_mut().zip(&all[list * per_list..]).enumerate() {
                let (lane, k) = (index / per_synapse, index % per_synapse);
                let offset = (lane * rows + from.row as usize) * stride + lead - from.shift as usize;
                let weight = if first + lane < pre { weight(j, first + lane, k) } else { 0.0 };
                *tap = Tap { offset: offset as u32, weight: weight * from.value };
            }
        });
        if !settings.transposed {
            return;
        }
        let (stride, back) = (self.backward_stride, self.backward_block);
        self.backward.fill(post.div_ceil(back) * pre, back * per_synapse, back * rows * stride, |list, out| {
            let (first, i) = (list / pre * back, list % pre);
            for (index, tap) in out.iter_mut().enumerate() {
                let (lane, k) = (index / per_synapse, index % per_synapse);
                let j = first + lane;
                *tap = Tap::default();
                if j < post {
                    let from = all[position(block, post, per_synapse, j, i) + k];
                    let offset = (lane * rows + from.row as usize) * stride + from.shift as usize;
                    *tap = Tap { offset: offset as u32, weight: weight(j, i, k) * from.value };
                }
            }
        });
        self.prepare_mirrored();
    }

    /// Works out `spread`, list by list.
    fn spread_delays(&mut self, synapses: &DenseSynapses, spread: &Spread) {
        let (pre, post, block, per_synapse) = (self.pre, self.post, self.forward_block, self.per_synapse);
        self.spread.resize(pre.div_ceil(block) * post * block * per_synapse, SpreadTap::default());
        self.spread.par_chunks_mut(block * per_synapse).with_min_len(16).enumerate().for_each(|(list, all)| {
            let (first, j) = (list / post * block, list % post);
            for (lane, taps) in all.chunks_exact_mut(per_synapse).enumerate() {
                if first + lane >= pre {
                    taps.fill(SpreadTap::default());
                    continue;
                }
                for (element, taps) in taps.chunks_exact_mut(spread.width).enumerate() {
                    let delay = synapses.delay[synapses.delay_index(j, first + lane, element)];
                    spread.taps(delay as f64, taps);
                }
            }
        });
    }

    /// `row_r[v] = sum_k value_r[k] * signal[v + first_r + k]`, the adjoints of the filters, as taps into a signal that has `lead` zeros
    /// before step 0.
    fn prepare_mirrored(&mut self) {
        let (filters, lead) = (&self.filters, self.lead);
        let longest = filters.iter().map(|filter| filter.value.len()).max().unwrap_or(0);
        self.mirrored.fill(filters.len(), longest, self.mirrored_reach(), |r, taps| {
            for (k, tap) in taps.iter_mut().enumerate() {
                let weight = filters[r].value.get(k).copied().unwrap_or(0.0);
                *tap = Tap { offset: (lead + k).strict_add_signed(filters[r].first as isize) as u32, weight };
            }
        });
        self.mirrored_choice.clear();
        self.mirrored_choice.extend(filters.iter().map(|filter| {
            let mut choice = TapSelection::default();
            choice.extend(0, filter.value.len());
            choice
        }));
    }

    /// Offsets of mirrored taps stay below this.
    fn mirrored_reach(&self) -> usize {
        let longest = self.filters.iter().map(|filter| filter.value.len()).max().unwrap_or(0);
        let latest = self.filters.iter().map(|filter| filter.first.max(0) as usize).max().unwrap_or(0);
        self.lead + latest + longest + 1
    }

    /// Number of sums that [`ProjectionPlan::weight_gradient`] fills.
    pub(super) fn sums(&self) -> usize {
        self.spread.len()
    }

    /// Adds the projection's currents to `out`, `[post][padded steps_out]`.
    pub(super) fn forward(&self, with: Instructions, spikes: Spikes, scratch: &mut ProjectionScratch, out: &mut [f32]) {
        let stride = padded(self.steps_out);
        for block in 0..self.pre.div_ceil(self.forward_block) {
            if self.make_rows(block, spikes, scratch) {
                for (j, out) in out.chunks_exact_mut(stride).enumerate() {
                    self.forward.accumulate(with, block * self.post + j, &scratch.chosen, &scratch.rows, out);
                }
            }
        }
    }

    /// Adds the correlations of `gradient` (dL/dI, `[post][padded steps_out]`, zero beyond the steps) with every tap's row to `sums`.
    pub(super) fn weight_gradient(
        &self,
        with: Instructions,
        spikes: Spikes,
        gradient: &[f32],
        scratch: &mut ProjectionScratch,
        sums: &mut [f32],
    ) {
        let stride = padded(self.steps_out);
        let per_list = self.forward_block * self.per_synapse;
        for (block, sums) in sums.chunks_exact_mut(self.post * per_list).enumerate() {
            if self.make_rows(block, spikes, scratch) {
                for (j, (gradient, sums)) in gradient.chunks_exact(stride).zip(sums.chunks_exact_mut(per_list)).enumerate() {
                    self.forward.correlate(with, block * self.post + j, &scratch.chosen, &scratch.rows, gradient, sums);
                }
            }
        }
    }

    /// Adds dL/ds of the `wanted` presynaptic neurons to `out`, `[pre][padded steps_in]`.
    pub(super) fn input_gradient(
        &self,
        with: Instructions,
        gradient: &[f32],
        wanted: impl Fn(usize) -> bool,
        scratch: &mut ProjectionScratch,
        out: &mut [f32],
    ) {
        let (stride_out, stride_in) = (padded(self.steps_out), padded(self.steps_in));
        let (rows, stride) = (self.filters.len(), self.backward_stride);
        let ProjectionScratch { rows: all_rows, signal, chosen } = scratch;
        all_rows.resize((self.backward_block * rows * stride + stride_in).max(all_rows.len()), 0.0);
        signal.clear();
        signal.resize(self.mirrored_reach() + stride, 0.0);
        for first in (0..self.post).step_by(self.backward_block) {
            let neurons = first..self.post.min(first + self.backward_block);
            for (lane, j) in neurons.clone().enumerate() {
                signal[self.lead..self.lead + self.steps_out].copy_from_slice(&gradient[j * stride_out..][..self.steps_out]);
                for (r, choice) in self.mirrored_choice.iter().enumerate() {
                    let row = &mut all_rows[(lane * rows + r) * stride..][..stride];
                    row.fill(0.0);
                    self.mirrored.accumulate(with, r, choice, signal, row);
                }
            }
            chosen.clear();
            chosen.extend(0, neurons.len() * self.per_synapse);
            for (i, out) in out.chunks_exact_mut(stride_in).enumerate() {
                if wanted(i) {
                    self.backward.accumulate(with, first / self.backward_block * self.pre + i, chosen, all_rows, out);
                }
            }
        }
    }

    /// Turns correlation sums into gradients: `dL/dw = sum_p A_p value_p`, `dL/dd = w sum_p A_p slope_p`, the latter summed over
    /// whatever shares the delay.
    pub(super) fn fold(&self, synapses: &DenseSynapses, sums: &[f32], weight: &mut [f32], delay: Option<&mut [f32]>) {
        let width = self.per_synapse / synapses.taps;
        let terms = |element: usize| {
            let (synapse, tap) = (element / synapses.taps, element % synapses.taps);
            let at = position(self.forward_block, self.post, self.per_synapse, synapse / self.pre, synapse % self.pre) + tap * width;
            sums[at..at + width].iter().zip(&self.spread[at..at + width])
        };
        weight.par_iter_mut().with_min_len(1024).enumerate().for_each(|(element, weight)| {
            *weight = terms(element).map(|(sum, tap)| sum * tap.value).sum();
        });
        let Some(delay) = delay else { return };
        let slope = |element: usize| synapses.weight[element] * terms(element).map(|(sum, tap)| sum * tap.slope).sum::<f32>();
        if delay.len() == weight.len() {
            delay.par_iter_mut().with_min_len(1024).enumerate().for_each(|(element, delay)| *delay = slope(element));
            return;
        }
        delay.fill(0.0);
        for j in 0..self.post {
            for i in 0..self.pre {
                for tap in 0..synapses.taps {
                    delay[synapses.delay_index(j, i, tap)] += slope((j * self.pre + i) * synapses.taps + tap);
                }
            }
        }
    }

    /// Convolves a block's spikes with every filter into `scratch.rows` and chooses the taps of its active neurons.
    /// Returns whether there are any.
    fn make_rows(&self, block: usize, spikes: Spikes, scratch: &mut ProjectionScratch) -> bool {
        // The block lies inside one of the blocks of `LANES` that spikes are kept in.
        let first = block * self.forward_block;
        let (spike_block, lane_shift) = (first / LANES, first % LANES);
        let members = (((1u32 << self.forward_block) - 1) as u16) << lane_shift;
        let active = spikes.active(spike_block, self.pre) & members;
        if active == 0 {
            return false;
        }
        let (rows, stride) = (self.filters.len(), self.forward_stride);
        let needed = self.forward_block * rows * stride + padded(self.steps_out);
        scratch.rows.resize(needed.max(scratch.rows.len()), 0.0);
        scratch.chosen.clear();
        for lane in bits(active) {
            let lane = lane - lane_shift;
            scratch.chosen.extend(lane * self.per_synapse, (lane + 1) * self.per_synapse);
            scratch.rows[lane * rows * stride..(lane + 1) * rows * stride].fill(0.0);
        }
        let all = &mut scratch.rows[..];
        vectorize(
            #[inline(always)]
            || {
                spikes.for_each(
                    spike_block,
                    active,
                    #[inline(always)]
                    |lane, step, height| {
                        for (r, (filter, value)) in self.filters.iter().zip(&self.filter_lanes).enumerate() {
                            let start =
                                (((lane - lane_shift) * rows + r) * stride + self.lead + step).strict_add_signed(filter.first as isize);
                            add_scaled(&mut all[start..start + value.len() * LANES], height, value);
                        }
                    },
                )
            },
        );
        true
    }
}

/// Where the taps of the synapse from `i` to `j` start, see `ProjectionPlan::spread`.
#[inline]
fn position(block: usize, post: usize, per_synapse: usize, j: usize, i: usize) -> usize {
    ((i / block * post + j) * block + i % block) * per_synapse
}

/// Neurons whose rows, `numbers` each, fit the nearest cache together.
fn block_size(numbers: usize) -> usize {
    /// Two thirds of a 32 KiB cache in `f32`, as the other operands want room too. `benches/projection.rs` compares.
    const NUMBERS: usize = 5600;
    (0..=LANES.ilog2()).rev().map(|log| 1 << log).find(|block| block * numbers <= NUMBERS).unwrap_or(1)
}

/// `out += height * value`.
#[inline(always)]
fn add_scaled(out: &mut [f32], height: f32, value: &[Lanes]) {
    for (out, value) in out.as_chunks_mut::<LANES>().0.iter_mut().zip(value) {
        for (out, value) in out.iter_mut().zip(value) {
            *out += height * value;
        }
    }
}

fn lanes_of(value: &[f32]) -> Vec<Lanes> {
    let whole = |chunk: &[f32]| std::array::from_fn(|lane| chunk.get(lane).copied().unwrap_or(0.0));
    value.chunks(LANES).map(whole).collect()
}
