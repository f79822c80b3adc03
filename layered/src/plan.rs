//! The seam between a projection and its plans: the ways to compute it.

use crate::demand::Wanted;
use crate::events::StepEvents;
use crate::layout::Layout;
use crate::scratch::{PlanScratch, TaskScratch};
use sim_core::{DelayKernel, DenseSynapses, FiredMasks, KernelEvaluation, Precision, SpikeFrames};
use simd::{Bursts, Instructions, NEURONS_PER_BLOCK, padded};
use std::fmt::Debug;
use std::ops::Range;

/// How a projection is computed for the delay kernels of one batch.
///
/// Work goes panel by panel of postsynaptic neurons, and inside a panel sample by sample. The
/// weight gradient is dealt out by tasks, each of some elements of a panel (see [`Layout`]).
pub(crate) trait Plan: Debug + Send + Sync {
    /// Works out what every synapse contributes. Memory is reused.
    fn prepare(&mut self, isa: Instructions, synapses: &DenseSynapses, settings: &PlanSettings);

    /// The order in which the plan keeps synapses.
    fn layout(&self) -> Layout;

    /// The order in which the plan reads spikes.
    fn spike_order(&self) -> SpikeOrder;

    /// Writes the currents of one panel to `out`, `[post][padded steps_out]`.
    fn forward(
        &self,
        isa: Instructions,
        panel: usize,
        spikes: Spikes,
        scratch: &mut PlanScratch,
        out: &mut [f32],
        write: Write,
    );

    /// Whether the gradient of the sources is worked out for several samples at once. If so,
    /// [`join_gradients`](Self::join_gradients) is called for these samples first.
    fn joins_samples(&self) -> bool {
        false
    }

    /// Works out dL/ds of the presynaptic neurons for all samples of a shard, into `scratch`.
    fn join_gradients(&self, _isa: Instructions, _shard: Shard, _scratch: &mut PlanScratch) {}

    /// Adds dL/ds of the presynaptic neurons, where it is `wanted`, to `out`,
    /// `[pre][padded steps_in]`; `gradient` is dL/dI, `[post][padded steps_out]`, zero beyond the
    /// steps. `rank` is the rank of the sample in the shard that was joined.
    fn input_gradient(
        &self,
        isa: Instructions,
        rank: usize,
        gradient: &[f32],
        wanted: &[Wanted],
        scratch: &mut PlanScratch,
        out: &mut [f32],
    );

    /// Numbers that the correlations of one task take.
    fn correlations(&self, task: usize) -> usize;

    /// Adds the correlations of a task's synapses over a shard to `sums`.
    fn correlate(
        &self,
        isa: Instructions,
        task: usize,
        shard: Shard,
        scratch: &mut TaskScratch,
        sums: &mut [f32],
    );

    /// Writes, for every slot of a task, dL/dw and dL/dd divided by the weight.
    fn fold(&self, task: usize, sums: &[f32], weight: &mut [f32], delay: &mut [f32]);
}

/// What a plan is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlanSettings<'a> {
    pub kernel: DelayKernel,
    pub evaluation: KernelEvaluation,
    pub sigma_raw: f64,
    pub steps_in: usize,
    /// Steps of the target. A longer path than this projection may determine them.
    pub steps_out: usize,
    /// The samples of the batch, if the projection reads them; none if it reads a hidden
    /// population.
    pub input: Option<&'a [SpikeFrames]>,
    /// Whether samples that share a batch may choose the way to work it out: scores must not depend
    /// on them, and the last bits of products over a batch differ from those of plans.
    pub alike: bool,
    /// Whether the input of the batch repeats.
    pub batch_repeats: bool,
}

impl PlanSettings<'_> {
    /// Whether the projection reads input that repeats.
    pub(crate) fn repeats(&self) -> bool {
        self.input.is_some_and(|batch| batch.iter().all(SpikeFrames::repeats))
    }

    /// Whether whole rows are multiplied in bf16.
    pub(crate) fn paired(&self, isa: Instructions) -> bool {
        self.evaluation.precision == Precision::Bf16 && isa.has_bf16()
    }
}

/// Spikes of one population over one sample, in the orders that plans read.
#[derive(Clone, Copy)]
pub(crate) struct Spikes<'a> {
    /// Filled where a plan asks for any other order than [`SpikeOrder::Masks`].
    pub frames: &'a SpikeFrames,
    /// Filled where a plan asks for [`SpikeOrder::Steps`].
    pub events: &'a StepEvents,
    /// Made for at least as many taps as [`SpikeOrder::Bursts`] asks for.
    pub bursts: &'a Bursts,
    /// One bit per neuron and step; none of the source.
    pub masks: Option<FiredMasks<'a>>,
}

/// Some samples of a batch, one after the other.
#[derive(Clone)]
pub(crate) struct Shard<'a> {
    pub samples: Range<usize>,
    /// Spikes of the source and dL/dI of the target in a sample.
    pub of: &'a (dyn Fn(usize) -> (Spikes<'a>, &'a [f32]) + Sync),
}

impl<'a> Shard<'a> {
    /// Spikes and dL/dI of each sample.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Spikes<'a>, &'a [f32])> + Clone {
        self.samples.clone().map(self.of)
    }
}

/// An order in which spikes are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpikeOrder {
    /// By channel, as frames have them.
    Channels,
    /// By step.
    Steps,
    /// The spikes of the first step only, by channel.
    FirstStep,
    /// By channel, in bursts for this many taps.
    Bursts(usize),
    /// One bit per neuron and step.
    Masks,
}

/// How the currents and gradients of a population lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum NumberOrder {
    /// `[port][neuron][padded steps]`: projections with delays run along time.
    #[default]
    Rows,
    /// `[block][step][neuron]`, with sixteen neurons to a block: neurons run side by side, and
    /// nothing is padded to whole vectors of steps.
    Blocks,
}

impl NumberOrder {
    /// Numbers of so many inputs over so many steps.
    pub(crate) fn numbers(self, inputs: usize, steps: usize) -> usize {
        match self {
            Self::Rows => inputs * padded(steps),
            Self::Blocks => inputs.next_multiple_of(NEURONS_PER_BLOCK) * steps,
        }
    }
}

/// How a pass writes its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    /// The result overwrites what is there.
    Set,
    /// The result is added to what is there.
    Add,
}
