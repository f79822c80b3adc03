//! Feed-forward networks whose hidden populations also project to themselves.

use crate::error::Result;
use crate::network::dense_connections::DenseConnections;
use crate::network::description::{Description, ProjectionPart, Start};
use crate::network::feed_forward::FeedForward;
use crate::network::limits::check_dense;
use serde::{Deserialize, Serialize};
use sim_core::Error;
use toml::Table;

/// A feed-forward network whose hidden populations also project to themselves: every neuron to
/// every neuron of its population, itself too, by dense synapses whose delays are at least one
/// step. For one seed, what it shares with the feed-forward network starts the same.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recurrent {
    /// The populations and the projections forwards.
    #[serde(flatten)]
    pub forward: FeedForward,
    /// The projection of each hidden population to itself.
    pub recurrence: DenseConnections,
}

/// The message on an unknown key with the keys that there are, which the reader of flattened
/// sections leaves out; any other message as it is.
pub(crate) fn with_known_keys(message: &str) -> String {
    let rest = message.strip_prefix("unknown field `");
    let unknown = rest.and_then(|rest| rest.strip_suffix('`')).filter(|key| !key.contains('`'));
    let Some(key) = unknown else { return message.to_owned() };
    let alone = Table::from_iter([(key.to_owned(), true.into())]);
    let known = FeedForward::deserialize(alone).err();
    let known = known.map_or_else(|| message.to_owned(), |error| error.message().to_owned());
    known.replace("expected one of ", "expected one of `recurrence`, ")
}

impl Recurrent {
    /// Checks every field that does not need data.
    ///
    /// # Errors
    /// The first field that is not allowed, with its value.
    pub(crate) fn check(&self, dt_ms: f64) -> Result<()> {
        self.forward.check(dt_ms)?;
        if self.forward.interneurons.is_some() {
            let problem = "goes with kind = \"feed_forward\"; a network of kind = \"graph\" can \
                           have both interneurons and loops";
            return Err(Error::unfit("network.interneurons", problem).into());
        }
        self.recurrence.check("network.recurrence", dt_ms)?;
        self.check_synapses(0.0)
    }

    /// As [`FeedForward::check_size`], with the projections back.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn check_size(&self, channels: usize, classes: usize) -> Result<()> {
        self.forward.check_size(channels, classes)?;
        let hidden = &self.forward.hidden;
        let sizes = [channels].into_iter().chain(hidden.iter().copied()).chain([classes]);
        let sizes: Vec<f64> = sizes.map(|size| size as f64).collect();
        let pairs: f64 = sizes.windows(2).map(|pair| pair[0] * pair[1]).sum();
        self.check_synapses(pairs * self.forward.kernel_count as f64)
    }

    /// Checks the number of synapses, of which `forward` point forwards.
    fn check_synapses(&self, forward: f64) -> Result<()> {
        let hidden = &self.forward.hidden;
        let within: f64 = hidden.iter().map(|&size| (size as f64).powi(2)).sum();
        let synapses = forward + within * self.recurrence.kernel_count as f64;
        check_dense(("network.hidden", format!("{hidden:?}")), "kernel_count", synapses)
    }

    /// Populations and projections; those back come behind those forwards.
    pub(crate) fn describe(&self) -> Description<'_> {
        let mut description = self.forward.describe();
        let back = (1..=self.forward.hidden.len()).map(|population| ProjectionPart {
            source: population,
            target: population,
            port: 0,
            start: Start::Dense(self.recurrence.clone()),
            rule: None,
            stream: [population as u64, 1],
        });
        description.projections.extend(back);
        description
    }
}
