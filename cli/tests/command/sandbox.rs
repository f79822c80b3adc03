//! A temporary folder in which the command runs.

#[cfg(unix)]
use crate::running::Running;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// An experiment of about 50 ms per epoch.
const TINY: &str = r#"
name = "tiny"
[data.source]
kind = "randman"
classes = 3
neurons = 8
samples_per_class = 20
duration_ms = 40.0
[data.binning]
dt_ms = 4.0
channel_group = 1
align = "zero"
[network]
hidden = [12]
max_delay_ms = 20.0
neuron = { model = "lif", tau_mem_ms = 8.0 }
readout = { model = "leaky_integrator", tau_mem_ms = 8.0 }
[training]
epochs = 4
batch_size = 8
dropout = 0.2
sigma = { start = 2.0, share = 0.5 }
weights = { schedule = { kind = "one_cycle", peak = 0.02 } }
delays = { schedule = { kind = "cosine", peak = 0.2 } }
"#;

pub struct Sandbox(TempDir);

impl Sandbox {
    /// A folder with `tiny.toml` in it.
    pub fn new() -> Self {
        let sandbox = Self(tempfile::tempdir().expect("a temporary folder can be made"));
        sandbox.write("tiny.toml", TINY);
        sandbox
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).expect("the sandbox can be written");
    }

    pub fn read(&self, name: impl AsRef<Path>) -> Vec<u8> {
        let path = self.path(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub fn text(&self, name: impl AsRef<Path>) -> String {
        String::from_utf8(self.read(name)).expect("the file is text")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_synfire"));
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env("SYNFIRE_CACHE", self.path("cache"))
            .env("RUST_BACKTRACE", "1");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the command starts")
    }

    /// Runs a command that must work, and gives its stdout.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("stdout is text")
    }

    /// Runs a command that must fail with `code` and one line on stderr, and gives that line.
    pub fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stderr = String::from_utf8(output.stderr).expect("stderr is text");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(
            output.stdout.is_empty(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
        let line = stderr
            .strip_prefix("synfire: error: ")
            .unwrap_or_else(|| panic!("{arguments:?}: {stderr}"));
        assert_eq!(line.lines().count(), 1, "one sentence: {line}");
        line.trim_end().to_owned()
    }

    pub fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts")
    }

    /// A command that goes on while the test does.
    #[cfg(unix)]
    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments))
    }

    /// As [`Self::start`], through another program, which is given the command's own path.
    #[cfg(unix)]
    pub fn start_through(&self, program: &[&str], arguments: &[&str]) -> Running {
        let mut command = Command::new(program[0]);
        command
            .args(&program[1..])
            .arg(env!("CARGO_BIN_EXE_synfire"))
            .args(arguments)
            .current_dir(self.0.path());
        Running::start(command)
    }

    /// `metrics.csv` of a run without the column of seconds.
    pub fn metrics(&self, run: &str) -> Vec<Vec<String>> {
        let text = self.text(format!("{run}/metrics.csv"));
        let seconds = text.lines().next().unwrap().split(',').position(|name| name == "seconds");
        let row = |line: &str| {
            line.split(',')
                .enumerate()
                .filter(|&(column, _)| Some(column) != seconds)
                .map(|(_, cell)| cell.into())
                .collect()
        };
        text.lines().map(row).collect()
    }

    /// Two finished runs that must not differ in any bit of what they learned.
    pub fn assert_same_run(&self, one: &str, other: &str) {
        for file in [
            "checkpoints/last.safetensors",
            "checkpoints/best.safetensors",
            "weights.csv",
            "delays.csv",
            "result.json",
        ] {
            let read = |run: &str| self.read(format!("{run}/{file}"));
            assert!(read(one) == read(other), "{file} of {one} and {other} differ");
        }
        assert_eq!(self.metrics(one), self.metrics(other));
    }

    /// No temporary file lies in a folder or beneath it.
    pub fn assert_no_leftovers(&self, folder: &str) {
        let mut folders = vec![self.path(folder)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("the folder is there") {
                let path = entry.expect("the folder can be read").path();
                assert!(path.extension().is_none_or(|ending| ending != "tmp"), "{path:?}");
                if path.is_dir() {
                    folders.push(path);
                }
            }
        }
    }

    /// Trains `tiny.toml` into `folder` with further arguments.
    pub fn train(&self, folder: &str, arguments: &[&str]) -> String {
        self.ok(&[&["train", "tiny.toml", "--out", folder, "--quiet"], arguments].concat())
    }
}
