//! `synfire bench`

use crate::arguments::changes::changes;
use crate::arguments::whole::{MOST_THREADS, whole};
use crate::recipe_name::RecipeName;
use clap::Args;
use std::path::PathBuf;
use synfire::Override;

/// Measure how fast a recipe trains and infers on this machine
#[derive(Debug, Args)]
#[command(
    after_help = "Training cost changes over a run, because the delay kernels narrow: steps are \
timed at up to eight points of the recipe's
schedule (fewer where it holds fewer widths), after some training, and weighted by the share of \
the run each stands for. Nothing is written.

Examples:
  synfire bench
  synfire bench shd-delays-1ms --data shd_train.h5.gz --json
  synfire bench my-experiment.toml --set training.batch_size=64"
)]
pub struct Bench {
    /// A recipe (see `synfire recipes`) or a configuration file
    #[arg(
        value_name = "RECIPE|FILE.toml",
        default_value = "shd-delays",
        value_parser = RecipeName,
        hide_possible_values = true
    )]
    pub experiment: String,
    /// The same as RECIPE
    #[arg(long, value_name = "NAME", hide = true, conflicts_with = "experiment")]
    pub recipe: Option<String>,
    /// Spike recordings; without them made-up spikes of the same density
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Change one value of the recipe; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Set each stage of training beside what this machine could do at best
    #[arg(long)]
    pub stages: bool,
    /// Times each point is measured; the median counts
    #[arg(
        long,
        value_name = "N",
        default_value = "3",
        allow_negative_numbers = true,
        value_parser = whole::<u16>(1, u64::from(u16::MAX)),
    )]
    pub repeats: u16,
    /// Training steps before anything is timed, so that neurons fire as in real training
    #[arg(
        long,
        value_name = "N",
        default_value = "50",
        allow_negative_numbers = true,
        value_parser = whole::<usize>(0, u64::MAX),
    )]
    pub warm_up: usize,
    /// Threads [default: one per processor]
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        value_parser = whole::<u16>(1, MOST_THREADS),
    )]
    pub threads: Option<u16>,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

impl Bench {
    /// All changes to the recipe: `--data`, then `--set`.
    pub fn overrides(&self) -> synfire::Result<Vec<Override>> {
        changes(self.data.as_deref(), &self.set).collect()
    }
}
