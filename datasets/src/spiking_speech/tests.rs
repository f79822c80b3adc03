use std::path::PathBuf;

use hdf5_writer::{DatasetBuilder, Hdf5Builder, WriteOptions};
use rand::RngExt;
use sim_core::{Purpose, Seed};
use tempfile::TempDir;

use super::*;
use crate::float16;
use crate::layout::Known;
use crate::spike_times::TimeType;
use crate::splits::{SplitBy, Splitting};
use crate::time_unit::TimeUnit;

const SHD: Layout = Layout { channels: Some(700), classes: Some(20), time_unit: None };

const LITTLE: ByteOrder = ByteOrder::LittleEndian;
const BIG: ByteOrder = ByteOrder::BigEndian;

const fn float(size: u8, byte_order: ByteOrder) -> Datatype {
    Datatype::FloatingPoint { size, byte_order }
}

const fn int(size: u8, signed: bool, byte_order: ByteOrder) -> Datatype {
    Datatype::FixedPoint { size, signed, byte_order }
}

/// Three samples, the middle one silent.
const TIMES: [&[f64]; 3] = [&[0.0, 0.25, 0.5], &[], &[0.125, 0.125]];
const UNITS: [&[i64]; 3] = [&[3, 120, 0], &[], &[7, 7]];

fn encode_float(value: f64, size: u8, order: ByteOrder) -> Vec<u8> {
    let mut bytes = match size {
        2 => f16::from_f64(value).to_le_bytes().to_vec(),
        4 => (value as f32).to_le_bytes().to_vec(),
        _ => value.to_le_bytes().to_vec(),
    };
    if order == BIG {
        bytes.reverse();
    }
    bytes
}

fn encode_int(value: i64, size: u8, order: ByteOrder) -> Vec<u8> {
    let mut bytes = value.to_le_bytes()[..usize::from(size)].to_vec();
    if order == BIG {
        bytes.reverse();
    }
    bytes
}

fn times(samples: &[&[f64]], size: u8, order: ByteOrder) -> DatasetBuilder {
    let rows = samples
        .iter()
        .map(|row| row.iter().flat_map(|&value| encode_float(value, size, order)).collect())
        .collect();
    // The writer's stand-in for float16 is little-endian; `tests/reading/files` has a big-endian
    // file.
    let datatype = if size == 2 { float16::stand_in() } else { float(size, order) };
    DatasetBuilder::vlen_sequence_data("spikes/times", datatype, vec![samples.len() as u64], rows)
        .unwrap()
}

fn units(samples: &[&[i64]], size: u8, signed: bool, order: ByteOrder) -> DatasetBuilder {
    let rows = samples
        .iter()
        .map(|row| row.iter().flat_map(|&value| encode_int(value, size, order)).collect())
        .collect();
    DatasetBuilder::vlen_sequence_data(
        "spikes/units",
        int(size, signed, order),
        vec![samples.len() as u64],
        rows,
    )
    .unwrap()
}

fn labels(values: &[u16]) -> DatasetBuilder {
    DatasetBuilder::typed_data("labels", vec![values.len() as u64], values).unwrap()
}

/// The parts of a good file.
fn parts() -> [DatasetBuilder; 3] {
    [times(&TIMES, 2, LITTLE), units(&UNITS, 2, false, LITTLE), labels(&[0, 19, 4])]
}

struct TestFile {
    _folder: TempDir,
    path: PathBuf,
}

impl TestFile {
    fn new(parts: impl IntoIterator<Item = DatasetBuilder>) -> Self {
        let plan =
            parts.into_iter().fold(Hdf5Builder::new(), Hdf5Builder::dataset).into_plan().unwrap();
        let mut bytes = plan.encode(WriteOptions::default()).unwrap();
        float16::replace_stand_in(&mut bytes);
        Self::of_bytes(&bytes)
    }

    fn of_bytes(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shd.h5");
        std::fs::write(&path, bytes).unwrap();
        Self { _folder: folder, path }
    }

    fn read(&self) -> Result<SpikeRecordings> {
        read(&self.path, Path::new("shd.h5"), &SHD)
    }

    fn message(&self) -> String {
        self.read().unwrap_err().to_string()
    }
}

fn message(parts: impl IntoIterator<Item = DatasetBuilder>) -> String {
    TestFile::new(parts).message()
}

