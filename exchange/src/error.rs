//! What can go wrong with files of other programs: one sentence that names file, dataset and index,
//! and says what was expected.

use std::fmt::Display;
use std::path::{Path, PathBuf};

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of this crate; its text is one sentence for the person who chose the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder that cannot be read or written.
    #[error(transparent)]
    Disk(#[from] atomic_file::Error),
    /// A file that is not what it should be.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// Content that a format cannot hold.
    #[error("the format {format} cannot hold this: {problem}")]
    Format {
        /// The format, by the name that users type.
        format: &'static str,
        /// What it cannot hold, and the way out.
        problem: String,
    },
    /// A network or a parameter that does not fit.
    #[error(transparent)]
    Network(#[from] sim_core::Error),
}

impl Error {
    /// An [`Error::File`].
    pub(crate) fn file(path: &Path, problem: impl Display) -> Self {
        Self::File { path: path.to_owned(), problem: problem.to_string() }
    }
}
