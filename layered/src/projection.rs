//! One projection over a batch: currents forward, weight, delay and input gradients back, by the
//! plan that fits its kernels.
//!
//! Work goes panel by panel of postsynaptic neurons, and inside a panel sample by sample, so that
//! the taps of a panel stay in a near cache while many samples pass. The weight gradient is dealt
//! out by panel as well: every sum has one owner, who adds the samples in the order of shards, so
//! its bits do not depend on the number of threads.

use crate::basis_plan::BasisPlan;
use crate::batch_product::BatchProduct;
use crate::demand::Wanted;
use crate::plan::{Plan, PlanSettings, Shard, SpikeOrder, Spikes, Write};
use crate::product_plan::{LONG, ProductPlan};
use crate::repeated_product::RepeatedProduct;
use crate::scratch::{PlanScratch, TaskScratch};
use crate::spike_product::SpikeProduct;
use crate::taps::spread::KernelSpread;
use crate::tile_product::TileProduct;
use crate::window_plan::WindowPlan;
use crate::worker_sums::WorkerSums;
use rayon::prelude::*;
use sim_core::{DelayKernel, DenseSynapses, Granularity, KernelEvaluation};
use simd::Instructions;
use std::ops::Range;
use std::time::{Duration, Instant};

/// The operands that a plan was chosen for.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Choice {
    kernel: DelayKernel,
    evaluation: KernelEvaluation,
    sigma_raw: f64,
    max_delay_steps: usize,
    pre: usize,
    is_product: bool,
}

impl Choice {
    fn plan(self) -> Box<dyn Plan> {
        let Self { kernel, evaluation, sigma_raw, max_delay_steps, pre, .. } = self;
        if self.is_product {
            return Box::new(ProductPlan::default());
        }
        match KernelSpread::new(kernel, evaluation, max_delay_steps, sigma_raw, pre) {
            KernelSpread::Window(window) => Box::new(WindowPlan::new(window)),
            KernelSpread::Basis(basis) => Box::new(BasisPlan::new(basis)),
        }
    }
}

/// Synapses from which on a product over the whole batch pays: with fewer, the memory in which a
/// product of dense matrices packs its factors anew each time outweighs what it saves.
const LARGE: usize = 1 << 16;

/// The same on tile registers.
const LARGE_ON_TILES: usize = 1 << 12;

/// The products over a whole batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ProductKind {
    /// Of input that repeats.
    Repeated,
    /// Of spikes, on tile registers.
    Tiles,
    /// Of spikes.
    Spikes,
}

impl ProductKind {
    /// The product that pays, for a projection without delays.
    fn of(
        isa: Instructions,
        synapses: &DenseSynapses,
        repeats: bool,
        settings: &PlanSettings,
    ) -> Option<Self> {
        let (count, steps) = (synapses.pre * synapses.post, settings.steps_in);
        if repeats && settings.alike {
            return (count >= LARGE).then_some(Self::Repeated);
        }
        // Spikes of images are many. Those of long recordings are few: sums over them cost less.
        let is_dense = settings.batch_repeats || steps < LONG;
        let allows_tiles = settings.alike && settings.input.is_none() && is_dense;
        if count >= LARGE_ON_TILES && allows_tiles && TileProduct::suits(isa) {
            return Some(Self::Tiles);
        }
        (count >= LARGE && SpikeProduct::suits(steps)).then_some(Self::Spikes)
    }

    fn product(self, isa: Instructions) -> Box<dyn BatchProduct> {
        match self {
            Self::Repeated => Box::new(RepeatedProduct::default()),
            Self::Tiles => Box::new(TileProduct::default()),
            Self::Spikes => Box::new(SpikeProduct::new(isa)),
        }
    }
}

