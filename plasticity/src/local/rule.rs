//! Any local rule, as a configuration file names it.

use crate::local::lateral::Lateral;
use crate::local::oja::Oja;
use crate::local::pair_stdp::PairStdp;
use crate::local::three_factor::ThreeFactor;
use serde::{Deserialize, Serialize};
use sim_core::{DelaySide, Learner, LearningRule, Result, SynapseTable};

/// A rule told apart by the key `rule`: `rule = "pair_stdp"` next to the fields of [`PairStdp`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Rule {
    /// Pairs of spikes before and behind a synapse.
    PairStdp(PairStdp),
    /// Hebbian learning towards the principal component.
    Oja(Oja),
    /// Hebbian and anti-Hebbian learning of a lateral circuit towards the principal subspace.
    Lateral(Lateral),
    /// The presynaptic trace times the postsynaptic neuron's error of the step before, times a
    /// third factor.
    ThreeFactor(ThreeFactor),
}

impl Rule {
    /// Checks every field.
    ///
    /// # Errors
    /// [`sim_core::Error::OutOfRange`] naming the first field that is not allowed.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::PairStdp(rule) => rule.check(),
            Self::Oja(rule) => rule.check(),
            Self::Lateral(rule) => rule.check(),
            Self::ThreeFactor(rule) => rule.check(),
        }
    }

    fn rule(&self) -> &dyn LearningRule {
        match self {
            Self::PairStdp(rule) => rule,
            Self::Oja(rule) => rule,
            Self::Lateral(rule) => rule,
            Self::ThreeFactor(rule) => rule,
        }
    }
}

impl LearningRule for Rule {
    fn build(&self, synapses: &SynapseTable, dt_ms: f64) -> Result<Box<dyn Learner>> {
        self.rule().build(synapses, dt_ms)
    }

    fn delay_side(&self) -> DelaySide {
        self.rule().delay_side()
    }
}
