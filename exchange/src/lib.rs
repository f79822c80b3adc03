//! Spike logs and networks in formats that other programs read.
//!
//! | file | holds |
//! |---|---|
//! | `spikes` | [`SpikeLog`], [`read_log`], [`convert()`]: spikes in each [`SpikeFormat`] |
//! | `spike_tables` | [`SpikeTables`]: what enters a network over several samples, and its answers |
//! | `sonata` | SONATA HDF5: its layout, [`read_spikes`], and [`SonataReport`] of state variables |
//! | `log` | [`Log`], the trait of all logs; [`LogLayout`]; [`write_logs`] feeds logs while a simulation runs |
//! | `networks` | [`DeployedNetwork`]: a network as other programs see it; [`NetworkFormat`], the trait of its formats |
//! | | [`NirFormat`], [`SonataNetwork`], [`SafetensorsNetwork`], and scripts: [`NestScript`], [`Brian2Script`], [`PynnScript`] |
//! | | [`read_weights`]: weights that a PyTorch program trained |
//! | `provenance` | [`Provenance`]: what every export says of where it came from |
//! | `npy`, `npz_reader` | NumPy's `.npy` and `.npz` |
//! | `safetensors_reader`, `tensor` | tensors by name, of any width |
//! | `large_hdf5`, `spool` | HDF5 files larger than memory; columns that wait on the disk |
//! | `hdf5_reading` | columns of HDF5 files of other programs |
//! | `error` | [`Error`] |
//!
//! ```
//! use exchange::{Log, LogLayout, ReadOptions, SpikeFormat, SpikeLog, write_logs};
//! use sim_core::{ChannelRecorder, ClockEngine, Network, Population, SpikeFrames, Variables};
//!
//! let ears = Population::source("ears", 3);
//! let network = Network::new(0.5, vec![ears], vec![]);
//! let layout = LogLayout::of(&network)?;
//! # let folder = tempfile::tempdir().expect("a folder for the example");
//! let (sonata, csv) = (folder.path().join("spikes.h5"), folder.path().join("spikes.csv"));
//! let logs = vec![
//!     SpikeLog::create(&sonata, SpikeFormat::Sonata, &layout, None)?.boxed(),
//!     SpikeLog::create(&csv, SpikeFormat::CsvPlain, &layout, None)?.boxed(),
//! ];
//! let writer = |records| write_logs(records, logs);
//! let mut recorder = ChannelRecorder::spawn(1024, Variables::SPIKES, writer);
//! let input = SpikeFrames::from_events(3, 10, &[(2, 4), (0, 9)])?;
//! ClockEngine::build(&network)?.run(&[input], 10, &mut recorder)?;
//! recorder.finish()?;
//! let text = std::fs::read_to_string(csv).expect("it was written");
//! assert_eq!(text, "population,time_ms,neuron\nears,2,2\nears,4.5,0\n");
//! let read = exchange::read_log(&sonata, &ReadOptions::default())?;
//! assert_eq!(read[0].times_ms, [2.0, 4.5]);
//!
//! let npz = folder.path().join("spikes.npz");
//! exchange::convert(&sonata, &ReadOptions::default(), &npz, SpikeFormat::Npz, None, false)?;
//! # Ok::<(), exchange::Error>(())
//! ```
//!
//! A thread of its own writes the logs, and a bounded channel feeds it while the simulation runs. A
//! writer that is slower than the simulation slows it down; nothing is lost, and memory stays
//! bounded: what a format has to know before its first byte waits on the disk, beside the file that
//! is going to be written.
#![forbid(unsafe_code)]

mod error;
mod hdf5_reading;
mod large_hdf5;
mod log;
mod networks;
mod npy;
mod npz_reader;
mod provenance;
mod safetensors_reader;
mod sonata;
mod spike_tables;
mod spikes;
mod spool;
mod tensor;

pub use error::{Error, Result};
pub use log::{Log, LogLayout, write_logs};
pub use networks::deployed::{
    DeployedNetwork, DeployedNeurons, DeployedPopulation, DeployedProjection,
};
pub use networks::format::{NetworkFormat, write_network};
pub use networks::nir::format::{NirDelays, NirFormat};
pub use networks::nir::reader::{NirNetwork, is_nir, read_nir};
pub use networks::safetensors_network::{SafetensorsNetwork, read_safetensors_network};
pub use networks::scripts::brian2::Brian2Script;
pub use networks::scripts::nest::NestScript;
pub use networks::scripts::pynn::PynnScript;
pub use networks::sonata_network::{SonataNetwork, read_sonata_network};
pub use networks::state_dict::{
    ImportedLayer, ImportedNeurons, ImportedNorm, ImportedReset, ImportedWeights, read_weights,
};
pub use provenance::Provenance;
pub use sonata::{SonataReport, read_spikes};
pub use spike_tables::{SpikeTables, TableSample};
pub use spikes::{
    PopulationSpikes, ReadOptions, Sorting, SpikeFormat, SpikeLog, UnknownFormat, convert,
    guess_format, quoted, read_log, spikes_of, write_spikes,
};
