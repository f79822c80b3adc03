//! Long series, thinned to what the pixels of a figure can show.

/// Median and range of the values in each of some columns beside each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Envelope {
    /// Middle of each column, on a scale where value i lies between i and i + 1.
    pub xs: Vec<f64>,
    /// Smallest finite value; NaN without any.
    pub lowest: Vec<f64>,
    /// Median of the finite values; NaN without any.
    pub median: Vec<f64>,
    /// Largest finite value; NaN without any.
    pub highest: Vec<f64>,
}

impl Envelope {
    /// Cuts a series into at most `most` columns of consecutive values, whose numbers differ by one
    /// at most. With as many columns as values the median is the series itself.
    pub fn of(values: &[f32], most: usize) -> Self {
        let columns = most.clamp(1, values.len().max(1));
        let start = |column: usize| column * values.len() / columns;
        let mut envelope = Self::default();
        for column in 0..columns {
            let (from, to) = (start(column), start(column + 1));
            let mut finite: Vec<f64> = values[from..to].iter().copied().map(f64::from).collect();
            finite.retain(|value| value.is_finite());
            finite.sort_unstable_by(f64::total_cmp);
            let at = |index: usize| finite.get(index).copied().unwrap_or(f64::NAN);
            envelope.xs.push((from + to) as f64 / 2.0);
            envelope.lowest.push(at(0));
            let below_middle = finite.len().saturating_sub(1) / 2;
            envelope.median.push((at(below_middle) + at(finite.len() / 2)) / 2.0);
            envelope.highest.push(at(finite.len().saturating_sub(1)));
        }
        envelope
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_one_column() {
        let values: Vec<f32> = (0..10).map(|i| i as f32).collect();
        let envelope = Envelope::of(&values, 4);
        assert_eq!(envelope.lowest, [0.0, 2.0, 5.0, 7.0]);
        assert_eq!(envelope.median, [0.5, 3.0, 5.5, 8.0]);
        assert_eq!(envelope.highest, [1.0, 4.0, 6.0, 9.0]);
        assert_eq!(envelope.xs, [1.0, 3.5, 6.0, 8.5]);
    }

    #[test]
    fn few_values_stay_as_they_are() {
        let envelope = Envelope::of(&[3.0, 1.0, 2.0], 100);
        assert_eq!(envelope.median, [3.0, 1.0, 2.0]);
        assert_eq!((&envelope.lowest, &envelope.highest), (&envelope.median, &envelope.median));
        assert_eq!(envelope.xs, [0.5, 1.5, 2.5]);
    }

    #[test]
    fn values_that_are_not_finite_are_left_out() {
        let envelope = Envelope::of(&[f32::NAN, 1.0, f32::NAN, f32::INFINITY], 2);
        assert_eq!((envelope.lowest[0], envelope.highest[0]), (1.0, 1.0));
        assert!(envelope.median[1].is_nan() && envelope.lowest[1].is_nan());
        assert!(Envelope::of(&[], 5).median[0].is_nan());
    }
}
