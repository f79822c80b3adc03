//! A run of a network that another program trained.

use crate::environment::Environment;
use crate::error::Result;
use crate::experiment::Experiment;
use crate::imported_weights::Import;
use crate::own_parts::OwnParts;
use crate::prepared_run::Prepared;
use crate::provenance::provenance_of;
use crate::run_folder::RunFolder;
use crate::start::StartOrigin;
use crate::training_run::TrainingRun;
use exchange::{ImportedWeights, Provenance, read_weights};
use sim_core::{Network, Synapses};
use std::path::{Path, PathBuf};

/// A run that begins with weights of another program.
#[derive(Debug)]
pub struct ImportedRun {
    /// The run, before its first epoch. Its best and its last checkpoint are the imported network.
    pub run: TrainingRun,
    /// What a user should know of the import, a sentence each.
    pub remarks: Vec<String>,
}

impl TrainingRun {
    /// As [`Self::create`], with the weights, delays and norms of a state dict
    /// ([`exchange::read_weights`]) in the experiment's network. The checkpoints `best` and `last`
    /// are written, so that the folder can be evaluated, simulated and exported; and trained on, if
    /// it is resumed.
    ///
    /// # Errors
    /// As [`Self::create`]; what is wrong with the file, or does not fit the network.
    pub fn import(
        experiment: Experiment,
        weights: &Path,
        folder: PathBuf,
        overwrite: bool,
        threads: Option<usize>,
    ) -> Result<ImportedRun> {
        RunFolder::refuse_taken(&folder, overwrite)?;
        let Provenance { source, sha256, .. } = provenance_of(weights)?;
        let mut remarks = Vec::new();
        let fill = |network: &mut Network| {
            let longest = network.projections.iter().map(|own| match &own.synapses {
                Synapses::Dense(dense) => dense.max_delay_steps,
                Synapses::Sparse(_) => 0,
            });
            let longest = longest.max().filter(|longest| *longest > 0);
            let read: ImportedWeights = read_weights(weights, longest)?;
            remarks = Import { path: weights, weights: &read }.fill(network)?;
            Ok(())
        };
        let prepared = Prepared::filled(experiment, OwnParts::default(), threads, fill)?;
        let mut run = Self::begin(prepared, |_| RunFolder::create(folder, overwrite))?;
        let origin = StartOrigin {
            checkpoint: source,
            sha256,
            experiment: None,
            epochs: 0,
            difference: None,
            zeros: None,
        };
        let path = run.folder.environment();
        Environment::read(&path)?.with_start(Some(origin)).write(&path)?;
        for checkpoint in [run.folder.best(), run.folder.last()] {
            run.trainer.save(&checkpoint, &run.metadata())?;
        }
        run.last_is_whole = true;
        Ok(ImportedRun { run, remarks })
    }
}
