//! What a run is packed into, and what is said of files.

use crate::sandbox::Sandbox;
use serde_json::Value;
use std::fs;
use std::io::Cursor;

const LAST: &str = "checkpoints/last.safetensors";
const BEST: &str = "checkpoints/best.safetensors";

fn info(sandbox: &Sandbox, path: &str) -> Value {
    let text = sandbox.ok(&["info", path, "--json"]);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Unpacks as any program does.
fn unzip(sandbox: &Sandbox, archive: &str, into: &str) {
    let mut archive = zip::ZipArchive::new(Cursor::new(sandbox.read(archive))).unwrap();
    archive.extract(sandbox.path(into)).unwrap();
}

#[test]
fn a_packed_run_is_the_run_wherever_it_is_unpacked() {
    let sandbox = Sandbox::new();
    sandbox.train("runs/first", &["--stop-after", "2"]);
    sandbox.write("runs/first/notes.txt", "mine");
    let output = sandbox.run(&["pack", "runs/first"]);
    let (told, notes) = (output.stdout, output.stderr);
    let [told, notes] = [told, notes].map(|text| String::from_utf8(text).unwrap());
    assert!(told.starts_with("first.zip: ") && told.contains("the folder first"), "{told}");
    assert!(notes.contains("notes.txt: left out"), "{notes}");
    unzip(&sandbox, "first.zip", "there");
    assert!(!sandbox.path("there/first/notes.txt").exists());
    for file in ["config.toml", "environment.json", "metrics.csv", "log.txt", LAST, BEST] {
        let read = |run: &str| sandbox.read(format!("{run}/{file}"));
        assert!(read("runs/first") == read("there/first"), "{file}");
    }
    // Every command takes it.
    sandbox.ok(&["train", "--resume", "there/first", "--quiet"]);
    sandbox.ok(&["train", "--resume", "runs/first", "--quiet"]);
    assert!(
        sandbox.read(format!("there/first/{LAST}")) == sandbox.read(format!("runs/first/{LAST}"))
    );
    assert_eq!(sandbox.ok(&["evaluate", "there/first"]), sandbox.ok(&["evaluate", "runs/first"]));
    assert_eq!(sandbox.ok(&["plot", "there/first"]).lines().count(), 14);
    sandbox.ok(&["simulate", "there/first"]);
    sandbox.ok(&["train", "tiny.toml", "--from", "there/first", "--epochs", "1", "--quiet"]);
    // The spike log of the simulation is the run's, too.
    sandbox.ok(&["pack", "there/first", "--out", "all.zip"]);
    unzip(&sandbox, "all.zip", "all");
    assert_eq!(fs::read_dir(sandbox.path("all/first/spikes")).unwrap().count(), 2);
}

#[test]
fn packing_repeats_byte_for_byte_and_replaces_nothing_unasked() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--epochs", "1"]);
    sandbox.ok(&["pack", "run", "--out", "one.zip"]);
    let before = sandbox.read("one.zip");
    let told = sandbox.fails(1, &["pack", "run", "--out", "one.zip"]);
    assert!(told.starts_with("one.zip: ") && told.contains("--overwrite"), "{told}");
    // Neither when the files were written matters, nor where they are.
    fs::create_dir(sandbox.path("other")).unwrap();
    let config = sandbox.read("run/config.toml");
    sandbox.write("run/config.toml", config);
    fs::rename(sandbox.path("run"), sandbox.path("other/run")).unwrap();
    sandbox.ok(&["pack", "other/run", "--out", "one.zip", "--overwrite"]);
    assert!(sandbox.read("one.zip") == before);
    assert!(sandbox.fails(1, &["pack", "tiny.toml"]).contains("folder of a run"));
    assert!(sandbox.fails(1, &["pack", "other"]).contains("not the folder of a run"));
    let told = sandbox.fails(1, &["pack", "other/run", "--out", "none/one.zip"]);
    assert!(told.starts_with("none/one.zip: there is no folder none"), "{told}");
    // What needs a folder says what to do with an archive.
    for command in [&["evaluate"][..], &["plot"], &["train", "tiny.toml", "--from"]] {
        let told = sandbox.fails(1, &[command, &["one.zip"]].concat());
        assert!(told.contains("unzip one.zip"), "{told}");
    }
}

