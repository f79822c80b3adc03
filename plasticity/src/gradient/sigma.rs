//! How the width of the delay kernels changes in the course of training: a closed form of the
//! epoch, so that a resumed run continues with the same bits.

use crate::gradient::schedule::share;
use serde::{Deserialize, Serialize};
use sim_core::{Error, Result};

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
    /// Instead of `start`: the same in ms; none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<f64>,
    /// Raw width at the end in steps, above 0; 0.23.
    pub end: f64,
    /// Instead of `end`: the same in ms; none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_ms: Option<f64>,
    /// Share of the epochs that it takes, `0..=1`; 0.25.
    pub share: f64,
}

impl Default for SigmaSchedule {
    fn default() -> Self {
        Self { start: 12.0, start_ms: None, end: 0.23, end_ms: None, share: 0.25 }
    }
}

impl SigmaSchedule {
    /// Checks every number.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] naming the first one that is not allowed.
    pub fn check(&self) -> Result<()> {
        for (name, value) in [
            ("SigmaSchedule::start", Some(self.start)),
            ("SigmaSchedule::start_ms", self.start_ms),
            ("SigmaSchedule::end", Some(self.end)),
            ("SigmaSchedule::end_ms", self.end_ms),
        ] {
            value.map_or(Ok(()), |value| Error::check(name, value, value > 0.0, "above 0"))?;
        }
        share("SigmaSchedule::share", self.share)
    }

    /// The same widths in steps of `dt_ms` where they are given in ms.
    pub fn in_steps(self, dt_ms: f64) -> Self {
        let steps = |ms: Option<f64>, steps| ms.map_or(steps, |ms| ms / dt_ms);
        Self {
            start: steps(self.start_ms, self.start),
            start_ms: None,
            end: steps(self.end_ms, self.end),
            end_ms: None,
            share: self.share,
        }
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
    fn widths_in_ms_are_the_same_ms_on_every_grid() {
        let schedule =
            SigmaSchedule { start_ms: Some(120.0), end_ms: Some(2.3), ..SigmaSchedule::default() };
        for epoch in 0..40 {
            let ms = |dt_ms: f64| schedule.in_steps(dt_ms).raw(epoch, 40) * dt_ms;
            assert!((ms(10.0) - ms(5.0)).abs() < 1e-12 && (ms(10.0) - ms(0.7)).abs() < 1e-12);
        }
        assert_eq!(schedule.in_steps(10.0).start, 12.0);
        let start_only = SigmaSchedule { end_ms: None, ..schedule };
        assert_eq!(start_only.in_steps(5.0), SigmaSchedule { start: 24.0, ..Default::default() });
    }

    #[test]
    fn widths_out_of_range_are_named() {
        let usual = SigmaSchedule::default();
        for (schedule, message) in [
            (SigmaSchedule { end: 0.0, ..usual }, "SigmaSchedule::end is 0, but must be above 0"),
            (
                SigmaSchedule { start_ms: Some(-2.0), ..usual },
                "SigmaSchedule::start_ms is -2, but must be above 0",
            ),
        ] {
            assert_eq!(schedule.check().unwrap_err().to_string(), message);
        }
        assert!(usual.check().is_ok());
    }
}
