//! Spike-timing dependent plasticity of pairs of spikes.
//!
//! ```text
//! a postsynaptic spike reaches the synapse:  w += rate W (1 - w/W)^mu_plus x        at most W
//! a presynaptic spike reaches it:            w -= asymmetry rate W (w/W)^mu_minus y at least 0
//! x, y: traces of the pre- and postsynaptic spikes that reached it in earlier steps, each of which
//!       adds 1, with the time constants tau_plus and tau_minus
//! ```
//! Several spikes at once move the weight so many times as far. All pairs count; spikes that reach
//! the synapse in the same step make no pair. `mu = 0` is the additive rule
//! [Song, Miller and Abbott 2000], `mu = 1` the multiplicative one
//! [van Rossum, Bi and Turrigiano 2000]; in between lie others [Guetig et al. 2003].
//!
//! | parameter | unit | default | range |
//! |---|---|---|---|
//! | `max_weight` | | 1 | above 0: `W` |
//! | `rate` | | 0.01 | at least 0: potentiation by one pair, as a share of `W` |
//! | `asymmetry` | | 1 | at least 0: depression over potentiation |
//! | `mu_plus`, `mu_minus` | | 1 | at least 0 |
//! | `tau_plus_ms`, `tau_minus_ms` | ms | 20 | above 0 |
//! | `delay_side` | | `dendritic` | `axonal`, `dendritic`, see [`DelaySide`] |
//!
//! Reference: NEST `stdp_synapse` (with dendritic delays), which has the same weights at every
//! presynaptic spike; between them NEST's wait for the next one.

use crate::local::traces::Traces;
use serde::{Deserialize, Serialize};
use sim_core::{DelaySide, Error, Learner, LearningRule, Result, Spike, State, SynapseTable};
use std::ops::Range;

/// Parameters of pair-based STDP; see the table of its file. The weights of a projection lie
/// between 0 and `max_weight`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PairStdp {
    /// Largest weight, above 0.
    pub max_weight: f64,
    /// Potentiation by one pair without distance, as a share of the largest weight; at least 0.
    pub rate: f64,
    /// Depression by one pair over potentiation by one; at least 0.
    pub asymmetry: f64,
    /// How potentiation depends on the weight: 0 not at all, 1 in proportion to what is missing.
    pub mu_plus: f64,
    /// How depression depends on the weight: 0 not at all, 1 in proportion to it.
    pub mu_minus: f64,
    /// Time constant of potentiation in ms, above 0.
    pub tau_plus_ms: f64,
    /// Time constant of depression in ms, above 0.
    pub tau_minus_ms: f64,
    /// Where the delays of the synapses lie.
    pub delay_side: DelaySide,
}

impl Default for PairStdp {
    /// Multiplicative, rate 0.01, balanced, 20 ms, weights up to 1, dendritic delays.
    fn default() -> Self {
        Self {
            max_weight: 1.0,
            rate: 0.01,
            asymmetry: 1.0,
            mu_plus: 1.0,
            mu_minus: 1.0,
            tau_plus_ms: 20.0,
            tau_minus_ms: 20.0,
            delay_side: DelaySide::Dendritic,
        }
    }
}

impl PairStdp {
    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] naming the first field that is not allowed.
    pub fn check(&self) -> Result<()> {
        for (name, value, is_allowed, allowed) in [
            ("max_weight", self.max_weight, self.max_weight > 0.0, "above 0"),
            ("rate", self.rate, self.rate >= 0.0, "at least 0"),
            ("asymmetry", self.asymmetry, self.asymmetry >= 0.0, "at least 0"),
            ("mu_plus", self.mu_plus, self.mu_plus >= 0.0, "at least 0"),
            ("mu_minus", self.mu_minus, self.mu_minus >= 0.0, "at least 0"),
            ("tau_plus_ms", self.tau_plus_ms, self.tau_plus_ms > 0.0, "above 0"),
            ("tau_minus_ms", self.tau_minus_ms, self.tau_minus_ms > 0.0, "above 0"),
        ] {
            Error::check(format!("PairStdp::{name}"), value, is_allowed, allowed)?;
        }
        Ok(())
    }
}

impl LearningRule for PairStdp {
    fn build(&self, synapses: &SynapseTable, dt_ms: f64) -> Result<Box<dyn Learner>> {
        self.check()?;
        let allowed = format!("from 0 to max_weight, {}, to learn by pair STDP", self.max_weight);
        for synapse in synapses.synapses() {
            let name = format!("weight of the synapse from {} to {}", synapse.pre, synapse.post);
            let inside = (0.0..=self.max_weight).contains(&synapse.weight);
            Error::check(name, synapse.weight, inside, &allowed)?;
        }
        Ok(Box::new(Pairs {
            rule: *self,
            before: Traces::new(synapses.len(), self.tau_plus_ms, dt_ms),
            behind: Traces::new(synapses.len(), self.tau_minus_ms, dt_ms),
        }))
    }

    fn delay_side(&self) -> DelaySide {
        self.delay_side
    }
}

/// The rule at work.
#[derive(Debug)]
struct Pairs {
    rule: PairStdp,
    /// Of presynaptic spikes.
    before: Traces,
    /// Of postsynaptic spikes.
    behind: Traces,
}

impl Learner for Pairs {
    fn presynaptic(
        &mut self,
        step: usize,
        spike: Spike,
        reached: Range<usize>,
        synapses: &mut SynapseTable,
    ) {
        let PairStdp { max_weight, rate, asymmetry, mu_minus, .. } = self.rule;
        let spikes = f64::from(spike.count);
        for synapse in reached {
            let share = synapses.weight(synapse) / max_weight;
            let trace = self.behind.before(synapse, step);
            let share = share - spikes * asymmetry * rate * share.powf(mu_minus) * trace;
            synapses.set_weight(synapse, if share > 0.0 { share * max_weight } else { 0.0 });
            self.before.add(synapse, step, spikes);
        }
    }

    fn postsynaptic(
        &mut self,
        step: usize,
        spike: Spike,
        reached: &[u32],
        _state: &State<f64>,
        synapses: &mut SynapseTable,
    ) {
        let PairStdp { max_weight, rate, mu_plus, .. } = self.rule;
        let spikes = f64::from(spike.count);
        for synapse in reached.iter().map(|&synapse| synapse as usize) {
            let share = synapses.weight(synapse) / max_weight;
            let trace = self.before.before(synapse, step);
            let share = share + spikes * rate * (1.0 - share).powf(mu_plus) * trace;
            let weight = if share < 1.0 { share * max_weight } else { max_weight };
            synapses.set_weight(synapse, weight);
            self.behind.add(synapse, step, spikes);
        }
    }

    fn columns(&self) -> Vec<(&'static str, &[f64])> {
        let before = self.before.columns(["pre_trace", "pre_trace_before", "pre_step"]);
        let behind = self.behind.columns(["post_trace", "post_trace_before", "post_step"]);
        before.into_iter().chain(behind).collect()
    }

    fn columns_mut(&mut self) -> Vec<&mut [f64]> {
        self.before.columns_mut().into_iter().chain(self.behind.columns_mut()).collect()
    }
}
