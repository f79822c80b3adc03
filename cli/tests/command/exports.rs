//! Networks and spikes that are handed to other programs, and taken from them.

use crate::sandbox::Sandbox;
use synfire::exchange::{ReadOptions, SpikeFormat, read_log};

/// Spikes of every population of a log, as time in us and neuron.
fn spikes(sandbox: &Sandbox, log: &str) -> Vec<(String, Vec<(u64, u64)>)> {
    let mut read = read_log(sandbox.path(log), &ReadOptions::default()).unwrap();
    read.sort_by(|a, b| a.population.cmp(&b.population));
    let of = |own: synfire::exchange::PopulationSpikes| {
        let times = own.times_ms.iter().map(|time| (1e3 * time).round() as u64);
        (own.population, times.zip(own.node_ids).collect())
    };
    read.into_iter().map(of).collect()
}

/// A trained network goes through every format that is read, and fires as before.
#[test]
fn a_network_comes_back_from_other_formats_with_the_same_spikes() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--epochs", "2"]);
    sandbox.ok(&["simulate", "run", "--sample", "7", "--logs", "npz", "--out", "ours"]);
    let expected = spikes(&sandbox, "ours/sample-7.spikes.npz");
    assert!(expected.iter().all(|(name, own)| name == "output" || !own.is_empty()));
    sandbox.ok(&["export", "run", "--to", "nir", "--out", "net.nir"]);
    sandbox.ok(&["convert", "net.nir", "sonata", "--to", "sonata-network"]);
    sandbox.ok(&["convert", "sonata", "net.safetensors", "--to", "safetensors"]);
    let last = expected.iter().flat_map(|(_, own)| own).map(|(time, _)| time).max().unwrap();
    for network in ["net.nir", "sonata", "net.safetensors"] {
        let summary = sandbox.ok(&["info", network]);
        assert!(summary.contains("input->hidden1: 96 synapses"), "{summary}");
        let input = ["--input", "ours/sample-7.spikes.npz", "--duration-ms", "100"];
        let out = ["--logs", "sonata", "--out", "theirs", "--overwrite"];
        let ran = sandbox.ok(&[&["simulate", network][..], &input, &out].concat());
        let mut theirs = spikes(&sandbox, ran.trim());
        // Other programs know no end of a sample.
        theirs.iter_mut().for_each(|(_, own)| own.retain(|(time, _)| time <= last));
        let known = |(name, _): &&(String, _)| name != "output";
        let (theirs, ours) = (theirs.iter().filter(known), expected.iter().filter(known));
        assert!(theirs.eq(ours), "{network}");
    }
}

#[test]
fn what_lies_beside_a_network_is_what_it_was_given_and_what_it_answered() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--epochs", "1"]);
    for (format, files) in [
        ("nir", &["net", "net.input.npz", "net.expected.npz"][..]),
        ("nest-script", &["net/run_nest.py", "net/network.npz", "net/expected.npz"]),
        ("brian2-script", &["net/run_brian2.py", "net/synfire_network.py", "net/input.npz"]),
        ("pynn-script", &["net/run_pynn.py"]),
        ("sonata-network", &["net/circuit_config.json", "net/nodes.h5"]),
        ("safetensors", &["net"]),
    ] {
        let arguments = ["export", "run", "--to", format, "--sample", "0-3", "--out", "net"];
        let output = sandbox.run(&arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{format}: {stderr}");
        assert!(stderr.contains("the potential nearest to its threshold is "), "{stderr}");
        files.iter().for_each(|file| assert!(!sandbox.read(file).is_empty(), "{format}: {file}"));
        let taken = sandbox.fails(1, &["export", "run", "--to", format, "--out", "net"]);
        assert!(taken.contains("--overwrite it"), "{taken}");
        for made in ["net", "net.input.npz", "net.expected.npz"].map(|name| sandbox.path(name)) {
            match made.is_dir() {
                true => std::fs::remove_dir_all(made).unwrap(),
                false => drop(std::fs::remove_file(made)),
            }
        }
    }
}

