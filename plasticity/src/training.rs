//! Training by gradient: epochs and batches, and the evaluation of the network as it is deployed.
//!
//! One step: frames of a batch -> [`LayeredEngine::train`] -> clip -> optimisers -> delays clamped
//! to `0..=D`. Rates and the kernel's width change once per epoch, as in the reference [Hammouamri
//! et al. 2023]. Everything random is keyed by seed, epoch, step and sample, so an epoch that was
//! interrupted and resumed gives the same bits as one that was not.

use crate::batches::BatchFrames;
use crate::error::{Error, Result};
use crate::evaluation::Evaluation;
use crate::gradient::clip::{clip_global_norm, global_norm};
use crate::gradient::loss::Loss;
use crate::gradient::optimizer::Optimizer;
use crate::gradient::schedule::{Rate, Schedule};
use crate::settings::TrainingSettings;
use layered::{LayeredEngine, StageTiming};
use rand::seq::SliceRandom;
use sim_core::{
    BatchNorm, Dropout, Gradients, Kernels, Kind, Network, NormStatistics, Objective, Parameter,
    ParameterId, Pass, Purpose, SampleLoss, SampleSource, Seed, SpikeFrames,
};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

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
    /// Learning rate of the weights.
    pub rate_weights: f64,
    /// Learning rate of the delays, 0 if they do not learn.
    pub rate_delays: f64,
    /// Spikes per neuron and step by hidden population, mean over the epoch's batches.
    pub firing_rates: Vec<(String, f64)>,
    /// Length of the gradient before clipping, mean over the epoch's batches.
    pub gradient_norm: f64,
    /// Wall time in seconds, of this process only.
    pub seconds: f64,
}

/// Sums over the batches of the running epoch.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct EpochSums {
    pub batches: usize,
    pub samples: usize,
    pub correct: usize,
    pub loss: f64,
    pub gradient_norm: f64,
    pub firing: Vec<f64>,
}

/// A network in training.
#[derive(Debug)]
pub struct Trainer {
    pub(crate) network: Network,
    pub(crate) settings: TrainingSettings,
    pub(crate) seed: Seed,
    /// One per parameter, in the order of [`Network::parameters`]; none for those that stay.
    pub(crate) optimizers: Vec<Option<Optimizer>>,
    /// Epochs finished.
    pub(crate) epoch: usize,
    /// Training steps taken.
    pub(crate) step: u64,
    pub(crate) sums: EpochSums,
    /// Norms re-estimated for deployed delays, by population; dropped with the next training step.
    pub(crate) deployed_norms: Option<Vec<Option<BatchNorm>>>,
    /// Hidden populations, whose firing rates are reported.
    hidden: Vec<usize>,
    engine: LayeredEngine,
    frames: BatchFrames,
    step_time: Duration,
}

impl Trainer {
    /// Checks settings and network and makes ready for the first epoch.
    ///
    /// # Errors
    /// A sentence naming what does not fit.
    pub fn new(network: Network, settings: TrainingSettings, seed: Seed) -> Result<Self> {
        settings.check()?;
        let engine = LayeredEngine::new(&network)?;
        let optimizer = |parameter: Parameter| {
            let rule = settings.optimizer(parameter.id.kind);
            rule.map(|rule| rule.build(parameter.values.len())).transpose()
        };
        let optimizers = network.parameters().map(optimizer).collect::<sim_core::Result<_>>()?;
        Ok(Self {
            hidden: hidden_populations(&network),
            network,
            settings,
            seed,
            optimizers,
            epoch: 0,
            step: 0,
            sums: EpochSums::default(),
            deployed_norms: None,
            engine,
            frames: BatchFrames::default(),
            step_time: Duration::ZERO,
        })
    }

    /// The network as trained so far.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Number of parameters that learn.
    pub fn parameter_count(&self) -> usize {
        let learning = self.network.parameters().zip(&self.optimizers);
        let learns = learning.filter(|(_, optimizer)| optimizer.is_some());
        learns.map(|(parameter, _)| parameter.values.len()).sum()
    }

