//! Products of dense matrices: on tile registers, where the processor has them and the product is
//! large, else by the crate `matrixmultiply`, whose blocked loops use its caches and vectors.
//!
//! A sum over the inner dimension has the same order in every run, for any number of threads. Both
//! ways find the instruction set themselves, whatever [`crate::Instructions`] a caller works with.

use crate::matrix::Matrix;
use crate::matrix_entry::{Factor, MatrixEntry, Threads};
use rayon::prelude::*;

/// Rows of a product that one thread works out at a time. Shares are the same for any number of
/// threads, and so are the bits. Every share packs its second factor anew: a share of 64 rows has
/// five sixths of the speed of one of 128 (784 x 400 numbers in the second factor). 800 rows are
/// six shares, which two threads split evenly.
const SHARE: usize = 136;

/// As [`multiply`], by all threads.
///
/// # Panics
/// As [`multiply`].
pub fn multiply_on_all_threads<'a, T: MatrixEntry>(
    into: &mut [T],
    keep: T,
    a: impl Into<Factor<'a, T>>,
    b: impl Into<Factor<'a, T>>,
    factor: T,
) {
    let factors: [Factor<T>; 2] = [a.into(), b.into()];
    let [a, b] = [factors[0].matrix(), factors[1].matrix()];
    assert_eq!(into.len(), a.rows() * b.columns(), "entries of the product");
    assert_eq!(a.columns(), b.rows(), "columns of the first factor, rows of the second");
    if into.is_empty() || T::multiply_on_tiles(into, keep, factors, factor, Threads::All) {
        return;
    }
    let shares = into.par_chunks_mut(SHARE * b.columns()).enumerate();
    shares.for_each(|(share, into)| {
        multiply(into, keep, a.rows_from(share * SHARE, SHARE), b, factor);
    });
}

