//! One step of training: gradients of a batch, and what they do to the parameters.
//!
//! ```text
//! observe       what the network sends as it is deployed, where a protection learns from it
//! gradients     of the batch, by the engine
//! protect       take out of them what would disturb
//! clip          shorten them, where they are longer than the limit
//! optimise      one step of the optimiser of every parameter that learns
//! confine       to the range and the sign of each parameter
//! protect       take out of the steps what would disturb, where gradients alone do not do it;
//!               both in turn, where the one undoes the other
//! statistics    of the norms follow those of the batch
//! check         that every number is finite
//! ```
//! Rates and the kernels' width follow the epoch, as in the reference [Hammouamri et al. 2023].
//!
//! Where a protection keeps delays and norms after a task, later tasks train what is deployed as
//! nearly as a gradient allows: delays are rounded to the taps that they are deployed at, kernels
//! have their narrowest width, and norms their running statistics.

use crate::gradient::clip::{clip_global_norm, global_norm};
use crate::gradient::loss::Loss;
use crate::gradient::optimizer::CHUNK;
use crate::gradient::schedule::RatesFollow;
use crate::gradient::sigma::SigmaSchedule;
use crate::protection::{Protection, TaskEnd};
use crate::settings::TrainingSettings;
use crate::trainer::deployed_pass::{round_delays, sends_as_deployed};
use crate::trainer::groups::{GroupedOptimizer, ParameterGroup, check_kinds, optimizers};
use crate::trainer::protected_step::ProtectedStep;
use rayon::prelude::*;
use sim_core::{
    Batch, BatchReport, DelayTaps, Dropout, Error, GradientEngine, Gradients, Horizon, Kind,
    Network, NormStatistics, Owner, Parameter, ParameterId, Pass, Result, Seed, SpikeFrames,
    all_finite,
};
use std::time::{Duration, Instant};

/// The batch without what an evaluation does not have.
fn without_penalties<'a>(batch: &Batch<'a>) -> Batch<'a> {
    Batch { regularizers: &[], ..*batch }
}

/// A network in training, one step at a time: the basis of epochs, and of a program's own loop.
#[derive(Debug)]
pub struct Trainer {
    network: Network,
    engine: Box<dyn GradientEngine>,
    gradients: Gradients,
    settings: TrainingSettings,
    groups: Vec<ParameterGroup>,
    /// In the order of [`Network::parameters`]; none for parameters that stay as they are.
    optimizers: Vec<Option<GroupedOptimizer>>,
    protection: Box<dyn Protection>,
    seed: Seed,
    task: usize,
    epoch: usize,
    /// The batch of the epoch, and how many an epoch has.
    batch: (usize, usize),
    steps: u64,
    /// Entries of a protected parameter around a step.
    protected_step: ProtectedStep,
    /// Time spent outside the engine.
    spent: Duration,
    /// The protection's share of it.
    protecting: Duration,
}

/// What one step did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport {
    /// Number of the step, counted from 0.
    pub step: u64,
    /// Mean loss of the batch, before the step, with dropout.
    pub loss: f64,
    /// Penalties of the regularisers.
    pub penalty: f64,
    /// Length of the gradient over all parameters that learn, before clipping.
    pub gradient_norm: f64,
    /// What ranges and signs left of a step in the directions that are protected: at most this
    /// share of its length, the largest of all protected parameters, and at most 1e-3; 0 where
    /// nothing stood in the way.
    pub protection_residual: f64,
}

impl Trainer {
    /// Checks settings and network and makes ready for the first step. Loss, regularisers and batch
    /// size are not taken from the settings: each batch brings its own. `engine` must have been
    /// built for the network. `seed` draws dropout.
    ///
    /// # Errors
    /// The first setting that is not allowed; a group of parameters that names a parameter that
    /// does not exist.
    pub fn new(
        network: Network,
        engine: Box<dyn GradientEngine>,
        settings: TrainingSettings,
        seed: Seed,
    ) -> Result<Self> {
        settings.check()?;
        network.check()?;
        check_kinds(&network, &settings.groups)?;
        let settings = settings.in_steps(network.dt_ms);
        let groups = settings.parameter_groups();
        Ok(Self {
            optimizers: optimizers(&network, &groups)?,
            gradients: Gradients::zeros(&network),
            network,
            engine,
            settings,
            groups,
            protection: Box::new(()),
            seed,
            task: 0,
            epoch: 0,
            batch: (0, 1),
            steps: 0,
            protected_step: ProtectedStep::default(),
            spent: Duration::ZERO,
            protecting: Duration::ZERO,
        })
    }

