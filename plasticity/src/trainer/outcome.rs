//! The result of an evaluation for one sample.

use crate::gradient::loss::Loss;
use serde::{Deserialize, Serialize};
use sim_core::{Readout, SampleLoss, SampleSource};

/// The result of an evaluation for one sample. It depends on the network and the sample alone:
/// neither on the samples beside it nor on their order, the batch size or the number of threads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampleOutcome {
    /// Index of the sample.
    pub sample: usize,
    /// Its class.
    pub label: usize,
    /// Its speaker, where the samples tell of speakers.
    pub speaker: Option<u16>,
    /// The class that the network chose.
    pub predicted: usize,
    /// The loss.
    pub loss: f64,
    /// One score per class, of which the highest is predicted; empty where they were not asked for,
    /// or the loss has none.
    pub scores: Vec<f64>,
}

impl SampleOutcome {
    /// The outcome of sample `sample` of `data`, from what a loss said of it.
    pub fn new(
        data: &dyn SampleSource,
        sample: usize,
        of_sample: SampleLoss,
        scores: Vec<f64>,
    ) -> Self {
        let SampleLoss { loss, predicted } = of_sample;
        let (label, speaker) = (data.label(sample), data.speaker(sample));
        Self { sample, label, speaker, predicted, loss, scores }
    }

    /// The outcome of sample `sample` of `data`, with scores, as `loss` judges its readout.
    pub fn of_readout(
        data: &dyn SampleSource,
        sample: usize,
        loss: &dyn Loss,
        readout: Readout<'_>,
    ) -> Self {
        let of_sample = loss.evaluate(readout, data.label(sample), None, &mut Vec::new());
        let mut scores = Vec::new();
        loss.scores(readout, &mut scores);
        Self::new(data, sample, of_sample, scores)
    }

    /// Whether the class was predicted.
    pub fn is_correct(&self) -> bool {
        self.predicted == self.label
    }

    /// How far the highest score is above the next; `None` without scores of two classes.
    pub fn margin(&self) -> Option<f64> {
        let highest = *self.scores.get(self.predicted)?;
        let others = self.scores.iter().enumerate().filter(|&(class, _)| class != self.predicted);
        others.map(|(_, score)| highest - score).reduce(f64::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_is_to_the_next_best_class() {
        let outcome = |predicted, scores: &[f64]| SampleOutcome {
            sample: 0,
            label: 1,
            speaker: None,
            predicted,
            loss: 0.0,
            scores: scores.into(),
        };
        assert_eq!(outcome(2, &[1.0, 2.5, 4.0]).margin(), Some(1.5));
        assert_eq!(outcome(0, &[4.0, 4.0]).margin(), Some(0.0));
        assert_eq!(outcome(0, &[4.0]).margin(), None);
        assert_eq!(outcome(1, &[]).margin(), None);
        assert!(outcome(1, &[]).is_correct() && !outcome(0, &[]).is_correct());
    }
}
