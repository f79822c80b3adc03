//! Networks of any shape: named populations and projections, in an experiment or in a file of their
//! own.

use crate::error::{Error, Result};
use crate::network::description::{
    CellsPart, Description, PolarityPart, PopulationPart, ProjectionPart, Start,
};
use crate::network::entries::{PopulationEntry, ProjectionEntry};
use crate::network::learned::check_learned;
use crate::network::ports::port_index;
use neurons::Model;
use serde::{Deserialize, Serialize};
use sim_core::{NeuronModel, Polarity, check_poisson_rate};

/// Named populations and the projections between them. One population has none of `neuron`,
/// `spikes` and `poisson_hz`: the samples enter there.
///
/// ```
/// use synfire::Experiment;
///
/// let text = r#"
///     [network]
///     kind = "graph"
///     [[network.populations]]
///     name = "ears"
///     [[network.populations]]
///     name = "cortex"
///     size = 100
///     excitatory = 0.8
///     neuron = { model = "lif" }
///     [[network.populations]]
///     name = "words"
///     neuron = { model = "leaky_integrator" }
///     [[network.projections]]
///     source = "ears"
///     target = "cortex"
///     dense = { max_delay_ms = 100.0 }
///     [[network.projections]]
///     source = "cortex"
///     target = "cortex"
///     random = { in_degree = 10, weight = 0.1, delay_ms = [10.0, 20.0] }
///     [[network.projections]]
///     source = "cortex"
///     target = "words"
///     dense = { delays = "none" }
/// "#;
/// let experiment = Experiment::parse(text, "the example", "example", &[])?;
/// let network = experiment.build_network(14, 10)?;
/// assert_eq!(network.populations[network.output()?].size, 10);
/// let refused = experiment.network.check_trainable(experiment.dt_ms()).unwrap_err();
/// assert!(refused.to_string().contains("projection cortex -> cortex has single synapses"));
/// # Ok::<(), synfire::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Graph {
    /// Name of the population that samples enter; the one that has none of `neuron`, `spikes` and
    /// `poisson_hz`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// Name of the population that is read; the only one of neurons that no projection leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// The populations.
    pub populations: Vec<PopulationEntry>,
    /// The projections.
    pub projections: Vec<ProjectionEntry>,
}

/// A graph, whoever holds it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GraphParts<'a> {
    /// Name of the population that samples enter.
    pub input: Option<&'a str>,
    /// Name of the population that is read.
    pub output: Option<&'a str>,
    /// The populations.
    pub populations: &'a [PopulationEntry],
    /// The projections.
    pub projections: &'a [ProjectionEntry],
    /// What goes before the path of a setting: `network.` in an experiment.
    pub section: &'a str,
    /// Whether samples enter the network.
    pub takes_samples: bool,
}

impl Graph {
    /// The graph of an experiment.
    pub(crate) fn parts(&self) -> GraphParts<'_> {
        GraphParts {
            input: self.input.as_deref(),
            output: self.output.as_deref(),
            populations: &self.populations,
            projections: &self.projections,
            section: "network.",
            takes_samples: true,
        }
    }
}

/// The keys of which a population has exactly one.
const CELLS: &str = "neuron, spikes and poisson_hz";

