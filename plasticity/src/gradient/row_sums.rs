//! The sum of the sizes of each neuron's incoming weights, which an update may keep.

use rayon::prelude::*;

/// Notes in `sums` the sum of the sizes of each row of so many weights.
pub(crate) fn note(weights: &[f32], row: usize, sums: &mut Vec<f64>) {
    sums.resize(weights.len().div_ceil(row), 0.0);
    let rows = weights.par_chunks(row).zip(sums);
    rows.for_each(|(row, noted)| *noted = sum(row));
}

/// Scales every row to the sum that was noted; a row of zeros stays as it is. No other weight
/// becomes smaller in size than `floor`.
pub(crate) fn restore(weights: &mut [f32], row: usize, sums: &[f64], floor: f32) {
    let rows = weights.par_chunks_mut(row).zip(sums);
    rows.for_each(|(row, noted)| {
        let now = sum(row);
        if now > 0.0 {
            let scale = (noted / now) as f32;
            for weight in row.iter_mut().filter(|weight| **weight != 0.0) {
                let scaled = *weight * scale;
                *weight = if scaled.abs() < floor { floor.copysign(*weight) } else { scaled };
            }
        }
    });
}

fn sum(row: &[f32]) -> f64 {
    row.iter().map(|weight| f64::from(weight.abs())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_scaled_to_its_sum_and_zeros_stay() {
        let mut sums = vec![9.0; 7];
        note(&[1.0, -3.0, 0.0, 0.0, 5.0], 2, &mut sums);
        assert_eq!(sums, [4.0, 0.0, 5.0]);
        let mut weights = [4.0, -4.0, 0.0, 0.0, 1.0];
        restore(&mut weights, 2, &sums, 1e-18);
        assert_eq!(weights, [2.0, -2.0, 0.0, 0.0, 5.0]);
        let mut weights = [1e30, -1e-18];
        restore(&mut weights, 2, &sums, 1e-18);
        assert_eq!(weights, [4.0, -1e-18], "what is not zero stays above the floor");
    }
}
