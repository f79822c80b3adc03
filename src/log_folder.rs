//! A folder of spike logs as samples to train on.
//!
//! ```text
//! labels.csv       file,label          and, where they are known, speaker and population
//!                  sample-0.npz,one
//!                  sample-1.npz,two
//! sample-0.npz     a log of each sample, in any format that is read
//! ```
//! A label is the name of a class. Where all labels are whole numbers, they are the classes
//! themselves; else classes are numbered in the order of their names. A log with several
//! populations needs the column `population`, unless one of them is called `input`. Times are ms,
//! as in every log.

use crate::error::{Error, Result};
use datasets::{Layout, NewSample, SpikeRecordings, TimeType, hexadecimal};
use exchange::{PopulationSpikes, ReadOptions, Sorting, read_log, spikes_of};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Name of the table.
pub(crate) const TABLE: &str = "labels.csv";

/// The population that is read of a log with several, unless the table names another.
pub(crate) const INPUT: &str = "input";

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LabelledLog {
    /// The log, relative to the folder.
    pub file: PathBuf,
    /// The class of the sample: its name, or a whole number.
    pub label: String,
    /// Who spoke.
    #[serde(default)]
    pub speaker: Option<u16>,
    /// The population whose spikes are the sample's.
    #[serde(default)]
    pub population: Option<String>,
}

/// A folder with such a table.
#[derive(Debug, Clone)]
pub(crate) struct LogFolder {
    folder: PathBuf,
    rows: Vec<LabelledLog>,
}

impl LogFolder {
    /// Whether a folder has a table of labels.
    pub fn is_in(folder: &Path) -> bool {
        folder.join(TABLE).is_file()
    }

    /// Reads the table.
    ///
    /// # Errors
    /// [`Error::Samples`] for a table that is not as described above.
    pub fn open(folder: &Path) -> Result<Self> {
        let table = folder.join(TABLE);
        let wrong = |problem: String| Error::samples(&table.display().to_string(), problem);
        let rows = csv::Reader::from_path(&table)
            .and_then(|mut reader| reader.deserialize().collect::<csv::Result<Vec<_>>>())
            .map_err(|error| {
                wrong(format!(
                    "the table has the columns file,label and, where they are known, speaker and \
                     population, but {error}"
                ))
            })?;
        match rows.is_empty() {
            true => Err(wrong("there are no samples in this table".into())),
            false => Ok(Self { folder: folder.to_owned(), rows }),
        }
    }

    /// The samples.
    ///
    /// # Errors
    /// What is wrong with a log; [`Error::Samples`] for labels, speakers or populations that do not
    /// fit together.
    pub fn read(&self, layout: &Layout) -> Result<SpikeRecordings> {
        let logs = self.rows.iter().map(|row| self.log(row)).collect::<Result<Vec<_>>>()?;
        let (labels, names) = self.labels()?;
        let classes = labels.iter().max().map_or(0, |last| last + 1);
        let channels = layout.channels.map_or_else(|| channels_of(&logs), Ok);
        let channels = channels.map_err(|neuron| {
            let limit = usize::from(u16::MAX) + 1;
            self.wrong(format!("a log has neuron {neuron}, but there may be {limit} channels"))
        })?;
        for (row, log) in self.rows.iter().zip(&logs) {
            if let Some(spike) = log.node_ids.iter().position(|&id| id >= channels as u64) {
                let neuron = log.node_ids[spike];
                return Err(Error::samples(
                    &self.folder.join(&row.file).display().to_string(),
                    format!(
                        "spike {spike} of population {} is of neuron {neuron}, but there are \
                         {channels} channels",
                        log.population
                    ),
                ));
            }
        }
        let seconds = |log: &PopulationSpikes| log.times_ms.iter().map(|time| time / 1e3).collect();
        let samples = logs.iter().zip(&labels).map(|(log, &label)| NewSample {
            seconds: seconds(log),
            units: log.node_ids.iter().map(|&id| id as u16).collect(),
            label: label as u16,
        });
        let origin = self.folder.display().to_string();
        let classes = layout.classes.unwrap_or(classes);
        let time_type = TimeType::Float64;
        let mut recordings =
            SpikeRecordings::from_samples(&origin, channels, classes, time_type, samples)?;
        if let Some(names) = names {
            recordings = recordings.with_class_names(names);
        }
        let speakers: Vec<u16> = self.rows.iter().filter_map(|row| row.speaker).collect();
        match speakers.len() {
            0 => Ok(recordings),
            known if known == self.rows.len() => Ok(recordings.with_speakers(speakers)),
            known => Err(self.wrong(format!(
                "{known} of {} samples have a speaker, but all or none must have one",
                self.rows.len()
            ))),
        }
    }

