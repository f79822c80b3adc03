//! Products of dense matrices: on tile registers, where the processor has them and the product is
//! large, else by the crate `matrixmultiply`, whose blocked loops use its caches and vectors.
//!
//! A sum over the inner dimension has the same order in every run, for any number of threads. Both
//! ways find the instruction set themselves; [`crate::Instructions`] has no part in it.

use crate::matrix::Matrix;
use crate::tile_products::factor::TileFactor;
use crate::tile_products::product::{multiply_factors, multiply_factors_here, suits, with_memory};
use rayon::prelude::*;

/// A number that a matrix holds.
pub trait MatrixEntry: loops::DenseLoops {}

impl MatrixEntry for f32 {}
impl MatrixEntry for f64 {}

mod loops {
    use super::{Factor, Matrix, TileFactor};
    use std::fmt::Debug;

    /// Rows, inner dimension and columns of a product.
    pub type Shape = [usize; 3];
    /// Where a matrix lies, and how far its next row and its next column are.
    pub type Place<P> = (P, isize, isize);

    /// Who works out a product.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Threads {
        /// The calling thread.
        This,
        /// All threads of the pool.
        All,
    }

    /// The types for which `matrixmultiply` has loops.
    pub trait DenseLoops: Copy + Debug + PartialEq + Send + Sync + 'static {
        /// A factor in the order in which tile registers read it; nothing for numbers that they do
        /// not hold.
        type Packed: Debug + Default + Send + Sync;

        /// Packs a matrix for products on tile registers; the left factor of them, or the right
        /// one. Returns whether it did.
        fn pack(_matrix: Matrix<'_, Self>, _is_left: bool, _into: &mut Self::Packed) -> bool {
            false
        }

        /// Works out the product on tile registers, if they are there and it pays. Returns whether
        /// it did.
        fn multiply_on_tiles(
            _into: &mut [Self],
            _keep: Self,
            _factors: [Factor<'_, Self>; 2],
            _factor: Self,
            _threads: Threads,
        ) -> bool {
            false
        }

        /// `into = keep * into + factor * a b`.
        ///
        /// # Safety
        /// All entries of the matrices lie in memory that may be read, those of `into` in memory
        /// that may be written and that nothing else uses.
        unsafe fn multiply(
            shape: Shape,
            factor: Self,
            a: Place<*const Self>,
            b: Place<*const Self>,
            keep: Self,
            into: Place<*mut Self>,
        );
    }

    /// The product by a function of `matrixmultiply`.
    macro_rules! by_crate {
        ($product:path) => {
            unsafe fn multiply(
                [rows, inner, columns]: Shape,
                factor: Self,
                (a, a_row, a_column): Place<*const Self>,
                (b, b_row, b_column): Place<*const Self>,
                keep: Self,
                (into, row, column): Place<*mut Self>,
            ) {
                // SAFETY: the caller promises what the product asks for.
                unsafe {
                    $product(
                        rows, inner, columns, factor, a, a_row, a_column, b, b_row, b_column, keep,
                        into, row, column,
                    );
                }
            }
        };
    }

    impl DenseLoops for f32 {
        type Packed = TileFactor;

        by_crate!(matrixmultiply::sgemm);

        fn pack(matrix: Matrix<'_, f32>, is_left: bool, into: &mut TileFactor) -> bool {
            super::pack(matrix, is_left, into)
        }

        fn multiply_on_tiles(
            into: &mut [f32],
            keep: f32,
            factors: [Factor<'_, f32>; 2],
            factor: f32,
            threads: Threads,
        ) -> bool {
            super::multiply_on_tiles(into, keep, factors, factor, threads)
        }
    }

    impl DenseLoops for f64 {
        type Packed = ();

        by_crate!(matrixmultiply::dgemm);
    }
}

/// A factor of a product; one of many products may be packed for all of them.
#[derive(Debug)]
pub struct Factor<'a, T: loops::DenseLoops> {
    matrix: Matrix<'a, T>,
    packed: Option<&'a T::Packed>,
}

