use super::*;
use crate::exported_recordings::RecordingLogs;
use crate::sample_list::SampleList;
use exchange::{Provenance, SpikeFormat};
use std::fs;
use tempfile::{TempDir, tempdir};

fn provenance() -> Provenance {
    Provenance { synfire: "0".into(), commit: None, source: "made".into(), sha256: "0".into() }
}

/// Three samples of two classes with names and speakers.
fn recordings() -> SpikeRecordings {
    let sample = |seconds: &[f64], units: &[u16], label| NewSample {
        seconds: seconds.to_vec(),
        units: units.to_vec(),
        label,
    };
    let samples = [
        sample(&[0.25, 0.25, 0.5], &[3, 3, 0], 1),
        sample(&[], &[], 0),
        sample(&[0.001, 1.5], &[4, 1], 0),
    ];
    SpikeRecordings::from_samples("made", 5, 2, TimeType::Float64, samples)
        .unwrap()
        .with_speakers(vec![7, 8, 7])
        .with_class_names(vec!["eins".into(), "zwei".into()])
}

fn written(format: SpikeFormat) -> TempDir {
    let folder = tempdir().unwrap();
    let dt_ms = Some(1.0);
    let logs = RecordingLogs { format, dt_ms, provenance: provenance(), overwrite: false };
    logs.write(&recordings(), &SampleList::ALL, folder.path()).unwrap();
    folder
}

#[test]
fn recordings_come_back_from_every_format() {
    for format in SpikeFormat::ALL {
        // A file of steps alone does not tell how long a step is, a bare one not its neurons.
        if format == SpikeFormat::CsvSteps {
            continue;
        }
        let folder = written(format);
        let layout = Layout { channels: Some(5), ..Layout::default() };
        let back = LogFolder::open(folder.path()).unwrap().read(&layout).unwrap();
        let made = recordings();
        assert_eq!((back.speakers(), back.class_names()), (made.speakers(), made.class_names()));
        for sample in 0..made.len() {
            let seconds = |own: &SpikeRecordings| own.seconds(sample).collect::<Vec<_>>();
            assert_eq!(seconds(&back), seconds(&made), "{format}, sample {sample}");
            assert_eq!(back.units(sample), made.units(sample), "{format}, sample {sample}");
            assert_eq!(back.label(sample), made.label(sample));
        }
    }
}

#[test]
fn a_checksum_is_that_of_the_table_and_of_every_log() {
    let folder = written(SpikeFormat::Npz);
    let checksum = || LogFolder::open(folder.path()).unwrap().sha256().unwrap();
    let before = checksum();
    assert_eq!(before, checksum());
    let log = folder.path().join("sample-1.npz");
    fs::copy(folder.path().join("sample-0.npz"), log).unwrap();
    assert_ne!(before, checksum());
}

#[test]
fn what_does_not_fit_is_named() {
    let error = |table: &str, channels| {
        let folder = written(SpikeFormat::CsvPlain);
        fs::write(folder.path().join(TABLE), table).unwrap();
        let layout = Layout { channels, ..Layout::default() };
        let read = LogFolder::open(folder.path()).and_then(|logs| logs.read(&layout));
        read.unwrap_err().to_string()
    };
    for (table, channels, expected) in [
        ("file,label\n", None, "there are no samples in this table"),
        ("file,class\nsample-0.csv,1\n", None, "the table has the columns file,label"),
        ("file,label\nsample-0.csv,\n", None, "sample 0 has no label"),
        ("file,label\nsample-9.csv,1\n", None, "sample-9.csv"),
        ("file,label\nsample-0.csv,1\n", Some(3), "neuron 3, but there are 3 channels"),
        ("file,label,population\nsample-0.csv,1,ears\n", None, "\"ears\""),
        ("file,label,speaker\nsample-0.csv,1,7\nsample-1.csv,1,\n", None, "1 of 2 samples"),
    ] {
        let error = error(table, channels);
        assert!(error.contains(expected), "{error}");
    }
}
