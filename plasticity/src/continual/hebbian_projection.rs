//! Hebbian orthogonal projection: lateral circuits learn which directions of presynaptic activity
//! the tasks use, and weights change beside them only [Xiao et al. 2024].
//!
//! Each protected projection has a [`LateralCircuit`]. In every step of training it learns from the
//! batch at hand, before the weights do. When a task ends, its rows `H` are frozen. From then on
//! every change of the weights is projected, `dW (I - H^T H)`: what `W x` is for activity `x` in
//! the span of the rows stays what it was. Activity of later tasks that lies in the span cannot be
//! learned anew, so tasks share the room of a population.
//!
//! Under updates that keep signs, the sign wins, and the synapses that may still move take over
//! what the others cannot: `W x` stays up to a share of the change, at most about 1e-3, which
//! [`StepReport::protection_residual`](crate::StepReport::protection_residual) tells.
//!
//! After the first task, everything but weights is frozen: delays, gains, biases, thresholds, time
//! constants and adaptation act on all activity, that of earlier tasks, too. Running statistics of
//! norms are pinned. Weights of projections that are not protected learn on.
//!
//! The circuits learn from the network as it is deployed: dropout would mask what they see, and
//! wide delay kernels would blur it. What is kept is the current that a vector `x` of one step, or
//! of mean rates, brings. The current of synapses with delays mixes vectors of several steps: it is
//! kept where each of these vectors is.
//!
//! Where it differs from the released code:
//!
//! - Gradients are projected, not traces; for linear answers that is the same.
//! - With bursts ([`LateralAnswer::Quantised`](crate::continual::LateralAnswer)) rows learn from
//!   bursts, but gradients are projected linearly: their entries are far below one spike.
//! - With every way to get gradients, circuits learn from spikes or from mean rates. There, they
//!   learn from traces with OTTT, and from weighted rates with DSR.

use crate::continual::circuit_settings::CircuitSettings;
use crate::continual::lateral_circuit::LateralCircuit;
use crate::continual::presynaptic::{Activity, Sent, sent, sent_in_samples};
use crate::continual::protected_weights::{
    ProtectedWeight, ProtectedWeights, change_step, is_frozen_after_the_first_task,
};
use crate::continual::saved_state::{Restored, SavedState};
use crate::continual::subspace_report::{Stored, SubspaceReport};
use crate::continual::task_count::TaskCount;
use crate::protection::{Protection, TaskEnd};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sim_core::{Batch, Error, GradientEngine, LearnedInput, Network, ParameterId, Result, Seed};
use std::collections::BTreeMap;
use std::f64::consts::PI;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Choices of [`HebbianProjection`].
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `rows` | | `[task][projection]`: rows that each task adds; later tasks take the last entry |
/// | `projections` | all dense ones | indices of the protected projections |
/// | `rates` | `circuit.rate` | rate of the circuit of each protected projection |
/// | `rates_fall` | false | whether rates fall to 0 within each task |
/// | `activity` | rates | what the circuits learn from |
/// | `orthonormal` | true | whether rows are made orthonormal when they freeze |
/// | `circuit` | see [`CircuitSettings`] | how the circuits learn |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HebbianProjectionSettings {
    /// Rows that each task adds, `[task][projection]`; the last entry is that of all later tasks.
    /// Each task but the last needs at least one row for each projection that has room.
    pub rows: Vec<Vec<usize>>,
    /// Indices of the protected projections; all dense ones of neurons that fire and of sources.
    #[serde(default)]
    pub projections: Option<Vec<usize>>,
    /// Rate of the circuit of each protected projection, above 0; that of `circuit`.
    #[serde(default)]
    pub rates: Option<Vec<f64>>,
    /// Whether the rates of the circuits fall to 0 along half a cosine in the course of each task;
    /// false. Rows that come to rest are nearer to the strongest directions.
    #[serde(default)]
    pub rates_fall: bool,
    /// What the circuits learn from; rates.
    #[serde(default)]
    pub activity: Activity,
    /// Whether rows are made orthonormal when they freeze; true. Else they stay as learned, and
    /// what is protected is protected as far as they are orthonormal.
    #[serde(default = "yes")]
    pub orthonormal: bool,
    /// How the circuits learn.
    #[serde(default)]
    pub circuit: CircuitSettings,
}

fn yes() -> bool {
    true
}

impl HebbianProjectionSettings {
    /// Settings with these rows and defaults otherwise.
    pub fn with_rows(rows: Vec<Vec<usize>>) -> Self {
        Self {
            rows,
            projections: None,
            rates: None,
            rates_fall: false,
            activity: Activity::Rates,
            orthonormal: true,
            circuit: CircuitSettings::default(),
        }
    }