    /// The network as it is deployed: with re-estimated norm statistics if there are any for the
    /// present weights.
    pub fn deployed_network(&self) -> Network {
        let mut network = self.network.clone();
        for (population, norm) in
            network.populations.iter_mut().zip(self.deployed_norms.iter().flatten())
        {
            population.norm.clone_from(norm);
        }
        network
    }

    /// The settings.
    pub fn settings(&self) -> &TrainingSettings {
        &self.settings
    }

    /// Epochs finished.
    pub fn epoch(&self) -> usize {
        self.epoch
    }

    /// Takes rates and the kernel's width from `epoch` from now on, without training up to it, and
    /// forgets a running epoch. For benchmarks.
    pub fn move_to_epoch(&mut self, epoch: usize) {
        self.epoch = epoch;
        self.sums = EpochSums::default();
    }

    /// Raw width of the Gaussian kernel in the running epoch, in steps.
    pub fn sigma(&self) -> f64 {
        self.settings.sigma.raw(self.epoch, self.settings.epochs)
    }

    /// The engine, which tells about the last batch.
    pub fn engine(&self) -> &LayeredEngine {
        &self.engine
    }

    /// What training and evaluation have taken so far.
    pub fn timing(&self) -> TrainerTiming {
        TrainerTiming {
            engine: self.engine.timing(),
            data: self.frames.spent,
            optimisers: self.step_time,
        }
    }

