//! Reads populations of nodes; one that has several types becomes one population for each type.

use crate::error::{Error, Result};
use crate::networks::deployed::{DeployedNeurons, DeployedPopulation};
use crate::networks::dynamics_words::{DynamicsWords, with_own_numbers};
use crate::networks::sonata_network::circuit_config::CircuitConfig;
use crate::networks::sonata_network::h5_file::H5File;
use crate::networks::sonata_network::members::Members;
use crate::networks::sonata_network::nest_templates::nest_neuron;
use crate::networks::sonata_network::type_table::TypeTable;
use crate::networks::sonata_network::writer::TEMPLATE;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

/// A population of nodes of one type, and how weights that end in it become ours.
pub(super) struct NodePopulation {
    pub population: DeployedPopulation,
    /// By what the weights are multiplied: one entry for all, or one per neuron.
    pub weight_factor: Vec<f64>,
    /// Whether weights of at least 0 end in port 0 and others in port 1.
    pub ports_by_sign: bool,
}

/// Where the nodes of a SONATA population went: population and neuron of each node id.
pub(super) type Places = Vec<(usize, u32)>;

/// All populations of the network.
#[derive(Default)]
pub(super) struct Nodes {
    pub populations: Vec<NodePopulation>,
    pub places: BTreeMap<String, Places>,
}

impl Nodes {
    /// Reads all files of nodes.
    pub fn read(config: &CircuitConfig, dt_ms: f64) -> Result<Self> {
        let mut nodes = Self::default();
        for (file, types) in &config.nodes {
            let file = H5File::open(file)?;
            let types = TypeTable::read(types, "node_type_id")?;
            for name in file.groups("nodes")? {
                if nodes.places.contains_key(&name) {
                    return Err(file.problem(format!("nodes/{name} is in another file, too")));
                }
                nodes.add(&file, &types, &name, config, dt_ms)?;
            }
        }
        Ok(nodes)
    }

    fn add(
        &mut self,
        file: &H5File<'_>,
        types: &TypeTable,
        name: &str,
        config: &CircuitConfig,
        dt_ms: f64,
    ) -> Result<()> {
        let place = format!("nodes/{name}");
        let members = Members::read(file, &place, "node")?;
        let count = members.types.len();
        let rows = rows_by_id(file, &place, members.column("node_id")?, count)?;
        let distinct: BTreeSet<u64> = members.types.iter().copied().collect();
        let own = members.attributes("/dynamics_params")?;
        let own: Vec<(String, Vec<Option<f64>>)> = own
            .into_iter()
            .map(|number| {
                let values = members.attribute("/dynamics_params", &number, None)?;
                Ok((number, values))
            })
            .collect::<Result<_>>()?;
        let mut places: Places = vec![(0, 0); count];
        let short = |id: &u64| types.get(*id, "pop_name").map(|name| name.map(str::to_owned));
        let short: Vec<Option<String>> = distinct.iter().map(short).collect::<Result<_>>()?;
        for (index, type_id) in distinct.iter().enumerate() {
            let of_type: Vec<usize> =
                rows.iter().copied().filter(|&row| members.types[row] == *type_id).collect();
            let is_own_name = short[index].is_some()
                && short.iter().filter(|other| **other == short[index]).count() == 1;
            let full = match (&short[index], distinct.len()) {
                (_, 1) => name.to_owned(),
                (Some(short), _) if is_own_name => format!("{name}.{short}"),
                _ => format!("{name}.{type_id}"),
            };
            let own: Vec<(&str, Vec<Option<f64>>)> = own
                .iter()
                .map(|(number, values)| {
                    (&number[..], of_type.iter().map(|&row| values[row]).collect())
                })
                .collect();
            let about = |problem: String| file.problem(format!("population {full}: {problem}"));
            let kind = NodeType { types, type_id: *type_id, config };
            let mut population = kind.population(&own, of_type.len(), dt_ms, &about)?;
            population.population.name = full.clone();
            let here = self.populations.len();
            let mut next = 0;
            for (id, row) in rows.iter().enumerate() {
                if members.types[*row] == *type_id {
                    places[id] = (here, next);
                    next += 1;
                }
            }
            self.populations.push(population);
        }
        self.places.insert(name.to_owned(), places);
        Ok(())
    }
}

/// The row of each node id.
fn rows_by_id(
    file: &H5File<'_>,
    place: &str,
    ids: Option<Vec<u64>>,
    count: usize,
) -> Result<Vec<usize>> {
    let Some(ids) = ids else { return Ok((0..count).collect()) };
    let mut rows = vec![usize::MAX; count];
    for (row, id) in ids.into_iter().enumerate() {
        let place_of = usize::try_from(id).ok().and_then(|id| rows.get_mut(id));
        match place_of {
            Some(free) if *free == usize::MAX => *free = row,
            Some(_) => {
                return Err(
                    file.problem(format!("{place}/node_id at index {row} is {id} once more"))
                );
            }
            None => {
                return Err(file.problem(format!(
                    "{place}/node_id at index {row} is {id}, but must be below {count}, the number \
                     of nodes"
                )));
            }
        }
    }
    Ok(rows)
}

