//! One step of a network, whatever the numbers are.
//!
//! Every step takes the populations in an order in which no zero-delay projection points backwards,
//! and for each of them runs these stages:
//!
//! | stage | reads | writes |
//! |---|---|---|
//! | **arrive** (at the start) | spikes under way to synapses that learn | weights, arrived input |
//! | **integrate** | its row of arrived input, its norm | its state and spikes |
//! | **check** | its state | |
//! | **record** | its state and spikes | the recorder |
//! | **deliver** | its spikes, its outgoing synapses | arriving input of its targets |
//! | **learn** | its spikes, its state | weights of incoming synapses that learn |
//! | **advance** (at the end) | | all input moves on to the next step |
//!
//! Sources integrate nothing: their spikes come from outside. A spike at step `n` with delay `d`
//! arrives at step `n + d`. Work is done per spike and per neuron, never per synapse without a
//! spike. Input that meets at one neuron and step is added in a fixed order: by the step it was
//! sent, then the population, the projection, the source neuron (of an input: as given) and the
//! synapse; what comes through axons of synapses that learn is added first.

use crate::error::{Error, Result};
use crate::network::Network;
use crate::recording::Recorder;
use crate::spikes::Spike;
use crate::state::State;
use crate::step::arithmetic::{Arithmetic, StepArrivals, StepNeurons, StepSynapses};
use crate::step::order::step_order;
use crate::step::snapshot::{PopulationSnapshot, ProjectionSnapshot, Snapshot};

/// A network with its state, in one arithmetic.
#[derive(Debug)]
pub(crate) struct StepWalk<A: Arithmetic> {
    populations: Vec<WalkedPopulation<A>>,
    /// Arrived and arriving input of each population.
    arrivals: Vec<A::Arrivals>,
    projections: Vec<WalkedProjection<A>>,
    /// Indices of populations: zero-delay projections point from earlier to later.
    order: Vec<usize>,
    /// Indices of the projections whose synapses learn.
    plastic: Vec<usize>,
    dt_ms: f64,
    step: usize,
    /// The step at which each population falls silent, where there is one.
    ends: Vec<usize>,
}

#[derive(Debug)]
struct WalkedPopulation<A: Arithmetic> {
    name: String,
    size: usize,
    /// `None` for a source.
    neurons: Option<A::Neurons>,
    /// The spikes of the current step; of neurons by ascending neuron, of a source as given.
    spikes: Vec<Spike>,
    /// The neurons of `spikes`, coincident ones repeated.
    fired: Vec<u32>,
    /// Indices of the projections that start here.
    outgoing: Vec<usize>,
    /// Indices of the projections that end here and learn.
    learning: Vec<usize>,
}

#[derive(Debug)]
struct WalkedProjection<A: Arithmetic> {
    name: String,
    target: usize,
    synapses: A::Synapses,
}

impl<A: Arithmetic> StepWalk<A> {
    /// Checks the network and lays it out, at rest and without spikes under way.
    pub fn new(network: &Network) -> Result<Self> {
        let order = step_order(network)?;
        let mut projections: Vec<WalkedProjection<A>> =
            Vec::with_capacity(network.projections.len());
        for (index, projection) in network.projections.iter().enumerate() {
            let name = network.projection_name(index);
            let synapses = A::Synapses::new(network, projection, &name)?;
            projections.push(WalkedProjection { name, target: projection.target, synapses });
        }
        let plastic: Vec<usize> =
            (0..projections.len()).filter(|&p| projections[p].synapses.is_plastic()).collect();
        let mut populations = Vec::with_capacity(network.populations.len());
        let mut arrivals = Vec::with_capacity(network.populations.len());
        for (index, population) in network.populations.iter().enumerate() {
            let incoming = projections.iter().filter(|projection| projection.target == index);
            let longest = incoming.map(|projection| projection.synapses.longest()).max();
            arrivals.push(A::Arrivals::new(population, longest.unwrap_or(0))?);
            populations.push(WalkedPopulation {
                name: population.name.clone(),
                size: population.size,
                neurons: A::Neurons::new(population, network.dt_ms)?,
                spikes: Vec::with_capacity(population.size),
                fired: Vec::with_capacity(population.size),
                outgoing: (0..projections.len())
                    .filter(|&p| network.projections[p].source == index)
                    .collect(),
                learning: plastic
                    .iter()
                    .copied()
                    .filter(|&p| network.projections[p].target == index)
                    .collect(),
            });
        }
        let (dt_ms, ends) = (network.dt_ms, Vec::new());
        Ok(Self { populations, arrivals, projections, order, plastic, dt_ms, step: 0, ends })
    }

