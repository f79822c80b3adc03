//! How the size of a step changes in the course of training.
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
        let schedule =
            Schedule::Cosine(Cosine { peak: case["lr0"].as_f64().unwrap(), ..Cosine::default() });
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
            Schedule::Cosine(Cosine { peak: 1.0, end: 0.1, ..Cosine::default() }),
            Schedule::Constant(Constant { rate: 1.0, ..Constant::default() }),
            Schedule::WarmUp(WarmUp { peak: 1.0, share: 1.0, ..WarmUp::default() }),
            Schedule::WarmUp(WarmUp {
                peak: 1.0,
                share: 0.0,
                then: AfterWarmUp::Cosine,
                end: 0.2,
                ..WarmUp::default()
            }),
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
                Schedule::Cosine(Cosine { peak: -1.0, ..Cosine::default() }),
                "Cosine::peak is -1, but must be above 0",
            ),
            (
                Schedule::Constant(Constant { rate: f64::NAN, ..Constant::default() }),
                "Constant::rate is NaN, but must be above 0",
            ),
            (
                Schedule::WarmUp(WarmUp { end: -1.0, ..WarmUp::default() }),
                "WarmUp::end is -1, but must be at least 0",
            ),
            (
                Schedule::Cosine(Cosine { peak_ms: Some(0.0), ..Cosine::default() }),
                "Cosine::peak_ms is 0, but must be above 0",
            ),
            (
                Schedule::WarmUp(WarmUp { end_ms: Some(-1.0), ..WarmUp::default() }),
                "WarmUp::end_ms is -1, but must be at least 0",
            ),
        ] {
            assert_eq!(schedule.check().unwrap_err().to_string(), message);
        }
        assert!(Schedule::default().check().is_ok());
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
    #[test]
    fn rates_in_ms_are_the_same_ms_on_every_grid() {
        let schedules = [
            Schedule::OneCycle(OneCycle { peak_ms: Some(0.5), ..OneCycle::default() }),
            Schedule::Cosine(Cosine {
                peak_ms: Some(1.0),
                end_ms: Some(0.25),
                ..Cosine::default()
            }),
            Schedule::Constant(Constant { rate_ms: Some(2.0), ..Constant::default() }),
            Schedule::WarmUp(WarmUp {
                peak_ms: Some(3.0),
                end_ms: Some(1.0),
                then: AfterWarmUp::Cosine,
                ..WarmUp::default()
            }),
        ];
        for schedule in schedules {
            for epoch in 0..20 {
                let ms = |dt_ms: f64| schedule.in_steps(dt_ms).at(epoch, 20).rate * dt_ms;
                assert!((ms(10.0) - ms(5.0)).abs() < 1e-12, "{schedule:?} epoch {epoch}");
                assert!((ms(10.0) - ms(0.3)).abs() < 1e-12, "{schedule:?} epoch {epoch}");
            }
            assert!(schedule.check_without_ms("left out").is_err());
            assert!(schedule.in_steps(5.0).check_without_ms("left out").is_ok());
        }
        let Schedule::Cosine(cosine) = schedules[1].in_steps(5.0) else { unreachable!() };
        assert_eq!(
            (cosine.peak, cosine.end, cosine.peak_ms, cosine.end_ms),
            (0.2, 0.05, None, None)
        );
        assert_eq!(Schedule::default().in_steps(5.0), Schedule::default());
    }
}
