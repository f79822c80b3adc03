//! What training must not disturb.

use sim_core::{Batch, GradientEngine, Network, ParameterId};
use std::collections::BTreeMap;
use std::fmt::Debug;

/// Keeps a part of a network as it is while the rest learns: directions of the input that an
/// earlier task uses, say. `()` protects nothing.
///
/// A protection acts twice in each training step. It changes the gradient before the optimiser
/// sees it, and it changes the step that the optimiser made: momentum, Adam and multiplicative
/// updates turn a gradient, so the first act alone would not keep the promise.
///
/// Two things are outside of its reach. A parameter stays in its range and keeps its signs,
/// whatever a protection makes of a step. The running statistics of norms follow the batches: a
/// network whose function must not change has none.
pub trait Protection: Debug + Send {
    /// Sees a batch that the engine has just run, before its gradients are used.
    fn observe(&mut self, _network: &Network, _batch: &Batch, _engine: &dyn GradientEngine) {}

    /// Whether it protects anything of a parameter. Only then are the next two methods called for
    /// it.
    fn protects(&self, id: ParameterId) -> bool;

    /// Removes from a gradient the part that would disturb.
    fn gradient(&self, id: ParameterId, gradient: &mut [f32]);

    /// Removes from a step the part that would disturb: `before` and `after` are the entries of the
    /// parameter before and after the step.
    fn step(&self, id: ParameterId, before: &[f32], after: &mut [f32]);

    /// Hears that a task ends (see [`Trainer::end_task`](crate::Trainer::end_task)): from now on,
    /// it protects what it has observed so far.
    fn end_task(&mut self) {}

    /// Everything that the protection has learned, by name. A checkpoint holds it.
    fn state(&self) -> BTreeMap<String, Vec<f32>> {
        BTreeMap::new()
    }

    /// Takes over a state that [`Protection::state`] of a protection like this one returned.
    ///
    /// # Errors
    /// A sentence that says what does not fit.
    fn restore(&mut self, state: BTreeMap<String, Vec<f32>>) -> Result<(), String> {
        match state.keys().next() {
            None => Ok(()),
            Some(name) => Err(format!("this protection has no state {name}")),
        }
    }
}

impl Protection for () {
    fn protects(&self, _id: ParameterId) -> bool {
        false
    }

    fn gradient(&self, _id: ParameterId, _gradient: &mut [f32]) {}

    fn step(&self, _id: ParameterId, _before: &[f32], _after: &mut [f32]) {}
}
