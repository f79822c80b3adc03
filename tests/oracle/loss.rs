//! The reference's loss: cross entropy of the sum over time of the softmax over classes.

use super::Signal;

/// A batch's loss.
#[derive(Debug, Clone)]
pub struct OracleLoss {
    /// Mean over the batch.
    pub loss: f64,
    /// `m`, `[batch][class]`.
    pub scores: Vec<f64>,
    /// `dL/dv`, of the mean over the batch.
    pub gradient: Signal,
}

/// `m_c = sum_t softmax_c(v[t])`, `L = mean of -ln softmax_label(m)`.
pub fn sum_softmax(readout: &Signal, labels: &[usize]) -> OracleLoss {
    let Signal { batch, neurons: classes, steps, .. } = *readout;
    let mut result = OracleLoss {
        loss: 0.0,
        scores: Vec::new(),
        gradient: Signal::zeros(batch, classes, steps),
    };
    for (sample, &label) in labels.iter().enumerate() {
        let p: Vec<Vec<f64>> = (0..steps)
            .map(|step| {
                softmax(&(0..classes).map(|c| readout.at(sample, c, step)).collect::<Vec<_>>())
            })
            .collect();
        let scores: Vec<f64> = (0..classes).map(|c| p.iter().map(|p| p[c]).sum()).collect();
        let mut q = softmax(&scores);
        result.loss -= q[label].ln() / batch as f64;
        q[label] -= 1.0;
        for (step, p) in p.iter().enumerate() {
            let mean_q: f64 = p.iter().zip(&q).map(|(p, q)| p * q).sum();
            for c in 0..classes {
                *result.gradient.at_mut(sample, c, step) = p[c] * (q[c] - mean_q) / batch as f64;
            }
        }
        result.scores.extend(scores);
    }
    result
}

fn softmax(values: &[f64]) -> Vec<f64> {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let e: Vec<f64> = values.iter().map(|value| (value - largest).exp()).collect();
    let total: f64 = e.iter().sum();
    e.iter().map(|e| e / total).collect()
}
