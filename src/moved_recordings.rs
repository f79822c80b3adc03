//! Where the recordings of a run are now, told by a person.

use crate::data_origin::DataOrigin;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::recordings_place;
use crate::run_folder::RunFolder;
use crate::sample_file::SampleFile;
use std::path::Path;

impl RunFolder {
    /// Writes into the run's `config.toml` where its recordings and its validation file are now.
    ///
    /// # Errors
    /// [`Error::Config`] for a file that is not the one the run was made with, by its checksum;
    /// what is wrong with the file or the run.
    pub fn remember_recordings(
        &self,
        data: Option<&Path>,
        validation: Option<&Path>,
    ) -> Result<()> {
        let environment = Environment::read(&self.environment())?;
        let mut settings = self.experiment()?.data;
        if let Some(path) = data {
            check(path, &environment.data)?;
            settings.use_file(path);
        }
        if let Some(path) = validation {
            settings.use_validation_file(path)?;
            environment.validation.as_ref().map_or(Ok(()), |origin| check(path, origin))?;
        }
        recordings_place::remember(&settings, &self.config())
    }
}

/// Refuses a file other than the file of `origin`.
fn check(path: &Path, origin: &DataOrigin) -> Result<()> {
    if origin.sha256.is_some() && origin.sha256 == Some(SampleFile::open(path)?.sha256()?) {
        return Ok(());
    }
    let problem = format!("these are not the samples the run was made with, {}", origin.name);
    Err(Error::config(path.display().to_string(), problem))
}
