//! JSON files with orders of pixels.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::images::permutation::Permutation;
use crate::listing::counted;

/// The files that were read, each once.
#[derive(Debug, Default)]
pub(crate) struct PermutationFiles {
    read: Vec<(PathBuf, Vec<Arc<Permutation>>)>,
}

/// A list of orders under this name; what else there is says nothing.
#[derive(Deserialize)]
struct Named {
    permutation: Vec<Vec<u32>>,
}

impl PermutationFiles {
    /// Number of orders in a file, at least 1.
    ///
    /// # Errors
    /// As [`Self::permutation`], for the file as a whole.
    pub(crate) fn number(&mut self, path: &Path) -> Result<usize> {
        Ok(self.of(path)?.len())
    }

    /// An order of a file, for images of so many pixels.
    ///
    /// # Errors
    /// [`Error::Disk`] or [`Error::File`] for a file that cannot be read, is no JSON with a list of
    /// orders, or whose order is not one; and where the file has no order at that place, or one of
    /// another number of pixels.
    pub(crate) fn permutation(
        &mut self,
        path: &Path,
        index: usize,
        pixels: usize,
    ) -> Result<Arc<Permutation>> {
        let orders = self.of(path)?;
        let Some(order) = orders.get(index) else {
            let held = counted(orders.len(), "permutation");
            let problem =
                format!("the file holds {held}, but number {index}, from 0, is asked for");
            return Err(Error::file(path, problem));
        };
        if order.len() != pixels {
            let entries = counted(order.len(), "pixel");
            let problem =
                format!("permutation {index} orders {entries}, but the images have {pixels}");
            return Err(Error::file(path, problem));
        }
        Ok(order.clone())
    }

    /// The orders of a file.
    fn of(&mut self, path: &Path) -> Result<&[Arc<Permutation>]> {
        let index = match self.read.iter().position(|(known, _)| known == path) {
            Some(index) => index,
            None => {
                self.read.push((path.to_owned(), read(path)?));
                self.read.len() - 1
            }
        };
        Ok(&self.read[index].1)
    }
}

/// Reads all orders of a file.
fn read(path: &Path) -> Result<Vec<Arc<Permutation>>> {
    let mut text = Vec::new();
    let taken = atomic_file::open(path)?.read_to_end(&mut text);
    taken.map_err(|error| Error::io(path, "read the file", error))?;
    let is_list = text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let lists = match is_list {
        true => serde_json::from_slice::<Vec<Vec<u32>>>(&text),
        false => serde_json::from_slice(&text).map(|Named { permutation }| permutation),
    };
    let lists = lists.map_err(|error| {
        let expected = "a list of permutations in JSON was expected, as [[2, 0, 1], [0, 2, 1]] or \
                        { \"permutation\": [[2, 0, 1], [0, 2, 1]] }";
        Error::file(path, format!("{error}; {expected}"))
    })?;
    if lists.is_empty() {
        return Err(Error::file(path, "the file holds no permutation"));
    }
    let orders = lists.into_iter().enumerate().map(|(index, list)| {
        let order = Permutation::new(list);
        order.map(Arc::new).map_err(|error| Error::file(path, format!("number {index}: {error}")))
    });
    orders.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("orders.json");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn orders_are_read_from_a_list_alone_or_under_its_name() {
        for text in [
            "[[2, 0, 1], [0, 2, 1]]",
            "\n{\"note\": \"mine\", \"permutation\": [[2, 0, 1], [0, 2, 1]]}",
        ] {
            let (_folder, path) = stored(text);
            let mut files = PermutationFiles::default();
            assert_eq!(files.number(&path).unwrap(), 2);
            assert_eq!(files.permutation(&path, 1, 3).unwrap().order(), [0, 2, 1]);
        }
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told() {
        let refused = |text: &str, index, pixels| {
            let (_folder, path) = stored(text);
            let refused = PermutationFiles::default().permutation(&path, index, pixels);
            let text = refused.unwrap_err().to_string();
            text.strip_prefix(&format!("{}: ", path.display())).unwrap().to_owned()
        };
        assert_eq!(
            refused("[[0, 1]]", 1, 2),
            "the file holds 1 permutation, but number 1, from 0, is asked for"
        );
        assert_eq!(
            refused("[[1, 0], [0, 1, 2]]", 1, 2),
            "permutation 1 orders 3 pixels, but the images have 2"
        );
        assert_eq!(
            refused("[[1, 0], [1, 1]]", 0, 2),
            "number 1: entry 1 of the permutation is 1, but must be a number that no entry before \
             it is"
        );
        assert_eq!(
            refused("[[0, 2]]", 0, 2),
            "number 0: entry 1 of the permutation is 2, but must be below 2, the number of entries"
        );
        assert_eq!(refused("[]", 0, 2), "the file holds no permutation");
        for (text, found) in [
            (
                "[[0, -1]]",
                "invalid value: integer `-1`, expected u32 at line 1 column 7; a list of",
            ),
            (
                "{\"orders\": [[0, 1]]}",
                "missing field `permutation` at line 1 column 20; a list of",
            ),
            ("[[0, 1], [1", "EOF while parsing a list at line 1 column 11; a list of"),
            ("", "EOF while parsing a value at line 1 column 0; a list of"),
        ] {
            let refused = refused(text, 0, 2);
            assert!(refused.starts_with(found), "{text}: {refused}");
        }
    }
}
