//! Which outputs of a network stand for the classes of a task.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Whether tasks share the outputs of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heads {
    /// All tasks share the outputs, of which there are as many as the largest task has classes. The
    /// class that a task lists at place `k`, from 0, is output `k`. A test needs not be told the
    /// task.
    #[default]
    Shared,
    /// Each task has outputs of its own, behind those of the tasks before it.
    PerTask,
}

impl Heads {
    /// The outputs of each task, of which `classes` gives the number of classes, and the number of
    /// all outputs.
    pub fn outputs(self, classes: &[usize]) -> (Vec<Range<usize>>, usize) {
        match self {
            Self::Shared => {
                let outputs = classes.iter().map(|&classes| 0..classes).collect();
                (outputs, classes.iter().copied().max().unwrap_or(0))
            }
            Self::PerTask => {
                let mut all = 0;
                let own = classes.iter().map(|&classes| {
                    let first = all;
                    all += classes;
                    first..all
                });
                (own.collect(), all)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_shared_or_follow_each_other() {
        assert_eq!(Heads::Shared.outputs(&[2, 4, 3]), (vec![0..2, 0..4, 0..3], 4));
        assert_eq!(Heads::PerTask.outputs(&[2, 4, 3]), (vec![0..2, 2..6, 6..9], 9));
        assert_eq!(Heads::Shared.outputs(&[]), (vec![], 0));
    }
}
