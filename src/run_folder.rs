//! What a run leaves on disk, and where.
//!
//! | path | content |
//! |---|---|
//! | `config.toml` | the resolved experiment; `synfire train RUN/config.toml` makes the run again |
//! | `environment.json` | program, machine, seed, checksum of the data |
//! | `split.csv` | which samples train and which validate, with a digest that identifies each |
//! | `metrics.csv` | one row per epoch |
//! | `weights.csv`, `delays.csv` | how weights and delays moved |
//! | `checkpoints/last.safetensors` | everything needed to go on, after every epoch |
//! | `checkpoints/best.safetensors` | the same of the epoch with the best validation accuracy |
//! | `checkpoints/epoch-0012.safetensors` | the same of an epoch of `training.checkpoints` |
//! | `checkpoints/start.safetensors` | what the network started from, where not from chance |
//! | `checkpoints/epoch_start.safetensors` | the beginning of an epoch that is interrupted |
//! | `result.json` | the best epoch and its confusion matrix; there once the run is finished |
//! | `plots/`, `spikes/` | figures; spike logs |
//! | `log.txt` | what was printed |
//! | `.synfire-lock` | which process trains into the folder; only while one does |
//!
//! Every file but `log.txt` appears whole or not at all. Reading a run, drawing its figures and
//! logging its spikes need no lock. Temporary files that a killed process left are swept away when
//! training goes on, begins anew or ends, and whenever a process first writes into a folder.