#[test]
fn every_width_and_byte_order_is_read() {
    let floats = [(2, TimeType::Float16), (4, TimeType::Float32), (8, TimeType::Float64)];
    for (order, floats) in [(LITTLE, &floats[..]), (BIG, &floats[1..])] {
        for &(size, time_type) in floats {
            for (unit_size, signed) in [
                (1, false),
                (1, true),
                (2, false),
                (2, true),
                (4, false),
                (4, true),
                (8, false),
                (8, true),
            ] {
                let [_, _, labels] = parts();
                let file = TestFile::new([
                    times(&TIMES, size, order),
                    units(&UNITS, unit_size, signed, order),
                    labels,
                ]);
                let recordings = file.read().unwrap();
                assert_eq!(recordings.time_type(), time_type);
                for sample in 0..3 {
                    assert!(recordings.seconds(sample).eq(TIMES[sample].iter().copied()));
                    assert!(
                        recordings
                            .units(sample)
                            .iter()
                            .map(|&unit| i64::from(unit))
                            .eq(UNITS[sample].iter().copied())
                    );
                }
                let sign = if signed { "" } else { "u" };
                assert_eq!(recordings.unit_type(), format!("{sign}int{}", 8 * unit_size));
                assert_eq!((recordings.labels(), recordings.classes()), (&[0, 19, 4][..], 20));
            }
        }
    }
}

#[test]
fn extras_are_read_where_present() {
    let extras = [
        DatasetBuilder::typed_data("extra/speaker", vec![3], &[11i64, 0, 3]).unwrap(),
        DatasetBuilder::vlen_string_data("extra/keys", vec![20], &["zero"; 20]).unwrap(),
        DatasetBuilder::typed_data("extra/meta_info/age", vec![2], &[-31i16, 27]).unwrap(),
        DatasetBuilder::typed_data("extra/meta_info/body_height", vec![2], &[1.7f32, 1.5]).unwrap(),
        DatasetBuilder::fixed_string_data("extra/meta_info/gender", vec![2], &["f", "male"])
            .unwrap(),
    ];
    let recordings = TestFile::new(parts().into_iter().chain(extras)).read().unwrap();
    assert_eq!(recordings.speakers(), Some(&[11, 0, 3][..]));
    assert_eq!(recordings.class_names().map(<[_]>::len), Some(20));
    let meta_info = recordings.meta_info();
    assert_eq!(meta_info["age"], MetaInfo::Numbers(vec![-31.0, 27.0]));
    assert_eq!(meta_info["body_height"], MetaInfo::Numbers(vec![f64::from(1.7f32), 1.5]));
    assert_eq!(meta_info["gender"], MetaInfo::Words(vec!["f".into(), "male".into()]));
    let recordings = TestFile::new(parts()).read().unwrap();
    assert!(
        recordings.speakers().is_none()
            && recordings.class_names().is_none()
            && recordings.meta_info().is_empty()
    );
}

#[test]
fn a_missing_dataset_is_named() {
    let [times, units, labels] = parts();
    let missing = |parts: [&DatasetBuilder; 2]| message(parts.map(Clone::clone));
    let but = "but spike recordings need it";
    assert_eq!(
        missing([&times, &labels]),
        format!("shd.h5: there is no dataset spikes/units, {but}")
    );
    assert_eq!(
        missing([&units, &labels]),
        format!("shd.h5: there is no dataset spikes/times, {but}")
    );
    assert_eq!(missing([&times, &units]), format!("shd.h5: there is no dataset labels, {but}"));
    let other = DatasetBuilder::typed_data("x", vec![1], &[1.0f64]).unwrap();
    assert_eq!(message([other]), format!("shd.h5: there is no dataset spikes/times, {but}"));
}

#[test]
fn different_lengths_are_named() {
    let [all_times, all_units, _] = parts();
    assert_eq!(
        message([
            all_times.clone(),
            units(&[&[3, 120, 0], &[], &[7]], 2, false, LITTLE),
            labels(&[0, 1, 2])
        ]),
        "shd.h5: spikes/units, sample 2: 1 units, but spikes/times has 2 times for this sample"
    );
    assert_eq!(
        message([all_times.clone(), units(&UNITS[..2], 2, false, LITTLE), labels(&[0, 1, 2])]),
        "shd.h5: spikes/units: 2 samples, but spikes/times has 3"
    );
    assert_eq!(
        message([all_times, all_units, labels(&[0, 1])]),
        "shd.h5: labels: 2 labels, but there are 3 samples in spikes/times"
    );
}

