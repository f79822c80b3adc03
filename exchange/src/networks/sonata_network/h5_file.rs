//! Columns of numbers in an HDF5 file.

use crate::error::{Error, Result};
use crate::hdf5_reading::{ReadFile, float, integer, is_absent};
use hdf5_reader::Datatype;
use hdf5_reader::group::Group;
use std::fmt::Display;
use std::path::Path;

/// An open file, with its path for errors.
pub(super) struct H5File<'a>(ReadFile<'a>);

impl<'a> H5File<'a> {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::Disk`]; [`Error::File`] for what is not HDF5.
    pub fn open(path: &'a Path) -> Result<Self> {
        ReadFile::open(path).map(Self)
    }

    /// An error about this file.
    pub fn problem(&self, problem: impl Display) -> Error {
        Error::file(self.0.path, problem)
    }

    /// A group that must be there.
    pub fn group(&self, name: &str) -> Result<Group> {
        let group = self.0.group(name)?;
        group.ok_or_else(|| self.problem(format!("there is no group {name}, but SONATA needs it")))
    }

    /// Names of the groups inside a group, sorted.
    pub fn groups(&self, name: &str) -> Result<Vec<String>> {
        let names = self.group(name)?.member_names();
        let (mut groups, _) = names.map_err(|error| self.0.damaged(name, &error))?;
        groups.sort();
        Ok(groups)
    }

    /// Names of the datasets inside a group, sorted; none where there is no such group.
    pub fn datasets(&self, name: &str) -> Result<Vec<String>> {
        let Some(group) = self.0.group(name)? else { return Ok(Vec::new()) };
        let names = group.member_names();
        let (_, mut datasets) = names.map_err(|error| self.0.damaged(name, &error))?;
        datasets.sort();
        Ok(datasets)
    }

    /// A column of whole numbers of at least 0; `None` where it is not there.
    pub fn whole(&self, group: &str, column: &str) -> Result<Option<Vec<u64>>> {
        let Some((bytes, size, datatype)) = self.column(group, column)? else { return Ok(None) };
        let Datatype::FixedPoint { signed, .. } = datatype else {
            return Err(self.problem(format!("{group}/{column} must hold whole numbers")));
        };
        let number = |(index, bytes)| {
            let value = integer(bytes, signed);
            u64::try_from(value).map_err(|_| {
                let name = format!("{group}/{column}");
                self.problem(format!("{name} at index {index} is {value}, but must be at least 0"))
            })
        };
        bytes.chunks_exact(size).enumerate().map(number).collect::<Result<_>>().map(Some)
    }

    /// A column of finite numbers; `None` where it is not there.
    pub fn numbers(&self, group: &str, column: &str) -> Result<Option<Vec<f64>>> {
        let Some((bytes, size, datatype)) = self.column(group, column)? else { return Ok(None) };
        let numbers: Vec<f64> = match datatype {
            Datatype::FixedPoint { signed, .. } => {
                bytes.chunks_exact(size).map(|bytes| integer(bytes, signed) as f64).collect()
            }
            _ => bytes.chunks_exact(size).map(float).collect(),
        };
        match numbers.iter().position(|number| !number.is_finite()) {
            Some(index) => Err(self.problem(format!(
                "{group}/{column} at index {index} is {}, but must be a finite number",
                numbers[index]
            ))),
            None => Ok(Some(numbers)),
        }
    }

    /// The native bytes of a column, the size of a number, and what numbers are.
    fn column(&self, group: &str, column: &str) -> Result<Option<(Vec<u8>, usize, Datatype)>> {
        let name = format!("{group}/{column}");
        let dataset = match self.group(group)?.dataset(column) {
            Ok(dataset) => dataset,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(self.0.damaged(&name, &error)),
        };
        if dataset.ndim() != 1 {
            let problem = format!("{name} has {} dimensions, but must have one", dataset.ndim());
            return Err(self.problem(problem));
        }
        let datatype = dataset.dtype().clone();
        let size = match &datatype {
            Datatype::FixedPoint { size: size @ (1 | 2 | 4 | 8), .. } => usize::from(*size),
            Datatype::FloatingPoint { size: size @ (4 | 8), .. } => usize::from(*size),
            _ => {
                let problem = "must hold integers of 8 to 64 bits or floats of 32 or 64";
                return Err(self.problem(format!("{name} {problem}")));
            }
        };
        let bytes = self.0.bytes(&dataset, size, &name)?;
        Ok(Some((bytes, size, datatype)))
    }

    /// A text that is an attribute of a dataset; `None` where it is not there.
    pub fn text(&self, group: &str, dataset: &str, attribute: &str) -> Option<String> {
        let dataset = self.0.file.group(group).ok()?.dataset(dataset).ok()?;
        dataset.attribute(attribute).ok()?.read_string().ok()
    }
}
