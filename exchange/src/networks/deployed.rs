//! A network as other programs see it: norms folded into weights and a constant input, single
//! synapses with whole delays, neuron models as types.

use crate::error::{Error, Result};
use sim_core::{
    Cells, Dynamics, LearnedParameter, Network, Polarity, Population, PortDynamics, Projection,
    Roles, Synapse,
};

/// A network in the terms of other programs. A spike of neuron `pre` at step `t` adds `weight` to
/// the input `I` of neuron `post` at step `t + delay_steps`. In every step, `bias` is added to that
/// input, too. What the neuron does with its input is its [`Dynamics`].
#[derive(Debug, Clone, PartialEq)]
pub struct DeployedNetwork {
    /// Length of a step in ms.
    pub dt_ms: f64,
    /// The populations.
    pub populations: Vec<DeployedPopulation>,
    /// The projections between them.
    pub projections: Vec<DeployedProjection>,
    /// The population that samples enter, and the one that is read.
    pub roles: Roles,
}

/// The members of a population.
#[derive(Debug, Clone, PartialEq)]
pub struct DeployedPopulation {
    /// Name, unique in the network.
    pub name: String,
    /// Number of neurons, at least 1.
    pub size: usize,
    /// What the neurons do; `None` for a source, which replays spikes given from outside.
    pub neurons: Option<DeployedNeurons>,
}

/// What the neurons of a population do.
#[derive(Debug, Clone, PartialEq)]
pub struct DeployedNeurons {
    /// One entry that all neurons share, or one entry per neuron.
    dynamics: Vec<Dynamics>,
    /// Constant input of every port in every step, `[port][neuron]`; empty where there is none.
    bias: Vec<f64>,
}

/// Synapses from one population to another.
#[derive(Debug, Clone, PartialEq)]
pub struct DeployedProjection {
    /// Name, unique in the network: `source->target`.
    pub name: String,
    /// Index of the presynaptic population.
    pub source: usize,
    /// Index of the postsynaptic population.
    pub target: usize,
    /// Index of the port of the postsynaptic neurons in which it ends.
    pub port: usize,
    /// The synapses.
    pub synapses: Vec<Synapse>,
    /// The sign that the weights of each presynaptic neuron keep, `[pre]`; none where they may have
    /// any.
    pub polarity: Option<Vec<Polarity>>,
}

impl DeployedNeurons {
    /// Neurons that share their dynamics, without constant input.
    pub fn shared(dynamics: Dynamics) -> Self {
        Self { dynamics: vec![dynamics], bias: Vec::new() }
    }

    /// Neurons with dynamics of their own, one entry per neuron, without constant input. Equal
    /// entries become one that all share.
    ///
    /// # Panics
    /// If there is no neuron.
    pub fn each(mut dynamics: Vec<Dynamics>) -> Self {
        if dynamics.iter().all(|own| *own == dynamics[0]) {
            dynamics.truncate(1);
        }
        Self { dynamics, bias: Vec::new() }
    }

    /// The same neurons with a constant input `[port][neuron]`; zeros alone are no input.
    pub fn with_bias(self, bias: Vec<f64>) -> Self {
        let is_silent = bias.iter().all(|input| *input == 0.0);
        Self { bias: if is_silent { Vec::new() } else { bias }, ..self }
    }

    /// What neuron `n` does.
    pub fn of(&self, n: usize) -> &Dynamics {
        self.dynamics.get(n).unwrap_or(&self.dynamics[0])
    }

    /// What all neurons do; `None` where they differ.
    pub fn common(&self) -> Option<&Dynamics> {
        (self.dynamics.len() == 1).then(|| &self.dynamics[0])
    }

    /// Constant input of every port in every step, `[port][neuron]`; empty where there is none.
    pub fn bias(&self) -> &[f64] {
        &self.bias
    }

    /// Number of ports.
    pub fn ports(&self) -> usize {
        self.dynamics[0].ports.len()
    }
}

impl DeployedNetwork {
    /// The network as deployed. A norm `Z = scale I + offset` becomes a factor `scale` of the
    /// weights that reach a neuron and a constant input `offset`; a dense synapse becomes one
    /// synapse per kernel element at its rounded delay. Weights are products in `f64` of what the
    /// network holds in `f32`.
    ///
    /// # Errors
    /// [`sim_core::Error`] for what [`Network::check`] refuses; [`Error::Network`] naming a
    /// population whose neuron model has no [`Dynamics`], or a projection that learns while the
    /// network runs.
    pub fn of(network: &Network) -> Result<Self> {
        network.check()?;
        let dt_ms = network.dt_ms;
        Ok(Self {
            dt_ms,
            populations: network
                .populations
                .iter()
                .map(|population| deployed_population(population, dt_ms))
                .collect::<Result<_>>()?,
            projections: (0..network.projections.len())
                .map(|index| deployed_projection(network, index))
                .collect::<Result<_>>()?,
            roles: network.roles,
        })
    }

