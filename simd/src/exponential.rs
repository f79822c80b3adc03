//! The exponential function, with the same bits on every processor.

/// `exp(x)`, to 2e-7 relative; beyond -80 and 80 it stays what it is there, and NaN stays NaN.
///
/// The C library's `expf` can neither be vectorised nor is it the same on every processor. Here `x
/// = k ln 2 + r` with a whole `k` and `|r| <= ln(2) / 2`, then the Taylor series of `exp(r)` up to
/// the seventh power, then `k` goes into the exponent's bits. Nothing is fused, so a loop around it
/// has the same bits whatever the width of its vectors.
///
/// ```
/// assert_eq!(simd::exp(0.0), 1.0);
/// assert!((simd::exp(1.0) - std::f32::consts::E).abs() < 5e-7);
/// ```
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // Adding 1.5 * 2^23 leaves no bits for a fraction: the low bits of the sum are `k`.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts, the first with so few bits that `k` times it is exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = if x < -80.0 { -80.0 } else { x };
    let x = if x > 80.0 { 80.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    let series = 1.0 / 5040.0;
    let series = series * r + 1.0 / 720.0;
    let series = series * r + 1.0 / 120.0;
    let series = series * r + 1.0 / 24.0;
    let series = series * r + 1.0 / 6.0;
    let series = series * r + 0.5;
    let series = (series * r + 1.0) * r + 1.0;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0_f32.to_bits()));
    series * power
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Instructions;

    #[test]
    fn the_precision_holds() {
        for n in -80_000..=80_000 {
            let x = n as f32 * 1e-3;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) / exact - 1.0).abs() < 2e-7, "exp({x})");
        }
        assert_eq!(exp(0.0), 1.0);
        assert_eq!([exp(f32::NEG_INFINITY), exp(f32::INFINITY)], [exp(-80.0), exp(80.0)]);
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn vectors_have_the_bits_of_one_number() {
        let numbers: Vec<f32> = (0..1003).map(|n| (n as f32 - 500.0) * 0.137).collect();
        for set in Instructions::available() {
            let mut all = numbers.clone();
            set.vectorize(
                #[inline(always)]
                || all.iter_mut().for_each(|x| *x = exp(*x)),
            );
            let alone = numbers.iter().map(|&x| exp(std::hint::black_box(x)));
            let same = all.iter().zip(alone).all(|(all, alone)| all.to_bits() == alone.to_bits());
            assert!(same, "{}", set.name());
        }
    }
}