#[test]
fn speakers_that_cannot_be_read_are_left_out_and_missed_where_they_are_needed() {
    let one = DatasetBuilder::typed_data("extra/speaker", vec![1], &[1u16]).unwrap();
    let unknown = DatasetBuilder::typed_data("extra/speaker", vec![3], &[1i16, -1, 2]).unwrap();
    let halves = DatasetBuilder::typed_data("extra/speaker", vec![3], &[0.5f32; 3]).unwrap();
    for (speaker, problem) in [
        (one, "1 speakers, but there are 3 samples in spikes/times"),
        (unknown, "speaker -1, but speakers must be from 0 to 65535"),
        (halves, "holds float32, but must hold integers"),
    ] {
        let file = TestFile::new(parts().into_iter().chain([speaker]));
        let layout = Layout { channels: Some(700), classes: Some(20), time_unit: None };
        let recordings = read(&file.path, Path::new("shd.h5"), &layout).unwrap();
        assert_eq!(recordings.speakers(), None);
        let note = &recordings.notes()[0];
        assert!(note.contains(problem) && note.ends_with("; speakers are left out"), "{note}");
        let held_out =
            Splitting { by: SplitBy::Speaker, speakers: vec![1], ..Splitting::default() };
        let refused = held_out.split(&recordings, Seed(0)).unwrap_err().to_string();
        assert!(refused.contains(problem) && refused.ends_with("needs the speakers"), "{refused}");
    }
}

#[test]
fn values_out_of_range_are_named() {
    let [all_times, all_units, all_labels] = parts();
    let with_times = |third: f64| {
        message([
            times(&[&[0.0], &[0.0, 0.5, third], &[]], 4, BIG),
            all_units.clone(),
            all_labels.clone(),
        ])
    };
    let at = "shd.h5: spikes/times, sample 1, spike 2: time";
    // The first sample of `UNITS` has three entries, so lengths are checked with matching units.
    let matching = units(&[&[1], &[1, 2, 3], &[]], 2, false, LITTLE);
    let with_matching = |third: f64| {
        message([
            times(&[&[0.0], &[0.0, 0.5, third], &[]], 4, BIG),
            matching.clone(),
            all_labels.clone(),
        ])
    };
    assert!(with_times(1.0).contains("sample 0: 3 units, but spikes/times has 1"));
    assert_eq!(with_matching(f64::NAN), format!("{at} NaN s, but times must be finite"));
    assert_eq!(with_matching(f64::INFINITY), format!("{at} inf s, but times must be finite"));
    assert_eq!(with_matching(-2.0), format!("{at} -2 s, but times must not be negative"));
    assert_eq!(
        with_matching(0.25),
        format!("{at} 0.25 s, but times must ascend and the one before is 0.5 s")
    );

    let with_unit = |unit: i64, size, signed| {
        message([
            all_times.clone(),
            units(&[&[3, unit, 0], &[], &[7, 7]], size, signed, LITTLE),
            all_labels.clone(),
        ])
    };
    let at = "shd.h5: spikes/units, sample 0, spike 1: unit";
    assert_eq!(
        with_unit(700, 2, false),
        format!("{at} 700, but units must be below 700, which is Layout::channels")
    );
    assert_eq!(
        with_unit(65_636, 4, false),
        format!("{at} 65636, but units must be below 700, which is Layout::channels"),
        "never narrowed silently"
    );
    assert_eq!(with_unit(-1, 8, true), format!("{at} -1, but units must not be negative"));
    assert_eq!(
        with_unit(-1, 8, false),
        format!(
            "{at} 18446744073709551615, but units must be below 700, which is Layout::channels"
        )
    );

    assert_eq!(
        message([all_times, all_units, labels(&[0, 20, 4])]),
        "shd.h5: labels, sample 1: label 20, but labels must be from 0 to 19, since \
         Layout::classes is 20"
    );
    let layout = |channels, classes| Layout { channels: Some(channels), classes, time_unit: None };
    let file = TestFile::new(parts());
    let read_as =
        |layout| read(&file.path, Path::new("shd.h5"), &layout).map_err(|error| error.to_string());
    assert!(read_as(layout(121, Some(20))).is_ok());
    assert_eq!(
        read_as(layout(120, None)).unwrap_err(),
        "shd.h5: spikes/units, sample 0, spike 1: unit 120, but units must be below 120, which is \
         Layout::channels"
    );
    assert!(
        read_as(layout(700, Some(19)))
            .unwrap_err()
            .contains("label 19, but labels must be from 0 to 18")
    );
    assert_eq!(
        read_as(layout(0, None)).unwrap_err(),
        "Layout::channels is 0, but must be from 1 to 65536"
    );
}

