//! What the neurons of a population have in common: what a script writes out as equations, or
//! looks for among the models of a simulator.

use crate::networks::deployed::{DeployedNetwork, DeployedPopulation};
use sim_core::{Dynamics, Firing, PortDynamics, Reset};

/// The structure of the neurons of a population, without their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NeuronKind {
    /// Whether each port moves a current; else it moves the potential.
    pub exponential: Vec<bool>,
    /// `None` for neurons that do not fire.
    pub firing: Option<FiringKind>,
}

/// What a spike does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FiringKind {
    /// Whether the threshold is subtracted; else the potential becomes 0.
    pub soft: bool,
    /// Whether a spike is followed by a refractory time at all.
    pub refractory: bool,
    /// Whether the potential stays where it is for that time. False without such a time.
    pub holds: bool,
    /// Whether spikes raise the threshold.
    pub adapts: bool,
}

impl NeuronKind {
    fn of_neuron(Dynamics { ports, firing, .. }: &Dynamics) -> Self {
        let is_exponential = |port: &PortDynamics| matches!(port, PortDynamics::Exponential { .. });
        let of_firing = |&Firing { reset, refractory_ms, holds, adaptation, .. }: &Firing| {
            let refractory = refractory_ms > 0.0;
            FiringKind {
                soft: reset == Reset::Soft,
                refractory,
                holds: holds && refractory,
                adapts: adaptation.is_some(),
            }
        };
        Self {
            exponential: ports.iter().map(is_exponential).collect(),
            firing: firing.as_ref().map(of_firing),
        }
    }

    /// The kind of a population's neurons; `None` for a source.
    ///
    /// # Errors
    /// One sentence, where the neurons are not of one kind.
    pub fn of(population: &DeployedPopulation) -> Result<Option<Self>, String> {
        let Some(neurons) = &population.neurons else { return Ok(None) };
        let first = Self::of_neuron(neurons.of(0));
        let of_one = |n| Self::of_neuron(neurons.of(n)) == first;
        match neurons.common().is_some() || (0..population.size).all(of_one) {
            true => Ok(Some(first)),
            false => Err(format!(
                "the neurons of population {} differ in their ports, their reset or their \
                 refractory time; split the population",
                population.name
            )),
        }
    }

    /// Whether every port moves the potential.
    pub fn is_delta(&self) -> bool {
        !self.exponential.contains(&true)
    }

    /// Whether every port moves a current.
    pub fn is_exponential(&self) -> bool {
        !self.exponential.contains(&false)
    }
}

/// What a format cannot hold: a sentence of `refuse` for each kind of neurons that it gives one
/// for, and of populations that have no kind.
pub(crate) fn obstacles_of_kinds(
    network: &DeployedNetwork,
    refuse: impl Fn(usize, &DeployedPopulation, &NeuronKind) -> Option<String>,
) -> Vec<String> {
    let populations = network.populations.iter().enumerate();
    let of_one =
        |(index, population): (usize, &DeployedPopulation)| match NeuronKind::of(population) {
            Ok(kind) => kind.and_then(|kind| refuse(index, population, &kind)),
            Err(problem) => Some(problem),
        };
    populations.filter_map(of_one).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::networks::deployed::{DeployedNeurons, DeployedProjection};
    use crate::provenance::Provenance;
    use neurons::{AdaptiveLif, CurrentLif, LeakyIntegrator, Lif};
    use sim_core::{NeuronModel, Roles, Synapse};

    /// A source `p0` and populations `p1..` of two [`Lif`] neurons, with a synapse from neuron 0 to
    /// neuron 1 for each `(source, target, delay)`.
    pub(crate) fn lif_network(
        populations: usize,
        synapses: &[(usize, usize, u32)],
    ) -> DeployedNetwork {
        let dynamics = Lif::default().dynamics().expect("it has words");
        let population = |index: usize| DeployedPopulation {
            name: format!("p{index}"),
            size: 2,
            neurons: (index > 0).then(|| DeployedNeurons::shared(dynamics.clone())),
        };
        let projection = |&(source, target, delay_steps): &(usize, usize, u32)| {
            let synapse = Synapse { pre: 0, post: 1, weight: 0.5, delay_steps };
            DeployedProjection {
                name: format!("p{source}->p{target}"),
                source,
                target,
                port: 0,
                synapses: vec![synapse],
                polarity: None,
            }
        };
        DeployedNetwork {
            dt_ms: 1.0,
            populations: (0..populations).map(population).collect(),
            projections: synapses.iter().map(projection).collect(),
            roles: Roles::default(),
        }
    }

    pub(crate) fn provenance() -> Provenance {
        Provenance {
            synfire: "0.1.0".into(),
            commit: None,
            source: "run".into(),
            sha256: "00ff".into(),
        }
    }

    /// The same network, whose last population is of these neurons.
    pub(crate) fn ending_in(
        mut network: DeployedNetwork,
        model: impl NeuronModel,
    ) -> DeployedNetwork {
        let last = network.populations.last_mut().expect("a population");
        last.neurons = Some(DeployedNeurons::shared(model.dynamics().expect("it has words")));
        network
    }

    #[test]
    fn kinds_are_those_of_the_models() {
        let kind = |network: DeployedNetwork| {
            NeuronKind::of(network.populations.last().unwrap()).unwrap().unwrap()
        };
        let two = || lif_network(2, &[]);
        let plain = FiringKind { soft: false, refractory: false, holds: false, adapts: false };
        let lif = kind(two());
        assert_eq!(lif, NeuronKind { exponential: vec![false], firing: Some(plain) });
        assert!(lif.is_delta() && !lif.is_exponential());
        let held = kind(ending_in(two(), Lif { refractory_ms: 2.0, ..Lif::default() }));
        assert_eq!(held.firing, Some(FiringKind { refractory: true, holds: true, ..plain }));
        let adaptive = AdaptiveLif { refractory_ms: 2.0, ..AdaptiveLif::default() };
        let waiting = FiringKind { soft: true, refractory: true, holds: false, adapts: true };
        assert_eq!(kind(ending_in(two(), adaptive)).firing, Some(waiting));
        assert_eq!(kind(ending_in(two(), LeakyIntegrator::default())).firing, None);
        let current = kind(ending_in(two(), CurrentLif::default()));
        assert_eq!(current.exponential, [true, true]);
        assert!(current.is_exponential() && !current.is_delta());
        assert_eq!(NeuronKind::of(&two().populations[0]), Ok(None));
    }

    #[test]
    fn neurons_of_two_kinds_are_named() {
        let mut network = lif_network(2, &[]);
        let hard = Lif::default().dynamics().unwrap();
        let soft = Lif { reset: Reset::Soft, ..Lif::default() }.dynamics().unwrap();
        network.populations[1].neurons = Some(DeployedNeurons::each(vec![hard, soft]));
        let obstacles = obstacles_of_kinds(&network, |_, _, _| None);
        assert_eq!(
            obstacles,
            ["the neurons of population p1 differ in their ports, their reset or their \
              refractory time; split the population"]
        );
    }
}
