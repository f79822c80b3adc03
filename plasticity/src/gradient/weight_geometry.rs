//! How the weights of a projection are spread, and how they changed: what tells learning by
//! multiplication from learning by addition.
//!
//! Learning that multiplies adds to the logarithm of a weight's size. Many small steps then make
//! changes of the logarithm normal, and changes of the weight not; learning that adds does the
//! reverse [Pogodin et al. 2024]. The distance of changes `d` from the normal distribution is the
//! area between the cumulative distribution `F` of `d` over its standard deviation and the normal
//! one:
//! ```text
//! distance = ∫ |F(z) - Φ(z)| dz,   z from -5 to 5
//! ```
//! It is scaled, not centred: a drift of all weights counts.

/// How weights are spread, and how they changed since they were others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightGeometry {
    /// Weights that changed their sign; a weight that is or was zero has none.
    pub sign_flips: usize,
    /// Skewness of the logarithms of the sizes; 0 of log-normal sizes. Those of weights above and
    /// below zero are each standardised for themselves. Zeros are left out here and in all that
    /// follows.
    pub log_skew: f64,
    /// Excess kurtosis of these logarithms; 0 of log-normal sizes.
    pub log_kurtosis: f64,
    /// Distance of the changes of weights from the normal distribution, 0 to 5.
    pub change_distance: f64,
    /// The same of changes of the logarithms of sizes.
    pub log_change_distance: f64,
}

impl WeightGeometry {
    /// From the weights as they were, and as they are. Numbers that are not there, such as the
    /// distance of weights that did not change, are NaN.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn between(before: &[f32], after: &[f32]) -> Self {
        assert_eq!(before.len(), after.len(), "the same weights, before and after");
        let pairs = || before.iter().zip(after).map(|(&b, &a)| (f64::from(b), f64::from(a)));
        let kept = || pairs().filter(|(b, a)| *b != 0.0 && *a != 0.0);
        // Excitatory and inhibitory sizes may have means of their own: each is seen from its own.
        let of_sign = |sign: f64| kept().map(move |(_, a)| sign * a).filter(|size| *size > 0.0);
        let logarithms: Vec<f64> =
            [1.0, -1.0].into_iter().flat_map(|sign| standardised(of_sign(sign))).collect();
        let (log_skew, log_kurtosis) = shape(&logarithms);
        Self {
            sign_flips: pairs().filter(|(b, a)| b * a < 0.0).count(),
            log_skew,
            log_kurtosis,
            change_distance: distance_from_normal(kept().map(|(b, a)| a - b)),
            log_change_distance: distance_from_normal(
                kept().map(|(b, a)| a.abs().ln() - b.abs().ln()),
            ),
        }
    }
}

/// Logarithms of sizes, less their mean and over their standard deviation; none of sizes that are
/// all alike.
fn standardised(sizes: impl Iterator<Item = f64>) -> Vec<f64> {
    let logarithms: Vec<f64> = sizes.map(f64::ln).collect();
    let mean_of = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let mean = mean_of(&logarithms);
    let centred: Vec<f64> = logarithms.iter().map(|logarithm| logarithm - mean).collect();
    let squares: Vec<f64> = centred.iter().map(|value| value * value).collect();
    let deviation = mean_of(&squares).sqrt();
    let is_spread = deviation > 1e-9;
    centred.into_iter().filter(|_| is_spread).map(|value| value / deviation).collect()
}

/// Skewness and excess kurtosis.
fn shape(values: &[f64]) -> (f64, f64) {
    let mean_of = |power: i32, centre: f64| {
        values.iter().map(|value| (value - centre).powi(power)).sum::<f64>() / values.len() as f64
    };
    let mean = mean_of(1, 0.0);
    let variance = mean_of(2, mean);
    (mean_of(3, mean) / variance.powf(1.5), mean_of(4, mean) / variance.powi(2) - 3.0)
}