#[test]
fn logs_of_samples_are_data_to_train_on() {
    let sandbox = Sandbox::new();
    sandbox.ok(&[
        "data",
        "synth",
        "made.h5",
        "--set",
        "classes=3",
        "--set",
        "neurons=8",
        "--set",
        "samples_per_class=10",
    ]);
    for format in SpikeFormat::ALL {
        let steps = if format.name().starts_with("csv-") || format == SpikeFormat::Aedat {
            &["--dt-ms", "1"][..]
        } else {
            &[]
        };
        let to = ["export", "made.h5", "--to", format.name(), "--out", format.name()];
        let written = sandbox.ok(&[&to[..], steps].concat());
        assert_eq!(written.lines().count(), 31, "a log for each sample, and labels.csv");
    }
    let source = ["--set", "data.source.kind=file", "--set", "data.source.channels=8"];
    for (data, run) in [("made.h5", "one"), ("npz", "other")] {
        sandbox.train(run, &[&["--data", data, "--epochs", "2"][..], &source].concat());
    }
    let metrics = |run: &str| sandbox.metrics(run);
    assert_eq!(metrics("one"), metrics("other"), "the same spikes train the same network");
    sandbox.ok(&["evaluate", "other"]);
    std::fs::rename(sandbox.path("npz"), sandbox.path("moved")).unwrap();
    let moved = sandbox.fails(1, &["evaluate", "other"]);
    assert!(moved.contains("say where they are with --data FILE"), "{moved}");
    sandbox.ok(&["evaluate", "other", "--data", "moved"]);
}

#[test]
fn logs_of_a_run_name_what_entered_it() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--epochs", "1"]);
    sandbox.ok(&["export", "run", "--to", "gdf", "--sample", "0,4", "--out", "logs"]);
    let table = sandbox.text("logs/labels.csv");
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(rows[0], "file,label,speaker,population");
    assert!(rows[1].starts_with("sample-0.spikes-input.gdf,"), "{table}");
    assert!(!sandbox.read("logs/sample-4.spikes-hidden1.gdf").is_empty());
    assert!(sandbox.text("logs/sample-4.spikes-hidden1.gdf.provenance.json").contains("sha256"));
}

#[test]
fn a_log_is_converted_and_replayed() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "cells.toml",
        r#"
        dt_ms = 0.5
        duration_ms = 20.0
        [[populations]]
        name = "ears"
        size = 3
        spikes = []
        [[populations]]
        name = "cells"
        size = 1
        neuron = { model = "lif", tau_mem_ms = 10.0, threshold = 0.5 }
        [[projections]]
        source = "ears"
        target = "cells"
        synapses = [{ pre = 1, post = 0, weight = 1.0, delay_ms = 1.0 }]
        "#,
    );
    sandbox.write("heard.csv", "population,time_ms,neuron\nears,2,1\nears,4.5,0\n");
    for format in ["gdf", "nest", "npz", "sonata", "nirdata", "aedat", "csv-bmtk", "csv-us"] {
        let log = format!("heard.{format}");
        sandbox.ok(&["convert", "heard.csv", &log, "--to", format]);
        let again = sandbox.fails(1, &["convert", "heard.csv", &log, "--to", format]);
        assert!(again.contains("exists already"), "{again}");
        let arguments = ["simulate", "cells.toml", "--input", &log, "--logs", "csv", "--overwrite"];
        sandbox.ok(&arguments);
        let fired = sandbox.text("cells.spikes.csv");
        assert_eq!(
            fired, "population,time_ms,neuron\nears,2,1\ncells,3,0\nears,4.5,0\n",
            "{format}"
        );
    }
    for (log, expected) in [
        ("population,time_ms,neuron\neyes,2,1\n", "the sources of the network are ears"),
        ("population,time_ms,neuron\nears,2,3\n", "neuron of spike 0 of ears is 3"),
        ("population,time_ms,neuron\nears,20,1\n", "before the end of 40 steps"),
    ] {
        sandbox.write("wrong.csv", log);
        let error = sandbox.fails(2, &["simulate", "cells.toml", "--input", "wrong.csv"]);
        assert!(error.starts_with("wrong.csv: ") && error.contains(expected), "{error}");
    }
}

