//! `synfire info`

use clap::Args;
use std::path::PathBuf;

/// Say what is in a run, a checkpoint, or another file
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  synfire info runs/shd-delays-1                               experiment, results, data, files
  synfire info runs/pmnist-1                                   a run over tasks
  synfire info runs/shd-delays-1/checkpoints/best.safetensors  every tensor with its layout
  synfire info shd-delays-1.zip                                a run that `synfire pack` packed
  synfire info network.toml --json                             what `synfire simulate` would run
  synfire info shd_train.h5.gz                                 as `synfire data info`")]
pub struct Info {
    /// Folder of a run, or a file: checkpoint, packed run, network, spike recordings
    #[arg(value_name = "RUN|FILE")]
    pub path: PathBuf,
    /// Length of a step in ms, where a network of another program does not tell it
    #[arg(long, value_name = "MS")]
    pub dt_ms: Option<f64>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
