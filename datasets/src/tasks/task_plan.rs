//! A task as settings describe it, before its samples are chosen.

use std::path::PathBuf;

use crate::tasks::pixel_order::PixelOrder;

/// Which images a task has, and how their pixels are ordered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TaskPlan {
    /// What tables and figures call it.
    pub name: String,
    /// The folder of its images; none takes those of the sequence.
    pub data: Option<PathBuf>,
    /// Its classes, in the order of their outputs; none takes all, ascending.
    pub classes: Option<Vec<usize>>,
    /// The order of its pixels; none shows images as they are.
    pub order: Option<PixelOrder>,
}
