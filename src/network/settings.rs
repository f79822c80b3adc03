//! `[network]` of an experiment, of whatever kind.

use crate::error::Result;
use crate::memory_need::MemoryNeed;
use crate::network::batch_memory::Work;
use crate::network::dense_connections::DenseConnections;
use crate::network::description::Description;
use crate::network::expansion::Sizes;
use crate::network::feed_forward::FeedForward;
use crate::network::graph::{Graph, model_of};
use crate::network::recurrent::{Recurrent, with_known_keys};
use neurons::Model;
use plasticity::gradient::Loss;
use serde::{Deserialize, Deserializer, Serialize};
use sim_core::{Error, Network, NeuronModel, Seed};
use toml::{Table, Value};

/// The network, told apart by the key `kind`; a section without it is of the kind `feed_forward`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NetworkSettings {
    /// Populations in a row, each projecting to the next.
    FeedForward(FeedForward),
    /// The same, with projections of each hidden population to itself. It is simulated; training
    /// runs through feed-forward networks.
    Recurrent(Recurrent),
    /// Named populations and projections. Where all projections are dense and none closes a loop,
    /// it trains.
    Graph(Graph),
}

impl Default for NetworkSettings {
    fn default() -> Self {
        Self::FeedForward(FeedForward::default())
    }
}

impl From<FeedForward> for NetworkSettings {
    fn from(network: FeedForward) -> Self {
        Self::FeedForward(network)
    }
}

/// What people can change about a population.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PopulationKeys {
    /// The section of its neurons.
    pub neuron: String,
    /// The model there.
    pub model: Model,
    /// Whether it is read.
    pub is_output: bool,
    /// Whether its input is normalised.
    pub has_norm: bool,
    /// The key that turns the norm on.
    pub norm: String,
    /// The key of a factor on the weights that reach it, and its value.
    pub gain: Option<(String, f64)>,
}