    /// Uses `protection` from now on.
    pub fn with_protection(mut self, protection: Box<dyn Protection>) -> Self {
        self.protection = protection;
        self
    }

    /// What the trainer protects.
    pub fn protection(&self) -> &dyn Protection {
        &*self.protection
    }

    /// Wall time that the protection took in steps so far, in this process.
    pub fn protecting(&self) -> Duration {
        self.protecting + self.protection.mapping()
    }

    /// Begins a task, counted from 0: the protection hears of it, optimisers begin anew, and so do
    /// epochs.
    ///
    /// # Errors
    /// A task for which the protection has no room.
    pub fn begin_task(&mut self, task: usize) -> Result<()> {
        self.restart_optimizers();
        self.protection.begin_task(task)?;
        self.task = task;
        self.move_to_epoch(0);
        Ok(())
    }

    /// Ends a task: the protection looks at `frames`, training samples of the task, with their
    /// classes, and keeps from now on what it learned of it. `loss` reads population `output`.
    /// Optimisers begin anew, because moments of before would carry steps into what is kept.
    ///
    /// # Errors
    /// [`Error::Length`] unless each sample has a label; what the protection refuses.
    pub fn end_task(
        &mut self,
        frames: &[SpikeFrames],
        labels: &[usize],
        loss: &dyn Loss,
        output: usize,
    ) -> Result<()> {
        Error::check_length("labels of the samples of a task", labels.len(), frames.len())?;
        self.restart_optimizers();
        let pass = Pass { dropout: None, ..self.training_pass() };
        let Self { network, engine, protection, .. } = self;
        let engine = &mut **engine;
        protection.end_task(&mut TaskEnd {
            network,
            engine,
            pass,
            frames,
            labels,
            loss,
            output,
        })?;
        let Self { network, protection, .. } = self;
        round_delays(network, |id| protection.freezes(id));
        Ok(())
    }

    /// Whether the delays of all projections stay as they are.
    fn keeps_delays(&self) -> bool {
        let freezes = |projection| {
            self.protection.freezes(ParameterId::of_projection(projection, Kind::Delay))
        };
        (0..self.network.projections.len()).all(freezes)
    }

    /// Takes every optimiser back to its start: no moments, no steps.
    pub fn restart_optimizers(&mut self) {
        self.optimizers.iter_mut().flatten().for_each(|grouped| grouped.optimizer.restart());
    }

    /// Trains on one batch, with the rates and the kernels' width of the epoch. A panic of the
    /// batch's objective or regularisers is passed on.
    ///
    /// # Errors
    /// What the engine refuses; [`Error::NotFinite`] when a loss, a penalty, the gradient or a
    /// parameter is not a finite number any more.
    pub fn step(&mut self, batch: &Batch) -> Result<StepReport> {
        let pass = self.training_pass();
        self.protection.move_to(self.share_of_task());
        let watches = self.protection.watches();
        let is_deployed = watches && sends_as_deployed(&self.network, batch.frames, &pass);
        if watches && !is_deployed {
            let start = Instant::now();
            self.engine.evaluate(&self.network, &without_penalties(batch), &Pass::DEPLOYED)?;
            self.protection.observe(&self.network, batch, &*self.engine);
            self.protecting += start.elapsed();
        }
        let learned = Batch { learned_input: self.protection.learned_input(), ..*batch };
        self.engine.train(&self.network, &learned, &pass, &mut self.gradients)?;
        let start = Instant::now();
        if is_deployed {
            self.protection.observe(&self.network, batch, &*self.engine);
        }
        self.protection.check()?;
        self.protect_gradients();
        self.protecting += start.elapsed();
        let gradient_norm = self.clip()?;
        let protection_residual = self.update();
        self.follow_statistics();
        self.check_finite()?;
        let report = self.engine.report();
        let step = self.steps;
        self.steps += 1;
        self.spent += start.elapsed();
        let loss = report.total_loss() / report.losses.len().max(1) as f64;
        let penalty = report.penalty;
        Ok(StepReport { step, loss, penalty, gradient_norm, protection_residual })
    }

    /// Runs one batch through the network as it is deployed: one tap per synapse, running norm
    /// statistics, no dropout. Nothing learns.
    ///
    /// # Errors
    /// What the engine refuses.
    pub fn evaluate(&mut self, batch: &Batch) -> Result<&BatchReport> {
        self.engine.evaluate(&self.network, batch, &Pass::DEPLOYED)?;
        Ok(self.engine.report())
    }

