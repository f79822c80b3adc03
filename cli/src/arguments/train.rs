//! `synfire train`

use crate::arguments::changes::changes;
use crate::arguments::run_options::RunOptions;
use crate::arguments::whole::whole;
use crate::recipe_name::RecipeName;
use clap::Args;
use std::path::PathBuf;
use synfire::Override;

/// Train a network; the folder of the run holds everything about it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  synfire train
  synfire train shd-delays --data shd_train.h5.gz --set training.epochs=30 --seed 1
  synfire train ssc-delays --data ssc_train.h5.gz --validation ssc_valid.h5.gz
  synfire train quickstart --set network.delays=none --out runs/without
  synfire train my-experiment.toml
  synfire train my-experiment.toml --dry-run       parameters, memory and time, and nothing written
  synfire train runs/quickstart-1/config.toml      the same run again
  synfire train --resume runs/shd-delays-1         go on after Ctrl-C or a power cut
  synfire train --set training.checkpoints.best=3 --set training.checkpoints.every=10
  synfire train shd-delays --data shd_train.h5.gz --from runs/shd-delays-1 --epochs 30
                                                   more epochs, from the weights of a run

Ctrl-C finishes the training step, saves and exits with code 130. SIGTERM (Slurm, docker stop, \
timeout) and SIGHUP (a closed terminal) do
the same with codes 143 and 129; under nohup SIGHUP stays ignored. A second one, half a second \
later or more, or one before training has
begun, exits at once.

While a process trains into a folder, no other can: it is refused and told which one does. Whoever \
was killed holds nothing any more.")]
pub struct Train {
    /// A recipe (see `synfire recipes`) or a configuration file
    #[arg(
        value_name = "RECIPE|FILE.toml",
        default_value = "quickstart",
        conflicts_with = "resume",
        value_parser = RecipeName,
        hide_possible_values = true
    )]
    pub experiment: String,
    /// Spike recordings: an SHD or SSC file, .h5, .h5.gz or .zip as downloaded; with --resume,
    /// where they have moved, which the run remembers
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Validate on all samples of this file instead of a part of --data
    #[arg(long, value_name = "FILE")]
    pub validation: Option<PathBuf>,
    /// Start from the weights, delays and norms of a run's best checkpoint, or of the checkpoint
    /// named; optimisers and schedules begin anew
    #[arg(long, value_name = "RUN|FILE.safetensors", conflicts_with = "resume")]
    pub from: Option<PathBuf>,
    /// Folder of the run [default: runs/NAME-1, runs/NAME-2, ...]
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Epochs; schedules stretch or shrink with them, so a run to --resume keeps its own
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        value_parser = whole::<usize>(1, u64::MAX),
    )]
    pub epochs: Option<usize>,
    /// Stop after N epochs of this call; --resume goes on
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        value_parser = whole::<usize>(0, u64::MAX),
    )]
    pub stop_after: Option<usize>,
    /// Check everything, say what would be built and what it takes, and write nothing
    #[arg(long, conflicts_with_all = ["resume", "stop_after"])]
    pub dry_run: bool,
    /// How it is made, or gone on with.
    #[command(flatten)]
    pub run: RunOptions,
}

impl Train {
    /// All changes to the configuration: `--data`, `--validation` and `--from`, then `--set`,
    /// `--epochs` and `--seed`.
    pub fn overrides(&self) -> synfire::Result<Vec<Override>> {
        let epochs = self.epochs.map(|epochs| {
            Override::named(format!("--epochs {epochs}"), &format!("training.epochs={epochs}"))
        });
        let validation = self.validation.as_deref().map(Override::validation_file);
        let files = self.data.as_deref().map(Override::file).into_iter().chain(validation);
        let start = self.from.as_deref().map(Override::start);
        files
            .chain(start)
            .chain(changes(None, &self.run.set))
            .chain(epochs)
            .chain(self.run.seed())
            .collect()
    }
}
