//! Files under temporary names whose writers were killed.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// How temporary names begin and end.
pub(crate) const PREFIX: &str = ".synfire-";
pub(crate) const SUFFIX: &str = ".tmp";

/// Whether a file's name is one of the temporary names that this crate gives.
pub fn is_temporary(name: &std::ffi::OsStr) -> bool {
    let letters = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX));
    letters.is_some_and(|letters| {
        !letters.is_empty() && letters.chars().all(|letter| letter.is_ascii_alphanumeric())
    })
}

/// Removes what killed processes left in a folder: files under temporary names that no process is
/// writing any more. A file that is being written is locked and stays. Where the file system has no
/// locks, every file stays.
pub fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && is_temporary(&entry.file_name()) {
            remove_unless_locked(&entry.path());
        }
    }
}

fn remove_unless_locked(path: &Path) {
    // Opened for writing, too: otherwise network file systems give no lock.
    let Ok(file) = File::options().read(true).write(true).open(path) else { return };
    if file.try_lock().is_ok() {
        // A file that cannot be removed does no harm.
        let _ = fs::remove_file(path);
    }
}

/// Sweeps a folder when this process writes there for the first time.
pub(crate) fn sweep_once(folder: &Path) {
    static SWEPT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let is_new = SWEPT.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned());
    if is_new {
        sweep(folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temporary::Temporary;

    #[test]
    fn what_is_being_written_stays_and_what_is_not_goes() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["notes.txt", ".synfire-abc", "x.synfire-abc.tmp", ".synfire-a.b.tmp"];
        for name in names {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join(".synfire-Folder.tmp")).unwrap();
        for left in [".synfire-VAsMMt.tmp", ".synfire-000000.tmp"] {
            fs::write(folder.path().join(left), "half").unwrap();
        }
        let live = Temporary::named(folder.path()).unwrap();
        sweep(folder.path());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), names.len() + 2);
        let path = folder.path().join("whole.csv");
        live.persist(&path, folder.path()).unwrap();
        assert!(path.is_file());
        sweep(&folder.path().join("missing"));
    }

    #[test]
    fn writing_into_a_folder_sweeps_it_once() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join(".synfire-VAsMMt.tmp");
        fs::write(&left, "half").unwrap();
        drop(Temporary::in_folder(folder.path()).unwrap());
        assert!(!left.exists());
    }
}
