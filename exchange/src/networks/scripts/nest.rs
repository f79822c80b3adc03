//! A Python script that runs a network in NEST (written for NEST 3.10, PyPI's `nest-simulator`).
//!
//! | neurons | model of NEST |
//! |---|---|
//! | delta ports, hard reset, or none that fires | `iaf_psc_delta` |
//! | delta ports, soft reset | `eprop_iaf` |
//! | the same, with a threshold that adapts | `eprop_iaf_adapt` |
//! | exponential ports, hard reset, or none that fires | `iaf_psc_exp_multisynapse` |
//!
//! All of them fire at `V >= V_th`, and solve their membrane exactly over a step, so a factor
//! `beta` per step, from exact or Euler decay, is a time constant of `-dt / ln beta` there.

use crate::error::Result;
use crate::networks::deployed::{DeployedNetwork, DeployedPopulation};
use crate::networks::format::NetworkFormat;
use crate::networks::scripts::folder::{
    ScriptTemplate, dictionary, has_file, literal, write_folder,
};
use crate::networks::scripts::kind::{FiringKind, NeuronKind, obstacles_of_kinds};
use crate::networks::scripts::shift::shifts;
use crate::provenance::Provenance;
use std::path::{Path, PathBuf};

/// The file in the folder that is run.
const SCRIPT: &str = "run_nest.py";

/// Length of the shortest time that NEST counts, in ms.
const TIC_MS: f64 = 0.001;
/// The step of NEST, which counts from 1, in which step 0 of a source falls.
const FIRST: u32 = 1;

/// A folder with `run_nest.py`, which gives every spike of a network in NEST.
///
/// Exact up to the rounding of `f64`. Delays grow by the depth of the populations, since each takes
/// at least a step in NEST, and spikes are counted back; several spikes of a source in a step are
/// multiplicities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NestScript;

/// The model of NEST for neurons of a kind.
///
/// # Errors
/// What NEST lacks, and the way out.
fn model(kind: &NeuronKind) -> std::result::Result<&'static str, &'static str> {
    let hard = FiringKind { soft: false, refractory: false, holds: false, adapts: false };
    let FiringKind { soft, refractory, holds, adapts } = kind.firing.unwrap_or(hard);
    match (kind.is_delta(), kind.is_exponential()) {
        (false, false) => {
            Err("have ports of both kinds, which no model of NEST has; export to Brian2")
        }
        (_, true) if soft || adapts => Err(
            "have exponential currents and a soft reset or an adapting threshold, which no model \
             of NEST joins; train with reset = \"hard\", or export to Brian2",
        ),
        (true, _) if adapts && !soft => Err(
            "have an adapting threshold and a hard reset, but eprop_iaf_adapt of NEST subtracts \
             its threshold; train with reset = \"soft\", or export to Brian2",
        ),
        (true, _) if soft && holds => {
            Err("are held at their potential behind a soft reset, but eprop_iaf of NEST goes on \
             integrating; train with refractory_ms = 0 or reset = \"hard\", or export to Brian2")
        }
        _ if !soft && refractory && !holds => Err(
            "integrate in their refractory time, but models of NEST with a hard reset are held; \
             export to Brian2",
        ),
        (true, _) => Ok(match (soft, adapts) {
            (_, true) => "eprop_iaf_adapt",
            (true, false) => "eprop_iaf",
            (false, false) => "iaf_psc_delta",
        }),
        (false, true) => Ok("iaf_psc_exp_multisynapse"),
    }
}

/// Why a step has no number in NEST, which counts in thousandths of a millisecond.
fn step_obstacle(dt_ms: f64) -> Option<String> {
    let tics = dt_ms / TIC_MS;
    let is_whole = tics.round() >= 1.0 && (tics - tics.round()).abs() < 1e-9 * tics;
    (!is_whole).then(|| {
        format!(
            "the step of {dt_ms} ms is not a whole number of thousandths of a millisecond, in \
             which NEST counts time; choose another step, or export to Brian2"
        )
    })
}

/// Why the steps and delays of a network have none in NEST, where a source begins at step `first`.
pub(crate) fn obstacles_of_steps(
    network: &DeployedNetwork,
    first: u32,
) -> impl Iterator<Item = String> {
    [step_obstacle(network.dt_ms), shifts(network, first).err()].into_iter().flatten()
}

/// A sentence for each population that NEST lacks a model for.
fn of_population(_: usize, population: &DeployedPopulation, kind: &NeuronKind) -> Option<String> {
    let problem = model(kind).err()?;
    Some(format!("the neurons of population {} {problem}", population.name))
}

