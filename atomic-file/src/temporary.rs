//! A file that is being written: without a name where the system has such files, else under a
//! temporary one.
//!
//! A file without a name is gone with its process, however the process ends. Linux has such files
//! on all but network and some user-space file systems. A temporary name stays when its process is
//! killed; the next process that writes there sweeps it away ([`sweep`]). Every file is locked
//! while it is written, and the system ends the lock with the process: a file whose lock is free
//! belongs to nobody.

use crate::sweep::{PREFIX, SUFFIX, sweep_once};
use crate::unfinished::unfinished;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use tempfile::TempPath;

/// A file on its way to its name.
#[derive(Debug)]
pub(crate) struct Temporary {
    // Declared before the name, so that the file is closed when the name is removed.
    file: File,
    /// None while the file has no name at all.
    name: Option<Name>,
}

/// A temporary name, removed when this value is dropped.
#[derive(Debug)]
struct Name(Option<TempPath>);

impl Name {
    /// The first free name in `folder` under which `make` succeeds, and what `make` returns.
    fn make<T>(folder: &Path, make: impl FnMut(&Path) -> io::Result<T>) -> io::Result<(T, Self)> {
        // The list is held meanwhile, so that every file that an exit meets has its name in the
        // list.
        let mut unfinished = unfinished();
        let made = tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).make_in(folder, make)?;
        let (made, path) = made.into_parts();
        unfinished.insert(path.to_path_buf(), None);
        Ok((made, Self(Some(path))))
    }

    fn rename(mut self, target: &Path) -> io::Result<()> {
        let Some(path) = self.0.take() else { return Ok(()) };
        let mut unfinished = unfinished();
        let temporary = path.to_path_buf();
        let outcome = path.persist(target).map_err(|error| error.error);
        unfinished.remove(&temporary);
        outcome
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            unfinished().remove(&path.to_path_buf());
        }
    }
}

impl Temporary {
    /// A new file in a folder.
    pub(crate) fn in_folder(folder: &Path) -> io::Result<Self> {
        sweep_once(folder);
        match nameless(folder) {
            Some(file) => Ok(Self { file, name: None }),
            None => Self::named(folder),
        }
    }

    /// A new file under a temporary name.
    pub(crate) fn named(folder: &Path) -> io::Result<Self> {
        // Made here, since the crate would make a file that only its owner may read.
        let create =
            |path: &Path| File::options().read(true).write(true).create_new(true).open(path);
        loop {
            let (file, name) = Name::make(folder, create)?;
            // Without locks nothing is swept either.
            let _ = file.lock();
            // A sweep may have removed the file before it was locked.
            if name.0.as_ref().is_some_and(|path| path.exists()) {
                return Ok(Self { file, name: Some(name) });
            }
        }
    }

    /// The file, to be written.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Gives the file its name, in the folder it was made in; an earlier file there is replaced.
    pub(crate) fn persist(self, target: &Path, folder: &Path) -> io::Result<()> {
        let Self { file, name } = self;
        if let Some(name) = name {
            return name.rename(target);
        }
        match link(&file, target) {
            Ok(()) => Ok(()),
            // Only a rename replaces.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let ((), name) = Name::make(folder, |path| link(&file, path))?;
                name.rename(target)
            }
            // A file system that makes files without a name and then cannot give them one.
            Err(_) => {
                let copy = Self::named(folder)?;
                io::Seek::rewind(&mut &file)?;
                io::copy(&mut &file, &mut &copy.file)?;
                copy.file.sync_all()?;
                copy.persist(target, folder)
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn nameless(folder: &Path) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = rustix::fs::OFlags::TMPFILE.bits().cast_signed();
    let file = File::options().read(true).write(true).custom_flags(flags).open(folder).ok()?;
    // Without /proc the file could never get a name.
    fs::metadata(descriptor(&file)).ok()?;
    let _ = file.try_lock();
    Some(file)
}

/// Gives an open file a name; fails where the name is taken.
#[cfg(target_os = "linux")]
fn link(file: &File, path: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    Ok(linkat(CWD, descriptor(file), CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

/// The name under which the system shows an open file.
#[cfg(target_os = "linux")]
fn descriptor(file: &File) -> std::path::PathBuf {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

#[cfg(not(target_os = "linux"))]
fn nameless(_folder: &Path) -> Option<File> {
    None
}

#[cfg(not(target_os = "linux"))]
fn link(_file: &File, _path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn names(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn both_kinds_appear_when_they_are_finished_and_replace() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.csv");
        for (round, kind) in [Temporary::in_folder, Temporary::named].into_iter().enumerate() {
            for text in ["new", "replaced"] {
                let file = kind(folder.path()).unwrap();
                file.file().write_all(format!("{text} {round}").as_bytes()).unwrap();
                file.persist(&path, folder.path()).unwrap();
                assert_eq!(fs::read_to_string(&path).unwrap(), format!("{text} {round}"));
                assert_eq!(names(folder.path()), 1);
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_without_a_name_leaves_nothing_to_be_swept() {
        let folder = tempfile::tempdir().unwrap();
        let Some(file) = nameless(folder.path()) else { return };
        (&file).write_all(b"half").unwrap();
        assert_eq!(names(folder.path()), 0);
    }

    #[test]
    fn a_file_that_cannot_be_given_a_name_is_copied_under_one() {
        let folder = tempfile::tempdir().unwrap();
        // A file of another folder stands for one that the system does not name: neither has a
        // name that can be linked to where it belongs.
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"whole").unwrap();
        let path = folder.path().join("log.csv");
        let nameless = Temporary { file, name: None };
        nameless.persist(&path, folder.path()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(names(folder.path()), 1);
    }
}
