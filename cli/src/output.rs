//! Results to stdout, errors to stderr; neither panics when the other end has gone.

use anyhow::{Context, Result};
use std::fmt::Display;
use std::io::{self, Write};

/// Prints a result and a line break.
pub fn print(result: impl Display) -> Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{result}")
        .and_then(|()| stdout.flush())
        .context("cannot write to standard output")
}

/// Prints a line for people. Nobody is left to be told when this fails.
pub fn say(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints an error in one line: the outermost message, then every cause that it does not already
/// tell.
pub fn report(error: &anyhow::Error) {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause);
        }
    }
    say(format!("synfire: error: {text}"));
}

/// Whether stdout was closed by its reader, as `head` does: no failure of ours.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
