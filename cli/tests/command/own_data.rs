//! What a file of one's own means: its classes, channels, units and clock, and what is said of
//! them.

use crate::sandbox::Sandbox;
use serde_json::Value;
use synfire::datasets::{NewSample, SpikeRecordings, TimeType};

/// What a file of three classes on eight channels has.
struct Recordings<'a> {
    names: &'a [&'a str],
    labels: Vec<u16>,
    /// Time between the spikes of a sample in s.
    spacing_s: f64,
    /// Samples without a spike.
    silent: usize,
    time_type: TimeType,
}

impl Default for Recordings<'_> {
    fn default() -> Self {
        let labels = (0..30).map(|sample| sample % 3).collect();
        Self { names: &[], labels, spacing_s: 0.0047, silent: 0, time_type: TimeType::Float32 }
    }
}

impl Recordings<'_> {
    /// Writes the file into the sandbox: the order of channels tells the classes, the channels of
    /// the first two spikes the sample.
    fn write(self, sandbox: &Sandbox, file: &str) {
        let samples = self.labels.iter().enumerate().map(|(sample, &label)| {
            let count = if sample < self.silent { 0 } else { 8 };
            let number = sample as u16 / 3;
            let unit = |spike: u16| match spike {
                0 => number % 8,
                1 => number / 8 % 8,
                spike => spike * (label + 1) % 8,
            };
            NewSample {
                seconds: (0..count).map(|spike| f64::from(spike) * self.spacing_s).collect(),
                units: (0..count as u16).map(unit).collect(),
                label,
            }
        });
        let classes = self.names.len().max(3);
        let recordings =
            SpikeRecordings::from_samples(file, 8, classes, self.time_type, samples).unwrap();
        let names = self.names.iter().map(|&name| name.to_owned()).collect();
        let named =
            if self.names.is_empty() { recordings } else { recordings.with_class_names(names) };
        named.write(sandbox.path(file)).unwrap();
    }
}

/// Writes 30 samples whose labels are `by` in turn, with names for the classes.
fn write_named(sandbox: &Sandbox, file: &str, names: &[&str], by: [u16; 3]) {
    let labels = (0..30).map(|sample| by[sample % 3]).collect();
    Recordings { names, labels, ..Recordings::default() }.write(sandbox, file);
}

fn train(sandbox: &Sandbox, run: &str, arguments: &[&str]) -> String {
    let fixed = ["train", "tiny.toml", "--out", run, "--epochs", "1"];
    let output = sandbox.run(&[&fixed, arguments].concat());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    stderr
}

/// What a command that works says on stderr.
fn told(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let output = sandbox.run(arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    stderr
}

fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    serde_json::from_str(&sandbox.ok(&[arguments, &["--json"]].concat())).unwrap()
}

