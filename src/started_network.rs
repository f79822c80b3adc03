//! The network of a run before its first step: made by chance, or from the checkpoint of another.

use crate::data_settings::LoadedData;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::run_folder::RunFolder;
use crate::run_part::is_archive;
use crate::start::{StartOrigin, load_copy};
use plasticity::CheckpointFile;
use sim_core::Network;
use std::path::Path;

/// What a network was started from.
pub(crate) struct Started {
    pub(crate) file: CheckpointFile,
    pub(crate) origin: StartOrigin,
}

/// The network of a new run. `[start]` of the experiment then names the very file.
///
/// # Errors
/// What is wrong with `[network]` or the checkpoint; classes of other names than those it was
/// trained on, where its run is there to tell.
pub(crate) fn new_network(
    experiment: &mut Experiment,
    data: &LoadedData,
) -> Result<(Network, Option<Started>)> {
    let (channels, classes) = (data.dataset.channels(), data.dataset.classes());
    let mut network = experiment.build_network(channels, classes)?;
    let Some(start) = &mut experiment.start else { return Ok((network, None)) };
    if start.checkpoint.is_dir() || is_archive(&start.checkpoint) {
        let best = RunFolder::open(&start.checkpoint)?.best();
        if !best.exists() {
            let problem = "there is no such checkpoint to start from; this run has not finished \
                           an epoch yet";
            return Err(Error::folder(&best, problem));
        }
        start.checkpoint = best;
    }
    let (file, origin) = start.load(&mut network)?;
    check_classes(&start.checkpoint, data)?;
    Ok((network, Some(Started { file, origin })))
}

/// The network with which the run in `folder` began.
///
/// # Errors
/// What is wrong with its configuration, or with its copy of the checkpoint it started from.
pub(crate) fn first_network(
    experiment: &Experiment,
    folder: &RunFolder,
    channels: usize,
    classes: usize,
) -> Result<Network> {
    let mut network = experiment.build_network(channels, classes)?;
    if experiment.start.is_some() {
        load_copy(&folder.start(), &mut network)?;
    }
    Ok(network)
}

/// Refuses classes of other names, or in another order, than those of the run whose checkpoint this
/// is.
fn check_classes(checkpoint: &Path, data: &LoadedData) -> Result<()> {
    let run = checkpoint.parent().and_then(Path::parent).map(RunFolder::open);
    let Some(Ok(run)) = run else { return Ok(()) };
    let theirs = Environment::read(&run.environment())?.classes;
    let (Some(theirs), Some(ours)) = (theirs, data.given_class_names()) else { return Ok(()) };
    match theirs.iter().zip(&ours).position(|(theirs, ours)| theirs != ours) {
        Some(class) => {
            let problem = format!(
                "no network can start from it: class {class} is {} there, but {} in {}",
                theirs[class], ours[class], data.origin.name
            );
            Err(Error::folder(checkpoint, problem))
        }
        None => Ok(()),
    }
}