#[test]
fn wrong_types_are_named() {
    let [_, units, labels] = parts();
    let flat = |name: &str| DatasetBuilder::typed_data(name, vec![3], &[1.0f32; 3]).unwrap();
    assert_eq!(
        message([flat("spikes/times"), units.clone(), labels.clone()]),
        "shd.h5: spikes/times: holds float32, but must hold variable-length float16, float32 or \
         float64"
    );
    let rows = vec![vec![0; 4]; 3];
    let integers =
        DatasetBuilder::vlen_sequence_data("spikes/times", int(4, true, BIG), vec![3], rows)
            .unwrap();
    assert!(
        message([integers, units.clone(), labels.clone()])
            .contains("spikes/times: holds variable-length int32, which are hardly seconds: say")
    );
    assert_eq!(
        message([times(&TIMES, 2, LITTLE), flat("spikes/units"), labels]),
        "shd.h5: spikes/units: holds float32, but must hold variable-length integers"
    );
    assert_eq!(
        message([times(&TIMES, 2, LITTLE), units.clone(), flat("labels")]),
        "shd.h5: labels: holds float32, but must hold integers"
    );
    let square = DatasetBuilder::typed_data("labels", vec![3, 1], &[1u16; 3]).unwrap();
    assert_eq!(
        message([times(&TIMES, 2, LITTLE), units, square]),
        "shd.h5: labels: has 2 dimensions, but must have one: the samples"
    );
    let keys = DatasetBuilder::typed_data("extra/keys", vec![1], &[1u16]).unwrap();
    assert_eq!(
        message(parts().into_iter().chain([keys])),
        "shd.h5: extra/keys: holds uint16, but must hold strings"
    );
}

#[test]
fn whole_times_are_read_where_their_unit_is_known() {
    for (size, signed, order) in
        [(1, false, LITTLE), (2, true, BIG), (4, false, BIG), (8, true, LITTLE)]
    {
        let rows = [&[0, 25, 50][..], &[], &[100, 100]]
            .map(|row| row.iter().flat_map(|&value| encode_int(value, size, order)).collect());
        let base = int(size, signed, order);
        let times =
            DatasetBuilder::vlen_sequence_data("spikes/times", base, vec![3], rows.to_vec());
        let [_, units, labels] = parts();
        let file = TestFile::new([times.unwrap(), units, labels]);
        let layout = Layout { time_unit: Some(TimeUnit::SamplesPerSecond(50.0)), ..SHD };
        let recordings = read(&file.path, Path::new("shd.h5"), &layout).unwrap();
        assert_eq!(recordings.seconds(0).collect::<Vec<_>>(), [0.0, 0.5, 1.0]);
        assert_eq!(recordings.seconds(2).collect::<Vec<_>>(), [2.0, 2.0]);
        let sign = if signed { "" } else { "u" };
        assert_eq!(recordings.time_name(), format!("{sign}int{}", 8 * size));
        assert!(recordings.clock().is_some());
    }
}

#[test]
fn channels_and_classes_are_inferred_where_nobody_gives_them() {
    let read = |parts: Vec<DatasetBuilder>| {
        let file = TestFile::new(parts);
        read(&file.path, Path::new("own.h5"), &Layout::default())
    };
    let known = |parts: Vec<DatasetBuilder>| {
        let recordings = read(parts).unwrap();
        let channels = (recordings.channels(), recordings.channels_known());
        (channels, (recordings.classes(), recordings.classes_known()))
    };
    let [times, _, _] = parts();
    let with = |highest, label| {
        let rows: [&[i64]; 3] = [&[3, highest, 0], &[], &[7, 7]];
        vec![times.clone(), units(&rows, 2, false, LITTLE), labels(&[0, label, 0])]
    };
    assert_eq!(known(with(19, 3)), ((20, Known::Inferred), (4, Known::Inferred)));
    assert_eq!(known(with(639, 34)), ((640, Known::Inferred), (35, Known::Inferred)));
    assert_eq!(known(with(640, 0)), ((700, Known::Inferred), (1, Known::Inferred)));
    assert_eq!(known(with(1023, 0)).0, (1024, Known::Inferred));
    let stored = |channels: u32, names: &[&str]| {
        let names: Vec<String> = names.iter().map(|&name| name.into()).collect();
        [
            DatasetBuilder::typed_data("extra/channels", vec![1], &[channels]).unwrap(),
            DatasetBuilder::fixed_string_data("extra/keys", vec![names.len() as u64], &names)
                .unwrap(),
        ]
    };
    let mut parts = with(19, 1);
    parts.extend(stored(32, &["yes", "no", "up"]));
    assert_eq!(known(parts), ((32, Known::Stored), (3, Known::Stored)));
    let mut parts = with(19, 5);
    parts.extend(stored(32, &["yes", "no", "up"]));
    assert_eq!(
        read(parts).unwrap_err().to_string(),
        "own.h5: labels, sample 1: label 5, but labels must be from 0 to 2, since extra/keys names \
         3 classes; Layout::classes sets another number"
    );
    let mut parts = with(19, 1);
    parts.extend(stored(19, &["0", "1"]));
    assert_eq!(
        read(parts).unwrap_err().to_string(),
        "own.h5: extra/channels: holds 19, but the highest unit is 19, so there must be 20 to 65536"
    );
}

