//! Made-up images: clusters in few dimensions, seen through many pixels.
//!
//! With `D` the dimension, `A` a matrix of `side^2` rows and `D` columns and `m` the centres of
//! `clusters_per_class` clusters for each class, all with independent standard normal entries, the
//! pixels of an image of a class are, with one of its clusters drawn and `n` standard normal,
//!
//! ```text
//! z = m_cluster + spread n
//! x = A z / sqrt(D (1 + spread^2))          of about unit variance
//! p = round(255 (0.5 + 0.25 x))             cut off at 0 and 255
//! ```
//! The clusters of a class are no nearer to each other than to those of other classes, so that no
//! output can tell the classes without hidden neurons. A network that learns such images in one
//! order of pixels after the other forgets the orders before.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};
use sim_core::{Error, Purpose, Seed};

use crate::error::Result;
use crate::images::image_data::ImageData;
use crate::images::image_set::ImageSet;

/// Most pixels of all images together, as of a file.
const MOST_PIXELS: usize = 1 << 31;
/// Most entries of the matrix, and of all centres together.
const MOST_ENTRIES: usize = 1 << 26;

/// Parameters of the made-up images; see the module's equations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImageClusters {
    /// Number of classes. Default 10, in 2..=256.
    pub classes: usize,
    /// Clusters of each class. Default 8, in 1..=1000.
    pub clusters_per_class: usize,
    /// Dimension of the space that the clusters lie in. Default 25, in 1..=10000.
    pub dimension: usize,
    /// Standard deviation inside a cluster, where that between centres is 1. Default 0.5, in
    /// 0..=100.
    pub spread: f64,
    /// Rows, and as many columns, of an image. Default 12, in 1..=1024.
    pub side: usize,
    /// Images to train on, of all classes together. Default 9600, in 1..=10000000.
    pub train: usize,
    /// Images to test on, of all classes together. Default 2000, in 1..=10000000.
    pub test: usize,
}

impl Default for ImageClusters {
    fn default() -> Self {
        Self {
            classes: 10,
            clusters_per_class: 8,
            dimension: 25,
            spread: 0.5,
            side: 12,
            train: 9600,
            test: 2000,
        }
    }
}

impl ImageClusters {
    /// Checks every field, and their products that memory is needed for.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] that names the first field or product out of range.
    pub fn check(&self) -> Result<()> {
        for (name, value, least, most) in [
            ("classes", self.classes, 2, 256),
            ("clusters_per_class", self.clusters_per_class, 1, 1000),
            ("dimension", self.dimension, 1, 10_000),
            ("side", self.side, 1, 1024),
            ("train", self.train, 1, 10_000_000),
            ("test", self.test, 1, 10_000_000),
        ] {
            let field = format!("ImageClusters::{name}");
            let allowed = format!("from {least} to {most}");
            Error::check(field, value as f64, (least..=most).contains(&value), &allowed)?;
        }
        let fits = (0.0..=100.0).contains(&self.spread);
        Error::check("ImageClusters::spread", self.spread, fits, "from 0 to 100")?;

        let pixels = self.side * self.side;
        let centres = self.classes * self.clusters_per_class;
        for (field, what, value, most) in [
            ("train", "pixels of training images", self.train * pixels, MOST_PIXELS),
            ("test", "pixels of test images", self.test * pixels, MOST_PIXELS),
            ("dimension", "entries of the matrix", pixels * self.dimension, MOST_ENTRIES),
            ("dimension", "entries of the centres", centres * self.dimension, MOST_ENTRIES),
        ] {
            if value > most {
                let problem =
                    format!("is too large: there may be {most} {what}, but there would be {value}");
                return Err(Error::unfit(format!("ImageClusters::{field}"), problem).into());
            }
        }
        Ok(())
    }

    /// Makes the images: image `i` is of class `i % classes`, so that any run of images is
    /// balanced. The same seed gives the same images, and an image does not depend on how many
    /// there are.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn images(&self, seed: Seed) -> Result<ImageData> {
        self.check()?;
        let pixels = self.side * self.side;
        let matrix = normal(pixels * self.dimension, &mut seed.stream(Purpose::Synthesis, 0, 0));
        let centres = (0..self.classes * self.clusters_per_class).map(|centre| {
            normal(self.dimension, &mut seed.stream(Purpose::Synthesis, 1, centre as u64))
        });
        let centres: Vec<Vec<f64>> = centres.collect();
        let set = |name, number: usize, key| {
            let mut shown = Vec::with_capacity(number * pixels);
            let mut point = Vec::new();
            for image in 0..number {
                let mut random = seed.stream(Purpose::Synthesis, key, image as u64);
                let cluster = random.random_range(0..self.clusters_per_class);
                let class = image % self.classes;
                let centre = &centres[class * self.clusters_per_class + cluster];
                point.clear();
                point.extend(centre.iter().map(|centre| {
                    let noise: f64 = random.sample(StandardNormal);
                    centre + self.spread * noise
                }));
                let rows = matrix.chunks_exact(self.dimension);
                shown.extend(rows.map(|row| self.pixel(row, &point)));
            }
            let labels = (0..number).map(|image| (image % self.classes) as u8).collect();
            ImageSet::new(name, self.side, self.side, shown, labels)
        };
        ImageData::new(
            set("the made-up training images", self.train, 2)?,
            set("the made-up test images", self.test, 3)?,
        )
    }

    /// One pixel of the image of a point.
    fn pixel(&self, row: &[f64], point: &[f64]) -> u8 {
        let projected: f64 = row.iter().zip(point).map(|(entry, point)| entry * point).sum();
        let x = projected / (self.dimension as f64 * (1.0 + self.spread.powi(2))).sqrt();
        // The conversion cuts off.
        (255.0 * (0.5 + 0.25 * x)).round() as u8
    }
}

