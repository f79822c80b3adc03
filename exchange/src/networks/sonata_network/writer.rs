//! Writes a network as a folder of SONATA.

use crate::error::{Error, Result};
use crate::networks::deployed::{DeployedNetwork, DeployedPopulation, DeployedProjection};
use crate::networks::dynamics_words::{DynamicsWords, own_numbers};
use crate::networks::format::NetworkFormat;
use crate::networks::sonata_network::circuit_config::{CIRCUIT_CONFIG, OwnProjection, OwnWords};
use crate::networks::sonata_network::delays_ms::time_ms;
use crate::networks::sonata_network::type_table::table_text;
use crate::networks::soundness::problems;
use crate::provenance::Provenance;
use hdf5_writer::{
    AttributeBuilder, ByteOrder, DatasetBuilder, Datatype, Hdf5Builder, WriteOptions,
};
use serde_json::json;
use sim_core::{Polarity, Synapse};
use std::path::{Path, PathBuf};

/// The files of a network; of those for each population or projection, what stands before and
/// behind its number.
const NODES: &str = "nodes.h5";
const NODE_TYPES: &str = "node_types.csv";
const EDGE_TYPES: &str = "edge_types.csv";
const PARAMETERS: [&str; 2] = ["dynamics_", ".json"];
const EDGES: [&str; 2] = ["projection_", "_edges.h5"];

/// What stands in `model_template` of neurons that synfire wrote; their `dynamics_params` are the
/// words of [`sim_core::Dynamics`].
pub(super) const TEMPLATE: &str = "synfire:dynamics";
/// Id of the first type.
const FIRST_TYPE: u64 = 100;

const MAGIC: u32 = 0x0A7A;
const VERSION: [u32; 2] = [0, 1];
const FLOAT64: Datatype = Datatype::FloatingPoint { size: 8, byte_order: ByteOrder::LittleEndian };

fn unsigned(size: u8) -> Datatype {
    Datatype::FixedPoint { size, signed: false, byte_order: ByteOrder::LittleEndian }
}

/// A network as a folder of SONATA files, which libsonata and bmtk open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SonataNetwork;

impl NetworkFormat for SonataNetwork {
    fn name(&self) -> &'static str {
        "sonata-network"
    }

    fn obstacles(&self, network: &DeployedNetwork) -> Vec<String> {
        let mut obstacles = problems(network);
        let names = network.populations.iter().map(|own| (&own.name, "population"));
        let projections = network.projections.iter().map(|own| (&own.name, "projection"));
        for (name, what) in names.chain(projections) {
            let breaks = |c: char| c == '/' || c.is_control();
            if matches!(&name[..], "" | "." | ".." | "NULL" | "NONE" | "nan" | "NaN")
                || name.contains(breaks)
            {
                obstacles.push(format!(
                    "{what} {name:?} cannot name a group of an HDF5 file; give it a name that is \
                     plain text without slashes"
                ));
            }
        }
        for DeployedPopulation { name, size, neurons } in &network.populations {
            let is_mixed = neurons.as_ref().is_some_and(|own| own_numbers(own, *size).is_none());
            if is_mixed {
                obstacles.push(format!(
                    "the neurons of population {name} differ in more than numbers; split it into \
                     populations of one kind each"
                ));
            }
        }
        obstacles
    }

    fn remarks(&self, network: &DeployedNetwork) -> Vec<String> {
        let mut remarks = vec![format!(
            "the neurons have the model template {TEMPLATE}, which bmtk opens but NEST and NEURON \
             do not run"
        )];
        if network.projections.iter().flat_map(|own| &own.synapses).any(|own| own.delay_steps == 0)
        {
            remarks.push("some delays are 0 ms, which NEST does not take".into());
        }
        remarks
    }

    /// Writes into the folder `path`, which is made where it is not there. `circuit_config.json`
    /// comes last: without it there is no network in the folder.
    fn write(
        &self,
        network: &DeployedNetwork,
        provenance: &Provenance,
        path: &Path,
    ) -> Result<Vec<PathBuf>> {
        std::fs::create_dir_all(path)
            .map_err(|error| Error::file(path, format!("cannot be made: {error}")))?;
        let mut files = Vec::new();
        let mut write = |name: &str, bytes: &[u8]| -> Result<()> {
            let file = path.join(name);
            atomic_file::write(&file, bytes)?;
            files.push(file);
            Ok(())
        };
        write(NODES, &encoded(nodes(network), &path.join(NODES))?)?;
        write(NODE_TYPES, table_text(&node_types(network)).as_bytes())?;
        for (p, population) in network.populations.iter().enumerate() {
            if let Some(neurons) = &population.neurons {
                let words = DynamicsWords::from(neurons.of(0));
                let text = serde_json::to_string_pretty(&words).expect("words are plain JSON");
                write(&parameter_file(p), text.as_bytes())?;
            }
        }
        for (index, projection) in network.projections.iter().enumerate() {
            let name = edge_file(index);
            let content = edges(network, index, projection);
            write(&name, &encoded(content, &path.join(&name))?)?;
        }
        if !network.projections.is_empty() {
            write(EDGE_TYPES, table_text(&edge_types(network)).as_bytes())?;
        }
        let config = circuit_config(network, provenance);
        write(CIRCUIT_CONFIG, format!("{config:#}\n").as_bytes())?;
        Ok(files)
    }

    fn has_file(&self, name: &str) -> bool {
        let is_numbered = |[start, end]: [&str; 2]| {
            let number = name.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
            number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        };
        [NODES, NODE_TYPES, EDGE_TYPES, CIRCUIT_CONFIG].contains(&name)
            || [PARAMETERS, EDGES].into_iter().any(is_numbered)
    }
}

