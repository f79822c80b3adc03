//! Reads spikes in any format.

use crate::error::{Error, Result};
use crate::hdf5_reading::ReadFile;
use crate::sonata::reader::read_spikes;
use crate::spikes::aedat::read_aedat;
use crate::spikes::format::SpikeFormat;
use crate::spikes::nir_data::read_nir_data;
use crate::spikes::npz_reader::read_npz;
use crate::spikes::population::PopulationSpikes;
use crate::spikes::text::csv_header;
use crate::spikes::text_reader::read_text;
use std::io::Read;
use std::path::Path;

/// What a file of spikes does not tell.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReadOptions {
    /// The format; guessed from the content where none is given.
    pub format: Option<SpikeFormat>,
    /// Length of a step in ms: needed where a file counts steps.
    pub dt_ms: Option<f64>,
    /// The name of the population where a file names none; the name of the file without its ending
    /// where none is given.
    pub population: Option<String>,
    /// The sample to be read, where a NIR data file holds several.
    pub sample: Option<usize>,
}

/// Reads the spikes of all populations of a file, in the order of their names. All of them are in
/// memory then, with 16 bytes each.
///
/// # Errors
/// [`Error::Disk`] when the file cannot be opened; [`Error::File`] naming line, packet, or dataset
/// and index when it is of no format that is known, lacks what it needs, or holds what cannot be
/// right.
pub fn read_log(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Vec<PopulationSpikes>> {
    read_with_step(path.as_ref(), options).map(|(spikes, _)| spikes)
}

/// The spikes of a file, and the length of a step in ms: as the options or else the file tell it.
pub(crate) fn read_with_step(
    path: &Path,
    options: &ReadOptions,
) -> Result<(Vec<PopulationSpikes>, Option<f64>)> {
    let format = match options.format {
        Some(format) => format,
        None => guess_format(path)?,
    };
    let (spikes, dt_ms) = match format {
        SpikeFormat::Sonata => (read_spikes(path)?, None),
        SpikeFormat::NirData => read_nir_data(path, options.sample)?,
        SpikeFormat::Npz => read_npz(path)?,
        SpikeFormat::Aedat => (vec![read_aedat(path)?], None),
        _ => {
            let population = options.population.as_deref();
            (read_text(path, format, population, options.dt_ms)?, None)
        }
    };
    Ok((spikes, options.dt_ms.or(dt_ms)))
}

/// Guesses the format of a file from its content.
///
/// # Errors
/// [`Error::Disk`] when the file cannot be read; [`Error::File`] when it looks like none.
pub fn guess_format(path: impl AsRef<Path>) -> Result<SpikeFormat> {
    /// What a header without comments fits into.
    const START: u64 = 1 << 12;
    let path = path.as_ref();
    let mut start = Vec::new();
    let mut file = atomic_file::open(path)?.take(START);
    file.read_to_end(&mut start)
        .map_err(|error| atomic_file::Error::io(path, "read the file", error))?;
    if start.starts_with(b"\x89HDF\r\n\x1a\n") {
        let file = ReadFile::open(path)?;
        let is_nir = file.file.root_group().is_ok_and(|root| root.attribute("__type__").is_ok());
        return Ok(if is_nir { SpikeFormat::NirData } else { SpikeFormat::Sonata });
    }
    if start.starts_with(b"PK") {
        return Ok(SpikeFormat::Npz);
    }
    if start.starts_with(b"#!AER-DAT") {
        return Ok(SpikeFormat::Aedat);
    }
    let text = String::from_utf8_lossy(&start);
    let first = text.lines().map(str::trim).find(|line| !line.starts_with('#'));
    let first = first.unwrap_or_default();
    let csv = SpikeFormat::ALL.into_iter().find(|format| {
        let header = csv_header(*format).filter(|_| *format != SpikeFormat::CsvBmtk);
        header == Some(&first.replace(' ', ""))
    });
    let mut words: Vec<&str> = first.split_whitespace().collect();
    if let Some(format) = csv {
        return Ok(format);
    } else if words.starts_with(&["sender", "time_ms"]) {
        return Ok(SpikeFormat::Nest);
    } else if words.len() == 2 && words.iter().all(|word| word.parse::<f64>().is_ok()) {
        return Ok(SpikeFormat::Gdf);
    }
    // A bare log without a spike is an empty file.
    if start.is_empty() && path.extension().is_some_and(|ending| ending == "gdf") {
        return Ok(SpikeFormat::Gdf);
    }
    words.sort_unstable();
    if words == ["node_ids", "population", "timestamps"] {
        return Ok(SpikeFormat::CsvBmtk);
    }
    let names = SpikeFormat::ALL.map(SpikeFormat::name).join(", ");
    Err(Error::file(path, format!("looks like no log of spikes; the formats are {names}")))
}
