//! Opens HDF5 files as other programs write them, follows their links, undoes their compression,
//! and tells unsupported forms from damage.
//!
//! | file | holds |
//! |---|---|
//! | `file` | an open file, and the way to a dataset in it or behind a link |
//! | `links` | the links of a group, as they are stored |
//! | `neighbours` | other files that a file names |
//! | `lzf` | the decoder of LZF |
//! | `numbers` | numbers of datasets, and the names of their types |
//! | `text` | strings in UTF-8 and Latin-1 |
//! | `unread` | damage, and forms that are not read |
//!
//! The decoder is the crate `hdf5-reader`. These files add what h5py also reads: LZF, links that
//! lead to other files or nowhere, strings in Latin-1, files whose user block was cut off.

pub(crate) mod file;
mod links;
mod lzf;
mod neighbours;
pub(crate) mod numbers;
pub(crate) mod text;
pub(crate) mod unread;