/// A projection with the plan of the batch at hand, or with a product over the whole batch.
#[derive(Debug, Default)]
pub(crate) struct ProjectionPlan {
    /// The product that works out the batch at hand, instead of a plan.
    kind: Option<ProductKind>,
    /// By kind. Training and evaluation may take different ones in turn.
    products: [Option<Box<dyn BatchProduct>>; 3],
    /// The plan of wider kernels, and that of one tap per synapse: a step of training may ask for
    /// both in turn.
    chosen: [Option<(Choice, Box<dyn Plan>)>; 2],
    /// Which of them is that of the batch at hand.
    at: usize,
    tasks: Vec<TaskScratch>,
    /// dL/dw, and dL/dd divided by the weight, by slot.
    weight: Vec<f32>,
    delay: Vec<f32>,
}

impl ProjectionPlan {
    /// Chooses a plan if there is none for these kernels, and prepares it.
    pub(crate) fn prepare(
        &mut self,
        isa: Instructions,
        synapses: &DenseSynapses,
        settings: &PlanSettings,
    ) {
        let is_product = ProductPlan::suits(synapses);
        let (repeats, steps) = (settings.repeats(), [settings.steps_in, settings.steps_out]);
        let wanted = ProductKind::of(isa, synapses, repeats, settings);
        if let Some(kind) = wanted.filter(|_| is_product) {
            self.kind = Some(kind);
            let product = self.products[kind as usize].get_or_insert_with(|| kind.product(isa));
            return product.prepare(isa, synapses, steps);
        }
        self.kind = None;
        // All kernels make the same product.
        let (kernel, evaluation, sigma_raw) = if is_product {
            (DelayKernel::OneTap, KernelEvaluation::default(), 0.0)
        } else {
            (settings.kernel, settings.evaluation, settings.sigma_raw)
        };
        let DenseSynapses { max_delay_steps, pre, .. } = *synapses;
        let choice = Choice { kernel, evaluation, sigma_raw, max_delay_steps, pre, is_product };
        self.at = usize::from(kernel == DelayKernel::OneTap);
        let place = &mut self.chosen[self.at];
        if !matches!(place, Some((chosen, _)) if *chosen == choice) {
            // Tables of another width may be many times as large: drop them before new tables are
            // made.
            *place = None;
            self.tasks.clear();
            *place = Some((choice, choice.plan()));
        }
        let (_, plan) = place.as_mut().expect("just chosen");
        plan.prepare(isa, synapses, settings);
    }

    fn plan(&self) -> &dyn Plan {
        &*self.chosen[self.at].as_ref().expect("a batch was prepared").1
    }

    /// The order in which spikes are read.
    pub(crate) fn spike_order(&self) -> SpikeOrder {
        self.product().map_or_else(|| self.plan().spike_order(), BatchProduct::spike_order)
    }

    /// The product over the whole batch, where the projection is one.
    pub(crate) fn product(&self) -> Option<&dyn BatchProduct> {
        self.products[self.kind? as usize].as_deref()
    }

    /// As [`Self::product`], to work it out.
    pub(crate) fn product_mut(&mut self) -> Option<&mut dyn BatchProduct> {
        match &mut self.products[self.kind? as usize] {
            Some(product) => Some(&mut **product),
            None => None,
        }
    }

    /// Panels of postsynaptic neurons.
    pub(crate) fn panels(&self) -> usize {
        self.plan().layout().panels()
    }

    /// Postsynaptic neurons of a panel.
    pub(crate) fn neurons(&self, panel: usize) -> Range<usize> {
        let layout = self.plan().layout();
        let first = panel * layout.panel_size;
        first..first + layout.neurons(panel)
    }

    /// Writes the currents of one panel; see [`Plan::forward`].
    pub(crate) fn forward(
        &self,
        isa: Instructions,
        panel: usize,
        spikes: Spikes,
        scratch: &mut PlanScratch,
        out: &mut [f32],
        write: Write,
    ) {
        self.plan().forward(isa, panel, spikes, scratch, out, write);
    }

    /// Whether the gradient of the sources is worked out for several samples at once.
    pub(crate) fn joins_samples(&self) -> bool {
        self.kind.is_none() && self.plan().joins_samples()
    }

