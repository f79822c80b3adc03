//! Names of this process whose files are removed unless they are finished, and the end of a program
//! in the middle of its work.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Names with the text that the file must hold to be ours; a file without such a text is ours
/// whatever it holds.
pub(crate) type Names = BTreeMap<PathBuf, Option<String>>;

static UNFINISHED: Mutex<Names> = Mutex::new(Names::new());

/// The names; [`exit`] waits for whoever holds them.
pub(crate) fn unfinished() -> MutexGuard<'static, Names> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the program in the middle of its work, without dropping anything: unfinished files and
/// locks are removed, and no other thread begins or finishes a file meanwhile.
pub fn exit(code: i32) -> ! {
    // Held until the process ends.
    let unfinished = unfinished();
    for (path, text) in unfinished.iter() {
        let is_ours = |text: &String| fs::read_to_string(path).is_ok_and(|found| found == *text);
        if text.as_ref().is_none_or(is_ours) {
            // Nobody is left to be told.
            let _ = fs::remove_file(path);
        }
    }
    std::process::exit(code)
}
