//! The clock engine: any network, recurrent too, one time step after the other.
//!
//! Every step takes the populations in an order in which no zero-delay projection points backwards,
//! and for each of them runs four stages:
//!
//! | stage | reads | writes |
//! |---|---|---|
//! | **integrate** | its row of arrived input, its norm | its potentials and spikes |
//! | **record** | its potentials and spikes | the recorder |
//! | **deliver** | its spikes, its outgoing synapses | arrived input of its targets, now (delay 0) or later |
//! | **advance** | | its delay ring moves on to the next step |
//!
//! Sources integrate nothing: their spikes come from outside. A spike at step `n` with delay `d`
//! arrives at step `n + d`. Work is done per spike and per neuron, never per synapse without a
//! spike.
//!
//! All arithmetic is `f64`. Input that meets at one neuron and step is added in a fixed order: by
//! the step it was sent, then the population, the projection, the source neuron and the synapse.
//! The engine runs on one thread; the result never depends on how many engines run beside it.
//!
//! Dense projections run as deployed: one tap per kernel element at the rounded delay
//! ([`crate::DenseSynapses::deployed`]). Norms run from their running statistics
//! ([`crate::BatchNorm::deployed`]).

use crate::delay_ring::{Arrival, DelayRing};
use crate::error::{Error, Result};
use crate::network::Network;
use crate::neuron::{Neuron, NeuronState};
use crate::population::Cells;
use crate::recording::Recorder;
use crate::spikes::{Spike, SpikeFrames};
use crate::step_order::step_order;
use crate::synapses::{Synapse, Synapses};

/// A network with its state, advanced step by step.
///
/// ```
/// use sim_core::{ClockEngine, Network, Population, Recording, SpikeFrames, Variables};
///
/// let ears = Population::source("ears", 3);
/// let network = Network::new(1.0, vec![ears], vec![]);
/// let mut recording = Recording::new(1, Variables::SPIKES);
/// let input = SpikeFrames::from_events(3, 10, &[(2, 4), (0, 4), (1, 7)])?;
/// ClockEngine::build(&network)?.run(&[input], 10, &mut recording)?;
/// assert_eq!(recording.spikes(0), [(4, 0), (4, 2), (7, 1)]);
/// # Ok::<(), sim_core::Error>(())
/// ```
#[derive(Debug)]
pub struct ClockEngine {
    populations: Vec<RunningPopulation>,
    /// Arrived and arriving input of each population.
    rings: Vec<DelayRing>,
    projections: Vec<Outgoing>,
    /// Indices of populations: zero-delay projections point from earlier to later.
    order: Vec<usize>,
    step: usize,
    /// The step at which each population falls silent, where there is one.
    ends: Vec<usize>,
}

/// One population while it runs.
#[derive(Debug)]
struct RunningPopulation {
    name: String,
    size: usize,
    /// `None` for a source.
    neuron: Option<Box<dyn Neuron>>,
    state: NeuronState,
    /// `(scale, offset)` of each neuron's norm; empty without one.
    norm: Vec<(f64, f64)>,
    /// The normalised input of the current step; unused without a norm.
    normalised: Vec<f64>,
    /// Neurons that fired in the current step, one entry per spike.
    fired: Vec<u32>,
    /// What [`Outgoing`] delivers: the same spikes with coincident ones counted.
    spikes: Vec<Spike>,
    /// Indices of the projections that start here.
    outgoing: Vec<usize>,
}

/// The synapses of one projection by presynaptic neuron: those of neuron `i` are
/// `arrival[start[i]..start[i + 1]]`, ordered by delay, then target neuron, so that delivery walks
/// through the rows of the ring.
#[derive(Debug)]
struct Outgoing {
    target: usize,
    start: Vec<usize>,
    arrival: Vec<Arrival>,
    max_delay: u32,
}

impl Outgoing {
    fn new(target: usize, targets: usize, sources: usize, mut synapse: Vec<Synapse>) -> Self {
        // Stable: synapses that agree in all three keep the order in which they were given.
        synapse.sort_by_key(|synapse| (synapse.pre, synapse.delay_steps, synapse.post));
        let mut start = vec![0; sources + 1];
        for synapse in &synapse {
            start[synapse.pre as usize + 1] += 1;
        }
        for neuron in 0..sources {
            start[neuron + 1] += start[neuron];
        }
        let max_delay = synapse.iter().map(|synapse| synapse.delay_steps).max().unwrap_or(0);
        let arrival = |synapse: &Synapse| {
            Arrival::new(
                synapse.delay_steps as usize,
                synapse.post as usize,
                targets,
                synapse.weight,
            )
        };
        Self { target, start, arrival: synapse.iter().map(arrival).collect(), max_delay }
    }

