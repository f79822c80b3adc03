//! What every kind of description says: populations, projections between them, and roles.

use crate::network::dense_connections::{Delays, DenseConnections};
use crate::network::entries::SynapseEntry;
use neurons::Model;
use plasticity::local::Rule;
use sim_core::{Connectivity, DelayKernel, Ends, Polarity};
use std::borrow::Cow;

/// Populations and projections, nothing of them drawn. Populations are told by their index.
#[derive(Debug, Clone)]
pub(crate) struct Description<'a> {
    /// The populations.
    pub populations: Vec<PopulationPart<'a>>,
    /// The projections.
    pub projections: Vec<ProjectionPart<'a>>,
    /// The population that samples enter.
    pub input: Option<usize>,
    /// The population that is read.
    pub output: Option<usize>,
}

/// One population.
#[derive(Debug, Clone)]
pub(crate) struct PopulationPart<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Number of neurons; the samples have it where it is left open.
    pub size: Option<usize>,
    /// What the neurons do.
    pub cells: CellsPart<'a>,
    /// Parameters of the model that each neuron learns for itself.
    pub learn: &'a [String],
    /// Whether their summed input is normalised.
    pub norm: bool,
    /// The signs of their outgoing weights.
    pub polarity: Option<PolarityPart>,
}

/// What the neurons of a population do.
#[derive(Debug, Clone)]
pub(crate) enum CellsPart<'a> {
    /// They replay the spikes of a sample.
    Samples,
    /// They replay spikes `[time_ms, neuron]`.
    Spikes(&'a [(f64, u32)]),
    /// They fire at random, at this rate in Hz.
    Poisson(f64),
    /// They integrate their input.
    Neurons(Model),
}

/// The signs of a population's outgoing weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum PolarityPart {
    /// One for all.
    All(Polarity),
    /// This share is excitatory: the first neurons.
    Shared(f64),
}

/// One projection.
#[derive(Debug, Clone)]
pub(crate) struct ProjectionPart<'a> {
    /// The presynaptic population.
    pub source: usize,
    /// The postsynaptic population.
    pub target: usize,
    /// The port of the postsynaptic neurons in which it ends.
    pub port: usize,
    /// What its synapses are at first.
    pub start: Start<'a>,
    /// The rule by which its synapses learn while the network runs.
    pub rule: Option<Rule>,
    /// What tells its random numbers from those of other projections; single synapses that are
    /// drawn use the first number only.
    pub stream: [u64; 2],
}

/// What the synapses of a projection are at first.
#[derive(Debug, Clone)]
pub(crate) enum Start<'a> {
    /// Given one by one.
    Given(&'a [SynapseEntry]),
    /// Single synapses, drawn.
    Random(Connectivity),
    /// All pairs, with delays that learn.
    Dense(DenseConnections),
}

impl<'a> PopulationPart<'a> {
    /// A population that learns nothing of its own, without norm and signs.
    pub(crate) fn new(
        name: impl Into<Cow<'a, str>>,
        size: Option<usize>,
        cells: CellsPart<'a>,
    ) -> Self {
        Self { name: name.into(), size, cells, learn: &[], norm: false, polarity: None }
    }

    /// The sign of each of its `size` neurons.
    pub(crate) fn signs(&self, size: usize) -> Option<Vec<Polarity>> {
        self.polarity.map(|polarity| match polarity {
            PolarityPart::All(sign) => vec![sign; size],
            PolarityPart::Shared(excitatory) => Polarity::shared(excitatory, size),
        })
    }
}

impl Description<'_> {
    /// What errors call a projection.
    pub(crate) fn projection_name(&self, projection: usize) -> String {
        let part = &self.projections[projection];
        let [source, target] = [part.source, part.target].map(|p| &self.populations[p].name);
        format!("projection {source} -> {target}")
    }

    /// Whether a projection is part of a loop.
    pub(crate) fn closes_loop(&self, projection: usize) -> bool {
        let part = &self.projections[projection];
        let mut reached = vec![part.target];
        let mut next = 0;
        while let Some(&population) = reached.get(next) {
            next += 1;
            for other in self.projections.iter().filter(|other| other.source == population) {
                if !reached.contains(&other.target) {
                    reached.push(other.target);
                }
            }
        }
        reached.contains(&part.source)
    }

    /// The two sides of a projection between populations of these sizes.
    pub(crate) fn ends(&self, projection: usize, sizes: &[usize]) -> Ends {
        let ProjectionPart { source, target, .. } = self.projections[projection];
        Ends {
            pre: sizes[source],
            post: sizes[target],
            is_same: source == target,
            closes_loop: self.closes_loop(projection),
        }
    }

    /// The dense projections by their index.
    pub(crate) fn dense(&self) -> impl Iterator<Item = (usize, &DenseConnections)> {
        let all = self.projections.iter().enumerate();
        all.filter_map(|(index, projection)| match &projection.start {
            Start::Dense(connections) => Some((index, connections)),
            Start::Given(_) | Start::Random(_) => None,
        })
    }

    /// Number of dense synapses between populations of these sizes, counted by kernel elements.
    pub(crate) fn dense_synapses(&self, sizes: &[usize]) -> f64 {
        let of = |(index, connections): (usize, &DenseConnections)| {
            let ProjectionPart { source, target, .. } = self.projections[index];
            let pairs = sizes[source] as f64 * sizes[target] as f64;
            pairs * connections.kernel_count as f64
        };
        self.dense().map(of).sum()
    }

    /// Whether any delay is to be learned.
    pub(crate) fn learns_delays(&self) -> bool {
        self.dense().any(|(_, connections)| connections.delays == Delays::Learned)
    }

    /// Whether any learned delay has a Gaussian around it.
    pub(crate) fn has_gaussians(&self) -> bool {
        let is_gaussian = |connections: &DenseConnections| {
            connections.delays == Delays::Learned
                && connections.delay_kernel == DelayKernel::Gaussian
        };
        self.dense().any(|(_, connections)| is_gaussian(connections))
    }
}
