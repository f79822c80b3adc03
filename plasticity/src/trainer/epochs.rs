//! Epochs over labelled samples: order, batches, sums, and a stop inside one.
//!
//! Everything random is keyed by seed, epoch, step and sample, and the sums of a running epoch are
//! kept, so that an epoch that was interrupted and resumed gives the same bits as one that was not.

use crate::batches::BatchFrames;
use crate::error::{Error, Result};
use crate::gradient::labelled::Labelled;
use crate::gradient::loss::Loss;
use crate::protection::Protection;
use crate::settings::TrainingSettings;
use crate::trainer::activity::{ActivitySums, PopulationActivity, firing_populations};
use crate::trainer::evaluation::{
    Evaluation, EvaluationSettings, check_samples, evaluate_with, relabel,
};
use crate::trainer::step::Trainer;
use crate::trainer::timing::TrainerTiming;
use rand::seq::SliceRandom;
use sim_core::{
    Batch, BatchNorm, DelayTaps, GradientEngine, Horizon, Kind, Network, NormStatistics, Pass,
    Purpose, Regularizer, SampleSource, Seed, SpikeFrames,
};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

/// Where an epoch stands; means run over the samples so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Epoch, counted from 0.
    pub epoch: usize,
    /// Samples seen in this epoch.
    pub samples_done: usize,
    /// Samples of an epoch.
    pub samples_total: usize,
    /// Mean loss.
    pub loss: f64,
    /// Share of samples whose class was predicted, with dropout.
    pub accuracy: f64,
}

/// What one epoch did.
#[derive(Debug, Clone, PartialEq)]
pub struct EpochReport {
    /// Epoch, counted from 0.
    pub epoch: usize,
    /// Samples seen.
    pub samples: usize,
    /// Mean loss, with dropout.
    pub loss: f64,
    /// Share of samples whose class was predicted, with dropout.
    pub accuracy: f64,
    /// Raw width of the Gaussian kernel, in steps.
    pub sigma: f64,
    /// Learning rate of the first weights that learn, 0 if none do.
    pub rate_weights: f64,
    /// Learning rate of the first delays that learn, 0 if none do.
    pub rate_delays: f64,
    /// Spikes per neuron and step by hidden population, mean over the epoch's batches.
    pub firing_rates: Vec<(String, f64)>,
    /// Neurons that took no part, by population that fires, before dropout.
    pub activity: Vec<PopulationActivity>,
    /// Length of the gradient before clipping, mean over the epoch's batches.
    pub gradient_norm: f64,
    /// Penalties of the regularisers, mean over the epoch's batches.
    pub penalty: f64,
    /// Largest [`StepReport::protection_residual`](crate::StepReport::protection_residual) of the
    /// epoch's batches.
    pub protection_residual: f64,
    /// Wall time in seconds, of this process only.
    pub seconds: f64,
}

/// Sums over the batches of the running epoch.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct EpochSums {
    pub batches: usize,
    pub samples: usize,
    pub correct: usize,
    pub loss: f64,
    pub gradient_norm: f64,
    pub penalty: f64,
    pub protection_residual: f64,
    pub firing: Vec<f64>,
    pub activity: Vec<ActivitySums>,
}

/// A network in training on labelled samples, epoch by epoch.
#[derive(Debug)]
pub struct EpochTrainer {
    steps: EpochSteps,
    frames: BatchFrames,
}

/// Everything but the memory for frames: a step borrows that memory.
#[derive(Debug)]
struct EpochSteps {
    trainer: Trainer,
    loss: Arc<dyn Loss>,
    regularizers: Vec<Box<dyn Regularizer>>,
    /// The population that the loss reads.
    output: usize,
    /// Populations whose firing rates are reported.
    hidden: Vec<usize>,
    /// Populations whose neurons can be silent.
    firing: Vec<usize>,
    sums: EpochSums,
    /// Norms re-estimated for deployed delays, by population; dropped with the next training step.
    deployed_norms: Option<Vec<Option<BatchNorm>>>,
    /// The classes of the current batch.
    labels: Vec<usize>,
}