    fn deliver(&self, spikes: &[Spike], ring: &mut DelayRing) {
        for spike in spikes {
            let neuron = spike.neuron as usize;
            ring.deliver(
                &self.arrival[self.start[neuron]..self.start[neuron + 1]],
                spike.count as f64,
            );
        }
    }
}

impl ClockEngine {
    /// Checks the network and lays it out for simulation, at rest and without spikes under way.
    ///
    /// # Errors
    /// What [`Network::check`] and the neuron models refuse; a cycle of projections with zero
    /// delay, by name; delays too long to be kept.
    pub fn build(network: &Network) -> Result<Self> {
        let order = step_order(network)?;
        let projections: Vec<Outgoing> = network
            .projections
            .iter()
            .map(|projection| {
                let synapses = match &projection.synapses {
                    Synapses::Dense(dense) => dense.deployed(),
                    Synapses::Sparse(synapses) => synapses.clone(),
                };
                let size = |population: usize| network.populations[population].size;
                Outgoing::new(
                    projection.target,
                    size(projection.target),
                    size(projection.source),
                    synapses,
                )
            })
            .collect();
        let mut running = Vec::with_capacity(network.populations.len());
        let mut rings = Vec::with_capacity(network.populations.len());
        for (index, population) in network.populations.iter().enumerate() {
            let size = population.size;
            let neuron = match &population.cells {
                Cells::Source => None,
                Cells::Neurons(model) => Some(model.build(network.dt_ms)?),
            };
            let norm: Vec<(f64, f64)> = population
                .norm
                .iter()
                .flat_map(|norm| (0..size).map(|n| norm.deployed(n)))
                .map(widen)
                .collect();
            let max_delay = projections
                .iter()
                .filter(|outgoing| outgoing.target == index)
                .map(|outgoing| outgoing.max_delay)
                .max();
            rings.push(DelayRing::new(
                &population.name,
                if neuron.is_some() { size } else { 0 },
                max_delay.unwrap_or(0) as usize,
            )?);
            running.push(RunningPopulation {
                name: population.name.clone(),
                size,
                state: NeuronState::at_rest(if neuron.is_some() { size } else { 0 }),
                neuron,
                normalised: vec![0.0; norm.len()],
                norm,
                fired: Vec::new(),
                spikes: Vec::new(),
                outgoing: (0..projections.len())
                    .filter(|&p| network.projections[p].source == index)
                    .collect(),
            });
        }
        Ok(Self { populations: running, rings, projections, order, step: 0, ends: Vec::new() })
    }

    /// Whether the network can be simulated at all, before memory is taken for it.
    ///
    /// # Errors
    /// What [`Network::check`] refuses; a cycle of projections with zero delay, by name.
    pub fn check(network: &Network) -> Result<()> {
        step_order(network).map(drop)
    }

