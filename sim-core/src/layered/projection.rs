//! One projection over a batch: currents forward, weight, delay and input gradients back, by the plan that fits its kernels.
//!
//! Work goes block by block of postsynaptic neurons, and inside a block sample by sample, so that the taps of a block stay in a near
//! cache while many samples pass. The weight gradient is dealt out by block as well: every sum has one owner, who adds the samples in order,
//! so its bits do not depend on the number of threads.

use super::basis_plan::{BasisPlan, BasisScratch};
use super::demand::Demand;
use super::events::StepEvents;
use super::spread::{KernelEvaluation, Precision, Spread};
use super::window_plan::{WindowPlan, WindowScratch};
use crate::kernels::{Bursts, Instructions};
use crate::{DelayKernel, DenseSynapses, Granularity, SpikeFrames};
use rayon::prelude::*;
use std::ops::Range;
use std::time::{Duration, Instant};

/// Spikes of one population over one sample, in the orders that plans read.
#[derive(Clone, Copy)]
pub(super) struct Spikes<'a> {
    pub frames: &'a SpikeFrames,
    /// Filled where [`ProjectionPlan::reads_steps`] says so.
    pub events: &'a StepEvents,
    /// Made for at least [`ProjectionPlan::burst_taps`] where there are any.
    pub bursts: &'a Bursts,
}

/// What becomes of numbers that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    /// They are overwritten.
    Set,
    /// They are added to.
    Add,
}

/// Memory that one worker reuses from sample to sample.
#[derive(Debug, Default)]
pub(super) struct ProjectionScratch {
    window: WindowScratch,
    basis: BasisScratch,
}

/// What one task of the weight gradient reuses.
#[derive(Debug, Default)]
struct TaskScratch {
    rows: crate::kernels::Aligned,
    basis: BasisScratch,
    spent: Duration,
}

/// A projection made ready for one batch.
#[derive(Debug, Default)]
pub(super) struct ProjectionPlan {
    /// What `spread` was made from.
    chosen: Option<(DelayKernel, KernelEvaluation, usize, f64, usize)>,
    spread: Option<Spread>,
    window: WindowPlan,
    basis: BasisPlan,
    tasks: Vec<TaskScratch>,
    /// dL/dw and dL/d delay over the weight, by place.
    weight: Vec<f32>,
    delay: Vec<f32>,
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
}

impl ProjectionPlan {
    /// Steps that the target needs when the source has `steps_in`: half the kernel is added, so that late delayed spikes still count.
    pub(super) fn steps_out(synapses: &DenseSynapses, steps_in: usize) -> usize {
        steps_in + synapses.max_delay_steps / 2
    }

    /// Works out the taps of every synapse.
    pub(super) fn prepare(&mut self, with: Instructions, synapses: &DenseSynapses, settings: PlanSettings) {
        let PlanSettings { kernel, evaluation, sigma_raw, steps_in, steps_out } = settings;
        let wanted = (kernel, evaluation, synapses.max_delay_steps, sigma_raw, synapses.pre);
        if self.chosen != Some(wanted) {
            self.spread = Some(Spread::new(kernel, evaluation, synapses.max_delay_steps, sigma_raw, synapses.pre));
            self.chosen = Some(wanted);
        }
        let paired = evaluation.precision == Precision::Bf16 && with.has_bf16();
        match self.spread.as_ref().expect("just chosen") {
            Spread::Window(window) => self.window.prepare(synapses, window, paired, (steps_in, steps_out)),
            Spread::Basis(basis) => self.basis.prepare(synapses, basis, paired, (steps_in, steps_out)),
        }
    }

    /// Whether spikes are wanted by step.
    pub(super) fn reads_steps(&self) -> bool {
        matches!(self.spread, Some(Spread::Basis(_)))
    }

    /// Taps that spikes are wanted in bursts for, if they are.
    pub(super) fn burst_taps(&self) -> Option<usize> {
        if self.reads_steps() { None } else { self.window.burst_taps() }
    }

    /// Blocks of postsynaptic neurons.
    pub(super) fn blocks(&self) -> usize {
        if self.reads_steps() { self.basis.layout.blocks() } else { self.window.layout.blocks() }
    }

    /// Postsynaptic neurons of a block.
    pub(super) fn neurons(&self, block: usize) -> Range<usize> {
        let layout = if self.reads_steps() { self.basis.layout } else { self.window.layout };
        let first = block * layout.block;
        first..first + layout.lanes(block)
    }

    /// Writes the currents of one block to `out`, `[post][padded steps_out]`.
    pub(super) fn forward(
        &self,
        with: Instructions,
        block: usize,
        spikes: Spikes,
        scratch: &mut ProjectionScratch,
        out: &mut [f32],
        write: Write,
    ) {
        if self.reads_steps() {
            self.basis.forward(with, block, spikes.events, &mut scratch.basis, out, write);
        } else {
            self.window.forward(with, block, spikes, &mut scratch.window, out, write);
        }
    }

