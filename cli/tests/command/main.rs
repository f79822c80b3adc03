//! The command from end to end, in temporary folders.

mod bad_input;
mod logs;
mod results;
mod sandbox;
mod training;
