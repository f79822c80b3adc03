//! What the readout of one sample should look like, and the gradient of missing it.
//!
//! Every loss first turns the readout, one row of steps per class, into one score `m_c` per class, then takes the cross entropy of
//! the scores: `L = ln sum_k exp(m_k) - m_label`, so that `q_c = dL/dm_c = softmax_c(m) - [c = label]`. The class with the largest score
//! is the prediction; of equals, the first.
//!
//! | loss | score `m_c` | `dL/dv_c[t]` |
//! |---|---|---|
//! | `sum_softmax` | `sum_t p_c[t]`, `p[t] = softmax(v[t])` over the classes | `p_c[t] (q_c - sum_k p_k[t] q_k)` |
//! | `max_over_time` | `max_t v_c[t]` | `q_c` at the first step of the maximum, else 0 |
//! | `mean` | `sum_t v_c[t] / steps` | `q_c / steps` |
//! | `last` | `v_c[steps - 1]` | `q_c` at the last step, else 0 |
//! | `spike_count` | `sum_t S_c[t]` | `q_c`, with respect to the spikes `S_c[t]` |
//!
//! `sum_softmax` is the reference's [Hammouamri et al. 2023]: its scores are themselves sums of probabilities, so a softmax is taken
//! twice, on purpose.
//!
//! All sums and exponentials are `f64`; maxima are subtracted before each exponential, so no finite readout overflows.

use serde::{Deserialize, Serialize};
use sim_core::SampleLoss;

/// How a readout is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Sum over time of the softmax over classes.
    #[default]
    SumSoftmax,
    /// Largest potential.
    MaxOverTime,
    /// Mean potential.
    Mean,
    /// Potential of the last step.
    Last,
    /// Number of spikes. A leaky integrator never fires, so this loss is for an output population that does: its rows hold the spikes
    /// (0 or 1) instead of the potential, and the gradient is the one that enters the population's surrogate slope.
    SpikeCount,
}

impl Loss {
    /// Whether the rows must hold the spikes of a firing output population instead of potentials.
    pub fn reads_spikes(self) -> bool {
        self == Self::SpikeCount
    }

    /// One score per class. `potential` is `[classes, steps]`; without steps all scores are 0.
    ///
    /// # Panics
    /// If `potential` has another size or there is no class.
    pub fn scores(&self, potential: &[f32], classes: usize, steps: usize) -> Vec<f64> {
        check_shape(potential.len(), classes, steps);
        if steps == 0 {
            return vec![0.0; classes];
        }
        let rows = potential.chunks_exact(steps);
        match self {
            Self::SumSoftmax => Probabilities::new(potential, steps).scores(steps),
            Self::MaxOverTime => rows.map(|row| f64::from(row[first_maximum(row)])).collect(),
            Self::Mean => rows.map(|row| sum(row) / steps as f64).collect(),
            Self::Last => rows.map(|row| f64::from(row[steps - 1])).collect(),
            Self::SpikeCount => rows.map(sum).collect(),
        }
    }

    /// Loss (in nats, not scaled by the batch) and prediction of one sample. `potential` is `[classes, steps]`, `label` its class.
    ///
    /// # Panics
    /// If `potential` has another size, there is no class, or `label` is none of them.
    pub fn value(&self, potential: &[f32], classes: usize, steps: usize, label: usize) -> SampleLoss {
        cross_entropy(&self.scores(potential, classes, steps), label).0
    }

