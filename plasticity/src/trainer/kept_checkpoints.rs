//! Which epochs' checkpoints are kept beside those of the best and the last one.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Which epochs' checkpoints are kept beside those of the best and the last one. Nothing that is
/// learned depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeptCheckpoints {
    /// How many of the epochs with the best validation accuracies; default 0. Of equal epochs the
    /// first are kept.
    pub best: usize,
    /// Every n-th epoch; default 0, none.
    pub every: usize,
}

impl KeptCheckpoints {
    /// Whether none are kept.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Numbers, counted from 1, of the epochs to be kept of those that had these validation
    /// accuracies. They depend on nothing else, so a run that was stopped keeps the same ones.
    pub fn of(&self, accuracies: &[f64]) -> BTreeSet<usize> {
        let mut ranks: Vec<usize> = (0..accuracies.len()).collect();
        // The sort is stable: of equal accuracies the first comes first.
        ranks.sort_by(|&one, &other| accuracies[other].total_cmp(&accuracies[one]));
        let best = ranks.into_iter().take(self.best).map(|index| index + 1);
        let every = (1..=accuracies.len()).filter(|epoch| epoch.checked_rem(self.every) == Some(0));
        best.chain(every).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_best_and_every_nth_are_kept() {
        let accuracies = [0.5, 0.7, 0.6, 0.7, 0.7];
        let kept = |best, every| {
            KeptCheckpoints { best, every }.of(&accuracies).into_iter().collect::<Vec<_>>()
        };
        assert!(kept(0, 0).is_empty());
        assert_eq!(kept(1, 0), [2]);
        assert_eq!(kept(2, 0), [2, 4]);
        assert_eq!(kept(0, 2), [2, 4]);
        assert_eq!(kept(1, 3), [2, 3]);
        assert_eq!(kept(9, 0), [1, 2, 3, 4, 5]);
        assert_eq!(kept(0, 1), [1, 2, 3, 4, 5]);
        assert!(KeptCheckpoints::default().is_none());
    }

    #[test]
    fn what_is_kept_of_fewer_epochs_was_kept_before_or_is_the_newest() {
        let accuracies = [0.3, 0.1, 0.4, 0.1, 0.5, 0.9, 0.2, 0.6];
        let rule = KeptCheckpoints { best: 3, every: 4 };
        for epochs in 1..=accuracies.len() {
            let before = rule.of(&accuracies[..epochs - 1]);
            for epoch in rule.of(&accuracies[..epochs]) {
                assert!(epoch == epochs || before.contains(&epoch), "{epoch} of {epochs}");
            }
        }
    }
}
