//! The command from end to end, in temporary folders.

mod bad_input;
#[cfg(unix)]
mod locks;
mod logs;
mod moved;
mod results;
#[cfg(unix)]
mod running;
mod sandbox;
#[cfg(unix)]
mod signals;
mod training;