/// A row of the table of node types.
struct NodeType<'a> {
    types: &'a TypeTable,
    type_id: u64,
    config: &'a CircuitConfig,
}

impl NodeType<'_> {
    fn population(
        &self,
        own: &[(&str, Vec<Option<f64>>)],
        size: usize,
        dt_ms: f64,
        about: &dyn Fn(String) -> Error,
    ) -> Result<NodePopulation> {
        let text = |column: &str| self.types.get(self.type_id, column);
        let bare = |neurons: Option<DeployedNeurons>| NodePopulation {
            population: DeployedPopulation { name: String::new(), size, neurons },
            weight_factor: vec![1.0],
            ports_by_sign: false,
        };
        match text("model_type")? {
            Some("virtual") => return Ok(bare(None)),
            Some("point_neuron" | "point_process") => {}
            other => {
                return Err(about(format!(
                    "the model type {:?} cannot be run, but point_neuron and virtual can",
                    other.unwrap_or("NULL")
                )));
            }
        }
        let template = text("model_template")?.unwrap_or("NULL");
        let parameters = self.parameters()?;
        let missing = |number: &str| about(format!("not every node has its own {number}"));
        if template == TEMPLATE {
            let words: DynamicsWords = serde_json::from_value(Value::Object(parameters))
                .map_err(|error| about(format!("its dynamics_params cannot be read ({error})")))?;
            let whole = |(number, values): &(&str, Vec<Option<f64>>)| {
                let values = values.iter().copied().collect::<Option<Vec<f64>>>();
                Ok(((*number).to_owned(), values.ok_or_else(|| missing(number))?))
            };
            let own = own.iter().map(whole).collect::<Result<Vec<_>>>()?;
            let (bias, own): (Vec<_>, Vec<_>) =
                own.into_iter().partition(|(number, _)| number.starts_with("bias_"));
            let neurons = with_own_numbers(words.into(), size, &own).map_err(about)?;
            let ports = neurons.ports();
            let mut inputs = Vec::new();
            let given = if bias.is_empty() { 0 } else { ports };
            for port in 0..given {
                let name = format!("bias_{port}");
                let values = bias.iter().find(|(number, _)| *number == name);
                let values = values.ok_or_else(|| about(format!("{name} is missing")))?;
                inputs.extend(&values.1);
            }
            if bias.len() > ports {
                return Err(about(format!(
                    "has {} constant inputs, but {ports} ports",
                    bias.len()
                )));
            }
            return Ok(bare(Some(neurons.with_bias(inputs))));
        }
        let of_node = |n: usize| {
            let mut parameters = parameters.clone();
            for (number, values) in own {
                if let Some(value) = values[n] {
                    parameters.insert((*number).to_owned(), json!(value));
                }
            }
            nest_neuron(template, &parameters, dt_ms).map_err(about)
        };
        let differing = if own.is_empty() { 1 } else { size };
        let neurons = (0..differing).map(of_node).collect::<Result<Vec<_>>>()?;
        let ports_by_sign = neurons[0].dynamics.ports.len() == 2;
        let bias: Vec<f64> =
            (0..size).map(|n| neurons.get(n).unwrap_or(&neurons[0]).bias).collect();
        let weight_factor = neurons.iter().map(|neuron| neuron.weight_factor).collect();
        let deployed =
            DeployedNeurons::each(neurons.into_iter().map(|neuron| neuron.dynamics).collect());
        let deployed = if ports_by_sign { deployed } else { deployed.with_bias(bias) };
        Ok(NodePopulation { weight_factor, ports_by_sign, ..bare(Some(deployed)) })
    }

    /// The parameters in the file that the type names; none where it names none.
    fn parameters(&self) -> Result<Map<String, Value>> {
        let Some(name) = self.types.get(self.type_id, "dynamics_params")? else {
            return Ok(Map::new());
        };
        let Some(folder) = &self.config.neuron_models else {
            return Err(Error::file(
                &self.config.path,
                format!("names no components.point_neuron_models_dir, where {name} would be"),
            ));
        };
        read_parameters(&folder.join(name))
    }
}

/// Parameters by name from a JSON file.
pub(super) fn read_parameters(path: &Path) -> Result<Map<String, Value>> {
    let mut text = String::new();
    atomic_file::open(path)?
        .read_to_string(&mut text)
        .map_err(|error| Error::file(path, format!("cannot be read as text: {error}")))?;
    match serde_json::from_str(&text) {
        Ok(Value::Object(parameters)) => Ok(parameters),
        Ok(_) => Err(Error::file(path, "must hold parameters by name")),
        Err(error) => Err(Error::file(path, format!("is not JSON ({error})"))),
    }
}
