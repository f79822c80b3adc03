use super::{layout, provenance, spikes};
use crate::log::{Log, LogLayout, time_of_step, write_logs};
use crate::spikes::*;
use proptest::prelude::*;
use sim_core::{Record, SpikeFrames};
use std::path::{Path, PathBuf};

/// What comes back of spikes that are written in a format.
fn there_and_back(
    folder: &Path,
    format: SpikeFormat,
    layout: &LogLayout,
    written: &[PopulationSpikes],
) -> Vec<PopulationSpikes> {
    let path = folder.join(format!("log.{}", format.ending()));
    let files = write_spikes(&path, format, layout, written, Some(&provenance())).unwrap();
    assert_eq!(files, format.files(&path, layout));
    assert!(files.iter().filter_map(|file| format.sidecar(file)).all(|sidecar| sidecar.exists()));
    read_back(format, layout, &files)
}

fn read_back(format: SpikeFormat, layout: &LogLayout, files: &[PathBuf]) -> Vec<PopulationSpikes> {
    let mut read = Vec::new();
    for (index, file) in files.iter().enumerate() {
        if layout.populations().len() == 3 {
            assert_eq!(guess_format(file).ok().unwrap_or(format), format, "{}", file.display());
        }
        let options = ReadOptions {
            // A file without spikes or header looks like nothing.
            format: (format == SpikeFormat::Gdf).then_some(format),
            dt_ms: layout.dt_ms(),
            population: Some(layout.populations()[index].0.clone()),
            sample: None,
        };
        read.extend(read_log(file, &options).unwrap());
    }
    read
}

/// The spikes of the populations that have some: text that names populations names no others.
fn firing(spikes: &[PopulationSpikes]) -> Vec<(&str, &[f64], &[u64], Sorting)> {
    let spikes = spikes.iter().filter(|spikes| !spikes.times_ms.is_empty());
    spikes.map(|s| (&s.population[..], &s.times_ms[..], &s.node_ids[..], s.sorting)).collect()
}

#[test]
fn every_format_gives_back_what_it_was_given() {
    let folder = tempfile::tempdir().unwrap();
    let written = [
        spikes("a \"b\", c", &[0.0, 0.3, 0.3, 0.3, 100_000.3], &[2, 0, 2, 2, 1]),
        spikes("in", &[0.3, 0.3, 3.0, 2_500_000.5], &[4, 4, 0, 3]),
        spikes("still", &[], &[]),
    ];
    for dt_ms in [Some(0.1), None] {
        for format in SpikeFormat::ALL {
            if dt_ms.is_none() && format == SpikeFormat::CsvSteps {
                continue;
            }
            let read = there_and_back(folder.path(), format, &layout(dt_ms), &written);
            assert_eq!(firing(&read), firing(&written), "{format} at {dt_ms:?}");
            if !matches!(format, SpikeFormat::CsvPlain | SpikeFormat::CsvBmtk) {
                assert_eq!(read.len(), 3, "{format} has silent populations, too");
            }
            if matches!(
                format,
                SpikeFormat::NirData | SpikeFormat::Npz | SpikeFormat::Aedat | SpikeFormat::Nest
            ) {
                let sizes: Vec<_> = read.iter().map(|spikes| spikes.size).collect();
                assert_eq!(sizes, [Some(3), Some(5), Some(1)], "{format}");
            }
        }
    }
}