    /// Number of synapses.
    pub fn synapses(&self) -> usize {
        self.projections.iter().map(|projection| projection.synapses.len()).sum()
    }

    /// The longest delay in steps; 0 without a synapse.
    pub fn longest_delay(&self) -> u32 {
        let synapses = self.projections.iter().flat_map(|projection| &projection.synapses);
        synapses.map(|synapse| synapse.delay_steps).max().unwrap_or(0)
    }
}

fn deployed_population(population: &Population, dt_ms: f64) -> Result<DeployedPopulation> {
    let Population { name, size, .. } = population;
    // Refuses values that a model would refuse, and learned ones that it does not know.
    population.build(dt_ms)?;
    let neurons = match &population.cells {
        Cells::Source => None,
        Cells::Neurons(model) => {
            let model = model.dynamics().ok_or_else(|| {
                Error::Network(sim_core::Error::Network(format!(
                    "population {name} cannot be handed to another program: what its neuron model \
                     computes has no words outside of the program that brings it"
                )))
            })?;
            let neurons = match &population.learned[..] {
                [] => DeployedNeurons::shared(model),
                learned => {
                    let of_neuron = |n| with_learned(&model, learned, n, name);
                    DeployedNeurons::each((0..*size).map(of_neuron).collect::<Result<_>>()?)
                }
            };
            let bias = population.norm.iter().flat_map(|norm| {
                (0..norm.gain.len()).map(|input| f64::from(norm.deployed(input).1))
            });
            Some(neurons.with_bias(bias.collect()))
        }
    };
    Ok(DeployedPopulation { name: name.clone(), size: *size, neurons })
}

/// The dynamics of neuron `n`, whose learned values stand in for those of the model.
fn with_learned(
    model: &Dynamics,
    learned: &[LearnedParameter],
    n: usize,
    population: &str,
) -> Result<Dynamics> {
    let mut own = model.clone();
    for LearnedParameter { name, values, .. } in learned {
        let value = f64::from(values[n]);
        let firing = own.firing.as_mut();
        let place = match &name[..] {
            "tau_mem_ms" => Some(&mut own.membrane.tau_ms),
            "threshold" => firing.map(|firing| &mut firing.threshold),
            "tau_adaptation_ms" => {
                firing.and_then(|firing| firing.adaptation.as_mut()).map(|own| &mut own.tau_ms)
            }
            "adaptation" => {
                firing.and_then(|firing| firing.adaptation.as_mut()).map(|own| &mut own.strength)
            }
            "tau_excitatory_ms" => port_tau(&mut own.ports, 0),
            "tau_inhibitory_ms" => port_tau(&mut own.ports, 1),
            _ => None,
        };
        *place.ok_or_else(|| {
            Error::Network(sim_core::Error::Network(format!(
                "population {population} cannot be handed to another program: its neurons learn \
                 {name}, which has no words outside of the program that brings it"
            )))
        })? = value;
    }
    Ok(own)
}

/// The time constant of a port's current.
fn port_tau(ports: &mut [PortDynamics], port: usize) -> Option<&mut f64> {
    match ports.get_mut(port) {
        Some(PortDynamics::Exponential { tau_ms, .. }) => Some(tau_ms),
        _ => None,
    }
}

fn deployed_projection(network: &Network, index: usize) -> Result<DeployedProjection> {
    let Projection { source, target, port, synapses, polarity, rule } = &network.projections[index];
    let name = network.projection_name(index);
    if rule.is_some() {
        return Err(Error::Network(sim_core::Error::Network(format!(
            "projection {name} cannot be handed to another program: its synapses learn while the \
             network runs; export a network whose synapses stay as they are"
        ))));
    }
    let mut synapses = synapses.deployed();
    let Population { size, norm, .. } = &network.populations[*target];
    if let Some(norm) = norm {
        for synapse in &mut synapses {
            let (scale, _) = norm.deployed(port * size + synapse.post as usize);
            synapse.weight *= f64::from(scale);
        }
    }
    Ok(DeployedProjection {
        name,
        source: *source,
        target: *target,
        port: *port,
        synapses,
        polarity: polarity.clone(),
    })
}
