//! What can go wrong with files of other programs: one sentence that names file, dataset and index, and says what was expected.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of this crate; its text is one sentence for the person who chose the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder the operating system refuses.
    #[error("{}: cannot {doing}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried, e.g. `write the file`.
        doing: &'static str,
        /// The operating system's reason.
        source: io::Error,
    },
    /// No room left where a file is written.
    #[error("{}: the disk is full, nothing was written", path.display())]
    DiskFull {
        /// The file that was to be written.
        path: PathBuf,
    },
    /// A file that is not what it should be.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// A network or a parameter that does not fit.
    #[error(transparent)]
    Network(#[from] sim_core::Error),
}

impl Error {
    /// An [`Error::Io`], or [`Error::DiskFull`] where that is the reason.
    pub(crate) fn io(path: &Path, doing: &'static str, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path: path.to_owned() },
            _ => Self::Io { path: path.to_owned(), doing, source },
        }
    }

    /// An [`Error::File`].
    pub(crate) fn file(path: &Path, problem: impl Display) -> Self {
        Self::File { path: path.to_owned(), problem: problem.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_apart() {
        let error = Error::io(Path::new("out.h5"), "write the file", io::ErrorKind::StorageFull.into());
        assert_eq!(error.to_string(), "out.h5: the disk is full, nothing was written");
    }
}
