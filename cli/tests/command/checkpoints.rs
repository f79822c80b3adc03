//! Which checkpoints a run keeps, and which one a command takes.

use crate::sandbox::Sandbox;
use std::fs;

const KEPT: [&str; 6] = [
    "--epochs",
    "9",
    "--set",
    "training.checkpoints.best=2",
    "--set",
    "training.checkpoints.every=4",
];

fn checkpoints(sandbox: &Sandbox, run: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(sandbox.path(run).join("checkpoints"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The two best epochs, every fourth, the best and the last.
fn expected(sandbox: &Sandbox, run: &str) -> Vec<String> {
    let text = sandbox.text(format!("{run}/metrics.csv"));
    let column = text.lines().next().unwrap().split(',').position(|n| n == "validation_accuracy");
    let mut epochs: Vec<(usize, f64)> = text
        .lines()
        .skip(1)
        .map(|row| row.split(',').nth(column.unwrap()).unwrap().parse().unwrap())
        .enumerate()
        .map(|(index, accuracy)| (index + 1, accuracy))
        .collect();
    epochs.sort_by(|one, other| other.1.total_cmp(&one.1));
    let mut kept: Vec<usize> = epochs[..2].iter().map(|(epoch, _)| *epoch).chain([4, 8]).collect();
    kept.sort();
    kept.dedup();
    let named = kept.into_iter().map(|epoch| format!("epoch-{epoch:04}.safetensors"));
    ["best.safetensors".to_owned()]
        .into_iter()
        .chain(named)
        .chain(["last.safetensors".to_owned()])
        .collect()
}

#[test]
fn the_best_and_every_nth_are_kept_whether_or_not_the_run_was_stopped() {
    let sandbox = Sandbox::new();
    sandbox.train("whole", &KEPT);
    let names = checkpoints(&sandbox, "whole");
    assert_eq!(names, expected(&sandbox, "whole"));
    sandbox.train("parts", &[&KEPT[..], &["--stop-after", "3"]].concat());
    sandbox.ok(&["train", "--resume", "parts", "--stop-after", "4", "--quiet"]);
    // What a killed run may have left: a checkpoint from beyond the last, and one to be forgotten.
    let file = |epoch: usize| format!("epoch-{epoch:04}.safetensors");
    let forgotten = (1..8).find(|&epoch| !names.contains(&file(epoch))).unwrap();
    for left in [8, forgotten] {
        sandbox.write(&format!("parts/checkpoints/{}", file(left)), "left");
    }
    sandbox.ok(&["train", "--resume", "parts", "--quiet"]);
    assert_eq!(checkpoints(&sandbox, "parts"), names);
    for name in &names {
        let read = |run: &str| sandbox.read(format!("{run}/checkpoints/{name}"));
        assert!(read("whole") == read("parts"), "{name}");
    }
    // Nothing that is learned depends on it.
    sandbox.train("plain", &["--epochs", "9"]);
    for file in ["weights.csv", "delays.csv", "result.json"] {
        let read = |run: &str| sandbox.read(format!("{run}/{file}"));
        assert_eq!(read("whole"), read("plain"), "{file}");
    }
    assert_eq!(checkpoints(&sandbox, "plain"), ["best.safetensors", "last.safetensors"]);
    sandbox.train("whole", &["--epochs", "1", "--overwrite"]);
    assert_eq!(checkpoints(&sandbox, "whole"), ["best.safetensors", "last.safetensors"]);
}

#[test]
fn every_command_takes_the_checkpoint_of_an_epoch() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--epochs", "5", "--set", "training.checkpoints={ every = 2 }"]);
    let metrics = sandbox.metrics("run");
    let column = metrics[0].iter().position(|name| name == "validation_accuracy").unwrap();
    for epoch in ["2", "4"] {
        let text = sandbox.ok(&["evaluate", "run", "--checkpoint", epoch, "--json"]);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let row = &metrics[epoch.parse::<usize>().unwrap()];
        assert_eq!(value["accuracy"].as_f64(), row[column].parse().ok());
        assert_eq!(value["checkpoint"], epoch);
        sandbox.ok(&["simulate", "run", "--checkpoint", epoch, "--out", epoch]);
        sandbox.ok(&["plot", "run", "raster", "--checkpoint", epoch]);
    }
    for (epoch, command) in [("1", "evaluate"), ("3", "plot"), ("77", "simulate")] {
        let message = sandbox.fails(1, &[command, "run", "--checkpoint", epoch]);
        assert!(
            message.contains(&format!(
                "the checkpoint of epoch {epoch} is not there, but these are: best, last, 2, 4"
            )),
            "{message}"
        );
    }
    for wrong in ["0", "newest", "-1"] {
        let output = sandbox.run(&["evaluate", "run", &format!("--checkpoint={wrong}")]);
        assert_eq!(output.status.code(), Some(2));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains("best, last, or the number of an epoch"), "{stderr}");
    }
}

#[test]
fn a_stopped_run_may_keep_others_from_then_on() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--stop-after", "2"]);
    let config = sandbox.text("run/config.toml");
    let section = "[training]\n";
    assert!(config.contains(section));
    let changed = config.replace(section, "[training]\ncheckpoints = { every = 1 }\n");
    sandbox.write("run/config.toml", changed);
    sandbox.ok(&["train", "--resume", "run", "--quiet"]);
    let names = checkpoints(&sandbox, "run");
    assert_eq!(
        names,
        [
            "best.safetensors",
            "epoch-0003.safetensors",
            "epoch-0004.safetensors",
            "last.safetensors"
        ]
    );
}
