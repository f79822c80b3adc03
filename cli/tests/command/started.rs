//! Runs that start from the weights of another, and descriptions that tell what was changed.

use crate::sandbox::Sandbox;
use serde_json::Value;
use std::fs;

const LAST: &str = "checkpoints/last.safetensors";
const BEST: &str = "checkpoints/best.safetensors";

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn description(sandbox: &Sandbox, run: &str) -> String {
    let text = sandbox.text(format!("{run}/config.toml"));
    text.lines().find_map(|line| line.strip_prefix("description = ")).unwrap_or_default().to_owned()
}

#[test]
fn a_run_starts_from_the_weights_of_another() {
    let sandbox = Sandbox::new();
    sandbox.train("first", &["--epochs", "2"]);
    let output =
        sandbox.run(&["train", "tiny.toml", "--from", "first", "--out", "second", "--epochs", "3"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}");
    assert!(told.contains("weights and delays start from ") && told.contains("(tiny, "), "{told}");
    // The copy of what it started from, and where that is.
    assert!(
        sandbox.read(format!("first/{BEST}"))
            == sandbox.read("second/checkpoints/start.safetensors")
    );
    let start = json(&sandbox.text("second/environment.json"))["start"].clone();
    assert!(start["checkpoint"].as_str().unwrap().ends_with(&format!("first/{BEST}")), "{start}");
    assert_eq!(start["sha256"].as_str().map(str::len), Some(64));
    assert!(sandbox.text("second/config.toml").contains("[start]\ncheckpoint = "));
    // The first row of the weights is that of the network it started from.
    let last_row = |run: &str, epoch: &str| {
        let rows = sandbox.text(format!("{run}/weights.csv"));
        let row = rows.lines().rfind(|row| row.starts_with(epoch)).unwrap();
        row.split_once(',').unwrap().1.to_owned()
    };
    let best = json(&sandbox.text("first/result.json"))["best_epoch"].to_string();
    assert_eq!(last_row("second", "0,"), last_row("first", &format!("{best},")));
    // A file says the same, and other checkpoints something else.
    for (checkpoint, run) in [(BEST, "of-file"), (LAST, "of-last")] {
        let from = format!("first/{checkpoint}");
        sandbox.train(run, &["--from", &from, "--epochs", "3"]);
    }
    let weights = |run: &str| sandbox.read(format!("{run}/{LAST}"));
    assert!(weights("of-file") == weights("second"));
    sandbox.train("by-chance", &["--epochs", "3"]);
    assert!(weights("by-chance") != weights("second"));
}

/// Zeros stay under an update that multiplies, but for those that were to grow again.
#[test]
fn a_network_starts_without_its_smallest_weights() {
    let sandbox = Sandbox::new();
    sandbox.train("first", &["--epochs", "1"]);
    let thin = |run: &str, more: &[&str]| {
        let start = ["--from", "first", "--set", "start.prune=0.5", "--epochs", "2"];
        let multiplied = ["--set", "training.weights.update=exponentiated"];
        sandbox.train(run, &[&start[..], &multiplied, more].concat());
    };
    let zeros = |run: &str| {
        let told = sandbox.ok(&["prune", run, "--shares", "0", "--checkpoint", "last", "--json"]);
        let share = json(&told)["pruned"][0].clone();
        [share["zeros"].as_u64().unwrap(), share["weights"].as_u64().unwrap()]
    };
    thin("pruned", &[]);
    let [of_pruned, all] = zeros("pruned");
    assert_eq!(2 * of_pruned, all);
    let regrow = ["--set", "start.regrow={ share = 0.25, size = 0.01 }"];
    thin("regrown", &regrow);
    let [of_regrown, _] = zeros("regrown");
    assert!(of_regrown.abs_diff(of_pruned * 3 / 4) <= 2, "{of_regrown} of {of_pruned}");
    let start = json(&sandbox.text("regrown/environment.json"))["start"].clone();
    assert_eq!(start["zeros"].as_u64(), Some(of_regrown));
    let said = sandbox.text("regrown/log.txt");
    assert!(said.contains(&format!("zeros among the weights: {of_regrown}")), "{said}");
    thin("stopped", &[&regrow[..], &["--stop-after", "1"]].concat());
    sandbox.ok(&["train", "--resume", "stopped", "--quiet"]);
    for file in [LAST, "weights.csv"] {
        let read = |run: &str| sandbox.read(format!("{run}/{file}"));
        assert!(read("stopped") == read("regrown"), "{file}");
    }
    for (change, expected) in [
        ("start.prune=1.5", "start.prune is 1.5, but must be from 0 to 1"),
        ("start.regrow={share=-1,size=0.1}", "start.regrow.share is -1, but must be from 0 to 1"),
        ("start.regrow={share=0.1,size=0}", "start.regrow.size is 0, but must be above 0"),
    ] {
        let train = ["train", "tiny.toml", "--from", "first", "--out", "none", "--set", change];
        let told = sandbox.fails(2, &train);
        assert!(told.contains(expected), "{told}");
    }
    let from_nothing = ["train", "tiny.toml", "--out", "none", "--set", "start.prune=0.5"];
    let told = sandbox.fails(2, &from_nothing);
    assert!(told.contains("start.checkpoint names no checkpoint to start from"), "{told}");
}

#[test]
fn a_started_run_resumes_and_runs_again_with_the_same_bits_wherever_it_is() {
    let sandbox = Sandbox::new();
    sandbox.train("first", &["--epochs", "2"]);
    sandbox.train("whole", &["--from", "first"]);
    sandbox.train("parts", &["--from", "first", "--stop-after", "1"]);
    sandbox.train("nothing-yet", &["--from", "first", "--stop-after", "0"]);
    // From here on only the copies are left.
    fs::remove_dir_all(sandbox.path("first")).unwrap();
    fs::rename(sandbox.path("whole"), sandbox.path("moved")).unwrap();
    for run in ["parts", "nothing-yet"] {
        sandbox.ok(&["train", "--resume", run, "--quiet"]);
    }
    sandbox.ok(&["train", "moved/config.toml", "--out", "again", "--quiet"]);
    for run in ["parts", "nothing-yet", "again"] {
        for file in [LAST, BEST, "weights.csv", "delays.csv", "result.json"] {
            let read = |run: &str| sandbox.read(format!("{run}/{file}"));
            assert!(read(run) == read("moved"), "{file} of {run}");
        }
    }
    assert_eq!(sandbox.ok(&["plot", "moved"]).lines().count(), 14);
    assert_eq!(
        json(&sandbox.ok(&["evaluate", "moved", "--json"]))["accuracy"],
        json(&sandbox.text("moved/result.json"))["accuracy"]
    );
}

#[test]
fn what_a_network_cannot_start_from_is_named() {
    let sandbox = Sandbox::new();
    sandbox.train("first", &["--epochs", "1"]);
    let fails = |arguments: &[&str]| {
        let fixed = ["train", "tiny.toml", "--out", "second", "--from"];
        let message = sandbox.fails(1, &[&fixed[..], arguments].concat());
        assert!(!sandbox.path("second").exists(), "nothing is left: {message}");
        message
    };
    let told = fails(&["first", "--set", "network.hidden=[14]"]);
    assert!(
        told.contains("input->hidden1.weight is [12, 8, 1] in it, [14, 8, 1] in this"),
        "{told}"
    );
    let told = fails(&["first", "--set", "network.hidden=[12, 12]"]);
    assert!(told.contains("hidden1->hidden2.weight"), "{told}");
    let told = fails(&["first", "--set", "network.batch_norm=false"]);
    assert!(told.contains("this network has no tensor hidden1.norm.gain"), "{told}");
    let told = fails(&["first", "--set", "data.binning.dt_ms=2.0"]);
    assert!(told.contains("last 4 ms, those of this network 2 ms"), "{told}");
    let told = fails(&["first", "--set", "network.max_delay_ms=8.0"]);
    assert!(told.contains("delay") && told.contains("must be a number from 0 to 2"), "{told}");
    assert!(fails(&["nowhere"]).contains("nowhere: there is no such run or checkpoint"));
    assert!(
        fails(&["tiny.toml"]).contains("this is a configuration file, but the folder of a run")
    );
    fs::remove_file(sandbox.path(format!("first/{BEST}"))).unwrap();
    assert!(fails(&["first"]).contains("no such checkpoint to start from"));
    // What may differ is said.
    let from = format!("first/{LAST}");
    let arguments = ["train", "tiny.toml", "--out", "second", "--from", &from, "--epochs", "1"];
    let other = ["--set", "network.neuron.tau_mem_ms=6.0"];
    let output = sandbox.run(&[&arguments[..], &other].concat());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("population hidden1: tau_mem_ms is 8.0 in the checkpoint, 6.0"),
        "{told}"
    );
    // A file that changed since is not what the run started from.
    let config = sandbox.text("second/config.toml");
    fs::create_dir(sandbox.path("elsewhere")).unwrap();
    sandbox.write("elsewhere/mine.toml", &config);
    sandbox.train("other", &["--epochs", "1", "--seed", "3"]);
    fs::copy(sandbox.path(format!("other/{LAST}")), sandbox.path(format!("first/{LAST}"))).unwrap();
    let told = sandbox.fails(1, &["train", "elsewhere/mine.toml", "--out", "third"]);
    assert!(told.contains("not the checkpoint that [start]"), "{told}");
}