    /// The network as trained so far.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The engine, which tells about the last batch.
    pub fn engine(&self) -> &dyn GradientEngine {
        &*self.engine
    }

    /// The settings.
    pub fn settings(&self) -> &TrainingSettings {
        &self.settings
    }

    /// The epoch, counted from 0, whose rates and kernels' width are in use.
    pub fn epoch(&self) -> usize {
        self.epoch
    }

    /// From now on takes the rates and the kernels' width of another epoch.
    pub fn move_to_epoch(&mut self, epoch: usize) {
        (self.epoch, self.batch.0) = (epoch, 0);
    }

    /// From now on takes the rates of batch number `batch`, counted from 0, of an epoch that has
    /// `batches`, where rates follow batches.
    pub fn move_to_batch(&mut self, batch: usize, batches: usize) {
        self.batch = (batch, batches);
    }

    /// The share of the steps of the task that lies behind.
    fn share_of_task(&self) -> f64 {
        let (behind, all) = self.batches();
        behind as f64 / all as f64
    }

    /// Batches of the task that lie behind, and how many there are.
    fn batches(&self) -> (usize, usize) {
        let (batch, batches) = self.batch;
        (self.epoch * batches + batch, self.settings.epochs * batches)
    }

    /// The step that schedules are asked for, and how many there are.
    fn scheduled(&self) -> (usize, usize) {
        let (epoch, epochs) = (self.epoch, self.settings.epochs);
        match self.settings.rates_follow {
            RatesFollow::Epochs => (epoch, epochs),
            RatesFollow::Batches => self.batches(),
        }
    }

    /// Raw width of the Gaussian kernels in the epoch, in steps; the narrowest where a protection
    /// keeps the delays.
    pub fn sigma(&self) -> f64 {
        let SigmaSchedule { end, .. } = self.settings.sigma;
        if self.keeps_delays() {
            return end;
        }
        self.settings.sigma.raw(self.epoch, self.settings.epochs)
    }

    /// Learning rate, now, of the first parameter of a kind that learns; 0 where none
    /// does.
    pub fn rate(&self, kind: Kind) -> f64 {
        let of_kind = |(parameter, _): &(Parameter, _)| parameter.id.kind == kind;
        let mut optimizers = self.network.parameters().zip(&self.optimizers).filter(of_kind);
        let grouped = optimizers.find_map(|(_, grouped)| grouped.as_ref());
        let (step, steps) = self.scheduled();
        let rate =
            |grouped: &GroupedOptimizer| self.groups[grouped.group].schedule.at(step, steps).rate;
        grouped.map_or(0.0, rate) * self.task_factor()
    }

    /// Rates of the task at hand over those of the first task.
    fn task_factor(&self) -> f64 {
        (0..self.task).map(|_| self.settings.task_rate_factor).product()
    }

    /// Number of parameters that learn.
    pub fn parameter_count(&self) -> usize {
        let learning = self.network.parameters().zip(&self.optimizers);
        let learns = learning.filter(|(_, grouped)| grouped.is_some());
        learns.map(|(parameter, _)| parameter.values.len()).sum()
    }

    /// Wall time that steps spent outside the engine.
    pub(crate) fn spent(&self) -> Duration {
        self.spent
    }

    /// The task at hand, counted from 0.
    pub fn task(&self) -> usize {
        self.task
    }

    /// Takes over the task of a checkpoint, in the middle of which it may be.
    pub(crate) fn move_to_task(&mut self, task: usize) {
        self.task = task;
    }

    pub(crate) fn seed(&self) -> Seed {
        self.seed
    }

    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    /// Network and engine, so that the engine can run another network of the same shape.
    pub(crate) fn parts(&mut self) -> (&Network, &mut dyn GradientEngine) {
        (&self.network, &mut *self.engine)
    }

    pub(crate) fn optimizers(&self) -> &[Option<GroupedOptimizer>] {
        &self.optimizers
    }

    /// Everything that a checkpoint brings back.
    pub(crate) fn state_mut(
        &mut self,
    ) -> (&mut Network, &mut [Option<GroupedOptimizer>], &mut dyn Protection, &mut u64) {
        (&mut self.network, &mut self.optimizers, &mut *self.protection, &mut self.steps)
    }

