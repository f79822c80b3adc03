//! Ctrl-C: the first one asks, the second one ends.

use anyhow::{Context, Result};
use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);

/// Exit code of an interrupted command: 128 and the number of SIGINT.
pub const EXIT_CODE: u8 = 130;

/// From now on Ctrl-C no longer ends the program but is remembered; a second one ends it.
pub fn listen() -> Result<()> {
    let handler = || {
        if ASKED.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(EXIT_CODE));
        }
    };
    ctrlc::set_handler(handler).context("cannot listen for Ctrl-C")
}

/// Whether Ctrl-C was pressed.
pub fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}
