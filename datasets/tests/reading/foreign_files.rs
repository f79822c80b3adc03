//! Small files of other programs; `files/make_files.py` says which and how.

use std::path::{Path, PathBuf};

use datasets::{Layout, MetaInfo, RecordingFile, SpikeRecordings, Summary, TimeType};
use rand::RngExt;
use sim_core::{Purpose, Seed};

const FILES: [(&str, TimeType, &str); 3] = [
    ("official_layout.h5", TimeType::Float16, "uint16"),
    ("big_endian.h5", TimeType::Float16, "int64"),
    ("latest_format.h5", TimeType::Float32, "uint8"),
];

pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reading/files").join(name)
}

pub fn check(recordings: &SpikeRecordings) {
    let seconds: Vec<Vec<f64>> =
        (0..3).map(|sample| recordings.seconds(sample).collect()).collect();
    assert_eq!(seconds, [vec![0.0, 0.25, 0.5], vec![], vec![0.125, 0.125]]);
    assert_eq!(
        [recordings.units(0), recordings.units(1), recordings.units(2)],
        [&[3, 120, 0][..], &[], &[7, 7]]
    );
    assert_eq!(recordings.labels(), [0, 19, 4]);
    assert_eq!(recordings.speakers(), Some(&[11, 0, 3][..]));
    assert_eq!((recordings.classes(), recordings.class_name(19).as_str()), (20, "word 19"));
}

#[test]
fn files_of_pytables_and_h5py_are_read() {
    for (name, time_type, unit_type) in FILES {
        let recordings = SpikeRecordings::read(path(name), &Layout::default()).unwrap();
        check(&recordings);
        assert_eq!(
            (recordings.time_type(), recordings.unit_type()),
            (time_type, unit_type),
            "{name}"
        );
    }
    let official = SpikeRecordings::read(path("official_layout.h5"), &Layout::default()).unwrap();
    assert_eq!(official.meta_info()["age"], MetaInfo::Numbers(vec![31.0, 27.0]));
    assert_eq!(official.meta_info()["body_height"], MetaInfo::Numbers(vec![172.0, 181.5]));
    assert_eq!(official.meta_info()["gender"], MetaInfo::Words(vec!["f".into(), "m".into()]));
}

/// Other programs lay files out in other ways than ours does, so there is more to damage; see the
/// reader's own test.
#[test]
fn corrupted_copies_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let mut rng = Seed(11).stream(Purpose::Synthesis, 0, 0);
    for (name, _, _) in FILES {
        let good = std::fs::read(path(name)).unwrap();
        let mut refused = 0;
        for copy in 0..250 {
            let damaged = folder.path().join(format!("{copy}-{name}"));
            let mut bytes = good.clone();
            for _ in 0..rng.random_range(1..=40) {
                let at = rng.random_range(8..bytes.len());
                bytes[at] = rng.random();
            }
            bytes.truncate(if rng.random_bool(0.1) {
                rng.random_range(8..bytes.len())
            } else {
                bytes.len()
            });
            std::fs::write(&damaged, &bytes).unwrap();
            if let Err(error) = SpikeRecordings::read(&damaged, &Layout::default()) {
                refused += 1;
                let error = error.to_string();
                assert!(
                    error.starts_with(&format!("{}: ", damaged.display())) && !error.contains('\n'),
                    "{error}"
                );
            }
        }
        assert!(refused > 30, "{name}: {refused}");
    }
}

#[test]
fn a_summary_needs_the_file_only() {
    let file = RecordingFile::open(path("official_layout.h5")).unwrap();
    let summary = Summary::new(&file, &file.read(&Layout::default()).unwrap()).unwrap();
    assert_eq!(
        (summary.samples, summary.spikes, summary.silent_samples, summary.channels_used),
        (3, 5, 1, 4)
    );
    assert_eq!(summary.sha256, datasets::sha256(file.content()).unwrap());
}

#[cfg(feature = "libhdf5")]
#[test]
fn both_readers_give_the_same_recordings() {
    for (name, _, _) in FILES {
        let file = RecordingFile::open(path(name)).unwrap();
        let recordings = file.read_with_libhdf5(&Layout::default()).unwrap();
        check(&recordings);
        assert_eq!(recordings, file.read(&Layout::default()).unwrap(), "{name}");
    }
}
