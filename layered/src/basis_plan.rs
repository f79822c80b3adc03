//! A projection whose kernels are shares in a few fixed filters: `kernel_ij = sum_r c_ijr f_r`.
//!
//! Filtering and mixing commute, so spikes are mixed first and each postsynaptic neuron is filtered
//! once per filter:
//! ```text
//! U_jr[t] = sum_i w_ij c_ijr s_i[t]              forward: rows of shares, one per spike
//! I_j     = sum_r f_r * U_jr
//! G_jr[t] = sum_n f_r[n] g_j[t + n]              back, with g = dL/dI
//! A_ijr   = sum_t s_i[t] G_jr[t]
//! dL/dw   = sum_r c_ijr A_ijr                    dL/dd = w sum_r c'_ijr A_ijr
//! dL/ds_i[t] = sum_jr w_ij c_ijr G_jr[t]
//! ```
//! Back, the gradient is filtered once per postsynaptic neuron, after which the weight gradient is
//! again one addition per spike, and the input gradient a matrix product. Filters of hundreds of
//! steps are themselves replaced by quadratics in pieces of some steps (`taps::pieces`, within a
//! fifth of the tolerance): three values per piece instead of one per step.
//!
//! Sixteen postsynaptic neurons run side by side, so no row is ever shifted against another row,
//! and all loads are aligned.

use crate::demand::Wanted;
use crate::layout::{Layout, index};
use crate::plan::{Plan, PlanSettings, Shard, SpikeOrder, Spikes, Write};
use crate::scratch::{BasisScratch, PlanScratch, TaskScratch};
use crate::taps::basis::Basis;
use crate::taps::filter::Filter;
use rayon::prelude::*;
use sim_core::DenseSynapses;
use simd::{
    Aligned, Instructions, Mixture, NEURONS_PER_BLOCK, RowTable, blocks_to_rows, combine,
    combine_each, combine_each_paired, gather_rows, padded, pair, pair_rows, row_stride,
    rows_to_blocks, vectorize,
};
use std::sync::Arc;

/// See the module.
#[derive(Debug)]
pub(crate) struct BasisPlan {
    basis: Arc<Basis>,
    layout: Layout,
    /// `[panel][element][filter][neuron]`.
    weighted: Aligned,
    /// The same shares as pairs of bf16, two neurons to a pair; filled where whole rows are
    /// multiplied in bf16.
    paired: Option<Vec<u32>>,
    share: Vec<f32>,
    slope: Vec<f32>,
    steps_in: usize,
    steps_out: usize,
    /// Steps from a spike to behind the last number of any filter or piece.
    reach: usize,
}

impl BasisPlan {
    /// A plan for shares in the filters of `basis`, not yet ready for a batch.
    pub(crate) fn new(basis: Arc<Basis>) -> Self {
        Self {
            basis,
            layout: Layout::default(),
            weighted: Aligned::default(),
            paired: None,
            share: Vec::new(),
            slope: Vec::new(),
            steps_in: 0,
            steps_out: 0,
            reach: 0,
        }
    }
}

impl Plan for BasisPlan {
    fn prepare(&mut self, isa: Instructions, synapses: &DenseSynapses, settings: &PlanSettings) {
        // One task per panel, since filtering the gradient of a panel is most of a task.
        let layout = Layout::new(synapses, NEURONS_PER_BLOCK, usize::MAX);
        let basis = &self.basis;
        self.layout = layout;
        (self.steps_in, self.steps_out) = (settings.steps_in, settings.steps_out);
        self.reach = synapses.max_delay_steps + 1;

        let per_element = basis.filters.len() * NEURONS_PER_BLOCK;
        let numbers = layout.slots() * basis.filters.len();
        self.share.resize(numbers, 0.0);
        self.slope.resize(numbers, 0.0);
        let weighted = self.weighted.resize(numbers);
        let shares = self
            .share
            .par_chunks_exact_mut(per_element)
            .zip(self.slope.par_chunks_exact_mut(per_element));
        let all = weighted.par_chunks_exact_mut(per_element).zip(shares).with_min_len(16);
        all.enumerate().for_each(|(row, (weighted, (share, slope)))| {
            for neuron in 0..NEURONS_PER_BLOCK {
                let Some(element) = layout.synapse(row * NEURONS_PER_BLOCK + neuron) else {
                    (0..per_element)
                        .skip(neuron)
                        .step_by(NEURONS_PER_BLOCK)
                        .for_each(|n| (weighted[n], share[n], slope[n]) = (0.0, 0.0, 0.0));
                    continue;
                };
                let (weight, delay) = layout.parameters(synapses, element);
                basis.shares(delay as f64, |r, value, change| {
                    let n = r * NEURONS_PER_BLOCK + neuron;
                    (share[n], slope[n]) = (value as f32, change as f32);
                    weighted[n] = weight * share[n];
                });
            }
        });
        if !settings.paired(isa) {
            self.paired = None;
            return;
        }
        let pairs = self.paired.get_or_insert_default();
        pairs.resize(numbers / 2, 0);
        let twos = self.weighted.as_slice().par_chunks_exact(2);
        pairs
            .par_iter_mut()
            .zip(twos)
            .with_min_len(4096)
            .for_each(|(pair_of, two)| *pair_of = pair(two[0], two[1]));
    }

