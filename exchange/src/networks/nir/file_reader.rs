//! A graph from an HDF5 file.

use crate::error::{Error, Result};
use crate::networks::nir::graph::{Datum, Graph, Matrix, Metadata, NamedNode, Node};
use crate::networks::nir::neuron_node::{NeuronKind, NeuronNode};
use hdf5_reader::error::Error as Hdf5Error;
use hdf5_reader::group::Group;
use hdf5_reader::{Dataset, Datatype, Hdf5File, OpenOptions};
use std::cell::Cell;
use std::path::Path;

/// Deflate makes data at most this many times smaller.
const MOST_COMPRESSION: u64 = 1032;
/// Most graphs inside of each other.
const MOST_DEPTH: usize = 16;
/// The metadata that mean something to us.
const KNOWN: [&str; 11] = [
    "dt",
    "dt_ms",
    "rule",
    "tau_ms",
    "tau_syn_ms",
    "population",
    "population_index",
    "projection",
    "projection_index",
    "polarity",
    "role",
];

/// Reads the graph of a file.
///
/// # Errors
/// [`Error::Disk`]; [`Error::File`] naming node, dataset and index.
pub(super) fn read_graph(path: &Path) -> Result<Graph> {
    let length = atomic_file::open(path)?.metadata().map_or(0, |metadata| metadata.len());
    let most = usize::try_from(length.saturating_mul(MOST_COMPRESSION)).unwrap_or(usize::MAX);
    let options = OpenOptions::default().with_max_read_bytes(most).with_max_chunk_bytes(most);
    let file = Hdf5File::open_with_options(path, options).map_err(|error| {
        Error::file(path, format!("is not a readable HDF5 file ({})", innermost(&error)))
    })?;
    let reader = Reader { path, left: Cell::new(length.saturating_mul(MOST_COMPRESSION)) };
    let root = file.group("node").map_err(|error| {
        if is_absent(&error) {
            return Error::file(path, "is not a NIR file: there is no group node");
        }
        reader.damaged("the group node", &error)
    })?;
    reader.graph(&root, "", 0)
}

struct Reader<'a> {
    path: &'a Path,
    /// Bytes of numbers that the file can still hold, however well they are compressed.
    left: Cell<u64>,
}