impl NetworkSettings {
    /// Reads a section, whose kind may be left out.
    pub(crate) fn of_any_kind<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        let mut section = Table::deserialize(deserializer)?;
        let of_graph = ["populations", "projections"].into_iter();
        let mut of_graph = of_graph.filter(|key| section.contains_key(*key));
        if let (false, Some(key)) = (section.contains_key("kind"), of_graph.next()) {
            let problem =
                format!("{key} belong to a network of kind = \"graph\", which is not said");
            return Err(serde::de::Error::custom(problem));
        }
        section.entry("kind").or_insert_with(|| "feed_forward".into());
        Self::deserialize(Value::Table(section))
            .map_err(|error| serde::de::Error::custom(with_known_keys(error.message())))
    }

    /// The populations in a row, forwards; none of a graph.
    pub fn feed_forward(&self) -> Option<&FeedForward> {
        match self {
            Self::FeedForward(network) => Some(network),
            Self::Recurrent(network) => Some(&network.forward),
            Self::Graph(_) => None,
        }
    }

    /// As [`Self::feed_forward`], to be changed.
    pub fn feed_forward_mut(&mut self) -> Option<&mut FeedForward> {
        match self {
            Self::FeedForward(network) => Some(network),
            Self::Recurrent(network) => Some(&mut network.forward),
            Self::Graph(_) => None,
        }
    }

    /// Checks every field that does not need data.
    ///
    /// # Errors
    /// The first field that is not allowed, with its value.
    pub fn check(&self, dt_ms: f64) -> Result<()> {
        match self {
            Self::FeedForward(network) => network.check(dt_ms),
            Self::Recurrent(network) => network.check(dt_ms),
            Self::Graph(graph) => graph.parts().describe(dt_ms).map(drop),
        }
    }

    /// Checks that the readout fires where `loss` reads its spikes, and only there; errors call the
    /// loss `what`.
    ///
    /// # Errors
    /// [`sim_core::Error::Unfit`] otherwise.
    pub(crate) fn check_readout(&self, what: &str, loss: &dyn Loss, dt_ms: f64) -> Result<()> {
        let (fires, readout) = self.readout(dt_ms)?;
        let problem = match (loss.reads_spikes(), fires) {
            (true, false) => Error::unfit(
                what,
                format!(
                    "counts output spikes, but {readout} never fires; use a firing model such as \
                     \"lif\""
                ),
            ),
            (false, true) => Error::unfit(
                readout,
                format!(
                    "fires, but {what} reads potentials; use a loss that reads spikes, such as \
                     \"spike_count\", or a leaky_integrator readout"
                ),
            ),
            _ => return Ok(()),
        };
        Err(problem.into())
    }

    /// Checks that the network for samples of `channels` channels and `classes` classes is not too
    /// large.
    ///
    /// # Errors
    /// What is too large, with its value.
    pub fn check_size(&self, channels: usize, classes: usize, dt_ms: f64) -> Result<()> {
        match self {
            Self::FeedForward(network) => network.check_size(channels, classes),
            Self::Recurrent(network) => network.check_size(channels, classes),
            Self::Graph(_) => {
                let description = self.describe(dt_ms)?;
                let sizes = description.sizes(Sizes { channels, classes })?;
                description.check_size(&sizes, 0.0, dt_ms)
            }
        }
    }

    /// The network for samples of `channels` channels and `classes` classes on a grid of `dt_ms`.
    ///
    /// # Errors
    /// As [`Self::check`] and [`Self::check_size`]; what of a graph could not be simulated.
    pub fn build(
        &self,
        channels: usize,
        classes: usize,
        dt_ms: f64,
        seed: Seed,
    ) -> Result<Network> {
        self.check(dt_ms)?;
        self.check_size(channels, classes, dt_ms)?;
        self.describe(dt_ms)?.network(Sizes { channels, classes }, dt_ms, seed)
    }

    /// Checks that the network can be trained.
    ///
    /// # Errors
    /// The population or projection for which it cannot, and what can be done instead.
    pub fn check_trainable(&self, dt_ms: f64) -> Result<()> {
        self.describe(dt_ms)?.check_trainable(dt_ms)
    }

    /// Populations and projections.
    ///
    /// # Errors
    /// Of a graph: the first entry that is not allowed.
    pub(crate) fn describe(&self, dt_ms: f64) -> Result<Description<'_>> {
        match self {
            Self::FeedForward(network) => Ok(network.describe()),
            Self::Recurrent(network) => Ok(network.describe()),
            Self::Graph(graph) => graph.parts().describe(dt_ms),
        }
    }

    /// Whether the output's neurons fire, and the section of their model.
    ///
    /// # Errors
    /// What is wrong with the model's parameters, or that there is no output.
    pub(crate) fn readout(&self, dt_ms: f64) -> Result<(bool, String)> {
        if let Some(network) = self.feed_forward() {
            return Ok((network.readout_fires(dt_ms)?, "network.readout".into()));
        }
        let description = self.describe(dt_ms)?;
        let output = description.output.expect("an experiment's graph has an output");
        let model = model_of(&description.populations[output]).expect("an output has neurons");
        Ok((model.build(dt_ms)?.fires(), format!("network.populations[{output}].neuron")))
    }

    /// What people can change about the population called `name`.
    pub(crate) fn keys_of(&self, name: &str, dt_ms: f64) -> Option<PopulationKeys> {
        let description = self.describe(dt_ms).ok()?;
        let index = description.populations.iter().position(|part| part.name == name)?;
        let part = &description.populations[index];
        let is_output = description.output == Some(index);
        let of = |neuron: String, norm: String, gain: Option<(String, f64)>| {
            let (model, has_norm) = (*model_of(part)?, part.norm);
            Some(PopulationKeys { neuron, model, is_output, has_norm, norm, gain })
        };
        if let Some(network) = self.feed_forward() {
            let neuron = if is_output { "network.readout" } else { "network.neuron" };
            let mut projections = description.projections.iter();
            let hears = projections.any(|part| part.source == 0 && part.target == index);
            let (gain, value) = match network.input_weight_gain {
                Some(value) if hears => ("network.input_weight_gain", value),
                _ => ("network.weight_gain", network.weight_gain),
            };
            return of(neuron.into(), "network.batch_norm".into(), Some((gain.into(), value)));
        }
        let section = format!("network.populations[{index}]");
        let into = |(projection, _): &(usize, &DenseConnections)| {
            description.projections[*projection].target == index
        };
        let gain = description.dense().find(into).map(|(projection, dense)| {
            (format!("network.projections[{projection}].dense.weight_gain"), dense.weight_gain)
        });
        of(format!("{section}.neuron"), format!("{section}.norm"), gain)
    }

    /// What makes the network large, as people lower it: the setting, and its value.
    pub(crate) fn size_in_words(&self) -> (&'static str, String) {
        match self.feed_forward() {
            Some(network) => ("network.hidden", format!("network.hidden = {:?}", network.hidden)),
            None => ("the sizes of network.populations", "the graph in network.populations".into()),
        }
    }

    /// The delays that are built on a grid of `dt_ms`, in words; `learn` tells whether training
    /// moves them. A line for each projection, unless they are alike.
    pub(crate) fn delays_in_words(&self, dt_ms: f64, learn: bool) -> Vec<String> {
        let Ok(description) = self.describe(dt_ms) else { return Vec::new() };
        let of = |(index, dense): (usize, &DenseConnections)| {
            let is_back = matches!(self, Self::Recurrent(_)) && description.closes_loop(index);
            let section = match self {
                Self::Graph(_) => format!("network.projections[{index}].dense"),
                _ if is_back => "network.recurrence".into(),
                _ => "network".into(),
            };
            let closes_loop = description.closes_loop(index);
            let name = description.projection_name(index);
            (name, dense.delays_in_words(&section, closes_loop, dt_ms, learn))
        };
        let of_each: Vec<(String, String)> = description.dense().map(of).collect();
        let is_alike = of_each.iter().all(|(_, words)| *words == of_each[0].1);
        match &of_each[..] {
            [] => vec!["delays of single synapses, not learned".into()],
            [(_, words), ..] if is_alike => vec![words.clone()],
            several => several.iter().map(|(name, words)| format!("{name}: {words}")).collect(),
        }
    }

    /// About how much memory a batch takes, see [`Description::memory_need`].
    pub(crate) fn memory_need(&self, samples: Sizes, dt_ms: f64, work: Work) -> Result<MemoryNeed> {
        let description = self.describe(dt_ms)?;
        Ok(description.memory_need(&description.sizes(samples)?, dt_ms, work))
    }

    /// Whether any delay is to be learned.
    pub(crate) fn learns_delays(&self, dt_ms: f64) -> bool {
        self.describe(dt_ms).is_ok_and(|description| description.learns_delays())
    }

    /// Whether any learned delay has a Gaussian around it.
    pub(crate) fn has_gaussians(&self, dt_ms: f64) -> bool {
        self.describe(dt_ms).is_ok_and(|description| description.has_gaussians())
    }
}
