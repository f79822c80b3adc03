//! A large projection from input that repeats in every step, as an image does, over a batch: three
//! products of dense matrices.
//!
//! Such input is multiplied once, whatever the number of steps: it has one *column* per sample, and
//! the gradient is summed over the steps first. Behind the end of a sample that is shorter than the
//! longest of its batch, there is no current. The input has no gradient.
//!
//! Columns lie in tiles of as many, filled up with zeros. All tiles have the same shape, so no bit
//! of a column depends on the columns beside it.

use crate::batch_product::BatchProduct;
use crate::demand::Wanted;
use crate::plan::{SpikeOrder, Spikes, Write};
use crate::product_plan::KEPT;
use rayon::prelude::*;
use sim_core::DenseSynapses;
use simd::{Instructions, Matrix, multiply_on_all_threads, padded};

/// Columns of a tile: a multiple of the rows that a dense product holds in registers, and a part of
/// usual batches.
const COLUMNS: usize = 64;

/// Neurons whose gradient one task sums up.
const ROWS: usize = 100;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct RepeatedProduct {
    pre: usize,
    post: usize,
    steps_out: usize,
    /// For how many steps each sample is shown.
    shown: Vec<usize>,
    /// The input, then what synapses learn from, `[column][pre]`; whole tiles.
    vectors: Vec<f32>,
    /// Currents, then their gradient, `[tile][post][column]`.
    currents: Vec<f32>,
}

impl RepeatedProduct {
    fn tiles(&self) -> usize {
        self.shown.len().div_ceil(COLUMNS)
    }

    /// Where the number of a neuron, one of `neurons`, in a sample is.
    fn place(neurons: usize, neuron: usize, sample: usize) -> usize {
        (sample / COLUMNS * neurons + neuron) * COLUMNS + sample % COLUMNS
    }
}

impl BatchProduct for RepeatedProduct {
    fn prepare(&mut self, _isa: Instructions, synapses: &DenseSynapses, steps: [usize; 2]) {
        (self.pre, self.post, self.steps_out) = (synapses.pre, synapses.post, steps[1]);
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
        let (pre, post, tiles) = (self.pre, self.post, self.tiles());
        self.vectors.resize(tiles * COLUMNS * pre, 0.0);
        self.currents.resize(tiles * post * COLUMNS, 0.0);
        self.vectors.par_chunks_exact_mut(pre).enumerate().for_each(|(column, vector)| {
            if column >= samples {
                return vector.fill(0.0);
            }
            let frames = spikes(column).frames;
            for (neuron, value) in vector.iter_mut().enumerate() {
                *value = frames.channel(neuron).1.first().copied().unwrap_or(0.0);
            }
        });
        let weights = Matrix::of_rows(weights, pre);
        let by_tile = self.currents.par_chunks_exact_mut(post * COLUMNS);
        by_tile.zip(self.vectors.par_chunks_exact(COLUMNS * pre)).for_each(
            |(currents, vectors)| {
                let input = Matrix::of_rows(vectors, pre).transposed();
                multiply_on_all_threads(currents, 0.0, weights, input, KEPT);
            },
        );
    }

    fn currents_of(&self, sample: usize, write: Write, out: &mut [f32]) {
        let (length, shown) = (padded(self.steps_out), self.shown[sample]);
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
        let (post, length, shown) = (self.post, padded(self.steps_out), &self.shown);
        let by_tile = self.currents.par_chunks_exact_mut(post * COLUMNS).enumerate();
        by_tile.for_each(|(tile, sums)| {
            let first = tile * COLUMNS;
            let columns = 0..COLUMNS.min(shown.len() - first);
            sums.par_chunks_mut(ROWS * COLUMNS).enumerate().for_each(|(part, sums)| {
                sums.fill(0.0);
                for column in columns.clone() {
                    let shown = shown[first + column];
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
        let tiles = self.currents.chunks_exact(post * COLUMNS);
        let tiles = tiles.zip(self.vectors.chunks_exact(COLUMNS * pre));
        for (tile, (gradient, vectors)) in tiles.enumerate() {
            let gradient = Matrix::of_rows(gradient, COLUMNS);
            let keep = if tile == 0 { 0.0 } else { 1.0 };
            let vectors = Matrix::of_rows(vectors, pre);
            multiply_on_all_threads(weight, keep, gradient, vectors, KEPT);
        }
        has_mapped
    }
}
