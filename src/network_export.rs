//! A network in the format of another program.

use crate::error::{Error, Result};
use crate::export_format::NetworkTarget;
use exchange::{DeployedNetwork, NirDelays, Provenance, write_network};
use std::path::{Path, PathBuf};

/// How a network is exported.
#[derive(Debug, Clone)]
pub struct NetworkExport {
    /// The format.
    pub target: NetworkTarget,
    /// What becomes of delays in NIR.
    pub nir_delays: NirDelays,
    /// What the export says of where it came from.
    pub provenance: Provenance,
    /// Whether a file or folder of the same name is replaced; it is refused otherwise.
    pub overwrite: bool,
}

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedNetwork {
    /// The files.
    pub files: Vec<PathBuf>,
    /// What a reader of the files should know, a sentence each.
    pub remarks: Vec<String>,
}

impl NetworkExport {
    /// Writes `network` to `path`.
    ///
    /// # Errors
    /// Before anything is written: [`Error::Folder`] for what is there already and may not be
    /// replaced; [`Error::Exchange`] with everything that the format cannot hold. Later:
    /// [`Error::Disk`].
    pub fn write(&self, network: &DeployedNetwork, path: &Path) -> Result<ExportedNetwork> {
        let is_folder = self.target.is_folder();
        let refused = |problem: &str| Err(Error::folder(path, problem));
        match (path.exists(), path.is_dir()) {
            (true, true) if !is_folder => {
                return refused("this is a folder, but the name of a file was expected");
            }
            (true, false) if is_folder => {
                return refused("this is a file, but this format is a folder");
            }
            (true, _) if !self.overwrite => {
                return refused(
                    "this exists already; choose another name (--out PATH), or \
                                --overwrite it",
                );
            }
            _ => {}
        }
        let writer = self.target.writer(self.nir_delays);
        let files = write_network(&*writer, network, &self.provenance, path)?;
        Ok(ExportedNetwork { files, remarks: writer.remarks(network) })
    }
}
