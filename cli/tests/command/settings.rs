//! Settings say what is built, and what is wrong with them is said where it is.

use crate::sandbox::Sandbox;

/// A chain of two populations, 20 ms long, on steps of 0.1 ms.
const NETWORK: &str = r#"dt_ms = 0.1
duration_ms = 20.0
[[populations]]
name = "in"
size = 3
spikes = [[1.0, 0]]
[[populations]]
name = "out"
size = 3
neuron = { model = "lif", tau_mem_ms = 10.0 }
[[projections]]
source = "in"
target = "out"
synapses = [{ pre = 0, post = 0, weight = 2.0, delay_ms = 1.0 }]
"#;

/// The lines on stderr of a run of one epoch.
fn lines(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let output = sandbox
        .run(&[&["train", "tiny.toml", "--epochs", "1", "--stop-after", "0"], arguments].concat());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    stderr
}

#[test]
fn a_run_says_which_delays_it_builds() {
    let sandbox = Sandbox::new();
    for (change, expected) in [
        ("network.max_delay_ms=20", "delays 0 to 16 ms (window of 5 steps of 4 ms), learned"),
        (
            "network.max_delay_ms=21",
            "delays 0 to 16 ms (window of 5 steps of 4 ms; network.max_delay_ms = 21 is rounded to \
             it), learned",
        ),
        ("network.max_delay_steps=8", "delays 0 to 32 ms (window of 9 steps of 4 ms), learned"),
        ("network.delays=none", "no delays"),
    ] {
        let stderr = lines(&sandbox, &["--set", change]);
        assert!(stderr.lines().any(|line| line == expected), "{change}: {stderr}");
    }
    let config = sandbox.text("runs/tiny-3/config.toml");
    assert!(config.contains("max_delay_steps = 8") && !config.contains("max_delay_ms"), "{config}");
}

#[test]
fn delays_that_cannot_learn_are_refused_with_what_can() {
    let sandbox = Sandbox::new();
    for window in ["0.5", "4", "5.9"] {
        let change = format!("network.max_delay_ms={window}");
        let message = sandbox.fails(2, &["train", "tiny.toml", "--set", &change]);
        let expected = format!(
            "--set {change}: network.max_delay_ms is {window}, but must be at least 6 ms, 1.5 \
             steps of 4 ms"
        );
        assert!(message.starts_with(&expected), "{message}");
    }
    lines(&sandbox, &["--set", "network.max_delay_ms=6"]);
    let message = sandbox.fails(2, &["train", "tiny.toml", "--set", "network.max_delay_steps=3"]);
    assert!(message.ends_with("the nearest are 2 and 4"), "{message}");
}

#[test]
fn settings_in_ms_do_the_same_as_those_in_steps() {
    let sandbox = Sandbox::new();
    sandbox.train("steps", &["--epochs", "2"]);
    let changes = [
        "training.sigma.start_ms=8",
        "training.sigma.end_ms=0.92",
        "training.delays.schedule.peak_ms=0.8",
        "network.max_delay_steps=4",
    ];
    let changes: Vec<&str> = changes.iter().flat_map(|change| ["--set", *change]).collect();
    sandbox.train("ms", &[&["--epochs", "2"], &changes[..]].concat());
    let of = |run: &str| {
        let metrics = sandbox.text(format!("{run}/metrics.csv"));
        let header = metrics.lines().next().unwrap();
        let seconds = header.split(',').position(|name| name.starts_with("seconds"));
        let row = |line: &str| {
            let fields = line.split(',').enumerate();
            let kept = fields.filter(|(column, _)| Some(*column) != seconds);
            kept.map(|(_, field)| field.to_owned()).collect::<Vec<_>>()
        };
        metrics.lines().map(row).collect::<Vec<_>>()
    };
    assert_eq!(of("steps"), of("ms"));
    sandbox.ok(&["train", "ms/config.toml", "--out", "again", "--quiet"]);
    assert_eq!(of("again"), of("ms"));
    let message =
        sandbox.fails(2, &["train", "tiny.toml", "--set", "training.weights.schedule.peak_ms=1"]);
    assert!(message.contains("only delays are times"), "{message}");
}

