//! Everything about a network that is not learned, as names and values: what a checkpoint is
//! compared by.

use crate::kind::Kind;
use crate::learned::LearnedParameter;
use crate::network::{Network, Projection};
use crate::neuron::flat;
use crate::population::{Cells, Population};
use crate::synapses::{DenseSynapses, Synapses};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an outline calls the properties of dense synapses: as `[network]` of a configuration does.
pub(crate) const ELEMENTS: &str = "kernel_count";
pub(crate) const SHORTEST_DELAY: &str = "min_delay_steps";
pub(crate) const LONGEST_DELAY: &str = "max_delay_steps";
pub(crate) const GRANULARITY: &str = "delay_granularity";
pub(crate) const KERNEL: &str = "delay_kernel";
pub(crate) const POLARITY: &str = "polarity";
pub(crate) const PORT: &str = "port";

/// The outline of a network. Networks without a [`Outline::difference`] can exchange what they
/// learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outline {
    /// Length of a time step in ms.
    pub dt_ms: f64,
    /// The populations, in their order.
    pub populations: Vec<PopulationOutline>,
    /// The projections, in their order.
    pub projections: Vec<ProjectionOutline>,
}

/// A population without state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PopulationOutline {
    /// Name.
    pub name: String,
    /// Number of neurons.
    pub size: usize,
    /// Name of the neuron model; none for a source.
    pub model: Option<String>,
    /// The model's parameters.
    pub parameters: BTreeMap<String, String>,
    /// Those of the model's defaults; known of a network at hand only.
    #[serde(skip)]
    pub defaults: BTreeMap<String, String>,
    /// Whether its input is normalised.
    pub norm: bool,
    /// The ports of neurons that have several; empty otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<String>,
    /// What each neuron learns for itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learned: Vec<LearnedOutline>,
}

/// A parameter that each neuron of a population learns, without its values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LearnedOutline {
    /// The key of the model's configuration.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Least value.
    pub least: f32,
    /// Largest value.
    pub most: f32,
}

/// A projection without weights and delays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProjectionOutline {
    /// `source->target`.
    pub name: String,
    /// Number and kind of its synapses by name.
    pub synapses: BTreeMap<String, String>,
}

impl Network {
    /// Everything that is not learned.
    pub fn outline(&self) -> Outline {
        let population = |population: &Population| {
            let model = match &population.cells {
                Cells::Source => None,
                Cells::Neurons(model) => Some(model.describe()),
            };
            let (model, parameters, defaults) = model.map_or_else(Default::default, |model| {
                (Some(model.name), model.parameters, model.defaults)
            });
            PopulationOutline {
                name: population.name.clone(),
                size: population.size,
                model,
                parameters,
                defaults,
                norm: population.norm.is_some(),
                ports: population.several_ports(),
                learned: population.learned.iter().map(LearnedOutline::of).collect(),
            }
        };
        let projection = |index: usize| {
            let named = |what: &str, value: String| (what.to_owned(), value);
            let Projection { target, port, synapses, polarity, .. } = &self.projections[index];
            let polarity = polarity.iter().map(|signs| named(POLARITY, flat_list(signs)));
            let ports = self.populations[*target].several_ports();
            let mut synapses: BTreeMap<String, String> = match synapses {
                Synapses::Dense(DenseSynapses {
                    elements_per_pair,
                    min_delay_steps,
                    max_delay_steps,
                    granularity,
                    kernel,
                    ..
                }) => [
                    named(ELEMENTS, elements_per_pair.to_string()),
                    named(LONGEST_DELAY, max_delay_steps.to_string()),
                    named(GRANULARITY, word(granularity)),
                    named(KERNEL, word(kernel)),
                ]
                .into_iter()
                // What is as it was before there was a word for it has none, as in older files.
                .chain(
                    (*min_delay_steps > 0)
                        .then(|| named(SHORTEST_DELAY, min_delay_steps.to_string())),
                )
                .collect(),
                Synapses::Sparse(synapses) => {
                    BTreeMap::from([named("synapses", synapses.len().to_string())])
                }
            };
            synapses.extend(polarity);
            synapses.extend(ports.get(*port).map(|name| named(PORT, name.clone())));
            ProjectionOutline { name: self.projection_name(index), synapses }
        };
        Outline {
            dt_ms: self.dt_ms,
            populations: self.populations.iter().map(population).collect(),
            projections: (0..self.projections.len()).map(projection).collect(),
        }
    }
}

