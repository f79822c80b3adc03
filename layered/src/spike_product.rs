//! A large projection without delays from neurons that spike, over a batch of short samples.
//!
//! Spikes are few, so currents and the gradient of the weights are sums of rows, one row per spike.
//! The gradient of the source is defined in every step, and is one product of dense matrices.
//!
//! Weights and gradients lie in *planes* of 16 postsynaptic neurons, and some planes are a *panel*:
//! the sums of a panel stay in registers. Rows are taken a *block* at a time, which stays in the
//! nearest cache while the sums of many lists pass.

use crate::batch_columns::{clear_behind, gradient_to_columns, source_gradient, write_rows};
use crate::batch_product::BatchProduct;
use crate::column_lists::ColumnLists;
use crate::demand::Wanted;
use crate::plan::{SpikeOrder, Spikes, Write};
use crate::product_plan::{KEPT, LONG};
use crate::shard_trains::ShardTrains;
use rayon::prelude::*;
use sim_core::DenseSynapses;
use simd::{
    Aligned, Instructions, Matrix, NEURONS_PER_BLOCK, RowTable, blocks_to_rows, gather_each,
    multiply, padded, rows_to_blocks,
};
use std::ops::Range;

/// Most planes of a panel: as many sums as registers hold beside a row.
const MOST_PLANES: usize = 10;

/// Rows of a block: presynaptic neurons on the way forward, columns on the way back.
const BLOCK: usize = 48;

/// Samples whose currents one task works out.
const SAMPLES: usize = 16;

/// Columns whose gradient of the source one task works out. Each task packs the weights anew.
const COLUMNS: usize = 192;

/// Presynaptic neurons whose gradient of the weights one task works out.
const NEURONS: usize = 64;

/// See the module.
#[derive(Debug)]
pub(crate) struct SpikeProduct {
    isa: Instructions,
    pre: usize,
    post: usize,
    steps_in: usize,
    steps_out: usize,
    /// Planes of a panel.
    planes: usize,
    samples: usize,
    /// Weights, `[panel][plane][pre][neuron]`. What planes without a neuron hold is not read.
    weights: Aligned,
    /// Spikes of each block of presynaptic neurons.
    blocks: Vec<ColumnLists>,
    /// Currents, `[panel][column][plane][neuron]`.
    currents: Aligned,
    /// Gradient of the currents, `[column][neuron]`, rows as long as all panels.
    gradient: Aligned,
    /// Gradient of the source, `[column][pre]`.
    source: Vec<f32>,
    /// Spikes in each block of columns.
    trains: Vec<ShardTrains>,
    /// Gradient of the weights, `[panel][pre][plane][neuron]`.
    sums: Aligned,
}

impl SpikeProduct {
    /// Whether samples have steps, but so few that rows along time are too short for other loops.
    pub(crate) fn suits(steps: usize) -> bool {
        (1..LONG).contains(&steps)
    }

    pub(crate) fn new(isa: Instructions) -> Self {
        Self {
            isa,
            pre: 0,
            post: 0,
            steps_in: 0,
            steps_out: 0,
            planes: 1,
            samples: 0,
            weights: Aligned::default(),
            blocks: Vec::new(),
            currents: Aligned::default(),
            gradient: Aligned::default(),
            source: Vec::new(),
            trains: Vec::new(),
            sums: Aligned::default(),
        }
    }

    /// Planes that have a neuron.
    fn filled(&self) -> usize {
        self.post.div_ceil(NEURONS_PER_BLOCK)
    }

    fn panels(&self) -> usize {
        self.filled().div_ceil(self.planes)
    }

    /// Postsynaptic neurons of a plane.
    fn present(&self, plane: usize) -> usize {
        (self.post - plane * NEURONS_PER_BLOCK).min(NEURONS_PER_BLOCK)
    }

    /// Numbers of a row of one panel.
    fn row(&self) -> usize {
        self.planes * NEURONS_PER_BLOCK
    }

    /// Numbers of a row that all panels fill.
    fn wide(&self) -> usize {
        self.panels() * self.row()
    }
}