    /// Back to rest at step 0, with the network's weights and without spikes under way.
    pub fn reset(&mut self) {
        for (population, arrivals) in self.populations.iter_mut().zip(&mut self.arrivals) {
            if let Some(neurons) = &mut population.neurons {
                neurons.reset();
            }
            population.clear();
            arrivals.clear();
        }
        self.projections.iter_mut().for_each(|projection| projection.synapses.reset());
        self.step = 0;
    }

    /// Lets each population fall silent: from step `ends[p]` on population `p` does not fire.
    ///
    /// # Panics
    /// If there is not one end for each population, or none at all.
    pub fn set_ends(&mut self, ends: &[usize]) {
        assert!(ends.is_empty() || ends.len() == self.populations.len(), "one end per population");
        self.ends.clear();
        self.ends.extend_from_slice(ends);
    }

    /// The step that comes next.
    pub fn next_step(&self) -> usize {
        self.step
    }

    /// The spikes of a population in the last step.
    pub fn spikes(&self, population: usize) -> &[Spike] {
        &self.populations[population].spikes
    }

    /// Neurons that fired in the last step, coincident spikes of a source repeated.
    pub fn fired(&self, population: usize) -> &[u32] {
        &self.populations[population].fired
    }

    /// The neurons of a population; `None` for a source.
    pub fn neurons(&self, population: usize) -> Option<&A::Neurons> {
        self.populations[population].neurons.as_ref()
    }

    /// Name and size of each source, in the order of the populations.
    pub fn sources(&self) -> impl Iterator<Item = (&str, usize)> {
        let sources = self.populations.iter().filter(|population| population.neurons.is_none());
        sources.map(|source| (source.name.as_str(), source.size))
    }

    /// The synapses of a projection.
    pub fn synapses(&self, projection: usize) -> &A::Synapses {
        &self.projections[projection].synapses
    }

    /// As [`synapses`](Self::synapses), to be changed.
    pub fn synapses_mut(&mut self, projection: usize) -> &mut A::Synapses {
        &mut self.projections[projection].synapses
    }

    /// Advances by one step. `external` holds the spikes of each source, in the order of the
    /// populations; sources without entry are silent.
    pub fn step<S: AsRef<[Spike]>>(
        &mut self,
        external: &[S],
        recorder: &mut dyn Recorder,
    ) -> Result<()> {
        self.accept(external)?;
        for &index in &self.plastic {
            let WalkedProjection { target, synapses, .. } = &mut self.projections[index];
            let state = self.populations[*target].neurons.as_mut().map(StepNeurons::state);
            synapses.arrive(self.step, state, &mut self.arrivals[*target]);
        }
        for place in 0..self.order.len() {
            let index = self.order[place];
            let population = &mut self.populations[index];
            population.integrate(&self.arrivals[index]);
            population.check_finite(self.step)?;
            if self.ends.get(index).is_some_and(|&end| self.step >= end) {
                population.clear();
            }
            population.record(index, self.step, recorder)?;
            for &projection in &population.outgoing {
                let WalkedProjection { target, synapses, .. } = &mut self.projections[projection];
                synapses.deliver(self.step, &population.spikes, &mut self.arrivals[*target]);
            }
            if let Some(neurons) = &mut population.neurons {
                for &projection in &population.learning {
                    let synapses = &mut self.projections[projection].synapses;
                    synapses.learn(self.step, &population.spikes, neurons.state());
                }
            }
        }
        self.arrivals.iter_mut().for_each(StepArrivals::advance);
        self.step += 1;
        Ok(())
    }

    /// Checks that no rule has driven a weight out of the finite numbers.
    pub fn check_weights(&self) -> Result<()> {
        for &index in &self.plastic {
            let WalkedProjection { name, synapses, .. } = &self.projections[index];
            if let Some(weight) = synapses.not_finite() {
                return Err(Error::NotFinite(format!(
                    "a weight of {name} is {weight} after step {}; try a lower rate of its rule",
                    self.step.saturating_sub(1)
                )));
            }
        }
        Ok(())
    }

    /// Takes over the spikes of the sources.
    fn accept<S: AsRef<[Spike]>>(&mut self, external: &[S]) -> Result<()> {
        let is_source = |population: &&mut WalkedPopulation<A>| population.neurons.is_none();
        let mut given = external.iter().map(AsRef::as_ref);
        for source in self.populations.iter_mut().filter(is_source) {
            let spikes = given.next().unwrap_or_default();
            spikes.iter().try_for_each(|spike| spike.check(&source.name, source.size))?;
            source.spikes.clear();
            source.spikes.extend_from_slice(spikes);
            source.count();
        }
        Ok(())
    }

