//! Feed-forward networks with delays on every synapse: the usual kind of `[network]`.

use crate::error::Result;
use crate::network::dense_connections::{
    Delays, DenseConnections, WeightStart, check_weight_gain, is_true,
};
use crate::network::description::{
    CellsPart, Description, PolarityPart, PopulationPart, ProjectionPart, Start,
};
use crate::network::expansion::Sizes;
use crate::network::learned::check_learned;
use crate::network::limits::check_dense;
use neurons::{LeakyIntegrator, Lif, Model};
use serde::{Deserialize, Serialize};
use sim_core::{DelayKernel, Error, Granularity, Network, NeuronModel, Polarity, Seed};

/// Input channels, hidden populations and one output neuron per class, each projecting to the next
/// by dense synapses.
///
/// Every projection has streams of random numbers of its own, so appending a population does not
/// shift the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeedForward {
    /// Neurons of each hidden population, at least one population; 256, 256.
    pub hidden: Vec<usize>,
    /// Batch norm of the hidden populations' input; on.
    pub batch_norm: bool,
    /// What the synapses have for delays; learned.
    pub delays: Delays,
    /// Length of the delay window in ms, above 0; 250. The window has `K = round(max_delay_ms /
    /// dt_ms)` steps, one more where that is even, so the longest delay is `(K - 1) dt_ms`; delays
    /// need `K > 1`.
    pub max_delay_ms: f64,
    /// Instead of `max_delay_ms`: the longest delay in steps, an even number from 2 to 10000, so
    /// that the window of one step more has a centre; none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_delay_steps: Option<usize>,
    /// What has a delay of its own; every synapse.
    pub delay_granularity: Granularity,
    /// How a weight is spread around its delay while training; Gaussian.
    pub delay_kernel: DelayKernel,
    /// Kernel elements per pair of neurons, each with its own weight and delay, at least 1; 1.
    pub kernel_count: usize,
    /// Factor on the range of the initial weights, above 0 and at most 1e6; 1.
    pub weight_gain: f64,
    /// The same of the projections from the input; as `weight_gain`. Input that only excites, into
    /// a population without norm, drives every neuron far over its threshold at a gain of 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_weight_gain: Option<f64>,
    /// What the sizes of the initial weights are drawn from; uniform.
    #[serde(skip_serializing_if = "WeightStart::is_uniform")]
    pub weight_start: WeightStart,
    /// Share of each hidden population, above 0 and at most 1, whose outgoing weights are at least
    /// 0: its first neurons, rounded to whole ones, at least one. Those of all others are at most
    /// 0. Gains of the norm behind them are at least 0. None: weights have any sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excitatory: Option<f64>,
    /// The same of the input channels; none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excitatory_input: Option<f64>,
    /// Whether weights start balanced where both excitatory and inhibitory neurons send to a
    /// population: few inhibitory neurons then have larger weights than many excitatory ones, so
    /// that all weights of a neuron add up to 0 in the mean, and their mean square is as without
    /// signs; true.
    #[serde(skip_serializing_if = "is_true")]
    pub balanced: bool,
    /// Inhibitory interneurons of each hidden population, as a share of its size, above 0 and at
    /// most 1, rounded to whole ones, at least one. They receive what the population receives and
    /// inhibit it, with delays of their own on both ways [Cornford et al. 2021]: inhibition is
    /// subtracted. None.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interneurons: Option<f64>,
    /// Parameters of the hidden neurons that each neuron learns for itself, such as `tau_mem_ms`;
    /// none. They start at the model's values, and learn at the rate of weights unless
    /// `[[training.groups]]` says otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub neuron_learn: Vec<String>,
    /// The same of the output neurons; none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub readout_learn: Vec<String>,
    /// Neuron model of the hidden populations, which must fire.
    pub neuron: Model,
    /// Neuron model of the output; it must not fire, except for the loss `spike_count`, for which
    /// it must.
    pub readout: Model,
}

