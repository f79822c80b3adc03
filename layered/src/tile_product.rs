//! A projection without delays from neurons that spike, over a batch of short samples, on tile
//! registers: three products of dense matrices.
//!
//! A spike is a bf16 number, exactly, and has one part where a weight has three: a product with
//! spikes takes half of the instructions of a product of two matrices of numbers. See
//! [`crate::spike_product`] for processors without tile registers.

use crate::batch_columns::{
    blocks_to_columns, columns_to_blocks, columns_to_rows, gradient_to_columns, source_gradient,
    source_gradient_blocks,
};
use crate::batch_product::BatchProduct;
use crate::demand::Wanted;
use crate::plan::{NumberOrder, SpikeOrder, Spikes, Write};
use crate::product_plan::KEPT;
use rayon::prelude::*;
use sim_core::DenseSynapses;
use simd::{Instructions, Matrix, TileFactor, has_tiles, multiply_factors, padded};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct TileProduct {
    pre: usize,
    post: usize,
    steps_in: usize,
    steps_out: usize,
    samples: usize,
    /// Spikes, `[block][column]`, one bit per neuron.
    fired: Vec<u16>,
    /// Height of all spikes.
    height: f32,
    /// Currents, then their gradient, `[column][post]`.
    currents: Vec<f32>,
    /// Gradient of the source, `[column][pre]`.
    source: Vec<f32>,
    left: TileFactor,
    right: TileFactor,
    /// How the numbers of the source and of the target lie.
    orders: [NumberOrder; 2],
}

impl TileProduct {
    /// Whether there are tile registers, beside the instructions at hand.
    pub(crate) fn suits(isa: Instructions) -> bool {
        isa == Instructions::detect() && has_tiles()
    }

    fn columns(&self) -> usize {
        self.samples * self.steps_in
    }

    /// Takes over the spikes of all samples.
    fn gather<'a>(&mut self, spikes: &(dyn Fn(usize) -> Spikes<'a> + Sync)) {
        let (steps, columns) = (self.steps_in, self.columns());
        self.fired.resize(self.pre.div_ceil(simd::NEURONS_PER_BLOCK) * columns, 0);
        for sample in 0..self.samples {
            let masks = spikes(sample).masks.expect("a hidden population fires");
            self.height = masks.height;
            let first = sample * steps;
            let rows = self.fired.chunks_exact_mut(columns.max(1)).zip(masks.blocks());
            for (row, (kept, fired)) in rows {
                let row = row[first..first + steps].iter_mut().zip(fired);
                row.for_each(|(to, fired)| *to = fired & kept);
            }
        }
    }
}

impl BatchProduct for TileProduct {
    fn prepare(&mut self, _isa: Instructions, synapses: &DenseSynapses, steps: [usize; 2]) {
        (self.pre, self.post) = (synapses.pre, synapses.post);
        [self.steps_in, self.steps_out] = steps;
    }

    fn takes_blocks(&self) -> bool {
        true
    }

    fn use_orders(&mut self, orders: [NumberOrder; 2]) {
        self.orders = orders;
    }

    fn spike_order(&self) -> SpikeOrder {
        SpikeOrder::Masks
    }

    fn forward<'a>(
        &mut self,
        weights: &[f32],
        samples: usize,
        spikes: &(dyn Fn(usize) -> Spikes<'a> + Sync),
    ) {
        self.samples = samples;
        self.gather(spikes);
        let (pre, columns) = (self.pre, self.columns());
        let Self { left, right, fired, currents, .. } = self;
        rayon::join(
            || left.pack_left_bits([columns, pre], |column, n| fired[n * columns + column]),
            || right.pack_right(Matrix::of_rows(weights, pre).transposed()),
        );
        currents.resize(columns * self.post, 0.0);
        multiply_factors(currents, 0.0, left, right, KEPT * self.height);
    }

    fn currents_of(&self, sample: usize, write: Write, out: &mut [f32]) {
        let columns = self.steps_in * self.post;
        let columns = &self.currents[sample * columns..(sample + 1) * columns];
        let [post, steps] = [self.post, self.steps_in];
        match self.orders[1] {
            NumberOrder::Rows => {
                columns_to_rows(columns, [post, steps, padded(self.steps_out)], write, out);
            }
            NumberOrder::Blocks => columns_to_blocks(columns, [post, steps], write, out),
        }
    }

    fn back<'a>(
        &mut self,
        weights: &[f32],
        gradient: &(dyn Fn(usize) -> &'a [f32] + Sync),
        wanted: bool,
    ) {
        let (pre, post, steps) = (self.pre, self.post, self.steps_in);
        let Self { left, right, currents, source, .. } = self;
        // The currents of the way forward have been written.
        match self.orders[1] {
            NumberOrder::Rows => {
                let shape = [post, steps, padded(self.steps_out)];
                gradient_to_columns(gradient, shape, post, 1.0, currents);
            }
            NumberOrder::Blocks => {
                let by_sample = currents.par_chunks_exact_mut((steps * post).max(1)).enumerate();
                by_sample.for_each(|(sample, columns)| {
                    blocks_to_columns(gradient(sample), [post, steps], columns);
                });
            }
        }
        if !wanted {
            return;
        }
        rayon::join(
            || left.pack_left(Matrix::of_rows(currents, post)),
            || right.pack_right(Matrix::of_rows(weights, pre)),
        );
        source.resize(self.samples * steps * pre, 0.0);
        multiply_factors(source, 0.0, left, right, KEPT);
    }

    fn source_gradient(&self, sample: usize, wanted: &[Wanted], write: Write, out: &mut [f32]) {
        let columns = self.steps_in * self.pre;
        let columns = &self.source[sample * columns..(sample + 1) * columns];
        let shape = [self.pre, self.steps_in];
        match self.orders[0] {
            NumberOrder::Rows => source_gradient(columns, shape, wanted, write, out),
            NumberOrder::Blocks => source_gradient_blocks(columns, shape, wanted, write, out),
        }
    }

    fn weight_gradient<'a>(
        &mut self,
        _spikes: &(dyn Fn(usize) -> Spikes<'a> + Sync),
        _map: &dyn Fn(&mut [f32]) -> bool,
        weight: &mut [f32],
    ) -> bool {
        let (pre, post, columns) = (self.pre, self.post, self.columns());
        let Self { left, right, fired, currents, .. } = self;
        rayon::join(
            || left.pack_left(Matrix::of_rows(currents, post).transposed()),
            || right.pack_right_bits([columns, pre], |column, n| fired[n * columns + column]),
        );
        multiply_factors(weight, 0.0, left, right, KEPT * self.height);
        false
    }
}