fn parameter_file(population: usize) -> String {
    let [start, end] = PARAMETERS;
    format!("{start}{population}{end}")
}

fn edge_file(projection: usize) -> String {
    let [start, end] = EDGES;
    format!("{start}{projection}{end}")
}

fn encoded(content: Hdf5Builder, path: &Path) -> Result<Vec<u8>> {
    let options = WriteOptions { byte_order: ByteOrder::LittleEndian, ..WriteOptions::default() };
    content
        .into_plan()
        .and_then(|plan| plan.encode(options))
        .map_err(|error| Error::file(path, format!("cannot be stored as HDF5: {error}")))
}

fn sonata_file() -> Hdf5Builder {
    let version: Vec<u8> = VERSION.iter().flat_map(|part| part.to_le_bytes()).collect();
    Hdf5Builder::new()
        .attribute(AttributeBuilder::new("magic", unsigned(4), vec![], MAGIC.to_le_bytes()))
        .attribute(AttributeBuilder::new("version", unsigned(4), vec![2], version))
}

/// A column of `count` numbers from their little-endian bytes.
fn column<const N: usize>(
    path: String,
    datatype: Datatype,
    numbers: impl ExactSizeIterator<Item = [u8; N]>,
) -> DatasetBuilder {
    let shape = vec![numbers.len() as u64];
    let mut bytes = Vec::with_capacity(N * numbers.len());
    numbers.for_each(|number| bytes.extend(number));
    DatasetBuilder::new(path, datatype, shape).raw_data(bytes)
}

fn nodes(network: &DeployedNetwork) -> Hdf5Builder {
    let mut file = sonata_file();
    for (p, population) in network.populations.iter().enumerate() {
        let DeployedPopulation { name, size, neurons } = population;
        let size = *size;
        let place = format!("nodes/{name}");
        let type_id = FIRST_TYPE + p as u64;
        let group = format!("{place}/0");
        let model = if neurons.is_none() { "virtual" } else { TEMPLATE };
        file = file
            .dataset(column(
                format!("{place}/node_type_id"),
                unsigned(8),
                (0..size).map(|_| type_id.to_le_bytes()),
            ))
            .dataset(column(
                format!("{place}/node_id"),
                unsigned(8),
                (0..size).map(|n| (n as u64).to_le_bytes()),
            ))
            .dataset(column(
                format!("{place}/node_group_id"),
                unsigned(4),
                (0..size).map(|_| [0; 4]),
            ))
            .dataset(column(
                format!("{place}/node_group_index"),
                unsigned(8),
                (0..size).map(|n| (n as u64).to_le_bytes()),
            ))
            .group_attribute(group.clone(), AttributeBuilder::fixed_string("model", model));
        let Some(neurons) = neurons else { continue };
        let own = own_numbers(neurons, size).unwrap_or_default();
        let bias = neurons.bias().chunks_exact(size).enumerate();
        let bias = bias.map(|(port, bias)| (format!("bias_{port}"), bias.to_vec()));
        for (number, values) in own.into_iter().chain(bias) {
            file = file.dataset(column(
                format!("{group}/dynamics_params/{number}"),
                FLOAT64,
                values.iter().map(|value| value.to_le_bytes()),
            ));
        }
    }
    file
}

fn node_types(network: &DeployedNetwork) -> Vec<Vec<String>> {
    let header = [
        "node_type_id",
        "population",
        "pop_name",
        "model_type",
        "model_template",
        "dynamics_params",
    ];
    let row = |(p, population): (usize, &DeployedPopulation)| {
        let [model, template, parameters] = match population.neurons {
            None => ["virtual".into(), "NULL".into(), "NULL".into()],
            Some(_) => ["point_neuron".into(), TEMPLATE.into(), parameter_file(p)],
        };
        let id = (FIRST_TYPE + p as u64).to_string();
        let name = population.name.clone();
        vec![id, name.clone(), name, model, template, parameters]
    };
    let header = header.map(str::to_owned).to_vec();
    std::iter::once(header).chain(network.populations.iter().enumerate().map(row)).collect()
}