impl Default for FeedForward {
    fn default() -> Self {
        let DenseConnections {
            delays,
            max_delay_ms,
            max_delay_steps,
            delay_granularity,
            delay_kernel,
            kernel_count,
            weight_gain,
            weight_start,
            balanced,
        } = DenseConnections::default();
        Self {
            hidden: vec![256, 256],
            batch_norm: true,
            delays,
            max_delay_ms,
            max_delay_steps,
            delay_granularity,
            delay_kernel,
            kernel_count,
            weight_gain,
            input_weight_gain: None,
            weight_start,
            excitatory: None,
            excitatory_input: None,
            balanced,
            interneurons: None,
            neuron_learn: Vec::new(),
            readout_learn: Vec::new(),
            neuron: Model::Lif(Lif::default()),
            readout: Model::LeakyIntegrator(LeakyIntegrator::default()),
        }
    }
}

impl FeedForward {
    /// Checks every field that does not need data.
    ///
    /// # Errors
    /// The first field that is not allowed, with its value.
    pub fn check(&self, dt_ms: f64) -> Result<()> {
        if self.hidden.is_empty() {
            return Err(Error::out_of_range(
                "network.hidden",
                "[]",
                "a list of at least one population size",
            )
            .into());
        }
        for (index, &size) in self.hidden.iter().enumerate() {
            Error::check(
                format!("network.hidden[{index}]"),
                size as f64,
                (1..=1 << 20).contains(&size),
                "from 1 to 1048576",
            )?;
        }
        self.connections().check("network", dt_ms)?;
        if let Some(gain) = self.input_weight_gain {
            check_weight_gain("network.input_weight_gain", gain)?;
        }
        for (name, share) in
            [("excitatory", self.excitatory), ("excitatory_input", self.excitatory_input)]
        {
            let share = share.unwrap_or(1.0);
            let fits = share > 0.0 && share <= 1.0;
            Error::check(format!("network.{name}"), share, fits, "above 0 and at most 1")?;
        }
        for (number, &size) in (1..).zip(&self.hidden) {
            check_excitation("excitatory", self.excitatory, &format!("hidden{number}"), size)?;
        }
        if let Some(share) = self.interneurons {
            let fits = share > 0.0 && share <= 1.0;
            Error::check("network.interneurons", share, fits, "above 0 and at most 1")?;
        }
        self.check_synapses(&self.hidden)?;
        if !self.neuron.build(dt_ms).map_err(|error| error.within("network.neuron"))?.fires() {
            return Err(Error::unfit(
                "network.neuron",
                "never fires, but hidden populations need a model that does",
            )
            .into());
        }
        self.readout_fires(dt_ms)?;
        for (key, section, model, names) in [
            ("neuron_learn", "network.neuron", &self.neuron, &self.neuron_learn),
            ("readout_learn", "network.readout", &self.readout, &self.readout_learn),
        ] {
            check_learned(model, names, dt_ms).map_err(|error| match error {
                Error::OutOfRange { field, value, allowed } if field.path() == "learn" => {
                    Error::out_of_range(format!("network.{key}"), value, allowed)
                }
                other => other.within(section),
            })?;
        }
        Ok(())
    }

    /// Checks that the network for `channels` input channels and `classes` classes is not too
    /// large.
    ///
    /// # Errors
    /// When all projections together have more than 2^28 synapses, or no input channel is
    /// excitatory.
    pub fn check_size(&self, channels: usize, classes: usize) -> Result<()> {
        check_excitation("excitatory_input", self.excitatory_input, "input", channels)?;
        let sizes: Vec<usize> =
            [channels].iter().chain(&self.hidden).chain(&[classes]).copied().collect();
        self.check_synapses(&sizes)
    }

    /// Checks the number of synapses between populations of these sizes, before memory is asked
    /// for.
    fn check_synapses(&self, sizes: &[usize]) -> Result<()> {
        let pairs: f64 = sizes.windows(2).map(|pair| pair[0] as f64 * pair[1] as f64).sum();
        let to_hidden = sizes.windows(2).take(self.hidden.len());
        let of_interneurons = to_hidden.map(|pair| {
            (pair[0] + pair[1]) as f64 * self.interneurons_of(pair[1]).unwrap_or(0) as f64
        });
        let synapses = (pairs + of_interneurons.sum::<f64>()) * self.kernel_count as f64;
        check_dense(
            ("network.hidden", format!("{:?}", self.hidden)),
            "network.kernel_count",
            synapses,
        )
    }