#[test]
fn classes_of_another_file_are_found_by_their_names() {
    let sandbox = Sandbox::new();
    let write = |file: &str, names: &[&str], by| write_named(&sandbox, file, names, by);
    // `spikes` differ by label, so only the names are moved from file to file.
    write("own.h5", &["yes", "no", "fünf"], [0, 1, 2]);
    train(&sandbox, "run", &["--data", "own.h5"]);
    let confusion = |file: &str| json(&sandbox, &["evaluate", "run", "--data", file]);
    let own = confusion("own.h5");
    assert_eq!(own["classes"], serde_json::json!(["yes", "no", "fünf"]));
    for (file, names, order) in [
        ("turned.h5", ["fu\u{308}nf", "yes", "no"], [2, 0, 1]),
        ("swapped.h5", ["no", "yes", "fünf "], [1, 0, 2]),
        ("reversed.h5", ["fünf", "no", "yes"], [2, 1, 0]),
    ] {
        write(file, &names, [0, 1, 2]);
        let other = confusion(file);
        assert_eq!(other["classes"], own["classes"], "the network's own");
        for class in 0..3 {
            // What the file calls class `c` is the row `order[c]` of the run.
            assert_eq!(other["confusion"][order[class]], own["confusion"][class], "{file}");
        }
        let notes = told(&sandbox, &["evaluate", "run", "--data", file]);
        assert_eq!(notes.matches("matched by name").count(), 1, "said once: {notes}");
        assert!(notes.contains("the run trained on 24 of these 30 samples"), "{notes}");
        let sample = ["simulate", "run", "--data", file, "--sample", "0", "--overwrite"];
        let simulated = json(&sandbox, &sample);
        assert_eq!(simulated["class"], own["classes"][order[0]], "{file}");
    }
    write("other.h5", &["yes", "no", "sechs"], [0, 1, 2]);
    for command in [&["evaluate", "run"][..], &["simulate", "run"], &["plot", "run", "raster"]] {
        let message = sandbox.fails(1, &[command, &["--data", "other.h5"]].concat());
        assert_eq!(
            message,
            "other.h5: extra/keys: class 2 is \"sechs\", but the network knows yes, no, fünf only"
        );
    }
    write("unnamed.h5", &[], [0, 1, 2]);
    let notes = told(&sandbox, &["evaluate", "run", "--data", "unnamed.h5"]);
    assert!(notes.contains("no class is named, so labels 0 to 2 are taken"), "{notes}");
    train(&sandbox, "unnamed", &["--data", "unnamed.h5"]);
    let notes = told(&sandbox, &["evaluate", "unnamed", "--data", "own.h5"]);
    assert!(notes.contains("knows its classes by number only"), "{notes}");
}

#[test]
fn what_is_inferred_is_said_and_settings_that_differ_too() {
    let sandbox = Sandbox::new();
    Recordings::default().write(&sandbox, "x.h5");
    let lines = train(&sandbox, "run", &["--data", "x.h5"]);
    assert!(lines.starts_with("tiny: 8-12-3 with "), "{lines}");
    assert!(lines.contains("\nrecordings: 8 channels, 3 classes, times in s, "), "{lines}");
    let config = sandbox.text("run/config.toml");
    assert!(config.contains("channels = 8\nclasses = 3\n"), "{config}");
    for (setting, note) in [
        (
            "data.source.classes=5",
            "x.h5: the highest label is 2, but data.source.classes is 5; 2 of 5 classes have no \
             samples: 3, 4\n",
        ),
        (
            "data.source.channels=16",
            "x.h5: the highest unit is 7, but data.source.channels is 16\n",
        ),
    ] {
        let out = setting.replace('=', "-");
        let lines = train(&sandbox, &out, &["--data", "x.h5", "--set", setting]);
        assert!(lines.starts_with(note), "{lines}");
    }
    let message = sandbox
        .fails(1, &["train", "tiny.toml", "--data", "x.h5", "--set", "data.source.classes=2"]);
    assert_eq!(
        message,
        "x.h5: labels, sample 2: label 2, but labels must be from 0 to 1, since \
         data.source.classes is 2"
    );
    let message = sandbox.fails(1, &["data", "info", "x.h5", "--channels", "7"]);
    assert!(message.ends_with("units must be below 7, which is --channels"), "{message}");
}

