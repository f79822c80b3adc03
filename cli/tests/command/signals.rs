//! Ctrl-C, SIGTERM and SIGHUP: what is saved, what is left, what the exit code says.

use crate::sandbox::Sandbox;

/// The signals and their exit codes. Under `nohup` the tests' commands ignore SIGHUP as the tests
/// do, and rightly.
fn signals() -> Vec<(&'static str, i32)> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    let hang_up = (ignored & 1 == 0).then_some(("-HUP", 129));
    [("-TERM", 143), ("-INT", 130)].into_iter().chain(hang_up).collect()
}

#[test]
fn each_signal_saves_the_epoch_at_hand_and_resuming_gives_the_same_bits() {
    let sandbox = Sandbox::new();
    let long = ["--epochs", "3", "--set", "data.source.samples_per_class=600"];
    sandbox.train("whole", &long);
    for (signal, code) in signals() {
        let folder = &signal[1..];
        let mut run =
            sandbox.start(&[&["train", "tiny.toml", "--out", folder], &long[..]].concat());
        run.wait_for("epoch");
        let (found, lines) = run.end(signal);
        assert_eq!(found, Some(code), "{lines:?}");
        assert!(lines.iter().any(|line| line.contains("go on with synfire train --resume")));
        sandbox.assert_no_leftovers(folder);
        sandbox.ok(&["train", "--resume", folder, "--quiet"]);
        sandbox.assert_same_run("whole", folder);
    }
}

#[test]
fn an_epoch_of_one_batch_is_interrupted_too() {
    let sandbox = Sandbox::new();
    let one_batch = ["--set", "training.batch_size=1000", "--epochs", "2000"];
    let mut run =
        sandbox.start(&[&["train", "tiny.toml", "--out", "run"], &one_batch[..]].concat());
    run.wait_for("epoch");
    let (code, lines) = run.end("-INT");
    assert_eq!(code, Some(130), "{lines:?}");
    let rows = sandbox.text("run/metrics.csv").lines().count() - 1;
    assert!(rows < 2000);
    // The same number of epochs in two parts, and in one.
    let message = lines.iter().find(|line| line.starts_with("stopped after ")).unwrap();
    assert!(message.starts_with(&format!("stopped after {rows} epoch")), "{message}");
    sandbox.ok(&["train", "--resume", "run", "--stop-after", "2", "--quiet"]);
    let (rows, whole) = ((rows + 2).to_string(), "whole");
    sandbox.train(whole, &[&one_batch[..], &["--stop-after", &rows]].concat());
    for file in ["checkpoints/last.safetensors", "checkpoints/best.safetensors", "delays.csv"] {
        let read = |run: &str| sandbox.read(format!("{run}/{file}"));
        assert!(read("run") == read(whole), "{file}");
    }
}

#[test]
fn a_signal_at_any_moment_of_a_run_loses_nothing() {
    let sandbox = Sandbox::new();
    sandbox.train("whole", &[]);
    // Before the first step, within an epoch, in validation, while the pictures are drawn.
    let started = std::time::Instant::now();
    sandbox.train("timed", &[]);
    let lasts = started.elapsed();
    let mut codes = Vec::new();
    for point in 0..8 {
        let folder = format!("run-{point}");
        let run = sandbox.start(&["train", "tiny.toml", "--out", &folder]);
        std::thread::sleep(lasts * point / 7);
        let (code, lines) = run.end("-TERM");
        assert!(matches!(code, Some(0 | 143)) || code.is_none(), "{code:?} {lines:?}");
        codes.push(code);
        sandbox.assert_no_leftovers(".");
        if !sandbox.path(&folder).join("config.toml").exists() {
            sandbox.train(&folder, &[]);
        } else if code != Some(0) {
            sandbox.ok(&["train", "--resume", &folder, "--quiet"]);
        }
        sandbox.assert_same_run("whole", &folder);
    }
}

