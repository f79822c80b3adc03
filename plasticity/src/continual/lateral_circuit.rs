//! The lateral circuit of a projection: neurons that learn the subspace of what a population sends,
//! and take it out of what synapses learn from [Xiao et al. 2024].
//!
//! Beside the plastic synapses of a population with `N` neurons lie `K` *subspace neurons*. With
//! the activity `x` of the population and the rows `H` of the forward connections, `[K][N]`:
//! ```text
//! y  = a(H x)              subspace neurons; a(y) = y, or bursts of spikes (LateralAnswer)
//! x- = -H^T y              feedback: the connections are the negated forward ones
//! ```
//! Both connections learn in two stages. The Hebbian stage sees `x` alone, the anti-Hebbian stage
//! sees what the feedback makes of it:
//! ```text
//! dH = y x^T + y (x-)^T = y (x - H^T y)^T
//! ```
//! Together they are the subspace rule of [Oja 1989], whose rows come to be an orthonormal basis of
//! the strongest directions of the samples' second moment. On a batch of `S` samples `X`, `[S][N]`,
//! the circuit repeats, `iterations` times:
//! ```text
//! Y = a(X H^T)
//! D = clamp(Y^T (X - Y H) / S, -clamp, clamp)
//! V = momentum V + (1 - momentum) D
//! H = H + rate V
//! ```
//! When a task ends, its rows are frozen, and the rows of the next task learn what the frozen ones
//! leave. Frozen rows answer in the full rule, too, but do not change from iteration to iteration:
//! what they leave, `X - Y_old H_old`, is worked out once per batch, and only the new rows are
//! iterated. That is the full rule, up to rounding, at a cost that does not grow with the tasks.
//!
//! With `P = I - H_old^T H_old`, synapses that learn from `P x` instead of `x` leave alone what
//! `W x` is for all `x` in the span of the frozen rows. A weight gradient is a sum of `d x^T`, so
//! projecting it once, `G P`, is the same, where the circuit answers linearly.

use crate::continual::circuit_settings::{CircuitSettings, LateralAnswer};
use crate::continual::dense::{Number, SOME, product, sum_of_products, sum_of_squares};
use crate::continual::orthonormal::orthonormalise;
use crate::continual::projector::{self, Projector};
use crate::continual::saved_state::Restored;
use rand::RngExt;
use rand_distr::StandardNormal;
use rayon::prelude::*;
use sim_core::{Error, Purpose, Result, Seed};
use simd::{Factor, Matrix, PackedFactor};
use std::ops::Range;

/// The lateral circuit of a projection, in `f32` or in `f64`; see [`LateralCircuit::learn`] and
/// [`LateralCircuit::project`].
///
/// ```
/// use plasticity::continual::{CircuitSettings, LateralCircuit};
/// use sim_core::Seed;
///
/// // Two inputs that are active together.
/// let mut circuit = LateralCircuit::<f64>::new(2, CircuitSettings::default())?;
/// circuit.add_rows(1, Seed(0), 0)?;
/// for _ in 0..400 {
///     circuit.learn(&[1.0, 1.0, 2.0, 2.0, -1.0, -1.0]);
/// }
/// circuit.freeze(true);
///
/// // What they share is taken out; what tells them apart stays.
/// let mut trace = [1.0, 0.5];
/// circuit.project(&mut trace, &mut Vec::new());
/// assert!((trace[0] - 0.25).abs() < 1e-6 && (trace[1] + 0.25).abs() < 1e-6);
/// # Ok::<(), sim_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct LateralCircuit<T: Number> {
    settings: CircuitSettings,
    inputs: usize,
    /// `[row][input]`, by task.
    rows: Vec<T>,
    /// Rows of each task.
    groups: Vec<usize>,
    /// Whether the rows of the last task are frozen, too.
    all_frozen: bool,
    /// Momentum of the rows that learn, `[row][input]`.
    velocity: Vec<T>,
    /// `I - H_old^T H_old`.
    projector: Projector<T>,
    memory: Memory<T>,
}

/// Working memory of a batch.
#[derive(Debug, Clone, Default)]
struct Memory<T: Number> {
    /// What the frozen rows leave, `[sample][input]`; empty where there are none.
    left: Vec<T>,
    /// Answers, `[sample][row]`.
    answers: Vec<T>,
    /// Mean products of answers, `[row][row]`.
    overlaps: Vec<T>,
    /// Mean change, `[row][input]`.
    change: Vec<T>,
    /// The samples, what the frozen rows leave of them, and the answers, for all products.
    packed: [PackedFactor<T>; 3],
}

