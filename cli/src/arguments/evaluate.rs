//! `synfire evaluate`

use crate::accuracy_table::Grouping;
use crate::arguments::split::Split;
use crate::arguments::whole::{MOST_THREADS, whole};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use synfire::Checkpoint;
use synfire::datasets::TimeUnit;

/// Measure a run's accuracy with one tap per synapse
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  synfire evaluate runs/shd-delays-1
  synfire evaluate runs/shd-delays-1 --checkpoint 20
  synfire evaluate runs/shd-delays-1 --data shd_test.h5.gz --json
  synfire evaluate runs/shd-delays-1 --data moved/shd_train.h5.gz --split validation
  synfire evaluate runs/shd-delays-1 --predictions validation.csv --by speaker
  synfire evaluate runs/shd-delays-1 --compare
  synfire evaluate runs/pmnist-1                 a run over tasks: on the test samples of each \
task that it has learned
  synfire evaluate runs/pmnist-1 --checkpoint task-3 --data moved/mnist

Recordings that moved together with the run are found by their checksum; others are named with \
--data.

The best checkpoint was chosen on the validation samples, so its accuracy on them is a little too \
good.

A sample is scored over its own steps and half of the delay window of every projection on the \
longest way to the output (or over
training.evaluation_steps), whatever stands beside it: no prediction depends on batch size, order \
or threads.")]
pub struct Evaluate {
    /// Folder of the run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Evaluate on the samples of this file instead of the run's own; of a run over tasks, on the
    /// images of this folder
    #[arg(long, value_name = "FILE|FOLDER")]
    pub data: Option<PathBuf>,
    /// What one unit of the times in --data FILE is: s, ms, us, ns or samples_per_second=RATE
    /// [default: as in the run's own]
    #[arg(long, value_name = "UNIT", requires = "data")]
    pub time_unit: Option<TimeUnit>,
    /// Which samples: of the run's own, or of a --data FILE that holds them [default: validation;
    /// all of a --data FILE]
    #[arg(long, value_enum)]
    pub split: Option<Split>,
    /// Write a table of what each sample was taken for: sample, key (name of its class), speaker,
    /// label, predicted, predicted_key, correct, margin, loss, and a score per class
    #[arg(long, value_name = "FILE.csv")]
    pub predictions: Option<PathBuf>,
    /// Replace the file of --predictions
    #[arg(long, requires = "predictions")]
    pub overwrite: bool,
    /// Accuracy by class or by speaker, as a table
    #[arg(long, value_enum, value_delimiter = ',')]
    pub by: Vec<Grouping>,
    /// What runs the network: layered, clock (double precision) or streaming
    #[arg(long, value_enum, default_value_t)]
    pub engine: Engine,
    /// Let the other engines evaluate, too, and list the samples that they take for other classes
    #[arg(long)]
    pub compare: bool,
    /// Most samples that run together; results do not depend on it [default: training.batch_size]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub batch_size: Option<u32>,
    /// Which checkpoint: best, last, or that of an epoch, if training.checkpoints kept it; of a run
    /// over tasks, last or that after a task, as in task-3 [default there: last]
    #[arg(long, value_name = "best|last|EPOCH|task-N", default_value_t)]
    pub checkpoint: Checkpoint,
    /// Threads; results do not depend on them [default: one per processor]
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        value_parser = whole::<u16>(1, MOST_THREADS),
    )]
    pub threads: Option<u16>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What runs a network as it is deployed.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum Engine {
    /// A batch at a time
    #[default]
    Layered,
    /// One step after the other, in double precision, as `synfire simulate`
    Clock,
    /// One step after the other, in single precision
    Streaming,
}

impl From<Engine> for synfire::ForwardEngine {
    fn from(engine: Engine) -> Self {
        match engine {
            Engine::Layered => Self::Layered,
            Engine::Clock => Self::Clock,
            Engine::Streaming => Self::Streaming,
        }
    }
}