#[test]
fn more_epochs_are_another_run_and_every_message_says_how() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--stop-after", "2"]);
    let told = sandbox.fails(2, &["train", "--resume", "run", "--epochs", "10"]);
    assert!(told.contains("synfire train run/config.toml --from run --epochs 10"), "{told}");
    let config = sandbox.text("run/config.toml");
    sandbox.write("run/config.toml", config.replace("epochs = 4", "epochs = 10"));
    let told = sandbox.fails(1, &["train", "--resume", "run"]);
    assert!(
        told.contains("training.epochs is 4 in the checkpoint, 10 in the configuration")
            && told.contains("synfire train run/config.toml --from run"),
        "{told}"
    );
    sandbox.write("run/config.toml", config);
    sandbox.ok(&["train", "--resume", "run", "--quiet"]);
    let told = sandbox.fails(1, &["train", "--resume", "run"]);
    assert!(told.contains("this run is finished") && told.contains("--from run"), "{told}");
    // As the messages say.
    let more = ["train", "run/config.toml", "--from", "run", "--epochs", "6"];
    sandbox.ok(&[&more[..], &["--out", "more", "--quiet"]].concat());
    assert!(description(&sandbox, "more").contains("changed: training.epochs=6"));
}

#[test]
fn a_description_tells_what_was_changed() {
    let sandbox = Sandbox::new();
    let text = sandbox.text("tiny.toml");
    sandbox.write("told.toml", format!("description = \"Learned delays\"\n{text}"));
    let short = ["--epochs", "1", "--quiet"];
    let train = |file: &str, out: &str, set: &[&str]| {
        let set: Vec<&str> = set.iter().flat_map(|value| ["--set", value]).collect();
        sandbox.ok(&[&["train", file, "--out", out], &short[..], &set].concat());
        description(&sandbox, out)
    };
    let none = train("told.toml", "none", &["network.delays=none"]);
    assert_eq!(none, "\"Learned delays; changed: network.delays=none, training.epochs=1\"");
    // Of a run that is changed again, in the order of the changes; what was so before is none.
    let again = train("none/config.toml", "again", &["network.delays=none", "network.hidden=[9]"]);
    assert_eq!(
        again,
        "\"Learned delays; changed: network.delays=none, training.epochs=1, network.hidden=[9]\""
    );
    assert_eq!(train("tiny.toml", "bare", &[]), "\"changed: training.epochs=1\"");
    let own = train("told.toml", "own", &["network.delays=none", "description=No delays"]);
    assert_eq!(own, "\"No delays\"");
    // Neither a seed nor where recordings lie makes a description wrong.
    sandbox.train("seed", &["--seed", "7"]);
    assert_eq!(description(&sandbox, "seed"), "\"\"");
    // The run says it, too.
    let output = sandbox.run(&["train", "none/config.toml", "--out", "said"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("description: Learned delays; changed: network.delays=none"), "{told}");
}
