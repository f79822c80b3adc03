//! Neurons of one kind.

use crate::error::{Error, Result};
use crate::learned::{Learnable, LearnedParameter};
use crate::neuron::{Neuron, NeuronModel};
use crate::norm::BatchNorm;
use crate::shape::Shape;
use simd::{NEURONS_PER_BLOCK, NeuronBlock};
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
    /// Normalisation of the summed input of each port, `[port][neuron]`, before it reaches the
    /// neurons.
    pub norm: Option<BatchNorm>,
    /// The parameters that each neuron learns for itself; all others are the model's.
    pub learned: Vec<LearnedParameter>,
}

impl Population {
    /// A population without a norm.
    pub fn new(name: impl Into<String>, size: usize, cells: Cells) -> Self {
        Self { name: name.into(), size, cells, norm: None, learned: Vec::new() }
    }

    /// A population that replays spikes given from outside.
    pub fn source(name: impl Into<String>, size: usize) -> Self {
        Self::new(name, size, Cells::Source)
    }

    /// Lets every neuron learn parameters of its own, by the keys of the model's configuration:
    /// `tau_mem_ms`. They start at the model's values.
    ///
    /// # Errors
    /// What the model refuses for steps of `dt_ms`; [`Error::OutOfRange`] for a parameter that it
    /// cannot learn, or that is named twice.
    pub fn learning(mut self, names: &[impl AsRef<str>], dt_ms: f64) -> Result<Self> {
        for (index, name) in names.iter().map(AsRef::as_ref).enumerate() {
            if names[..index].iter().any(|other| other.as_ref() == name) {
                return Err(Error::out_of_range("learn", name, "named once"));
            }
            let learnable = match &self.cells {
                Cells::Source => Vec::new(),
                Cells::Neurons(model) => model.build(dt_ms)?.learnable().to_vec(),
            };
            self.learned.push(LearnedParameter::find(&learnable, name, self.size)?);
        }
        Ok(self)
    }

    /// Names of the ports that projections can end in; none of a source.
    pub fn ports(&self) -> &'static [&'static str] {
        match &self.cells {
            Cells::Source => &[],
            Cells::Neurons(model) => model.ports(),
        }
    }

    /// Names of the ports where there are several; else none.
    pub(crate) fn several_ports(&self) -> Vec<String> {
        let ports = self.ports();
        let several = ports.iter().filter(|_| ports.len() > 1);
        several.map(|&port| port.to_owned()).collect()
    }

    /// Shape of the summed input: `[neuron]`, or `[port, neuron]` of neurons with several ports.
    pub fn input_shape(&self) -> Shape {
        match self.ports().len() {
            0 | 1 => Shape::of([("neuron", self.size)]),
            ports => Shape::of([("port", ports), ("neuron", self.size)]),
        }
    }

    /// The neurons with their constants for steps of `dt_ms`; `None` for a source.
    ///
    /// # Errors
    /// What the model refuses; [`Error::Network`] where the model cannot learn what the population
    /// says it learned.
    pub fn build(&self, dt_ms: f64) -> Result<Option<BuiltNeurons>> {
        let Cells::Neurons(model) = &self.cells else { return Ok(None) };
        let neuron = model.build(dt_ms)?;
        let named = model.ports().len();
        if named != neuron.ports() {
            return Err(Error::Network(format!(
                "population {}: the neuron model names {named} ports, but takes {}",
                self.name,
                neuron.ports()
            )));
        }
        for learned in &self.learned {
            LearnedParameter::find(neuron.learnable(), &learned.name, 0)
                .map_err(|error| Error::Network(format!("population {}: {error}", self.name)))?;
        }
        Ok(Some(BuiltNeurons { neuron }))
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

/// The neurons of a population, built for steps of one length.
#[derive(Debug)]
pub struct BuiltNeurons {
    /// What they do in a step.
    pub neuron: Box<dyn Neuron>,
}

impl BuiltNeurons {
    /// The constants of each neuron of `population`, `[constant][neuron]`; empty where its neurons
    /// learn nothing and share those of the model.
    pub fn constants(&self, population: &Population) -> Vec<f64> {
        if population.learned.is_empty() {
            return Vec::new();
        }
        let of_neuron = |n: usize| self.neuron.constants(&self.values(population, n));
        let by_neuron: Vec<Vec<f64>> = (0..population.size).map(of_neuron).collect();
        let constants = by_neuron.first().map_or(0, Vec::len);
        (0..constants).flat_map(|k| by_neuron.iter().map(move |own| own[k])).collect()
    }

    /// As [`constants`](Self::constants), in single precision by blocks, `[block][constant]`.
    /// Places without a neuron have the constants of the first one: a step of theirs stays finite.
    pub fn block_constants(&self, population: &Population, into: &mut Vec<NeuronBlock>) {
        let constants = self.constants(population);
        into.clear();
        for first in (0..population.size).step_by(NEURONS_PER_BLOCK) {
            let own = |row: &[f64], n: usize| *row.get(first + n).unwrap_or(&row[0]) as f32;
            let rows = constants.chunks_exact(population.size);
            into.extend(rows.map(|row| std::array::from_fn(|n| own(row, n))));
        }
    }

    /// The derivatives of the constants of neuron `n` by the learned parameter of this slot.
    pub fn constant_slopes(&self, population: &Population, slot: usize, n: usize) -> Vec<f64> {
        let name = &population.learned[slot].name;
        let index = self.neuron.learnable().iter().position(|learnable| learnable.name == *name);
        let index = index.expect("the population was built with what it learns");
        self.neuron.constant_slopes(&self.values(population, n), index)
    }

    /// The value of every learnable parameter in neuron `n`: learned, or the model's.
    fn values(&self, population: &Population, n: usize) -> Vec<f64> {
        let learned = |name: &str| population.learned.iter().find(|learned| learned.name == name);
        let value = |learnable: &Learnable| {
            learned(learnable.name).map_or(learnable.initial, |own| f64::from(own.values[n]))
        };
        self.neuron.learnable().iter().map(value).collect()
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
