//! A projection without delays from input that repeats in every step.
//!
//! Such a projection brings the same current in every step, so it is one matrix product over the
//! samples of the batch, worked out once, whatever the number of steps:
//! ```text
//! I_j[t]  = sum_i w_ij x_i                               for all samples at once
//! dL/dw_ij = sum over samples of x_i sum_t dL/dI_j[t]
//! ```
//! A sample that is shorter than the longest of its batch brings no current behind its end.

use crate::demand::Wanted;
use crate::layout::{Layout, index};
use crate::plan::{Plan, PlanSettings, SpikeOrder, Spikes, Write};
use crate::scratch::{PlanScratch, TaskScratch};
use rayon::prelude::*;
use sim_core::{DenseSynapses, NORMALISER_EPSILON, SpikeFrames};
use simd::{Aligned, Instructions, Mixture, combine_each, padded};

/// Postsynaptic neurons whose currents one task works out: rows that are loaded serve four of them.
const NEURONS_PER_TASK: usize = 16;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct ProductPlan {
    layout: Layout,
    steps_out: usize,
    /// Samples of a row of `values` and `current`, padded.
    samples: usize,
    /// `x`, `[pre][sample]`.
    values: Aligned,
    /// `I`, `[post][sample]`.
    current: Aligned,
    outputs: Vec<Mixture>,
}

impl ProductPlan {
    /// Whether a projection is such a product: it has no delays, one weight per pair, and it reads
    /// the samples themselves, all of which repeat.
    pub(crate) fn suits(synapses: &DenseSynapses, input: Option<&[SpikeFrames]>) -> bool {
        let repeat = |frames: &[SpikeFrames]| frames.iter().all(SpikeFrames::repeats);
        synapses.max_delay_steps == 0 && synapses.taps == 1 && input.is_some_and(repeat)
    }

    /// Works out the currents of all samples of a batch.
    fn multiply(&mut self, isa: Instructions, synapses: &DenseSynapses, frames: &[SpikeFrames]) {
        let Self { samples, values, current, outputs, .. } = self;
        *samples = padded(frames.len());
        let values = values.resize(synapses.pre * *samples);
        values.par_chunks_exact_mut(*samples).enumerate().for_each(|(channel, row)| {
            row.fill(0.0);
            for (value, frames) in row.iter_mut().zip(frames) {
                *value = first_value(frames, channel);
            }
        });
        outputs.clear();
        outputs.extend((0..NEURONS_PER_TASK).map(|post| Mixture {
            weights: index(post * synapses.pre),
            out: index(post * *samples),
        }));
        let current = current.resize(synapses.post * *samples);
        current.fill(0.0);
        let tasks = current.par_chunks_mut(NEURONS_PER_TASK * *samples);
        let weights = synapses.weight.par_chunks(NEURONS_PER_TASK * synapses.pre);
        tasks.zip(weights).for_each(|(current, weights)| {
            let outputs = &outputs[..current.len() / *samples];
            let (weights, stride) = ((weights, 0), *samples);
            combine_each(isa, outputs, weights, synapses.pre, values, stride, current, stride);
            current.iter_mut().for_each(|current| *current *= KEPT);
        });
    }
}

/// What the normaliser of a delay kernel keeps of a weight whose window is one step.
const KEPT: f32 = (1.0 / (1.0 + NORMALISER_EPSILON)) as f32;

/// The value that a channel repeats.
fn first_value(frames: &SpikeFrames, channel: usize) -> f32 {
    frames.channel(channel).1.first().copied().unwrap_or(0.0)
}

impl Plan for ProductPlan {
    fn prepare(&mut self, isa: Instructions, synapses: &DenseSynapses, settings: &PlanSettings) {
        self.layout = Layout::new(synapses, NEURONS_PER_TASK, usize::MAX);
        self.steps_out = settings.steps_out;
        self.multiply(isa, synapses, settings.input.expect("the projection reads the samples"));
    }

    fn layout(&self) -> Layout {
        self.layout
    }

    fn spike_order(&self) -> SpikeOrder {
        SpikeOrder::Channels
    }

    fn forward(
        &self,
        _isa: Instructions,
        block: usize,
        spikes: Spikes,
        _scratch: &mut PlanScratch,
        out: &mut [f32],
        write: Write,
    ) {
        let length = padded(self.steps_out);
        let first = block * self.layout.block;
        let current = self.current.as_slice();
        let rows = out[first * length..].chunks_exact_mut(length).take(self.layout.lanes(block));
        for (post, row) in (first..).zip(rows) {
            let current = current[post * self.samples + spikes.slot];
            let (shown, behind) = row.split_at_mut(spikes.frames.steps());
            match write {
                Write::Set => {
                    shown.fill(current);
                    behind.fill(0.0);
                }
                Write::Add => shown.iter_mut().for_each(|number| *number += current),
            }
        }
    }

    fn input_gradient(
        &self,
        _isa: Instructions,
        _block: usize,
        _gradient: &[f32],
        _wanted: &[Wanted],
        _scratch: &mut PlanScratch,
        _out: &mut [f32],
    ) {
        unreachable!("the input of a network has no gradient");
    }

    fn correlations(&self) -> usize {
        1
    }

    fn begin_task(&self, _task: usize, _scratch: &mut TaskScratch) {}

    fn correlate(
        &self,
        _isa: Instructions,
        task: usize,
        spikes: Spikes,
        gradient: &[f32],
        _scratch: &mut TaskScratch,
        sums: &mut [f32],
    ) {
        let (block, elements) = self.layout.task(task);
        let length = padded(self.steps_out);
        let mut totals = [0.0; NEURONS_PER_TASK];
        let rows = gradient[block * self.layout.block * length..].chunks_exact(length);
        for (total, row) in totals.iter_mut().zip(rows) {
            *total = row[..spikes.frames.steps()].iter().sum();
        }
        for (channel, sums) in elements.zip(sums.as_chunks_mut::<NEURONS_PER_TASK>().0) {
            let value = first_value(spikes.frames, channel);
            if value != 0.0 {
                sums.iter_mut().zip(totals).for_each(|(sum, total)| *sum += value * total);
            }
        }
    }

    fn fold(
        &self,
        _task: usize,
        _scratch: &TaskScratch,
        sums: &[f32],
        weight: &mut [f32],
        delay: &mut [f32],
    ) {
        weight.iter_mut().zip(sums).for_each(|(weight, sum)| *weight = KEPT * sum);
        // The only delay there is cannot move.
        delay.fill(0.0);
    }
}