    /// Adds dL/ds of the presynaptic neurons, where there is `demand` and as far as it comes from one block, to `out`,
    /// `[pre][padded steps_in]`; `gradient` is dL/dI, `[post][padded steps_out]`, zero beyond the steps.
    pub(super) fn input_gradient(
        &self,
        with: Instructions,
        block: usize,
        gradient: &[f32],
        demand: &Demand,
        scratch: &mut ProjectionScratch,
        out: &mut [f32],
    ) {
        if self.reads_steps() {
            self.basis.input_gradient(with, block, gradient, demand, &mut scratch.basis, out);
        } else {
            self.window.input_gradient(with, block, gradient, demand, &mut scratch.window, out);
        }
    }

    /// dL/dw and dL/dd over a batch: `sample(b)` are spikes and dL/dI of sample `b`. Delays that synapses share add up. Returns the
    /// processor time.
    pub(super) fn weight_gradient<'a>(
        &mut self,
        with: Instructions,
        synapses: &DenseSynapses,
        samples: usize,
        sample: impl Fn(usize) -> (Spikes<'a>, &'a [f32]) + Sync,
        weight: &mut [f32],
        delay: &mut [f32],
    ) -> Duration {
        let uses_basis = self.reads_steps();
        let Self { window, basis, tasks, weight: by_place, delay: delay_by_place, .. } = self;
        let layout = if uses_basis { basis.layout } else { window.layout };
        tasks.resize_with(tasks.len().max(layout.blocks() * layout.tasks), TaskScratch::default);
        by_place.resize(layout.places(), 0.0);
        delay_by_place.resize(layout.places(), 0.0);
        let places = layout.per_task * layout.block;
        let by_task = by_place.par_chunks_exact_mut(places).zip(delay_by_place.par_chunks_exact_mut(places)).zip(tasks.par_iter_mut());
        if uses_basis {
            let (correlation, sums, per_task) = basis.split();
            by_task.zip(sums.par_chunks_exact_mut(per_task)).enumerate().for_each(|(task, (((weight, delay), scratch), sums))| {
                let TaskScratch { basis: scratch, spent, .. } = scratch;
                let add = |spikes: Spikes, gradient: &[f32], sums: &mut [f32]| {
                    correlation.add(with, task, spikes.frames, gradient, scratch, sums);
                };
                *spent += add_samples(samples, &sample, sums, add, |sums| correlation.fold(task, sums, weight, delay));
            });
        } else {
            let (correlation, sums, per_task) = window.split();
            by_task.zip(sums.par_chunks_exact_mut(per_task)).enumerate().for_each(|(task, (((weight, delay), scratch), sums))| {
                let TaskScratch { rows, spent, .. } = scratch;
                let add = |spikes: Spikes, gradient: &[f32], sums: &mut [f32]| {
                    correlation.add(with, task, spikes, gradient, rows, sums);
                };
                *spent += add_samples(samples, &sample, sums, add, |sums| correlation.fold(task, sums, weight, delay));
            });
        }
        let elements = layout.elements();
        weight.par_chunks_exact_mut(elements).enumerate().for_each(|(post, weight)| {
            weight.iter_mut().enumerate().for_each(|(element, weight)| *weight = by_place[layout.place(post, element)]);
        });
        let slope = |post: usize, element: usize| synapses.weight[post * elements + element] * delay_by_place[layout.place(post, element)];
        if synapses.granularity == Granularity::Synaptic {
            delay.par_chunks_exact_mut(elements).enumerate().for_each(|(post, delay)| {
                delay.iter_mut().enumerate().for_each(|(element, delay)| *delay = slope(post, element));
            });
        } else {
            delay.fill(0.0);
            for post in 0..layout.post {
                for element in 0..elements {
                    delay[synapses.delay_index(post, element / layout.taps, element % layout.taps)] += slope(post, element);
                }
            }
        }
        tasks.iter_mut().map(|task| std::mem::take(&mut task.spent)).sum()
    }
}

/// Adds up the correlations of all samples in order and folds them; returns the time it took.
fn add_samples<'a>(
    samples: usize,
    sample: impl Fn(usize) -> (Spikes<'a>, &'a [f32]),
    sums: &mut [f32],
    mut add: impl FnMut(Spikes, &[f32], &mut [f32]),
    fold: impl FnOnce(&[f32]),
) -> Duration {
    let start = Instant::now();
    sums.fill(0.0);
    for b in 0..samples {
        let (spikes, gradient) = sample(b);
        add(spikes, gradient, sums);
    }
    fold(sums);
    start.elapsed()
}
