//! Which epoch is the best so far, and when training should end.

use serde::{Deserialize, Serialize};
use sim_core::{Error, Result};

/// When training ends before its last epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EarlyStopping {
    /// Epochs that may pass without a better validation accuracy, at least 1; 10.
    pub patience: usize,
    /// By how much an accuracy must be better to count, at least 0; 0.
    pub min_delta: f64,
}

impl Default for EarlyStopping {
    fn default() -> Self {
        Self { patience: 10, min_delta: 0.0 }
    }
}

impl EarlyStopping {
    /// Checks both numbers.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] naming the first that is not allowed.
    pub fn check(&self) -> Result<()> {
        let patience = self.patience as f64;
        Error::check("EarlyStopping::patience", patience, self.patience > 0, "at least 1")?;
        let allowed = "at least 0 and below 1";
        let inside = (0.0..1.0).contains(&self.min_delta);
        Error::check("EarlyStopping::min_delta", self.min_delta, inside, allowed)
    }
}

/// The validation accuracies of a run so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Selection {
    early_stopping: Option<EarlyStopping>,
    seen: usize,
    best: Option<Seen>,
    /// The latest accuracy that was better than the advance before it by more than `min_delta`.
    advance: Option<Seen>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Seen {
    /// Number of the epoch, counted from 1.
    epoch: usize,
    accuracy: f64,
}

impl Selection {
    /// Nothing seen yet.
    pub fn new(early_stopping: Option<EarlyStopping>) -> Self {
        Self { early_stopping, ..Self::default() }
    }

    /// Takes the validation accuracy after the next epoch. Returns whether it is the best so far.
    /// Of equal epochs the first is the best.
    pub fn see(&mut self, accuracy: f64) -> bool {
        self.seen += 1;
        let now = Seen { epoch: self.seen, accuracy };
        let min_delta = self.early_stopping.map_or(0.0, |rule| rule.min_delta);
        if self.advance.is_none_or(|before| accuracy > before.accuracy + min_delta) {
            self.advance = Some(now);
        }
        let is_best = self.best.is_none_or(|best| accuracy > best.accuracy);
        if is_best {
            self.best = Some(now);
        }
        is_best
    }

    /// Number of the best epoch, counted from 1; none before the first.
    pub fn best_epoch(&self) -> Option<usize> {
        self.best.map(|best| best.epoch)
    }

    /// Whether patience is at its end.
    pub fn is_exhausted(&self) -> bool {
        let (Some(rule), Some(advance)) = (self.early_stopping, self.advance) else { return false };
        self.seen - advance.epoch >= rule.patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_best_is_selected() {
        let mut selection = Selection::new(None);
        let best: Vec<bool> = [0.2, 0.7, 0.7, 0.6].map(|accuracy| selection.see(accuracy)).into();
        assert_eq!(best, [true, true, false, false]);
        assert_eq!(selection.best_epoch(), Some(2));
        assert!(!selection.is_exhausted());
        assert_eq!(Selection::default().best_epoch(), None);
    }

    #[test]
    fn patience_ends_where_nothing_got_better_by_enough() {
        let rule = EarlyStopping { patience: 2, min_delta: 0.1 };
        let mut selection = Selection::new(Some(rule));
        let ends: Vec<bool> = [0.2, 0.35, 0.4, 0.44, 0.9]
            .map(|accuracy| {
                selection.see(accuracy);
                selection.is_exhausted()
            })
            .into();
        assert_eq!(ends, [false, false, false, true, false]);
        assert_eq!(selection.best_epoch(), Some(5));
    }
}
