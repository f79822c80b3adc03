//! The trait of losses over labelled samples.

use sim_core::{Readout, SampleLoss};
use std::fmt::Debug;

/// A loss over the readout of a sample of a known class. The losses that a configuration names are
/// [`CrossEntropy`](crate::gradient::CrossEntropy); a program may bring its own.
///
/// ```
/// use plasticity::gradient::{CrossEntropy, Loss};
/// use sim_core::Readout;
///
/// // Two classes, three steps; the second class is the true one.
/// let readout = Readout { values: &[1.0, 3.0, 2.0, 1.0, 0.0, -4.0], neurons: 2, steps: 3 };
/// let sample = CrossEntropy::MaxOverTime.evaluate(readout, 1, None, &mut Vec::new());
/// assert_eq!(sample.predicted, 0);
/// assert!((sample.loss - (1.0 + 2.0f64.exp()).ln()).abs() < 1e-12);
/// ```
pub trait Loss: Debug + Send + Sync {
    /// Whether the readout must be the spikes of a population that fires instead of potentials.
    fn reads_spikes(&self) -> bool {
        false
    }

    /// Loss and prediction of one sample of class `label`, not scaled by the batch.
    ///
    /// With a gradient `(d_values, scale)`, `d_values` is overwritten by `scale` times the
    /// derivative of the loss with respect to the readout's values; it has their shape and holds
    /// old numbers. `memory` is for the loss's own numbers: it comes back as another sample left
    /// it.
    fn evaluate(
        &self,
        readout: Readout<'_>,
        label: usize,
        gradient: Option<(&mut [f32], f64)>,
        memory: &mut Vec<f64>,
    ) -> SampleLoss;

    /// Overwrites `scores` by one score per class; the class of the highest score is predicted. A
    /// loss without such scores leaves `scores` empty.
    fn scores(&self, _readout: Readout<'_>, scores: &mut Vec<f64>) {
        scores.clear();
    }
}