#[test]
fn what_cannot_be_exported_is_named_before_anything_is_written() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--epochs", "1", "--set", "network.neuron.reset=soft"]);
    let error = sandbox.fails(1, &["export", "run", "--to", "nir", "--out", "net.nir"]);
    assert!(
        error.starts_with("the format nir cannot hold this: ") && error.contains("hidden1"),
        "{error}"
    );
    assert!(!sandbox.path("net.nir").exists());
    for (arguments, expected) in [
        (&["export", "run", "--to", "nirr", "--out", "x"][..], "did you mean nir?"),
        (&["export", "tiny.toml", "--to", "nir", "--out", "x"], "experiment"),
        (
            &["export", "run/checkpoints/best.safetensors", "--to", "nir", "--out", "x"],
            "export run",
        ),
        (&["export", "nothing", "--to", "npz", "--out", "x"], "nothing"),
        (&["convert", "tiny.toml", "x", "--to", "nir"], "no network of another program"),
        (&["convert", "tiny.toml", "x", "--to", "npz"], "looks like no log of spikes"),
        (
            &["export", "run", "--to", "npz", "--nir-delays", "error", "--out", "x"],
            "--nir-delays belongs to --to nir, not to --to npz",
        ),
        (
            &["export", "run", "--to", "npz", "--time-unit", "ms", "--out", "x"],
            "--time-unit belongs to recordings",
        ),
    ] {
        let output = sandbox.run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && stderr.contains(expected), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}

#[test]
fn an_export_is_replaced_as_a_whole_and_nothing_else_is_lost() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--epochs", "1"]);
    let folder = ["export", "run", "--to", "nest-script", "--out", "net"];
    sandbox.ok(&[&folder[..], &["--sample", "0"]].concat());
    sandbox.write("net/mine.txt", "mine");
    sandbox.ok(&[&folder[..], &["--overwrite"]].concat());
    assert_eq!(sandbox.text("net/mine.txt"), "mine");
    assert!(sandbox.path("net/network.npz").exists());
    let stale = sandbox.path("net/expected.npz");
    assert!(!stale.exists(), "answers of the network before");
    sandbox.assert_no_leftovers(".");
    for (name, arguments) in [
        ("net.input.npz", &["--to", "nir", "--sample", "0", "--out", "net.nir"][..]),
        ("logs/labels.csv", &["--to", "npz", "--sample", "0", "--out", "logs"]),
        (
            "odd/sample-0.spikes.csv.provenance.json",
            &["--to", "csv", "--sample", "0", "--out", "odd"],
        ),
    ] {
        let file = sandbox.path(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        sandbox.write(name, "mine");
        let error = sandbox.fails(1, &[&["export", "run"][..], arguments].concat());
        assert!(error.contains("exists already"), "{error}");
        assert_eq!(sandbox.text(name), "mine");
    }
    // Without an earlier export of the name, what has the name of its companions is somebody's own.
    sandbox.ok(&["export", "run", "--to", "nir", "--out", "net.nir"]);
    assert_eq!(sandbox.text("net.input.npz"), "mine");
    let best = "run/checkpoints/best.safetensors";
    let onto_itself = ["export", "run", "--to", "safetensors", "--out", best, "--overwrite"];
    let error = sandbox.fails(1, &onto_itself);
    assert!(error.contains("this is what is exported"), "{error}");
    sandbox.ok(&["evaluate", "run"]);
}
