//! HDF5 files as other programs write them: opened, their links followed, what they are packed
//! with undone, and what is not read told apart from damage.
//!
//! The decoder is the crate `hdf5-reader`. Here is what h5py does beside it: LZF, links that lead
//! to other files or nowhere, strings in Latin-1, files whose user block was cut off.

mod file;
mod links;
mod lzf;
mod neighbours;
mod text;
mod unread;

pub(crate) use file::{Container, Found};
pub(crate) use text::is_string;
pub(crate) use unread::reason;