impl NetworkFormat for NestScript {
    fn name(&self) -> &'static str {
        "nest-script"
    }

    fn obstacles(&self, network: &DeployedNetwork) -> Vec<String> {
        let kinds = obstacles_of_kinds(network, of_population);
        obstacles_of_steps(network, FIRST).chain(kinds).collect()
    }

    fn remarks(&self, network: &DeployedNetwork) -> Vec<String> {
        late_remarks(network, FIRST)
    }

    fn write(
        &self,
        network: &DeployedNetwork,
        provenance: &Provenance,
        path: &Path,
    ) -> Result<Vec<PathBuf>> {
        let model_of = |population: &DeployedPopulation| {
            let kind = NeuronKind::of(population).ok()??;
            Some(literal(model(&kind).ok()?))
        };
        let models =
            network.populations.iter().filter_map(|own| Some((&own.name[..], model_of(own)?)));
        let template = ScriptTemplate {
            name: SCRIPT,
            text: include_str!("templates/run_nest.py"),
            fillings: &[
                ("@MODEL@", dictionary(models)),
                ("@SHIFT@", shift_dictionary(network, FIRST)),
            ],
        };
        write_folder(network, provenance, path, template)
    }

    fn has_file(&self, name: &str) -> bool {
        has_file(SCRIPT, name)
    }
}

/// The shift of each population, by name, in Python.
pub(crate) fn shift_dictionary(network: &DeployedNetwork, first: u32) -> String {
    let shifts = shifts(network, first).unwrap_or_default();
    let names = network.populations.iter().map(|population| &population.name[..]);
    dictionary(names.zip(shifts.iter().map(u32::to_string)))
}

/// Which populations run late, in one sentence.
pub(crate) fn late_remarks(network: &DeployedNetwork, first: u32) -> Vec<String> {
    let shifts = shifts(network, first).unwrap_or_default();
    let names = network.populations.iter().map(|population| &population.name);
    let late = names.zip(shifts).filter(|(_, shift)| *shift > first);
    let late: Vec<_> = late.map(|(name, shift)| format!("{name} by {}", shift - first)).collect();
    if late.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "every delay takes at least a step in NEST, so populations run late there, in steps: {}; \
         the script counts their spikes back",
        late.join(", ")
    )]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::format::write_network;
    use crate::networks::scripts::kind::tests::{ending_in, lif_network, provenance};
    use neurons::{AdaptiveLif, CurrentLif, LeakyIntegrator, Lif};
    use sim_core::Reset;

    fn two() -> DeployedNetwork {
        lif_network(2, &[(0, 1, 0)])
    }

    #[test]
    fn the_script_names_the_models_and_says_by_how_much_populations_run_late() {
        let soft = Lif { reset: Reset::Soft, ..Lif::default() };
        for (network, model) in [
            (two(), "iaf_psc_delta"),
            (ending_in(two(), LeakyIntegrator::default()), "iaf_psc_delta"),
            (ending_in(two(), Lif { refractory_ms: 3.0, ..Lif::default() }), "iaf_psc_delta"),
            (ending_in(two(), soft), "eprop_iaf"),
            (ending_in(two(), AdaptiveLif::default()), "eprop_iaf_adapt"),
            (ending_in(two(), CurrentLif::default()), "iaf_psc_exp_multisynapse"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let files = write_network(&NestScript, &network, &provenance(), folder.path()).unwrap();
            let script = std::fs::read_to_string(&files[0]).unwrap();
            assert!(
                script.contains(&format!("MODEL = {{\n    \"p1\": \"{model}\",\n}}\n")),
                "{script}"
            );
            assert!(script.contains("SHIFT = {\n    \"p0\": 1,\n    \"p1\": 2,\n}\n"), "{script}");
            assert!(!script.contains('@'), "a mark is left: {script}");
        }
        let remarks = NestScript.remarks(&two());
        assert!(remarks[0].contains("run late there, in steps: p1 by 1;"), "{remarks:?}");
        assert_eq!(NestScript.remarks(&lif_network(2, &[(0, 1, 1)])), [""; 0]);
    }

    #[test]
    fn what_nest_lacks_is_refused_with_the_way_out() {
        let held = Lif { reset: Reset::Soft, refractory_ms: 2.0, ..Lif::default() };
        let hard = AdaptiveLif { reset: Reset::Hard, ..AdaptiveLif::default() };
        let soft = CurrentLif { reset: Reset::Soft, ..CurrentLif::default() };
        for (network, problem) in [
            (
                ending_in(two(), held),
                "population p1 are held at their potential behind a soft reset",
            ),
            (ending_in(two(), hard), "population p1 have an adapting threshold and a hard reset"),
            (ending_in(two(), soft), "population p1 have exponential currents and a soft reset"),
            (lif_network(3, &[(1, 2, 0), (2, 1, 1)]), "part of a circle"),
            (DeployedNetwork { dt_ms: 1.0 / 3.0, ..two() }, "thousandths of a millisecond"),
        ] {
            let obstacles = NestScript.obstacles(&network);
            assert_eq!(obstacles.len(), 1, "{obstacles:?}");
            assert!(obstacles[0].contains(problem), "{obstacles:?}");
        }
        for dt_ms in [0.001, 0.1, 0.3, 1.0, 10.0] {
            assert_eq!(step_obstacle(dt_ms), None);
        }
        assert!(step_obstacle(0.0001).is_some());
    }

    #[test]
    fn nothing_is_written_of_a_network_that_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("export");
        let network = lif_network(3, &[(1, 2, 0), (2, 1, 1)]);
        assert!(write_network(&NestScript, &network, &provenance(), &folder).is_err());
        assert!(!folder.exists());
    }
}
