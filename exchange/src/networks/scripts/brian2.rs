//! A Python script that runs a network in Brian2 (written for Brian2 2.10).

use crate::error::Result;
use crate::networks::deployed::{DeployedNetwork, DeployedPopulation};
use crate::networks::format::NetworkFormat;
use crate::networks::scripts::folder::{
    ScriptTemplate, dictionary, has_file, literal, write_folder,
};
use crate::networks::scripts::kind::{FiringKind, NeuronKind, obstacles_of_kinds};
use crate::networks::scripts::order::step_order;
use crate::provenance::Provenance;
use std::path::{Path, PathBuf};

/// The file in the folder that is run.
const SCRIPT: &str = "run_brian2.py";

/// A folder with `run_brian2.py`, which gives every spike of a network in Brian2.
///
/// Exact up to the rounding of `f64`, for all neurons and delays: the equations of a step are
/// written out. Brian2 refuses several spikes of a neuron in a step; each neuron of a source has a
/// copy there for every binary digit of its number of spikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Brian2Script;

impl NetworkFormat for Brian2Script {
    fn name(&self) -> &'static str {
        "brian2-script"
    }

    fn obstacles(&self, network: &DeployedNetwork) -> Vec<String> {
        let kinds = obstacles_of_kinds(network, |_, _, _| None);
        step_order(network).err().into_iter().chain(kinds).collect()
    }

    fn write(
        &self,
        network: &DeployedNetwork,
        provenance: &Provenance,
        path: &Path,
    ) -> Result<Vec<PathBuf>> {
        let order = step_order(network).unwrap_or_default();
        let names = order.iter().map(|&index| literal(&network.populations[index].name));
        let order = format!("[{}]", names.collect::<Vec<_>>().join(", "));
        let kinds = network.populations.iter().filter_map(|own| Some((&own.name[..], kind(own)?)));
        let template = ScriptTemplate {
            name: SCRIPT,
            text: include_str!("templates/run_brian2.py"),
            fillings: &[("@ORDER@", order), ("@KIND@", dictionary(kinds))],
        };
        write_folder(network, provenance, path, template)
    }

    fn has_file(&self, name: &str) -> bool {
        has_file(SCRIPT, name)
    }
}

/// What a spike does, in Python; `None` for neurons that do not fire.
fn kind(population: &DeployedPopulation) -> Option<String> {
    let FiringKind { soft, holds, adapts, .. } = NeuronKind::of(population).ok()??.firing?;
    let python = |value| if value { "True" } else { "False" };
    let [soft, holds, adapts] = [soft, holds, adapts].map(python);
    Some(format!("dict(soft={soft}, holds={holds}, adapts={adapts})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::format::write_network;
    use crate::networks::scripts::kind::tests::{ending_in, lif_network, provenance};
    use neurons::AdaptiveLif;

    #[test]
    fn the_script_names_the_order_and_what_a_spike_does() {
        let network = lif_network(4, &[(0, 3, 0), (3, 1, 0), (1, 3, 1)]);
        let waiting = AdaptiveLif { refractory_ms: 2.0, ..AdaptiveLif::default() };
        let network = ending_in(network, waiting);
        let folder = tempfile::tempdir().unwrap();
        let files = write_network(&Brian2Script, &network, &provenance(), folder.path()).unwrap();
        let script = std::fs::read_to_string(&files[0]).unwrap();
        assert!(script.contains("ORDER = [\"p0\", \"p2\", \"p3\", \"p1\"]\n"), "{script}");
        let kinds = "    \"p2\": dict(soft=False, holds=False, adapts=False),\n    \
                     \"p3\": dict(soft=True, holds=False, adapts=True),\n}\n";
        assert!(script.contains(kinds), "{script}");
        assert!(!script.contains('@'), "a mark is left: {script}");
    }
}
