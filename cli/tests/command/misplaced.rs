//! A file of a run where its folder belongs, and a run where a recipe belongs.

use crate::sandbox::Sandbox;

#[test]
fn a_file_of_a_run_leads_to_the_command_that_works() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--epochs", "2", "--set", "training.checkpoints.every=1"]);
    for (file, what, suffix) in [
        ("checkpoints/best.safetensors", "the best checkpoint", ""),
        ("checkpoints/last.safetensors", "the last checkpoint", " --checkpoint last"),
        ("checkpoints/epoch-0001.safetensors", "the checkpoint of epoch 1", " --checkpoint 1"),
        ("config.toml", "the configuration", ""),
        ("result.json", "the result", ""),
        ("metrics.csv", "the file metrics.csv", ""),
        ("plots", "the folder plots", ""),
        ("plots/raster.png", "the file plots/raster.png", ""),
        ("checkpoints/", "the folder checkpoints", ""),
    ] {
        let path = format!("run/{file}");
        for command in ["evaluate", "plot", "simulate"] {
            let message = sandbox.fails(1, &[command, &path]);
            let expected = format!(
                "{path}: this is {what} of the run run, but the run's folder belongs here: \
                 synfire {command} run{suffix}"
            );
            assert_eq!(message, expected);
        }
        let message = sandbox.fails(1, &["train", "--resume", &path]);
        assert!(message.ends_with("belongs here: synfire train --resume run"), "{message}");
    }
    // What was told works.
    sandbox.ok(&["evaluate", "run", "--checkpoint", "1"]);
    sandbox.ok(&["plot", "run", "--checkpoint", "last"]);
}

#[test]
fn a_run_is_no_recipe() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--stop-after", "1"]);
    for path in ["run", "run/", "run/checkpoints/last.safetensors", "run/checkpoints"] {
        let message = sandbox.fails(2, &["train", path]);
        assert!(
            message.contains("but a recipe or a configuration file belongs here")
                && message.contains("synfire train --resume run")
                && message.contains("/config.toml makes it again"),
            "{message}"
        );
    }
    sandbox.ok(&["train", "run/config.toml", "--out", "again", "--epochs", "1", "--quiet"]);
}

#[test]
fn other_paths_are_called_what_they_are() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["train", "tiny.toml", "--epochs", "1", "--quiet"]);
    sandbox.ok(&["train", "tiny.toml", "--epochs", "1", "--quiet"]);
    let message = sandbox.fails(1, &["evaluate", "runs"]);
    assert!(message.ends_with("name one: runs/tiny-1, runs/tiny-2"), "{message}");
    let message = sandbox.fails(1, &["plot", "tiny-2"]);
    assert_eq!(message, "tiny-2: there is no such folder; runs/tiny-2 is a run");
    let best = sandbox.read("runs/tiny-1/checkpoints/best.safetensors");
    sandbox.write("copied.safetensors", best);
    let message = sandbox.fails(1, &["evaluate", "copied.safetensors"]);
    assert!(message.contains("a checkpoint outside of its run"), "{message}");
    let message = sandbox.fails(1, &["train", "--resume", "tiny.toml"]);
    assert!(message.ends_with("synfire train tiny.toml makes a run of it"), "{message}");
    let message = sandbox.fails(1, &["info", "runs/tiny-1/metrics.csv"]);
    assert!(message.ends_with("synfire info runs/tiny-1 says what is in the run"), "{message}");
    sandbox.ok(&["data", "synth", "made.h5", "--set", "samples_per_class=2"]);
    sandbox.write("net.toml", "dt_ms = 1.0\nduration_ms = 1.0\npopulations = []\n");
    sandbox.write("notes.txt", "mine");
    for command in ["evaluate", "plot", "pack"] {
        for (file, hint) in [
            (
                "made.h5",
                "this is an HDF5 file, but the folder of a run was expected; recordings are named \
                 with --data made.h5",
            ),
            (
                "net.toml",
                "this is a network, but the folder of a run was expected; synfire simulate \
                 net.toml runs it",
            ),
            ("notes.txt", "this is a file, but the folder of a run was expected"),
        ] {
            assert_eq!(sandbox.fails(1, &[command, file]), format!("{file}: {hint}"));
        }
    }
    let message = sandbox.fails(1, &["train", "tiny.toml", "--out", "notes.txt"]);
    assert!(message.contains("but the folder of a new run was expected"), "{message}");
    for (file, what) in [
        ("runs/tiny-1", "the folder of a run"),
        ("runs", "a folder"),
        ("copied.safetensors", "a checkpoint"),
        ("tiny.toml", "a configuration file"),
    ] {
        let message = sandbox.fails(2, &["train", "tiny.toml", "--data", file]);
        assert_eq!(
            message,
            format!(
                "{file}: this is {what}, but a file of spike recordings was expected, or a folder \
                 of spike logs with their labels.csv"
            )
        );
    }
    for file in ["made.h5", "tiny.toml"] {
        let message = sandbox.fails(1, &["train", "tiny.toml", "--from", file]);
        assert!(message.contains("the folder of a run or a checkpoint was expected"), "{message}");
    }
    let message = sandbox.fails(2, &["train", "tiny.tom"]);
    assert!(message.contains("there is no such file or recipe"), "{message}");
    let message = sandbox.fails(2, &["info", "shd-delays"]);
    assert!(message.contains("recipe") && message.contains("shd-delays"), "{message}");
    let message = sandbox.fails(2, &["simulate", "shd-delays"]);
    assert!(message.contains("needs spike recordings"), "{message}");
    let message = sandbox.fails(2, &["bench", "runs/tiny-1"]);
    assert!(message.ends_with("synfire bench runs/tiny-1/config.toml"), "{message}");
    let message = sandbox.fails(1, &["info", "runs/tiny-1/config.toml"]);
    assert!(message.contains("the configuration of the run runs/tiny-1"), "{message}");
    // What only lies in a run's folder is what it is.
    std::fs::copy(sandbox.path("made.h5"), sandbox.path("runs/tiny-1/mine.h5")).unwrap();
    sandbox.ok(&["info", "runs/tiny-1/mine.h5"]);
    std::fs::copy(sandbox.path("made.h5"), sandbox.path("-w.h5")).unwrap();
    sandbox.ok(&["info", "--", "-w.h5"]);
    sandbox.write("empty.toml", "# nothing\n");
    let message = sandbox.fails(2, &["train", "empty.toml"]);
    assert!(message.starts_with("empty.toml: this file sets nothing"), "{message}");
}
