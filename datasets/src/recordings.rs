//! Labelled spike recordings in their compact in-memory form.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::clock::Clock;
use crate::layout::Known;
use crate::spike_times::{SpikeTimes, TimeType};
use crate::time_unit::TimeUnit;

/// What a file tells about its speakers or recordings, one dataset of `extra/meta_info`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum MetaInfo {
    /// Numbers, e.g. the age of each speaker.
    Numbers(Vec<f64>),
    /// Words, e.g. the gender of each speaker.
    Words(Vec<String>),
}

/// Spike recordings with labels: for SHD's training file (64.0 M spikes, float16) 256 MB.
///
/// Held as one list of times and one of units; the spikes of sample `i` are those from `start[i]`
/// up to `start[i + 1]`. Every spike is checked when the recordings are made: times are finite, not
/// negative and ascending within a sample, units and labels in range. Two recordings are equal if
/// their data are equal, whatever their origin.
#[derive(Debug, Clone)]
pub struct SpikeRecordings {
    pub(crate) origin: PathBuf,
    pub(crate) channels: usize,
    pub(crate) channels_known: Known,
    pub(crate) classes: usize,
    pub(crate) classes_known: Known,
    pub(crate) start: Vec<u64>,
    pub(crate) times: SpikeTimes,
    /// What one unit of the times is, where somebody said so; else a second.
    pub(crate) time_unit: Option<TimeUnit>,
    /// The type of the times in the file, e.g. `float16` or `int64`.
    pub(crate) time_name: String,
    pub(crate) clock: Option<Clock>,
    pub(crate) units: Vec<u16>,
    pub(crate) unit_type: String,
    pub(crate) labels: Vec<u16>,
    pub(crate) speakers: Option<Vec<u16>>,
    /// What is wrong with the speakers of the file, where they were left out.
    pub(crate) speakers_left_out: Option<String>,
    pub(crate) class_names: Option<Vec<String>>,
    pub(crate) meta_info: BTreeMap<String, MetaInfo>,
    pub(crate) notes: Vec<String>,
}

impl PartialEq for SpikeRecordings {
    fn eq(&self, other: &Self) -> bool {
        // Taken apart in full, so that a new field cannot be forgotten.
        let Self {
            origin: _,
            channels,
            channels_known: _,
            classes,
            classes_known: _,
            start,
            times,
            time_unit: _,
            time_name: _,
            clock: _,
            units,
            unit_type,
            labels,
            speakers,
            speakers_left_out: _,
            class_names,
            meta_info,
            notes: _,
        } = self;
        (channels, classes, start, units)
            == (&other.channels, &other.classes, &other.start, &other.units)
            && (times, self.time_unit()) == (&other.times, other.time_unit())
            && (unit_type, labels, speakers) == (&other.unit_type, &other.labels, &other.speakers)
            && (class_names, meta_info) == (&other.class_names, &other.meta_info)
    }
}

impl SpikeRecordings {
    /// The file of the recordings as the user named it, or a name that stands for it if a program
    /// made them. Errors begin with it.
    pub fn origin(&self) -> &Path {
        &self.origin
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Number of channels (units) a spike can come from: 700 for SHD and SSC.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Where the number of channels is known from.
    pub fn channels_known(&self) -> Known {
        self.channels_known
    }

    /// Number of classes: 20 for SHD, 35 for SSC.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Where the number of classes is known from.
    pub fn classes_known(&self) -> Known {
        self.classes_known
    }

    /// Number of spikes of all samples together.
    pub fn spikes(&self) -> usize {
        self.units.len()
    }

    /// Number of spikes of one sample.
    pub fn spike_count(&self, sample: usize) -> usize {
        self.range(sample).len()
    }

    /// Spike times of one sample in seconds, ascending.
    pub fn seconds(
        &self,
        sample: usize,
    ) -> impl ExactSizeIterator<Item = f64> + DoubleEndedIterator + '_ {
        self.range(sample).map(|spike| self.second(spike))
    }

    fn second(&self, spike: usize) -> f64 {
        self.times.value(spike) / self.time_unit().per_second()
    }

    /// As [`seconds`](Self::seconds), into a list that is cleared first.
    pub(crate) fn seconds_into(&self, sample: usize, seconds: &mut Vec<f64>) {
        seconds.clear();
        self.times.extend_values(self.range(sample), seconds);
        if self.time_unit() != TimeUnit::S {
            let per_second = self.time_unit().per_second();
            seconds.iter_mut().for_each(|second| *second /= per_second);
        }
    }

    /// Units of one sample's spikes, in the order of their times.
    pub fn units(&self, sample: usize) -> &[u16] {
        &self.units[self.range(sample)]
    }

    /// Times of the first and the last spike of a sample, in seconds; `None` for a sample without
    /// spikes.
    pub fn ends_s(&self, sample: usize) -> Option<(f64, f64)> {
        let range = self.range(sample);
        if range.is_empty() {
            None
        } else {
            Some((self.second(range.start), self.second(range.end - 1)))
        }
    }

    /// Class of one sample.
    pub fn label(&self, sample: usize) -> usize {
        usize::from(self.labels[sample])
    }

    /// Class of every sample.
    pub fn labels(&self) -> &[u16] {
        &self.labels
    }

    /// Speaker of every sample, where the file tells.
    pub fn speakers(&self) -> Option<&[u16]> {
        self.speakers.as_deref()
    }

    /// Names of the classes, where the file tells (`extra/keys`); there may be more or fewer than
    /// classes.
    pub fn class_names(&self) -> Option<&[String]> {
        self.class_names.as_deref()
    }

