//! How a file of recordings is packed: as its name says.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::error::{Error, Result};

/// Endings of HDF5 files, in lower case.
const ENDINGS: [&str; 4] = ["h5", "hdf5", "hdf", "he5"];

/// What is done to an HDF5 file before it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// Nothing.
    Plain,
    /// A stream of gzip.
    Gzip,
}

impl Packing {
    /// What the name of a file promises: `.h5`, `.hdf5`, `.hdf`, `.he5` and no ending are plain,
    /// with `.gz` behind they are packed by gzip; upper and lower case are the same.
    ///
    /// # Errors
    /// [`Error::File`] for every other ending, which would promise what is not in the file.
    pub(crate) fn of(path: &Path) -> Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let (name, packing) = match name.strip_suffix(".gz") {
            Some(name) => (name, Self::Gzip),
            None => (name.as_str(), Self::Plain),
        };
        match name.trim_start_matches('.').rsplit_once('.') {
            Some((_, ending)) if !ENDINGS.contains(&ending) => Err(Error::file(
                path,
                format!(
                    "recordings are not written as .{ending}, but as HDF5 with the ending .h5, or \
                     packed as .h5.gz"
                ),
            )),
            _ => Ok(packing),
        }
    }

    /// The bytes of the file.
    pub(crate) fn pack(self, bytes: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Plain => bytes,
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder
                    .write_all(&bytes)
                    .and_then(|()| encoder.finish())
                    .expect("a vector takes whatever is written to it")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_how_a_file_is_packed() {
        let of = |name: &str| Packing::of(Path::new(name)).map_err(|error| error.to_string());
        for name in ["made.h5", "made", "a.b/made", "made.H5", "made.2.hdf5", ".h5", "x.HDF", "."] {
            assert_eq!(of(name), Ok(Packing::Plain), "{name}");
        }
        for name in ["made.h5.gz", "MADE.H5.GZ", "made.gz", "made.hdf5.gz", ".gz"] {
            assert_eq!(of(name), Ok(Packing::Gzip), "{name}");
        }
        for (name, ending) in [
            ("made.zip", "zip"),
            ("made.h5.bz2", "bz2"),
            ("made.h5.xz", "xz"),
            ("made.h5.zip", "zip"),
            ("made.npz", "npz"),
            ("made.csv.gz", "csv"),
            ("made.h5.GZIP", "gzip"),
        ] {
            let message = of(name).unwrap_err();
            let expected = format!("{name}: recordings are not written as .{ending}, but as HDF5");
            assert!(message.starts_with(&expected), "{message}");
        }
    }
}
