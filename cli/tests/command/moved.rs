//! Runs whose recordings are no longer where they were, or that moved together with them.

use crate::sandbox::Sandbox;
use serde_json::Value;
use std::fs;
use std::sync::Arc;
use synfire::datasets::{LabelledFrames, Split};
use synfire::sim_core::{Seed, SpikeFrames};
use synfire::{Experiment, OwnParts, Samples, Silent, TrainingRun};

const PLOTS: [&str; 10] = [
    "weights.png",
    "weights.svg",
    "sizes.png",
    "sizes.svg",
    "delays.png",
    "delays.svg",
    "curves.png",
    "curves.svg",
    "confusion.png",
    "confusion.svg",
];

/// A sandbox with `lab/data/FILE`, 30 samples.
fn with_recordings(files: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path("lab/data")).unwrap();
    for (file, seed) in files {
        let path = format!("lab/data/{file}");
        let set = ["classes=3", "neurons=8", "samples_per_class=10", "duration_ms=40.0"];
        let set = set.iter().flat_map(|value| ["--set", value]);
        let fixed = ["data", "synth", &path, "--seed", seed];
        sandbox.ok(&fixed.into_iter().chain(set).collect::<Vec<_>>());
    }
    sandbox
}

fn train(sandbox: &Sandbox, run: &str, data: &str, arguments: &[&str]) {
    let data = [
        "--data",
        data,
        "--set",
        "data.source.channels=8",
        "--set",
        "data.source.classes=3",
        "--epochs",
        "2",
    ];
    sandbox.train(run, &[&data[..], arguments].concat());
}

fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    serde_json::from_str(&sandbox.ok(&[arguments, &["--json"]].concat())).unwrap()
}

/// An evaluation without the name of its file.
fn evaluation(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let mut value = json(sandbox, arguments);
    value.as_object_mut().unwrap().remove("data");
    value.as_object_mut().unwrap().remove("run");
    value
}

