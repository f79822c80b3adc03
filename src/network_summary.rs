//! What is in a network file, for people and for machines.

use crate::error::Result;
use crate::network::file::NetworkFile;
use crate::received_network::ReceivedNetwork;
use plasticity::population_words;
use serde::Serialize;
use sim_core::{Network, Outline, Synapses};
use std::borrow::Cow;
use std::fmt;
use std::path::Path;

/// What a file that describes a network holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NetworkSummary {
    /// The file as it was named.
    pub file: String,
    /// Number of steps it runs for; none where the file does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// Populations and projections.
    pub network: Outline,
    /// The synapses of each projection, in the order of the network.
    pub synapses: Vec<SynapseSummary>,
}

/// The synapses of a projection.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SynapseSummary {
    /// `source->target`.
    pub projection: String,
    /// How many there are.
    pub synapses: usize,
    /// Least and greatest weight; none where there are no synapses.
    pub weights: Option<[f64; 2]>,
    /// Shortest and longest delay in ms.
    pub delays_ms: Option<[f64; 2]>,
}

impl NetworkSummary {
    /// Reads a file, draws its random synapses and summarises it; or the network of another program
    /// ([`ReceivedNetwork`]), with steps of `dt_ms` where its file does not tell.
    ///
    /// # Errors
    /// As [`NetworkFile::read_simulation`], [`ReceivedNetwork::read`].
    pub fn read(path: &Path, dt_ms: Option<f64>) -> Result<Self> {
        if ReceivedNetwork::is_at(path) {
            return Ok(Self::of(path, &ReceivedNetwork::read(path, dt_ms)?.network, None));
        }
        let simulation = NetworkFile::read_simulation(path)?;
        Ok(Self::of(path, simulation.network(), Some(simulation.steps())))
    }

    fn of(path: &Path, network: &Network, steps: Option<usize>) -> Self {
        let synapses = (0..network.projections.len()).map(|index| summary(network, index));
        Self {
            file: path.display().to_string(),
            steps,
            network: network.outline(),
            synapses: synapses.collect(),
        }
    }
}

fn summary(network: &Network, index: usize) -> SynapseSummary {
    // Dense synapses as they are simulated: with whole delays.
    let synapses = match &network.projections[index].synapses {
        Synapses::Sparse(synapses) => Cow::Borrowed(&synapses[..]),
        Synapses::Dense(dense) => Cow::Owned(dense.deployed()),
    };
    let range = |values: &mut dyn Iterator<Item = f64>| {
        values
            .map(|value| [value, value])
            .reduce(|[least, greatest], [value, _]| [least.min(value), greatest.max(value)])
    };
    let delays = |step: u32| f64::from(step) * network.dt_ms;
    SynapseSummary {
        projection: network.projection_name(index),
        synapses: synapses.len(),
        weights: range(&mut synapses.iter().map(|synapse| synapse.weight)),
        delays_ms: range(&mut synapses.iter().map(|synapse| delays(synapse.delay_steps))),
    }
}

impl fmt::Display for NetworkSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "network     {}", self.file)?;
        let dt_ms = self.network.dt_ms;
        match self.steps {
            Some(steps) => writeln!(f, "runs        {steps} steps of {dt_ms} ms")?,
            None => writeln!(f, "step        {dt_ms} ms")?,
        }
        write!(f, "populations {}", population_words(&self.network))?;
        for SynapseSummary { projection, synapses, weights, delays_ms } in &self.synapses {
            write!(f, "\nprojection  {projection}: {synapses} synapses")?;
            if let (Some([lightest, heaviest]), Some([shortest, longest])) = (weights, delays_ms) {
                write!(f, ", weights {lightest:.4} to {heaviest:.4}")?;
                write!(f, ", delays {shortest:.4} to {longest:.4} ms")?;
            }
        }
        Ok(())
    }
}
