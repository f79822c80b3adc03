//! Orthogonal weight modification: weights change beside all inputs so far, by a matrix that
//! recursive least squares keep [Zeng et al. 2019].
//!
//! Each protected projection with `N` presynaptic neurons has a matrix `P`, `[N][N]`, at first one.
//! Every batch with the mean presynaptic rates `x` changes it, and every change of the weights is
//! multiplied by it:
//! ```text
//! k = P x
//! P = P - k k^T / (alpha + x^T k)
//! dW = dW P
//! ```
//! `P` is symmetric, and comes near the projection onto what no batch has used: with the second
//! moment `A = sum x x^T`, it is `(I + A / alpha)^-1`. It follows the task at hand, too: momentum
//! may carry a step into what that task's earlier batches used, never into what earlier tasks did.
//!
//! After the first task, everything but weights is frozen, and running statistics of norms are
//! pinned, as in [`HebbianProjection`](crate::continual::HebbianProjection).
//!
//! Where it differs from the original: the mean rates of spiking populations take the place of mean
//! activations. `P` is not quite a projection, so a step that is not linear in its gradients is
//! multiplied by it a second time.

use crate::continual::dense::{SOME, product, sum_of_products};
use crate::continual::presynaptic::{Activity, sent};
use crate::continual::protected_weights::{
    ProtectedWeight, ProtectedWeights, change_step, is_frozen_after_the_first_task,
};
use crate::continual::saved_state::{Restored, SavedState};
use crate::continual::subspace_report::Stored;
use crate::continual::task_count::TaskCount;
use crate::protection::{Protection, TaskEnd};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sim_core::{Batch, Error, GradientEngine, Network, ParameterId, Result};
use simd::Matrix;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Choices of [`OrthogonalWeights`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrthogonalWeightsSettings {
    /// How strong an input must be to be kept, above 0; 1.
    pub alpha: f64,
    /// Indices of the protected projections; all dense ones of neurons that fire and of sources.
    pub projections: Option<Vec<usize>>,
}

impl Default for OrthogonalWeightsSettings {
    fn default() -> Self {
        Self { alpha: 1.0, projections: None }
    }
}

/// Protects what the mean activity of batches used.
#[derive(Debug)]
pub struct OrthogonalWeights {
    alpha: f64,
    weights: ProtectedWeights,
    /// `P` of each projection, `[neuron][neuron]`.
    projectors: Vec<Vec<f32>>,
    tasks: TaskCount,
    samples: Vec<f32>,
    /// `k` of a batch.
    along: Vec<f32>,
    memory: RefCell<[Vec<f32>; 2]>,
}

impl OrthogonalWeights {
    /// A protection of this network.
    ///
    /// # Errors
    /// The first setting that is not allowed, or that does not fit the network.
    pub fn new(network: &Network, settings: OrthogonalWeightsSettings) -> Result<Self> {
        let OrthogonalWeightsSettings { alpha, projections } = settings;
        Error::check("OrthogonalWeights::alpha", alpha, alpha > 0.0, "above 0")?;
        let weights = ProtectedWeights::new(network, projections.as_deref())?;
        let one = |weight: &ProtectedWeight| {
            let mut one = vec![0.0; weight.pre * weight.pre];
            one.iter_mut().step_by(weight.pre + 1).for_each(|entry| *entry = 1.0);
            one
        };
        Ok(Self {
            alpha,
            projectors: weights.0.iter().map(one).collect(),
            weights,
            tasks: TaskCount::default(),
            samples: Vec::new(),
            along: Vec::new(),
            memory: RefCell::default(),
        })
    }

    fn project(&self, place: usize, change: &mut [f32]) {
        let [rows, products] = &mut *self.memory.borrow_mut();
        let neurons = self.weights.0[place].pre;
        let projector = Matrix::of_rows(&self.projectors[place], neurons);
        self.weights.0[place].change_rows(change, rows, |rows| {
            products.resize(rows.len(), 0.0);
            product(products, 0.0, Matrix::of_rows(rows, neurons), projector, 1.0);
            let some = rows.par_chunks_mut(SOME).zip(products.par_chunks(SOME));
            some.for_each(|(rows, products)| rows.copy_from_slice(products));
        });
    }

    /// One step of recursive least squares: `along` becomes `k`, `samples` their mean.
    fn follow(projector: &mut [f32], alpha: f64, samples: &mut [f32], along: &mut Vec<f32>) {
        let neurons = projector.len().isqrt();
        let mean = 1.0 / (samples.len() / neurons) as f32;
        let (first, rest) = samples.split_at_mut(neurons);
        for sample in rest.chunks_exact(neurons) {
            first.iter_mut().zip(sample).for_each(|(sum, value)| *sum += value);
        }
        first.iter_mut().for_each(|sum| *sum *= mean);
        along.resize(neurons, 0.0);
        // P is symmetric: its rows are its columns.
        along
            .par_iter_mut()
            .zip(projector.par_chunks(neurons))
            .with_min_len(SOME / neurons)
            .for_each(|(along, row)| *along = sum_of_products(row, first) as f32);
        let strength: f64 =
            first.iter().zip(&*along).map(|(&x, &k)| f64::from(x) * f64::from(k)).sum();
        // Both factors get the root: P stays symmetric to the bit.
        let root = (alpha + strength.max(0.0)).sqrt().recip() as f32;
        along.iter_mut().for_each(|k| *k *= root);
        let along = &along[..];
        let rows = projector.par_chunks_mut(neurons).zip(along);
        rows.with_min_len(SOME / neurons).for_each(|(row, of_row)| {
            row.iter_mut().zip(along).for_each(|(entry, of_column)| *entry -= of_row * of_column);
        });
    }
}

impl Protection for OrthogonalWeights {
    fn begin_task(&mut self, task: usize) -> Result<()> {
        self.tasks.check_begin(task)?;
        self.tasks.begin();
        Ok(())
    }

    fn watches(&self) -> bool {
        true
    }

    fn observe(&mut self, network: &Network, batch: &Batch, engine: &dyn GradientEngine) {
        let Self { alpha, weights, projectors, samples, along, .. } = self;
        for (weight, projector) in weights.0.iter().zip(projectors) {
            Activity::Rates.gather(sent(network, weight.source, batch.frames, engine), samples);
            Self::follow(projector, *alpha, samples, along);
        }
    }

    fn freezes(&self, id: ParameterId) -> bool {
        self.tasks.ended() > 0 && is_frozen_after_the_first_task(id)
    }

    fn pins_norms(&self) -> bool {
        self.tasks.ended() > 0
    }

    fn protects(&self, id: ParameterId) -> bool {
        self.weights.place(id).is_some()
    }

    fn gradient(&self, id: ParameterId, _values: &[f32], gradient: &mut [f32]) {
        if let Some(place) = self.weights.place(id) {
            self.project(place, gradient);
        }
    }

    fn step(&self, id: ParameterId, before: &[f32], after: &mut [f32]) {
        if let Some(place) = self.weights.place(id) {
            change_step(before, after, |change| self.project(place, change));
        }
    }

    fn end_task(&mut self, task: &mut TaskEnd) -> Result<()> {
        self.tasks.check_end(task)?;
        self.tasks.end();
        Ok(())
    }

    fn stored(&self) -> Stored {
        Stored { numbers: self.projectors.iter().map(Vec::len).sum(), ..Stored::default() }
    }

    /// | name | holds |
    /// |---|---|
    /// | `tasks` | tasks that have begun, tasks that have ended |
    /// | `<projection>.projector` | `P`, `[neuron][neuron]` |
    fn state(&self) -> BTreeMap<String, Vec<f32>> {
        let mut state = SavedState::default();
        self.tasks.save(&mut state);
        for (weight, projector) in self.weights.0.iter().zip(&self.projectors) {
            state.put(format!("{}.projector", weight.name), projector.clone());
        }
        state.into_map()
    }

    fn restore(&mut self, state: BTreeMap<String, Vec<f32>>) -> Restored<()> {
        let mut state = SavedState::new(state);
        let tasks = TaskCount::restored(&mut state)?;
        let of = |weight: &ProtectedWeight| (format!("{}.projector", weight.name), weight.pre);
        let projectors = self.weights.0.iter().map(of);
        let projectors = projectors
            .map(|(name, neurons)| state.take_exactly(&name, neurons * neurons))
            .collect::<Restored<_>>()?;
        state.check_empty()?;
        (self.tasks, self.projectors) = (tasks, projectors);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
