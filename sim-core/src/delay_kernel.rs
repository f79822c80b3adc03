//! Delay kernels: how the weight of one synapse is spread over the steps around its delay.
//!
//! A synapse with weight `w` and delay `d` contributes `w * sum_n phi_n(d, sigma) * s[t - n]`, `0
//! <= n <= D`. The kernels are those of dilated convolutions with learnable spacings
//! (Khalfaoui-Hassani et al. 2023; Hammouamri et al. 2023), written in delays instead of positions:
//! `d = floor(K / 2) - P` with `K = D + 1`, since the reference's position axis runs backwards.
//!
//! Everything here is plain `f64`: it is evaluated once per synapse and batch and is what the fast
//! paths are tested against.

use serde::{Deserialize, Serialize};

/// The reference adds this to every normaliser.
pub const NORMALISER_EPSILON: f64 = 1e-7;

/// The share of a weight that the normaliser keeps where all of it falls on taps of unit mass: of
/// the linear kernel, of one tap, and of a window of one step.
pub const NORMALISER_SHARE: f64 = 1.0 / (1.0 + NORMALISER_EPSILON);

/// The reference adds this to the raw width of the Gaussian: `sigma = |raw| + 0.27`.
pub const SIGMA_OFFSET: f64 = 0.27;

/// Shape of the delay kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DelayKernel {
    /// `phi_n = exp(-(n - d)^2 / (2 sigma^2))`, normalised over the window `0..=D`.
    #[default]
    Gaussian,
    /// Two taps: `1 - f` at `floor(d)` and `f` one step later, `f` the fractional part.
    Linear,
    /// One tap at the rounded delay: what is deployed.
    OneTap,
}

/// Consecutive taps of one synapse: `value[k]` sits at delay `first + k`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Taps {
    /// Delay of the first tap, in steps.
    pub first: usize,
    /// `phi_n(d)`.
    pub value: Vec<f64>,
    /// `d phi_n / d d`. At integer delays the linear kernel gives the one-sided derivative towards
    /// longer delays, where the reference gives zero; with a zero, a delay could never leave a
    /// whole step.
    pub slope: Vec<f64>,
}

/// Effective width of the Gaussian in steps from the scheduled raw width: `|raw| + 0.27`.
pub fn effective_sigma(raw: f64) -> f64 {
    raw.abs() + SIGMA_OFFSET
}

/// The tap a delay is deployed at. The *position* is rounded half to even, as the reference does.
pub fn rounded_delay(delay: f64, max_delay: usize) -> usize {
    let centre = max_delay.div_ceil(2) as f64;
    let rounded = centre - (centre - delay).round_ties_even();
    rounded.clamp(0.0, max_delay as f64) as usize
}

impl DelayKernel {
    /// All taps of a synapse with `delay` steps in `0..=max_delay`; `sigma` is the effective width,
    /// used by the Gaussian only.
    pub fn taps(self, delay: f64, max_delay: usize, sigma: f64) -> Taps {
        match self {
            Self::Gaussian => gaussian(delay, 0, max_delay + 1, max_delay, sigma),
            Self::Linear | Self::OneTap => {
                let (first, pair) = self.pair(delay, max_delay);
                let taps = &pair[..if self == Self::Linear && max_delay > 0 { 2 } else { 1 }];
                Taps {
                    first,
                    value: taps.iter().map(|tap| tap.0).collect(),
                    slope: taps.iter().map(|tap| tap.1).collect(),
                }
            }
        }
    }

    /// Delay of the first tap of a kernel without a width, and value and slope of two taps; a
    /// kernel of one tap leaves the second tap zero.
    ///
    /// # Panics
    /// For the Gaussian.
    pub fn pair(self, delay: f64, max_delay: usize) -> (usize, [(f64, f64); 2]) {
        let scale = NORMALISER_SHARE;
        match self {
            Self::Gaussian => panic!("a Gaussian has as many taps as its window"),
            Self::Linear if max_delay > 0 => {
                let first = (delay.max(0.0).floor() as usize).min(max_delay - 1);
                let fraction = (delay - first as f64).clamp(0.0, 1.0);
                (first, [((1.0 - fraction) * scale, -scale), (fraction * scale, scale)])
            }
            Self::Linear | Self::OneTap => {
                (rounded_delay(delay, max_delay), [(scale, 0.0), (0.0, 0.0)])
            }
        }
    }
}

