//! The seam between training and the engines that work out gradients.

use crate::error::{Error, Result};
use crate::fired_masks::FiredMasks;
use crate::gradients::Gradients;
use crate::horizon::Horizon;
use crate::network::Network;
use crate::norm::BatchStatistics;
use crate::objective::{Objective, SampleLoss};
use crate::pass::Pass;
use crate::regularizer::Regularizer;
use crate::shards::sum_over_samples;
use crate::spikes::SpikeFrames;
use crate::stage_timing::StageTiming;
use std::fmt::Debug;

/// Samples that are run together, and what is minimised over them: the mean of the objective's
/// losses, plus the penalties of the regularisers.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    /// The samples, in the order of the objective's slots.
    pub frames: &'a [SpikeFrames],
    /// Index of the population that the objective reads.
    pub output: usize,
    /// The loss of each sample.
    pub objective: &'a dyn Objective,
    /// What is added to the mean loss.
    pub regularizers: &'a [Box<dyn Regularizer>],
    /// What synapses learn from, where it is not what they receive; see [`LearnedInput`].
    pub learned_input: Option<&'a dyn LearnedInput>,
    /// Whether all batches have samples of so many steps, and repeat as these do
    /// ([`SampleSource::are_alike`](crate::SampleSource::are_alike)). Where a score must not depend
    /// on the samples beside it, some ways to work it out are open to such samples only.
    pub alike: bool,
}

/// What synapses learn from in place of what they receive: with the input `x`, the gradient of the
/// weights is `sum dL/dI p(x)^T` for a linear map `p`, instead of `sum dL/dI x^T`.
///
/// An engine may leave this to whoever gets the gradient `G`, who can work out `p(G)` row by row.
/// It is worth its while where there are fewer vectors than postsynaptic neurons.
pub trait LearnedInput: Debug + Sync {
    /// Maps what the source of a projection sends, `[vector][pre]`, in place. Returns whether there
    /// is anything to map.
    fn map(&self, projection: usize, vectors: &mut [f32]) -> bool;
}

impl<'a> Batch<'a> {
    /// A batch without regularisers, whose synapses learn from what they receive, and whose samples
    /// may differ from those of other batches.
    pub fn new(frames: &'a [SpikeFrames], output: usize, objective: &'a dyn Objective) -> Self {
        Self { frames, output, objective, regularizers: &[], learned_input: None, alike: false }
    }

    /// Checks that there is a sample, that no sample is longer than a fixed number of steps of
    /// `horizon`, that regularisers see equally many steps of all samples, and that all samples
    /// have `channels` channels.
    ///
    /// # Errors
    /// [`Error::Network`] and [`Error::Length`] otherwise.
    pub fn check(&self, channels: usize, horizon: Horizon) -> Result<()> {
        if self.frames.is_empty() {
            return Err(Error::Network("a batch needs at least one sample".into()));
        }
        if horizon == Horizon::Sample && !self.regularizers.is_empty() {
            let problem = "penalties on spikes need samples that all run for the same steps";
            return Err(Error::Network(problem.into()));
        }
        if let Horizon::Steps(fixed) = horizon {
            let longer = |frames: &SpikeFrames| frames.steps() > fixed;
            if let Some(sample) = self.frames.iter().position(longer) {
                let steps = self.frames[sample].steps();
                let problem = format!(
                    "sample {sample} of the batch has {steps} steps, but runs for {fixed}: it must \
                     be cut off first"
                );
                return Err(Error::Network(problem));
            }
        }
        match self.frames.iter().position(|frames| frames.channels() != channels) {
            None => Ok(()),
            Some(sample) => {
                let name = format!("channels of sample {sample} of the batch");
                Error::check_length(&name, self.frames[sample].channels(), channels)
            }
        }
    }
}

/// What a batch came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BatchReport {
    /// Loss and prediction by sample.
    pub losses: Vec<SampleLoss>,
    /// Sum of all penalties.
    pub penalty: f64,
    /// Spikes and statistics by population.
    pub populations: Vec<PopulationReport>,
}

impl BatchReport {
    /// Sum of the losses, in the order of the shards.
    pub fn total_loss(&self) -> f64 {
        sum_over_samples(self.losses.len(), |sample| self.losses[sample].loss)
    }
}

/// What a batch did to one population.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PopulationReport {
    /// Most steps that the population ran for in a sample.
    pub steps: usize,
    /// Spikes of all samples, before dropout and within the steps of each sample; for a source, the
    /// entries of its frames.
    pub spikes: u64,
    /// Spikes per neuron and step of its sample.
    pub firing_rate: f64,
    /// Spikes of each neuron in all samples, before dropout. A sample counts over its own steps:
    /// the steps of its frames and the steps that projections append. Empty for a source and for
    /// neurons that never fire.
    pub counts: Vec<u64>,
    /// Most spikes that one neuron can fire in these steps of all samples; 0 where there are no
    /// counts.
    pub most_spikes: u64,
    /// Statistics of the summed input, if the pass normalised the input by them.
    pub statistics: BatchStatistics,
}

/// An engine that runs batches through a network, and works out gradients.
///
/// It is built for the populations, projections and neuron models of one network. It holds no
/// parameters, only working memory, which is reused from batch to batch: in the steady state a
/// batch allocates nothing. Whatever is summed over samples is summed in the order of shards (see
/// [`ShardSums`](crate::ShardSums)), so results do not depend on the number of threads.
pub trait GradientEngine: Debug + Send {
    /// Runs a batch forward.
    ///
    /// # Errors
    /// When the network is not of the shape the engine was built for, the batch has no sample or
    /// names another output, a sample does not have the network's channels, a setting of the pass
    /// is out of range, or a loss, a penalty or its gradient is not finite.
    fn evaluate(&mut self, network: &Network, batch: &Batch, pass: &Pass) -> Result<()>;

    /// Runs a batch forward and backward, and overwrites `into` with the gradients of the loss and
    /// the penalties.
    ///
    /// # Errors
    /// As [`GradientEngine::evaluate`]; when there is no gradient through the pass
    /// ([`Pass::check_gradient`]), or the gradients belong to another network.
    fn train(
        &mut self,
        network: &Network,
        batch: &Batch,
        pass: &Pass,
        into: &mut Gradients,
    ) -> Result<()>;

    /// Whether the last gradient of a projection's weights is that of [`Batch::learned_input`].
    fn has_mapped(&self, _projection: usize) -> bool {
        false
    }

    /// The report of the last batch.
    fn report(&self) -> &BatchReport;

    /// The spikes of a firing population in one sample of the last batch, as its targets received
    /// them: behind dropout, at the height that dropout gives them.
    ///
    /// # Panics
    /// If there is no such sample, the population is a source, whose spikes are the batch's own, or
    /// it never fires.
    fn activity(&self, population: usize, sample: usize) -> &SpikeFrames;

    /// The same as one bit per neuron and step, where the engine has it so.
    ///
    /// # Panics
    /// As [`activity`](Self::activity).
    fn fired(&self, _population: usize, _sample: usize) -> Option<FiredMasks<'_>> {
        None
    }

    /// Share of the neuron-steps of a hidden population at which the last batch worked out the
    /// gradient of spikes. It is 1 for engines that work it out everywhere.
    fn demand(&self, _population: usize) -> f64 {
        1.0
    }

    /// Processor time per stage since the engine was built, where the engine measures it.
    fn timing(&self) -> StageTiming {
        StageTiming::default()
    }
}
