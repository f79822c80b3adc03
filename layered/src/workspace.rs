//! The memory of a batch: what its samples keep between passes, and what workers reuse.

use crate::demand::{Demand, Wanted};
use crate::events::StepEvents;
use crate::graph::Graph;
use crate::norm_pass::NormSums;
use crate::plan::{NumberOrder, Spikes};
use crate::scratch::PlanScratch;
use rayon::prelude::*;
use sim_core::{
    FiredMasks, NeuronScratch, SHARDS, SampleLoss, SpikeFrames, SpikeTrains, StageTiming,
    samples_of_shards,
};
use simd::{Bursts, NEURONS_PER_BLOCK, NeuronBlock};
use std::ops::Range;
use std::sync::OnceLock;

/// What one sample keeps between passes.
#[derive(Debug, Default)]
pub(crate) struct SampleState {
    pub populations: Vec<PopulationState>,
    pub loss: SampleLoss,
}

/// What one population of one sample keeps between passes.
#[derive(Debug, Default)]
pub(crate) struct PopulationState {
    /// Number of neurons.
    pub neurons: usize,
    /// `I`, in the population's [`NumberOrder`].
    pub current: Vec<f32>,
    /// dL/dS in the first rows, one per neuron; then dL/dZ, then dL/dI, shaped like `current`.
    pub gradient: Vec<f32>,
    /// Gradient of the constants of each neuron, `[block][constant]`; empty where they share the
    /// model's.
    pub constant_gradient: Vec<NeuronBlock>,
    /// Spikes, `[block][step]`, one bit per neuron.
    pub fired: Vec<u16>,
    /// Neurons that dropout leaves, one bit each by blocks.
    pub kept: Vec<u16>,
    pub demand: Demand,
    /// Height that dropout gives to the spikes that it leaves.
    pub height: f32,
    /// These spikes, where a projection reads more than their masks; the input's are the batch's
    /// own.
    pub frames: SpikeFrames,
    /// The same where no projection reads it, once somebody asks.
    pub asked_for: OnceLock<SpikeFrames>,
    /// The same by step, and in bursts, where a projection reads them so.
    pub events: StepEvents,
    pub bursts: Bursts,
    pub sums: NormSums,
    /// Number of spikes, before dropout.
    pub spikes: u64,
    /// The same by neuron, over the sample's own steps; empty where neurons never fire.
    pub counts: Vec<u32>,
}

impl SampleState {
    /// Two different populations.
    pub(crate) fn pair(&mut self, one: usize, other: usize) -> [&mut PopulationState; 2] {
        self.populations.get_disjoint_mut([one, other]).expect("no projection closes a loop")
    }
}

impl PopulationState {
    /// The spikes in the orders that plans read; `given` are those of the batch, for the input.
    pub(crate) fn spikes<'a>(&'a self, given: Option<&'a SpikeFrames>) -> Spikes<'a> {
        let frames = given.unwrap_or(&self.frames);
        let masks = given.is_none().then(|| self.masks());
        Spikes { frames, events: &self.events, bursts: &self.bursts, masks }
    }

    /// The spikes of a hidden population as one bit per neuron and step.
    pub(crate) fn masks(&self) -> FiredMasks<'_> {
        let Self { neurons, fired, kept, height, .. } = self;
        let steps = fired.len() / neurons.div_ceil(NEURONS_PER_BLOCK).max(1);
        FiredMasks { neurons: *neurons, steps, fired, kept, height: *height }
    }

    /// Makes room for `size` neurons with `inputs` inputs over `steps` steps.
    fn resize(
        &mut self,
        (size, inputs): (usize, usize),
        steps: usize,
        order: NumberOrder,
        train: bool,
    ) {
        self.neurons = size;
        let numbers = order.numbers(inputs, steps);
        self.current.resize(numbers, 0.0);
        self.fired.resize(size.div_ceil(NEURONS_PER_BLOCK) * steps, 0);
        if train {
            self.gradient.resize(numbers, 0.0);
        }
    }
}

/// What the worker of one shard reuses from sample to sample.
#[derive(Debug, Default)]
pub(crate) struct ShardScratch {
    pub plan: PlanScratch,
    pub wanted: Vec<Wanted>,
    pub blocks: Vec<NeuronBlock>,
    pub gradient_blocks: Vec<NeuronBlock>,
    pub fired: Vec<u16>,
    pub neurons: NeuronScratch,
    pub trains: SpikeTrains,
    pub output: Vec<f32>,
    pub output_gradient: Vec<f32>,
    /// For the objective.
    pub loss: Vec<f64>,
    pub timing: StageTiming,
}

