//! The figures of a run, and their files.

use std::path::{Path, PathBuf};

/// One of the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    /// A validation sample on its way through the network.
    Raster,
    /// Weights at start and end, and over the epochs.
    Weights,
    /// Sizes of excitatory and inhibitory weights, as logarithms.
    Sizes,
    /// What excitatory and inhibitory synapses bring to each neuron in a validation sample.
    Currents,
    /// Delays at start and end, and how far they moved per epoch.
    Delays,
    /// Loss, accuracy and schedules over the epochs.
    Curves,
    /// What each class was taken for.
    Confusion,
}

impl Picture {
    /// All figures.
    pub const ALL: [Self; 7] = [
        Self::Raster,
        Self::Weights,
        Self::Sizes,
        Self::Currents,
        Self::Delays,
        Self::Curves,
        Self::Confusion,
    ];

    /// Name of the figure and of its files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raster => "raster",
            Self::Weights => "weights",
            Self::Sizes => "sizes",
            Self::Currents => "currents",
            Self::Delays => "delays",
            Self::Curves => "curves",
            Self::Confusion => "confusion",
        }
    }

    /// Whether the figure shows a sample, and cannot be drawn without one.
    pub fn needs_samples(self) -> bool {
        matches!(self, Self::Raster | Self::Currents)
    }

    /// Its files in `folder`: PNG and SVG.
    pub fn files(self, folder: &Path) -> [PathBuf; 2] {
        ["png", "svg"].map(|ending| folder.join(format!("{}.{ending}", self.name())))
    }
}
