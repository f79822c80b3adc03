//! Logs of spikes in the formats of other programs.
//!
//! | file | holds |
//! |---|---|
//! | `format` | [`SpikeFormat`]: the formats, their names and files, what each cannot hold |
//! | `spike_log` | [`SpikeLog`]: writes spikes while they come; [`write_spikes`] those in memory |
//! | `read`, `convert` | [`read_log`], [`guess_format`], [`convert()`] |
//! | `population` | [`PopulationSpikes`]: spikes in memory; [`spikes_of`] chooses a population |
//! | `sink`, `spooled` | what writes one file; spikes whose number is not known yet |
//! | `sonata`, `nir_data`, `npz`, `npz_reader`, `aedat` | binary formats, each with its layout |
//! | `text`, `text_reader` | CSV, NEST and gdf, with their columns |
//!
//! The formats:
//!
//! | name | file | populations | times | neurons | read back with |
//! |---|---|---|---|---|---|
//! | `sonata` | `.h5` | all | ms | from 0 | libsonata, bmtk, h5py |
//! | `nirdata` | `.nir.h5` | all | s | from 0 | nir |
//! | `npz` | `.npz` | all | ms | from 0 | numpy |
//! | `aedat` | `.aedat` | one per file | whole µs | from 0, below 2^20 | tonic (data words) |
//! | `nest` | `.dat` | one per file | ms | from 1 | numpy, pandas |
//! | `gdf` | `.gdf` | one per file | ms | from 1 | Neo |
//! | `csv` | `.csv` | all | ms | from 0 | |
//! | `csv-bmtk` | `.bmtk.csv` | all | ms | from 0 | bmtk |
//! | `csv-steps` | `.steps.csv` | one per file | steps | from 0 | |
//! | `csv-us` | `.us.csv` | one per file | whole µs | from 0 | |
//!
//! A neuron that fires several times in a step has as many entries. A file says where it came from
//! ([`Provenance`](crate::Provenance)): in attributes, in a comment, or as an array; CSV and gdf
//! have no place for that, and get a file `FILE.provenance.json` beside them.

mod aedat;
mod convert;
mod format;
mod nir_data;
mod npz;
mod npz_reader;
pub(crate) mod population;
mod read;
mod sink;
mod sonata;
mod spike_log;
mod spooled;
mod text;
mod text_reader;

pub use convert::convert;
pub use format::{SpikeFormat, UnknownFormat};
pub use population::{PopulationSpikes, Sorting, spikes_of};
pub use read::{ReadOptions, guess_format, read_log};
pub use spike_log::{SpikeLog, write_spikes};
pub use text::quoted;

#[cfg(test)]
mod tests;
