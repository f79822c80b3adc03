//! Runs that validate on a file of its own.

use crate::sandbox::Sandbox;
use serde_json::Value;
use std::fs;
use synfire::datasets::{NewSample, SpikeRecordings, TimeType};

/// Writes `count` samples per class, named in this order.
fn write(sandbox: &Sandbox, file: &str, names: &[&str], count: u16, shift: f64) {
    let samples = (0..count * names.len() as u16).map(|sample| {
        let label = sample % names.len() as u16;
        // The spikes tell the name, whatever its number.
        let word = names[usize::from(label)].len() as u16;
        NewSample {
            seconds: (0..8).map(|spike| shift + f64::from(spike) * 0.0047).collect(),
            units: (0..8).map(|spike| (spike * word) % 8).collect(),
            label,
        }
    });
    let recordings =
        SpikeRecordings::from_samples(file, 8, names.len(), TimeType::Float32, samples).unwrap();
    let names = names.iter().map(|&name| name.to_owned()).collect();
    recordings.with_class_names(names).write(sandbox.path(file)).unwrap();
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    write(&sandbox, "train.h5", &["a", "bb", "ccc"], 10, 0.0);
    write(&sandbox, "valid.h5", &["ccc", "a", "bb"], 4, 0.001);
    sandbox
}

fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    serde_json::from_str(&sandbox.ok(&[arguments, &["--json"]].concat())).unwrap()
}

#[test]
fn all_samples_of_the_named_file_validate() {
    let sandbox = sandbox();
    let arguments = ["--data", "train.h5", "--validation", "valid.h5", "--epochs", "2"];
    let output = sandbox.run(&[&["train", "tiny.toml", "--out", "run"], &arguments[..]].concat());
    let lines = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{lines}");
    assert!(
        lines.contains(
            "data: train.h5, 30 samples to train on, 12 to validate on (the file valid.h5)"
        ),
        "{lines}"
    );
    assert!(lines.contains("valid.h5: the classes have other numbers"), "{lines}");
    let environment: Value = serde_json::from_str(&sandbox.text("run/environment.json")).unwrap();
    assert_eq!(environment["validation"]["name"], "valid.h5");
    assert_eq!(environment["validation"]["sha256"].as_str().map(str::len), Some(64));
    assert_eq!(environment["classes"], serde_json::json!(["a", "bb", "ccc"]));
    let config = sandbox.text("run/config.toml");
    assert!(config.contains("[data.split]\nby = \"file\"\n"), "{config}");

    let value = json(&sandbox, &["evaluate", "run"]);
    assert_eq!(
        (value["split"].as_str(), value["samples"].as_u64()),
        (Some("validation"), Some(12))
    );
    let result: Value = serde_json::from_str(&sandbox.text("run/result.json")).unwrap();
    assert_eq!(value["confusion"], result["confusion"], "the run's own result");
    // The same file by its name.
    let named = json(&sandbox, &["evaluate", "run", "--data", "valid.h5"]);
    assert_eq!(named["confusion"], result["confusion"]);
    assert_eq!(named["trained_on"], 0);
    assert_eq!(json(&sandbox, &["evaluate", "run", "--data", "train.h5"])["trained_on"], 30);
    assert_eq!(value["data"].as_str().map(|name| name.ends_with("valid.h5")), Some(true));
    let simulated = json(&sandbox, &["simulate", "run"]);
    let told = ["sample", "sample_of_data"].map(|key| simulated[key].as_u64());
    assert_eq!((told, simulated["class"].as_str()), ([Some(30), Some(0)], Some("ccc")));
    let text = sandbox.ok(&["simulate", "run", "--sample", "30", "--overwrite"]);
    assert!(
        text.starts_with("sample 30 (0 of ") && text.contains("valid.h5): class ccc, "),
        "{text}"
    );
    let samples =
        |split: &str| json(&sandbox, &["evaluate", "run", "--split", split])["samples"].as_u64();
    assert_eq!((samples("train"), samples("all")), (Some(30), Some(42)));
    let message =
        sandbox.fails(2, &["evaluate", "run", "--data", "train.h5", "--split", "validation"]);
    assert_eq!(message, "train.h5: this file of the run holds no validation samples");
}

