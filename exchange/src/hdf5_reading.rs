//! Columns of HDF5 files of other programs.

use crate::error::{Error, Result};
use hdf5_reader::error::Error as Hdf5Error;
use hdf5_reader::group::Group;
use hdf5_reader::{Attribute, Dataset, Datatype, Hdf5File};
use std::fmt::Display;
use std::path::Path;

/// How many times longer than its file a dataset can be: deflate reaches a thousand.
const MOST_DEFLATED: u64 = 1100;

/// An HDF5 file, with its name and length.
pub(crate) struct ReadFile<'a> {
    pub path: &'a Path,
    pub file: Hdf5File,
    length: u64,
}

impl<'a> ReadFile<'a> {
    pub(crate) fn open(path: &'a Path) -> Result<Self> {
        let opened = atomic_file::open(path)?;
        let length = opened.metadata().map_or(0, |there| there.len());
        let file = Hdf5File::open(path).map_err(|error| {
            Error::file(path, format!("is not a readable HDF5 file ({})", innermost(&error)))
        })?;
        Ok(Self { path, file, length })
    }

    /// A group; none where it is missing.
    pub(crate) fn group(&self, name: &str) -> Result<Option<Group>> {
        match self.file.group(name) {
            Ok(group) => Ok(Some(group)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(self.damaged(name, &error)),
        }
    }

    /// The groups of a group.
    pub(crate) fn groups(&self, group: &Group) -> Result<Vec<Group>> {
        group.groups().map_err(|error| self.damaged(group.name(), &error))
    }

    /// A dataset of a group that has the name `name` in errors.
    pub(crate) fn dataset(&self, group: &Group, column: &str, name: &str) -> Result<Dataset> {
        group.dataset(column).map_err(|error| {
            if is_absent(&error) {
                self.problem(name, "is missing")
            } else {
                self.damaged(name, &error)
            }
        })
    }

    /// The entries of a dataset of floats, with 32 or 64 bits each.
    pub(crate) fn floats(&self, dataset: &Dataset, name: &str) -> Result<Vec<f64>> {
        let size = match dataset.dtype() {
            Datatype::FloatingPoint { size: size @ (4 | 8), .. } => usize::from(*size),
            _ => {
                let problem = "must hold floating-point numbers of 32 or 64 bits";
                return Err(self.problem(name, problem));
            }
        };
        let bytes = self.bytes(dataset, size, name)?;
        Ok(bytes.chunks_exact(size).map(float).collect())
    }

    /// What `make` makes of the entries of a dataset of integers, with 8 to 64 bits each.
    pub(crate) fn integers<T>(
        &self,
        dataset: &Dataset,
        name: &str,
        mut make: impl FnMut(usize, i128) -> Result<T>,
    ) -> Result<Vec<T>> {
        let (size, signed) = match dataset.dtype() {
            Datatype::FixedPoint { size: size @ (1 | 2 | 4 | 8), signed, .. } => {
                (usize::from(*size), *signed)
            }
            _ => return Err(self.problem(name, "must hold integers of 8 to 64 bits")),
        };
        let bytes = self.bytes(dataset, size, name)?;
        let entry = |(index, bytes)| make(index, integer(bytes, signed));
        bytes.chunks_exact(size).enumerate().map(entry).collect()
    }

    /// The bytes of a dataset, unless it claims to be longer than the file can hold.
    pub(crate) fn bytes(&self, dataset: &Dataset, size: usize, name: &str) -> Result<Vec<u8>> {
        let entries = dataset.shape().iter().try_fold(1_u64, |all, &n| all.checked_mul(n));
        let bytes = entries.and_then(|entries| entries.checked_mul(size as u64));
        let most = match dataset.chunks() {
            Some(_) => self.length.saturating_mul(MOST_DEFLATED),
            None => self.length,
        };
        if bytes.is_none_or(|bytes| bytes > most) {
            let shape = dataset.shape();
            let problem = format!("claims to be {shape:?} entries large, more than the file holds");
            return Err(self.problem(name, problem));
        }
        dataset.read_native_bytes().map_err(|error| self.damaged(name, &error))
    }

    pub(crate) fn problem(&self, name: &str, problem: impl Display) -> Error {
        Error::file(self.path, format!("{name} {problem}"))
    }

    pub(crate) fn damaged(&self, name: &str, error: &Hdf5Error) -> Error {
        let reason = innermost(error);
        self.problem(name, format!("cannot be decoded, the file may be damaged ({reason})"))
    }
}

/// The text of an attribute, if there is one and it is text.
pub(crate) fn text(attribute: hdf5_reader::error::Result<Attribute>) -> Option<String> {
    attribute.and_then(|attribute| attribute.read_string()).ok()
}

/// The last part of a group's path.
pub(crate) fn base_name(group: &Group) -> &str {
    group.name().rsplit('/').next().unwrap_or_default()
}

/// A float of 4 or 8 native bytes.
pub(crate) fn float(bytes: &[u8]) -> f64 {
    match bytes.try_into() {
        Ok(bytes) => f64::from_ne_bytes(bytes),
        Err(_) => {
            f64::from(f32::from_ne_bytes(bytes.try_into().expect("floats have 4 or 8 bytes")))
        }
    }
}

/// An integer of at most 8 native bytes.
pub(crate) fn integer(bytes: &[u8], signed: bool) -> i128 {
    let append = |value: i128, byte: &u8| value << 8 | i128::from(*byte);
    let value = if cfg!(target_endian = "little") {
        bytes.iter().rev().fold(0, append)
    } else {
        bytes.iter().fold(0, append)
    };
    let bits = 8 * bytes.len();
    if signed && value >> (bits - 1) == 1 { value - (1 << bits) } else { value }
}

/// Whether a group or a dataset is not there, rather than damaged.
pub(crate) fn is_absent(error: &Hdf5Error) -> bool {
    match error {
        Hdf5Error::Context { source, .. } => is_absent(source),
        Hdf5Error::DatasetNotFound(_) | Hdf5Error::GroupNotFound(_) => true,
        _ => false,
    }
}

/// The cause beneath all contexts.
pub(crate) fn innermost(error: &Hdf5Error) -> &Hdf5Error {
    match error {
        Hdf5Error::Context { source, .. } => innermost(source),
        other => other,
    }
}
