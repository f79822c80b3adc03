use super::*;
use crate::networks::deployed::DeployedNetwork;
use crate::networks::format::{NetworkFormat, write_network};
use crate::networks::random_networks::{networks, provenance};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::fs;
use std::path::Path;

fn some_network() -> DeployedNetwork {
    networks().new_tree(&mut TestRunner::deterministic()).unwrap().current()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_network_comes_back_as_it_was(network in networks()) {
        let folder = tempfile::tempdir().unwrap();
        write_network(&SonataNetwork, &network, &provenance(), folder.path()).unwrap();
        prop_assert_eq!(read_sonata_network(folder.path(), None).unwrap(), network);
    }
}

/// A network as written, in which a file was changed; what is said of it.
fn problem_with(change: impl Fn(&Path)) -> String {
    let folder = tempfile::tempdir().unwrap();
    write_network(&SonataNetwork, &some_network(), &provenance(), folder.path()).unwrap();
    change(folder.path());
    read_sonata_network(folder.path(), None).unwrap_err().to_string()
}

fn replace(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    fs::write(file, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn what_was_changed_is_named() {
    for (file, from, to, expected) in [
        (
            "node_types.csv",
            "point_neuron",
            "biophysical",
            "the model type \"biophysical\" cannot be run",
        ),
        (
            "node_types.csv",
            "synfire:dynamics",
            "nest:izhikevich",
            "the model template \"nest:izhikevich\" is not known",
        ),
        ("node_types.csv", "100 ears", "300 ears", "has no type 100"),
        (
            "edge_types.csv",
            "static_synapse",
            "stdp_synapse",
            "the model template \"stdp_synapse\" is not known",
        ),
        ("dynamics_1.json", "tau_mem_ms", "tau_m", "unknown field `tau_m`"),
        ("circuit_config.json", "\"input\": \"ears\"", "\"input\": \"eyes\"", "synfire"),
        ("circuit_config.json", "{", "", "is not JSON"),
        (
            "circuit_config.json",
            "$NETWORK_DIR/nodes.h5",
            "$NET/nodes.h5",
            "the manifest has no $NET",
        ),
    ] {
        let problem = problem_with(|folder| replace(&folder.join(file), from, to));
        assert!(problem.contains(expected), "{problem}\n{expected}");
    }
    let gone = problem_with(|folder| fs::remove_file(folder.join("nodes.h5")).unwrap());
    assert!(gone.contains("nodes.h5"), "{gone}");
}

#[test]
fn no_damage_of_a_file_is_a_panic() {
    for file in ["nodes.h5", "projection_0_edges.h5"] {
        let cut = problem_with(|folder| {
            let bytes = fs::read(folder.join(file)).unwrap();
            fs::write(folder.join(file), &bytes[..bytes.len() / 2]).unwrap();
        });
        assert!(cut.contains(file), "{cut}");
        for seed in 0_usize..60 {
            let folder = tempfile::tempdir().unwrap();
            write_network(&SonataNetwork, &some_network(), &provenance(), folder.path()).unwrap();
            let mut bytes = fs::read(folder.path().join(file)).unwrap();
            for n in 0..8 {
                let at = (seed * 7919 + n * 104_729) % bytes.len();
                bytes[at] = (seed * 31 + n * 17) as u8;
            }
            fs::write(folder.path().join(file), bytes).unwrap();
            // An error or a network that is sound; what matters is that it ends.
            let _ = read_sonata_network(folder.path(), None);
        }
    }
}

#[test]
fn another_time_step_than_the_networks_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let network = some_network();
    write_network(&SonataNetwork, &network, &provenance(), folder.path()).unwrap();
    let problem = read_sonata_network(folder.path(), Some(0.7)).unwrap_err().to_string();
    assert!(problem.contains("but 0.7 ms are asked for"), "{problem}");
    assert_eq!(read_sonata_network(folder.path(), Some(network.dt_ms)).unwrap(), network);
    let error = read_sonata_network(folder.path().join("nowhere"), None).unwrap_err();
    assert!(error.to_string().contains("nowhere"));
}

#[test]
fn names_that_would_break_a_file_are_refused() {
    let mut network = some_network();
    network.populations[0].name = "left/right".into();
    let obstacles = SonataNetwork.obstacles(&network);
    assert_eq!(obstacles.len(), 1);
    assert!(obstacles[0].starts_with("population \"left/right\" cannot name a group"));
}
