//! A loss with the classes of the samples of a batch.

use crate::gradient::loss::Loss;
use sim_core::{Objective, Readout, SampleLoss};

/// What a batch of labelled samples minimises: [`sim_core::Batch`] takes it as its objective.
#[derive(Debug, Clone, Copy)]
pub struct Labelled<'a> {
    /// The loss of each sample.
    pub loss: &'a dyn Loss,
    /// The class of each sample, in the order of the batch.
    pub labels: &'a [usize],
}

impl Objective for Labelled<'_> {
    /// # Panics
    /// If there is no label for the sample.
    fn evaluate(
        &self,
        slot: usize,
        readout: Readout<'_>,
        gradient: Option<(&mut [f32], f64)>,
        memory: &mut Vec<f64>,
    ) -> SampleLoss {
        self.loss.evaluate(readout, self.labels[slot], gradient, memory)
    }
}