/// The samples of a batch, dealt to its shards; each has scratch memory.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// At least as many as the batch has; memory of larger batches stays.
    samples: Vec<SampleState>,
    scratch: Vec<ShardScratch>,
    batch: usize,
    /// Whether the last pass over the samples went from the last to the first.
    from_the_end: bool,
}

impl Default for Workspace {
    fn default() -> Self {
        let scratch = (0..SHARDS).map(|_| ShardScratch::default()).collect();
        Self { samples: Vec::new(), scratch, batch: 0, from_the_end: false }
    }
}

impl Workspace {
    /// Makes room for `batch` samples over `steps` steps by population.
    pub(crate) fn resize(
        &mut self,
        batch: usize,
        graph: &Graph,
        (steps, number_orders): (&[usize], &[NumberOrder]),
        train: bool,
    ) {
        let Graph { sizes, inputs, order, .. } = graph;
        self.batch = batch;
        if self.samples.len() < batch {
            self.samples.resize_with(batch, SampleState::default);
        }
        self.samples[..batch].par_iter_mut().for_each(|SampleState { populations, .. }| {
            populations.resize_with(sizes.len(), PopulationState::default);
            for &p in order {
                let size = (sizes[p], inputs[p]);
                populations[p].resize(size, steps[p], number_orders[p], train);
            }
        });
    }

    /// The samples of the batch.
    pub(crate) fn samples(&self) -> &[SampleState] {
        &self.samples[..self.batch]
    }

    /// As [`samples`](Self::samples), to be written.
    pub(crate) fn samples_mut(&mut self) -> &mut [SampleState] {
        &mut self.samples[..self.batch]
    }

    /// One population of every sample of the batch.
    pub(crate) fn population(
        &self,
        p: usize,
    ) -> impl ExactSizeIterator<Item = &PopulationState> + Clone {
        self.samples().iter().map(move |sample| &sample.populations[p])
    }

    /// Calls `f` for the samples of every shard with the number of the first. Every other pass
    /// starts from the end: the samples that the last pass has left in the cache come first.
    pub(crate) fn each_shard(
        &mut self,
        f: impl Fn(usize, &mut [SampleState], &mut ShardScratch) + Sync,
    ) {
        self.from_the_end = !self.from_the_end;
        let (batch, from_the_end) = (self.batch, self.from_the_end);
        let samples = &mut self.samples[..batch];
        deal(batch, from_the_end, 0..SHARDS, samples, &mut self.scratch, &f);
    }

    /// Calls `f` for every sample of the batch with its number, shard by shard.
    pub(crate) fn each_sample(
        &mut self,
        f: impl Fn(usize, &mut SampleState, &mut ShardScratch) + Sync,
    ) {
        let from_the_end = !self.from_the_end;
        self.each_shard(|first, samples, scratch| {
            let last = samples.len() - 1;
            for k in 0..samples.len() {
                let k = if from_the_end { last - k } else { k };
                f(first + k, &mut samples[k], scratch);
            }
        });
    }

    /// Processor time per stage of all workers.
    pub(crate) fn timing(&self) -> StageTiming {
        self.scratch.iter().fold(StageTiming::default(), |mut sum, scratch| {
            sum.add(&scratch.timing);
            sum
        })
    }
}

/// Deals the samples of some shards to threads.
fn deal(
    batch: usize,
    from_the_end: bool,
    shards: Range<usize>,
    samples: &mut [SampleState],
    scratch: &mut [ShardScratch],
    f: &(impl Fn(usize, &mut [SampleState], &mut ShardScratch) + Sync),
) {
    let first = samples_of_shards(batch, shards.clone()).start;
    match scratch {
        _ if samples.is_empty() => {}
        [scratch] => f(first, samples, scratch),
        _ => {
            let middle = shards.start + shards.len() / 2;
            let (left, right) = (shards.start..middle, middle..shards.end);
            let of_left = samples_of_shards(batch, left.clone()).len();
            let (samples_left, samples_right) = samples.split_at_mut(of_left);
            let (scratch_left, scratch_right) = scratch.split_at_mut(left.len());
            let left = || deal(batch, from_the_end, left, samples_left, scratch_left, f);
            let right = || deal(batch, from_the_end, right, samples_right, scratch_right, f);
            if from_the_end {
                rayon::join(right, left)
            } else {
                rayon::join(left, right)
            };
        }
    }
}
