//! Populations and projections as files have them.

use crate::network::dense_connections::DenseConnections;
use crate::network::random_synapses::RandomSynapses;
use neurons::Model;
use plasticity::local::Rule;
use serde::{Deserialize, Serialize};
use sim_core::Polarity;

/// One population: neurons of a model, given spikes, random spikes, or, in an experiment, those of
/// its samples.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PopulationEntry {
    /// Name, unique in the network.
    pub name: String,
    /// Number of neurons, at least 1. The input and the output of an experiment leave it out: they
    /// have as many as the samples have channels and classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
    /// What the neurons are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub neuron: Option<Model>,
    /// Spikes as `[time_ms, neuron]`; a time is at least 0 and counts for the nearest step, which
    /// must be one of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spikes: Option<Vec<(f64, u32)>>,
    /// Every neuron fires at random, at this rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poisson_hz: Option<f64>,
    /// Parameters of the neuron model that each neuron learns for itself, such as `tau_mem_ms`;
    /// none. They start at the model's values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learn: Vec<String>,
    /// Batch norm of the neurons' summed input, of each port; off.
    #[serde(default, skip_serializing_if = "is_off")]
    pub norm: bool,
    /// The sign of all outgoing weights; any. Where weights are drawn, they have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub polarity: Option<Polarity>,
    /// Instead of `polarity`: the share of neurons, from 0 to 1, that are excitatory, rounded to
    /// whole neurons. They are the first; all others are inhibitory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excitatory: Option<f64>,
}

/// One projection: given synapses, random ones, or all pairs with delays that learn.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectionEntry {
    /// Name of the presynaptic population.
    pub source: String,
    /// Name of the postsynaptic population.
    pub target: String,
    /// Name of the port of the postsynaptic neurons in which it ends, such as `"inhibitory"` of
    /// `current_lif`; the only one, or the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// The synapses one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synapses: Option<Vec<SynapseEntry>>,
    /// Synapses drawn at random.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub random: Option<RandomSynapses>,
    /// Synapses between all pairs, which is what trains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dense: Option<DenseConnections>,
    /// The rule by which the synapses learn while the network runs; none: they stay as they are.
    /// Such a network is simulated and does not train.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning: Option<Rule>,
}

/// One synapse.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SynapseEntry {
    /// Presynaptic neuron.
    pub pre: u32,
    /// Postsynaptic neuron.
    pub post: u32,
    /// What a spike adds to the postsynaptic input.
    pub weight: f64,
    /// A whole number of steps, in ms.
    pub delay_ms: f64,
}

fn is_off(norm: &bool) -> bool {
    !norm
}
