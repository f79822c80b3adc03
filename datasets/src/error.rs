//! What can go wrong with recordings: one sentence that names file, dataset and index, and says
//! what was expected.

use crate::sentence::{Sentence, Setting};
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of this crate; its text is one sentence for the person who chose the file or the
/// parameter.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder that cannot be read or written.
    #[error(transparent)]
    Disk(#[from] atomic_file::Error),
    /// A file that is not what it should be, as a whole.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// A dataset every recording must have.
    #[error("{}: there is no dataset {dataset}, but spike recordings need it", path.display())]
    MissingDataset {
        /// The file.
        path: PathBuf,
        /// The dataset, e.g. `spikes/units`.
        dataset: String,
    },
    /// A dataset with contents that cannot be right.
    #[error("{}: {dataset}{}: {problem}", path.display(), place(*sample, *spike))]
    Content {
        /// The file.
        path: PathBuf,
        /// The dataset, e.g. `spikes/units`.
        dataset: String,
        /// The sample, counted from 0.
        sample: Option<usize>,
        /// The spike of the sample, counted from 0.
        spike: Option<usize>,
        /// What is wrong, and what was expected.
        problem: Sentence,
    },
    /// A split that no recordings can have, or an index without a sample.
    #[error("{0}")]
    Split(String),
    /// Tasks that cannot be learned one after the other.
    #[error("{0}")]
    Tasks(String),
    /// A parameter outside its range.
    #[error(transparent)]
    Parameter(#[from] sim_core::Error),
}

fn place(sample: Option<usize>, spike: Option<usize>) -> String {
    let sample = sample.map_or(String::new(), |index| format!(", sample {index}"));
    let spike = spike.map_or(String::new(), |index| format!(", spike {index}"));
    sample + &spike
}

impl Error {
    /// The same error, in which `name` words every setting.
    pub fn called(self, name: impl Fn(Setting) -> String) -> Self {
        match self {
            Self::Content { path, dataset, sample, spike, problem } => {
                let problem = problem.called(name);
                Self::Content { path, dataset, sample, spike, problem }
            }
            other => other,
        }
    }

    /// As [`sim_core::Error::within`].
    pub fn within(self, section: &str) -> Self {
        match self {
            Self::Parameter(error) => Self::Parameter(error.within(section)),
            other => other,
        }
    }

    /// An [`Error::Disk`].
    pub(crate) fn io(path: &Path, doing: &'static str, source: io::Error) -> Self {
        atomic_file::Error::io(path, doing, source).into()
    }

    /// An [`Error::File`].
    pub(crate) fn file(path: &Path, problem: impl Display) -> Self {
        Self::File { path: path.to_owned(), problem: problem.to_string() }
    }

    /// An [`Error::Content`] that concerns a whole dataset.
    pub(crate) fn dataset(path: &Path, dataset: &str, problem: impl Into<Sentence>) -> Self {
        Self::Content {
            path: path.to_owned(),
            dataset: dataset.into(),
            sample: None,
            spike: None,
            problem: problem.into(),
        }
    }

    /// An [`Error::Content`] that concerns one sample.
    pub(crate) fn sample(
        path: &Path,
        dataset: &str,
        sample: usize,
        problem: impl Into<Sentence>,
    ) -> Self {
        Self::Content {
            path: path.to_owned(),
            dataset: dataset.into(),
            sample: Some(sample),
            spike: None,
            problem: problem.into(),
        }
    }

    /// An [`Error::Content`] that concerns one spike of a sample.
    pub(crate) fn spike(
        path: &Path,
        dataset: &str,
        sample: usize,
        spike: usize,
        problem: impl Into<Sentence>,
    ) -> Self {
        Self::Content {
            path: path.to_owned(),
            dataset: dataset.into(),
            sample: Some(sample),
            spike: Some(spike),
            problem: problem.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_errors_name_file_dataset_and_index() {
        let error = Error::spike(
            Path::new("shd.h5"),
            "spikes/units",
            12,
            7,
            "unit 812, but units must be below 700",
        );
        assert_eq!(
            error.to_string(),
            "shd.h5: spikes/units, sample 12, spike 7: unit 812, but units must be below 700"
        );
    }
}