impl EpochTrainer {
    /// Checks settings and network and makes ready for the first epoch; see [`Trainer::new`]. Loss
    /// and regularisers are those of the settings.
    ///
    /// # Errors
    /// As [`Trainer::new`]; a network without a single output population.
    pub fn new(
        network: Network,
        engine: Box<dyn GradientEngine>,
        settings: TrainingSettings,
        seed: Seed,
    ) -> Result<Self> {
        let bounds = settings.firing_rate.into_iter();
        let steps = EpochSteps {
            loss: Arc::new(settings.loss),
            regularizers: bounds.map(|bounds| Box::new(bounds) as Box<dyn Regularizer>).collect(),
            output: network.output()?,
            hidden: network.hidden().collect(),
            firing: firing_populations(&network)?,
            trainer: Trainer::new(network, engine, settings, seed)?,
            sums: EpochSums::default(),
            deployed_norms: None,
            labels: Vec::new(),
        };
        Ok(Self { steps, frames: BatchFrames::default() })
    }

    /// Trains with the program's own loss instead of the loss of the settings.
    pub fn with_loss(mut self, loss: Arc<dyn Loss>) -> Self {
        self.steps.loss = loss;
        self
    }

    /// Adds the program's own regulariser.
    pub fn with_regularizer(mut self, regularizer: Box<dyn Regularizer>) -> Self {
        self.steps.regularizers.push(regularizer);
        self
    }

    /// Uses `protection` from now on.
    pub fn with_protection(mut self, protection: Box<dyn Protection>) -> Self {
        self.steps.trainer = self.steps.trainer.with_protection(protection);
        self
    }

    /// Begins a task; see [`Trainer::begin_task`].
    ///
    /// # Errors
    /// As [`Trainer::begin_task`].
    pub fn begin_task(&mut self, task: usize) -> Result<()> {
        self.steps.trainer.begin_task(task)?;
        self.steps.sums = EpochSums::default();
        Ok(())
    }

    /// Ends a task, with training samples of the task and their classes; see
    /// [`Trainer::end_task`].
    ///
    /// # Errors
    /// As [`Trainer::end_task`].
    pub fn end_task(&mut self, frames: &[SpikeFrames], labels: &[usize]) -> Result<()> {
        let EpochSteps { trainer, loss, output, .. } = &mut self.steps;
        Ok(trainer.end_task(frames, labels, &**loss, *output)?)
    }

    /// The trainer beneath.
    pub fn trainer(&self) -> &Trainer {
        &self.steps.trainer
    }

    /// The loss.
    pub fn loss(&self) -> &dyn Loss {
        &*self.steps.loss
    }

    /// Index of the population that the loss reads.
    pub fn output(&self) -> usize {
        self.steps.output
    }

    /// The network as trained so far.
    pub fn network(&self) -> &Network {
        self.steps.trainer.network()
    }

    /// The network as it is deployed: with re-estimated norm statistics if there are any for the
    /// present weights.
    pub fn deployed_network(&self) -> Network {
        let mut network = self.network().clone();
        let norms = self.steps.deployed_norms.iter().flatten();
        for (population, norm) in network.populations.iter_mut().zip(norms) {
            population.norm.clone_from(norm);
        }
        network
    }

    /// The settings.
    pub fn settings(&self) -> &TrainingSettings {
        self.steps.trainer.settings()
    }

    /// Epochs finished.
    pub fn epoch(&self) -> usize {
        self.steps.trainer.epoch()
    }

    /// From now on takes the rates and the kernels' width of `epoch`, without training up to it.
    /// Forgets a running epoch.
    pub fn move_to_epoch(&mut self, epoch: usize) {
        self.steps.trainer.move_to_epoch(epoch);
        self.steps.sums = EpochSums::default();
    }

    /// The time that training and evaluation have taken so far.
    pub fn timing(&self) -> TrainerTiming {
        TrainerTiming {
            engine: self.steps.trainer.engine().timing(),
            data: self.frames.spent,
            optimisers: self.steps.trainer.spent(),
        }
    }

