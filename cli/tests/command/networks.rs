//! Networks of every kind: what trains, what is simulated, and what is said of the rest.

use crate::sandbox::Sandbox;
use serde_json::Value;

/// The made-up samples of `tiny.toml`, of 8 channels and 3 classes.
const SAMPLES: &str = r#"
[data.source]
kind = "randman"
classes = 3
neurons = 8
samples_per_class = 20
duration_ms = 40.0
[data.binning]
dt_ms = 4.0
channel_group = 1
align = "zero"
[training]
epochs = 2
batch_size = 8
sigma = { start = 2.0, share = 0.5 }
"#;

/// Two populations side by side, and a skip past them.
const SIDES: &str = r#"
[network]
kind = "graph"
[[network.populations]]
name = "ears"
[[network.populations]]
name = "fast"
size = 9
neuron = { model = "lif", tau_mem_ms = 8.0, threshold = 0.5 }
excitatory = 0.67
norm = true
[[network.populations]]
name = "slow"
size = 5
neuron = { model = "lif", tau_mem_ms = 40.0, threshold = 0.5 }
[[network.populations]]
name = "words"
neuron = { model = "leaky_integrator", tau_mem_ms = 8.0 }
[[network.projections]]
source = "ears"
target = "fast"
dense = { max_delay_ms = 20.0 }
[[network.projections]]
source = "ears"
target = "slow"
dense = { delays = "none" }
[[network.projections]]
source = "fast"
target = "words"
dense = { max_delay_ms = 12.0, delay_granularity = "axonal" }
[[network.projections]]
source = "slow"
target = "words"
dense = { max_delay_steps = 4 }
[[network.projections]]
source = "ears"
target = "words"
dense = { max_delay_ms = 20.0 }
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("sides.toml", format!("{SAMPLES}{SIDES}"));
    sandbox
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_graph_trains_goes_on_and_is_simulated() {
    let sandbox = sandbox();
    let output = sandbox.run(&["train", "sides.toml", "--out", "whole", "--threads", "1"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    for line in [
        "sides: 8-9-5-3 with ",
        "projection ears -> fast: delays 0 to 16 ms (window of 5 steps of 4 ms), learned",
        "projection ears -> slow: no delays",
    ] {
        assert!(said.lines().any(|said| said.starts_with(line)), "{line}: {said}");
    }
    let steps = ["train", "sides.toml", "--out", "halves", "--threads", "3", "--stop-after", "1"];
    sandbox.ok(&steps);
    sandbox.ok(&["train", "--resume", "halves"]);
    assert_eq!(sandbox.metrics("whole"), sandbox.metrics("halves"));
    let weights = |run: &str| sandbox.read(format!("{run}/checkpoints/best.safetensors"));
    assert_eq!(weights("whole"), weights("halves"));
    assert!(sandbox.ok(&["evaluate", "whole"]).starts_with("validation of random manifolds"));
    let sample = json(&sandbox.ok(&["simulate", "whole", "--sample", "3", "--json"]));
    assert_eq!(sample["spikes"]["ears"], 8);
    let info = json(&sandbox.ok(&["info", "whole", "--json"]));
    let fast = &info["network"]["projections"][2]["synapses"];
    assert_eq!(fast["polarity"].as_str().unwrap().matches("excitatory").count(), 6);
}

#[test]
fn what_cannot_be_trained_is_said_before_anything_is_read() {
    let sandbox = sandbox();
    let sparse = format!("{SAMPLES}{SIDES}").replacen(
        "dense = { delays = \"none\" }",
        "random = { probability = 0.5, weight = 0.5, delay_ms = 4.0 }",
        1,
    );
    sandbox.write("sparse.toml", sparse);
    let recurrent = ["tiny.toml", "--set", "network.kind=recurrent"];
    let loops = "projection hidden1 -> hidden1 closes a loop";
    let single = "projection ears -> slow has single synapses, and training needs dense ones";
    for (experiment, expected) in [(&recurrent[..], loops), (&["sparse.toml"], single)] {
        for command in [&["train"][..], &["train", "--dry-run"], &["bench"]] {
            let message = sandbox.fails(2, &[command, experiment].concat());
            let begin = format!("this network cannot be trained: {expected}");
            assert!(message.starts_with(&begin), "{message}");
            assert!(message.contains("synfire simulate FILE.toml runs it"), "{message}");
        }
        // Nobody has looked for the samples.
        let nowhere = [&["train", "--data", "nowhere.h5"], experiment].concat();
        assert!(sandbox.fails(2, &nowhere).contains(expected));
    }
    assert!(!sandbox.path("runs").exists());
    let network = "dt_ms = 1.0\nduration_ms = 9.0\n[[populations]]\nname = \"a\"\nsize = 1\n\
                   poisson_hz = 1.0\n";
    sandbox.write("network.toml", network);
    let message = sandbox.fails(2, &["train", "network.toml"]);
    assert!(message.contains("[network] with kind = \"graph\""), "{message}");
}

#[test]
fn an_experiment_is_simulated_before_it_has_learned() {
    let sandbox = sandbox();
    let all = ["simulate", "sides.toml", "--split", "validation", "--json"];
    let of = |more: &[&str]| sandbox.ok(&[&all[..], more].concat());
    let one = of(&["--out", "one", "--threads", "1"]);
    assert_eq!(one.lines().count(), 12);
    assert_eq!(one.replace("one/", "three/"), of(&["--out", "three", "--threads", "3"]));
    let first = json(one.lines().next().unwrap());
    let csv =
        |folder: &str| sandbox.text(format!("{folder}/sample-{}.spikes.csv", first["sample"]));
    assert_eq!(csv("one"), csv("three"));
    let message = sandbox.fails(2, &["simulate", "sides.toml", "--sample", "60"]);
    assert!(message.ends_with("there is no sample 60: the samples are 0 to 59"), "{message}");

    let recurrent = ["simulate", "tiny.toml", "--set", "network.kind=recurrent", "--json"];
    let message = sandbox.fails(2, &recurrent);
    assert!(message.starts_with("training.evaluation_steps is not set, but projections close"));
    let steps = ["--set", "training.evaluation_steps=25", "--out", "looped"];
    let looped = json(&sandbox.ok(&[&recurrent[..], &steps].concat()));
    assert_eq!(looped["steps"], 25);

    // A recipe is an experiment, too.
    let small = "data.source.samples_per_class=10";
    let said = sandbox.ok(&["simulate", "quickstart", "--set", small, "--out", "quick"]);
    assert!(said.starts_with("sample "), "{said}");

    // Whoever is no experiment has nothing to set.
    sandbox.train("run", &["--epochs", "1"]);
    let message = sandbox.fails(2, &["simulate", "run", "--set", "seed=3"]);
    assert_eq!(message, "run: --set changes an experiment, and this is none");
}

#[test]
fn sources_beside_the_samples_fire_in_every_sample() {
    let sandbox = sandbox();
    let sources = "[[network.populations]]\nname = \"noise\"\nsize = 20\npoisson_hz = 100.0\n\
                   [[network.populations]]\nname = \"clock\"\nsize = 1\n\
                   spikes = [[0.0, 0], [8.0, 0], [1e6, 0]]\n\
                   [[network.projections]]\nsource = \"noise\"\ntarget = \"slow\"\n\
                   random = { in_degree = 4, weight = { kind = \"lognormal\", mean = 0.5, std = \
                   0.2 }, delay_ms = [0.0, 8.0] }\n";
    sandbox.write("noisy.toml", format!("{SAMPLES}{SIDES}{sources}"));
    let lines = sandbox.ok(&["simulate", "noisy.toml", "--sample", "0-3", "--json"]);
    let noise: Vec<u64> = lines
        .lines()
        .map(|line| {
            let spikes = json(line)["spikes"].clone();
            assert_eq!((&spikes["clock"], &spikes["ears"]), (&2.into(), &8.into()));
            spikes["noise"].as_u64().unwrap()
        })
        .collect();
    assert!(noise.iter().any(|&count| count != noise[0]), "{noise:?}");
    let times = |sample: usize| {
        let text = sandbox.text(format!("sample-{sample}.spikes.csv"));
        let of_noise = text.lines().filter(|line| line.starts_with("noise"));
        of_noise.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_ne!(times(0), times(1));
    let message = sandbox.fails(2, &["train", "noisy.toml"]);
    assert!(message.contains("population noise brings spikes of its own"), "{message}");
}

#[test]
fn projections_end_in_the_ports_of_a_model() {
    let sandbox = sandbox();
    let currents =
        SIDES.replacen("model = \"lif\", tau_mem_ms = 8.0", "model = \"current_lif\"", 1);
    let inhibition = "[[network.projections]]\nsource = \"ears\"\ntarget = \"fast\"\n\
                      port = \"inhibitory\"\ndense = { max_delay_ms = 12.0 }\n";
    let text = format!("{SAMPLES}{currents}{inhibition}");
    sandbox.write("currents.toml", &text);
    sandbox.ok(&["train", "currents.toml", "--stop-after", "0", "--out", "run", "--quiet"]);
    sandbox.ok(&["train", "currents.toml", "--dry-run"]);
    sandbox.ok(&["simulate", "currents.toml", "--out", "logs"]);
    sandbox.write("wrong.toml", text.replace("\"inhibitory\"", "\"inhibitry\""));
    let message = sandbox.fails(2, &["train", "wrong.toml"]);
    assert!(
        message.ends_with(
            "projection ears -> fast: current_lif has no port inhibitry; there are excitatory and \
             inhibitory"
        ),
        "{message}"
    );
}

#[test]
fn a_network_file_has_degrees_distributions_signs_and_dense_projections() {
    let sandbox = Sandbox::new();
    let network = r#"dt_ms = 0.5
duration_ms = 50.0
[[populations]]
name = "noise"
size = 20
poisson_hz = 80.0
[[populations]]
name = "cells"
size = 10
excitatory = 0.8
neuron = { model = "lif", tau_mem_ms = 10.0 }
[[projections]]
source = "noise"
target = "cells"
random = { out_degree = 3, weight = { kind = "normal", mean = 0.5, std = 0.1 }, delay_ms = { kind = "exponential", mean = 2.0 } }
[[projections]]
source = "cells"
target = "cells"
random = { pairs = "all_to_all", weight = 0.1, delay_ms = 1.5 }
[[projections]]
source = "cells"
target = "cells"
dense = { max_delay_ms = 10.0 }
"#;
    sandbox.write("cells.toml", network);
    let info = json(&sandbox.ok(&["info", "cells.toml", "--json"]));
    let counts: Vec<u64> = info["synapses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|projection| projection["synapses"].as_u64().unwrap())
        .collect();
    assert_eq!(counts, [60, 90, 100]);
    assert_eq!(info["synapses"][1]["weights"], serde_json::json!([-0.1, 0.1]));
    let shortest = info["synapses"][2]["delays_ms"][0].as_f64().unwrap();
    assert!(shortest >= 0.5, "a spike takes at least a step back: {shortest}");
    let spikes = |out: &str| {
        sandbox.ok(&["simulate", "cells.toml", "--out", out]);
        sandbox.text(format!("{out}/cells.spikes.csv"))
    };
    assert_eq!(spikes("a"), spikes("b"));

    let given = "synapses = [{ pre = 0, post = 1, weight = 0.1, delay_ms = 1.0 }, { pre = 9, post \
                 = 1, weight = 0.2, delay_ms = 1.0 }]";
    let all = "random = { pairs = \"all_to_all\", weight = 0.1, delay_ms = 1.5 }";
    sandbox.write("given.toml", network.replace(all, given));
    assert_eq!(
        sandbox.fails(2, &["simulate", "given.toml"]),
        "given.toml: projection cells -> cells: weight of synapse 1 is 0.2, but must be at most 0, \
         since neuron 9 of cells is inhibitory"
    );
    sandbox.write("wide.toml", network.replace("out_degree = 3", "out_degree = 11"));
    assert_eq!(
        sandbox.fails(2, &["simulate", "wide.toml"]),
        "wide.toml: projection noise -> cells: out_degree is 11, but must be at most 10, the \
         number of postsynaptic neurons"
    );
    sandbox.write("minus.toml", network.replace("weight = 0.1", "weight = -0.1"));
    let message = sandbox.fails(2, &["simulate", "minus.toml"]);
    assert!(
        message.starts_with(
            "minus.toml:19:43: projection cells -> cells: weight is -0.1, but must be at least 0, \
             since the presynaptic neuron has the sign, and at most 1e9"
        ),
        "{message}"
    );
}

#[test]
fn relative_paths_in_a_file_begin_at_its_folder() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path("set/ups")).unwrap();
    sandbox.ok(&["data", "synth", "set/x.h5", "--set", "samples_per_class=20"]);
    let text = "[data.source]\nkind = \"file\"\npath = \"../x.h5\"\n[data.binning]\ndt_ms = 10.0\n\
                [network]\nhidden = [4]\n[training]\nepochs = 1\n";
    sandbox.write("set/ups/a.toml", text);
    sandbox.ok(&["train", "set/ups/a.toml", "--out", "run", "--quiet"]);
    let config = sandbox.text("run/config.toml");
    let path = config.lines().find(|line| line.starts_with("path = ")).unwrap();
    let stored = path.trim_start_matches("path = ").trim_matches('"');
    assert!(std::path::Path::new(stored).is_absolute(), "{stored}");
    sandbox.ok(&["evaluate", "run"]);
    sandbox.ok(&["simulate", "set/ups/a.toml", "--out", "logs"]);

    // A start in the file begins there, too; what is typed begins where it is typed.
    sandbox.write("set/ups/b.toml", format!("{text}[start]\ncheckpoint = \"../../run\"\n"));
    sandbox.ok(&["train", "set/ups/b.toml", "--out", "second", "--quiet"]);
    let typed = ["train", "set/ups/a.toml", "--from", "run", "--data", "set/x.h5", "--quiet"];
    sandbox.ok(&typed);
    sandbox.ok(&["train", "set/ups/a.toml", "--set", "data.source.path=set/x.h5", "--quiet"]);

    sandbox.write("set/ups/c.toml", text.replace("../x.h5", "set/x.h5"));
    assert_eq!(
        sandbox.fails(2, &["train", "set/ups/c.toml"]),
        "set/ups/c.toml:3:8: data.source.path is set/x.h5, but relative paths in a configuration \
         file begin at its folder, and there is no set/ups/set/x.h5; --data set/x.h5 takes the one \
         in the working directory"
    );
    sandbox.ok(&["train", "set/ups/c.toml", "--data", "set/x.h5", "--quiet"]);
}

/// Excitatory and inhibitory neurons with synaptic currents of their own, driven by noise, whose
/// synapses learn.
const BALANCED: &str = r#"
dt_ms = 0.5
duration_ms = DURATION
seed = 4
[[populations]]
name = "noise"
size = 20
poisson_hz = 80.0
[[populations]]
name = "neurons"
size = 12
neuron = { model = "current_lif", tau_mem_ms = 10.0, threshold = 0.4, refractory_ms = 2.0 }
[[populations]]
name = "slow"
size = 4
neuron = { model = "adaptive_lif", threshold = 0.3 }
[[projections]]
source = "noise"
target = "neurons"
random = { probability = 0.5, weight = [0.02, 0.1], delay_ms = [0.5, 5.0] }
learning = { rule = "pair_stdp", rate = 0.05, max_weight = 0.2 }
[[projections]]
source = "noise"
target = "neurons"
port = "inhibitory"
random = { probability = 0.3, weight = [-0.05, -0.01], delay_ms = [1.0, 2.0] }
[[projections]]
source = "neurons"
target = "slow"
random = { probability = 0.5, weight = [0.05, 0.2], delay_ms = [1.0, 2.0] }
learning = { rule = "oja" }
"#;

fn balanced(duration_ms: &str) -> String {
    BALANCED.replace("DURATION", duration_ms)
}

#[test]
fn a_simulation_goes_on_from_its_state_and_records_any_column_by_name() {
    let sandbox = Sandbox::new();
    sandbox.write("half.toml", balanced("150.0"));
    sandbox.write("whole.toml", balanced("300.0"));
    let record = "spikes,excitatory_current,adaptation";
    let simulate = |arguments: &[&str]| {
        let output = sandbox.run(&[&["simulate", "--record", record], arguments].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
    };
    simulate(&["whole.toml", "--out", "one"]);
    simulate(&["half.toml", "--out", "two", "--save-state", "state.json"]);
    simulate(&["whole.toml", "--out", "three", "--from-state", "state.json"]);
    let rows = |path: &str| -> Vec<String> {
        let text = std::fs::read_to_string(sandbox.path(path)).unwrap();
        text.lines().skip(1).map(str::to_owned).collect()
    };
    let whole = rows("one/whole.spikes.csv");
    assert!(whole.iter().filter(|row| row.starts_with("neurons")).count() > 50);
    assert!(whole.iter().any(|row| row.starts_with("slow")));
    let parts = [rows("two/half.spikes.csv"), rows("three/whole.spikes.csv")].concat();
    assert_eq!(parts, whole);
    for file in ["whole.excitatory_current.h5", "whole.adaptation.h5"] {
        assert!(sandbox.path("three").join(file).exists(), "{file}");
    }
}

#[test]
fn what_a_state_a_port_or_a_rule_cannot_be_is_said() {
    let sandbox = Sandbox::new();
    sandbox.write("whole.toml", balanced("300.0"));
    sandbox.write("other.toml", balanced("600.0").replace("size = 12", "size = 11"));
    let said = |arguments: &[&str]| {
        let output = sandbox.run(&[&["simulate"], arguments].concat());
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let written =
        sandbox.run(&["simulate", "whole.toml", "--out", "one", "--save-state", "state.json"]);
    assert!(written.status.success());
    let text = said(&["whole.toml", "--from-state", "state.json", "--out", "two"]);
    assert!(text.contains("after 600 steps, but the simulation has 600"), "{text}");
    let text = said(&["other.toml", "--from-state", "state.json", "--out", "two"]);
    assert!(
        text.contains("state.json: population neurons: the snapshot has another number"),
        "{text}"
    );
    assert!(!sandbox.path("two").exists(), "nothing was made for a simulation that cannot run");
    let text = said(&["other.toml", "--from-state", "whole.toml", "--out", "two"]);
    assert!(text.contains("whole.toml: this is not the state of a simulation"), "{text}");
    let text = said(&["whole.toml", "--save-state", "state.json", "--out", "two"]);
    assert!(
        text.contains(
            "state.json: this file exists already; choose another name, or --overwrite it"
        ),
        "{text}"
    );
    for taken in ["./whole.toml", "two/whole.spikes.csv"] {
        std::fs::create_dir_all(sandbox.path("two")).unwrap();
        let state = ["--save-state", taken, "--overwrite", "--out", "two"];
        let text = said(&[&["whole.toml"], &state[..]].concat());
        assert!(text.contains(&format!("{taken}: this file has another use here")), "{text}");
    }
    let text = said(&["whole.toml", "--record", "voltage", "--out", "two"]);
    assert!(text.contains("no population has a state variable voltage"), "{text}");

    for (from, to, expected) in [
        ("port = \"inhibitory\"", "port = \"slow\"", "there are excitatory and inhibitory"),
        ("rate = 0.05", "rate = -1.0", "rate is -1, but must be at least 0"),
        ("max_weight = 0.2", "max_weight = 0.05", "from 0 to max_weight, 0.05"),
        ("rule = \"oja\"", "rule = \"ojas\"", "ojas"),
        ("name = \"slow\"\n", "name = \"slow\"\nlearn = [\"tau\"]\n", "tau_adaptation_ms"),
    ] {
        sandbox.write("wrong.toml", balanced("10.0").replacen(from, to, 1));
        let text = said(&["wrong.toml", "--out", "wrong"]);
        assert!(text.contains("wrong.toml") && text.contains(expected), "{to}: {text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

#[test]
fn neurons_of_every_model_learn_parameters_of_their_own() {
    let sandbox = Sandbox::new();
    let network = |model: &str, learn: &str| {
        format!(
            "{SAMPLES}\n[network]\nhidden = [17]\nmax_delay_ms = 20.0\nneuron_learn = {learn}\n\
             readout_learn = [\"tau_mem_ms\"]\n[network.neuron]\nmodel = \"{model}\"\n\
             threshold = 0.5\n[network.readout]\nmodel = \"leaky_integrator\"\n\
             [[training.groups]]\nkinds = [\"time_constant\"]\nschedule = {{ kind = \"constant\", \
             rate = 0.5 }}\n"
        )
    };
    for (model, learn, expected) in [
        ("lif", "[\"tau_mem_ms\", \"threshold\"]", "hidden1.neuron.threshold"),
        ("adaptive_lif", "[\"tau_adaptation_ms\", \"adaptation\"]", "hidden1.neuron.adaptation"),
        ("current_lif", "[\"tau_excitatory_ms\"]", "hidden1.neuron.tau_excitatory_ms"),
    ] {
        sandbox.write("net.toml", network(model, learn));
        let run = |arguments: &[&str]| {
            let output = sandbox.run(arguments);
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success(), "{model}: {said}");
            String::from_utf8(output.stdout).unwrap()
        };
        let whole = format!("{model}-whole");
        let again = format!("{model}-again");
        run(&["train", "net.toml", "--out", &whole, "--threads", "2"]);
        run(&["train", "net.toml", "--out", &again, "--threads", "1"]);
        let checkpoint =
            |run: &str| std::fs::read(sandbox.path(run).join("checkpoints/last.safetensors"));
        let tensors = |run: &str| {
            let bytes = checkpoint(run).unwrap();
            let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
            bytes[8 + header..].to_vec()
        };
        assert_eq!(tensors(&whole), tensors(&again), "{model}");
        let told = run(&["info", &format!("{whole}/checkpoints/last.safetensors")]);
        assert!(told.contains(expected), "{told}");
        run(&["simulate", &whole, "--record", "v", "--out", &format!("{model}-log")]);
        run(&["evaluate", &whole]);
    }
}
