//! Where the time of a batch goes.

use std::time::{Duration, Instant};

/// Stages of a batch in an engine for gradients, in the order of a training step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Stage {
    /// Working out the taps of all synapses.
    Prepare,
    /// Currents of projections.
    Forward,
    /// Norm, neurons and their adjoints.
    Neurons,
    /// Correlations for weights and delays.
    WeightGradient,
    /// Gradients handed back through projections.
    InputGradient,
    /// Losses.
    Loss,
}

/// Number of stages.
const STAGES: usize = 6;

/// Processor time spent per stage, summed over threads.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StageTiming([Duration; STAGES]);

impl StageTiming {
    /// All stages with their names as printed.
    pub const NAMES: [(Stage, &'static str); STAGES] = [
        (Stage::Prepare, "prepare taps"),
        (Stage::Forward, "projection forward"),
        (Stage::Neurons, "norm and neurons"),
        (Stage::WeightGradient, "weight and delay gradient"),
        (Stage::InputGradient, "input gradient"),
        (Stage::Loss, "loss"),
    ];

    /// Time of one stage.
    pub fn of(&self, stage: Stage) -> Duration {
        self.0[stage as usize]
    }

    /// Runs `f` and adds its time to a stage.
    #[inline]
    pub fn time<R>(&mut self, stage: Stage, f: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let result = f();
        self.book(stage, start.elapsed());
        result
    }

    /// Adds time to a stage.
    pub fn book(&mut self, stage: Stage, spent: Duration) {
        self.0[stage as usize] += spent;
    }

    /// The times since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        Self(std::array::from_fn(|stage| self.0[stage] - earlier.0[stage]))
    }

    /// Adds the times of another worker.
    pub fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, time)| *sum += time);
    }
}
