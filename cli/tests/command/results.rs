//! What the other commands print and write.

use crate::sandbox::Sandbox;
use serde_json::Value;
use std::process::Stdio;
use synfire::exchange::read_spikes;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn evaluate_measures_each_split() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--epochs", "2"]);
    let value = json(&sandbox.ok(&["evaluate", "run", "--json"]));
    assert_eq!(
        (value["split"].as_str(), value["samples"].as_u64()),
        (Some("validation"), Some(12))
    );
    let (accuracy, error) =
        (value["accuracy"].as_f64().unwrap(), value["standard_error"].as_f64().unwrap());
    assert!((error - (accuracy * (1.0 - accuracy) / 12.0).sqrt()).abs() < 1e-12);
    assert_eq!(value["confusion"].as_array().unwrap().len(), 3);
    let result = json(&sandbox.text("run/result.json"));
    assert_eq!(result["accuracy"], value["accuracy"], "the run's own result");
    assert_eq!(
        json(&sandbox.ok(&["evaluate", "run", "--split", "train", "--json"]))["samples"],
        48
    );
    assert_eq!(
        json(&sandbox.ok(&["evaluate", "run", "--split", "all", "--checkpoint", "last", "--json"]))
            ["samples"],
        60
    );
    let text = sandbox.ok(&["evaluate", "run"]);
    assert!(
        text.starts_with("validation of random manifolds: accuracy ")
            && text.contains(" of 12 samples"),
        "{text}"
    );
}

#[test]
fn evaluate_reads_other_files() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--epochs", "1"]);
    let synth =
        ["data", "synth", "other.h5", "--seed", "9", "--set", "classes=3", "--set", "neurons=8"];
    sandbox
        .ok(&[&synth[..], &["--set", "samples_per_class=5", "--set", "duration_ms=40.0"]].concat());
    let value = json(&sandbox.ok(&["evaluate", "run", "--data", "other.h5", "--json"]));
    assert_eq!((value["split"].as_str(), value["samples"].as_u64()), (Some("all"), Some(15)));
    assert_eq!(value["data"], "other.h5");
    let info = json(&sandbox.ok(&["data", "info", "other.h5", "--channels", "8", "--json"]));
    assert_eq!((info["samples"].as_u64(), info["spikes"].as_u64()), (Some(15), Some(120)));
    assert!(sandbox.ok(&["data", "info", "other.h5"]).contains("samples     15"));
}

#[test]
fn echoes_are_made_whatever_comes_first() {
    let sandbox = Sandbox::new();
    let shape = ["kind=echo", "pairs=4", "cells=9", "shortest_lag=2", "samples_per_class=3"];
    for (file, order) in [("one.h5", [0, 1, 2, 3, 4]), ("two.h5", [3, 1, 0, 4, 2])] {
        let set = order.map(|index| ["--set", shape[index]]).concat();
        let said = sandbox.ok(&[&["data", "synth", file][..], &set].concat());
        assert!(said.contains("15 samples of 5 classes on 8 channels"), "{said}");
        let info = json(&sandbox.ok(&["data", "info", file, "--channels", "8", "--json"]));
        assert_eq!((info["samples"].as_u64(), info["spikes"].as_u64()), (Some(15), Some(1080)));
    }
    assert_eq!(sandbox.read("one.h5"), sandbox.read("two.h5"));
    for (change, problem) in [
        ("cells=6", "data.source.shortest_lag + classes - 1 is 9, but must be below cells, 6"),
        ("fidelity=0", "data.source.fidelity is 0, but must be above 0 and at most 1"),
        ("neurons=5", "neurons"),
    ] {
        let changes = ["data", "synth", "none.h5", "--set", "kind=echo", "--set", change];
        assert!(sandbox.fails(2, &changes).contains(problem), "{change}");
        assert!(!sandbox.path("none.h5").exists());
    }
}

#[test]
fn a_run_trains_on_a_file_and_knows_it_again() {
    let sandbox = Sandbox::new();
    let synth = |seed: &str, file: &str| {
        let shape = [
            "--set",
            "classes=3",
            "--set",
            "neurons=8",
            "--set",
            "samples_per_class=10",
            "--set",
            "duration_ms=40.0",
        ];
        sandbox.ok(&[&["data", "synth", file, "--seed", seed], &shape[..]].concat());
    };
    synth("1", "one.h5");
    synth("2", "two.h5");
    let source =
        ["--data", "one.h5", "--set", "data.source.channels=8", "--set", "data.source.classes=3"];
    sandbox.train("run", &[&source[..], &["--epochs", "2", "--stop-after", "1"]].concat());
    let environment = json(&sandbox.text("run/environment.json"));
    assert_eq!(environment["data"]["sha256"].as_str().map(str::len), Some(64));
    let message = sandbox.fails(2, &["train", "--resume", "run", "--data", "two.h5"]);
    assert!(message.contains("these are not the data the run began with"), "{message}");
    std::fs::rename(sandbox.path("one.h5"), sandbox.path("moved.h5")).unwrap();
    let message = sandbox.fails(1, &["train", "--resume", "run"]);
    assert!(
        message.contains("one.h5: the recordings of this run are no longer there"),
        "{message}"
    );
    sandbox.ok(&["train", "--resume", "run", "--data", "moved.h5", "--quiet"]);
    assert!(sandbox.path("run/result.json").is_file());
}

