//! A lock file that one process at a time holds, and that tells which process.
//!
//! The operating system's own lock on the open file decides, so a lock ends with its process,
//! however that ends: no process number, host name or age is ever judged. The text in the file is
//! for people. On network file systems the lock is known to all machines where these pass locks on
//! (NFS on Linux does, unless it was mounted with `local_lock` or `nolock`; Lustre does with
//! `flock`). Where a file system has no locks, [`Lock::is_effective`] says so.

use crate::error::{Error, Result};
use crate::unfinished::unfinished;
use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

/// A process that only asks for the holder holds the lock for a moment. So the lock is tried this
/// often, with this pause in between.
const TRIES: usize = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// A lock of this process, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    text: String,
    file: File,
    is_effective: bool,
}

impl Lock {
    /// Takes the lock at `path`, whose folder must exist. `text` tells others who holds the lock;
    /// no two holders may have the same text.
    ///
    /// # Errors
    /// [`Error::Held`] when another process, or another part of this one, holds it; [`Error::Io`]
    /// or [`Error::DiskFull`] when the file cannot be written.
    pub fn acquire(path: &Path, text: &str) -> Result<Self> {
        let (file, is_effective) = take(path, text)?;
        Ok(Self { path: path.to_owned(), text: text.to_owned(), file, is_effective })
    }

    /// The text of the holder of the lock at `path`; none where nobody holds it.
    pub fn holder(path: &Path) -> Option<String> {
        let file = File::options().read(true).write(true).open(path).ok()?;
        matches!(file.try_lock(), Err(TryLockError::WouldBlock)).then(|| text_in(path))
    }

    /// Whether the file system has locks, so that this one keeps others out.
    pub fn is_effective(&self) -> bool {
        self.is_effective
    }

    /// Makes sure that the lock at `path` is still this one, and takes it anew where its file was
    /// removed.
    ///
    /// # Errors
    /// As [`Self::acquire`]: [`Error::Held`] when the folder was replaced and others work in it.
    pub fn renew(&mut self) -> Result<()> {
        if !is_at(&self.path, &self.text) {
            (self.file, self.is_effective) = take(&self.path, &self.text)?;
        }
        Ok(())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let mut unfinished = unfinished();
        unfinished.remove(&self.path);
        if is_at(&self.path, &self.text) {
            // The file is removed before it is closed, so that nobody else can hold it yet.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The locked file, and whether it really is locked.
fn take(path: &Path, text: &str) -> Result<(File, bool)> {
    let failed = |source| Error::io(path, "write the file", source);
    for again in (0..TRIES).rev() {
        let mut unfinished = unfinished();
        let options = File::options().read(true).write(true).create(true).truncate(false).clone();
        let mut file = options.open(path).map_err(failed)?;
        let is_effective = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::Error(_)) => false,
            Err(TryLockError::WouldBlock) if again == 0 => break,
            Err(TryLockError::WouldBlock) => {
                drop(unfinished);
                sleep(PAUSE);
                continue;
            }
        };
        if let Err(source) = file.set_len(0).and_then(|()| file.write_all(text.as_bytes())) {
            // Without its text, the file would not tell who holds the lock.
            let _ = fs::remove_file(path);
            return Err(failed(source));
        }
        // The last holder may have removed the file between opening and locking.
        if is_at(path, text) {
            unfinished.insert(path.to_owned(), Some(text.to_owned()));
            return Ok((file, is_effective));
        }
    }
    Err(Error::Held { path: path.to_owned(), holder: text_in(path) })
}

/// Whether the file at `path` is the one that holds `text`. Where a lock also keeps readers out,
/// nobody can have replaced it.
fn is_at(path: &Path, text: &str) -> bool {
    fs::read_to_string(path).map_or_else(|_| path.exists(), |found| found == text)
}

fn text_in(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_holds_a_lock_and_the_next_finds_no_trace() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        assert_eq!(Lock::holder(&path), None);
        let first = Lock::acquire(&path, "first").unwrap();
        assert!(first.is_effective());
        assert_eq!(Lock::holder(&path), Some("first".into()));
        let error = Lock::acquire(&path, "second").unwrap_err();
        assert!(matches!(&error, Error::Held { holder, .. } if holder == "first"), "{error}");
        drop(first);
        assert!(!path.exists());
        drop(Lock::acquire(&path, "second").unwrap());
        assert!(!path.exists());
    }

    #[test]
    fn what_a_dead_process_left_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        fs::write(&path, "process 1, which is always there, with a long text").unwrap();
        assert_eq!(Lock::holder(&path), None);
        let lock = Lock::acquire(&path, "me").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "me");
        drop(lock);
        assert!(!path.exists());
    }

    #[test]
    fn a_removed_lock_is_made_again_and_a_replaced_one_is_respected() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let mut lock = Lock::acquire(&path, "first").unwrap();
        fs::remove_file(&path).unwrap();
        lock.renew().unwrap();
        assert_eq!(Lock::holder(&path), Some("first".into()));
        fs::remove_file(&path).unwrap();
        let second = Lock::acquire(&path, "second").unwrap();
        assert!(matches!(lock.renew(), Err(Error::Held { holder, .. }) if holder == "second"));
        drop(lock);
        assert!(path.exists(), "the lock of another");
        drop(second);
    }

    #[test]
    fn many_threads_never_hold_it_together() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let inside = std::sync::atomic::AtomicUsize::new(0);
        let taken = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (path, inside, taken) = (&path, &inside, &taken);
                scope.spawn(move || {
                    for round in 0..50 {
                        let Ok(lock) = Lock::acquire(path, &format!("{thread} {round}")) else {
                            continue;
                        };
                        use std::sync::atomic::Ordering::SeqCst;
                        assert_eq!(inside.fetch_add(1, SeqCst), 0);
                        taken.fetch_add(1, SeqCst);
                        inside.fetch_sub(1, SeqCst);
                        drop(lock);
                    }
                });
            }
        });
        assert!(taken.into_inner() >= 50);
        assert!(!path.exists());
    }
}
