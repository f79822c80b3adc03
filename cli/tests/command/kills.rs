//! `kill -9` at any moment: nothing is lost, nothing is left after the next command, and what is
//! done again has the same bits.
//!
//! A few moments of each command are tried with the other tests; two hundred of each by
//!
//! ```text
//! cargo test -p synfire-cli --test command -- --ignored --nocapture two_hundred
//! ```

use crate::sandbox::Sandbox;
use std::fs;
use std::time::{Duration, Instant};

const FEW: u32 = 6;
const MANY: u32 = 200;

/// What came of killing a command at many moments.
#[derive(Debug, Default)]
struct Tally {
    /// It was over before the signal came.
    finished: u32,
    /// Temporary files that were there right after the kill.
    leftovers: u32,
    /// Nothing had been written yet.
    before: u32,
}

/// Runs a command and kills it at each of `points` moments of the time that it takes; `next`
/// is then told the moment and whether the command was over before.
fn kill_at(
    sandbox: &Sandbox,
    points: u32,
    arguments: impl Fn(u32) -> Vec<String>,
    mut next: impl FnMut(u32, bool, &mut Tally),
) -> Tally {
    let started = Instant::now();
    sandbox.ok(&arguments(points).iter().map(String::as_str).collect::<Vec<_>>());
    let lasts = started.elapsed();
    let mut tally = Tally::default();
    for point in 0..points {
        let words = arguments(point);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut child = sandbox.spawn(&words);
        std::thread::sleep(lasts * point / points + Duration::from_micros(137 * u64::from(point)));
        child.kill().unwrap();
        let finished = child.wait().unwrap().success();
        tally.finished += u32::from(finished);
        tally.leftovers += leftovers(sandbox);
        next(point, finished, &mut tally);
    }
    tally
}

/// How many temporary files lie in the sandbox.
fn leftovers(sandbox: &Sandbox) -> u32 {
    let mut folders = vec![sandbox.path(".")];
    let mut found = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            found += u32::from(path.extension().is_some_and(|ending| ending == "tmp"));
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn kill_train(points: u32) -> Tally {
    let sandbox = Sandbox::new();
    let kept = ["--set", "training.checkpoints.best=2"];
    sandbox.train("whole", &kept);
    let arguments = |point: u32| {
        let folder = format!("run-{point}");
        let begin = ["train", "tiny.toml", "--quiet", "--out", &folder];
        owned(&[&begin[..], &kept].concat())
    };
    let files = |run: &str| {
        let mut names: Vec<_> = ["", "checkpoints", "plots", "spikes"]
            .into_iter()
            .flat_map(|part| fs::read_dir(sandbox.path(run).join(part)).unwrap())
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    kill_at(&sandbox, points, arguments, |point, finished, tally| {
        let folder = format!("run-{point}");
        if !sandbox.path(&folder).join("config.toml").exists() {
            // Not begun: the same command begins it.
            tally.before += 1;
            sandbox.train(&folder, &kept);
        } else if !finished && !sandbox.path(&folder).join("result.json").exists() {
            // Again and again, as a queue does that kills for its time limit.
            let mut child = sandbox.spawn(&["train", "--resume", &folder, "--quiet"]);
            std::thread::sleep(Duration::from_millis(u64::from(point % 50)));
            child.kill().unwrap();
            child.wait().unwrap();
            if !sandbox.path(&folder).join("result.json").exists() {
                sandbox.ok(&["train", "--resume", &folder, "--quiet"]);
            }
        }
        sandbox.assert_same_run("whole", &folder);
        // A run killed while its figures were drawn has a result; they are drawn on demand.
        sandbox.ok(&["plot", &folder]);
        let left: Vec<_> =
            files(&folder).into_iter().filter(|name| name != ".synfire-lock").collect();
        assert_eq!(left, files("whole"), "{folder}");
        fs::remove_dir_all(sandbox.path(&folder)).unwrap();
    })
}

fn kill_evaluate(points: u32) -> Tally {
    let sandbox = Sandbox::new();
    // From an archive, which is unpacked into the cache.
    sandbox.ok(&[
        "data",
        "synth",
        "made.h5",
        "--set",
        "classes=3",
        "--set",
        "neurons=8",
        "--set",
        "samples_per_class=400",
    ]);
    let zipped = std::process::Command::new("gzip").arg("-k").arg(sandbox.path("made.h5")).status();
    assert!(zipped.unwrap().success());
    let data = ["--data", "made.h5.gz", "--set", "data.source.channels=8"];
    sandbox.train("run", &[&data[..], &["--epochs", "1"]].concat());
    let expected = sandbox.ok(&["evaluate", "run", "--json"]);
    let arguments = |_| {
        let _ = fs::remove_dir_all(sandbox.path("cache"));
        owned(&["evaluate", "run", "--json"])
    };
    kill_at(&sandbox, points, arguments, |_, _, _| {
        assert_eq!(sandbox.ok(&["evaluate", "run", "--json"]), expected);
        assert_eq!(leftovers(&sandbox), 0);
        assert_eq!(fs::read_dir(sandbox.path("cache")).unwrap().count(), 2);
    })
}

fn kill_simulate(points: u32) -> Tally {
    let sandbox = Sandbox::new();
    sandbox.train("run", &["--epochs", "1"]);
    let simulate = ["simulate", "run", "--record", "spikes,v", "--overwrite", "--out"];
    sandbox.ok(&[&simulate[..], &["whole"]].concat());
    let arguments = |point: u32| {
        let folder = format!("sim-{point}");
        owned(&[&simulate[..], &[&folder]].concat())
    };
    let files = |folder: &str| {
        let mut files: Vec<_> = fs::read_dir(sandbox.path(folder))
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap()))
            .collect();
        files.sort();
        files
    };
    let whole = files("whole");
    kill_at(&sandbox, points, arguments, |point, _, tally| {
        let folder = format!("sim-{point}");
        let there = files(&folder);
        tally.before += u32::from(there.is_empty());
        for (name, bytes) in there {
            let known = whole.iter().find(|(other, _)| *other == name);
            if let Some((_, expected)) = known {
                assert!(*expected == bytes, "{folder}: {name:?} is there, but not whole");
            }
        }
        sandbox.ok(&[&simulate[..], &[&folder]].concat());
        assert!(files(&folder) == whole, "{folder}");
        fs::remove_dir_all(sandbox.path(&folder)).unwrap();
    })
}