impl LearnedOutline {
    fn of(learned: &LearnedParameter) -> Self {
        let LearnedParameter { name, kind, range, .. } = learned;
        Self { name: name.clone(), kind: *kind, least: *range.start(), most: *range.end() }
    }
}

/// A value as configuration files call it.
fn word(value: &impl Serialize) -> String {
    flat(value).remove("").unwrap_or_default()
}

/// A list of values as configuration files call them.
fn flat_list(values: &[impl Serialize]) -> String {
    values.iter().map(word).collect::<Vec<_>>().join(" ")
}

impl Outline {
    /// The first thing in which `stored`, the outline of a checkpoint, differs from this network:
    /// `population hidden1 has 64 neurons in the checkpoint, 32 in the configuration`.
    pub fn difference(&self, stored: &Self) -> Option<String> {
        let told = |what: &str, theirs: &str, ours: &str| {
            Some(format!("{what} {theirs} in the checkpoint, {ours} in the configuration"))
        };
        if self.dt_ms != stored.dt_ms {
            return told(
                "a step lasts",
                &format!("{} ms", stored.dt_ms),
                &format!("{} ms", self.dt_ms),
            );
        }
        let names = |outline: &Self| {
            outline
                .populations
                .iter()
                .map(|population| population.name.clone())
                .collect::<Vec<_>>()
                .join(", ")
        };
        if names(self) != names(stored) {
            return told("the populations are", &names(stored), &names(self));
        }
        let populations = self.populations.iter().zip(&stored.populations);
        populations.clone().find_map(|(ours, theirs)| ours.difference_of_size(theirs)).or_else(
            || {
                populations
                    .clone()
                    .find_map(|(ours, theirs)| ours.difference_of_model(theirs))
                    .or_else(|| {
                        let names = |outline: &Self| {
                            outline
                                .projections
                                .iter()
                                .map(|projection| projection.name.clone())
                                .collect::<Vec<_>>()
                                .join(", ")
                        };
                        if names(self) != names(stored) {
                            return told("the projections are", &names(stored), &names(self));
                        }
                        self.projections.iter().zip(&stored.projections).find_map(
                            |(ours, theirs)| {
                                let what = format!("projection {}: ", ours.name);
                                differing(&ours.synapses, &theirs.synapses, &BTreeMap::new(), &what)
                            },
                        )
                    })
            },
        )
    }
}

impl PopulationOutline {
    fn difference_of_size(&self, stored: &Self) -> Option<String> {
        let Self { name, size, .. } = self;
        (*size != stored.size).then(|| {
            format!(
                "population {name} has {} neurons in the checkpoint, {size} in the configuration",
                stored.size
            )
        })
    }

    fn difference_of_model(&self, stored: &Self) -> Option<String> {
        let name = &self.name;
        let kind = |outline: &Self| outline.model.clone().unwrap_or_else(|| "a source".into());
        if self.model != stored.model {
            return Some(format!(
                "population {name} is {} in the checkpoint, {} in the configuration",
                kind(stored),
                kind(self)
            ));
        }
        if self.norm != stored.norm {
            let has = |norm: bool| if norm { "a batch norm" } else { "none" };
            let (theirs, ours) = (has(stored.norm), has(self.norm));
            return Some(format!(
                "population {name} has {theirs} in the checkpoint, {ours} in the configuration \
                 (batch norm)"
            ));
        }
        let learned = |outline: &Self| match &outline.learned[..] {
            [] => "nothing".to_owned(),
            learned => learned.iter().map(|own| &own.name[..]).collect::<Vec<_>>().join(", "),
        };
        let (theirs, ours) = (learned(stored), learned(self));
        if theirs != ours {
            return Some(format!(
                "population {name}: its neurons learn {theirs} in the checkpoint, {ours} in the \
                 configuration"
            ));
        }
        differing(
            &self.parameters,
            &stored.parameters,
            &self.defaults,
            &format!("population {name}: "),
        )
    }
}

