//! The clock engine: any network, recurrent too, one time step after the other.
//!
//! The stages of a step are those of `walk`. All arithmetic is `f64`. The
//! engine runs on one thread; the result never depends on how many engines run beside it.
//!
//! Dense projections run as deployed: one tap per kernel element at the rounded delay
//! ([`crate::DenseSynapses::deployed`]). Norms run from their running statistics
//! ([`crate::BatchNorm::deployed`]). Projections with a rule learn while they run
//! ([`crate::LearningRule`]).

use crate::error::{Error, Result};
use crate::network::Network;
use crate::recording::Recorder;
use crate::spikes::{Spike, SpikeFrames};
use crate::state::State;
use crate::step::double::{ClockNeurons, Double};
use crate::step::snapshot::Snapshot;
use crate::step::synapse_table::SynapseTable;
use crate::step::walk::StepWalk;
use std::ops::Range;

/// A network with its state, advanced step by step.
///
/// ```
/// use sim_core::{ClockEngine, Network, Population, Recording, SpikeFrames, Variables};
///
/// let ears = Population::source("ears", 3);
/// let network = Network::new(1.0, vec![ears], vec![]);
/// let mut recording = Recording::new(1, Variables::SPIKES);
/// let input = SpikeFrames::from_events(3, 10, &[(2, 4), (0, 4), (1, 7)])?;
/// ClockEngine::build(&network)?.run(&[input], 10, &mut recording)?;
/// assert_eq!(recording.spikes(0), [(4, 0), (4, 2), (7, 1)]);
/// # Ok::<(), sim_core::Error>(())
/// ```
#[derive(Debug)]
pub struct ClockEngine {
    walk: StepWalk<Double>,
}

impl ClockEngine {
    /// Checks the network and lays it out for simulation, at rest and without spikes under way.
    ///
    /// # Errors
    /// What [`Network::check`], the neuron models and the rules refuse; a cycle of projections with
    /// zero delay, by name; delays too long to be kept.
    pub fn build(network: &Network) -> Result<Self> {
        Ok(Self { walk: StepWalk::new(network)? })
    }

    /// Whether the network can be simulated at all, before memory is taken for all of it.
    ///
    /// # Errors
    /// What [`Network::check`] and the rules of projections refuse; a cycle of projections with
    /// zero delay, by name.
    pub fn check(network: &Network) -> Result<()> {
        StepWalk::<Double>::check(network)
    }

    /// Back to rest at step 0, with the weights of the network and without spikes under way.
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

    /// The step that comes next: the number of steps since the start or [`ClockEngine::reset`].
    pub fn next_step(&self) -> usize {
        self.walk.next_step()
    }

    /// Neurons of a population that fired in the last step: ascending, coincident spikes of a
    /// source repeated.
    ///
    /// # Panics
    /// If the network has no such population.
    pub fn fired(&self, population: usize) -> &[u32] {
        self.walk.fired(population)
    }

    /// Spikes of a population in the last step, with their heights; of a source as they were given.
    ///
    /// # Panics
    /// If the network has no such population.
    pub fn spikes(&self, population: usize) -> &[Spike] {
        self.walk.spikes(population)
    }

    /// State of a population after the last step; `None` of a source.
    ///
    /// # Panics
    /// If the network has no such population.
    pub fn state(&self, population: usize) -> Option<&State<f64>> {
        self.walk.neurons(population).map(ClockNeurons::columns)
    }

    /// Potentials of a population after the last step, one per neuron; empty for a source.
    ///
    /// # Panics
    /// If the network has no such population.
    pub fn potential(&self, population: usize) -> &[f64] {
        self.state(population).map_or(&[], |state| state.column(0))
    }

    /// The synapses of a projection, with the weights that they have now.
    ///
    /// # Panics
    /// If the network has no such projection.
    pub fn synapses(&self, projection: usize) -> &SynapseTable {
        &self.walk.synapses(projection).table
    }

    /// Hands a third factor, such as a reward, to the rule of a projection.
    ///
    /// # Panics
    /// If the network has no such projection.
    pub fn modulate(&mut self, projection: usize, signal: f64) {
        self.walk.synapses_mut(projection).modulate(signal);
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

    /// Runs `steps` steps from the current state. `inputs` holds one sample for each source
    /// population, in the order of the populations; its step 0 is the one that comes next, after
    /// its end the source is silent. Recorded steps count from the last reset.
    ///
    /// # Errors
    /// A sample missing or with other channels than its source; the recorder's errors;
    /// [`Error::NotFinite`] naming population, variable, neuron and step.
    pub fn run(
        &mut self,
        inputs: &[SpikeFrames],
        steps: usize,
        recorder: &mut dyn Recorder,
    ) -> Result<()> {
        self.run_steps(inputs, 0..steps, recorder)
    }

    /// As [`run`](Self::run), but only these steps of the inputs, the first of which comes next.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_steps(
        &mut self,
        inputs: &[SpikeFrames],
        steps: Range<usize>,
        recorder: &mut dyn Recorder,
    ) -> Result<()> {
        Error::check_length("inputs (one per source)", inputs.len(), self.walk.sources().count())?;
        for ((name, size), frames) in self.walk.sources().zip(inputs) {
            let name = format!("input of {name}: channels");
            Error::check_length(&name, frames.channels(), size)?;
        }
        let trains: Vec<_> = inputs.iter().map(SpikeFrames::by_step).collect();
        let mut external = vec![&[][..]; inputs.len()];
        for step in steps {
            for (spikes, train) in external.iter_mut().zip(&trains) {
                *spikes = train.get(step).map_or(&[], Vec::as_slice);
            }
            self.walk.step(&external, recorder)?;
        }
        self.walk.check_weights()
    }

    /// Advances by one step. `external` holds the spikes of each source population, in the order of
    /// the populations, by ascending neuron; populations without entry are silent.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a spike of a neuron that is not there or with a count that is 0 or
    /// not finite; the recorder's errors; [`Error::NotFinite`] naming population, variable, neuron
    /// and step: the state is then lost.
    pub fn step(&mut self, external: &[Vec<Spike>], recorder: &mut dyn Recorder) -> Result<()> {
        self.walk.step(external, recorder)
    }
}

#[cfg(test)]
mod tests;
