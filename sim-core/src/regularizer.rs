//! The seam between engines and penalties on the spikes of hidden populations.

use std::fmt::Debug;

/// A penalty on the number of spikes of hidden populations. It is added to the mean loss of a
/// batch.
pub trait Regularizer: Debug + Send + Sync {
    /// The penalty on one hidden population. With `gradient`, of the shape of
    /// [`SpikeCounts::counts`], the derivative of the penalty is added to it:
    /// `gradient[sample][neuron]` is the derivative with respect to a spike of the neuron in any
    /// step.
    fn penalty(&self, activity: &SpikeCounts, gradient: Option<&mut [f32]>) -> f64;
}

/// How often the neurons of one population fired in a batch, before dropout.
#[derive(Debug, Clone, Copy)]
pub struct SpikeCounts<'a> {
    /// Name of the population.
    pub population: &'a str,
    /// Number of neurons.
    pub neurons: usize,
    /// Steps that every sample ran for.
    pub steps: usize,
    /// Length of a step in ms.
    pub dt_ms: f64,
    /// Spikes, `[sample][neuron]`.
    pub counts: &'a [u32],
}

impl SpikeCounts<'_> {
    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.counts.len() / self.neurons.max(1)
    }

    /// Seconds that every sample ran for.
    pub fn seconds(&self) -> f64 {
        self.steps as f64 * self.dt_ms / 1000.0
    }
}