#[test]
fn a_simulation_logs_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let layout = layout(Some(0.1));
    let at = |population, step, neurons: &[u32]| Record::Spikes {
        population,
        step,
        neurons: neurons.to_vec(),
    };
    let path = |format: SpikeFormat| folder.path().join(format!("log.{}", format.ending()));
    let logs = SpikeFormat::ALL
        .map(|format| SpikeLog::create(path(format), format, &layout, None).unwrap().boxed());
    let records = [at(0, 3, &[0, 2, 2]), at(1, 3, &[4]), at(0, 7, &[1])];
    write_logs(records.into_iter(), logs.into()).unwrap();
    for format in SpikeFormat::ALL {
        let read = read_back(format, &layout, &format.files(&path(format), &layout));
        let expected = [
            spikes("a \"b\", c", &[0.3, 0.3, 0.3, 0.7], &[0, 2, 2, 1]),
            spikes("in", &[0.3], &[4]),
        ];
        assert_eq!(firing(&read), firing(&expected), "{format}");
    }
    let text = |format: SpikeFormat| {
        let files = format.files(&path(format), &layout);
        std::fs::read_to_string(&files[0]).unwrap()
    };
    assert_eq!(
        text(SpikeFormat::CsvPlain),
        "population,time_ms,neuron\n\"a \"\"b\"\", c\",0.3,0\n\"a \"\"b\"\", c\",0.3,2\n\
         \"a \"\"b\"\", c\",0.3,2\nin,0.3,4\n\"a \"\"b\"\", c\",0.7,1\n"
    );
    assert_eq!(
        text(SpikeFormat::CsvBmtk),
        "timestamps population node_ids\n0.3 \"a \"\"b\"\", c\" 0\n0.3 \"a \"\"b\"\", c\" 2\n\
         0.3 \"a \"\"b\"\", c\" 2\n0.3 in 4\n0.7 \"a \"\"b\"\", c\" 1\n"
    );
    assert_eq!(text(SpikeFormat::CsvSteps), "timestep,neuron\n3,0\n3,2\n3,2\n7,1\n");
    assert_eq!(text(SpikeFormat::CsvMicroseconds), "time_us,neuron\n300,0\n300,2\n300,2\n700,1\n");
    assert_eq!(text(SpikeFormat::Gdf), "1\t0.3\n3\t0.3\n3\t0.3\n2\t0.7\n");
    assert_eq!(
        text(SpikeFormat::Nest),
        "# synfire {\"population\":\"a \\\"b\\\", c\",\"size\":3}\n# RecordingBackendASCII version: \
         2\nsender\ttime_ms\n1\t0.3\n3\t0.3\n3\t0.3\n2\t0.7\n"
    );
}

#[test]
fn aedat_times_go_on_beyond_31_bits_and_packets_are_full() {
    let folder = tempfile::tempdir().unwrap();
    let layout = LogLayout::new(vec![("a".into(), 1 << 20)], Some(0.001)).unwrap();
    let overflow = f64::from(u32::MAX >> 1) / 1e3;
    let times: Vec<f64> = (0..40_000)
        .map(
            |spike| if spike < 20_000 { spike as f64 / 1e3 } else { overflow + (spike / 7) as f64 },
        )
        .chain([9e12])
        .collect();
    let neurons: Vec<u64> = (0..40_001).map(|spike| (spike * 104_729) % (1 << 20)).collect();
    let written = [spikes("a", &times, &neurons)];
    let read = there_and_back(folder.path(), SpikeFormat::Aedat, &layout, &written);
    assert_eq!(firing(&read), firing(&written));
    // The layout that the documentation gives, byte by byte.
    let one = [spikes("a", &[2_147_483.650], &[0x12345])];
    let path = folder.path().join("one.aedat");
    write_spikes(&path, SpikeFormat::Aedat, &layout, &one, None).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let (header, packet) = bytes.split_at(bytes.len() - 36);
    assert_eq!(
        String::from_utf8_lossy(header),
        "#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 0: a\r\n#-synfire {\"neurons\":1048576}\r\n\
         #Start-Time: 1970-01-01 00:00:00 (TZ+0000)\r\n#!END-HEADER\r\n"
    );
    let mut expected = vec![12, 0, 0, 0, 8, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0];
    expected.extend([1, 0, 0, 0].repeat(3));
    expected.extend([0x01, 0x50, 0x34, 0x12, 2, 0, 0, 0]);
    assert_eq!(packet, expected);
}

#[test]
fn every_format_converts_to_every_other() {
    let folder = tempfile::tempdir().unwrap();
    let layout = LogLayout::new(vec![("ears".into(), 9)], Some(0.5)).unwrap();
    let written = [spikes("ears", &[0.5, 0.5, 12.0, 7e5], &[8, 0, 3, 3])];
    for from in SpikeFormat::ALL {
        let input = folder.path().join(format!("input.{}", from.ending()));
        write_spikes(&input, from, &layout, &written, None).unwrap();
        let options = ReadOptions {
            dt_ms: (from != SpikeFormat::Npz).then_some(0.5),
            population: Some("ears".into()),
            ..ReadOptions::default()
        };
        // Formats read alike, whatever is made of them.
        let all =
            if from == SpikeFormat::Npz { &SpikeFormat::ALL[..] } else { &[SpikeFormat::Npz] };
        for &to in all {
            let output = folder.path().join(format!("output.{}", to.ending()));
            let files = convert(&input, &options, &output, to, Some(&provenance()), true).unwrap();
            assert_eq!(files, [output], "{from} to {to}");
            let read = read_back(to, &layout, &files);
            assert_eq!(firing(&read), firing(&written), "{from} to {to}");
        }
    }
}

