//! What must hold in every network, before it is written and after it was read.

use crate::networks::deployed::{DeployedNetwork, DeployedPopulation, DeployedProjection};
use sim_core::{Decay, Dynamics, Polarity, PortDynamics, whole_steps};
use std::collections::HashSet;

/// The first thing in each population and projection that cannot be: sizes, indices, numbers that
/// are not finite, time constants that steps of `dt_ms` cannot have.
pub(crate) fn problems(network: &DeployedNetwork) -> Vec<String> {
    let mut problems = Vec::new();
    let dt_ms = network.dt_ms;
    if !(dt_ms.is_finite() && dt_ms > 0.0) {
        return vec![format!("the time step is {dt_ms} ms, but must be above 0")];
    }
    let mut names = HashSet::new();
    for population in &network.populations {
        let name = &population.name;
        if !names.insert(name) {
            problems.push(format!("two populations are called {name}"));
        }
        if let Err(problem) = check_population(population, dt_ms) {
            problems.push(format!("population {name}: {problem}"));
        }
    }
    let mut names = HashSet::new();
    for projection in &network.projections {
        let name = &projection.name;
        if !names.insert(name) {
            problems.push(format!("two projections are called {name}"));
        }
        if let Err(problem) = check_projection(network, projection) {
            problems.push(format!("projection {name}: {problem}"));
        }
    }
    for (role, index, has) in [
        ("input", network.roles.input, "a source"),
        ("output", network.roles.output, "a population of neurons"),
    ] {
        let population = index.map(|index| network.populations.get(index));
        match population {
            Some(Some(DeployedPopulation { neurons, .. }))
                if neurons.is_none() == (role == "input") => {}
            Some(_) => problems.push(format!("the {role} must be {has} of the network")),
            None => {}
        }
    }
    problems
}

fn check_population(population: &DeployedPopulation, dt_ms: f64) -> Result<(), String> {
    if population.size == 0 || population.size > u32::MAX as usize {
        return Err(format!("has {} neurons, but must have 1 to 2^32 - 1", population.size));
    }
    let Some(neurons) = &population.neurons else { return Ok(()) };
    let differing = if neurons.common().is_some() { 1 } else { population.size };
    for n in 0..differing {
        check_dynamics(neurons.of(n), dt_ms).map_err(|problem| format!("neuron {n}: {problem}"))?;
    }
    let bias = neurons.bias();
    let inputs = neurons.ports() * population.size;
    if !bias.is_empty() && bias.len() != inputs {
        return Err(format!("has {} constant inputs, but must have {inputs}", bias.len()));
    }
    match bias.iter().position(|input| !input.is_finite()) {
        Some(n) => Err(format!("constant input {n} is {}, but must be a finite number", bias[n])),
        None => Ok(()),
    }
}

fn check_dynamics(dynamics: &Dynamics, dt_ms: f64) -> Result<(), String> {
    let plain = |error: sim_core::Error| error.to_string();
    let time = |name: &str, tau_ms: f64, decay: Decay| {
        decay.per_step(name, tau_ms, dt_ms).map(|_| ()).map_err(plain)
    };
    time("tau_mem_ms", dynamics.membrane.tau_ms, dynamics.membrane.decay)?;
    if dynamics.ports.is_empty() {
        return Err("has no port, but neurons have at least one".into());
    }
    for port in &dynamics.ports {
        if let PortDynamics::Exponential { tau_ms, decay } = *port {
            time("the time constant of a port in ms", tau_ms, decay)?;
        }
    }
    let Some(firing) = &dynamics.firing else { return Ok(()) };
    if !(firing.threshold.is_finite() && firing.threshold > 0.0) {
        return Err(format!("threshold is {}, but must be above 0", firing.threshold));
    }
    if !(firing.refractory_ms.is_finite() && firing.refractory_ms >= 0.0) {
        return Err(format!("refractory_ms is {}, but must be at least 0", firing.refractory_ms));
    }
    whole_steps("refractory_ms", firing.refractory_ms, dt_ms).map_err(plain)?;
    let Some(adaptation) = &firing.adaptation else { return Ok(()) };
    time("tau_adaptation_ms", adaptation.tau_ms, adaptation.decay)?;
    match adaptation.strength.is_finite() {
        true => Ok(()),
        false => Err(format!("adaptation is {}, but must be a finite number", adaptation.strength)),
    }
}

fn check_projection(
    network: &DeployedNetwork,
    projection: &DeployedProjection,
) -> Result<(), String> {
    let DeployedProjection { source, target, port, synapses, polarity, .. } = projection;
    let populations = (network.populations.get(*source), network.populations.get(*target));
    let (Some(source), Some(target)) = populations else {
        return Err(format!(
            "joins populations {source} and {target}, but there are {}",
            network.populations.len()
        ));
    };
    let Some(neurons) = &target.neurons else {
        return Err(format!("ends in {}, but a source takes no input", target.name));
    };
    if *port >= neurons.ports() {
        return Err(format!("ends in port {port}, but {} has {}", target.name, neurons.ports()));
    }
    if let Some(polarity) = polarity
        && polarity.len() != source.size
    {
        return Err(format!(
            "polarity has {} entries, but {} has {} neurons",
            polarity.len(),
            source.name,
            source.size
        ));
    }
    for (index, synapse) in synapses.iter().enumerate() {
        let end = |end: &str, id: u32, population: &DeployedPopulation| match id as usize {
            id if id >= population.size => Err(format!(
                "{end} of synapse {index} is {id}, but {} has {} neurons",
                population.name, population.size
            )),
            _ => Ok(()),
        };
        end("pre", synapse.pre, source)?;
        end("post", synapse.post, target)?;
        let weight = synapse.weight;
        if !weight.is_finite() {
            return Err(format!("weight of synapse {index} is {weight}, but must be finite"));
        }
        let sign = polarity.as_ref().map(|polarity| polarity[synapse.pre as usize]);
        let (wrong, allowed) = match sign {
            Some(Polarity::Excitatory) => (weight < 0.0, "at least 0"),
            Some(Polarity::Inhibitory) => (weight > 0.0, "at most 0"),
            None => (false, ""),
        };
        if wrong {
            return Err(format!(
                "weight of synapse {index} is {weight}, but must be {allowed}, since neuron {} of \
                 {} is {}",
                synapse.pre,
                source.name,
                sign.map_or("", Polarity::word)
            ));
        }
    }
    Ok(())
}
