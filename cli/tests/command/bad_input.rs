//! Whatever is wrong gets one sentence and an exit code, and what was there before stays.

use crate::sandbox::Sandbox;
use synfire::datasets::{NewSample, SpikeRecordings, TimeType};

const LAST: &str = "checkpoints/last.safetensors";

#[test]
fn wrong_usage_exits_2() {
    let sandbox = Sandbox::new();
    for arguments in [
        &["tran"][..],
        &["train", "--epoch"],
        &["evaluate"],
        &["train", "--threads", "0"],
        &["train", "--resume", "a", "--seed", "1"],
    ] {
        let output = sandbox.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
    for (arguments, range) in [
        (&["data", "info", "a.h5", "--classes", "0"][..], "from 1 to 65536"),
        (&["data", "info", "a.h5", "--channels", "0"], "from 1 to 65536"),
        (&["train", "--threads", "65535"], "from 1 to 1024"),
        (&["evaluate", "run", "--threads", "65535"], "from 1 to 1024"),
    ] {
        let output = sandbox.run(arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        let [.., option, _] = arguments else { unreachable!() };
        assert!(
            output.status.code() == Some(2) && stderr.contains(option) && stderr.contains(range),
            "{stderr}"
        );
    }
    let message = sandbox.fails(2, &["data", "synth", "made.h5", "--set", "kind=file"]);
    assert!(
        message.contains(
            "data synth: only made-up spikes are written: kind is \"randman\" or \"echo\""
        ),
        "{message}"
    );
    assert!(
        sandbox
            .fails(2, &["train", "shd"])
            .contains("there is no such recipe; there are quickstart")
    );
    assert!(
        sandbox
            .fails(1, &["train", "missing.toml"])
            .starts_with("missing.toml: cannot read the file")
    );
}

#[test]
fn wrong_configurations_name_file_line_and_key() {
    let sandbox = Sandbox::new();
    for (text, expected) in [
        (
            "[training]\nepoch = 3\n",
            "bad.toml:2:1: unknown field `epoch`, expected one of `epochs`",
        ),
        ("[network]\nhidden = 3\n", "bad.toml:2:10: invalid type: integer `3`, expected a list"),
        ("[network\n", "bad.toml:1:"),
        (
            "[network.neuron]\nmodel = \"lif\"\ntau_mem_ms = 0.0\n",
            "bad.toml:3:14: network.neuron.tau_mem_ms is 0, but must be above 0",
        ),
        ("[training]\nepochs = 0\n", "bad.toml:2:10: training.epochs is 0, but must be at least 1"),
        ("[data.binning]\ndt_ms = -1.0\n", "bad.toml:2:9: data.binning.dt_ms is -1, but must be"),
        (
            "[network]\nmax_delay_ms = 1e9\n",
            "bad.toml:2:16: network.max_delay_ms is 1000000000, but must be above 0",
        ),
        ("[data.split]\nby = \"speaker\"\n", "bad.toml: data.split.speakers is empty"),
    ] {
        sandbox.write("bad.toml", text);
        let message = sandbox.fails(2, &["train", "bad.toml"]);
        assert!(message.starts_with(expected), "{message}");
    }
    for (arguments, expected) in [
        (
            &["--set", "network.weight_gain=1e308"][..],
            "--set network.weight_gain=1e308: network.weight_gain is 1",
        ),
        (
            &["--set", "network.hidden=[1048576,1048576]"],
            "--set network.hidden=[1048576,1048576]: network.hidden is ",
        ),
        (
            &["--set", "network.readout.tau_mem_ms=-1"],
            "--set network.readout.tau_mem_ms=-1: network.readout.tau_mem_ms is -1",
        ),
        (
            &["--set", "training=3", "--epochs", "2"],
            "--set training=3: invalid type: integer `3`, expected a section",
        ),
        (
            &["--set", "training.epochs=1.5"],
            "--set training.epochs=1.5: invalid type: floating point `1.5`, expected a whole \
             number",
        ),
        (
            &["--epochs", "1", "--set", "training.epochs=3"],
            "--epochs 1: contradicts --set training.epochs=3",
        ),
        (
            &["--epochs", "1", "--set", "training.epochs=x"],
            "--epochs 1: contradicts --set training.epochs=x",
        ),
    ] {
        let message = sandbox.fails(2, &[&["train", "tiny.toml"], arguments].concat());
        assert!(message.starts_with(expected), "{message}");
    }
    let output = sandbox.run(&["train", "tiny.toml", "--seed", "18446744073709551615"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(2) && stderr.contains("from 0 to 9223372036854775807"),
        "{stderr}"
    );
    let message = sandbox.fails(2, &["train", "tiny.toml", "--set", "training.epochs=soon"]);
    assert!(message.starts_with("--set training.epochs=soon: invalid type"), "{message}");
    assert!(
        !sandbox.path("runs").join("tiny-1").exists(),
        "a run that never began leaves no folder"
    );
}

#[test]
fn wrong_data_leave_no_folder_and_an_earlier_run_alone() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--epochs", "1"]);
    let before = sandbox.read(format!("run/{LAST}"));
    sandbox.write("noise.h5", b"this is no HDF5 file, whatever its name says");
    let arguments = ["train", "tiny.toml", "--data", "noise.h5", "--out", "run", "--overwrite"];
    assert!(sandbox.fails(1, &arguments).starts_with("noise.h5: this is not an HDF5 file"));
    assert_eq!(before, sandbox.read(format!("run/{LAST}")));
    assert!(
        sandbox
            .fails(1, &["train", "shd-delays", "--data", "none.h5"])
            .starts_with("none.h5: cannot open the file")
    );
    assert!(!sandbox.path("runs/shd-delays-1").exists());
    sandbox.ok(&[
        "data",
        "synth",
        "wide.h5",
        "--set",
        "classes=3",
        "--set",
        "neurons=9",
        "--set",
        "samples_per_class=2",
    ]);
    let message = sandbox.fails(1, &["evaluate", "run", "--data", "wide.h5"]);
    assert!(
        message.contains("wide.h5: spikes/units, sample ")
            && message.contains("units must be below 8"),
        "{message}"
    );
}

#[test]
fn recordings_that_do_not_suit_the_experiment_are_named() {
    let sandbox = Sandbox::new();
    let shape = ["--set", "classes=3", "--set", "neurons=8", "--set", "samples_per_class=2"];
    sandbox.ok(&[&["data", "synth", "few.h5"][..], &shape].concat());
    let fails = |changes: &[&str]| {
        let changes = changes.iter().flat_map(|change| ["--set", *change]);
        let arguments =
            ["train", "tiny.toml", "--data", "few.h5", "--set", "data.source.channels=8"]
                .into_iter()
                .chain(changes);
        sandbox.fails(1, &arguments.collect::<Vec<_>>())
    };
    let message = fails(&["data.split.by=speaker", "data.split.speakers=[9]"]);
    assert_eq!(
        message,
        "few.h5: there is no dataset extra/speaker, but a split by speaker needs it"
    );
    let message =
        fails(&["data.binning.dt_ms=1e-3", "network.max_delay_ms=1", "data.split.fraction=0.5"]);
    assert!(message.starts_with("few.h5: spikes/times, sample "), "{message}");
    assert!(
        message.ends_with(
            "unless data.binning.max_steps is set; are times in s? (data.source.time_unit)"
        ),
        "{message}"
    );
}

#[test]
fn a_batch_that_no_memory_holds_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.train(
        "run",
        &[
            "--stop-after",
            "1",
            "--set",
            "data.binning.dt_ms=10",
            "--set",
            "network.max_delay_ms=40",
        ],
    );
    let samples = (0..6).map(|sample| NewSample {
        seconds: vec![0.0, if sample == 4 { 1000.0 } else { 0.03 }],
        units: vec![0, 7],
        label: sample % 3,
    });
    SpikeRecordings::from_samples("made", 8, 3, TimeType::Float32, samples)
        .unwrap()
        .write(sandbox.path("long.h5"))
        .unwrap();
    let changes = [
        "data.source.channels=8",
        "data.binning.dt_ms=10",
        "network.max_delay_ms=40",
        "network.hidden=[1048576]",
        "data.split.fraction=0.5",
    ];
    let arguments = ["train", "tiny.toml", "--data", "long.h5"]
        .into_iter()
        .chain(changes.iter().flat_map(|change| ["--set", *change]));
    let message = sandbox.fails(1, &arguments.collect::<Vec<_>>());
    let expected = "long.h5: spikes/times, sample 4 has 100000 steps of 10 ms: a batch of 6 \
                    samples padded to it takes about ";
    assert!(
        message.starts_with(expected) && message.contains("data.binning.max_steps"),
        "{message}"
    );
    assert!(!sandbox.path("runs").exists(), "nothing is made before");
}

#[cfg(target_os = "linux")]
#[test]
fn a_limit_on_memory_is_respected() {
    let sandbox = Sandbox::new();
    let limited = format!(
        "ulimit -v 12000000; exec {} train quickstart --set 'network.hidden=[1048576]'",
        env!("CARGO_BIN_EXE_synfire")
    );
    let output = std::process::Command::new("sh")
        .args(["-c", &limited])
        .current_dir(sandbox.path(""))
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.starts_with("synfire: error: echoes: spikes/times, sample ")
            && stderr.lines().count() == 1,
        "{stderr}"
    );
}

