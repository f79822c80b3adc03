//! Numbers for tests.

use crate::continual::dense::Number;
use rand::RngExt;
use rand_distr::StandardNormal;
use sim_core::{Purpose, Seed};

/// Standard normal numbers.
pub(crate) fn normal<T: Number>(count: usize, stream: u64) -> Vec<T> {
    let mut random = Seed(15).stream(Purpose::Synthesis, stream, 0);
    (0..count).map(|_| T::of(random.sample(StandardNormal))).collect()
}

/// Samples `[sample][input]` with `rank` directions, of which the first are the strongest.
pub(crate) fn low_rank<T: Number>(
    samples: usize,
    inputs: usize,
    rank: usize,
    stream: u64,
) -> Vec<T> {
    let directions: Vec<f64> = normal(rank * inputs, stream);
    let strengths: Vec<f64> = normal(samples * rank, stream + 1000);
    let mut values = vec![T::default(); samples * inputs];
    for (value, n) in values.iter_mut().zip(0..) {
        let (sample, input) = (n / inputs, n % inputs);
        let term = |k: usize| {
            let scale = 2.0 * (rank - k) as f64 / (rank * inputs) as f64;
            scale.sqrt() * strengths[sample * rank + k] * directions[k * inputs + input]
        };
        *value = T::of((0..rank).map(term).sum());
    }
    values
}
