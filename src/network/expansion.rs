//! From a description to a network: what is open is filled in, what is random is drawn.

use crate::error::{Error, Result};
use crate::network::dense_connections::DenseDraw;
use crate::network::description::{CellsPart, Description, PopulationPart, Start};
use crate::network::entries::SynapseEntry;
use crate::network::limits::check_pending;
use sim_core::{
    BatchNorm, Cells, Network, Polarity, Population, Projection, Roles, Seed, SpikeFrames, Synapse,
    Synapses, poisson_spikes, shown, whole_steps,
};
use std::sync::Arc;

/// What the samples have, which enter a network and whose classes it tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Channels: neurons of the input.
    pub channels: usize,
    /// Classes: neurons of the output.
    pub classes: usize,
}

impl Description<'_> {
    /// The sizes of all populations for such samples.
    ///
    /// # Errors
    /// [`Error::Setting`] where an input or an output says another size.
    pub(crate) fn sizes(&self, samples: Sizes) -> Result<Vec<usize>> {
        let of = |(index, population): (usize, &PopulationPart)| {
            let (role, of_samples, what) = match Some(index) {
                input if input == self.input => ("input", samples.channels, "channels"),
                output if output == self.output => ("output", samples.classes, "classes"),
                _ => ("", 0, ""),
            };
            let size = population.size.unwrap_or(of_samples);
            if role.is_empty() || size == of_samples {
                return Ok(size);
            }
            let problem = format!(
                "the {role} {} has {size} neurons, but the samples have {of_samples} {what}; leave \
                 its size out",
                population.name
            );
            let field = Some(format!("network.populations[{index}].size"));
            Err(Error::Setting { field, problem })
        };
        self.populations.iter().enumerate().map(of).collect()
    }

    /// The network for such samples.
    ///
    /// # Errors
    /// What does not fit the sizes, or could not be simulated.
    pub(crate) fn network(&self, samples: Sizes, dt_ms: f64, seed: Seed) -> Result<Network> {
        self.network_of(&self.sizes(samples)?, dt_ms, seed)
    }

    /// The network with populations of these sizes.
    ///
    /// # Errors
    /// What does not fit the sizes, or could not be simulated.
    pub(crate) fn network_of(&self, sizes: &[usize], dt_ms: f64, seed: Seed) -> Result<Network> {
        let populations = self.populations.iter().zip(sizes).map(|(part, &size)| {
            let cells = match &part.cells {
                CellsPart::Neurons(model) => Cells::Neurons(Arc::new(*model)),
                CellsPart::Samples | CellsPart::Spikes(_) | CellsPart::Poisson(_) => Cells::Source,
            };
            let population = Population::new(part.name.clone(), size, cells);
            // The input of each port is normalised by itself.
            let norm = part.norm.then(|| BatchNorm::new(population.input_shape().entries()));
            Ok(Population { norm, ..population.learning(part.learn, dt_ms)? })
        });
        let populations = populations.collect::<Result<_>>()?;
        let projections = (0..self.projections.len())
            .map(|index| self.projection(index, sizes, dt_ms, seed))
            .collect::<Result<_>>()?;
        let roles = Roles { input: self.input, output: self.output };
        let network = Network::new(dt_ms, populations, projections).with_roles(roles);
        network.check()?;
        check_pending(&network)?;
        Ok(network)
    }

    fn projection(
        &self,
        index: usize,
        sizes: &[usize],
        dt_ms: f64,
        seed: Seed,
    ) -> Result<Projection> {
        let part = &self.projections[index];
        let ends = self.ends(index, sizes);
        let polarity = self.populations[part.source].signs(ends.pre);
        let name = self.projection_name(index);
        let synapses = match &part.start {
            Start::Given(entries) => Synapses::Sparse(given_synapses(entries, &name, dt_ms)?),
            Start::Random(random) => {
                let signs = polarity.as_deref();
                let drawn = random.draw(ends, dt_ms, signs, seed, part.stream[0]);
                Synapses::Sparse(drawn.map_err(|error| called(&name, error))?)
            }
            Start::Dense(connections) => {
                let draw = DenseDraw {
                    pre: ends.pre,
                    post: ends.post,
                    closes_loop: ends.closes_loop,
                    polarity: polarity.as_deref(),
                    senders: self.senders(part.target, sizes),
                    stream: part.stream,
                };
                Synapses::Dense(connections.draw(draw, dt_ms, seed))
            }
        };
        let mut projection = Projection::new(part.source, part.target, synapses).to_port(part.port);
        if let Some(rule) = part.rule {
            projection = projection.learning_by(rule);
        }
        Ok(Projection { polarity, ..projection })
    }

    /// The excitatory and the inhibitory neurons whose dense projections end in a population; none
    /// where some of them have no polarity.
    fn senders(&self, target: usize, sizes: &[usize]) -> Option<[usize; 2]> {
        let mut counts = [0; 2];
        for (index, _) in self.dense() {
            let part = &self.projections[index];
            if part.target == target {
                for sign in self.populations[part.source].signs(sizes[part.source])? {
                    counts[usize::from(sign == Polarity::Inhibitory)] += 1;
                }
            }
        }
        Some(counts)
    }

    /// The spikes of each source for `steps` steps, in the order of the populations. Where a sample
    /// enters, they are those of `sample`, given with its index: then random spikes are others in
    /// every sample, and given ones end with it.
    ///
    /// # Errors
    /// A spike of a neuron that is not there; without samples, one outside the run.
    pub(crate) fn inputs(
        &self,
        network: &Network,
        steps: usize,
        seed: Seed,
        sample: Option<(&SpikeFrames, usize)>,
    ) -> Result<Vec<SpikeFrames>> {
        let mut inputs = Vec::new();
        let number = sample.map_or(0, |(_, index)| index as u64 + 1);
        for (index, part) in self.populations.iter().enumerate() {
            let (size, dt_ms) = (network.populations[index].size, network.dt_ms);
            match &part.cells {
                CellsPart::Neurons(_) => {}
                CellsPart::Samples => inputs.extend(sample.map(|(frames, _)| frames.clone())),
                CellsPart::Spikes(spikes) => {
                    let is_there = |spike: &&(f64, u32)| {
                        sample.is_none() || spike.0 < (steps as f64 - 0.5) * dt_ms
                    };
                    let spikes: Vec<_> = spikes.iter().filter(is_there).copied().collect();
                    inputs.push(given_spikes(&part.name, &spikes, size, steps, dt_ms)?);
                }
                CellsPart::Poisson(rate_hz) => {
                    let source = index as u64 | number << 32;
                    let spikes = poisson_spikes(*rate_hz, size, steps, dt_ms, seed, source);
                    inputs.push(spikes.map_err(|error| called(&part.name, error))?);
                }
            }
        }
        Ok(inputs)
    }
}

