//! What protections report of the subspaces that they keep.

/// The subspace of one projection in one task.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SubspaceReport {
    /// The task, counted from 0.
    pub task: usize,
    /// Name of the projection.
    pub projection: String,
    /// Directions that the task added.
    pub rows: usize,
    /// Share of the second moment of the task's samples along all directions that are kept, at the
    /// end of the task; `None` before.
    pub explained: Option<f32>,
    /// Share of the second moment of each batch that all directions left outside, before they
    /// learned from the batch; empty for protections that do not learn from batches.
    pub residuals: Vec<f32>,
}

/// What a protection keeps of tasks that have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stored {
    /// Directions of presynaptic activity, over all projections.
    pub rows: usize,
    /// Training samples.
    pub samples: usize,
    /// Numbers in all that is kept.
    pub numbers: usize,
}
