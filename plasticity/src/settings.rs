//! How a network is trained: the `[training]` section of an experiment.

use crate::gradient::cross_entropy::CrossEntropy;
use crate::gradient::delay_rate::{ONLY_DELAYS, check_milliseconds};
use crate::gradient::firing_rate::FiringRateBounds;
use crate::gradient::optimizer::OptimizerSettings;
use crate::gradient::schedule::{RatesFollow, Schedule};
use crate::gradient::sigma::SigmaSchedule;
use crate::gradient::weight_update::{SignedUpdate, WeightUpdate};
use crate::gradient_method::GradientMethod;
use crate::trainer::evaluation::EvaluationSettings;
use crate::trainer::groups::ParameterGroup;
use crate::trainer::kept_checkpoints::KeptCheckpoints;
use crate::trainer::selection::EarlyStopping;
use serde::{Deserialize, Serialize};
use sim_core::{Error, Horizon, KernelEvaluation, Kind, Result};

/// Settings of gradient training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingSettings {
    /// Passes over the training samples, at least 1; default 30.
    pub epochs: usize,
    /// Samples per step, at least 1; default 256. The last batch of an epoch may be smaller.
    pub batch_size: usize,
    /// Share of hidden neurons dropped in each sample, `0 <= dropout < 1`; default 0.
    pub dropout: f64,
    /// Largest length of the gradient over all parameters, above 0; longer ones are scaled down.
    /// Default: none.
    pub gradient_clip: Option<f64>,
    /// Whether norm statistics are re-estimated with deployed delays (one tap per synapse) before
    /// each evaluation; default false.
    pub recalibrate_norm: bool,
    /// Steps over which an evaluation runs every sample, at least 1; what a longer sample has
    /// behind them does not count. By default a sample runs over its own steps and half of the
    /// delay window of every projection on the longest way to the output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluation_steps: Option<usize>,
    /// When training ends before its last epoch; never by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStopping>,
    /// Which epochs' checkpoints are kept beside those of the best and the last one; none by
    /// default.
    #[serde(skip_serializing_if = "KeptCheckpoints::is_none")]
    pub checkpoints: KeptCheckpoints,
    /// Loss.
    pub loss: CrossEntropy,
    /// How gradients are worked out; by backpropagation through time.
    #[serde(skip_serializing_if = "GradientMethod::is_default")]
    pub gradient: GradientMethod,
    /// Bounds on how often hidden neurons fire; none by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firing_rate: Option<FiringRateBounds>,
    /// Evaluation of the Gaussian delay kernel in training.
    pub kernel: KernelEvaluation,
    /// Width of the Gaussian delay kernel over the epochs, in steps or ms.
    pub sigma: SigmaSchedule,
    /// What the rates of all schedules follow: epochs or batches; epochs by default.
    #[serde(skip_serializing_if = "RatesFollow::is_epochs")]
    pub rates_follow: RatesFollow,
    /// Rates of a task over those of the task before, above 0; default 1. Later tasks then change
    /// less of what earlier tasks use [Mirzadeh et al. 2020].
    #[serde(skip_serializing_if = "is_one")]
    pub task_rate_factor: f64,
    /// Weights; gains and biases of norms share optimiser and rate, without weight decay.
    pub weights: WeightSettings,
    /// Delays.
    pub delays: DelaySettings,
    /// Parameters that follow rules of their own. A parameter of several groups follows the first;
    /// one of none follows `weights` or `delays`. Delays that do not learn follow no group.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<ParameterGroup>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_one(factor: &f64) -> bool {
    *factor == 1.0
}

/// How weights learn.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WeightSettings {
    /// Optimiser.
    pub optimizer: OptimizerSettings,
    /// How weights take the steps of the optimiser; they are added.
    #[serde(skip_serializing_if = "WeightUpdate::is_additive")]
    pub update: WeightUpdate,
    /// Constants of updates that are not plainly added.
    #[serde(skip_serializing_if = "SignedUpdate::is_default")]
    pub signed_update: SignedUpdate,
    /// Rate by epoch, or by batch.
    pub schedule: Schedule,
}

impl WeightSettings {
    /// Checks every number.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] naming the first field that is not allowed.
    pub fn check(&self) -> Result<()> {
        let schedule = |error: Error| error.within("schedule");
        self.optimizer.check().map_err(|error| error.within("optimizer"))?;
        self.signed_update.check().map_err(|error| error.within("signed_update"))?;
        self.schedule.check().map_err(schedule)?;
        self.schedule.check_without_ms(ONLY_DELAYS).map_err(schedule)
    }
}

/// How delays learn; rates are in steps of delay, or in ms where the schedule says so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DelaySettings {
    /// Whether they learn at all, whatever group they are in; default true.
    pub learn: bool,
    /// Optimiser.
    pub optimizer: OptimizerSettings,
    /// Rate by epoch, or by batch.
    pub schedule: Schedule,
}

impl DelaySettings {
    /// Checks every number.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] naming the first field that is not allowed.
    pub fn check(&self) -> Result<()> {
        let schedule = |error: Error| error.within("schedule");
        self.optimizer.check().map_err(|error| error.within("optimizer"))?;
        self.schedule.check().map_err(schedule)?;
        check_milliseconds(&self.optimizer, &self.schedule).map_err(schedule)
    }
}

impl Default for DelaySettings {
    fn default() -> Self {
        Self { learn: true, optimizer: OptimizerSettings::default(), schedule: Schedule::default() }
    }
}

