//! The numbers that matrices hold, with the loops that multiply them.

use crate::matrix::Matrix;
use crate::tile_products::factor::TileFactor;
use crate::tile_products::product::{multiply_factors, multiply_factors_here, suits, with_memory};
use crate::tile_products::shape::Place;

/// A number that a matrix holds.
pub trait MatrixEntry: loops::DenseLoops {}

impl<T: loops::DenseLoops> MatrixEntry for T {}

mod loops {
    use super::{Factor, Threads};
    use crate::matrix::Matrix;
    use crate::tile_products::factor::TileFactor;
    use crate::tile_products::shape::Place;
    use std::fmt::Debug;

    /// Rows, inner dimension and columns of a product.
    pub type Shape = [usize; 3];
    /// Where a matrix lies, and how far its next row and its next column are.
    pub type Strided<P> = (P, isize, isize);

    /// The types for which `matrixmultiply` has loops.
    pub trait DenseLoops: Copy + Debug + PartialEq + Send + Sync + 'static {
        /// A factor in the order in which tile registers read it; nothing for numbers that they do
        /// not hold.
        type Packed: Debug + Default + Send + Sync;

        /// Packs a matrix for products on tile registers, if it pays. Returns whether it did.
        fn pack(_matrix: Matrix<'_, Self>, _place: Place, _into: &mut Self::Packed) -> bool {
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
        unsafe fn multiply_by_crate(
            shape: Shape,
            factor: Self,
            a: Strided<*const Self>,
            b: Strided<*const Self>,
            keep: Self,
            into: Strided<*mut Self>,
        );
    }

    /// The product by a function of `matrixmultiply`.
    macro_rules! by_crate {
        ($product:path) => {
            unsafe fn multiply_by_crate(
                [rows, inner, columns]: Shape,
                factor: Self,
                (a, a_row, a_column): Strided<*const Self>,
                (b, b_row, b_column): Strided<*const Self>,
                keep: Self,
                (into, row, column): Strided<*mut Self>,
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

        fn pack(matrix: Matrix<'_, f32>, place: Place, into: &mut TileFactor) -> bool {
            super::pack(matrix, place, into)
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

/// Who works out a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threads {
    /// The calling thread.
    This,
    /// All threads of the pool.
    All,
}

/// A factor of a product; one of many products may be packed for all of them.
#[derive(Debug)]
pub struct Factor<'a, T: MatrixEntry> {
    matrix: Matrix<'a, T>,
    packed: Option<&'a T::Packed>,
}

impl<T: MatrixEntry> Clone for Factor<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: MatrixEntry> Copy for Factor<'_, T> {}

impl<'a, T: MatrixEntry> From<Matrix<'a, T>> for Factor<'a, T> {
    fn from(matrix: Matrix<'a, T>) -> Self {
        Self { matrix, packed: None }
    }
}

impl<'a, T: MatrixEntry> Factor<'a, T> {
    /// The matrix itself.
    pub(crate) fn matrix(&self) -> Matrix<'a, T> {
        self.matrix
    }

    /// The left factor of many products. `memory` is used again.
    pub fn left(matrix: Matrix<'a, T>, memory: &'a mut PackedFactor<T>) -> Self {
        let is_packed = T::pack(matrix, Place::Left, &mut memory.0);
        Self { matrix, packed: is_packed.then_some(&memory.0) }
    }

    /// The right factor of many products. `memory` is used again.
    pub fn right(matrix: Matrix<'a, T>, memory: &'a mut PackedFactor<T>) -> Self {
        let is_packed = T::pack(matrix, Place::Right, &mut memory.0);
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
fn pack(matrix: Matrix<'_, f32>, place: Place, into: &mut TileFactor) -> bool {
    // How many columns the products of a left factor have is not known yet.
    let pays = match place {
        Place::Left => suits(matrix.columns(), usize::MAX),
        Place::Right => suits(matrix.rows(), matrix.columns()),
    };
    if pays {
        into.pack(matrix, place);
    }
    pays
}

/// See [`loops::DenseLoops::multiply_on_tiles`].
fn multiply_on_tiles(
    into: &mut [f32],
    keep: f32,
    [a, b]: [Factor<'_, f32>; 2],
    factor: f32,
    threads: Threads,
) -> bool {
    if !suits(a.matrix.columns(), b.matrix.columns()) {
        return false;
    }
    with_memory(|factors| match threads {
        Threads::This => {
            TileFactor::pack_here(factors, a.matrix, b.matrix);
            multiply_factors_here(into, keep, factors, factor);
        }
        Threads::All => {
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
