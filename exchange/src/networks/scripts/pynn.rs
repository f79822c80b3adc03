//! A Python script that runs a network in PyNN on NEST (written for PyNN 0.13 and NEST 3.10).
//!
//! | neurons | cell of PyNN |
//! |---|---|
//! | delta ports, hard reset, or none that fires | `IF_curr_delta` |
//! | exponential ports, hard reset, or none that fires | `IF_curr_exp` |

use crate::error::Result;
use crate::networks::deployed::{DeployedNetwork, DeployedPopulation};
use crate::networks::format::NetworkFormat;
use crate::networks::scripts::folder::{
    ScriptTemplate, dictionary, has_file, literal, write_folder,
};
use crate::networks::scripts::kind::{FiringKind, NeuronKind, obstacles_of_kinds};
use crate::networks::scripts::nest::{late_remarks, obstacles_of_steps, shift_dictionary};
use crate::provenance::Provenance;
use std::path::{Path, PathBuf};

/// The file in the folder that is run.
const SCRIPT: &str = "run_pynn.py";

/// The step of PyNN in which step 0 of a source falls: on NEST, spikes of a source take a step to
/// become those of a neuron.
const FIRST: u32 = 2;

/// A folder with `run_pynn.py`, which gives every spike of a network in PyNN on NEST.
///
/// Exact up to the rounding of `f64` there; other simulators order what happens in a step in other
/// ways. PyNN has no word for several spikes of a neuron in a step: each neuron of a source has a
/// copy there for every binary digit of its number of spikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PynnScript;

/// The cell of PyNN for neurons of a kind.
///
/// # Errors
/// What PyNN lacks, and the way out.
fn cell(kind: &NeuronKind) -> std::result::Result<&'static str, &'static str> {
    let hard = FiringKind { soft: false, refractory: false, holds: false, adapts: false };
    let FiringKind { soft, refractory, holds, adapts } = kind.firing.unwrap_or(hard);
    if soft || adapts {
        return Err(
            "have a soft reset or an adapting threshold, which no cell of PyNN has; train \
                    neurons of model lif with reset = \"hard\", or export to NEST or Brian2",
        );
    }
    if refractory && !holds {
        return Err(
            "integrate in their refractory time, but cells of PyNN are held; export to Brian2",
        );
    }
    match (kind.is_delta(), kind.is_exponential()) {
        (true, _) => Ok("IF_curr_delta"),
        (_, true) if kind.exponential.len() <= 2 => Ok("IF_curr_exp"),
        _ => Err(
            "have other ports than delta ports or up to two exponential currents, which no cell of \
             PyNN has; export to Brian2",
        ),
    }
}

/// A sentence for each population that PyNN lacks a cell for, or whose input has signs that its
/// cell does not take.
fn of_population(
    network: &DeployedNetwork,
    index: usize,
    population: &DeployedPopulation,
    kind: &NeuronKind,
) -> Option<String> {
    let name = &population.name;
    match cell(kind) {
        Err(problem) => Some(format!("the neurons of population {name} {problem}")),
        Ok("IF_curr_exp") => {
            let mixed = mixed_port(network, index, population)?;
            Some(format!(
                "{mixed} of population {name}, but IF_curr_exp of PyNN takes weights of at least 0 \
                 as excitatory and all others as inhibitory; export to NEST or Brian2"
            ))
        }
        Ok(_) => None,
    }
}

/// What has the sign of the other port.
fn mixed_port(
    network: &DeployedNetwork,
    index: usize,
    population: &DeployedPopulation,
) -> Option<String> {
    let fits = |port: usize, weight: f64| if port == 0 { weight >= 0.0 } else { weight < 0.0 };
    let incoming = network.projections.iter().filter(|projection| projection.target == index);
    for projection in incoming {
        let port = projection.port;
        if projection.synapses.iter().any(|synapse| !fits(port, synapse.weight)) {
            return Some(format!(
                "projection {} has a weight of another sign at port {port}",
                projection.name
            ));
        }
    }
    let bias = population.neurons.as_ref()?.bias().iter().enumerate();
    let mut ports = bias.map(|(place, bias)| (place / population.size, *bias));
    let (port, _) = ports.find(|&(port, bias)| bias != 0.0 && !fits(port, bias))?;
    Some(format!("there is constant input of another sign at port {port}"))
}

