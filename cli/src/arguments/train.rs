//! `synfire train`

use crate::arguments::changes::changes;
use crate::arguments::whole::{LARGEST_SEED, MOST_THREADS, whole};
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
    /// Change one value of the configuration, e.g. training.epochs=30; may be repeated
    #[arg(long, value_name = "KEY=VALUE", conflicts_with = "resume")]
    pub set: Vec<String>,
    /// Start from the weights, delays and norms of a run's best checkpoint, or of the checkpoint
    /// named; optimisers and schedules begin anew
    #[arg(long, value_name = "RUN|FILE.safetensors", conflicts_with = "resume")]
    pub from: Option<PathBuf>,
    /// Folder of the run [default: runs/NAME-1, runs/NAME-2, ...]
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Go on with the run in this folder, bit for bit as if it had not stopped
    #[arg(long, value_name = "DIR")]
    pub resume: Option<PathBuf>,
    /// Threads; results do not depend on them [default: one per processor]
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        value_parser = whole::<u16>(1, MOST_THREADS),
    )]
    pub threads: Option<u16>,
    /// The seed all random numbers descend from, up to 2^63 - 1
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "resume",
        allow_negative_numbers = true,
        value_parser = whole::<u64>(0, LARGEST_SEED),
    )]
    pub seed: Option<u64>,
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
    /// Print nothing but errors and the result
    #[arg(long, short)]
    pub quiet: bool,
    /// Replace an earlier run in --out
    #[arg(long, conflicts_with = "resume")]
    pub overwrite: bool,
}

impl Train {
    /// All changes to the configuration: `--data`, `--validation`, then `--set`, `--epochs`,
    /// `--seed` and `--from`.
    pub fn overrides(&self) -> synfire::Result<Vec<Override>> {
        let epochs = self.epochs.map(|epochs| {
            Override::named(format!("--epochs {epochs}"), &format!("training.epochs={epochs}"))
        });
        let seed = self
            .seed
            .map(|seed| Override::named(format!("--seed {seed}"), &format!("seed={seed}")));
        let validation = self.validation.as_deref().map(Override::validation_file);
        let files = self.data.as_deref().map(Override::file).into_iter().chain(validation);
        let start = self.from.as_deref().map(Override::start);
        files.chain(changes(None, &self.set)).chain(epochs).chain(seed).chain(start).collect()
    }
}