    /// Back to rest at step 0, without spikes under way.
    pub fn reset(&mut self) {
        for (population, ring) in self.populations.iter_mut().zip(&mut self.rings) {
            population.state = NeuronState::at_rest(population.state.potential.len());
            population.fired.clear();
            population.spikes.clear();
            ring.clear();
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

    /// Neurons of a population that fired in the last step: ascending, coincident spikes of a
    /// source repeated.
    pub fn fired(&self, population: usize) -> &[u32] {
        &self.populations[population].fired
    }

    /// Potentials of a population after the last step, one per neuron; empty for a source.
    pub fn potential(&self, population: usize) -> &[f64] {
        &self.populations[population].state.potential
    }

    /// Runs `steps` steps from the current state and checks that the result is finite. `inputs`
    /// holds one sample for each source population, in the order of the populations; its step 0 is
    /// the one that comes next, after its end the source is silent. Recorded steps count from
    /// the last reset.
    ///
    /// # Errors
    /// A sample missing or with other channels than its source; the recorder's errors;
    /// [`Error::NotFinite`] naming population, variable, neuron and step.
    pub fn run(
        &mut self,
        inputs: &[SpikeFrames],
        steps: usize,
        recorder: &mut dyn Recorder,
    ) -> Result<()> {
        let sources: Vec<&RunningPopulation> =
            self.populations.iter().filter(|population| population.neuron.is_none()).collect();
        if sources.len() != inputs.len() {
            return Err(Error::Length {
                name: "inputs (one per source)".into(),
                actual: inputs.len(),
                expected: sources.len(),
            });
        }
        for (source, frames) in sources.iter().zip(inputs) {
            if frames.channels() != source.size {
                let name = format!("input of {}: channels", source.name);
                return Err(Error::Length {
                    name,
                    actual: frames.channels(),
                    expected: source.size,
                });
            }
        }
        let trains: Vec<_> = inputs.iter().map(SpikeFrames::by_step).collect();
        let mut external = vec![Vec::new(); inputs.len()];
        for step in 0..steps {
            for (spikes, train) in external.iter_mut().zip(&trains) {
                spikes.clear();
                spikes.extend_from_slice(train.get(step).map_or(&[], Vec::as_slice));
            }
            self.step(&external, recorder)?;
        }
        self.check_finite()
    }

    /// Advances by one step. `external` holds the spikes of each source population, in the order of
    /// the populations, by ascending neuron; populations without entry are silent.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a spike of a neuron that is not there or with a count that is 0 or
    /// not finite; the recorder's errors.
    pub fn step(&mut self, external: &[Vec<Spike>], recorder: &mut dyn Recorder) -> Result<()> {
        self.accept(external)?;
        for &index in &self.order {
            let population = &mut self.populations[index];
            population.integrate(self.rings[index].current());
            if self.ends.get(index).is_some_and(|&end| self.step >= end) {
                population.fired.clear();
                population.spikes.clear();
            }
            if !population.fired.is_empty() {
                recorder.record_spikes(index, self.step, &population.fired)?;
            }
            if population.neuron.is_some() {
                recorder.record_potentials(index, self.step, &population.state.potential)?;
            }
            for &projection in &population.outgoing {
                let outgoing = &self.projections[projection];
                outgoing.deliver(&population.spikes, &mut self.rings[outgoing.target]);
            }
        }
        self.rings.iter_mut().for_each(DelayRing::advance);
        self.step += 1;
        Ok(())
    }

    /// Takes over the spikes of the sources.
    fn accept(&mut self, external: &[Vec<Spike>]) -> Result<()> {
        let mut external = external.iter();
        for population in
            self.populations.iter_mut().filter(|population| population.neuron.is_none())
        {
            let spikes = external.next().map_or(&[][..], Vec::as_slice);
            spikes.iter().try_for_each(|spike| spike.check(&population.name, population.size))?;
            population.spikes.clear();
            population.spikes.extend_from_slice(spikes);
            population.fired.clear();
            population.fired.extend(
                spikes.iter().flat_map(|spike| std::iter::repeat_n(spike.neuron, spike.recorded())),
            );
        }
        Ok(())
    }

    /// # Errors
    /// [`Error::NotFinite`] naming the first potential that is not a finite number.
    fn check_finite(&self) -> Result<()> {
        for population in &self.populations {
            if let Some(neuron) = population.state.potential.iter().position(|v| !v.is_finite()) {
                return Err(Error::NotFinite(format!(
                    "potential of neuron {neuron} of {} is {} after step {}",
                    population.name,
                    population.state.potential[neuron],
                    self.step.saturating_sub(1)
                )));
            }
        }
        Ok(())
    }
}

impl RunningPopulation {
    /// One step of the neurons with the input that has arrived; nothing for a source.
    fn integrate(&mut self, arrived: &[f64]) {
        let Some(neuron) = &self.neuron else { return };
        for ((normalised, input), (scale, offset)) in
            self.normalised.iter_mut().zip(arrived).zip(&self.norm)
        {
            *normalised = scale * input + offset;
        }
        self.fired.clear();
        neuron.step(
            &mut self.state,
            if self.norm.is_empty() { arrived } else { &self.normalised },
            &mut self.fired,
        );
        self.spikes.clear();
        self.spikes.extend(self.fired.iter().map(|&neuron| Spike { neuron, count: 1.0 }));
    }
}

fn widen((scale, offset): (f32, f32)) -> (f64, f64) {
    (scale as f64, offset as f64)
}

#[cfg(test)]
mod tests;
