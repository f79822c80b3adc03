//! The network of a run before its first step: made by chance, or from the checkpoint of another
//! run.

use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::file_kind::FileKind;
use crate::loaded_data::LoadedData;
use crate::run_folder::RunFolder;
use crate::start::StartOrigin;
use plasticity::CheckpointFile;
use sim_core::Network;

/// The entry of a checkpoint with the names of the classes.
pub(crate) const CLASSES: &str = "classes";

/// What a network was started from.
pub(crate) struct Started {
    pub(crate) file: CheckpointFile,
    pub(crate) origin: StartOrigin,
}

/// The network of a new run. If the experiment has `[start]`, it must name a checkpoint
/// ([`start_classes`]); afterwards it also holds the checksum of the file.
///
/// # Errors
/// What is wrong with `[network]` or the checkpoint.
pub(crate) fn new_network(
    experiment: &mut Experiment,
    data: &LoadedData,
) -> Result<(Network, Option<Started>)> {
    let (channels, classes) = (data.dataset.channels(), data.dataset.classes());
    let (mut network, seed) = (experiment.build_network(channels, classes)?, experiment.seed());
    let Some(start) = &mut experiment.start else { return Ok((network, None)) };
    let (file, origin) = start.load(&mut network, seed)?;
    Ok((network, Some(Started { file, origin })))
}

/// The network with which the run in `folder` began.
///
/// # Errors
/// What is wrong with the run's configuration, or with its copy of the checkpoint it started from.
pub(crate) fn first_network(
    experiment: &Experiment,
    folder: &RunFolder,
    channels: usize,
    classes: usize,
) -> Result<Network> {
    let mut network = experiment.build_network(channels, classes)?;
    if let Some(start) = &experiment.start {
        start.load_copy(&folder.start(), &mut network, experiment.seed())?;
    }
    Ok(network)
}

/// The names of the classes of the checkpoint that a new run starts from, in the order of the
/// network's outputs; none where the run starts from chance. `[start]` then names the checkpoint
/// itself instead of the run's folder.
///
/// # Errors
/// When `[start]` names no run or checkpoint, or a run without a checkpoint yet.
pub(crate) fn start_classes(experiment: &mut Experiment) -> Result<Option<Vec<String>>> {
    let Some(start) = &mut experiment.start else { return Ok(None) };
    if !start.checkpoint.exists() {
        let problem = "there is no such run or checkpoint to start from";
        return Err(Error::folder(&start.checkpoint, problem));
    }
    let is_zip = FileKind::of(&start.checkpoint).is_ok_and(|kind| kind == Some(FileKind::Zip));
    if start.checkpoint.is_dir() || is_zip {
        let folder = RunFolder::open(&start.checkpoint)?;
        if folder.is_continual() {
            let problem = format!(
                "this is a run over tasks, which chooses no best checkpoint; name one of its \
                 checkpoints, e.g. {}",
                folder.last().display()
            );
            return Err(Error::folder(&start.checkpoint, problem));
        }
        let best = folder.best();
        if !best.exists() {
            let problem = "there is no such checkpoint to start from; this run has not finished \
                           an epoch yet";
            return Err(Error::folder(&best, problem));
        }
        start.checkpoint = best;
    }
    if let Some(what) = FileKind::instead(&start.checkpoint, |kind| kind == FileKind::Checkpoint) {
        let problem =
            format!("this is {what}, but the folder of a run or a checkpoint was expected");
        return Err(Error::folder(&start.checkpoint, problem));
    }
    let file = CheckpointFile::open(&start.checkpoint)?;
    let names = file.own().get(CLASSES);
    Ok(names.and_then(|names| serde_json::from_str(names).ok()))
}