impl Reader<'_> {
    /// The graph in a group; `prefix` names the nodes around it.
    fn graph(&self, group: &Group, prefix: &str, depth: usize) -> Result<Graph> {
        let place = if prefix.is_empty() { "the graph".into() } else { node_place(prefix) };
        if depth > MOST_DEPTH {
            let problem = format!("{place} is inside of more than {MOST_DEPTH} other graphs");
            return Err(Error::file(self.path, problem));
        }
        let kind = self.string(group, &place, "type")?;
        if kind != "NIRGraph" {
            let problem = format!("{place} is of type {kind:?}, but must be a \"NIRGraph\"");
            return Err(Error::file(self.path, problem));
        }
        self.check_datasets(group, &place, "NIRGraph", &["edges"])?;
        let nodes = group.group("nodes").map_err(|error| match is_absent(&error) {
            true => Error::file(self.path, format!("{place} has no group nodes")),
            false => self.damaged(&place, &error),
        })?;
        let nodes = nodes.groups().map_err(|error| self.damaged(&place, &error))?;
        let nodes = nodes.iter().map(|node| self.node(node, prefix, depth));
        Ok(Graph {
            nodes: nodes.collect::<Result<_>>()?,
            edges: self.edges(group, &place)?,
            metadata: self.metadata(group),
        })
    }

    fn edges(&self, group: &Group, place: &str) -> Result<Vec<(String, String)>> {
        let dataset = self.dataset(group, place, "edges")?;
        let [_, 2] = dataset.shape()[..] else {
            let problem = format!("edges of {place} must have two columns, from and to");
            return Err(Error::file(self.path, problem));
        };
        let ends = dataset
            .read_strings()
            .map_err(|error| self.damaged(&format!("dataset edges of {place}"), &error))?;
        let mut ends = ends.into_iter();
        let mut edges = Vec::new();
        while let (Some(from), Some(to)) = (ends.next(), ends.next()) {
            edges.push((from, to));
        }
        Ok(edges)
    }

    fn node(&self, group: &Group, prefix: &str, depth: usize) -> Result<NamedNode> {
        let name = group.name().rsplit('/').next().unwrap_or_default().to_owned();
        let full = format!("{prefix}{name}");
        let place = node_place(&full);
        let kind = self.string(group, &place, "type")?;
        let neurons = NeuronKind::ALL.into_iter().find(|known| known.name() == kind);
        let node = match (&kind[..], neurons) {
            (_, Some(neurons)) => {
                self.check_datasets(group, &place, &kind, neurons.parameters())?;
                Node::Neurons(self.neurons(group, &place, neurons)?)
            }
            ("NIRGraph", _) => Node::Graph(self.graph(group, &format!("{full}."), depth + 1)?),
            ("Input" | "Output", _) => {
                self.check_datasets(group, &place, &kind, &["shape"])?;
                let size = self.size(group, &place)?;
                if kind == "Input" { Node::Input(size) } else { Node::Output(size) }
            }
            ("Linear", _) => {
                self.check_datasets(group, &place, &kind, &["weight"])?;
                Node::Linear(self.matrix(group, &place, "weight")?)
            }
            ("Affine", _) => {
                self.check_datasets(group, &place, &kind, &["weight", "bias"])?;
                let weight = self.matrix(group, &place, "weight")?;
                let bias = self.vector(group, &place, "bias")?;
                self.check_length(&place, "bias", bias.len(), weight.rows, "rows of weight")?;
                Node::Affine(weight, bias)
            }
            ("Scale", _) => {
                self.check_datasets(group, &place, &kind, &["scale"])?;
                Node::Scale(self.vector(group, &place, "scale")?)
            }
            ("Delay", _) => {
                self.check_datasets(group, &place, &kind, &["delay"])?;
                Node::Delay(self.vector(group, &place, "delay")?)
            }
            _ => {
                let problem = format!(
                    "{place} is of type {kind:?}, but must be Input, Output, Linear, Affine, \
                     Scale, Delay, I, IF, LI, LIF, CubaLI, CubaLIF or NIRGraph"
                );
                return Err(Error::file(self.path, problem));
            }
        };
        Ok(NamedNode { name, node, metadata: self.metadata(group) })
    }

    fn neurons(&self, group: &Group, place: &str, kind: NeuronKind) -> Result<NeuronNode> {
        let mut values: Vec<Vec<f64>> = Vec::new();
        for &name in kind.parameters() {
            let size = values.first().map(Vec::len);
            let column = match (group.dataset(name), NeuronKind::default_of(name)) {
                (Err(error), Some(default)) if is_absent(&error) => {
                    vec![default; size.unwrap_or(0)]
                }
                _ => self.vector(group, place, name)?,
            };
            if let Some(size) = size {
                let first = format!("neurons of {}", kind.parameters()[0]);
                self.check_length(place, name, column.len(), size, &first)?;
            }
            values.push(column);
        }
        Ok(NeuronNode { kind, size: values[0].len(), values })
    }

    fn check_length(
        &self,
        place: &str,
        name: &str,
        actual: usize,
        expected: usize,
        of: &str,
    ) -> Result<()> {
        if actual == expected {
            return Ok(());
        }
        let problem = format!(
            "{place}: dataset {name} has {actual} entries, but must have {expected}, the {of}"
        );
        Err(Error::file(self.path, problem))
    }

    /// Refuses datasets that a node of this kind does not have, as `nir` does: what they say might
    /// matter.
    fn check_datasets(&self, group: &Group, place: &str, kind: &str, own: &[&str]) -> Result<()> {
        let (_, names) = group.member_names().map_err(|error| self.damaged(place, &error))?;
        match names.iter().find(|name| *name != "type" && !own.contains(&&name[..])) {
            None => Ok(()),
            Some(name) => Err(Error::file(
                self.path,
                format!("{place} has a dataset {name}, but a {kind} has only {}", own.join(", ")),
            )),
        }
    }

    fn dataset(&self, group: &Group, place: &str, name: &str) -> Result<Dataset> {
        group.dataset(name).map_err(|error| match is_absent(&error) {
            true => Error::file(self.path, format!("{place} has no dataset {name}")),
            false => self.damaged(&format!("{place}: dataset {name}"), &error),
        })
    }

    fn string(&self, group: &Group, place: &str, name: &str) -> Result<String> {
        let dataset = self.dataset(group, place, name)?;
        dataset
            .read_string()
            .map_err(|error| self.damaged(&format!("{place}: dataset {name}"), &error))
    }

    fn size(&self, group: &Group, place: &str) -> Result<usize> {
        let shape = self.vector(group, place, "shape")?;
        let is_size =
            |size: f64| (1.0..=f64::from(u32::MAX)).contains(&size) && size.fract() == 0.0;
        match shape[..] {
            [size] if is_size(size) => {
                self.take(&format!("{place}: a population of shape"), size as u64)?;
                Ok(size as usize)
            }
            _ => {
                let problem = format!(
                    "{place}: shape is {shape:?}, but must be one number, at least 1: populations \
                     have one dimension"
                );
                Err(Error::file(self.path, problem))
            }
        }
    }

    fn vector(&self, group: &Group, place: &str, name: &str) -> Result<Vec<f64>> {
        let dataset = self.dataset(group, place, name)?;
        if dataset.ndim() != 1 || dataset.shape()[0] == 0 {
            return Err(self.misshapen(place, name, &dataset, "one, and not be empty"));
        }
        self.numbers(&dataset, place, name)
    }

    fn matrix(&self, group: &Group, place: &str, name: &str) -> Result<Matrix> {
        let dataset = self.dataset(group, place, name)?;
        let &[rows, columns] = dataset.shape() else {
            return Err(self.misshapen(place, name, &dataset, "two, outputs and inputs"));
        };
        if rows == 0 || columns == 0 {
            return Err(self.misshapen(place, name, &dataset, "two, and not be empty"));
        }
        let values = self.numbers(&dataset, place, name)?;
        Ok(Matrix { rows: rows as usize, columns: columns as usize, values })
    }

    fn misshapen(&self, place: &str, name: &str, dataset: &Dataset, expected: &str) -> Error {
        let shape = dataset.shape();
        let problem = format!(
            "{place}: dataset {name} has {} dimensions, {shape:?}, but must have {expected}",
            shape.len()
        );
        Error::file(self.path, problem)
    }

    /// Finite numbers of any common type.
    fn numbers(&self, dataset: &Dataset, place: &str, name: &str) -> Result<Vec<f64>> {
        let count = dataset.shape().iter().fold(1, |count: u64, size| count.saturating_mul(*size));
        self.take(&format!("{place}: dataset {name} of shape"), count)?;
        let numbers = plain_numbers(dataset)
            .map_err(|error| self.damaged(&format!("{place}: dataset {name}"), &error))?;
        let Some(numbers) = numbers else {
            let problem = format!("{place}: dataset {name} must hold numbers of 8 to 64 bits");
            return Err(Error::file(self.path, problem));
        };
        let Some(index) = numbers.iter().position(|number| !number.is_finite()) else {
            return Ok(numbers);
        };
        let index_text = match dataset.shape() {
            [_, columns] => format!("[{}, {}]", index as u64 / columns, index as u64 % columns),
            _ => index.to_string(),
        };
        let problem = format!(
            "{place}: dataset {name} at index {index_text} is {}, but must be finite",
            numbers[index]
        );
        Err(Error::file(self.path, problem))
    }

    /// Refuses more numbers than the file can hold: what is not stored costs a file nothing, but
    /// would take our memory.
    fn take(&self, what: &str, count: u64) -> Result<()> {
        // A number may have a single byte in the file.
        let Some(left) = self.left.get().checked_sub(count) else {
            let problem = format!("{what} {count} has more numbers than a file of this size holds");
            return Err(Error::file(self.path, problem));
        };
        self.left.set(left);
        Ok(())
    }

    /// The metadata that mean something to us; what cannot be read of them means nothing.
    fn metadata(&self, group: &Group) -> Metadata {
        let Ok(group) = group.group("metadata") else { return Metadata::default() };
        let datum = |name: &str| {
            let dataset = group.dataset(name).ok()?;
            if let Ok(text) = dataset.read_string() {
                return Some(Datum::Text(text));
            }
            let numbers = plain_numbers(&dataset).ok()??;
            match (dataset.ndim(), &numbers[..], dataset.dtype()) {
                (0, [number], Datatype::FixedPoint { .. }) => Some(Datum::Integer(*number as i64)),
                (0, [number], _) => Some(Datum::Number(*number)),
                (1, ..) => Some(Datum::Numbers(numbers)),
                _ => None,
            }
        };
        KNOWN.into_iter().fold(Metadata::default(), |metadata, name| match datum(name) {
            Some(datum) => metadata.with(name, datum),
            None => metadata,
        })
    }

    fn damaged(&self, place: &str, error: &Hdf5Error) -> Error {
        let why = innermost(error);
        let problem = format!("{place} cannot be decoded, the file may be damaged ({why})");
        Error::file(self.path, problem)
    }
}