    /// SHA-256 of the table and of all logs, in its order.
    ///
    /// # Errors
    /// [`Error::Disk`] for a file that cannot be read.
    pub fn sha256(&self) -> Result<String> {
        let mut digest = Sha256::new();
        let logs = self.rows.iter().map(|row| &*row.file);
        for file in std::iter::once(Path::new(TABLE)).chain(logs) {
            let path = self.folder.join(file);
            let bytes = std::fs::read(&path).map_err(|error| Error::io(&path, "read it", error))?;
            digest.update((bytes.len() as u64).to_le_bytes());
            digest.update(bytes);
        }
        Ok(hexadecimal(digest))
    }

    /// The spikes of a sample, in the order of their times.
    fn log(&self, row: &LabelledLog) -> Result<PopulationSpikes> {
        let path = self.folder.join(&row.file);
        let mut populations = read_log(&path, &ReadOptions::default())?;
        let mut log = match (&row.population, populations.len()) {
            // Text without a spike names no population: the sample is silent.
            (_, 0) => PopulationSpikes {
                population: INPUT.into(),
                times_ms: Vec::new(),
                node_ids: Vec::new(),
                sorting: Sorting::ByTime,
                size: None,
            },
            (Some(name), _) => spikes_of(populations, name, &path)?,
            (None, 1) => populations.remove(0),
            (None, _) => spikes_of(populations, INPUT, &path)?,
        };
        log.sort_by_time();
        Ok(log)
    }

    /// The class of each sample, and the names of the classes where they have names.
    fn labels(&self) -> Result<(Vec<usize>, Option<Vec<String>>)> {
        let labels = || self.rows.iter().map(|row| row.label.trim());
        if let Some(sample) = labels().position(str::is_empty) {
            return Err(self.wrong(format!("sample {sample} has no label")));
        }
        if let Some(classes) = labels().map(|label| label.parse::<u16>().ok()).collect() {
            let classes: Vec<u16> = classes;
            return Ok((classes.into_iter().map(usize::from).collect(), None));
        }
        let names: BTreeSet<&str> = labels().collect();
        let names: Vec<&str> = names.into_iter().collect();
        let class = |label| names.binary_search(&label).expect("every label is a name");
        Ok((labels().map(class).collect(), Some(names.iter().map(|&name| name.into()).collect())))
    }

    fn wrong(&self, problem: String) -> Error {
        Error::samples(&self.folder.join(TABLE).display().to_string(), problem)
    }
}

/// Writes the table of a folder of logs.
///
/// # Errors
/// [`Error::Disk`].
pub(crate) fn write_table(folder: &Path, rows: &[LabelledLog]) -> Result<()> {
    let table = folder.join(TABLE);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let row = |row: &LabelledLog| {
        let speaker = row.speaker.map(|speaker| speaker.to_string()).unwrap_or_default();
        let population = row.population.clone().unwrap_or_default();
        [row.file.display().to_string(), row.label.clone(), speaker, population]
    };
    let header = ["file", "label", "speaker", "population"].map(str::to_owned);
    let bytes = std::iter::once(header)
        .chain(rows.iter().map(row))
        .try_for_each(|row| writer.write_record(row))
        .and_then(|()| writer.into_inner().map_err(|error| error.into_error().into()))
        .map_err(|error| Error::samples(&table.display().to_string(), error.to_string()))?;
    Ok(atomic_file::write(&table, &bytes)?)
}

/// As many channels as the logs say, else up to the last neuron that fires; the neuron beyond all
/// channels, where there is one.
fn channels_of(logs: &[PopulationSpikes]) -> std::result::Result<usize, u64> {
    let of_log = |log: &PopulationSpikes| {
        let last = log.node_ids.iter().max().map_or(0, |&last| last.saturating_add(1));
        log.size.unwrap_or(0).max(last)
    };
    let channels = logs.iter().map(of_log).max().unwrap_or(0).max(1);
    match channels > u64::from(u16::MAX) + 1 {
        true => Err(channels - 1),
        false => Ok(channels as usize),
    }
}

#[cfg(test)]
mod tests;