#[test]
fn times_that_are_hardly_seconds_are_refused_until_their_unit_is_said() {
    let sandbox = Sandbox::new();
    for (file, spacing, unit, ratio) in
        [("ms.h5", 20.0, "ms", 1e3), ("us.h5", 2e4, "us", 1e6), ("samples.h5", 400.0, "ms", 16e3)]
    {
        let recordings = Recordings { spacing_s: spacing, ..Recordings::default() };
        recordings.write(&sandbox, file);
        let message = sandbox.fails(1, &["train", "tiny.toml", "--data", file]);
        let median = 7.0 * spacing;
        let expected = format!(
            "{file}: spikes/times: the median recording lasts {median} s, longer than a minute, if \
             times are in s. Are they in {unit}? Say what their unit is: data.source.time_unit"
        );
        assert!(message.starts_with(&expected), "{message}");
        let info = sandbox.ok(&["data", "info", file]);
        assert!(info.contains("longer than a minute") && info.contains("--time-unit"), "{info}");
        let unit = if ratio == 16e3 { "samples_per_second=16000".into() } else { unit.to_owned() };
        let told = json(&sandbox, &["data", "info", file, "--time-unit", &unit]);
        let median_s = told["last_spike_s"]["median"].as_f64().unwrap();
        assert!((median_s - median / ratio).abs() < 1e-6, "{told}");
        assert!(told["doubtful_unit"].is_null());
        let setting = match unit.split_once('=') {
            Some((_, rate)) => format!("data.source.time_unit={{samples_per_second={rate}}}"),
            None => format!("data.source.time_unit={unit}"),
        };
        train(&sandbox, &unit.replace('=', "-"), &["--data", file, "--set", &setting]);
        sandbox.ok(&["evaluate", &unit.replace('=', "-")]);
    }
    // Whoever says seconds gets them.
    let seconds = ["--set", "data.source.time_unit=s", "--set", "data.binning.dt_ms=1000"];
    let delays = ["--set", "network.max_delay_ms=5000"];
    train(&sandbox, "seconds", &[&["--data", "ms.h5"], &seconds[..], &delays].concat());
}

#[test]
fn a_clock_is_found_and_said() {
    let sandbox = Sandbox::new();
    for (file, spacing_s, time_type, words) in [
        ("half.h5", 0.01, TimeType::Float16, "continuous"),
        ("single.h5", 0.001, TimeType::Float32, "clocked at 1 ms"),
        ("double.h5", 0.0005, TimeType::Float64, "clocked at 0.5 ms"),
    ] {
        // Seven times of a grid are too few to tell in float16.
        let labels = (0..30).map(|sample| sample % 3).collect();
        let recordings = Recordings { spacing_s, time_type, labels, ..Recordings::default() };
        recordings.write(&sandbox, file);
        let info = sandbox.ok(&["data", "info", file]);
        assert!(info.contains("\ntimes       "), "{info}");
        // Seven different times are one too few.
        assert!(info.contains("\ntimes       continuous\n"), "{words}: {info}");
    }
    for (file, per_second, time_type, words) in [
        ("a.h5", 1000.0, TimeType::Float16, "clocked at 1 ms"),
        ("b.h5", 1000.0, TimeType::Float32, "clocked at 1 ms"),
        ("c.h5", 2000.0, TimeType::Float64, "clocked at 0.5 ms"),
        ("d.h5", 44_100.0, TimeType::Float32, "clocked at 1/44100 s"),
    ] {
        let samples = (0..30).map(|sample| NewSample {
            seconds: (0..200).map(|spike| f64::from(spike) / per_second).collect(),
            units: (0..200).map(|spike| spike % 8).collect(),
            label: sample % 3,
        });
        let recordings = SpikeRecordings::from_samples(file, 8, 3, time_type, samples).unwrap();
        recordings.write(sandbox.path(file)).unwrap();
        let info = sandbox.ok(&["data", "info", file]);
        assert!(info.contains(&format!("\ntimes       {words}\n")), "{info}");
        if per_second <= 2000.0 {
            let dt = format!("data.binning.dt_ms={}", 1000.0 / per_second);
            let run = format!("run-{file}");
            train(&sandbox, &run, &["--data", file, "--set", &dt]);
            sandbox.ok(&["simulate", &run, "--sample", "0", "--out", &run]);
            let log = sandbox.text(format!("{run}/sample-0.spikes.csv"));
            let mut steps: Vec<u32> = log
                .lines()
                .filter_map(|line| line.strip_prefix("input,")?.split(',').next()?.parse().ok())
                .map(|time_ms: f64| (time_ms * per_second / 1000.0).round() as u32)
                .collect();
            steps.sort_unstable();
            assert_eq!(steps, (0..200).collect::<Vec<_>>(), "{file}");
        }
    }
}

