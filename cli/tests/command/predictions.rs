//! `synfire evaluate`: what each sample was taken for, in whatever company and by whatever engine.

use crate::sandbox::Sandbox;
use serde_json::Value;

/// A sandbox with a run of one epoch.
fn trained(arguments: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.train("run", &[&["--epochs", "2"][..], arguments].concat());
    sandbox
}

fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    serde_json::from_str(&sandbox.ok(&[&["evaluate", "run", "--json"], arguments].concat()))
        .unwrap()
}

#[test]
fn predictions_are_a_table_with_a_row_per_sample() {
    let sandbox = trained(&[]);
    let told = json(&sandbox, &["--split", "all", "--predictions", "all.csv"]);
    let text = sandbox.text("all.csv");
    let mut lines = text.lines();
    assert_eq!(
        lines.next().unwrap(),
        "sample,key,speaker,label,predicted,predicted_key,correct,margin,loss,score_0,score_1,\
         score_2"
    );
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 60);
    let mut correct = 0;
    for (sample, row) in rows.iter().enumerate() {
        assert_eq!((row.len(), row[0], row[2]), (12, &*sample.to_string(), ""));
        assert_eq!(
            (row[1], row[4]),
            (row[3], row[5]),
            "without names classes are called by number"
        );
        assert_eq!(row[6], (row[3] == row[4]).to_string());
        correct += u64::from(row[6] == "true");
        let numbers: Vec<f64> = row[7..].iter().map(|number| number.parse().unwrap()).collect();
        let mut scores = numbers[2..].to_vec();
        let predicted: usize = row[4].parse().unwrap();
        assert!(scores.iter().all(|&score| score <= scores[predicted]), "{row:?}");
        scores.sort_by(f64::total_cmp);
        assert_eq!(numbers[0], scores[2] - scores[1], "{row:?}");
    }
    assert_eq!(told["correct"], correct);

    let refused = sandbox.fails(1, &["evaluate", "run", "--predictions", "all.csv"]);
    assert!(refused.contains("all.csv: this file exists already"), "{refused}");
    assert_eq!(sandbox.text("all.csv"), text, "a refusal changes nothing");
    sandbox.ok(&["evaluate", "run", "--predictions", "all.csv", "--overwrite"]);
    assert_eq!(sandbox.text("all.csv").lines().count(), 13);
    let refused = sandbox.fails(1, &["evaluate", "run", "--predictions", "none/all.csv"]);
    assert!(refused.contains("there is no folder none"), "{refused}");
}

