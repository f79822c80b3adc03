//! Files that appear whole or not at all, and the errors of the operating system.
//!
//! | file | holds |
//! |---|---|
//! | `file` | [`AtomicFile`], [`write()`], [`open()`]: files that are written whole, or read |
//! | `temporary` | the file before it has its name |
//! | `sweep` | [`sweep()`]: removes what killed processes left |
//! | `lock` | [`Lock`]: keeps a second process from a folder |
//! | `unfinished` | [`exit`]: ends the program without leaving a temporary file |
//! | `error` | [`Error`]: what the system refused, with the name of the file |
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
//!
//! A file is written in its own folder without a name, reaches the disk, and gets its name when it
//! is complete. So a full disk, a power cut, Ctrl-C or `kill -9` leaves an earlier file of the same
//! name as it was, and nothing else behind. Where the system has no files without names, the file
//! is written under a temporary name; the next process that writes into the folder removes what a
//! killed process left under such a name. That process does not guess which writers are alive: a
//! file is locked while it is written, and the system ends a lock with its process.
//!
//! What the system refuses is one error for all crates. The error names the file, never the
//! temporary file. A [`Lock`] keeps a second process from a folder; its text tells the other
//! process who holds it.
#![forbid(unsafe_code)]

mod error;
mod file;
mod lock;
mod sweep;
mod temporary;
mod unfinished;

pub use error::{Error, Result};
pub use file::{AtomicFile, open, write};
pub use lock::Lock;
pub use sweep::{is_temporary, sweep};
pub use unfinished::exit;
