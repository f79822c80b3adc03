//! Bounds on how often hidden neurons fire.
//!
//! With `r_n` the rate of neuron `n` over all samples of a batch, in Hz, and `N` neurons of a
//! population:
//! ```text
//! P         = strength / N * sum_n (max(0, lower - r_n)^2 + max(0, r_n - upper)^2)
//! dP/dS_n   = 2 strength / N * (max(0, r_n - upper) - max(0, lower - r_n)) / T
//! ```
//! for a spike in any step of any sample, where `T` is the time of all samples together. The bounds
//! are those of Zenke and Vogels 2021, who ask them of each sample; here a neuron may be silent in
//! some samples as long as its mean keeps the bound.

use serde::{Deserialize, Serialize};
use sim_core::{Error, Regularizer, Result, SpikeCounts};

/// A bound from below, which wakes silent neurons, and one from above, which saves spikes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FiringRateBounds {
    /// Rate below which a neuron is penalised, in Hz, at least 0; 0.
    pub lower_hz: f64,
    /// Rate above which a neuron is penalised, in Hz, at least `lower_hz`; none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upper_hz: Option<f64>,
    /// Penalty per squared Hz, in the unit of the loss, above 0; 1e-4.
    pub strength: f64,
}

impl Default for FiringRateBounds {
    fn default() -> Self {
        Self { lower_hz: 0.0, upper_hz: None, strength: 1e-4 }
    }
}

impl FiringRateBounds {
    /// Checks every number.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] naming the first that is not allowed.
    pub fn check(&self) -> Result<()> {
        let Self { lower_hz, upper_hz, strength } = *self;
        let is_rate = lower_hz.is_finite() && lower_hz >= 0.0;
        Error::check("FiringRateBounds::lower_hz", lower_hz, is_rate, "a number, at least 0")?;
        if let Some(upper_hz) =
            upper_hz.filter(|upper_hz| !(lower_hz..f64::INFINITY).contains(upper_hz))
        {
            let allowed = format!("a number, at least lower_hz, which is {lower_hz}");
            return Err(Error::out_of_range("FiringRateBounds::upper_hz", upper_hz, allowed));
        }
        let is_strength = strength.is_finite() && strength > 0.0;
        Error::check("FiringRateBounds::strength", strength, is_strength, "a number above 0")
    }
}

impl Regularizer for FiringRateBounds {
    fn penalty(&self, activity: &SpikeCounts, mut gradient: Option<&mut [f32]>) -> f64 {
        let (neurons, samples) = (activity.neurons, activity.samples());
        let seconds = samples as f64 * activity.seconds();
        if seconds == 0.0 {
            return 0.0;
        }
        let strength = self.strength / neurons as f64;
        let upper_hz = self.upper_hz.unwrap_or(f64::INFINITY);
        let mut penalty = 0.0;
        for neuron in 0..neurons {
            let spikes = activity.counts[neuron..].iter().step_by(neurons);
            let rate_hz = spikes.map(|&count| f64::from(count)).sum::<f64>() / seconds;
            let below = (self.lower_hz - rate_hz).max(0.0);
            let above = (rate_hz - upper_hz).max(0.0);
            penalty += strength * (below * below + above * above);
            if let Some(gradient) = &mut gradient {
                let slope = (2.0 * strength * (above - below) / seconds) as f32;
                let of_neuron = gradient[neuron..].iter_mut().step_by(neurons);
                of_neuron.for_each(|gradient| *gradient += slope);
            }
        }
        penalty
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: FiringRateBounds =
        FiringRateBounds { lower_hz: 5.0, upper_hz: Some(20.0), strength: 0.5 };

    /// Three neurons over two samples of 100 steps of 1 ms.
    fn activity(counts: &[u32]) -> SpikeCounts<'_> {
        SpikeCounts { population: "hidden", neurons: 3, steps: 100, dt_ms: 1.0, counts }
    }

    #[test]
    fn only_rates_outside_of_the_bounds_cost() {
        // 0, 10 and 35 Hz.
        let counts = [0, 1, 5, 0, 1, 2];
        let mut gradient = [1.0; 6];
        let penalty = BOUNDS.penalty(&activity(&counts), Some(&mut gradient));
        assert!((penalty - 0.5 / 3.0 * (25.0 + 225.0)).abs() < 1e-9);
        let slope = |by: f32| 1.0 + 2.0 * 0.5 / 3.0 * by / 0.2;
        let expected = [slope(-5.0), 1.0, slope(15.0)];
        for (gradient, expected) in gradient.iter().zip(expected.iter().cycle()) {
            assert!((gradient - expected).abs() < 1e-5, "{gradient} {expected}");
        }
        assert_eq!(BOUNDS.penalty(&activity(&counts), None), penalty);
    }

    #[test]
    fn a_spike_more_or_less_changes_the_penalty_by_the_gradient() {
        let at = |count: u32| BOUNDS.penalty(&activity(&[0, 1, count, 0, 1, 2]), None);
        let mut gradient = [0.0; 6];
        BOUNDS.penalty(&activity(&[0, 1, 7, 0, 1, 2]), Some(&mut gradient));
        assert!(((at(8) - at(6)) / 2.0 - f64::from(gradient[2])).abs() < 1e-4);
    }

    #[test]
    fn bounds_that_cross_are_named() {
        let bounds = FiringRateBounds { lower_hz: 5.0, upper_hz: Some(2.0), ..BOUNDS };
        let message = bounds.check().unwrap_err().to_string();
        let expected = "FiringRateBounds::upper_hz is 2, but must be a number, at least lower_hz, \
                        which is 5";
        assert_eq!(message, expected);
        assert!(FiringRateBounds::default().check().is_ok());
        for bounds in [
            FiringRateBounds { lower_hz: f64::INFINITY, ..BOUNDS },
            FiringRateBounds { upper_hz: Some(f64::INFINITY), ..BOUNDS },
            FiringRateBounds { strength: f64::INFINITY, ..BOUNDS },
            FiringRateBounds { strength: 0.0, ..BOUNDS },
        ] {
            assert!(bounds.check().is_err(), "{bounds:?}");
        }
    }
}