fn kill_synth(points: u32) -> Tally {
    let sandbox = Sandbox::new();
    let synth = |seed| {
        owned(&[
            "data",
            "synth",
            "made.h5",
            "--overwrite",
            "--seed",
            seed,
            "--set",
            "samples_per_class=50",
        ])
    };
    let run = |seed| {
        let words = synth(seed);
        sandbox.ok(&words.iter().map(String::as_str).collect::<Vec<_>>());
        sandbox.read("made.h5")
    };
    let (earlier, whole) = (run("1"), run("2"));
    sandbox.write("made.h5", &earlier);
    kill_at(
        &sandbox,
        points,
        |_| synth("2"),
        |_, finished, tally| {
            // The earlier file or the new one, never half of it, and never none.
            let found = sandbox.read("made.h5");
            assert!(found == whole || !finished && found == earlier);
            tally.before += u32::from(found == earlier);
            assert!(run("2") == whole);
            assert_eq!(fs::read_dir(sandbox.path(".")).unwrap().count(), 2, "and tiny.toml");
            sandbox.write("made.h5", &earlier);
        },
    )
}

#[test]
fn a_killed_train_goes_on_with_the_same_bits() {
    kill_train(FEW);
}

#[test]
fn a_killed_evaluate_leaves_nothing_behind() {
    kill_evaluate(FEW);
}

#[test]
fn a_killed_simulate_leaves_whole_files_or_none() {
    kill_simulate(FEW);
}

#[test]
fn a_killed_synth_leaves_the_earlier_file() {
    kill_synth(FEW);
}

#[test]
#[ignore = "minutes; for a person who changed how files are written"]
fn two_hundred_moments_of_each_command() {
    for (command, kill) in [
        ("train", kill_train as fn(u32) -> Tally),
        ("evaluate", kill_evaluate),
        ("simulate", kill_simulate),
        ("data synth", kill_synth),
    ] {
        println!("{command}: {MANY} moments, {:?}", kill(MANY));
    }
}
