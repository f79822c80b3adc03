//! Two processes and one run's folder.

use crate::running::Running;
use crate::sandbox::Sandbox;
use std::fs;
use synfire::atomic_file::Lock;

/// A run of `tiny.toml` that takes a while; it has printed its first epoch when this returns.
fn long_run(sandbox: &Sandbox, folder: &str) -> Running {
    let mut run = sandbox.start(&["train", "tiny.toml", "--out", folder, "--epochs", "100000"]);
    run.wait_for("epoch");
    run
}

#[test]
fn a_second_process_is_refused_and_told_of_the_first() {
    let sandbox = Sandbox::new();
    let run = long_run(&sandbox, "run");
    let config = sandbox.text("run/config.toml");
    for again in [
        &["train", "tiny.toml", "--out", "run", "--overwrite", "--seed", "5"][..],
        &["train", "tiny.toml", "--out", "run"],
        &["train", "--resume", "run"],
        &["train", "--resume", "./run/."],
    ] {
        let message = sandbox.fails(1, again);
        let holder = format!("process {} on ", run.id());
        assert!(
            message.contains(&holder)
                && message.contains("synfire train tiny.toml --out run --epochs 100000); let it"),
            "{message}"
        );
    }
    assert_eq!(sandbox.text("run/config.toml"), config);
    for reader in [
        &["evaluate", "run"][..],
        &["evaluate", "run", "--checkpoint", "last"],
        &["simulate", "run", "--sample", "3"],
        &["plot", "run"],
    ] {
        sandbox.ok(reader);
    }
    let (code, _) = run.end("-INT");
    assert_eq!(code, Some(130));
    assert!(!sandbox.path("run/.synfire-lock").exists());
    sandbox.ok(&["train", "--resume", "run", "--stop-after", "1", "--quiet"]);
}

#[test]
fn a_dead_process_holds_nothing() {
    let sandbox = Sandbox::new();
    for (folder, next) in [
        ("one", &["train", "--resume", "one", "--stop-after", "1", "--quiet"][..]),
        ("two", &["train", "tiny.toml", "--out", "two", "--overwrite", "--quiet"]),
    ] {
        let (code, _) = long_run(&sandbox, folder).end("-KILL");
        assert_eq!(code, None);
        assert!(sandbox.path(folder).join(".synfire-lock").exists());
        sandbox.ok(next);
        assert!(!sandbox.path(folder).join(".synfire-lock").exists());
    }
    // A process with the number of the dead one is alive: it is not asked.
    sandbox.train("three", &["--stop-after", "1"]);
    let lock =
        format!(r#"{{"process":{},"host":"h","since":1,"command":"c"}}"#, std::process::id());
    sandbox.write("three/.synfire-lock", lock);
    sandbox.ok(&["train", "--resume", "three", "--quiet"]);
}

#[test]
fn of_two_that_begin_together_one_trains() {
    let sandbox = Sandbox::new();
    sandbox.train("alone", &[]);
    for round in 0..3 {
        let folder = format!("together-{round}");
        let begin = |seed| {
            sandbox.spawn(&["train", "tiny.toml", "--out", &folder, "--quiet", "--seed", seed])
        };
        let mut codes = [begin("0"), begin("0")]
            .map(|child| child.wait_with_output().unwrap().status.code().unwrap());
        codes.sort();
        assert_eq!(codes, [0, 1]);
        sandbox.assert_same_run("alone", &folder);
    }
}

#[test]
fn a_run_whose_folder_was_replaced_does_not_write_into_the_new_one() {
    let sandbox = Sandbox::new();
    let slow = ["--epochs", "100000", "--set", "data.source.samples_per_class=2000"];
    let mut run = sandbox.start(&[&["train", "tiny.toml", "--out", "run"], &slow[..]].concat());
    run.wait_for("epoch");
    // Another run, in the hands of this process.
    fs::create_dir(sandbox.path("other")).unwrap();
    let text = r#"{"process":4242,"host":"node3","since":1,"command":"its own"}"#;
    let lock = Lock::acquire(&sandbox.path("other/.synfire-lock"), text).unwrap();
    fs::rename(sandbox.path("run"), sandbox.path("moved")).unwrap();
    fs::rename(sandbox.path("other"), sandbox.path("run")).unwrap();
    let (code, lines) = run.wait();
    assert_eq!(code, Some(1));
    let message = lines.last().unwrap();
    assert!(message.contains("run: process 4242 on node3 has been writing"), "{message}");
    let left: Vec<_> = fs::read_dir(sandbox.path("run"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, [".synfire-lock"]);
    drop(lock);
    // What was done until then is still there, under the other name.
    sandbox.ok(&["train", "--resume", "moved", "--stop-after", "1", "--quiet"]);
}
