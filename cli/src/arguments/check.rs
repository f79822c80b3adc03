//! `synfire check`

use clap::{ArgGroup, Args};
use std::path::PathBuf;
use synfire::Checkpoint;

/// Prove what a trained network promises; exit 1 with the first thing that breaks it
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("promise").required(true)))]
#[command(after_help = "Examples:
  synfire check runs/mine-1 --dale
  synfire check runs/mine-1 --dale --checkpoint last
  synfire check runs/mine-1/checkpoints/best.safetensors --dale --json

Dale's law: all weights that a neuron sends have one sign, and no gain of a norm is negative, which \
would turn the signs of
all weights that end in a neuron. A weight of zero has either sign.")]
pub struct Check {
    /// Folder of a run, or a checkpoint
    #[arg(value_name = "RUN|FILE.safetensors")]
    pub path: PathBuf,
    /// Dale's law: every neuron excites or inhibits
    #[arg(long, group = "promise")]
    pub dale: bool,
    /// Which checkpoint of a run: best, last, that of an epoch, or that after a task, as in task-3
    /// [default there: last]
    #[arg(long, value_name = "best|last|EPOCH|task-N", default_value_t)]
    pub checkpoint: Checkpoint,
    /// Print one JSON object, whether the promise is kept or not
    #[arg(long)]
    pub json: bool,
}
