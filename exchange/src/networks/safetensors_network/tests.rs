use super::*;
use crate::error::Error;
use crate::networks::deployed::DeployedNetwork;
use crate::networks::format::{NetworkFormat, write_network};
use crate::networks::random_networks::{networks, provenance};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::path::Path;

fn some_network() -> DeployedNetwork {
    networks().new_tree(&mut TestRunner::deterministic()).unwrap().current()
}

fn written(network: &DeployedNetwork, folder: &Path) -> std::path::PathBuf {
    let path = folder.join("network.safetensors");
    let files = write_network(&SafetensorsNetwork, network, &provenance(), &path).unwrap();
    assert_eq!(files, std::slice::from_ref(&path));
    path
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_network_comes_back_as_it_was(network in networks()) {
        let folder = tempfile::tempdir().unwrap();
        let path = written(&network, folder.path());
        prop_assert_eq!(read_safetensors_network(&path).unwrap(), network);
        let bytes = std::fs::read(&path).unwrap();
        prop_assert_eq!(safetensors::SafeTensors::deserialize(&bytes).is_ok(), true);
    }
}

#[test]
fn a_file_that_was_cut_off_or_changed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(&some_network(), folder.path());
    let bytes = std::fs::read(&path).unwrap();
    let problem = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        read_safetensors_network(&path).unwrap_err().to_string()
    };
    for length in (0..bytes.len()).step_by(bytes.len() / 50 + 1) {
        assert!(problem(&bytes[..length]).contains("is not a whole safetensors file"));
    }
    let text = String::from_utf8_lossy(&bytes[8..]).into_owned();
    let with = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let at = text.find(from).unwrap_or_else(|| panic!("{from}")) + 8;
        let mut bytes = bytes.clone();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        bytes
    };
    assert!(problem(&with("synfire network", "synfire netw0rk")).contains("\"synfire netw0rk\""));
    let version = with("\"format_version\":\"1\"", "\"format_version\":\"2\"");
    assert!(problem(&version).contains("has the layout \"2\""));
    assert!(
        problem(&with("ears->λ.weight", "ears->λ.weighs")).contains("ears->λ.weight is missing")
    );
    assert!(problem(&with("\\\"tau_mem_ms\\\"", "\\\"tau_mom_ms\\\"")).contains("tau_mom_ms"));
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.safetensors");
    let mut network = some_network();
    network.projections[0].synapses =
        vec![sim_core::Synapse { pre: 77, post: 0, weight: 1.0, delay_steps: 0 }];
    network.populations[1].name = "ears".into();
    assert_eq!(SafetensorsNetwork.obstacles(&network).len(), 2);
    let error = write_network(&SafetensorsNetwork, &network, &provenance(), &path).unwrap_err();
    assert!(matches!(error, Error::Format { .. }));
    assert!(error.to_string().contains("pre of synapse 0 is 77, but ears has"), "{error}");
    network.populations[1].name = "hidden".into();
    for weight in [f64::NAN, f64::INFINITY] {
        network.projections[0].polarity = None;
        network.projections[0].synapses[0] =
            sim_core::Synapse { pre: 0, post: 0, weight, delay_steps: 0 };
        let obstacles = SafetensorsNetwork.obstacles(&network);
        assert!(
            obstacles[0].ends_with(&format!("weight of synapse 0 is {weight}, but must be finite"))
        );
    }
    assert!(!path.exists());
}