#[test]
fn simulate_logs_a_sample() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--epochs", "1"]);
    let value = json(&sandbox.ok(&[
        "simulate", "run", "--sample", "7", "--record", "spikes,v", "--out", "sim", "--json",
    ]));
    assert_eq!((value["sample"].as_u64(), value["class"].as_str()), (Some(7), Some("1")));
    let spikes = sandbox.text("sim/sample-7.spikes.csv");
    let input = spikes.lines().filter(|line| line.starts_with("input,")).count();
    assert_eq!(Some(input as u64), value["spikes"]["input"].as_u64());
    assert_eq!(input, 8, "one spike per neuron");
    assert!(sandbox.read("sim/sample-7.v.h5").starts_with(b"\x89HDF"));
    let logged = read_spikes(sandbox.path("sim/sample-7.spikes.h5")).unwrap();
    let of_input = logged.iter().find(|population| population.population == "input").unwrap();
    let frames = of_input.frames(8, 100, 2.0).unwrap();
    assert!((0..8).all(|neuron| frames.channel(neuron).0.len() == 1));
    let all = logged.iter().map(|population| population.node_ids.len()).sum::<usize>();
    assert_eq!(spikes.lines().count(), 1 + all, "the same spikes in both formats");
    let text = sandbox.ok(&["simulate", "run"]);
    assert!(
        text.contains("predicted") && sandbox.path("run/spikes").read_dir().unwrap().count() == 2,
        "{text}"
    );
    let message = sandbox.fails(2, &["simulate", "run", "--sample", "60"]);
    assert_eq!(message, "random manifolds: there is no sample 60: the samples are 0 to 59");
}

#[test]
fn simulate_runs_a_described_network() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "chain.toml",
        r#"
        dt_ms = 0.1
        duration_ms = 10.0
        [[populations]]
        name = "start"
        size = 1
        spikes = [[1.0, 0]]
        [[populations]]
        name = "ring"
        size = 2
        neuron = { model = "lif", tau_mem_ms = 10.0 }
        [[projections]]
        source = "start"
        target = "ring"
        synapses = [{ pre = 0, post = 0, weight = 2.0, delay_ms = 0.5 }]
        [[projections]]
        source = "ring"
        target = "ring"
        synapses = [
            { pre = 0, post = 1, weight = 2.0, delay_ms = 1.0 },
            { pre = 1, post = 0, weight = 2.0, delay_ms = 2.0 },
        ]
        "#,
    );
    let files = sandbox.ok(&["simulate", "chain.toml", "--out", "sim"]);
    assert_eq!(files.lines().count(), 2);
    let expected = "population,time_ms,neuron\nstart,1,0\nring,1.5,0\nring,2.5,1\nring,4.5,0\n\
                    ring,5.5,1\nring,7.5,0\nring,8.5,1\n";
    assert_eq!(sandbox.text("sim/chain.spikes.csv"), expected);
    let value =
        json(&sandbox.ok(&["simulate", "chain.toml", "--out", "sim", "--overwrite", "--json"]));
    assert_eq!(
        (value["spikes"]["start"].as_u64(), value["spikes"]["ring"].as_u64()),
        (Some(1), Some(6))
    );
    let message = sandbox.fails(2, &["simulate", "chain.toml", "--sample", "1"]);
    assert!(
        message.contains("--data, --sample and --split belong to the folder of a run"),
        "{message}"
    );
    let text = sandbox.text("chain.toml").replace("size = 2", "size = two");
    sandbox.write("chain.toml", text);
    assert!(sandbox.fails(2, &["simulate", "chain.toml"]).starts_with("chain.toml:10:"));
}

#[test]
fn plot_draws_what_is_asked_for_also_of_an_unfinished_run() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--stop-after", "1"]);
    assert_eq!(sandbox.ok(&["plot", "run"]).lines().count(), 12);
    assert_eq!(
        sandbox.ok(&["plot", "run", "curves", "delays"]).lines().next(),
        Some("run/plots/curves.png")
    );
    std::fs::remove_dir_all(sandbox.path("run/plots")).unwrap();
    sandbox.ok(&["plot", "run", "curves"]);
    assert!(
        sandbox.read("run/plots/curves.png").starts_with(b"\x89PNG"),
        "a missing folder is made again"
    );
    let message = sandbox.fails(1, &["plot", "run", "confusion"]);
    assert!(message.contains("result.json"), "{message}");
}

#[test]
fn recipes_are_listed_and_printed() {
    let sandbox = Sandbox::new();
    let list = sandbox.ok(&["recipes"]);
    assert!(list.starts_with("quickstart ") && list.lines().count() == 11, "{list}");
    assert!(list.contains("pmnist ") && list.contains("(synfire continual)"), "{list}");
    assert!(sandbox.ok(&["recipes", "pmnist"]).contains("[methods.hlop]"));
    let text = sandbox.ok(&["recipes", "shd-delays"]);
    sandbox.write("mine.toml", text);
    assert!(sandbox.fails(2, &["train", "mine.toml"]).contains("--data FILE"));
    assert!(sandbox.ok(&["completions", "bash"]).contains("synfire"));
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_failure() {
    let sandbox = Sandbox::new();
    for arguments in [&["recipes", "shd-delays"][..], &["recipes"], &["completions", "zsh"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output =
            sandbox.command(arguments).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
