//! A large projection from input that repeats in every step, as an image does, over a batch: three
//! products of dense matrices.
//!
//! Such input is multiplied once, whatever the number of steps: it has one *column* per sample, and
//! the gradient is summed over the steps first. Behind the end of a sample that is shorter than the
//! longest of its batch, there is no current. The input has no gradient.
//!
//! Columns lie in groups of as many, filled up with zeros. All groups have the same shape, so no
//! bit of a column depends on the columns beside it.

use crate::batch_product::BatchProduct;
use crate::demand::Wanted;
use crate::plan::{NumberOrder, SpikeOrder, Spikes, Write};
use crate::product_plan::KEPT;
use rayon::prelude::*;
use sim_core::DenseSynapses;
use simd::{
    Factor, Instructions, Matrix, NEURONS_PER_BLOCK, PackedFactor, multiply_on_all_threads, padded,
};

/// Columns of a group: a multiple of the rows that a dense product holds in registers, and a part
/// of usual batches.
const COLUMNS: usize = 64;

/// Neurons whose gradient one task sums up.
const ROWS: usize = 7 * NEURONS_PER_BLOCK;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct RepeatedProduct {
    pre: usize,
    post: usize,
    steps_out: usize,
    /// For how many steps each sample is shown.
    shown: Vec<usize>,
    /// The input, then what synapses learn from, `[column][pre]`; whole groups.
    vectors: Vec<f32>,
    /// Currents, then their gradient, `[group][post][column]`.
    currents: Vec<f32>,
    /// How the numbers of the target lie.
    order: NumberOrder,
    /// Weights, for all groups.
    packed: PackedFactor<f32>,
}

impl RepeatedProduct {
    fn groups(&self) -> usize {
        self.shown.len().div_ceil(COLUMNS)
    }

    /// Where the number of a neuron, one of `neurons`, in a sample is.
    fn place(neurons: usize, neuron: usize, sample: usize) -> usize {
        (sample / COLUMNS * neurons + neuron) * COLUMNS + sample % COLUMNS
    }
}

impl RepeatedProduct {
    /// See [`BatchProduct::currents_of`].
    fn currents_in_blocks(&self, sample: usize, write: Write, out: &mut [f32]) {
        let (steps, shown) = (self.steps_out, self.shown[sample]);
        for (plane, out) in out.chunks_exact_mut(NEURONS_PER_BLOCK * steps).enumerate() {
            let first = plane * NEURONS_PER_BLOCK;
            let mut block = [0.0; NEURONS_PER_BLOCK];
            let present = block.iter_mut().zip(first..self.post);
            present.for_each(|(to, neuron)| {
                *to = self.currents[Self::place(self.post, neuron, sample)];
            });
            let (out, behind) = out.as_chunks_mut().0.split_at_mut(shown);
            match write {
                Write::Set => {
                    out.fill(block);
                    behind.fill([0.0; NEURONS_PER_BLOCK]);
                }
                Write::Add => {
                    let numbers = out.iter_mut().flat_map(|out| out.iter_mut().zip(&block));
                    numbers.for_each(|(out, current)| *out += current);
                }
            }
        }
    }
}

/// Writes the sums of some blocks over the steps that a sample is shown to its column of `sums`,
/// `[neuron][column]`.
fn add_up_blocks(blocks: &[f32], [steps, shown]: [usize; 2], column: usize, sums: &mut [f32]) {
    let planes = blocks.chunks_exact(NEURONS_PER_BLOCK * steps);
    for (plane, sums) in planes.zip(sums.chunks_mut(NEURONS_PER_BLOCK * COLUMNS)) {
        let mut total = [0.0; NEURONS_PER_BLOCK];
        for block in &plane.as_chunks::<NEURONS_PER_BLOCK>().0[..shown] {
            total.iter_mut().zip(block).for_each(|(sum, number)| *sum += number);
        }
        let rows = sums.chunks_exact_mut(COLUMNS).zip(total);
        rows.for_each(|(sums, total)| sums[column] = total);
    }
}

impl BatchProduct for RepeatedProduct {
    fn prepare(&mut self, _isa: Instructions, synapses: &DenseSynapses, steps: [usize; 2]) {
        (self.pre, self.post, self.steps_out) = (synapses.pre, synapses.post, steps[1]);
    }

    fn takes_blocks(&self) -> bool {
        true
    }

    fn use_orders(&mut self, [_, target]: [NumberOrder; 2]) {
        self.order = target;
    }

    fn spike_order(&self) -> SpikeOrder {
        SpikeOrder::Channels
    }