/// The error of a part of the description, which its sentence names.
fn called(name: &str, error: sim_core::Error) -> Error {
    Error::Setting { field: None, problem: format!("{name}: {error}") }
}

fn given_synapses(entries: &[SynapseEntry], name: &str, dt_ms: f64) -> Result<Vec<Synapse>> {
    let synapse = |(index, entry): (usize, &SynapseEntry)| {
        let &SynapseEntry { pre, post, weight, delay_ms } = entry;
        let field = format!("{name}: delay_ms of synapse {index}");
        Ok(Synapse { pre, post, weight, delay_steps: whole_steps(&field, delay_ms, dt_ms)? })
    };
    entries.iter().enumerate().map(synapse).collect()
}

fn given_spikes(
    population: &str,
    spikes: &[(f64, u32)],
    size: usize,
    steps: usize,
    dt_ms: f64,
) -> Result<SpikeFrames> {
    let [end, last, duration] =
        [steps as f64 - 0.5, steps as f64 - 1.0, steps as f64].map(|step| shown(step * dt_ms));
    let times = format!(
        "at least 0 and below {end} ms: it counts for the nearest step of {dt_ms} ms, and the last \
         of duration_ms = {duration} is at {last} ms"
    );
    let mut events = Vec::with_capacity(spikes.len());
    for (index, &(time_ms, neuron)) in spikes.iter().enumerate() {
        let name = |what: &str| format!("{population}: {what} of spike {index}");
        let step = (time_ms / dt_ms).round();
        let inside = time_ms >= 0.0 && step < steps as f64;
        sim_core::Error::check(name("time"), time_ms, inside, &times)?;
        if neuron as usize >= size {
            let allowed = format!("below {size}, the size of {population}");
            return Err(sim_core::Error::out_of_range(name("neuron"), neuron, allowed).into());
        }
        events.push((neuron, step as u32));
    }
    Ok(SpikeFrames::from_events(size, steps, &events)?)
}
