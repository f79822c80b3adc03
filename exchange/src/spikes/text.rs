//! Spikes as lines of text, one per spike.
//!
//! ```text
//! population,time_ms,neuron          csv
//! hidden,12.5,3
//!
//! timestamps population node_ids     csv-bmtk: what bmtk reads and writes
//! 12.5 hidden 3
//!
//! timestep,neuron                    csv-steps
//! 25,3
//!
//! time_us,neuron                     csv-us
//! 12500,3
//!
//! # synfire {"population":"hidden"}  nest: columns are separated by tabs
//! # RecordingBackendASCII version: 2
//! sender      time_ms
//! 4           12.5
//!
//! 4           12.5                   gdf: the same without a header
//! ```
//! Lines are in the order in which the spikes came; a simulation gives them by ascending time, then
//! population, then neuron. Times in ms have as many digits as are needed to tell them apart. Lines
//! end with `\n`.
//!
//! - CSV counts neurons from 0. A name with a separator or a quote in it is quoted as in RFC 4180.
//! - NEST counts nodes from 1, so node `n + 1` is neuron `n` of the file's population; NEST itself
//!   counts on over all populations of a simulation. The header has as many lines as that of NEST
//!   3.9 (`nestkernel/recording_backend_ascii.cpp`), for readers that skip three. In its first
//!   line, where NEST has its version, is the population, and where the file came from.
//! - `gdf` is what Neo's `NestIO` reads (0.14.6). It takes a first line without a point for one of
//!   whole numbers, so times in ms always have a decimal point.

use crate::error::Result;
use crate::log::LogLayout;
use crate::provenance::Provenance;
use crate::spikes::format::{SpikeFormat, microseconds, whole};
use crate::spikes::sink::SpikeSink;
use atomic_file::AtomicFile;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;

/// Begin of the first line of a NEST file of ours; [`NestHeader`] follows.
pub(crate) const NEST_HEADER: &str = "# synfire ";
/// The line with the names of the columns.
pub(crate) const NEST_COLUMNS: &str = "sender\ttime_ms";

/// What the first line of a NEST file of ours tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct NestHeader {
    pub population: String,
    pub size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
}

/// The first line of a format in CSV, if it is one.
pub(crate) fn csv_header(format: SpikeFormat) -> Option<&'static str> {
    match format {
        SpikeFormat::CsvPlain => Some("population,time_ms,neuron"),
        SpikeFormat::CsvBmtk => Some("timestamps population node_ids"),
        SpikeFormat::CsvSteps => Some("timestep,neuron"),
        SpikeFormat::CsvMicroseconds => Some("time_us,neuron"),
        _ => None,
    }
}

/// A spike log in text.
#[derive(Debug)]
pub(crate) struct TextSpikes {
    file: AtomicFile,
    format: SpikeFormat,
    dt_ms: Option<f64>,
    /// The names of the populations as they stand in the file.
    names: Vec<String>,
    /// Population and time of the last spike.
    last: Option<(usize, u64)>,
    /// What stands before and behind the neuron in the lines of that time.
    before: Vec<u8>,
    behind: Vec<u8>,
    lines: Vec<u8>,
}

impl TextSpikes {
    pub(crate) fn create(
        path: &Path,
        format: SpikeFormat,
        layout: &LogLayout,
        provenance: Option<&Provenance>,
    ) -> Result<Self> {
        let mut file = AtomicFile::create(path)?;
        if let Some(header) = csv_header(format) {
            file.write(format!("{header}\n").as_bytes())?;
        } else if let (SpikeFormat::Nest, [(population, size)]) = (format, layout.populations()) {
            let header = NestHeader {
                population: population.clone(),
                size: *size as u64,
                provenance: provenance.cloned(),
            };
            let header = serde_json::to_string(&header).expect("texts and numbers are JSON");
            let version = "# RecordingBackendASCII version: 2";
            let text = format!("{NEST_HEADER}{header}\n{version}\n{NEST_COLUMNS}\n");
            file.write(text.as_bytes())?;
        }
        let separator = if format == SpikeFormat::CsvBmtk { ' ' } else { ',' };
        let names = layout.populations().iter().map(|(name, _)| quoted(name, separator));
        Ok(Self {
            file,
            format,
            dt_ms: layout.dt_ms(),
            names: names.collect(),
            last: None,
            before: Vec::new(),
            behind: Vec::new(),
            lines: Vec::new(),
        })
    }

    /// Prepares the lines of spikes of a population at a time.
    fn begin(&mut self, population: usize, time_ms: f64) -> Result<()> {
        let name = &self.names[population];
        let (before, behind) = match self.format {
            SpikeFormat::CsvBmtk => (format!("{time_ms} {name} "), "\n".into()),
            SpikeFormat::CsvSteps => {
                let step = self.dt_ms.and_then(|dt_ms| whole(time_ms / dt_ms));
                let step = step.ok_or_else(|| {
                    let dt_ms = self.dt_ms.unwrap_or_default();
                    self.format.refuses(format!(
                        "the time {time_ms} ms is not a whole number of steps of {dt_ms} ms"
                    ))
                })?;
                (format!("{step},"), "\n".into())
            }
            SpikeFormat::CsvMicroseconds => {
                let time = microseconds(time_ms).ok_or_else(|| {
                    let problem = "is not a whole number of microseconds";
                    self.format.refuses(format!("the time {time_ms} ms {problem}"))
                })?;
                (format!("{time},"), "\n".into())
            }
            SpikeFormat::Nest | SpikeFormat::Gdf => {
                let point = if time_ms.fract() == 0.0 { ".0" } else { "" };
                (String::new(), format!("\t{time_ms}{point}\n"))
            }
            _ => (format!("{name},{time_ms},"), "\n".into()),
        };
        (self.before, self.behind) = (before.into_bytes(), behind.into_bytes());
        self.last = Some((population, time_ms.to_bits()));
        Ok(())
    }
}

impl SpikeSink for TextSpikes {
    fn spikes(&mut self, population: usize, times_ms: &[f64], neurons: &[u64]) -> Result<()> {
        /// Bytes that are written at a time.
        const LINES: usize = 1 << 16;
        let first = u64::from(matches!(self.format, SpikeFormat::Nest | SpikeFormat::Gdf));
        for (&time, neuron) in times_ms.iter().zip(neurons) {
            if self.last != Some((population, time.to_bits())) {
                self.begin(population, time)?;
            }
            self.lines.extend_from_slice(&self.before);
            write!(self.lines, "{}", neuron + first).expect("memory takes every text");
            self.lines.extend_from_slice(&self.behind);
            if self.lines.len() >= LINES {
                self.file.write(&self.lines)?;
                self.lines.clear();
            }
        }
        self.file.write(&self.lines)?;
        self.lines.clear();
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Ok(self.file.finish()?)
    }
}

/// A field as it stands in a line: quoted as in RFC 4180 where the separator, a quote or the end of
/// a line is in it.
pub fn quoted(name: &str, separator: char) -> String {
    if name.contains([separator, '"', '\n', '\r']) {
        format!("\"{}\"", name.replace('"', "\"\""))
    } else {
        name.to_owned()
    }
}
