//! Files that are refused, with a sentence.

use crate::networks::nir::file_writer::write_graph;
use crate::networks::nir::graph::{Datum, Graph, Matrix, Metadata, NamedNode, Node};
use crate::networks::nir::neuron_node::{NeuronKind, NeuronNode};
use crate::networks::nir::reader::{NirNetwork, read_nir};
use hdf5_writer::{DatasetBuilder, Hdf5Builder, WriteOptions};

/// `input -> w -> lif -> output`, two numbers wide, on a grid of 1 ms.
fn chain() -> Graph {
    let node =
        |name: &str, node| NamedNode { name: name.into(), node, metadata: Metadata::default() };
    let lif = |_| vec![0.02, 1.0, 0.0, 1.0, 0.0];
    Graph {
        nodes: vec![
            node("input", Node::Input(2)),
            node("w", Node::Linear(Matrix { rows: 2, columns: 2, values: vec![1.0; 4] })),
            node("lif", Node::Neurons(NeuronNode::new(NeuronKind::LeakyAndFire, 2, lif))),
            node("output", Node::Output(2)),
        ],
        edges: edges(&[("input", "w"), ("w", "lif"), ("lif", "output")]),
        metadata: Metadata::default().with("dt", Datum::Number(0.001)),
    }
}

fn edges(ends: &[(&str, &str)]) -> Vec<(String, String)> {
    ends.iter().map(|(from, to)| ((*from).into(), (*to).into())).collect()
}

fn read(graph: Graph, dt_ms: Option<f64>) -> crate::error::Result<NirNetwork> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("graph.nir");
    write_graph(graph, &path).unwrap();
    read_nir(&path, dt_ms)
}

/// The sentence behind the name of the file.
fn refusal(change: impl FnOnce(&mut Graph)) -> String {
    let mut graph = chain();
    change(&mut graph);
    let error = read(graph, None).unwrap_err().to_string();
    let (file, sentence) = error.split_once(": ").unwrap();
    assert!(file.ends_with("graph.nir"), "{error}");
    sentence.into()
}

fn set(graph: &mut Graph, parameter: &str, values: [f64; 2]) {
    let Node::Neurons(neurons) = &mut graph.nodes[2].node else { panic!("{graph:?}") };
    let place = neurons.kind.parameters().iter().position(|own| *own == parameter).unwrap();
    neurons.values[place] = values.into();
}

fn insert(graph: &mut Graph, name: &str, node: Node, ends: &[(&str, &str)]) {
    graph.nodes.push(NamedNode { name: name.into(), node, metadata: Metadata::default() });
    graph.edges = edges(ends);
}

#[test]
fn the_chain_itself_is_read() {
    let NirNetwork { network, remarks } = read(chain(), None).unwrap();
    assert_eq!((network.synapses(), remarks.len()), (4, 0));
    assert!(read(chain(), Some(1.0)).is_ok());
    let error = read(chain(), Some(0.5)).unwrap_err().to_string();
    assert!(error.ends_with("is one of steps of 1 ms, as its metadata say, but --dt-ms is 0.5 ms"));
    let bare = Graph { metadata: Metadata::default(), ..chain() };
    assert!(read(bare.clone(), None).unwrap_err().to_string().contains("--dt-ms 1"));
    assert_eq!(read(bare, Some(1.0)).unwrap().network, network);
}

#[test]
fn numbers_that_are_none_are_named_with_their_place() {
    let nan = |graph: &mut Graph| {
        graph.nodes[1].node =
            Node::Linear(Matrix { rows: 2, columns: 2, values: vec![1.0, 1.0, f64::NAN, 1.0] });
    };
    assert_eq!(refusal(nan), "node w: dataset weight at index [1, 0] is NaN, but must be finite");
    assert_eq!(
        refusal(|graph| set(graph, "tau", [0.02, f64::INFINITY])),
        "node lif: dataset tau at index 1 is inf, but must be finite"
    );
    assert_eq!(
        refusal(|graph| set(graph, "tau", [0.02, 0.0005])),
        "node lif: tau at index 1, in ms, is 0.5, but must be at least the time step of 1 ms with \
         Euler decay"
    );
    assert_eq!(
        refusal(|graph| set(graph, "v_threshold", [-1.0, 1.0])),
        "node lif: v_threshold at index 0 is -1, but must be above 0"
    );
    assert!(refusal(|graph| set(graph, "v_reset", [0.0, 0.5])).contains("index 1 v_leak is 0"));
}

#[test]
fn edges_lead_to_nodes_that_fit() {
    assert_eq!(
        refusal(|graph| graph.edges[1].1 = "gone".into()),
        "the edge from w to gone needs a node gone, which is not there"
    );
    assert_eq!(
        refusal(|graph| graph.nodes[0].node = Node::Input(3)),
        "the edge from input to w does not fit: input gives 3 numbers, but w takes 2"
    );
    assert_eq!(
        refusal(|graph| graph.edges.push(("w".into(), "lif".into()))),
        "the edge from w to lif is there twice"
    );
    assert_eq!(
        refusal(|graph| graph.edges[2].0 = "w".into()),
        "Output output reads input, but what is read must be neurons, such as LIF or LI"
    );
    assert!(refusal(|graph| drop(graph.edges.remove(0))).starts_with("node w is reached by no"));
}

