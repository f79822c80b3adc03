//! Which of a run's checkpoints.

use std::fmt;
use std::str::FromStr;

/// Which of a run's checkpoints; as text `best`, `last`, the number of an epoch or `task-3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Checkpoint {
    /// The checkpoint of the epoch with the best validation accuracy.
    #[default]
    Best,
    /// The newest checkpoint.
    Last,
    /// The checkpoint of an epoch, counted from 1, if it was kept: see
    /// [`KeptCheckpoints`](plasticity::KeptCheckpoints).
    Epoch(usize),
    /// The checkpoint that a run over tasks left after a task, counted from 1.
    Task(usize),
}

impl Checkpoint {
    /// The name of its file in `checkpoints/`.
    pub fn file_name(self) -> String {
        match self {
            Self::Epoch(epoch) => format!("epoch-{epoch:04}.safetensors"),
            Self::Task(task) => format!("task-{task:02}.safetensors"),
            newest_or_best => format!("{newest_or_best}.safetensors"),
        }
    }

    /// The checkpoint whose file has this name.
    pub fn of_file_name(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".safetensors")?;
        let checkpoint: Self = stem.strip_prefix("epoch-").unwrap_or(stem).parse().ok()?;
        (checkpoint.file_name() == name).then_some(checkpoint)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Best => write!(f, "best"),
            Self::Last => write!(f, "last"),
            Self::Epoch(epoch) => write!(f, "{epoch}"),
            Self::Task(task) => write!(f, "task-{task}"),
        }
    }
}

impl FromStr for Checkpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "best" => Ok(Self::Best),
            "last" => Ok(Self::Last),
            number => {
                let (make, digits): (fn(usize) -> Self, _) = match number.strip_prefix("task-") {
                    Some(digits) => (Self::Task, digits),
                    None => (Self::Epoch, number),
                };
                let count = digits.parse().ok().filter(|&count| count > 0);
                count.map(make).ok_or_else(|| {
                    "expected best, last, or the number of an epoch, counted from 1; of a run over \
                     tasks, last or that after a task, as in task-1"
                        .into()
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_files_name_the_same_checkpoint() {
        for (text, file, checkpoint) in [
            ("best", "best.safetensors", Checkpoint::Best),
            ("last", "last.safetensors", Checkpoint::Last),
            ("12", "epoch-0012.safetensors", Checkpoint::Epoch(12)),
            ("task-3", "task-03.safetensors", Checkpoint::Task(3)),
            ("task-100", "task-100.safetensors", Checkpoint::Task(100)),
            ("123456", "epoch-123456.safetensors", Checkpoint::Epoch(123_456)),
        ] {
            assert_eq!(text.parse(), Ok(checkpoint));
            assert_eq!(checkpoint.to_string(), text);
            assert_eq!(checkpoint.file_name(), file);
            assert_eq!(Checkpoint::of_file_name(file), Some(checkpoint));
        }
        for wrong in ["", "0", "-1", "newest", "best.safetensors", "1.5", "task-", "task-0"] {
            assert!(wrong.parse::<Checkpoint>().is_err(), "{wrong}");
        }
        for other in ["epoch_start.safetensors", "epoch-12.safetensors", "12.safetensors", "best"] {
            assert_eq!(Checkpoint::of_file_name(other), None, "{other}");
        }
    }
}