impl NetworkFormat for PynnScript {
    fn name(&self) -> &'static str {
        "pynn-script"
    }

    fn obstacles(&self, network: &DeployedNetwork) -> Vec<String> {
        let kinds = obstacles_of_kinds(network, |index, own, kind| {
            of_population(network, index, own, kind)
        });
        obstacles_of_steps(network, FIRST).chain(kinds).collect()
    }

    fn remarks(&self, network: &DeployedNetwork) -> Vec<String> {
        let only = "the spikes are the same where PyNN runs on NEST; other simulators order what \
                    happens in a step in other ways";
        std::iter::once(only.to_owned()).chain(late_remarks(network, FIRST)).collect()
    }

    fn write(
        &self,
        network: &DeployedNetwork,
        provenance: &Provenance,
        path: &Path,
    ) -> Result<Vec<PathBuf>> {
        let cell_of = |population: &DeployedPopulation| {
            let kind = NeuronKind::of(population).ok()??;
            Some(literal(cell(&kind).ok()?))
        };
        let cells =
            network.populations.iter().filter_map(|own| Some((&own.name[..], cell_of(own)?)));
        let template = ScriptTemplate {
            name: SCRIPT,
            text: include_str!("templates/run_pynn.py"),
            fillings: &[
                ("@CELL@", dictionary(cells)),
                ("@SHIFT@", shift_dictionary(network, FIRST)),
            ],
        };
        write_folder(network, provenance, path, template)
    }

    fn has_file(&self, name: &str) -> bool {
        has_file(SCRIPT, name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::format::write_network;
    use crate::networks::scripts::kind::tests::{ending_in, lif_network, provenance};
    use neurons::{AdaptiveLif, CurrentLif, Lif};
    use sim_core::Reset;

    #[test]
    fn the_script_names_the_cells_and_says_by_how_much_populations_run_late() {
        let network = ending_in(lif_network(3, &[(0, 1, 0), (1, 2, 0)]), CurrentLif::default());
        let folder = tempfile::tempdir().unwrap();
        let files = write_network(&PynnScript, &network, &provenance(), folder.path()).unwrap();
        let script = std::fs::read_to_string(&files[0]).unwrap();
        let cells = "CELL = {\n    \"p1\": \"IF_curr_delta\",\n    \"p2\": \"IF_curr_exp\",\n}\n";
        assert!(script.contains(cells), "{script}");
        assert!(script.contains("SHIFT = {\n    \"p0\": 2,\n    \"p1\": 3,\n    \"p2\": 4,\n}\n"));
        assert!(!script.contains('@'), "a mark is left: {script}");
        assert!(PynnScript.remarks(&network)[0].contains("the same where PyNN runs on NEST"));
    }

    #[test]
    fn what_pynn_lacks_is_refused_with_the_way_out() {
        let currents = || ending_in(lif_network(2, &[(0, 1, 0)]), CurrentLif::default());
        let soft = Lif { reset: Reset::Soft, ..Lif::default() };
        let mut mixed = currents();
        mixed.projections[0].port = 1;
        let mut biased = currents();
        let neurons = biased.populations[1].neurons.take().unwrap();
        biased.populations[1].neurons = Some(neurons.with_bias(vec![0.5, 0.0, -0.5, 0.5]));
        for (network, problem) in [
            (ending_in(currents(), soft), "population p1 have a soft reset"),
            (ending_in(currents(), AdaptiveLif::default()), "population p1 have a soft reset"),
            (mixed, "projection p0->p1 has a weight of another sign at port 1 of population p1"),
            (biased, "there is constant input of another sign at port 1 of population p1"),
        ] {
            let obstacles = PynnScript.obstacles(&network);
            assert_eq!(obstacles.len(), 1, "{obstacles:?}");
            assert!(obstacles[0].contains(problem), "{obstacles:?}");
        }
        assert_eq!(PynnScript.obstacles(&currents()), [""; 0]);
    }
}
