//! Small networks for tests.

use crate::error::{Error, Result};
use crate::network::{Network, Projection};
use crate::neuron::{ModelDescription, Neuron, NeuronModel};
use crate::population::Population;
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