#[test]
fn samples_without_spikes_are_counted_before_training() {
    let sandbox = Sandbox::new();
    for silent in [1, 15, 29] {
        let file = format!("{silent}.h5");
        Recordings { silent, ..Recordings::default() }.write(&sandbox, &file);
        let lines = train(&sandbox, &format!("run-{silent}"), &["--data", &file]);
        let first = lines.lines().next().unwrap();
        assert!(
            first.starts_with(&format!("{file}: {silent} of 30 samples hold no spike (")),
            "{lines}"
        );
        let info = sandbox.ok(&["data", "info", &file]);
        assert!(info.contains(&format!("\nsamples     30 ({silent} without a spike)\n")), "{info}");
    }
}

#[test]
fn a_split_says_what_it_could_not_do() {
    let sandbox = Sandbox::new();
    let labels = |counts: [usize; 3]| {
        let of = |(class, count)| std::iter::repeat_n(class as u16, count);
        counts.into_iter().enumerate().flat_map(of).collect::<Vec<u16>>()
    };
    for (counts, note) in [
        ([36, 1, 2], "no sample of class 1 validates (there is one each), so nothing tells"),
        ([20, 1, 1], "no sample of classes 1, 2 validates (there is one each), so nothing tells"),
    ] {
        let file = format!("{counts:?}.h5").replace([' ', '[', ']'], "");
        let recordings = Recordings { labels: labels(counts), ..Recordings::default() };
        recordings.write(&sandbox, &file);
        let run = format!("run-{file}");
        let lines = train(&sandbox, &run, &["--data", &file]);
        assert!(lines.contains(note), "{lines}");
        let result: Value =
            serde_json::from_str(&sandbox.text(format!("{run}/result.json"))).unwrap();
        assert_eq!(result["by_class"][1]["samples"], 0);
        assert!(result["by_class"][1]["accuracy"].is_null());
        assert_eq!(result["by_class"][0]["class"], "0");
        let text = sandbox.ok(&["evaluate", &run]);
        let last = text.lines().last().unwrap();
        assert!(last.starts_with("by class: 0 ") && last.contains("; no sample of "), "{text}");
    }
    Recordings { labels: labels([1, 1, 1]), ..Recordings::default() }.write(&sandbox, "one.h5");
    let message = sandbox.fails(1, &["train", "tiny.toml", "--data", "one.h5"]);
    assert_eq!(message, "one.h5: the split leaves no sample for validation out of 3");
}

#[test]
fn evaluating_what_was_trained_on_is_said() {
    let sandbox = Sandbox::new();
    Recordings::default().write(&sandbox, "x.h5");
    Recordings { spacing_s: 0.0043, ..Recordings::default() }.write(&sandbox, "y.h5");
    train(&sandbox, "run", &["--data", "x.h5"]);
    std::fs::copy(sandbox.path("x.h5"), sandbox.path("copy.h5")).unwrap();
    for (arguments, trained_on) in [
        (&["--data", "x.h5"][..], 24),
        (&["--data", "copy.h5"], 24),
        (&["--data", "x.h5", "--split", "train"], 24),
        (&["--data", "x.h5", "--split", "validation"], 0),
        (&["--data", "y.h5"], 0),
        (&["--split", "all"], 24),
        (&[], 0),
    ] {
        let value = json(&sandbox, &[&["evaluate", "run"], arguments].concat());
        assert_eq!(value["trained_on"], trained_on, "{arguments:?}");
    }
    let note = told(&sandbox, &["evaluate", "run", "--data", "copy.h5"]);
    assert_eq!(note, "copy.h5: the run trained on 24 of these 30 samples\n");
    assert_eq!(told(&sandbox, &["evaluate", "run", "--data", "y.h5"]), "");
}

