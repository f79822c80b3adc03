use super::*;
use crate::log::{Log, LogLayout, write_logs};
use crate::sonata::file::units;
use crate::spikes::{PopulationSpikes, Sorting, SpikeFormat, SpikeLog};
use hdf5_reader::Hdf5File;
use hdf5_writer::{AttributeBuilder, DatasetBuilder, Hdf5Builder, WriteOptions};
use proptest::prelude::*;
use sim_core::{Network, Population, Record, SpikeFrames, Variable};
use std::path::Path;

fn layout(dt_ms: f64) -> LogLayout {
    let population = |name: &str, size| Population::source(name, size);
    let network = Network::new(
        dt_ms,
        vec![population("in", 5), population("hidden 1", 3), population("still", 1)],
        vec![],
    );
    LogLayout::of(&network).unwrap()
}

fn spikes(population: usize, step: usize, neurons: &[u32]) -> Record {
    Record::Spikes { population, step, neurons: neurons.to_vec() }
}

fn write_spikes(path: &Path, dt_ms: f64, records: Vec<Record>) {
    write_logs(
        records.into_iter(),
        vec![SpikeLog::create(path, SpikeFormat::Sonata, &layout(dt_ms), None).unwrap().boxed()],
    )
    .unwrap();
}

#[test]
fn spikes_come_back_with_their_attributes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spikes.h5");
    write_spikes(&path, 0.1, vec![spikes(1, 3, &[0, 2]), spikes(0, 3, &[4]), spikes(1, 7, &[1])]);
    let populations = read_spikes(&path).unwrap();
    let expected = |name: &str, times: &[f64], nodes: &[u64]| PopulationSpikes {
        population: name.into(),
        times_ms: times.to_vec(),
        node_ids: nodes.to_vec(),
        sorting: Sorting::ByTime,
        size: None,
    };
    assert_eq!(
        populations,
        [
            expected("hidden 1", &[0.3, 0.3, 0.7], &[0, 2, 1]),
            expected("in", &[0.3], &[4]),
            expected("still", &[], &[])
        ]
    );

    let file = Hdf5File::open(&path).unwrap();
    let root = file.root_group().unwrap();
    assert_eq!(root.attribute("magic").unwrap().read_scalar::<u32>().unwrap(), 0x0A7A);
    assert_eq!(root.attribute("version").unwrap().read_1d::<u32>().unwrap(), [0, 1]);
    let sorting = file.group("spikes/in").unwrap().attribute("sorting").unwrap();
    let hdf5_reader::Datatype::Enum { members, .. } = &sorting.datatype else {
        panic!("{:?}", sorting.datatype)
    };
    let members: Vec<_> =
        members.iter().map(|member| (member.name.as_str(), member.value[0])).collect();
    assert_eq!(
        (members, sorting.raw_data),
        (vec![("none", 0), ("by_id", 1), ("by_time", 2)], vec![2])
    );
}

#[test]
fn potentials_are_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.h5");
    let records = (4..6).map(|step| Record::Column {
        population: 1,
        variable: Variable::POTENTIAL,
        step,
        values: vec![step as f64, 0.25, -1.0],
    });
    write_logs(
        records,
        vec![SonataReport::create(&path, &layout(0.5), "potential").unwrap().boxed()],
    )
    .unwrap();
    let file = Hdf5File::open(&path).unwrap();
    let data = file.dataset("report/hidden 1/data").unwrap();
    assert_eq!(
        (data.shape(), data.attribute("units").unwrap().read_string().unwrap().as_str()),
        (&[2, 3][..], "1")
    );
    assert_eq!(
        data.read_array::<f32>().unwrap().into_iter().collect::<Vec<_>>(),
        [4.0, 0.25, -1.0, 5.0, 0.25, -1.0]
    );
    let column = |name: &str| file.dataset(&format!("report/hidden 1/mapping/{name}")).unwrap();
    assert_eq!(
        column("time").read_array::<f64>().unwrap().into_iter().collect::<Vec<_>>(),
        [2.0, 3.0, 0.5]
    );
    for name in ["index_pointers", "index_pointer"] {
        let pointers = column(name).read_array::<u64>().unwrap();
        assert_eq!(pointers.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3], "{name}");
    }
    let places = column("element_pos").read_array::<f64>().unwrap();
    assert_eq!(places.into_iter().collect::<Vec<_>>(), [0.0; 3]);
    assert_eq!(
        column("node_ids").read_array::<u64>().unwrap().into_iter().collect::<Vec<_>>(),
        [0, 1, 2]
    );
    assert!(file.group("report/in").is_err(), "sources have no potential");
}

/// A file with one population `a` and what `change` makes of its columns.
fn foreign(
    folder: &Path,
    times: DatasetBuilder,
    nodes: DatasetBuilder,
    sorting: Option<AttributeBuilder>,
) -> std::path::PathBuf {
    let mut content = Hdf5Builder::new().dataset(times).dataset(nodes);
    if let Some(sorting) = sorting {
        content = content.group_attribute("spikes/a", sorting);
    }
    let path = folder.join("foreign.h5");
    std::fs::write(&path, content.into_plan().unwrap().encode(WriteOptions::default()).unwrap())
        .unwrap();
    path
}