fn edges(network: &DeployedNetwork, index: usize, projection: &DeployedProjection) -> Hdf5Builder {
    let DeployedProjection { name, source, target, synapses, .. } = projection;
    let place = format!("edges/{name}");
    let type_id = (FIRST_TYPE + index as u64) as u32;
    let dt_ms = network.dt_ms;
    let ends = |end: &str, population: usize, of: fn(&Synapse) -> u32| {
        let name = &network.populations[population].name;
        column(
            format!("{place}/{end}_node_id"),
            unsigned(8),
            synapses.iter().map(move |synapse| u64::from(of(synapse)).to_le_bytes()),
        )
        .attribute(AttributeBuilder::fixed_string("node_population", name))
    };
    let delays = synapses.iter().map(|synapse| time_ms(synapse.delay_steps, dt_ms).to_le_bytes());
    sonata_file()
        .dataset(ends("source", *source, |synapse| synapse.pre))
        .dataset(ends("target", *target, |synapse| synapse.post))
        .dataset(column(
            format!("{place}/edge_type_id"),
            unsigned(4),
            synapses.iter().map(|_| type_id.to_le_bytes()),
        ))
        .dataset(column(
            format!("{place}/edge_group_id"),
            unsigned(2),
            synapses.iter().map(|_| [0; 2]),
        ))
        .dataset(column(
            format!("{place}/edge_group_index"),
            unsigned(4),
            (0..synapses.len()).map(|edge| (edge as u32).to_le_bytes()),
        ))
        .dataset(column(
            format!("{place}/0/syn_weight"),
            FLOAT64,
            synapses.iter().map(|synapse| synapse.weight.to_le_bytes()),
        ))
        .dataset(column(format!("{place}/0/delay"), FLOAT64, delays))
}

fn edge_types(network: &DeployedNetwork) -> Vec<Vec<String>> {
    let header = ["edge_type_id", "population", "model_template", "port"];
    let row = |(index, projection): (usize, &DeployedProjection)| {
        vec![
            (FIRST_TYPE + index as u64).to_string(),
            projection.name.clone(),
            "static_synapse".into(),
            projection.port.to_string(),
        ]
    };
    let header = header.map(str::to_owned).to_vec();
    std::iter::once(header).chain(network.projections.iter().enumerate().map(row)).collect()
}

fn circuit_config(network: &DeployedNetwork, provenance: &Provenance) -> serde_json::Value {
    let name = |p: usize| network.populations[p].name.clone();
    let projection = |own: &DeployedProjection| OwnProjection {
        name: own.name.clone(),
        source: name(own.source),
        target: name(own.target),
        port: own.port,
        polarity: own.polarity.as_ref().map(|signs| {
            signs.iter().map(|sign| if *sign == Polarity::Excitatory { '+' } else { '-' }).collect()
        }),
    };
    let own = OwnWords {
        dt_ms: network.dt_ms,
        input: network.roles.input.map(name),
        output: network.roles.output.map(name),
        populations: network.populations.iter().map(|own| own.name.clone()).collect(),
        projections: network.projections.iter().map(projection).collect(),
        provenance: provenance.clone(),
    };
    let edges = (0..network.projections.len()).map(|index| {
        json!({
            "edges_file": format!("$NETWORK_DIR/{}", edge_file(index)),
            "edge_types_file": "$NETWORK_DIR/edge_types.csv",
            "populations": {&network.projections[index].name: {"type": "chemical"}},
        })
    });
    // libsonata lists only the populations that are named here.
    let node_type = |own: &DeployedPopulation| {
        let kind = if own.neurons.is_none() { "virtual" } else { "point_neuron" };
        (own.name.clone(), json!({"type": kind}))
    };
    let node_populations: serde_json::Map<_, _> =
        network.populations.iter().map(node_type).collect();
    json!({
        // Relative to this file for libsonata, to the working directory for bmtk; the variable by
        // which bmtk would name this folder is none that libsonata knows.
        "manifest": {"$NETWORK_DIR": "./"},
        "components": {"point_neuron_models_dir": "$NETWORK_DIR"},
        "networks": {
            "nodes": [{
                "nodes_file": "$NETWORK_DIR/nodes.h5",
                "node_types_file": "$NETWORK_DIR/node_types.csv",
                "populations": node_populations,
            }],
            "edges": edges.collect::<Vec<_>>(),
        },
        "synfire": own,
    })
}
