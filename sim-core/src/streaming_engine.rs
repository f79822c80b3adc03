//! The streaming engine: a deployed network whose input arrives step by step, as fast as one core
//! can take it.
//!
//! It keeps what the next steps need and nothing else: membrane potentials, the input that is under
//! way (`arrival_window`), and the synapses, six bytes each. A step takes the populations in an
//! order in which no zero-delay projection points backwards, and for each of them runs three
//! stages:
//!
//! | stage | reads | writes |
//! |---|---|---|
//! | **integrate** | its row of arrived input, its norm | its potentials and spikes |
//! | **deliver** | its spikes, its outgoing synapses | arriving input of its targets, now (delay 0) or later |
//! | **advance** | | its window moves on to the next step |
//!
//! Work is done per spike and synapse and per neuron; nothing is allocated after the first steps.
//! Everything is checked when the engine is built, except the input and that potentials stay
//! finite.
//!
//! All arithmetic is `f32`. Input that meets at one neuron and step is added in a fixed order: by
//! the step it was sent, then the population, the projection, the source neuron (of the input: as
//! given) and the synapse. Dense projections run as deployed: one tap per kernel element at the
//! rounded delay ([`crate::DenseSynapses::deployed`]); norms from their running statistics
//! ([`crate::BatchNorm::deployed`]), as a factor and an offset per neuron.

use crate::arrival_window::{ArrivalWindow, PackedSynapses};
use crate::error::{Error, Result};
use crate::network::Network;
use crate::neuron::{BlockState, Neuron};
use crate::population::{Cells, Population};
use crate::spike_trains::bits;
use crate::spikes::Spike;
use crate::step_order::step_order;
use crate::synapses::Synapses;
use simd::vectorize;
use simd::{NEURONS_PER_BLOCK, NeuronBlock};

/// A deployed network with its state, fed step by step. The documentation of the crate `synfire`
/// has a program that streams, `examples/streaming.rs` a longer one.
#[derive(Debug)]
pub struct StreamingEngine {
    populations: Vec<StreamedPopulation>,
    /// Arrived and arriving input of each population.
    windows: Vec<ArrivalWindow>,
    projections: Vec<Outgoing>,
    /// Indices of populations: zero-delay projections point from earlier to later.
    order: Vec<usize>,
    /// Index of the population whose spikes come from outside.
    source: usize,
    step: usize,
    /// The step at which each population falls silent, where there is one.
    ends: Vec<usize>,
}

#[derive(Debug)]
struct Outgoing {
    target: usize,
    synapses: PackedSynapses,
}

#[derive(Debug)]
struct StreamedPopulation {
    name: String,
    size: usize,
    /// `None` for the source.
    neurons: Option<StreamedNeurons>,
    /// Neurons that fired in the current step, ascending; those of the source as they were given.
    fired: Vec<u32>,
    /// Indices of the projections that start here.
    outgoing: Vec<usize>,
}

/// All vectors have one entry per block of [`NEURONS_PER_BLOCK`] neurons.
#[derive(Debug)]
struct StreamedNeurons {
    neuron: Box<dyn Neuron>,
    state: BlockState,
    /// Factor of the norm; 1 without one.
    scale: Vec<NeuronBlock>,
    /// Offset of the norm; 0 without one.
    offset: Vec<NeuronBlock>,
    /// The normalised input of the current step, then the potential before the reset.
    input: Vec<NeuronBlock>,
    spikes: Vec<u16>,
    /// Which bits of each block have a neuron: all but those that fill up the last block.
    present: Vec<u16>,
}

