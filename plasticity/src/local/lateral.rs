//! Hebbian and anti-Hebbian learning of a lateral circuit: Oja's subspace rule, by spikes.
//!
//! ```text
//! y = H x       over forward synapses, of weight H[k][j] from relay neuron j to subspace neuron k
//! x- = -H^T y   over feedback synapses, of weight -H[k][j] from k back to j
//! H += rate clamp(y (x + x-)^T)          + y x^T Hebbian, + y (x-)^T anti-Hebbian
//! ```
//! The sum of both is `y (x - H^T y)^T` [Oja 1989]: the rows of `H` become an orthonormal basis of
//! the principal subspace of `x` [Xiao et al. 2024]. Two projections learn, and neither reads a
//! weight of the other: with `x~ = x + x-`, both make the change `rate clamp(y x~)` from the graded
//! spikes that their own synapses see.
//!
//! One presentation of `x` takes two steps. Relay neurons send `x` in the first one and `x~` in the
//! second one; subspace neurons send in the first one only. Feedback takes one step, forward
//! synapses have no delay.
//!
//! ```text
//! step                  forward synapse from j to k        feedback synapse from k to j
//! 0     j sends x       is reached by x; k sent nothing    sees x; nothing has reached it in
//!                       in the step before: no change      this step: no change
//! 0     k sends y       sees y, remembers it               y is under way to it
//! 1     y arrives                                          remembers y, passes on -H[k][j] y
//! 1     j sends x~      is reached by x~ one step behind   sees x~ in the step of y:
//!                       y: w += rate clamp(y x~)           w -= rate clamp(y x~)
//! ```
//! So the rule has no clock of its own: forward synapses change when a presynaptic spike comes one
//! step behind a postsynaptic one, feedback synapses when a postsynaptic spike follows a
//! presynaptic one in the same step. `x` and `x-` come in one spike, and the Hebbian and the
//! anti-Hebbian change are made at once. Feedback weights that start as the negative transpose of
//! the forward ones stay it, bit for bit. Rows that are not to change belong to a projection
//! without a rule.
//!
//! | parameter | unit | default | range |
//! |---|---|---|---|
//! | `rate` | | 0.01 | at least 0 |
//! | `clamp` | | 10 | above 0: `y x~` counts as within `-clamp..clamp` |
//! | `synapses` | | `forward` | `forward`, `feedback` |
//!
//! Delays are axonal: a spike has to reach the synapse to be seen by it.

use crate::local::last_spikes::LastSpikes;
use serde::{Deserialize, Serialize};
use sim_core::{DelaySide, Error, Learner, LearningRule, Result, Spike, State, SynapseTable};
use std::ops::Range;

/// Parameters of the learning of a lateral circuit; see the table of its file.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lateral {
    /// Change by a product of 1 of two spikes, at least 0.
    pub rate: f64,
    /// Largest size of the product of two spikes, above 0: a larger one counts as this.
    pub clamp: f64,
    /// Which synapses of the circuit these are.
    pub synapses: LateralSynapses,
}

/// Synapses of a lateral circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LateralSynapses {
    /// From relay neurons to subspace neurons.
    #[default]
    Forward,
    /// From subspace neurons back to relay neurons.
    Feedback,
}

impl Default for Lateral {
    /// Rate 0.01, products within ±10, forward.
    fn default() -> Self {
        Self { rate: 0.01, clamp: 10.0, synapses: LateralSynapses::Forward }
    }
}

impl Lateral {
    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] naming the first field that is not allowed.
    pub fn check(&self) -> Result<()> {
        Error::check("Lateral::rate", self.rate, self.rate >= 0.0, "at least 0")?;
        Error::check("Lateral::clamp", self.clamp, self.clamp > 0.0, "above 0")
    }

    /// By how much a weight grows where `y` meets `x~`.
    fn change(&self, y: f64, projected: f64) -> f64 {
        self.rate * (y * projected).clamp(-self.clamp, self.clamp)
    }
}

impl LearningRule for Lateral {
    fn build(&self, synapses: &SynapseTable, _dt_ms: f64) -> Result<Box<dyn Learner>> {
        self.check()?;
        Ok(match self.synapses {
            LateralSynapses::Forward => {
                Box::new(Forward { rule: *self, responses: LastSpikes::new(synapses.targets()) })
            }
            LateralSynapses::Feedback => {
                Box::new(Feedback { rule: *self, arrived: LastSpikes::new(synapses.len()) })
            }
        })
    }

    fn delay_side(&self) -> DelaySide {
        DelaySide::Axonal
    }
}

/// The rule at work on forward synapses.
#[derive(Debug)]
struct Forward {
    rule: Lateral,
    /// `y` of each postsynaptic neuron.
    responses: LastSpikes,
}

impl Learner for Forward {
    fn presynaptic(
        &mut self,
        step: usize,
        spike: Spike,
        reached: Range<usize>,
        synapses: &mut SynapseTable,
    ) {
        let projected = f64::from(spike.count);
        for synapse in reached {
            let y = self.responses.height(synapses.post(synapse), step, 1);
            let grown = synapses.weight(synapse) + self.rule.change(y, projected);
            synapses.set_weight(synapse, grown);
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
        self.responses.add(spike.neuron as usize, step, f64::from(spike.count));
    }

    fn columns(&self) -> Vec<(&'static str, &[f64])> {
        self.responses.columns(["response", "response_step"]).into()
    }

    fn columns_mut(&mut self) -> Vec<&mut [f64]> {
        self.responses.columns_mut().into()
    }
}

/// The rule at work on feedback synapses.
#[derive(Debug)]
struct Feedback {
    rule: Lateral,
    /// `y` by synapse that it has reached.
    arrived: LastSpikes,
}

impl Learner for Feedback {
    fn presynaptic(
        &mut self,
        step: usize,
        spike: Spike,
        reached: Range<usize>,
        _synapses: &mut SynapseTable,
    ) {
        reached.for_each(|synapse| self.arrived.add(synapse, step, f64::from(spike.count)));
    }

    fn postsynaptic(
        &mut self,
        step: usize,
        spike: Spike,
        reached: &[u32],
        _state: &State<f64>,
        synapses: &mut SynapseTable,
    ) {
        let projected = f64::from(spike.count);
        for synapse in reached.iter().map(|&synapse| synapse as usize) {
            let y = self.arrived.height(synapse, step, 0);
            let left = synapses.weight(synapse) - self.rule.change(y, projected);
            synapses.set_weight(synapse, left);
        }
    }

    fn columns(&self) -> Vec<(&'static str, &[f64])> {
        self.arrived.columns(["response", "response_step"]).into()
    }

    fn columns_mut(&mut self) -> Vec<&mut [f64]> {
        self.arrived.columns_mut().into()
    }
}

#[cfg(test)]
mod tests;
