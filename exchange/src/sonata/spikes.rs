//! Writes spikes.

use crate::error::Result;
use crate::log::{Log, LogLayout};
use crate::sonata::file::{
    FLOAT64, UINT64, dataset, sonata_file, sorting_attribute, units, write_file,
};
use crate::sonata::reader::Sorting;
use atomic_file::AtomicFile;
use sim_core::Record;
use std::path::Path;

/// A spike log in SONATA HDF5, with a group for every population, silent ones too.
#[derive(Debug)]
pub struct SonataSpikes {
    file: AtomicFile,
    layout: LogLayout,
    populations: Vec<Columns>,
}

/// The spikes of one population as the bytes of their datasets.
#[derive(Debug, Clone, Default)]
struct Columns {
    timestamps: Vec<u8>,
    node_ids: Vec<u8>,
}

impl SonataSpikes {
    /// Starts a log that is going to be at `path`.
    ///
    /// # Errors
    /// [`crate::Error::Disk`].
    pub fn create(path: impl AsRef<Path>, layout: &LogLayout) -> Result<Self> {
        let populations = vec![Columns::default(); layout.populations().len()];
        Ok(Self { file: AtomicFile::create(path.as_ref())?, layout: layout.clone(), populations })
    }
}

impl Log for SonataSpikes {
    fn write(&mut self, record: &Record) -> Result<()> {
        let Record::Spikes { population, step, neurons } = record else { return Ok(()) };
        let time = self.layout.time_ms(*step).to_le_bytes();
        let columns = &mut self.populations[*population];
        for &neuron in neurons {
            columns.timestamps.extend_from_slice(&time);
            columns.node_ids.extend_from_slice(&u64::from(neuron).to_le_bytes());
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let mut content = sonata_file();
        for ((name, _), columns) in self.layout.populations().iter().zip(self.populations) {
            let spikes = vec![(columns.node_ids.len() / size_of::<u64>()) as u64];
            let path = |column: &str| format!("spikes/{name}/{column}");
            content = content
                .dataset(
                    dataset(path("timestamps"), FLOAT64, spikes.clone(), columns.timestamps)
                        .attribute(units("ms")),
                )
                .dataset(dataset(path("node_ids"), UINT64, spikes, columns.node_ids))
                // Steps ascend while a simulation runs.
                .group_attribute(format!("spikes/{name}"), sorting_attribute(Sorting::ByTime));
        }
        write_file(self.file, content)
    }
}