    /// Works out the gradient of the sources for a shard; see [`Plan::join_gradients`].
    pub(crate) fn join_gradients(
        &self,
        isa: Instructions,
        shard: Shard,
        scratch: &mut PlanScratch,
    ) {
        self.plan().join_gradients(isa, shard, scratch);
    }

    /// Adds the gradient of the sources; see [`Plan::input_gradient`].
    pub(crate) fn input_gradient(
        &self,
        isa: Instructions,
        rank: usize,
        gradient: &[f32],
        wanted: &[Wanted],
        scratch: &mut PlanScratch,
        out: &mut [f32],
    ) {
        self.plan().input_gradient(isa, rank, gradient, wanted, scratch, out);
    }

    /// Writes dL/dw and dL/dd over a batch: `sample(b)` gives the spikes and dL/dI of sample `b`.
    /// Where synapses share a delay, their dL/dd add up. Returns the processor time.
    pub(crate) fn weight_gradient<'a>(
        &mut self,
        isa: Instructions,
        synapses: &DenseSynapses,
        samples: usize,
        sample: impl Fn(usize) -> (Spikes<'a>, &'a [f32]) + Sync,
        workers: &mut WorkerSums,
        [weight, delay]: [&mut [f32]; 2],
    ) -> Duration {
        let Self { chosen, at, tasks, weight: by_slot, delay: delay_by_slot, .. } = self;
        let plan = &*chosen[*at].as_ref().expect("a batch was prepared").1;
        let layout = plan.layout();
        let count = layout.panels() * layout.tasks;
        tasks.resize_with(tasks.len().max(count), TaskScratch::default);
        by_slot.resize(layout.slots(), 0.0);
        delay_by_slot.resize(layout.slots(), 0.0);
        workers.make_room((0..count).map(|task| plan.correlations(task)).max().unwrap_or(0));
        by_slot
            .par_chunks_exact_mut(layout.slots_per_task())
            .zip(delay_by_slot.par_chunks_exact_mut(layout.slots_per_task()))
            .zip(tasks.par_iter_mut())
            .enumerate()
            .for_each(|(task, ((weight, delay), scratch))| {
                let start = Instant::now();
                let sums = &mut *workers.of_this_thread();
                let mut correlate = |samples, sums: &mut [f32]| {
                    let shard = Shard { samples, of: &|b| sample(b) };
                    plan.correlate(isa, task, shard, scratch, sums);
                };
                let add = |sum: &mut f32, other| *sum += other;
                let sums = sums.sum(samples, plan.correlations(task), add, &mut correlate);
                plan.fold(task, sums, weight, delay);
                scratch.spent += start.elapsed();
            });
        let elements = layout.elements();
        let weights = weight.par_chunks_exact_mut(elements).enumerate();
        weights.for_each(|(post, weight)| {
            weight.iter_mut().zip(layout.of_post(by_slot, post)).for_each(|(to, from)| *to = *from)
        });
        let slopes = |post: usize| {
            let weights = &synapses.weight[post * elements..][..elements];
            weights.iter().zip(layout.of_post(delay_by_slot, post)).map(|(w, slope)| w * slope)
        };
        if synapses.granularity == Granularity::Synaptic {
            delay.par_chunks_exact_mut(elements).enumerate().for_each(|(post, delay)| {
                delay.iter_mut().zip(slopes(post)).for_each(|(delay, slope)| *delay = slope);
            });
        } else {
            delay.fill(0.0);
            for post in 0..layout.post {
                for (element, slope) in slopes(post).enumerate() {
                    let (pre, element) =
                        (element / layout.elements_per_pair, element % layout.elements_per_pair);
                    delay[synapses.delay_index(post, pre, element)] += slope;
                }
            }
        }
        tasks.iter_mut().map(|task| std::mem::take(&mut task.spent)).sum()
    }
}

#[cfg(test)]
mod tests;