#[test]
fn networks_beyond_any_machine_and_files_of_another_kind_are_refused() {
    let sandbox = Sandbox::new();
    let network = |size: &str, weights: &str| {
        let text = format!(
            r#"
            dt_ms = 1.0
            duration_ms = 10.0
            populations = [
                {{ name = "noise", size = {size}, poisson_hz = 10.0 }},
                {{ name = "cells", size = 2, neuron = {{ model = "lif" }} }},
            ]
            [[projections]]
            source = "noise"
            target = "cells"
            random = {{ probability = 1.0, weight = {weights}, delay_ms = [1.0, 2.0] }}
            "#
        );
        sandbox.write("network.toml", text);
        sandbox.fails(2, &["simulate", "network.toml"])
    };
    assert!(
        network("1000000000000", "[0.0, 1.0]")
            .starts_with("network.toml: size of all populations is 1000000000002, but must be")
    );
    assert!(
        network("5", "[-1e308, 1e308]")
            .starts_with("network.toml:11:53: projection noise -> cells: first weight is -1")
    );
    let chain = r#"
        dt_ms = 1.0
        duration_ms = 10.0
        populations = [{ name = "cells", size = 2, neuron = { model = "lif" } }]
        [[projections]]
        source = "cells"
        target = "cells"
        synapses = [{ pre = 0, post = 1, weight = 1.0, delay_ms = 0.0 }]
    "#;
    sandbox.write("cycle.toml", chain);
    let message = sandbox.fails(2, &["simulate", "cycle.toml"]);
    assert_eq!(message, "cycle.toml: projections with zero delay form a cycle: cells -> cells");
    sandbox.write("named.toml", chain.replace("\"cells\"", "\"a/b\""));
    assert!(sandbox.fails(2, &["simulate", "named.toml"]).starts_with("named.toml: "));
    sandbox.write("noise.h5", [0x89, b'H', b'D', b'F', 0xff]);
    let message = sandbox.fails(2, &["simulate", "noise.h5"]);
    assert!(
        message
            .contains("the folder of a run or a TOML file that describes a network was expected"),
        "{message}"
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_rather_than_waited_for() {
    let sandbox = Sandbox::new();
    assert!(
        std::process::Command::new("mkfifo").arg(sandbox.path("pipe")).status().unwrap().success()
    );
    let expected = "pipe: this is a device, pipe or socket, but a regular file was expected";
    assert_eq!(sandbox.fails(1, &["data", "info", "pipe"]), expected);
    assert_eq!(sandbox.fails(1, &["train", "tiny.toml", "--data", "pipe"]), expected);
}

#[test]
fn a_damaged_result_is_named() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--epochs", "1"]);
    let text = sandbox.text("run/result.json");
    let at = text.find("confusion").unwrap();
    let (head, matrix) = text.split_at(at);
    sandbox.write("run/result.json", format!("{head}{}", matrix.replacen("[\n", "[ [1],\n", 1)));
    let message = sandbox.fails(1, &["plot", "run", "confusion"]);
    assert_eq!(
        message,
        "run/result.json: this is not the result of a run: its confusion matrix has 4 rows, but \
         there are 3 classes"
    );
}

#[test]
fn wrong_checkpoints_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--stop-after", "1"]);
    sandbox.train("other", &["--stop-after", "1", "--set", "network.hidden=[13]"]);
    std::fs::copy(sandbox.path(format!("other/{LAST}")), sandbox.path(format!("run/{LAST}")))
        .unwrap();
    let message = sandbox.fails(1, &["train", "--resume", "run"]);
    assert!(
        message.contains("last.safetensors")
            && message.contains(
                "population hidden1 has 13 neurons in the checkpoint, 12 in the configuration"
            ),
        "{message}"
    );
    assert!(
        sandbox.fails(1, &["evaluate", "run", "--checkpoint", "last"]).contains("last.safetensors")
    );
    let whole = sandbox.read(format!("other/{LAST}"));
    sandbox.write("other/checkpoints/last.safetensors", &whole[..whole.len() / 2]);
    assert!(
        sandbox.fails(1, &["train", "--resume", "other"]).contains("not a whole safetensors file")
    );
    assert!(
        sandbox.ok(&["evaluate", "other"]).contains("validation"),
        "the best checkpoint is still there"
    );
    sandbox.write("other/checkpoints/last.safetensors", &whole);
    std::fs::remove_file(sandbox.path("other/checkpoints/best.safetensors")).unwrap();
    let message = sandbox.fails(1, &["train", "--resume", "other"]);
    assert!(
        message.contains("best.safetensors: the checkpoint of the best epoch is missing"),
        "{message}"
    );
}

