//! One projection over a batch: currents forward, weight, delay and input gradients back, by the
//! plan that fits its kernels.
//!
//! Work goes block by block of postsynaptic neurons, and inside a block sample by sample, so that
//! the taps of a block stay in a near cache while many samples pass. The weight gradient is dealt
//! out by block as well: every sum has one owner, who adds the samples in order, so its bits do not
//! depend on the number of threads.

use super::basis_plan::{BasisPlan, BasisScratch};
use super::demand::Wanted;
use super::events::StepEvents;
use super::layout::Layout;
use super::spread::{KernelEvaluation, Precision, Spread};
use super::window_plan::{WindowPlan, WindowScratch, WindowTask};
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
    window: WindowTask,
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
    /// Steps that the target needs when the source has `steps_in`: half the kernel is added, so
    /// that late delayed spikes still count.
    pub(super) fn steps_out(synapses: &DenseSynapses, steps_in: usize) -> usize {
        steps_in + synapses.max_delay_steps / 2
    }

    /// Works out the taps of every synapse.
    pub(super) fn prepare(
        &mut self,
        with: Instructions,
        synapses: &DenseSynapses,
        settings: PlanSettings,
    ) {
        let PlanSettings { kernel, evaluation, sigma_raw, steps_in, steps_out } = settings;
        let wanted = (kernel, evaluation, synapses.max_delay_steps, sigma_raw, synapses.pre);
        if self.chosen != Some(wanted) {
            // Tables of another width may be many times as large.
            (self.window, self.basis) = (WindowPlan::default(), BasisPlan::default());
            self.tasks.clear();
            self.spread = Some(Spread::new(
                kernel,
                evaluation,
                synapses.max_delay_steps,
                sigma_raw,
                synapses.pre,
            ));
            self.chosen = Some(wanted);
        }
        let paired = evaluation.precision == Precision::Bf16 && with.has_bf16();
        match self.spread.as_ref().expect("just chosen") {
            Spread::Window(window) => {
                self.window.prepare(synapses, window, paired, (steps_in, steps_out))
            }
            Spread::Basis(basis) => {
                self.basis.prepare(synapses, basis, paired, (steps_in, steps_out))
            }
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

    /// Presynaptic neurons.
    pub(super) fn pre(&self) -> usize {
        self.layout().pre
    }

    /// Blocks of postsynaptic neurons.
    pub(super) fn blocks(&self) -> usize {
        self.layout().blocks()
    }

    /// Postsynaptic neurons of a block.
    pub(super) fn neurons(&self, block: usize) -> Range<usize> {
        let layout = self.layout();
        let first = block * layout.block;
        first..first + layout.lanes(block)
    }

    fn layout(&self) -> Layout {
        if self.reads_steps() { self.basis.layout } else { self.window.layout }
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

    /// Adds dL/ds of the presynaptic neurons, where it is `wanted` and as far as it comes from one
    /// block, to `out`, `[pre][padded steps_in]`; `gradient` is dL/dI, `[post][padded steps_out]`,
    /// zero beyond the steps.
    pub(super) fn input_gradient(
        &self,
        with: Instructions,
        block: usize,
        gradient: &[f32],
        wanted: &[Wanted],
        scratch: &mut ProjectionScratch,
        out: &mut [f32],
    ) {
        if self.reads_steps() {
            self.basis.input_gradient(with, block, gradient, wanted, &mut scratch.basis, out);
        } else {
            self.window.input_gradient(with, block, gradient, wanted, &mut scratch.window, out);
        }
    }

    /// dL/dw and dL/dd over a batch: `sample(b)` are spikes and dL/dI of sample `b`. Delays that
    /// synapses share add up. Returns the processor time.
    pub(super) fn weight_gradient<'a>(
        &mut self,
        with: Instructions,
        synapses: &DenseSynapses,
        samples: usize,
        sample: impl Fn(usize) -> (Spikes<'a>, &'a [f32]) + Sync,
        weight: &mut [f32],
        delay: &mut [f32],
    ) -> Duration {
        let (uses_basis, layout) = (self.reads_steps(), self.layout());
        let Self { window, basis, tasks, weight: by_place, delay: delay_by_place, .. } = self;
        tasks.resize_with(tasks.len().max(layout.blocks() * layout.tasks), TaskScratch::default);
        by_place.resize(layout.places(), 0.0);
        delay_by_place.resize(layout.places(), 0.0);
        let places = layout.per_task * layout.block;
        let by_task = by_place
            .par_chunks_exact_mut(places)
            .zip(delay_by_place.par_chunks_exact_mut(places))
            .zip(tasks.par_iter_mut());
        if uses_basis {
            let (correlation, sums, per_task) = basis.split();
            by_task.zip(sums.par_chunks_exact_mut(per_task)).enumerate().for_each(
                |(task, (((weight, delay), scratch), sums))| {
                    let TaskScratch { basis: scratch, spent, .. } = scratch;
                    let add = |scratch: &mut BasisScratch,
                               spikes: Spikes,
                               gradient: &[f32],
                               sums: &mut [f32]| {
                        correlation.add(with, task, spikes.frames, gradient, scratch, sums);
                    };
                    *spent += add_samples(samples, &sample, scratch, sums, add, |_, sums| {
                        correlation.fold(task, sums, weight, delay)
                    });
                },
            );
        } else {
            let (correlation, sums, per_task) = window.split();
            by_task.zip(sums.par_chunks_exact_mut(per_task)).enumerate().for_each(
                |(task, (((weight, delay), scratch), sums))| {
                    let TaskScratch { window: scratch, spent, .. } = scratch;
                    let add = |scratch: &mut WindowTask,
                               spikes: Spikes,
                               gradient: &[f32],
                               sums: &mut [f32]| {
                        correlation.add(with, task, spikes, gradient, scratch, sums);
                    };
                    let fold = |scratch: &WindowTask, sums: &[f32]| {
                        correlation.fold(task, scratch, sums, weight, delay)
                    };
                    correlation.clear(task, scratch);
                    *spent += add_samples(samples, &sample, scratch, sums, add, fold);
                },
            );
        }
        let elements = layout.elements();
        weight.par_chunks_exact_mut(elements).enumerate().for_each(|(post, weight)| {
            weight
                .iter_mut()
                .enumerate()
                .for_each(|(element, weight)| *weight = by_place[layout.place(post, element)]);
        });
        let slope = |post: usize, element: usize| {
            synapses.weight[post * elements + element] * delay_by_place[layout.place(post, element)]
        };
        if synapses.granularity == Granularity::Synaptic {
            delay.par_chunks_exact_mut(elements).enumerate().for_each(|(post, delay)| {
                delay
                    .iter_mut()
                    .enumerate()
                    .for_each(|(element, delay)| *delay = slope(post, element));
            });
        } else {
            delay.fill(0.0);
            for post in 0..layout.post {
                for element in 0..elements {
                    delay[synapses.delay_index(
                        post,
                        element / layout.taps,
                        element % layout.taps,
                    )] += slope(post, element);
                }
            }
        }
        tasks.iter_mut().map(|task| std::mem::take(&mut task.spent)).sum()
    }
}

/// Adds up the correlations of all samples in order and folds them; returns the time it took.
fn add_samples<'a, Scratch>(
    samples: usize,
    sample: impl Fn(usize) -> (Spikes<'a>, &'a [f32]),
    scratch: &mut Scratch,
    sums: &mut [f32],
    add: impl Fn(&mut Scratch, Spikes, &[f32], &mut [f32]),
    fold: impl FnOnce(&Scratch, &[f32]),
) -> Duration {
    let start = Instant::now();
    sums.fill(0.0);
    for (spikes, gradient) in (0..samples).map(sample) {
        add(scratch, spikes, gradient, sums);
    }
    fold(scratch, sums);
    start.elapsed()
}