#[test]
fn the_validation_file_is_known_again_and_found_again() {
    let sandbox = sandbox();
    let files = ["--data", "train.h5", "--validation", "valid.h5", "--epochs", "2"];
    sandbox.train("whole", &files);
    sandbox.train("run", &[&files[..], &["--stop-after", "1"]].concat());
    write(&sandbox, "other.h5", &["ccc", "a", "bb"], 5, 0.001);
    let message = sandbox.fails(2, &["train", "--resume", "run", "--validation", "other.h5"]);
    assert!(
        message.starts_with("other.h5: these are not the data the run began with, valid.h5"),
        "{message}"
    );
    fs::rename(sandbox.path("valid.h5"), sandbox.path("cache-valid.h5")).unwrap();
    let message = sandbox.fails(1, &["train", "--resume", "run"]);
    assert!(message.contains("valid.h5") && message.contains("--validation FILE"), "{message}");
    sandbox.ok(&["train", "--resume", "run", "--validation", "cache-valid.h5", "--quiet"]);
    for file in ["best", "last"] {
        let file = format!("checkpoints/{file}.safetensors");
        assert_eq!(sandbox.read(format!("run/{file}")), sandbox.read(format!("whole/{file}")));
    }
    sandbox.ok(&["evaluate", "run"]);
}

#[test]
fn a_recipe_names_it_and_what_does_not_fit_is_refused() {
    let sandbox = sandbox();
    let text = sandbox.text("tiny.toml") + "[data.split]\nby = \"file\"\npath = \"valid.h5\"\n";
    sandbox.write("two.toml", &text);
    sandbox.ok(&["train", "two.toml", "--data", "train.h5", "--out", "run", "--epochs", "1"]);
    sandbox.ok(&["train", "run/config.toml", "--out", "again", "--quiet"]);
    assert_eq!(sandbox.text("run/metrics.csv").lines().count(), 2);

    sandbox.write("none.toml", text.replace("path = \"valid.h5\"\n", ""));
    let message = sandbox.fails(2, &["train", "none.toml", "--data", "train.h5"]);
    assert!(message.contains("data.split.path is missing"), "{message}");
    let message = sandbox.fails(2, &["train", "two.toml"]);
    assert!(message.contains("data.split.by is \"file\", but the samples"), "{message}");
    let fixed = ["train", "tiny.toml", "--data", "train.h5", "--validation"];
    let message =
        sandbox.fails(2, &[&fixed[..], &["valid.h5", "--set", "data.split.by=random"]].concat());
    assert!(
        message.contains("data.split.path is valid.h5, but must be left out unless by is"),
        "{message}"
    );
    write(&sandbox, "names.h5", &["a", "bb", "dddd"], 2, 0.0);
    let message = sandbox.fails(1, &[&fixed[..], &["names.h5"]].concat());
    assert_eq!(
        message,
        "names.h5: extra/keys: class 2 is \"dddd\", but the network knows a, bb, ccc only"
    );
    for same in ["train.h5", "copy.h5"] {
        fs::copy(sandbox.path("train.h5"), sandbox.path("copy.h5")).unwrap();
        let message = sandbox.fails(1, &[&fixed[..], &[same]].concat());
        assert!(message.starts_with(&format!("{same}: this is the file that is trained on")));
    }
    let message = sandbox.fails(1, &[&fixed[..], &["none.h5"]].concat());
    assert!(message.starts_with("none.h5: cannot open the file"), "{message}");
    sandbox.train("split", &["--data", "train.h5", "--stop-after", "1"]);
    let message = sandbox.fails(2, &["train", "--resume", "split", "--validation", "valid.h5"]);
    assert!(message.ends_with("this run does not validate on a file of its own"), "{message}");
}
