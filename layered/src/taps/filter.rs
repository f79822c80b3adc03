//! Filters over time.

/// A filter over time: `out[t] = sum_k value[k] * in[t - first - k * spacing]`; the caller knows
/// the spacing, which is 1 unless said otherwise.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    /// Delay of the first value in steps.
    pub first: usize,
    /// Filter values.
    pub value: Vec<f32>,
    /// The values from last to first: the order in which a row of the past is read.
    pub reversed: Vec<f32>,
}

impl Filter {
    /// The filter `value`, delayed by `first` steps.
    pub fn new(first: usize, value: Vec<f32>) -> Self {
        let reversed = value.iter().rev().copied().collect();
        Self { first, value, reversed }
    }
}

/// The Gaussian around `centre`, cut off `cut` steps to either side and at the ends of the window,
/// and normalised to the mass that is left.
pub(crate) fn windowed(centre: f64, cut: f64, max_delay: usize, sigma: f64) -> Filter {
    let first = (centre - cut).ceil().max(0.0) as usize;
    let last = ((centre + cut).floor() as usize).min(max_delay);
    let bump: Vec<f64> =
        (first..=last).map(|n| (-0.5 * ((n as f64 - centre) / sigma).powi(2)).exp()).collect();
    let sum: f64 = bump.iter().sum();
    Filter::new(first, bump.iter().map(|value| (value / sum) as f32).collect())
}
