//! Neurons of one kind.

use crate::neuron::NeuronModel;
use crate::norm::BatchNorm;
use std::sync::Arc;

/// Neurons of one kind.
#[derive(Debug, Clone)]
pub struct Population {
    /// Name, unique in the network.
    pub name: String,
    /// Number of neurons, at least 1.
    pub size: usize,
    /// What the neurons do.
    pub cells: Cells,
    /// Normalisation of the summed input before it reaches the neurons.
    pub norm: Option<BatchNorm>,
}

impl Population {
    /// A population without a norm.
    pub fn new(name: impl Into<String>, size: usize, cells: Cells) -> Self {
        Self { name: name.into(), size, cells, norm: None }
    }

    /// A population that replays spikes given from outside.
    pub fn source(name: impl Into<String>, size: usize) -> Self {
        Self::new(name, size, Cells::Source)
    }

    /// A population of neurons of one model, without a norm.
    pub fn neurons(
        name: impl Into<String>,
        size: usize,
        model: impl NeuronModel + 'static,
    ) -> Self {
        Self::new(name, size, Cells::Neurons(Arc::new(model)))
    }
}

/// What the members of a population do.
#[derive(Debug, Clone)]
pub enum Cells {
    /// They replay spikes given from outside.
    Source,
    /// They integrate their input.
    Neurons(Arc<dyn NeuronModel>),
}