#[test]
fn info_tells_what_is_in_a_run_in_its_folder_and_packed() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--set", "network.hidden=[10]", "--seed", "3"]);
    let value = info(&sandbox, "run");
    assert_eq!((&value["finished"], &value["epochs"]), (&true.into(), &4.into()));
    assert_eq!(value["description"], "changed: network.hidden=[10]");
    assert_eq!(value["environment"]["seed"], 3);
    assert_eq!(value["network"]["populations"][1]["size"], 10);
    // 8 inputs, 10 neurons with gain and bias, 3 outputs; each synapse has weight and delay.
    assert_eq!(value["parameters"], 2 * (80 + 30) + 20);
    assert_eq!(value["validation_samples"], 12);
    let names: Vec<&str> =
        value["files"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
    assert!(names.contains(&LAST) && names.contains(&"plots/raster.svg"), "{names:?}");
    sandbox.ok(&["pack", "run"]);
    let mut packed = info(&sandbox, "run.zip");
    assert_eq!(packed["run"], "run.zip");
    packed["run"] = value["run"].clone();
    assert_eq!(packed, value);
    let text = sandbox.ok(&["info", "run"]);
    assert!(text.starts_with("run         run (finished)\n"), "{text}");
    assert!(text.contains("input 8 source, hidden1 10 lif with batch norm, "), "{text}");
    assert!(text.contains("input->hidden1: delays 0 to 16 ms"), "{text}");
    // A run that has not finished an epoch, one that started from another, and a folder that is
    // none.
    sandbox.train("begun", &["--from", "run", "--stop-after", "0", "--set", "network.hidden=[10]"]);
    assert_eq!(info(&sandbox, "begun")["finished"], false);
    assert!(sandbox.ok(&["info", "begun"]).contains("started     from "));
    assert!(sandbox.fails(1, &["info", "run/plots"]).contains("belongs here: run"));
}

#[test]
fn info_tells_the_layout_of_every_tensor() {
    let sandbox = Sandbox::new();
    let several = ["--set", "network.kernel_count=2", "--set", "network.delay_granularity=axonal"];
    sandbox.train("run", &[&["--epochs", "1"], &several[..]].concat());
    let value = info(&sandbox, &format!("run/{LAST}"));
    assert_eq!((&value["epochs"], &value["experiment"]), (&1.into(), &"tiny".into()));
    let tensors = value["tensors"].as_array().unwrap();
    let of = |name: &str| {
        let found = tensors.iter().find(|tensor| tensor["name"] == name);
        found.unwrap_or_else(|| panic!("{name}: {value}")).clone()
    };
    let weight = of("input->hidden1.weight");
    assert_eq!(weight["shape"], serde_json::json!([12, 8, 2]));
    let axes = serde_json::json!(["postsynaptic", "presynaptic", "kernel element"]);
    assert_eq!((&weight["axes"], &weight["dtype"]), (&axes, &"F32".into()));
    let delay = of("input->hidden1.delay");
    assert_eq!((&delay["axes"][0], &delay["unit"]), (&"presynaptic".into(), &"steps".into()));
    assert_eq!(delay["allowed"], serde_json::json!([0.0, 4.0]));
    assert_eq!(of("hidden1.norm.running_variance")["role"], "statistic");
    let moment = tensors.iter().find(|tensor| tensor["role"] == "optimizer").unwrap();
    assert!(moment["axes"][0].as_str().unwrap().starts_with("entry of "), "{moment}");
    assert!(tensors.iter().all(|tensor| tensor["role"] != "unknown"), "{value}");
    let text = sandbox.ok(&["info", &format!("run/{BEST}")]);
    assert!(
        text.contains("F32 [12, 8, 2] = [postsynaptic, presynaptic, kernel element]"),
        "{text}"
    );
    assert!(text.contains("F32 [8] = [presynaptic], 0 to 4 steps allowed, from "), "{text}");
}

#[test]
fn info_tells_what_is_in_other_files() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["data", "synth", "made.h5", "--set", "classes=3"]);
    assert_eq!(sandbox.ok(&["info", "made.h5"]), sandbox.ok(&["data", "info", "made.h5"]));
    sandbox.write(
        "chain.toml",
        "dt_ms = 0.5\nduration_ms = 10.0\n\
         [[populations]]\nname = \"start\"\nsize = 1\nspikes = [[1.0, 0]]\n\
         [[populations]]\nname = \"ring\"\nsize = 2\nneuron = { model = \"lif\", tau_mem_ms = 10.0 \
         }\n\
         [[projections]]\nsource = \"start\"\ntarget = \"ring\"\n\
         synapses = [{ pre = 0, post = 1, weight = 2.0, delay_ms = 1.5 }]\n",
    );
    let value = info(&sandbox, "chain.toml");
    assert_eq!((&value["steps"], &value["synapses"][0]["synapses"]), (&20.into(), &1.into()));
    assert_eq!(value["synapses"][0]["delays_ms"], serde_json::json!([1.5, 1.5]));
    let text = sandbox.ok(&["info", "chain.toml"]);
    assert!(text.contains("start 1 source, ring 2 lif"), "{text}");
    // What is nothing of the kind.
    sandbox.write("empty.safetensors", "");
    sandbox.write("cut.safetensors", b"\x40\0\0\0\0\0\0\0{\"a\"");
    sandbox.write("other.zip", b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    for file in ["empty.safetensors", "cut.safetensors", "other.zip", "none.h5"] {
        assert!(sandbox.fails(1, &["info", file]).starts_with(file));
    }
}