use crate::checkpoint::Checkpoint;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::metrics::Metrics;
use crate::overrides::Override;
use crate::recordings_place;
use crate::run_lock::Writer;
use crate::run_mark::{ENVIRONMENT, is_run};
use crate::run_names::{CONFIG, DELAYS, LOG, METRICS, PARTS, RESULT, SPLIT, WEIGHTS};
use crate::run_part::not_a_run;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A run's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// The folder at `path`, whatever it holds.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Makes a folder within the run's folder, if it is missing.
    pub(crate) fn make_part(&self, part: &str) -> Result<()> {
        let part = self.path.join(part);
        fs::create_dir_all(&part).map_err(|source| Error::io(&part, "make the folder", source))
    }

    /// Makes the folder of the checkpoints, if it is missing: a run cannot go on without it. Other
    /// folders are made when files are written into them.
    pub(crate) fn make_checkpoints(&self) -> Result<()> {
        self.make_part("checkpoints")
    }

    /// The folder of an earlier run.
    ///
    /// # Errors
    /// [`Error::Folder`] when `path` holds no run.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = Self { path: path.to_owned() };
        if !folder.is_run() || !folder.config().is_file() {
            return Err(Error::folder(path, not_a_run(path)));
        }
        Ok(folder)
    }

    /// The folder of the run whose `config.toml` is at `path`; `None` for any other file.
    pub fn of_config(path: &Path) -> Option<Self> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let folder = Self { path: parent.unwrap_or(Path::new(".")).to_owned() };
        (path.file_name()? == CONFIG && folder.config().is_file() && folder.is_run())
            .then_some(folder)
    }

    /// Whether a run left its mark.
    pub(crate) fn is_run(&self) -> bool {
        is_run(&self.path)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `config.toml`.
    pub fn config(&self) -> PathBuf {
        self.path.join(CONFIG)
    }

    /// `environment.json`.
    pub fn environment(&self) -> PathBuf {
        self.path.join(ENVIRONMENT)
    }

    /// `metrics.csv`.
    pub fn metrics(&self) -> PathBuf {
        self.path.join(METRICS)
    }

    /// `split.csv`.
    pub fn split(&self) -> PathBuf {
        self.path.join(SPLIT)
    }

    /// `weights.csv`.
    pub fn weights(&self) -> PathBuf {
        self.path.join(WEIGHTS)
    }

    /// `delays.csv`.
    pub fn delays(&self) -> PathBuf {
        self.path.join(DELAYS)
    }

    /// `result.json`.
    pub fn result(&self) -> PathBuf {
        self.path.join(RESULT)
    }

    /// A checkpoint: `checkpoints/last.safetensors`, `checkpoints/best.safetensors` or
    /// `checkpoints/epoch-0012.safetensors`.
    pub fn checkpoint(&self, checkpoint: Checkpoint) -> PathBuf {
        self.path.join("checkpoints").join(checkpoint.file_name())
    }

    /// `checkpoints/last.safetensors`.
    pub fn last(&self) -> PathBuf {
        self.checkpoint(Checkpoint::Last)
    }

    /// `checkpoints/best.safetensors`.
    pub fn best(&self) -> PathBuf {
        self.checkpoint(Checkpoint::Best)
    }

    /// The epochs, counted from 1, whose own checkpoints are there.
    pub fn kept_epochs(&self) -> BTreeSet<usize> {
        let epoch =
            |entry: fs::DirEntry| match Checkpoint::of_file_name(entry.file_name().to_str()?)? {
                Checkpoint::Epoch(epoch) => Some(epoch),
                Checkpoint::Best | Checkpoint::Last | Checkpoint::Task(_) => None,
            };
        let entries = fs::read_dir(self.path.join("checkpoints"));
        entries.into_iter().flatten().flatten().filter_map(epoch).collect()
    }

    /// `checkpoints/start.safetensors`.
    pub fn start(&self) -> PathBuf {
        self.path.join("checkpoints").join("start.safetensors")
    }

    /// `checkpoints/epoch_start.safetensors`.
    pub fn epoch_start(&self) -> PathBuf {
        self.path.join("checkpoints").join("epoch_start.safetensors")
    }

    /// `plots/`.
    pub fn plots(&self) -> PathBuf {
        self.path.join("plots")
    }

    /// `spikes/`.
    pub fn spikes(&self) -> PathBuf {
        self.path.join("spikes")
    }

    /// `log.txt`.
    pub fn log(&self) -> PathBuf {
        self.path.join(LOG)
    }

    /// The run's experiment.
    ///
    /// # Errors
    /// What is wrong with `config.toml`.
    pub fn experiment(&self) -> Result<Experiment> {
        Experiment::read(&self.config(), &[])
    }

    /// The run's experiment with changes, to be run again: recordings that have moved with the run
    /// are found, and so is the checkpoint it started from, unless a change names others.
    ///
    /// # Errors
    /// As [`Self::experiment`]; what is wrong with a change or with `environment.json`.
    pub fn experiment_with(&self, overrides: &[Override]) -> Result<Experiment> {
        let mut experiment = Experiment::read(&self.config(), overrides)?;
        let own = Environment::read(&self.environment())?;
        if !overrides.iter().any(Override::names_recordings) {
            let sha256 = own.data.sha256.as_deref();
            recordings_place::find(&mut experiment.data, &self.path, sha256)?;
        }
        if !overrides.iter().any(Override::names_split) {
            let (data, sha256) = (&mut experiment.data, own.validation_sha256());
            recordings_place::find_validation(data, &self.path, sha256, "--validation FILE")?;
        }
        if let Some(start) = &mut experiment.start
            && !overrides.iter().any(Override::names_start)
        {
            start.prefer_original(self.start());
        }
        Ok(experiment)
    }

    /// Whether the run came to its end.
    pub fn is_finished(&self) -> bool {
        self.result().is_file()
    }

    /// The process that trains into the folder now; none where there is none.
    pub fn writer(&self) -> Option<Writer> {
        Writer::of(&self.path)
    }

    /// Removes the temporary files of killed processes; files that are being written stay.
    pub(crate) fn sweep(&self) {
        atomic_file::sweep(&self.path);
        PARTS.iter().for_each(|part| atomic_file::sweep(&self.path.join(part)));
    }

    /// Adds a line to the log.
    ///
    /// # Errors
    /// [`Error::Disk`] when the file cannot be written.
    pub fn append_log(&self, line: &str) -> Result<()> {
        let path = self.log();
        let written = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            // In one piece: a kill in between must not join two lines.
            .and_then(|mut log: File| log.write_all(format!("{line}\n").as_bytes()));
        written.map_err(|source| Error::io(&path, "write the file", source))
    }

    /// Refuses a run whose last checkpoint is gone although it has gone beyond its first epoch, or
    /// its first task:
    /// beginning anew would overwrite what is left of it. A run that was killed before its first
    /// epoch left a last checkpoint begins anew, and does the same again.
    pub(crate) fn refuse_lost_checkpoint(&self) -> Result<()> {
        let rows = match self.metrics().exists() {
            true => Metrics::read(&self.metrics())?.epochs.len(),
            false => 0,
        };
        let lacks_rows = rows == 0 && self.best().exists();
        let ended_tasks = self.kept_tasks().take(2).count();
        if rows > 1 || lacks_rows || ended_tasks > 1 || self.epoch_start().exists() {
            let problem = "the last checkpoint is missing, so this run cannot be resumed; its \
                           config.toml starts it anew in another folder";
            return Err(Error::folder(&self.last(), problem));
        }
        Ok(())
    }

    /// Copies the last checkpoint to where an epoch's beginning is kept, whole or not at all.
    pub(crate) fn keep_epoch_start(&self) -> Result<()> {
        let last = self.last();
        let bytes = fs::read(&last).map_err(|source| Error::io(&last, "read the file", source))?;
        Ok(atomic_file::write(&self.epoch_start(), &bytes)?)
    }

    pub(crate) fn forget_epoch_start(&self) -> Result<()> {
        remove(&self.epoch_start())
    }

    /// Removes the checkpoints of epochs that are not to be kept (any more).
    pub(crate) fn forget_epochs_but(&self, kept: &BTreeSet<usize>) -> Result<()> {
        let forgotten = self.kept_epochs().into_iter().filter(|epoch| !kept.contains(epoch));
        forgotten
            .map(|epoch| self.checkpoint(Checkpoint::Epoch(epoch)))
            .try_for_each(|path| remove(&path))
    }

    /// The file of a checkpoint that is there. A run over tasks chooses no best one: there, its
    /// newest stands for it.
    ///
    /// # Errors
    /// Which checkpoints there are instead.
    pub(crate) fn existing_checkpoint(&self, checkpoint: Checkpoint) -> Result<PathBuf> {
        let checkpoint = match checkpoint {
            Checkpoint::Best if self.is_continual() => Checkpoint::Last,
            other => other,
        };
        let path = self.checkpoint(checkpoint);
        if path.exists() { Ok(path) } else { Err(self.missing_checkpoint(checkpoint)) }
    }

    /// The error of a checkpoint that is not there.
    fn missing_checkpoint(&self, checkpoint: Checkpoint) -> Error {
        let kept: Vec<String> =
            self.kept_epochs().into_iter().map(|epoch| epoch.to_string()).collect();
        let problem = match checkpoint {
            _ if self.is_continual() => {
                let tasks = self.kept_tasks().map(|task| Checkpoint::Task(task).to_string());
                let there = std::iter::once("last".to_owned()).filter(|_| self.last().exists());
                match there.chain(tasks).collect::<Vec<_>>().join(", ") {
                    there if there.is_empty() => format!(
                        "the run has not learned a task yet; synfire continual --resume {} goes on",
                        self.path.display()
                    ),
                    there => format!(
                        "there is no such checkpoint of this run over tasks, but there are: {there}"
                    ),
                }
            }
            Checkpoint::Task(_) => {
                "this is no run over tasks, which alone has such a checkpoint".into()
            }
            Checkpoint::Epoch(epoch) if self.last().exists() => {
                let there = ["best".to_owned(), "last".to_owned()].into_iter().chain(kept);
                format!(
                    "the checkpoint of epoch {epoch} is not there, but these are: {}; \
                     training.checkpoints says which a run keeps",
                    there.collect::<Vec<_>>().join(", ")
                )
            }
            _ => "there is no such checkpoint; the run has not finished an epoch yet".to_owned(),
        };
        Error::folder(&self.checkpoint(checkpoint), problem)
    }
}

/// Removes a file if it is there.
pub(crate) fn remove(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io(file, "remove the file", error))
        }
        _ => Ok(()),
    }
}