#[test]
fn a_population_is_not_larger_than_the_file_allows() {
    let message = refusal(|graph| graph.nodes[0].node = Node::Input(4_000_000_000));
    let expected = "node input: a population of shape 4000000000 has more numbers than a file of \
                    this size holds";
    assert_eq!(message, expected);
}

#[test]
fn cycles_need_a_neuron() {
    let message = refusal(|graph| {
        let ends = [("input", "w"), ("w", "s"), ("s", "w"), ("w", "lif"), ("lif", "output")];
        insert(graph, "s", Node::Scale(vec![0.5; 2]), &ends);
    });
    assert_eq!(message, "the nodes s -> w -> s form a cycle without a neuron");
}

#[test]
fn delays_are_whole_steps_and_biases_begin_at_once() {
    let ends = [("input", "w"), ("w", "d"), ("d", "lif"), ("lif", "output")];
    let message = refusal(|graph| insert(graph, "d", Node::Delay(vec![0.001, 0.0015]), &ends));
    assert_eq!(
        message,
        "node d: delay at index 1, in ms, is 1.5, but must be a whole number of steps of 1 ms; \
         the nearest are 1 and 2 ms"
    );
    let message = refusal(|graph| {
        let weight = Matrix { rows: 2, columns: 2, values: vec![1.0; 4] };
        graph.nodes[1].node = Node::Affine(weight, vec![0.0, 1.0]);
        insert(graph, "d", Node::Delay(vec![0.001, 0.002]), &ends);
    });
    assert!(message.starts_with("node d: delay at index 1 is that of a bias"), "{message}");
}

#[test]
fn potentials_are_no_spikes() {
    let message = refusal(|graph| {
        let li = NeuronNode::new(NeuronKind::Leaky, 2, |_| vec![0.02, 1.0, 0.0]);
        let ends = [("input", "w"), ("w", "li"), ("li", "lif"), ("lif", "output")];
        insert(graph, "li", Node::Neurons(li), &ends);
    });
    assert!(message.starts_with("node li is of type LI and hands its potential on to lif"));
}

#[test]
fn rest_is_where_reset_leads() {
    let mut graph = chain();
    set(&mut graph, "v_leak", [0.5, 0.5]);
    let network = read(graph, None).unwrap().network;
    assert_eq!(network.populations[1].neurons.as_ref().unwrap().bias(), [0.5; 2]);
    let mut graph = chain();
    set(&mut graph, "v_leak", [-0.5, -0.5]);
    set(&mut graph, "v_reset", [-0.5, -0.5]);
    let NirNetwork { network, remarks } = read(graph, None).unwrap();
    let firing = network.populations[1].neurons.as_ref().unwrap().of(0).firing.unwrap();
    assert_eq!((firing.threshold, remarks.len()), (1.5_f64.next_up(), 1));
}

/// A file of these text datasets.
fn read_text(datasets: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("graph.nir");
    let file = datasets.iter().fold(Hdf5Builder::new(), |file, (name, text)| {
        file.dataset(DatasetBuilder::vlen_string_data(*name, vec![], &[text]).unwrap())
    });
    let bytes = file.into_plan().unwrap().encode(WriteOptions::default()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    read_nir(&path, None).unwrap_err().to_string()
}

#[test]
fn other_files_are_refused() {
    assert!(read_text(&[("version", "1")]).ends_with("is not a NIR file: there is no group node"));
    let lif = read_text(&[("node/type", "LIF")]);
    assert!(lif.ends_with("the graph is of type \"LIF\", but must be a \"NIRGraph\""), "{lif}");
    let graph = [("node/type", "NIRGraph"), ("node/nodes/c/type", "Conv2d")];
    let conv = read_text(&graph);
    assert!(conv.contains("node c is of type \"Conv2d\", but must be Input"), "{conv}");
    let extra = read_text(&[graph[0], ("node/nodes/c/type", "Delay"), ("node/nodes/c/foo", "1")]);
    assert!(extra.ends_with("node c has a dataset foo, but a Delay has only delay"), "{extra}");
    let missing = read_text(&[graph[0], ("node/nodes/c/type", "Delay")]);
    assert!(missing.ends_with("node c has no dataset delay"), "{missing}");
    let text = read_text(&[graph[0], ("node/nodes/c/type", "Delay"), ("node/nodes/c/delay", "1")]);
    assert!(text.contains("node c: dataset delay has 0 dimensions"), "{text}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.nir");
    assert!(matches!(read_nir(&path, None), Err(crate::Error::Disk(_))));
    std::fs::write(&path, "no HDF5").unwrap();
    let error = read_nir(&path, None).unwrap_err().to_string();
    assert!(error.contains("text.nir: is not a readable HDF5 file"), "{error}");
}
