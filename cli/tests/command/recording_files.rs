//! Files of recordings as people have them: packed, linked, in other encodings, damaged.

use crate::sandbox::Sandbox;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use synfire::datasets::{NewSample, SpikeRecordings, TimeType};

/// A file that h5py wrote; `make_h5py_files.py` beside it says how.
fn h5py(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../datasets/tests/reading/files");
    folder.join(name)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it is text")
}

/// The lines of stderr of a command that works.
fn notes(output: &Output) -> Vec<String> {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stderr).lines().map(String::from).collect()
}

const SHAPE: [&str; 6] =
    ["--set", "samples_per_class=4", "--set", "classes=3", "--set", "neurons=8"];

fn synth(sandbox: &Sandbox, name: &str) -> String {
    sandbox.ok(&[&["data", "synth", name][..], &SHAPE].concat())
}

#[test]
fn made_files_are_packed_as_their_names_say() {
    let sandbox = Sandbox::new();
    for (name, packed) in [("made.h5.gz", true), ("OTHER.H5.GZ", true), ("plain.H5", false)] {
        synth(&sandbox, name);
        assert_eq!(sandbox.read(name).starts_with(&[0x1f, 0x8b]), packed, "{name}");
        assert!(sandbox.ok(&["data", "check", name, "--channels", "8"]).contains("12 samples"));
    }
    for (name, ending) in
        [("a.zip", ".zip"), ("a.h5.bz2", ".bz2"), ("a.npz", ".npz"), ("a.csv", ".csv")]
    {
        let message = sandbox.fails(1, &["data", "synth", name]);
        assert!(
            message.starts_with(&format!("{name}: recordings are not written as {ending}")),
            "{message}"
        );
        assert!(!sandbox.path(name).exists());
    }
}

#[test]
fn gzip_is_taken_as_gzip_takes_it() {
    let sandbox = Sandbox::new();
    synth(&sandbox, "made.h5.gz");
    let good = sandbox.read("made.h5.gz");
    sandbox.write("zeros.h5.gz", [&good[..], &[0; 4096]].concat());
    sandbox.write("no ending", &good);
    for name in ["zeros.h5.gz", "no ending"] {
        assert!(sandbox.ok(&["data", "info", name, "--channels", "8"]).contains("samples     12"));
    }
    sandbox.write("more.h5.gz", [&good[..], b"more"].concat());
    let more = sandbox.fails(1, &["data", "info", "more.h5.gz"]);
    assert!(
        more.starts_with("more.h5.gz: ") && more.contains("`gzip -dc` leaves them out"),
        "{more}"
    );
    sandbox.write("short.h5.gz", &good[..good.len() - 1]);
    let short = sandbox.fails(1, &["data", "info", "short.h5.gz"]);
    assert!(short.starts_with("short.h5.gz: the archive is damaged or cut short"), "{short}");
}

#[test]
fn what_h5py_writes_is_read_and_guesses_are_said_once() {
    let sandbox = Sandbox::new();
    for name in
        ["h5py_lzf.h5", "h5py_links.h5", "h5py_cut_block.h5", "h5py_raw.h5", "h5py_booleans.h5"]
    {
        let output = sandbox.run(&["data", "info", h5py(name).to_str().unwrap()]);
        assert_eq!(notes(&output), [""; 0], "{name}");
    }
    let latin1 = h5py("h5py_latin1.h5");
    let output = sandbox.run(&["data", "info", latin1.to_str().unwrap()]);
    let lines = notes(&output);
    assert_eq!(lines.len(), 3, "{lines:?}");
    for (line, dataset) in
        lines.iter().zip(["extra/keys", "extra/meta_info/name", "extra/meta_info/other"])
    {
        assert!(line.starts_with(&format!("{}: {dataset}: ", latin1.display())), "{line}");
    }
    assert!(text(&output.stdout).contains("wörter 0: 1"), "{}", text(&output.stdout));
}

#[test]
fn what_is_not_read_is_named_and_not_called_damaged() {
    let sandbox = Sandbox::new();
    let mut bytes = fs::read(h5py("h5py_lzf.h5")).unwrap();
    for at in 8..bytes.len() - 4 {
        if &bytes[at..at + 4] == b"lzf\0" {
            bytes[at - 8..at - 6].copy_from_slice(&32_001u16.to_le_bytes());
        }
    }
    sandbox.write("blosc.h5", &bytes);
    fs::copy(h5py("h5py_links.h5"), sandbox.path("links.h5")).unwrap();
    fs::copy(h5py("h5py_raw.h5"), sandbox.path("raw.h5")).unwrap();
    fs::copy(h5py("h5py_virtual.h5"), sandbox.path("virtual.h5")).unwrap();
    for (name, expected) in [
        (
            "blosc.h5",
            "spikes/times: is packed with HDF5 filter 32001 (Blosc), which is not read here; the \
             file is not damaged, and `h5repack",
        ),
        (
            "links.h5",
            "extra/speaker: is behind an external link to extra in h5py_lzf.h5, but there is no \
             file h5py_lzf.h5",
        ),
        ("raw.h5", "labels: its values are in another file, but there is no file h5py_raw.raw"),
        ("virtual.h5", "labels: is a virtual dataset"),
    ] {
        for command in ["info", "check"] {
            let message = sandbox.fails(1, &["data", command, name]);
            assert!(message.starts_with(&format!("{name}: {expected}")), "{message}");
            assert!(!message.contains("may be damaged"), "{message}");
        }
    }
}

