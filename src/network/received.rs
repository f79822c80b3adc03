//! A network of another program, as one that the engines run.

use crate::error::Result;
use exchange::{DeployedNetwork, DeployedNeurons, DeployedPopulation, DeployedProjection};
use neurons::{AdaptiveLif, CurrentLif, LeakyIntegrator, Lif};
use sim_core::{
    BatchNorm, Cells, Decay, Dynamics, Error, Firing, Network, NeuronModel, Population,
    PortDynamics, Projection, Synapses,
};
use std::sync::Arc;

/// The network with the neuron models of this program.
///
/// Weights and delays stay what they are. Constant input, and parameters in which neurons of one
/// population differ, are rounded to `f32`, in which the engines hold what neurons have of their
/// own.
///
/// # Errors
/// [`sim_core::Error::Network`] naming a population whose neurons no model computes; as
/// [`Network::check`].
pub fn received(network: &DeployedNetwork) -> Result<Network> {
    let populations = network
        .populations
        .iter()
        .map(|population| received_population(population, network.dt_ms))
        .collect::<Result<Vec<_>>>()?;
    let projection = |projection: &DeployedProjection| {
        let DeployedProjection { source, target, port, synapses, polarity, .. } = projection;
        Projection {
            polarity: polarity.clone(),
            ..Projection::new(*source, *target, Synapses::Sparse(synapses.clone())).to_port(*port)
        }
    };
    let projections = network.projections.iter().map(projection).collect();
    let received = Network::new(network.dt_ms, populations, projections).with_roles(network.roles);
    received.check()?;
    Ok(received)
}

fn received_population(population: &DeployedPopulation, dt_ms: f64) -> Result<Population> {
    let DeployedPopulation { name, size, neurons } = population;
    let Some(neurons) = neurons else { return Ok(Population::source(name, *size)) };
    let model = model(neurons.of(0)).ok_or_else(|| {
        Error::Network(format!(
            "population {name}: no neuron model of synfire does what its neurons do: {:?}",
            neurons.of(0)
        ))
    })?;
    let mut received = Population::new(name, *size, Cells::Neurons(model));
    learn_differences(&mut received, neurons, dt_ms)?;
    if !neurons.bias().is_empty() {
        let inputs = received.input_shape().entries();
        let mut bias: Vec<f32> = neurons.bias().iter().map(|&bias| bias as f32).collect();
        // A model may have more ports than another program uses.
        bias.resize(inputs, 0.0);
        // A norm that does nothing but add.
        received.norm = Some(BatchNorm { bias, epsilon: 0.0, ..BatchNorm::new(inputs) });
    }
    Ok(received)
}

/// The neuron model with these dynamics.
fn model(dynamics: &Dynamics) -> Option<Arc<dyn NeuronModel>> {
    let Dynamics { membrane, ports, firing } = dynamics;
    let (tau_mem_ms, decay, input_scaling) =
        (membrane.tau_ms, membrane.decay, membrane.input_scaling);
    let Some(firing) = firing else {
        let is_plain = matches!(ports[..], [PortDynamics::Delta]);
        let model = LeakyIntegrator { tau_mem_ms, decay, input_scaling };
        return is_plain.then(|| Arc::new(model) as _);
    };
    let &Firing { threshold, reset, refractory_ms, holds, adaptation } = firing;
    // Without a refractory time nothing is held.
    let holds = holds || refractory_ms == 0.0;
    match (&ports[..], adaptation) {
        ([PortDynamics::Delta], None) if holds => {
            let lif = Lif::default();
            let lif =
                Lif { tau_mem_ms, threshold, decay, input_scaling, reset, refractory_ms, ..lif };
            Some(Arc::new(lif))
        }
        ([PortDynamics::Delta], Some(own)) if own.decay == decay && !firing.holds => {
            Some(Arc::new(AdaptiveLif {
                tau_mem_ms,
                threshold,
                tau_adaptation_ms: own.tau_ms,
                adaptation: own.strength,
                decay,
                input_scaling,
                reset,
                refractory_ms,
                ..AdaptiveLif::default()
            }))
        }
        (ports, None) if holds => {
            let [tau_excitatory_ms, tau_inhibitory_ms] = currents(ports, decay)?;
            Some(Arc::new(CurrentLif {
                tau_mem_ms,
                tau_excitatory_ms,
                tau_inhibitory_ms,
                threshold,
                decay,
                input_scaling,
                reset,
                refractory_ms,
                ..CurrentLif::default()
            }))
        }
        _ => None,
    }
}

