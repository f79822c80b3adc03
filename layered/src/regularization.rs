//! Penalties on the spikes of hidden populations, and their gradients.

use crate::spike_counts::add_counts;
use rayon::prelude::*;
use sim_core::{Error, Regularizer, Result, SpikeCounts};

/// The penalties of the batch at hand on one population.
#[derive(Debug, Default)]
pub(crate) struct Regularization {
    /// Spikes, `[sample][neuron]`.
    counts: Vec<u32>,
    /// Derivative of the penalties with respect to a spike in any step, `[sample][neuron]`; empty
    /// where no regulariser asks for anything.
    gradient: Vec<f32>,
    neurons: usize,
}

impl Regularization {
    /// Forgets all penalties: no regulariser asks for anything.
    pub(crate) fn clear(&mut self) {
        self.gradient.clear();
    }

    /// Adds up the penalties of `regularizers`. `fired` are the spikes of each sample,
    /// `[block][step]`; `shape` is what a regulariser is told besides. In training the derivatives
    /// are worked out, too.
    ///
    /// # Errors
    /// [`Error::NotFinite`] naming the first whose penalty or gradient is not a finite number.
    pub(crate) fn apply<'a>(
        &mut self,
        regularizers: &[Box<dyn Regularizer>],
        shape: SpikeCounts,
        fired: impl IndexedParallelIterator<Item = &'a [u16]>,
        train: bool,
    ) -> Result<f64> {
        let Self { counts, gradient, neurons } = self;
        *neurons = shape.neurons;
        counts.clear();
        counts.resize(fired.len() * shape.neurons, 0);
        let rows = counts.par_chunks_exact_mut(shape.neurons);
        let steps = shape.steps;
        rows.zip(fired).for_each(|(counts, fired)| add_counts(fired, steps, steps, counts));
        gradient.clear();
        if train {
            gradient.resize(counts.len(), 0.0);
        }
        let activity = SpikeCounts { counts, ..shape };
        let mut sum = 0.0;
        for (number, regularizer) in regularizers.iter().enumerate() {
            let penalty = regularizer.penalty(&activity, train.then_some(&mut gradient[..]));
            let what = if !penalty.is_finite() {
                "penalty"
            } else if gradient.iter().any(|slope| !slope.is_finite()) {
                "gradient"
            } else {
                sum += penalty;
                continue;
            };
            return Err(Error::NotFinite(format!(
                "the {what} of regulariser {number} on population {} is not finite",
                shape.population
            )));
        }
        Ok(sum)
    }

    /// The gradient of one sample, `[neuron]`, where there is any.
    pub(crate) fn gradient(&self, sample: usize) -> Option<&[f32]> {
        let rows = self.gradient.get(sample * self.neurons..(sample + 1) * self.neurons);
        rows.filter(|rows| !rows.is_empty())
    }
}
