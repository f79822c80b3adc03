//! Names in this process that go away unless their work is finished, and the end of a program in
//! the middle of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Names with the text that a file must hold to be ours; with any content where there is none.
pub(crate) type Names = BTreeMap<PathBuf, Option<String>>;

static UNFINISHED: Mutex<Names> = Mutex::new(Names::new());

/// The names; whoever holds them keeps [`exit`] waiting.
pub(crate) fn unfinished() -> MutexGuard<'static, Names> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the program in the middle of its work, when nothing is dropped any more: files that are not
/// finished go, locks too, and no other thread begins or finishes one meanwhile.
pub fn exit(code: i32) -> ! {
    // Held to the end.
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
