//! Training and test images.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::checksum::hexadecimal;
use crate::error::Result;
use crate::images::image_set::ImageSet;

/// Images to train on and images to test on, of one size. Copies share the images.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageData {
    train: Arc<ImageSet>,
    test: Arc<ImageSet>,
}

impl ImageData {
    /// Joins the two sets.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] when their images have different sizes.
    pub fn new(train: ImageSet, test: ImageSet) -> Result<Self> {
        let size = |set: &ImageSet| (set.height(), set.width());
        if size(&train) != size(&test) {
            let ((height, width), (rows, columns)) = (size(&test), size(&train));
            return Err(sim_core::Error::unfit(
                test.name(),
                format!(
                    "has images of {height} x {width} pixels, but those of {} have {rows} x \
                     {columns}",
                    train.name()
                ),
            )
            .into());
        }
        Ok(Self { train: Arc::new(train), test: Arc::new(test) })
    }

    /// The images to train on.
    pub fn train(&self) -> &Arc<ImageSet> {
        &self.train
    }

    /// The images to test on.
    pub fn test(&self) -> &Arc<ImageSet> {
        &self.test
    }

    /// Pixels of an image.
    pub fn pixels(&self) -> usize {
        self.train.pixels()
    }

    /// The classes of training and test images, ascending.
    pub fn classes(&self) -> Vec<u8> {
        let mut classes = [self.train.classes(), self.test.classes()].concat();
        classes.sort_unstable();
        classes.dedup();
        classes
    }

    /// SHA-256 of all images and labels, in hexadecimal; how files were called or packed does not
    /// matter.
    pub fn checksum(&self) -> String {
        let mut hash = Sha256::new();
        [&self.train, &self.test].into_iter().for_each(|set| set.update(&mut hash));
        hexadecimal(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, pixels: [u8; 4], labels: [u8; 2]) -> ImageSet {
        ImageSet::new(name, 2, 1, pixels.into(), labels.into()).unwrap()
    }

    #[test]
    fn a_checksum_tells_pixels_labels_and_sets_apart() {
        let of = |train, test| ImageData::new(train, test).unwrap().checksum();
        let (one, other) = (set("one", [1, 2, 3, 4], [0, 1]), set("other", [4, 3, 2, 1], [0, 1]));
        let usual = of(one.clone(), other.clone());
        assert_eq!(usual.len(), 64);
        assert_eq!(usual, of(set("renamed", [1, 2, 3, 4], [0, 1]), other.clone()));
        assert_ne!(usual, of(other.clone(), one.clone()));
        assert_ne!(usual, of(set("one", [1, 2, 3, 5], [0, 1]), other.clone()));
        assert_ne!(usual, of(set("one", [1, 2, 3, 4], [1, 1]), other.clone()));
        let tall = |name| ImageSet::new(name, 1, 2, vec![1, 2, 3, 4], vec![0, 1]).unwrap();
        let turned = ImageSet::new("other", 1, 2, vec![4, 3, 2, 1], vec![0, 1]).unwrap();
        assert_ne!(usual, of(tall("one"), turned));
    }

    #[test]
    fn classes_of_both_sets_count() {
        let data = ImageData::new(set("a", [0; 4], [7, 2]), set("b", [0; 4], [2, 9])).unwrap();
        assert_eq!((data.classes(), data.pixels()), (vec![2, 7, 9], 2));
    }

    #[test]
    fn sets_of_two_sizes_are_refused() {
        let large = ImageSet::new("test.idx", 3, 1, vec![0; 3], vec![0]).unwrap();
        let error = ImageData::new(set("train.idx", [0; 4], [0, 1]), large).unwrap_err();
        assert_eq!(
            error.to_string(),
            "test.idx has images of 1 x 3 pixels, but those of train.idx have 1 x 2"
        );
    }
}
