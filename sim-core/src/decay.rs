//! How a membrane time constant becomes a factor per time step.

use crate::error::{Error, Result};
use crate::real::Real;
use serde::{Deserialize, Serialize};

/// The factor `beta` that is left of a potential after one step without input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// `beta = exp(-dt / tau)`: the solution of `tau dV/dt = -V`, for any `dt`.
    #[default]
    Exact,
    /// `beta = 1 - dt / tau`: forward Euler, as SpikingJelly and the delay-learning reference do.
    /// Needs `tau >= dt`.
    Euler,
}

impl Decay {
    /// `beta` in `0.0..1.0` for a time constant of `tau_ms` and steps of `dt_ms`; `name` is the
    /// field to blame.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] unless `tau_ms` is finite and above 0 (Euler: not below `dt_ms`).
    pub fn per_step(self, name: &str, tau_ms: f64, dt_ms: f64) -> Result<f64> {
        Error::check("dt_ms", dt_ms, dt_ms > 0.0, "above 0")?;
        Error::check(name, tau_ms, tau_ms > 0.0, "above 0")?;
        if self == Self::Euler {
            let allowed = format!("at least the time step of {dt_ms} ms with Euler decay");
            Error::check(name, tau_ms, tau_ms >= dt_ms, &allowed)?;
        }
        Ok(self.factor(tau_ms, dt_ms))
    }

    /// The factor of [`per_step`](Self::per_step) for a time constant that was checked.
    pub fn factor<T: Real>(self, tau_ms: T, dt_ms: f64) -> T {
        match self {
            Self::Exact => (T::of(-dt_ms) / tau_ms).exp(),
            Self::Euler => T::of(1.0) - T::of(dt_ms) / tau_ms,
        }
    }

    /// The shortest time constant in ms that is learned with steps of `dt_ms`: so much shorter than
    /// a step that nothing is left after it, but its slope is still a number.
    pub fn least_tau_ms(self, dt_ms: f64) -> f64 {
        match self {
            Self::Exact => dt_ms / 50.0,
            Self::Euler => dt_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn euler_approaches_exact_with_the_square_of_the_step() {
        let error = |dt| {
            Decay::Exact.per_step("tau", 20.0, dt).unwrap()
                - Decay::Euler.per_step("tau", 20.0, dt).unwrap()
        };
        let ratio = error(0.2) / error(0.1);
        assert!((ratio - 4.0).abs() < 0.02, "{ratio}");
    }

    #[test]
    fn the_reference_constant() {
        assert!(
            (Decay::Euler.per_step("tau", 10.05, 10.0).unwrap() - (1.0 - 1.0 / 1.005)).abs()
                < 1e-15
        );
    }

    #[test]
    fn a_step_longer_than_the_time_constant_is_refused_by_euler_only() {
        assert!(Decay::Exact.per_step("tau", 1.0, 10.0).is_ok());
        let error = Decay::Euler.per_step("Lif::tau_mem_ms", 5.0, 10.0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Lif::tau_mem_ms is 5, but must be at least the time step of 10 ms with Euler decay"
        );
        assert_eq!(
            Decay::Exact.per_step("tau", -1.0, 10.0).unwrap_err().to_string(),
            "tau is -1, but must be above 0"
        );
        assert!(Decay::Exact.per_step("tau", f64::NAN, 10.0).is_err());
    }
}
