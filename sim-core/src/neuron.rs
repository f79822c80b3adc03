//! The seam between the engines and the neuron models.
//!
//! A [`NeuronModel`] holds parameters in physical units; [`NeuronModel::build`] checks them and
//! derives the constants of one time step. The built [`Neuron`] advances a population step by step
//! (clock engine, and in single precision the streaming engine) or sixteen neurons over a whole
//! sample at once (layered engine), forward and backward. Calls are dynamic per population, the
//! loops inside are plain.

use crate::error::Result;
use serde::Serialize;
use simd::{NEURONS_PER_BLOCK, NeuronBlock};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::Range;

/// Parameters of a neuron model.
pub trait NeuronModel: Debug + Send + Sync {
    /// Checks every field and derives the constants for steps of `dt_ms` milliseconds.
    ///
    /// # Errors
    /// [`crate::Error::OutOfRange`] naming the first field that is not allowed.
    fn build(&self, dt_ms: f64) -> Result<Box<dyn Neuron>>;

    /// What the model is, in names and values that outlive changes of the program: what a
    /// checkpoint is compared by.
    fn describe(&self) -> ModelDescription;
}

/// A neuron model by name, with all its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelDescription {
    /// The name that configuration files use.
    pub name: String,
    /// Value of every parameter by its key; `surrogate.alpha` for the field of a field.
    pub parameters: BTreeMap<String, String>,
    /// The same of the model's defaults: what a description of an earlier version, which lacks a
    /// parameter, stands for.
    pub defaults: BTreeMap<String, String>,
}

impl ModelDescription {
    /// The description of a model whose parameters are plain fields.
    ///
    /// # Panics
    /// If the model is not a struct of plain fields.
    pub fn of<M: Serialize + Default>(name: &str, model: &M) -> Self {
        Self { name: name.to_owned(), parameters: flat(model), defaults: flat(&M::default()) }
    }
}

/// Every plain value within a serialisable one by its path: `a.b` for the field of a field, `a[1]`
/// for the second of several tables. A list of plain values is one value.
///
/// # Panics
/// If it cannot be written as JSON.
pub fn flat(value: &impl Serialize) -> BTreeMap<String, String> {
    fn collect(path: &str, value: &serde_json::Value, into: &mut BTreeMap<String, String>) {
        match value {
            serde_json::Value::Object(fields) => {
                let key = |name: &str| {
                    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
                };
                fields.iter().for_each(|(name, field)| collect(&key(name), field, into));
            }
            serde_json::Value::Array(entries)
                if entries.iter().any(serde_json::Value::is_object) =>
            {
                let entries = entries.iter().enumerate();
                entries.for_each(|(n, entry)| collect(&format!("{path}[{n}]"), entry, into));
            }
            serde_json::Value::String(text) => drop(into.insert(path.to_owned(), text.clone())),
            other => drop(into.insert(path.to_owned(), other.to_string())),
        }
    }
    let mut values = BTreeMap::new();
    collect("", &serde_json::to_value(value).expect("plain fields"), &mut values);
    values
}

/// State of a population in the clock engine: one entry per neuron.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NeuronState {
    /// Membrane potential after the step's reset, in units of the threshold's scale.
    pub potential: Vec<f64>,
    /// Steps for which the neuron still ignores its input.
    pub refractory_steps: Vec<u32>,
}

impl NeuronState {
    /// `neurons` neurons at rest.
    pub fn at_rest(neurons: usize) -> Self {
        Self { potential: vec![0.0; neurons], refractory_steps: vec![0; neurons] }
    }
}

/// State of a population in the streaming engine: one entry per block of [`NEURONS_PER_BLOCK`] neurons.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BlockState {
    /// As [`NeuronState::potential`].
    pub potential: Vec<NeuronBlock>,
    /// As [`NeuronState::refractory_steps`].
    pub refractory_steps: Vec<[u32; NEURONS_PER_BLOCK]>,
}

impl BlockState {
    /// `blocks` blocks of neurons at rest.
    pub fn at_rest(blocks: usize) -> Self {
        Self {
            potential: vec![[0.0; NEURONS_PER_BLOCK]; blocks],
            refractory_steps: vec![[0; NEURONS_PER_BLOCK]; blocks],
        }
    }

    /// Brings all neurons back to rest.
    pub fn reset(&mut self) {
        self.potential.fill([0.0; NEURONS_PER_BLOCK]);
        self.refractory_steps.fill([0; NEURONS_PER_BLOCK]);
    }
}

/// A neuron model with its constants worked out for one time step.
pub trait Neuron: Debug + Send + Sync {
    /// Whether the neurons fire; a readout does not.
    fn fires(&self) -> bool;

    /// Most spikes that a neuron can fire in `steps` steps: one in each, unless a model says
    /// otherwise.
    fn most_spikes(&self, steps: usize) -> usize {
        steps
    }

    /// Advances all neurons by one step. `input[n]` is the summed input of neuron `n`; the indices
    /// of neurons that fire are appended to `fired` in ascending order.
    fn step(&self, state: &mut NeuronState, input: &[f64], fired: &mut Vec<u32>);

    /// Runs [`NEURONS_PER_BLOCK`] neurons over a sample from rest. On entry `potential[t]` holds the input of
    /// step `t`, on return the membrane potential *before* the reset; bit `n` of `spikes[t]` tells
    /// whether neuron `n` fired. Both have one entry per step.
    fn forward(&self, potential: &mut [NeuronBlock], spikes: &mut [u16]);

    /// Potentials outside which the surrogate slope is zero: there dL/dS does not matter, and the
    /// layered engine does not work it out. All of them unless a model says otherwise.
    fn slope_support(&self) -> Range<f32> {
        f32::NEG_INFINITY..f32::INFINITY
    }

    /// One step of [`Neuron::forward`] for all blocks of a population, from the state that the step
    /// before left: the same operations, so the same bits. On entry `potential[b]` holds the input
    /// of block `b`, on return the membrane potential *before* the reset; bit `n` of `spikes[b]`
    /// tells whether its neuron `n` fired. The state and both slices have one entry per block.
    fn step_blocks(
        &self,
        state: &mut BlockState,
        potential: &mut [NeuronBlock],
        spikes: &mut [u16],
    );

    /// The adjoint of [`Neuron::forward`]. On entry `gradient[t]` holds dL/dS\[t\] (for a readout
    /// dL/dV\[t\]), on return dL/d input\[t\]. `potential` and `spikes` are what the forward pass
    /// left.
    fn adjoint(&self, potential: &[NeuronBlock], spikes: &[u16], gradient: &mut [NeuronBlock]);
}
