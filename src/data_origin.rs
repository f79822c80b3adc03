//! What identifies the samples of a run.

use serde::{Deserialize, Serialize};
use std::path::Path;

/// What identifies the samples.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DataOrigin {
    /// The file as it was named, `random manifolds`, or what a program calls its samples.
    pub name: String,
    /// SHA-256 of the HDF5 file (never of the archive around it), or of samples in memory; none for
    /// made-up data, which the seed identifies.
    pub sha256: Option<String>,
    /// Channels of a file, before they are grouped.
    #[serde(skip)]
    pub channels: Option<usize>,
    /// The median time of a sample's last spike in s; none for samples in memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_length_s: Option<f64>,
}

impl DataOrigin {
    /// The name without its folder.
    pub fn short_name(&self) -> &str {
        Path::new(&self.name).file_name().and_then(|name| name.to_str()).unwrap_or(&self.name)
    }
}
