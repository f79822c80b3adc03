//! What is in a file of recordings, for people and for machines.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;

use serde::Serialize;

use crate::archive::RecordingFile;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::layout::Known;
use crate::listing::listed;
use crate::recordings::{MetaInfo, SpikeRecordings};
use crate::time_unit::TimeUnit;

/// Smallest, mean, median and largest of some numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The smallest.
    pub min: f64,
    /// The mean.
    pub mean: f64,
    /// The median; of an even number of values the mean of the middle two.
    pub median: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// The spread of some finite numbers; `None` if there are none.
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let count = values.len();
        let (&min, &max) = (values.first()?, values.last()?);
        let median = (values[(count - 1) / 2] + values[count / 2]) / 2.0;
        Some(Self { min, mean: values.iter().sum::<f64>() / count as f64, median, max })
    }
}

/// Samples of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassCount {
    /// The class's number.
    pub class: usize,
    /// Its name, or its number again.
    pub name: String,
    /// How many samples it has.
    pub samples: usize,
}

/// Samples of one speaker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpeakerCount {
    /// The speaker's number.
    pub speaker: u16,
    /// How many samples there are.
    pub samples: usize,
}

/// What `synfire data info` tells about a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The file as the user named it.
    pub file: String,
    /// Size of the HDF5 file in bytes, unpacked.
    pub bytes: u64,
    /// SHA-256 of the HDF5 file, unpacked.
    pub sha256: String,
    /// Number of samples.
    pub samples: usize,
    /// Samples without a spike.
    pub silent_samples: usize,
    /// Number of spikes.
    pub spikes: usize,
    /// Number of channels.
    pub channels: usize,
    /// Where the number of channels is known from.
    pub channels_known: Known,
    /// Number of channels that ever spike.
    pub channels_used: usize,
    /// Spikes per sample; none if there are no samples.
    pub spikes_per_sample: Option<Spread>,
    /// Time of the last spike of a sample in seconds; none if there are no spikes.
    pub last_spike_s: Option<Spread>,
    /// Type of the times, e.g. `float16`.
    pub time_type: String,
    /// What one unit of the times is.
    pub time_unit: TimeUnit,
    /// The grid that all times lie on; none if they are continuous.
    pub clock: Option<Clock>,
    /// Why the unit of the times is doubtful; none if it is plausible.
    pub doubtful_unit: Option<String>,
    /// Type of the units.
    pub unit_type: String,
    /// Where the number of classes is known from.
    pub classes_known: Known,
    /// Every class, also those without samples.
    pub classes: Vec<ClassCount>,
    /// Every speaker that occurs; none if the file does not tell.
    pub speakers: Option<Vec<SpeakerCount>>,
    /// The datasets of `extra/meta_info`.
    pub meta_info: BTreeMap<String, MetaInfo>,
    /// The reader's notes ([`SpikeRecordings::notes`]).
    pub notes: Vec<String>,
}

impl Summary {
    /// Summarises recordings that were read from `file`.
    ///
    /// # Errors
    /// [`Error::Disk`] when the file can no longer be read for its size and checksum.
    pub fn new(file: &RecordingFile, recordings: &SpikeRecordings) -> Result<Self> {
        let metadata = fs::metadata(file.content())
            .map_err(|source| Error::io(file.given(), "read the file", source))?;
        let mut used = vec![false; recordings.channels()];
        let mut classes: Vec<ClassCount> = (0..recordings.classes())
            .map(|class| ClassCount { class, name: recordings.class_name(class), samples: 0 })
            .collect();
        for sample in 0..recordings.len() {
            classes[recordings.label(sample)].samples += 1;
            recordings.units(sample).iter().for_each(|&unit| used[usize::from(unit)] = true);
        }
        let counts = || (0..recordings.len()).map(|sample| recordings.spike_count(sample));
        Ok(Self {
            file: file.given().display().to_string(),
            bytes: metadata.len(),
            sha256: file.sha256()?,
            samples: recordings.len(),
            silent_samples: counts().filter(|&count| count == 0).count(),
            spikes: recordings.spikes(),
            channels: recordings.channels(),
            channels_known: recordings.channels_known(),
            channels_used: used.iter().filter(|&&used| used).count(),
            spikes_per_sample: Spread::of(counts().map(|count| count as f64)),
            last_spike_s: Spread::of(
                (0..recordings.len()).filter_map(|sample| Some(recordings.ends_s(sample)?.1)),
            ),
            time_type: recordings.time_name().to_owned(),
            time_unit: recordings.time_unit(),
            clock: recordings.clock(),
            doubtful_unit: recordings.doubtful_unit(
                "--time-unit s, ms, us, ns or samples_per_second=RATE, data.source.time_unit in a \
                 configuration",
            ),
            unit_type: recordings.unit_type().to_owned(),
            classes_known: recordings.classes_known(),
            classes,
            speakers: recordings.speakers().map(speaker_counts),
            meta_info: recordings.meta_info().clone(),
            notes: recordings.notes().to_vec(),
        })
    }
}

