//! The seam between engines and losses.

/// What a loss says of one sample.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SampleLoss {
    /// The loss.
    pub loss: f64,
    /// The class with the highest score; 0 where there are no classes.
    pub predicted: usize,
}

/// The output population over one sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Readout<'a> {
    /// `[neuron][step]`: membrane potentials, or spikes (0 or 1) of a population that fires.
    pub values: &'a [f32],
    /// Number of neurons.
    pub neurons: usize,
    /// Number of steps.
    pub steps: usize,
}

impl<'a> Readout<'a> {
    /// The values of each neuron, `[step]`; none where there are no steps.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &'a [f32]> {
        self.values.chunks_exact(self.steps.max(1))
    }
}

/// A loss over the output population, sample by sample.
pub trait Objective: Sync {
    /// The loss of sample `slot` of the batch.
    ///
    /// With a gradient `(d_values, scale)`, `d_values` is overwritten by the derivative of the loss
    /// with respect to the readout's values, times `scale`; it is shaped like them and holds
    /// leftovers. `memory` is for the loss's own numbers: it comes back as some sample left it, so
    /// that a loss need allocate nothing.
    fn evaluate(
        &self,
        slot: usize,
        readout: Readout<'_>,
        gradient: Option<(&mut [f32], f64)>,
        memory: &mut Vec<f64>,
    ) -> SampleLoss;
}

/// Asks for nothing: the loss of every sample is zero.
impl Objective for () {
    fn evaluate(
        &self,
        _slot: usize,
        _readout: Readout<'_>,
        gradient: Option<(&mut [f32], f64)>,
        _memory: &mut Vec<f64>,
    ) -> SampleLoss {
        if let Some((gradient, _)) = gradient {
            gradient.fill(0.0);
        }
        SampleLoss::default()
    }
}
