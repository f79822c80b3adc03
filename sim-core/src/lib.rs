//! The vocabulary and the engines of synfire.

mod error;
mod random;
mod spikes;

pub use error::{Error, Result};
pub use random::{Purpose, Seed};
pub use spikes::{SampleSource, SpikeFrames};
