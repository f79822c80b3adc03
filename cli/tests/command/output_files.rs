//! Files that are there already.

use crate::sandbox::Sandbox;
use std::fs;

const SHAPE: [&str; 6] =
    ["--set", "classes=3", "--set", "neurons=8", "--set", "samples_per_class=4"];

fn synth(arguments: &[&'static str]) -> Vec<&'static str> {
    [&["data", "synth"][..], arguments, &SHAPE].concat()
}

#[test]
fn data_synth_replaces_nothing_without_being_asked() {
    let sandbox = Sandbox::new();
    sandbox.ok(&synth(&["made.h5"]));
    let first = sandbox.read("made.h5");
    sandbox.write("notes.h5", "not even recordings");
    sandbox.write("empty.h5", "");
    for file in ["made.h5", "notes.h5", "empty.h5"] {
        let before = sandbox.read(file);
        let message = sandbox.fails(1, &synth(&[file, "--seed", "7"]));
        assert!(
            message.starts_with(&format!("{file}: this file exists already"))
                && message.contains("--overwrite"),
            "{message}"
        );
        assert_eq!(sandbox.read(file), before);
    }
    sandbox.ok(&synth(&["made.h5", "--overwrite", "--seed", "7"]));
    assert_ne!(sandbox.read("made.h5"), first);
    sandbox.ok(&synth(&["new.h5", "--overwrite"]));
    assert_eq!(sandbox.read("new.h5"), first);
    // Without doing the work first.
    fs::create_dir(sandbox.path("folder.h5")).unwrap();
    for (file, problem) in
        [("folder.h5", "this is a folder"), ("missing/made.h5", "there is no folder missing")]
    {
        assert!(sandbox.fails(1, &synth(&[file])).contains(problem));
    }
}

#[cfg(unix)]
#[test]
fn a_link_counts_as_the_file_it_leads_to() {
    let sandbox = Sandbox::new();
    sandbox.write("mine.h5", "mine");
    std::os::unix::fs::symlink("mine.h5", sandbox.path("link.h5")).unwrap();
    sandbox.fails(1, &synth(&["link.h5"]));
    assert_eq!(sandbox.text("mine.h5"), "mine");
    sandbox.ok(&synth(&["link.h5", "--overwrite"]));
    assert!(sandbox.read("mine.h5").starts_with(b"\x89HDF"));
}

#[test]
fn simulate_replaces_none_of_its_files_without_being_asked() {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--epochs", "1"]);
    let both = ["simulate", "run", "--sample", "3", "--record", "spikes,v", "--out", "sim"];
    for taken in ["sample-3.spikes.h5", "sample-3.spikes.csv", "sample-3.v.h5"] {
        fs::create_dir_all(sandbox.path("sim")).unwrap();
        sandbox.write(&format!("sim/{taken}"), "mine");
        let message = sandbox.fails(1, &both);
        assert!(
            message.starts_with(&format!("sim/{taken}: this file exists already"))
                && message.contains("--overwrite"),
            "{message}"
        );
        assert_eq!(sandbox.text(format!("sim/{taken}")), "mine");
        assert_eq!(fs::read_dir(sandbox.path("sim")).unwrap().count(), 1);
        sandbox.ok(&[&both[..], &["--overwrite"]].concat());
        assert_ne!(sandbox.read(format!("sim/{taken}")), b"mine");
        fs::remove_dir_all(sandbox.path("sim")).unwrap();
    }
    // Other names are no matter, and the run's own folder is as any other.
    sandbox.ok(&["simulate", "run", "--sample", "3"]);
    sandbox.ok(&["simulate", "run", "--sample", "4"]);
    let message = sandbox.fails(1, &["simulate", "run", "--sample", "3"]);
    assert!(message.starts_with("run/spikes/sample-3.spikes.h5: "), "{message}");
    sandbox.ok(&["simulate", "run", "--sample", "3", "--overwrite"]);
}
