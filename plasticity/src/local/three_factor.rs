//! A three-factor rule whose error is the postsynaptic neuron's own: the delta rule, by spikes.
//!
//! ```text
//! a presynaptic spike x~ reaches the synapse in step n:  w -= rate M L x~
//! x~  eligibility: the presynaptic trace of step n, projected or not, times the slope of the
//!     postsynaptic neuron, which is 1 (it is linear)
//! L   error of the postsynaptic neuron: the graded spike that it sent in step n - 1, or 0
//! M   third factor: one number for all synapses, from outside of the network; 1 until it is set
//! ```
//! A change needs the trace, the error and the third factor [Fremaux and Gerstner 2016]. `M` holds
//! from one [`modulate`](sim_core::ClockEngine::modulate) to the next: with 0 the weights stay as
//! they are, and below 0 they move the other way, up the error.
//!
//! The postsynaptic neuron is linear, and its teacher inhibits it: it receives `W x` over these
//! synapses and `-target` from the teacher, and what it sends is its error. While the teacher is
//! silent, it sends the prediction `W x`.
//!
//! This rule is what consumes the *projected trace* of a lateral circuit. One presentation takes
//! two steps, as in [`Lateral`](crate::local::Lateral). In the first one the presynaptic neurons
//! send `x`, and the postsynaptic neuron answers with its error `L`. In the second one they send
//! `x~ = x - H^T H x`, and the synapse pairs it with the `L` of the step before. So the forward
//! pass is that of `x`, the change that of `x~` [Xiao et al. 2024]: `dW x = 0` for every `x` in the
//! span of orthonormal rows `H`.
//!
//! | parameter | unit | default | range |
//! |---|---|---|---|
//! | `rate` | | 0.01 | at least 0 |
//!
//! Delays are axonal: a spike has to reach the synapse to be seen by it.

use crate::local::last_spikes::LastSpikes;
use serde::{Deserialize, Serialize};
use sim_core::{DelaySide, Error, Learner, LearningRule, Result, Spike, State, SynapseTable};
use std::ops::Range;

/// Parameters of the three-factor rule; see the table of its file.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ThreeFactor {
    /// Change by a trace, an error and a third factor of 1; at least 0.
    pub rate: f64,
}

impl Default for ThreeFactor {
    /// Rate 0.01.
    fn default() -> Self {
        Self { rate: 0.01 }
    }
}

impl ThreeFactor {
    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] naming the first field that is not allowed.
    pub fn check(&self) -> Result<()> {
        Error::check("ThreeFactor::rate", self.rate, self.rate >= 0.0, "at least 0")
    }
}

impl LearningRule for ThreeFactor {
    fn build(&self, synapses: &SynapseTable, _dt_ms: f64) -> Result<Box<dyn Learner>> {
        self.check()?;
        let errors = LastSpikes::new(synapses.targets());
        Ok(Box::new(Descent { rate: self.rate, third_factor: [1.0], errors }))
    }

    fn delay_side(&self) -> DelaySide {
        DelaySide::Axonal
    }
}

/// The rule at work.
#[derive(Debug)]
struct Descent {
    rate: f64,
    third_factor: [f64; 1],
    /// Of each postsynaptic neuron.
    errors: LastSpikes,
}

impl Learner for Descent {
    fn presynaptic(
        &mut self,
        step: usize,
        spike: Spike,
        reached: Range<usize>,
        synapses: &mut SynapseTable,
    ) {
        let [third_factor] = self.third_factor;
        let trace = f64::from(spike.count);
        for synapse in reached {
            let error = self.errors.height(synapses.post(synapse), step, 1);
            let change = self.rate * third_factor * error * trace;
            synapses.set_weight(synapse, synapses.weight(synapse) - change);
        }
    }

    fn postsynaptic(
        &mut self,
        step: usize,
        spike: Spike,
        _reached: &[u32],
        _state: &State<f64>,
        _synapses: &mut SynapseTable,
    ) {
        self.errors.add(spike.neuron as usize, step, f64::from(spike.count));
    }

    fn modulate(&mut self, signal: f64, _synapses: &mut SynapseTable) {
        self.third_factor = [signal];
    }

    fn columns(&self) -> Vec<(&'static str, &[f64])> {
        let errors = self.errors.columns(["error", "error_step"]);
        errors.into_iter().chain([("third_factor", &self.third_factor[..])]).collect()
    }

    fn columns_mut(&mut self) -> Vec<&mut [f64]> {
        let errors = self.errors.columns_mut().into_iter();
        errors.chain([&mut self.third_factor[..]]).collect()
    }
}

#[cfg(test)]
mod tests;
