//! How the size of a step and the width of the delay kernels change in the course of training.
//!
//! Everything is a closed form of the step's number, never a running product, so a resumed run
//! continues with the same bits.

use serde::{Deserialize, Serialize};
use sim_core::{Error, Result};
use std::f64::consts::PI;

/// What a schedule says about one step.
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
    /// Rate that step `total` would have, at least 0; 0.
    pub end: f64,
}

impl Default for Cosine {
    fn default() -> Self {
        Self { peak: 0.1, end: 0.0 }
    }
}

/// One rate for all steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Constant {
    /// The rate, above 0; 1e-3.
    pub rate: f64,
}

impl Default for Constant {
    fn default() -> Self {
        Self { rate: 1e-3 }
    }
}

/// With `n = round(share * total)`: `rate = peak (step + 1) / (n + 1)` while `step < n`, then what
/// [`AfterWarmUp`] says, from the peak.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WarmUp {
    /// Largest rate, above 0; 1e-3.
    pub peak: f64,
    /// Share of training on the way up, `0..=1`; 0.1.
    pub share: f64,
    /// What follows; constant.
    pub then: AfterWarmUp,
    /// Where a cosine ends, at least 0; 0.
    pub end: f64,
}

impl Default for WarmUp {
    fn default() -> Self {
        Self { peak: 1e-3, share: 0.1, then: AfterWarmUp::Constant, end: 0.0 }
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

    /// The rate of `step`, counted from 0, out of `total`. The unit is the caller's: the reference
    /// counts epochs. Steps from `total` on keep the schedule's last value.
    pub fn at(&self, step: usize, total: usize) -> Rate {
        let plain = |rate| Rate { rate, beta1: None };
        match self {
            Self::OneCycle(one_cycle) => one_cycle.at(step, total),
            Self::Cosine(Cosine { peak, end }) => {
                plain(half_cosine(*peak, *end, share_done(step as f64, 0.0, total as f64)))
            }
            Self::Constant(Constant { rate }) => plain(*rate),
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

fn share(name: &str, value: f64) -> Result<()> {
    Error::check(name, value, (0.0..=1.0).contains(&value), "between 0 and 1")
}

/// Width of the Gaussian delay kernels over the epochs: geometric from `start` to `end`, then
/// constant [Hammouamri et al. 2023].
///
/// The reference multiplies the raw width by `(end / start)^(1 / n)` after each of the first `n =
/// max(1, epochs * share)` epochs (whole part). Here `raw(epoch) = start (end / start)^(min(epoch,
/// n) / n)`, the same numbers without the product's rounding. So with the defaults and 150 epochs,
/// `n = 37`: epoch 0 trains with 12, epoch 36 with 0.256, and epoch 37, after 37 factors of 0.8986,
/// is the first of those that train with 0.23 exactly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SigmaSchedule {
    /// Raw width of the first epoch in steps, above 0; 12.
    pub start: f64,
    /// Raw width at the end in steps, above 0; 0.23.
    pub end: f64,
    /// Share of the epochs that it takes, `0..=1`; 0.25.
    pub share: f64,
}

impl Default for SigmaSchedule {
    fn default() -> Self {
        Self { start: 12.0, end: 0.23, share: 0.25 }
    }
}

impl SigmaSchedule {
    /// Checks every number.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] naming the first one that is not allowed.
    pub fn check(&self) -> Result<()> {
        Error::check("SigmaSchedule::start", self.start, self.start > 0.0, "above 0")?;
        Error::check("SigmaSchedule::end", self.end, self.end > 0.0, "above 0")?;
        share("SigmaSchedule::share", self.share)
    }

    /// The first epoch that trains with the end's width: `max(1, epochs * share)`, the whole part
    /// of it.
    pub fn final_epoch(&self, epochs: usize) -> usize {
        // A product such as 0.29 * 100 falls short of a whole number by a rounding error and must
        // not lose an epoch to it.
        ((epochs as f64 * self.share + 1e-9).floor() as usize).max(1)
    }

    /// Raw width in steps while `epoch`, counted from 0, of `epochs` trains.
    pub fn raw(&self, epoch: usize, epochs: usize) -> f64 {
        let final_epoch = self.final_epoch(epochs);
        if epoch >= final_epoch {
            return self.end;
        }
        self.start * (self.end / self.start).powf(epoch as f64 / final_epoch as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn golden(name: &str) -> Value {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/optimizers.json");
        serde_json::from_str::<Value>(&std::fs::read_to_string(path).unwrap()).unwrap()[name]
            .clone()
    }

    fn assert_matches(name: &str, actual: impl Fn(usize) -> f64, expected: &Value) {
        let expected = expected.as_array().unwrap();
        assert_eq!(expected.len(), 150);
        for (epoch, expected) in expected.iter().enumerate() {
            let expected = expected.as_f64().unwrap();
            assert!(
                (actual(epoch) - expected).abs() < 1e-12,
                "{name} epoch {epoch}: {} {expected}",
                actual(epoch)
            );
        }
    }

    #[test]
    fn torch_one_cycle_is_reproduced_with_its_momentum() {
        let case = golden("one_cycle");
        let schedule = Schedule::OneCycle(OneCycle {
            peak: case["max_lr"].as_f64().unwrap(),
            ..OneCycle::default()
        });
        assert_matches("one_cycle", |epoch| schedule.at(epoch, 150).rate, &case["lr"]);
        assert_matches("beta1", |epoch| schedule.at(epoch, 150).beta1.unwrap(), &case["beta1"]);
    }

    #[test]
    fn torch_cosine_is_reproduced() {
        let case = golden("cosine");
        let schedule = Schedule::Cosine(Cosine { peak: case["lr0"].as_f64().unwrap(), end: 0.0 });
        assert_matches("cosine", |epoch| schedule.at(epoch, 150).rate, &case["lr"]);
        assert_eq!(schedule.at(0, 150).beta1, None);
    }

    #[test]
    fn one_cycle_passes_its_three_marks_and_stays_at_the_end() {
        let schedule = Schedule::default();
        for (epoch, rate, beta1) in [
            (0, 2e-4, 0.95),
            (44, 5e-3, 0.85),
            (149, 2e-8, 0.95),
            (150, 2e-8, 0.95),
            (9999, 2e-8, 0.95),
        ] {
            let now = schedule.at(epoch, 150);
            assert!((now.rate - rate).abs() < 1e-15, "epoch {epoch}: {}", now.rate);
            assert!((now.beta1.unwrap() - beta1).abs() < 1e-15, "epoch {epoch}: {:?}", now.beta1);
        }
        let still = Schedule::OneCycle(OneCycle { cycle_momentum: false, ..OneCycle::default() });
        assert_eq!(still.at(3, 150).beta1, None);
    }

    #[test]
    fn every_schedule_is_finite_and_bounded_whatever_the_length() {
        let schedules = [
            Schedule::OneCycle(OneCycle { peak: 1.0, ..OneCycle::default() }),
            Schedule::OneCycle(OneCycle { peak: 1.0, pct_start: 0.0, ..OneCycle::default() }),
            Schedule::OneCycle(OneCycle { peak: 1.0, pct_start: 1.0, ..OneCycle::default() }),
            Schedule::OneCycle(OneCycle { peak: 1.0, pct_start: 0.5, ..OneCycle::default() }),
            Schedule::Cosine(Cosine { peak: 1.0, end: 0.1 }),
            Schedule::Constant(Constant { rate: 1.0 }),
            Schedule::WarmUp(WarmUp { peak: 1.0, share: 1.0, ..WarmUp::default() }),
            Schedule::WarmUp(WarmUp { peak: 1.0, share: 0.0, then: AfterWarmUp::Cosine, end: 0.2 }),
        ];
        for schedule in schedules {
            for total in 0..12 {
                for step in 0..14 {
                    let rate = schedule.at(step, total).rate;
                    assert!(
                        (0.0..=1.0).contains(&rate),
                        "{schedule:?} step {step} of {total}: {rate}"
                    );
                }
                let largest =
                    (0..total).map(|step| schedule.at(step, total).rate).fold(0.0, f64::max);
                assert!(
                    total == 0 || largest >= 0.5,
                    "{schedule:?} of {total} never gets going: {largest}"
                );
            }
        }
        assert_eq!(
            Schedule::default().at(0, 1).rate,
            5e-3,
            "a run of one step makes it at the peak"
        );
    }

    #[test]
    fn warm_up_rises_along_a_line_to_its_peak_and_goes_on() {
        let line = WarmUp { peak: 1.0, share: 0.4, ..WarmUp::default() };
        let rates = |warm_up| {
            (0..10).map(|step| Schedule::WarmUp(warm_up).at(step, 10).rate).collect::<Vec<_>>()
        };
        assert_eq!(rates(line), [0.2, 0.4, 0.6, 0.8, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        let cosine = rates(WarmUp { then: AfterWarmUp::Cosine, end: 0.5, ..line });
        assert_eq!(cosine[..5], [0.2, 0.4, 0.6, 0.8, 1.0]);
        assert!((cosine[7] - 0.75).abs() < 1e-12, "half way down after half of the rest");
    }

    #[test]
    fn sigma_reaches_its_end_after_37_of_150_epochs_as_the_running_product_does() {
        let schedule = SigmaSchedule::default();
        assert_eq!(schedule.final_epoch(150), 37);
        let mut product = 12.0;
        for epoch in 0..150 {
            assert!(
                (schedule.raw(epoch, 150) - product).abs() < 1e-13,
                "epoch {epoch}: {} {product}",
                schedule.raw(epoch, 150)
            );
            if epoch < 37 {
                product *= 0.898_632_953_163_787_1;
            }
        }
        assert_eq!(schedule.raw(0, 150), 12.0);
        assert!(schedule.raw(36, 150) > 0.25);
        assert_eq!(schedule.raw(37, 150), 0.23);
        assert_eq!(schedule.raw(149, 150), 0.23);
    }

    #[test]
    fn the_quarter_is_counted_in_whole_epochs_and_never_empty() {
        let quarter = SigmaSchedule::default();
        for (epochs, expected) in
            [(0, 1), (1, 1), (3, 1), (4, 1), (8, 2), (30, 7), (60, 15), (100, 25)]
        {
            assert_eq!(quarter.final_epoch(epochs), expected, "{epochs} epochs");
        }
        assert_eq!(SigmaSchedule { share: 0.29, ..quarter }.final_epoch(100), 29);
        assert_eq!(SigmaSchedule { share: 0.0, ..quarter }.raw(1, 100), 0.23);
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        for (schedule, message) in [
            (
                Schedule::OneCycle(OneCycle { pct_start: 1.5, ..OneCycle::default() }),
                "OneCycle::pct_start is 1.5, but must be between 0 and 1",
            ),
            (
                Schedule::OneCycle(OneCycle { max_momentum: 1.0, ..OneCycle::default() }),
                "OneCycle::max_momentum is 1, but must be at least 0 and below 1",
            ),
            (
                Schedule::Cosine(Cosine { peak: -1.0, end: 0.0 }),
                "Cosine::peak is -1, but must be above 0",
            ),
            (
                Schedule::Constant(Constant { rate: f64::NAN }),
                "Constant::rate is NaN, but must be above 0",
            ),
            (
                Schedule::WarmUp(WarmUp { end: -1.0, ..WarmUp::default() }),
                "WarmUp::end is -1, but must be at least 0",
            ),
        ] {
            assert_eq!(schedule.check().unwrap_err().to_string(), message);
        }
        let error = SigmaSchedule { end: 0.0, ..SigmaSchedule::default() }.check().unwrap_err();
        assert_eq!(error.to_string(), "SigmaSchedule::end is 0, but must be above 0");
        assert!(Schedule::default().check().is_ok() && SigmaSchedule::default().check().is_ok());
    }

    #[test]
    fn schedules_read_from_text_fill_in_defaults_and_refuse_unknown_keys() {
        let read = |text: &str| serde_json::from_str::<Schedule>(text);
        assert_eq!(read(r#"{"kind": "one_cycle", "peak": 0.005}"#).unwrap(), Schedule::default());
        assert_eq!(read(r#"{"kind": "cosine"}"#).unwrap(), Schedule::Cosine(Cosine::default()));
        let warm_up = WarmUp { then: AfterWarmUp::Cosine, ..WarmUp::default() };
        assert_eq!(
            read(r#"{"kind": "warm_up", "then": "cosine"}"#).unwrap(),
            Schedule::WarmUp(warm_up)
        );
        assert!(
            read(r#"{"kind": "constant", "peak": 1}"#)
                .unwrap_err()
                .to_string()
                .contains("unknown field `peak`")
        );
    }
}
