//! The seam between a projection and its products over a whole batch.

use crate::demand::Wanted;
use crate::plan::{NumberOrder, SpikeOrder, Spikes, Write};
use sim_core::DenseSynapses;
use simd::Instructions;
use std::fmt::Debug;

/// A projection with one weight per pair and no delay, computed for all samples of a batch at once.
///
/// ```text
/// I   = W S                                          currents
/// dS  = W^T dI                                       gradient of the source
/// dW  = dI S^T                                       gradient of the weights
/// ```
/// `W` is `[post][pre]`; `S` is `[pre][column]` and `I` is `[post][column]`, with one *column* per
/// sample and step. Each entry of a result is summed in one order, whatever part of the product a
/// thread works out, so no bit depends on the number of threads.
///
/// The methods are called in this order: [`prepare`](Self::prepare), [`forward`](Self::forward),
/// [`currents_of`](Self::currents_of), and for a gradient [`back`](Self::back),
/// [`source_gradient`](Self::source_gradient), [`weight_gradient`](Self::weight_gradient).
pub(crate) trait BatchProduct: Debug + Send + Sync {
    /// Makes ready for a batch whose source and target run for so many steps. Memory is reused.
    fn prepare(&mut self, isa: Instructions, synapses: &DenseSynapses, steps: [usize; 2]);

    /// Whether the product reads and writes the numbers of its source and of its target in blocks,
    /// too.
    fn takes_blocks(&self) -> bool {
        false
    }

    /// Takes over how the numbers of the source and of the target lie. It is called after
    /// [`prepare`](Self::prepare); blocks only where [`takes_blocks`](Self::takes_blocks) allows
    /// them.
    fn use_orders(&mut self, _orders: [NumberOrder; 2]) {}

    /// The order in which the product reads spikes.
    fn spike_order(&self) -> SpikeOrder;

    /// Works out the currents of all samples.
    fn forward<'a>(
        &mut self,
        weights: &[f32],
        samples: usize,
        spikes: &(dyn Fn(usize) -> Spikes<'a> + Sync),
    );

    /// Writes the currents of a sample in the order of the target.
    fn currents_of(&self, sample: usize, write: Write, out: &mut [f32]);

    /// Takes over dL/dI of all samples, each in the order of the target, and works out the gradient
    /// of the source where it is `wanted`.
    fn back<'a>(
        &mut self,
        weights: &[f32],
        gradient: &(dyn Fn(usize) -> &'a [f32] + Sync),
        wanted: bool,
    );

    /// Writes dL/ds of a sample, where it is `wanted`, to `out`, in the order of the source; where
    /// it is not, it is zero.
    fn source_gradient(&self, sample: usize, wanted: &[Wanted], write: Write, out: &mut [f32]);

    /// Writes dL/dW, `[post][pre]`, from the spikes that [`forward`](Self::forward) had, or from
    /// what `map` makes of them, where the product works it out (see [`sim_core::LearnedInput`]).
    /// Returns whether it did.
    fn weight_gradient<'a>(
        &mut self,
        spikes: &(dyn Fn(usize) -> Spikes<'a> + Sync),
        map: &dyn Fn(&mut [f32]) -> bool,
        weight: &mut [f32],
    ) -> bool;
}

#[cfg(test)]
mod tests;
