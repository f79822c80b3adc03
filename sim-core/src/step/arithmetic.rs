//! What the walk over a step asks of the numbers that it is computed in.

use crate::error::Result;
use crate::network::{Network, Projection};
use crate::population::Population;
use crate::spikes::Spike;
use crate::state::State;
use crate::step::snapshot::PlasticSnapshot;
use std::fmt::Debug;

/// The parts of a network in one arithmetic.
pub(crate) trait Arithmetic: Debug {
    type Neurons: StepNeurons<Arrivals = Self::Arrivals>;
    type Arrivals: StepArrivals;
    type Synapses: StepSynapses<Arrivals = Self::Arrivals>;
}

/// The neurons of a population with their state.
pub(crate) trait StepNeurons: Debug + Sized {
    type Arrivals;

    /// At rest; `None` for a source.
    ///
    /// # Errors
    /// What the neuron model refuses, and models that the arithmetic cannot run.
    fn new(population: &Population, dt_ms: f64) -> Result<Option<Self>>;

    /// One step with the input that has arrived; appends the spikes by ascending neuron.
    fn integrate(&mut self, arrived: &Self::Arrivals, spikes: &mut Vec<Spike>);

    /// Column, neuron and value of the first variable that is not a finite number.
    fn not_finite(&self) -> Option<(&'static str, usize, f64)>;

    /// The state in double precision, by neuron.
    fn state(&mut self) -> &State<f64>;

    /// Takes over a state of the same columns, `[column][neuron]`.
    fn set_state(&mut self, values: &[f64]);

    /// Back to rest.
    fn reset(&mut self);
}

/// Input under way to a population, `[step][input]`: an input is a port of a neuron.
pub(crate) trait StepArrivals: Debug + Sized {
    /// Silence, for delays of up to `longest` steps.
    ///
    /// # Errors
    /// [`crate::Error::Network`] when it does not fit in memory.
    fn new(population: &Population, longest: usize) -> Result<Self>;

    /// Leaves the current step: what had arrived in it is forgotten.
    fn advance(&mut self);

    /// Forgets everything.
    fn clear(&mut self);

    /// What arrives from the current step on, `[step][input]` with all ports and neurons.
    fn pending(&self) -> Vec<f64>;

    /// Takes over what [`pending`](Self::pending) gave; as many numbers.
    fn set_pending(&mut self, pending: &[f64]);
}

/// The synapses of one projection by presynaptic neuron.
pub(crate) trait StepSynapses: Debug + Sized {
    type Arrivals;

    /// The synapses of a projection as deployed.
    ///
    /// # Errors
    /// Weights that the arithmetic cannot hold, rules that it cannot run.
    fn new(network: &Network, projection: &Projection, name: &str) -> Result<Self>;

    /// Longest delay in steps, 0 without synapses.
    fn longest(&self) -> usize;

    /// Adds what spikes of `step` bring to the input of the target population.
    fn deliver(&mut self, step: usize, spikes: &[Spike], arrivals: &mut Self::Arrivals);

    /// At the start of `step`: events that reach synapses in it, having been under way.
    fn arrive(&mut self, _step: usize, _state: Option<&State<f64>>, _: &mut Self::Arrivals) {}

    /// Whether [`arrive`](Self::arrive) and [`learn`](Self::learn) do anything.
    fn is_plastic(&self) -> bool {
        false
    }

    /// The target population fired in `step`.
    fn learn(&mut self, _step: usize, _fired: &[Spike], _state: &State<f64>) {}

    /// A weight that is not a finite number any more, where a rule changes weights.
    fn not_finite(&self) -> Option<f64> {
        None
    }

    /// What a rule has changed before step `next_step`, and its own state; `None` where there is no
    /// rule.
    fn snapshot(&self, _next_step: usize) -> Option<PlasticSnapshot> {
        None
    }

    /// Takes over what [`snapshot`](Self::snapshot) gave.
    ///
    /// # Errors
    /// [`crate::Error::Network`] where it is that of other synapses.
    fn restore(&mut self, _snapshot: Option<&PlasticSnapshot>, _next_step: usize) -> Result<()> {
        Ok(())
    }

    /// Back to the weights of the network, with nothing under way.
    fn reset(&mut self) {}
}
