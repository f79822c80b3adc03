//! How the size of a step changes in the course of training.
//!
//! Everything is a closed form of the step's number, never a running product, so a resumed run
//! continues with the same bits.

use serde::{Deserialize, Serialize};
use sim_core::{Error, Result};
use std::f64::consts::PI;

/// The rate of one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Size of the step.
    pub rate: f64,
    /// Replaces Adam's `beta1` or SGD's `momentum`, where the schedule cycles it.
    pub beta1: Option<f64>,
}

/// Learning rate over training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Schedule {
    /// Up along a cosine, then down to almost nothing, with momentum the other way round.
    OneCycle(OneCycle),
    /// Down along half a cosine.
    Cosine(Cosine),
    /// The same throughout.
    Constant(Constant),
    /// Up along a straight line, then constant or cosine.
    WarmUp(WarmUp),
}

/// What rates follow: the steps that a [`Schedule`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RatesFollow {
    /// Epochs: the rate is the same throughout an epoch.
    #[default]
    Epochs,
    /// Batches: the rate changes from one to the next.
    Batches,
}

impl RatesFollow {
    /// Whether rates follow epochs.
    pub fn is_epochs(&self) -> bool {
        *self == Self::Epochs
    }
}

/// The one-cycle policy [Smith and Topin 2019] in torch's form and with torch's defaults.
///
/// From `peak / div_factor` at step 0 to `peak` at step `pct_start * total - 1` to `peak /
/// div_factor / final_div_factor` at the last step, each way along half a cosine; `beta1` from
/// `max_momentum` to `base_momentum` and back at the same steps. A run too short for a way up
/// (`pct_start * total <= 1`) starts at the peak.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OneCycle {
    /// Largest rate, above 0; 5e-3.
    pub peak: f64,
    /// Instead of `peak`, of delays only: the rate in ms, above 0; none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_ms: Option<f64>,
    /// Share of training on the way up, `0..=1`; 0.3.
    pub pct_start: f64,
    /// Peak over first rate, above 0; 25.
    pub div_factor: f64,
    /// First over last rate, above 0; 1e4.
    pub final_div_factor: f64,
    /// Whether `beta1` cycles too, as it does in torch unless told otherwise; true.
    pub cycle_momentum: bool,
    /// `beta1` at the peak, `0 <= base_momentum < 1`; 0.85.
    pub base_momentum: f64,
    /// `beta1` at both ends, `0 <= max_momentum < 1`; 0.95.
    pub max_momentum: f64,
}

impl Default for OneCycle {
    fn default() -> Self {
        Self {
            peak: 5e-3,
            peak_ms: None,
            pct_start: 0.3,
            div_factor: 25.0,
            final_div_factor: 1e4,
            cycle_momentum: true,
            base_momentum: 0.85,
            max_momentum: 0.95,
        }
    }
}

/// `rate = end + (peak - end) (1 + cos(pi step / total)) / 2` [Loshchilov and Hutter 2017, eq. 5,
/// without restarts].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cosine {
    /// Rate of step 0, above 0; 0.1.
    pub peak: f64,
    /// Instead of `peak`, of delays only: the rate in ms, above 0; none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_ms: Option<f64>,
    /// Rate that step `total` would have, at least 0; 0.
    pub end: f64,
    /// Instead of `end`, of delays only: the rate in ms, at least 0; none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_ms: Option<f64>,
}

impl Default for Cosine {
    fn default() -> Self {
        Self { peak: 0.1, peak_ms: None, end: 0.0, end_ms: None }
    }
}

/// One rate for all steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Constant {
    /// The rate, above 0; 1e-3.
    pub rate: f64,
    /// Instead of `rate`, of delays only: the rate in ms, above 0; none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_ms: Option<f64>,
}

impl Default for Constant {
    fn default() -> Self {
        Self { rate: 1e-3, rate_ms: None }
    }
}