/// Blocks of at most `most` out of `count`.
fn blocks(count: usize, most: usize) -> impl ExactSizeIterator<Item = Range<usize>> {
    (0..count.div_ceil(most)).map(move |block| block * most..count.min((block + 1) * most))
}

impl BatchProduct for SpikeProduct {
    fn prepare(&mut self, isa: Instructions, synapses: &DenseSynapses, steps: [usize; 2]) {
        (self.isa, self.pre, self.post) = (isa, synapses.pre, synapses.post);
        [self.steps_in, self.steps_out] = steps;
        self.planes = self.filled().div_ceil(self.filled().div_ceil(MOST_PLANES).max(1));
        let pre = self.pre;
        let all = self.panels() * self.planes;
        let planes = self.weights.resize(all * pre * NEURONS_PER_BLOCK);
        let planes = planes.par_chunks_exact_mut(pre * NEURONS_PER_BLOCK);
        let rows = synapses.weight.par_chunks(pre * NEURONS_PER_BLOCK);
        planes.zip(rows).for_each(|(plane, rows)| {
            const SCALE: [(f32, f32); NEURONS_PER_BLOCK] = [(KEPT, 0.0); NEURONS_PER_BLOCK];
            let neurons = rows.len() / pre;
            rows_to_blocks(rows, pre, &SCALE[..neurons], plane.as_chunks_mut().0);
        });
    }

    fn spike_order(&self) -> SpikeOrder {
        SpikeOrder::Channels
    }

    fn forward<'a>(
        &mut self,
        _weights: &[f32],
        samples: usize,
        spikes: &(dyn Fn(usize) -> Spikes<'a> + Sync),
    ) {
        self.samples = samples;
        let (isa, planes, steps, row) = (self.isa, self.planes, self.steps_in, self.row());
        let (pre, columns) = (self.pre, samples * steps);
        self.blocks.resize_with(blocks(pre, BLOCK).len(), ColumnLists::default);
        self.blocks.par_iter_mut().enumerate().for_each(|(block, lists)| {
            let frames = (0..samples).map(|sample| spikes(sample).frames);
            lists.refill(frames, block * BLOCK..pre.min((block + 1) * BLOCK), steps);
        });
        let lists = &self.blocks;
        let currents = self.currents.resize(self.filled().div_ceil(planes) * columns * row);
        let panels = currents.par_chunks_exact_mut((columns * row).max(1));
        let of_plane = pre * NEURONS_PER_BLOCK;
        let weights = self.weights.as_slice().par_chunks_exact(planes * of_plane);
        panels.zip(weights).for_each(|(currents, weights)| {
            let group = SAMPLES * steps;
            currents.par_chunks_mut(group * row).enumerate().for_each(|(task, currents)| {
                let columns = task * group..columns.min((task + 1) * group);
                currents.fill(0.0);
                for (lists, block) in lists.iter().zip(blocks(pre, BLOCK)) {
                    let table = RowTable {
                        numbers: &weights[block.start * NEURONS_PER_BLOCK..],
                        row_stride: NEURONS_PER_BLOCK,
                        plane_stride: of_plane,
                    };
                    let strides = [row, NEURONS_PER_BLOCK];
                    gather_each(
                        isa,
                        lists.lists(columns.clone()),
                        table,
                        planes,
                        currents,
                        strides,
                    );
                }
            });
        });
    }

    fn currents_of(&self, sample: usize, write: Write, out: &mut [f32]) {
        let (steps, length, row) = (self.steps_in, padded(self.steps_out), self.row());
        let mut blocks = [[0.0; NEURONS_PER_BLOCK]; LONG];
        let planes = out.chunks_mut(NEURONS_PER_BLOCK * length).take(self.filled());
        for (plane, rows) in planes.enumerate() {
            let first = (plane / self.planes * self.samples + sample) * steps * row;
            let columns = self.currents.as_slice()[first..][..steps * row].chunks_exact(row);
            for (block, column) in blocks.iter_mut().zip(columns) {
                let of_plane = plane % self.planes * NEURONS_PER_BLOCK;
                block.copy_from_slice(&column[of_plane..of_plane + NEURONS_PER_BLOCK]);
            }
            write_rows(&blocks[..steps], self.present(plane), rows, length, write);
            clear_behind(rows, steps, length, write);
        }
    }

