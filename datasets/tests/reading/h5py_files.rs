//! What h5py does beside plain datasets; `files/make_h5py_files.py` says how each file was made.

use std::path::Path;

use datasets::{Layout, MetaInfo, SpikeRecordings};
use rand::RngExt;
use sim_core::{Purpose, Seed};

use crate::foreign_files::{check, path};

fn read(name: &str) -> SpikeRecordings {
    SpikeRecordings::read(path(name), &Layout::default()).unwrap()
}

fn message(path: &Path) -> String {
    SpikeRecordings::read(path, &Layout::default()).unwrap_err().to_string()
}

#[test]
fn lzf_links_raw_data_and_a_cut_off_user_block_are_read() {
    for name in ["h5py_lzf.h5", "h5py_links.h5", "h5py_cut_block.h5", "h5py_raw.h5"] {
        let recordings = read(name);
        check(&recordings);
        assert!(recordings.notes().is_empty(), "{name}: {:?}", recordings.notes());
    }
    let meta_info = read("h5py_links.h5").meta_info().clone();
    assert_eq!(meta_info["age"], MetaInfo::Numbers((0..200).map(f64::from).collect()));
    assert_eq!(meta_info["name"], MetaInfo::Words(vec!["Ann".into(), "Bo".into()]));
}

#[test]
fn latin1_is_read_and_said_and_other_encodings_are_left_out_or_refused() {
    let recordings = read("h5py_latin1.h5");
    assert_eq!(
        (recordings.class_name(0), recordings.class_name(19)),
        ("wörter 0".into(), "wörter 19".into())
    );
    assert_eq!(
        recordings.meta_info()["name"],
        MetaInfo::Words(vec!["Jürgen".into(), "Ann".into()])
    );
    assert!(!recordings.meta_info().contains_key("other"));
    let file = path("h5py_latin1.h5").display().to_string();
    let latin1 = "its text is no UTF-8 and was read as Latin-1";
    assert_eq!(
        recordings.notes(),
        [
            format!("{file}: extra/keys: {latin1}"),
            format!("{file}: extra/meta_info/name: {latin1}"),
            format!(
                "{file}: extra/meta_info/other: holds text that is neither UTF-8 nor Latin-1 (byte \
                 0x92 in string 0); left out, since nothing depends on it"
            ),
        ]
    );
    // The same letter as Windows writes it where class names are.
    let folder = tempfile::tempdir().unwrap();
    let windows = folder.path().join("windows.h5");
    let mut bytes = std::fs::read(path("h5py_latin1.h5")).unwrap();
    let at = bytes.windows(8).position(|found| found == b"w\xf6rter 0").unwrap();
    bytes[at + 1] = 0x92;
    std::fs::write(&windows, bytes).unwrap();
    let message = message(&windows);
    assert!(
        message.contains(": extra/keys: holds text that is neither UTF-8 nor Latin-1"),
        "{message}"
    );
}

#[test]
fn booleans_are_zero_and_one() {
    let recordings = read("h5py_booleans.h5");
    assert_eq!(recordings.labels(), [1, 0, 1]);
    assert_eq!(recordings.speakers(), Some(&[1, 1, 0][..]));
}

#[test]
fn a_virtual_dataset_is_named_and_not_called_damaged() {
    let message = message(&path("h5py_virtual.h5"));
    assert!(
        message.contains(": labels: is a virtual dataset, whose values are in other datasets"),
        "{message}"
    );
    assert!(!message.contains("may be damaged"), "{message}");
}

/// A copy of the file with LZF whose filter has another number, as other filters have.
fn with_filter(folder: &Path, number: u16, only: Option<&str>) -> std::path::PathBuf {
    let mut bytes = std::fs::read(path("h5py_lzf.h5")).unwrap();
    let end = bytes.len() - 4;
    let places: Vec<usize> = (8..end).filter(|&at| &bytes[at..at + 4] == b"lzf\0").collect();
    assert_eq!(places.len(), 7, "every dataset has the filter");
    let chosen = match only {
        None => places,
        // The header of a dataset comes with its values, in the order in which they were written.
        Some("extra/meta_info/name") => vec![places[6]],
        Some(other) => panic!("{other}"),
    };
    for at in chosen {
        assert_eq!(bytes[at - 8..at - 6], 32_000u16.to_le_bytes());
        bytes[at - 8..at - 6].copy_from_slice(&number.to_le_bytes());
    }
    let copy = folder.join(format!("filter-{number}.h5"));
    std::fs::write(&copy, bytes).unwrap();
    copy
}

#[test]
fn filters_that_are_not_read_are_named_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    for (number, name) in
        [(32_001, "Blosc"), (32_015, "Zstandard"), (307, "BZIP2"), (777, "unknown here")]
    {
        let message = message(&with_filter(folder.path(), number, None));
        let expected = format!(
            "spikes/times: is packed with HDF5 filter {number} ({name}), which is not read here; \
             the file is not damaged, and `h5repack -f GZIP=4 IN.h5 OUT.h5` makes a copy that is \
             read"
        );
        assert!(message.ends_with(&expected), "{message}");
    }
}

#[test]
fn what_nothing_depends_on_is_left_out_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let copy = with_filter(folder.path(), 32_001, Some("extra/meta_info/name"));
    let recordings = SpikeRecordings::read(&copy, &Layout::default()).unwrap();
    check(&recordings);
    assert!(recordings.meta_info().contains_key("age"));
    let [note] = recordings.notes() else { panic!("{:?}", recordings.notes()) };
    assert!(
        note.starts_with(&format!("{}: extra/meta_info/name: is packed with", copy.display()))
            && note.ends_with("; left out, since nothing depends on it"),
        "{note}"
    );
}

#[test]
fn neighbours_that_are_missing_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for (name, expected) in [
        (
            "h5py_links.h5",
            "extra/speaker: is behind an external link to extra in h5py_lzf.h5, but there is no \
             file",
        ),
        (
            "h5py_raw.h5",
            "labels: its values are in another file, but there is no file h5py_raw.raw nor",
        ),
    ] {
        let copy = folder.path().join(name);
        std::fs::copy(path(name), &copy).unwrap();
        let message = message(&copy);
        assert!(message.starts_with(&format!("{}: {expected}", copy.display())), "{message}");
    }
}

/// See the reader's own test of that name.
#[test]
fn corrupted_copies_with_lzf_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let good = std::fs::read(path("h5py_lzf.h5")).unwrap();
    let mut rng = Seed(13).stream(Purpose::Synthesis, 0, 0);
    let mut refused = 0;
    for copy in 0..800 {
        let damaged = folder.path().join(format!("{copy}.h5"));
        let mut bytes = good.clone();
        for _ in 0..rng.random_range(1..=40) {
            let at = rng.random_range(8..bytes.len());
            bytes[at] = rng.random();
        }
        std::fs::write(&damaged, &bytes).unwrap();
        match SpikeRecordings::read(&damaged, &Layout::default()) {
            Ok(recordings) => assert_eq!(recordings.len(), recordings.labels().len()),
            Err(error) => {
                refused += 1;
                let error = error.to_string();
                assert!(
                    error.starts_with(&format!("{}: ", damaged.display())) && !error.contains('\n'),
                    "{error}"
                );
            }
        }
    }
    assert!(refused > 100, "{refused}");
}