impl<'a> GraphParts<'a> {
    /// The graph with names resolved, every entry checked on a grid of `dt_ms`.
    ///
    /// # Errors
    /// The first entry that is not allowed.
    pub(crate) fn describe(&self, dt_ms: f64) -> Result<Description<'a>> {
        let input = self.find_input()?;
        let populations = (0..self.populations.len())
            .map(|index| self.population(index, input == Some(index), dt_ms))
            .collect::<Result<Vec<_>>>()?;
        let projections: Vec<ProjectionPart> = (0..self.projections.len())
            .map(|index| self.projection(index, &populations, dt_ms))
            .collect::<Result<_>>()?;
        let output = self.find_output(&populations, &projections)?;
        self.check_signs(&projections)?;
        for (index, part) in populations.iter().enumerate() {
            let is_open = self.takes_samples && [input, output].contains(&Some(index));
            if part.size.is_none() && !is_open {
                let problem = match self.takes_samples {
                    true => {
                        "size is missing; only the input and the output have theirs from the \
                         samples"
                    }
                    false => "size is missing",
                };
                return Err(self.wrong(&self.of_population(index), &part.name, problem));
            }
        }
        Ok(Description { populations, projections, input, output })
    }

    fn of_population(&self, index: usize) -> String {
        format!("{}populations[{index}]", self.section)
    }

    /// An error about the setting at `path`, which its sentence calls `name`.
    fn wrong(&self, path: &str, name: &str, problem: impl std::fmt::Display) -> Error {
        Error::Setting { field: Some(path.to_owned()), problem: format!("{name}: {problem}") }
    }

    /// An error about a field within the setting at `path`, which its sentence calls `name`.
    fn within(&self, path: &str, name: &str, error: sim_core::Error) -> Error {
        let path = match error.field() {
            Some(field) => field.clone().within(path).path().to_owned(),
            None => path.to_owned(),
        };
        self.wrong(&path, name, error)
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.populations.iter().position(|population| population.name == name)
    }

    /// The population of a role that is said by name.
    fn named(&self, role: &str, name: &str) -> Result<usize> {
        self.find(name).ok_or_else(|| {
            let problem = format!("there is no population {name}; {}", self.known());
            let section = self.section;
            self.wrong(&format!("{section}{role}"), &format!("{section}{role}"), problem)
        })
    }

    /// The populations that there are.
    fn known(&self) -> String {
        let names: Vec<&str> =
            self.populations.iter().map(|population| population.name.as_str()).collect();
        if names.is_empty() {
            "there are none".into()
        } else {
            format!("there are {}", names.join(", "))
        }
    }

    /// Checks that populations of an experiment that have a sign send something.
    fn check_signs(&self, projections: &[ProjectionPart<'a>]) -> Result<()> {
        for (index, entry) in self.populations.iter().enumerate() {
            let key = match (entry.polarity, entry.excitatory) {
                (Some(_), _) => "polarity",
                (None, Some(_)) => "excitatory",
                (None, None) => continue,
            };
            if self.takes_samples && projections.iter().all(|part| part.source != index) {
                let name = &entry.name;
                let problem = format!(
                    "{key} is the sign of what a population sends, but {name} sends nothing"
                );
                let path = format!("{}.{key}", self.of_population(index));
                return Err(self.wrong(&path, name, problem));
            }
        }
        Ok(())
    }

    fn find_input(&self) -> Result<Option<usize>> {
        let said = self.input.map(|name| self.named("input", name)).transpose()?;
        if !self.takes_samples {
            return Ok(said);
        }
        let is_open = |population: &PopulationEntry| {
            population.neuron.is_none()
                && population.spikes.is_none()
                && population.poisson_hz.is_none()
        };
        if let Some(index) = said {
            let population = &self.populations[index];
            return if is_open(population) {
                Ok(said)
            } else {
                let problem =
                    format!("this is the input, where samples enter, so it has none of {CELLS}");
                Err(self.wrong(&self.of_population(index), &population.name, problem))
            };
        }
        let open: Vec<usize> =
            (0..self.populations.len()).filter(|&p| is_open(&self.populations[p])).collect();
        match open[..] {
            [input] => Ok(Some(input)),
            [] => {
                let problem = format!(
                    "there is no population for the samples to enter, one that has none of {CELLS}"
                );
                Err(self.wrong(&format!("{}populations", self.section), "network", problem))
            }
            [_, second, ..] => {
                let name = &self.populations[second].name;
                Err(self.wrong(&self.of_population(second), name, one_of(CELLS)))
            }
        }
    }

    fn find_output(
        &self,
        populations: &[PopulationPart<'a>],
        projections: &[ProjectionPart<'a>],
    ) -> Result<Option<usize>> {
        let is_neurons = |p: usize| matches!(populations[p].cells, CellsPart::Neurons(_));
        if let Some(name) = self.output {
            let index = self.named("output", name)?;
            return if is_neurons(index) {
                Ok(Some(index))
            } else {
                let problem = "this is the output, so it needs a neuron";
                Err(self.wrong(&self.of_population(index), name, problem))
            };
        }
        let leads_nowhere = |p: &usize| projections.iter().all(|part| part.source != *p);
        let ends: Vec<usize> =
            (0..populations.len()).filter(|&p| is_neurons(p)).filter(leads_nowhere).collect();
        match ends[..] {
            [output] => Ok(Some(output)),
            _ if !self.takes_samples => Ok(None),
            _ => {
                let names: Vec<&str> = ends.iter().map(|&p| &*populations[p].name).collect();
                let found = match names.len() {
                    0 => "a projection leaves every population of neurons".to_owned(),
                    _ => format!("no projection leaves {}", names.join(" and ")),
                };
                let problem = format!("{found}; say which population is read: output = \"NAME\"");
                Err(self.wrong(&format!("{}output", self.section), "network", problem))
            }
        }
    }

    fn population(&self, index: usize, is_input: bool, dt_ms: f64) -> Result<PopulationPart<'a>> {
        let entry = &self.populations[index];
        let (path, name) = (self.of_population(index), &*entry.name);
        if self.find(name) != Some(index) {
            return Err(self.wrong(&path, "network", format!("two populations are called {name}")));
        }
        if entry.size == Some(0) {
            let zero = sim_core::Error::out_of_range("size", 0, "at least 1");
            return Err(self.within(&path, name, zero));
        }
        let cells = match (&entry.neuron, &entry.spikes, entry.poisson_hz) {
            (Some(model), None, None) => {
                let built = model.build(dt_ms).map_err(|error| error.within("neuron"));
                built.map_err(|error| self.within(&path, name, error))?;
                CellsPart::Neurons(*model)
            }
            (None, Some(spikes), None) => CellsPart::Spikes(spikes),
            (None, None, Some(rate_hz)) => {
                let checked = check_poisson_rate(rate_hz, dt_ms);
                checked.map_err(|error| self.within(&path, name, error))?;
                CellsPart::Poisson(rate_hz)
            }
            (None, None, None) if is_input && self.takes_samples => CellsPart::Samples,
            _ => return Err(self.wrong(&path, name, one_of(CELLS))),
        };
        if let Some(learned) = entry.learn.first() {
            let CellsPart::Neurons(model) = &cells else {
                let problem = format!("learns {learned}, but only neurons of a model learn");
                return Err(self.wrong(&format!("{path}.learn"), name, problem));
            };
            check_learned(model, &entry.learn, dt_ms)
                .map_err(|error| self.within(&path, name, error))?;
        }
        if entry.norm && !matches!(cells, CellsPart::Neurons(_)) {
            let problem = "norm is on, but only the input of neurons is normalised";
            return Err(self.wrong(&format!("{path}.norm"), name, problem));
        }
        let polarity = match (entry.polarity, entry.excitatory) {
            (None, None) => None,
            (Some(sign), None) => Some(PolarityPart::All(sign)),
            (None, Some(share)) => {
                let fits = (0.0..=1.0).contains(&share);
                let checked = sim_core::Error::check("excitatory", share, fits, "from 0 to 1");
                checked.map_err(|error| self.within(&path, name, error))?;
                if let Some(size) = entry.size
                    && share > 0.0
                    && Polarity::excitatory_count(share, size) == 0
                {
                    let problem = format!(
                        "excitatory is {share}, which makes all {size} neurons inhibitory; say so \
                         with polarity = \"inhibitory\""
                    );
                    return Err(self.wrong(&format!("{path}.excitatory"), name, problem));
                }
                Some(PolarityPart::Shared(share))
            }
            (Some(_), Some(_)) => {
                let problem = "polarity and excitatory are one setting; leave one out";
                return Err(self.wrong(&format!("{path}.excitatory"), name, problem));
            }
        };
        let part = PopulationPart::new(name, entry.size, cells);
        Ok(PopulationPart { learn: &entry.learn, norm: entry.norm, polarity, ..part })
    }

    fn projection(
        &self,
        index: usize,
        populations: &[PopulationPart<'a>],
        dt_ms: f64,
    ) -> Result<ProjectionPart<'a>> {
        let entry = &self.projections[index];
        let path = format!("{}projections[{index}]", self.section);
        let find = |key: &str, name: &String| {
            let problem = || format!("there is no population {name}; {}", self.known());
            self.find(name).ok_or_else(|| {
                self.wrong(&format!("{path}.{key}"), &format!("projection {index}"), problem())
            })
        };
        let source = find("source", &entry.source)?;
        let target = find("target", &entry.target)?;
        let name = format!("projection {} -> {}", entry.source, entry.target);
        let CellsPart::Neurons(model) = &populations[target].cells else {
            return Err(self.wrong(&format!("{path}.target"), &name, "a source takes no input"));
        };
        let port = port_index(model, entry.port.as_deref());
        let port = port.map_err(|problem| self.wrong(&format!("{path}.port"), &name, problem))?;
        let start = match (&entry.synapses, &entry.random, &entry.dense) {
            (Some(synapses), None, None) => Start::Given(synapses),
            (None, Some(random), None) => {
                let path = format!("{path}.random");
                let connectivity = random.connectivity().ok_or_else(|| {
                    let problem = "random synapses have exactly one of probability, in_degree, \
                                   out_degree and pairs";
                    self.wrong(&path, &name, problem)
                })?;
                let checked = connectivity.check(dt_ms, populations[source].polarity.is_some());
                checked.map_err(|error| self.within(&path, &name, error))?;
                Start::Random(connectivity)
            }
            (None, None, Some(dense)) => {
                dense.check(&format!("{path}.dense"), dt_ms)?;
                Start::Dense(dense.clone())
            }
            _ => {
                let problem = "a projection has exactly one of synapses, random and dense";
                return Err(self.wrong(&path, &name, problem));
            }
        };
        if let Some(rule) = &entry.learning {
            let checked = rule.check().map_err(|error| error.within("learning"));
            checked.map_err(|error| self.within(&path, &name, error))?;
        }
        let (rule, stream) = (entry.learning, [index as u64, 0]);
        Ok(ProjectionPart { source, target, port, start, rule, stream })
    }
}

fn one_of(keys: &str) -> String {
    format!("a population has exactly one of {keys}")
}

/// The model of a population, if it is one of neurons.
pub(crate) fn model_of<'a>(part: &'a PopulationPart<'_>) -> Option<&'a Model> {
    match &part.cells {
        CellsPart::Neurons(model) => Some(model),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
