//! How a command shows that it works. A run that trains: a bar on a terminal, plain lines
//! elsewhere, nothing when asked to be quiet.

use crate::{interrupt, output};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::ops::ControlFlow;
use synfire::plasticity::Progress;
use synfire::{Event, Observer};

/// Watches a training run for the person at the keyboard.
pub enum Display {
    /// A bar for the epoch at hand beneath the lines of the finished ones.
    Bar(ProgressBar),
    /// Lines only.
    Lines,
    /// Nothing.
    Quiet,
}

/// A bar for `count` samples, where stderr is a terminal and stdout, whose lines tell as much, is
/// not.
pub fn samples(count: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() || std::io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    bar(count, "{pos} of {len} samples")
}

/// A bar for `count` things on stderr, with what stands before it.
fn bar(count: usize, before: &str) -> ProgressBar {
    let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let bar = if is_plain { "{wide_bar}" } else { "{wide_bar:.cyan}" };
    let style = ProgressStyle::with_template(&format!("{before} [{bar}] {{msg}}{{eta}} left"))
        .expect("the template is valid")
        .progress_chars("=> ");
    let target = ProgressDrawTarget::stderr();
    ProgressBar::with_draw_target(Some(count as u64), target).with_style(style)
}

impl Display {
    /// What suits where stderr goes.
    pub fn new(quiet: bool) -> Self {
        if quiet {
            return Self::Quiet;
        }
        if !std::io::stderr().is_terminal() {
            return Self::Lines;
        }
        Self::Bar(bar(0, "{prefix}"))
    }
}

impl Display {
    fn line(&self, text: &str) {
        match self {
            Self::Bar(bar) => {
                // A line ends an epoch; the next step brings the bar back.
                bar.finish_and_clear();
                output::say(text);
            }
            Self::Lines => output::say(text),
            Self::Quiet => {}
        }
    }

    fn step(&self, progress: &Progress, epochs: usize, before: &str) {
        let Self::Bar(bar) = self else { return };
        let prefix = format!("{before}epoch {:>3}/{epochs}", progress.epoch + 1);
        if bar.prefix() != prefix || bar.is_finished() {
            bar.set_message("");
            bar.reset();
            bar.set_length(progress.samples_total as u64);
            bar.set_prefix(prefix);
            // Of a resumed epoch, this run has not done the first part.
            bar.set_position(progress.samples_done as u64);
            bar.reset_eta();
        }
        bar.set_position(progress.samples_done as u64);
        let (loss, accuracy) = (progress.loss, 100.0 * progress.accuracy);
        bar.set_message(format!(
            "{:.0} samples/s, loss {loss:.3}, train {accuracy:.1} %, ",
            bar.per_sec()
        ));
        if progress.samples_done == progress.samples_total {
            bar.set_message(format!("loss {loss:.3}, train {accuracy:.1} %, validating, "));
        }
    }
}

impl Observer for Display {
    fn observe(&mut self, event: Event<'_>) -> ControlFlow<()> {
        match event {
            Event::Line(text) => self.line(text),
            Event::Step { progress, epochs } => self.step(progress, epochs, ""),
            Event::TaskStep { task, progress, epochs } => {
                self.step(progress, epochs, &format!("task {:>2}, ", task + 1));
            }
            _ => {}
        }
        if interrupt::asked().is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
