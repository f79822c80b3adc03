//! Products of dense matrices on many threads. All matrices lie row after row.

use sim_core::Real;
use simd::{Matrix, MatrixEntry, multiply_on_all_threads};

/// Numbers that one thread changes at a time, where each is changed by itself.
pub(crate) const SOME: usize = 1 << 16;

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
    multiply_on_all_threads(into, T::of(keep), a, b, T::of(factor));
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