#[test]
fn the_same_signal_twice_saves_and_a_later_one_ends_at_once() {
    let sandbox = Sandbox::new();
    // As `timeout` does: the command, then its group.
    let mut run = sandbox.start(&["train", "tiny.toml", "--out", "run", "--epochs", "100000"]);
    run.wait_for("epoch");
    run.send("-TERM");
    let (code, lines) = run.end("-TERM");
    assert_eq!(code, Some(143));
    assert!(lines.iter().any(|line| line.starts_with("stopped after")), "{lines:?}");
    // Steps that take longer than the test waits.
    let mut run = sandbox.start(&[
        "train",
        "tiny.toml",
        "--out",
        "slow",
        "--set",
        "training.batch_size=100000",
        "--set",
        "data.source.samples_per_class=20000",
        "--set",
        "network.hidden=[512]",
    ]);
    run.wait_for("run folder");
    run.send("-INT");
    std::thread::sleep(std::time::Duration::from_millis(700));
    let started = std::time::Instant::now();
    let (code, lines) = run.end("-INT");
    assert!(started.elapsed().as_secs() < 2);
    assert_eq!(code, Some(130), "{lines:?}");
    sandbox.assert_no_leftovers("slow");
    assert!(!sandbox.path("slow/.synfire-lock").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn nohup_keeps_a_run_alive() {
    let sandbox = Sandbox::new();
    let script = "trap '' HUP; exec \"$0\" \"$@\"";
    let mut run = sandbox.start_through(
        &["sh", "-c", script],
        &["train", "tiny.toml", "--out", "run", "--epochs", "100000"],
    );
    run.wait_for("epoch");
    run.send("-HUP");
    run.wait_for("epoch");
    run.wait_for("epoch");
    assert_eq!(run.end("-INT").0, Some(130));
}

#[test]
fn other_commands_end_at_once_and_leave_nothing() {
    let sandbox = Sandbox::new();
    // Making these samples takes many times longer than the test allows.
    let big = ["--set", "classes=3", "--set", "neurons=8", "--set", "samples_per_class=5000000"];
    for (signal, code) in signals() {
        let run = sandbox.start(&[&["data", "synth", "made.h5"], &big[..]].concat());
        run.wait_until_it_listens();
        assert_eq!(run.end(signal).0, Some(code));
        sandbox.assert_no_leftovers(".");
        assert!(!sandbox.path("made.h5").exists());
    }
}

#[test]
fn ctrl_c_again_and_again_gives_the_same_bits() {
    let sandbox = Sandbox::new();
    let long = ["--epochs", "6", "--set", "data.source.samples_per_class=400"];
    sandbox.train("whole", &long);
    let mut interruptions = 0;
    let mut run = sandbox.start(&[&["train", "tiny.toml", "--out", "parts"], &long[..]].concat());
    loop {
        // A line is printed after an epoch, so a signal right behind it arrives within the next
        // one.
        run.wait_for(if interruptions < 6 { "epoch" } else { "pictures" });
        let (code, lines) = run.end("-INT");
        if code == Some(0) {
            break;
        }
        assert_eq!(code, Some(130), "{lines:?}");
        assert!(
            lines
                .last()
                .is_some_and(|line| line.contains("go on with synfire train --resume parts")),
            "{lines:?}"
        );
        interruptions += 1;
        run = sandbox.start(&["train", "--resume", "parts"]);
    }
    assert!(interruptions > 0, "the run was over before it could be interrupted");
    sandbox.assert_same_run("whole", "parts");
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_before_training_ends_at_once_and_leaves_nothing() {
    let sandbox = Sandbox::new();
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        // Making these samples takes many times longer than the test allows.
        let many = ["--set", "data.source.samples_per_class=5000000"];
        let run = sandbox.start(&[&["train", "tiny.toml"], &many[..]].concat());
        run.wait_until_it_listens();
        let started = std::time::Instant::now();
        assert_eq!(run.end(signal).0, Some(code));
        assert!(started.elapsed().as_secs_f64() < 2.0, "{:?}", started.elapsed());
        assert!(!sandbox.path("runs").exists());
    }
}
