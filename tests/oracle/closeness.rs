//! The one way in which these tests compare numbers.

/// Largest error of `actual`, each entry relative to its expected value. An entry that should be
/// small compared with the whole array is the remainder of a sum of larger terms, so entries below
/// `floor` times the largest are measured against that instead.
pub fn largest_error(actual: &[f64], expected: &[f64], floor: f64) -> f64 {
    assert_eq!(actual.len(), expected.len(), "arrays of the same length");
    let largest = expected.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let error =
        |(a, e): (&f64, &f64)| (a - e).abs() / e.abs().max(floor * largest).max(f64::MIN_POSITIVE);
    // A comparison that a NaN passes would be worthless, and f64::max drops it.
    actual
        .iter()
        .zip(expected)
        .map(error)
        .fold(0.0, |worst, error| if error <= worst { worst } else { error })
}

/// Asserts that [`largest_error`] is at most `tolerance`, and says where it is not.
pub fn assert_close(name: &str, actual: &[f64], expected: &[f64], tolerance: f64, floor: f64) {
    let error = largest_error(actual, expected, floor);
    if error <= tolerance {
        return;
    }
    let worst = actual
        .iter()
        .zip(expected)
        .enumerate()
        .map(|(index, (a, e))| (index, (a - e).abs(), a, e))
        .max_by(|left, right| left.1.total_cmp(&right.1))
        .expect("an error needs an entry");
    panic!(
        "{name}: relative error {error:e} above {tolerance:e}; furthest off is entry {}: {} instead of {}",
        worst.0, worst.2, worst.3
    );
}
