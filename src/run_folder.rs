//! What a run leaves on disk, and where.
//!
//! | path | content |
//! |---|---|
//! | `config.toml` | the resolved experiment; `synfire train RUN/config.toml` makes the run again |
//! | `environment.json` | program, machine, seed, checksum of the data |
//! | `metrics.csv` | one row per epoch |
//! | `weights.csv`, `delays.csv` | how weights and delays moved |
//! | `checkpoints/last.safetensors` | everything needed to go on, after every epoch |
//! | `checkpoints/best.safetensors` | the same of the epoch with the best validation accuracy |
//! | `checkpoints/epoch_start.safetensors` | the epoch's beginning, only while a run is interrupted inside one |
//! | `result.json` | the best epoch and its confusion matrix; there once the run is finished |
//! | `plots/`, `spikes/` | figures; spike logs |
//! | `log.txt` | what was printed |
//!
//! Every file but `log.txt` appears whole or not at all.

use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::experiment::{Experiment, Override};
use crate::metrics::Metrics;
use crate::picture::Picture;
use crate::recordings_place;
use crate::wording::counted;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The folders within a run's folder.
const PARTS: [&str; 3] = ["checkpoints", "plots", "spikes"];

/// A run's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// A new folder at `path`, whose parents are made too. A folder that holds a run is refused
    /// unless `overwrite`; then the files of that run go, and only they. A folder that holds
    /// anything else is refused.
    ///
    /// # Errors
    /// [`Error::Folder`] that says how to go on with the run that is there; [`Error::Disk`] when
    /// the folder cannot be made or written.
    pub fn create(path: PathBuf, overwrite: bool) -> Result<Self> {
        let folder = Self { path };
        if !folder.is_run() {
            folder.refuse_foreign_files()?;
        } else if !overwrite {
            return Err(folder.earlier_run());
        }
        fs::create_dir_all(&folder.path)
            .map_err(|source| Error::io(&folder.path, "make the folder", source))?;
        if overwrite {
            folder.remove_run()?;
        }
        PARTS.iter().try_for_each(|part| folder.make_part(part))?;
        Ok(folder)
    }

    /// Makes a folder within where it is missing.
    fn make_part(&self, part: &str) -> Result<()> {
        let part = self.path.join(part);
        fs::create_dir_all(&part).map_err(|source| Error::io(&part, "make the folder", source))
    }

    /// Makes the folder of the checkpoints again, without which a run cannot go on; other folders
    /// are made by who writes into them.
    pub(crate) fn make_checkpoints(&self) -> Result<()> {
        self.make_part("checkpoints")
    }

    /// The first of `parent/name-1`, `parent/name-2`, ... above all that exist.
    ///
    /// # Errors
    /// [`Error::Disk`] when the parent cannot be made or read.
    pub fn next(parent: impl AsRef<Path>, name: &str) -> Result<PathBuf> {
        let parent = parent.as_ref();
        fs::create_dir_all(parent)
            .map_err(|source| Error::io(parent, "make the folder", source))?;
        let entries =
            fs::read_dir(parent).map_err(|source| Error::io(parent, "read the folder", source))?;
        let number = |entry: io::Result<fs::DirEntry>| -> Option<u64> {
            entry.ok()?.file_name().to_str()?.strip_prefix(name)?.strip_prefix('-')?.parse().ok()
        };
        let mut next = entries.filter_map(number).max().unwrap_or(0) + 1;
        loop {
            let path = parent.join(format!("{name}-{next}"));
            // Making it here claims it, should another run start at this moment.
            match fs::create_dir(&path) {
                Ok(()) => return Ok(path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => next += 1,
                Err(source) => return Err(Error::io(&path, "make the folder", source)),
            }
        }
    }

    /// The folder of an earlier run.
    ///
    /// # Errors
    /// [`Error::Folder`] when `path` holds no run.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = Self { path: path.to_owned() };
        if !path.is_dir() {
            return Err(Error::folder(
                path,
                "there is no such folder, but the folder of a run was expected",
            ));
        }
        if !folder.config().is_file() {
            return Err(Error::folder(
                path,
                "this folder holds no config.toml, so it is not the folder of a run",
            ));
        }
        if !folder.is_run() {
            return Err(Error::folder(
                path,
                "this folder holds no environment.json of synfire, so it is not the folder of a run",
            ));
        }
        Ok(folder)
    }

    /// The folder of the run whose `config.toml` is at `path`; `None` for any other file.
    pub fn of_config(path: &Path) -> Option<Self> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let folder = Self { path: parent.unwrap_or(Path::new(".")).to_owned() };
        (path.file_name()? == "config.toml" && folder.config().is_file() && folder.is_run())
            .then_some(folder)
    }

    /// Whether a run left its mark: an `environment.json` that names synfire. A `config.toml` alone
    /// may be anybody's.
    fn is_run(&self) -> bool {
        let text = fs::read_to_string(self.environment()).unwrap_or_default();
        serde_json::from_str::<serde_json::Value>(&text)
            .is_ok_and(|environment| environment.get("synfire").is_some())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `config.toml`.
    pub fn config(&self) -> PathBuf {
        self.path.join("config.toml")
    }

    /// `environment.json`.
    pub fn environment(&self) -> PathBuf {
        self.path.join("environment.json")
    }

    /// `metrics.csv`.
    pub fn metrics(&self) -> PathBuf {
        self.path.join("metrics.csv")
    }

    /// `weights.csv`.
    pub fn weights(&self) -> PathBuf {
        self.path.join("weights.csv")
    }

    /// `delays.csv`.
    pub fn delays(&self) -> PathBuf {
        self.path.join("delays.csv")
    }

    /// `result.json`.
    pub fn result(&self) -> PathBuf {
        self.path.join("result.json")
    }

    /// `checkpoints/last.safetensors`.
    pub fn last(&self) -> PathBuf {
        self.path.join("checkpoints").join("last.safetensors")
    }

    /// `checkpoints/best.safetensors`.
    pub fn best(&self) -> PathBuf {
        self.path.join("checkpoints").join("best.safetensors")
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
        self.path.join("log.txt")
    }

    /// The run's experiment.
    ///
    /// # Errors
    /// What is wrong with `config.toml`.
    pub fn experiment(&self) -> Result<Experiment> {
        Experiment::read(&self.config(), &[])
    }

    /// The run's experiment with changes, to be run again: recordings that have moved with the run
    /// are found, unless a change names others.
    ///
    /// # Errors
    /// As [`Self::experiment`]; what is wrong with a change or with `environment.json`.
    pub fn experiment_with(&self, overrides: &[Override]) -> Result<Experiment> {
        let mut experiment = Experiment::read(&self.config(), overrides)?;
        if !overrides.iter().any(Override::names_recordings) {
            let sha256 = Environment::read(&self.environment())?.data.sha256;
            recordings_place::find(&mut experiment.data, &self.path, sha256.as_deref())?;
        }
        Ok(experiment)
    }

    /// Whether the run came to its end.
    pub fn is_finished(&self) -> bool {
        self.result().is_file()
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
            .and_then(|mut log: File| writeln!(log, "{line}"));
        written.map_err(|source| Error::io(&path, "write the file", source))
    }

    /// Refuses a folder with anything in it but the empty folders that a run begins with.
    fn refuse_foreign_files(&self) -> Result<()> {
        let is_ours = |entry: fs::DirEntry| {
            PARTS.iter().any(|part| entry.file_name() == *part)
                && fs::read_dir(entry.path()).is_ok_and(|mut within| within.next().is_none())
        };
        if fs::read_dir(&self.path).into_iter().flatten().flatten().all(is_ours) {
            return Ok(());
        }
        Err(Error::folder(
            &self.path,
            "this folder is not empty and holds no run of synfire; choose another (--out DIR)",
        ))
    }

    fn earlier_run(&self) -> Error {
        let problem = if self.is_finished() {
            "there is a finished run; choose another folder (--out DIR), or remove this one (--overwrite replaces it)".to_owned()
        } else {
            let epochs = Metrics::read(&self.metrics()).map_or(0, |metrics| metrics.epochs.len());
            let (epochs, path) = (counted(epochs, "epoch"), self.path.display());
            format!(
                "there is a run that stopped after {epochs}; go on with synfire train --resume {path}, or remove it (--overwrite replaces it)"
            )
        };
        Error::folder(&self.path, problem)
    }

    /// Removes the files of an earlier run, `environment.json` last: until then the folder is still
    /// seen as a run.
    fn remove_run(&self) -> Result<()> {
        let checkpoints = [self.last(), self.best(), self.epoch_start()];
        let tables = [self.result(), self.metrics(), self.weights(), self.delays(), self.log()];
        let figures = Picture::ALL.iter().flat_map(|picture| picture.files(&self.plots()));
        let files = tables.into_iter().chain(checkpoints).chain(figures).chain(self.spike_logs());
        for file in files.chain([self.config(), self.environment()]) {
            match fs::remove_file(&file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::io(&file, "remove the file", error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The logs that simulating the run's samples left in `spikes/`.
    fn spike_logs(&self) -> Vec<PathBuf> {
        let is_log = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let ending = name
                .strip_prefix("sample-")
                .map(|rest| rest.trim_start_matches(|letter: char| letter.is_ascii_digit()));
            matches!(ending, Some(".spikes.h5" | ".spikes.csv" | ".v.h5"))
        };
        fs::read_dir(self.spikes())
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(is_log)
            .collect()
    }

    /// Refuses a run whose last checkpoint is gone although it has finished an epoch or been
    /// interrupted within one: beginning anew would overwrite what is left of it.
    pub(crate) fn refuse_lost_checkpoint(&self) -> Result<()> {
        let has_rows =
            self.metrics().exists() && !Metrics::read(&self.metrics())?.epochs.is_empty();
        if has_rows || self.best().exists() || self.epoch_start().exists() {
            let problem = "the last checkpoint is missing, so this run cannot be resumed; its config.toml starts it anew in another folder";
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
        let path = self.epoch_start();
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::io(&path, "remove the file", error))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_after_the_highest() {
        let parent = tempfile::tempdir().unwrap();
        for name in ["shd-1", "shd-7", "shd-x", "shd-delays-9", "other-12"] {
            fs::create_dir(parent.path().join(name)).unwrap();
        }
        assert_eq!(RunFolder::next(parent.path(), "shd").unwrap(), parent.path().join("shd-8"));
        assert_eq!(RunFolder::next(parent.path(), "shd").unwrap(), parent.path().join("shd-9"));
        assert_eq!(RunFolder::next(parent.path(), "new").unwrap(), parent.path().join("new-1"));
    }

    #[test]
    fn an_earlier_run_is_refused_and_overwriting_leaves_foreign_files() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("deep").join("run");
        let folder = RunFolder::create(path.clone(), false).unwrap();
        fs::write(folder.config(), "").unwrap();
        for overwrite in [false, true] {
            let message = RunFolder::create(path.clone(), overwrite).unwrap_err().to_string();
            assert!(
                message.contains("holds no run of synfire"),
                "a configuration may be anybody's: {message}"
            );
        }
        assert!(
            RunFolder::open(&path)
                .unwrap_err()
                .to_string()
                .contains("holds no environment.json of synfire")
        );
        fs::write(folder.environment(), r#"{ "synfire": "0.1.0" }"#).unwrap();
        let message = RunFolder::create(path.clone(), false).unwrap_err().to_string();
        assert!(
            message.contains("stopped after 0 epochs; go on with synfire train --resume"),
            "{message}"
        );
        fs::write(folder.result(), "{}").unwrap();
        fs::write(path.join("notes.txt"), "mine").unwrap();
        fs::write(folder.spikes().join("sample-12.spikes.csv"), "").unwrap();
        fs::write(folder.spikes().join("mine.csv"), "").unwrap();
        let message = RunFolder::create(path.clone(), false).unwrap_err().to_string();
        assert!(message.contains("there is a finished run"), "{message}");
        let folder = RunFolder::create(path.clone(), true).unwrap();
        assert!(
            !folder.result().exists()
                && !folder.config().exists()
                && path.join("notes.txt").exists()
        );
        assert!(
            !folder.spikes().join("sample-12.spikes.csv").exists()
                && folder.spikes().join("mine.csv").exists()
        );
        assert!(RunFolder::create(path, false).unwrap_err().to_string().contains("not empty"));
    }

    #[test]
    fn a_folder_without_a_run_is_said_so() {
        let parent = tempfile::tempdir().unwrap();
        assert!(
            RunFolder::open(parent.path())
                .unwrap_err()
                .to_string()
                .contains("holds no config.toml")
        );
        assert!(
            RunFolder::open(&parent.path().join("none"))
                .unwrap_err()
                .to_string()
                .contains("there is no such folder")
        );
    }
}
