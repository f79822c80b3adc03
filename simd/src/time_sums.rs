//! Sums of rows over time: what a norm and its gradient are worked out from.

use crate::instructions::Instructions;
use crate::vector::{Eight, HotLoop, Simd};

/// Steps that are added up in single precision, 16 numbers to a sum; sums over longer runs, and
/// over samples, are in double precision. A conversion for every number would take longer than the
/// sums.
const RUN: usize = 128;

/// `sums[n] = (sum of a[n][t], sum of a[n][t] * b[n][t])` over the steps `t < steps` of rows that
/// lie `stride` numbers apart.
///
/// # Panics
/// If a row is missing or shorter than `steps`.
pub fn time_sums(
    isa: Instructions,
    a: &[f32],
    b: &[f32],
    stride: usize,
    steps: usize,
    sums: &mut [(f64, f64)],
) {
    let end =
        if sums.is_empty() { 0 } else { (sums.len() - 1).strict_mul(stride).strict_add(steps) };
    assert!(end <= a.len() && end <= b.len(), "a row is missing");
    // SAFETY: the rows are there, as just checked.
    unsafe { isa.run(TimeSums { a, b, stride, steps, sums }) };
}

/// See [`time_sums`]: `a` and `b` hold a row for each of the `sums`.
struct TimeSums<'a> {
    a: &'a [f32],
    b: &'a [f32],
    stride: usize,
    steps: usize,
    sums: &'a mut [(f64, f64)],
}

impl HotLoop for TimeSums<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Self { a, b, stride, steps, sums } = self;
        let (mut a, mut b) = (a.as_ptr(), b.as_ptr());
        let (fours, rest) = sums.as_chunks_mut::<4>();
        // SAFETY: the operands hold these rows.
        unsafe {
            for sums in fours {
                *sums = sums_of_rows::<S::Half, 4>([a, b], stride, steps);
                (a, b) = (a.wrapping_add(4 * stride), b.wrapping_add(4 * stride));
            }
            for sums in rest {
                [*sums] = sums_of_rows::<S::Half, 1>([a, b], stride, steps);
                (a, b) = (a.wrapping_add(stride), b.wrapping_add(stride));
            }
        }
    }

    fn run_scalar(self) {
        for (n, sums) in self.sums.iter_mut().enumerate() {
            let row = n * self.stride..n * self.stride + self.steps;
            let pairs = self.a[row.clone()].iter().zip(&self.b[row]);
            *sums = pairs.fold((0.0, 0.0), |(first, second), (&a, &b)| {
                (first + a as f64, second + a as f64 * b as f64)
            });
        }
    }
}

/// The sums of `M` rows, at most four, from `a` and `b` on.
///
/// # Safety
/// The processor has the instructions of `V`; the rows are there.
#[inline(always)]
unsafe fn sums_of_rows<V: Eight, const M: usize>(
    [a, b]: [*const f32; 2],
    stride: usize,
    steps: usize,
) -> [(f64, f64); M] {
    let mut sums = [(0.0, 0.0); M];
    let whole = steps - steps % V::LANES;
    // SAFETY: the caller's promise.
    unsafe {
        for run in (0..whole).step_by(RUN) {
            let (mut first, mut second) = ([V::splat(0.0); 4], [V::splat(0.0); 4]);
            for t in (run..whole.min(run + RUN)).step_by(V::LANES) {
                for m in 0..M {
                    let number = V::load(a.add(m * stride + t));
                    first[m] = first[m].add_product(number, V::splat(1.0));
                    second[m] = second[m].add_product(number, V::load(b.add(m * stride + t)));
                }
            }
            let mut totals = [[0.0; 4]; 2];
            V::add_sums(first, totals[0].as_mut_ptr());
            V::add_sums(second, totals[1].as_mut_ptr());
            for (m, sums) in sums.iter_mut().enumerate() {
                sums.0 += totals[0][m] as f64;
                sums.1 += totals[1][m] as f64;
            }
        }
        for (m, sums) in sums.iter_mut().enumerate() {
            for t in whole..steps {
                let (a, b) = (*a.add(m * stride + t), *b.add(m * stride + t));
                sums.0 += a as f64;
                sums.1 += a as f64 * b as f64;
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_instruction_sets_agree_with_the_plain_twin() {
        for (rows, steps) in [(0, 5), (1, 1), (3, 7), (4, 8), (6, 124), (9, 300)] {
            let stride = steps + 3;
            let numbers = |factor: usize| {
                (0..rows * stride).map(|n| (n * factor % 17) as f32 - 6.5).collect::<Vec<_>>()
            };
            let (a, b) = (numbers(5), numbers(7));
            let mut expected = vec![(-1.0, -1.0); rows];
            TimeSums { a: &a, b: &b, stride, steps, sums: &mut expected }.run_scalar();
            for isa in Instructions::available() {
                let mut sums = vec![(-1.0, -1.0); rows];
                // SAFETY: the processor has them, and `a` and `b` have all rows.
                unsafe { isa.run(TimeSums { a: &a, b: &b, stride, steps, sums: &mut sums }) };
                assert_eq!(sums, expected, "{} rows of {steps} steps, {}", rows, isa.name());
            }
        }
    }
}
