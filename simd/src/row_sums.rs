//! Weighted sums of rows: the loops of kernels that are a few fixed filters.
//!
//! Most of these loops read rows that start at multiples of 16 numbers, so loads are aligned where
//! the rows are [`Aligned`](crate::Aligned).

use crate::instructions::Instructions;
use crate::rows::ROW_MULTIPLE;
use crate::vector::{HotLoop, Simd, Vector, for_tile, split, tiles};

/// `out[x] += sum_m weights[m] * rows[m * stride + x]`. With rows one step apart it is a filter
/// along time.
///
/// # Panics
/// If a row leaves `rows`, or `out.len()` is not a multiple of 16.
pub fn combine(isa: Instructions, weights: &[f32], rows: &[f32], stride: usize, out: &mut [f32]) {
    if weights.is_empty() {
        return;
    }
    assert!(out.len().is_multiple_of(ROW_MULTIPLE), "rows come in multiples of {ROW_MULTIPLE}");
    assert!(
        (weights.len() - 1).strict_mul(stride).strict_add(out.len()) <= rows.len(),
        "a row leaves the rows"
    );
    // SAFETY: just checked.
    unsafe { isa.run(Combine { weights, rows, stride, out }) }
}

struct Combine<'a> {
    weights: &'a [f32],
    rows: &'a [f32],
    stride: usize,
    out: &'a mut [f32],
}

impl HotLoop for Combine<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Self { weights, rows, stride, out } = self;
        for (start, vectors) in tiles::<S::Full>(out.len()) {
            // SAFETY: tiles stay below `out.len()`; the rest is the caller's promise.
            unsafe {
                let (rows, out) = (rows.as_ptr().add(start), out.as_mut_ptr().add(start));
                for_tile!(vectors, N => combine_tile::<S::Full, N>(weights, rows, stride, out));
            }
        }
    }

    fn run_scalar(self) {
        for (m, weight) in self.weights.iter().enumerate() {
            self.out
                .iter_mut()
                .zip(&self.rows[m * self.stride..])
                .for_each(|(out, row)| *out += weight * row);
        }
    }
}

#[inline(always)]
unsafe fn combine_tile<V: Vector, const N: usize>(
    weights: &[f32],
    mut rows: *const f32,
    stride: usize,
    out: *mut f32,
) {
    // SAFETY: see `combine`.
    unsafe {
        let mut sum = [V::splat(0.0); N];
        for (v, sum) in sum.iter_mut().enumerate() {
            *sum = V::load(out.add(v * V::LANES));
        }
        for &weight in weights {
            let weight = V::splat(weight);
            for (v, sum) in sum.iter_mut().enumerate() {
                *sum = sum.add_product(weight, V::load(rows.add(v * V::LANES)));
            }
            rows = rows.wrapping_add(stride);
        }
        for (v, sum) in sum.into_iter().enumerate() {
            sum.store(out.add(v * V::LANES));
        }
    }
}

/// One output row of [`combine_each`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mixture {
    /// Where its weights start.
    pub weights: u32,
    /// Where its numbers start in the output.
    pub out: u32,
}

/// `out[o.out + x] += sum_m weights[o.weights + offset + m] * rows[m * stride + x]` for every
/// output `o`, `count` rows and `x` below `length`: a matrix product whose output rows may lie
/// anywhere. No two outputs may overlap.
///
/// # Panics
/// If a row leaves `rows`, an output leaves `out`, weights are missing, or `length` is not a
/// multiple of 16.
#[expect(clippy::too_many_arguments, reason = "the operands of a hot loop")]
pub fn combine_each(
    isa: Instructions,
    outputs: &[Mixture],
    (weights, offset): (&[f32], usize),
    count: usize,
    rows: &[f32],
    stride: usize,
    out: &mut [f32],
    length: usize,
) {
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
    let product = Product { weights: &weights[offset..], count, rows, stride };
    let (lanes, (four, rest)) = (isa.lanes(), outputs.as_chunks::<4>());
    for (first, vectors) in split(length / lanes, isa.four_row_tile()) {
        // Each shape of tile has a loop of its own: one loop for all shapes would not keep all sums
        // in registers.
        macro_rules! tile {
            ($($n:literal)+) => {
                match vectors {
                    $($n => {
                        let start = first * lanes;
                        // SAFETY: just checked; tiles stay below the length.
                        unsafe {
                            isa.run(CombineEach::<$n, 4> { outputs: four, product, start, out });
                            let outputs = rest.as_chunks().0;
                            isa.run(CombineEach::<$n, 1> { outputs, product, start, out });
                        }
                    })+
                    _ => unreachable!("six at most"),
                }
            };
        }
        tile!(1 2 3 4 5 6);
    }
}