    fn forward<'a>(
        &mut self,
        weights: &[f32],
        samples: usize,
        spikes: &(dyn Fn(usize) -> Spikes<'a> + Sync),
    ) {
        self.shown.clear();
        self.shown.extend((0..samples).map(|sample| spikes(sample).frames.steps()));
        let (pre, post, groups) = (self.pre, self.post, self.groups());
        self.vectors.resize(groups * COLUMNS * pre, 0.0);
        self.currents.resize(groups * post * COLUMNS, 0.0);
        self.vectors.par_chunks_exact_mut(pre).enumerate().for_each(|(column, vector)| {
            if column >= samples {
                return vector.fill(0.0);
            }
            let frames = spikes(column).frames;
            for (neuron, value) in vector.iter_mut().enumerate() {
                *value = frames.channel(neuron).1.first().copied().unwrap_or(0.0);
            }
        });
        let weights = Factor::left(Matrix::of_rows(weights, pre), &mut self.packed);
        let by_group = self.currents.par_chunks_exact_mut(post * COLUMNS);
        by_group.zip(self.vectors.par_chunks_exact(COLUMNS * pre)).for_each(
            |(currents, vectors)| {
                let input = Matrix::of_rows(vectors, pre).transposed();
                multiply_on_all_threads(currents, 0.0, weights, input, KEPT);
            },
        );
    }

    fn currents_of(&self, sample: usize, write: Write, out: &mut [f32]) {
        let (length, shown) = (padded(self.steps_out), self.shown[sample]);
        if self.order == NumberOrder::Blocks {
            return self.currents_in_blocks(sample, write, out);
        }
        for (neuron, row) in out.chunks_exact_mut(length).take(self.post).enumerate() {
            let current = self.currents[Self::place(self.post, neuron, sample)];
            let (row, behind) = row.split_at_mut(shown);
            match write {
                Write::Set => {
                    row.fill(current);
                    behind.fill(0.0);
                }
                Write::Add => row.iter_mut().for_each(|out| *out += current),
            }
        }
    }

    fn back<'a>(
        &mut self,
        _weights: &[f32],
        gradient: &(dyn Fn(usize) -> &'a [f32] + Sync),
        wanted: bool,
    ) {
        debug_assert!(!wanted, "input has no gradient");
        let (post, steps, order) = (self.post, self.steps_out, self.order);
        let (length, shown) = (padded(steps), &self.shown);
        let by_group = self.currents.par_chunks_exact_mut(post * COLUMNS).enumerate();
        by_group.for_each(|(group, sums)| {
            let first = group * COLUMNS;
            let columns = 0..COLUMNS.min(shown.len() - first);
            sums.par_chunks_mut(ROWS * COLUMNS).enumerate().for_each(|(part, sums)| {
                sums.fill(0.0);
                for column in columns.clone() {
                    let shown = shown[first + column];
                    if order == NumberOrder::Blocks {
                        let blocks = &gradient(first + column)[part * ROWS * steps..];
                        add_up_blocks(blocks, [steps, shown], column, sums);
                        continue;
                    }
                    let rows = gradient(first + column)[part * ROWS * length..].chunks(length);
                    for (row, sums) in rows.zip(sums.chunks_exact_mut(COLUMNS)) {
                        sums[column] = row[..shown].iter().sum();
                    }
                }
            });
        });
    }

    fn source_gradient(&self, _sample: usize, _wanted: &[Wanted], _write: Write, _out: &mut [f32]) {
        unreachable!("input has no gradient");
    }

    fn weight_gradient<'a>(
        &mut self,
        _spikes: &(dyn Fn(usize) -> Spikes<'a> + Sync),
        map: &dyn Fn(&mut [f32]) -> bool,
        weight: &mut [f32],
    ) -> bool {
        let Self { pre, post, .. } = *self;
        let has_mapped = map(&mut self.vectors);
        if self.shown.is_empty() {
            weight.fill(0.0);
        }
        let groups = self.currents.chunks_exact(post * COLUMNS);
        let groups = groups.zip(self.vectors.chunks_exact(COLUMNS * pre));
        for (group, (gradient, vectors)) in groups.enumerate() {
            let gradient = Matrix::of_rows(gradient, COLUMNS);
            let keep = if group == 0 { 0.0 } else { 1.0 };
            let vectors = Matrix::of_rows(vectors, pre);
            multiply_on_all_threads(weight, keep, gradient, vectors, KEPT);
        }
        has_mapped
    }
}