impl<T: loops::DenseLoops> Clone for Factor<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: loops::DenseLoops> Copy for Factor<'_, T> {}

impl<'a, T: MatrixEntry> From<Matrix<'a, T>> for Factor<'a, T> {
    fn from(matrix: Matrix<'a, T>) -> Self {
        Self { matrix, packed: None }
    }
}

impl<'a, T: MatrixEntry> Factor<'a, T> {
    /// The left factor of many products. `memory` is used again.
    pub fn left(matrix: Matrix<'a, T>, memory: &'a mut PackedFactor<T>) -> Self {
        let is_packed = T::pack(matrix, true, &mut memory.0);
        Self { matrix, packed: is_packed.then_some(&memory.0) }
    }

    /// The right factor of many products. `memory` is used again.
    pub fn right(matrix: Matrix<'a, T>, memory: &'a mut PackedFactor<T>) -> Self {
        let is_packed = T::pack(matrix, false, &mut memory.0);
        Self { matrix, packed: is_packed.then_some(&memory.0) }
    }
}

/// Memory of a packed factor. A clone has memory of its own.
#[derive(Debug, Default)]
pub struct PackedFactor<T: MatrixEntry>(T::Packed);

impl<T: MatrixEntry> Clone for PackedFactor<T> {
    fn clone(&self) -> Self {
        Self(T::Packed::default())
    }
}

/// See [`loops::DenseLoops::pack`].
fn pack(matrix: Matrix<'_, f32>, is_left: bool, into: &mut TileFactor) -> bool {
    // How many columns the products of a left factor have is not known yet.
    let [inner, columns] = match is_left {
        true => [matrix.columns(), usize::MAX],
        false => [matrix.rows(), matrix.columns()],
    };
    let is_worth_it = suits(inner, columns);
    match is_left {
        _ if !is_worth_it => {}
        true => into.pack_left(matrix),
        false => into.pack_right(matrix),
    }
    is_worth_it
}

/// See [`loops::DenseLoops::multiply_on_tiles`].
fn multiply_on_tiles(
    into: &mut [f32],
    keep: f32,
    [a, b]: [Factor<'_, f32>; 2],
    factor: f32,
    threads: loops::Threads,
) -> bool {
    if !suits(a.matrix.columns(), b.matrix.columns()) {
        return false;
    }
    with_memory(|factors| match threads {
        loops::Threads::This => {
            TileFactor::pack_here(factors, a.matrix, b.matrix);
            multiply_factors_here(into, keep, factors, factor);
        }
        loops::Threads::All => {
            let [left, right] = factors;
            let (left, right) = rayon::join(
                || {
                    a.packed.unwrap_or_else(|| {
                        left.pack_left(a.matrix);
                        left
                    })
                },
                || {
                    b.packed.unwrap_or_else(|| {
                        right.pack_right(b.matrix);
                        right
                    })
                },
            );
            multiply_factors(into, keep, left, right, factor);
        }
    });
    true
}

/// Rows of a product that one thread works out at a time. Tiles are the same for any number of
/// threads, and so are the bits. Every tile packs its second factor anew: a tile of 64 rows has
/// five sixths of the speed of one of 128 (784 x 400 numbers in the second factor). 800 rows are
/// six tiles, which two threads share evenly.
const TILE: usize = 136;

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
    let factors @ [Factor { matrix: a, .. }, Factor { matrix: b, .. }] = [a.into(), b.into()];
    assert_eq!(into.len(), a.rows() * b.columns(), "entries of the product");
    assert_eq!(a.columns(), b.rows(), "columns of the first factor, rows of the second");
    if into.is_empty() || T::multiply_on_tiles(into, keep, factors, factor, loops::Threads::All) {
        return;
    }
    let tiles = into.par_chunks_mut(TILE * b.columns()).enumerate();
    tiles.for_each(|(tile, into)| {
        multiply(into, keep, a.rows_from(tile * TILE, TILE), b, factor);
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
    if T::multiply_on_tiles(into, keep, [a.into(), b.into()], factor, loops::Threads::This) {
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
        T::multiply(
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
        let (rows, inner, columns) = (31, 200, 45);
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
