//! Small networks for tests.

use crate::equations::{Equations, Stepped, Stepwise};
use crate::error::{Error, Result};
use crate::network::{Network, Projection};
use crate::neuron::{ModelDescription, Neuron, NeuronModel};
use crate::population::Population;
use crate::real::Real;
use crate::state::Variable;
use crate::synapses::{Synapse, Synapses};

/// A population that is driven from outside.
pub(crate) fn source(name: &str, size: usize) -> Population {
    Population::source(name, size)
}

/// Neurons of one model, without a norm.
pub(crate) fn neurons(name: &str, size: usize, model: impl NeuronModel + 'static) -> Population {
    Population::neurons(name, size, model)
}

/// A projection of synapses `(pre, post, weight, delay in steps)`.
pub(crate) fn sparse(
    source: usize,
    target: usize,
    synapses: &[(u32, u32, f64, u32)],
) -> Projection {
    let synapses = synapses
        .iter()
        .map(|&(pre, post, weight, delay_steps)| Synapse { pre, post, weight, delay_steps })
        .collect();
    Projection::new(source, target, Synapses::Sparse(synapses))
}

/// A network of steps of 1 ms.
pub(crate) fn network(populations: Vec<Population>, projections: Vec<Projection>) -> Network {
    Network::new(1.0, populations, projections)
}

/// A model for tests that build no neurons.
#[derive(Debug)]
pub(crate) struct Unbuilt;

impl NeuronModel for Unbuilt {
    fn build(&self, _dt_ms: f64) -> Result<Box<dyn Neuron>> {
        Err(Error::Network("this model is never built".into()))
    }

    fn describe(&self) -> ModelDescription {
        ModelDescription {
            name: "unbuilt".into(),
            parameters: Default::default(),
            defaults: Default::default(),
        }
    }
}

/// `V[t] = decay U[t-1] + I[t]`, fires at the threshold, resets to 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leaky {
    pub decay: f64,
    pub threshold: f64,
}

/// Shows its input of the step.
pub(crate) const PROBE: Leaky = Leaky { decay: 0.0, threshold: f64::INFINITY };
/// Fires in the step in which a spike of weight 1 arrives.
pub(crate) const RELAY: Leaky = Leaky { decay: 0.0, threshold: 1.0 };

impl NeuronModel for Leaky {
    fn describe(&self) -> ModelDescription {
        let [parameters, defaults] = Default::default();
        ModelDescription { name: "leaky".into(), parameters, defaults }
    }

    fn build(&self, dt_ms: f64) -> Result<Box<dyn Neuron>> {
        Error::check("Leaky::dt_ms", dt_ms, dt_ms < 100.0, "below 100")?;
        Ok(Box::new(Stepwise::new(*self)))
    }
}

impl Equations<1, 1, 2> for Leaky {
    const VARIABLES: &'static [Variable] = &[Variable::POTENTIAL];

    fn constants<T: Real>(&self, _learned: &[T]) -> [T; 2] {
        [T::of(self.decay), T::of(self.threshold)]
    }

    fn step<T: Real>(
        &self,
        &[decay, threshold]: &[T; 2],
        [u]: [T; 1],
        [input]: [T; 1],
    ) -> Stepped<T, 1> {
        let v = decay * u + input;
        let spike = (v - threshold).spike(|_| 0.0);
        Stepped { state: [v.or_if(v >= threshold, T::of(0.0))], spike, drive: v }
    }
}