    fn layout(&self) -> Layout {
        self.layout
    }

    fn spike_order(&self) -> SpikeOrder {
        SpikeOrder::Steps
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
        let (events, scratch) = (spikes.events, &mut scratch.basis);
        let Self { layout, basis, steps_out, reach, .. } = self;
        let (planes, plane) = (basis.filters.len(), (reach + steps_out) * NEURONS_PER_BLOCK);
        let mixed = scratch.planes.resize(planes * plane);
        mixed.fill(0.0);
        let per_element = planes * NEURONS_PER_BLOCK;
        for step in 0..events.steps().min(*steps_out) {
            for element in 0..layout.elements_per_pair {
                let shares = &self.weighted.as_slice()[(layout.row(panel, element)) * planes..];
                let table = RowTable {
                    numbers: shares,
                    row_stride: layout.elements_per_pair * per_element,
                    plane_stride: NEURONS_PER_BLOCK,
                };
                gather_rows(
                    isa,
                    events.at(step),
                    table,
                    planes,
                    &mut mixed[(reach + step) * NEURONS_PER_BLOCK..],
                    plane,
                );
            }
        }
        let blocks = scratch.blocks.resize(steps_out * NEURONS_PER_BLOCK);
        blocks.fill(0.0);
        match &basis.pieces {
            None => {
                for (filter, mixed) in basis.filters.iter().zip(mixed.chunks_exact(plane)) {
                    delayed(isa, filter, 1, (mixed, *reach), blocks);
                }
            }
            Some(pieces) => {
                // The pieces of all filters are mixed into one row per shape; then each row goes
                // through its shape.
                let lead = pieces.length;
                let row = (lead + steps_out) * NEURONS_PER_BLOCK;
                let shaped = scratch.shaped.resize(pieces.shapes.len() * row);
                shaped.fill(0.0);
                for (p, (shape, shaped)) in
                    pieces.shapes.iter().zip(shaped.chunks_exact_mut(row)).enumerate()
                {
                    for (coefficients, mixed) in
                        pieces.coefficients.iter().zip(mixed.chunks_exact(plane))
                    {
                        delayed(
                            isa,
                            &coefficients[p],
                            pieces.length,
                            (mixed, *reach),
                            &mut shaped[lead * NEURONS_PER_BLOCK..],
                        );
                    }
                    delayed(isa, shape, 1, (shaped, lead), blocks);
                }
                for (rest, mixed) in pieces.rest.iter().zip(mixed.chunks_exact(plane)) {
                    delayed(isa, rest, 1, (mixed, *reach), blocks);
                }
            }
        }
        let length = padded(*steps_out);
        let out = &mut out[panel * NEURONS_PER_BLOCK * length..];
        let count = layout.neurons(panel);
        let blocks = blocks.as_chunks::<NEURONS_PER_BLOCK>().0;
        vectorize(
            #[inline(always)]
            || match write {
                Write::Set => blocks_to_rows(blocks, count, out, length),
                Write::Add => {
                    for (neuron, out) in out.chunks_exact_mut(length).take(count).enumerate() {
                        out.iter_mut().zip(blocks).for_each(|(out, block)| *out += block[neuron]);
                    }
                }
            },
        );
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
            self.panel_gradient(isa, panel, gradient, wanted, &mut scratch.basis, out);
        }
    }

    /// `[element][filter][neuron]`.
    fn correlations(&self, _task: usize) -> usize {
        self.layout.slots_per_task() * self.basis.filters.len()
    }

    fn correlate(
        &self,
        isa: Instructions,
        task: usize,
        shard: Shard,
        scratch: &mut TaskScratch,
        sums: &mut [f32],
    ) {
        let scratch = &mut scratch.basis;
        let Self { layout, basis, steps_in, .. } = self;
        let (panel, elements) = layout.task(task);
        let planes = basis.filters.len();
        for (spikes, gradient) in shard.iter() {
            self.filter_gradient(isa, panel, gradient, scratch);
            let table = RowTable {
                numbers: scratch.planes.as_slice(),
                row_stride: NEURONS_PER_BLOCK,
                plane_stride: steps_in * NEURONS_PER_BLOCK,
            };
            for (element, sums) in
                elements.clone().zip(sums.chunks_exact_mut(planes * NEURONS_PER_BLOCK))
            {
                let spikes = spikes.frames.channel(element / layout.elements_per_pair);
                gather_rows(isa, spikes, table, planes, sums, NEURONS_PER_BLOCK);
            }
        }
    }

    fn fold(&self, task: usize, sums: &[f32], weight: &mut [f32], delay: &mut [f32]) {
        let first = task * sums.len();
        for (n, (weight, delay)) in weight.iter_mut().zip(delay).enumerate() {
            let start = n / NEURONS_PER_BLOCK * self.basis.filters.len() * NEURONS_PER_BLOCK
                + n % NEURONS_PER_BLOCK;
            let dot = |values: &[f32]| -> f32 {
                let pairs = sums[start..].iter().zip(&values[first + start..]);
                pairs
                    .step_by(NEURONS_PER_BLOCK)
                    .take(self.basis.filters.len())
                    .map(|(a, b)| a * b)
                    .sum()
            };
            (*weight, *delay) = (dot(&self.share), dot(&self.slope));
        }
    }
}

