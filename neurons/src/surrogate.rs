//! Slopes that stand in for the derivative of the threshold.
//!
//! A spike is `S = H(x)`, `x = V - threshold`, whose derivative is zero almost everywhere. Backward
//! passes use one of the bumps below instead [Neftci, Mostafa and Zenke 2019]. Forward passes never
//! see them.
//!
//! | slope | equation | area | support | source |
//! |---|---|---|---|---|
//! | atan | `(a/2) / (1 + (pi/2 a x)^2)` | 1 | all, tail `~ x^-2` | Fang et al. 2021; SpikingJelly `ATan` |
//! | fast sigmoid | `1 / (1 + b abs(x))^2` | `2 / b` | all, tail `~ x^-2` | Zenke and Ganguli 2018 |
//! | sigmoid | `a s (1 - s)`, `s = 1 / (1 + exp(-a x))` | 1 | all | Zenke and Vogels 2021; SpikingJelly |
//! | triangle | `p max(0, 1 - abs(x) / w)` | `p w` | `abs(x) < w` | Esser et al. 2016; Bellec et al. 2018 |
//! | box | `p` where `abs(x) < w` | `2 p w` | `abs(x) < w` | Wu et al. 2018 |
//!
//! Area 1 means that the surrogate is the derivative of a smoothed step from 0 to 1. A slope with
//! compact support leaves most steps of a backward pass without gradient, so that the work
//! downstream can be skipped.

use serde::{Deserialize, Serialize};
use sim_core::{Error, Result};
use simd::exp;

/// The slope and its parameters; widths are in units of the potential.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "slope", rename_all = "snake_case", deny_unknown_fields)]
pub enum Surrogate {
    /// `(alpha/2) / (1 + (pi/2 alpha x)^2)`. Area 1, peak `alpha / 2`, not compact.
    Atan {
        /// Sharpness, above 0; 5 in the delay-learning reference.
        #[serde(default = "reference_alpha")]
        alpha: f32,
    },
    /// `1 / (1 + beta |x|)^2`. Peak 1, area `2 / beta` (not normalised), not compact.
    FastSigmoid {
        /// Sharpness, above 0; 10 in the source's robust range.
        #[serde(default = "fast_sigmoid_beta")]
        beta: f32,
    },
    /// `alpha s (1 - s)` with `s = 1 / (1 + exp(-alpha x))`. Area 1, peak `alpha / 4`, not compact.
    Sigmoid {
        /// Sharpness, above 0; 4 gives peak 1.
        #[serde(default = "sigmoid_alpha")]
        alpha: f32,
    },
    /// `peak max(0, 1 - |x| / half_width)`. Area `peak * half_width`, compact.
    Triangle {
        /// Where the slope reaches zero, above 0.
        #[serde(default = "one")]
        half_width: f32,
        /// Value at the threshold, above 0.
        #[serde(default = "one")]
        peak: f32,
    },
    /// `peak` where `|x| < half_width`, else 0. Area `2 peak * half_width`, compact.
    Box {
        /// Where the slope ends, above 0.
        #[serde(default = "one_half")]
        half_width: f32,
        /// Value inside, above 0.
        #[serde(default = "one")]
        peak: f32,
    },
}

fn reference_alpha() -> f32 {
    5.0
}
fn fast_sigmoid_beta() -> f32 {
    10.0
}
fn sigmoid_alpha() -> f32 {
    4.0
}
fn one() -> f32 {
    1.0
}
fn one_half() -> f32 {
    0.5
}

impl Default for Surrogate {
    /// The reference's choice: atan with alpha 5.
    fn default() -> Self {
        Self::Atan { alpha: reference_alpha() }
    }
}

impl Surrogate {
    /// Half the width of its support: the slope is zero where `abs(x)` is at least that. Infinite
    /// where it is nowhere zero.
    pub fn half_width(self) -> f32 {
        match self {
            Self::Triangle { half_width, .. } | Self::Box { half_width, .. } => half_width,
            _ => f32::INFINITY,
        }
    }

    /// The slope at `x`, a potential less its threshold.
    #[inline(always)]
    pub fn slope(self, x: f32) -> f32 {
        match self {
            Self::Atan { alpha } => atan_slope(alpha, x),
            Self::FastSigmoid { beta } => fast_sigmoid_slope(beta, x),
            Self::Sigmoid { alpha } => sigmoid_slope(alpha, x),
            Self::Triangle { half_width, peak } => triangle_slope(1.0 / half_width, peak, x),
            Self::Box { half_width, peak } => box_slope(half_width, peak, x),
        }
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] naming the first parameter that is not a finite number above 0.
    pub fn check(self) -> Result<()> {
        let parameters = match self {
            Self::Atan { alpha } => [("Surrogate::Atan::alpha", alpha); 2],
            Self::FastSigmoid { beta } => [("Surrogate::FastSigmoid::beta", beta); 2],
            Self::Sigmoid { alpha } => [("Surrogate::Sigmoid::alpha", alpha); 2],
            Self::Triangle { half_width, peak } => [
                ("Surrogate::Triangle::half_width", half_width),
                ("Surrogate::Triangle::peak", peak),
            ],
            Self::Box { half_width, peak } => {
                [("Surrogate::Box::half_width", half_width), ("Surrogate::Box::peak", peak)]
            }
        };
        parameters
            .into_iter()
            .try_for_each(|(name, value)| Error::check(name, value as f64, value > 0.0, "above 0"))
    }
}

