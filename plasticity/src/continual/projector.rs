//! The projector that takes the frozen rows `H` of a lateral circuit out of vectors,
//! `P = I - H^T H`, in the form that takes the fewest products.

use crate::continual::dense::{Number, SOME, product};
use crate::continual::orthonormal::orthonormalise;
use rand::RngExt;
use rand_distr::StandardNormal;
use rayon::prelude::*;
use sim_core::{Purpose, Seed};
use simd::Matrix;

/// `P = I - H^T H` for rows `H`, `[row][input]`.
#[derive(Debug, Clone, Default)]
pub(crate) enum Projector<T> {
    /// Two products with the rows, for rows that take at most half of the directions.
    #[default]
    Rows,
    /// Two products with an orthonormal basis `Q` of all that is at right angles to the rows,
    /// `[row][input]`: where the rows are orthonormal, `P = Q^T Q`.
    Complement(Vec<T>),
    /// One product with `P` itself, `[input][input]`, for rows that are not orthonormal.
    Whole(Vec<T>),
}

impl<T: Number> Projector<T> {
    /// The projector of these rows. Equal rows have equal projectors.
    pub fn of_rows(rows: &[T], inputs: usize) -> Self {
        if 2 * rows.len() <= inputs * inputs {
            return Self::Rows;
        }
        let of_rows = Matrix::of_rows(rows, inputs);
        if are_orthonormal(of_rows) {
            let mut random = Seed(0).stream(Purpose::LateralRows, u64::MAX, 0);
            let draw = |_| T::of(random.sample(StandardNormal));
            let mut complement: Vec<T> = (rows.len()..inputs * inputs).map(draw).collect();
            orthonormalise(&mut complement, rows, inputs);
            return Self::Complement(complement);
        }
        let mut whole = vec![T::default(); inputs * inputs];
        whole.iter_mut().step_by(inputs + 1).for_each(|entry| *entry = T::of(1.0));
        product(&mut whole, 1.0, of_rows.transposed(), of_rows, -1.0);
        Self::Whole(whole)
    }

    /// Projects vectors, `[vector][input]`. `rows` are those of [`of_rows`](Self::of_rows), and
    /// `memory` is working memory.
    pub fn project(&self, rows: Matrix<'_, T>, vectors: &mut [T], memory: &mut Vec<T>) {
        let inputs = rows.columns();
        match self {
            Self::Rows => take_out(rows, vectors, memory, |_| ()),
            Self::Complement(basis) if basis.is_empty() => vectors.fill(T::default()),
            Self::Complement(basis) => {
                through(Matrix::of_rows(basis, inputs), [0.0, 1.0], vectors, memory, |_| ());
            }
            Self::Whole(whole) => {
                memory.clear();
                memory.extend_from_slice(vectors);
                let whole = Matrix::of_rows(whole, inputs);
                product(vectors, 0.0, Matrix::of_rows(memory, inputs), whole, 1.0);
            }
        }
    }
}

/// `vectors -= a(vectors rows^T) rows`, with answers changed in place by `answer`.
pub(crate) fn take_out<T: Number>(
    rows: Matrix<'_, T>,
    vectors: &mut [T],
    memory: &mut Vec<T>,
    answer: impl Fn(&mut [T]) + Sync,
) {
    if rows.rows() > 0 {
        through(rows, [1.0, -1.0], vectors, memory, answer);
    }
}

/// `vectors = keep * vectors + factor * a(vectors rows^T) rows` for `[keep, factor]`, with answers
/// changed in place by `answer`.
fn through<T: Number>(
    rows: Matrix<'_, T>,
    [keep, factor]: [f64; 2],
    vectors: &mut [T],
    memory: &mut Vec<T>,
    answer: impl Fn(&mut [T]) + Sync,
) {
    let (count, inputs) = (rows.rows(), rows.columns());
    memory.resize(vectors.len() / inputs * count, T::default());
    product(memory, 0.0, Matrix::of_rows(vectors, inputs), rows.transposed(), 1.0);
    memory.par_chunks_mut(SOME).for_each(&answer);
    product(vectors, keep, Matrix::of_rows(memory, count), rows, factor);
}

/// Whether `H H^T` is one, up to rounding.
fn are_orthonormal<T: Number>(rows: Matrix<'_, T>) -> bool {
    let count = rows.rows();
    let mut gram = vec![T::default(); count * count];
    product(&mut gram, 0.0, rows, rows.transposed(), 1.0);
    let one = |place: usize| f64::from(u8::from(place / count == place % count));
    let mut entries = gram.into_iter().enumerate();
    entries.all(|(place, entry)| (entry.into() - one(place)).abs() <= 16.0 * T::EPSILON)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::continual::made_up::normal;

    /// The plain form.
    fn taken_out<T: Number>(rows: &[T], inputs: usize, vectors: &[T]) -> Vec<f64> {
        let to_f64 = |values: &[T]| values.iter().map(|&v| v.into()).collect::<Vec<f64>>();
        let (rows, mut left) = (to_f64(rows), to_f64(vectors));
        for vector in left.chunks_mut(inputs) {
            let given = vector.to_vec();
            for row in rows.chunks(inputs) {
                let along: f64 = row.iter().zip(&given).map(|(h, x)| h * x).sum();
                vector.iter_mut().zip(row).for_each(|(x, h)| *x -= along * h);
            }
        }
        left
    }

    /// Each form, in sizes below and above those of large products.
    fn every_form_is_the_plain_one<T: Number>() {
        for (inputs, half) in [(40, 20), (120, 60)] {
            let counts =
                [(half, true), (half + 1, true), (inputs, true), (half, false), (half + 1, false)];
            for (count, orthonormal) in counts {
                a_form_is_the_plain_one::<T>(inputs, count, orthonormal);
            }
        }
    }

    /// The form of so many rows, with its largest error in units of [`Number::EPSILON`].
    fn a_form_is_the_plain_one<T: Number>(inputs: usize, count: usize, orthonormal: bool) {
        let mut rows: Vec<T> = normal(count * inputs, 3);
        if orthonormal {
            orthonormalise(&mut rows, &[], inputs);
        } else {
            rows.iter_mut().for_each(|row| *row = T::of(0.1) * *row);
        }
        let projector = Projector::of_rows(&rows, inputs);
        match (&projector, 2 * count > inputs, orthonormal) {
            (Projector::Rows, false, _) | (Projector::Whole(_), true, false) => (),
            (Projector::Complement(basis), true, true) => {
                assert_eq!(basis.len(), (inputs - count) * inputs);
            }
            other => panic!("{count} rows, orthonormal: {orthonormal}: {other:?}"),
        }
        let vectors: Vec<T> = normal(7 * inputs, 5);
        let expected = taken_out(&rows, inputs, &vectors);
        let mut ours = vectors;
        projector.project(Matrix::of_rows(&rows, inputs), &mut ours, &mut Vec::new());
        let errors = ours.iter().zip(expected).map(|(&ours, plain)| (ours.into() - plain).abs());
        let worst = errors.fold(0.0, f64::max);
        assert!(worst < 300.0 * T::EPSILON, "{count} rows: {worst:e}");
    }

    #[test]
    fn every_form_is_the_plain_one_in_f32() {
        every_form_is_the_plain_one::<f32>();
    }

    #[test]
    fn every_form_is_the_plain_one_in_f64() {
        every_form_is_the_plain_one::<f64>();
    }
}
