//! A command that is still going on: its lines, and signals to it.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStderr, Command, Stdio};

pub struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
    seen: Vec<String>,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        Self { child, lines, seen: Vec::new() }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line on stderr that begins like this.
    pub fn wait_for(&mut self, beginning: &str) {
        for line in self.lines.by_ref() {
            let line = line.expect("stderr is text");
            let is_it = line.starts_with(beginning);
            self.seen.push(line);
            if is_it {
                return;
            }
        }
        panic!("no {beginning:?}: {:?}", self.seen);
    }

    /// Waits until the program listens for Ctrl-C, which the system tells.
    #[cfg(target_os = "linux")]
    pub fn wait_until_it_listens(&self) {
        let listens = || {
            let status =
                std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap_or_default();
            let caught = status.lines().find_map(|line| {
                u64::from_str_radix(line.strip_prefix("SigCgt:")?.trim(), 16).ok()
            });
            caught.is_some_and(|caught| caught & 1 << 1 != 0)
        };
        while !listens() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }

    /// Sends a signal, e.g. `-INT`.
    pub fn send(&self, signal: &str) {
        let kill = Command::new("kill").args([signal, &self.id().to_string()]).output();
        kill.expect("there is a command kill");
    }

    /// Waits for the end; gives the exit code, none where a signal ended it, and all lines.
    pub fn wait(mut self) -> (Option<i32>, Vec<String>) {
        let mut lines = std::mem::take(&mut self.seen);
        lines.extend(self.lines.by_ref().map(|line| line.expect("stderr is text")));
        let status = self.child.wait().expect("it was started");
        (status.code(), lines)
    }

    /// Sends a signal and waits for the end.
    pub fn end(self, signal: &str) -> (Option<i32>, Vec<String>) {
        self.send(signal);
        self.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
