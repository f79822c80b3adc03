//! Ctrl-C, and what schedulers, `docker stop` and a closed terminal send instead: the program ends
//! at once, unless there is something to save; then the first signal asks and a second one ends.
//!
//! | signal | sent by | exit code |
//! |---|---|---|
//! | SIGINT | Ctrl-C | 130 |
//! | SIGTERM | Slurm, `docker stop`, `timeout`, `kill` | 143 |
//! | SIGHUP | a terminal that is closed; stays ignored under `nohup` | 129 |

use anyhow::{Context, Result};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// `timeout` signals its command and then its group, a shell its jobs and then the system the same
/// ones: what comes this soon after the first signal is the same one again.
const SAME: Duration = Duration::from_millis(500);

/// The first signal.
static FIRST: OnceLock<(Signal, Instant)> = OnceLock::new();
static SAVES: AtomicBool = AtomicBool::new(false);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Signal {
    Interrupt,
    #[cfg(unix)]
    Terminate,
    #[cfg(unix)]
    HangUp,
}

impl Signal {
    /// 128 and the number of the signal.
    fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            #[cfg(unix)]
            Self::Terminate => 143,
            #[cfg(unix)]
            Self::HangUp => 129,
        }
    }

    /// Whether the signal, this long after the first, is one more wish to end.
    fn insists(self, after: Duration) -> bool {
        // A closed terminal says so once or twice, and service managers say it behind a SIGTERM.
        #[cfg(unix)]
        if self == Self::HangUp {
            return false;
        }
        after >= SAME
    }
}

/// From now on these signals end the program with their exit code, and leave no half-written file
/// behind.
pub fn listen() -> Result<()> {
    subscribe().context("cannot listen for signals")
}

#[cfg(unix)]
fn subscribe() -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
    use signal_hook::iterator::Signals;
    use std::sync::Arc;
    let hang_up = (!ignores(SIGHUP)).then_some(SIGHUP);
    let mut signals = Signals::new([SIGINT, SIGTERM].into_iter().chain(hang_up))?;
    // Heard, it lets a file beyond its size limit be an error instead of the end.
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
    // A thread of its own may take locks and wait for the disk.
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        for signal in &mut signals {
            receive(match signal {
                SIGINT => Signal::Interrupt,
                SIGTERM => Signal::Terminate,
                _ => Signal::HangUp,
            });
        }
    })?;
    Ok(())
}

#[cfg(not(unix))]
fn subscribe() -> std::result::Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| receive(Signal::Interrupt))
}

/// Whether the program was started with a signal ignored, as `nohup` does. Where the system does
/// not tell, it may have been, and is not heard.
#[cfg(unix)]
fn ignores(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_none_or(|mask| mask & (1 << (signal - 1)) != 0)
}

fn receive(signal: Signal) {
    let ends = match FIRST.get() {
        Some((_, first)) => signal.insists(first.elapsed()),
        None => {
            let _ = FIRST.set((signal, Instant::now()));
            !SAVES.load(Ordering::SeqCst)
        }
    };
    if ends {
        synfire::atomic_file::exit(signal.exit_code().into());
    }
}

/// From now on the first signal is only remembered, for there is something to save.
pub fn save_first() {
    SAVES.store(true, Ordering::SeqCst);
}

/// The exit code of the signal that asked the program to end; none where none did.
pub fn asked() -> Option<u8> {
    FIRST.get().map(|(signal, _)| signal.exit_code())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_same_signal_twice_is_no_second_one() {
        for signal in [Signal::Interrupt, Signal::Terminate] {
            assert!(!signal.insists(Duration::from_millis(3)));
            assert!(signal.insists(Duration::from_millis(900)));
        }
        assert!(!Signal::HangUp.insists(Duration::from_secs(60)));
    }
}