impl Default for TrainingSettings {
    fn default() -> Self {
        Self {
            epochs: 30,
            batch_size: 256,
            dropout: 0.0,
            gradient_clip: None,
            recalibrate_norm: false,
            evaluation_steps: None,
            early_stopping: None,
            checkpoints: KeptCheckpoints::default(),
            loss: CrossEntropy::default(),
            gradient: GradientMethod::default(),
            firing_rate: None,
            kernel: KernelEvaluation::default(),
            sigma: SigmaSchedule::default(),
            rates_follow: RatesFollow::default(),
            task_rate_factor: 1.0,
            weights: WeightSettings::default(),
            delays: DelaySettings::default(),
            groups: Vec::new(),
        }
    }
}

impl TrainingSettings {
    /// How samples are evaluated, without their scores.
    pub fn evaluation(&self) -> EvaluationSettings {
        EvaluationSettings {
            batch_size: self.batch_size,
            horizon: Horizon::of_setting(self.evaluation_steps),
            scores: false,
        }
    }

    /// All groups of parameters: delays that stay as they are first, then the settings' own groups,
    /// weights, delays, and whatever else learns.
    pub(crate) fn parameter_groups(&self) -> Vec<ParameterGroup> {
        let Self { weights, delays, .. } = self;
        let group = |kinds: &[Kind], learn, optimizer, schedule| ParameterGroup {
            kinds: kinds.into(),
            names: Vec::new(),
            learn,
            optimizer,
            update: weights.update,
            signed_update: weights.signed_update,
            schedule,
        };
        let plain = weights.optimizer.without_weight_decay();
        let of_delays = group(&[Kind::Delay], delays.learn, delays.optimizer, delays.schedule);
        let fixed = (!delays.learn).then(|| of_delays.clone());
        let usual = [
            group(&[Kind::Weight], true, weights.optimizer, weights.schedule),
            of_delays,
            group(&[], true, plain, weights.schedule),
        ];
        fixed.into_iter().chain(self.groups.iter().cloned()).chain(usual).collect()
    }

    /// The same settings for a network with steps of `dt_ms`: widths and rates of delays that are
    /// given in ms become steps.
    pub fn in_steps(mut self, dt_ms: f64) -> Self {
        self.sigma = self.sigma.in_steps(dt_ms);
        self.delays.schedule = self.delays.schedule.in_steps(dt_ms);
        for group in &mut self.groups {
            group.schedule = group.schedule.in_steps(dt_ms);
        }
        self
    }

    /// Checks every number.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] naming the first field that is not allowed.
    pub fn check(&self) -> Result<()> {
        let steps = self.evaluation_steps.unwrap_or(1);
        for (name, value) in
            [("epochs", self.epochs), ("batch_size", self.batch_size), ("evaluation_steps", steps)]
        {
            if value == 0 {
                return Err(Error::out_of_range(
                    format!("TrainingSettings::{name}"),
                    value,
                    "at least 1",
                ));
            }
        }
        Error::check(
            "TrainingSettings::dropout",
            self.dropout,
            (0.0..1.0).contains(&self.dropout),
            "at least 0 and below 1",
        )?;
        if let Some(clip) = self.gradient_clip {
            Error::check("TrainingSettings::gradient_clip", clip, clip > 0.0, "above 0")?;
        }
        let factor = self.task_rate_factor;
        Error::check("TrainingSettings::task_rate_factor", factor, factor > 0.0, "above 0")?;
        self.check_gradient()?;
        for (section, checked) in [
            ("kernel", self.kernel.check()),
            ("sigma", self.sigma.check()),
            ("weights", self.weights.check()),
            ("delays", self.delays.check()),
            ("early_stopping", self.early_stopping.iter().try_for_each(EarlyStopping::check)),
            ("firing_rate", self.firing_rate.iter().try_for_each(FiringRateBounds::check)),
        ] {
            checked.map_err(|error| error.within(section))?;
        }
        for (index, group) in self.groups.iter().enumerate() {
            group.check().map_err(|error| error.within(&format!("groups[{index}]")))?;
        }
        let of_delays = |group: &ParameterGroup| group.learn && group.kinds == [Kind::Delay];
        if let Some(group) = self.groups.iter().position(of_delays).filter(|_| !self.delays.learn) {
            let name = format!("TrainingSettings::groups[{group}]");
            let allowed = "of other parameters, since delays do not learn here";
            return Err(Error::out_of_range(name, "a group of delays", allowed));
        }
        Ok(())
    }

    /// Checks that the method of the gradient knows what else is set.
    fn check_gradient(&self) -> Result<()> {
        let Self { gradient, dropout, firing_rate, loss, .. } = self;
        if gradient.goes_back() {
            return Ok(());
        }
        let allowed = format!("0 with the gradient {gradient}");
        Error::check("TrainingSettings::dropout", *dropout, *dropout == 0.0, &allowed)?;
        if firing_rate.is_some() {
            let problem = format!("is there, but the gradient {gradient} knows no penalties");
            return Err(Error::unfit("TrainingSettings::firing_rate", problem));
        }
        match gradient.losses() {
            Some((losses, allowed)) if !losses.contains(loss) => {
                let name = serde_json::to_string(loss).expect("a word");
                Err(Error::out_of_range("TrainingSettings::loss", name, allowed))
            }
            _ => Ok(()),
        }
    }
}
