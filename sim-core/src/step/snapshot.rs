//! The state of a network between two steps.

use crate::error::{Error, Result};
use crate::spikes::Spike;
use crate::state::State;
use serde::{Deserialize, Serialize};

/// Everything that the next steps of a simulation depend on but the network. An engine of the same
/// network that takes it over goes on with the same bits. Names, sizes, state variables, delay
/// windows and the length of a step have to be those of the network that it was taken of;
/// parameters and synapses that do not learn may be others, from there on. Numbers of the streaming
/// engine are kept as `f64`, which holds them exactly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Length of a step in ms.
    pub dt_ms: f64,
    /// The step that comes next.
    pub step: usize,
    /// By population.
    pub populations: Vec<PopulationSnapshot>,
    /// By projection.
    pub projections: Vec<ProjectionSnapshot>,
}

/// The state of one population.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PopulationSnapshot {
    /// Its name.
    pub name: String,
    /// Name and entries, one per neuron, of each state variable; none of a source.
    pub columns: Vec<(String, Vec<f64>)>,
    /// Input that arrives from the next step on, `[step][port][neuron]`; in the streaming engine
    /// with as many neurons as whole blocks have.
    pub pending: Vec<f64>,
}

/// What a projection has learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectionSnapshot {
    /// Its name.
    pub name: String,
    /// `None` where its synapses stay as they are.
    pub plastic: Option<PlasticSnapshot>,
}

/// The state of synapses that learn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlasticSnapshot {
    /// Weights in the order of the engine's table.
    pub weights: Vec<f64>,
    /// Name and entries of what the learner remembers.
    pub learner: Vec<(String, Vec<f64>)>,
    /// Spikes on their way to synapses.
    pub under_way: Vec<EventSnapshot>,
}

/// A spike on its way to some synapses.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EventSnapshot {
    /// Steps after the next one in which it arrives.
    pub ahead: usize,
    /// The spike.
    pub spike: Spike,
    /// First of the synapses that it reaches, in the order of the index that they are found by.
    pub first: usize,
    /// First synapse that it does not reach any more.
    pub end: usize,
}

impl Snapshot {
    /// What holds a number that is not finite, if anything does.
    pub fn not_finite(&self) -> Option<String> {
        let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        let of_population = |population: &PopulationSnapshot| {
            let columns = population.columns.iter().map(|(name, values)| (&name[..], values));
            let parts = columns.chain([("input on its way", &population.pending)]);
            let mut wrong = parts.filter(|(_, values)| !finite(values));
            wrong.next().map(|(what, _)| format!("{what} of population {}", population.name))
        };
        let of_projection = |projection: &ProjectionSnapshot| {
            let PlasticSnapshot { weights, learner, .. } = projection.plastic.as_ref()?;
            let columns = learner.iter().map(|(name, values)| (&name[..], values));
            let mut wrong = columns.chain([("weight", weights)]).filter(|part| !finite(part.1));
            wrong.next().map(|(what, _)| format!("{what} of projection {}", projection.name))
        };
        let wrong = self.populations.iter().find_map(of_population);
        wrong.or_else(|| self.projections.iter().find_map(of_projection))
    }
}

impl PopulationSnapshot {
    pub(crate) fn new(name: &str, state: Option<&State<f64>>, pending: Vec<f64>) -> Self {
        let columns = state.map_or_else(Vec::new, |state| {
            let named = state.variables().iter().enumerate();
            named.map(|(c, variable)| (variable.name.into(), state.column(c).to_vec())).collect()
        });
        Self { name: name.into(), columns, pending }
    }

    /// All columns one after the other.
    pub(crate) fn values(&self) -> Vec<f64> {
        self.columns.iter().flat_map(|(_, values)| values.iter().copied()).collect()
    }

    /// Checks that it is of a population with such a state and as much input under way.
    pub(crate) fn check(&self, state: Option<&State<f64>>, pending: usize) -> Result<()> {
        let refused = |problem: &str| {
            Err(Error::Network(format!("population {}: the snapshot has {problem}", self.name)))
        };
        let (variables, entries) =
            state.map_or((&[][..], 0), |state| (state.variables(), state.entries()));
        let names = self.columns.iter().map(|(name, _)| name.as_str());
        if !names.eq(variables.iter().map(|variable| variable.name)) {
            return refused("other state variables");
        }
        if self.columns.iter().any(|(_, values)| values.len() != entries) {
            return refused("another number of neurons");
        }
        if self.pending.len() != pending {
            return refused("other delays, or is of another engine");
        }
        Ok(())
    }
}
