use super::{layout, spikes};
use crate::spikes::*;
use std::io::Write;
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;

fn written(folder: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// The sentence about a file, without the file's name.
fn problem(path: &Path, options: &ReadOptions) -> String {
    let error = read_log(path, options).unwrap_err().to_string();
    error.strip_prefix(&format!("{}: ", path.display())).map(str::to_owned).unwrap_or(error)
}

#[test]
fn text_of_other_programs_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str, text: &str| {
        let path = written(folder.path(), name, text.as_bytes());
        let read = read_log(path, &ReadOptions { dt_ms: Some(0.5), ..ReadOptions::default() });
        let read = read.unwrap().remove(0);
        (read.population, read.times_ms, read.node_ids)
    };
    let expected = |name: &str| (name.to_owned(), vec![1.5, 20.0], vec![11, 0]);
    // NEST 3.9; the values of a multimeter may follow.
    let nest = "# NEST version: 3.9.0\n# RecordingBackendASCII version: 2\nsender\ttime_ms\tV_m\n\
                12\t1.500\t-70\n1\t20.000\t-70\n";
    assert_eq!(read("spikes-12-0.dat", nest), expected("spikes-12-0"));
    assert_eq!(read("old.gdf", "12\t1.5\t\n1\t20.0\t\n"), expected("old"));
    // bmtk writes the columns in either order.
    let bmtk = "node_ids population timestamps\n11 a 1.5\n0 a 20\n";
    assert_eq!(read("x.csv", bmtk), expected("a"));
    assert_eq!(read("w.csv", "timestep,neuron\r\n3,11\r\n40,0\r\n"), expected("w"));
    assert_eq!(read("w.us.csv", "time_us, neuron\n1500, 11\n20000, 0\n"), expected("w"));
}

#[test]
fn bad_text_gets_one_sentence_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let options = ReadOptions::default();
    let message = |text: &str| problem(&written(folder.path(), "x", text.as_bytes()), &options);
    let plain = "population,time_ms,neuron\n";
    assert_eq!(
        message(&format!("{plain}a,1,0\na,nan,0\n")),
        "line 3 has the time \"nan\", but times must be numbers, finite and at least 0"
    );
    assert_eq!(
        message(&format!("{plain}a,1,-1\n")),
        "line 2 has the neuron \"-1\", but neurons are whole numbers from 0 on"
    );
    assert_eq!(message(&format!("{plain}a,1\n")), "line 2 has 2 columns, which is too few");
    assert_eq!(message(&format!("{plain}\"a,1,1\n")), "line 2 has a quoted name without an end");
    assert_eq!(
        message("0\t1.5\n"),
        "line 1 has the node \"0\", but nodes are whole numbers from 1 on"
    );
    assert_eq!(
        message("timestep,neuron\n1,1\n"),
        "counts steps; reading it needs the length of a step in ms"
    );
    for text in ["", "hello\n", "a,b\n1,2\n", "\u{80}\u{4}]\u{94}."] {
        assert!(message(text).starts_with("looks like no log of spikes"), "{text}");
    }
    let nest = ReadOptions { format: Some(SpikeFormat::Nest), ..options };
    let path = written(folder.path(), "x", b"sender\ttime_step\n");
    assert!(problem(&path, &nest).contains("names of the columns: sender and time_ms"));
    assert!(problem(&folder.path().join("none"), &nest).contains("cannot open the file"));
}

/// An array as NumPy stores it.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.extend(data);
    bytes
}