fn times(values: &[f64]) -> DatasetBuilder {
    DatasetBuilder::typed_data("spikes/a/timestamps", vec![values.len() as u64], values).unwrap()
}

fn nodes(values: &[i32]) -> DatasetBuilder {
    DatasetBuilder::typed_data("spikes/a/node_ids", vec![values.len() as u64], values).unwrap()
}

#[test]
fn files_of_other_programs_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let text = |text: &str| Some(AttributeBuilder::fixed_string("sorting", text));
    for (sorting, expected) in
        [(None, Sorting::None), (text("by_id"), Sorting::ById), (text("unknown"), Sorting::None)]
    {
        let single =
            DatasetBuilder::typed_data("spikes/a/timestamps", vec![2], &[1.5_f32, 0.25]).unwrap();
        let path = foreign(folder.path(), single, nodes(&[7, 0]), sorting);
        let read = read_spikes(path).unwrap();
        assert_eq!(
            (read[0].times_ms.as_slice(), read[0].node_ids.as_slice(), read[0].sorting),
            (&[1.5, 0.25][..], &[7, 0][..], expected)
        );
    }
}

#[test]
fn a_bad_file_gets_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let message = |times, nodes| {
        let path = foreign(folder.path(), times, nodes, None);
        let error = read_spikes(&path).unwrap_err().to_string();
        error.strip_prefix(&format!("{}: ", path.display())).map(str::to_owned).unwrap()
    };
    assert_eq!(
        message(times(&[1.0]), nodes(&[1, 2])),
        "spikes/a/node_ids has 2 entries, but timestamps has 1"
    );
    assert_eq!(
        message(times(&[1.0, f64::NAN]), nodes(&[1, 2])),
        "spikes/a/timestamps at index 1 is NaN, but times must be finite and at least 0"
    );
    assert_eq!(
        message(times(&[1.0]), nodes(&[-3])),
        "spikes/a/node_ids at index 0 is -3, but must be at least 0"
    );
    let seconds = times(&[1.0]).attribute(units("s"));
    assert_eq!(
        message(seconds, nodes(&[1])),
        "spikes/a/timestamps is in units of \"s\", but must be in \"ms\""
    );
    let other = DatasetBuilder::typed_data("spikes/a/other", vec![1], &[1_i32]).unwrap();
    assert_eq!(message(times(&[1.0]), other), "spikes/a/node_ids is missing");
    let flat = DatasetBuilder::typed_data("times", vec![1], &[1.0]).unwrap();
    assert!(message(flat, nodes(&[1])).starts_with("spikes/a/timestamps is missing"));

    let path = folder.path().join("text.h5");
    std::fs::write(&path, "not HDF5").unwrap();
    assert!(read_spikes(&path).unwrap_err().to_string().contains("is not a readable HDF5 file"));
    assert!(
        read_spikes(folder.path().join("none.h5"))
            .unwrap_err()
            .to_string()
            .contains("cannot open the file")
    );
    let whole = folder.path().join("whole.h5");
    write_spikes(&whole, 1.0, vec![spikes(0, 1, &[1, 2, 3])]);
    let bytes = std::fs::read(&whole).unwrap();
    for length in (0..bytes.len()).step_by(7) {
        std::fs::write(&path, &bytes[..length]).unwrap();
        assert!(read_spikes(&path).is_err(), "{length} of {} bytes", bytes.len());
    }
}

#[test]
fn spikes_become_input() {
    let spikes = PopulationSpikes {
        population: "a".into(),
        times_ms: vec![0.3, 0.6, 0.61],
        node_ids: vec![2, 0, 0],
        sorting: Sorting::None,
        size: None,
    };
    let frames = spikes.frames(3, 7, 0.1).unwrap();
    assert_eq!((frames.channel(2).0, frames.channel(0)), (&[3][..], (&[6][..], &[2.0][..])));
    assert_eq!(
        spikes.frames(2, 7, 0.1).unwrap_err().to_string(),
        "neuron of spike 0 of a is 2, but must be below 2"
    );
    let late = spikes.frames(3, 6, 0.1).unwrap_err().to_string();
    assert_eq!(
        late,
        "time in ms of spike 1 of a is 0.6, but must be before the end of 6 steps of 0.1 ms"
    );
}

proptest! {
    #[test]
    fn what_is_written_comes_back_on_the_same_steps(
        dt_ms in prop_oneof![Just(0.1), Just(0.25), Just(1.0), Just(10.0), 0.01..3.0_f64],
        mut events in proptest::collection::vec((0_u32..5, 0_u32..3000), 0..60),
    ) {
        events.sort_unstable_by_key(|&(neuron, step)| (step, neuron));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spikes.h5");
        write_spikes(
            &path,
            dt_ms,
            events.iter().map(|&(neuron, step)| spikes(0, step as usize, &[neuron])).collect(),
        );
        let read = read_spikes(&path).unwrap();
        let input = read.iter().find(|population| population.population == "in").unwrap();
        prop_assert!(input.times_ms.is_sorted());
        prop_assert_eq!(
            input.frames(5, 3000, dt_ms).unwrap(),
            SpikeFrames::from_events(5, 3000, &events).unwrap()
        );
    }
}
