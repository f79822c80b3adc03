//! How a run shows itself while it trains: a bar on a terminal, plain lines elsewhere, nothing when
//! asked to be quiet.

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

impl Display {
    /// What suits where stderr goes.
    pub fn new(quiet: bool) -> Self {
        if quiet {
            return Self::Quiet;
        }
        if !std::io::stderr().is_terminal() {
            return Self::Lines;
        }
        let template = if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
            "{prefix} [{wide_bar}] {msg}, {eta} left"
        } else {
            "{prefix} [{wide_bar:.cyan}] {msg}, {eta} left"
        };
        let style = ProgressStyle::with_template(template)
            .expect("the template is constant")
            .progress_chars("=> ");
        Self::Bar(
            ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr()).with_style(style),
        )
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

    fn step(&self, progress: &Progress, epochs: usize) {
        let Self::Bar(bar) = self else { return };
        let prefix = format!("epoch {:>3}/{epochs}", progress.epoch + 1);
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
            "{:.0} samples/s, loss {loss:.3}, train {accuracy:.1} %",
            bar.per_sec()
        ));
        if progress.samples_done == progress.samples_total {
            bar.set_message(format!("loss {loss:.3}, train {accuracy:.1} %, validating"));
        }
    }
}

impl Observer for Display {
    fn observe(&mut self, event: Event<'_>) -> ControlFlow<()> {
        match event {
            Event::Line(text) => self.line(text),
            Event::Step { progress, epochs } => self.step(progress, epochs),
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