    /// Whether output neurons fire.
    ///
    /// # Errors
    /// What is wrong with the model's parameters.
    pub fn readout_fires(&self, dt_ms: f64) -> Result<bool> {
        Ok(self.readout.build(dt_ms).map_err(|error| error.within("network.readout"))?.fires())
    }

    /// Longest delay of the network on a grid of `dt_ms`, in steps.
    pub fn longest_delay_steps(&self, dt_ms: f64) -> usize {
        self.connections().longest_delay_steps(dt_ms)
    }

    /// The network for `channels` input channels and `classes` classes on a grid of `dt_ms`.
    ///
    /// # Errors
    /// As [`Self::check`] and [`Self::check_size`].
    pub fn build(
        &self,
        channels: usize,
        classes: usize,
        dt_ms: f64,
        seed: Seed,
    ) -> Result<Network> {
        self.check(dt_ms)?;
        self.check_size(channels, classes)?;
        self.describe().network(Sizes { channels, classes }, dt_ms, seed)
    }

    /// What all projections are made of.
    pub(crate) fn connections(&self) -> DenseConnections {
        DenseConnections {
            delays: self.delays,
            max_delay_ms: self.max_delay_ms,
            max_delay_steps: self.max_delay_steps,
            delay_granularity: self.delay_granularity,
            delay_kernel: self.delay_kernel,
            kernel_count: self.kernel_count,
            weight_gain: self.weight_gain,
            weight_start: self.weight_start,
            balanced: self.balanced,
        }
    }

    /// Interneurons of a hidden population of `size` neurons; none where there are none.
    fn interneurons_of(&self, size: usize) -> Option<usize> {
        self.interneurons.map(|share| ((share * size as f64).round() as usize).max(1))
    }

    /// Populations and projections.
    pub(crate) fn describe(&self) -> Description<'_> {
        let connections = self.connections();
        let weight_gain = self.input_weight_gain.unwrap_or(self.weight_gain);
        let of_input = DenseConnections { weight_gain, ..connections.clone() };
        let join = |source: usize, target: usize, stream: [u64; 2]| ProjectionPart {
            source,
            target,
            port: 0,
            start: Start::Dense(if source == 0 { of_input.clone() } else { connections.clone() }),
            rule: None,
            stream,
        };
        let input = PopulationPart {
            polarity: self.excitatory_input.map(PolarityPart::Shared),
            ..PopulationPart::new("input", None, CellsPart::Samples)
        };
        let hidden = |name: String, size: usize, polarity: Option<PolarityPart>| PopulationPart {
            learn: &self.neuron_learn,
            norm: self.batch_norm,
            polarity,
            ..PopulationPart::new(name, Some(size), CellsPart::Neurons(self.neuron))
        };
        let (mut populations, mut projections, mut source) = (vec![input], Vec::new(), 0);
        for (number, &size) in (1..).zip(&self.hidden) {
            let stream = number - 1;
            let interneurons = self.interneurons_of(size).map(|count| {
                let inhibitory = Some(PolarityPart::All(Polarity::Inhibitory));
                populations.push(hidden(format!("interneurons{number}"), count, inhibitory));
                populations.len() - 1
            });
            let polarity = self.excitatory.map(PolarityPart::Shared);
            populations.push(hidden(format!("hidden{number}"), size, polarity));
            let target = populations.len() - 1;
            projections.push(join(source, target, [stream, 0]));
            if let Some(interneurons) = interneurons {
                projections.push(join(source, interneurons, [stream, 2]));
                projections.push(join(interneurons, target, [stream, 3]));
            }
            source = target;
        }
        let readout = CellsPart::Neurons(self.readout);
        populations.push(PopulationPart {
            learn: &self.readout_learn,
            ..PopulationPart::new("output", None, readout)
        });
        let output = populations.len() - 1;
        projections.push(join(source, output, [self.hidden.len() as u64, 0]));
        Description { populations, projections, input: Some(0), output: Some(output) }
    }
}