/// `into = keep * into + factor * a b`, where `into` lies row after row. With `keep` 0, what `into`
/// held does not matter. The calling thread works it out.
///
/// ```
/// use simd::{Matrix, multiply};
///
/// let (a, b) = ([1.0, 2.0, 3.0, 4.0], [1.0, 0.0, 1.0, 1.0]);
/// let mut product = [0.0; 4];
/// multiply(&mut product, 0.0, Matrix::of_rows(&a, 2), Matrix::of_rows(&b, 2), 1.0);
/// assert_eq!(product, [3.0, 2.0, 7.0, 4.0]);
/// ```
///
/// # Panics
/// If the shapes do not fit each other.
pub fn multiply<T: MatrixEntry>(
    into: &mut [T],
    keep: T,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    factor: T,
) {
    assert_eq!(a.columns(), b.rows(), "columns of the first factor, rows of the second");
    assert_eq!(into.len(), a.rows() * b.columns(), "entries of the product");
    if T::multiply_on_tiles(into, keep, [a.into(), b.into()], factor, Threads::This) {
        return;
    }
    let strides = |matrix: &Matrix<T>| {
        let stride = |stride| isize::try_from(stride).expect("a stride inside of a slice");
        matrix.strides().map(stride)
    };
    let ([a_row, a_column], [b_row, b_column]) = (strides(&a), strides(&b));
    // SAFETY: `into` has `a.rows()` rows of `b.columns()` entries each, one after another, and
    // nothing else points into it while it is borrowed mutably. The values of a factor begin with
    // its first entry and end with its last.
    unsafe {
        T::multiply_by_crate(
            [a.rows(), a.columns(), b.columns()],
            factor,
            (a.values().as_ptr(), a_row, a_column),
            (b.values().as_ptr(), b_row, b_column),
            keep,
            (into.as_mut_ptr(), b.columns() as isize, 1),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix_entry::PackedFactor;

    fn numbers(count: usize, salt: usize) -> Vec<f64> {
        (0..count).map(|n| ((n * 37 + salt * 11) % 101) as f64 / 50.0 - 1.0).collect()
    }

    /// The plain twin: `into = keep * into + factor * sum a b`.
    fn plain(
        into: &mut [f64],
        keep: f64,
        (a, b): (&[f64], &[f64]),
        (rows, inner, columns): (usize, usize, usize),
        factor: f64,
    ) {
        for row in 0..rows {
            for column in 0..columns {
                let terms = (0..inner).map(|k| a[row * inner + k] * b[k * columns + column]);
                let old = &mut into[row * columns + column];
                *old = keep * *old + factor * terms.sum::<f64>();
            }
        }
    }

    fn turned(values: &[f64], columns: usize) -> Vec<f64> {
        let rows = values.len() / columns;
        (0..values.len()).map(|n| values[n % rows * columns + n / rows]).collect()
    }

    /// Every way a factor can lie, in sizes around those of blocks and beyond.
    #[test]
    fn a_product_is_the_sum_over_the_inner_dimension() {
        for shape @ (rows, inner, columns) in
            [(1, 1, 1), (3, 5, 2), (17, 33, 9), (64, 784, 70), (70, 64, 131), (50, 1, 40)]
        {
            let (a, b) = (numbers(rows * inner, 1), numbers(inner * columns, 2));
            let (a_turned, b_turned) = (turned(&a, inner), turned(&b, columns));
            for (keep, factor) in [(0.0, 1.0), (1.0, -1.0), (0.9, 0.1)] {
                let mut expected = numbers(rows * columns, 3);
                plain(&mut expected, keep, (&a, &b), shape, factor);
                let factors_a =
                    [Matrix::of_rows(&a, inner), Matrix::of_rows(&a_turned, rows).transposed()];
                let factors_b =
                    [Matrix::of_rows(&b, columns), Matrix::of_rows(&b_turned, inner).transposed()];
                for a in factors_a {
                    for b in factors_b {
                        let mut product = numbers(rows * columns, 3);
                        multiply(&mut product, keep, a, b, factor);
                        let pairs = product.iter().zip(&expected);
                        let worst = pairs.map(|(p, e)| (p - e).abs()).fold(0.0, f64::max);
                        assert!(worst < 1e-12 * inner as f64, "{shape:?}: {worst:e}");
                    }
                }
            }
        }
    }

    #[test]
    fn single_precision_keeps_its_digits() {
        let (rows, inner, columns) = (31, 200, 60);
        let (a, b) = (numbers(rows * inner, 1), numbers(inner * columns, 2));
        let mut expected = vec![0.0; rows * columns];
        plain(&mut expected, 0.0, (&a, &b), (rows, inner, columns), 1.0);
        let single = |values: &[f64]| values.iter().map(|&v| v as f32).collect::<Vec<_>>();
        let (a, b) = (single(&a), single(&b));
        let mut product = vec![f32::NAN; rows * columns];
        multiply(&mut product, 0.0, Matrix::of_rows(&a, inner), Matrix::of_rows(&b, columns), 1.0);
        let pairs = product.iter().zip(&expected);
        let worst = pairs.map(|(&p, e)| (f64::from(p) - e).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-4, "{worst:e}");
    }

    #[test]
    fn a_row_is_the_same_beside_any_rows_and_by_any_threads() {
        let (rows, inner, columns) = (150, 70, 60);
        let single = |values: Vec<f64>| values.iter().map(|&v| v as f32).collect::<Vec<_>>();
        let (a, b) = (single(numbers(rows * inner, 1)), single(numbers(inner * columns, 2)));
        let (a, b) = (Matrix::of_rows(&a, inner), Matrix::of_rows(&b, columns));
        let mut whole = vec![0.0; rows * columns];
        multiply_on_all_threads(&mut whole, 0.0, a, b, 0.5);
        for first in [0, 17, 149] {
            let mut row = vec![0.0; columns];
            multiply(&mut row, 0.0, a.rows_from(first, 1), b, 0.5);
            assert_eq!(row, whole[first * columns..][..columns]);
        }
        let mut memory = <[PackedFactor<f32>; 2]>::default();
        let [left, right] = &mut memory;
        let factors = [Factor::left(a, left), Factor::right(b, right)];
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut product = vec![f32::NAN; rows * columns];
            pool.install(|| {
                multiply_on_all_threads(&mut product, 0.0, factors[0], factors[1], 0.5);
            });
            assert_eq!(product, whole);
        }
    }

    #[test]
    fn parts_of_matrices_are_multiplied_packed_or_not() {
        let (wide, tall) = (numbers(90 * 110, 1), numbers(110 * 90, 2));
        let single = |values: &[f64]| values.iter().map(|&v| v as f32).collect::<Vec<_>>();
        let (wide_values, tall_values) = (single(&wide), single(&tall));
        // Rows 7 to 76 and columns 0 to 69 of one, rows 9 to 78 and columns 0 to 63 of the other.
        let a = Matrix::of_rows(&wide_values, 110).rows_from(7, 70).first_columns(70);
        let b = Matrix::of_rows(&tall_values, 90).rows_from(9, 70).first_columns(64);
        let mut expected = vec![0.0; 70 * 64];
        for (n, entry) in expected.iter_mut().enumerate() {
            let terms = (0..70).map(|k| wide[(7 + n / 64) * 110 + k] * tall[(9 + k) * 90 + n % 64]);
            *entry = terms.sum();
        }
        let mut memory = <[PackedFactor<f32>; 2]>::default();
        let [left, right] = &mut memory;
        let packed = [Factor::left(a, left), Factor::right(b, right)];
        for factors in [[a.into(), b.into()], packed] {
            let mut product = vec![f32::NAN; 70 * 64];
            multiply_on_all_threads(&mut product, 0.0, factors[0], factors[1], 1.0);
            let pairs = product.iter().zip(&expected);
            let worst = pairs.map(|(&p, e)| (f64::from(p) - e).abs()).fold(0.0, f64::max);
            assert!(worst < 1e-4, "{worst:e}");
        }
    }

    #[test]
    fn parts_and_empty_products() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let whole = Matrix::of_rows(&a, 2);
        let (part, last) = (whole.rows_from(1, 1), whole.rows_from(2, 9));
        assert_eq!((part.rows(), last.rows(), last.columns()), (1, 1, 2));
        let mut product = [0.0; 3];
        multiply(&mut product, 0.0, part, whole.transposed(), 1.0);
        assert_eq!(product, [11.0, 25.0, 39.0]);
        // No inner dimension: nothing is added.
        let none: [f64; 0] = [];
        let (tall, wide) = (Matrix::of_rows(&none, 2), Matrix::of_rows(&none, 3));
        let mut kept = [1.0; 6];
        multiply(&mut kept, 0.5, tall.transposed(), wide, 1.0);
        assert_eq!(kept, [0.5; 6]);
        multiply(&mut kept, 0.0, tall.transposed(), wide, 1.0);
        assert_eq!(kept, [0.0; 6]);
    }
}
