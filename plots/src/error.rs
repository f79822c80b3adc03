//! What can go wrong between data and a file on disk.

use std::path::PathBuf;

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
    /// The file could not be written; whatever was there before is still there.
    #[error(transparent)]
    Disk(#[from] atomic_file::Error),
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
    /// An [`Error::Draw`] in the words of whatever failed.
    pub(crate) fn draw(cause: impl std::fmt::Display) -> Self {
        Self::Draw { message: cause.to_string() }
    }
}

/// `std::result::Result` with this crate's [`enum@Error`].
pub type Result<T> = std::result::Result<T, Error>;
