//! `phi_n(d)` and its derivative with respect to `d`, for all `0 <= n <= D`.

/// Added to the sum that normalises a kernel.
const NORMALISER_EPSILON: f64 = 1e-7;

/// Shape of the delay kernel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kernel {
    /// `exp(-(n - d)^2 / (2 sigma^2))`, normalised over the window.
    Gaussian,
    /// `max(0, 1 - |n - d|)`, normalised over the window.
    Linear,
    /// 1 at the rounded delay.
    OneTap,
}

impl Kernel {
    /// `phi`, one entry per `n` in `0..=max_delay`.
    pub fn value(self, delay: f64, max_delay: usize, sigma: f64) -> Vec<f64> {
        let bump = |n: usize| {
            let distance = n as f64 - delay;
            match self {
                Self::Gaussian => (-distance * distance / (2.0 * sigma * sigma)).exp(),
                Self::Linear => (1.0 - distance.abs()).max(0.0),
                Self::OneTap => f64::from(u8::from(n == rounded(delay, max_delay))),
            }
        };
        let normaliser: f64 = (0..=max_delay).map(bump).sum::<f64>() + NORMALISER_EPSILON;
        (0..=max_delay).map(|n| bump(n) / normaliser).collect()
    }

    /// `d phi / d d`. The linear kernel has a kink at each whole delay; there it is the slope
    /// towards longer delays, and at the longest the slope towards shorter ones. (The reference
    /// gives zero there, and a delay that is a whole number could never change.)
    pub fn slope(self, delay: f64, max_delay: usize, sigma: f64) -> Vec<f64> {
        let value = self.value(delay, max_delay, sigma);
        match self {
            Self::Gaussian => {
                let pull = |n: usize| (n as f64 - delay) / (sigma * sigma);
                let mean_pull: f64 = (0..=max_delay).map(|n| value[n] * pull(n)).sum();
                (0..=max_delay).map(|n| value[n] * (pull(n) - mean_pull)).collect()
            }
            Self::Linear => {
                let mut slope = vec![0.0; max_delay + 1];
                if max_delay > 0 {
                    let below = (delay.floor() as usize).min(max_delay - 1);
                    slope[below] = -1.0 / (1.0 + NORMALISER_EPSILON);
                    slope[below + 1] = 1.0 / (1.0 + NORMALISER_EPSILON);
                }
                slope
            }
            Self::OneTap => vec![0.0; max_delay + 1],
        }
    }
}

/// The whole delay nearest to `delay`. The reference stores positions `P = floor(K / 2) - d`, `K =
/// D + 1`, so `floor(K / 2)` is `D / 2` rounded up, and it rounds the positions, halves to the even
/// one.
pub fn rounded(delay: f64, max_delay: usize) -> usize {
    let middle = max_delay.div_ceil(2) as f64;
    (middle - (middle - delay).round_ties_even()).clamp(0.0, max_delay as f64) as usize
}
