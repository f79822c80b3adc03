//! Gradient projection memory: when a task ends, a singular value decomposition finds the
//! directions that its samples used, and weights change beside them only [Saha et al. 2021].
//!
//! With the rates `R` that the deployed network's populations send in the task's samples,
//! `[sample][neuron]`, and the directions `M` kept so far, `[direction][neuron]`:
//! ```text
//! R' = R - R M^T M            what is not kept yet
//! R' = U S V^T                its singular values, the largest first
//! M grows by the first r rows of V^T, with the smallest r for which
//! |R|^2 - |R'|^2 + sum_{i <= r} s_i^2 >= threshold |R|^2
//! ```
//! and in later tasks, every change of the weights is projected, `dW (I - M^T M)`. Instead of a
//! threshold, the number of directions may be given: then the decomposition is what a lateral
//! circuit with as many rows can learn at best.
//!
//! After the first task, everything but weights is frozen, and running statistics of norms are
//! pinned, as in [`HebbianProjection`](crate::continual::HebbianProjection).
//!
//! Where it differs from the released code: layers are spiking populations, whose rates take the
//! place of activations.

use crate::continual::dense::sum_of_squares;
use crate::continual::lateral_circuit::LateralCircuit;
use crate::continual::orthonormal::{ROUNDING, principal_directions};
use crate::continual::presynaptic::{Activity, sent_in_samples};
use crate::continual::protected_weights::{
    ProtectedWeights, change_step, is_frozen_after_the_first_task,
};
use crate::continual::saved_state::{Restored, SavedState};
use crate::continual::subspace_report::{Stored, SubspaceReport};
use crate::continual::task_count::TaskCount;
use crate::protection::{Protection, TaskEnd};
use serde::{Deserialize, Serialize};
use sim_core::{Error, Network, ParameterId, Result};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Choices of [`GradientProjectionMemory`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GradientProjectionMemorySettings {
    /// How many directions a task adds.
    pub directions: Directions,
    /// Indices of the protected projections; all dense ones of neurons that fire and of sources.
    #[serde(default)]
    pub projections: Option<Vec<usize>>,
}

/// How many directions of presynaptic activity a task adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Directions {
    /// As many as explain this share of the second moment of the task's samples, for each
    /// projection; above 0, at most 1.
    Thresholds(Vec<f64>),
    /// As many as this, `[task][projection]`; the last entry is that of all later tasks. A task
    /// adds fewer where its samples have fewer.
    Rows(Vec<Vec<usize>>),
}

impl Directions {
    fn check(&self, weights: &ProtectedWeights) -> Result<()> {
        match self {
            Self::Thresholds(thresholds) => {
                let name = "GradientProjectionMemory::directions.thresholds";
                weights.check_entries(name, thresholds.len())?;
                thresholds.iter().enumerate().try_for_each(|(place, &threshold)| {
                    let name = format!("GradientProjectionMemory::directions.thresholds[{place}]");
                    let ok = threshold > 0.0 && threshold <= 1.0;
                    Error::check(&*name, threshold, ok, "above 0 and at most 1")
                })
            }
            Self::Rows(rows) => {
                if rows.is_empty() {
                    let allowed = "a list with the rows of at least one task";
                    let name = "GradientProjectionMemory::directions.rows";
                    return Err(Error::out_of_range(name, "empty", allowed));
                }
                if let Some(place) = rows[0].iter().position(|&rows| rows == 0) {
                    let name = "GradientProjectionMemory::directions.rows[0]";
                    let name = match weights.0.get(place) {
                        Some(weight) => format!("{name} of {}", weight.name),
                        None => name.to_owned(),
                    };
                    return Err(Error::out_of_range(name, 0, "at least 1"));
                }
                rows.iter().enumerate().try_for_each(|(task, rows)| {
                    let name = format!("GradientProjectionMemory::directions.rows[{task}]");
                    weights.check_entries(&*name, rows.len())?;
                    let mut counts = rows.iter().zip(&weights.0);
                    match counts.find(|(rows, weight)| **rows > weight.pre) {
                        None => Ok(()),
                        Some((rows, weight)) => {
                            let allowed = format!("at most {}, its inputs", weight.pre);
                            let name = format!("{name} of {}", weight.name);
                            Err(Error::out_of_range(name, rows, allowed))
                        }
                    }
                })
            }
        }
    }