/// With `n = round(share * total)`: `rate = peak (step + 1) / (n + 1)` while `step < n`, then what
/// [`AfterWarmUp`] says, from the peak.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WarmUp {
    /// Largest rate, above 0; 1e-3.
    pub peak: f64,
    /// Instead of `peak`, of delays only: the rate in ms, above 0; none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_ms: Option<f64>,
    /// Share of training on the way up, `0..=1`; 0.1.
    pub share: f64,
    /// What follows; constant.
    pub then: AfterWarmUp,
    /// Where a cosine ends, at least 0; 0.
    pub end: f64,
    /// Instead of `end`, of delays only: the rate in ms, at least 0; none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_ms: Option<f64>,
}

impl Default for WarmUp {
    fn default() -> Self {
        Self {
            peak: 1e-3,
            peak_ms: None,
            share: 0.1,
            then: AfterWarmUp::Constant,
            end: 0.0,
            end_ms: None,
        }
    }
}

/// How a schedule goes on after its warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterWarmUp {
    /// At the peak.
    #[default]
    Constant,
    /// Down along half a cosine.
    Cosine,
}

impl Default for Schedule {
    fn default() -> Self {
        Self::OneCycle(OneCycle::default())
    }
}

impl Schedule {
    /// Checks every number.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] naming the first one that is not allowed.
    pub fn check(&self) -> Result<()> {
        let positive = |name: &str, value: f64| Error::check(name, value, value > 0.0, "above 0");
        let end = |name: &str, value: f64| Error::check(name, value, value >= 0.0, "at least 0");
        for (name, value) in self.milliseconds() {
            if name.ends_with("end_ms") { end(name, value) } else { positive(name, value) }?;
        }
        match *self {
            Self::OneCycle(OneCycle {
                peak,
                pct_start,
                div_factor,
                final_div_factor,
                base_momentum,
                max_momentum,
                ..
            }) => {
                positive("OneCycle::peak", peak)?;
                share("OneCycle::pct_start", pct_start)?;
                positive("OneCycle::div_factor", div_factor)?;
                positive("OneCycle::final_div_factor", final_div_factor)?;
                for (name, value) in [
                    ("OneCycle::base_momentum", base_momentum),
                    ("OneCycle::max_momentum", max_momentum),
                ] {
                    Error::check(
                        name,
                        value,
                        (0.0..1.0).contains(&value),
                        "at least 0 and below 1",
                    )?;
                }
                Ok(())
            }
            Self::Cosine(cosine) => {
                positive("Cosine::peak", cosine.peak).and_then(|()| end("Cosine::end", cosine.end))
            }
            Self::Constant(constant) => positive("Constant::rate", constant.rate),
            Self::WarmUp(warm_up) => {
                positive("WarmUp::peak", warm_up.peak)?;
                share("WarmUp::share", warm_up.share)?;
                end("WarmUp::end", warm_up.end)
            }
        }
    }

    /// The rates in ms that are given.
    fn milliseconds(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let all = match *self {
            Self::OneCycle(OneCycle { peak_ms, .. }) => {
                [("OneCycle::peak_ms", peak_ms), ("", None)]
            }
            Self::Cosine(Cosine { peak_ms, end_ms, .. }) => {
                [("Cosine::peak_ms", peak_ms), ("Cosine::end_ms", end_ms)]
            }
            Self::Constant(Constant { rate_ms, .. }) => {
                [("Constant::rate_ms", rate_ms), ("", None)]
            }
            Self::WarmUp(WarmUp { peak_ms, end_ms, .. }) => {
                [("WarmUp::peak_ms", peak_ms), ("WarmUp::end_ms", end_ms)]
            }
        };
        all.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }

    /// Refuses rates in ms; `allowed` says why there can be none.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] naming the first one.
    pub(crate) fn check_without_ms(&self, allowed: &str) -> Result<()> {
        match self.milliseconds().next() {
            Some((name, value)) => Err(Error::out_of_range(name, value, allowed)),
            None => Ok(()),
        }
    }

