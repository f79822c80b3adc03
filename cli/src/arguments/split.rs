//! `--split`

use clap::ValueEnum;

/// Which of a run's own samples.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Split {
    /// Those it never trained on
    Validation,
    /// Those it trained on
    Train,
    /// Both
    All,
}

impl From<Split> for synfire::EvaluatedSplit {
    fn from(split: Split) -> Self {
        match split {
            Split::Validation => Self::Validation,
            Split::Train => Self::Train,
            Split::All => Self::All,
        }
    }
}