    fn back<'a>(
        &mut self,
        weights: &[f32],
        gradient: &(dyn Fn(usize) -> &'a [f32] + Sync),
        wanted: bool,
    ) {
        let (steps, length, wide) = (self.steps_in, padded(self.steps_out), self.wide());
        let (post, pre) = (self.post, self.pre);
        let columns = self.gradient.resize(self.samples * steps * wide);
        gradient_to_columns(gradient, [post, steps, length], wide, KEPT, columns);
        if !wanted {
            return;
        }
        self.source.resize(self.samples * steps * pre, 0.0);
        let weights = Matrix::of_rows(weights, pre);
        let by_task = self.source.par_chunks_mut(COLUMNS * pre);
        by_task.zip(self.gradient.as_slice().par_chunks(COLUMNS * wide)).for_each(
            |(source, gradient)| {
                let gradient = Matrix::of_rows(gradient, wide).first_columns(post);
                multiply(source, 0.0, gradient, weights, 1.0);
            },
        );
    }

    fn source_gradient(&self, sample: usize, wanted: &[Wanted], write: Write, out: &mut [f32]) {
        let columns = self.steps_in * self.pre;
        let columns = &self.source[sample * columns..(sample + 1) * columns];
        source_gradient(columns, [self.pre, self.steps_in], wanted, write, out);
    }

    fn weight_gradient<'a>(
        &mut self,
        spikes: &(dyn Fn(usize) -> Spikes<'a> + Sync),
        _map: &dyn Fn(&mut [f32]) -> bool,
        weight: &mut [f32],
    ) -> bool {
        let (isa, planes, steps, pre) = (self.isa, self.planes, self.steps_in, self.pre);
        let (wide, row, samples) = (self.wide(), self.row(), self.samples);
        let together = (BLOCK / steps).max(1);
        self.trains.resize_with(blocks(samples, together).len(), ShardTrains::default);
        self.trains.par_iter_mut().enumerate().for_each(|(block, trains)| {
            let block = block * together..samples.min((block + 1) * together);
            let frames = block.map(|sample| spikes(sample).frames);
            trains.refill(frames, 0..pre, (steps, usize::MAX));
        });
        let (trains, gradient) = (&self.trains, self.gradient.as_slice());
        let sums = self.sums.resize(self.filled().div_ceil(planes) * pre * row);
        sums.par_chunks_exact_mut(pre * row).enumerate().for_each(|(panel, sums)| {
            sums.par_chunks_mut(NEURONS * row).enumerate().for_each(|(task, sums)| {
                let neurons = task * NEURONS..pre.min((task + 1) * NEURONS);
                sums.fill(0.0);
                for (trains, block) in trains.iter().zip(blocks(samples, together)) {
                    let table = RowTable {
                        numbers: &gradient[block.start * steps * wide + panel * row..],
                        row_stride: wide,
                        plane_stride: NEURONS_PER_BLOCK,
                    };
                    let strides = [row, NEURONS_PER_BLOCK];
                    gather_each(isa, trains.lists(neurons.clone()), table, planes, sums, strides);
                }
            });
        });
        let sums = self.sums.as_slice();
        weight.par_chunks_mut(NEURONS_PER_BLOCK * pre).enumerate().for_each(|(plane, rows)| {
            let (panel, place) = (plane / planes, plane % planes * NEURONS_PER_BLOCK);
            let sums = sums[panel * pre * row..][..pre * row].chunks(LONG * row);
            let neurons = rows.len() / pre;
            for (part, sums) in sums.enumerate() {
                let mut blocks = [[0.0; NEURONS_PER_BLOCK]; LONG];
                let count = sums.len() / row;
                for (block, sums) in blocks.iter_mut().zip(sums.chunks_exact(row)) {
                    block.copy_from_slice(&sums[place..place + NEURONS_PER_BLOCK]);
                }
                blocks_to_rows(&blocks[..count], neurons, &mut rows[part * LONG..], pre);
            }
        });
        false
    }
}