impl StreamingEngine {
    /// Checks the network and lays it out for streaming, at rest and without spikes under way. It
    /// has one source; its projections may form any graph in which those with a synapse of zero
    /// delay form no cycle.
    ///
    /// # Errors
    /// What [`Network::check`] and the neuron models refuse; [`Error::Network`] for another number
    /// of sources than one, for a cycle of projections with zero delay, by name, and for delays too
    /// long to be kept; [`Error::OutOfRange`] for a weight too large for `f32`.
    pub fn new(network: &Network) -> Result<Self> {
        let order = step_order(network)?;
        let sources: Vec<usize> = (0..network.populations.len())
            .filter(|&p| matches!(network.populations[p].cells, Cells::Source))
            .collect();
        let &[source] = &sources[..] else {
            return Err(Error::Network(format!(
                "a network that streams has one source, but this one has {}",
                sources.len()
            )));
        };
        let mut projections = Vec::with_capacity(network.projections.len());
        for projection in &network.projections {
            let synapses = match &projection.synapses {
                Synapses::Dense(dense) => dense.deployed(),
                Synapses::Sparse(synapses) => synapses.clone(),
            };
            let (from, to) =
                (&network.populations[projection.source], &network.populations[projection.target]);
            let name = format!("projection {} -> {}", from.name, to.name);
            let synapses = PackedSynapses::new(&name, from.size, to.size, synapses)?;
            projections.push(Outgoing { target: projection.target, synapses });
        }
        let mut windows = Vec::with_capacity(network.populations.len());
        let mut populations = Vec::with_capacity(network.populations.len());
        for (index, population) in network.populations.iter().enumerate() {
            let incoming = projections.iter().filter(|outgoing| outgoing.target == index);
            let longest = incoming.map(|outgoing| outgoing.synapses.longest()).max().unwrap_or(0);
            windows.push(ArrivalWindow::new(
                &population.name,
                if index == source { 0 } else { population.size },
                longest as usize,
            )?);
            populations.push(StreamedPopulation {
                name: population.name.clone(),
                size: population.size,
                neurons: StreamedNeurons::new(population, network.dt_ms)?,
                fired: Vec::with_capacity(population.size),
                outgoing: (0..projections.len())
                    .filter(|&p| network.projections[p].source == index)
                    .collect(),
            });
        }
        let ends = Vec::new();
        Ok(Self { populations, windows, projections, order, source, step: 0, ends })
    }

    /// Back to rest at step 0, without spikes under way: what comes then does not depend on what
    /// came before.
    pub fn reset(&mut self) {
        for (population, window) in self.populations.iter_mut().zip(&mut self.windows) {
            population.fired.clear();
            if let Some(neurons) = &mut population.neurons {
                neurons.state.reset();
            }
            window.clear();
        }
        self.step = 0;
    }

    /// Lets each population fall silent: from step `ends[p]` on, counted from the last reset,
    /// population `p` does not fire. Holds until it is set anew; an empty slice sets no end. A
    /// trained network is scored with the ends of [`crate::Horizon::ends`].
    ///
    /// # Panics
    /// If there is not one end for each population, or none at all.
    pub fn set_ends(&mut self, ends: &[usize]) {
        assert!(ends.is_empty() || ends.len() == self.populations.len(), "one end per population");
        self.ends.clear();
        self.ends.extend_from_slice(ends);
    }

    /// The step that comes next: the number of steps since the start or [`StreamingEngine::reset`].
    pub fn next_step(&self) -> usize {
        self.step
    }

    /// Neurons of a population that fired in the last step, ascending; of the source those of the
    /// input, as it was given.
    ///
    /// # Panics
    /// If the network has no such population.
    pub fn fired(&self, population: usize) -> &[u32] {
        &self.populations[population].fired
    }

    /// Potentials of a population after the last step and its reset, one per neuron; empty for the
    /// source.
    ///
    /// # Panics
    /// If the network has no such population.
    pub fn potential(&self, population: usize) -> &[f32] {
        let StreamedPopulation { size, neurons, .. } = &self.populations[population];
        neurons.as_ref().map_or(&[], |neurons| &neurons.state.potential.as_flattened()[..*size])
    }

