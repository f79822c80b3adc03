//! Spike logs in formats that other programs read.
//!
//! | file | holds |
//! |---|---|
//! | `log` | [`Log`], the trait of all logs; [`write_logs`] feeds them while a simulation runs |
//! | `sonata` | SONATA HDF5: [`SonataSpikes`], [`SonataReport`]; [`read_spikes`] reads back |
//! | `csv` | [`CsvSpikes`]: spikes as text, one per line, in the columns of [`CsvLayout`] |
//!
//! ```
//! use exchange::{CsvLayout, CsvSpikes, Log, LogLayout, SonataSpikes, write_logs};
//! use sim_core::{ChannelRecorder, ClockEngine, Network, Population, SpikeFrames, Variables};
//!
//! let ears = Population::source("ears", 3);
//! let network = Network::new(0.5, vec![ears], vec![]);
//! let layout = LogLayout::of(&network)?;
//! # let folder = tempfile::tempdir().expect("a folder for the example");
//! let (sonata, csv) = (folder.path().join("spikes.h5"), folder.path().join("spikes.csv"));
//! let text = CsvSpikes::create(&csv, &layout, CsvLayout::Plain)?;
//! let logs = vec![SonataSpikes::create(&sonata, &layout)?.boxed(), text.boxed()];
//! let writer = |records| write_logs(records, logs);
//! let mut recorder = ChannelRecorder::spawn(1024, Variables::SPIKES, writer);
//! let input = SpikeFrames::from_events(3, 10, &[(2, 4), (0, 9)])?;
//! ClockEngine::build(&network)?.run(&[input], 10, &mut recorder)?;
//! recorder.finish()?;
//! let text = std::fs::read_to_string(csv).expect("it was written");
//! assert_eq!(text, "population,time_ms,neuron\nears,2,2\nears,4.5,0\n");
//! assert_eq!(exchange::read_spikes(sonata)?[0].times_ms, [2.0, 4.5]);
//! # Ok::<(), exchange::Error>(())
//! ```
//!
//! A thread of its own writes the logs, and a bounded channel feeds it while the simulation runs. A
//! writer that is slower than the simulation slows it down; nothing is lost, and memory stays
//! bounded, except that an HDF5 file is put together in memory.
#![forbid(unsafe_code)]

mod csv;
mod error;
mod log;
mod sonata;

pub use csv::{CsvLayout, CsvSpikes, quoted};
pub use error::{Error, Result};
pub use log::{Log, LogLayout, write_logs};
pub use sonata::{PopulationSpikes, SonataReport, SonataSpikes, Sorting, read_spikes};
