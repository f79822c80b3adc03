//! How many of some samples were right.

use crate::trainer::outcome::SampleOutcome;
use std::collections::BTreeMap;

/// How many of some samples were right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Number of samples.
    pub samples: usize,
    /// Samples whose class was predicted.
    pub correct: usize,
}

impl Tally {
    /// Counts one more sample.
    pub fn count(&mut self, is_correct: bool) {
        self.samples += 1;
        self.correct += usize::from(is_correct);
    }

    /// Counts of every sample with a key, by that key.
    pub fn by<'a, K: Ord>(
        outcomes: impl IntoIterator<Item = &'a SampleOutcome>,
        key: impl Fn(&SampleOutcome) -> Option<K>,
    ) -> BTreeMap<K, Self> {
        let mut tallies = BTreeMap::new();
        for outcome in outcomes {
            if let Some(key) = key(outcome) {
                tallies.entry(key).or_insert_with(Self::default).count(outcome.is_correct());
            }
        }
        tallies
    }

    /// Share of samples whose class was predicted; 0 without samples.
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
        let tally = Tally { samples: 100, correct: 90 };
        assert_eq!(tally.accuracy(), 0.9);
        assert!((tally.standard_error() - 0.03).abs() < 1e-12);
        assert_eq!(Tally::default().accuracy(), 0.0);
    }

    #[test]
    fn samples_without_a_key_are_left_out() {
        let outcome = |sample, label, predicted, speaker| SampleOutcome {
            sample,
            label,
            speaker,
            predicted,
            loss: 0.0,
            scores: Vec::new(),
        };
        let outcomes = [
            outcome(0, 1, 1, Some(4)),
            outcome(1, 0, 1, Some(2)),
            outcome(2, 1, 1, None),
            outcome(3, 0, 0, Some(4)),
        ];
        let by_speaker = Tally::by(&outcomes, |outcome| outcome.speaker);
        let tally = |samples, correct| Tally { samples, correct };
        assert_eq!(by_speaker, BTreeMap::from([(2, tally(1, 0)), (4, tally(2, 2))]));
        let by_class = Tally::by(&outcomes, |outcome| Some(outcome.label));
        assert_eq!(by_class, BTreeMap::from([(0, tally(2, 1)), (1, tally(2, 2))]));
    }
}