    /// The rows that a task adds to each projection.
    ///
    /// # Panics
    /// If `rows` is empty.
    pub fn rows_of(&self, task: usize) -> &[usize] {
        &self.rows[task.min(self.rows.len() - 1)]
    }

    /// The settings of each circuit.
    fn circuits(&self, weights: &ProtectedWeights) -> Result<Vec<CircuitSettings>> {
        let count = weights.0.len();
        if self.rows.is_empty() {
            let allowed = "a list with the rows of at least one task";
            return Err(Error::out_of_range("HebbianProjection::rows", "empty", allowed));
        }
        for (task, rows) in self.rows.iter().enumerate() {
            weights.check_entries(format!("HebbianProjection::rows[{task}]"), rows.len())?;
        }
        if let Some(place) = self.rows[0].iter().position(|&rows| rows == 0) {
            let name = format!("HebbianProjection::rows[0] of {}", weights.0[place].name);
            return Err(Error::out_of_range(name, 0, "at least 1"));
        }
        self.circuit.check().map_err(|error| error.within("circuit"))?;
        let rates = self.rates.clone().unwrap_or_else(|| vec![self.circuit.rate; count]);
        weights.check_entries("HebbianProjection::rates", rates.len())?;
        for (place, &rate) in rates.iter().enumerate() {
            let name = format!("HebbianProjection::rates[{place}]");
            Error::check(name, rate, rate > 0.0, "above 0")?;
        }
        Ok(rates.into_iter().map(|rate| CircuitSettings { rate, ..self.circuit }).collect())
    }
}

/// Protects what earlier tasks use of each projection by lateral circuits.
#[derive(Debug)]
pub struct HebbianProjection {
    settings: HebbianProjectionSettings,
    seed: Seed,
    weights: ProtectedWeights,
    circuits: Vec<LateralCircuit<f32>>,
    tasks: TaskCount,
    /// The share of the steps of the task that lies behind.
    share: f64,
    /// By task, and in each by projection.
    reports: Vec<SubspaceReport>,
    /// Samples of a batch, by projection.
    samples: Vec<Vec<f32>>,
    memory: Mutex<ProjectionMemory>,
}

/// Why a lock is open.
const NEVER_POISONED: &str = "no projection panics";

/// Working memory of a projection.
#[derive(Debug, Default)]
struct ProjectionMemory {
    /// Wall time of mapped input.
    spent: Duration,
    rows: Vec<f32>,
    answers: Vec<f32>,
}

impl HebbianProjection {
    /// A protection of this network. `seed` draws the first rows of each task.
    ///
    /// # Errors
    /// The first setting that is not allowed, or that does not fit the network.
    pub fn new(network: &Network, settings: HebbianProjectionSettings, seed: Seed) -> Result<Self> {
        let weights = ProtectedWeights::new(network, settings.projections.as_deref())?;
        let samples = vec![Vec::new(); weights.0.len()];
        let circuits = settings.circuits(&weights)?;
        let circuits = weights.0.iter().zip(circuits);
        let circuits = circuits.map(|(weight, settings)| LateralCircuit::new(weight.pre, settings));
        let protection = Self {
            circuits: circuits.collect::<Result<_>>()?,
            settings,
            seed,
            weights,
            tasks: TaskCount::default(),
            share: 0.0,
            reports: Vec::new(),
            samples,
            memory: Mutex::default(),
        };
        protection.check_tasks(protection.settings.rows.len())?;
        Ok(protection)
    }

    /// Checks, before the first of this many tasks is trained, that there is room for their rows,
    /// and that something is kept of each but the last.
    ///
    /// # Errors
    /// [`Error::Unfit`] naming the first task with more rows than a projection has presynaptic
    /// neurons; [`Error::OutOfRange`] naming the first task without rows in a projection that has
    /// room, where another task follows.
    pub fn check_tasks(&self, tasks: usize) -> Result<()> {
        let mut all = vec![0; self.circuits.len()];
        for task in 0..tasks {
            let rows = self.settings.rows_of(task);
            for ((all, rows), weight) in all.iter_mut().zip(rows).zip(&self.weights.0) {
                if *rows == 0 && *all < weight.pre && task + 1 < tasks {
                    let entry = task.min(self.settings.rows.len() - 1);
                    let name = format!("HebbianProjection::rows[{entry}] of {}", weight.name);
                    let allowed = format!("at least 1: other tasks follow task {}", task + 1);
                    return Err(Error::out_of_range(name, 0, allowed));
                }
                *all += rows;
                check_room(task, *all, weight)?;
            }
        }
        Ok(())
    }

    /// The circuits, in the order of the protected projections.
    pub fn circuits(&self) -> &[LateralCircuit<f32>] {
        &self.circuits
    }