/// See the module.
pub(crate) fn distance_from_normal(values: impl Iterator<Item = f64>) -> f64 {
    const WIDTH: f64 = 0.005;
    const CELLS: u32 = 2000;
    let values: Vec<f64> = values.collect();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    if variance.is_nan() || variance <= 0.0 {
        return f64::NAN;
    }
    // Values by the first cell whose middle is not below them; those beyond the last come last.
    let mut cells = vec![0_u32; CELLS as usize + 1];
    for value in values {
        let cell = ((value / variance.sqrt() + 5.0) / WIDTH - 0.5).ceil();
        cells[cell.clamp(0.0, f64::from(CELLS)) as usize] += 1;
    }
    let (mut area, mut below, mut normal) = (0.0, 0_u64, 0.0);
    for (n, &inside) in (0..CELLS).zip(&cells) {
        let z = -5.0 + (f64::from(n) + 0.5) * WIDTH;
        normal += WIDTH * (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
        below += u64::from(inside);
        area += WIDTH * (below as f64 / count - normal).abs();
    }
    area
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles of the normal distribution at the middles of `count` equal shares, to 1e-3.
    fn normal_values(count: usize) -> Vec<f32> {
        let density = |z: f64| (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let (mut z, mut cumulative, mut values) = (-6.0, 0.0, Vec::new());
        for place in 0..count {
            let share = (place as f64 + 0.5) / count as f64;
            while cumulative < share {
                cumulative += 1e-4 * density(z + 0.5e-4);
                z += 1e-4;
            }
            values.push(z as f32);
        }
        values
    }

    #[test]
    fn changes_are_near_to_the_distribution_that_they_have() {
        let changes = normal_values(2000);
        // Neither sizes nor their order have anything to do with the changes.
        let before: Vec<f32> =
            (0..2000).map(|n| (0.1 * ((n * 7919 % 2000) as f32 / 1000.0 - 1.0)).exp()).collect();
        let added: Vec<f32> = before.iter().zip(&changes).map(|(w, d)| w + 0.01 * d).collect();
        let near = WeightGeometry::between(&before, &added);
        assert!(near.change_distance < 0.01 && near.sign_flips == 0, "{near:?}");
        let spread: Vec<f32> = changes.iter().map(|d| (3.0 * d).exp()).collect();
        let multiplied: Vec<f32> =
            spread.iter().zip(changes.iter().rev()).map(|(w, d)| w * (0.5 * d).exp()).collect();
        let near = WeightGeometry::between(&spread, &multiplied);
        assert!(near.log_change_distance < 0.01 && near.change_distance > 0.2, "{near:?}");
        assert!(near.log_skew.abs() < 0.01 && near.log_kurtosis.abs() < 0.1, "{near:?}");
        // Fewer weights below zero, four times as large: both signs are log-normal.
        let of_both = |spread: &[f32]| -> Vec<f32> {
            spread.iter().copied().chain(spread.iter().step_by(4).map(|w| -4.0 * w)).collect()
        };
        let near = WeightGeometry::between(&of_both(&spread), &of_both(&multiplied));
        assert!(near.log_skew.abs() < 0.02 && near.log_kurtosis.abs() < 0.1, "{near:?}");
    }

    #[test]
    fn signs_and_zeros_are_counted_apart() {
        let of = |before: &[f32], after: &[f32]| WeightGeometry::between(before, after);
        assert_eq!(of(&[1.0, -1.0, 0.0, 2.0], &[-1.0, -2.0, 3.0, 0.0]).sign_flips, 1);
        let still = of(&[0.5, 1.0], &[0.5, 1.0]);
        assert!(still.change_distance.is_nan() && still.log_change_distance.is_nan());
        assert!(of(&[], &[]).log_skew.is_nan());
    }

    #[test]
    fn far_values_count_as_far() {
        // All mass on two sides: F is 1/2 between -1 and 1.
        let two = (0..1000).map(|n| if n % 2 == 0 { 1.0 } else { -1.0 });
        let distance = distance_from_normal(two);
        assert!(distance > 0.3 && distance < 1.0, "{distance}");
        // A drift that is large against the spread: F is 0 up to 5.
        let drift = (0..1000).map(|n| 100.0 + 0.001 * f64::from(n));
        assert!((distance_from_normal(drift) - 5.0).abs() < 0.01);
    }
}
