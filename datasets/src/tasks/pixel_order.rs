//! The order of the pixels of a task, as settings name it.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sim_core::Error as ParameterError;

use crate::error::Result;
use crate::images::permutation::Permutation;
use crate::tasks::permutation_files::PermutationFiles;

/// An order of pixels: `{ seed = 3 }` draws it, `{ file = "orders.json", index = 2 }` reads it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PixelOrder {
    /// Draws the order as [`Permutation::shuffled`] does. Default: none, which needs a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    /// A JSON file with a list of orders, `[[2, 0, 1], [0, 2, 1]]`, or an object with such a list
    /// under `permutation`. Default: none, which needs a seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// Which of the file's orders it is, counted from 0. Default: the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
}

impl PixelOrder {
    /// The order that this seed draws.
    pub fn of_seed(seed: u32) -> Self {
        Self { seed: Some(seed), ..Self::default() }
    }

    /// The order at this place of a file.
    pub fn of_file(file: PathBuf, index: usize) -> Self {
        Self { file: Some(file), index: Some(index), ..Self::default() }
    }

    /// Checks that either a seed or a file is named.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] otherwise, and for an index without a file.
    pub fn check(&self) -> Result<()> {
        let refused = |field: &str, problem| Err(ParameterError::unfit(field, problem).into());
        match (self.seed, &self.file, self.index) {
            (Some(_), Some(_), _) => {
                refused("PixelOrder::seed", "is given beside a file, but one of them is enough")
            }
            (None, None, _) => {
                refused("PixelOrder::seed", "is missing; name a seed, or a file of orders")
            }
            (Some(_), None, Some(_)) => {
                refused("PixelOrder::index", "is given without a file of orders")
            }
            _ => Ok(()),
        }
    }

    /// The order, for images of so many pixels.
    ///
    /// # Errors
    /// As [`check`](Self::check); one that names the file when it cannot be read, or has no such
    /// order for so many pixels.
    pub(crate) fn permutation(
        &self,
        pixels: usize,
        files: &mut PermutationFiles,
    ) -> Result<Arc<Permutation>> {
        self.check()?;
        if let Some(file) = &self.file {
            return files.permutation(file, self.index.unwrap_or(0), pixels);
        }
        let pixels = u32::try_from(pixels).map_err(|_| {
            ParameterError::out_of_range("pixels of an image", pixels, "below 2^32")
        })?;
        let seed = self.seed.expect("without a file there is a seed");
        Ok(Arc::new(Permutation::shuffled(pixels, seed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_or_a_file_is_named() {
        let read = |text: &str| toml::from_str::<PixelOrder>(text).unwrap();
        assert_eq!(read("seed = 3"), PixelOrder::of_seed(3));
        assert_eq!(read("file = \"a.json\"\nindex = 2"), PixelOrder::of_file("a.json".into(), 2));
        let refused = |text: &str| read(text).check().unwrap_err().to_string();
        assert_eq!(refused(""), "PixelOrder::seed is missing; name a seed, or a file of orders");
        assert_eq!(
            refused("seed = 1\nfile = \"a.json\""),
            "PixelOrder::seed is given beside a file, but one of them is enough"
        );
        assert_eq!(
            refused("seed = 1\nindex = 0"),
            "PixelOrder::index is given without a file of orders"
        );
        assert!(toml::from_str::<PixelOrder>("seed = -1").is_err());
    }

    #[test]
    fn a_seed_draws_for_any_number_of_pixels() {
        let mut files = PermutationFiles::default();
        let order = PixelOrder::of_seed(7).permutation(12, &mut files).unwrap();
        assert_eq!(*order, Permutation::shuffled(12, 7));
    }
}
