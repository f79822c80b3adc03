//! Networks in the formats of other programs.
//!
//! | file | holds |
//! |---|---|
//! | `deployed` | [`DeployedNetwork`]: a network as other programs see it |
//! | `format` | [`NetworkFormat`], the trait of all formats; [`write_network`] |
//! | `nir` | NIR, HDF5: [`NirFormat`]; [`read_nir`] reads back |
//! | `scripts` | [`NestScript`], [`Brian2Script`], [`PynnScript`]: Python scripts for other simulators |
//! | `safetensors_network` | [`SafetensorsNetwork`]: tensors that PyTorch opens |
//! | `sonata_network` | [`SonataNetwork`]: folders that libsonata and bmtk open |
//! | `dynamics_words`, `soundness` | neuron models as JSON; what must hold in every network |
//! | `state_dict` | [`read_weights`]: weights that a PyTorch program trained |
//!
//! [`DeployedNetwork`]: crate::DeployedNetwork
//! [`NetworkFormat`]: crate::NetworkFormat
//! [`write_network`]: crate::write_network
//! [`NirFormat`]: crate::NirFormat
//! [`read_nir`]: crate::read_nir
//! [`NestScript`]: crate::NestScript
//! [`Brian2Script`]: crate::Brian2Script
//! [`PynnScript`]: crate::PynnScript
//! [`SafetensorsNetwork`]: crate::SafetensorsNetwork
//! [`SonataNetwork`]: crate::SonataNetwork
//! [`read_weights`]: crate::read_weights

pub(crate) mod deployed;
mod dynamics_words;
pub(crate) mod format;
pub(crate) mod nir;
#[cfg(test)]
mod random_networks;
pub(crate) mod safetensors_network;
pub(crate) mod scripts;
pub(crate) mod sonata_network;
mod soundness;
pub(crate) mod state_dict;
