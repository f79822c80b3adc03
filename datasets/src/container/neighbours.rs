//! Other files that an HDF5 file names: those behind external links, and those that hold raw data.
//!
//! They are looked for where the HDF5 library (1.14) looks for them, except for its environment
//! variables. A linked file is looked for beside the file that names it, then in the current
//! folder; raw data in the current folder first. Where an absolute path leads nowhere, its file
//! name is looked for in the same places.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hdf5_reader::error::{Error as Hdf5Error, Result as Hdf5Result};
use hdf5_reader::{ExternalFileResolver, storage::DynStorage, storage::FileStorage};

/// The regular file that `named` means, or a message with all places without such a file.
fn find(named: &str, places: [&Path; 2]) -> Result<PathBuf, String> {
    let named = Path::new(named);
    let mut candidates = Vec::new();
    if named.is_absolute() {
        candidates.push(named.to_owned());
    }
    let below = if named.is_absolute() { named.file_name().map(Path::new) } else { Some(named) };
    candidates.extend(below.into_iter().flat_map(|below| places.map(|place| place.join(below))));
    candidates.dedup();
    if let Some(found) = candidates.iter().find(|candidate| candidate.is_file()) {
        return Ok(found.clone());
    }
    let looked: Vec<_> = candidates.iter().map(|place| place.display().to_string()).collect();
    Err(format!("there is no file {}", looked.join(" nor ")))
}

/// The file that an external link of a file in `folder` names.
///
/// # Errors
/// Where the file was looked for, as the end of a sentence.
pub(crate) fn linked_file(named: &str, folder: &Path) -> Result<PathBuf, String> {
    find(named, [folder, Path::new("")])
}

/// Opens files of raw data for the decoder.
pub(crate) struct RawData {
    /// The folder of the file that names them.
    pub folder: PathBuf,
}

impl ExternalFileResolver for RawData {
    fn resolve_external_file(&self, filename: &str) -> Hdf5Result<Option<DynStorage>> {
        let path = find(filename, [Path::new(""), &self.folder]).map_err(|problem| {
            Hdf5Error::Other(format!("its values are in another file, but {problem}"))
        })?;
        let file = atomic_file::open(&path).map_err(|error| Hdf5Error::Other(error.to_string()))?;
        Ok(Some(Arc::new(FileStorage::from_file(file)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_looked_for_in_order_and_a_missing_one_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let beside = folder.path().join("full.h5");
        let missing = linked_file("full.h5", folder.path()).unwrap_err();
        assert_eq!(missing, format!("there is no file {} nor full.h5", beside.display()));
        std::fs::write(&beside, "").unwrap();
        assert_eq!(linked_file("full.h5", folder.path()).unwrap(), beside);
        assert_eq!(linked_file("./full.h5", folder.path()).unwrap(), beside);
        // A path of the machine where the file was made.
        assert_eq!(linked_file("/nowhere/full.h5", folder.path()).unwrap(), beside);
        assert_eq!(linked_file(beside.to_str().unwrap(), Path::new("")).unwrap(), beside);
        let folder_of_that_name = linked_file("..", folder.path()).unwrap_err();
        assert!(folder_of_that_name.starts_with("there is no file "), "{folder_of_that_name}");
    }

    #[test]
    fn raw_data_is_opened_and_a_missing_file_is_said() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("labels.raw"), [1, 2]).unwrap();
        let resolver = RawData { folder: folder.path().to_owned() };
        let found = resolver.resolve_external_file("labels.raw").unwrap().unwrap();
        assert_eq!(found.len(), 2);
        let error = resolver.resolve_external_file("other.raw").err().unwrap().to_string();
        assert!(
            error
                .starts_with("its values are in another file, but there is no file other.raw nor "),
            "{error}"
        );
    }
}
