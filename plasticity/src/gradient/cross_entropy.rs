//! Losses of the readout of one sample whose class is known, and their gradients.
//!
//! Every loss first turns the readout, one row of steps per class, into one score `m_c` per class,
//! then takes the cross entropy of the scores: `L = ln sum_k exp(m_k) - m_label`, so that `q_c =
//! dL/dm_c = softmax_c(m) - [c = label]`. The class with the largest score is the prediction; of
//! equals, the first.
//!
//! | loss | score `m_c` | `dL/dv_c[t]` |
//! |---|---|---|
//! | `sum_softmax` | `sum_t p_c[t]`, `p[t] = softmax(v[t])` | `p_c[t] (q_c - sum_k p_k[t] q_k)` |
//! | `max_over_time` | `max_t v_c[t]` | `q_c` at the first step of the maximum, else 0 |
//! | `mean` | `sum_t v_c[t] / steps` | `q_c / steps` |
//! | `last` | `v_c[steps - 1]` | `q_c` at the last step, else 0 |
//! | `spike_count` | `sum_t S_c[t]` | `q_c`, with respect to the spikes `S_c[t]` |
//!
//! `sum_softmax` is the reference's [Hammouamri et al. 2023]: its scores are themselves sums of
//! probabilities, so a softmax is taken twice, on purpose.
//!
//! All sums and exponentials are `f64`; maxima are subtracted before each exponential, so no finite
//! readout overflows.

use crate::gradient::loss::Loss;
use serde::{Deserialize, Serialize};
use sim_core::{Readout, SampleLoss};

/// Cross entropy of the scores of a readout; the variants are the scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrossEntropy {
    /// Sum over time of the softmax over classes.
    #[default]
    SumSoftmax,
    /// Largest potential.
    MaxOverTime,
    /// Mean potential.
    Mean,
    /// Potential of the last step.
    Last,
    /// Number of spikes. A leaky integrator never fires, so this loss is for an output population
    /// that does: its rows hold the spikes (0 or 1) instead of the potential, and the gradient is
    /// the one that enters the population's surrogate slope.
    SpikeCount,
}

impl Loss for CrossEntropy {
    fn reads_spikes(&self) -> bool {
        *self == Self::SpikeCount
    }

    /// The loss is in nats.
    ///
    /// # Panics
    /// If the readout or the gradient has another size than it says, there is no class, or `label`
    /// is none of them.
    fn evaluate(
        &self,
        readout: Readout<'_>,
        label: usize,
        gradient: Option<(&mut [f32], f64)>,
        memory: &mut Vec<f64>,
    ) -> SampleLoss {
        let Readout { values: potential, neurons: classes, steps } = readout;
        check_shape(potential.len(), classes, steps);
        memory.resize(2 * classes + self.softmax_numbers(classes, steps), 0.0);
        let (scores, rest) = memory.split_at_mut(classes);
        let (q, softmax) = rest.split_at_mut(classes);
        self.score(potential, steps, scores, softmax);
        let sample = cross_entropy(scores, label, q);
        if let Some((gradient, scale)) = gradient {
            check_shape(gradient.len(), classes, steps);
            self.gradient(potential, steps, q, softmax, scale, gradient);
        }
        sample
    }

    /// The scores `m_c` of the table.
    ///
    /// # Panics
    /// If the readout has another size than it says, or there is no class.
    fn scores(&self, readout: Readout<'_>, scores: &mut Vec<f64>) {
        let Readout { values, neurons: classes, steps } = readout;
        check_shape(values.len(), classes, steps);
        scores.clear();
        scores.resize(classes + self.softmax_numbers(classes, steps), 0.0);
        let (of_classes, softmax) = scores.split_at_mut(classes);
        self.score(values, steps, of_classes, softmax);
        scores.truncate(classes);
    }
}

impl CrossEntropy {
    /// Numbers that [`softmax`] works in, if the loss takes a softmax: `p`, then two numbers per
    /// step.
    fn softmax_numbers(self, classes: usize, steps: usize) -> usize {
        if self == Self::SumSoftmax { (classes + 2) * steps } else { 0 }
    }

    fn score(self, potential: &[f32], steps: usize, scores: &mut [f64], p: &mut [f64]) {
        if steps == 0 {
            scores.fill(0.0);
            return;
        }
        if self == Self::SumSoftmax {
            softmax(potential, steps, p);
        }
        for (class, (score, row)) in
            scores.iter_mut().zip(potential.chunks_exact(steps)).enumerate()
        {
            *score = match self {
                Self::SumSoftmax => p[class * steps..][..steps].iter().sum(),
                Self::MaxOverTime => f64::from(row[first_maximum(row)]),
                Self::Mean => sum(row) / steps as f64,
                Self::Last => f64::from(row[steps - 1]),
                Self::SpikeCount => sum(row),
            };
        }
    }

