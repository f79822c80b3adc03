//! The seam between the engines and the neuron models.
//!
//! A [`NeuronModel`] holds parameters in physical units; [`NeuronModel::build`] checks them and
//! derives the constants of one time step. The built [`Neuron`] advances a population step by step
//! (clock engine, and in single precision the streaming engine) or sixteen neurons over a whole
//! sample (layered engine), forward and backward. Calls are dynamic per population, the loops
//! inside are plain.
//!
//! A model whose speed does not matter first is written as [`Equations`](crate::Equations) of one
//! step: everything here follows from them. `examples/own_neuron.rs` is such a model.

use crate::dynamics::Dynamics;
use crate::error::Result;
use crate::learned::Learnable;
use crate::spikes::Spike;
use crate::state::{State, Variable};
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

    /// What the model computes, as a type: what exporters and other machines match on. `None` for
    /// a model that the types have no word for.
    fn dynamics(&self) -> Option<Dynamics> {
        None
    }

    /// Names of the ports in which projections end. The inputs of a port are summed; what a model
    /// does with the sums of its ports is its own affair.
    fn ports(&self) -> &'static [&'static str] {
        &["input"]
    }
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

/// A neuron model with its constants worked out for one time step.
///
/// # Constants of each neuron
/// Where neurons learn parameters of their own, each has constants of its own
/// ([`Neuron::constants`]); engines hand them over as `[constant][neuron]`, or as
/// `[block][constant]`. An empty slice stands for the constants of the model, which all neurons
/// share.
pub trait Neuron: Debug + Send + Sync {
    /// The columns of a population's state. The first is the membrane potential after the step's
    /// reset; readouts are read there.
    fn variables(&self) -> &'static [Variable];

    /// Number of ports: of inputs that each neuron has.
    fn ports(&self) -> usize {
        1
    }

    /// The parameters that neurons can learn.
    fn learnable(&self) -> &[Learnable] {
        &[]
    }

    /// The constants of a neuron whose learnable parameters have the values `learned`, one for
    /// each of [`Neuron::learnable`].
    fn constants(&self, _learned: &[f64]) -> Vec<f64> {
        Vec::new()
    }

    /// The derivatives of [`Neuron::constants`] by the learnable parameter of this index.
    fn constant_slopes(&self, _learned: &[f64], _parameter: usize) -> Vec<f64> {
        Vec::new()
    }

    /// Whether the neurons fire; a readout does not.
    fn fires(&self) -> bool;

    /// Whether spikes have a height or a sign of their own. Then the population runs in the clock
    /// engine only.
    fn is_graded(&self) -> bool {
        false
    }

    /// Most spikes that a neuron can fire in `steps` steps: one in each, unless a model says
    /// otherwise.
    fn most_spikes(&self, steps: usize) -> usize {
        steps
    }

    /// Potentials outside which the surrogate slope is zero: there dL/dS does not matter, and the
    /// layered engine does not work it out. All of them unless a model says otherwise.
    fn slope_support(&self) -> Range<f32> {
        f32::NEG_INFINITY..f32::INFINITY
    }

    /// Advances all neurons by one step. `input` is the summed input, `[port][neuron]`; the spikes
    /// are appended to `spikes` by ascending neuron. `constants` is `[constant][neuron]` or empty.
    fn step(
        &self,
        constants: &[f64],
        state: &mut State<f64>,
        input: &[f64],
        spikes: &mut Vec<Spike>,
    );

    /// Advances all blocks of [`NEURONS_PER_BLOCK`] neurons by one step. On entry `input` is the
    /// summed input, `[port][block]`. On return its first entries, one per block, hold the membrane
    /// potential *before* the reset, less what the threshold was raised by; bit `n` of `spikes[b]`
    /// tells whether neuron `n` of block `b` fired. `constants` is `[block][constant]` or empty.
    fn step_blocks(
        &self,
        constants: &[NeuronBlock],
        state: &mut State<NeuronBlock>,
        input: &mut [NeuronBlock],
        spikes: &mut [u16],
    );

    /// The adjoint of one step of one block.
    fn step_adjoint(&self, step: StepAdjoint);

    /// Runs one block over a sample from rest: as many steps as `spikes` has entries. On entry
    /// `input` is `[port][step]`; on return its first entries, one per step, hold what
    /// [`Neuron::step_blocks`] leaves there, and `spikes[t]` the spikes of step `t`. The same bits
    /// as step after step. `constants` is `[constant]` or empty.
    fn forward(
        &self,
        constants: &[NeuronBlock],
        input: &mut [NeuronBlock],
        spikes: &mut [u16],
        scratch: &mut NeuronScratch,
    ) {
        let (steps, ports) = (spikes.len(), self.ports());
        scratch.rest(self);
        for t in 0..steps {
            scratch.take_input(input, ports, steps, t);
            let NeuronScratch { state, now, .. } = scratch;
            self.step_blocks(constants, state, now, &mut spikes[t..=t]);
            // A readout is read where its gradient goes.
            input[t] = if self.fires() { now[0] } else { state.column(0)[0] };
        }
    }