fn node_place(name: &str) -> String {
    format!("node {}", name.trim_end_matches('.'))
}

/// The numbers of a dataset; none if it holds something else.
fn plain_numbers(dataset: &Dataset) -> std::result::Result<Option<Vec<f64>>, Hdf5Error> {
    let (size, read): (usize, fn(&[u8]) -> f64) = match dataset.dtype() {
        Datatype::FloatingPoint { size: 8, .. } => {
            (8, |bytes| f64::from_ne_bytes(bytes.try_into().unwrap_or_default()))
        }
        Datatype::FloatingPoint { size: 4, .. } => {
            (4, |bytes| f64::from(f32::from_ne_bytes(bytes.try_into().unwrap_or_default())))
        }
        Datatype::FixedPoint { size, signed, .. } => match (size, signed) {
            (1, true) => (1, |bytes| f64::from(bytes[0] as i8)),
            (1, false) => (1, |bytes| f64::from(bytes[0])),
            (2, true) => {
                (2, |bytes| f64::from(i16::from_ne_bytes(bytes.try_into().unwrap_or_default())))
            }
            (2, false) => {
                (2, |bytes| f64::from(u16::from_ne_bytes(bytes.try_into().unwrap_or_default())))
            }
            (4, true) => {
                (4, |bytes| f64::from(i32::from_ne_bytes(bytes.try_into().unwrap_or_default())))
            }
            (4, false) => {
                (4, |bytes| f64::from(u32::from_ne_bytes(bytes.try_into().unwrap_or_default())))
            }
            (8, true) => {
                (8, |bytes| i64::from_ne_bytes(bytes.try_into().unwrap_or_default()) as f64)
            }
            (8, false) => {
                (8, |bytes| u64::from_ne_bytes(bytes.try_into().unwrap_or_default()) as f64)
            }
            _ => return Ok(None),
        },
        _ => return Ok(None),
    };
    Ok(Some(dataset.read_native_bytes()?.chunks_exact(size).map(read).collect()))
}

fn is_absent(error: &Hdf5Error) -> bool {
    match error {
        Hdf5Error::Context { source, .. } => is_absent(source),
        Hdf5Error::DatasetNotFound(_) | Hdf5Error::GroupNotFound(_) => true,
        _ => false,
    }
}

fn innermost(error: &Hdf5Error) -> &Hdf5Error {
    match error {
        Hdf5Error::Context { source, .. } => innermost(source),
        other => other,
    }
}
