//! Recordings as spike logs, a log for each sample.

use crate::chosen_samples::ChosenSamples;
use crate::error::{Error, Result};
use crate::log_folder::{INPUT, LabelledLog, TABLE, write_table};
use crate::sample_list::SampleList;
use datasets::SpikeRecordings;
use exchange::{LogLayout, PopulationSpikes, Provenance, Sorting, SpikeFormat, write_spikes};
use sim_core::Network;
use std::fs;
use std::path::{Path, PathBuf};

/// How recordings are written as logs.
#[derive(Debug, Clone)]
pub struct RecordingLogs {
    /// The format.
    pub format: SpikeFormat,
    /// Length of the steps in ms that times are counted in, from the step's start on; the times of
    /// the recordings themselves where none is given.
    pub dt_ms: Option<f64>,
    /// What the logs say of where they came from.
    pub provenance: Provenance,
    /// Whether files of the same names are replaced; they are refused otherwise.
    pub overwrite: bool,
}

impl RecordingLogs {
    /// Writes sample K as `sample-K.ENDING` into `folder`, with one population, `input`, of as many
    /// neurons as there are channels; and `labels.csv`, with which the folder is data to train on.
    /// Returns the logs and the table.
    ///
    /// # Errors
    /// Before anything is written: [`Error::Config`] for a sample that does not exist;
    /// [`Error::Folder`] for a file that exists and may not be replaced; what the format cannot
    /// hold. Later: [`Error::Disk`], and times that the format cannot hold. What was finished by
    /// then stays.
    pub fn write(
        &self,
        recordings: &SpikeRecordings,
        samples: &SampleList,
        folder: &Path,
    ) -> Result<Vec<PathBuf>> {
        let origin = recordings.origin().display().to_string();
        let samples = samples.indices(recordings.len()).map_err(|index| {
            let last = recordings.len().saturating_sub(1);
            let problem = format!("there is no sample {index}: the samples are 0 to {last}");
            Error::config(origin, problem)
        })?;
        let layout = LogLayout::new(vec![(INPUT.into(), recordings.channels())], self.dt_ms)?;
        self.format.check(&layout)?;
        let file = |sample: usize| format!("sample-{sample}.{}", self.format.ending());
        let table = folder.join(TABLE);
        let logs = samples.iter().map(|&sample| folder.join(file(sample)));
        let files: Vec<PathBuf> = logs.chain([table]).collect();
        let sidecars = files.iter().filter_map(|file| self.format.sidecar(file));
        let mut all = files.iter().cloned().chain(sidecars);
        if let Some(there) = all.find(|file| file.exists() && !self.overwrite) {
            let problem = "this file exists already; choose another folder (--out DIR), or \
                           --overwrite it";
            return Err(Error::folder(&there, problem));
        }
        fs::create_dir_all(folder).map_err(|error| Error::io(folder, "make the folder", error))?;
        let mut rows = Vec::with_capacity(samples.len());
        for (&sample, path) in samples.iter().zip(&files) {
            let spikes = self.spikes(recordings, sample);
            write_spikes(path, self.format, &layout, &[spikes], Some(&self.provenance))?;
            rows.push(LabelledLog {
                file: file(sample).into(),
                label: match recordings.class_names() {
                    Some(_) => recordings.class_name(recordings.label(sample)),
                    None => recordings.label(sample).to_string(),
                },
                speaker: recordings.speakers().map(|speakers| speakers[sample]),
                population: None,
            });
        }
        write_table(folder, &rows)?;
        Ok(files)
    }

    fn spikes(&self, recordings: &SpikeRecordings, sample: usize) -> PopulationSpikes {
        let exact = |seconds: f64| 1e3 * seconds;
        let time_ms = |seconds: f64| match self.dt_ms {
            None => exact(seconds),
            // Times within a millionth of a step below a step's start belong to it.
            Some(dt_ms) => (exact(seconds) / dt_ms + 1e-6).floor() * dt_ms,
        };
        PopulationSpikes {
            population: INPUT.into(),
            times_ms: recordings.seconds(sample).map(time_ms).collect(),
            node_ids: recordings.units(sample).iter().map(|&unit| u64::from(unit)).collect(),
            sorting: Sorting::ByTime,
            size: Some(recordings.channels() as u64),
        }
    }
}

/// The table of a folder of logs.
pub fn labels_of(folder: &Path) -> PathBuf {
    folder.join(TABLE)
}

/// Writes `labels.csv` for the logs of simulated samples in `folder`, so that what entered the
/// network, or any of its populations, is data to train on; returns the table. A format of one
/// population for each file is listed by the file of the input.
///
/// # Errors
/// [`Error::Disk`].
pub fn write_labels(
    folder: &Path,
    chosen: &ChosenSamples,
    network: &Network,
    format: SpikeFormat,
) -> Result<PathBuf> {
    let layout = LogLayout::of(network)?;
    let input = network.input()?;
    let dataset = &chosen.data.dataset;
    let row = |&sample: &usize| {
        let path = folder.join(format!("sample-{sample}.spikes.{}", format.ending()));
        let files = format.files(&path, &layout);
        let file = files.get(input).unwrap_or(&files[0]);
        let population = format.holds_populations().then(|| layout.populations()[input].0.clone());
        LabelledLog {
            file: file.file_name().unwrap_or_default().into(),
            label: dataset.class_name(dataset.label(sample)),
            speaker: None,
            population,
        }
    };
    write_table(folder, &chosen.indices.iter().map(row).collect::<Vec<_>>())?;
    Ok(folder.join(TABLE))
}
