//! The text `network` in the metadata: what there is, without the numbers.

use crate::networks::dynamics_words::DynamicsWords;
use serde::{Deserialize, Serialize};

/// Version of the layout.
pub(super) const FORMAT_VERSION: &str = "1";
/// What the text `format` says.
pub(super) const FORMAT: &str = "synfire network";

/// Populations and projections in the order of the network.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outline {
    pub dt_ms: f64,
    pub input: Option<String>,
    pub output: Option<String>,
    pub populations: Vec<PopulationOutline>,
    pub projections: Vec<ProjectionOutline>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PopulationOutline {
    pub name: String,
    pub size: usize,
    /// None of a source.
    pub dynamics: Option<DynamicsWords>,
    /// The numbers that each neuron has for itself, each one a tensor.
    pub own: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProjectionOutline {
    pub name: String,
    pub source: String,
    pub target: String,
    pub port: usize,
    pub synapses: Storage,
    /// Whether there is a tensor of signs.
    pub polarity: bool,
}

/// How the synapses are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Storage {
    /// `weight` and `delay_steps` as `[post, pre]` or `[post, pre, element]`.
    Dense,
    /// Columns `pre`, `post`, `weight`, `delay_steps`.
    Sparse,
}