/// The Gaussian kernel, of which `count` taps from `first` on are returned; the normaliser always
/// runs over the whole window.
///
/// `phi_n' = phi_n * ((n - d) / sigma^2 - sum_m phi_m (m - d) / sigma^2)`
fn gaussian(delay: f64, first: usize, count: usize, max_delay: usize, sigma: f64) -> Taps {
    let variance = sigma * sigma;
    let bump = |n: usize| (-(n as f64 - delay).powi(2) / (2.0 * variance)).exp();
    let normaliser = (0..=max_delay).map(bump).sum::<f64>() + NORMALISER_EPSILON;
    let mean_pull = (0..=max_delay).map(|n| bump(n) * (n as f64 - delay)).sum::<f64>()
        / (normaliser * variance);
    let value: Vec<f64> = (first..first + count).map(|n| bump(n) / normaliser).collect();
    let slope = value
        .iter()
        .enumerate()
        .map(|(k, phi)| phi * (((first + k) as f64 - delay) / variance - mean_pull))
        .collect();
    Taps { first, value, slope }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dense(taps: &Taps, max_delay: usize) -> Vec<f64> {
        let mut all = vec![0.0; max_delay + 1];
        all[taps.first..taps.first + taps.value.len()].copy_from_slice(&taps.value);
        all
    }

    #[test]
    fn every_kernel_sums_to_one() {
        for kernel in [DelayKernel::Gaussian, DelayKernel::Linear, DelayKernel::OneTap] {
            for delay in [0.0, 0.3, 7.5, 11.9, 24.0] {
                let sum: f64 = kernel.taps(delay, 24, 1.3).value.iter().sum();
                assert!((sum - 1.0).abs() < 1e-6, "{kernel:?} at {delay}: {sum}");
            }
        }
    }

    #[test]
    fn slopes_are_derivatives() {
        let step = 1e-6;
        for (kernel, sigma) in
            [(DelayKernel::Gaussian, 0.5), (DelayKernel::Gaussian, 5.0), (DelayKernel::Linear, 0.0)]
        {
            for delay in [0.4, 7.0 + 1e-3, 11.7, 23.5] {
                let at = |d: f64| dense(&kernel.taps(d, 24, sigma), 24);
                let taps = kernel.taps(delay, 24, sigma);
                let numeric: Vec<f64> = at(delay + step)
                    .iter()
                    .zip(at(delay - step))
                    .map(|(b, a)| (b - a) / (2.0 * step))
                    .collect();
                for (k, slope) in taps.slope.iter().enumerate() {
                    assert!(
                        (slope - numeric[taps.first + k]).abs() < 1e-7,
                        "{kernel:?} {delay} tap {k}"
                    );
                }
            }
        }
    }

    #[test]
    fn linear_kernel_keeps_a_one_sided_slope_at_whole_steps_and_at_the_end() {
        let inside = DelayKernel::Linear.taps(7.0, 24, 0.0);
        assert_eq!((inside.first, inside.slope[1] > 0.9), (7, true));
        let end = DelayKernel::Linear.taps(24.0, 24, 0.0);
        assert_eq!((end.first, end.value[0]), (23, 0.0));
        assert!(end.slope[1] > 0.9);
    }

    #[test]
    fn positions_are_rounded_half_to_even() {
        assert_eq!(rounded_delay(2.5, 24), 2);
        assert_eq!(rounded_delay(3.5, 24), 4);
        assert_eq!(rounded_delay(2.5, 10), 3, "position 5 - 2.5 = 2.5 rounds to 2");
        assert_eq!(rounded_delay(30.0, 24), 24);
    }
}
