//! A folder for a new run: where it may be, what it replaces, and the lock that comes with it.

use crate::error::{Error, Result};
use crate::metrics::Metrics;
use crate::run_folder::{RunFolder, remove};
use crate::run_lock::{LOCK, RunLock};
use crate::run_mark::ENVIRONMENT;
use crate::run_names::PARTS;
use atomic_file::is_temporary;
use datasets::counted;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

impl RunFolder {
    /// Refuses a path at which [`Self::create`] would make no folder, before there is work to lose.
    ///
    /// # Errors
    /// Those of [`Self::create`].
    pub(crate) fn refuse_taken(path: &Path, overwrite: bool) -> Result<()> {
        if path.is_file() {
            let problem = "this is a file, but the folder of a new run was expected";
            return Err(Error::folder(path, problem));
        }
        RunLock::refuse_held(path)?;
        Self::at(path.to_owned()).refuse_earlier(overwrite)
    }

    /// A new folder at `path`, whose parents are made too, and the lock that keeps other processes
    /// out of it. A folder that another process writes a run into is refused. A folder that holds a
    /// run is refused unless `overwrite` is set; then only the files of that run are removed. A
    /// folder that holds anything else is refused.
    ///
    /// # Errors
    /// [`Error::Folder`] that says how to go on with the run that is there; [`Error::Disk`] when
    /// the folder cannot be made or written.
    pub(crate) fn create(path: PathBuf, overwrite: bool) -> Result<(Self, RunLock)> {
        Self::refuse_taken(&path, overwrite)?;
        let folder = Self::at(path);
        fs::create_dir_all(folder.path())
            .map_err(|source| Error::io(folder.path(), "make the folder", source))?;
        let lock = RunLock::acquire(folder.path())?;
        // Another run may have begun, and ended, just before.
        folder.refuse_earlier(overwrite)?;
        folder.sweep();
        if folder.is_run() {
            folder.remove_run()?;
        }
        PARTS.iter().try_for_each(|part| folder.make_part(part))?;
        Ok((folder, lock))
    }

    fn refuse_earlier(&self, overwrite: bool) -> Result<()> {
        match (self.is_empty(), self.is_run()) {
            (true, _) => Ok(()),
            (false, true) if overwrite => Ok(()),
            (false, true) => Err(self.earlier_run()),
            (false, false) => Err(Error::folder(
                self.path(),
                "this folder is not empty and holds no run of synfire; choose another (--out DIR)",
            )),
        }
    }

    /// Whether the folder holds nothing, or only the remains of a run that was killed before it
    /// began or while it was removed: empty folders, its mark, its lock, the checkpoint that it was
    /// about to start from, and temporary files.
    fn is_empty(&self) -> bool {
        let is_nothing = |name: &OsStr| is_temporary(name) || name == LOCK;
        let is_mark = |name: &OsStr| name == ENVIRONMENT && self.is_run();
        let is_empty_part = |entry: &fs::DirEntry| {
            PARTS.iter().any(|part| entry.file_name() == *part)
                && fs::read_dir(entry.path()).is_ok_and(|mut within| {
                    within.all(|entry| {
                        entry.is_ok_and(|entry| {
                            is_nothing(&entry.file_name()) || entry.path() == self.start()
                        })
                    })
                })
        };
        fs::read_dir(self.path()).into_iter().flatten().flatten().all(|entry| {
            let name = entry.file_name();
            is_nothing(&name) || is_mark(&name) || is_empty_part(&entry)
        })
    }