#[cfg(test)]
mod tests {
    use super::super::spread::GaussianMethod;
    use super::*;
    use crate::kernels::padded;
    use crate::{Purpose, Seed};
    use rand::RngExt;

    const STEPS: usize = 60;

    /// A projection run there and back for one sample.
    struct Passes {
        /// `sum_jt g_j[t] I_j[t]`
        loss: f64,
        weight: Vec<f32>,
        delay: Vec<f32>,
        spikes: Vec<f32>,
    }

    fn run(
        with: Instructions,
        synapses: &DenseSynapses,
        settings: PlanSettings,
        frames: &SpikeFrames,
        gradient: &[f32],
    ) -> Passes {
        let mut plan = ProjectionPlan::default();
        plan.prepare(with, synapses, settings);
        let (mut events, mut bursts) = (StepEvents::default(), Bursts::default());
        events.refill(frames, settings.steps_in);
        bursts.refill(frames, plan.burst_taps().unwrap_or(1));
        let spikes = Spikes { frames, events: &events, bursts: &bursts };
        let mut current = vec![0.0; synapses.post * padded(settings.steps_out)];
        let mut input_gradient = vec![0.0; synapses.pre * padded(settings.steps_in)];
        let wanted: Vec<Wanted> = (0..synapses.pre)
            .map(|neuron| Wanted { neuron, steps: 0..padded(settings.steps_in) })
            .collect();
        let mut scratch = ProjectionScratch::default();
        for block in 0..plan.blocks() {
            plan.forward(with, block, spikes, &mut scratch, &mut current, Write::Set);
            plan.input_gradient(with, block, gradient, &wanted, &mut scratch, &mut input_gradient);
        }
        let (mut weight, mut delay) =
            (vec![0.0; synapses.weight.len()], vec![0.0; synapses.delay.len()]);
        plan.weight_gradient(with, synapses, 1, |_| (spikes, gradient), &mut weight, &mut delay);
        let loss = current
            .chunks_exact(padded(settings.steps_out))
            .zip(gradient.chunks_exact(padded(settings.steps_out)));
        let loss = loss
            .flat_map(|(a, b)| a.iter().zip(b).take(settings.steps_out))
            .map(|(a, b)| (a * b) as f64)
            .sum();
        Passes { loss, weight, delay, spikes: input_gradient }
    }

