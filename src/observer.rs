//! What a run reports while it goes on, and to whom.

use crate::metrics::EpochMetrics;
use plasticity::Progress;
use std::ops::ControlFlow;

/// What a run reports.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A line for people, which `log.txt` receives, too.
    Line(&'a str),
    /// A training step is done.
    Step {
        /// Where the epoch stands.
        progress: &'a Progress,
        /// How many epochs there will be at most.
        epochs: usize,
    },
    /// A training step of a task is done.
    TaskStep {
        /// The task, counted from 0.
        task: usize,
        /// Where its epoch stands.
        progress: &'a Progress,
        /// How many epochs the task has.
        epochs: usize,
    },
    /// An epoch is trained, validated and saved.
    Epoch(&'a EpochMetrics),
}

/// Hears how a run goes on, and can stop it. A closure that takes an [`Event`] is an observer.
pub trait Observer: Send {
    /// Hears of an event. `Break` stops the run as soon as its state is saved, after a step as well
    /// as after an epoch, even the last one; the run can then be resumed. A break after the result
    /// is announced is ignored, since nothing is left to stop.
    fn observe(&mut self, event: Event<'_>) -> ControlFlow<()>;
}

impl<F: FnMut(Event<'_>) -> ControlFlow<()> + Send> Observer for F {
    fn observe(&mut self, event: Event<'_>) -> ControlFlow<()> {
        self(event)
    }
}

/// Hears nothing and never stops a run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn observe(&mut self, _event: Event<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
