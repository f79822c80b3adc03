//! The loss of a sample by a readout of one step.

use crate::lanes::LANES;
use sim_core::{Objective, Readout, SampleLoss};

/// What losses work in.
#[derive(Debug, Default)]
pub(crate) struct OneStep {
    values: Vec<f32>,
    gradient: Vec<f32>,
    memory: Vec<f64>,
}

impl OneStep {
    /// The loss of sample `slot` of the batch, whose output has these `values`. With a gradient
    /// `(error, lane, scale)`, the derivative by the values, times `scale`, is written to one lane
    /// of `error`, `[neuron][lane]`.
    pub(crate) fn loss(
        &mut self,
        objective: &dyn Objective,
        slot: usize,
        values: impl Iterator<Item = f32>,
        gradient: Option<(&mut [f32], usize, f64)>,
    ) -> SampleLoss {
        let Self { values: all, gradient: d_values, memory } = self;
        all.clear();
        all.extend(values);
        let readout = Readout { values: all, neurons: all.len(), steps: 1 };
        let Some((error, lane, scale)) = gradient else {
            return objective.evaluate(slot, readout, None, memory);
        };
        d_values.resize(all.len(), 0.0);
        let loss = objective.evaluate(slot, readout, Some((d_values, scale)), memory);
        let rows = error.chunks_exact_mut(LANES).zip(d_values);
        rows.for_each(|(row, d_value)| row[lane] = *d_value);
        loss
    }

    /// Bytes that it holds.
    pub(crate) fn bytes(&self) -> usize {
        (self.values.capacity() + self.gradient.capacity()) * size_of::<f32>()
            + self.memory.capacity() * size_of::<f64>()
    }
}
