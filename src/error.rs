//! What can go wrong between a configuration and a finished run, in one sentence each.

use sim_core::Field;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of this crate or of one beneath it; its text is one sentence for the person who typed
/// the command.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A configuration, a recipe's name or an override that cannot be used as it stands.
    #[error("{origin}: {problem}")]
    Config {
        /// The file (with line and column where known), the recipe or the override.
        origin: String,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// A setting of an experiment that is not allowed, called by its key in a configuration file.
    #[error("{problem}")]
    Setting {
        /// The path to the setting in a configuration file, where it is one.
        field: Option<String>,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// What would take more memory than there is.
    #[error("{problem}")]
    Memory {
        /// What is too large, by how much, and what to change.
        problem: String,
    },
    /// Samples that cannot be used as the experiment asks.
    #[error("{name}: {problem}")]
    Samples {
        /// The file, or `random manifolds`.
        name: String,
        /// What is wrong, and which dataset or key it concerns.
        problem: String,
    },
    /// Samples of a run that are not there: recordings that have moved, or samples that only the
    /// program has which trained the run.
    #[error("{name}: {problem}")]
    Absent {
        /// Where they were, or what they are called.
        name: String,
        /// How to bring them.
        problem: String,
    },
    /// A folder that is not what a command needs.
    #[error("{}: {problem}", path.display())]
    Folder {
        /// The folder or a file in it.
        path: PathBuf,
        /// What is wrong, and what to do about it.
        problem: String,
    },
    /// A file or folder that cannot be read or written.
    #[error(transparent)]
    Disk(#[from] atomic_file::Error),
    /// A network or an engine.
    #[error(transparent)]
    Core(#[from] sim_core::Error),
    /// Recordings.
    #[error(transparent)]
    Data(#[from] datasets::Error),
    /// Training or a checkpoint.
    #[error(transparent)]
    Training(#[from] plasticity::Error),
    /// Training of one of several tasks that left the finite numbers.
    #[error("task {task}, {problem}")]
    Diverged {
        /// The task, counted from 1.
        task: usize,
        /// Where in the task, what was not finite, and what may help.
        problem: String,
    },
    /// A spike log.
    #[error(transparent)]
    Exchange(#[from] exchange::Error),
    /// A figure.
    #[error(transparent)]
    Figure(#[from] plots::Error),
}

/// The sentence, so that a program whose `main` returns a [`Result`] ends with it; the variants'
/// own fields are public.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error {
    /// Whether the command was wrong, rather than that it failed: a program exits 2 instead of 1.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Config { .. } | Self::Setting { .. })
    }

    pub(crate) fn config(origin: impl Into<String>, problem: impl ToString) -> Self {
        Self::Config { origin: origin.into(), problem: problem.to_string() }
    }

    /// An error of a crate beneath, whose field is called by the path to it in a configuration.
    pub(crate) fn setting(error: impl HasField) -> Self {
        let field = error.field().map(|field| field.path().to_owned());
        Self::Setting { field, problem: error.to_string() }
    }

    pub(crate) fn samples(name: &str, problem: impl Into<String>) -> Self {
        Self::Samples { name: name.to_owned(), problem: problem.into() }
    }

    pub(crate) fn folder(path: &Path, problem: impl Into<String>) -> Self {
        Self::Folder { path: path.to_owned(), problem: problem.into() }
    }

    /// An [`Error::Disk`].
    pub(crate) fn io(path: &Path, doing: &'static str, source: io::Error) -> Self {
        atomic_file::Error::io(path, doing, source).into()
    }
}

/// An error that may be about a field.
pub(crate) trait HasField: fmt::Display {
    /// The field.
    fn field(&self) -> Option<&Field>;
}

impl HasField for sim_core::Error {
    fn field(&self) -> Option<&Field> {
        Self::field(self)
    }
}

impl HasField for datasets::Error {
    fn field(&self) -> Option<&Field> {
        match self {
            Self::Parameter(error) => error.field(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_main_prints_is_the_sentence() {
        let error = Error::folder(Path::new("runs/first"), "there is a finished run");
        assert_eq!(format!("{error:?}"), "runs/first: there is a finished run");
    }
}