impl<T: Number> LateralCircuit<T> {
    /// A circuit without rows, for a population of `inputs` neurons.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] without inputs, or for the first setting that is not allowed.
    pub fn new(inputs: usize, settings: CircuitSettings) -> Result<Self> {
        settings.check()?;
        if inputs == 0 {
            return Err(Error::out_of_range("inputs of a lateral circuit", 0, "at least 1"));
        }
        Ok(Self {
            settings,
            inputs,
            rows: Vec::new(),
            groups: Vec::new(),
            all_frozen: true,
            velocity: Vec::new(),
            projector: Projector::Rows,
            memory: Memory::default(),
        })
    }

    /// Adds the rows of a new task, orthonormal to one another, drawn for circuit number `circuit`
    /// and this task.
    ///
    /// # Errors
    /// As [`add_given_rows`](Self::add_given_rows).
    pub fn add_rows(&mut self, count: usize, seed: Seed, circuit: u64) -> Result<()> {
        self.check_room(count)?;
        let mut random = seed.stream(Purpose::LateralRows, circuit, self.groups.len() as u64);
        let draw = |_| T::of(random.sample(StandardNormal));
        let mut rows: Vec<T> = (0..count * self.inputs).map(draw).collect();
        orthonormalise(&mut rows, &[], self.inputs);
        self.add_given_rows(&rows)
    }

    /// Adds the rows of a new task, `[row][input]`, as they are; none is possible, too.
    ///
    /// # Errors
    /// [`Error::Length`] for rows of another length; [`Error::OutOfRange`] for more rows than
    /// inputs, those of earlier tasks included; [`Error::Network`] before the rows of the last task
    /// were frozen.
    pub fn add_given_rows(&mut self, rows: &[T]) -> Result<()> {
        let count = rows.len() / self.inputs;
        Error::check_length("rows of a lateral circuit", rows.len(), count * self.inputs)?;
        self.check_room(count)?;
        self.rows.extend_from_slice(rows);
        self.groups.push(count);
        self.all_frozen = false;
        self.velocity.clear();
        self.velocity.resize(rows.len(), T::default());
        Ok(())
    }

    fn check_room(&self, count: usize) -> Result<()> {
        if !self.all_frozen {
            let problem = "rows of a new task need those of the last task frozen";
            return Err(Error::Network(problem.into()));
        }
        let (rows, inputs) = (self.row_count() + count, self.inputs);
        if rows > inputs {
            let allowed = format!("at most {inputs}, one for each input");
            return Err(Error::out_of_range("rows of a lateral circuit", rows, allowed));
        }
        Ok(())
    }

    /// Learns from samples, `[sample][input]`: `iterations` steps of the rows that are not frozen
    /// (the rule is at the head of this file). Returns the share of the samples' second moment that
    /// all rows, as they were before, left outside; 0 for samples that are all zero. It is what is
    /// left of a difference: in `f32`, a share below about 1e-6 is rounding.
    ///
    /// # Panics
    /// If the samples do not fill whole vectors.
    pub fn learn(&mut self, samples: &[T]) -> f64 {
        self.learn_slower(samples, 1.0)
    }

