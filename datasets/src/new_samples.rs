//! Recordings from samples that were made, not read.

use half::f16;
use std::path::Path;

use crate::assembly::{Assembly, Description};
use crate::error::Result;
use crate::layout::Layout;
use crate::recordings::SpikeRecordings;
use crate::spike_times::{Time, TimeType};

/// One sample that is about to become part of [`SpikeRecordings`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewSample {
    /// Spike times in seconds, ascending, not negative.
    pub seconds: Vec<f64>,
    /// The unit of each spike, below the number of channels.
    pub units: Vec<u16>,
    /// The class, below the number of classes.
    pub label: u16,
}

impl SpikeRecordings {
    /// Recordings of `classes` classes on `channels` channels from samples that were made, not
    /// read; `origin` stands for the file in errors.
    ///
    /// # Errors
    /// [`crate::Error::Content`] for a sample whose times, units or label are out of range.
    pub fn from_samples(
        origin: &str,
        channels: usize,
        classes: usize,
        time_type: TimeType,
        samples: impl IntoIterator<Item = NewSample>,
    ) -> Result<Self> {
        match time_type {
            TimeType::Float16 => assemble::<f16>(origin, channels, classes, samples),
            TimeType::Float32 => assemble::<f32>(origin, channels, classes, samples),
            TimeType::Float64 => assemble::<f64>(origin, channels, classes, samples),
        }
    }
}

fn assemble<T: Time>(
    origin: &str,
    channels: usize,
    classes: usize,
    samples: impl IntoIterator<Item = NewSample>,
) -> Result<SpikeRecordings> {
    let layout = Layout { channels: Some(channels), classes: Some(classes), time_unit: None };
    let mut assembly = Assembly::<T>::new(Path::new(origin), &layout)?;
    let mut labels = Vec::new();
    let mut times = Vec::new();
    for sample in samples {
        times.clear();
        times.extend(sample.seconds.iter().map(|&second| T::from_value(second)));
        assembly.push(&times, &sample.units)?;
        labels.push(i128::from(sample.label));
    }
    assembly.finish(Description { labels, unit_type: "uint16".into(), ..Description::default() })
}