/// The time constants of the currents of two ports, or of one, whose second stays unused.
fn currents(ports: &[PortDynamics], membrane: Decay) -> Option<[f64; 2]> {
    let tau = |port: &PortDynamics| match *port {
        PortDynamics::Exponential { tau_ms, decay } if decay == membrane => Some(tau_ms),
        _ => None,
    };
    match ports {
        [one] => Some([tau(one)?; 2]),
        [excitatory, inhibitory] => Some([tau(excitatory)?, tau(inhibitory)?]),
        _ => None,
    }
}

/// Gives neurons that differ from the first one their own parameters, as learned ones.
fn learn_differences(
    population: &mut Population,
    neurons: &DeployedNeurons,
    dt_ms: f64,
) -> Result<()> {
    if neurons.common().is_some() {
        return Ok(());
    }
    let of = |value: fn(&Dynamics) -> Option<f64>| -> Vec<Option<f64>> {
        (0..population.size).map(|n| value(neurons.of(n))).collect()
    };
    let values: [(&str, Vec<Option<f64>>); 6] = [
        ("tau_mem_ms", of(|own| Some(own.membrane.tau_ms))),
        ("threshold", of(|own| Some(own.firing?.threshold))),
        ("tau_adaptation_ms", of(|own| Some(own.firing?.adaptation?.tau_ms))),
        ("adaptation", of(|own| Some(own.firing?.adaptation?.strength))),
        ("tau_excitatory_ms", of(|own| port_tau(own, 0))),
        ("tau_inhibitory_ms", of(|own| port_tau(own, 1).or(port_tau(own, 0)))),
    ];
    let mut names = Vec::new();
    let mut learned = Vec::new();
    for (name, values) in values {
        if values.iter().any(|value| *value != values[0]) {
            names.push(name);
            learned.push(values);
        }
    }
    // What is left once these are alike must be shared: resets, ports, refractory times.
    let name = &population.name;
    if let Some(n) = (1..population.size)
        .find(|&n| with_parameters_of(neurons.of(0), neurons.of(n)) != *neurons.of(0))
    {
        let problem = format!(
            "population {name}: neurons 0 and {n} differ in more than time constants, thresholds \
             and adaptation, which neurons of one population share"
        );
        return Err(Error::Network(problem).into());
    }
    let mut own =
        std::mem::replace(population, Population::source("", 1)).learning(&names, dt_ms)?;
    for (parameter, values) in own.learned.iter_mut().zip(learned) {
        let values = values.into_iter().map(|value| value.unwrap_or_default() as f32);
        parameter.values = values.collect();
    }
    *population = own;
    Ok(())
}

/// `own` with the time constants, the threshold and the adaptation of `first`.
fn with_parameters_of(first: &Dynamics, own: &Dynamics) -> Dynamics {
    let mut own = own.clone();
    own.membrane.tau_ms = first.membrane.tau_ms;
    if let (Some(own), Some(first)) = (&mut own.firing, first.firing) {
        own.threshold = first.threshold;
        if let (Some(own), Some(first)) = (&mut own.adaptation, first.adaptation) {
            (own.tau_ms, own.strength) = (first.tau_ms, first.strength);
        }
    }
    for (own, first) in own.ports.iter_mut().zip(&first.ports) {
        if let (
            PortDynamics::Exponential { tau_ms, .. },
            PortDynamics::Exponential { tau_ms: first, .. },
        ) = (own, first)
        {
            *tau_ms = *first;
        }
    }
    own
}

fn port_tau(dynamics: &Dynamics, port: usize) -> Option<f64> {
    match dynamics.ports.get(port)? {
        PortDynamics::Exponential { tau_ms, .. } => Some(*tau_ms),
        PortDynamics::Delta => None,
    }
}
