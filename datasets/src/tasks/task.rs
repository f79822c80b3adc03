//! One task of a sequence.

use std::ops::Range;
use std::sync::Arc;

use sim_core::SampleSource;

/// Samples that are learned together, and the outputs that stand for their classes. All sources
/// have the channels and the outputs of the whole network; the label of a sample is an output.
#[derive(Debug, Clone)]
pub struct Task {
    /// What tables and figures call it; no other task of the sequence has the same name.
    pub name: String,
    /// Samples to train on, at least one.
    pub train: Arc<dyn SampleSource>,
    /// Samples that were held out of those to train on; there may be none.
    pub validation: Arc<dyn SampleSource>,
    /// Samples to test on, at least one.
    pub test: Arc<dyn SampleSource>,
    /// The outputs that stand for the classes of this task, at least two.
    pub outputs: Range<usize>,
}
