//! Times: NIR counts in seconds, we in milliseconds.

/// `ms` in seconds.
pub(super) fn seconds(ms: f64) -> f64 {
    ms / 1000.0
}

/// `seconds` in ms: `told`, where that is a number of ms whose seconds these are, so that a time
/// comes back to the last bit; else the product.
pub(super) fn milliseconds(value: f64, told: Option<f64>) -> f64 {
    told.filter(|ms| seconds(*ms) == value).unwrap_or(value * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back_to_the_last_bit_and_false_words_are_not_believed() {
        for ms in [10.05, 0.1, 0.3, 1.0 / 3.0, 19.99, 1e-3, 12345.678] {
            assert_eq!(milliseconds(seconds(ms), Some(ms)), ms);
            assert!((milliseconds(seconds(ms), None) - ms).abs() <= 2e-16 * 2.0 * ms);
            assert_eq!(milliseconds(0.02, Some(ms)), 20.0);
        }
    }
}
