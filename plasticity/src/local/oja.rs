//! Oja's rule.
//!
//! ```text
//! a postsynaptic spike of height y:  w += rate y (x - y w)
//! x: the presynaptic spikes that reached the synapse, with the time constant tau;
//!    tau = 0: those of the same step
//! ```
//! Linear neurons (`y = sum of w x`) learn the principal component of their input, with a length of
//! 1 [Oja 1982]; spiking ones the mean input of their spikes.
//!
//! | parameter | unit | default | range |
//! |---|---|---|---|
//! | `rate` | | 0.01 | at least 0 |
//! | `tau_ms` | ms | 20 | at least 0 |
//!
//! Delays are axonal: a spike has to reach the synapse to be seen by it.

use crate::local::traces::Traces;
use serde::{Deserialize, Serialize};
use sim_core::{DelaySide, Error, Learner, LearningRule, Result, Spike, State, SynapseTable};
use std::ops::Range;

/// Parameters of Oja's rule; see the table of its file.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Oja {
    /// Change by one pair of spikes, at least 0.
    pub rate: f64,
    /// Time constant with which presynaptic spikes are forgotten, in ms; 0 for at once.
    pub tau_ms: f64,
}

impl Default for Oja {
    /// Rate 0.01, 20 ms.
    fn default() -> Self {
        Self { rate: 0.01, tau_ms: 20.0 }
    }
}

impl Oja {
    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] naming the first field that is not allowed.
    pub fn check(&self) -> Result<()> {
        Error::check("Oja::rate", self.rate, self.rate >= 0.0, "at least 0")?;
        Error::check("Oja::tau_ms", self.tau_ms, self.tau_ms >= 0.0, "at least 0")
    }
}

impl LearningRule for Oja {
    fn build(&self, synapses: &SynapseTable, dt_ms: f64) -> Result<Box<dyn Learner>> {
        self.check()?;
        let traces = Traces::new(synapses.len(), self.tau_ms, dt_ms);
        Ok(Box::new(Correlation { rate: self.rate, traces }))
    }

    fn delay_side(&self) -> DelaySide {
        DelaySide::Axonal
    }
}

/// The rule at work.
#[derive(Debug)]
struct Correlation {
    rate: f64,
    /// Of presynaptic spikes.
    traces: Traces,
}

impl Learner for Correlation {
    fn presynaptic(
        &mut self,
        step: usize,
        spike: Spike,
        reached: Range<usize>,
        _synapses: &mut SynapseTable,
    ) {
        reached.for_each(|synapse| self.traces.add(synapse, step, f64::from(spike.count)));
    }

    fn postsynaptic(
        &mut self,
        step: usize,
        spike: Spike,
        reached: &[u32],
        _state: &State<f64>,
        synapses: &mut SynapseTable,
    ) {
        let y = f64::from(spike.count);
        for synapse in reached.iter().map(|&synapse| synapse as usize) {
            let (w, x) = (synapses.weight(synapse), self.traces.with(synapse, step));
            synapses.set_weight(synapse, w + self.rate * y * (x - y * w));
        }
    }

    fn columns(&self) -> Vec<(&'static str, &[f64])> {
        self.traces.columns(["pre_trace", "pre_trace_before", "pre_step"]).into()
    }

    fn columns_mut(&mut self) -> Vec<&mut [f64]> {
        self.traces.columns_mut().into()
    }
}