    /// Trains on `indices` of `data`, in an order drawn for the epoch. `watch` is called after
    /// every step. When `watch` breaks, the trainer stops after that step, even if it is the last
    /// step of the epoch. The next call with the same samples goes on from there, also after the
    /// trainer was saved and loaded.
    ///
    /// # Errors
    /// [`Error::Diverged`] when a loss, a penalty or a gradient is not finite; a sample that does
    /// not have the network's channels.
    pub fn train_epoch(
        &mut self,
        data: &dyn SampleSource,
        indices: &[usize],
        watch: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<ControlFlow<(), EpochReport>> {
        let start = Instant::now();
        check_samples(self.network(), &*self.steps.loss, data, indices)?;
        let epoch = self.epoch();
        let mut order = indices.to_vec();
        let task = self.steps.trainer.task() as u64;
        let seed = self.steps.trainer.seed();
        order.shuffle(&mut seed.stream(Purpose::Shuffle, epoch as u64, task));
        let batch_size = self.settings().batch_size;
        let batches: Vec<&[usize]> =
            order.chunks(batch_size).skip(self.steps.sums.batches).collect();
        let all = order.len().div_ceil(batch_size);
        let Self { steps, frames } = self;
        let outcome =
            frames.each(data, &batches, (Some(epoch as u64), Horizon::Batch), |batch, frames| {
                steps.trainer.move_to_batch(steps.sums.batches, all);
                steps.step(data, batch, frames)?;
                let seen = steps.sums.samples.max(1) as f64;
                let progress = Progress {
                    epoch,
                    samples_done: steps.sums.samples,
                    samples_total: order.len(),
                    loss: steps.sums.loss / seen,
                    accuracy: steps.sums.correct as f64 / seen,
                };
                Ok(watch(&progress))
            });
        if outcome?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        let report = self.steps.report(start.elapsed().as_secs_f64());
        self.move_to_epoch(epoch + 1);
        Ok(ControlFlow::Continue(report))
    }

    /// Evaluates the deployed network - one tap per synapse, running norm statistics - on `indices`
    /// of `data`, as the settings say; see [`evaluate`](crate::evaluate).
    ///
    /// # Errors
    /// A sample that does not have the network's channels, or a loss that is not finite.
    pub fn evaluate(&mut self, data: &dyn SampleSource, indices: &[usize]) -> Result<Evaluation> {
        self.evaluate_scored(data, indices, false)
    }

    /// As [`Self::evaluate`]; with `scores`, outcomes hold the scores of all outputs, whatever the
    /// settings say.
    ///
    /// # Errors
    /// As [`Self::evaluate`].
    pub fn evaluate_scored(
        &mut self,
        data: &dyn SampleSource,
        indices: &[usize],
        scores: bool,
    ) -> Result<Evaluation> {
        let network = self.deployed_network();
        let settings = EvaluationSettings { scores, ..self.settings().evaluation() };
        let (_, engine) = self.steps.trainer.parts();
        let frames = &mut self.frames;
        evaluate_with((engine, frames), &network, &*self.steps.loss, settings, data, indices)
    }

    /// Re-estimates norm statistics for deployed delays from `indices` of `data`: the mean over
    /// their batches. They are used by [`Self::evaluate`] and [`Self::deployed_network`] until the
    /// next training step.
    ///
    /// # Errors
    /// As [`Self::evaluate`].
    pub fn recalibrate_norm(&mut self, data: &dyn SampleSource, indices: &[usize]) -> Result<()> {
        let pass = Pass {
            delay_taps: DelayTaps::Deployed,
            norm: NormStatistics::Batch,
            dropout: None,
            horizon: Horizon::Batch,
        };
        let batches: Vec<&[usize]> = indices.chunks(self.settings().batch_size).collect();
        let (network, engine) = self.steps.trainer.parts();
        let mut norms: Vec<_> =
            network.populations.iter().map(|population| population.norm.clone()).collect();
        let mut done = 0;
        let (loss, labels) = (&*self.steps.loss, &mut self.steps.labels);
        let _: ControlFlow<()> =
            self.frames.each(data, &batches, (None, Horizon::Batch), |batch, frames| {
                relabel(labels, data, batch);
                let labelled = Labelled { loss, labels };
                engine.evaluate(
                    network,
                    &Batch::new(frames, self.steps.output, &labelled),
                    &pass,
                )?;
                done += 1;
                for (norm, report) in norms.iter_mut().zip(&engine.report().populations) {
                    if let Some(norm) = norm {
                        norm.momentum = 1.0 / done as f32;
                        norm.update(&report.statistics);
                    }
                }
                Ok(ControlFlow::Continue(()))
            })?;
        for (norm, original) in norms.iter_mut().zip(&network.populations) {
            if let (Some(norm), Some(original)) = (norm, &original.norm) {
                norm.momentum = original.momentum;
            }
        }
        self.steps.deployed_norms = Some(norms);
        Ok(())
    }

    pub(crate) fn sums(&self) -> &EpochSums {
        &self.steps.sums
    }

    pub(crate) fn deployed_norms(&self) -> Option<&[Option<BatchNorm>]> {
        self.steps.deployed_norms.as_deref()
    }

    /// Everything that a checkpoint restores.
    pub(crate) fn state_mut(
        &mut self,
    ) -> (&mut Trainer, &mut EpochSums, &mut Option<Vec<Option<BatchNorm>>>) {
        (&mut self.steps.trainer, &mut self.steps.sums, &mut self.steps.deployed_norms)
    }
}

impl EpochSteps {
    fn step(
        &mut self,
        data: &dyn SampleSource,
        batch: &[usize],
        frames: &[SpikeFrames],
    ) -> Result<()> {
        relabel(&mut self.labels, data, batch);
        let objective = Labelled { loss: &*self.loss, labels: &self.labels };
        let (output, regularizers) = (self.output, &self.regularizers[..]);
        let of_batch = Batch { regularizers, ..Batch::new(frames, output, &objective) };
        let report = self.trainer.step(&of_batch).map_err(|error| match error {
            source @ sim_core::Error::NotFinite(_) => {
                Error::Diverged { epoch: self.trainer.epoch(), batch: self.sums.batches, source }
            }
            other => other.into(),
        })?;
        self.deployed_norms = None;
        let (sums, of_engine) = (&mut self.sums, self.trainer.engine().report());
        sums.batches += 1;
        sums.samples += batch.len();
        sums.gradient_norm += report.gradient_norm;
        sums.penalty += report.penalty;
        sums.protection_residual = sums.protection_residual.max(report.protection_residual);
        sums.loss += of_engine.total_loss();
        let samples = of_engine.losses.iter().zip(&self.labels);
        sums.correct += samples.filter(|(sample, label)| sample.predicted == **label).count();
        sums.firing.resize(self.hidden.len(), 0.0);
        for (sum, &population) in sums.firing.iter_mut().zip(&self.hidden) {
            *sum += of_engine.populations[population].firing_rate;
        }
        sums.activity.resize(self.firing.len(), ActivitySums::default());
        for (sums, &population) in sums.activity.iter_mut().zip(&self.firing) {
            sums.add(&of_engine.populations[population]);
        }
        Ok(())
    }

    fn report(&self, seconds: f64) -> EpochReport {
        let (sums, epoch) = (&self.sums, self.trainer.epoch());
        let (samples, batches) = (sums.samples.max(1) as f64, sums.batches.max(1) as f64);
        let populations = &self.trainer.network().populations;
        let names = self.hidden.iter().map(|&population| populations[population].name.clone());
        let activity = sums.activity.iter().zip(&self.firing);
        EpochReport {
            epoch,
            samples: sums.samples,
            loss: sums.loss / samples,
            accuracy: sums.correct as f64 / samples,
            sigma: self.trainer.sigma(),
            rate_weights: self.trainer.rate(Kind::Weight),
            rate_delays: self.trainer.rate(Kind::Delay),
            firing_rates: names.zip(sums.firing.iter().map(|sum| sum / batches)).collect(),
            activity: activity.map(|(sums, &p)| sums.tell(&populations[p].name)).collect(),
            gradient_norm: sums.gradient_norm / batches,
            penalty: sums.penalty / batches,
            protection_residual: sums.protection_residual,
            seconds,
        }
    }
}
