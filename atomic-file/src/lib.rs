//! Files that appear whole or not at all, and what the operating system may say against it.
//!
//! A file is written in its own folder without a name (or, where the system has no such files, under
//! a temporary one), reaches the disk, and is then given its name. Whatever fails before that leaves
//! an earlier file of the same name as it was, and nothing else behind; what the killing of a
//! process left under a temporary name, the next one that writes there removes. A [`Lock`] keeps a
//! second process from a folder.
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