impl BasisPlan {
    /// The part of [`Plan::input_gradient`] that comes from one panel.
    fn panel_gradient(
        &self,
        isa: Instructions,
        panel: usize,
        gradient: &[f32],
        wanted: &[Wanted],
        scratch: &mut BasisScratch,
        out: &mut [f32],
    ) {
        let Self { layout, basis, steps_in, .. } = self;
        let filters = &basis.filters;
        self.filter_gradient(isa, panel, gradient, scratch);
        let (length, per_element) = (padded(*steps_in), filters.len() * NEURONS_PER_BLOCK);
        let stride = row_stride(length);
        let rows = scratch.rows.resize(per_element * stride);
        for (rows, plane) in rows
            .chunks_exact_mut(NEURONS_PER_BLOCK * stride)
            .zip(scratch.planes.as_slice().chunks_exact(steps_in * NEURONS_PER_BLOCK))
        {
            blocks_to_rows(plane.as_chunks().0, NEURONS_PER_BLOCK, rows, stride);
            rows.chunks_exact_mut(stride).for_each(|row| row[*steps_in..].fill(0.0));
        }
        scratch.outputs.clear();
        // Reserve for the worst case: dropout changes how many neurons remain.
        scratch.outputs.reserve(layout.pre);
        // Weights are single numbers or pairs of numbers.
        let unit = if self.paired.is_some() { 2 } else { 1 };
        let per_neuron = layout.elements_per_pair * per_element / unit;
        let mixture = |neuron: usize| Mixture {
            weights: index(neuron * per_neuron),
            out: index(neuron * length),
        };
        let neurons = wanted.chunk_by(|a, b| a.neuron == b.neuron).map(|runs| runs[0].neuron);
        scratch.outputs.extend(neurons.map(mixture));
        if self.paired.is_some() {
            scratch.pairs.resize(per_element / 2 * stride, 0);
            for (pairs, two) in
                scratch.pairs.chunks_exact_mut(stride).zip(rows.chunks_exact(2 * stride))
            {
                pair_rows(&two[..stride], &two[stride..], pairs);
            }
        }
        let first = layout.row(panel, 0) * filters.len();
        for element in 0..layout.elements_per_pair {
            let (offset, count) = ((first + element * per_element) / unit, per_element / unit);
            match &self.paired {
                Some(weights) => {
                    combine_each_paired(
                        isa,
                        &scratch.outputs,
                        (weights, offset),
                        count,
                        &scratch.pairs,
                        stride,
                        out,
                        length,
                    );
                }
                None => combine_each(
                    isa,
                    &scratch.outputs,
                    (self.weighted.as_slice(), offset),
                    count,
                    rows,
                    stride,
                    out,
                    length,
                ),
            }
        }
    }

