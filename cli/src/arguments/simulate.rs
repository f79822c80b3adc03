//! `synfire simulate`

use crate::arguments::split::Split;
use crate::arguments::whole::{MOST_THREADS, whole};
use clap::Args;
use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;
use synfire::datasets::TimeUnit;
use synfire::exchange::SpikeFormat;
use synfire::sim_core::Variable;
use synfire::{Checkpoint, SampleList};

/// Run a network step by step and log its spikes, in SONATA HDF5, CSV or other formats
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  synfire simulate runs/shd-delays-1 --sample 17 --out sim
  synfire simulate runs/shd-delays-1 --data shd_test.h5 --sample 17 --record spikes,v --out sim
  synfire simulate runs/shd-delays-1 --split validation --out sim
  synfire simulate runs/shd-delays-1 --data shd_test.h5 --sample all --json --out sim
  synfire simulate my-experiment.toml --sample 0-9 --out sim
                                                   its network before training
  synfire simulate my-experiment.toml --set network.kind=recurrent --set \
training.evaluation_steps=200
  synfire simulate network.toml --out sim
  synfire simulate network.toml --record spikes,v,excitatory_current --logs csv-bmtk --out sim
  synfire simulate network.toml --input spikes.gdf --out sim
  synfire simulate network.nir --input spikes.npz --out sim
  synfire simulate network.toml --save-state half.json --out sim
  synfire simulate longer.toml --from-state half.json --out sim

NAME is sample-17 for sample 17 of a run or an experiment, and the file's name for a network. It \
leaves NAME.spikes.h5 (SONATA), NAME.spikes.csv and, with --record v, NAME.v.h5 (a SONATA report; \
NAME.VARIABLE.h5 for others); bmtk and libsonata read all .h5 files. A network may also be a file of \
NIR, the folder of a SONATA network, or what `synfire export --to safetensors` wrote.

A sample runs for as many steps as `synfire evaluate` scores it over. An experiment may have any \
network, also one that `synfire train`
does not train: recurrent, or with single synapses.")]
pub struct Simulate {
    /// Folder of a run, a file that describes a network, or a recipe or the configuration of an
    /// experiment, whose network has learned nothing
    #[arg(value_name = "RUN|FILE.toml|RECIPE")]
    pub network: PathBuf,
    /// Take samples from this file instead of the run's or the experiment's own data
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Change one value of an experiment, e.g. network.kind=recurrent; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// What one unit of the times in --data FILE is: s, ms, us, ns or samples_per_second=RATE
    /// [default: as in the run's own]
    #[arg(long, value_name = "UNIT", requires = "data")]
    pub time_unit: Option<TimeUnit>,
    /// Samples by index, counted from 0, such as 17, 0-99 or 3,7,20-29, or all; each gets logs of
    /// its own [default: the first validation sample, or the first of another file]
    #[arg(long, value_name = "LIST|all", allow_hyphen_values = true)]
    pub sample: Option<SampleList>,
    /// All samples of a split: of the run's own, or of a --data FILE that holds them
    #[arg(long, value_enum, conflicts_with = "sample")]
    pub split: Option<Split>,
    /// Threads; no byte of the logs depends on them [default: one per processor]
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        value_parser = whole::<u16>(1, MOST_THREADS),
    )]
    pub threads: Option<u16>,
    /// Which checkpoint of the run: best, last, or that of an epoch, if training.checkpoints kept
    /// it
    #[arg(long, value_name = "best|last|EPOCH", default_value_t)]
    pub checkpoint: Checkpoint,
    /// What to record, such as spikes,v: spikes, v (membrane potentials), or any other state
    /// variable of the neurons by its name, such as adaptation
    #[arg(long, value_name = "spikes|v|VARIABLE", value_delimiter = ',', default_value = "spikes")]
    pub record: Vec<Recordable>,
    /// Formats of the spikes, such as npz,gdf; `synfire export --help` lists them
    #[arg(long, value_name = "FORMAT,..", value_delimiter = ',', default_value = "sonata,csv")]
    pub logs: Vec<SpikeFormat>,
    /// Replay the spikes of this log instead of those of the sources (of a network, not a run)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data", "sample", "split"])]
    pub input: Option<PathBuf>,
    /// How long to simulate, in ms (of a network that another program wrote) [default: up to the
    /// last input spike, and as long after it as the longest delays together]
    #[arg(long, value_name = "MS")]
    pub duration_ms: Option<f64>,
    /// Length of a step in ms, where the file of another program does not tell it
    #[arg(long, value_name = "MS")]
    pub dt_ms: Option<f64>,
    /// Folder for the logs [default: RUN/spikes, or the current folder for a file]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write the state behind the last step to this file (of a file that describes a network)
    #[arg(long, value_name = "FILE")]
    pub save_state: Option<PathBuf>,
    /// Go on from the state in this file, with the same bits as in one go; logs hold the steps from
    /// there on
    #[arg(long, value_name = "FILE")]
    pub from_state: Option<PathBuf>,
    /// Replace logs and a state of the same names
    #[arg(long)]
    pub overwrite: bool,
    /// Print JSON, one line per sample
    #[arg(long)]
    pub json: bool,
}

/// What a simulation can record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recordable {
    /// Spikes of all populations.
    Spikes,
    /// A state variable of all neurons in every step.
    Column(String),
}

impl FromStr for Recordable {
    type Err = Infallible;

    fn from_str(word: &str) -> Result<Self, Infallible> {
        Ok(match word.trim() {
            "spikes" => Self::Spikes,
            "v" => Self::Column(Variable::POTENTIAL.name.into()),
            column => Self::Column(column.into()),
        })
    }
}
