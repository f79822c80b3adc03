//! Elastic weight consolidation: parameters that mattered to earlier tasks are held by springs
//! [Kirkpatrick et al. 2017].
//!
//! When task `t` ends at the parameters `p_t`, the diagonal of its Fisher information is measured
//! on samples with their labels, one at a time:
//! ```text
//! F_t = mean of (dL/dp)^2
//! ```
//! and from then on, the loss has one more term for each task,
//! ```text
//! strength / 2 * sum_t F_t (p - p_t)^2
//! ```
//! for every parameter that learns. The terms of all tasks are one spring, as stiff as all
//! together, at rest at their weighted mean: `F = sum F_t`, `r = sum F_t p_t / F`. So what is kept
//! does not grow with the tasks.
//!
//! Labels are those of the samples (the empirical Fisher information), and derivatives of spikes
//! are surrogate ones. A norm takes the statistics of the one sample.

use crate::continual::saved_state::{Restored, SavedState};
use crate::continual::subspace_report::Stored;
use crate::continual::task_count::TaskCount;
use crate::gradient::labelled::Labelled;
use crate::protection::{Protection, TaskEnd};
use serde::{Deserialize, Serialize};
use sim_core::{Batch, Error, Gradients, Kind, Network, Owner, ParameterId, Result, Synapses};
use std::collections::BTreeMap;

/// Choices of [`ElasticWeights`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElasticWeightsSettings {
    /// How stiff the springs are, at least 0.
    pub strength: f64,
}

/// The spring of one parameter's entries.
#[derive(Debug, Clone, PartialEq)]
struct Spring {
    id: ParameterId,
    name: String,
    /// `F`, by entry.
    stiffness: Vec<f32>,
    /// `r`, by entry.
    rest: Vec<f32>,
}

/// Holds all parameters by springs whose stiffness is what they mattered to earlier tasks.
#[derive(Debug)]
pub struct ElasticWeights {
    strength: f64,
    springs: Vec<Spring>,
    tasks: TaskCount,
}

impl ElasticWeights {
    /// A protection of this network.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a strength that is not allowed.
    pub fn new(network: &Network, settings: ElasticWeightsSettings) -> Result<Self> {
        let strength = settings.strength;
        Error::check("ElasticWeights::strength", strength, strength >= 0.0, "at least 0")?;
        let spring = |parameter: sim_core::Parameter| Spring {
            id: parameter.id,
            name: network.parameter_name(parameter.id),
            stiffness: vec![0.0; parameter.values.len()],
            rest: vec![0.0; parameter.values.len()],
        };
        let springs = network.parameters().filter(|parameter| may_move(network, parameter.id));
        let springs = springs.map(spring).collect();
        Ok(Self { strength, springs, tasks: TaskCount::default() })
    }

    /// Fisher information of the task's samples, by parameter in the order of the network.
    fn fisher_information(task: &mut TaskEnd) -> Result<Vec<Vec<f64>>> {
        let mut gradients = Gradients::zeros(task.network);
        let mut sums: Vec<Vec<f64>> =
            gradients.iter().map(|(_, gradient)| vec![0.0; gradient.len()]).collect();
        let samples = task.frames.chunks(1).zip(task.labels.chunks(1));
        for (frames, labels) in samples {
            let objective = Labelled { loss: task.loss, labels };
            let batch = Batch::new(frames, task.output, &objective);
            task.engine.train(task.network, &batch, &task.pass, &mut gradients)?;
            for (sums, (_, gradient)) in sums.iter_mut().zip(gradients.iter()) {
                let entries = sums.iter_mut().zip(gradient);
                entries.for_each(|(sum, &entry)| *sum += f64::from(entry) * f64::from(entry));
            }
        }
        let mean = 1.0 / task.frames.len() as f64;
        sums.iter_mut().flatten().for_each(|sum| *sum *= mean);
        Ok(sums)
    }
}

/// Whether a parameter can change at all: delays without a window cannot.
fn may_move(network: &Network, id: ParameterId) -> bool {
    let ParameterId { owner: Owner::Projection(projection), kind: Kind::Delay, .. } = id else {
        return true;
    };
    let synapses = &network.projections[projection].synapses;
    !matches!(synapses, Synapses::Dense(dense) if dense.max_delay_steps == 0)
}

impl Protection for ElasticWeights {
    fn begin_task(&mut self, task: usize) -> Result<()> {
        self.tasks.check_begin(task)?;
        self.tasks.begin();
        Ok(())
    }

    fn protects(&self, _id: ParameterId) -> bool {
        self.tasks.ended() > 0
    }

    /// Adds the pull of the springs: `strength F (p - r)`.
    fn gradient(&self, id: ParameterId, values: &[f32], gradient: &mut [f32]) {
        let Some(spring) = self.springs.iter().find(|spring| spring.id == id) else { return };
        let strength = self.strength as f32;
        let springs = spring.stiffness.iter().zip(&spring.rest);
        for ((entry, value), (stiffness, rest)) in gradient.iter_mut().zip(values).zip(springs) {
            *entry += strength * stiffness * (value - rest);
        }
    }

    /// Nothing: springs bend a gradient, and forbid no step.
    fn step(&self, _id: ParameterId, _before: &[f32], _after: &mut [f32]) {}

    /// Measures the Fisher information of the samples, and adds the springs of the task.
    ///
    /// # Errors
    /// A task that has not begun, or has no samples; what the engine refuses.
    fn end_task(&mut self, task: &mut TaskEnd) -> Result<()> {
        self.tasks.check_end(task)?;
        let information = Self::fisher_information(task)?;
        let parameters = task.network.parameters().zip(information);
        let parameters = parameters.filter(|(parameter, _)| may_move(task.network, parameter.id));
        for (spring, (parameter, information)) in self.springs.iter_mut().zip(parameters) {
            let entries = spring.stiffness.iter_mut().zip(&mut spring.rest);
            for ((stiffness, rest), (value, own)) in
                entries.zip(parameter.values.iter().zip(information))
            {
                let all = f64::from(*stiffness) + own;
                if all > 0.0 {
                    *rest += (own / all * f64::from(value - *rest)) as f32;
                }
                *stiffness = all as f32;
            }
        }
        self.tasks.end();
        Ok(())
    }

    fn stored(&self) -> Stored {
        let numbers = |spring: &Spring| spring.stiffness.len() + spring.rest.len();
        Stored { numbers: self.springs.iter().map(numbers).sum(), ..Stored::default() }
    }

    /// | name | holds |
    /// |---|---|
    /// | `tasks` | tasks that have begun, tasks that have ended |
    /// | `<parameter>.stiffness` | `F` |
    /// | `<parameter>.rest` | `r` |
    fn state(&self) -> BTreeMap<String, Vec<f32>> {
        let mut state = SavedState::default();
        self.tasks.save(&mut state);
        for Spring { name, stiffness, rest, .. } in &self.springs {
            state.put(format!("{name}.stiffness"), stiffness.clone());
            state.put(format!("{name}.rest"), rest.clone());
        }
        state.into_map()
    }

    fn restore(&mut self, state: BTreeMap<String, Vec<f32>>) -> Restored<()> {
        let mut state = SavedState::new(state);
        let tasks = TaskCount::restored(&mut state)?;
        let mut springs = self.springs.clone();
        for Spring { name, stiffness, rest, .. } in &mut springs {
            *stiffness = state.take_exactly(&format!("{name}.stiffness"), stiffness.len())?;
            *rest = state.take_exactly(&format!("{name}.rest"), rest.len())?;
        }
        state.check_empty()?;
        (self.tasks, self.springs) = (tasks, springs);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