    /// The key of its largest rate.
    pub fn rate_key(&self) -> &'static str {
        match self {
            Self::Constant(_) => "rate",
            _ => "peak",
        }
    }

    /// The same schedule with rates in steps of `dt_ms` where it has them in ms.
    pub fn in_steps(mut self, dt_ms: f64) -> Self {
        let convert = |steps: &mut f64, ms: &mut Option<f64>| {
            if let Some(ms) = ms.take() {
                *steps = ms / dt_ms;
            }
        };
        match &mut self {
            Self::OneCycle(cycle) => convert(&mut cycle.peak, &mut cycle.peak_ms),
            Self::Cosine(cosine) => {
                convert(&mut cosine.peak, &mut cosine.peak_ms);
                convert(&mut cosine.end, &mut cosine.end_ms);
            }
            Self::Constant(constant) => convert(&mut constant.rate, &mut constant.rate_ms),
            Self::WarmUp(warm_up) => {
                convert(&mut warm_up.peak, &mut warm_up.peak_ms);
                convert(&mut warm_up.end, &mut warm_up.end_ms);
            }
        }
        self
    }

    /// The rate of `step`, counted from 0, out of `total`. The unit is the caller's: the reference
    /// counts epochs. Steps from `total` on keep the schedule's last value.
    pub fn at(&self, step: usize, total: usize) -> Rate {
        let plain = |rate| Rate { rate, beta1: None };
        match self {
            Self::OneCycle(one_cycle) => one_cycle.at(step, total),
            Self::Cosine(Cosine { peak, end, .. }) => {
                plain(half_cosine(*peak, *end, share_done(step as f64, 0.0, total as f64)))
            }
            Self::Constant(Constant { rate, .. }) => plain(*rate),
            Self::WarmUp(warm_up) => plain(warm_up.at(step, total)),
        }
    }
}

impl OneCycle {
    fn at(&self, step: usize, total: usize) -> Rate {
        let first = self.peak / self.div_factor;
        let last = first / self.final_div_factor;
        let (step, last_step) = (step as f64, total as f64 - 1.0);
        let peak_step = (self.pct_start * total as f64 - 1.0).clamp(0.0, last_step.max(0.0));
        let (rate, momentum) = if step < peak_step {
            let done = share_done(step, 0.0, peak_step);
            (
                half_cosine(first, self.peak, done),
                half_cosine(self.max_momentum, self.base_momentum, done),
            )
        } else {
            // The last step of a run without a way down, such as its only one, is the peak itself.
            let done = if step > peak_step { share_done(step, peak_step, last_step) } else { 0.0 };
            (
                half_cosine(self.peak, last, done),
                half_cosine(self.base_momentum, self.max_momentum, done),
            )
        };
        Rate { rate, beta1: self.cycle_momentum.then_some(momentum) }
    }
}

impl WarmUp {
    fn at(&self, step: usize, total: usize) -> f64 {
        let rising = (self.share * total as f64).round();
        let step = step as f64;
        if step < rising {
            return self.peak * (step + 1.0) / (rising + 1.0);
        }
        match self.then {
            AfterWarmUp::Constant => self.peak,
            AfterWarmUp::Cosine => {
                half_cosine(self.peak, self.end, share_done(step, rising, total as f64))
            }
        }
    }
}

/// `from` at 0, `to` at 1, along half a cosine: `to + (from - to) (1 + cos(pi done)) / 2`.
#[inline]
fn half_cosine(from: f64, to: f64, done: f64) -> f64 {
    to + (from - to) / 2.0 * (1.0 + (PI * done).cos())
}

/// Where `step` lies between `start` (0) and `end` (1); 1 from `end` on.
#[inline]
fn share_done(step: f64, start: f64, end: f64) -> f64 {
    if step < end { (step - start) / (end - start) } else { 1.0 }
}

pub(crate) fn share(name: &str, value: f64) -> Result<()> {
    Error::check(name, value, (0.0..=1.0).contains(&value), "between 0 and 1")
}

#[cfg(test)]
mod tests;
