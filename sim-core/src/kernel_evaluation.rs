//! How delay kernels are evaluated in a pass over a batch.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use simd::Instructions;

/// How the Gaussian delay kernel is evaluated. Everything but `Exact` is an approximation, and a
/// recipe that uses one names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GaussianMethod {
    /// Every tap of the window that is not negligible in single precision: smaller than 1e-8 of the
    /// largest.
    #[default]
    Exact,
    /// Only the taps around the delay, all but `tolerance` of the mass.
    Truncated,
    /// A few taps before one fixed Gaussian, for kernels wider than a step; one that is narrower,
    /// or about as wide as its window, is evaluated exactly.
    Smoothed,
    /// A few fixed filters, of which each synapse takes a polynomial's share. Few are needed when
    /// the kernel is about as wide as its window; a kernel too narrow for it is evaluated exactly.
    Polynomial,
    /// The cheapest of the three at the width of the epoch: `Truncated` for narrow kernels,
    /// `Smoothed` for wider ones, `Polynomial` for those about as wide as their window.
    Cheapest,
}

/// How kernels are evaluated in a pass over a batch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KernelEvaluation {
    /// Evaluation of the Gaussian.
    pub gaussian: GaussianMethod,
    /// Typical largest L1 error of an approximated Gaussian kernel, as a share of its mass, nowhere
    /// more than twice that; 1e-5..=0.1, default 0.005.
    pub tolerance: f64,
    /// Of the factors in products over whole rows. Everything but `Single` is an approximation.
    pub precision: Precision,
}

/// Number format of the factors in products over whole rows: the input gradient, and the currents
/// of neurons that fire in most steps. Sums, single spikes and weight gradients are always in
/// single precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32 bits.
    #[default]
    Single,
    /// bf16, 16 bits of which 8 are of the mantissa, on processors that multiply it; single
    /// precision on others.
    Bf16,
}

impl Default for KernelEvaluation {
    fn default() -> Self {
        Self { gaussian: GaussianMethod::Exact, tolerance: 5e-3, precision: Precision::Single }
    }
}

impl KernelEvaluation {
    /// What is to be said where [`Precision::Bf16`] is asked for and the processor has no such
    /// products.
    pub fn precision_note(&self) -> Option<&'static str> {
        let lacks = self.precision == Precision::Bf16 && !Instructions::detect().has_bf16();
        lacks.then_some("products in single precision: this processor does not multiply bf16")
    }

    /// Checks the tolerance.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when it is outside 1e-5..=0.1.
    pub fn check(&self) -> Result<()> {
        Error::check(
            "KernelEvaluation::tolerance",
            self.tolerance,
            (1e-5..=0.1).contains(&self.tolerance),
            "from 1e-5 to 0.1",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_that_the_processor_lacks_are_spoken_of() {
        let note = |precision| {
            KernelEvaluation { precision, ..KernelEvaluation::default() }.precision_note()
        };
        assert_eq!(note(Precision::Single), None);
        assert_eq!(note(Precision::Bf16).is_none(), Instructions::detect().has_bf16());
    }
}