/// NumPy's bytes of UTF-16.
#[test]
fn names_with_zeros_inside_are_refused() {
    let wide = DatasetBuilder::fixed_string_data("extra/keys", vec![2], &["a", "n#u#l#l"]);
    let file = TestFile::new(parts().into_iter().chain([wide.unwrap()]));
    let mut bytes = std::fs::read(&file.path).unwrap();
    let at = bytes.windows(7).position(|found| found == b"n#u#l#l").unwrap();
    for zero in [at + 1, at + 3, at + 5] {
        bytes[zero] = 0;
    }
    assert_eq!(
        TestFile::of_bytes(&bytes).message(),
        "shd.h5: extra/keys: holds text with zero bytes in it, as UTF-16 has (string 1)"
    );
}

/// bfloat16 has two bytes too, but another exponent.
#[test]
fn floats_that_are_not_ieee_are_refused() {
    let file = TestFile::new(parts());
    let mut bytes = std::fs::read(&file.path).unwrap();
    assert!(float16::declare_exponent_of_8_bits(&mut bytes));
    assert_eq!(
        TestFile::of_bytes(&bytes).message(),
        "shd.h5: spikes/times: holds variable-length float16, but not in the IEEE format that is \
         expected"
    );
}

#[test]
fn files_that_are_not_whole_hdf5_files_are_refused() {
    assert!(
        TestFile::of_bytes(b"time,unit\n0.1,3\n")
            .message()
            .starts_with("shd.h5: this is not an HDF5 file")
    );
    let good = std::fs::read(&TestFile::new(parts()).path).unwrap();
    assert!(TestFile::of_bytes(&good).read().is_ok());
    for length in (8..good.len()).step_by(37).chain([good.len() - 1]) {
        let message = TestFile::of_bytes(&good[..length]).message();
        assert!(
            message.starts_with("shd.h5: ") && message.contains("cut short"),
            "{length}: {message}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let error = read(folder.path(), folder.path(), &Layout::default()).unwrap_err().to_string();
    assert!(error.ends_with("this is a folder, but a regular file was expected"), "{error}");
}

/// Damage may go unnoticed, since these files carry no checksum of their spikes, but it must never
/// panic, and what is accepted is valid.
#[test]
fn corrupted_copies_never_panic() {
    let extras = [
        DatasetBuilder::typed_data("extra/speaker", vec![3], &[11i64, 0, 3]).unwrap(),
        DatasetBuilder::fixed_string_data("extra/keys", vec![20], &["zero"; 20]).unwrap(),
        DatasetBuilder::typed_data("extra/meta_info/age", vec![2], &[-31i16, 27]).unwrap(),
    ];
    let good = std::fs::read(&TestFile::new(parts().into_iter().chain(extras)).path).unwrap();
    let mut rng = Seed(7).stream(Purpose::Synthesis, 0, 0);
    let file = TestFile::of_bytes(&good);
    let mut refused = 0;
    for _ in 0..800 {
        let mut bytes = good.clone();
        for _ in 0..rng.random_range(1..=8) {
            let at = rng.random_range(8..bytes.len());
            bytes[at] = rng.random();
        }
        // Some file systems wait for the disk when a file is overwritten.
        std::fs::remove_file(&file.path).unwrap();
        std::fs::write(&file.path, &bytes).unwrap();
        match file.read() {
            Ok(recordings) => assert!(
                (0..recordings.len())
                    .all(|sample| recordings.units(sample).iter().all(|&unit| unit < 700))
            ),
            Err(error) => {
                refused += 1;
                let error = error.to_string();
                assert!(error.starts_with("shd.h5: ") && !error.contains('\n'), "{error}");
            }
        }
    }
    assert!(refused > 100, "{refused}");
}
