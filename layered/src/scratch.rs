//! Memory that workers reuse from sample to sample, whatever plan a projection follows.

use crate::shard_trains::ShardTrains;
use simd::{Aligned, Mixture, RowSources};
use std::time::Duration;

/// Memory of one worker for the passes of projections over a sample.
#[derive(Debug, Default)]
pub(crate) struct PlanScratch {
    pub window: WindowScratch,
    pub basis: BasisScratch,
    pub product: ProductScratch,
}

/// Memory of one task of a weight gradient.
#[derive(Debug, Default)]
pub(crate) struct TaskScratch {
    pub rows: PanelRows,
    pub basis: BasisScratch,
    pub product: ProductScratch,
    /// Processor time that the task has taken.
    pub spent: Duration,
}

/// Memory of a plan of neighbouring taps.
#[derive(Debug, Default)]
pub(crate) struct WindowScratch {
    pub rows: PanelRows,
    pub trains: Aligned,
    /// Rows in lines.
    pub lines: Aligned,
    /// Rows or trains as pairs of bf16.
    pub pairs: Vec<u32>,
    pub sources: RowSources,
    pub frequent: Vec<usize>,
}

/// The rows of one panel of postsynaptic neurons.
#[derive(Debug, Default)]
pub(crate) struct PanelRows {
    /// `[neuron][stride]`
    pub rows: Aligned,
    /// Rows of the tails of a smoothing.
    pub tails: Aligned,
    /// One row of a gradient with zeros on either side.
    pub gradient: Aligned,
}

/// Memory of a plan of shares in fixed filters.
#[derive(Debug, Default)]
pub(crate) struct BasisScratch {
    /// `[filter][step][neuron]`.
    pub planes: Aligned,
    /// `[step][neuron]`.
    pub blocks: Aligned,
    /// `[step][neuron]`, for each shape of the filters' pieces.
    pub shaped: Aligned,
    /// `[filter][neuron][step]`.
    pub rows: Aligned,
    /// `rows` as pairs of bf16, two neurons to a pair.
    pub pairs: Vec<u32>,
    pub outputs: Vec<Mixture>,
}

/// Memory of a plan without delays.
#[derive(Debug, Default)]
pub(crate) struct ProductScratch {
    /// `[plane][column][neuron]`.
    pub blocks: Aligned,
    /// dL/dI of several samples, `[column][padded post]`.
    pub columns: Aligned,
    pub outputs: Vec<Mixture>,
    /// dL/ds of several samples, `[column][padded pre]`.
    pub joined: Aligned,
    pub trains: ShardTrains,
}
