//! Samples on disk: a file of recordings, or a folder of spike logs.

use crate::error::Result;
use crate::log_folder::LogFolder;
use datasets::RecordingFile;
use std::path::Path;

/// Where samples are read from.
pub(crate) enum SampleFile {
    /// HDF5, or an archive of it.
    Recordings(RecordingFile),
    /// A folder of logs with their labels.
    Logs(LogFolder),
}

impl SampleFile {
    /// Whether there may be samples at `path`.
    pub fn is_at(path: &Path) -> bool {
        path.is_file() || LogFolder::is_in(path)
    }

    /// Opens what is there.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(match LogFolder::is_in(path) {
            true => Self::Logs(LogFolder::open(path)?),
            false => Self::Recordings(RecordingFile::open(path)?),
        })
    }

    /// SHA-256 of the HDF5 file, or of the logs and their labels.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn sha256(&self) -> Result<String> {
        match self {
            Self::Recordings(file) => Ok(file.sha256()?),
            Self::Logs(folder) => folder.sha256(),
        }
    }
}
