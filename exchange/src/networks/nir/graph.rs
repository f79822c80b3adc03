//! A NIR graph in memory: what its file holds, node by node.

use crate::networks::nir::neuron_node::NeuronNode;

/// A graph of named nodes; edges join them by name, in the order of the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Graph {
    pub nodes: Vec<NamedNode>,
    pub edges: Vec<(String, String)>,
    pub metadata: Metadata,
}

/// A node with what its file says beside it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NamedNode {
    pub name: String,
    pub node: Node,
    pub metadata: Metadata,
}

/// A node of a graph.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// Numbers that enter the graph.
    Input(usize),
    /// Numbers that leave it.
    Output(usize),
    /// `y = W x`
    Linear(Matrix),
    /// `y = W x + b`
    Affine(Matrix, Vec<f64>),
    /// `y_i = s_i x_i`
    Scale(Vec<f64>),
    /// `y_i(t) = x_i(t - delay_i)`, delays in seconds.
    Delay(Vec<f64>),
    /// Neurons or integrators.
    Neurons(NeuronNode),
    /// A graph in the graph.
    Graph(Graph),
}

/// A matrix, rows first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Matrix {
    pub rows: usize,
    pub columns: usize,
    /// `[rows][columns]`
    pub values: Vec<f64>,
}

/// What stands beside a node or a graph, by name; no reader has to know it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Metadata(pub Vec<(String, Datum)>);

/// One entry of the metadata.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Datum {
    Text(String),
    Number(f64),
    Integer(i64),
    /// `[entry]`
    Numbers(Vec<f64>),
    /// `[row][column]`
    Table(Matrix),
    /// `[row][column]`: rows, columns, entries.
    Integers(usize, usize, Vec<i32>),
}

impl Node {
    /// The name of its class in NIR.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Input(_) => "Input",
            Self::Output(_) => "Output",
            Self::Linear(_) => "Linear",
            Self::Affine(..) => "Affine",
            Self::Scale(_) => "Scale",
            Self::Delay(_) => "Delay",
            Self::Neurons(neurons) => neurons.kind.name(),
            Self::Graph(_) => "NIRGraph",
        }
    }
}

impl Matrix {
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, values: vec![0.0; rows * columns] }
    }

    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }

    pub fn at_mut(&mut self, row: usize, column: usize) -> &mut f64 {
        &mut self.values[row * self.columns + column]
    }
}

impl Metadata {
    pub fn with(mut self, name: &str, datum: Datum) -> Self {
        self.0.push((name.into(), datum));
        self
    }

    pub fn with_text(self, name: &str, text: &str) -> Self {
        self.with(name, Datum::Text(text.into()))
    }

    pub fn with_index(self, name: &str, index: usize) -> Self {
        self.with(name, Datum::Integer(index as i64))
    }

    fn get(&self, name: &str) -> Option<&Datum> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, datum)| datum)
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Datum::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub fn number(&self, name: &str) -> Option<f64> {
        match self.get(name) {
            Some(Datum::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// A number that counts.
    pub fn index(&self, name: &str) -> Option<usize> {
        match self.get(name) {
            Some(Datum::Integer(index)) => usize::try_from(*index).ok(),
            _ => None,
        }
    }

    pub fn numbers(&self, name: &str) -> Option<&[f64]> {
        match self.get(name) {
            Some(Datum::Numbers(numbers)) => Some(numbers),
            _ => None,
        }
    }
}
