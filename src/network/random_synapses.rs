//! Synapses drawn at random, as files have them.

use serde::{Deserialize, Serialize};
use sim_core::{Connectivity, Distribution, Pairs};

/// Single synapses drawn at random. Exactly one of `probability`, `in_degree`, `out_degree` and
/// `pairs` says which neurons are joined. No pair is joined twice, and no neuron with itself but
/// one to one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomSynapses {
    /// Every pair is joined with this probability, `0..=1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Every postsynaptic neuron has so many presynaptic ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_degree: Option<usize>,
    /// Every presynaptic neuron has so many postsynaptic ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_degree: Option<usize>,
    /// Pairs that are not left to chance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pairs: Option<RegularPairs>,
    /// Weights, within ±1e9: one number; `[least, greatest]`, uniform between the two; or `{ kind =
    /// "normal", mean = 0.5, std = 0.1 }`, `{ kind = "lognormal", mean = 0.5, std = 0.1 }`, `{ kind
    /// = "exponential", mean = 0.5 }`. Where the presynaptic population has a polarity they are
    /// sizes, at least 0, and get its sign.
    pub weight: Distribution,
    /// Delays in ms, at least 0, as `weight` and then rounded to steps; one number and the ends of
    /// `[least, greatest]` are whole numbers of steps. Of the kinds with a mean, delays below 0 (a
    /// step where the projection is part of a loop) are drawn again.
    pub delay_ms: Distribution,
}

/// Which pairs of neurons are joined where nothing is left to chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegularPairs {
    /// Neurons with the same index, of populations of one size.
    OneToOne,
    /// All.
    AllToAll,
}

impl RandomSynapses {
    /// The rules by which they are drawn; none unless exactly one key says which pairs are joined.
    pub(crate) fn connectivity(&self) -> Option<Connectivity> {
        let Self { probability, in_degree, out_degree, pairs, weight, delay_ms } = *self;
        let regular = pairs.map(|pairs| match pairs {
            RegularPairs::OneToOne => Pairs::OneToOne,
            RegularPairs::AllToAll => Pairs::AllToAll,
        });
        let ways = [
            probability.map(Pairs::Bernoulli),
            in_degree.map(Pairs::InDegree),
            out_degree.map(Pairs::OutDegree),
            regular,
        ];
        let mut ways = ways.into_iter().flatten();
        match (ways.next(), ways.next()) {
            (Some(pairs), None) => Some(Connectivity { pairs, weight, delay_ms }),
            _ => None,
        }
    }
}