    /// Number of directions that a task adds to a projection: of what is not kept yet, the squares
    /// of the singular values are `squares`, the largest first; what is kept explains `kept` of
    /// `total`.
    fn count(
        &self,
        (task, place): (usize, usize),
        squares: &[f64],
        kept: f64,
        total: f64,
    ) -> usize {
        match self {
            Self::Rows(rows) => rows[task.min(rows.len() - 1)][place],
            Self::Thresholds(thresholds) => {
                let mut explained = kept;
                let missing = squares.iter().take_while(|&&square| {
                    let is_missing = explained < thresholds[place] * total;
                    explained += square;
                    is_missing
                });
                missing.count()
            }
        }
    }
}

/// Protects the directions that a singular value decomposition finds in samples of each task.
#[derive(Debug)]
pub struct GradientProjectionMemory {
    directions: Directions,
    weights: ProtectedWeights,
    /// The directions, as rows of circuits that never learn.
    kept: Vec<LateralCircuit<f32>>,
    tasks: TaskCount,
    reports: Vec<SubspaceReport>,
    memory: RefCell<[Vec<f32>; 2]>,
}

impl GradientProjectionMemory {
    /// A protection of this network.
    ///
    /// # Errors
    /// The first setting that is not allowed, or that does not fit the network.
    pub fn new(network: &Network, settings: GradientProjectionMemorySettings) -> Result<Self> {
        let GradientProjectionMemorySettings { directions, projections } = settings;
        let weights = ProtectedWeights::new(network, projections.as_deref())?;
        directions.check(&weights)?;
        let kept = weights.0.iter();
        let kept = kept.map(|weight| LateralCircuit::new(weight.pre, Default::default()));
        Ok(Self {
            kept: kept.collect::<Result<_>>()?,
            directions,
            weights,
            tasks: TaskCount::default(),
            reports: Vec::new(),
            memory: RefCell::default(),
        })
    }

    /// The directions of each protected projection, `[direction][neuron]`, orthonormal.
    pub fn kept(&self) -> impl Iterator<Item = &[f32]> {
        self.kept.iter().map(LateralCircuit::rows)
    }

    fn project(&self, place: usize, change: &mut [f32]) {
        let [rows, answers] = &mut *self.memory.borrow_mut();
        let kept = &self.kept[place];
        self.weights.0[place].change_rows(change, rows, |rows| kept.project_change(rows, answers));
    }

    /// The directions that a task adds to a projection, from its samples, `[sample][neuron]`, and
    /// the share of the samples that all then explain.
    fn new_directions(&self, at: (usize, usize), samples: &[f32]) -> (Vec<f32>, f64) {
        let kept = &self.kept[at.1];
        let neurons = kept.inputs();
        let total = sum_of_squares(samples);
        if total == 0.0 {
            return (Vec::new(), 1.0);
        }
        let mut rest = samples.to_vec();
        kept.project_change(&mut rest, &mut Vec::new());
        let rest: Vec<f64> = rest.into_iter().map(f64::from).collect();
        let (values, directions) = principal_directions(&rest, neurons);
        let squares: Vec<f64> = values.iter().map(|value| value * value).collect();
        let already = total - squares.iter().sum::<f64>();
        let real = squares.iter().take_while(|&&square| square > ROUNDING * total).count();
        let room = neurons - kept.row_count();
        let count = self.directions.count(at, &squares, already, total).min(real).min(room);
        let explained = (already + squares[..count].iter().sum::<f64>()) / total;
        let directions = directions[..count * neurons].iter().map(|&entry| entry as f32);
        (directions.collect(), explained)
    }
}

impl Protection for GradientProjectionMemory {
    fn begin_task(&mut self, task: usize) -> Result<()> {
        self.tasks.check_begin(task)?;
        self.tasks.begin();
        Ok(())
    }