    /// Advances by one step, in which `input` are the spikes of the source; an empty slice for a
    /// silent step.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a spike of a neuron that is not there or with a count that is 0 or
    /// not finite: the step is then not taken. [`Error::NotFinite`] naming population, neuron and
    /// step: the state is then lost, [`StreamingEngine::reset`] starts again.
    pub fn step(&mut self, input: &[Spike]) -> Result<()> {
        let source = &mut self.populations[self.source];
        input.iter().try_for_each(|spike| spike.check(&source.name, source.size))?;
        source.fired.clear();
        source.fired.extend(input.iter().map(|spike| spike.neuron));
        for &index in &self.order {
            let population = &mut self.populations[index];
            if let Some(neurons) = &mut population.neurons {
                neurons.integrate(self.windows[index].current(), &mut population.fired);
                neurons.check_finite(&population.name, self.step)?;
            }
            if self.ends.get(index).is_some_and(|&end| self.step >= end) {
                population.fired.clear();
                continue;
            }
            for &projection in &population.outgoing {
                let Outgoing { target, synapses } = &self.projections[projection];
                let window = &mut self.windows[*target];
                if index == self.source {
                    input.iter().for_each(|spike| {
                        synapses.deliver(spike.neuron as usize, spike.count, window)
                    });
                } else {
                    population
                        .fired
                        .iter()
                        .for_each(|&neuron| synapses.deliver(neuron as usize, 1.0, window));
                }
            }
        }
        self.windows.iter_mut().for_each(ArrivalWindow::advance);
        self.step += 1;
        Ok(())
    }
}

impl StreamedNeurons {
    /// At rest; `None` for a source.
    ///
    /// # Errors
    /// What the neuron model refuses.
    fn new(population: &Population, dt_ms: f64) -> Result<Option<Self>> {
        let Cells::Neurons(model) = &population.cells else { return Ok(None) };
        let blocks = population.size.div_ceil(NEURONS_PER_BLOCK);
        let (mut scale, mut offset) =
            (vec![[1.0; NEURONS_PER_BLOCK]; blocks], vec![[0.0; NEURONS_PER_BLOCK]; blocks]);
        if let Some(norm) = &population.norm {
            let norms = scale
                .as_flattened_mut()
                .iter_mut()
                .zip(offset.as_flattened_mut())
                .take(population.size);
            norms
                .enumerate()
                .for_each(|(neuron, (scale, offset))| (*scale, *offset) = norm.deployed(neuron));
        }
        let mut present = vec![u16::MAX; blocks];
        if let Some(last) = present.last_mut() {
            *last >>= blocks * NEURONS_PER_BLOCK - population.size;
        }
        Ok(Some(Self {
            neuron: model.build(dt_ms)?,
            state: BlockState::at_rest(blocks),
            scale,
            offset,
            input: vec![[0.0; NEURONS_PER_BLOCK]; blocks],
            spikes: vec![0; blocks],
            present,
        }))
    }

    /// One step with the input that has arrived.
    fn integrate(&mut self, arrived: &[NeuronBlock], fired: &mut Vec<u32>) {
        let Self { neuron, state, scale, offset, input, spikes, present } = self;
        vectorize(
            #[inline(always)]
            || {
                let norms = scale.iter().zip(&*offset);
                for ((input, arrived), (scale, offset)) in input.iter_mut().zip(arrived).zip(norms)
                {
                    for n in 0..NEURONS_PER_BLOCK {
                        input[n] = scale[n] * arrived[n] + offset[n];
                    }
                }
            },
        );
        neuron.step_blocks(state, input, spikes);
        fired.clear();
        for (block, (spikes, present)) in spikes.iter().zip(&*present).enumerate() {
            fired
                .extend(bits(spikes & present).map(|bit| (block * NEURONS_PER_BLOCK + bit) as u32));
        }
    }

    /// # Errors
    /// [`Error::NotFinite`] naming the first potential that is not a finite number.
    fn check_finite(&self, name: &str, step: usize) -> Result<()> {
        let potential = self.state.potential.as_flattened();
        // All are looked at, so that there is no branch among them.
        let finite = vectorize(
            #[inline(always)]
            || potential.iter().fold(true, |finite, v| finite & v.is_finite()),
        );
        if finite {
            return Ok(());
        }
        let neuron = potential.iter().position(|v| !v.is_finite()).unwrap_or_default();
        Err(Error::NotFinite(format!(
            "potential of neuron {neuron} of {name} is {} after step {step}",
            potential[neuron]
        )))
    }
}

#[cfg(test)]
mod tests;
