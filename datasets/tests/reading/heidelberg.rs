//! The Heidelberg digits, where `SYNFIRE_DATA` names a folder with `shd/shd_small.h5` and
//! `shd/shd_train.h5.gz`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use datasets::{
    Augmentation, Binning, Layout, RecordingFile, SpikeDataset, SpikeRecordings, SplitBy,
    Splitting, Summary, TimeType,
};
use sim_core::{SampleSource, Seed};

/// A file of the data folder.
fn file(name: &str) -> RecordingFile {
    let folder = std::env::var_os("SYNFIRE_DATA");
    let folder = folder.unwrap_or_else(|| panic!("SYNFIRE_DATA names no folder with {name}"));
    RecordingFile::open(PathBuf::from(folder).join(name)).unwrap()
}

fn counts<T: Ord>(values: impl Iterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    counts
}

/// Samples of these speakers validate.
fn held_out(speakers: impl Into<Vec<u16>>) -> Splitting {
    Splitting { by: SplitBy::Speaker, speakers: speakers.into(), ..Splitting::default() }
}

#[test]
#[cfg_attr(not(recordings), ignore = "needs recordings: SYNFIRE_DATA=FOLDER, see CONTRIBUTING.md")]
fn the_small_file_is_read_split_and_binned() {
    let file = file("shd/shd_small.h5");
    let recordings = Arc::new(file.read(&Layout::default()).unwrap());
    assert_eq!((recordings.len(), recordings.channels(), recordings.classes()), (200, 700, 20));
    assert_eq!(recordings.time_type(), TimeType::Float16);
    assert_eq!(
        counts(recordings.labels().iter().copied()),
        (0..20).map(|class| (class, 10)).collect()
    );
    assert_eq!(
        (recordings.class_name(0), recordings.class_name(19)),
        ("zero".into(), "neun".into())
    );

    let split = held_out([3, 9]).split(&recordings, Seed(0)).unwrap();
    assert_eq!(split.train.len() + split.validation.len(), 200);
    let dataset = SpikeDataset::new(
        recordings.clone(),
        Binning::default(),
        Augmentation::default(),
        Seed(0),
        &split.train,
    )
    .unwrap();
    for sample in 0..200 {
        let frames = dataset.frames(sample, None);
        assert_eq!(frames.channels(), 140);
        assert!((20..=140).contains(&frames.steps()), "{}", frames.steps());
        let spikes: f32 = (0..140).flat_map(|channel| frames.channel(channel).1).sum();
        assert_eq!(spikes as usize, recordings.spike_count(sample), "no spike is lost");
    }
}

/// Every figure of every recipe rests on these bins.
#[test]
#[cfg_attr(not(recordings), ignore = "needs recordings: SYNFIRE_DATA=FOLDER, see CONTRIBUTING.md")]
fn its_bins_are_those_of_the_reference() {
    for name in ["shd/shd_small.h5", "shd/shd_train.h5.gz"] {
        let file = file(name);
        let recordings = file.read(&Layout::default()).unwrap();
        assert_eq!((recordings.clock(), recordings.channels()), (None, 700), "{name}");
        for sample in (0..recordings.len()).step_by(97) {
            let frames = Binning::default().frames(&recordings, sample).unwrap();
            let ms: Vec<f64> = recordings.seconds(sample).map(|second| 1000.0 * second).collect();
            let from_first: Vec<f64> = ms.iter().map(|time| time - ms[0]).collect();
            let steps = (from_first.last().unwrap() / 10.0).ceil() as usize;
            let mut dense = vec![0.0; 140 * steps];
            for (ms, &unit) in from_first.iter().zip(recordings.units(sample)) {
                let step = ((ms / 10.0).floor() as usize).min(steps - 1);
                dense[usize::from(unit) / 5 * steps + step] += 1.0;
            }
            let mut binned = vec![0.0; 140 * steps];
            assert_eq!(frames.steps(), steps);
            for channel in 0..140 {
                let (at, counts) = frames.channel(channel);
                for (&step, &count) in at.iter().zip(counts) {
                    binned[channel * steps + step as usize] = count;
                }
            }
            assert!(binned == dense, "{name}, sample {sample}");
        }
    }
}

#[test]
#[cfg_attr(not(recordings), ignore = "needs recordings: SYNFIRE_DATA=FOLDER, see CONTRIBUTING.md")]
fn what_is_written_of_it_is_read_back() {
    let file = file("shd/shd_small.h5");
    let recordings = file.read(&Layout::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.h5");
    recordings.write(&path).unwrap();
    assert_eq!(SpikeRecordings::read(&path, &Layout::default()).unwrap(), recordings);
}

#[test]
#[cfg_attr(not(recordings), ignore = "needs recordings: SYNFIRE_DATA=FOLDER, see CONTRIBUTING.md")]
fn the_training_file_has_the_published_counts() {
    let file = file("shd/shd_train.h5.gz");
    let recordings = file.read(&Layout::default()).unwrap();
    let summary = Summary::new(&file, &recordings).unwrap();
    assert_eq!((summary.samples, summary.silent_samples, summary.classes.len()), (8156, 0, 20));
    let spread = summary.spikes_per_sample.unwrap();
    assert_eq!((spread.min, spread.mean.round(), spread.max), (2461.0, 7848.0, 14946.0));
    let last = summary.last_spike_s.unwrap();
    assert_eq!(((100.0 * last.median).round(), (100.0 * last.max).round()), (70.0, 137.0));
    let speakers: Vec<_> = summary
        .speakers
        .unwrap()
        .iter()
        .map(|speaker| (speaker.speaker, speaker.samples))
        .collect();
    let published = [
        (0, 916),
        (1, 900),
        (2, 990),
        (3, 720),
        (6, 450),
        (7, 770),
        (8, 790),
        (9, 830),
        (10, 790),
        (11, 1000),
    ];
    assert_eq!(speakers, published);
    let split = held_out([3, 9]).split(&recordings, Seed(0)).unwrap();
    assert_eq!((split.train.len(), split.validation.len()), (6606, 1550));
}

#[cfg(feature = "libhdf5")]
#[test]
#[cfg_attr(not(recordings), ignore = "needs recordings: SYNFIRE_DATA=FOLDER, see CONTRIBUTING.md")]
fn both_readers_agree_on_both_files() {
    for name in ["shd/shd_small.h5", "shd/shd_train.h5.gz"] {
        let file = file(name);
        let layout = Layout::default();
        assert!(file.read(&layout).unwrap() == file.read_with_libhdf5(&layout).unwrap(), "{name}");
    }
}