    /// Trains on `indices` of `data`, in an order drawn for the epoch. `watch` is called after
    /// every step; when it breaks, the trainer is left after that step, and saving and calling
    /// again goes on from there.
    ///
    /// # Errors
    /// [`Error::Diverged`] when a loss or a gradient is not finite; a sample that does not have the
    /// network's channels.
    pub fn train_epoch(
        &mut self,
        data: &dyn SampleSource,
        indices: &[usize],
        watch: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<ControlFlow<(), EpochReport>> {
        let start = Instant::now();
        check_samples(&self.network, data, indices)?;
        let mut order = indices.to_vec();
        order.shuffle(&mut self.seed.stream(Purpose::Shuffle, self.epoch as u64, 0));
        let batches: Vec<&[usize]> =
            order.chunks(self.settings.batch_size).skip(self.sums.batches).collect();
        let epoch = self.epoch;
        let mut frames = std::mem::take(&mut self.frames);
        let outcome = frames.each(data, &batches, Some(epoch as u64), |batch, frames| {
            self.step(data, batch, frames).map_err(|error| match error {
                source @ sim_core::Error::NotFinite(_) => {
                    Error::Diverged { epoch, batch: self.sums.batches, source }
                }
                other => other.into(),
            })?;
            let seen = self.sums.samples.max(1) as f64;
            let progress = Progress {
                epoch,
                samples_done: self.sums.samples,
                samples_total: order.len(),
                loss: self.sums.loss / seen,
                accuracy: self.sums.correct as f64 / seen,
            };
            Ok(watch(&progress))
        });
        self.frames = frames;
        if outcome?.is_break() && self.sums.samples < order.len() {
            return Ok(ControlFlow::Break(()));
        }
        let report = self.report(start.elapsed().as_secs_f64());
        self.epoch += 1;
        self.sums = EpochSums::default();
        Ok(ControlFlow::Continue(report))
    }

    /// Evaluates the deployed network - one tap per synapse, running norm statistics - on `indices`
    /// of `data`. Samples are padded to the longest of their batch of `batch_size`, as in training.
    ///
    /// # Errors
    /// A sample that does not have the network's channels, or a loss that is not finite.
    pub fn evaluate(&mut self, data: &dyn SampleSource, indices: &[usize]) -> Result<Evaluation> {
        let network = self.deployed_network();
        evaluate_with(
            (&mut self.engine, &mut self.frames),
            &network,
            self.settings.loss,
            self.settings.batch_size,
            data,
            indices,
        )
    }

    /// Re-estimates norm statistics for deployed delays from `indices` of `data`: the mean over
    /// their batches. They are used by [`Trainer::evaluate`] and [`Trainer::deployed_network`]
    /// until the next training step.
    ///
    /// # Errors
    /// As [`Trainer::evaluate`].
    pub fn recalibrate_norm(&mut self, data: &dyn SampleSource, indices: &[usize]) -> Result<()> {
        let pass = Pass { kernels: Kernels::Deployed, norm: NormStatistics::Batch, dropout: None };
        let mut norms: Vec<_> =
            self.network.populations.iter().map(|population| population.norm.clone()).collect();
        let batches: Vec<&[usize]> = indices.chunks(self.settings.batch_size).collect();
        let mut done = 0;
        let (engine, network, loss) = (&mut self.engine, &self.network, self.settings.loss);
        let _: ControlFlow<()> = self.frames.each(data, &batches, None, |batch, frames| {
            engine.evaluate(network, frames, &pass, &Labelled { loss, data, batch })?;
            done += 1;
            for (population, norm) in norms.iter_mut().enumerate() {
                if let Some(norm) = norm {
                    norm.momentum = 1.0 / done as f32;
                    norm.update(engine.statistics(population));
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
        for (norm, original) in norms.iter_mut().zip(&self.network.populations) {
            if let (Some(norm), Some(original)) = (norm, &original.norm) {
                norm.momentum = original.momentum;
            }
        }
        self.deployed_norms = Some(norms);
        Ok(())
    }

    fn step(
        &mut self,
        data: &dyn SampleSource,
        batch: &[usize],
        frames: &[SpikeFrames],
    ) -> sim_core::Result<()> {
        let kernels =
            Kernels::Trained { sigma_raw: self.sigma(), evaluation: self.settings.kernel };
        let dropout = (self.settings.dropout > 0.0).then_some(Dropout {
            rate: self.settings.dropout,
            seed: self.seed,
            step: self.step,
        });
        let pass = Pass { kernels, norm: NormStatistics::Batch, dropout };
        let objective = Labelled { loss: self.settings.loss, data, batch };
        let gradients = self.engine.train(&self.network, frames, &pass, &objective)?;
        let start = Instant::now();
        let norm = clip(gradients, &self.settings)?;
        self.update();
        check_finite(&self.network)?;
        self.book(data, batch, norm);
        self.step_time += start.elapsed();
        Ok(())
    }

    /// One step of every optimiser; delays stay within the kernel.
    fn update(&mut self) {
        let gradients = self.engine.gradients();
        let weight_rate = self.settings.weights.schedule.at(self.epoch, self.settings.epochs);
        let delay_rate = self.settings.delays.schedule.at(self.epoch, self.settings.epochs);
        self.deployed_norms = None;
        let learning = self.network.parameters_mut().zip(gradients.iter());
        for ((mut parameter, (_, gradient)), optimizer) in learning.zip(&mut self.optimizers) {
            let Some(optimizer) = optimizer else { continue };
            let Rate { rate, beta1 } =
                if parameter.id.kind == Kind::Delay { delay_rate } else { weight_rate };
            optimizer.step(parameter.values, gradient, rate, beta1);
            parameter.confine();
        }
        for (index, population) in self.network.populations.iter_mut().enumerate() {
            if let Some(norm) = &mut population.norm {
                norm.update(self.engine.statistics(index));
            }
        }
    }

    fn book(&mut self, data: &dyn SampleSource, batch: &[usize], gradient_norm: f64) {
        self.step += 1;
        let sums = &mut self.sums;
        sums.batches += 1;
        sums.samples += batch.len();
        sums.gradient_norm += gradient_norm;
        for (loss, &sample) in self.engine.losses().zip(batch) {
            sums.loss += loss.loss;
            sums.correct += (loss.predicted == data.label(sample)) as usize;
        }
        sums.firing.resize(self.hidden.len(), 0.0);
        for (sum, &population) in sums.firing.iter_mut().zip(&self.hidden) {
            *sum += self.engine.firing_rate(population);
        }
    }

    fn report(&self, seconds: f64) -> EpochReport {
        let sums = &self.sums;
        let (samples, batches) = (sums.samples.max(1) as f64, sums.batches.max(1) as f64);
        let rate = |schedule: &Schedule| schedule.at(self.epoch, self.settings.epochs).rate;
        let names =
            self.hidden.iter().map(|&population| self.network.populations[population].name.clone());
        EpochReport {
            epoch: self.epoch,
            samples: sums.samples,
            loss: sums.loss / samples,
            accuracy: sums.correct as f64 / samples,
            sigma: self.sigma(),
            rate_weights: rate(&self.settings.weights.schedule),
            rate_delays: if self.settings.delays.learn {
                rate(&self.settings.delays.schedule)
            } else {
                0.0
            },
            firing_rates: names.zip(sums.firing.iter().map(|sum| sum / batches)).collect(),
            gradient_norm: sums.gradient_norm / batches,
            seconds,
        }
    }
}

/// Evaluates a network as it is deployed, without a trainer; see [`Trainer::evaluate`].
///
/// # Errors
/// When the network is not feed-forward, a sample does not have its channels, or a loss is not
/// finite.
pub fn evaluate(
    network: &Network,
    loss: Loss,
    batch_size: usize,
    data: &dyn SampleSource,
    indices: &[usize],
) -> Result<Evaluation> {
    evaluate_with(
        (&mut LayeredEngine::new(network)?, &mut BatchFrames::default()),
        network,
        loss,
        batch_size,
        data,
        indices,
    )
}

fn evaluate_with(
    (engine, frames): (&mut LayeredEngine, &mut BatchFrames),
    network: &Network,
    loss: Loss,
    batch_size: usize,
    data: &dyn SampleSource,
    indices: &[usize],
) -> Result<Evaluation> {
    check_samples(network, data, indices)?;
    let hidden = hidden_populations(network);
    let mut evaluation = Evaluation {
        confusion: vec![vec![0; data.classes()]; data.classes()],
        ..Evaluation::default()
    };
    let mut firing = vec![0.0; hidden.len()];
    let batches: Vec<&[usize]> = indices.chunks(batch_size.max(1)).collect();
    let _: ControlFlow<()> = frames.each(data, &batches, None, |batch, frames| {
        engine.evaluate(network, frames, &Pass::DEPLOYED, &Labelled { loss, data, batch })?;
        for (result, &sample) in engine.losses().zip(batch) {
            let label = data.label(sample);
            evaluation.samples += 1;
            evaluation.correct += (result.predicted == label) as usize;
            evaluation.loss += result.loss;
            evaluation.confusion[label][result.predicted] += 1;
        }
        for (sum, &population) in firing.iter_mut().zip(&hidden) {
            *sum += engine.firing_rate(population);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    evaluation.loss /= evaluation.samples.max(1) as f64;
    let names = hidden.iter().map(|&population| network.populations[population].name.clone());
    evaluation.firing_rates =
        names.zip(firing.iter().map(|sum| sum / batches.len().max(1) as f64)).collect();
    Ok(evaluation)
}

/// Gradients of everything that learns.
fn learning<'a>(
    gradients: &'a mut Gradients,
    settings: &'a TrainingSettings,
) -> impl Iterator<Item = &'a mut [f32]> {
    let learns = |id: ParameterId| settings.optimizer(id.kind).is_some();
    gradients.iter_mut().filter(move |(id, _)| learns(*id)).map(|(_, gradient)| gradient)
}

/// Length of the gradient over everything that learns, clipped if asked for.
fn clip(gradients: &mut Gradients, settings: &TrainingSettings) -> sim_core::Result<f64> {
    let norm = global_norm(learning(gradients, settings).map(|slice| &*slice));
    if !norm.is_finite() {
        return Err(sim_core::Error::NotFinite(
            "the gradient is not finite; try a lower learning rate or gradient_clip".into(),
        ));
    }
    if let Some(limit) = settings.gradient_clip {
        clip_global_norm(learning(gradients, settings), norm, limit);
    }
    Ok(norm)
}

/// A loss can be finite while a step has thrown a parameter or a running statistic out of the
/// finite numbers; no checkpoint may hold one.
fn check_finite(network: &Network) -> sim_core::Result<()> {
    match network.tensors().find(|tensor| !tensor.is_finite()) {
        None => Ok(()),
        Some(tensor) => Err(sim_core::Error::NotFinite(format!(
            "{} is not finite; try a lower learning rate or gradient_clip",
            network.parameter_name(tensor.id)
        ))),
    }
}

/// Whether the samples fit the network at all; single samples are looked at as they come.
fn check_samples(network: &Network, data: &dyn SampleSource, indices: &[usize]) -> Result<()> {
    let outputs = network
        .populations
        .iter()
        .enumerate()
        .filter(|&(p, _)| network.projections.iter().all(|projection| projection.source != p));
    for (_, output) in outputs {
        if output.size != data.classes() {
            let (classes, size) = (data.classes(), output.size);
            return Err(sim_core::Error::Network(format!(
                "the data have {classes} classes, but population {} has {size} neurons",
                output.name
            ))
            .into());
        }
    }
    match indices.iter().find(|&&index| index >= data.len()) {
        Some(index) => {
            Err(sim_core::Error::out_of_range("sample", index, format!("below {}", data.len()))
                .into())
        }
        None if indices.is_empty() => {
            Err(sim_core::Error::Network("there are no samples to go through".into()).into())
        }
        None => Ok(()),
    }
}

/// Populations that fire and hand their spikes on.
fn hidden_populations(network: &Network) -> Vec<usize> {
    let is = |p: usize, end: fn(&sim_core::Projection) -> usize| {
        network.projections.iter().any(|projection| end(projection) == p)
    };
    (0..network.populations.len())
        .filter(|&p| is(p, |projection| projection.source) && is(p, |projection| projection.target))
        .collect()
}

/// What the parts of a trainer have taken.
#[derive(Debug, Clone, Copy)]
pub struct TrainerTiming {
    /// Processor time per stage of the engine.
    pub engine: StageTiming,
    /// Wall time of the thread that makes frames of recordings.
    pub data: Duration,
    /// Wall time spent in optimisers.
    pub optimisers: Duration,
}

impl TrainerTiming {
    /// What was spent after `before`.
    pub fn since(&self, before: &Self) -> Self {
        let Self { engine, data, optimisers } = self;
        Self {
            engine: engine.since(&before.engine),
            data: *data - before.data,
            optimisers: *optimisers - before.optimisers,
        }
    }

    /// Name of every part and its time: data, the engine's stages in their order, optimisers.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        let engine = StageTiming::NAMES.iter().map(|&(stage, name)| (name, self.engine.of(stage)));
        std::iter::once(("data", self.data)).chain(engine).chain([("optimisers", self.optimisers)])
    }
}

/// A loss with the labels of a batch.
struct Labelled<'a> {
    loss: Loss,
    data: &'a dyn SampleSource,
    batch: &'a [usize],
}

impl Objective for Labelled<'_> {
    fn evaluate(
        &self,
        slot: usize,
        output: &[f32],
        steps: usize,
        gradient: Option<(&mut [f32], f32)>,
        memory: &mut Vec<f64>,
    ) -> SampleLoss {
        let gradient = gradient.map(|(gradient, scale)| (gradient, f64::from(scale)));
        self.loss.evaluate(
            output,
            (self.data.classes(), steps),
            self.data.label(self.batch[slot]),
            gradient,
            memory,
        )
    }
}