fn speaker_counts(speakers: &[u16]) -> Vec<SpeakerCount> {
    let mut counts = BTreeMap::new();
    for &speaker in speakers {
        *counts.entry(speaker).or_insert(0) += 1;
    }
    counts.into_iter().map(|(speaker, samples)| SpeakerCount { speaker, samples }).collect()
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let silent = if self.silent_samples == 0 {
            String::new()
        } else {
            format!(" ({} without a spike)", self.silent_samples)
        };
        writeln!(f, "file        {}", self.file)?;
        let (size, unit) = if self.bytes < 1_000_000 {
            (self.bytes as f64 / 1e3, "kB")
        } else {
            (self.bytes as f64 / 1e6, "MB")
        };
        writeln!(f, "size        {size:.1} {unit} unpacked")?;
        writeln!(f, "sha256      {}", self.sha256)?;
        writeln!(f, "samples     {}{silent}", self.samples)?;
        writeln!(
            f,
            "spikes      {} (times {} in {}, units {})",
            self.spikes, self.time_type, self.time_unit, self.unit_type
        )?;
        match self.clock {
            Some(clock) => writeln!(f, "times       clocked at {clock}")?,
            None => writeln!(f, "times       continuous")?,
        }
        let known = match self.channels_known {
            Known::Given => "",
            Known::Stored => ", as the file says",
            Known::Inferred => ", from the highest unit",
        };
        let (channels, used) = (self.channels, self.channels_used);
        writeln!(f, "channels    {channels}{known}, of which {used} spike")?;
        if let Some(Spread { min, mean, median, max }) = self.spikes_per_sample {
            writeln!(f, "per sample  {min} to {max} spikes, mean {mean:.1}, median {median}")?;
        }
        if let Some(Spread { min, mean, median, max }) = self.last_spike_s {
            let doubt =
                self.doubtful_unit.as_ref().map_or(String::new(), |doubt| format!(": {doubt}"));
            writeln!(
                f,
                "last spike  {min:.3} to {max:.3} s, mean {mean:.3} s, median {median:.3} s{doubt}"
            )?;
        }
        let (filled, empty): (Vec<_>, Vec<_>) =
            self.classes.iter().partition(|class| class.samples > 0);
        let count = |class: &ClassCount| format!("{}: {}", class.name, class.samples);
        let mut classes: Vec<String> = filled.into_iter().map(count).collect();
        if !empty.is_empty() {
            let names: Vec<&str> = empty.iter().map(|class| class.name.as_str()).collect();
            classes.push(format!("{} without samples ({})", names.len(), listed(&names)));
        }
        write!(f, "classes     {}", classes.join(", "))?;
        if let Some(speakers) = &self.speakers {
            let speakers =
                speakers.iter().map(|speaker| format!("{}: {}", speaker.speaker, speaker.samples));
            write!(f, "\nspeakers    {}", speakers.collect::<Vec<_>>().join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::new_samples::NewSample;
    use crate::spike_times::TimeType;

    #[test]
    fn a_summary_tells_what_is_there() {
        let samples = [
            NewSample { seconds: vec![0.0, 0.5], units: vec![1, 2], label: 0 },
            NewSample { label: 1, ..NewSample::default() },
            NewSample { seconds: vec![0.25], units: vec![1], label: 1 },
        ];
        let recordings =
            SpikeRecordings::from_samples("made", 700, 2, TimeType::Float16, samples).unwrap();
        let recordings = recordings
            .with_speakers(vec![9, 3, 9])
            .with_class_names(vec!["yes".into(), "no".into()]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made.h5");
        recordings.write(&path).unwrap();
        let file = RecordingFile::open(&path).unwrap();
        let summary = Summary::new(&file, &recordings).unwrap();
        assert_eq!(
            summary.spikes_per_sample,
            Some(Spread { min: 0.0, mean: 1.0, median: 1.0, max: 2.0 })
        );
        assert_eq!(
            summary.last_spike_s,
            Some(Spread { min: 0.25, mean: 0.375, median: 0.375, max: 0.5 })
        );
        assert_eq!((summary.silent_samples, summary.channels_used), (1, 2));
        let text = summary.to_string();
        assert!(text.contains("\nsamples     3 (1 without a spike)\n"), "{text}");
        assert!(text.ends_with("classes     yes: 1, no: 2\nspeakers    3: 1, 9: 2"), "{text}");
        assert!(text.contains(" kB unpacked\n"), "{text}");
        let large = Summary { bytes: 130_649_000, ..summary.clone() }.to_string();
        assert!(large.contains("\nsize        130.6 MB unpacked\n"), "{large}");
        let json = serde_json::to_value(&summary).unwrap();
        assert_eq!(
            json["classes"][1],
            serde_json::json!({ "class": 1, "name": "no", "samples": 2 })
        );
        assert_eq!(json["time_type"], "float16");
    }

    #[test]
    fn made_up_data_has_as_many_classes_as_it_was_made_with() {
        let made = crate::Randman {
            classes: 5,
            neurons: 4,
            samples_per_class: 2,
            ..crate::Randman::default()
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made.h5");
        made.recordings(sim_core::Seed(1)).unwrap().write(&path).unwrap();
        let file = RecordingFile::open(&path).unwrap();
        let summary = Summary::new(&file, &file.read(&crate::Layout::default()).unwrap()).unwrap();
        assert!(
            summary.to_string().ends_with("classes     0: 2, 1: 2, 2: 2, 3: 2, 4: 2"),
            "{summary}"
        );
        let mut sparse = summary;
        sparse.classes[1].samples = 0;
        assert!(
            sparse
                .to_string()
                .ends_with("classes     0: 2, 2: 2, 3: 2, 4: 2, 1 without samples (1)"),
            "{sparse}"
        );
    }
}
