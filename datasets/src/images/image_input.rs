//! How an image becomes the input of a network.
//!
//! Each pixel has a channel of its own. With `p` a pixel from 0 (black) to 255 (white) and `T` the
//! number of steps:
//!
//! | `kind` | entries of the channel |
//! |---|---|
//! | `analog` | `(p / 255 - mean) / std_dev` in every step, none where that is 0 |
//! | `poisson` | one spike in each step with probability `most_per_step p / 255` |
//! | `latency` | a spike in step `round((1 - p / 255) (T - 1))`, none if `p / 255 < threshold` |

use rand::Rng;
use serde::{Deserialize, Serialize};
use sim_core::{Error, SpikeFrames};

use crate::error::Result;

/// Most steps that an image is shown for.
const MOST_STEPS: usize = 100_000;

/// How an image becomes the input of a network; told apart by the key `kind`. Default: analog.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ImageInput {
    /// The normalised pixel as a current in every step. Engines multiply such input once, not in
    /// every step.
    Analog(AnalogInput),
    /// Spikes at random, the more the brighter; drawn anew in every epoch of training.
    Poisson(PoissonInput),
    /// One spike, the earlier the brighter.
    Latency(LatencyInput),
}

/// Normalised pixels. The defaults are mean and standard deviation of the pixels of MNIST's
/// training images.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnalogInput {
    /// What is subtracted from `p / 255`. Default 0.1307, from -1000000 to 1000000.
    pub mean: f64,
    /// What the difference is divided by. Default 0.3081, from 0.000001 to 1000000.
    pub std_dev: f64,
}

/// Spikes at random.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PoissonInput {
    /// Probability that a white pixel fires in a step. Default 1, above 0 and at most 1.
    pub most_per_step: f64,
}

/// One spike per pixel.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LatencyInput {
    /// The darkest `p / 255` that fires. Default 0.2, above 0 and at most 1.
    pub threshold: f64,
}

impl Default for ImageInput {
    fn default() -> Self {
        Self::Analog(AnalogInput::default())
    }
}

impl Default for AnalogInput {
    fn default() -> Self {
        Self { mean: 0.1307, std_dev: 0.3081 }
    }
}

impl Default for PoissonInput {
    fn default() -> Self {
        Self { most_per_step: 1.0 }
    }
}

impl Default for LatencyInput {
    fn default() -> Self {
        Self { threshold: 0.2 }
    }
}

impl ImageInput {
    /// Checks every field.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] that names the first field out of range.
    pub fn check(&self) -> Result<()> {
        match *self {
            Self::Analog(AnalogInput { mean, std_dev }) => {
                let allowed = "from -1000000 to 1000000";
                Error::check("AnalogInput::mean", mean, mean.abs() <= 1e6, allowed)?;
                let fits = (1e-6..=1e6).contains(&std_dev);
                Error::check("AnalogInput::std_dev", std_dev, fits, "from 0.000001 to 1000000")?;
            }
            Self::Poisson(PoissonInput { most_per_step: most }) => {
                let fits = most > 0.0 && most <= 1.0;
                Error::check("PoissonInput::most_per_step", most, fits, "above 0 and at most 1")?;
            }
            Self::Latency(LatencyInput { threshold }) => {
                let fits = threshold > 0.0 && threshold <= 1.0;
                Error::check("LatencyInput::threshold", threshold, fits, "above 0 and at most 1")?;
            }
        }
        Ok(())
    }

    /// What images of so many pixels become in so many steps.
    ///
    /// # Errors
    /// As [`check`](Self::check), and for a number of steps outside 1..=100000, or such that there
    /// could be 2^32 entries and more.
    pub(crate) fn encoder(&self, pixels: usize, steps: usize) -> Result<Encoder> {
        self.check()?;
        let allowed = format!("from 1 to {MOST_STEPS}");
        let fits = (1..=MOST_STEPS).contains(&steps);
        Error::check("steps of an image", steps as f64, fits, &allowed)?;
        let entries = pixels.saturating_mul(steps);
        let allowed = "fewer than 2^32";
        let fits = u32::try_from(entries).is_ok();
        Error::check("pixels x steps of an image", entries as f64, fits, allowed)?;
        let table = match *self {
            Self::Analog(analog) => Table::Analog(Box::new(by_pixel(|p| analog.value(p)))),
            Self::Poisson(poisson) => Table::Poisson(Box::new(by_pixel(|p| poisson.words(p)))),
            Self::Latency(latency) => {
                Table::Latency(Box::new(by_pixel(|p| latency.step(p, steps))))
            }
        };
        Ok(Encoder { steps, table })
    }
}

impl AnalogInput {
    /// In single precision, as PyTorch normalises images.
    fn value(self, pixel: u8) -> f32 {
        (f32::from(pixel) / 255.0 - self.mean as f32) / self.std_dev as f32
    }
}

impl PoissonInput {
    /// How many of the 2^32 values of a random word let the pixel fire.
    fn words(self, pixel: u8) -> u64 {
        (self.most_per_step * f64::from(pixel) / 255.0 * 2f64.powi(32)).round() as u64
    }
}

impl LatencyInput {
    /// The step in which the pixel fires.
    fn step(self, pixel: u8, steps: usize) -> Option<u32> {
        let brightness = f64::from(pixel) / 255.0;
        let fires = brightness >= self.threshold;
        fires.then(|| ((1.0 - brightness) * (steps - 1) as f64).round() as u32)
    }
}

/// The values of all pixels there are.
fn by_pixel<T>(value: impl Fn(u8) -> T) -> [T; 256] {
    std::array::from_fn(|pixel| value(pixel as u8))
}

/// An [`ImageInput`] whose fields were checked, for a number of steps.
#[derive(Debug, Clone)]
pub(crate) struct Encoder {
    steps: usize,
    table: Table,
}

/// What each of the 256 pixels becomes.
#[derive(Debug, Clone)]
enum Table {
    Analog(Box<[f32; 256]>),
    Poisson(Box<[u64; 256]>),
    Latency(Box<[Option<u32>; 256]>),
}

impl Encoder {
    /// Number of steps.
    pub(crate) fn steps(&self) -> usize {
        self.steps
    }

    /// Overwrites `frames` with an image. Random numbers are drawn for spikes at random alone;
    /// `values` is memory that is reused.
    pub(crate) fn encode<R: Rng>(
        &self,
        image: &[u8],
        random: impl FnOnce() -> R,
        values: &mut Vec<f32>,
        frames: &mut SpikeFrames,
    ) {
        let (channels, steps) = (image.len(), self.steps);
        match &self.table {
            Table::Analog(value) => {
                values.clear();
                values.extend(image.iter().map(|&pixel| value[usize::from(pixel)]));
                let filled = frames.refill_constant(values, steps);
                filled.expect("values are finite, and entries were counted");
            }
            Table::Poisson(words) => {
                let mut random = random();
                frames.refill_rows(channels, steps, 1.0, |channel, row| {
                    let firing = words[usize::from(image[channel])];
                    if firing > 0 {
                        let fires = |_: &u32| u64::from(random.next_u32()) < firing;
                        row.extend((0..steps as u32).filter(fires));
                    }
                });
            }
            Table::Latency(step) => {
                frames.refill_rows(channels, steps, 1.0, |channel, row| {
                    row.extend(step[usize::from(image[channel])]);
                });
            }
        }
    }
}

#[cfg(test)]
mod tests;
