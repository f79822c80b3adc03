//! `synfire export`

use crate::arguments::nir_delays::NirDelayForm;
use crate::arguments::split::Split;
use crate::arguments::whole::{MOST_THREADS, whole};
use clap::Args;
use std::path::PathBuf;
use synfire::datasets::TimeUnit;
use synfire::{Checkpoint, ExportFormat, SampleList};

/// Write a network or spikes in the format of another program
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  synfire export runs/shd-delays-1 --to nir --out network.nir
  synfire export runs/shd-delays-1 --to nest-script --sample 0-99 --out nest
  synfire export runs/shd-delays-1 --to safetensors --out network.safetensors
  synfire export network.toml --to sonata-network --out network
  synfire export runs/shd-delays-1 --to gdf --sample 17 --out logs
  synfire export shd_test.h5.gz --to npz --sample 0-99 --out recordings

Networks: nir; nest-script, brian2-script, pynn-script (a folder with a Python script and its \
data); sonata-network
(a folder); safetensors (examples/load_network.py reads it in PyTorch). Norms are folded into \
weights and a constant
input, delays are rounded as deployed. What a format cannot hold is said before anything is \
written. With --sample or
--split, spikes that enter the network and spikes of every population lie beside it, and the \
potential that came
nearest to its threshold is named.

Spikes: sonata (HDF5), nest (NEST's ASCII), gdf, nirdata, aedat, csv, csv-steps, csv-us, csv-bmtk, \
npz. Of a run, those
of every population while it hears a sample; of recordings, the recordings themselves. Each sample \
has a log of its
own, and labels.csv makes the folder data to train on: synfire train RECIPE --data FOLDER.

Every export says with which version it was made, and from what.")]
pub struct Export {
    /// Folder of a run, a file that describes a network, or recordings
    #[arg(value_name = "RUN|FILE.toml|DATA")]
    pub source: PathBuf,
    /// The format
    #[arg(long, value_name = "FORMAT")]
    pub to: ExportFormat,
    /// File or folder to write
    #[arg(long, value_name = "PATH")]
    pub out: PathBuf,
    /// Which checkpoint of the run: best, last, or that of an epoch, if training.checkpoints kept
    /// it
    #[arg(long, value_name = "best|last|EPOCH", default_value_t)]
    pub checkpoint: Checkpoint,
    /// Samples by index, counted from 0, such as 17, 0-99 or 3,7,20-29, or all [default: of spikes,
    /// the first validation sample of a run, all recordings]
    #[arg(long, value_name = "LIST|all", allow_hyphen_values = true)]
    pub sample: Option<SampleList>,
    /// All samples of a split of the run
    #[arg(long, value_enum, conflicts_with = "sample")]
    pub split: Option<Split>,
    /// Take samples from this file instead of the run's own data
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// What one unit of the times in --data FILE, or in the exported recordings, is: s, ms, us, ns
    /// or samples_per_second=RATE [default: as in the run's own; s]
    #[arg(long, value_name = "UNIT")]
    pub time_unit: Option<TimeUnit>,
    /// Count the times of recordings in steps of so many ms, which csv-steps, csv-us and aedat need
    #[arg(long, value_name = "MS")]
    pub dt_ms: Option<f64>,
    /// What becomes of delays in NIR, which has none per synapse [default: unrolled]
    #[arg(long, value_enum)]
    pub nir_delays: Option<NirDelayForm>,
    /// Threads; no byte depends on them [default: one per processor]
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        value_parser = whole::<u16>(1, MOST_THREADS),
    )]
    pub threads: Option<u16>,
    /// Replace files of the same names
    #[arg(long)]
    pub overwrite: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}
