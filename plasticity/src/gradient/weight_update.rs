//! How a weight takes the step of its optimiser: by addition, or by multiplication.
//!
//! An optimiser makes a step `s` of a gradient: the rate times the gradient, its momentum or Adam's
//! quotient. `d` is its decay, the rate times `weight_decay`.
//! ```text
//! additive        w <- w (1 - d) - s
//! exponentiated   w <- w exp(clamp(-c (sign(w) s + d), -most, most)),   at least `floor` in size
//! sign-frozen     additive, but a weight that would change its sign becomes sign(w) floor
//! two-sided       see `two_sided.rs`
//! ```
//! The exponentiated update [Kivinen and Warmuth 1997; Cornford et al. 2024] is gradient descent on
//! the logarithm of a weight's size. A weight keeps its sign, and moves by shares of itself: `c`
//! makes up for sizes that are far below 1. A decay takes a constant off the logarithm. A weight of
//! exactly zero stays zero, so that what was pruned stays pruned; no other becomes zero.
//!
//! Any update can keep the sum of the sizes of the weights that a neuron receives in a projection:
//! a step that was confined to ranges and signs is followed by scaling them to the sum of before
//! (`keep_sums`). Growth by multiplication has no other bound than a decay. A protection comes
//! after it, and may change the sum.

use serde::{Deserialize, Serialize};
use sim_core::{Error, Result};
use simd::exp;

/// Which update weights learn by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightUpdate {
    /// The step is added.
    #[default]
    Additive,
    /// The weight is multiplied by the exponential of the step: no weight changes its sign.
    Exponentiated,
    /// The step is added, and a weight that would change its sign stops before zero: a control for
    /// the exponentiated update.
    SignFrozen,
    /// The exponentiated update of weights that have an excitatory and an inhibitory side each,
    /// under a budget for all sides of a neuron's incoming weights [Kivinen and Warmuth 1997]: a
    /// control, since the difference of both sides may change its sign.
    TwoSided,
}

impl WeightUpdate {
    /// Whether the step is added.
    pub fn is_additive(&self) -> bool {
        *self == Self::Additive
    }
}

/// Constants of updates that are not plainly added.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignedUpdate {
    /// Of updates that multiply: their rate over that of the schedule, which is meant for steps
    /// that are added; above 0 and at most 1e6; 20. Steps of Adam take 20 to 40, steps of SGD at a
    /// rate of 0.1 and more 5 to 10.
    pub rate_factor: f64,
    /// Of updates that multiply: largest size of the exponent of a step, above 0 and at most 80; 1.
    pub largest_exponent: f64,
    /// Of updates that multiply or keep signs: least size of a weight that is not zero, at least
    /// 1e-30 and below 1; 1e-18.
    pub floor: f64,
    /// Of the two-sided update: the sum of both sides of all incoming weights of a neuron over the
    /// sum of their sizes at the start, at least 1 and at most 1000; 1.5.
    pub budget: f64,
    /// Of any update: whether the sum of the sizes of the weights that a neuron receives in a
    /// projection stays what it was, unless a protection changes it; false.
    pub keep_sums: bool,
}

impl Default for SignedUpdate {
    fn default() -> Self {
        Self {
            rate_factor: 20.0,
            largest_exponent: 1.0,
            floor: 1e-18,
            budget: 1.5,
            keep_sums: false,
        }
    }
}

impl SignedUpdate {
    /// Whether nothing was changed.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Checks every constant.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] naming the first constant that is not allowed.
    pub fn check(&self) -> Result<()> {
        let Self { rate_factor, largest_exponent, floor, budget, .. } = *self;
        let fits = rate_factor > 0.0 && rate_factor <= 1e6;
        Error::check("SignedUpdate::rate_factor", rate_factor, fits, "above 0 and at most 1e6")?;
        let fits = largest_exponent > 0.0 && largest_exponent <= 80.0;
        let allowed = "above 0 and at most 80";
        Error::check("SignedUpdate::largest_exponent", largest_exponent, fits, allowed)?;
        let fits = (1e-30..1.0).contains(&floor);
        Error::check("SignedUpdate::floor", floor, fits, "at least 1e-30 and below 1")?;
        let fits = (1.0..=1000.0).contains(&budget);
        Error::check("SignedUpdate::budget", budget, fits, "from 1 to 1000")
    }
}

/// An update at work on one weight.
pub(crate) trait Move: Copy + Sync {
    /// What becomes of `weight` by `step`, which is subtracted, and `decay`.
    fn moved(self, weight: f32, step: f32, decay: f32) -> f32;
}

/// See [`WeightUpdate::Additive`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Additive;

impl Move for Additive {
    #[inline(always)]
    fn moved(self, weight: f32, step: f32, decay: f32) -> f32 {
        // The decay is applied as a difference: 1 - decay would lose most of a small decay's
        // digits in f32.
        (weight - decay * weight) - step
    }
}

/// See [`WeightUpdate::Exponentiated`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Exponentiated {
    factor: f32,
    most: f32,
    floor: f32,
}

impl From<SignedUpdate> for Exponentiated {
    fn from(settings: SignedUpdate) -> Self {
        let SignedUpdate { rate_factor, largest_exponent, floor, .. } = settings;
        Self { factor: rate_factor as f32, most: largest_exponent as f32, floor: floor as f32 }
    }
}

impl Exponentiated {
    /// Least size of a weight that is not zero.
    pub fn floor(self) -> f32 {
        self.floor
    }
}

impl Move for Exponentiated {
    #[inline(always)]
    fn moved(self, weight: f32, step: f32, decay: f32) -> f32 {
        let Self { factor, most, floor } = self;
        let along = step * 1.0_f32.copysign(weight);
        let exponent = -(factor * (along + decay));
        let exponent = if exponent > most { most } else { exponent };
        let exponent = if exponent < -most { -most } else { exponent };
        let moved = weight * exp(exponent);
        let moved = if moved.abs() < floor { floor.copysign(weight) } else { moved };
        if weight == 0.0 { weight } else { moved }
    }
}

/// See [`WeightUpdate::SignFrozen`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SignFrozen {
    floor: f32,
}

impl From<SignedUpdate> for SignFrozen {
    fn from(settings: SignedUpdate) -> Self {
        Self { floor: settings.floor as f32 }
    }
}

impl SignFrozen {
    /// Least size of a weight that is not zero.
    pub fn floor(self) -> f32 {
        self.floor
    }
}

impl Move for SignFrozen {
    #[inline(always)]
    fn moved(self, weight: f32, step: f32, decay: f32) -> f32 {
        let moved = Additive.moved(weight, step, decay);
        // Seen from the side of zero on which the weight is.
        let left = moved * 1.0_f32.copysign(weight);
        let moved = if left < self.floor { self.floor.copysign(weight) } else { moved };
        if weight == 0.0 { weight } else { moved }
    }
}

#[cfg(test)]
mod geometry;
#[cfg(test)]
mod tests;
