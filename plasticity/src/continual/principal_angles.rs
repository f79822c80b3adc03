//! How two subspaces lie to each other.

use crate::continual::orthonormal::orthonormalise;
use nalgebra::DMatrix;
use sim_core::{Error, Result};

/// The angles between the spans of two sets of rows, `[row][column]`, in radians from 0 to pi / 2,
/// the smallest first: as many as the smaller set has rows. The rows of a set must be linearly
/// independent, but need not be orthonormal.
///
/// The cosines of the angles are the singular values of `A B^T` with orthonormal rows, and their
/// sines are those of what `A` leaves of `B`; each angle is taken from the one that is precise
/// [Bjorck and Golub 1973].
///
/// ```
/// use plasticity::continual::principal_angles;
///
/// // A plane, and a line that rises by 30 degrees out of it.
/// let plane = [1.0, 0.0, 0.0, 1.0, 1.0, 0.0];
/// let line = [0.0, 3_f64.sqrt(), 1.0];
/// let angles = principal_angles(&plane, &line, 3)?;
/// assert!((angles[0].to_degrees() - 30.0).abs() < 1e-12);
/// # Ok::<(), sim_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Length`] for rows of another length; [`Error::OutOfRange`] for no rows, or for more
/// rows than columns.
pub fn principal_angles(a: &[f64], b: &[f64], columns: usize) -> Result<Vec<f64>> {
    for (name, rows) in [("the first subspace", a), ("the second subspace", b)] {
        let count = rows.len().checked_div(columns).unwrap_or(0);
        Error::check_length(&format!("rows of {name}"), rows.len(), count * columns)?;
        if count == 0 || count > columns {
            let allowed = format!("from 1 to {columns}");
            return Err(Error::out_of_range(format!("rows of {name}"), count, allowed));
        }
    }
    let unit = |rows: &[f64]| {
        let mut rows = rows.to_vec();
        orthonormalise(&mut rows, &[], columns);
        // The rows are the columns of this matrix.
        DMatrix::from_vec(columns, rows.len() / columns, rows)
    };
    let (larger, smaller) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let (larger, smaller) = (unit(larger), unit(smaller));
    let along = larger.tr_mul(&smaller);
    let beside = &smaller - &larger * &along;
    let cosines = along.singular_values();
    let mut sines = beside.singular_values().as_slice().to_vec();
    sines.sort_by(f64::total_cmp);
    let angle = |(&cosine, sine): (&f64, f64)| {
        if cosine * cosine < 0.5 { cosine.min(1.0).acos() } else { sine.min(1.0).asin() }
    };
    Ok(cosines.iter().zip(sines).map(angle).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::continual::made_up::normal;

    #[test]
    fn a_subspace_lies_in_itself_whatever_its_rows() {
        let rows: Vec<f64> = normal(5 * 20, 1);
        let mixed: Vec<f64> = (0..4)
            .flat_map(|k| {
                let other = (k + 1) % 5;
                (0..20).map(move |n| (k, other, n))
            })
            .map(|(k, other, n)| 2.0 * rows[k * 20 + n] - rows[other * 20 + n])
            .collect();
        let angles = principal_angles(&rows, &mixed, 20).unwrap();
        assert_eq!(angles.len(), 4);
        assert!(angles.iter().all(|angle| *angle < 1e-13), "{angles:?}");
    }

    #[test]
    fn angles_between_turned_axes() {
        // The second plane is the first, with each axis turned into a dimension of its own.
        let turned: [f64; 2] = [1e-9, 1.0];
        let plane = [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0];
        let [a, b] = turned;
        let other = [a.cos(), 0.0, a.sin(), 0.0, 0.0, b.cos(), 0.0, b.sin()];
        let angles = principal_angles(&plane, &other, 4).unwrap();
        assert!((angles[0] - a).abs() < 1e-15 && (angles[1] - b).abs() < 1e-14, "{angles:?}");
        let apart = [0.0, 0.0, 1.0, 0.0];
        let right = principal_angles(&apart, &plane, 4).unwrap();
        assert!((right[0] - std::f64::consts::FRAC_PI_2).abs() < 1e-15);
    }

    #[test]
    fn what_spans_nothing_is_refused() {
        let refused = |a: &[f64], b: &[f64]| principal_angles(a, b, 2).unwrap_err().to_string();
        let none = refused(&[], &[1.0, 0.0]);
        assert_eq!(none, "rows of the first subspace is 0, but must be from 1 to 2");
        let many = refused(&[1.0, 0.0], &[1.0; 6]);
        assert_eq!(many, "rows of the second subspace is 3, but must be from 1 to 2");
        let broken = refused(&[1.0, 0.0, 1.0], &[1.0, 0.0]);
        assert_eq!(broken, "rows of the first subspace has length 3, but must have 2");
    }
}
