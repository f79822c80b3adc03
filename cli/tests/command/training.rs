//! Runs: their folder, their bits, how they stop and go on.

use crate::sandbox::Sandbox;
use std::fs;

const LAST: &str = "checkpoints/last.safetensors";
const BEST: &str = "checkpoints/best.safetensors";

#[test]
fn a_run_leaves_a_folder_that_can_be_run_again() {
    let sandbox = Sandbox::new();
    let stdout = sandbox.train("run", &[]);
    assert!(stdout.starts_with("validation accuracy ") && stdout.lines().count() == 2, "{stdout}");
    for file in ["config.toml", "environment.json", "log.txt", "result.json", LAST, BEST] {
        assert!(sandbox.path("run").join(file).is_file(), "{file}");
    }
    for picture in ["raster", "weights", "sizes", "currents", "delays", "curves", "confusion"] {
        assert!(sandbox.read(format!("run/plots/{picture}.png")).starts_with(b"\x89PNG"));
        assert!(sandbox.text(format!("run/plots/{picture}.svg")).contains("<svg"));
    }
    assert_eq!(sandbox.metrics("run").len(), 5, "a header and four epochs");
    sandbox.ok(&["train", "run/config.toml", "--out", "again", "--quiet"]);
    sandbox.assert_same_run("run", "again");
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
        sandbox.assert_same_run("1", threads);
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
    sandbox.assert_same_run("whole", "parts");
    let message = sandbox.fails(1, &["train", "--resume", "parts"]);
    assert!(message.contains("this run is finished"), "{message}");
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

#[test]
fn a_run_killed_before_its_first_last_checkpoint_begins_anew() {
    let sandbox = Sandbox::new();
    sandbox.train("whole", &[]);
    // What is there at each moment of the end of the first epoch.
    let left: [&[&str]; 4] = [
        &[],
        &["weights.csv", "delays.csv"],
        &["weights.csv", "delays.csv", "metrics.csv"],
        &["weights.csv", "delays.csv", "metrics.csv", BEST],
    ];
    for (moment, left) in left.into_iter().enumerate() {
        let run = format!("run-{moment}");
        sandbox.train(&run, &["--stop-after", "1"]);
        for file in ["weights.csv", "delays.csv", "metrics.csv", BEST, LAST] {
            if !left.contains(&file) {
                fs::remove_file(sandbox.path(&run).join(file)).unwrap();
            }
        }
        sandbox.ok(&["train", "--resume", &run, "--quiet"]);
        sandbox.assert_same_run("whole", &run);
    }
}