    /// As [`learn`](Self::learn), with `factor` times the rate.
    ///
    /// # Panics
    /// As [`learn`](Self::learn).
    pub fn learn_slower(&mut self, samples: &[T], factor: f64) -> f64 {
        let Self { settings, inputs, velocity, .. } = self;
        let CircuitSettings { rate, momentum, iterations, clamp, lateral } = *settings;
        let (inputs, total) = (*inputs, sum_of_squares(samples));
        if samples.is_empty() {
            return 0.0;
        }
        let frozen = self.rows.len() - velocity.len();
        let (old, new) = self.rows.split_at_mut(frozen);
        let Memory { left, answers, overlaps, change, packed } = &mut self.memory;
        let (left, total_left) = if old.is_empty() {
            (samples, total)
        } else {
            left.clear();
            left.extend_from_slice(samples);
            let old = Matrix::of_rows(old, inputs);
            take_out_frozen(&self.projector, old, left, answers, lateral);
            (&left[..], sum_of_squares(left))
        };
        if new.is_empty() {
            return share(total_left, total);
        }
        let (vectors, rows) = (samples.len() / inputs, new.len() / inputs);
        answers.resize(vectors * rows, T::default());
        overlaps.resize(rows * rows, T::default());
        change.resize(new.len(), T::default());
        let [of_samples, of_left, of_answers] = packed;
        let of_samples = Factor::left(Matrix::of_rows(samples, inputs), of_samples);
        let of_left = Factor::right(Matrix::of_rows(left, inputs), of_left);
        let (most, least) = (T::of(clamp), T::of(-clamp));
        let (keep, gain, rate) = (T::of(momentum), T::of(1.0 - momentum), T::of(factor * rate));
        let (mean, mut outside) = (1.0 / vectors as f64, 0.0);
        for iteration in 0..iterations {
            product(answers, 0.0, of_samples, Matrix::of_rows(new, inputs).transposed(), 1.0);
            answer(answers, lateral);
            // Y^T (X - Y H) = Y^T X - (Y^T Y) H: the right side takes fewer products.
            let of_rows = Matrix::of_rows(answers, rows);
            let turned = Factor::left(of_rows.transposed(), of_answers);
            product(change, 0.0, turned, of_left, mean);
            product(overlaps, 0.0, turned, of_rows, mean);
            let along = if iteration == 0 { sum_of_products(change, new) } else { 0.0 };
            let overlaps = Matrix::of_rows(overlaps, rows);
            product(change, 1.0, overlaps, Matrix::of_rows(new, inputs), -1.0);
            if iteration == 0 {
                // |X - Y H|^2 = |X|^2 - (Y^T X, H) - (Y^T (X - Y H), H)
                let explained = (along + sum_of_products(change, new)) / mean;
                let rest = total_left - explained;
                // Rounding may leave less than nothing; what is not finite has diverged.
                outside = share(if rest < 0.0 && rest.is_finite() { 0.0 } else { rest }, total);
            }
            let parts = new.par_chunks_mut(SOME).zip(velocity.par_chunks_mut(SOME));
            parts.zip(change.par_chunks(SOME)).for_each(|((rows, velocity), change)| {
                for ((row, velocity), &change) in rows.iter_mut().zip(velocity).zip(change) {
                    let change = change.or_if(change > most, most).or_if(change < least, least);
                    *velocity = keep * *velocity + gain * change;
                    *row = *row + rate * *velocity;
                }
            });
        }
        outside
    }

    /// Takes out of each vector, `[vector][input]`, what the frozen rows answer to:
    /// `x - a(x H_old^T) H_old`. `memory` is working memory.
    ///
    /// # Panics
    /// If the vectors are not of the length of a row.
    pub fn project(&self, vectors: &mut [T], memory: &mut Vec<T>) {
        self.project_with(vectors, memory, self.settings.lateral);
    }

    /// Takes out of each row of a gradient or of a step, `[row][input]`, what lies along the frozen
    /// rows: `G - (G H_old^T) H_old`. Bursts have no part in it: what they answer to is activity,
    /// and the entries of a gradient are far below one spike. `memory` is working memory.
    ///
    /// # Panics
    /// If the rows are not of the length of a row of the circuit.
    pub fn project_change(&self, change: &mut [T], memory: &mut Vec<T>) {
        self.project_with(change, memory, LateralAnswer::Linear);
    }

    fn project_with(&self, vectors: &mut [T], memory: &mut Vec<T>, lateral: LateralAnswer) {
        let inputs = self.inputs;
        assert!(vectors.len().is_multiple_of(inputs), "vectors have the length of a row");
        let frozen = self.frozen_rows();
        if frozen.is_empty() || vectors.is_empty() {
            return;
        }
        let rows = Matrix::of_rows(frozen, inputs);
        take_out_frozen(&self.projector, rows, vectors, memory, lateral);
    }

    /// Freezes the rows that learn. Made orthonormal, they are at right angles to the frozen rows,
    /// too, and the projection is exact for everything in their span; else they stay as learned.
    pub fn freeze(&mut self, orthonormal: bool) {
        if orthonormal && !self.velocity.is_empty() {
            let frozen = self.rows.len() - self.velocity.len();
            let (old, new) = self.rows.split_at_mut(frozen);
            orthonormalise(new, old, self.inputs);
        }
        self.all_frozen = true;
        self.velocity.clear();
        self.projector = Projector::of_rows(self.frozen_rows(), self.inputs);
    }

    /// The share of the second moment of samples, `[sample][input]`, that all rows leave outside:
    /// `|X - Y H|^2 / |X|^2` with `Y = a(X H^T)`; 0 for samples that are all zero.
    ///
    /// # Panics
    /// If the samples do not fill whole vectors.
    pub fn residual(&self, samples: &[T]) -> f64 {
        if samples.is_empty() {
            return 0.0;
        }
        let (mut left, of_samples) = (samples.to_vec(), Matrix::of_rows(samples, self.inputs));
        let lateral = self.settings.lateral;
        take_out(&mut left, of_samples, &self.rows, lateral, &mut Vec::new());
        share(sum_of_squares(&left), sum_of_squares(samples))
    }

