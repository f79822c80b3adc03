//! Files that appear whole or not at all.

use crate::{Error, Result};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file under a temporary name in its folder, until [`AtomicFile::finish`] gives it its own. Dropped before that, it leaves nothing behind,
/// and an earlier file of the same name stays as it was.
#[derive(Debug)]
pub(crate) struct AtomicFile {
    path: PathBuf,
    writer: BufWriter<NamedTempFile>,
}

impl AtomicFile {
    /// # Errors
    /// [`Error::Io`] or [`Error::DiskFull`] when the folder takes no new file.
    pub fn create(path: &Path) -> Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        // The usual rights of a new file; a temporary file would else be readable by its owner alone.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder).map_err(|source| Error::io(path, "write the file", source))?;
        Ok(Self { path: path.to_owned(), writer: BufWriter::new(file) })
    }

    /// The name that the file is going to have.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// # Errors
    /// As [`AtomicFile::create`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.writer.write_all(bytes).map_err(|source| Error::io(&self.path, "write the file", source))
    }

    /// Makes the file appear.
    ///
    /// # Errors
    /// As [`AtomicFile::create`].
    pub fn finish(self) -> Result<()> {
        let Self { path, writer } = self;
        let failed = |source| Error::io(&path, "write the file", source);
        let file = writer.into_inner().map_err(|error| failed(error.into_error()))?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_file_leaves_nothing_and_the_earlier_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.csv");
        std::fs::write(&path, "earlier").unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        file.write(b"new").unwrap();
        drop(file);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "earlier");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let mut file = AtomicFile::create(&path).unwrap();
        file.write(b"new").unwrap();
        file.finish().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("log.csv");
        let error = AtomicFile::create(&path).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{}: cannot write the file: ", path.display())), "{error}");
    }
}