    /// Everything that the next steps depend on.
    pub fn snapshot(&mut self) -> Snapshot {
        let populations = self.populations.iter_mut().zip(&self.arrivals);
        let of_population = |(population, arrivals): (&mut WalkedPopulation<A>, &A::Arrivals)| {
            PopulationSnapshot::new(
                &population.name,
                population.neurons.as_mut().map(StepNeurons::state),
                arrivals.pending(),
            )
        };
        let of_projection = |projection: &WalkedProjection<A>| ProjectionSnapshot {
            name: projection.name.clone(),
            plastic: projection.synapses.snapshot(self.step),
        };
        Snapshot {
            dt_ms: self.dt_ms,
            step: self.step,
            populations: populations.map(of_population).collect(),
            projections: self.projections.iter().map(of_projection).collect(),
        }
    }

    /// Goes on where a snapshot was taken, of a network of the same shape.
    ///
    /// # Errors
    /// [`Error::Network`] naming the first population or projection that does not fit; then what
    /// projections before it have learned is that of the snapshot, and nothing else has changed.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        let allowed = "below 2^32";
        let is_step = u32::try_from(snapshot.step).is_ok();
        Error::check("step of the snapshot", snapshot.step as f64, is_step, allowed)?;
        if snapshot.dt_ms != self.dt_ms {
            return Err(Error::Network(format!(
                "the snapshot is of steps of {} ms, but those of this network last {} ms",
                snapshot.dt_ms, self.dt_ms
            )));
        }
        let names = self.populations.iter().map(|population| &population.name);
        if !names.eq(snapshot.populations.iter().map(|population| &population.name)) {
            let problem = "the snapshot is of a network of other populations";
            return Err(Error::Network(problem.into()));
        }
        let names = self.projections.iter().map(|projection| &projection.name);
        if !names.eq(snapshot.projections.iter().map(|projection| &projection.name)) {
            let problem = "the snapshot is of a network of other projections";
            return Err(Error::Network(problem.into()));
        }
        let own = self.populations.iter_mut().zip(&self.arrivals);
        for ((population, arrivals), theirs) in own.zip(&snapshot.populations) {
            let state = population.neurons.as_mut().map(StepNeurons::state);
            theirs.check(state, arrivals.pending().len())?;
        }
        for (projection, theirs) in self.projections.iter_mut().zip(&snapshot.projections) {
            projection.synapses.restore(theirs.plastic.as_ref(), snapshot.step).map_err(
                |error| Error::Network(format!("projection {}: {error}", projection.name)),
            )?;
        }
        let own = self.populations.iter_mut().zip(&mut self.arrivals);
        for ((population, arrivals), theirs) in own.zip(&snapshot.populations) {
            if let Some(neurons) = &mut population.neurons {
                neurons.set_state(&theirs.values());
            }
            population.clear();
            arrivals.set_pending(&theirs.pending);
        }
        self.step = snapshot.step;
        Ok(())
    }

    /// Whether the network can be simulated at all, before memory is taken for all of it.
    ///
    /// # Errors
    /// What [`Network::check`] and the rules of projections refuse; a cycle of projections with
    /// zero delay, by name.
    pub fn check(network: &Network) -> Result<()> {
        step_order(network)?;
        for (index, projection) in network.projections.iter().enumerate() {
            if projection.rule.is_some() {
                A::Synapses::new(network, projection, &network.projection_name(index))?;
            }
        }
        Ok(())
    }
}

impl<A: Arithmetic> WalkedPopulation<A> {
    fn clear(&mut self) {
        self.spikes.clear();
        self.fired.clear();
    }

    fn count(&mut self) {
        self.fired.clear();
        let repeated = |spike: &Spike| std::iter::repeat_n(spike.neuron, spike.recorded());
        self.fired.extend(self.spikes.iter().flat_map(repeated));
    }

    fn integrate(&mut self, arrived: &A::Arrivals) {
        let Some(neurons) = &mut self.neurons else { return };
        self.spikes.clear();
        self.fired.clear();
        neurons.integrate(arrived, &mut self.spikes);
        self.fired.extend(self.spikes.iter().map(|spike| spike.neuron));
    }

    fn check_finite(&self, step: usize) -> Result<()> {
        let Some((variable, neuron, value)) =
            self.neurons.as_ref().and_then(A::Neurons::not_finite)
        else {
            return Ok(());
        };
        let name = &self.name;
        Err(Error::NotFinite(format!(
            "{variable} of neuron {neuron} of {name} is {value} after step {step}"
        )))
    }

    fn record(&mut self, index: usize, step: usize, recorder: &mut dyn Recorder) -> Result<()> {
        if !self.fired.is_empty() {
            recorder.record_spikes(index, step, &self.fired)?;
        }
        match &mut self.neurons {
            Some(neurons) if recorder.wants_state(index) => {
                let state: &State<f64> = neurons.state();
                recorder.record_state(index, step, state)
            }
            _ => Ok(()),
        }
    }
}