    /// The first of `parent/name-1`, `parent/name-2`, ... above all that exist.
    ///
    /// # Errors
    /// [`Error::Disk`] when the parent cannot be made or read.
    pub fn next(parent: impl AsRef<Path>, name: &str) -> Result<PathBuf> {
        let parent = parent.as_ref();
        fs::create_dir_all(parent)
            .map_err(|source| Error::io(parent, "make the folder", source))?;
        let entries =
            fs::read_dir(parent).map_err(|source| Error::io(parent, "read the folder", source))?;
        let number = |entry: io::Result<fs::DirEntry>| -> Option<u64> {
            entry.ok()?.file_name().to_str()?.strip_prefix(name)?.strip_prefix('-')?.parse().ok()
        };
        let mut next = entries.filter_map(number).max().unwrap_or(0) + 1;
        loop {
            let path = parent.join(format!("{name}-{next}"));
            // Making the folder here claims it, should another run start at this moment.
            match fs::create_dir(&path) {
                Ok(()) => return Ok(path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => next += 1,
                Err(source) => return Err(Error::io(&path, "make the folder", source)),
            }
        }
    }

    fn earlier_run(&self) -> Error {
        let problem = if self.is_finished() {
            "there is a finished run; choose another folder (--out DIR), or remove this one \
             (--overwrite replaces it)"
                .to_owned()
        } else {
            if self.is_continual() {
                let path = self.path().display();
                let problem = format!(
                    "there is a run over tasks that stopped; go on with synfire continual --resume \
                     {path}, or remove it (--overwrite replaces it)"
                );
                return Error::folder(self.path(), problem);
            }
            let epochs = Metrics::read(&self.metrics()).map_or(0, |metrics| metrics.epochs.len());
            let (epochs, path) = (counted(epochs, "epoch"), self.path().display());
            format!(
                "there is a run that stopped after {epochs}; go on with synfire train --resume \
                 {path}, or remove it (--overwrite replaces it)"
            )
        };
        Error::folder(self.path(), problem)
    }

    /// Removes the files of an earlier run, `environment.json` last: until then the folder is still
    /// seen as a run.
    fn remove_run(&self) -> Result<()> {
        self.files().iter().try_for_each(|file| remove(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_after_the_highest() {
        let parent = tempfile::tempdir().unwrap();
        for name in ["shd-1", "shd-7", "shd-x", "shd-delays-9", "other-12"] {
            fs::create_dir(parent.path().join(name)).unwrap();
        }
        assert_eq!(RunFolder::next(parent.path(), "shd").unwrap(), parent.path().join("shd-8"));
        assert_eq!(RunFolder::next(parent.path(), "shd").unwrap(), parent.path().join("shd-9"));
        assert_eq!(RunFolder::next(parent.path(), "new").unwrap(), parent.path().join("new-1"));
    }

    #[test]
    fn an_earlier_run_is_refused_and_overwriting_leaves_foreign_files() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("deep").join("run");
        let folder = RunFolder::create(path.clone(), false).unwrap().0;
        fs::write(folder.config(), "").unwrap();
        for overwrite in [false, true] {
            let message = RunFolder::create(path.clone(), overwrite).unwrap_err().to_string();
            assert!(
                message.contains("holds no run of synfire"),
                "a configuration may be anybody's: {message}"
            );
        }
        assert!(
            RunFolder::open(&path)
                .unwrap_err()
                .to_string()
                .contains("holds no environment.json of synfire")
        );
        fs::write(folder.environment(), r#"{ "synfire": "0.1.0" }"#).unwrap();
        let message = RunFolder::create(path.clone(), false).unwrap_err().to_string();
        assert!(
            message.contains("stopped after 0 epochs; go on with synfire train --resume"),
            "{message}"
        );
        fs::write(folder.result(), "{}").unwrap();
        fs::write(path.join("notes.txt"), "mine").unwrap();
        fs::write(folder.spikes().join("sample-12.spikes.csv"), "").unwrap();
        fs::write(folder.spikes().join("mine.csv"), "").unwrap();
        let message = RunFolder::create(path.clone(), false).unwrap_err().to_string();
        assert!(message.contains("there is a finished run"), "{message}");
        let folder = RunFolder::create(path.clone(), true).unwrap().0;
        assert!(
            !folder.result().exists()
                && !folder.config().exists()
                && path.join("notes.txt").exists()
        );
        assert!(
            !folder.spikes().join("sample-12.spikes.csv").exists()
                && folder.spikes().join("mine.csv").exists()
        );
        assert!(RunFolder::create(path, false).unwrap_err().to_string().contains("not empty"));
    }
}
