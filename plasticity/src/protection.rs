//! What training must not disturb.

use crate::continual::subspace_report::{Stored, SubspaceReport};
use crate::gradient::loss::Loss;
use sim_core::{
    Batch, GradientEngine, LearnedInput, Network, ParameterId, Pass, Result as NetworkResult,
    SpikeFrames,
};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

/// Keeps a part of a network as it is while the rest learns: directions of the input that an
/// earlier task uses, say. `()` protects nothing.
///
/// A protection acts twice in each training step. It changes the gradient before the optimiser
/// sees it, and it changes the step that the optimiser made: momentum, Adam and multiplicative
/// updates turn a gradient, so the first act alone would not keep the promise. The second act is
/// left out where the step is linear in the gradients (see
/// [`Optimizer::is_linear`](crate::gradient::Optimizer::is_linear)), and nothing confines the
/// parameter: such a step of protected gradients is itself protected.
///
/// What is protected of earlier tasks changes in [`begin_task`](Self::begin_task) and
/// [`end_task`](Self::end_task) only, when optimisers forget their moments: these would carry a
/// step of before into what is protected now.
///
/// One thing is outside of its reach: a parameter stays in its range and keeps its signs, whatever
/// a protection makes of a step. Where that takes a step out of what is protected, the step is
/// protected again, and so on in turn, and a neuron that comes to no end rests; what is left over,
/// at most 1e-3, is reported
/// ([`StepReport::protection_residual`](crate::StepReport::protection_residual)).
pub trait Protection: Debug + Send {
    /// Hears that a task begins (see [`Trainer::begin_task`](crate::Trainer::begin_task)); tasks
    /// are counted from 0.
    ///
    /// # Errors
    /// A task for which the protection has no room.
    fn begin_task(&mut self, _task: usize) -> NetworkResult<()> {
        Ok(())
    }

    /// Hears, before each step, which share of the steps of the task lies behind: `0 <= share < 1`.
    fn move_to(&mut self, _share: f64) {}

    /// Whether it looks at what the network sends in each batch, in [`observe`](Self::observe).
    fn watches(&self) -> bool {
        false
    }

    /// Sees a batch that the engine has just run as the network is deployed: without dropout, with
    /// one tap per synapse and running statistics. Gradients of the batch are used afterwards. Only
    /// a protection that [`watches`](Self::watches) is asked.
    fn observe(&mut self, _network: &Network, _batch: &Batch, _engine: &dyn GradientEngine) {}

    /// Whether a parameter stays exactly as it is: its optimiser then rests, and its gradient
    /// counts nowhere.
    fn freezes(&self, _id: ParameterId) -> bool {
        false
    }

    /// Whether the running statistics of norms stay as they are instead of following the batches.
    fn pins_norms(&self) -> bool {
        false
    }

    /// Whether it protects anything of a parameter that it does not freeze. Only then are the next
    /// two methods called for it.
    fn protects(&self, id: ParameterId) -> bool;

    /// What synapses learn from, where taking it out of the input is the same as taking it out of
    /// the gradient: an engine may do it there, and then [`gradient`](Self::gradient) is not asked
    /// (see [`LearnedInput`]).
    fn learned_input(&self) -> Option<&dyn LearnedInput> {
        None
    }

    /// Wall time that its [`learned_input`](Self::learned_input) took in engines so far.
    fn mapping(&self) -> Duration {
        Duration::ZERO
    }

    /// Whether what it learned in the last step is usable.
    ///
    /// # Errors
    /// [`sim_core::Error::NotFinite`] for something that diverged.
    fn check(&self) -> NetworkResult<()> {
        Ok(())
    }

    /// Removes from a gradient the part that would disturb; `values` are the entries of the
    /// parameter now.
    fn gradient(&self, id: ParameterId, values: &[f32], gradient: &mut [f32]);

    /// Removes from a step the part that would disturb: `before` and `after` are the entries of the
    /// parameter before and after the step. It is not called where steps are linear in gradients,
    /// as those of plain SGD are: there, [`gradient`](Self::gradient) has to do it.
    fn step(&self, id: ParameterId, before: &[f32], after: &mut [f32]);

    /// Hears that a task ends (see [`Trainer::end_task`](crate::Trainer::end_task)), and looks at
    /// its samples: from now on, it protects what it has learned of them.
    ///
    /// # Errors
    /// What the engine refuses; samples of which nothing can be learned.
    fn end_task(&mut self, _task: &mut TaskEnd) -> NetworkResult<()> {
        Ok(())
    }

    /// The subspaces that it keeps, by task, and in each by projection; none, where it keeps
    /// something else.
    fn subspaces(&self) -> &[SubspaceReport] {
        &[]
    }

    /// How much it keeps of tasks that have ended.
    fn stored(&self) -> Stored {
        Stored::default()
    }

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

/// A task that ends: the trained network, and training samples of the task.
#[derive(Debug)]
pub struct TaskEnd<'a> {
    /// The network as the task left it.
    pub network: &'a Network,
    /// The engine, to run the samples.
    pub engine: &'a mut dyn GradientEngine,
    /// The pass of training, without dropout: there is a gradient through it.
    pub pass: Pass,
    /// The samples.
    pub frames: &'a [SpikeFrames],
    /// The class of each sample.
    pub labels: &'a [usize],
    /// What the task minimised.
    pub loss: &'a dyn Loss,
    /// Index of the population that the loss reads.
    pub output: usize,
}

impl Protection for () {
    fn protects(&self, _id: ParameterId) -> bool {
        false
    }

    fn gradient(&self, _id: ParameterId, _values: &[f32], _gradient: &mut [f32]) {}

    fn step(&self, _id: ParameterId, _before: &[f32], _after: &mut [f32]) {}
}
