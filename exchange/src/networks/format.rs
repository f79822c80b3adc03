//! What every format of networks does.

use crate::error::{Error, Result};
use crate::networks::deployed::DeployedNetwork;
use crate::provenance::Provenance;
use std::path::{Path, PathBuf};

/// A format that a network can be written in.
pub trait NetworkFormat {
    /// The name that users type: `nir`.
    fn name(&self) -> &'static str;

    /// What the format, as set up, cannot hold of this network: one sentence each, which names the
    /// population or projection and the way out. Empty where a program that reads the file gets
    /// all of the network.
    fn obstacles(&self, network: &DeployedNetwork) -> Vec<String>;

    /// What a reader of the file should know, though nothing is lost: one sentence each.
    fn remarks(&self, _network: &DeployedNetwork) -> Vec<String> {
        Vec::new()
    }

    /// Writes a network without [obstacles](Self::obstacles) to `path`, a file or a folder as the
    /// format has it; the files that were written.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::File`].
    fn write(
        &self,
        network: &DeployedNetwork,
        provenance: &Provenance,
        path: &Path,
    ) -> Result<Vec<PathBuf>>;

    /// Whether a file of this name, in the folder of a network, may be one that [`Self::write`]
    /// wrote. Of a format that writes a single file, none is.
    fn has_file(&self, _name: &str) -> bool {
        false
    }
}

/// Writes a network, unless the format cannot hold it: then nothing is written.
///
/// # Errors
/// [`Error::Format`] with everything that the format cannot hold; as [`NetworkFormat::write`].
pub fn write_network(
    format: &dyn NetworkFormat,
    network: &DeployedNetwork,
    provenance: &Provenance,
    path: &Path,
) -> Result<Vec<PathBuf>> {
    match &format.obstacles(network)[..] {
        [] => format.write(network, provenance, path),
        obstacles => Err(Error::Format { format: format.name(), problem: obstacles.join("; ") }),
    }
}
