//! Runs: their folder, their bits, how they stop and go on.

use crate::sandbox::Sandbox;
use std::fs;
use std::io::{BufRead, BufReader};

const LAST: &str = "checkpoints/last.safetensors";
const BEST: &str = "checkpoints/best.safetensors";

/// `metrics.csv` without the column of seconds.
fn metrics(sandbox: &Sandbox, run: &str) -> Vec<Vec<String>> {
    let text = sandbox.text(format!("{run}/metrics.csv"));
    let seconds =
        text.lines().next().unwrap().split(',').position(|name| name == "seconds").unwrap();
    let row = |line: &str| {
        line.split(',')
            .enumerate()
            .filter(|&(column, _)| column != seconds)
            .map(|(_, cell)| cell.into())
            .collect()
    };
    text.lines().map(row).collect()
}

fn assert_same_run(sandbox: &Sandbox, one: &str, other: &str) {
    for file in [LAST, BEST, "weights.csv", "delays.csv", "result.json"] {
        let read = |run: &str| sandbox.read(format!("{run}/{file}"));
        assert!(read(one) == read(other), "{file} of {one} and {other} differ");
    }
    assert_eq!(metrics(sandbox, one), metrics(sandbox, other));
}

#[test]
fn a_run_leaves_a_folder_that_can_be_run_again() {
    let sandbox = Sandbox::new();
    let stdout = sandbox.train("run", &[]);
    assert!(stdout.starts_with("validation accuracy ") && stdout.lines().count() == 1, "{stdout}");
    for file in ["config.toml", "environment.json", "log.txt", "result.json", LAST, BEST] {
        assert!(sandbox.path("run").join(file).is_file(), "{file}");
    }
    for picture in ["raster", "weights", "delays", "curves", "confusion"] {
        assert!(sandbox.read(format!("run/plots/{picture}.png")).starts_with(b"\x89PNG"));
        assert!(sandbox.text(format!("run/plots/{picture}.svg")).contains("<svg"));
    }
    assert_eq!(metrics(&sandbox, "run").len(), 5, "a header and four epochs");
    sandbox.ok(&["train", "run/config.toml", "--out", "again", "--quiet"]);
    assert_same_run(&sandbox, "run", "again");
    sandbox.train("other", &["--seed", "1"]);
    assert_ne!(sandbox.read(format!("run/{LAST}")), sandbox.read(format!("other/{LAST}")));
    let leftovers: Vec<_> = fs::read_dir(sandbox.path("run/checkpoints"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(leftovers.len(), 2, "{leftovers:?}");
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let sandbox = Sandbox::new();
    for threads in ["1", "2", "3", "8"] {
        sandbox.train(threads, &["--threads", threads]);
        assert_same_run(&sandbox, "1", threads);
    }
}

#[test]
fn two_epochs_and_two_more_are_four() {
    let sandbox = Sandbox::new();
    sandbox.train("whole", &[]);
    let stdout = sandbox.train("parts", &["--stop-after", "2"]);
    assert!(stdout.is_empty(), "{stdout}");
    assert!(!sandbox.path("parts/result.json").exists());
    let message = sandbox.fails(1, &["train", "tiny.toml", "--out", "parts"]);
    assert!(
        message.contains("stopped after 2 epochs; go on with synfire train --resume parts"),
        "{message}"
    );
    // The others make sure that what a killed run may have written beyond its last checkpoint does
    // no harm.
    let mut rows = sandbox.text("parts/metrics.csv");
    rows.push_str(&rows.lines().last().unwrap().replacen('2', "3", 1));
    sandbox.write("parts/metrics.csv", rows + "\n");
    sandbox.ok(&["train", "--resume", "parts", "--quiet", "--threads", "2"]);
    assert_same_run(&sandbox, "whole", "parts");
    let message = sandbox.fails(1, &["train", "--resume", "parts"]);
    assert!(message.contains("this run is finished"), "{message}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_within_an_epoch_saves_and_resuming_gives_the_same_bits() {
    let sandbox = Sandbox::new();
    let long = ["--epochs", "6", "--set", "data.source.samples_per_class=400"];
    sandbox.train("whole", &long);
    let arguments = [&["train", "tiny.toml", "--out", "parts"], &long[..]].concat();
    let mut interruptions = 0;
    let mut child = sandbox.spawn(&arguments);
    loop {
        // A line is printed after an epoch, so a signal right behind it arrives within the next
        // one.
        let mut lines =
            BufReader::new(child.stderr.take().unwrap()).lines().map(|line| line.unwrap());
        let first = lines.find(|line| line.starts_with("epoch"));
        if first.is_some() {
            assert!(
                std::process::Command::new("kill")
                    .args(["-INT", &child.id().to_string()])
                    .status()
                    .unwrap()
                    .success()
            );
        }
        let rest: Vec<String> = lines.collect();
        let code = child.wait().unwrap().code();
        if code == Some(0) {
            break;
        }
        assert_eq!(code, Some(130), "{rest:?}");
        assert!(
            rest.last()
                .is_some_and(|line| line.contains("go on with synfire train --resume parts")),
            "{rest:?}"
        );
        interruptions += 1;
        child = sandbox.spawn(&["train", "--resume", "parts"]);
    }
    assert!(interruptions > 0, "the run was over before it could be interrupted");
    assert_same_run(&sandbox, "whole", "parts");
}

#[test]
fn runs_are_numbered_and_a_finished_one_is_not_overwritten() {
    let sandbox = Sandbox::new();
    for _ in 0..2 {
        sandbox.ok(&["train", "tiny.toml", "--epochs", "1", "--quiet"]);
    }
    let before = sandbox.read(format!("runs/tiny-1/{LAST}"));
    assert!(sandbox.path("runs/tiny-2/result.json").is_file());
    let message = sandbox.fails(1, &["train", "tiny.toml", "--out", "runs/tiny-1", "--seed", "5"]);
    assert!(
        message.contains("there is a finished run") && message.contains("--overwrite"),
        "{message}"
    );
    assert_eq!(before, sandbox.read(format!("runs/tiny-1/{LAST}")));
    sandbox.ok(&["simulate", "runs/tiny-1", "--sample", "3"]);
    sandbox.train("runs/tiny-1", &["--seed", "5", "--epochs", "1", "--overwrite"]);
    assert!(
        !sandbox.path("runs/tiny-1/spikes/sample-3.spikes.csv").exists(),
        "the spikes of the run that was replaced"
    );
    assert_ne!(before, sandbox.read(format!("runs/tiny-1/{LAST}")));
}

#[test]
fn fixed_and_absent_delays_train_too() {
    let sandbox = Sandbox::new();
    for delays in ["fixed_random", "none"] {
        sandbox.train(delays, &["--epochs", "1", "--set", &format!("network.delays={delays}")]);
        let changes = sandbox.text(format!("{delays}/delays.csv"));
        assert!(changes.lines().skip(1).all(|row| row.ends_with(",0")), "{changes}");
    }
    sandbox.train(
        "counted",
        &[
            "--epochs",
            "1",
            "--set",
            "network.readout={model=\"lif\"}",
            "--set",
            "training.loss=spike_count",
        ],
    );
    sandbox.train("calibrated", &["--epochs", "1", "--set", "training.recalibrate_norm=true"]);
}

#[test]
fn piped_progress_is_plain_lines_on_stderr() {
    let sandbox = Sandbox::new();
    let output = sandbox.run(&["train", "tiny.toml", "--out", "run", "--epochs", "2"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr.lines().filter(|line| line.starts_with("epoch ")).count(), 2, "{stderr}");
    assert!(!stderr.contains(['\u{1b}', '\r']), "{stderr:?}");
    assert!(stderr.contains("pictures: run/plots"), "{stderr}");
    assert_eq!(sandbox.text("run/log.txt"), stderr);
    let quiet = sandbox.run(&["train", "tiny.toml", "--out", "quiet", "--epochs", "1", "--quiet"]);
    assert!(quiet.stderr.is_empty());
}

/// Waits until the program listens for Ctrl-C, which the system tells.
#[cfg(target_os = "linux")]
fn wait_until_it_listens(child: &std::process::Child) {
    let listens = || {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let caught = status
            .lines()
            .find_map(|line| u64::from_str_radix(line.strip_prefix("SigCgt:")?.trim(), 16).ok());
        caught.is_some_and(|caught| caught & 1 << 1 != 0)
    };
    while !listens() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_before_training_ends_at_once_and_leaves_nothing() {
    let sandbox = Sandbox::new();
    // Making these samples takes many times longer than the test allows.
    let mut child =
        sandbox.spawn(&["train", "tiny.toml", "--set", "data.source.samples_per_class=5000000"]);
    wait_until_it_listens(&child);
    let started = std::time::Instant::now();
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(started.elapsed().as_secs_f64() < 2.0, "{:?}", started.elapsed());
    assert!(!sandbox.path("runs").exists());
}
