//! The seam between the engine and the losses.

/// What a loss says of one sample.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SampleLoss {
    /// The loss.
    pub loss: f64,
    /// The class with the highest score.
    pub predicted: usize,
}

/// A loss over the output population of one sample.
pub trait Objective: Sync {
    /// Evaluates sample `slot` of the batch. `output` is `[class][steps]`: membrane potentials of a
    /// readout, or spikes (0 or 1) of an output population that fires. With `gradient`, of the same
    /// shape, dL/d output times `scale` is written to it. `memory` is for the loss's own numbers:
    /// it comes back as some sample left it, so that none need be allocated.
    fn evaluate(
        &self,
        slot: usize,
        output: &[f32],
        steps: usize,
        gradient: Option<(&mut [f32], f32)>,
        memory: &mut Vec<f64>,
    ) -> SampleLoss;
}
