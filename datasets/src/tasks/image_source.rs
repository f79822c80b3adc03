//! The images that tasks choose from.

use std::sync::Arc;

use rand::seq::SliceRandom;
use sim_core::{Error as ParameterError, Purpose, Seed};

use crate::error::Result;
use crate::images::image_data::ImageData;
use crate::images::image_set::ImageSet;

/// Training and test images, and which of the training images validate.
#[derive(Debug)]
pub(crate) struct ImageSource {
    pub data: ImageData,
    /// [`ImageData::checksum`], which takes a while.
    pub checksum: String,
    /// Training images that train, ascending.
    train: Vec<u32>,
    /// Those that validate, ascending.
    held_out: Vec<u32>,
    /// What was chosen for classes; tasks with the same classes share it.
    chosen: Vec<(Vec<u8>, Chosen)>,
}

/// Images of some classes, ascending.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chosen {
    /// Training images that train.
    pub train: Arc<[u32]>,
    /// Training images that validate.
    pub validation: Arc<[u32]>,
    /// Test images.
    pub test: Arc<[u32]>,
}

impl ImageSource {
    /// Holds out so many of the training images, chosen by chance; neither tasks nor classes matter
    /// for which they are.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] when no image would be left to train on.
    pub(crate) fn new(data: ImageData, held_out: usize, seed: Seed) -> Result<Self> {
        let images = data.train().len();
        if held_out >= images {
            let name = data.train().name();
            let allowed = format!("below {images}, the number of training images of {name}");
            return Err(ParameterError::out_of_range("held_out", held_out, allowed).into());
        }
        let mut order: Vec<u32> = (0..images as u32).collect();
        // A split by class takes the streams of the classes, which count from 0.
        order.shuffle(&mut seed.stream(Purpose::Split, u64::MAX, 0));
        let mut train = order.split_off(held_out);
        train.sort_unstable();
        order.sort_unstable();
        let checksum = data.checksum();
        Ok(Self { data, checksum, train, held_out: order, chosen: Vec::new() })
    }

    /// The images of these classes.
    pub(crate) fn chosen(&mut self, classes: &[u8]) -> Chosen {
        let known = self.chosen.iter().find(|(known, _)| known == classes);
        if let Some((_, chosen)) = known {
            return chosen.clone();
        }
        let of = |set: &ImageSet, images: &mut dyn Iterator<Item = u32>| {
            images.filter(|&image| classes.contains(&set.label(image as usize))).collect()
        };
        let (train, test) = (self.data.train(), self.data.test());
        let chosen = Chosen {
            train: of(train, &mut self.train.iter().copied()),
            validation: of(train, &mut self.held_out.iter().copied()),
            test: of(test, &mut (0..test.len() as u32)),
        };
        self.chosen.push((classes.to_vec(), chosen.clone()));
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 60 training images of the classes 0, 1, 2, 0, 1, .. and six test images.
    fn data() -> ImageData {
        let set = |name, images: u8| {
            let labels = (0..images).map(|image| image % 3).collect();
            ImageSet::new(name, 1, 1, vec![0; usize::from(images)], labels).unwrap()
        };
        ImageData::new(set("train", 60), set("test", 6)).unwrap()
    }

    #[test]
    fn the_same_images_are_held_out_whatever_the_classes() {
        let mut source = ImageSource::new(data(), 20, Seed(4)).unwrap();
        let all = source.chosen(&[0, 1, 2]);
        assert_eq!((all.train.len(), all.validation.len(), all.test.len()), (40, 20, 6));
        let mut both = [&all.train[..], &all.validation[..]].concat();
        both.sort_unstable();
        assert_eq!(both, (0..60).collect::<Vec<u32>>());
        let one = source.chosen(&[2, 1]);
        let kept = |image: &&u32| [1, 2].contains(&(*image % 3));
        assert!(one.validation.iter().eq(all.validation.iter().filter(kept)));
        assert!(one.train.iter().eq(all.train.iter().filter(kept)));
        assert_eq!(one.test[..], [1, 2, 4, 5]);
        assert!(Arc::ptr_eq(&source.chosen(&[2, 1]).train, &one.train));

        let again = ImageSource::new(data(), 20, Seed(4)).unwrap().chosen(&[0, 1, 2]);
        assert_eq!(again, all);
        assert_ne!(ImageSource::new(data(), 20, Seed(5)).unwrap().chosen(&[0, 1, 2]), all);
    }

    #[test]
    fn some_images_must_train() {
        let all = ImageSource::new(data(), 0, Seed(4)).unwrap().chosen(&[0, 1, 2]);
        assert_eq!((all.train.len(), all.validation.len()), (60, 0));
        assert_eq!(
            ImageSource::new(data(), 60, Seed(4)).unwrap_err().to_string(),
            "held_out is 60, but must be below 60, the number of training images of train"
        );
    }
}
