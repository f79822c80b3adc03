//! How parameters follow a gradient: Adam, AdamW and SGD with momentum, in the form and with the
//! defaults of `torch.optim`.
//!
//! Element by element, at step `t`, which counts from 1:
//! ```text
//! Adam    m += (1 - beta1) (g - m),   v = beta2 v + (1 - beta2) g^2
//!         p -= rate m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
//! AdamW   first p *= 1 - rate weight_decay, then as Adam
//! SGD     b = momentum b + g,   p -= rate b
//!         with Nesterov's look-ahead, p -= rate (g + momentum b)
//! ```
//! References: [Kingma and Ba 2015, algorithm 1], [Loshchilov and Hutter 2019, algorithm 2],
//! [Sutskever et al. 2013].
//!
//! What `p -=` subtracts is the *step*, and how a weight takes it is a [`WeightUpdate`]: the
//! equations above are those of the additive one. In Adam and SGD the weight decay is then an L2
//! penalty: it is added to the gradient, `g + weight_decay p`. With any other update, the weight
//! decay of every rule acts on the weights directly. A schedule may replace `beta1` (for SGD:
//! `momentum`) in each step; the bias correction then uses the current `beta1` to the power `t`, as
//! torch does, although earlier steps were made with others.
//!
//! What differs from torch: moments below the smallest normal `f32` become zero. They cannot move a
//! parameter, but would otherwise linger for ever at a denormal number, which is slow to compute
//! with.

use crate::gradient::reused::Reused;
use crate::gradient::row_sums;
use crate::gradient::two_sided::{Step, TwoSided};
use crate::gradient::weight_update::{
    Additive, Exponentiated, Move, SignFrozen, SignedUpdate, WeightUpdate,
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sim_core::{Error, Result};
use simd::vectorize;
use std::mem;

/// Elements that one thread updates or looks at, at a time. Elements do not depend on each other, so
/// results do not depend on this number.
pub(crate) const CHUNK: usize = 16_384;

/// Which rule, with its constants.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum OptimizerSettings {
    /// Adam; weight decay is an L2 penalty.
    #[serde(rename = "adam")]
    Adam(Adam),
    /// Adam; weight decay acts on the parameters directly.
    #[serde(rename = "adamw")]
    AdamW(AdamW),
    /// Stochastic gradient descent.
    #[serde(rename = "sgd")]
    Sgd(Sgd),
}

/// Constants of Adam.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adam {
    /// Memory of the mean of the gradient, `0 <= beta1 < 1`; 0.9.
    pub beta1: f64,
    /// Memory of the mean of its square, `0 <= beta2 < 1`; 0.999.
    pub beta2: f64,
    /// Added to the root of the mean square, above 0; 1e-8.
    pub epsilon: f64,
    /// L2 penalty, at least 0; 0.
    pub weight_decay: f64,
}

impl Default for Adam {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 }
    }
}

/// Constants of AdamW.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamW {
    /// Memory of the mean of the gradient, `0 <= beta1 < 1`; 0.9.
    pub beta1: f64,
    /// Memory of the mean of its square, `0 <= beta2 < 1`; 0.999.
    pub beta2: f64,
    /// Added to the root of the mean square, above 0; 1e-8.
    pub epsilon: f64,
    /// Share of a parameter that a step of rate 1 takes away, at least 0; 0.01.
    pub weight_decay: f64,
}

impl Default for AdamW {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 }
    }
}

/// Constants of stochastic gradient descent.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sgd {
    /// Share of the last step that is kept, `0 <= momentum < 1`; 0. A schedule that cycles momentum
    /// replaces it, even a zero.
    pub momentum: f64,
    /// Whether the gradient counts as if taken after the momentum's step; needs a momentum above 0;
    /// false.
    pub nesterov: bool,
    /// L2 penalty, at least 0; 0.
    pub weight_decay: f64,
}

impl Default for OptimizerSettings {
    fn default() -> Self {
        Self::Adam(Adam::default())
    }
}

