//! Neurons that take no part: what a run says of them, and what it counts.

use crate::sandbox::Sandbox;
use std::collections::BTreeMap;

/// What training `tiny.toml` with changes says on stderr, and its metrics by column, the last
/// epoch.
fn trained(sandbox: &Sandbox, changes: &[&str]) -> (Vec<String>, BTreeMap<String, f64>) {
    let mut arguments = vec!["train", "tiny.toml", "--out", "run", "--overwrite"];
    changes.iter().for_each(|change| arguments.extend(["--set", change]));
    let output = sandbox.run(&arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{changes:?}: {stderr}");
    let warnings: Vec<String> =
        stderr.lines().filter(|line| line.starts_with("warning: ")).map(str::to_owned).collect();
    let log = sandbox.text("run/log.txt");
    for warning in &warnings {
        assert!(log.contains(warning), "{warning} is not in the log");
    }
    let table = sandbox.text("run/metrics.csv");
    let (names, last) = (table.lines().next().unwrap(), table.lines().last().unwrap());
    let cells = last.split(',').map(|cell| cell.parse().unwrap());
    (warnings, names.split(',').map(str::to_owned).zip(cells).collect())
}

#[test]
fn a_network_that_fires_is_not_spoken_of() {
    let (warnings, column) = trained(&Sandbox::new(), &[]);
    assert!(warnings.is_empty(), "{warnings:?}");
    assert!(column["silent_hidden1"] < 6.0 && column["penalty"] == 0.0);
}

#[test]
fn a_dead_layer_is_named_with_what_to_change() {
    let sandbox = Sandbox::new();
    for (changes, way) in [
        (&["network.neuron.threshold=1e6"][..], "lower network.neuron.threshold (now 1000000)"),
        (
            &["network.batch_norm=false", "network.weight_gain=0.01"],
            "raise network.weight_gain (now 0.01)",
        ),
        (
            &["network.batch_norm=false", "network.input_weight_gain=0.01"],
            "raise network.input_weight_gain (now 0.01)",
        ),
        (
            &[
                "network.neuron.tau_mem_ms=0.01",
                "network.neuron.threshold=20",
                "network.neuron.input_scaling=true",
            ],
            "raise network.neuron.tau_mem_ms (now 0.01)",
        ),
        (
            &["network.neuron.threshold=50", "network.neuron.refractory_ms=8"],
            "lower network.neuron.threshold (now 50)",
        ),
    ] {
        let (warnings, column) = trained(&sandbox, changes);
        assert_eq!(column["silent_hidden1"], 12.0, "{changes:?}");
        assert_eq!(column["validation_silent_hidden1"], 12.0, "{changes:?}");
        // After the first epoch, and of the result; not after the three epochs between.
        assert_eq!(warnings.len(), 2, "{changes:?}: {warnings:?}");
        assert!(
            warnings[0].contains("none of the 12 neurons of hidden1 fired")
                && warnings[0].contains(way),
            "{}",
            warnings[0]
        );
        assert!(warnings[1].starts_with("warning: this network is dead"), "{}", warnings[1]);
        let evaluated = sandbox.run(&["evaluate", "run"]).stderr;
        assert_eq!(evaluated, b"hidden1 never fires on these samples\n");
    }
}

#[test]
fn each_layer_is_counted_by_itself() {
    let sandbox = Sandbox::new();
    let changes =
        ["network.readout={ model = \"lif\", threshold = 1e4 }", "training.loss=spike_count"];
    let (warnings, column) = trained(&sandbox, &changes);
    assert_eq!((column["silent_output"], column["silent_hidden1"] < 6.0), (3.0, true));
    assert!(warnings[0].contains("none of the 3 neurons of output"), "{warnings:?}");
    assert!(warnings[0].contains("lower network.readout.threshold (now 10000)"), "{warnings:?}");
    let changes = ["network.hidden=[12, 6]", "network.neuron.threshold=1e6"];
    let (warnings, column) = trained(&sandbox, &changes);
    assert_eq!((column["silent_hidden1"], column["silent_hidden2"]), (12.0, 6.0));
    assert_eq!(
        warnings.iter().filter(|line| line.contains("none of the")).count(),
        3,
        "{warnings:?}"
    );
}

#[test]
fn saturated_neurons_are_counted_with_their_refractory_time() {
    let sandbox = Sandbox::new();
    // A potential that is positive once stays far above the threshold.
    let held = [
        "data.source.duration_ms=400.0",
        "data.source.spikes_per_neuron=20",
        "network.batch_norm=false",
        "network.weight_gain=1e4",
        "network.neuron.reset=soft",
        "network.neuron.tau_mem_ms=1e6",
        "network.delays=none",
    ];
    for refractory in ["network.neuron.refractory_ms=0", "network.neuron.refractory_ms=8"] {
        let (_, column) = trained(&sandbox, &[&held[..], &[refractory]].concat());
        assert!(column["saturated_hidden1"] > 0.0, "{refractory}");
    }
}

#[test]
fn a_quiet_run_tells_that_its_network_is_dead() {
    let sandbox = Sandbox::new();
    let dead =
        ["train", "tiny.toml", "--out", "run", "-q", "--set", "network.neuron.threshold=1e6"];
    let output = sandbox.run(&dead);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && stderr.lines().count() == 1, "{stderr}");
    assert!(stderr.starts_with("synfire: warning: this network is dead"), "{stderr}");
}

#[test]
fn penalties_have_a_column() {
    let (_, column) =
        trained(&Sandbox::new(), &["training.firing_rate={ lower_hz = 100.0, strength = 1.0 }"]);
    assert!(column["penalty"] > 0.0);
}

#[test]
fn counts_do_not_depend_on_threads_or_on_an_interruption() {
    let sandbox = Sandbox::new();
    let counts = |folder: &str| {
        let table = sandbox.text(format!("{folder}/metrics.csv"));
        let row = |line: &str| line.split(',').skip(11).map(str::to_owned).collect::<Vec<_>>();
        table.lines().map(row).collect::<Vec<_>>()
    };
    sandbox.train("one", &["--threads", "1"]);
    sandbox.train("three", &["--threads", "3"]);
    sandbox.train("stopped", &["--stop-after", "2"]);
    sandbox.ok(&["train", "--resume", "stopped", "--quiet"]);
    assert_eq!(counts("three"), counts("one"));
    assert_eq!(counts("stopped"), counts("one"));
}