#[test]
fn changed_data_are_named_by_their_key() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--stop-after", "1"]);
    let config = sandbox.text("run/config.toml");
    for (from, to, expected) in [
        (
            "fraction = 0.2",
            "fraction = 0.3",
            "data.split.fraction is 0.2 in the checkpoint, 0.3 in the configuration",
        ),
        (
            "samples_per_class = 20",
            "samples_per_class = 30",
            "data.source.samples_per_class is 20 in the checkpoint, 30 in",
        ),
        (
            "time_jitter_ms = 0.0",
            "time_jitter_ms = 1.5",
            "data.augmentation.time_jitter_ms is 0.0 in the checkpoint, 1.5 in",
        ),
        (
            "channel_shift = 0",
            "channel_shift = 2",
            "data.augmentation.channel_shift is 0 in the checkpoint, 2 in",
        ),
        (
            "align = \"zero\"",
            "align = \"first_spike\"",
            "data.binning.align is zero in the checkpoint, first_spike in",
        ),
    ] {
        assert!(config.contains(from), "{config}");
        sandbox.write("run/config.toml", config.replace(from, to));
        for command in [&["train", "--resume", "run"][..], &["evaluate", "run"]] {
            let message = sandbox.fails(2, command);
            assert!(
                message.starts_with("run/config.toml: ") && message.contains(expected),
                "{message}"
            );
        }
    }
    sandbox.write("run/config.toml", config.replace("dropout = 0.2", "dropout = 0.3"));
    let message = sandbox.fails(1, &["train", "--resume", "run"]);
    assert!(
        message.contains("training.dropout is 0.2 in the checkpoint, 0.3 in the configuration"),
        "{message}"
    );
    sandbox.write("run/config.toml", config);
    sandbox.ok(&["train", "--resume", "run", "--quiet"]);
}