impl OptimizerSettings {
    /// Checks every constant.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] naming the first constant that is not allowed.
    pub fn check(&self) -> Result<()> {
        let memory = |name: &str, value: f64| {
            Error::check(name, value, (0.0..1.0).contains(&value), "at least 0 and below 1")
        };
        let decay = |name: &str, value: f64| Error::check(name, value, value >= 0.0, "at least 0");
        let epsilon = |name: &str, value: f64| {
            // A smaller one would be zero in f32, and a synapse that never saw a gradient would
            // divide zero by zero.
            let smallest = f64::from(f32::MIN_POSITIVE);
            Error::check(
                name,
                value,
                value >= smallest,
                "above 0 and not below the smallest normal f32",
            )
        };
        match *self {
            Self::Adam(Adam { beta1, beta2, epsilon: floor, weight_decay }) => {
                memory("Adam::beta1", beta1)?;
                memory("Adam::beta2", beta2)?;
                epsilon("Adam::epsilon", floor)?;
                decay("Adam::weight_decay", weight_decay)
            }
            Self::AdamW(AdamW { beta1, beta2, epsilon: floor, weight_decay }) => {
                memory("AdamW::beta1", beta1)?;
                memory("AdamW::beta2", beta2)?;
                epsilon("AdamW::epsilon", floor)?;
                decay("AdamW::weight_decay", weight_decay)
            }
            Self::Sgd(Sgd { momentum, nesterov, weight_decay }) => {
                memory("Sgd::momentum", momentum)?;
                if nesterov {
                    Error::check(
                        "Sgd::momentum",
                        momentum,
                        momentum > 0.0,
                        "above 0 where nesterov is set",
                    )?;
                }
                decay("Sgd::weight_decay", weight_decay)
            }
        }
    }

    /// This rule without weight decay, for parameters that must not decay: delays, gains and
    /// biases.
    pub fn without_weight_decay(mut self) -> Self {
        match &mut self {
            Self::Adam(Adam { weight_decay, .. })
            | Self::AdamW(AdamW { weight_decay, .. })
            | Self::Sgd(Sgd { weight_decay, .. }) => {
                *weight_decay = 0.0;
            }
        }
        self
    }

    /// An optimizer for `parameters` numbers that has not made a step.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn build(&self, parameters: usize) -> Result<Optimizer> {
        self.check()?;
        let second = if matches!(self, Self::Sgd(_)) { 0 } else { parameters };
        Ok(Optimizer {
            settings: *self,
            update: Update::Additive(Additive),
            steps: 0,
            first: vec![0.0; parameters],
            second: vec![0.0; second],
            sides: [Vec::new(), Vec::new()],
            keep_sums: false,
            row: parameters.max(1),
            sums: Reused::default(),
            taken: Reused::default(),
        })
    }

    /// Names of the moments kept per parameter, in the order of [`Optimizer::state`].
    fn moment_names(&self) -> &'static [&'static str] {
        match self {
            Self::Adam(_) | Self::AdamW(_) => &["mean", "mean_square"],
            Self::Sgd(_) => &["velocity"],
        }
    }
}

/// How parameters take a step.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Update {
    Additive(Additive),
    Exponentiated(Exponentiated),
    SignFrozen(SignFrozen),
    TwoSided(TwoSided),
}

/// Names of the sides of weights, where an update has two.
const SIDES: [&str; 2] = ["excitatory", "inhibitory"];

/// A rule at work on one slice of parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimizer {
    settings: OptimizerSettings,
    update: Update,
    steps: u64,
    /// Adam: mean of the gradient; SGD: velocity.
    first: Vec<f32>,
    /// Adam: mean of the squared gradient; SGD: empty.
    second: Vec<f32>,
    /// The sides of the parameters of a two-sided update; empty with any other.
    sides: [Vec<f32>; 2],
    /// Whether the sum of the sizes of each row stays.
    keep_sums: bool,
    /// Parameters of a row: the incoming weights of a neuron.
    row: usize,
    /// The sums of the rows before a step.
    sums: Reused<Vec<f64>>,
    /// The steps of a two-sided update.
    taken: Reused<Vec<f32>>,
}

impl Optimizer {
    /// The same optimizer, whose steps parameters take by another update.
    ///
    /// # Errors
    /// As [`SignedUpdate::check`].
    pub fn with_update(self, update: WeightUpdate, settings: SignedUpdate) -> Result<Self> {
        settings.check()?;
        let update = match update {
            WeightUpdate::Additive => Update::Additive(Additive),
            WeightUpdate::Exponentiated => Update::Exponentiated(settings.into()),
            WeightUpdate::SignFrozen => Update::SignFrozen(settings.into()),
            WeightUpdate::TwoSided => Update::TwoSided(settings.into()),
        };
        let length = if update.has_sides() { self.first.len() } else { 0 };
        let sides = [vec![0.0; length], vec![0.0; length]];
        Ok(Self { update, sides, keep_sums: settings.keep_sums, ..self })
    }

