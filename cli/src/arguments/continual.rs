//! `synfire continual`

use crate::arguments::changes::changes;
use crate::arguments::run_options::RunOptions;
use crate::arguments::whole::whole;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use synfire::{Method, Override};

/// Learn task after task without forgetting; the folder of the run holds everything about it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  synfire continual                                     makes its own images and learns four tasks
  synfire continual pmnist --data mnist                 ten permutations of MNIST; mnist holds its \
four IDX files
  synfire continual pmnist --data mnist --method sequential
  synfire continual pmnist --data mnist --seeds 3       three runs, and a table with intervals
  synfire continual split-mnist --data mnist --method gpm
  synfire continual --resume runs/pmnist-1              go on after Ctrl-C or a power cut
  synfire info runs/pmnist-1                            what it came to; plot draws it again, \
evaluate measures its networks

result.json holds accuracy[i][j]: after task i, on task j, as a fraction. ACC is the mean of its \
last row, BWT the mean change of
each task from its own end to the end of all: it is negative where tasks are forgotten. Compare \
methods by both, and with
--method sequential (no protection) and joint (all tasks at once, by one schedule). Ctrl-C finishes \
the training step or the evaluation at hand,
saves and exits with code 130.")]
pub struct Continual {
    /// A recipe (see `synfire recipes`) or a configuration file
    #[arg(
        value_name = "RECIPE|FILE.toml",
        default_value = "permuted-clusters",
        conflicts_with = "resume"
    )]
    pub experiment: String,
    /// Folder of the images: four IDX files, packed or not; with --resume, where they have moved
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// How earlier tasks are kept [default: as the experiment says; hlop in all recipes]
    #[arg(long, value_enum, conflicts_with = "resume")]
    pub method: Option<MethodName>,
    /// Run this many seeds, from the experiment's seed on, and tell their means with intervals; runs
    /// that are in --out already are used, or gone on with
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        conflicts_with = "resume",
        value_parser = whole::<u64>(1, 1000),
    )]
    pub seeds: u64,
    /// Folder of the run; with --seeds, of a folder for each [default: runs/NAME-1, runs/NAME-2, ...]
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Print the result as one JSON object
    #[arg(long)]
    pub json: bool,
    /// How it is made, or gone on with.
    #[command(flatten)]
    pub run: RunOptions,
}

/// A method as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MethodName {
    /// Hebbian orthogonal projection
    Hlop,
    /// No protection
    Sequential,
    /// All tasks at once, each sample as often
    Joint,
    /// Stored samples of earlier tasks
    Replay,
    /// Elastic weight consolidation
    Ewc,
    /// Gradient projection memory
    Gpm,
    /// Orthogonal weights modification
    Owm,
}

impl From<MethodName> for Method {
    fn from(name: MethodName) -> Self {
        match name {
            MethodName::Hlop => Self::Hlop,
            MethodName::Sequential => Self::Sequential,
            MethodName::Joint => Self::Joint,
            MethodName::Replay => Self::Replay,
            MethodName::Ewc => Self::Ewc,
            MethodName::Gpm => Self::Gpm,
            MethodName::Owm => Self::Owm,
        }
    }
}

impl Continual {
    /// All changes to the configuration: `--data`, then `--set`, `--method` and `--seed`.
    pub fn overrides(&self) -> synfire::Result<Vec<Override>> {
        let method = self.method.map(|name| {
            let name = Method::from(name).name();
            Override::named(format!("--method {name}"), &format!("method={name:?}"))
        });
        changes(self.data.as_deref(), &self.run.set).chain(method).chain(self.run.seed()).collect()
    }
}
