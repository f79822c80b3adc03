//! Rows of length 1, at right angles to each other.

use crate::continual::dense::{Number, product};
use nalgebra::{DMatrix, DMatrixView};
use simd::Matrix;

/// Two unit vectors whose product is below this are at right angles: rounding alone in `f64`.
const RIGHT_ANGLE: f64 = 1e-10;
/// Below this share of all, the square of a singular value is rounding of numbers in `f32`.
pub(crate) const ROUNDING: f64 = 1e-12;

/// Replaces `rows` `[row][column]` by orthonormal rows, at right angles to those of `before`, that
/// span with them what both spanned. The work is done in `f64`; each row keeps its direction as
/// far as that is possible (Gram and Schmidt's order and signs, by Householder reflections).
///
/// A row with no direction of its own becomes some direction at right angles to all others: the
/// span never gets smaller. There must be no more rows than columns.
pub(crate) fn orthonormalise<T: Number>(rows: &mut [T], before: &[T], columns: usize) {
    if rows.is_empty() {
        return;
    }
    let to_f64 = |values: &[T]| values.iter().map(|&v| v.into()).collect::<Vec<f64>>();
    let (given, before) = (to_f64(rows), to_f64(before));
    let mut own = given.clone();
    let old = Matrix::of_rows(&before, columns);
    let mut along = vec![0.0; own.len() / columns * old.rows()];
    if !before.is_empty() {
        // What rounding leaves of the old rows after the first time, the second time removes.
        for _ in 0..2 {
            let new = Matrix::of_rows(&own, columns);
            product(&mut along, 0.0, new, old.transposed(), 1.0);
            product(&mut own, 1.0, Matrix::of_rows(&along, old.rows()), old, -1.0);
        }
    }
    let mut unit = unit_rows(&own, columns);
    if !before.is_empty() {
        product(&mut along, 0.0, Matrix::of_rows(&unit, columns), old.transposed(), 1.0);
        if along.iter().any(|along| along.abs() > RIGHT_ANGLE) {
            // The old rows are not orthonormal, or a new one lies in their span.
            let both = [&before[..], &given].concat();
            unit = unit_rows(&both, columns).split_off(before.len());
        }
    }
    rows.iter_mut().zip(unit).for_each(|(row, unit)| *row = T::of(unit));
}

/// Orthonormal rows: the transposed `Q` of the factorisation `rows^T = Q R`, with the signs that
/// make the diagonal of `R` positive.
fn unit_rows(rows: &[f64], columns: usize) -> Vec<f64> {
    let count = rows.len() / columns;
    // nalgebra's matrices lie column after column: each row is a column of the transposed matrix.
    let factors = DMatrix::from_column_slice(columns, count, rows).qr();
    let (mut q, r) = (factors.q(), factors.unpack_r());
    for (mut column, &diagonal) in q.column_iter_mut().zip(r.diagonal().iter()) {
        if diagonal < 0.0 {
            column.neg_mut();
        }
    }
    q.as_slice().to_vec()
}

/// Singular values of `rows` `[row][column]`, the largest first, and for each the direction of
/// length 1 among the columns, `[value][column]`.
pub(crate) fn principal_directions(rows: &[f64], columns: usize) -> (Vec<f64>, Vec<f64>) {
    let transposed = DMatrixView::from_slice(rows, columns, rows.len() / columns);
    let decomposed = transposed.into_owned().svd(true, false);
    let directions = decomposed.u.expect("left vectors were asked for");
    (decomposed.singular_values.as_slice().to_vec(), directions.as_slice().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::continual::made_up::normal;

    /// Most by which `rows rows^T` differs from one.
    fn off_one(rows: &[f64], columns: usize) -> f64 {
        let count = rows.len() / columns;
        let mut gram = vec![0.0; count * count];
        let matrix = Matrix::of_rows(rows, columns);
        product(&mut gram, 0.0, matrix, matrix.transposed(), 1.0);
        let one = |n: usize| f64::from(u8::from(n / count == n % count));
        gram.iter().enumerate().map(|(n, value)| (value - one(n)).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn rows_become_orthonormal_and_keep_their_order() {
        let columns = 30;
        let mut before: Vec<f64> = normal(7 * columns, 1);
        orthonormalise(&mut before, &[], columns);
        let given: Vec<f64> = normal(20 * columns, 2);
        let mut rows = given.clone();
        orthonormalise(&mut rows, &before, columns);
        assert!(off_one(&[before.clone(), rows.clone()].concat(), columns) < 1e-13);
        // The first row is the given one without what lies along the old rows.
        let mut first = given[..columns].to_vec();
        for old in before.chunks(columns) {
            let along: f64 = old.iter().zip(&given).map(|(a, b)| a * b).sum();
            first.iter_mut().zip(old).for_each(|(f, o)| *f -= along * o);
        }
        let length = first.iter().map(|f| f * f).sum::<f64>().sqrt();
        let pairs = first.iter().zip(&rows);
        let worst = pairs.map(|(f, r)| (f / length - r).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-13, "{worst:e}");
    }

    /// Rows that lie in the span of others, and old rows that are not orthonormal.
    #[test]
    fn a_row_without_a_direction_of_its_own_gets_one() {
        let columns = 8;
        let before: Vec<f64> = normal(3 * columns, 3);
        let mut rows: Vec<f64> = normal(4 * columns, 4);
        rows.copy_within(..columns, 2 * columns);
        rows[columns..2 * columns].copy_from_slice(&before[..columns]);
        orthonormalise(&mut rows, &before, columns);
        assert!(off_one(&rows, columns) < 1e-13);
        for old in before.chunks(columns) {
            for row in rows.chunks(columns) {
                let along: f64 = old.iter().zip(row).map(|(a, b)| a * b).sum();
                assert!(along.abs() < 1e-12);
            }
        }
    }

    #[test]
    fn principal_directions_of_a_known_matrix() {
        let (root, columns) = (0.5_f64.sqrt(), 3);
        // 3 along (1, 1, 0), 2 along (0, 0, 1).
        let rows = [3.0 * root, 3.0 * root, 0.0, 0.0, 0.0, -2.0];
        let (values, directions) = principal_directions(&rows, columns);
        assert!((values[0] - 3.0).abs() < 1e-14 && (values[1] - 2.0).abs() < 1e-14);
        let signed = directions[0].signum();
        let expected = [root * signed, root * signed, 0.0];
        assert!(directions[..3].iter().zip(expected).all(|(d, e)| (d - e).abs() < 1e-14));
        assert!((directions[5].abs() - 1.0).abs() < 1e-14);
    }
}
