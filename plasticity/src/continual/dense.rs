//! Products of dense matrices on many threads. All matrices lie row after row.

use rayon::prelude::*;
use sim_core::Real;
use simd::{Matrix, MatrixEntry, multiply};

/// Rows of a product that one thread works out at a time. Tiles are the same for any number of
/// threads, and so are the bits. Every tile packs its second factor anew: a tile of 64 rows has
/// five sixths of the speed of one of 128 (784 x 400 numbers in the second factor). 800 rows are
/// six tiles, which two threads share evenly.
pub(crate) const TILE: usize = 136;

/// A number that circuits compute in: `f32` or `f64`.
pub trait Number: Real + MatrixEntry + Into<f64> + Default {
    /// The difference between 1 and the next larger number.
    const EPSILON: f64;
}

impl Number for f32 {
    const EPSILON: f64 = f32::EPSILON as f64;
}

impl Number for f64 {
    const EPSILON: f64 = f64::EPSILON;
}

/// `into = keep * into + factor * a b`, where `a` is `[m][k]`, `b` is `[k][n]` and `into` is
/// `[m][n]`. With `keep` 0, what `into` held does not matter.
///
/// # Panics
/// If the shapes do not fit each other.
pub(crate) fn product<T: Number>(
    into: &mut [T],
    keep: f64,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    factor: f64,
) {
    assert_eq!(into.len(), a.rows() * b.columns(), "entries of the product");
    if into.is_empty() {
        return;
    }
    let tiles = into.par_chunks_mut(TILE * b.columns()).enumerate();
    tiles.for_each(|(tile, into)| {
        multiply(into, T::of(keep), a.rows_from(tile * TILE, TILE), b, T::of(factor));
    });
}

/// Sum of the squares, in a fixed order: sixteen sums side by side, then their sum.
pub(crate) fn sum_of_squares<T: Number>(values: &[T]) -> f64 {
    let mut lanes = [0.0; 16];
    let (chunks, rest) = values.as_chunks::<16>();
    for chunk in chunks.iter().map(|chunk| &chunk[..]).chain([rest]) {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            let value: f64 = value.into();
            *lane += value * value;
        }
    }
    lanes.iter().sum()
}
