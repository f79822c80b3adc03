//! A graph in a file of its own, with how long it runs: simulated by the clock engine.
//!
//! ```toml
//! dt_ms = 0.1
//! duration_ms = 200.0
//! seed = 1
//!
//! [[populations]]                     # exactly one of neuron, spikes, poisson_hz
//! name = "noise"
//! size = 20
//! poisson_hz = 50.0
//!
//! [[populations]]
//! name = "excitatory"
//! size = 80
//! neuron = { model = "lif", tau_mem_ms = 10.0, threshold = 1.0, refractory_ms = 2.0 }
//!
//! [[projections]]                     # exactly one of synapses, random, dense
//! source = "noise"
//! target = "excitatory"
//! random = { probability = 0.2, weight = [0.1, 0.3], delay_ms = [1.0, 5.0] }
//!
//! [[projections]]
//! source = "excitatory"
//! target = "excitatory"
//! synapses = [{ pre = 0, post = 1, weight = 0.5, delay_ms = 1.5 }]
//! learning = { rule = "pair_stdp", rate = 0.01, max_weight = 1.0 }
//! ```
//!
//! Neurons with several ports have projections end in one of them by name: `port = "inhibitory"`.

use crate::error::{Error, Result};
use crate::network::entries::{PopulationEntry, ProjectionEntry};
use crate::network::graph::GraphParts;
use crate::network::limits::MAX_STEPS;
use crate::simulation::Simulation;
use crate::text_file;
use crate::toml_place;
use exchange::LogLayout;
use serde::{Deserialize, Serialize};
use sim_core::{ClockEngine, Seed, shown, whole_steps};
use std::path::Path;

/// A network and how long it runs: the populations and projections of a
/// [`Graph`](crate::Graph), whose sources all bring spikes of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkFile {
    /// Length of a step in ms, above 0.
    pub dt_ms: f64,
    /// How long to simulate, in ms: a whole number of steps, at least one.
    pub duration_ms: f64,
    /// Seed of random spikes and synapses; 0.
    #[serde(default)]
    pub seed: u64,
    /// Name of the source that has the role of the input; the only source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// Name of the population that is read; the only one of neurons that no projection leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// The populations.
    pub populations: Vec<PopulationEntry>,
    /// The projections; none by default.
    #[serde(default)]
    pub projections: Vec<ProjectionEntry>,
}

impl NetworkFile {
    /// Reads a description.
    ///
    /// # Errors
    /// One sentence that names the file, the line and what was expected.
    pub fn read(path: &Path) -> Result<Self> {
        let text = text_file::read_network(path)?;
        let origin = path.display().to_string();
        toml_place::read(&origin, &text)
            .map_err(|error| text_file::experiment_instead(&origin, &text).unwrap_or(error))
    }

    /// Reads a description and draws what is random in it.
    ///
    /// # Errors
    /// As [`Self::read`] and [`Self::simulation`]; an entry that is not allowed with its line.
    pub fn read_simulation(path: &Path) -> Result<Simulation> {
        let file = Self::read(path)?;
        let origin = path.display().to_string();
        file.draw().map_err(|error| {
            let field = match &error {
                Error::Setting { field, .. } => field.as_deref(),
                Error::Core(error) => error.field().map(sim_core::Field::path),
                _ => None,
            };
            let place = field.and_then(|field| {
                let text = text_file::read_network(path).ok()?;
                Some(toml_place::origin_of(&origin, &text, field))
            });
            of_file(&place.unwrap_or_else(|| origin.clone()), error)
        })
    }

    /// The network with its random synapses and spikes drawn; `origin` is what errors call the
    /// file.
    ///
    /// # Errors
    /// The first entry that is not allowed.
    pub fn simulation(&self, origin: &str) -> Result<Simulation> {
        self.draw().map_err(|error| of_file(origin, error))
    }

    fn draw(&self) -> Result<Simulation> {
        let dt_ms = self.dt_ms;
        sim_core::Error::check("dt_ms", dt_ms, dt_ms > 0.0, "above 0")?;
        let [first, last] = [1.0, MAX_STEPS].map(|steps| shown(steps * dt_ms));
        let allowed = format!("from {first} to {last} ms, 1 to 1e9 steps of {dt_ms} ms");
        // Within rounding; what is between two steps is refused below.
        let inside = (1.0 - 1e-6..MAX_STEPS + 0.5).contains(&(self.duration_ms / dt_ms));
        sim_core::Error::check("duration_ms", self.duration_ms, inside, &allowed)?;
        let steps = whole_steps("duration_ms", self.duration_ms, dt_ms)?;
        let description = self.parts().describe(dt_ms)?;
        let sizes: Vec<usize> =
            description.populations.iter().filter_map(|population| population.size).collect();
        description.check_size(&sizes, f64::from(steps), dt_ms)?;
        let (steps, seed) = (steps as usize, Seed(self.seed));
        let network = description.network_of(&sizes, dt_ms, seed)?;
        // What would stop the simulation or its log is an error of this file.
        ClockEngine::check(&network)?;
        LogLayout::of(&network)?;
        let inputs = description.inputs(&network, steps, seed, None)?;
        Ok(Simulation::new(network, inputs, steps))
    }

    fn parts(&self) -> GraphParts<'_> {
        GraphParts {
            input: self.input.as_deref(),
            output: self.output.as_deref(),
            populations: &self.populations,
            projections: &self.projections,
            section: "",
            takes_samples: false,
        }
    }
}

/// The error of a file.
fn of_file(origin: &str, error: Error) -> Error {
    match error {
        Error::Memory { problem } => Error::Memory { problem: format!("{origin}: {problem}") },
        other => Error::config(origin, other),
    }
}

#[cfg(test)]
mod tests;
