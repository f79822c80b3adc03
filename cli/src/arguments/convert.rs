//! `synfire convert`

use crate::arguments::nir_delays::NirDelayForm;
use clap::Args;
use std::path::PathBuf;
use synfire::ExportFormat;
use synfire::exchange::SpikeFormat;

/// Write a log of spikes, or a network, of any program in another format
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  synfire convert spikes.h5 spikes.npz --to npz
  synfire convert recorded.gdf spikes.h5 --to sonata
  synfire convert steps.csv spikes.gdf --to gdf --dt-ms 10
  synfire convert network.nir network --to sonata-network
  synfire convert network nest --to nest-script

What the input is, is told by its content; --from says it where it cannot be told. Formats are \
those of `synfire export`.
Logs of spikes are read whole, 16 bytes for each spike.")]
pub struct Convert {
    /// A log of spikes, or a network: a file of NIR or safetensors, or the folder of a SONATA
    /// network
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// File or folder to write
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// The format to write
    #[arg(long, value_name = "FORMAT")]
    pub to: ExportFormat,
    /// The format of a log of spikes
    #[arg(long, value_name = "FORMAT")]
    pub from: Option<SpikeFormat>,
    /// Length of a step in ms, where the input does not tell it
    #[arg(long, value_name = "MS")]
    pub dt_ms: Option<f64>,
    /// Name of the population, where a log names none [default: the name of the file]
    #[arg(long, value_name = "NAME")]
    pub population: Option<String>,
    /// The sample to be read, where a log of NIR holds several
    #[arg(long, value_name = "INDEX")]
    pub sample: Option<usize>,
    /// What becomes of delays in NIR, as in `synfire export` [default: unrolled]
    #[arg(long, value_enum)]
    pub nir_delays: Option<NirDelayForm>,
    /// Replace files of the same names
    #[arg(long)]
    pub overwrite: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}
