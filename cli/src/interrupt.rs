//! Ctrl-C: the program ends at once, unless there is something to save; then the first one asks and
//! the second one ends.

use anyhow::{Context, Result};
use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);
static SAVES: AtomicBool = AtomicBool::new(false);

/// Exit code of an interrupted command: 128 and the number of SIGINT.
pub const EXIT_CODE: u8 = 130;

/// From now on Ctrl-C ends the program with [`EXIT_CODE`] and leaves no half-written file behind.
pub fn listen() -> Result<()> {
    // On a thread of its own, so it may take locks and wait for the disk.
    let handler = || {
        if ASKED.swap(true, Ordering::SeqCst) || !SAVES.load(Ordering::SeqCst) {
            synfire::atomic_file::remove_unfinished();
            std::process::exit(i32::from(EXIT_CODE));
        }
    };
    ctrlc::set_handler(handler).context("cannot listen for Ctrl-C")
}

/// From now on the first Ctrl-C is only remembered, for there is something to save.
pub fn save_first() {
    SAVES.store(true, Ordering::SeqCst);
}

/// Whether Ctrl-C was pressed.
pub fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}