#[test]
fn what_is_left_of_a_run_without_its_checkpoint_stays() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--stop-after", "2"]);
    let (metrics, best) =
        (sandbox.read("run/metrics.csv"), sandbox.read("run/checkpoints/best.safetensors"));
    let refused = || {
        let message = sandbox.fails(1, &["train", "--resume", "run"]);
        assert!(
            message.starts_with("run/checkpoints/last.safetensors: the last checkpoint is missing"),
            "{message}"
        );
    };
    std::fs::rename(sandbox.path(format!("run/{LAST}")), sandbox.path("kept")).unwrap();
    refused();
    assert!(best == sandbox.read("run/checkpoints/best.safetensors"));
    std::fs::rename(sandbox.path("run/checkpoints"), sandbox.path("moved")).unwrap();
    refused();
    assert!(metrics == sandbox.read("run/metrics.csv"));
    std::fs::remove_dir_all(sandbox.path("run/checkpoints")).unwrap_or_default();
    std::fs::rename(sandbox.path("moved"), sandbox.path("run/checkpoints")).unwrap();
    std::fs::rename(sandbox.path("kept"), sandbox.path(format!("run/{LAST}"))).unwrap();
    for (table, expected) in [
        ("metrics.csv", "epoch 2 stands where the row of epoch 1 was expected"),
        ("weights.csv", "input->hidden1: epoch 2 stands where the row of epoch 1 was expected"),
        ("delays.csv", "input->hidden1: epoch 2 stands where the row of epoch 1 was expected"),
    ] {
        let whole = sandbox.text(format!("run/{table}"));
        let rows: Vec<&str> = whole.lines().filter(|row| !row.starts_with("1,")).collect();
        sandbox.write(&format!("run/{table}"), rows.join("\n"));
        let message = sandbox.fails(1, &["train", "--resume", "run"]);
        assert!(message.starts_with(&format!("run/{table}: {expected}")), "{message}");
        sandbox.write(&format!("run/{table}"), whole);
    }
    sandbox.ok(&["train", "--resume", "run", "--quiet"]);
}