fn stderr(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let output = sandbox.run(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn figures_that_need_no_recordings_are_drawn_without_them() {
    let sandbox = with_recordings(&[("x.h5", "1")]);
    train(&sandbox, "run", "lab/data/x.h5", &[]);
    fs::rename(sandbox.path("lab/data/x.h5"), sandbox.path("lab/y.h5")).unwrap();
    fs::remove_dir_all(sandbox.path("run/plots")).unwrap();
    let told = stderr(&sandbox, &["plot", "run"]);
    assert!(told.starts_with("synfire: note: raster is not drawn: "), "{told}");
    assert!(told.contains("x.h5: ") && told.contains("--data FILE"), "{told}");
    assert!(told.contains("\nsynfire: note: currents is not drawn: "), "{told}");
    assert_eq!(told.lines().count(), 2, "{told}");
    for file in PLOTS {
        assert!(sandbox.path("run/plots").join(file).is_file(), "{file}");
    }
    // What is asked for by name must be there; the rest is drawn all the same.
    assert!(sandbox.fails(1, &["plot", "run", "raster"]).contains("--data FILE"));
    fs::remove_dir_all(sandbox.path("run/plots")).unwrap();
    let output = sandbox.run(&["plot", "run", "raster", "curves"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(sandbox.path("run/plots/curves.png").is_file());
    assert_eq!(sandbox.ok(&["plot", "run", "--data", "lab/y.h5"]).lines().count(), 14);
}

#[test]
fn a_figure_of_damaged_recordings_is_an_error_and_the_others_are_drawn() {
    let sandbox = with_recordings(&[("x.h5", "1")]);
    train(&sandbox, "run", "lab/data/x.h5", &[]);
    fs::remove_dir_all(sandbox.path("run/plots")).unwrap();
    sandbox.write("lab/data/x.h5", "no recordings");
    let output = sandbox.run(&["plot", "run"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 10);
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("synfire: error: "));
}

#[test]
fn moved_recordings_keep_their_split() {
    let sandbox = with_recordings(&[("x.h5", "1"), ("other.h5", "2")]);
    train(&sandbox, "run", "lab/data/x.h5", &[]);
    let before = |split| evaluation(&sandbox, &["evaluate", "run", "--split", split]);
    let splits = ["validation", "train", "all"];
    let expected = splits.map(before);
    let sample = json(&sandbox, &["simulate", "run", "--out", "sim"])["sample"].clone();
    fs::rename(sandbox.path("lab/data/x.h5"), sandbox.path("y.h5")).unwrap();
    for (split, expected) in splits.iter().zip(&expected) {
        let arguments = ["evaluate", "run", "--data", "y.h5", "--split", split];
        assert_eq!(evaluation(&sandbox, &arguments), *expected);
    }
    assert_eq!(evaluation(&sandbox, &["evaluate", "run", "--data", "y.h5"]), expected[2]);
    let moved = ["simulate", "run", "--data", "y.h5", "--out", "again"];
    assert_eq!(json(&sandbox, &moved)["sample"], sample);
    let other = ["simulate", "run", "--data", "lab/data/other.h5", "--out", "again"];
    assert_eq!(json(&sandbox, &other)["sample"], 0);

    let told = sandbox.fails(1, &["evaluate", "run"]);
    assert!(
        told.contains("x.h5: ")
            && told.contains("--data FILE")
            && told.contains("--split validation"),
        "{told}"
    );
    let refused = "these are not the samples the run was made with";
    for split in ["validation", "train"] {
        let other = ["evaluate", "run", "--data", "lab/data/other.h5", "--split", split];
        let told = sandbox.fails(2, &other);
        assert!(told.starts_with("lab/data/other.h5: ") && told.contains(refused), "{told}");
    }
    let other = ["evaluate", "run", "--data", "lab/data/other.h5", "--split", "all"];
    assert_eq!(json(&sandbox, &other)["samples"], 30);
    // Made-up samples are in no file.
    sandbox.train("made", &["--epochs", "1"]);
    let told = sandbox.fails(2, &["evaluate", "made", "--data", "y.h5", "--split", "validation"]);
    assert!(told.contains(refused) && told.contains("random manifolds"), "{told}");
}

#[test]
fn a_resumed_run_remembers_where_its_recordings_are() {
    let sandbox = with_recordings(&[("x.h5", "1"), ("other.h5", "2")]);
    train(&sandbox, "run", "lab/data/x.h5", &["--stop-after", "1"]);
    fs::rename(sandbox.path("lab/data/x.h5"), sandbox.path("new place.h5")).unwrap();
    let before = sandbox.text("run/config.toml");
    sandbox.write("run/config.toml", format!("# a remark\n{before}"));
    sandbox.fails(2, &["train", "--resume", "run", "--data", "lab/data/other.h5"]);
    assert_eq!(sandbox.text("run/config.toml"), format!("# a remark\n{before}"));
    sandbox.ok(&["train", "--resume", "run", "--data", "new place.h5", "--quiet"]);
    let after = sandbox.text("run/config.toml");
    let changed: Vec<_> =
        before.lines().zip(after.lines().skip(1)).filter(|(a, b)| a != b).collect();
    assert!(after.starts_with("# a remark\n") && changed.len() == 1, "{changed:?}");
    let place = sandbox.path("new place.h5");
    assert_eq!(changed[0].1, format!("path = {:?}", place.to_str().unwrap()));
    sandbox.ok(&["evaluate", "run"]);
}

#[test]
fn a_run_finds_recordings_that_moved_with_it() {
    let sandbox = with_recordings(&[("x.h5", "1"), ("other.h5", "2")]);
    train(&sandbox, "lab/runs/first", "lab/data/x.h5", &["--stop-after", "1"]);
    train(&sandbox, "lab/runs/whole", "lab/data/x.h5", &[]);
    let expected = evaluation(&sandbox, &["evaluate", "lab/runs/first"]);
    // The whole folder.
    fs::rename(sandbox.path("lab"), sandbox.path("shelf")).unwrap();
    assert_eq!(evaluation(&sandbox, &["evaluate", "shelf/runs/first"]), expected);
    assert_eq!(sandbox.ok(&["plot", "shelf/runs/first", "raster"]).lines().count(), 2);
    sandbox.ok(&["train", "shelf/runs/first/config.toml", "--out", "again", "--quiet"]);
    sandbox.ok(&["train", "--resume", "shelf/runs/first", "--quiet"]);
    let weights = |run: &str| sandbox.read(format!("{run}/checkpoints/last.safetensors"));
    assert!(weights("shelf/runs/first") == weights("shelf/runs/whole"));
    assert!(weights("again") == weights("shelf/runs/whole"));
    // Beside the run, with another file where they were.
    train(&sandbox, "run", "shelf/data/x.h5", &[]);
    fs::create_dir(sandbox.path("desk")).unwrap();
    fs::rename(sandbox.path("run"), sandbox.path("desk/run")).unwrap();
    fs::rename(sandbox.path("shelf/data/x.h5"), sandbox.path("desk/x.h5")).unwrap();
    fs::rename(sandbox.path("shelf/data/other.h5"), sandbox.path("shelf/data/x.h5")).unwrap();
    let found = json(&sandbox, &["evaluate", "desk/run"]);
    assert_eq!(found["data"], sandbox.path("desk/x.h5").to_str().unwrap());
    // One of the right name but other samples is never taken.
    fs::copy(sandbox.path("shelf/data/x.h5"), sandbox.path("desk/x.h5")).unwrap();
    let told = sandbox.fails(2, &["evaluate", "desk/run"]);
    assert!(told.contains("these are not the data the run began with"), "{told}");
    fs::remove_file(sandbox.path("shelf/data/x.h5")).unwrap();
    let told = sandbox.fails(1, &["evaluate", "desk/run"]);
    assert!(told.contains("no longer there"), "{told}");
}

/// The samples of such a run are in no file.
#[test]
fn a_run_on_the_samples_of_a_program_is_drawn_without_them() {
    let sandbox = Sandbox::new();
    let sample = |sample: usize| {
        let events = [((sample % 2) as u32, 3)];
        (SpikeFrames::from_events(2, 10, &events).unwrap(), sample % 2)
    };
    let source = Arc::new(LabelledFrames::new(2, (0..20).map(sample).collect()).unwrap());
    let split = Split::by_chance(&*source, 0.25, Seed(0)).unwrap();
    let parts = OwnParts::of_samples(Samples { name: "two channels".into(), source, split });
    let mut experiment = Experiment::recipe("quickstart").unwrap();
    experiment.network.feed_forward_mut().expect("it is in a row").hidden = vec![5];
    experiment.training.epochs = 1;
    let run = TrainingRun::create_with(experiment, parts, sandbox.path("run"), false, Some(1));
    run.unwrap().finish(&mut Silent).unwrap();
    fs::remove_dir_all(sandbox.path("run/plots")).unwrap();
    let told = stderr(&sandbox, &["plot", "run"]);
    assert!(told.contains("raster is not drawn: two channels: these samples were made"), "{told}");
    assert!(PLOTS.iter().all(|file| sandbox.path("run/plots").join(file).is_file()));
    for command in [&["plot", "run", "raster"][..], &["evaluate", "run"], &["simulate", "run"]] {
        let told = sandbox.fails(1, command);
        assert!(told.contains("made by a program") && told.contains("--data FILE"), "{told}");
    }
}

#[test]
fn a_finished_run_is_told_where_its_recordings_are() {
    let sandbox = with_recordings(&[("x.h5", "1"), ("other.h5", "2"), ("v.h5", "3")]);
    train(&sandbox, "one", "lab/data/x.h5", &[]);
    train(&sandbox, "two", "lab/data/x.h5", &["--validation", "lab/data/v.h5"]);
    let expected = ["one", "two"].map(|run| evaluation(&sandbox, &["evaluate", run]));
    fs::create_dir(sandbox.path("elsewhere")).unwrap();
    for (from, to) in [("x.h5", "y.h5"), ("v.h5", "w.h5")] {
        let [from, to] = [format!("lab/data/{from}"), format!("elsewhere/{to}")];
        fs::rename(sandbox.path(from), sandbox.path(to)).unwrap();
    }
    for run in ["one", "two"] {
        sandbox.fails(1, &["evaluate", run]);
    }
    let wrong = ["train", "--resume", "one", "--data", "lab/data/other.h5"];
    assert!(sandbox.fails(2, &wrong).contains("not the samples the run was made with"));
    let new = ["--data", "elsewhere/y.h5"];
    for more in [&[][..], &["--validation", "elsewhere/w.h5"]] {
        let run = if more.is_empty() { "one" } else { "two" };
        let told = sandbox.ok(&[&["train", "--resume", run], &new[..], more].concat());
        assert!(told.contains("the new place of its recordings is remembered"), "{told}");
    }
    let found = ["one", "two"].map(|run| evaluation(&sandbox, &["evaluate", run]));
    assert_eq!(found, expected);
    assert!(sandbox.fails(1, &["train", "--resume", "one"]).contains("this run is finished"));
}