#[test]
fn samples_that_were_trained_on_are_known_in_any_file() {
    let sandbox = Sandbox::new();
    let labels = |samples: std::ops::Range<u16>| samples.map(|sample| sample % 3).collect();
    Recordings::default().write(&sandbox, "x.h5");
    train(&sandbox, "run", &["--data", "x.h5"]);
    // Times in another type; the first twelve; twelve more; others.
    Recordings { time_type: TimeType::Float64, ..Recordings::default() }.write(&sandbox, "wide.h5");
    Recordings { labels: labels(0..12), ..Recordings::default() }.write(&sandbox, "part.h5");
    Recordings { labels: labels(0..42), ..Recordings::default() }.write(&sandbox, "more.h5");
    Recordings { spacing_s: 0.0012, ..Recordings::default() }.write(&sandbox, "other.h5");
    let split = sandbox.text("run/split.csv");
    let trained = |samples: usize| {
        let rows = split.lines().skip(1).take(samples);
        rows.filter(|row| row.contains(",train,")).count()
    };
    assert_eq!(trained(30), 24);
    for (file, samples) in [("wide.h5", 30), ("part.h5", 12), ("more.h5", 30)] {
        let value = json(&sandbox, &["evaluate", "run", "--data", file]);
        assert_eq!(value["trained_on"], trained(samples), "{file}");
        let note = told(&sandbox, &["evaluate", "run", "--data", file]);
        // Of twelve that are new, some might be the run's with other roundings.
        let at_least = if file == "more.h5" { "at least " } else { "" };
        let expected = format!("{file}: the run trained on {at_least}{} of ", trained(samples));
        assert!(note.starts_with(&expected), "{note}");
        let part = ["evaluate", "run", "--data", file, "--split", "validation"];
        assert_eq!(json(&sandbox, &part)["samples"], samples - trained(samples), "{file}");
    }
    let note = told(&sandbox, &["evaluate", "run", "--data", "part.h5", "--split", "validation"]);
    let there = 12 - trained(12);
    let expected = format!("of the run's 6 validation samples, {there} are known in this file");
    assert!(note.contains(&expected), "{note}");
    let whole = json(&sandbox, &["evaluate", "run", "--data", "wide.h5", "--split", "validation"]);
    assert_eq!(whole["confusion"], json(&sandbox, &["evaluate", "run"])["confusion"]);
    let other = ["evaluate", "run", "--data", "other.h5", "--split", "validation"];
    assert!(sandbox.fails(2, &other).contains("not the samples the run was made with"));
    // A validation file that holds what is trained on, and a file that holds a sample twice.
    let lines = train(&sandbox, "two", &["--data", "x.h5", "--validation", "part.h5"]);
    assert!(
        lines.contains("part.h5: 12 of the 12 validation samples have the very spikes"),
        "{lines}"
    );
    let lines = train(&sandbox, "none", &["--data", "x.h5", "--validation", "other.h5"]);
    assert!(!lines.contains("very spikes"), "{lines}");
}