#[test]
fn no_prediction_depends_on_batches_or_threads() {
    let sandbox = trained(&[
        "--set",
        "data.source.stretch=0.5",
        "--set",
        "data.binning.align=\"first_spike\"",
    ]);
    let table = |name: &str, arguments: &[&str]| {
        let fixed = ["evaluate", "run", "--split", "all", "--predictions", name];
        sandbox.ok(&[&fixed[..], arguments].concat());
        sandbox.text(name)
    };
    let expected = table("default.csv", &[]);
    for (name, batch_size, threads) in
        [("1.csv", "1", "1"), ("7.csv", "7", "3"), ("60.csv", "60", "1"), ("256.csv", "256", "2")]
    {
        let other = table(name, &["--batch-size", batch_size, "--threads", threads]);
        assert_eq!(other, expected, "batches of {batch_size}");
    }
    let refused = sandbox.run(&["evaluate", "run", "--batch-size", "0"]);
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn engines_agree_and_tell_of_it() {
    let sandbox = trained(&[]);
    let told = json(&sandbox, &["--split", "all", "--compare"]);
    assert_eq!(told["engine"], "layered");
    let comparisons = told["comparisons"].as_array().unwrap();
    let engines: Vec<_> = comparisons.iter().map(|comparison| &comparison["engine"]).collect();
    assert_eq!(engines, ["clock", "streaming"]);
    for comparison in comparisons {
        assert_eq!(comparison["agree"], 60, "{comparison}");
        assert!(comparison["largest_difference"].as_f64().unwrap() < 1e-3, "{comparison}");
    }
    for engine in ["clock", "streaming"] {
        let stepped = json(&sandbox, &["--split", "all", "--engine", engine]);
        assert_eq!(
            (&stepped["engine"], &stepped["confusion"]),
            (&engine.into(), &told["confusion"])
        );
        assert!(stepped["comparisons"].is_null());
    }
    let text = sandbox.ok(&["evaluate", "run", "--compare", "--engine", "clock"]);
    assert!(
        text.contains("\nlayered engine: 12 of 12 predictions agree; scores differ by"),
        "{text}"
    );
    let simulated: Value = serde_json::from_str(
        &sandbox.ok(&["simulate", "run", "--sample", "5", "--json", "--out", "sim"]),
    )
    .unwrap();
    sandbox.ok(&["evaluate", "run", "--split", "all", "--predictions", "all.csv"]);
    let table = sandbox.text("all.csv");
    let row: Vec<&str> = table.lines().nth(6).unwrap().split(',').collect();
    assert_eq!((row[0], row[5]), ("5", simulated["predicted"].as_str().unwrap()));
}

#[test]
fn accuracy_is_told_by_class_and_not_by_speakers_that_nobody_names() {
    let sandbox = trained(&[]);
    let text = sandbox.ok(&["evaluate", "run", "--split", "all", "--by", "class"]);
    let rows: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(rows.len(), 4, "{text}");
    assert!(rows[0].starts_with("class  samples  correct  accuracy"), "{text}");
    for (class, row) in rows[1..].iter().enumerate() {
        let words: Vec<&str> = row.split_whitespace().collect();
        assert_eq!((words[0], words[1], words[4]), (&*class.to_string(), "20", "±"), "{row}");
    }
    let refused = sandbox.fails(1, &["evaluate", "run", "--by", "speaker"]);
    assert!(refused.contains("tell of no speakers"), "{refused}");
    assert_eq!(json(&sandbox, &[])["by_speaker"], serde_json::json!([]));
}

#[test]
fn a_fixed_number_of_steps_is_a_setting() {
    let sandbox = trained(&["--set", "training.evaluation_steps=8"]);
    let simulated: Value =
        serde_json::from_str(&sandbox.ok(&["simulate", "run", "--json", "--out", "sim"])).unwrap();
    assert_eq!(simulated["steps"], 8);
    let told = json(&sandbox, &["--compare", "--split", "all"]);
    assert_eq!(told["comparisons"][0]["agree"], 60);
    let refused = sandbox.fails(2, &["train", "tiny.toml", "--set", "training.evaluation_steps=0"]);
    assert!(
        refused.contains("training.evaluation_steps is 0, but must be at least 1"),
        "{refused}"
    );
}

#[test]
fn a_table_replaces_no_recordings_no_checkpoint_and_no_table_of_the_run() {
    let sandbox = trained(&[]);
    sandbox.write("mine.h5", "recordings");
    for (file, problem) in [
        ("mine.h5", "a name that ends in .csv"),
        ("run/checkpoints/best.safetensors", "a name that ends in .csv"),
        ("table.csv.gz", "a name that ends in .csv"),
        ("run/../run/metrics.csv", "belongs to the run"),
        ("run/delays.csv", "belongs to the run"),
    ] {
        let before = std::fs::read(sandbox.path(file)).ok();
        let arguments = ["evaluate", "run", "--predictions", file, "--overwrite"];
        let message = sandbox.fails(1, &arguments);
        assert!(message.contains(problem), "{message}");
        assert_eq!(std::fs::read(sandbox.path(file)).ok(), before, "{file}");
    }
    sandbox.ok(&["evaluate", "run", "--predictions", "run/mine.CSV"]);
}