/// Checks that the share `share` of a population of `size` neurons is at least one neuron.
fn check_excitation(key: &str, share: Option<f64>, population: &str, size: usize) -> Result<()> {
    match share {
        Some(share) if Polarity::excitatory_count(share, size) == 0 => {
            let problem = format!(
                "is {share}, which makes all of {population} inhibitory ({size} neurons): nothing \
                 would excite what follows"
            );
            Err(Error::unfit(format!("network.{key}"), problem).into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::Synapses;

    const CHANNELS: usize = 40;

    fn built(network: &FeedForward) -> Network {
        network.build(CHANNELS, 5, 1.0, Seed(3)).unwrap()
    }

    fn settings() -> FeedForward {
        FeedForward {
            hidden: vec![60, 30],
            max_delay_ms: 9.0,
            weight_start: WeightStart::LogNormal,
            excitatory_input: Some(1.0),
            ..FeedForward::default()
        }
    }

    fn weights(network: &Network, projection: usize) -> &[f32] {
        match &network.projections[projection].synapses {
            Synapses::Dense(dense) => &dense.weight,
            _ => unreachable!("feed-forward networks have dense projections"),
        }
    }

    /// Interneurons hear what their population hears, and inhibit it: at the start, all weights of
    /// a neuron add up to about zero.
    #[test]
    fn interneurons_inhibit_their_population() {
        let with_signs =
            FeedForward { excitatory: Some(0.8), interneurons: Some(0.25), ..settings() };
        let network = built(&with_signs);
        let names: Vec<_> = network.populations.iter().map(|own| own.name.as_str()).collect();
        assert_eq!(
            names,
            ["input", "interneurons1", "hidden1", "interneurons2", "hidden2", "output"]
        );
        let sizes: Vec<_> = network.populations.iter().map(|own| own.size).collect();
        assert_eq!(sizes, [CHANNELS, 15, 60, 8, 30, 5]);
        let ways: Vec<_> = network.projections.iter().map(|own| (own.source, own.target)).collect();
        assert_eq!(ways, [(0, 2), (0, 1), (1, 2), (2, 4), (2, 3), (3, 4), (4, 5)]);
        for (inhibition, target) in [(2, 2), (5, 4)] {
            assert!(weights(&network, inhibition).iter().all(|&weight| weight < 0.0));
            let incoming = network.projections.iter().zip(0..);
            let all: Vec<f64> = incoming
                .filter(|(own, _)| own.target == target)
                .flat_map(|(_, projection)| weights(&network, projection))
                .map(|&weight| weight.into())
                .collect();
            let size: f64 = all.iter().map(|weight| weight.abs()).sum();
            assert!(all.iter().sum::<f64>().abs() < 0.1 * size, "balanced in the mean");
        }
    }

    #[test]
    fn the_input_may_have_a_gain_of_its_own() {
        let interneurons = Some(0.25);
        let plain = built(&FeedForward { interneurons, ..settings() });
        let input_weight_gain = Some(0.125);
        let scaled = built(&FeedForward { interneurons, input_weight_gain, ..settings() });
        for (index, projection) in plain.projections.iter().enumerate() {
            let gain = if projection.source == 0 { 0.125 } else { 1.0 };
            let pairs = weights(&plain, index).iter().zip(weights(&scaled, index));
            pairs.for_each(|(&plain, &scaled)| {
                assert!((scaled / plain - gain).abs() < 1e-6, "projection {index}");
            });
        }
        let refused = FeedForward { input_weight_gain: Some(0.0), ..settings() }.check(1.0);
        let expected = "network.input_weight_gain is 0, but must be above 0 and at most 1e6";
        assert_eq!(refused.unwrap_err().to_string(), expected);
    }
}
