//! Images of one size, each of a class.

use std::fmt;
use std::path::Path;

use sha2::{Digest, Sha256};
use sim_core::Error as ParameterError;

use crate::error::{Error, Result};
use crate::images::idx;

/// Grey images of one size, and the class of each. At least one image, of at least one pixel.
///
/// ```
/// use datasets::ImageSet;
///
/// // Two images of one row and two columns.
/// let images = ImageSet::new("stripes", 2, 1, vec![0, 255, 255, 0], vec![3, 7])?;
/// assert_eq!((images.len(), images.pixels(), images.classes()), (2, 2, vec![3, 7]));
/// assert_eq!((images.image(1), images.label(1)), (&[255, 0][..], 7));
/// # Ok::<(), datasets::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct ImageSet {
    name: String,
    width: usize,
    height: usize,
    /// `[image][row][column]`
    pixels: Vec<u8>,
    /// `[image]`
    labels: Vec<u8>,
}

impl ImageSet {
    /// Images of `height` rows and `width` columns: `pixels` are `[image][row][column]`, 0 is black
    /// and 255 is white; `labels` are `[image]`. Errors and debug output call the set `name`.
    ///
    /// # Errors
    /// [`Error::Parameter`] without an image or a pixel, or when there are not as many pixels as
    /// the labels and the size ask for.
    pub fn new(
        name: &str,
        width: usize,
        height: usize,
        pixels: Vec<u8>,
        labels: Vec<u8>,
    ) -> Result<Self> {
        for (what, value) in [("width", width), ("height", height), ("number", labels.len())] {
            let field = format!("{what} of the images {name}");
            ParameterError::check(field, value as f64, value > 0, "at least 1")?;
        }
        let expected = labels.len().saturating_mul(width.saturating_mul(height));
        ParameterError::check_length(&format!("pixels of {name}"), pixels.len(), expected)?;
        Ok(Self { name: name.to_owned(), width, height, pixels, labels })
    }

    /// Reads two IDX files, plain or packed by gzip: images `[image][row][column]` and labels
    /// `[image]`, both of unsigned bytes.
    ///
    /// # Errors
    /// One that names the file, when it cannot be opened, is no IDX file of that kind, is damaged,
    /// or holds fewer or more bytes than its header says; one that names both when they have
    /// different numbers of images and labels.
    pub fn read(images: impl AsRef<Path>, labels: impl AsRef<Path>) -> Result<Self> {
        let (images, labels) = (images.as_ref(), labels.as_ref());
        let idx::IdxImages { width, height, pixels } = idx::read_images(images)?;
        let number = pixels.len() / (width * height);
        let classes = idx::read_labels(labels)?;
        if classes.len() != number {
            let found = classes.len();
            let problem = format!(
                "the file has {found} labels, but {} has {number} images",
                images.display()
            );
            return Err(Error::file(labels, problem));
        }
        Self::new(&images.display().to_string(), width, height, pixels, classes)
    }

    /// What errors call the set: the file of its images, or as [`new`](Self::new) was told.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of images, at least 1.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image: never.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Columns of an image.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows of an image.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Pixels of an image.
    pub fn pixels(&self) -> usize {
        self.width * self.height
    }

    /// The pixels of an image, `[row][column]`: 0 is black, 255 is white.
    pub fn image(&self, image: usize) -> &[u8] {
        &self.pixels[image * self.pixels()..(image + 1) * self.pixels()]
    }

    /// The class of an image.
    pub fn label(&self, image: usize) -> u8 {
        self.labels[image]
    }

    /// The class of every image.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The classes that occur, ascending.
    pub fn classes(&self) -> Vec<u8> {
        let mut occurs = [false; 256];
        self.labels.iter().for_each(|&label| occurs[usize::from(label)] = true);
        (0..=u8::MAX).filter(|&class| occurs[usize::from(class)]).collect()
    }

    /// Hashes size, pixels and labels, but not the name.
    pub(crate) fn update(&self, hash: &mut Sha256) {
        for size in [self.len(), self.height, self.width] {
            hash.update((size as u64).to_le_bytes());
        }
        hash.update(&self.pixels);
        hash.update(&self.labels);
    }
}

/// Without the pixels, of which there are too many to look at.
impl fmt::Debug for ImageSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageSet")
            .field("name", &self.name)
            .field("width", &self.width)
            .field("height", &self.height)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::idx::tests::{gzip, idx};

    #[test]
    fn images_and_labels_of_two_files_come_together() {
        let folder = tempfile::tempdir().unwrap();
        let [images, labels] = ["images", "labels"].map(|name| folder.path().join(name));
        std::fs::write(&images, gzip(&idx(&[2, 1, 3], &[1, 2, 3, 4, 5, 6]))).unwrap();
        std::fs::write(&labels, idx(&[2], &[9, 4])).unwrap();
        let set = ImageSet::read(&images, &labels).unwrap();
        assert_eq!((set.len(), set.width(), set.height(), set.pixels()), (2, 3, 1, 3));
        assert_eq!((set.image(1), set.label(1), set.classes()), (&[4, 5, 6][..], 4, vec![4, 9]));
        assert!(format!("{set:?}").len() < 300);

        std::fs::write(&labels, idx(&[3], &[9, 4, 1])).unwrap();
        assert_eq!(
            ImageSet::read(&images, &labels).unwrap_err().to_string(),
            format!(
                "{}: the file has 3 labels, but {} has 2 images",
                labels.display(),
                images.display()
            )
        );
    }

    #[test]
    fn sets_that_a_program_makes_are_checked() {
        let refused = |width, height, pixels, labels: &[u8]| {
            let made = ImageSet::new("made", width, height, vec![0; pixels], labels.to_vec());
            made.unwrap_err().to_string()
        };
        assert_eq!(refused(2, 2, 0, &[]), "number of the images made is 0, but must be at least 1");
        assert_eq!(refused(0, 2, 0, &[1]), "width of the images made is 0, but must be at least 1");
        assert_eq!(refused(2, 2, 7, &[1, 2]), "pixels of made has length 7, but must have 8");
        assert!(refused(usize::MAX, 2, 7, &[1, 2]).starts_with("pixels of made has length 7"));
    }
}
