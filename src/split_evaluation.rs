//! How good a run is on some samples, and which these are.

use crate::class_accuracy::ClassAccuracy;
use plasticity::Evaluation;

/// Which of a run's own samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EvaluatedSplit {
    /// Samples that the run never trained on.
    #[default]
    Validation,
    /// Samples that the run trained on, as recorded.
    Train,
    /// Both.
    All,
}

impl EvaluatedSplit {
    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::Train => "train",
            Self::All => "all",
        }
    }
}

/// How good a run is on some samples, with one tap per synapse.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitEvaluation {
    /// `validation`, `train` or `all`.
    pub split: &'static str,
    /// Where the samples come from.
    pub data: String,
    /// The result.
    pub evaluation: Evaluation,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// How many of the samples the run trained on.
    pub trained_on: usize,
    /// Notes on the samples, for people; none on the run's own samples, since training showed them.
    pub notes: Vec<String>,
}

impl SplitEvaluation {
    /// Accuracy by class.
    pub fn by_class(&self) -> Vec<ClassAccuracy> {
        ClassAccuracy::of(&self.classes, &self.evaluation.confusion)
    }
}