    fn freezes(&self, id: ParameterId) -> bool {
        self.tasks.ended() > 0 && is_frozen_after_the_first_task(id)
    }

    fn pins_norms(&self) -> bool {
        self.tasks.ended() > 0
    }

    fn protects(&self, id: ParameterId) -> bool {
        self.tasks.ended() > 0 && self.weights.place(id).is_some()
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

    /// Finds the directions of the samples.
    ///
    /// # Errors
    /// A task that has not begun, or has no samples; what the engine refuses.
    fn end_task(&mut self, task: &mut TaskEnd) -> Result<()> {
        self.tasks.check_end(task)?;
        let TaskEnd { network, engine, frames, .. } = task;
        let sources = self.weights.sources();
        let samples = sent_in_samples(network, &mut **engine, frames, &sources, Activity::Rates)?;
        let number = self.tasks.ended();
        for (place, samples) in samples.iter().enumerate() {
            let (rows, explained) = self.new_directions((number, place), samples);
            let kept = &mut self.kept[place];
            kept.add_given_rows(&rows)?;
            // Rounding has turned them a little towards those that are kept.
            kept.freeze(true);
            self.reports.push(SubspaceReport {
                task: number,
                projection: self.weights.0[place].name.clone(),
                rows: rows.len() / kept.inputs(),
                explained: Some(explained as f32),
                residuals: Vec::new(),
            });
        }
        self.tasks.end();
        Ok(())
    }

    fn subspaces(&self) -> &[SubspaceReport] {
        &self.reports
    }

    fn stored(&self) -> Stored {
        Stored {
            rows: self.kept.iter().map(LateralCircuit::row_count).sum(),
            samples: 0,
            numbers: self.kept().map(<[f32]>::len).sum(),
        }
    }

    /// | name | holds |
    /// |---|---|
    /// | `tasks` | tasks that have begun, tasks that have ended |
    /// | `<projection>.groups` | directions that each task added |
    /// | `<projection>.rows` | the directions, `[direction][neuron]` |
    /// | `<projection>.explained` | what they explain of each task that has ended |
    fn state(&self) -> BTreeMap<String, Vec<f32>> {
        let mut state = SavedState::default();
        self.tasks.save(&mut state);
        for (place, (kept, weight)) in self.kept.iter().zip(&self.weights.0).enumerate() {
            let mut put = |what: &str, values: Vec<f32>| {
                state.put(format!("{}.{what}", weight.name), values);
            };
            put("groups", kept.groups().iter().map(|&rows| rows as f32).collect());
            put("rows", kept.rows().to_vec());
            let reports = self.reports.iter().skip(place).step_by(self.kept.len());
            put("explained", reports.filter_map(|report| report.explained).collect());
        }
        state.into_map()
    }

    fn restore(&mut self, state: BTreeMap<String, Vec<f32>>) -> Restored<()> {
        let mut state = SavedState::new(state);
        let tasks = TaskCount::restored(&mut state)?;
        let (mut all_kept, mut reports) = (self.kept.clone(), Vec::new());
        for (weight, kept) in self.weights.0.iter().zip(&mut all_kept) {
            let name = |what: &str| format!("{}.{what}", weight.name);
            let (groups, rows) = (state.counts(&name("groups"))?, state.take(&name("rows"))?);
            let explained = state.take_exactly(&name("explained"), tasks.ended())?;
            if groups.len() != tasks.ended() {
                return Err(format!("the protection of {} knows other tasks", weight.name));
            }
            kept.restore(groups.clone(), rows, None)
                .map_err(|problem| format!("what is kept of {} is {problem}", weight.name))?;
            for (task, (&rows, explained)) in groups.iter().zip(explained).enumerate() {
                reports.push(SubspaceReport {
                    task,
                    projection: weight.name.clone(),
                    rows,
                    explained: Some(explained),
                    residuals: Vec::new(),
                });
            }
        }
        state.check_empty()?;
        reports.sort_by_key(|report| report.task);
        (self.tasks, self.kept, self.reports) = (tasks, all_kept, reports);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
