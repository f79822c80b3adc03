//! `synfire prune`

use crate::arguments::whole::{MOST_THREADS, whole};
use clap::Args;
use std::path::PathBuf;
use synfire::Checkpoint;

/// Measure accuracy without the smallest weights of each projection, of one run or several
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  synfire prune runs/mine-1
  synfire prune runs/mine-1 --shares 0.5,0.8,0.95 --reestimate-norms
  synfire prune runs/mine-1 --data shd_test.h5.gz --json
  synfire prune runs/dale-* runs/free-* --figure pruning.png

A figure shows runs of one name (`name` of their configuration, `--set name=...`) as one line: \
the mean over seeds and its interval.

Nothing is trained again, and runs stay as they are. Statistics of norms are those of the whole \
network, or with
--reestimate-norms those of what is left, over the run's training samples.

To train on what is left: synfire train RECIPE --from RUN --set start.prune=SHARE. Zeros stay zero \
where weights learn by
multiplication (training.weights.update = \"exponentiated\").")]
pub struct Prune {
    /// Folders of runs
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    /// Shares of the weights that are pruned, ascending
    #[arg(
        long,
        value_name = "SHARE,..",
        value_delimiter = ',',
        default_value = "0,0.5,0.6,0.7,0.8,0.9,0.95"
    )]
    pub shares: Vec<f64>,
    /// Draw accuracy against these shares, PNG or SVG
    #[arg(long, value_name = "FILE")]
    pub figure: Option<PathBuf>,
    /// Replace the file of --figure
    #[arg(long, requires = "figure")]
    pub overwrite: bool,
    /// Estimate the statistics of norms anew for each share
    #[arg(long)]
    pub reestimate_norms: bool,
    /// Evaluate on all samples of this file instead of each run's validation samples
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Which network: best, last, or that of an epoch, if training.checkpoints kept its checkpoint
    #[arg(long, value_name = "best|last|EPOCH", default_value_t)]
    pub checkpoint: Checkpoint,
    /// Threads; no result depends on their number [default: one per processor]
    #[arg(long, value_name = "N", value_parser = whole::<usize>(1, MOST_THREADS))]
    pub threads: Option<usize>,
    /// Print one JSON object: of one run, or a list "runs"
    #[arg(long)]
    pub json: bool,
}
