//! The norm of one population over a batch, there and back.
//!
//! The norm maps the summed input `I` of a neuron to `Z`:
//! ```text
//! Z    = scale * I + offset                             scale = gain / deviation
//! dL/d gain = sum dZ (I - mean) / deviation             dL/d bias = sum dZ
//! dI   = scale * (dZ - mean(dZ) - I' mean(dZ I'))       I' = (I - mean) / deviation
//!      = a * dZ + b * I + c
//! ```
//! Sums run over all steps of all samples of the batch [Ioffe and Szegedy 2015], in the order of
//! its shards. With running statistics, mean and deviation do not depend on the batch: then
//! `dI = scale * dZ`. The variance is the mean square less the squared mean, from `f32` currents
//! summed in short runs: a current that lies far from zero beside its spread loses digits, about as
//! many as the squared ratio of the two has.

use sim_core::{BatchNorm, BatchStatistics, ShardSums};
use simd::{Instructions, padded, time_sums};
use std::ops::Range;

/// The norm of a population in the batch at hand, by neuron.
#[derive(Debug, Default)]
pub(crate) struct NormPass {
    /// `(scale, offset)`; without a norm 1 and 0.
    pub affine: Vec<(f32, f32)>,
    /// `(a, b, c)`; without a norm 1, 0 and 0.
    pub adjoint: Vec<(f32, f32, f32)>,
    /// Mean of the batch, or running mean.
    mean: Vec<f64>,
    /// `sqrt(variance + epsilon)`, likewise.
    deviation: Vec<f64>,
    /// Steps of all samples where the statistics are those of the batch.
    count: Option<usize>,
    /// The sums of the batch.
    totals: ShardSums<(f64, f64)>,
}

impl NormPass {
    /// A population of `size` neurons without a norm.
    pub(crate) fn pass_through(&mut self, size: usize) {
        self.affine.clear();
        self.affine.resize(size, (1.0, 0.0));
        self.adjoint.clear();
        self.adjoint.resize(size, (1.0, 0.0, 0.0));
    }

    /// The deployed norm, from running statistics.
    pub(crate) fn deploy(&mut self, norm: &BatchNorm) {
        let Self { affine, mean, deviation, count, .. } = self;
        affine.clear();
        affine.extend((0..norm.gain.len()).map(|neuron| norm.deployed(neuron)));
        mean.clear();
        mean.extend(norm.running_mean.iter().copied().map(f64::from));
        deviation.clear();
        let variance = norm.running_variance.iter().copied().map(f64::from);
        deviation.extend(variance.map(|variance| (variance + f64::from(norm.epsilon)).sqrt()));
        *count = None;
    }

    /// The norm of a batch of `samples` samples of `steps` steps, from the sums of `I` and `I^2` of
    /// each sample. Returns the statistics of the batch.
    pub(crate) fn normalise<'a>(
        &mut self,
        norm: &BatchNorm,
        (samples, steps): (usize, usize),
        sums: impl Fn(usize) -> &'a NormSums,
        statistics: &mut BatchStatistics,
    ) {
        let Self { affine, mean: kept, deviation, totals, count: of_batch, .. } = self;
        let size = norm.gain.len();
        let BatchStatistics { mean, variance, count } = statistics;
        *count = samples * steps;
        mean.clear();
        variance.clear();
        for &(total, squares) in NormSums::of_batch(totals, samples, size, sums) {
            mean.push(total / (*count).max(1) as f64);
            let mean = mean.last().expect("just pushed");
            variance.push((squares / (*count).max(1) as f64 - mean.powi(2)).max(0.0));
        }
        kept.clone_from(mean);
        *of_batch = Some(*count);
        deviation.clear();
        deviation.extend(
            statistics.variance.iter().map(|variance| (variance + norm.epsilon as f64).sqrt()),
        );
        affine.clear();
        affine.extend((0..size).map(|neuron| {
            let scale = norm.gain[neuron] as f64 / deviation[neuron];
            let offset = norm.bias[neuron] as f64 - statistics.mean[neuron] * scale;
            (scale as f32, offset as f32)
        }));
    }

    /// Writes dL/d gain and dL/d bias from the sums of `dZ` and `dZ I` of each sample, and keeps
    /// the factors that [`norm_adjoint`] needs.
    pub(crate) fn back<'a>(
        &mut self,
        samples: usize,
        sums: impl Fn(usize) -> &'a NormSums,
        [gain, bias]: [&mut [f32]; 2],
    ) {
        let Self { affine, adjoint, mean, deviation, count, totals } = self;
        adjoint.clear();
        let totals = NormSums::of_batch(totals, samples, gain.len(), sums);
        for (neuron, &(first, product)) in totals.iter().enumerate() {
            let (mean, deviation) = (mean[neuron], deviation[neuron]);
            gain[neuron] = ((product - mean * first) / deviation) as f32;
            bias[neuron] = first as f32;
            let scale = affine[neuron].0;
            let Some(count) = count.map(|count| count as f64) else {
                adjoint.push((scale, 0.0, 0.0));
                continue;
            };
            let slope = -(scale as f64) * gain[neuron] as f64 / count / deviation;
            let offset = -(scale as f64) * bias[neuron] as f64 / count - slope * mean;
            adjoint.push((scale, slope as f32, offset as f32));
        }
    }
}