#[test]
fn times_in_another_unit_than_the_runs_are_refused_until_it_is_said() {
    let sandbox = Sandbox::new();
    let write = |file: &str, spacing_s: f64| {
        let labels = (0..30).map(|sample| sample % 3).collect();
        Recordings { spacing_s, labels, ..Recordings::default() }.write(&sandbox, file);
    };
    write("s.h5", 0.0047);
    write("ms.h5", 4.7);
    write("us.h5", 4700.0);
    let milliseconds = ["--data", "ms.h5", "--set", "data.source.time_unit=ms"];
    train(&sandbox, "of-s", &["--data", "s.h5"]);
    train(&sandbox, "of-ms", &milliseconds);
    for (run, file, unit) in
        [("of-s", "ms.h5", "ms"), ("of-s", "us.h5", "us"), ("of-ms", "s.h5", "s")]
    {
        for command in [&["evaluate"][..], &["simulate"], &["plot"]] {
            let more = match command {
                ["plot"] => &["raster"][..],
                ["simulate"] => &["--overwrite"],
                _ => &[],
            };
            let typed = [command, &[run], more, &["--data", file]].concat();
            let message = sandbox.fails(1, &typed);
            assert!(
                message.starts_with(&format!("{file}: spikes/times: the median recording lasts "))
                    && message.contains("ay what their unit is: --time-unit s|ms|us|ns"),
                "{message}"
            );
            sandbox.ok(&[&typed[..], &["--time-unit", unit]].concat());
        }
    }
    let own = json(&sandbox, &["evaluate", "of-s", "--split", "all"])["confusion"].clone();
    let said = ["evaluate", "of-s", "--data", "ms.h5", "--time-unit", "ms"];
    assert_eq!(json(&sandbox, &said)["confusion"], own);
    // Whoever says a unit gets it, and is told.
    let wrong = told(&sandbox, &["evaluate", "of-s", "--data", "s.h5", "--time-unit", "us"]);
    assert!(wrong.contains("in what the network is trained on"), "{wrong}");
    assert!(wrong.contains("less than one step of 4 ms"), "{wrong}");
    let lines = train(&sandbox, "tiny", &["--data", "s.h5", "--set", "data.source.time_unit=ms"]);
    assert!(lines.contains("lasts 0.033 ms, less than one step of 4 ms"), "{lines}");
    // The same unit, other lengths: nothing to ask.
    write("short.h5", 0.0005);
    sandbox.ok(&["evaluate", "of-s", "--data", "short.h5"]);
    let both = ["train", "tiny.toml", "--data", "ms.h5", "--validation", "s.h5"];
    let message = sandbox.fails(1, &[&both[..], &milliseconds[2..]].concat());
    assert!(
        message.contains("in what the network is trained on; say what their unit is: data.split"),
        "{message}"
    );
    train(
        &sandbox,
        "both",
        &[&both[2..], &milliseconds[2..], &["--set", "data.split.time_unit=s"]].concat(),
    );
}

#[test]
fn a_network_keeps_its_classes_where_another_run_starts_from_it() {
    let sandbox = Sandbox::new();
    let write = |file: &str, names: &[&str], by| write_named(&sandbox, file, names, by);
    write("own.h5", &["yes", "no", "up"], [0, 1, 2]);
    write("turned.h5", &["no", "up", "yes"], [2, 0, 1]);
    write("two.h5", &["up", "no"], [0, 1, 0]);
    write("other.h5", &["yes", "no", "down"], [0, 1, 2]);
    train(&sandbox, "first", &["--data", "own.h5"]);
    for file in ["turned.h5", "two.h5"] {
        let run = file.trim_end_matches(".h5");
        let lines = train(&sandbox, run, &["--data", file, "--from", "first", "--stop-after", "0"]);
        assert!(lines.contains("matched by name"), "{lines}");
        sandbox.ok(&["train", "--resume", run, "--quiet"]);
        let own = json(&sandbox, &["evaluate", run, "--split", "all"]);
        assert_eq!(own["classes"], serde_json::json!(["yes", "no", "up"]), "{file}");
        let file = json(&sandbox, &["evaluate", run, "--data", file]);
        assert_eq!(file["confusion"], own["confusion"], "its own and as another file");
    }
    let message =
        sandbox.fails(1, &["train", "tiny.toml", "--data", "other.h5", "--from", "first"]);
    assert!(message.contains("class 2 is \"down\", but the network knows yes, no, up only"));
    // A checkpoint far from its run knows them, too.
    let best = sandbox.read("first/checkpoints/best.safetensors");
    sandbox.write("lone.safetensors", best);
    let lines = train(&sandbox, "lone", &["--data", "turned.h5", "--from", "lone.safetensors"]);
    assert!(lines.contains("matched by name"), "{lines}");
}

