//! A graph as an HDF5 file.

use crate::error::{Error, Result};
use crate::networks::nir::graph::{Datum, Graph, Matrix, Metadata, Node};
use atomic_file::AtomicFile;
use hdf5_writer::{
    ByteOrder, DatasetBuilder, Datatype, FILTER_DEFLATE, FilterDescription, Hdf5Builder,
    WriteOptions,
};
use std::path::Path;

/// Version of `nir` whose layout files have.
const LAYOUT_VERSION: &str = "1.0.8";
/// Arrays with more numbers are cut into chunks and compressed.
const MOST_PLAIN: usize = 1024;
/// Most numbers in a chunk.
const CHUNK: usize = 1 << 17;
const DEFLATE_LEVEL: u32 = 6;

const FLOAT64: Datatype = Datatype::FloatingPoint { size: 8, byte_order: ByteOrder::LittleEndian };
const INT32: Datatype =
    Datatype::FixedPoint { size: 4, signed: true, byte_order: ByteOrder::LittleEndian };
const INT64: Datatype =
    Datatype::FixedPoint { size: 8, signed: true, byte_order: ByteOrder::LittleEndian };

/// Writes a graph to `path`: the whole file, or none.
///
/// # Errors
/// [`Error::Disk`]; [`Error::File`] when the graph cannot be stored as HDF5.
pub(super) fn write_graph(graph: Graph, path: &Path) -> Result<()> {
    let mut file = AtomicFile::create(path)?;
    let stored = |error: hdf5_writer::Error| {
        Error::file(path, format!("the graph cannot be stored as HDF5: {error}"))
    };
    let mut datasets = Datasets(Vec::new());
    datasets.text("version".into(), LAYOUT_VERSION).map_err(stored)?;
    datasets.graph("node", graph).map_err(stored)?;
    let content = datasets.0.into_iter().fold(Hdf5Builder::new(), Hdf5Builder::dataset);
    let options = WriteOptions { byte_order: ByteOrder::LittleEndian, ..WriteOptions::default() };
    let bytes = content.into_plan().and_then(|plan| plan.encode(options)).map_err(stored)?;
    file.write(&bytes)?;
    Ok(file.finish()?)
}

/// The datasets of a file.
struct Datasets(Vec<DatasetBuilder>);

impl Datasets {
    fn graph(&mut self, path: &str, graph: Graph) -> hdf5_writer::Result<()> {
        self.text(format!("{path}/type"), "NIRGraph")?;
        let ends: Vec<&str> =
            graph.edges.iter().flat_map(|(from, to)| [&from[..], &to[..]]).collect();
        let shape = vec![graph.edges.len() as u64, 2];
        self.0.push(DatasetBuilder::vlen_string_data(format!("{path}/edges"), shape, &ends)?);
        self.metadata(path, graph.metadata)?;
        for named in graph.nodes {
            let path = format!("{path}/nodes/{}", named.name);
            let kind = named.node.kind();
            if let Node::Graph(graph) = named.node {
                self.graph(&path, graph)?;
            } else {
                self.text(format!("{path}/type"), kind)?;
                self.parameters(&path, named.node);
            }
            self.metadata(&path, named.metadata)?;
        }
        Ok(())
    }

    fn parameters(&mut self, path: &str, node: Node) {
        match node {
            Node::Input(size) | Node::Output(size) => {
                let bytes = (size as i64).to_le_bytes().to_vec();
                self.array(format!("{path}/shape"), INT64, vec![1], bytes);
            }
            Node::Linear(weight) => self.matrix(format!("{path}/weight"), &weight),
            Node::Affine(weight, bias) => {
                self.matrix(format!("{path}/weight"), &weight);
                self.numbers(format!("{path}/bias"), &bias);
            }
            Node::Scale(scale) => self.numbers(format!("{path}/scale"), &scale),
            Node::Delay(delay) => self.numbers(format!("{path}/delay"), &delay),
            Node::Neurons(neurons) => {
                for (name, values) in neurons.kind.parameters().iter().zip(&neurons.values) {
                    self.numbers(format!("{path}/{name}"), values);
                }
            }
            Node::Graph(_) => {}
        }
    }

    fn metadata(&mut self, path: &str, metadata: Metadata) -> hdf5_writer::Result<()> {
        for (name, datum) in metadata.0 {
            let path = format!("{path}/metadata/{name}");
            match datum {
                Datum::Text(text) => self.text(path, &text)?,
                Datum::Number(number) => {
                    self.array(path, FLOAT64, vec![], number.to_le_bytes().to_vec());
                }
                Datum::Integer(number) => {
                    self.array(path, INT64, vec![], number.to_le_bytes().to_vec());
                }
                Datum::Numbers(numbers) => self.numbers(path, &numbers),
                Datum::Table(matrix) => self.matrix(path, &matrix),
                Datum::Integers(rows, columns, entries) => {
                    let bytes = entries.iter().flat_map(|entry| entry.to_le_bytes()).collect();
                    self.array(path, INT32, vec![rows, columns], bytes);
                }
            }
        }
        Ok(())
    }

    fn text(&mut self, path: String, text: &str) -> hdf5_writer::Result<()> {
        self.0.push(DatasetBuilder::vlen_string_data(path, vec![], &[text])?);
        Ok(())
    }

    fn numbers(&mut self, path: String, numbers: &[f64]) {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.array(path, FLOAT64, vec![numbers.len()], bytes);
    }

    fn matrix(&mut self, path: String, matrix: &Matrix) {
        let bytes = matrix.values.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.array(path, FLOAT64, vec![matrix.rows, matrix.columns], bytes);
    }

    fn array(&mut self, path: String, datatype: Datatype, shape: Vec<usize>, bytes: Vec<u8>) {
        let wide = |sizes: &[usize]| sizes.iter().map(|&size| size as u64).collect::<Vec<u64>>();
        let mut dataset = DatasetBuilder::new(path, datatype, wide(&shape)).raw_data(bytes);
        if shape.iter().product::<usize>() > MOST_PLAIN {
            let columns = shape.get(1).copied().unwrap_or(1).clamp(1, CHUNK);
            let rows = shape[0].clamp(1, CHUNK / columns);
            let chunk = if shape.len() == 2 { vec![rows, columns] } else { vec![rows] };
            let deflate = FilterDescription {
                id: FILTER_DEFLATE,
                name: None,
                client_data: vec![DEFLATE_LEVEL],
            };
            dataset = dataset.chunked(wide(&chunk)).filter(deflate);
        }
        self.0.push(dataset);
    }
}