    /// The same optimizer for `parameters` that come in rows of `row`: the incoming weights of a
    /// neuron. Updates that look at a whole row need it; without it, all parameters are one row.
    ///
    /// # Panics
    /// If `row` is zero.
    pub fn with_rows(self, row: usize, parameters: &[f32]) -> Self {
        assert!(row > 0, "a row has parameters");
        let sides = match self.update {
            Update::TwoSided(update) => update.start(parameters, row),
            _ => self.sides,
        };
        Self { row, sides, ..self }
    }

    /// Steps made so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The moments by name, one entry per parameter each: `mean` and `mean_square` (Adam, AdamW) or
    /// `velocity` (SGD), and of a two-sided update the sides, `excitatory` and `inhibitory`.
    /// Together with [`Self::steps`] they are the whole state.
    pub fn state(&self) -> Vec<(&'static str, &[f32])> {
        let moments = self.settings.moment_names().iter().copied();
        let moments = moments.zip([&self.first[..], &self.second[..]]);
        let sides = SIDES.into_iter().zip(self.sides.iter().map(|side| &side[..]));
        moments.chain(sides.filter(|_| self.update.has_sides())).collect()
    }

    /// Takes over the [`Self::steps`] and the [`Self::state`] of another optimizer of the same
    /// settings; moments may come in any order.
    ///
    /// # Errors
    /// [`Error::Network`] for a moment that is missing or that this rule does not keep,
    /// [`Error::Length`] for one of another length. Then nothing has changed.
    pub fn restore(&mut self, steps: u64, state: &[(&str, &[f32])]) -> Result<()> {
        let sides: &[&str] = if self.update.has_sides() { &SIDES } else { &[] };
        let names = [self.settings.moment_names(), sides].concat();
        if let Some((foreign, _)) = state.iter().find(|(name, _)| !names.contains(name)) {
            return Err(Error::Network(format!(
                "optimizer state {foreign:?} does not belong to a rule that keeps {}",
                names.join(", ")
            )));
        }
        let mut saved = Vec::with_capacity(names.len());
        for &name in &names {
            let Some((_, values)) = state.iter().find(|(other, _)| *other == name) else {
                return Err(Error::Network(format!("optimizer state {name:?} is missing")));
            };
            if values.len() != self.first.len() {
                let name = format!("optimizer state {name:?}");
                return Err(Error::Length {
                    name,
                    actual: values.len(),
                    expected: self.first.len(),
                });
            }
            saved.push(*values);
        }
        let moments = self.settings.moment_names().len();
        let (of_moments, of_sides) = saved.split_at(moments);
        for (moment, values) in [&mut self.first, &mut self.second].into_iter().zip(of_moments) {
            moment.copy_from_slice(values);
        }
        for (side, values) in self.sides.iter_mut().zip(of_sides) {
            side.copy_from_slice(values);
        }
        self.steps = steps;
        Ok(())
    }

    /// Whether a step is a sum of the gradients so far, each times a number: gradients in a linear
    /// subspace then give steps in it. So it is of SGD without weight decay, with or without
    /// momentum.
    pub fn is_linear(&self) -> bool {
        matches!(self.update, Update::Additive(_))
            && !self.keep_sums
            && matches!(self.settings, OptimizerSettings::Sgd(Sgd { weight_decay: 0.0, .. }))
    }

    /// Parameters of a row: the incoming weights of a neuron, or all parameters.
    pub(crate) fn row(&self) -> usize {
        self.row
    }

    /// Whether its update keeps the sign of every parameter.
    pub fn keeps_signs(&self) -> bool {
        matches!(self.update, Update::Exponentiated(_) | Update::SignFrozen(_))
    }

