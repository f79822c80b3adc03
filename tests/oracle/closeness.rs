//! The one way in which these tests compare numbers.

/// `f32` as `f64`.
pub fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

/// The largest absolute value; zero of none.
pub fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest, value| largest.max(value.abs()))
}

/// Largest difference of two arrays, each entry as a share of the scale that `scale` gives for its
/// expected value.
fn largest_share(actual: &[f64], expected: &[f64], scale: impl Fn(f64) -> f64) -> f64 {
    assert_eq!(actual.len(), expected.len(), "arrays of the same length");
    let share = |(a, e): (&f64, &f64)| (a - e).abs() / scale(*e).max(f64::MIN_POSITIVE);
    // A comparison that a NaN passes would be worthless, and f64::max drops it.
    let worst = |worst: f64, share: f64| if share <= worst { worst } else { share };
    actual.iter().zip(expected).map(share).fold(0.0, worst)
}

/// Largest difference of two arrays, as a share of the largest entry expected.
pub fn largest_error(actual: &[f64], expected: &[f64]) -> f64 {
    let largest = largest(expected);
    largest_share(actual, expected, |_| largest)
}

/// Asserts that every entry is within `tolerance` of its expected value. An entry that should be
/// small compared with the whole array is the remainder of a sum of larger terms, so entries below
/// `floor` times the largest are measured against that instead.
pub fn assert_close(name: &str, actual: &[f64], expected: &[f64], tolerance: f64, floor: f64) {
    let least = floor * largest(expected);
    assert_shares(name, actual, expected, tolerance, |value: f64| value.abs().max(least));
}

/// Asserts that no entry is further off than `tolerance` times the largest entry expected, or times
/// `least` if that is more.
pub fn assert_close_to_scale(
    name: &str,
    actual: &[f64],
    expected: &[f64],
    tolerance: f64,
    least: f64,
) {
    let scale = largest(expected).max(least);
    assert_shares(name, actual, expected, tolerance, |_| scale);
}

fn assert_shares(
    name: &str,
    actual: &[f64],
    expected: &[f64],
    tolerance: f64,
    scale: impl Fn(f64) -> f64,
) {
    let error = largest_share(actual, expected, scale);
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
        "{name}: relative error {error:e} above {tolerance:e}; furthest off is entry {}: {} \
         instead of {}",
        worst.0, worst.2, worst.3
    );
}