fn npz(path: &Path, arrays: &[(&str, Vec<u8>)]) {
    let mut archive = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in arrays {
        archive.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap();
}

#[test]
fn archives_of_other_programs_are_read_and_pickles_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shd.npz");
    let singles: Vec<u8> = [0.5_f32, 7.0].iter().flat_map(|time| time.to_be_bytes()).collect();
    let times = npy("'>f4'", "(2,)", &singles);
    npz(&path, &[("times_ms", times.clone()), ("neurons", npy("'|u1'", "(2,)", &[200, 3]))]);
    let read = read_log(&path, &ReadOptions::default()).unwrap();
    assert_eq!(read, [spikes("shd", &[0.5, 7.0], &[200, 3])]);

    let message = |neurons: Vec<u8>| {
        npz(&path, &[("a/times_ms", times.clone()), ("a/neurons", neurons)]);
        problem(&path, &ReadOptions::default())
    };
    let pickle = "array a/neurons.npy holds Python objects, which are a pickle and could run a \
                  program; save numbers";
    assert_eq!(message(npy("'|O'", "(2,)", b"\x80\x04]\x94.")), pickle);
    assert_eq!(message(npy("[('a', '|O'), ('b', '<i8')]", "(2,)", b"\x80\x04]\x94.")), pickle);
    assert_eq!(
        message(npy("'<i2'", "(2,)", &[0, 0, 255, 255])),
        "array a/neurons.npy at index 1 is below 0, but must not be"
    );
    assert_eq!(
        message(npy("'<f8'", "(2,)", &[0; 16])),
        "array a/neurons.npy is of type \"<f8\", but must hold integers"
    );
    assert_eq!(
        message(npy("'|u1'", "(3,)", &[0; 3])),
        "population \"a\" has 3 entries of neurons, but 2 of times_ms"
    );
    assert_eq!(
        message(npy("'|u1'", "(1, 2)", &[0; 2])),
        "array a/neurons.npy has shape (1, 2), but must have one dimension"
    );
    assert_eq!(
        message(npy("'<i8'", "(100000000000,)", &[0; 16])),
        "array a/neurons.npy claims 100000000000 entries, more than the file holds"
    );
    assert_eq!(
        message(npy("'<i8'", "(3,)", &[0; 16])),
        "array a/neurons.npy is cut off: it should have 3 entries"
    );
    npz(&path, &[("a/times_ms", times.clone())]);
    assert_eq!(problem(&path, &ReadOptions::default()), "array a/neurons is missing");
    npz(&path, &[("other", times)]);
    assert!(problem(&path, &ReadOptions::default()).starts_with("has no arrays "));
}

#[test]
fn aedat_of_other_kinds_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let header = "#!AER-DAT3.1\r\n#Format: RAW\r\n#!END-HEADER\r\n";
    let event = |data: u32, time: i32| {
        let mut bytes = data.to_le_bytes().to_vec();
        bytes.extend(time.to_le_bytes());
        bytes
    };
    let file = |kind: i16, source: i16, capacity: i32, events: &[Vec<u8>]| {
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend(kind.to_le_bytes());
        bytes.extend(source.to_le_bytes());
        for field in [8, 4, 1, capacity, events.len() as i32, events.len() as i32] {
            bytes.extend(field.to_le_bytes());
        }
        bytes.extend(events.concat());
        bytes
    };
    let options = ReadOptions::default();
    let message = |bytes: &[u8]| problem(&written(folder.path(), "x.aedat", bytes), &options);
    let at = header.len();
    assert_eq!(
        message(&file(1, 0, 1, &[event(1, 0)])),
        format!(
            "packet at byte {at} has events of type 1 and 8 bytes, but must have spikes: type 12, \
             8 bytes"
        )
    );
    assert_eq!(
        message(&file(12, 0, 1, &[event(1 | 3 << 1 | 2 << 6, 0)])),
        format!(
            "event 0 of the packet at byte {at} is of core 3 of chip 2, but only core 0 of chip 0 \
             is read"
        )
    );
    assert!(message(&file(12, 0, 1, &[event(1, -5)])).contains("has the time -5"));
    assert!(message(&file(12, 2, 1, &[event(1, 0)])).contains("is of source 2"));
    assert!(message(&file(12, 0, i32::MAX, &[event(1, 0)])).contains("is cut off"));
    assert!(message(&header.as_bytes()[..20]).contains("is no AEDAT 3.1"));
    assert!(message(b"#!AER-DAT2.0\r\n").contains("but must with \"#!AER-DAT3.1\""));
    // Events that are not valid and events of the stream itself are no spikes.
    let mut bytes = file(12, 0, 2, &[event(7 << 12, 1), event(7 << 12 | 1, 2)]);
    bytes.extend(&file(0, 0, 1, &[event(1, 3)])[at..]);
    let read = read_log(written(folder.path(), "x.aedat", &bytes), &options).unwrap();
    assert_eq!(read, [spikes("x", &[2_147_483.65], &[7])]);
}

#[test]
fn files_that_are_cut_off_are_never_read_as_whole_ones() {
    let folder = tempfile::tempdir().unwrap();
    let layout = layout(Some(0.5));
    let some = [spikes("in", &[1.0, 1.0, 2.5], &[0, 4, 1])];
    for format in [SpikeFormat::Sonata, SpikeFormat::NirData, SpikeFormat::Npz] {
        let path = folder.path().join("whole");
        write_spikes(&path, format, &layout, &some, None).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let options = ReadOptions { format: Some(format), ..ReadOptions::default() };
        assert!(read_log(&path, &options).is_ok());
        for length in (0..bytes.len()).step_by(29) {
            let cut = written(folder.path(), "cut", &bytes[..length]);
            assert!(
                read_log(&cut, &options).is_err(),
                "{length} of {} bytes: {format}",
                bytes.len()
            );
        }
    }
}