    /// Holds a step that was changed after it was made to what the update keeps: a parameter that
    /// lost the sign it had in `before` stops at the floor, and zero stays zero. Nothing happens
    /// where steps are added.
    ///
    /// # Panics
    /// If `before` and `after` differ in length.
    pub fn keep_signs(&self, before: &[f32], after: &mut [f32]) {
        assert_eq!(before.len(), after.len(), "a step moves every parameter");
        let Some(floor) = self.update.floor() else { return };
        let keep = |(before, after): (&f32, &mut f32)| {
            *after = match *before {
                0.0 => *before,
                _ if *after * 1.0_f32.copysign(*before) < floor => floor.copysign(*before),
                _ => *after,
            };
        };
        let parts = before.par_chunks(self.row).zip(after.par_chunks_mut(self.row));
        parts.for_each(|(before, after)| before.iter().zip(after).for_each(keep));
    }

    /// Forgets all moments and steps.
    pub fn restart(&mut self) {
        self.steps = 0;
        self.first.fill(0.0);
        self.second.fill(0.0);
    }

    /// Moves `parameters` against `gradient` by a step of size `rate`. `beta1` replaces the
    /// settings' `beta1` (for SGD: `momentum`) in this step. An update that keeps sums does so with
    /// [`restore_sums`](Self::restore_sums), which the caller calls afterwards.
    ///
    /// # Panics
    /// If `parameters` or `gradient` differ in length from what the optimizer was built for.
    pub fn step(
        &mut self,
        parameters: &mut [f32],
        gradient: &[f32],
        rate: f64,
        beta1: Option<f64>,
    ) {
        assert_eq!(
            parameters.len(),
            self.first.len(),
            "an optimizer serves the parameters it was built for"
        );
        assert_eq!(gradient.len(), self.first.len(), "one gradient entry per parameter");
        self.steps += 1;
        if self.keep_sums {
            row_sums::note(parameters, self.row, &mut self.sums.0);
        }
        match self.update {
            Update::Additive(update) => self.step_by(update, parameters, gradient, rate, beta1),
            Update::Exponentiated(update) => {
                self.step_by(update, parameters, gradient, rate, beta1);
            }
            Update::SignFrozen(update) => self.step_by(update, parameters, gradient, rate, beta1),
            Update::TwoSided(update) => {
                let mut steps = mem::take(&mut self.taken.0);
                steps.resize(parameters.len(), 0.0);
                steps.copy_from_slice(parameters);
                self.step_by(Step, &mut steps, gradient, rate, beta1);
                update.take(parameters, &steps, &mut self.sides, self.row);
                self.taken.0 = steps;
            }
        }
    }

    /// Scales every row back to the sum of sizes that it had before the last step, where the update
    /// keeps sums ([`SignedUpdate::keep_sums`]); to be called after whatever confines the step.
    pub fn restore_sums(&self, parameters: &mut [f32]) {
        if self.keep_sums && self.steps > 0 {
            let floor = self.update.floor().unwrap_or(0.0);
            row_sums::restore(parameters, self.row, &self.sums.0, floor);
        }
    }

    fn step_by(
        &mut self,
        update: impl Move,
        parameters: &mut [f32],
        gradient: &[f32],
        rate: f64,
        beta1: Option<f64>,
    ) {
        // An L2 penalty is part of a gradient that is added; other updates know decay alone.
        let is_additive = matches!(self.update, Update::Additive(_));
        let penalty_and_decay =
            |weight_decay: f64, is_penalty: bool| match is_penalty && is_additive {
                true => (weight_decay as f32, 0.0),
                false => (0.0, (rate * weight_decay) as f32),
            };
        match self.settings {
            OptimizerSettings::Adam(Adam { beta1: own, beta2, epsilon, weight_decay })
            | OptimizerSettings::AdamW(AdamW { beta1: own, beta2, epsilon, weight_decay }) => {
                let is_penalty = matches!(self.settings, OptimizerSettings::Adam(_));
                let (penalty, decay) = penalty_and_decay(weight_decay, is_penalty);
                let beta1 = beta1.unwrap_or(own);
                let step = AdamStep::new(beta1, beta2, epsilon, rate, self.steps);
                let step = AdamStep { penalty, decay, ..step };
                parameters
                    .par_chunks_mut(CHUNK)
                    .zip(gradient.par_chunks(CHUNK))
                    .zip(self.first.par_chunks_mut(CHUNK))
                    .zip(self.second.par_chunks_mut(CHUNK))
                    .for_each(|(((parameters, gradient), mean), mean_square)| {
                        vectorize(
                            #[inline(always)]
                            || step.apply(update, parameters, gradient, mean, mean_square),
                        );
                    });
            }
            OptimizerSettings::Sgd(Sgd { momentum, nesterov, weight_decay }) => {
                let momentum = beta1.unwrap_or(momentum) as f32;
                let (penalty, decay) = penalty_and_decay(weight_decay, true);
                let step = SgdStep { momentum, nesterov, penalty, decay, rate: rate as f32 };
                parameters
                    .par_chunks_mut(CHUNK)
                    .zip(gradient.par_chunks(CHUNK))
                    .zip(self.first.par_chunks_mut(CHUNK))
                    .for_each(|((parameters, gradient), velocity)| {
                        vectorize(
                            #[inline(always)]
                            || step.apply(update, parameters, gradient, velocity),
                        );
                    });
            }
        }
    }
}