#[test]
fn errors_in_sections_with_a_kind_have_the_line_of_the_key() {
    let sandbox = Sandbox::new();
    for (text, expected) in [
        (
            "[network.readout]\nmodel = \"leaky_integrator\"\ntau_mem_ms = 20.0\nthreshold = 1.0\n",
            "bad.toml:4:1: unknown field `threshold`, expected one of `tau_mem_ms`",
        ),
        (
            "[data.source]\nkind = \"file\"\n\nchanels = 5\n",
            "bad.toml:4:1: unknown field `chanels`, expected one of `path`, `channels`",
        ),
        (
            "[training.delays]\noptimizer = { kind = \"adam\", beta3 = 0.9 }\n",
            "bad.toml:2:30: unknown field `beta3`",
        ),
        (
            "[network.neuron.surrogate]\nslope = \"box\"\nwidth = 2\n[network.neuron]\n\
             model = \"lif\"\n",
            "bad.toml:3:1: unknown field `width`",
        ),
    ] {
        sandbox.write("bad.toml", text);
        let message = sandbox.fails(2, &["train", "bad.toml"]);
        assert!(message.starts_with(expected), "{message}");
    }
    sandbox.write("bad.toml", "[training]\nepoch = 3\n");
    let message = sandbox.fails(2, &["train", "bad.toml"]);
    assert!(message.ends_with("; did you mean epochs?"), "{message}");
    sandbox.write("net.toml", NETWORK.replace("tau_mem_ms = 10.0", "\n tau = 1.0"));
    let message = sandbox.fails(2, &["simulate", "net.toml"]);
    assert!(message.starts_with("net.toml:11:2: unknown field `tau`"), "{message}");
}

#[test]
fn limits_in_network_files_are_those_that_hold() {
    let sandbox = Sandbox::new();
    let fails = |from: &str, to: &str| {
        sandbox.write("net.toml", NETWORK.replacen(from, to, 1));
        sandbox.fails(2, &["simulate", "net.toml", "--out", "out"])
    };
    for time in ["19.97", "20", "-0.03"] {
        let message = fails("[[1.0, 0]]", &format!("[[{time}, 0]]"));
        let expected = format!(
            "net.toml: in: time of spike 0 is {time}, but must be at least 0 and below 19.95 ms"
        );
        assert!(message.starts_with(&expected), "{message}");
    }
    assert_eq!(
        fails("size = 3", "size = 0"),
        "net.toml:5:8: in: size is 0, but must be at least 1"
    );
    assert_eq!(
        fails("[[1.0, 0]]", "[[1.0, 0], [2.0, 3]]"),
        "net.toml: in: neuron of spike 1 is 3, but must be below 3, the size of in"
    );
    for (from, to, expected) in [
        ("duration_ms = 20.0", "duration_ms = 20.03", "the nearest are 20 and 20.1 ms"),
        ("duration_ms = 20.0", "duration_ms = 0.05", "must be from 0.1 to 100000000 ms"),
        ("delay_ms = 1.0", "delay_ms = 1.26", "the nearest are 1.2 and 1.3 ms"),
        ("tau_mem_ms = 10.0", "refractory_ms = 2.01", "the nearest are 2 and 2.1 ms"),
    ] {
        let message = fails(from, to);
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn files_of_another_kind_are_told_what_to_type() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["data", "synth", "made.h5", "--set", "samples_per_class=2"]);
    std::fs::copy(sandbox.path("made.h5"), sandbox.path("plain.toml")).unwrap();
    for file in ["made.h5", "plain.toml"] {
        for command in ["train", "bench"] {
            let message = sandbox.fails(2, &[command, file]);
            assert_eq!(
                message,
                format!(
                    "{file}: this is an HDF5 file, but a recipe or a configuration file was \
                     expected; name recordings with synfire {command} RECIPE --data {file}"
                )
            );
        }
        let message = sandbox.fails(2, &["simulate", file]);
        assert!(
            message.ends_with(&format!("with synfire simulate RUN --data {file}")),
            "{message}"
        );
    }
    sandbox.train("run", &["--epochs", "1"]);
    sandbox.write("copy.safetensors", sandbox.read("run/checkpoints/best.safetensors"));
    for command in ["train", "bench"] {
        let message = sandbox.fails(2, &[command, "copy.safetensors"]);
        assert!(message.starts_with("copy.safetensors: this is a checkpoint, but"), "{message}");
    }
    sandbox.write("net.toml", NETWORK);
    let message = sandbox.fails(2, &["train", "net.toml"]);
    assert!(message.contains("run it with synfire simulate net.toml, or give it"), "{message}");
    let message = sandbox.fails(2, &["info", "tiny.toml"]);
    assert!(
        message.contains("synfire train tiny.toml makes a run of it, synfire sim"),
        "{message}"
    );
    for (typed, expected) in [
        ("none.h5", "recordings are named with --data FILE"),
        ("shd_delays", "did you mean shd-delays?"),
        ("quikstart", "did you mean quickstart?"),
    ] {
        let message = sandbox.fails(2, &["train", typed]);
        assert!(message.ends_with(expected), "{message}");
    }
}