#[test]
fn folders_that_hold_no_run_are_refused() {
    let sandbox = Sandbox::new();
    for command in [&["evaluate", "none"][..], &["plot", "none"], &["train", "--resume", "none"]] {
        assert!(sandbox.fails(1, command).starts_with("none: there is no such folder"));
    }
    std::fs::create_dir(sandbox.path("empty")).unwrap();
    assert!(sandbox.fails(1, &["evaluate", "empty"]).contains("holds no config.toml"));
    sandbox.write("empty/notes.txt", "mine");
    assert!(
        sandbox
            .fails(1, &["train", "tiny.toml", "--out", "empty"])
            .contains("not empty and holds no run")
    );
    sandbox.write("file", "in the way");
    assert!(
        sandbox
            .fails(1, &["train", "tiny.toml", "--out", "file/run"])
            .contains("cannot make the folder")
    );
    assert_eq!(sandbox.text("empty/notes.txt"), "mine");
    sandbox.write("empty/config.toml", "theirs");
    for overwrite in [&[][..], &["--overwrite"]] {
        let message =
            sandbox.fails(1, &[&["train", "tiny.toml", "--out", "empty"], overwrite].concat());
        assert!(message.contains("holds no run of synfire"), "{message}");
    }
    assert!(
        sandbox.fails(1, &["evaluate", "empty"]).contains("holds no environment.json of synfire")
    );
    assert_eq!(sandbox.text("empty/config.toml"), "theirs");
}

#[test]
fn figures_that_cannot_be_drawn_do_not_take_the_result_away() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--epochs", "2", "--stop-after", "1"]);
    std::fs::remove_dir(sandbox.path("run/plots")).unwrap();
    sandbox.write("run/plots", "in the way");
    let output = sandbox.run(&["train", "--resume", "run", "--quiet"]);
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stdout.starts_with("validation accuracy "), "{stdout}");
    assert!(
        stderr.starts_with("synfire: warning: run/plots: cannot make the folder")
            && stderr.contains("synfire plot run"),
        "{stderr}"
    );
    assert!(sandbox.path("run/result.json").is_file());
}

#[cfg(target_os = "linux")]
#[test]
fn folders_that_cannot_be_made_are_said_so() {
    let sandbox = Sandbox::new();
    // Not even an administrator can write there.
    let message = sandbox.fails(1, &["train", "tiny.toml", "--out", "/proc/run"]);
    assert!(message.starts_with("/proc/run: cannot make the folder"), "{message}");
    sandbox.train("run", &["--stop-after", "1"]);
    assert!(
        sandbox
            .fails(1, &["simulate", "run", "--out", "/proc/sim"])
            .starts_with("/proc/sim: cannot make the folder")
    );
    assert!(
        sandbox
            .fails(1, &["data", "synth", "/proc/made.h5", "--set", "samples_per_class=1"])
            .starts_with("/proc/made.h5: cannot write")
    );
}

