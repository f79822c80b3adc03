//! The formats that networks and spikes are exported in.

use crate::nearest::nearest;
use exchange::{
    Brian2Script, NestScript, NetworkFormat, NirDelays, NirFormat, PynnScript, SafetensorsNetwork,
    SonataNetwork, SpikeFormat,
};
use std::fmt;
use std::str::FromStr;

/// A format, by the name that users type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Of a log of spikes.
    Spikes(SpikeFormat),
    /// Of a network.
    Network(NetworkTarget),
}

/// A format of networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkTarget {
    /// The Neuromorphic Intermediate Representation.
    Nir,
    /// A script for NEST.
    NestScript,
    /// A script for Brian2.
    Brian2Script,
    /// A script for PyNN.
    PynnScript,
    /// The folder of a SONATA network.
    SonataNetwork,
    /// Tensors that a few lines of PyTorch read.
    Safetensors,
}

impl NetworkTarget {
    /// All formats of networks.
    pub const ALL: [Self; 6] = [
        Self::Nir,
        Self::NestScript,
        Self::Brian2Script,
        Self::PynnScript,
        Self::SonataNetwork,
        Self::Safetensors,
    ];

    /// The name that users type.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nir => "nir",
            Self::NestScript => "nest-script",
            Self::Brian2Script => "brian2-script",
            Self::PynnScript => "pynn-script",
            Self::SonataNetwork => "sonata-network",
            Self::Safetensors => "safetensors",
        }
    }

    /// Whether the network becomes a folder; else a file.
    pub fn is_folder(self) -> bool {
        !matches!(self, Self::Nir | Self::Safetensors)
    }

    /// What writes the format; `delays` is what becomes of delays in NIR.
    pub fn writer(self, delays: NirDelays) -> Box<dyn NetworkFormat> {
        match self {
            Self::Nir => Box::new(NirFormat { delays }),
            Self::NestScript => Box::new(NestScript),
            Self::Brian2Script => Box::new(Brian2Script),
            Self::PynnScript => Box::new(PynnScript),
            Self::SonataNetwork => Box::new(SonataNetwork),
            Self::Safetensors => Box::new(SafetensorsNetwork),
        }
    }
}

impl ExportFormat {
    /// All formats.
    pub fn all() -> impl Iterator<Item = Self> {
        let networks = NetworkTarget::ALL.into_iter().map(Self::Network);
        networks.chain(SpikeFormat::ALL.into_iter().map(Self::Spikes))
    }

    /// The name that users type.
    pub fn name(self) -> &'static str {
        match self {
            Self::Spikes(format) => format.name(),
            Self::Network(target) => target.name(),
        }
    }
}

impl fmt::Display for ExportFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for ExportFormat {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        if let Some(format) = Self::all().find(|format| format.name() == typed) {
            return Ok(format);
        }
        let names: Vec<&str> = Self::all().map(Self::name).collect();
        let meant = nearest(typed, names.iter().copied());
        let meant = meant.map_or_else(String::new, |name| format!(" (did you mean {name}?)"));
        Err(format!("there is no such format{meant}; the formats are {}", names.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_name() {
        for format in ExportFormat::all() {
            assert_eq!(format.name().parse(), Ok(format));
        }
        for target in NetworkTarget::ALL {
            assert_eq!(target.writer(NirDelays::default()).name(), target.name());
        }
        let error = "sonatta".parse::<ExportFormat>().unwrap_err();
        assert!(error.contains("did you mean sonata?"), "{error}");
    }
}
