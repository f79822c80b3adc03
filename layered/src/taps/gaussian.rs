//! Taps of the Gaussian kernel, and how many of them matter.

use sim_core::NORMALISER_EPSILON;

/// The Gaussian is smaller than 1e-8 of its peak beyond this many sigmas.
const NEGLIGIBLE: f64 = 6.1;

/// The values `exp(-x^2 / 2 sigma^2)` at `x`, `x + step`, `x + 2 step`, ..., by two multiplications
/// each.
pub(crate) struct Bumps {
    value: f64,
    ratio: f64,
    change: f64,
}

impl Bumps {
    pub fn new(x: f64, step: f64, inverse_variance: f64) -> Self {
        Self {
            value: (-0.5 * x * x * inverse_variance).exp(),
            ratio: (-step * (x + 0.5 * step) * inverse_variance).exp(),
            change: (-step * step * inverse_variance).exp(),
        }
    }

    #[inline]
    pub fn next(&mut self) -> f64 {
        let value = self.value;
        self.value *= self.ratio;
        self.ratio *= self.change;
        value
    }
}

/// Taps of the window-normalised Gaussian around `delay`, as many as `value` holds; see
/// `delay_kernel::gaussian`.
pub(crate) fn gaussian_taps(
    delay: f64,
    max_delay: usize,
    sigma: f64,
    value: &mut [f32],
    slope: &mut [f32],
) -> u32 {
    let width = value.len();
    let first = (delay - (width as f64 - 1.0) / 2.0)
        .round()
        .clamp(0.0, (max_delay + 1 - width) as f64) as usize;
    let inverse_variance = 1.0 / (sigma * sigma);
    let from = ((delay - NEGLIGIBLE * sigma).ceil().max(0.0) as usize).min(first);
    let to = ((delay + NEGLIGIBLE * sigma).floor() as usize).clamp(first + width - 1, max_delay);
    let (mut sum, mut moment) = (NORMALISER_EPSILON, 0.0);
    let mut add = |n: usize, bump: f64| {
        sum += bump;
        moment += bump * (n as f64 - delay);
        if let Some(value) = n.checked_sub(first).and_then(|k| value.get_mut(k)) {
            *value = bump as f32;
        }
    };
    // From the peak outwards: a product of many ratios is least exact where it is small.
    let peak = (delay.round() as usize).clamp(from, to);
    let mut up = Bumps::new(peak as f64 - delay, 1.0, inverse_variance);
    (peak..=to).for_each(|n| add(n, up.next()));
    let mut down = Bumps::new(peak as f64 - 1.0 - delay, -1.0, inverse_variance);
    (from..peak).rev().for_each(|n| add(n, down.next()));
    let (scale, pull) = (1.0 / sum, moment / sum);
    for (k, (value, slope)) in value.iter_mut().zip(slope).enumerate() {
        let phi = *value as f64 * scale;
        *slope = (phi * ((first + k) as f64 - delay - pull) * inverse_variance) as f32;
        *value = phi as f32;
    }
    first as u32
}

/// Half the width, in steps, outside which a Gaussian of width `sigma` keeps about `tolerance` of
/// its mass: from the tail bound `P(|x| > z) ~ exp(-z^2 / 2) * 2 / (z sqrt(2 pi))`, solved by
/// fixed-point iteration.
pub(crate) fn half_width(sigma: f64, tolerance: f64) -> f64 {
    let mut z = 2.0f64;
    for _ in 0..20 {
        z = (-2.0 * (tolerance * z * (std::f64::consts::TAU).sqrt() / 2.0).ln()).max(0.01).sqrt();
    }
    z * sigma
}

/// Number of taps outside of which a Gaussian is negligible, wherever its centre lies.
pub(crate) fn exact_width(sigma: f64, max_delay: usize) -> usize {
    ((2.0 * NEGLIGIBLE * sigma).ceil() as usize + 1).min(max_delay + 1)
}

/// Number of taps that hold all but `tolerance` of a Gaussian, wherever its centre lies.
pub(crate) fn truncated_width(sigma: f64, tolerance: f64, max_delay: usize) -> usize {
    ((2.0 * half_width(sigma, tolerance)).ceil() as usize).max(2).min(max_delay + 1)
}