    /// [`Self::value`] together with its gradient: `gradient`, `[classes, steps]`, is overwritten with `scale * dL/dv`. With a batch's
    /// mean loss in mind, `scale` is one over the number of its samples.
    ///
    /// # Panics
    /// If `potential` or `gradient` has another size, there is no class, or `label` is none of them.
    pub fn value_and_gradient(
        &self,
        potential: &[f32],
        classes: usize,
        steps: usize,
        label: usize,
        scale: f64,
        gradient: &mut [f32],
    ) -> SampleLoss {
        check_shape(gradient.len(), classes, steps);
        if steps == 0 {
            return self.value(potential, classes, steps, label);
        }
        if *self == Self::SumSoftmax {
            check_shape(potential.len(), classes, steps);
            let probabilities = Probabilities::new(potential, steps);
            let (sample, q) = cross_entropy(&probabilities.scores(steps), label);
            probabilities.gradient(&q, scale, gradient);
            return sample;
        }
        let (sample, q) = cross_entropy(&self.scores(potential, classes, steps), label);
        for ((d_row, row), q) in gradient.chunks_exact_mut(steps).zip(potential.chunks_exact(steps)).zip(q) {
            let share = if *self == Self::Mean { 1.0 / steps as f64 } else { 1.0 };
            let d_score = (scale * q * share) as f32;
            match self {
                Self::Mean | Self::SpikeCount => d_row.fill(d_score),
                _ => {
                    d_row.fill(0.0);
                    d_row[if *self == Self::Last { steps - 1 } else { first_maximum(row) }] = d_score;
                }
            }
        }
        sample
    }
}

/// Cross entropy of `scores` with its prediction, and its gradient `q`.
fn cross_entropy(scores: &[f64], label: usize) -> (SampleLoss, Vec<f64>) {
    assert!(label < scores.len(), "label {label} is none of {} classes", scores.len());
    let mut predicted = 0;
    for (class, score) in scores.iter().enumerate() {
        if *score > scores[predicted] {
            predicted = class;
        }
    }
    let largest = scores[predicted];
    let mut q: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
    let total: f64 = q.iter().sum();
    q.iter_mut().for_each(|q| *q /= total);
    q[label] -= 1.0;
    (SampleLoss { loss: total.ln() + largest - scores[label], predicted }, q)
}

/// `p_c[t] = softmax_c(v[t])`, `[classes, steps]`, of at least one step. Rows are walked along time, so that the inner loops are plain.
struct Probabilities(Vec<f64>);

impl Probabilities {
    fn new(potential: &[f32], steps: usize) -> Self {
        let mut largest = potential[..steps].to_vec();
        for row in potential.chunks_exact(steps) {
            largest.iter_mut().zip(row).for_each(|(largest, v)| *largest = largest.max(*v));
        }
        let mut total = vec![0.0_f64; steps];
        let mut p = Vec::with_capacity(potential.len());
        for row in potential.chunks_exact(steps) {
            let start = p.len();
            p.extend(row.iter().zip(&largest).map(|(v, largest)| (f64::from(*v) - f64::from(*largest)).exp()));
            total.iter_mut().zip(&p[start..]).for_each(|(total, e)| *total += e);
        }
        for row in p.chunks_exact_mut(steps) {
            row.iter_mut().zip(&total).for_each(|(p, total)| *p /= total);
        }
        Self(p)
    }

    fn scores(&self, steps: usize) -> Vec<f64> {
        self.0.chunks_exact(steps).map(|row| row.iter().sum()).collect()
    }

    fn gradient(&self, q: &[f64], scale: f64, gradient: &mut [f32]) {
        let steps = self.0.len() / q.len();
        let mut mean_q = vec![0.0_f64; steps];
        for (row, q) in self.0.chunks_exact(steps).zip(q) {
            mean_q.iter_mut().zip(row).for_each(|(mean_q, p)| *mean_q += p * q);
        }
        for ((d_row, row), q) in gradient.chunks_exact_mut(steps).zip(self.0.chunks_exact(steps)).zip(q) {
            for ((d_v, p), mean_q) in d_row.iter_mut().zip(row).zip(&mean_q) {
                *d_v = (scale * p * (q - mean_q)) as f32;
            }
        }
    }
}

fn sum(row: &[f32]) -> f64 {
    row.iter().map(|&v| f64::from(v)).sum()
}

/// The first step of the largest potential, or of one that is not a number, so that it cannot hide.
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