    fn gradient(
        self,
        potential: &[f32],
        steps: usize,
        q: &[f64],
        p: &mut [f64],
        scale: f64,
        gradient: &mut [f32],
    ) {
        if steps == 0 {
            return;
        }
        if self == Self::SumSoftmax {
            softmax_gradient(p, steps, q, scale, gradient);
            return;
        }
        for ((d_row, row), q) in
            gradient.chunks_exact_mut(steps).zip(potential.chunks_exact(steps)).zip(q)
        {
            let share = if self == Self::Mean { 1.0 / steps as f64 } else { 1.0 };
            let d_score = (scale * q * share) as f32;
            match self {
                Self::Mean | Self::SpikeCount => d_row.fill(d_score),
                _ => {
                    d_row.fill(0.0);
                    d_row[if self == Self::Last { steps - 1 } else { first_maximum(row) }] =
                        d_score;
                }
            }
        }
    }
}

/// Cross entropy of `scores` with its prediction; its gradient is written to `q`.
fn cross_entropy(scores: &[f64], label: usize, q: &mut [f64]) -> SampleLoss {
    assert!(label < scores.len(), "label {label} is none of {} classes", scores.len());
    let mut predicted = 0;
    for (class, score) in scores.iter().enumerate() {
        if *score > scores[predicted] {
            predicted = class;
        }
    }
    let largest = scores[predicted];
    q.iter_mut().zip(scores).for_each(|(q, score)| *q = (score - largest).exp());
    let total: f64 = q.iter().sum();
    q.iter_mut().for_each(|q| *q /= total);
    q[label] -= 1.0;
    SampleLoss { loss: total.ln() + largest - scores[label], predicted }
}

/// `p_c[t] = softmax_c(v[t])`, `[classes, steps]`, of at least one step; `p` is followed by two
/// numbers per step of working memory. Rows are walked along time, so that the inner loops are
/// plain.
fn softmax(potential: &[f32], steps: usize, p: &mut [f64]) {
    let (p, per_step) = p.split_at_mut(potential.len());
    let (largest, total) = per_step.split_at_mut(steps);
    largest.iter_mut().zip(potential).for_each(|(largest, v)| *largest = f64::from(*v));
    for row in potential.chunks_exact(steps) {
        largest.iter_mut().zip(row).for_each(|(largest, v)| *largest = largest.max(f64::from(*v)));
    }
    total.fill(0.0);
    for (p, row) in p.chunks_exact_mut(steps).zip(potential.chunks_exact(steps)) {
        p.iter_mut()
            .zip(row)
            .zip(&*largest)
            .for_each(|((p, v), largest)| *p = (f64::from(*v) - largest).exp());
        total.iter_mut().zip(&*p).for_each(|(total, e)| *total += e);
    }
    for row in p.chunks_exact_mut(steps) {
        row.iter_mut().zip(&*total).for_each(|(p, total)| *p /= total);
    }
}

/// `scale * p_c[t] (q_c - sum_k p_k[t] q_k)` with `p` as [`softmax`] left it.
fn softmax_gradient(p: &mut [f64], steps: usize, q: &[f64], scale: f64, gradient: &mut [f32]) {
    let (p, per_step) = p.split_at_mut(gradient.len());
    let mean_q = &mut per_step[..steps];
    mean_q.fill(0.0);
    for (row, q) in p.chunks_exact(steps).zip(q) {
        mean_q.iter_mut().zip(row).for_each(|(mean_q, p)| *mean_q += p * q);
    }
    for ((d_row, row), q) in gradient.chunks_exact_mut(steps).zip(p.chunks_exact(steps)).zip(q) {
        for ((d_v, p), mean_q) in d_row.iter_mut().zip(row).zip(&*mean_q) {
            *d_v = (scale * p * (q - mean_q)) as f32;
        }
    }
}

fn sum(row: &[f32]) -> f64 {
    row.iter().map(|&v| f64::from(v)).sum()
}

/// The first step of the largest potential, or of a potential that is not a number: so a NaN cannot
/// hide.
fn first_maximum(row: &[f32]) -> usize {
    let mut best = 0;
    for (t, v) in row.iter().enumerate() {
        if *v > row[best] || v.is_nan() {
            best = t;
        }
    }
    best
}

fn check_shape(length: usize, classes: usize, steps: usize) {
    assert!(classes > 0, "a loss needs at least one class");
    assert_eq!(length, classes * steps, "a readout of {classes} classes and {steps} steps");
}

#[cfg(test)]
mod tests;
