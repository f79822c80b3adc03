//! The command from end to end, in temporary folders.

mod bad_input;
mod logs;
mod moved;
mod results;
mod sandbox;
mod training;