impl Update {
    /// Least size of a weight that is not zero, where the update keeps signs.
    fn floor(&self) -> Option<f32> {
        match self {
            Self::Additive(_) | Self::TwoSided(_) => None,
            Self::Exponentiated(update) => Some(update.floor()),
            Self::SignFrozen(update) => Some(update.floor()),
        }
    }

    fn has_sides(&self) -> bool {
        matches!(self, Self::TwoSided(_))
    }
}

/// Factors that all elements of one Adam step share. They are worked out in `f64`, because
/// `1 - beta2^t` cancels.
#[derive(Debug, Clone, Copy)]
struct AdamStep {
    mean_gain: f32,
    square_memory: f32,
    square_gain: f32,
    /// `1 / sqrt(1 - beta2^t)`
    root_scale: f32,
    epsilon: f32,
    /// `rate / (1 - beta1^t)`
    length: f32,
    /// Added to the gradient per unit of parameter.
    penalty: f32,
    /// See [`Move::moved`].
    decay: f32,
}

impl AdamStep {
    fn new(beta1: f64, beta2: f64, epsilon: f64, rate: f64, t: u64) -> Self {
        let t = t.min(i32::MAX as u64) as i32;
        Self {
            mean_gain: (1.0 - beta1) as f32,
            square_memory: beta2 as f32,
            square_gain: (1.0 - beta2) as f32,
            root_scale: (1.0 - beta2.powi(t)).sqrt().recip() as f32,
            epsilon: epsilon as f32,
            length: (rate / (1.0 - beta1.powi(t))) as f32,
            penalty: 0.0,
            decay: 0.0,
        }
    }

    #[inline(always)]
    fn apply(
        &self,
        update: impl Move,
        parameters: &mut [f32],
        gradient: &[f32],
        mean: &mut [f32],
        mean_square: &mut [f32],
    ) {
        for (((p, &g), m), v) in parameters.iter_mut().zip(gradient).zip(mean).zip(mean_square) {
            let g = g + self.penalty * *p;
            *m = without_denormals(*m + self.mean_gain * (g - *m));
            *v = without_denormals(self.square_memory * *v + self.square_gain * (g * g));
            let step = self.length * (*m / (v.sqrt() * self.root_scale + self.epsilon));
            *p = update.moved(*p, step, self.decay);
        }
    }
}

/// Factors that all elements of one SGD step share.
#[derive(Debug, Clone, Copy)]
struct SgdStep {
    momentum: f32,
    nesterov: bool,
    penalty: f32,
    /// See [`Move::moved`].
    decay: f32,
    rate: f32,
}

impl SgdStep {
    #[inline(always)]
    fn apply(
        &self,
        update: impl Move,
        parameters: &mut [f32],
        gradient: &[f32],
        velocity: &mut [f32],
    ) {
        let (from_gradient, from_velocity) =
            if self.nesterov { (1.0, self.momentum) } else { (0.0, 1.0) };
        for ((p, &g), b) in parameters.iter_mut().zip(gradient).zip(velocity) {
            let g = g + self.penalty * *p;
            *b = without_denormals(self.momentum * *b + g);
            let step = self.rate * (from_gradient * g + from_velocity * *b);
            *p = update.moved(*p, step, self.decay);
        }
    }
}

/// A select, not a branch, so the loops around it stay vector code.
#[inline(always)]
fn without_denormals(moment: f32) -> f32 {
    if moment.abs() < f32::MIN_POSITIVE { 0.0 } else { moment }
}

#[cfg(test)]
mod tests;
