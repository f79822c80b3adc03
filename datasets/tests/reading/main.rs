//! Reads files that this crate did not write.

mod foreign_files;
mod heidelberg;