/// What all tiles of [`combine_each`] multiply.
#[derive(Clone, Copy)]
struct Product<'a> {
    weights: &'a [f32],
    count: usize,
    rows: &'a [f32],
    stride: usize,
}

/// `N` vectors from `start` on, of `M` outputs at once: each row is loaded once for all outputs.
struct CombineEach<'a, const N: usize, const M: usize> {
    outputs: &'a [[Mixture; M]],
    product: Product<'a>,
    start: usize,
    out: &'a mut [f32],
}

impl<const N: usize, const M: usize> HotLoop for CombineEach<'_, N, M> {
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        for outputs in self.outputs {
            // SAFETY: handed on.
            unsafe {
                combine_each_tile::<S::Full, N, M>(
                    outputs,
                    self.product,
                    self.start,
                    self.out.as_mut_ptr(),
                )
            }
        }
    }

    fn run_scalar(self) {
        let Product { weights, count, rows, stride } = self.product;
        for output in self.outputs.as_flattened() {
            let out = &mut self.out[output.out as usize + self.start..]
                [..N * Instructions::Scalar.lanes()];
            for (m, weight) in weights[output.weights as usize..][..count].iter().enumerate() {
                out.iter_mut()
                    .zip(&rows[m * stride + self.start..])
                    .for_each(|(out, row)| *out += weight * row);
            }
        }
    }
}

#[inline(always)]
unsafe fn combine_each_tile<V: Vector, const N: usize, const M: usize>(
    outputs: &[Mixture; M],
    product: Product,
    start: usize,
    all: *mut f32,
) {
    // SAFETY: see `combine_each`.
    unsafe {
        let out = outputs.map(|output| all.add(output.out as usize + start));
        let weights = outputs.map(|output| product.weights.as_ptr().add(output.weights as usize));
        let mut sum = [[V::splat(0.0); N]; M];
        for o in 0..M {
            for v in 0..N {
                sum[o][v] = V::load(out[o].add(v * V::LANES));
            }
        }
        let mut rows = product.rows.as_ptr().add(start);
        for m in 0..product.count {
            let mut row = [V::splat(0.0); N];
            for v in 0..N {
                row[v] = V::load(rows.add(v * V::LANES));
            }
            for o in 0..M {
                let weight = V::splat(*weights[o].add(m));
                for v in 0..N {
                    sum[o][v] = sum[o][v].add_product(weight, row[v]);
                }
            }
            rows = rows.wrapping_add(product.stride);
        }
        for o in 0..M {
            for v in 0..N {
                sum[o][v].store(out[o].add(v * V::LANES));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn every_instruction_set_agrees_with_the_scalar_twin() {
        let mut random = ChaCha8Rng::seed_from_u64(4);
        let rows: Vec<f32> = (0..16 * 2000).map(|_| random.random_range(-1.0..1.0)).collect();
        let heights: Vec<f32> = (0..40).map(|_| random.random_range(0.5..3.0)).collect();
        let result = |isa| {
            let mut all = Vec::new();
            for planes in [1, 5, 14, 15, 29] {
                let mut out = rows[..planes * 16].to_vec();
                combine(isa, &heights, &rows, 16, &mut out);
                all.extend(out);
                let mut out = rows[..planes * 16 * 7].to_vec();
                let outputs: Vec<Mixture> = (0..7)
                    .map(|n| Mixture { weights: 3 * n, out: (planes as u32) * 16 * ((n * 3) % 7) })
                    .collect();
                combine_each(isa, &outputs, (&heights, 2), 11, &rows, 48, &mut out, planes * 16);
                all.extend(out);
            }
            all
        };
        let expected = result(Instructions::Scalar);
        for isa in Instructions::available() {
            for (a, b) in result(isa).iter().zip(&expected) {
                assert!((a - b).abs() < 1e-3, "{isa:?}: {a} and {b}");
            }
        }
    }

    #[test]
    #[should_panic(expected = "a row leaves the rows")]
    fn a_row_that_leaves_the_rows_is_refused() {
        combine(Instructions::Scalar, &[1.0; 2], &[0.0; 31], 16, &mut [0.0; 16]);
    }
}