    const PRE: usize = 9;
    const POST: usize = 37;
    const TAPS: usize = 2;

    fn numbers(random: &mut impl RngExt, count: usize, from: f32, to: f32) -> Vec<f32> {
        (0..count).map(|_| random.random_range(from..to)).collect()
    }

    fn synapses(random: &mut impl RngExt, max_delay_steps: usize) -> DenseSynapses {
        DenseSynapses {
            pre: PRE,
            post: POST,
            taps: TAPS,
            weight: numbers(random, PRE * POST * TAPS, -1.0, 1.0),
            delay: numbers(random, PRE * POST * TAPS, 0.0, max_delay_steps as f32),
            max_delay_steps,
            granularity: Granularity::Synaptic,
            kernel: DelayKernel::Gaussian,
        }
    }

    /// Of samples of `steps_in` steps, with a gradient to go with them: `[post][padded steps_out]`.
    fn settings(
        random: &mut impl RngExt,
        synapses: &DenseSynapses,
        steps_in: usize,
        (gaussian, tolerance, sigma_raw): (GaussianMethod, f64, f64),
    ) -> (PlanSettings, Vec<f32>) {
        let steps_out = ProjectionPlan::steps_out(synapses, steps_in);
        let evaluation = KernelEvaluation { gaussian, tolerance, ..KernelEvaluation::default() };
        let spread = Spread::new(
            DelayKernel::Gaussian,
            evaluation,
            synapses.max_delay_steps,
            sigma_raw,
            PRE,
        );
        let is_smoothed = matches!(&spread, Spread::Window(window) if window.smoothing().is_some());
        assert_eq!(
            is_smoothed,
            gaussian == GaussianMethod::Smoothed,
            "{gaussian:?} at {sigma_raw}"
        );
        let mut gradient = numbers(random, POST * padded(steps_out), -1.0, 1.0);
        gradient.chunks_exact_mut(padded(steps_out)).for_each(|row| row[steps_out..].fill(0.0));
        (
            PlanSettings {
                kernel: DelayKernel::Gaussian,
                evaluation,
                sigma_raw,
                steps_in,
                steps_out,
            },
            gradient,
        )
    }

    /// Rows long enough for several tiles on every instruction set.
    #[test]
    fn what_is_wanted_has_the_bits_of_whole_rows_and_nothing_else_is_touched() {
        const LONG: usize = 600;
        let mut random = Seed(9).stream(Purpose::Weights, 0, 0);
        for method in [
            (GaussianMethod::Truncated, 1e-2, 0.23),
            (GaussianMethod::Truncated, 1e-2, 1.4),
            (GaussianMethod::Smoothed, 2e-3, 5.0),
        ] {
            let synapses = synapses(&mut random, 40);
            let (settings, gradient) = settings(&mut random, &synapses, LONG, method);
            let length = padded(LONG);
            let whole: Vec<Wanted> =
                (0..PRE).map(|neuron| Wanted { neuron, steps: 0..length }).collect();
            // Of the first neuron and the last nothing, of the others two runs.
            let runs =
                |neuron: usize| [16 * neuron..160 + 16 * neuron, 432 - 16 * neuron..length - 16];
            let parts: Vec<Wanted> = (1..PRE - 1)
                .flat_map(|neuron| {
                    runs(neuron).into_iter().map(move |steps| Wanted { neuron, steps })
                })
                .collect();
            for with in Instructions::available() {
                let mut plan = ProjectionPlan::default();
                plan.prepare(with, &synapses, settings);
                let mut scratch = ProjectionScratch::default();
                let mut of = |wanted: &[Wanted]| {
                    let mut out = vec![0.0; PRE * length];
                    for block in 0..plan.blocks() {
                        plan.input_gradient(with, block, &gradient, wanted, &mut scratch, &mut out);
                    }
                    out
                };
                let mut expected = of(&whole);
                assert!(expected.iter().all(|number| *number != 0.0));
                for (neuron, row) in expected.chunks_exact_mut(length).enumerate() {
                    let wanted = |step: usize| {
                        parts.iter().any(|part| part.neuron == neuron && part.steps.contains(&step))
                    };
                    row.iter_mut()
                        .enumerate()
                        .filter(|(step, _)| !wanted(*step))
                        .for_each(|(_, number)| *number = 0.0);
                }
                assert!(of(&parts) == expected, "{method:?}, {with:?}");
                assert!(of(&[]).iter().all(|number| *number == 0.0));
            }
        }
    }

