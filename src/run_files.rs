//! Which files a run leaves in its folder: what `--overwrite` removes, and what an archive holds.

use crate::checkpoint::Checkpoint;
use crate::continual::drawing::TaskPicture;
use crate::picture::Picture;
use crate::run_folder::RunFolder;
use crate::run_lock::LOCK;
use crate::run_names::{FILES, PARTS};
use atomic_file::is_temporary;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

impl RunFolder {
    /// Every existing file of the run, `environment.json` last: as long as it exists, the folder is
    /// seen as a run.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let checkpoints = [self.last(), self.best(), self.epoch_start(), self.start()];
        let last = [self.config(), self.environment()];
        let tables = FILES.iter().map(|name| self.path().join(name));
        let tables = tables.filter(|file| !last.contains(file));
        let epochs = self.kept_epochs().into_iter().map(Checkpoint::Epoch);
        let epochs = epochs.map(|epoch| self.checkpoint(epoch));
        let tasks = self.kept_tasks().map(|task| self.after_task(task));
        let figures = Picture::ALL.iter().flat_map(|picture| picture.files(&self.plots()));
        let of_tasks = TaskPicture::ALL.iter().flat_map(|picture| picture.files(&self.plots()));
        // Runs of both kinds have curves.
        let figures: BTreeSet<PathBuf> = figures.chain(of_tasks).collect();
        let files = tables.chain(checkpoints).chain(epochs).chain(tasks).chain(figures);
        files
            .chain(self.spike_logs())
            .chain(last.clone())
            .filter(|file| file.symlink_metadata().is_ok_and(|there| !there.is_dir()))
            .collect()
    }

    /// The name of a file of the run within its folder, with `/` between its parts.
    pub(crate) fn name_within(&self, file: &Path) -> String {
        let within = file.strip_prefix(self.path()).unwrap_or(file);
        within.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
    }

    /// The files in the folder and in its parts that no run leaves, sorted.
    pub(crate) fn foreign_files(&self) -> Vec<PathBuf> {
        let own = self.files();
        let is_foreign = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default();
            !own.contains(path) && !is_temporary(name) && name != LOCK
        };
        let parts = PARTS.map(|part| self.path().join(part));
        let mut foreign: Vec<PathBuf> = parts
            .iter()
            .flat_map(|part| entries(part))
            .chain(entries(self.path()).into_iter().filter(|path| !parts.contains(path)))
            .filter(is_foreign)
            .collect();
        foreign.sort();
        foreign
    }

    /// The logs that simulating the run's samples left in `spikes/`.
    fn spike_logs(&self) -> Vec<PathBuf> {
        let is_log = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let ending = name
                .strip_prefix("sample-")
                .map(|rest| rest.trim_start_matches(|letter: char| letter.is_ascii_digit()));
            // A format of one population for each file names it behind a dash.
            let is_of_spikes =
                |ending: &str| ending.starts_with(".spikes.") || ending.starts_with(".spikes-");
            ending.is_some_and(|ending| is_of_spikes(ending) || ending == ".v.h5")
        };
        entries(&self.spikes()).into_iter().filter(is_log).collect()
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}
