//! Files that appear whole or not at all, and what the operating system may say against it.
//!
//! A file is written under a temporary name in its own folder, reaches the disk, and is then
//! renamed. Whatever fails before that leaves an earlier file of the same name as it was, and
//! nothing else behind.
//!
//! ```
//! # let folder = tempfile::tempdir().expect("a folder for the example");
//! # let path = folder.path().join("notes.txt");
//! atomic_file::write(&path, b"in one piece")?;
//!
//! let mut file = atomic_file::AtomicFile::create(&path)?;
//! file.write(b"in ")?;
//! file.write(b"several")?;
//! assert_eq!(std::fs::read(&path).expect("it is there"), b"in one piece");
//! file.finish()?;
//! assert_eq!(std::fs::read(&path).expect("it is there"), b"in several");
//! # Ok::<(), atomic_file::Error>(())
//! ```
#![forbid(unsafe_code)]

mod error;

pub use error::{Error, Result};

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::TempPath;

/// Collected before they are handed to the operating system.
const BUFFER_BYTES: usize = 1 << 16;

/// A file under a temporary name, until [`AtomicFile::finish`] gives it its own. Dropped before
/// that, it leaves nothing behind.
#[derive(Debug)]
pub struct AtomicFile {
    /// The name that errors give it.
    path: PathBuf,
    /// Where it goes.
    target: PathBuf,
    // Before the temporary name, so that the file is closed when that is removed.
    writer: BufWriter<File>,
    temporary: Temporary,
}

/// The name that a file has meanwhile; it goes away with this, and is known to
/// [`remove_unfinished`] until then.
#[derive(Debug)]
struct Temporary(Option<TempPath>);

/// Files under temporary names in this process.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn unfinished() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Temporary {
    fn new(path: TempPath) -> Self {
        unfinished().insert(path.to_path_buf());
        Self(Some(path))
    }

    fn persist(mut self, target: PathBuf) -> std::io::Result<()> {
        let Some(path) = self.0.take() else { return Ok(()) };
        let temporary = path.to_path_buf();
        let outcome = path.persist(target).map_err(|error| error.error);
        unfinished().remove(&temporary);
        outcome
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            unfinished().remove(&path.to_path_buf());
        }
    }
}

/// Removes every file of this process that is not finished: for a program that is about to exit in
/// the middle of its work, when nothing is dropped any more. Files that are begun afterwards stay.
pub fn remove_unfinished() {
    for path in std::mem::take(&mut *unfinished()) {
        // Nobody is left to be told.
        let _ = fs::remove_file(path);
    }
}

impl AtomicFile {
    /// Begins a file that is going to be at `path`. A link there stays, and the file it leads to is
    /// replaced.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::DiskFull`] when the folder takes no new file;
    /// [`Error::NotRegular`] when something else than a regular file has the name, which the rename
    /// at the end would replace.
    pub fn create(path: &Path) -> Result<Self> {
        let target = target(path)?;
        let folder = target
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        // Made here rather than by the crate, whose own way gives the file to its owner alone and
        // puts the temporary name, which means nothing to anyone, into its errors; written through
        // the bare file for the same reason.
        let create =
            |path: &Path| File::options().read(true).write(true).create_new(true).open(path);
        let temporary =
            tempfile::Builder::new().prefix(".synfire-").suffix(".tmp").make_in(folder, create);
        let (file, temporary) =
            temporary.map_err(|source| Error::io(path, WRITE, source))?.into_parts();
        let (writer, temporary) =
            (BufWriter::with_capacity(BUFFER_BYTES, file), Temporary::new(temporary));
        Ok(Self { path: path.to_owned(), target, writer, temporary })
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
        let Self { path, target, writer, temporary } = self;
        let failed = |source| Error::io(&path, WRITE, source);
        let file = writer.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
        drop(file);
        temporary.persist(target).map_err(failed)
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
