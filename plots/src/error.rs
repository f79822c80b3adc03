//! What can go wrong between data and a file on disk.

use std::io;
use std::path::{Path, PathBuf};

/// Why a figure could not be drawn or saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The path ends in neither `.png` nor `.svg`.
    #[error("{}: figures are written as .png or .svg", path.display())]
    UnknownFormat {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The file could not be written; whatever was at `path` before is still there.
    #[error("{}: cannot write the figure: {source}", path.display())]
    Write {
        /// The path that was asked for.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// No room left where a figure is written; whatever was at `path` before is still there.
    #[error("{}: the disk is full, nothing was written", path.display())]
    DiskFull {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The numbers of a figure contradict each other.
    #[error("{figure}: {message}")]
    Data {
        /// Name of the figure's type.
        figure: &'static str,
        /// What was found and what was expected.
        message: String,
    },
    /// A drawing back-end or the PNG encoder refused.
    #[error("drawing failed: {message}")]
    Draw {
        /// The back-end's own words.
        message: String,
    },
}

impl Error {
    /// An [`Error::Write`], or [`Error::DiskFull`] where that is the reason.
    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path: path.to_owned() },
            _ => Self::Write { path: path.to_owned(), source },
        }
    }

    /// An [`Error::Draw`] in the words of whatever failed.
    pub(crate) fn draw(cause: impl std::fmt::Display) -> Self {
        Self::Draw { message: cause.to_string() }
    }
}

/// `std::result::Result` with this crate's [`enum@Error`].
pub type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_apart() {
        let error = Error::write(Path::new("curves.png"), io::ErrorKind::StorageFull.into());
        assert_eq!(error.to_string(), "curves.png: the disk is full, nothing was written");
        let error = Error::write(Path::new("curves.png"), io::ErrorKind::NotADirectory.into());
        assert_eq!(error.to_string(), "curves.png: cannot write the figure: not a directory");
    }
}