    /// The adjoint of [`Neuron::forward`], which it runs first.
    fn adjoint(&self, pass: BlockAdjoint) {
        let BlockAdjoint { constants, input, spikes, gradient, constant_gradient, scratch } = pass;
        let (steps, ports, columns) = (spikes.len(), self.ports(), self.variables().len());
        scratch.rest(self);
        scratch.history.clear();
        for t in 0..steps {
            scratch.history.extend_from_slice(scratch.state.values());
            scratch.take_input(input, ports, steps, t);
            let NeuronScratch { state, now, .. } = scratch;
            self.step_blocks(constants, state, now, &mut spikes[t..=t]);
        }
        scratch.d_state.clear();
        scratch.d_state.resize(columns, [0.0; NEURONS_PER_BLOCK]);
        for t in (0..steps).rev() {
            scratch.take_input(input, ports, steps, t);
            let NeuronScratch { now, history, d_state, d_now, .. } = scratch;
            let mut d_spike = gradient[t];
            if !self.fires() {
                (0..NEURONS_PER_BLOCK).for_each(|n| d_state[0][n] += d_spike[n]);
                d_spike = [0.0; NEURONS_PER_BLOCK];
            }
            d_now.clear();
            d_now.resize(ports, [0.0; NEURONS_PER_BLOCK]);
            let before = &history[t * columns..][..columns];
            let constant_gradient = &mut *constant_gradient;
            self.step_adjoint(StepAdjoint {
                constants,
                before,
                input: now,
                d_spike: &d_spike,
                d_state,
                d_input: d_now,
                d_constants: constant_gradient,
            });
            (0..ports).for_each(|port| gradient[port * steps + t] = d_now[port]);
        }
    }
}

/// What [`Neuron::step_adjoint`] reads and writes, for one block of neurons.
#[derive(Debug)]
pub struct StepAdjoint<'a> {
    /// `[constant]` or empty, as for the step.
    pub constants: &'a [NeuronBlock],
    /// The state before the step, `[column]`.
    pub before: &'a [NeuronBlock],
    /// The input of the step, `[port]`.
    pub input: &'a [NeuronBlock],
    /// dL/dS of the step's spike.
    pub d_spike: &'a NeuronBlock,
    /// On entry the gradient of the state behind the step, on return of the state before it.
    pub d_state: &'a mut [NeuronBlock],
    /// To be written: the gradient of the input, `[port]`.
    pub d_input: &'a mut [NeuronBlock],
    /// To be added to: the gradient of the constants, `[constant]`; empty where `constants` is.
    pub d_constants: &'a mut [NeuronBlock],
}

/// What [`Neuron::adjoint`] reads and writes, for one block of neurons and all steps of a sample.
#[derive(Debug)]
pub struct BlockAdjoint<'a> {
    /// `[constant]` or empty.
    pub constants: &'a [NeuronBlock],
    /// On entry the input, `[port][step]`; its content is lost.
    pub input: &'a mut [NeuronBlock],
    /// To be written: the spikes of the forward pass, `[step]`.
    pub spikes: &'a mut [u16],
    /// `[port][step]`. On entry the first entries, one per step, hold dL/dS (for a readout
    /// dL/dV), on return all hold dL/d input.
    pub gradient: &'a mut [NeuronBlock],
    /// To be added to: the gradient of the constants, `[constant]`; empty where `constants` is.
    pub constant_gradient: &'a mut [NeuronBlock],
    /// Working memory.
    pub scratch: &'a mut NeuronScratch,
}

/// Working memory of one block of neurons, which is reused from block to block.
#[derive(Debug, Default)]
pub struct NeuronScratch {
    /// One entry per column.
    state: State<NeuronBlock>,
    /// The input of a step, `[port]`.
    now: Vec<NeuronBlock>,
    /// The states before all steps, `[step][column]`.
    history: Vec<NeuronBlock>,
    d_state: Vec<NeuronBlock>,
    d_now: Vec<NeuronBlock>,
}

impl NeuronScratch {
    /// Brings the state of one block to rest.
    fn rest(&mut self, neuron: &(impl Neuron + ?Sized)) {
        let variables = neuron.variables();
        if self.state.entries() == 1 && std::ptr::eq(self.state.variables(), variables) {
            self.state.reset([0.0; NEURONS_PER_BLOCK]);
        } else {
            self.state = State::at_rest(variables, 1, [0.0; NEURONS_PER_BLOCK]);
        }
    }

    /// Takes the input of step `t` out of `[port][step]`.
    fn take_input(&mut self, input: &[NeuronBlock], ports: usize, steps: usize, t: usize) {
        self.now.clear();
        self.now.extend((0..ports).map(|port| input[port * steps + t]));
    }
}