/// The signs of neurons, by their number: there can be many.
fn signs_in_words(signs: &str) -> String {
    let of = |sign: &str| signs.split(' ').filter(|word| *word == sign).count();
    match (of("excitatory"), of("inhibitory")) {
        (0, 0) => signs.to_owned(),
        (excitatory, inhibitory) => format!("{excitatory} excitatory, {inhibitory} inhibitory"),
    }
}

/// The first key whose values differ; what only one side has is as good as its default.
fn differing(
    ours: &BTreeMap<String, String>,
    theirs: &BTreeMap<String, String>,
    defaults: &BTreeMap<String, String>,
    what: &str,
) -> Option<String> {
    let absent = "nothing".to_owned();
    let value = |side: &BTreeMap<String, String>, key: &String| {
        side.get(key).or(defaults.get(key)).unwrap_or(&absent).clone()
    };
    let keys = ours.keys().chain(theirs.keys().filter(|key| !ours.contains_key(*key)));
    keys.map(|key| (key, value(theirs, key), value(ours, key)))
        .find(|(_, theirs, ours)| theirs != ours)
        .map(|(key, theirs, ours)| {
            let [theirs, ours] = [theirs, ours].map(|value| match &key[..] {
                POLARITY => signs_in_words(&value),
                _ => value,
            });
            format!("{what}{key} is {theirs} in the checkpoint, {ours} in the configuration")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline() -> Outline {
        let parameters = BTreeMap::from([
            ("reset".to_owned(), "hard".to_owned()),
            ("tau_mem_ms".to_owned(), "20.0".to_owned()),
        ]);
        let hidden = PopulationOutline {
            name: "hidden1".into(),
            size: 32,
            model: Some("lif".into()),
            defaults: parameters.clone(),
            parameters,
            norm: true,
            ports: Vec::new(),
            learned: Vec::new(),
        };
        let synapses = BTreeMap::from([("max_delay_steps".to_owned(), "24".to_owned())]);
        let projection = ProjectionOutline { name: "input->hidden1".into(), synapses };
        Outline { dt_ms: 2.0, populations: vec![hidden], projections: vec![projection] }
    }

    #[test]
    fn only_what_differs_is_named() {
        assert_eq!(outline().difference(&outline()), None);
        let of = |change: &dyn Fn(&mut Outline)| {
            let mut stored = outline();
            change(&mut stored);
            outline().difference(&stored).unwrap()
        };
        let sides = |what: &str, theirs: &str, ours: &str| {
            format!("{what} {theirs} in the checkpoint, {ours} in the configuration")
        };
        assert_eq!(
            of(&|stored| stored.populations[0].size = 64),
            sides("population hidden1 has", "64 neurons", "32")
        );
        assert_eq!(of(&|stored| stored.dt_ms = 1.0), sides("a step lasts", "1 ms", "2 ms"));
        let text = of(&|stored| {
            drop(stored.populations[0].parameters.insert("tau_mem_ms".into(), "5.0".into()))
        });
        assert_eq!(text, sides("population hidden1: tau_mem_ms is", "5.0", "20.0"));
        let text = of(&|stored| {
            drop(stored.projections[0].synapses.insert("max_delay_steps".into(), "30".into()))
        });
        assert_eq!(text, sides("projection input->hidden1: max_delay_steps is", "30", "24"));
        assert_eq!(
            of(&|stored| stored.populations[0].model = None),
            sides("population hidden1 is", "a source", "lif")
        );
    }

    #[test]
    fn a_parameter_that_the_checkpoint_does_not_know_yet_stands_at_its_default() {
        let mut stored = outline();
        stored.populations[0].parameters.remove("reset");
        assert_eq!(outline().difference(&stored), None);
        let mut soft = outline();
        soft.populations[0].parameters.insert("reset".into(), "soft".into());
        let text = soft.difference(&stored).unwrap();
        assert_eq!(
            text,
            "population hidden1: reset is hard in the checkpoint, soft in the configuration"
        );
    }
}
