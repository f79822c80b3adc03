//! The checkpoint that a network starts from, if not from chance: `[start]` of an experiment.

use crate::error::{Error, Result};
use plasticity::CheckpointFile;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sim_core::Network;
use std::path::{Path, PathBuf};

/// A checkpoint whose weights, delays and norms a network starts from. Optimisers and schedules
/// begin anew.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// A `.safetensors` file of a run, or the folder of a run, which stands for its best
    /// checkpoint; `--from` on the command line. A relative path begins at the folder of the
    /// configuration file.
    pub checkpoint: PathBuf,
    /// SHA-256 of the file; where it is given, a file with another is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
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
        std::iter::once(start).chain(difference).collect()
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

    /// Reads the checkpoint into `network` and notes its checksum and its absolute path.
    ///
    /// # Errors
    /// When the file does not exist, is no checkpoint or has another checksum, or its tensors do
    /// not fit the network.
    pub(crate) fn load(&mut self, network: &mut Network) -> Result<(CheckpointFile, StartOrigin)> {
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
        };
        Ok((file, origin))
    }
}

/// Reads the copy that a run keeps of the checkpoint it started from into its network.
pub(crate) fn load_copy(copy: &Path, network: &mut Network) -> Result<()> {
    CheckpointFile::open(copy)?.start(network)?;
    Ok(())
}

fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