    /// Name of one class: from the file, else its number.
    pub fn class_name(&self, class: usize) -> String {
        self.class_names()
            .and_then(|names| names.get(class))
            .cloned()
            .unwrap_or_else(|| class.to_string())
    }

    /// What the file tells in `extra/meta_info`, by dataset name.
    pub fn meta_info(&self) -> &BTreeMap<String, MetaInfo> {
        &self.meta_info
    }

    /// The reader's notes about the file: data that could not be read and that nothing depends on,
    /// and texts whose encoding was guessed. Each note is a sentence that begins with the file.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Precision of the times in memory.
    pub fn time_type(&self) -> TimeType {
        self.times.time_type()
    }

    /// Type of the times where they come from, e.g. `float16`.
    pub fn time_name(&self) -> &str {
        &self.time_name
    }

    /// What one unit of the times is where they come from.
    pub fn time_unit(&self) -> TimeUnit {
        self.time_unit.unwrap_or_default()
    }

    /// The grid that all times lie on; `None` if they are continuous.
    pub fn clock(&self) -> Option<Clock> {
        self.clock
    }

    /// Type of the units where they come from, e.g. `uint16`.
    pub fn unit_type(&self) -> &str {
        &self.unit_type
    }

    /// Where the spikes of one sample lie.
    pub(crate) fn range(&self, sample: usize) -> Range<usize> {
        self.start[sample] as usize..self.start[sample + 1] as usize
    }
}

/// Names of classes and speakers, where a program knows them.
impl SpikeRecordings {
    /// The same recordings with the speaker of every sample.
    ///
    /// # Panics
    /// When there are not as many speakers as samples.
    pub fn with_speakers(mut self, speakers: Vec<u16>) -> Self {
        assert_eq!(speakers.len(), self.len(), "one speaker per sample");
        self.speakers = Some(speakers);
        self
    }

    /// The same recordings with names for the classes, in their order.
    pub fn with_class_names(mut self, names: Vec<String>) -> Self {
        self.class_names = Some(names);
        self
    }
}

/// Helpers of tests.
#[cfg(test)]
impl SpikeRecordings {
    /// A copy of some samples, in the order given.
    ///
    /// # Panics
    /// When an index is not below [`len`](Self::len).
    pub(crate) fn select(&self, samples: &[usize]) -> Self {
        let mut start = Vec::with_capacity(samples.len() + 1);
        start.push(0);
        let mut total = 0;
        for &sample in samples {
            total += self.spike_count(sample) as u64;
            start.push(total);
        }
        Self {
            start,
            times: match &self.times {
                SpikeTimes::Float16(times) => SpikeTimes::Float16(self.gather(samples, times)),
                SpikeTimes::Float32(times) => SpikeTimes::Float32(self.gather(samples, times)),
                SpikeTimes::Float64(times) => SpikeTimes::Float64(self.gather(samples, times)),
            },
            units: self.gather(samples, &self.units),
            labels: samples.iter().map(|&sample| self.labels[sample]).collect(),
            speakers: self
                .speakers
                .as_ref()
                .map(|speakers| samples.iter().map(|&sample| speakers[sample]).collect()),
            speakers_left_out: self.speakers_left_out.clone(),
            origin: self.origin.clone(),
            channels: self.channels,
            channels_known: self.channels_known,
            classes: self.classes,
            classes_known: self.classes_known,
            time_unit: self.time_unit,
            time_name: self.time_name.clone(),
            clock: self.clock,
            unit_type: self.unit_type.clone(),
            class_names: self.class_names.clone(),
            meta_info: self.meta_info.clone(),
            notes: self.notes.clone(),
        }
    }

    fn gather<T: Copy>(&self, samples: &[usize], column: &[T]) -> Vec<T> {
        samples.iter().flat_map(|&sample| column[self.range(sample)].iter().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::new_samples::NewSample;

    fn two_samples() -> SpikeRecordings {
        let samples = [
            NewSample { seconds: vec![0.0, 0.25], units: vec![3, 1], label: 1 },
            NewSample { seconds: vec![], units: vec![], label: 0 },
            NewSample { seconds: vec![0.5], units: vec![2], label: 0 },
        ];
        SpikeRecordings::from_samples("made", 4, 2, TimeType::Float16, samples).unwrap()
    }

    #[test]
    fn samples_are_found_again() {
        let recordings = two_samples().with_speakers(vec![7, 8, 9]);
        assert_eq!((recordings.len(), recordings.spikes()), (3, 3));
        assert_eq!(recordings.seconds(0).collect::<Vec<_>>(), [0.0, 0.25]);
        assert_eq!(recordings.units(0), [3, 1]);
        assert_eq!(recordings.ends_s(1), None);
        assert_eq!(recordings.class_name(1), "1");
        let chosen = recordings.select(&[2, 0]);
        assert_eq!(chosen.labels(), [0, 1]);
        assert_eq!(chosen.speakers(), Some(&[9, 7][..]));
        assert_eq!(chosen.seconds(1).collect::<Vec<_>>(), [0.0, 0.25]);
        assert_eq!(chosen.units(0), [2]);
    }

    #[test]
    fn the_origin_is_kept_but_does_not_count() {
        let recordings = two_samples();
        assert_eq!(recordings.select(&[0]).origin(), Path::new("made"));
        assert_eq!(recordings, SpikeRecordings { origin: "elsewhere.h5".into(), ..two_samples() });
        assert_ne!(recordings, recordings.clone().with_class_names(vec!["one".into()]));
    }
}