#[test]
fn a_cache_that_cannot_be_used_is_named_with_the_way_out() {
    let sandbox = Sandbox::new();
    synth(&sandbox, "made.h5.gz");
    let way_out = "set SYNFIRE_CACHE to a folder that can be written";
    // A file where the folder should be: refused for every user, root too.
    for (set, named) in [
        (
            &[("SYNFIRE_CACHE", "tiny.toml/cache")][..],
            "tiny.toml/cache (named by SYNFIRE_CACHE) cannot be made",
        ),
        (
            &[("XDG_CACHE_HOME", "tiny.toml")],
            "tiny.toml/synfire (in XDG_CACHE_HOME) cannot be made",
        ),
        (&[("HOME", "tiny.toml")], "tiny.toml/.cache/synfire (in the home folder) cannot be made"),
    ] {
        let mut command = sandbox.command(&["data", "info", "made.h5.gz", "--channels", "8"]);
        command.env_remove("SYNFIRE_CACHE").env_remove("XDG_CACHE_HOME").envs(set.iter().copied());
        let output = command.output().unwrap();
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(
            stderr.starts_with("synfire: error: made.h5.gz: an archive is unpacked"),
            "{stderr}"
        );
        assert!(stderr.contains(named) && stderr.contains(way_out), "{stderr}");
    }
}

/// A file of samples with these spikes and labels.
fn file(sandbox: &Sandbox, name: &str, samples: &[(&[f64], u16)]) {
    let samples = samples.iter().map(|(seconds, label)| NewSample {
        seconds: seconds.to_vec(),
        units: vec![1; seconds.len()],
        label: *label,
    });
    let recordings =
        SpikeRecordings::from_samples("made", 8, 2, TimeType::Float64, samples).unwrap();
    recordings.write(sandbox.path(name)).unwrap();
}

#[test]
fn a_check_exits_0_for_sound_files_and_1_on_the_first_fault() {
    let sandbox = Sandbox::new();
    let some: [(&[f64], u16); 4] = [(&[0.1], 0), (&[0.2], 1), (&[0.3], 0), (&[0.4], 1)];
    file(&sandbox, "sound.h5", &some);
    let output = sandbox.run(&["data", "check", "sound.h5"]);
    assert_eq!(notes(&output), [""; 0]);
    let line = text(&output.stdout);
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(
        line.starts_with("sound.h5: sound: 4 samples of 2 classes, 4 spikes on 1 channel, "),
        "{line}"
    );

    file(&sandbox, "silent.h5", &[(&[], 0), (&[], 1)]);
    file(&sandbox, "empty.h5", &[]);
    sandbox.write("noise.h5", "noise");
    for (arguments, expected) in [
        (&["silent.h5"][..], "silent.h5: spikes/times: none of the 2 samples holds a spike"),
        (&["empty.h5"], "empty.h5: there are no samples in it"),
        (&["noise.h5"], "noise.h5: this is not an HDF5 file"),
        (&["missing.h5"], "missing.h5: cannot open the file: "),
        (&["sound.h5", "--classes", "1"], "sound.h5: labels, sample 1: label 1, but"),
        (
            &["sound.h5", "--channels", "1"],
            "sound.h5: spikes/units, sample 0, spike 0: unit 1, but",
        ),
    ] {
        let message = sandbox.fails(1, &[&["data", "check"][..], arguments].concat());
        assert!(message.starts_with(expected), "{message}");
        let output = sandbox.run(&[&["data", "check", "--json"][..], arguments].concat());
        assert_eq!(output.status.code(), Some(1));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["sound"], false);
        assert!(report["fault"].as_str().unwrap().starts_with(expected), "{report}");
    }
}

#[test]
fn a_check_prints_warnings_and_takes_them_for_faults_when_strict() {
    let sandbox = Sandbox::new();
    file(&sandbox, "doubtful.h5", &[(&[0.1], 0), (&[], 0), (&[0.1], 1), (&[0.2], 1)]);
    let output = sandbox.run(&["data", "check", "doubtful.h5"]);
    let warnings = notes(&output);
    let expected = [
        "spikes/times: samples without a spike: 1 of 4, the first is sample 1",
        "spikes: copies of earlier samples: 1 of 4, the first is sample 2 of sample 0",
        "labels: copies with another label than the original: 1, the first is sample 2 of sample 0",
    ];
    let expected = expected.map(|text| format!("synfire: warning: doubtful.h5: {text}"));
    assert_eq!(warnings, expected);
    assert!(text(&output.stdout).starts_with("doubtful.h5: sound: 4 samples"));
    let output = sandbox.run(&["data", "check", "doubtful.h5", "--strict"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr)
            .contains("synfire: error: doubtful.h5: spikes/times: samples without a spike: 1 of 4")
    );
    let json = sandbox.ok(&["data", "check", "doubtful.h5", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&report["sound"], report["warnings"].as_array().unwrap().len()), (&true.into(), 3));
    assert_eq!(report["summary"]["samples"], 4);
}