/// A limit on the size of files stands for a full disk: it fails the same writes.
#[cfg(unix)]
#[test]
fn when_a_checkpoint_cannot_be_written_the_one_before_stays() {
    let sandbox = Sandbox::new();
    let wide = ["--set", "network.hidden=[300]"];
    sandbox.train("whole", &wide);
    sandbox.train("parts", &[&wide[..], &["--stop-after", "2"]].concat());
    let before = sandbox.read(format!("parts/{LAST}"));
    let limited = format!(
        "trap '' XFSZ; ulimit -f 16; exec {} train --resume parts --quiet",
        env!("CARGO_BIN_EXE_synfire")
    );
    let output = std::process::Command::new("sh")
        .args(["-c", &limited])
        .current_dir(sandbox.path(""))
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.starts_with("synfire: error: parts/checkpoints/") && stderr.lines().count() == 1,
        "{stderr}"
    );
    assert!(before == sandbox.read(format!("parts/{LAST}")));
    let left = std::fs::read_dir(sandbox.path("parts/checkpoints")).unwrap().count();
    assert_eq!(left, 2, "no half-written file stays behind");
    sandbox.ok(&["train", "--resume", "parts", "--quiet"]);
    assert!(sandbox.read(format!("whole/{LAST}")) == sandbox.read(format!("parts/{LAST}")));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_so() {
    let sandbox = Sandbox::new();
    let output = sandbox
        .command(&["recipes"])
        .stdout(std::fs::File::create("/dev/full").unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("synfire: error: ") && stderr.contains("No space left"), "{stderr}");
}

/// A disk of its own, which is then filled to the last byte: only where a user may mount one, in a
/// name space that goes away with the shell.
#[cfg(target_os = "linux")]
#[test]
fn on_a_full_disk_every_command_says_so_and_earlier_output_stays() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--stop-after", "1"]);
    std::fs::create_dir(sandbox.path("disk")).unwrap();
    let mount = "mount -t tmpfs -o size=4m none disk";
    let may = std::process::Command::new("unshare")
        .args(["-rm", "sh", "-c", mount])
        .current_dir(sandbox.path(""))
        .output();
    if !may.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: this user may not mount a disk of its own");
        return;
    }
    let script = format!(
        r#"{mount} && cp -r run disk/run && echo earlier > disk/made.h5 &&
        cp -r disk/run before && cp disk/made.h5 before/
        $SYNFIRE plot disk/run > /dev/null 2>&1 && cp -r disk/run/plots before/ && mkdir disk/sim
        dd if=/dev/zero of=disk/filler bs=1k 2> /dev/null
        dd if=/dev/zero of=disk/rest bs=1 2> /dev/null
        $SYNFIRE data synth disk/made.h5 --overwrite --set samples_per_class=1; echo "code $?" >&2
        $SYNFIRE plot disk/run curves; echo "code $?" >&2
        $SYNFIRE simulate disk/run --out disk/sim --record spikes,v; echo "code $?" >&2
        $SYNFIRE train --resume disk/run --quiet; echo "code $?" >&2
        ls -A disk disk/run disk/run/plots disk/run/checkpoints disk/sim | grep synfire
        cmp disk/made.h5 before/made.h5 && cmp disk/run/{LAST} before/{LAST} &&
        diff -r disk/run/plots before/plots && echo intact"#
    );
    let output = std::process::Command::new("unshare")
        .args(["-rm", "sh", "-c", &script])
        .env("SYNFIRE", env!("CARGO_BIN_EXE_synfire"))
        .current_dir(sandbox.path(""))
        .output()
        .unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    let lines: Vec<&str> = stderr.lines().collect();
    assert_eq!(lines.len(), 8, "{stderr}");
    for (pair, file) in lines.chunks(2).zip([
        "disk/made.h5",
        "disk/run/plots/curves.png",
        "disk/sim/sample-",
        "disk/run/",
    ]) {
        assert!(pair[0].starts_with(&format!("synfire: error: {file}")), "{stderr}");
        assert!(
            pair[0].ends_with("the disk is full, nothing was written")
                || pair[0].contains("No space left"),
            "{stderr}"
        );
        assert_eq!(pair[1], "code 1", "{stderr}");
    }
    assert_eq!(stdout, "intact\n", "no temporary file stays behind: {stderr}");
}