/// `(alpha/2) / (1 + (pi/2 alpha x)^2)`
#[inline(always)]
pub(crate) fn atan_slope(alpha: f32, x: f32) -> f32 {
    let scaled = (std::f32::consts::FRAC_PI_2 * alpha) * x;
    (0.5 * alpha) / (1.0 + scaled * scaled)
}

/// `1 / (1 + beta |x|)^2`
#[inline(always)]
pub(crate) fn fast_sigmoid_slope(beta: f32, x: f32) -> f32 {
    let root = 1.0 + beta * x.abs();
    1.0 / (root * root)
}

/// `alpha e / (1 + e)^2` with `e = exp(-|alpha x|)`, which equals `alpha s (1 - s)` and cannot
/// overflow.
#[inline(always)]
pub(crate) fn sigmoid_slope(alpha: f32, x: f32) -> f32 {
    let e = exp(-(alpha * x).abs());
    alpha * e / ((1.0 + e) * (1.0 + e))
}

/// `peak max(0, 1 - |x| / half_width)`, given `1 / half_width`.
#[inline(always)]
pub(crate) fn triangle_slope(inverse_half_width: f32, peak: f32, x: f32) -> f32 {
    let height = 1.0 - x.abs() * inverse_half_width;
    peak * if height > 0.0 { height } else { 0.0 }
}

/// `peak` where `|x| < half_width`.
#[inline(always)]
pub(crate) fn box_slope(half_width: f32, peak: f32, x: f32) -> f32 {
    if x.abs() < half_width { peak } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Surrogate; 5] = [
        Surrogate::Atan { alpha: 5.0 },
        Surrogate::FastSigmoid { beta: 10.0 },
        Surrogate::Sigmoid { alpha: 4.0 },
        Surrogate::Triangle { half_width: 0.8, peak: 0.3 },
        Surrogate::Box { half_width: 0.5, peak: 1.2 },
    ];

    #[test]
    fn values_by_hand() {
        let atan = Surrogate::default();
        for (x, expected) in [(0.0, 2.5), (0.5, 0.152_242), (-0.5, 0.152_242), (1.0, 0.039_882)] {
            assert!((atan.slope(x) - expected).abs() < 1e-5, "{x}: {}", atan.slope(x));
        }
        assert_eq!(Surrogate::FastSigmoid { beta: 10.0 }.slope(-0.1), 0.25);
        assert_eq!(Surrogate::Sigmoid { alpha: 4.0 }.slope(0.0), 1.0);
        assert_eq!(Surrogate::Triangle { half_width: 2.0, peak: 0.3 }.slope(1.0), 0.15);
        assert_eq!(Surrogate::Box { half_width: 0.5, peak: 1.0 }.slope(-0.499), 1.0);
    }

    /// Integral of the slope over all `x`.
    fn area(surrogate: Surrogate) -> f32 {
        match surrogate {
            Surrogate::Atan { .. } | Surrogate::Sigmoid { .. } => 1.0,
            Surrogate::FastSigmoid { beta } => 2.0 / beta,
            Surrogate::Triangle { half_width, peak } => half_width * peak,
            Surrogate::Box { half_width, peak } => 2.0 * half_width * peak,
        }
    }

    #[test]
    fn areas_are_as_documented() {
        for surrogate in ALL {
            let spacing = 1e-3;
            let half_range = 200_000;
            let sum: f64 = (-half_range..=half_range)
                .map(|k| surrogate.slope(k as f32 * spacing) as f64)
                .sum::<f64>()
                * spacing as f64;
            assert!((sum - area(surrogate) as f64).abs() < 3e-3, "{surrogate:?}: {sum}");
        }
    }

    #[test]
    fn compact_slopes_are_zero_from_their_support_on_and_the_others_nowhere_near() {
        for surrogate in ALL {
            let edge = surrogate.half_width();
            if edge.is_finite() {
                assert_eq!([edge, -edge, 5.0].map(|x| surrogate.slope(x)), [0.0; 3]);
            } else {
                assert!(surrogate.slope(5.0) > 0.0);
            }
        }
    }

    #[test]
    fn a_bad_parameter_is_named() {
        let error = Surrogate::Triangle { half_width: 1.0, peak: -0.3 }.check().unwrap_err();
        assert!(error.to_string().starts_with("Surrogate::Triangle::peak is -0.3"), "{error}");
        assert!(Surrogate::Atan { alpha: f32::NAN }.check().is_err());
    }

    #[test]
    fn configuration_names_the_slope_and_may_leave_its_parameters_out() {
        assert_eq!(toml::from_str::<Surrogate>("slope = 'atan'").unwrap(), Surrogate::default());
        assert_eq!(
            toml::from_str::<Surrogate>("slope = 'box'\npeak = 0.5").unwrap(),
            Surrogate::Box { half_width: 0.5, peak: 0.5 }
        );
        let error = toml::from_str::<Surrogate>("slope = 'sigmoid'\nbeta = 1.0").unwrap_err();
        assert!(error.to_string().contains("beta"), "{error}");
    }
}
