//! `.synfire-lock`: one process at a time writes into a run's folder.

use crate::error::{Error, Result};
use atomic_file::Lock;
use datasets::counted;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Name of the lock within the folder.
pub(crate) const LOCK: &str = ".synfire-lock";

/// Most letters of a command that an error shows.
const SHOWN_LETTERS: usize = 160;

/// The process that trains into a run's folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Writer {
    /// Its number.
    pub process: u32,
    /// The machine it runs on.
    pub host: String,
    /// When it began, in seconds since 1970.
    pub since: f64,
    /// How it was started.
    pub command: String,
}

impl Writer {
    /// This process.
    fn here() -> Self {
        let words: Vec<_> =
            std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
        Self {
            process: std::process::id(),
            host: gethostname::gethostname().to_string_lossy().into_owned(),
            since: now(),
            command: words.join(" "),
        }
    }

    /// The process that is writing into the run's folder `folder` now; none where there is none.
    pub fn of(folder: &Path) -> Option<Self> {
        Some(Self::parse(&Lock::holder(&folder.join(LOCK))?))
    }

    /// The writer that the text of a lock names; an unknown writer if the text cannot be read.
    fn parse(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|_| Self {
            process: 0,
            host: String::new(),
            since: now(),
            command: String::new(),
        })
    }

    /// The error for another process that wants to write into the same folder.
    fn refusal(&self, folder: &Path) -> Error {
        let way_out = "let it finish, stop it with Ctrl-C, or choose another folder (--out DIR)";
        if self.process == 0 {
            let problem = format!("another process is writing into this run; {way_out}");
            return Error::folder(folder, problem);
        }
        let mut command: String = self.command.chars().take(SHOWN_LETTERS).collect();
        if command.len() < self.command.len() {
            command.push_str("...");
        }
        let problem = format!(
            "process {} on {} has been writing into this run for {} ({command}); {way_out}",
            self.process,
            self.host,
            duration((now() - self.since).max(0.0) as usize)
        );
        Error::folder(folder, problem)
    }
}

/// This process's lock on a run's folder, held until it is dropped.
#[derive(Debug)]
pub(crate) struct RunLock {
    folder: PathBuf,
    lock: Lock,
}

impl RunLock {
    /// Locks the folder of a run, which must exist.
    ///
    /// # Errors
    /// [`Error::Folder`] that says which process is writing there; [`Error::Disk`] when the folder
    /// cannot be written.
    pub(crate) fn acquire(folder: &Path) -> Result<Self> {
        let text = serde_json::to_string(&Writer::here()).expect("a writer has plain fields");
        let lock = Lock::acquire(&folder.join(LOCK), &text).map_err(|error| held(folder, error))?;
        Ok(Self { folder: folder.to_owned(), lock })
    }

    /// Refuses a folder that another process writes into, without taking it.
    pub(crate) fn refuse_held(folder: &Path) -> Result<()> {
        Writer::of(folder).map_or(Ok(()), |writer| Err(writer.refusal(folder)))
    }

    /// Makes sure that the folder is still this run's: somebody may have removed it and begun
    /// another run there.
    pub(crate) fn renew(&mut self) -> Result<()> {
        self.lock.renew().map_err(|error| held(&self.folder, error))
    }

    /// A note for people, if the lock keeps nobody out.
    pub(crate) fn note(&self) -> Option<&'static str> {
        (!self.lock.is_effective()).then_some(
            "this file system has no locks: nothing keeps a second process from the run's folder",
        )
    }
}

fn held(folder: &Path, error: atomic_file::Error) -> Error {
    match error {
        atomic_file::Error::Held { holder, .. } => Writer::parse(&holder).refusal(folder),
        other => other.into(),
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// A duration in its largest unit.
fn duration(seconds: usize) -> String {
    match seconds {
        ..120 => counted(seconds, "second"),
        120..7_200 => counted(seconds / 60, "minute"),
        7_200..172_800 => counted(seconds / 3_600, "hour"),
        _ => counted(seconds / 86_400, "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_writer_is_told_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert_eq!(Writer::of(path), None);
        let first = RunLock::acquire(path).unwrap();
        assert_eq!(first.note(), None);
        let message = RunLock::acquire(path).unwrap_err().to_string();
        let expected = format!("{}: process {} on ", path.display(), std::process::id());
        assert!(message.starts_with(&expected) && message.contains("0 seconds ("), "{message}");
        assert_eq!(RunLock::refuse_held(path).unwrap_err().to_string(), message);
        assert_eq!(Writer::of(path).unwrap().process, std::process::id());
        drop(first);
        assert!(RunLock::refuse_held(path).is_ok());
        assert_eq!(std::fs::read_dir(path).unwrap().count(), 0);
    }

    #[test]
    fn a_lock_that_cannot_be_read_is_a_lock() {
        for text in ["", "{", "by hand", "{\"process\": 7}"] {
            let message = Writer::parse(text).refusal(Path::new("r")).to_string();
            assert!(message.starts_with("r: another process is writing into this run"), "{text}");
        }
    }

    #[test]
    fn long_commands_are_cut_and_durations_have_one_unit() {
        let writer = Writer {
            process: 7,
            host: "node3".into(),
            since: now() - 7_300.0,
            command: "ä".repeat(500),
        };
        let message = writer.refusal(Path::new("r")).to_string();
        let command = "ä".repeat(SHOWN_LETTERS);
        let expected = format!(
            "r: process 7 on node3 has been writing into this run for 2 hours ({command}...); "
        );
        assert!(message.starts_with(&expected), "{message}");
        let units = [1, 119, 120, 7_199, 172_800].map(duration);
        assert_eq!(units, ["1 second", "119 seconds", "2 minutes", "119 minutes", "2 days"]);
    }
}
