//! Reads populations of edges; one becomes a projection for each pair of populations, and port,
//! that its edges join.

use crate::error::{Error, Result};
use crate::networks::deployed::DeployedProjection;
use crate::networks::sonata_network::circuit_config::CircuitConfig;
use crate::networks::sonata_network::h5_file::H5File;
use crate::networks::sonata_network::members::Members;
use crate::networks::sonata_network::nodes::{Nodes, Places, read_parameters};
use crate::networks::sonata_network::type_table::TypeTable;
use sim_core::{Synapse, whole_steps};
use std::collections::BTreeSet;
use std::path::Path;

/// Reads all files of edges, in their order. A projection has the name of its edges' population;
/// several may have the same.
pub(super) fn read_edges(
    config: &CircuitConfig,
    nodes: &Nodes,
    dt_ms: f64,
) -> Result<Vec<DeployedProjection>> {
    let mut projections = Vec::new();
    for (path, types) in &config.edges {
        let file = H5File::open(path)?;
        let types = TypeTable::read(types, "edge_type_id")?;
        for name in file.groups("edges")? {
            let edges = Edges { file: &file, types: &types, nodes, config, dt_ms };
            projections.extend(edges.projections(&name)?);
        }
    }
    Ok(projections)
}

/// A population of edges.
struct Edges<'a> {
    file: &'a H5File<'a>,
    types: &'a TypeTable,
    nodes: &'a Nodes,
    config: &'a CircuitConfig,
    dt_ms: f64,
}

impl Edges<'_> {
    fn projections(&self, name: &str) -> Result<Vec<DeployedProjection>> {
        let place = format!("edges/{name}");
        let members = Members::read(self.file, &place, "edge")?;
        let (source, sources) = self.ends(&members, &place, "source")?;
        let (target, targets) = self.ends(&members, &place, "target")?;
        let distinct: BTreeSet<u64> = members.types.iter().copied().collect();
        let mut ports: Vec<(u64, usize)> = Vec::new();
        for type_id in distinct {
            ports.push((type_id, self.port(type_id)?));
        }
        let needed = |attribute: &str| {
            let values = members.attribute("", attribute, Some(self.types))?;
            match values.iter().position(Option::is_none) {
                None => Ok(values.into_iter().flatten().collect::<Vec<f64>>()),
                Some(edge) => Err(self.file.problem(format!(
                    "edge {edge} of {place} has no {attribute}, neither itself nor by its type"
                ))),
            }
        };
        let (weights, delays) = (needed("syn_weight")?, needed("delay")?);
        let synapses_each = members.attribute("", "nsyns", Some(self.types))?;
        let mut projections: Vec<DeployedProjection> = Vec::new();
        for edge in 0..members.types.len() {
            let end = |end: &str, id: u64, places: &Places| {
                let place_of = usize::try_from(id).ok().and_then(|id| places.get(id));
                place_of.copied().ok_or_else(|| {
                    self.file.problem(format!(
                        "{place}/{end}_node_id at index {edge} is {id}, but there are {} nodes",
                        places.len()
                    ))
                })
            };
            let (pre_population, pre) = end("source", source[edge], sources)?;
            let (post_population, post) = end("target", target[edge], targets)?;
            let postsynaptic = &self.nodes.populations[post_population];
            let factors = &postsynaptic.weight_factor;
            let factor = *factors.get(post as usize).unwrap_or(&factors[0]);
            let weight = weights[edge] * synapses_each[edge].unwrap_or(1.0) * factor;
            let delay_steps = whole_steps("delay", delays[edge], self.dt_ms)
                .map_err(|error| self.file.problem(format!("edge {edge} of {place}: {error}")))?;
            let by_type = ports.iter().find(|(own, _)| *own == members.types[edge]);
            let port = match postsynaptic.ports_by_sign {
                true => usize::from(weight < 0.0),
                false => by_type.map_or(0, |(_, port)| *port),
            };
            let synapse = Synapse { pre, post, weight, delay_steps };
            let ends = (pre_population, post_population, port);
            match projections.iter_mut().find(|own| (own.source, own.target, own.port) == ends) {
                Some(projection) => projection.synapses.push(synapse),
                None => projections.push(DeployedProjection {
                    name: name.to_owned(),
                    source: pre_population,
                    target: post_population,
                    port,
                    synapses: vec![synapse],
                    polarity: None,
                }),
            }
        }
        Ok(projections)
    }

    /// The node ids at one end, and where the nodes of its population went.
    fn ends(&self, members: &Members, place: &str, end: &str) -> Result<(Vec<u64>, &Places)> {
        let column = format!("{end}_node_id");
        let ids = members
            .column(&column)?
            .ok_or_else(|| self.file.problem(format!("{place}/{column} is missing")))?;
        let population = self.file.text(place, &column, "node_population").ok_or_else(|| {
            self.file.problem(format!("{place}/{column} has no attribute node_population"))
        })?;
        let places = self.nodes.places.get(&population).ok_or_else(|| {
            self.file.problem(format!(
                "{place}/{column} belongs to the population {population}, which no file of nodes \
                 has"
            ))
        })?;
        Ok((ids, places))
    }

    /// The port in which edges of a type end; its other words are checked.
    fn port(&self, type_id: u64) -> Result<usize> {
        let problem = |problem: String| {
            Error::file(&self.types.path, format!("edge type {type_id}: {problem}"))
        };
        let text = |column: &str| self.types.get(type_id, column);
        match text("model_template")? {
            None | Some("static_synapse" | "nest:static_synapse") => {}
            Some(other) => {
                return Err(problem(format!(
                    "the model template {other:?} is not known; static_synapse can be read"
                )));
            }
        }
        if let Some(function) = text("weight_function")? {
            return Err(problem(format!(
                "weights are changed by the Python function {function:?}; build the network with \
                 the weights that it gives"
            )));
        }
        if let Some(name) = text("dynamics_params")? {
            let Some(folder) = &self.config.synapse_models else {
                return Err(Error::file(
                    &self.config.path,
                    format!("names no components.synaptic_models_dir, where {name} would be"),
                ));
            };
            let path: &Path = &folder.join(name);
            if let Some(unknown) = read_parameters(path)?.keys().next() {
                let problem =
                    format!("{unknown} is a parameter that static synapses here do not have");
                return Err(Error::file(path, problem));
            }
        }
        match text("port")? {
            None => Ok(0),
            Some(port) => port
                .parse()
                .map_err(|_| problem(format!("port is {port:?}, but must be a whole number"))),
        }
    }
}
