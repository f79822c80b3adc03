//! What a network is worth on samples it was not trained on.

use serde::{Deserialize, Serialize};

/// Result of an evaluation with deployed delays.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Evaluation {
    /// Number of samples.
    pub samples: usize,
    /// Samples whose class was predicted.
    pub correct: usize,
    /// Mean loss.
    pub loss: f64,
    /// `confusion[true class][predicted class]`.
    pub confusion: Vec<Vec<u32>>,
    /// Spikes per neuron and step, by hidden population.
    pub firing_rates: Vec<(String, f64)>,
}

impl Evaluation {
    /// Share of samples whose class was predicted.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.samples.max(1) as f64
    }

    /// Standard error of the accuracy, `sqrt(p (1 - p) / n)`.
    pub fn standard_error(&self) -> f64 {
        let p = self.accuracy();
        (p * (1.0 - p) / self.samples.max(1) as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_comes_with_its_standard_error() {
        let evaluation = Evaluation { samples: 100, correct: 90, ..Evaluation::default() };
        assert_eq!(evaluation.accuracy(), 0.9);
        assert!((evaluation.standard_error() - 0.03).abs() < 1e-12);
        assert_eq!(Evaluation::default().accuracy(), 0.0);
    }
}
