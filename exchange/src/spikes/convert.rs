//! From one format to another.

use crate::error::{Error, Result};
use crate::log::LogLayout;
use crate::provenance::Provenance;
use crate::spikes::format::SpikeFormat;
use crate::spikes::population::PopulationSpikes;
use crate::spikes::read::{ReadOptions, read_with_step};
use crate::spikes::spike_log::write_spikes;
use std::path::{Path, PathBuf};

/// Writes the spikes of the file `input` to `output` in another format, and tells the files that
/// were written. Each population's spikes are brought into the order of their times. A population
/// of unknown size ends with the last neuron that fires. The spikes of the input are in memory,
/// with 16 bytes each; writing adds no more than a fixed amount.
///
/// # Errors
/// [`Error::File`] for a file that exists, unless it may be replaced (`overwrite`); as
/// [`read_log`](crate::read_log) and [`write_spikes`].
pub fn convert(
    input: impl AsRef<Path>,
    options: &ReadOptions,
    output: impl AsRef<Path>,
    format: SpikeFormat,
    provenance: Option<&Provenance>,
    overwrite: bool,
) -> Result<Vec<PathBuf>> {
    let (mut spikes, dt_ms) = read_with_step(input.as_ref(), options)?;
    spikes.iter_mut().for_each(PopulationSpikes::sort_by_time);
    let sized = |spikes: &PopulationSpikes| {
        (spikes.population.clone(), usize::try_from(spikes.neurons()).unwrap_or(usize::MAX))
    };
    let layout = LogLayout::new(spikes.iter().map(sized).collect(), dt_ms)?;
    let files = format.files(output.as_ref(), &layout);
    let sidecars = files.iter().filter_map(|file| format.sidecar(file));
    let sidecars = sidecars.filter(|_| provenance.is_some());
    let mut all = files.iter().cloned().chain(sidecars);
    if let Some(there) = all.find(|file| file.exists() && !overwrite) {
        let problem = "exists already; choose another name, or --overwrite it";
        return Err(Error::file(&there, problem));
    }
    write_spikes(output, format, &layout, &spikes, provenance)
}