    /// Reports of the task at hand.
    fn current_reports(&mut self) -> &mut [SubspaceReport] {
        let first = self.reports.len() - self.circuits.len();
        &mut self.reports[first..]
    }

    fn project(&self, place: usize, change: &mut [f32]) {
        let mut memory = self.memory.lock().expect(NEVER_POISONED);
        let ProjectionMemory { rows, answers, .. } = &mut *memory;
        let circuit = &self.circuits[place];
        self.weights.0[place]
            .change_rows(change, rows, |rows| circuit.project_change(rows, answers));
    }
}

fn diverges(projection: &str) -> Error {
    Error::NotFinite(format!(
        "the lateral circuit of {projection} diverged; try a lower rate of the circuit"
    ))
}

/// Checks that all rows up to a task's have room.
fn check_room(task: usize, all: usize, weight: &ProtectedWeight) -> Result<()> {
    let ProtectedWeight { name, pre, .. } = weight;
    if all > *pre {
        let task = task + 1;
        let problem =
            format!("gives {name} {all} rows by the end of task {task}, but it has {pre} inputs");
        return Err(Error::unfit("HebbianProjection::rows", problem));
    }
    Ok(())
}

impl Protection for HebbianProjection {
    /// Adds the rows of the task.
    ///
    /// # Errors
    /// More rows than a projection has presynaptic neurons; a task out of order.
    fn begin_task(&mut self, task: usize) -> Result<()> {
        self.tasks.check_begin(task)?;
        let rows = self.settings.rows_of(task);
        for ((circuit, weight), &rows) in self.circuits.iter().zip(&self.weights.0).zip(rows) {
            check_room(task, circuit.row_count() + rows, weight)?;
        }
        for (place, (circuit, &rows)) in self.circuits.iter_mut().zip(rows).enumerate() {
            circuit.add_rows(rows, self.seed, self.weights.0[place].projection as u64)?;
            let projection = self.weights.0[place].name.clone();
            self.reports.push(SubspaceReport { task, projection, rows, ..Default::default() });
        }
        self.tasks.begin();
        Ok(())
    }

    fn move_to(&mut self, share: f64) {
        self.share = share;
    }

    fn watches(&self) -> bool {
        self.tasks.is_under_way()
    }