#[test]
fn names_that_are_numbers_are_names() {
    let sandbox = Sandbox::new();
    let write = |file: &str, names: &[&str], by| write_named(&sandbox, file, names, by);
    // The same samples: what is class 0 in one file is class 2 in the other.
    write("digits.h5", &["0", "1", "2"], [0, 1, 2]);
    write("plain.h5", &[], [0, 1, 2]);
    write("turned.h5", &["2", "1", "0"], [0, 1, 2]);
    write("shifted.h5", &["1", "2", "3"], [0, 1, 2]);
    for run in ["digits", "plain", "turned"] {
        train(&sandbox, run, &["--data", &format!("{run}.h5")]);
    }
    for (run, file, order) in [
        ("digits", "turned.h5", [2, 1, 0]),
        ("plain", "turned.h5", [2, 1, 0]),
        ("turned", "digits.h5", [2, 1, 0]),
        ("turned", "plain.h5", [2, 1, 0]),
        ("digits", "plain.h5", [0, 1, 2]),
    ] {
        let own = json(&sandbox, &["evaluate", run, "--split", "all"]);
        let other = json(&sandbox, &["evaluate", run, "--data", file]);
        assert_eq!(other["classes"], own["classes"], "{run}, {file}");
        for class in 0..3 {
            let [other, own] = [&other["confusion"][order[class]], &own["confusion"][class]];
            assert_eq!(other, own, "{run}, {file}");
        }
    }
    let message = sandbox.fails(1, &["evaluate", "digits", "--data", "shifted.h5"]);
    assert!(message.contains("class 2 is \"3\", but the network knows 0, 1, 2 only"), "{message}");
    let lines = train(&sandbox, "from", &["--data", "turned.h5", "--from", "digits"]);
    assert!(lines.contains("matched by name"), "{lines}");
    let own = json(&sandbox, &["evaluate", "from", "--split", "all"]);
    let other = json(&sandbox, &["evaluate", "from", "--data", "digits.h5"]);
    assert_eq!(
        (&own["classes"], &own["samples"]),
        (&serde_json::json!(["0", "1", "2"]), &other["samples"])
    );
    // The classes of the file are the rows of the run in reverse order, and their names tell so.
    let counts = |value: &Value| -> Vec<u64> {
        let rows = value["confusion"].as_array().unwrap().iter();
        rows.map(|row| row.as_array().unwrap().iter().filter_map(Value::as_u64).sum()).collect()
    };
    assert_eq!(counts(&own), counts(&other));
}

#[test]
fn names_that_cannot_be_read_or_told_apart_are_shown_and_said() {
    let sandbox = Sandbox::new();
    Recordings { names: &["", "a\nb", " "], ..Recordings::default() }.write(&sandbox, "odd.h5");
    train(&sandbox, "odd", &["--data", "odd.h5"]);
    let text = sandbox.ok(&["evaluate", "odd", "--by", "class"]);
    let names: Vec<&str> =
        text.lines().skip(2).map(|row| row.split("  ").next().unwrap()).collect();
    assert_eq!(names, ["\"\"", "a\\nb", "\" \""], "{text}");
    Recordings { names: &["up", "no", "up "], ..Recordings::default() }.write(&sandbox, "twice.h5");
    let lines = train(&sandbox, "twice", &["--data", "twice.h5"]);
    assert!(lines.contains("twice.h5: classes 0 and 2 are both called up, and are"), "{lines}");
    let warned = told(&sandbox, &["data", "check", "twice.h5"]);
    assert!(warned.contains("extra/keys: classes 0 and 2 are both called up"), "{warned}");
    Recordings { silent: 30, ..Recordings::default() }.write(&sandbox, "silent.h5");
    let of_twice = ["evaluate", "twice", "--data", "twice.h5"];
    let notes = told(&sandbox, &of_twice);
    assert!(notes.contains("classes 0 and 2 are both called up and are taken for one"), "{notes}");
    Recordings { labels: vec![1; 30], ..Recordings::default() }.write(&sandbox, "one.h5");
    let lines = train(&sandbox, "one", &["--data", "one.h5"]);
    assert!(lines.contains("all samples are of class 1, so there is nothing"), "{lines}");
    let named = ["--data", "one.h5", "--set", "data.split.speakers=[1]"];
    let lines = train(&sandbox, "named", &named);
    assert!(lines.contains("data.split.speakers is not used"), "{lines}");
    for command in [&["train", "tiny.toml"][..], &["evaluate", "odd"]] {
        let message = sandbox.fails(1, &[command, &["--data", "silent.h5"]].concat());
        assert_eq!(message, "silent.h5: spikes/times: none of the 30 samples holds a spike");
    }
}
