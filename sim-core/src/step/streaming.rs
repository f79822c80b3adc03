//! The streaming engine: a deployed network whose input arrives step by step, as fast as one core
//! can take it.
//!
//! It keeps what the next steps need and nothing else: the state of the neurons, the input that is
//! under way (`arrival_window`), and the synapses, six bytes each.
//! The stages of a step are those of `walk`. Nothing is allocated after the
//! first steps. Everything is checked when the engine is built, except the input and that the state
//! stays finite.
//!
//! All arithmetic is `f32`. Dense projections run as deployed: one tap per kernel element at the
//! rounded delay ([`crate::DenseSynapses::deployed`]); norms from their running statistics
//! ([`crate::BatchNorm::deployed`]), as a factor and an offset per input.

use crate::error::{Error, Result};
use crate::network::Network;
use crate::recording::Recorder;
use crate::spikes::Spike;
use crate::step::single::{BlockNeurons, Single};
use crate::step::snapshot::Snapshot;
use crate::step::walk::StepWalk;

/// A deployed network with its state, fed step by step. The documentation of the crate `synfire`
/// has a program that streams, `examples/streaming.rs` a longer one.
#[derive(Debug)]
pub struct StreamingEngine {
    walk: StepWalk<Single>,
}

impl StreamingEngine {
    /// Checks the network and lays it out for streaming, at rest and without spikes under way. It
    /// has one source; its projections may form any graph in which those with a synapse of zero
    /// delay form no cycle.
    ///
    /// # Errors
    /// What [`Network::check`] and the neuron models refuse; [`Error::Network`] for another number
    /// of sources than one, for a cycle of projections with zero delay, by name, for graded spikes,
    /// projections that learn, and delays too long to be kept; [`Error::OutOfRange`] for a weight
    /// too large for `f32`.
    pub fn new(network: &Network) -> Result<Self> {
        let walk = StepWalk::new(network)?;
        let sources = walk.sources().count();
        if sources != 1 {
            return Err(Error::Network(format!(
                "a network that streams has one source, but this one has {sources}"
            )));
        }
        Ok(Self { walk })
    }

    /// Back to rest at step 0, without spikes under way: what comes then does not depend on what
    /// came before.
    pub fn reset(&mut self) {
        self.walk.reset();
    }

    /// Lets each population fall silent: from step `ends[p]` on, counted from the last reset,
    /// population `p` does not fire. Holds until it is set anew; an empty slice sets no end. A
    /// trained network is scored with the ends of [`crate::Horizon::ends`].
    ///
    /// # Panics
    /// If there is not one end for each population, or none at all.
    pub fn set_ends(&mut self, ends: &[usize]) {
        self.walk.set_ends(ends);
    }

    /// The step that comes next: the number of steps since the start or [`StreamingEngine::reset`].
    pub fn next_step(&self) -> usize {
        self.walk.next_step()
    }

    /// Neurons of a population that fired in the last step, ascending; of the source those of the
    /// input, as it was given, coincident ones repeated.
    ///
    /// # Panics
    /// If the network has no such population.
    pub fn fired(&self, population: usize) -> &[u32] {
        self.walk.fired(population)
    }

    /// Potentials of a population after the last step and its reset, one per neuron; empty for the
    /// source.
    ///
    /// # Panics
    /// If the network has no such population.
    pub fn potential(&self, population: usize) -> &[f32] {
        self.walk.neurons(population).map_or(&[], BlockNeurons::potential)
    }

    /// Everything that the next steps depend on.
    pub fn snapshot(&mut self) -> Snapshot {
        self.walk.snapshot()
    }

    /// Goes on where a snapshot of an engine of the same network was taken: the same bits.
    ///
    /// # Errors
    /// [`Error::Network`] naming the first population or projection that does not fit.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        self.walk.restore(snapshot)
    }

    /// Advances by one step, in which `input` are the spikes of the source; an empty slice for a
    /// silent step.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a spike of a neuron that is not there or with a count that is 0 or
    /// not finite: the step is then not taken. [`Error::NotFinite`] naming population, variable,
    /// neuron and step: the state is then lost, [`StreamingEngine::reset`] starts again.
    pub fn step(&mut self, input: &[Spike]) -> Result<()> {
        self.walk.step(&[input], &mut ())
    }

    /// As [`step`](Self::step), shown to a recorder.
    ///
    /// # Errors
    /// As [`step`](Self::step); the recorder's errors.
    pub fn step_recorded(&mut self, input: &[Spike], recorder: &mut dyn Recorder) -> Result<()> {
        self.walk.step(&[input], recorder)
    }
}

#[cfg(test)]
mod tests;
