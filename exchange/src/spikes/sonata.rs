//! Spikes in SONATA HDF5; the layout is that of the crate's `sonata`.

use crate::error::Result;
use crate::large_hdf5::{encode, large_dataset, write_head};
use crate::log::LogLayout;
use crate::provenance::Provenance;
use crate::sonata::file::{
    FLOAT64, UINT64, provenance_attributes, sonata_file, sorting_attribute, units,
};
use crate::spikes::population::Sorting;
use crate::spikes::sink::SpikeSink;
use crate::spikes::spooled::SpooledSpikes;
use atomic_file::AtomicFile;
use std::path::Path;

/// A spike log in SONATA HDF5, with a group for every population, silent ones too.
#[derive(Debug)]
pub(crate) struct SonataSpikes {
    file: AtomicFile,
    layout: LogLayout,
    provenance: Option<Provenance>,
    spikes: SpooledSpikes,
}

impl SonataSpikes {
    pub(crate) fn create(
        path: &Path,
        layout: &LogLayout,
        provenance: Option<&Provenance>,
    ) -> Result<Self> {
        Ok(Self {
            file: AtomicFile::create(path)?,
            layout: layout.clone(),
            provenance: provenance.cloned(),
            spikes: SpooledSpikes::new(path, layout),
        })
    }
}

impl SpikeSink for SonataSpikes {
    fn spikes(&mut self, population: usize, times_ms: &[f64], neurons: &[u64]) -> Result<()> {
        self.spikes.add(population, times_ms, neurons)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self { mut file, layout, provenance, mut spikes } = *self;
        let mut content = provenance_attributes(sonata_file(), provenance.as_ref());
        let mut large = Vec::new();
        for (population, (name, _)) in layout.populations().iter().enumerate() {
            let group = format!("spikes/{name}");
            let mut column = |name: &str, datatype| {
                let shape = vec![spikes.count(population)];
                let path = format!("{group}/{name}");
                let (dataset, data) = large_dataset(&path, datatype, shape, size_of::<u64>());
                large.push(data);
                dataset
            };
            content = content
                .dataset(column("timestamps", FLOAT64).attribute(units("ms")))
                .dataset(column("node_ids", UINT64))
                // A log checks that times ascend.
                .group_attribute(group, sorting_attribute(Sorting::ByTime));
        }
        let small = encode(file.path(), content)?;
        write_head(&mut file, small, &large)?;
        for population in 0..layout.populations().len() {
            let mut put = |bytes: &[u8]| Ok(file.write(bytes)?);
            spikes.put_times(population, |time| time, &mut put)?;
            spikes.put_neurons(population, &mut put)?;
        }
        Ok(file.finish()?)
    }

    #[cfg(all(test, target_os = "linux"))]
    fn fill_disk(&mut self) {
        self.spikes.fill_disk();
    }
}