    /// The share of the second moment of samples, `[sample][input]`, along the rows of a task:
    /// `|X H_task^T|^2 / |X|^2`, where these rows are orthonormal; 0 for samples that are all zero.
    ///
    /// # Panics
    /// If there is no such task, or the samples do not fill whole vectors.
    pub fn explained(&self, task: usize, samples: &[T]) -> f64 {
        let rows = &self.rows[self.range(task)];
        if rows.is_empty() || samples.is_empty() {
            return 0.0;
        }
        let (rows, samples_of) =
            (Matrix::of_rows(rows, self.inputs), Matrix::of_rows(samples, self.inputs));
        let mut along = vec![T::default(); samples_of.rows() * rows.rows()];
        product(&mut along, 0.0, samples_of, rows.transposed(), 1.0);
        share(sum_of_squares(&along), sum_of_squares(samples))
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// All rows, `[row][input]`, by task.
    pub fn rows(&self) -> &[T] {
        &self.rows
    }

    /// Number of rows.
    pub fn row_count(&self) -> usize {
        self.rows.len() / self.inputs
    }

    /// The rows that no longer learn, `[row][input]`.
    pub fn frozen_rows(&self) -> &[T] {
        &self.rows[..self.rows.len() - self.velocity.len()]
    }

    /// Number of rows of each task.
    pub fn groups(&self) -> &[usize] {
        &self.groups
    }

    /// The rows of a task, `[row][input]`.
    ///
    /// # Panics
    /// If there is no such task.
    pub fn rows_of(&self, task: usize) -> &[T] {
        &self.rows[self.range(task)]
    }

    fn range(&self, task: usize) -> Range<usize> {
        let first: usize = self.groups[..task].iter().sum();
        first * self.inputs..(first + self.groups[task]) * self.inputs
    }

    /// The momentum of the rows that learn, `[row][input]`.
    pub(crate) fn velocity(&self) -> &[T] {
        &self.velocity
    }

    /// Takes over the rows of a circuit like this one: how many each task has, the rows, and the
    /// momentum of those that learn.
    ///
    /// # Errors
    /// A sentence that says what does not fit.
    pub(crate) fn restore(
        &mut self,
        groups: Vec<usize>,
        rows: Vec<T>,
        velocity: Option<Vec<T>>,
    ) -> Restored<()> {
        let (count, inputs) = (groups.iter().sum::<usize>(), self.inputs);
        let learning = velocity.as_ref().map_or(0, Vec::len);
        let last = groups.last().map_or(0, |last| last * inputs);
        if count > inputs || rows.len() != count * inputs {
            return Err(format!("{count} rows with {} entries of {inputs} inputs", rows.len()));
        }
        if velocity.is_some() && (groups.is_empty() || learning != last) {
            return Err(format!("a momentum of {learning} entries for {last} of the last rows"));
        }
        self.all_frozen = velocity.is_none();
        self.velocity = velocity.unwrap_or_default();
        (self.groups, self.rows) = (groups, rows);
        self.projector = Projector::of_rows(self.frozen_rows(), self.inputs);
        Ok(())
    }
}

/// Takes out of vectors what the frozen rows answer to. Linear answers do so by the projector.
fn take_out_frozen<T: Number>(
    projector: &Projector<T>,
    rows: Matrix<'_, T>,
    vectors: &mut [T],
    memory: &mut Vec<T>,
    lateral: LateralAnswer,
) {
    match lateral {
        LateralAnswer::Linear => projector.project(rows, vectors, memory),
        LateralAnswer::Quantised { .. } => {
            projector::take_out(rows, vectors, memory, |answers| answer(answers, lateral));
        }
    }
}

/// `left -= a(samples rows^T) rows`; the answers stay in `answers`, `[sample][row]`.
fn take_out<T: Number>(
    left: &mut [T],
    samples: Matrix<'_, T>,
    rows: &[T],
    lateral: LateralAnswer,
    answers: &mut Vec<T>,
) {
    if rows.is_empty() {
        return;
    }
    let rows = Matrix::of_rows(rows, samples.columns());
    answers.resize(samples.rows() * rows.rows(), T::default());
    product(answers, 0.0, samples, rows.transposed(), 1.0);
    answer(answers, lateral);
    product(left, 1.0, Matrix::of_rows(answers, rows.rows()), rows, -1.0);
}

/// The answers of subspace neurons to their inputs.
fn answer<T: Number>(inputs: &mut [T], lateral: LateralAnswer) {
    if lateral != LateralAnswer::Linear {
        inputs.iter_mut().for_each(|y| *y = T::of(lateral.answer((*y).into())));
    }
}

/// A share of a total; 0 of nothing.
fn share(part: f64, total: f64) -> f64 {
    if total > 0.0 { part / total } else { 0.0 }
}

#[cfg(test)]
mod tests;
