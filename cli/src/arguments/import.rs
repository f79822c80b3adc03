//! `synfire import`

use crate::arguments::whole::{MOST_THREADS, whole};
use clap::Args;
use std::path::PathBuf;

/// Make a run of weights and delays that a PyTorch program trained
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  synfire import dcls.npz shd-delays --data shd_train.h5.gz --out runs/dcls
  synfire import snn.safetensors mine.toml --set network.delays=none --out runs/snn

The file is a state dict of a feed-forward network: linear layers or DCLS's, batch norms, neurons \
of SpikingJelly or
snnTorch. Pickles (.pt, .pth) are programs and are not read; in PyTorch:

  import numpy as np, torch
  state = torch.load(\"net.pt\", map_location=\"cpu\", weights_only=True)
  np.savez(\"net.npz\", **{name: value.numpy() for name, value in state.items()})

The recipe is the network that the weights belong into: sizes, neurons, delays. The folder is then \
that of a run before
its first epoch: synfire evaluate, simulate, plot and export take it, and synfire train --resume \
trains it.")]
pub struct Import {
    /// State dict of another program, .safetensors or .npz
    #[arg(value_name = "WEIGHTS")]
    pub weights: PathBuf,
    /// Recipe or configuration file of the network
    #[arg(value_name = "RECIPE|FILE.toml")]
    pub recipe: String,
    /// Recordings of the run: validated on, and trained on if it is resumed
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Change one value, e.g. network.delays=none; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Folder of the run
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Replace the run that is there
    #[arg(long)]
    pub overwrite: bool,
    /// Threads; no result depends on their number [default: one per processor]
    #[arg(long, value_name = "N", value_parser = whole::<usize>(1, MOST_THREADS))]
    pub threads: Option<usize>,
}
