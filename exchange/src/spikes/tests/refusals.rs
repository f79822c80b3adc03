use super::{layout, provenance, spikes};
use crate::log::{Log, LogLayout};
use crate::spikes::*;
use sim_core::Record;

fn one(dt_ms: Option<f64>) -> LogLayout {
    LogLayout::new(vec![("in".into(), 5)], dt_ms).unwrap()
}

#[test]
fn spikes_that_cannot_be_right_are_named_and_the_earlier_log_stays() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&[f64], &[u64], &str); 6] = [
        (
            &[1.0, f64::NAN],
            &[0, 1],
            "time in ms of spike 3 of in is NaN, but must be finite and at least 0",
        ),
        (
            &[f64::INFINITY],
            &[0],
            "time in ms of spike 2 of in is inf, but must be finite and at least 0",
        ),
        (&[-1.0], &[0], "time in ms of spike 2 of in is -1, but must be finite and at least 0"),
        (
            &[0.25],
            &[0],
            "time in ms of spike 2 of in is 0.25, but must be at least that of the spike before, \
             0.5",
        ),
        (
            &[1.0],
            &[5],
            "neuron of spike 2 of in is 5, but must be below 5, the size of the population",
        ),
        (&[1.0, 2.0], &[0], "neurons of spikes has 1 entries, but 2 are needed"),
    ];
    for format in SpikeFormat::ALL {
        let path = folder.path().join(format!("log.{}", format.ending()));
        std::fs::write(&path, "earlier").unwrap();
        for (times, neurons, expected) in cases {
            let mut log =
                SpikeLog::create(&path, format, &one(Some(0.25)), Some(&provenance())).unwrap();
            log.spikes(0, &[0.25, 0.5], &[0, 4]).unwrap();
            let error = log.spikes(0, times, neurons).unwrap_err().to_string();
            if !expected.starts_with("neurons of") {
                assert_eq!(error, expected, "{format}");
            }
            let error = log.finish().unwrap_err().to_string();
            assert!(error.ends_with("was not written, since it is not complete"), "{error}");
            assert_eq!(std::fs::read(&path).unwrap(), b"earlier", "{format}");
        }
        std::fs::remove_file(&path).unwrap();
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left");
}

#[test]
fn times_that_a_format_cannot_hold_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let message = |format: SpikeFormat, dt_ms, time: f64| {
        let path = folder.path().join("log");
        let spikes = [spikes("in", &[time], &[0])];
        write_spikes(path, format, &one(dt_ms), &spikes, None).unwrap_err().to_string()
    };
    for format in [SpikeFormat::Aedat, SpikeFormat::CsvMicroseconds] {
        assert_eq!(
            message(format, None, 0.000_5),
            format!(
                "the format {format} cannot hold this: the time 0.0005 ms is not a whole \
                 number of microseconds"
            )
        );
        assert!(message(format, None, 1e30).contains("is not a whole number of microseconds"));
    }
    assert_eq!(
        message(SpikeFormat::CsvSteps, Some(0.5), 0.75),
        "the format csv-steps cannot hold this: the time 0.75 ms is not a whole number of \
         steps of 0.5 ms"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn spikes_of_other_populations_and_steps_of_unknown_length_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.npz");
    let layout = layout(None);
    let error = write_spikes(&path, SpikeFormat::Npz, &layout, &[spikes("out", &[], &[])], None);
    assert_eq!(
        error.unwrap_err().to_string(),
        "these are spikes of population out, but the log is one of a \"b\", c, in, still"
    );
    let mut log = SpikeLog::create(&path, SpikeFormat::Npz, &layout, None).unwrap();
    let error = log.spikes(3, &[1.0], &[0]).unwrap_err().to_string();
    assert_eq!(error, "population is 3, but must be below 3, the number of populations");
    let mut log = SpikeLog::create(&path, SpikeFormat::Npz, &layout, None).unwrap().boxed();
    let record = Record::Spikes { population: 0, step: 1, neurons: vec![0] };
    let error = log.write(&record).unwrap_err().to_string();
    assert!(error.ends_with("steps cannot be logged, since the length of a step is not known"));

    write_spikes(&path, SpikeFormat::Npz, &layout, &[], None).unwrap();
    let read = read_log(&path, &ReadOptions::default()).unwrap();
    assert!(spikes_of(read.clone(), "in", &path).is_ok());
    let error = spikes_of(read, "out", &path).unwrap_err().to_string();
    let problem = r#"has no spikes of population "out", but of "a \"b\", c", "in", "still""#;
    assert_eq!(error, format!("{}: {problem}", path.display()));
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_halfway_leaves_the_earlier_log() {
    let folder = tempfile::tempdir().unwrap();
    for format in [SpikeFormat::Sonata, SpikeFormat::NirData, SpikeFormat::Npz] {
        let path = folder.path().join(format!("log.{}", format.ending()));
        std::fs::write(&path, "earlier").unwrap();
        let mut log = SpikeLog::create(&path, format, &one(Some(1.0)), None).unwrap();
        log.fill_disk();
        let neurons = vec![1; 1 << 17];
        let error = log.spikes(0, &vec![2.0; neurons.len()], &neurons).unwrap_err().to_string();
        let full = format!("{}: the disk is full, nothing was written", path.display());
        assert_eq!(error, full);
        assert!(log.finish().is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"earlier");
        std::fs::remove_file(&path).unwrap();
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_in_place_of_the_log_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for format in SpikeFormat::ALL {
        let error = SpikeLog::create(folder.path(), format, &one(Some(1.0)), None).unwrap_err();
        assert!(error.to_string().contains("this is a folder"), "{error}");
    }
}
