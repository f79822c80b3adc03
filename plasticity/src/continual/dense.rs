//! Products of dense matrices on many threads. All matrices lie row after row.

use sim_core::Real;
use simd::{Factor, MatrixEntry, multiply_on_all_threads};

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
pub(crate) fn product<'a, T: Number>(
    into: &mut [T],
    keep: f64,
    a: impl Into<Factor<'a, T>>,
    b: impl Into<Factor<'a, T>>,
    factor: f64,
) {
    multiply_on_all_threads(into, T::of(keep), a, b, T::of(factor));
}

/// Sum of the squares, in a fixed order.
pub(crate) fn sum_of_squares<T: Number>(values: &[T]) -> f64 {
    sum_of_products(values, values)
}

/// Sum of the products, in a fixed order: sixteen sums side by side, then their sum.
pub(crate) fn sum_of_products<T: Number>(a: &[T], b: &[T]) -> f64 {
    let mut lanes = [0.0; 16];
    let (a, a_rest) = a.as_chunks::<16>();
    let (b, b_rest) = b.as_chunks::<16>();
    let whole = a.iter().map(|a| &a[..]).zip(b.iter().map(|b| &b[..]));
    for (a, b) in whole.chain([(a_rest, b_rest)]) {
        for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
            let (a, b): (f64, f64) = (a.into(), b.into());
            *lane += a * b;
        }
    }
    lanes.iter().sum()
}
