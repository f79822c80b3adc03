//! What the operating system may refuse: one sentence that names the file.

use std::io;
use std::path::{Path, PathBuf};

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// A file or folder that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refuses.
    #[error("{}: cannot {doing}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried, e.g. `write the file`.
        doing: &'static str,
        /// The operating system's reason.
        source: io::Error,
    },
    /// No room left where a file is written; what was there before is still there.
    #[error("{}: the disk is full, nothing was written", path.display())]
    DiskFull {
        /// The file that was to be written.
        path: PathBuf,
    },
    /// Something else than a regular file.
    #[error("{}: this is {kind}, but a regular file was expected", path.display())]
    NotRegular {
        /// Its name.
        path: PathBuf,
        /// What it is, e.g. `a folder`.
        kind: &'static str,
    },
    /// A lock that somebody else holds.
    #[error("{}: this lock is held by another process: {holder}", path.display())]
    Held {
        /// The file that is locked.
        path: PathBuf,
        /// What its holder wrote into it; empty where that cannot be read.
        holder: String,
    },
}

impl Error {
    /// An [`Error::Io`], or [`Error::DiskFull`] where that is the reason.
    pub fn io(path: &Path, doing: &'static str, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { path: path.to_owned() }
            }
            _ => Self::Io { path: path.to_owned(), doing, source },
        }
    }

    pub(crate) fn not_regular(path: &Path, is_folder: bool) -> Self {
        Self::NotRegular {
            path: path.to_owned(),
            kind: if is_folder { "a folder" } else { "a device, pipe or socket" },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_apart() {
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded] {
            let error = Error::io(Path::new("out.h5"), "write the file", kind.into());
            assert_eq!(error.to_string(), "out.h5: the disk is full, nothing was written");
        }
        let error =
            Error::io(Path::new("out.h5"), "write the file", io::ErrorKind::NotADirectory.into());
        assert_eq!(error.to_string(), "out.h5: cannot write the file: not a directory");
    }
}
