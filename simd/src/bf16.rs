//! Whole-row loops on pairs of bf16 numbers: half the loads and half the multiplications of `f32`,
//! for processors with `vdpbf16ps`.
//!
//! bf16 is the upper half of an `f32`: a relative error of at most 2^-8 per factor. Spikes and
//! small counts are exact. Sums are `f32`. A `u32` holds two: the first in its lower half.

use crate::dispatch::vectorize;
use crate::instructions::Instructions;
use crate::paired::{PairProduct, pair_product};
use crate::row_sums::Mixture;
use crate::rows::ROW_MULTIPLE;

/// The bits of the nearest bf16, ties to even.
#[inline(always)]
fn rounded(number: f32) -> u32 {
    let bits = number.to_bits();
    bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16
}

/// Two numbers as a pair.
#[inline(always)]
pub fn pair(first: f32, second: f32) -> u32 {
    rounded(first) | rounded(second) << 16
}

/// `pairs[x] = (row[x], row[x + 1])`, a zero behind the last.
pub fn pair_with_next(row: &[f32], pairs: &mut [u32]) {
    vectorize(
        #[inline(always)]
        || {
            for (pair_of, two) in pairs.iter_mut().zip(row.windows(2)) {
                *pair_of = pair(two[0], two[1]);
            }
        },
    );
    if let Some(last) = row.len().checked_sub(1) {
        pairs[last] = pair(row[last], 0.0);
    }
}

/// `pairs[x] = (first[x], second[x])`.
pub fn pair_rows(first: &[f32], second: &[f32], pairs: &mut [u32]) {
    vectorize(
        #[inline(always)]
        || {
            for (pair_of, (first, second)) in pairs.iter_mut().zip(first.iter().zip(second)) {
                *pair_of = pair(*first, *second);
            }
        },
    );
}

/// As [`combine_each`](crate::combine_each), with two rows and two weights to a `u32`.
///
/// # Panics
/// As [`combine_each`](crate::combine_each); on processors without bf16 products.
#[expect(clippy::too_many_arguments, reason = "the operands of a hot loop")]
pub fn combine_each_paired(
    isa: Instructions,
    outputs: &[Mixture],
    (weights, offset): (&[u32], usize),
    count: usize,
    rows: &[u32],
    stride: usize,
    out: &mut [f32],
    length: usize,
) {
    assert!(isa.has_bf16(), "the processor has no bf16 products");
    if count == 0 {
        return;
    }
    assert!(length.is_multiple_of(ROW_MULTIPLE), "rows come in multiples of {ROW_MULTIPLE}");
    assert!(
        (count - 1).strict_mul(stride).strict_add(length) <= rows.len(),
        "a row leaves the rows"
    );
    for output in outputs {
        assert!(
            (output.weights as usize).strict_add(offset).strict_add(count) <= weights.len(),
            "weights are missing"
        );
        assert!((output.out as usize).strict_add(length) <= out.len(), "an output leaves the rows");
    }
    let product =
        PairProduct { outputs, weights: &weights[offset..], count, rows, stride, out, length };
    match isa {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: just checked.
        Instructions::Avx512 => unsafe { crate::avx512::pair_product(product) },
        _ => pair_product(product),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paired::unpaired;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn rounding_is_to_the_nearest_and_exact_for_counts() {
        for count in 0..=256 {
            assert_eq!(
                unpaired(pair(count as f32, -(count as f32))),
                (count as f32, -(count as f32))
            );
        }
        let (low, high) = unpaired(pair(1.003, -0.001_234));
        assert!(
            (low - 1.003).abs() <= 1.0 / 256.0 && (high + 0.001_234).abs() <= 0.001_234 / 256.0
        );
        let mut pairs = [0; 3];
        pair_with_next(&[1.0, 2.0, 3.0], &mut pairs);
        assert_eq!(pairs.map(unpaired), [(1.0, 2.0), (2.0, 3.0), (3.0, 0.0)]);
    }

    #[test]
    fn the_instructions_agree_with_the_plain_twin() {
        if !Instructions::detect().has_bf16() {
            return;
        }
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let mut pairs = |count: usize| -> Vec<u32> {
            (0..count)
                .map(|_| pair(random.random_range(-1.0..1.0), random.random_range(-1.0..1.0)))
                .collect()
        };
        let (rows, weights) = (pairs(3000), pairs(60));
        for length in [16, 80, 96, 144] {
            let outputs: Vec<_> =
                (0..7).map(|n| Mixture { weights: 5 * n, out: n * length as u32 }).collect();
            let (mut fast, mut plain) = (vec![0.5; 7 * length], vec![0.5; 7 * length]);
            combine_each_paired(
                Instructions::detect(),
                &outputs,
                (&weights, 3),
                11,
                &rows,
                200,
                &mut fast,
                length,
            );
            let weights = &weights[3..];
            pair_product(PairProduct {
                outputs: &outputs,
                weights,
                count: 11,
                rows: &rows,
                stride: 200,
                out: &mut plain,
                length,
            });
            assert!(fast.iter().zip(&plain).all(|(a, b)| (a - b).abs() < 1e-5));
        }
    }
}