#[test]
fn any_file_name_makes_a_name() {
    let sandbox = Sandbox::new();
    let tiny = sandbox.text("tiny.toml").replace("name = \"tiny\"", "epochs = 1");
    let tiny = tiny.replace("epochs = 1\n[data.source]", "[data.source]");
    for (file, name) in [
        ("my experiment.toml", "my-experiment"),
        ("a (copy) & more.toml", "a-copy-more"),
        ("...toml", "experiment"),
    ] {
        sandbox.write(file, &tiny);
        let output = sandbox.run(&["train", file, "--epochs", "1", "--stop-after", "0"]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{stderr}");
        assert!(
            stderr.starts_with(&format!("this experiment is called {name}, after its file; --set")),
            "{stderr}"
        );
        assert!(sandbox.path(format!("runs/{name}-1")).is_dir());
    }
    sandbox.write("été.toml", &tiny);
    let output = sandbox.run(&["train", "été.toml", "--epochs", "1", "--stop-after", "0"]);
    assert!(output.status.success() && sandbox.path("runs/été-1").is_dir());
}

#[test]
fn numbers_that_do_not_fit_are_told_which_do() {
    let sandbox = Sandbox::new();
    for (arguments, expected) in [
        (
            &["train", "--seed", "-1"][..],
            "a whole number from 0 to 9223372036854775807 was expected",
        ),
        (&["train", "--epochs", "0"], "a whole number, at least 1, was expected"),
        (&["train", "--epochs", "-3"], "a whole number, at least 1, was expected"),
        (&["train", "--threads", "0"], "a whole number from 1 to 1024 was expected"),
        (&["train", "--threads", "1.5"], "a whole number from 1 to 1024 was expected"),
        (&["bench", "--repeats", "-1"], "a whole number from 1 to 65535 was expected"),
        (&["simulate", "run", "--sample", "-1"], "indices counted from 0 were expected"),
        (&["plot", "run", "--sample", "-1"], "a whole number, at least 0, was expected"),
        (&["data", "synth", "x.h5", "--seed", "-1"], "from 0 to 9223372036854775807"),
    ] {
        let output = sandbox.run(arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(expected) && !stderr.contains("tip:"), "{stderr}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn networks_that_no_memory_holds_are_refused_at_once() {
    let sandbox = Sandbox::new();
    let limited = |command: &str| {
        let program = env!("CARGO_BIN_EXE_synfire");
        let output = std::process::Command::new("sh")
            .args(["-c", &format!("ulimit -v 6000000; exec {program} {command}")])
            .current_dir(sandbox.path(""))
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        stderr
    };
    for hidden in ["[1048576, 200]", "[16000, 16000]", "[1048576]"] {
        for command in ["train tiny.toml", "bench tiny.toml"] {
            let message = limited(&format!("{command} --set 'network.hidden={hidden}'"));
            assert!(
                message.contains(&format!("network.hidden = {hidden} takes about "))
                    && message.contains("GiB (weights and delays ")
                    && message.ends_with("are available; lower it\n"),
                "{message}"
            );
        }
    }
    let message =
        limited("train tiny.toml --set training.evaluation_steps=100000000 --out long --epochs 1");
    assert!(
        message.contains("training.evaluation_steps is 100000000: a batch of 8 samples that long"),
        "{message}"
    );
    let sparse = NETWORK.replace("size = 3", "size = 9000").replace(
        "synapses = [{ pre = 0, post = 0, weight = 2.0, delay_ms = 1.0 }]",
        "random = { probability = 1.0, weight = [0.1, 0.2], delay_ms = [1.0, 2.0] }",
    );
    sandbox.write("net.toml", sparse);
    let message = limited("simulate net.toml --out out");
    assert!(
        message.contains("net.toml: this network takes about ")
            && message.contains("(synapses 6.0 GiB, "),
        "{message}"
    );
    for hidden in ["[2000000, 2000000]", "[18446744073709551615]"] {
        sandbox.fails(2, &["train", "tiny.toml", "--set", &format!("network.hidden={hidden}")]);
    }
    assert!(!sandbox.path("runs").exists() && !sandbox.path("out").exists());
}

#[test]
fn any_experiment_can_be_timed() {
    let sandbox = Sandbox::new();
    let output = sandbox.ok(&[
        "bench",
        "tiny.toml",
        "--repeats",
        "1",
        "--warm-up",
        "2",
        "--set",
        "training.batch_size=4",
        "--json",
    ]);
    assert!(
        output.contains("\"recipe\":\"tiny\"") && output.contains("\"batch_size\":4"),
        "{output}"
    );
}

#[test]
fn a_dry_run_says_what_would_be_and_writes_nothing() {
    let sandbox = Sandbox::new();
    let output = sandbox.ok(&["train", "tiny.toml", "--dry-run", "--threads", "1"]);
    for expected in [
        "tiny: 8-12-3 with 288 trainable parameters, 1 thread\n",
        "delays 0 to 16 ms (window of 5 steps of 4 ms), learned\n",
        "data: random manifolds, 48 samples to train on, 12 to validate on",
        "memory: about ",
        "moments of the optimiser",
        "time: about ",
        "nothing was written\n",
    ] {
        assert!(output.contains(expected), "{expected}: {output}");
    }
    assert!(!sandbox.path("runs").exists());
    for (changes, code) in [
        (&["--set", "network.max_delay_ms=1"][..], 2),
        (&["--set", "data.split.by=speaker", "--set", "data.split.speakers=[3]"], 1),
        (&["--data", "none.h5"], 1),
    ] {
        let dry = sandbox.fails(code, &[&["train", "tiny.toml", "--dry-run"], changes].concat());
        assert_eq!(dry, sandbox.fails(code, &[&["train", "tiny.toml"], changes].concat()));
    }
    sandbox.train("run", &["--epochs", "1"]);
    let again = ["train", "tiny.toml", "--out", "run"];
    let dry = sandbox.fails(1, &[&again[..], &["--dry-run"]].concat());
    assert_eq!(dry, sandbox.fails(1, &again));
    sandbox.ok(&[&again[..], &["--dry-run", "--overwrite"]].concat());
    assert!(sandbox.path("run/result.json").exists());
}
