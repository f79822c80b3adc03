//! What can go wrong in training and with checkpoints.

use std::path::PathBuf;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of training or of a checkpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The network or a setting does not fit.
    #[error(transparent)]
    Network(#[from] sim_core::Error),
    /// A checkpoint that cannot be used.
    #[error("{}: {what}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A file that cannot be read or written.
    #[error(transparent)]
    Disk(#[from] atomic_file::Error),
    /// Training that left the finite numbers.
    #[error("epoch {}, batch {}: {source}", epoch + 1, batch + 1)]
    Diverged {
        /// Epoch, counted from 0.
        epoch: usize,
        /// Batch of the epoch, counted from 0.
        batch: usize,
        /// What was not finite.
        source: sim_core::Error,
    },
}

impl Error {
    /// As [`sim_core::Error::within`].
    pub fn within(self, section: &str) -> Self {
        match self {
            Self::Network(error) => Self::Network(error.within(section)),
            other => other,
        }
    }
}
