//! Reads a network that synfire wrote, or bmtk.

use crate::error::{Error, Result};
use crate::networks::deployed::{DeployedNetwork, DeployedPopulation, DeployedProjection};
use crate::networks::sonata_network::circuit_config::{CircuitConfig, OwnProjection, OwnWords};
use crate::networks::sonata_network::edges::read_edges;
use crate::networks::sonata_network::nodes::Nodes;
use crate::networks::soundness::problems;
use sim_core::{Polarity, Roles};
use std::path::Path;

/// Reads a network from its `circuit_config.json`, or the folder that has one.
///
/// What synfire wrote comes back bit by bit. Of other networks, `dt_ms` is the time step: SONATA
/// has none, and delays must be whole numbers of steps. A population with several node types
/// becomes one population `NAME.POP_NAME` for each type; nodes keep the order of their ids.
///
/// # Errors
/// [`Error::Disk`]; [`Error::File`] naming file, dataset and index, or the type: a model type,
/// template or parameter without counterpart, a delay between two steps, a missing `dt_ms`, one
/// that is not what synfire wrote.
pub fn read_sonata_network(path: impl AsRef<Path>, dt_ms: Option<f64>) -> Result<DeployedNetwork> {
    let config = CircuitConfig::read(path.as_ref())?;
    let problem = |problem: String| Error::file(&config.path, problem);
    let dt_ms = match (&config.own, dt_ms) {
        (Some(own), Some(given)) if own.dt_ms != given => {
            return Err(problem(format!(
                "the network was written for steps of {} ms, but {given} ms are asked for",
                own.dt_ms
            )));
        }
        (Some(own), _) => own.dt_ms,
        (None, Some(given)) => given,
        (None, None) => {
            return Err(problem("SONATA has no time step: give the one to simulate with".into()));
        }
    };
    if !(dt_ms.is_finite() && dt_ms > 0.0) {
        return Err(problem(format!("the time step is {dt_ms} ms, but must be above 0")));
    }
    let nodes = Nodes::read(&config, dt_ms)?;
    let projections = read_edges(&config, &nodes, dt_ms)?;
    let populations = nodes.populations.into_iter().map(|own| own.population).collect();
    let mut network = DeployedNetwork { dt_ms, populations, projections, roles: Roles::default() };
    match &config.own {
        Some(own) => network = with_own_words(network, own).map_err(problem)?,
        None => name_by_ends(&mut network),
    }
    match problems(&network).into_iter().next() {
        Some(first) => Err(problem(first)),
        None => Ok(network),
    }
}

/// Names projections as those of [`sim_core::Network`]: `source->target`, and `source->target#2` of
/// the second one between the same populations.
fn name_by_ends(network: &mut DeployedNetwork) {
    let ends = |own: &DeployedProjection| (own.source, own.target);
    for index in 0..network.projections.len() {
        let own = ends(&network.projections[index]);
        let number =
            network.projections[..=index].iter().filter(|other| ends(other) == own).count();
        let [source, target] = [own.0, own.1].map(|p| &network.populations[p].name);
        network.projections[index].name = match number {
            1 => format!("{source}->{target}"),
            _ => format!("{source}->{target}#{number}"),
        };
    }
}

/// The same network in the order in which synfire had it, with what the format has no words for.
fn with_own_words(
    network: DeployedNetwork,
    own: &OwnWords,
) -> std::result::Result<DeployedNetwork, String> {
    let mut left: Vec<_> = network.populations.into_iter().map(Some).collect();
    let mut populations = Vec::new();
    let mut moved = vec![0; left.len()];
    for name in &own.populations {
        let is_it = |population: &Option<_>| {
            population.as_ref().is_some_and(|own: &DeployedPopulation| own.name == *name)
        };
        let index = left.iter().position(is_it).ok_or_else(|| {
            format!("synfire names the population {name}, which no file of nodes has")
        })?;
        moved[index] = populations.len();
        populations.extend(left[index].take());
    }
    if let Some(extra) = left.into_iter().flatten().next() {
        return Err(format!("the population {} is none that synfire names", extra.name));
    }
    let index = |name: &str| {
        let index = own.populations.iter().position(|other| other == name);
        index.ok_or_else(|| format!("synfire names the population {name}, which there is not"))
    };
    let mut read: Vec<DeployedProjection> = network
        .projections
        .into_iter()
        .map(|own| DeployedProjection {
            source: moved[own.source],
            target: moved[own.target],
            ..own
        })
        .collect();
    let mut projections = Vec::new();
    for OwnProjection { name, source, target, port, polarity } in &own.projections {
        let (source, target) = (index(source)?, index(target)?);
        // One without synapses has left no trace in its file.
        let found = read.iter().position(|own| own.name == *name);
        let found = found.map(|found| read.remove(found));
        if found
            .as_ref()
            .is_some_and(|own| (own.source, own.target, own.port) != (source, target, *port))
        {
            return Err(format!("the edges of {name} do not join what synfire says they join"));
        }
        let synapses = found.map(|found| found.synapses).unwrap_or_default();
        let polarity = polarity.as_deref().map(signs).transpose()?;
        let name = name.clone();
        projections.push(DeployedProjection {
            name,
            source,
            target,
            port: *port,
            synapses,
            polarity,
        });
    }
    if let Some(extra) = read.first() {
        return Err(format!("the projection {} is none that synfire names", extra.name));
    }
    let role = |name: &Option<String>| name.as_deref().map(index).transpose();
    let roles = Roles { input: role(&own.input)?, output: role(&own.output)? };
    Ok(DeployedNetwork { dt_ms: network.dt_ms, populations, projections, roles })
}

fn signs(text: &str) -> std::result::Result<Vec<Polarity>, String> {
    let sign = |sign| match sign {
        '+' => Ok(Polarity::Excitatory),
        '-' => Ok(Polarity::Inhibitory),
        other => Err(format!("a polarity holds {other:?}, but must hold + and - only")),
    };
    text.chars().map(sign).collect()
}
