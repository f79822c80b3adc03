//! The seam between the clock engine and rules by which synapses learn while a network runs.
//!
//! A [`LearningRule`] holds parameters in physical units; [`LearningRule::build`] makes the
//! [`Learner`] of one projection, which holds whatever the rule remembers. The engine tells the
//! learner when spikes *reach synapses*, so that no rule has to know about delays: a rule says on
//! which [`DelaySide`] of the synapse the delay lies, and the engine keeps events until they
//! arrive.

use crate::error::Result;
use crate::spikes::Spike;
use crate::state::State;
use crate::step::synapse_table::SynapseTable;
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use std::ops::Range;

/// Where between two neurons the delay of a synapse lies. Input arrives at the same step either
/// way; what a synapse sees of its two neurons, and which weight a spike carries, depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DelaySide {
    /// Before the synapse: a presynaptic spike of step `n` reaches it at `n + d`, with the weight
    /// of that step; a postsynaptic spike reaches it at once.
    Axonal,
    /// Behind the synapse: a presynaptic spike reaches it at once, with the weight of that step; a
    /// postsynaptic spike of step `n` travels back and reaches it at `n + d`. So it is in NEST.
    #[default]
    Dendritic,
}

/// Parameters of a rule.
pub trait LearningRule: Debug + Send + Sync {
    /// Checks every field and the weights, and makes the learner of one projection, for steps of
    /// `dt_ms`. It is asked at the start, and again of the weights of a snapshot, which may have
    /// learned: weights that the rule itself can reach must be allowed.
    ///
    /// # Errors
    /// [`crate::Error::OutOfRange`] naming the first field that is not allowed; weights that the
    /// rule cannot work on.
    fn build(&self, synapses: &SynapseTable, dt_ms: f64) -> Result<Box<dyn Learner>>;

    /// Where the delays of its synapses lie.
    fn delay_side(&self) -> DelaySide {
        DelaySide::default()
    }
}

/// A rule at work on the synapses of one projection. What a rule does not answer to changes
/// nothing.
///
/// Within a step, events that were under way come first. Then, where delays are dendritic, a
/// presynaptic spike comes when its population has stepped, and carries the weight that the learner
/// leaves. A postsynaptic spike without delay comes when the target population has stepped.
pub trait Learner: Debug + Send {
    /// `spike` of a presynaptic neuron reaches the synapses `reached`, all its own, in `step`;
    /// afterwards it travels on with their weights.
    fn presynaptic(
        &mut self,
        _step: usize,
        _spike: Spike,
        _reached: Range<usize>,
        _synapses: &mut SynapseTable,
    ) {
    }

    /// `spike` of a postsynaptic neuron reaches the synapses `reached`, all onto it, in `step`;
    /// `state` is that of the postsynaptic population now.
    fn postsynaptic(
        &mut self,
        _step: usize,
        _spike: Spike,
        _reached: &[u32],
        _state: &State<f64>,
        _synapses: &mut SynapseTable,
    ) {
    }

    /// A third factor, such as a reward, from outside of the network. Rules without one ignore it.
    fn modulate(&mut self, _signal: f64, _synapses: &mut SynapseTable) {}

    /// What the learner remembers, by name: what snapshots keep. Always the same names and
    /// lengths.
    fn columns(&self) -> Vec<(&'static str, &[f64])> {
        Vec::new()
    }

    /// The entries of [`columns`](Self::columns) to be overwritten, in their order.
    fn columns_mut(&mut self) -> Vec<&mut [f64]> {
        Vec::new()
    }
}
