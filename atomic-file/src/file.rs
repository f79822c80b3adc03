//! Writes files that appear whole or not at all.

use crate::error::{Error, Result};
use crate::temporary::Temporary;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Bytes that are collected before they are handed to the operating system.
const BUFFER_BYTES: usize = 1 << 16;

/// A file without a name of its own, until [`AtomicFile::finish`] gives it one. Dropped before
/// that, it leaves nothing behind.
#[derive(Debug)]
pub struct AtomicFile {
    /// The name of the file in errors.
    path: PathBuf,
    /// Where the file goes: the end of the links at `path`.
    target: PathBuf,
    writer: BufWriter<Unnamed>,
}

/// Writes to the bare file, since a temporary name in an error would tell people nothing.
#[derive(Debug)]
struct Unnamed(Temporary);

impl Write for Unnamed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.file().flush()
    }
}

impl AtomicFile {
    /// Begins a file that is going to be at `path`. A link there stays, and the file it leads to is
    /// replaced.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::DiskFull`] when the folder takes no new file;
    /// [`Error::NotRegular`] when something else than a regular file has the name: the rename at
    /// the end would replace it.
    pub fn create(path: &Path) -> Result<Self> {
        let target = target(path)?;
        let temporary = Temporary::in_folder(folder(&target))
            .map_err(|source| Error::io(path, WRITE, source))?;
        let writer = BufWriter::with_capacity(BUFFER_BYTES, Unnamed(temporary));
        Ok(Self { path: path.to_owned(), target, writer })
    }

    /// The name that the file is going to have.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::DiskFull`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.writer.write_all(bytes).map_err(|source| Error::io(&self.path, WRITE, source))
    }

    /// Makes the file appear.
    ///
    /// # Errors
    /// As [`AtomicFile::write`].
    pub fn finish(self) -> Result<()> {
        let Self { path, target, writer } = self;
        let failed = |source| Error::io(&path, WRITE, source);
        let Unnamed(temporary) = writer.into_inner().map_err(|error| failed(error.into_error()))?;
        temporary.file().sync_all().map_err(failed)?;
        temporary.persist(&target, folder(&target)).map_err(failed)
    }
}

const WRITE: &str = "write the file";

/// Writes a whole file.
///
/// # Errors
/// As [`AtomicFile::create`] and [`AtomicFile::write`].
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = AtomicFile::create(path)?;
    file.write(bytes)?;
    file.finish()
}

/// Opens a regular file for reading; a pipe, which might never open, is not waited for.
///
/// # Errors
/// [`Error::Io`] when the system refuses; [`Error::NotRegular`] for a folder, device, pipe or
/// socket.
pub fn open(path: &Path) -> Result<File> {
    let failed = |source| Error::io(path, "open the file", source);
    let there = fs::metadata(path).map_err(failed)?;
    if !there.is_file() {
        return Err(Error::not_regular(path, there.is_dir()));
    }
    File::open(path).map_err(failed)
}

fn target(path: &Path) -> Result<PathBuf> {
    let Ok(there) = fs::metadata(path) else { return Ok(path.to_owned()) };
    if !there.is_file() {
        return Err(Error::not_regular(path, there.is_dir()));
    }
    Ok(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()))
}

/// The folder of a file.
fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_file_leaves_nothing_and_the_earlier_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.csv");
        fs::write(&path, "earlier").unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        file.write(b"new").unwrap();
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"earlier");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn errors_name_the_file_and_no_temporary_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("out.h5");
        let error = write(&path, b"new").unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("{}: cannot write the file: ", path.display())),
            "{error}"
        );
        assert!(!error.contains(".synfire-") && error.matches("missing").count() == 1, "{error}");
    }

    #[test]
    fn a_folder_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("out.h5");
        fs::create_dir(&taken).unwrap();
        let error = write(&taken, b"new").unwrap_err().to_string();
        assert_eq!(
            error,
            format!("{}: this is a folder, but a regular file was expected", taken.display())
        );
        assert!(taken.is_dir());
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let error = open(&pipe).unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "{}: this is a device, pipe or socket, but a regular file was expected",
                pipe.display()
            )
        );
        assert!(
            open(folder.path())
                .unwrap_err()
                .to_string()
                .ends_with("this is a folder, but a regular file was expected")
        );
    }

    #[cfg(unix)]
    #[test]
    fn devices_are_refused_links_are_followed_and_rights_are_the_usual_ones() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let [device, link, file, plain] =
            ["device", "link", "file", "plain"].map(|name| folder.path().join(name));
        // Through a link, so that a failing test does not cost the machine its device.
        symlink("/dev/null", &device).unwrap();
        let error = write(&device, b"new").unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "{}: this is a device, pipe or socket, but a regular file was expected",
                device.display()
            )
        );

        write(&file, b"earlier").unwrap();
        symlink(&file, &link).unwrap();
        write(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");

        fs::write(&plain, "").unwrap();
        let rights = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(rights(&file), rights(&plain));
    }
}