    fn training_pass(&self) -> Pass {
        let TrainingSettings { kernel: evaluation, dropout: rate, .. } = self.settings;
        let dropout = Dropout { rate, seed: self.seed, step: self.steps };
        Pass {
            delay_taps: DelayTaps::Trained { sigma_raw: self.sigma(), evaluation },
            norm: match self.protection.pins_norms() {
                true => NormStatistics::Running,
                false => NormStatistics::Batch,
            },
            dropout: (rate > 0.0).then_some(dropout),
            horizon: Horizon::Batch,
        }
    }

    fn protect_gradients(&mut self) {
        let Self { network, engine, gradients, protection, .. } = self;
        let is_done = |id: ParameterId| match id {
            ParameterId { owner: Owner::Projection(projection), kind: Kind::Weight, .. } => {
                engine.has_mapped(projection)
            }
            _ => false,
        };
        for (parameter, (id, gradient)) in network.parameters().zip(gradients.iter_mut()) {
            if !protection.freezes(id) && protection.protects(id) && !is_done(id) {
                protection.gradient(id, parameter.values, gradient);
            }
        }
    }

    /// Length of the gradient over all parameters that learn. Clips the gradient, if the settings
    /// ask for it.
    fn clip(&mut self) -> Result<f64> {
        let Self { gradients, optimizers, protection, .. } = self;
        let learns = |id: ParameterId, grouped: &Option<GroupedOptimizer>| {
            grouped.is_some() && !protection.freezes(id)
        };
        let learning = gradients.iter().zip(&*optimizers);
        let learning = learning.filter(|((id, _), grouped)| learns(*id, grouped));
        let norm = global_norm(learning.map(|((_, gradient), _)| gradient));
        if !norm.is_finite() {
            let problem = "the gradient is not finite; try a lower learning rate or gradient_clip";
            return Err(Error::NotFinite(problem.into()));
        }
        if let Some(limit) = self.settings.gradient_clip {
            let learning = gradients.iter_mut().zip(&*optimizers);
            let learning = learning.filter(|((id, _), grouped)| learns(*id, grouped));
            clip_global_norm(learning.map(|((_, gradient), _)| gradient), norm, limit);
        }
        Ok(norm)
    }

    /// One step of every optimiser; returns [`StepReport::protection_residual`].
    fn update(&mut self) -> f64 {
        let ((step, steps), task_factor) = (self.scheduled(), self.task_factor());
        let Self {
            network,
            gradients,
            optimizers,
            groups,
            protection,
            protected_step,
            protecting,
            ..
        } = self;
        let learning = network.parameters_mut().zip(gradients.iter()).zip(optimizers);
        let mut residual = 0.0_f64;
        for ((mut parameter, (id, gradient)), grouped) in learning {
            let Some(GroupedOptimizer { optimizer, group }) = grouped else { continue };
            if protection.freezes(id) {
                continue;
            }
            let protects =
                protection.protects(id) && !(optimizer.is_linear() && parameter.is_unbounded());
            if protects {
                protected_step.begin(parameter.values);
            }
            let now = groups[*group].schedule.at(step, steps);
            optimizer.step(parameter.values, gradient, now.rate * task_factor, now.beta1);
            parameter.confine();
            optimizer.restore_sums(parameter.values);
            if protects {
                let start = Instant::now();
                let left = protected_step.finish(&**protection, optimizer, &mut parameter);
                residual = residual.max(left);
                *protecting += start.elapsed();
            }
        }
        residual
    }

    /// The running statistics of the norms move towards those of the batch, unless they are pinned.
    fn follow_statistics(&mut self) {
        if self.protection.pins_norms() {
            return;
        }
        let reports = &self.engine.report().populations;
        for (population, report) in self.network.populations.iter_mut().zip(reports) {
            if let Some(norm) = &mut population.norm {
                norm.update(&report.statistics);
            }
        }
    }

    /// The loss can be finite although the step made a parameter or a running statistic infinite or
    /// NaN; no checkpoint may hold such a value. What has no optimiser stays as it was.
    fn check_finite(&self) -> Result<()> {
        let mut optimizers = self.optimizers.iter();
        let mut moves = |id: ParameterId| {
            !id.kind.is_learned() || optimizers.next().is_some_and(Option::is_some)
        };
        let is_finite = |values: &[f32]| values.par_chunks(CHUNK).all(all_finite);
        let mut tensors = self.network.tensors().filter(|tensor| moves(tensor.id));
        match tensors.find(|tensor| !is_finite(tensor.values)) {
            None => Ok(()),
            Some(tensor) => Err(Error::NotFinite(format!(
                "{} is not finite; try a lower learning rate or gradient_clip",
                self.network.parameter_name(tensor.id)
            ))),
        }
    }
}

#[cfg(test)]
mod tests;
