//! What `synfire check` proves.

use crate::sandbox::Sandbox;
use serde_json::Value;

const DALE: [&str; 8] = [
    "--set",
    "network.excitatory=0.8",
    "--set",
    "network.excitatory_input=1",
    "--set",
    "training.weights.update=exponentiated",
    "--set",
    "network.weight_start=log_normal",
];

#[test]
fn a_network_under_dales_law_is_proven_and_any_other_is_not() {
    let sandbox = Sandbox::new();
    let train = ["train", "tiny.toml", "--quiet", "--out"];
    sandbox.ok(&[&train[..], &["dale"], &DALE].concat());
    sandbox.ok(&[&train[..], &["free"]].concat());

    let said = sandbox.ok(&["check", "dale", "--dale"]);
    // 8 inputs, 12 hidden neurons, 3 classes.
    let expected = "dale/checkpoints/best.safetensors: Dale's law holds for 132 weights (0 of them \
                    zero) and 12 gains\ninput: 8 excitatory, 0 inhibitory\n\
                    hidden1: 10 excitatory, 2 inhibitory";
    assert_eq!(said.trim_end(), expected);
    let last = "dale/checkpoints/last.safetensors";
    let said = sandbox.ok(&["check", "dale", "--dale", "--checkpoint", "last"]);
    assert_eq!(said, sandbox.ok(&["check", last, "--dale"]));
    assert!(said.starts_with(last), "{said}");

    let said = sandbox.fails(1, &["check", "free", "--dale"]);
    let expected = "free/checkpoints/best.safetensors: Dale's law is broken: the weight from neuron \
                    0 of input to neuron ";
    assert!(said.starts_with(expected) && said.contains("but the neuron sends"), "{said}");
    for (run, holds) in [("dale", true), ("free", false)] {
        let output = sandbox.run(&["check", run, "--dale", "--json"]);
        assert_eq!(output.status.success(), holds, "{run}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["holds"], holds);
        assert_eq!(report["dale"]["broken"].is_null(), holds, "{report}");
        assert_eq!(report["dale"]["weights"], 132);
    }

    // No weight changed its sign, all the way.
    let flips = |run: &str| {
        let table = sandbox.text(format!("{run}/metrics.csv"));
        let rows: Vec<Vec<&str>> = table.lines().map(|row| row.split(',').collect()).collect();
        let of = |name: &&str| name.starts_with("sign_flips_");
        let columns: Vec<usize> = (0..rows[0].len()).filter(|&n| of(&rows[0][n])).collect();
        assert_eq!(columns.len(), 2, "{table}");
        let cells = rows[1..].iter().flat_map(|row| columns.iter().map(|&n| row[n]));
        cells.map(|cell| cell.parse::<f64>().unwrap()).sum::<f64>()
    };
    assert_eq!(flips("dale"), 0.0);
    assert!(flips("free") > 0.0);
}

#[test]
fn what_cannot_be_checked_is_said() {
    let sandbox = Sandbox::new();
    let said = String::from_utf8(sandbox.run(&["check", "tiny.toml"]).stderr).unwrap();
    assert!(said.contains("--dale"), "{said}");
    for (path, expected) in [("tiny.toml", "tiny.toml: "), ("nowhere", "nowhere: ")] {
        let said = sandbox.fails(1, &["check", path, "--dale"]);
        assert!(said.starts_with(expected) && said.lines().count() == 1, "{said}");
    }
    // A checkpoint of mixed signs is no start for a network under Dale's law.
    sandbox.ok(&["train", "tiny.toml", "--quiet", "--out", "free"]);
    let start = ["train", "tiny.toml", "--from", "free", "--out", "dale", "--quiet"];
    let said = sandbox.fails(1, &[&start[..], &DALE].concat());
    assert!(said.contains("of the sign of its presynaptic neuron"), "{said}");
    assert!(!sandbox.path("dale").exists());
}

#[test]
fn a_pruned_network_is_measured_without_changing_the_run() {
    let sandbox = Sandbox::new();
    sandbox.ok(&[&["train", "tiny.toml", "--quiet", "--out", "run"][..], &DALE].concat());
    let json = |arguments: &[&str]| -> Value {
        serde_json::from_str(&sandbox.ok(&[arguments, &["--json"]].concat())).unwrap()
    };
    let whole = json(&["evaluate", "run"]);
    let before = sandbox.read("run/checkpoints/best.safetensors");
    let pruned = json(&["prune", "run", "--shares", "0,0.5,1"]);
    let rows = pruned["pruned"].as_array().unwrap();
    let zeros: Vec<_> = rows.iter().map(|row| row["zeros"].as_u64().unwrap()).collect();
    assert_eq!(zeros, [0, 66, 132]);
    assert_eq!(rows[0]["accuracy"], whole["accuracy"]);
    assert!(rows[2]["accuracy"].as_f64().unwrap() < 0.7, "{pruned}");
    let again = ["prune", "run", "--shares", "0.5", "--reestimate-norms", "--threads"];
    let [one, three] = ["1", "3"].map(|threads| json(&[&again[..], &[threads]].concat()));
    assert_eq!(one, three);
    assert_eq!(one["reestimated_norms"], true);
    let table = sandbox.ok(&["prune", "run"]);
    assert_eq!(table.lines().count(), 9, "{table}");
    assert!(table.contains(" 95.0 %        125 of 132 "), "{table}");
    // Several runs, and a figure of all: runs of one name are one line.
    sandbox.ok(&["train", "tiny.toml", "--quiet", "--out", "free", "--set", "name=free"]);
    let two = json(&["prune", "run", "free", "--shares", "0,0.5"]);
    assert_eq!(two["runs"].as_array().unwrap().len(), 2);
    let again = ["train", "tiny.toml", "--quiet", "--out", "again", "--seed", "5"];
    sandbox.ok(&[&again[..], &DALE].concat());
    let figure = |runs: &[&'static str]| -> Vec<&'static str> {
        let options = ["--figure", "pruning.svg", "--shares", "0,0.5"];
        [&["prune"], runs, &options[..]].concat()
    };
    let said = sandbox.fails(1, &figure(&["run", "free", "run"]));
    assert!(said.contains("run and run have the same seed"), "{said}");
    sandbox.ok(&["train", "tiny.toml", "--quiet", "--out", "other", "--seed", "6"]);
    let said = sandbox.fails(1, &figure(&["run", "other"]));
    let expected = "other: this run and run are both called tiny, but have other settings";
    assert!(said.starts_with(expected), "{said}");
    let drawn = figure(&["run", "free", "again"]);
    let said = sandbox.ok(&drawn);
    assert!(said.ends_with("\npruning.svg\n") && said.lines().count() == 13, "{said}");
    let figure = sandbox.text("pruning.svg");
    assert!(figure.contains("tiny, 2 runs") && figure.contains(">\nfree\n<"), "{figure}");
    let said = sandbox.fails(1, &drawn);
    assert!(said.starts_with("pruning.svg: this file exists already"), "{said}");
    let said = sandbox.fails(1, &["prune", "run", "--figure", "pruning.pdf"]);
    assert!(said.contains("pruning.pdf"), "{said}");
    let said = sandbox.fails(1, &["prune", "run", "--shares", "0.5,1.5"]);
    assert_eq!(said.trim_end(), "share is 1.5, but must be from 0 to 1");
    let said = sandbox.fails(1, &["prune", "none", "--shares", "0.5,0.8,0.8"]);
    assert_eq!(said.trim_end(), "shares must ascend, but 0.8 follows 0.8");
    assert!(before == sandbox.read("run/checkpoints/best.safetensors"));
}