#[test]
fn spikes_out_of_order_are_converted_in_the_order_of_their_times() {
    let folder = tempfile::tempdir().unwrap();
    let [input, output] = ["by_id.csv", "by_time.npz"].map(|name| folder.path().join(name));
    std::fs::write(&input, "population,time_ms,neuron\na,3,0\na,1,1\na,3,2\na,1,0\n").unwrap();
    let options = ReadOptions::default();
    assert_eq!(read_log(&input, &options).unwrap()[0].sorting, Sorting::None);
    convert(&input, &options, &output, SpikeFormat::Npz, None, true).unwrap();
    let read = read_log(&output, &options).unwrap();
    assert_eq!(firing(&read), firing(&[spikes("a", &[1.0, 1.0, 3.0, 3.0], &[1, 0, 0, 2])]));
    assert_eq!(read[0].size, Some(3));
}

#[test]
fn where_a_log_came_from_is_in_it_or_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let layout = LogLayout::new(vec![("in".into(), 5)], Some(1.0)).unwrap();
    for format in SpikeFormat::ALL {
        let path = folder.path().join(format!("log.{}", format.ending()));
        write_spikes(&path, format, &layout, &[], Some(&provenance())).unwrap();
        let holder = format.sidecar(&path).unwrap_or(path);
        let bytes = std::fs::read(holder).unwrap();
        let narrow: Vec<u8> = bytes.iter().copied().filter(|&byte| byte != 0).collect();
        for word in ["synfire", "0.1.0", "sha256", "00ff", "source", "run of ", "commit"] {
            let is_there = narrow.windows(word.len()).any(|part| part == word.as_bytes());
            assert!(is_there, "{word} in {format}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn spikes_on_steps_come_back_bit_for_bit(
        dt_ms in prop_oneof![
            Just(0.1), Just(0.25), Just(0.3), Just(1.0), Just(10.0), Just(0.001),
            (1_u32..5000).prop_map(|microseconds| f64::from(microseconds) / 1e3)
        ],
        format in proptest::sample::select(&SpikeFormat::ALL[..]),
        mut events in proptest::collection::vec((0_u32..5, 0_u32..100_000), 0..60),
    ) {
        events.sort_unstable_by_key(|&(neuron, step)| (step, neuron));
        // Two spikes of a neuron in one step.
        events.extend(events.last().copied());
        let folder = tempfile::tempdir().unwrap();
        let layout = LogLayout::new(vec![("in".into(), 5)], Some(dt_ms)).unwrap();
        let times: Vec<f64> =
            events.iter().map(|&(_, step)| time_of_step(dt_ms, step as usize)).collect();
        let neurons: Vec<u64> = events.iter().map(|&(neuron, _)| u64::from(neuron)).collect();
        let written = [spikes("in", &times, &neurons)];
        let read = there_and_back(folder.path(), format, &layout, &written);
        prop_assert_eq!(firing(&read), firing(&written));
        if let [input] = &read[..] {
            prop_assert_eq!(
                input.frames(5, 100_000, dt_ms).unwrap(),
                SpikeFrames::from_events(5, 100_000, &events).unwrap()
            );
        }
    }

    #[test]
    fn any_time_comes_back_from_formats_that_hold_any(
        format in proptest::sample::select(vec![
            SpikeFormat::Sonata,
            SpikeFormat::NirData,
            SpikeFormat::Npz,
            SpikeFormat::CsvPlain,
            SpikeFormat::CsvBmtk,
            SpikeFormat::Nest,
            SpikeFormat::Gdf,
        ]),
        mut times in proptest::collection::vec(0.0..1e7_f64, 0..40),
    ) {
        times.sort_by(f64::total_cmp);
        let folder = tempfile::tempdir().unwrap();
        let layout = LogLayout::new(vec![("in".into(), 1 << 40)], None).unwrap();
        let neurons: Vec<u64> =
            times.iter().map(|time| (time * 1e5) as u64 % (1 << 40)).collect();
        let written = [spikes("in", &times, &neurons)];
        let read = there_and_back(folder.path(), format, &layout, &written);
        if format != SpikeFormat::NirData {
            prop_assert_eq!(firing(&read), firing(&written));
            return Ok(());
        }
        // Seconds may differ in the last digit.
        for (time, written) in read[0].times_ms.iter().zip(&times) {
            prop_assert!((time - written).abs() <= 1e-15 * written);
        }
    }
}