/// Two sums over time for each neuron of one sample.
#[derive(Debug, Clone, Default)]
pub(crate) struct NormSums(Vec<(f64, f64)>);

impl NormSums {
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds, for the next `neurons`, the sums of their rows of `a` and of `a * b`.
    pub(crate) fn push(
        &mut self,
        isa: Instructions,
        a: &[f32],
        b: &[f32],
        neurons: usize,
        steps: usize,
    ) {
        let known = self.0.len();
        self.0.resize(known + neurons, (0.0, 0.0));
        time_sums(isa, a, b, padded(steps), steps, &mut self.0[known..]);
    }

    /// Adds the sums of the current and of its square for the next `neurons`.
    pub(crate) fn push_current(
        &mut self,
        isa: Instructions,
        current: &[f32],
        neurons: Range<usize>,
        steps: usize,
    ) {
        debug_assert_eq!(self.0.len(), neurons.start);
        let rows = &current[neurons.start * padded(steps)..];
        self.push(isa, rows, rows, neurons.len(), steps);
    }

    /// The sums of all samples, `[neuron]`.
    fn of_batch<'a, 'b>(
        totals: &'b mut ShardSums<(f64, f64)>,
        samples: usize,
        size: usize,
        sums: impl Fn(usize) -> &'a Self,
    ) -> &'b [(f64, f64)] {
        let add = |total: &mut (f64, f64), other: (f64, f64)| {
            total.0 += other.0;
            total.1 += other.1;
        };
        totals.sum(samples, size, add, &mut |samples, totals| {
            for sample in samples {
                totals.iter_mut().zip(&sums(sample).0).for_each(|(total, sum)| add(total, *sum));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::sum_over_samples;

    #[test]
    fn sums_of_samples_are_added_in_shards() {
        for samples in [1, 5, 16, 250] {
            let number = |sample: usize, neuron: usize| 1.0 / (0.3 + (2 * sample + neuron) as f64);
            let of_neuron = |sample: usize, neuron: usize| {
                (number(sample, neuron), number(sample, neuron).sqrt())
            };
            let sums: Vec<NormSums> = (0..samples)
                .map(|sample| NormSums((0..3).map(|neuron| of_neuron(sample, neuron)).collect()))
                .collect();
            let mut memory = ShardSums::default();
            let totals = NormSums::of_batch(&mut memory, samples, 3, |sample| &sums[sample]);
            for (neuron, total) in totals.iter().enumerate() {
                let first = sum_over_samples(samples, |sample| of_neuron(sample, neuron).0);
                let second = sum_over_samples(samples, |sample| of_neuron(sample, neuron).1);
                assert_eq!(*total, (first, second), "{samples} samples");
            }
        }
    }
}
