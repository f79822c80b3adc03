//! `synfire pack`

use clap::Args;
use std::path::PathBuf;

/// Make one file of a run, to be sent or kept
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  synfire pack runs/shd-delays-1                  writes shd-delays-1.zip
  synfire pack runs/shd-delays-1 --out best.zip
  unzip shd-delays-1.zip                          makes the folder shd-delays-1 again; every \
command takes it

The archive holds all files of the run, but not the recordings or images: put recordings beside \
the folder, or name them with --data. The same run gives
the same bytes.")]
pub struct Pack {
    /// Folder of the run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// The archive [default: NAME.zip in the current folder, NAME being the folder's]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace an earlier file
    #[arg(long)]
    pub overwrite: bool,
}
