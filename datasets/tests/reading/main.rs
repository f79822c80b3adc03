//! Reads files that this crate did not write.

mod foreign_files;
mod h5py_files;
mod heidelberg;
mod mnist;
