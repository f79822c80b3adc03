//! The checkpoint that a network starts from, if not from chance: `[start]` of an experiment.

use crate::error::{Error, Result};
use datasets::hexadecimal;
use plasticity::{CheckpointFile, prune, regrow};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sim_core::{Network, Seed};
use std::path::{Path, PathBuf};

/// A checkpoint whose weights, delays and norms a network starts from. Optimisers and schedules
/// begin anew.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// A `.safetensors` file of a run, or the folder of a run, which stands for its best
    /// checkpoint; `--from` on the command line. A relative path begins at the folder of the
    /// configuration file. Needed.
    #[serde(default)]
    pub checkpoint: PathBuf,
    /// SHA-256 of the file; where it is given, a file with another is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Share of each projection's weights, the smallest, that become zero before the first step,
    /// from 0 to 1; 0. Zeros stay zero under updates that keep signs. They grow again under the
    /// additive and the two-sided update (`training.weights.update`).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub prune: f64,
    /// Zeros that grow again after that, before the first step; none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regrow: Option<Regrowth>,
}

/// Zeros that grow again: chosen at random by the seed, with the sign of their presynaptic neuron,
/// or a random one where neurons have no polarity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regrowth {
    /// Share of the zeros of each projection, from 0 to 1.
    pub share: f64,
    /// Size that their weights get, above 0 and at most 3.4e38.
    pub size: f64,
}

fn is_zero(share: &f64) -> bool {
    *share == 0.0
}

/// Where a run's network came from, as `environment.json` keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartOrigin {
    /// The checkpoint.
    pub checkpoint: String,
    /// Its SHA-256.
    pub sha256: String,
    /// Name of the experiment that made the checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
    /// Number of epochs before the checkpoint.
    pub epochs: usize,
    /// The first setting of the network that was different there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
    /// Weights that were zero before the first step, after pruning and regrowth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zeros: Option<usize>,
}

impl StartOrigin {
    /// `runs/a/checkpoints/best.safetensors (quickstart, 4 epochs)`
    pub fn describe(&self) -> String {
        let Self { checkpoint, experiment, epochs, .. } = self;
        let whose = experiment.as_ref().map_or_else(String::new, |name| format!("{name}, "));
        format!("{checkpoint} ({whose}{})", datasets::counted(*epochs, "epoch"))
    }
}

impl StartOrigin {
    /// What a run reports about its start, a sentence each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let difference = self.difference.iter();
        let difference = difference.map(|difference| format!("in the network, {difference}"));
        let start = format!("weights and delays start from {}", self.describe());
        let zeros = self.zeros.map(|zeros| format!("zeros among the weights: {zeros}"));
        std::iter::once(start).chain(difference).chain(zeros).collect()
    }
}

impl Start {
    /// Takes `copy`, the run's own copy of the checkpoint, if the original is gone or has changed.
    pub(crate) fn prefer_original(&mut self, copy: PathBuf) {
        let is_original = |sha256: &String| {
            std::fs::read(&self.checkpoint).is_ok_and(|bytes| checksum(&bytes) == *sha256)
        };
        if copy.is_file() && !self.sha256.as_ref().is_some_and(is_original) {
            self.checkpoint = copy;
        }
    }

    /// Reads the checkpoint into `network`, prunes it and lets zeros grow by `seed`, and notes the
    /// checksum of the file and its absolute path.
    ///
    /// # Errors
    /// When the file does not exist, is no checkpoint or has another checksum, or its tensors do
    /// not fit the network.
    pub(crate) fn load(
        &mut self,
        network: &mut Network,
        seed: Seed,
    ) -> Result<(CheckpointFile, StartOrigin)> {
        self.checkpoint = std::path::absolute(&self.checkpoint).unwrap_or(self.checkpoint.clone());
        let file = CheckpointFile::open(&self.checkpoint)?;
        let sha256 = checksum(file.bytes());
        if self.sha256.as_ref().is_some_and(|expected| *expected != sha256) {
            let problem = "this is not the checkpoint that [start] of the configuration means \
                           (their checksums differ); name another with --from";
            return Err(Error::folder(&self.checkpoint, problem));
        }
        let difference = file.start(network)?;
        self.sha256 = Some(sha256.clone());
        let origin = StartOrigin {
            checkpoint: self.checkpoint.display().to_string(),
            sha256,
            experiment: file.own().get("experiment").cloned(),
            epochs: file.progress().epochs,
            difference,
            zeros: self.thin_out(network, seed)?,
        };
        Ok((file, origin))
    }

    /// Reads the copy that a run keeps of the checkpoint it started from into its network.
    pub(crate) fn load_copy(&self, copy: &Path, network: &mut Network, seed: Seed) -> Result<()> {
        CheckpointFile::open(copy)?.start(network)?;
        self.thin_out(network, seed)?;
        Ok(())
    }

    /// Checks what can be checked without the file.
    ///
    /// # Errors
    /// [`Error::Core`] naming the first field that is not allowed, and what is.
    pub fn check(&self) -> Result<()> {
        if self.checkpoint.as_os_str().is_empty() {
            let problem = "names no checkpoint to start from; give a run or its checkpoint with \
                           --from";
            return Err(sim_core::Error::unfit("start.checkpoint", problem).into());
        }
        let share = |name: &str, share: f64| {
            let fits = (0.0..=1.0).contains(&share);
            sim_core::Error::check(name, share, fits, "from 0 to 1")
        };
        share("start.prune", self.prune)?;
        if let Some(Regrowth { share: grown, size }) = self.regrow {
            share("start.regrow.share", grown)?;
            let fits = size >= f64::from(f32::MIN_POSITIVE) && size <= f64::from(f32::MAX);
            sim_core::Error::check("start.regrow.size", size, fits, "above 0 and at most 3.4e38")?;
        }
        Ok(())
    }

    /// Prunes the network and lets zeros grow again; returns how many weights are zero then, if
    /// either was asked for.
    fn thin_out(&self, network: &mut Network, seed: Seed) -> Result<Option<usize>> {
        if self.prune == 0.0 && self.regrow.is_none() {
            return Ok(None);
        }
        let [zeros, _] = prune(network, self.prune)?;
        let grown = self
            .regrow
            .map(|Regrowth { share, size }| regrow(network, share, size as f32, seed, 0))
            .transpose()?;
        Ok(Some(zeros - grown.unwrap_or(0)))
    }
}

fn checksum(bytes: &[u8]) -> String {
    hexadecimal(Sha256::new_with_prefix(bytes))
}
