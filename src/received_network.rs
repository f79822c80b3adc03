//! Networks in files that another program, or `synfire export`, wrote.

use crate::error::{Error, Result};
use crate::network::limits::MAX_STEPS;
use crate::network::received::received;
use crate::simulation::Simulation;
use exchange::{
    DeployedNetwork, PopulationSpikes, is_nir, read_nir, read_safetensors_network,
    read_sonata_network,
};
use sim_core::{ClockEngine, Network, SpikeFrames, whole_steps};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Name of the file by which the folder of a SONATA network is known.
const SONATA_CONFIG: &str = "circuit_config.json";

/// What the metadata of an exported network in safetensors hold.
const SAFETENSORS: &[u8] = b"\"synfire network\"";

/// How much of a file is looked at.
const HEAD: u64 = 1 << 12;

/// A network from such a file.
#[derive(Debug, Clone)]
pub struct ReceivedNetwork {
    /// The network in the terms of other programs.
    pub deployed: DeployedNetwork,
    /// The network that the engines run.
    pub network: Network,
    /// What a user should know of it, a sentence each.
    pub remarks: Vec<String>,
}

/// A format that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Nir,
    Sonata,
    Safetensors,
}

impl Kind {
    /// The format of what is at `path`, by its content.
    fn of(path: &Path) -> Option<Self> {
        if path.join(SONATA_CONFIG).is_file()
            || path.file_name().is_some_and(|own| own == SONATA_CONFIG)
        {
            return Some(Self::Sonata);
        }
        let mut head = Vec::new();
        File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head)).ok()?;
        if head.starts_with(b"\x89HDF") {
            return Some(Self::Nir).filter(|_| is_nir(path));
        }
        // A checkpoint of a run is safetensors, too; its metadata are others.
        let is_network = head.get(8) == Some(&b'{')
            && head.windows(SAFETENSORS.len()).any(|words| words == SAFETENSORS);
        is_network.then_some(Self::Safetensors)
    }
}

impl ReceivedNetwork {
    /// Whether there is a network of another program at `path`.
    pub fn is_at(path: &Path) -> bool {
        Kind::of(path).is_some()
    }

    /// Reads the network of a file or folder. `dt_ms` is the length of a step, where it does not
    /// tell it.
    ///
    /// # Errors
    /// [`Error::Config`] for what is no network; [`Error::Exchange`] for what is wrong with it;
    /// [`Error::Core`] for neurons that no model computes.
    pub fn read(path: &Path, dt_ms: Option<f64>) -> Result<Self> {
        let (deployed, remarks) = match Kind::of(path) {
            Some(Kind::Nir) => {
                let nir = read_nir(path, dt_ms)?;
                (nir.network, nir.remarks)
            }
            Some(Kind::Sonata) => (read_sonata_network(path, dt_ms)?, Vec::new()),
            Some(Kind::Safetensors) => (read_safetensors_network(path)?, Vec::new()),
            None => {
                let problem = "this is no network of another program: a file of NIR, the folder of \
                               a SONATA network, or what synfire export --to safetensors wrote";
                return Err(Error::config(path.display().to_string(), problem));
            }
        };
        let network = received(&deployed)
            .map_err(|error| Error::config(path.display().to_string(), error))?;
        Ok(Self { deployed, network, remarks })
    }

    /// The simulation of the network with the spikes of a log, for `duration_ms`; by default up to
    /// the last spike, and as many steps after it as the longest delays of all projections add up
    /// to.
    ///
    /// # Errors
    /// As [`Simulation::with_spikes`]; [`Error::Core`] for a duration that is no whole number of
    /// steps.
    pub fn simulation(
        &self,
        spikes: &[PopulationSpikes],
        duration_ms: Option<f64>,
    ) -> Result<Simulation> {
        let dt_ms = self.network.dt_ms;
        let duration_ms = duration_ms.unwrap_or_else(|| {
            let times = spikes.iter().flat_map(|log| &log.times_ms);
            let last = times.fold(0.0_f64, |last, &time| last.max(time));
            let longest = self.deployed.projections.iter().map(|projection| {
                projection.synapses.iter().map(|own| own.delay_steps).max().unwrap_or(0)
            });
            let steps = (last / dt_ms + 1e-6).floor() + 1.0 + f64::from(longest.sum::<u32>());
            steps * dt_ms
        });
        let inside = (1.0 - 1e-6..MAX_STEPS + 0.5).contains(&(duration_ms / dt_ms));
        let allowed = format!("from 1 to 1e9 steps of {dt_ms} ms");
        sim_core::Error::check("duration_ms", duration_ms, inside, &allowed)?;
        let steps = whole_steps("duration_ms", duration_ms, dt_ms)? as usize;
        ClockEngine::check(&self.network)?;
        let sources = self.deployed.populations.iter().filter(|own| own.neurons.is_none());
        let silent = |source: &exchange::DeployedPopulation| {
            SpikeFrames::from_events(source.size, steps, &[])
        };
        let inputs = sources.map(silent).collect::<sim_core::Result<_>>()?;
        Simulation::new(self.network.clone(), inputs, steps).with_spikes(spikes)
    }
}