    fn observe(&mut self, network: &Network, batch: &Batch, engine: &dyn GradientEngine) {
        if !self.watches() {
            return;
        }
        let HebbianProjectionSettings { activity, rates_fall, .. } = self.settings;
        let factor = if rates_fall { 0.5 * (1.0 + (PI * self.share).cos()) } else { 1.0 };
        let of_source = |source: usize| sent(network, source, batch.frames, engine).collect();
        let sources = self.weights.0.iter().map(|weight| weight.source);
        let sent: Vec<Vec<Sent>> = sources.map(of_source).collect();
        let first = self.reports.len() - self.circuits.len();
        let reports = self.reports[first..].par_iter_mut();
        let circuits = self.circuits.par_iter_mut().zip(&mut self.samples);
        let circuits = circuits.zip(&sent).zip(reports).with_max_len(1);
        circuits.for_each(|(((circuit, samples), sent), report)| {
            activity.gather(sent.iter().copied(), samples);
            report.residuals.push(circuit.learn_slower(samples, factor) as f32);
        });
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

    fn learned_input(&self) -> Option<&dyn LearnedInput> {
        (self.tasks.ended() > 0).then_some(self)
    }

    fn mapping(&self) -> Duration {
        self.memory.lock().expect(NEVER_POISONED).spent
    }

    fn check(&self) -> Result<()> {
        let last = self.reports.iter().rev().take(self.circuits.len());
        let mut diverged =
            last.filter(|report| !report.residuals.last().is_none_or(|r| r.is_finite()));
        diverged.next().map_or(Ok(()), |report| Err(diverges(&report.projection)))
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

    /// Freezes the rows of the task, and reports what all rows explain of its samples.
    ///
    /// # Errors
    /// A task that has not begun; [`Error::NotFinite`] for rows that diverged; what the engine
    /// refuses.
    fn end_task(&mut self, task: &mut TaskEnd) -> Result<()> {
        self.tasks.check_end(task)?;
        let diverged =
            |circuit: &LateralCircuit<f32>| circuit.rows().iter().any(|row| !row.is_finite());
        if let Some(place) = self.circuits.iter().position(diverged) {
            return Err(diverges(&self.weights.0[place].name));
        }
        let TaskEnd { network, engine, frames, .. } = task;
        let sources = self.weights.sources();
        let samples =
            sent_in_samples(network, &mut **engine, frames, &sources, self.settings.activity)?;
        let orthonormal = self.settings.orthonormal;
        self.circuits.iter_mut().for_each(|circuit| circuit.freeze(orthonormal));
        let outside = self.circuits.iter().zip(&samples);
        let outside: Vec<f64> =
            outside.map(|(circuit, samples)| circuit.residual(samples)).collect();
        for (report, outside) in self.current_reports().iter_mut().zip(outside) {
            report.explained = Some((1.0 - outside) as f32);
        }
        self.tasks.end();
        Ok(())
    }

    fn subspaces(&self) -> &[SubspaceReport] {
        &self.reports
    }

    fn stored(&self) -> Stored {
        let numbers = self.circuits.iter().map(|circuit| circuit.frozen_rows().len()).sum();
        let rows = |circuit: &LateralCircuit<f32>| circuit.frozen_rows().len() / circuit.inputs();
        Stored { rows: self.circuits.iter().map(rows).sum(), samples: 0, numbers }
    }

    /// | name | holds |
    /// |---|---|
    /// | `tasks` | tasks that have begun, tasks that have ended |
    /// | `<projection>.groups` | rows of each task |
    /// | `<projection>.rows` | the rows, `[row][input]` |
    /// | `<projection>.velocity` | the momentum of those that learn |
    /// | `<projection>.batches` | batches of each task |
    /// | `<projection>.residuals` | what was left outside of each batch |
    /// | `<projection>.explained` | what the rows explain of each task that has ended |
    fn state(&self) -> BTreeMap<String, Vec<f32>> {
        let mut state = SavedState::default();
        self.tasks.save(&mut state);
        for (place, (circuit, weight)) in self.circuits.iter().zip(&self.weights.0).enumerate() {
            let mut put = |what: &str, values: Vec<f32>| {
                state.put(format!("{}.{what}", weight.name), values);
            };
            put("groups", circuit.groups().iter().map(|&rows| rows as f32).collect());
            put("rows", circuit.rows().to_vec());
            put("velocity", circuit.velocity().to_vec());
            let reports = || self.reports.iter().skip(place).step_by(self.circuits.len());
            put("batches", reports().map(|report| report.residuals.len() as f32).collect());
            put("residuals", reports().flat_map(|report| report.residuals.clone()).collect());
            put("explained", reports().filter_map(|report| report.explained).collect());
        }
        state.into_map()
    }

    fn restore(&mut self, state: BTreeMap<String, Vec<f32>>) -> Restored<()> {
        let mut state = SavedState::new(state);
        let tasks = TaskCount::restored(&mut state)?;
        let (mut circuits, mut reports) = (self.circuits.clone(), Vec::new());
        for (weight, circuit) in self.weights.0.iter().zip(&mut circuits) {
            let name = |what: &str| format!("{}.{what}", weight.name);
            let groups = state.counts(&name("groups"))?;
            let batches = state.counts(&name("batches"))?;
            let (rows, velocity) = (state.take(&name("rows"))?, state.take(&name("velocity"))?);
            let residuals = state.take(&name("residuals"))?;
            let explained = state.take(&name("explained"))?;
            let fits = groups.len() == tasks.begun()
                && batches.len() == tasks.begun()
                && explained.len() == tasks.ended()
                && residuals.len() == batches.iter().sum::<usize>();
            if !fits {
                return Err(format!("the protection of {} knows other tasks", weight.name));
            }
            let velocity = tasks.is_under_way().then_some(velocity);
            circuit.restore(groups.clone(), rows, velocity).map_err(|problem| {
                format!("the lateral circuit of {} has {problem}", weight.name)
            })?;
            let mut residuals = residuals.into_iter();
            for (task, (&rows, batches)) in groups.iter().zip(batches).enumerate() {
                reports.push(SubspaceReport {
                    task,
                    projection: weight.name.clone(),
                    rows,
                    explained: explained.get(task).copied(),
                    residuals: residuals.by_ref().take(batches).collect(),
                });
            }
        }
        state.check_empty()?;
        // By task; the order of the projections stays.
        reports.sort_by_key(|report| report.task);
        (self.tasks, self.circuits, self.reports) = (tasks, circuits, reports);
        Ok(())
    }
}

impl LearnedInput for HebbianProjection {
    fn map(&self, projection: usize, vectors: &mut [f32]) -> bool {
        let place = self.weights.0.iter().position(|weight| weight.projection == projection);
        let Some(place) = place.filter(|&place| self.weights.0[place].elements == 1) else {
            return false;
        };
        let start = Instant::now();
        let ProjectionMemory { answers, spent, .. } =
            &mut *self.memory.lock().expect(NEVER_POISONED);
        self.circuits[place].project_change(vectors, answers);
        *spent += start.elapsed();
        true
    }
}

#[cfg(test)]
mod tests;
