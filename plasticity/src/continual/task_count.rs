//! Which tasks have begun and ended.

use crate::continual::saved_state::{Restored, SavedState};
use crate::protection::TaskEnd;
use sim_core::{Error, Result};

/// Counts tasks, which begin and end in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TaskCount {
    begun: usize,
    ended: usize,
}

impl TaskCount {
    /// Tasks that have begun.
    pub fn begun(self) -> usize {
        self.begun
    }

    /// Tasks that have ended.
    pub fn ended(self) -> usize {
        self.ended
    }

    /// Whether a task has begun that has not ended.
    pub fn is_under_way(self) -> bool {
        self.begun > self.ended
    }

    /// Checks that a task can begin now.
    ///
    /// # Errors
    /// [`Error::Network`] for a task out of order.
    pub fn check_begin(self, task: usize) -> Result<()> {
        if self.is_under_way() {
            let now = self.ended;
            return Err(Error::Network(format!(
                "task {task} begins, but task {now} has not ended"
            )));
        }
        if task != self.begun {
            let next = self.begun;
            return Err(Error::Network(format!("task {task} begins, but task {next} is next")));
        }
        Ok(())
    }

    /// A task begins.
    pub fn begin(&mut self) {
        self.begun += 1;
    }

    /// Checks that a task can end now, and that there are samples of it.
    ///
    /// # Errors
    /// [`Error::Network`] otherwise.
    pub fn check_end(self, task: &TaskEnd) -> Result<()> {
        if !self.is_under_way() {
            return Err(Error::Network("a task ends that has not begun".into()));
        }
        if task.frames.is_empty() {
            let problem = format!("task {} ends without a sample to learn from", self.ended);
            return Err(Error::Network(problem));
        }
        Ok(())
    }

    /// The task ends.
    pub fn end(&mut self) {
        self.ended += 1;
    }

    /// Adds both numbers to a state, as `tasks`.
    pub fn save(self, state: &mut SavedState) {
        state.put("tasks".into(), vec![self.begun as f32, self.ended as f32]);
    }

    /// The numbers that [`save`](Self::save) added.
    ///
    /// # Errors
    /// A sentence that says what is wrong with them.
    pub fn restored(state: &mut SavedState) -> Restored<Self> {
        match state.counts("tasks")?[..] {
            [begun, ended] if begun == ended || begun == ended + 1 => Ok(Self { begun, ended }),
            _ => Err("the state tasks of the protection holds no number of tasks".into()),
        }
    }
}