/// Independent standard normal numbers.
fn normal(number: usize, random: &mut impl Rng) -> Vec<f64> {
    (0..number).map(|_| random.sample(StandardNormal)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> ImageClusters {
        ImageClusters { train: 600, test: 100, ..ImageClusters::default() }
    }

    /// Squared distance of two images.
    fn distance(one: &[u8], other: &[u8]) -> i64 {
        let apart = one.iter().zip(other).map(|(&a, &b)| i64::from(a) - i64::from(b));
        apart.map(|apart| apart * apart).sum()
    }

    #[test]
    fn classes_are_told_by_their_clusters_but_not_by_their_means() {
        let data = ImageClusters { spread: 0.2, ..small() }.images(Seed(1)).unwrap();
        assert_eq!((data.train().len(), data.test().len(), data.pixels()), (600, 100, 144));
        assert_eq!(data.classes(), (0..10).collect::<Vec<u8>>());
        let of_class = |class: u8| (0..600).filter(move |image| image % 10 == usize::from(class));
        let means: Vec<Vec<u8>> = (0..10)
            .map(|class| {
                let mean = |pixel: usize| {
                    let all =
                        of_class(class).map(|image| u32::from(data.train().image(image)[pixel]));
                    (all.sum::<u32>() / 60) as u8
                };
                (0..144).map(mean).collect()
            })
            .collect();
        let (mut by_neighbour, mut by_mean) = (0, 0);
        for test in 0..100 {
            let (image, class) = (data.test().image(test), data.test().label(test));
            let nearest = (0..600).min_by_key(|&other| distance(image, data.train().image(other)));
            by_neighbour += usize::from(data.train().label(nearest.unwrap()) == class);
            let nearest = (0..10).min_by_key(|&class| distance(image, &means[class]));
            by_mean += usize::from(nearest == Some(usize::from(class)));
        }
        assert!(by_neighbour >= 97, "{by_neighbour}");
        assert!((15..=70).contains(&by_mean), "{by_mean}");
    }

    #[test]
    fn pixels_are_normalised_by_a_half_and_a_quarter() {
        let data = small().images(Seed(3)).unwrap();
        let all = (0..600).flat_map(|image| data.train().image(image));
        let all: Vec<f64> = all.map(|&pixel| (f64::from(pixel) / 255.0 - 0.5) / 0.25).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let square = all.iter().map(|x| x * x).sum::<f64>() / all.len() as f64;
        // 80 centres are not quite of mean 0 and variance 1.
        assert!(mean.abs() < 0.1 && (square - 1.0).abs() < 0.2, "{mean}, {square}");
    }

    #[test]
    fn the_seed_fixes_the_images_and_an_image_stands_alone() {
        let make = |train, seed| ImageClusters { train, ..small() }.images(Seed(seed)).unwrap();
        let data = make(50, 1);
        assert_eq!(data, make(50, 1));
        assert_ne!(data, make(50, 2));
        let more = make(60, 1);
        assert!((0..50).all(|image| data.train().image(image) == more.train().image(image)));
        assert_eq!(data.test(), more.test());
        assert_ne!(data.train().image(0), data.test().image(0));
    }

    #[test]
    fn fields_and_products_are_checked() {
        for (clusters, message) in [
            (
                ImageClusters { classes: 257, ..small() },
                "ImageClusters::classes is 257, but must be from 2 to 256",
            ),
            (
                ImageClusters { test: 0, ..small() },
                "ImageClusters::test is 0, but must be from 1 to 10000000",
            ),
            (
                ImageClusters { spread: f64::NAN, ..small() },
                "ImageClusters::spread is NaN, but must be from 0 to 100",
            ),
            (
                ImageClusters { side: 1024, train: 10_000, ..small() },
                "ImageClusters::train is too large: there may be 2147483648 pixels of training \
                 images, but there would be 10485760000",
            ),
            (
                ImageClusters { side: 1024, dimension: 100, ..small() },
                "ImageClusters::dimension is too large: there may be 67108864 entries of the \
                 matrix, but there would be 104857600",
            ),
        ] {
            assert_eq!(clusters.images(Seed(0)).unwrap_err().to_string(), message);
        }
        assert!(toml::from_str::<ImageClusters>("noise = 0.1").is_err());
    }
}