    /// Currents are linear in weights and in spikes, so the gradients are their adjoints: `sum w
    /// dL/dw = L = sum s dL/ds`. Along delays the gradient is compared with a difference.
    #[test]
    fn gradients_are_the_adjoints_of_the_currents() {
        let mut random = Seed(8).stream(Purpose::Weights, 0, 0);
        // What is cut off or joined makes small jumps, which a difference sees and a derivative
        // does not: so tolerances are tight.
        for (method, max_delay) in [
            ((GaussianMethod::Exact, 5e-3, 0.23), 20),
            ((GaussianMethod::Truncated, 1e-4, 1.4), 20),
            ((GaussianMethod::Smoothed, 2e-3, 1.3), 20),
            ((GaussianMethod::Smoothed, 1e-3, 1.8), 30),
            ((GaussianMethod::Smoothed, 1e-3, 5.0), 40),
            ((GaussianMethod::Polynomial, 1e-3, 9.0), 20),
        ] {
            let mut synapses = synapses(&mut random, max_delay);
            let (settings, gradient) = settings(&mut random, &synapses, STEPS, method);
            let change = numbers(&mut random, PRE * POST * TAPS, -1.0, 1.0);
            let events: Vec<(u32, u32)> = (0..160)
                .map(|_| (random.random_range(0..PRE as u32), random.random_range(0..STEPS as u32)))
                .collect();
            let frames = SpikeFrames::from_events(PRE, STEPS, &events).unwrap();
            let delay = synapses.delay.clone();
            for with in Instructions::available() {
                let name = format!("{method:?}, {with:?}");
                let passes = run(with, &synapses, settings, &frames, &gradient);
                let scale = passes
                    .weight
                    .iter()
                    .zip(&synapses.weight)
                    .map(|(a, b)| (a * b).abs() as f64)
                    .sum::<f64>();
                let by_weight: f64 =
                    passes.weight.iter().zip(&synapses.weight).map(|(a, b)| (a * b) as f64).sum();
                assert!(
                    (by_weight - passes.loss).abs() < 1e-5 * scale,
                    "{name}: weights {by_weight}, {}",
                    passes.loss
                );
                let row = padded(STEPS);
                let of_channel = |c: usize| {
                    let (steps, counts) = frames.channel(c);
                    let at = |(&step, &count): (&u32, &f32)| {
                        (passes.spikes[c * row + step as usize] * count) as f64
                    };
                    steps.iter().zip(counts).map(at).sum::<f64>()
                };
                let by_spikes: f64 = (0..PRE).map(of_channel).sum();
                assert!(
                    (by_spikes - passes.loss).abs() < 1e-5 * scale,
                    "{name}: spikes {by_spikes}, {}",
                    passes.loss
                );

                let step = 1e-2;
                let mut moved = |by: f32| {
                    synapses.delay = delay
                        .iter()
                        .zip(&change)
                        .map(|(a, b)| (a + by * b).clamp(0.0, max_delay as f32))
                        .collect();
                    run(with, &synapses, settings, &frames, &gradient).loss
                };
                let numeric = (moved(step) - moved(-step)) / (2.0 * step as f64);
                synapses.delay.clone_from(&delay);
                let by_delay: f64 =
                    passes.delay.iter().zip(&change).map(|(a, b)| (a * b) as f64).sum();
                let scale = passes
                    .delay
                    .iter()
                    .zip(&change)
                    .map(|(a, b)| (a * b).abs() as f64)
                    .sum::<f64>();
                assert!(
                    (by_delay - numeric).abs() < 1e-2 * scale,
                    "{name}: delays {by_delay}, {numeric} of {scale}"
                );
            }
        }
    }
}