    /// `planes[r][t] = sum_n f_r[n] gradient[t + n]` for `t` below `steps_in`, for each neuron of
    /// the panel.
    fn filter_gradient(
        &self,
        isa: Instructions,
        panel: usize,
        gradient: &[f32],
        scratch: &mut BasisScratch,
    ) {
        let piece = self.basis.pieces.as_ref().map_or(0, |pieces| pieces.length);
        let steps = self.steps_out.max(self.steps_in + self.reach + piece);
        let blocks = scratch.blocks.resize(steps * NEURONS_PER_BLOCK);
        let (there, behind) =
            blocks.as_chunks_mut::<NEURONS_PER_BLOCK>().0.split_at_mut(self.steps_out);
        behind.fill([0.0; NEURONS_PER_BLOCK]);
        let length = padded(self.steps_out);
        let same = [(1.0, 0.0); NEURONS_PER_BLOCK];
        rows_to_blocks(
            &gradient[panel * NEURONS_PER_BLOCK * length..],
            length,
            &same[..self.layout.neurons(panel)],
            there,
        );
        let planes =
            scratch.planes.resize(self.basis.filters.len() * self.steps_in * NEURONS_PER_BLOCK);
        planes.fill(0.0);
        let plane = (self.steps_in * NEURONS_PER_BLOCK).max(1);
        let Some(pieces) = &self.basis.pieces else {
            for (filter, plane) in self.basis.filters.iter().zip(planes.chunks_exact_mut(plane)) {
                ahead(isa, filter, 1, blocks, plane);
            }
            return;
        };
        let row = (self.steps_in + self.reach) * NEURONS_PER_BLOCK;
        let shaped = scratch.shaped.resize(pieces.shapes.len() * row);
        shaped.fill(0.0);
        for (shape, shaped) in pieces.shapes.iter().zip(shaped.chunks_exact_mut(row)) {
            ahead(isa, shape, 1, blocks, shaped);
        }
        for ((coefficients, rest), plane) in
            pieces.coefficients.iter().zip(&pieces.rest).zip(planes.chunks_exact_mut(plane))
        {
            for (coefficients, shaped) in coefficients.iter().zip(shaped.chunks_exact(row)) {
                ahead(isa, coefficients, pieces.length, shaped, plane);
            }
            ahead(isa, rest, 1, blocks, plane);
        }
    }
}

/// `out[t] += sum_k value[k] * rows[lead + t - first - k * spacing]`, for each neuron of the panel.
fn delayed(
    isa: Instructions,
    filter: &Filter,
    spacing: usize,
    (rows, lead): (&[f32], usize),
    out: &mut [f32],
) {
    if let Some(last) = filter.value.len().checked_sub(1) {
        let oldest = filter.first + last * spacing;
        combine(
            isa,
            &filter.reversed,
            &rows[(lead - oldest) * NEURONS_PER_BLOCK..],
            spacing * NEURONS_PER_BLOCK,
            out,
        );
    }
}

/// `out[t] += sum_k value[k] * rows[t + first + k * spacing]`, for each neuron of the panel.
fn ahead(isa: Instructions, filter: &Filter, spacing: usize, rows: &[f32], out: &mut [f32]) {
    combine(
        isa,
        &filter.value,
        &rows[filter.first * NEURONS_PER_BLOCK..],
        spacing * NEURONS_PER_BLOCK,
        out,
    );
}
