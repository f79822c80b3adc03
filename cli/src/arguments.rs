//! What can be typed.

use crate::accuracy_table::Grouping;
use crate::recipe_name::RecipeName;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::{Path, PathBuf};
use synfire::datasets::{Layout, TimeUnit};
use synfire::{Checkpoint, Override, SampleList};

/// More threads than this are taken for a mistake.
const MOST_THREADS: u64 = 1024;
/// The largest seed that a configuration file can hold, 2^63 - 1.
const LARGEST_SEED: u64 = i64::MAX as u64;

/// Reads a whole number from `least` to `most`; what is refused is told what would not be.
fn whole<T: TryFrom<u64>>(
    least: u64,
    most: u64,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync {
    move |typed| {
        let number = typed.parse::<u64>().ok().filter(|number| (least..=most).contains(number));
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| match most {
            u64::MAX => format!("a whole number, at least {least}, was expected"),
            _ => format!("a whole number from {least} to {most} was expected"),
        })
    }
}

/// Train spiking networks whose synaptic delays learn, and look at what they do.
#[derive(Debug, Parser)]
#[command(name = "synfire", version, max_term_width = 110)]
#[command(after_help = "Examples:
  synfire train                                    makes its own spike data and learns delays on it
  synfire train shd-delays --data shd_train.h5.gz  the published network on spoken digits
  synfire evaluate runs/shd-delays-1 --json
  synfire plot runs/shd-delays-1
  synfire pack runs/shd-delays-1

`synfire COMMAND --help` tells more about a command.")]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Train(Train),
    Evaluate(Evaluate),
    Simulate(Simulate),
    Plot(Plot),
    Info(Info),
    Pack(Pack),
    Data(Data),
    Bench(Bench),
    Recipes(Recipes),
    Completions(Completions),
}

/// Train a network; the folder of the run holds everything about it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  synfire train
  synfire train shd-delays --data shd_train.h5.gz --set training.epochs=30 --seed 1
  synfire train ssc-delays --data ssc_train.h5.gz --validation ssc_valid.h5.gz
  synfire train quickstart --set network.delays=none --out runs/without
  synfire train my-experiment.toml
  synfire train my-experiment.toml --dry-run       parameters, memory and time, and nothing written
  synfire train runs/quickstart-1/config.toml      the same run again
  synfire train --resume runs/shd-delays-1         go on after Ctrl-C or a power cut
  synfire train --set training.checkpoints.best=3 --set training.checkpoints.every=10
  synfire train shd-delays --data shd_train.h5.gz --from runs/shd-delays-1 --epochs 30
                                                   more epochs, from the weights of a run

Ctrl-C finishes the training step, saves and exits with code 130. SIGTERM (Slurm, docker stop, timeout) and SIGHUP (a closed terminal) do
the same with codes 143 and 129; under nohup SIGHUP stays ignored. A second one, half a second later or more, or one before training has
begun, exits at once.

While a process trains into a folder, no other can: it is refused and told which one does. Whoever was killed holds nothing any more.")]
pub struct Train {
    /// A recipe (see `synfire recipes`) or a configuration file
    #[arg(
        value_name = "RECIPE|FILE.toml",
        default_value = "quickstart",
        conflicts_with = "resume",
        value_parser = RecipeName,
        hide_possible_values = true
    )]
    pub experiment: String,
    /// Spike recordings: an SHD or SSC file, .h5, .h5.gz or .zip as downloaded; with --resume,
    /// where they have moved, which the run remembers
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Validate on all samples of this file instead of a part of --data
    #[arg(long, value_name = "FILE")]
    pub validation: Option<PathBuf>,
    /// Change one value of the configuration, e.g. training.epochs=30; may be repeated
    #[arg(long, value_name = "KEY=VALUE", conflicts_with = "resume")]
    pub set: Vec<String>,
    /// Start from the weights, delays and norms of a run's best checkpoint, or of the checkpoint
    /// named; optimisers and schedules begin anew
    #[arg(long, value_name = "RUN|FILE.safetensors", conflicts_with = "resume")]
    pub from: Option<PathBuf>,
    /// Folder of the run [default: runs/NAME-1, runs/NAME-2, ...]
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Go on with the run in this folder, bit for bit as if it had not stopped
    #[arg(long, value_name = "DIR")]
    pub resume: Option<PathBuf>,
    /// Threads; results do not depend on them [default: one per processor]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<u16>(1, MOST_THREADS))]
    pub threads: Option<u16>,
    /// The seed all random numbers descend from, up to 2^63 - 1
    #[arg(long, value_name = "N", conflicts_with = "resume", allow_negative_numbers = true, value_parser = whole::<u64>(0, LARGEST_SEED))]
    pub seed: Option<u64>,
    /// Epochs; schedules stretch or shrink with them, so a run to --resume keeps its own
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<usize>(1, u64::MAX))]
    pub epochs: Option<usize>,
    /// Stop after N epochs of this call; --resume goes on
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<usize>(0, u64::MAX))]
    pub stop_after: Option<usize>,
    /// Check everything, say what would be built and what it takes, and write nothing
    #[arg(long, conflicts_with_all = ["resume", "stop_after"])]
    pub dry_run: bool,
    /// Print nothing but errors and the result
    #[arg(long, short)]
    pub quiet: bool,
    /// Replace an earlier run in --out
    #[arg(long, conflicts_with = "resume")]
    pub overwrite: bool,
}

/// Measure a run's accuracy with one tap per synapse
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  synfire evaluate runs/shd-delays-1
  synfire evaluate runs/shd-delays-1 --checkpoint 20
  synfire evaluate runs/shd-delays-1 --data shd_test.h5.gz --json
  synfire evaluate runs/shd-delays-1 --data moved/shd_train.h5.gz --split validation
  synfire evaluate runs/shd-delays-1 --predictions validation.csv --by speaker
  synfire evaluate runs/shd-delays-1 --compare

Recordings that moved together with the run are found by their checksum; others are named with --data.

The best checkpoint was chosen on the validation samples, so its accuracy on them is a little too good.

A sample is scored over its own steps and half of the delay window of every projection on the longest way to the output (or over
training.evaluation_steps), whatever stands beside it: no prediction depends on batch size, order or threads.")]
pub struct Evaluate {
    /// Folder of the run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Evaluate on the samples of this file instead of the run's own
    #[arg(long, value_name = "FILE")]
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
    /// Which checkpoint: best, last, or that of an epoch, if training.checkpoints kept it
    #[arg(long, value_name = "best|last|EPOCH", default_value_t)]
    pub checkpoint: Checkpoint,
    /// Threads; results do not depend on them [default: one per processor]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<u16>(1, MOST_THREADS))]
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

/// Which of a run's own samples.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Split {
    /// Those it never trained on
    Validation,
    /// Those it trained on
    Train,
    /// Both
    All,
}

/// Run a network step by step and log its spikes: SONATA HDF5 and CSV
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  synfire simulate runs/shd-delays-1 --sample 17 --out sim
  synfire simulate runs/shd-delays-1 --data shd_test.h5 --sample 17 --record spikes,v --out sim
  synfire simulate runs/shd-delays-1 --split validation --out sim
  synfire simulate runs/shd-delays-1 --data shd_test.h5 --sample all --json --out sim
  synfire simulate network.toml --out sim
  synfire simulate network.toml --record spikes,v --csv bmtk --out sim

NAME is sample-17 for sample 17 of a run, and the file's name for a network. It leaves NAME.spikes.h5 (SONATA), NAME.spikes.csv and, with --record v, NAME.v.h5 (a SONATA report); bmtk and libsonata read both .h5 files.

A sample runs for as many steps as `synfire evaluate` scores it over.")]
pub struct Simulate {
    /// Folder of a run, or a file that describes a network
    #[arg(value_name = "RUN|FILE.toml")]
    pub network: PathBuf,
    /// Take samples from this file instead of the run's own data
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
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
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<u16>(1, MOST_THREADS))]
    pub threads: Option<u16>,
    /// Which checkpoint of the run: best, last, or that of an epoch, if training.checkpoints kept it
    #[arg(long, value_name = "best|last|EPOCH", default_value_t)]
    pub checkpoint: Checkpoint,
    /// What to record: spikes, v (membrane potentials), or both
    #[arg(long, value_enum, value_delimiter = ',', default_value = "spikes")]
    pub record: Vec<Recordable>,
    /// Columns of the spikes as text [default: plain]
    #[arg(long, value_enum)]
    pub csv: Option<CsvColumns>,
    /// Folder for the logs [default: RUN/spikes, or the current folder for a file]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace logs of the same names
    #[arg(long)]
    pub overwrite: bool,
    /// Print JSON, one line per sample
    #[arg(long)]
    pub json: bool,
}

/// What a simulation can record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Recordable {
    /// Spikes of all populations
    Spikes,
    /// Membrane potentials of all neurons in every step
    V,
}

/// Columns of a spike log as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CsvColumns {
    /// population,time_ms,neuron
    Plain,
    /// timestamps population node_ids, with blanks between them, as bmtk reads them
    Bmtk,
}

/// Draw the figures of a run, PNG and SVG
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  synfire plot runs/shd-delays-1
  synfire plot runs/shd-delays-1 raster curves
  synfire plot runs/shd-delays-1 raster --sample 17 --checkpoint last
  synfire plot runs/shd-delays-1 --data moved/shd_train.h5.gz

Only the raster needs the recordings: without them the other figures are drawn, and stderr says what the raster waits for. A figure that is
named and cannot be drawn is an error.

The pictures are in RUN/plots. `synfire train` draws them all when it is done; they are drawn again from what the run left.")]
pub struct Plot {
    /// Folder of the run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Which figures [default: all that can be drawn]
    #[arg(value_enum)]
    pub figures: Vec<FigureName>,
    /// Which network the raster shows: best, last, or that of an epoch, if training.checkpoints kept
    /// its checkpoint
    #[arg(long, value_name = "best|last|EPOCH", default_value_t)]
    pub checkpoint: Checkpoint,
    /// Take the sample of the raster from this file, e.g. where the recordings have moved
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// What one unit of the times in --data FILE is: s, ms, us, ns or samples_per_second=RATE
    /// [default: as in the run's own]
    #[arg(long, value_name = "UNIT", requires = "data")]
    pub time_unit: Option<TimeUnit>,
    /// Index of the sample of the raster, counted from 0 [default: the first validation sample, or
    /// the first of another file]
    #[arg(long, value_name = "K", allow_negative_numbers = true, value_parser = whole::<usize>(0, u64::MAX))]
    pub sample: Option<usize>,
}

/// The figures.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum FigureName {
    /// A validation sample on its way through the network
    Raster,
    /// Weights at start and end, and over the epochs
    Weights,
    /// Delays at start and end, and how far they moved per epoch
    Delays,
    /// Loss, accuracy and schedules over the epochs
    Curves,
    /// What each class was taken for
    Confusion,
}

/// Say what is in a run, a checkpoint, or another file
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  synfire info runs/shd-delays-1                               experiment, results, data, files
  synfire info runs/shd-delays-1/checkpoints/best.safetensors  every tensor with its layout
  synfire info shd-delays-1.zip                                a run that `synfire pack` packed
  synfire info network.toml --json                             what `synfire simulate` would run
  synfire info shd_train.h5.gz                                 as `synfire data info`")]
pub struct Info {
    /// Folder of a run, or a file: checkpoint, packed run, network, spike recordings
    #[arg(value_name = "RUN|FILE")]
    pub path: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Make one file of a run, to be sent or kept
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  synfire pack runs/shd-delays-1                  writes shd-delays-1.zip
  synfire pack runs/shd-delays-1 --out best.zip
  unzip shd-delays-1.zip                          makes the folder shd-delays-1 again; every command takes it

The archive holds all files of the run, but not the recordings: put them beside the folder, or name them with --data FILE. The same run gives
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

/// Look into spike recordings, or make some
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  synfire data info shd_train.h5.gz
  synfire data check shd_train.h5.gz
  synfire data synth made.h5 --seed 1")]
pub struct Data {
    #[command(subcommand)]
    pub action: DataAction,
}

#[derive(Debug, Subcommand)]
pub enum DataAction {
    /// Say what is in a file
    #[command(after_help = "Examples:
  synfire data info shd_train.h5.gz
  synfire data info made.h5 --channels 70 --classes 10 --json
  synfire data info events.h5 --time-unit us
  synfire data info recorded.h5 --time-unit samples_per_second=16000")]
    Info {
        /// An SHD or SSC file, .h5, .h5.gz or .zip
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        layout: LayoutOptions,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say whether a file is fit to be trained on: exit code 0 if it is, 1 on the first fault
    #[command(after_help = "Examples:
  synfire data check shd_train.h5.gz
  synfire data check mine.h5 --channels 70 --strict && synfire train quickstart --data mine.h5
  synfire data check mine.zip --json

A fault is what stops training or makes it senseless: a dataset that is missing or cannot be read, times that are negative, do not ascend,
are no numbers or hardly seconds, units and labels out of range, no samples, no spikes. A warning is what may be meant: samples without a spike, classes with one
sample or none, copies, data that was left out.")]
    Check {
        /// An SHD or SSC file, .h5, .h5.gz or .zip
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        layout: LayoutOptions,
        /// Take the first warning for a fault
        #[arg(long)]
        strict: bool,
        /// Print JSON: file, sound, fault, warnings, summary
        #[arg(long)]
        json: bool,
    },
    /// Make a file of made-up spikes whose classes differ in timing only: random manifolds, or
    /// channels that repeat others (echoes), the data of `quickstart`
    #[command(after_help = "Examples:
  synfire data synth made.h5
  synfire data synth made.h5 --seed 1 --set classes=5 --set neurons=40
  synfire data synth echoes.h5 --set kind=echo --set pairs=20 --set cells=30

It can be trained on:
  synfire train quickstart --data made.h5")]
    Synth {
        /// The file to write, .h5 or .h5.gz
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Change one parameter, e.g. classes=5; may be repeated. There are: kind (randman or
        /// echo), classes, samples_per_class; of randman neurons, spikes_per_neuron, duration_ms,
        /// dimension, smoothness, jitter_ms, stretch; of echo pairs, cells, cell_ms, shortest_lag,
        /// fidelity
        #[arg(long, value_name = "KEY=VALUE")]
        set: Vec<String>,
        /// The seed
        #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true, value_parser = whole::<u64>(0, LARGEST_SEED))]
        seed: u64,
        /// Replace an earlier file
        #[arg(long)]
        overwrite: bool,
    },
}

/// What a reader is told about a file.
#[derive(Debug, Args)]
pub struct LayoutOptions {
    /// Number of channels a spike can come from [default: one more than the highest unit, or as the
    /// file says]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<u32>(1, 65536))]
    channels: Option<u32>,
    /// Number of classes [default: as many as the file names, else one more than the highest label]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<u32>(1, 65536))]
    classes: Option<u32>,
    /// What one unit of the times is: s, ms, us, ns or samples_per_second=RATE [default: s]
    #[arg(long, value_name = "UNIT")]
    time_unit: Option<TimeUnit>,
}

/// Measure how fast a recipe trains and infers on this machine
#[derive(Debug, Args)]
#[command(
    after_help = "Training cost changes over a run, because the delay kernels narrow: steps are timed at up to eight points of the recipe's
schedule (fewer where it holds fewer widths), after some training, and weighted by the share of the run each stands for. Nothing is written.

Examples:
  synfire bench
  synfire bench shd-delays-1ms --data shd_train.h5.gz --json
  synfire bench my-experiment.toml --set training.batch_size=64"
)]
pub struct Bench {
    /// A recipe (see `synfire recipes`) or a configuration file
    #[arg(
        value_name = "RECIPE|FILE.toml",
        default_value = "shd-delays",
        value_parser = RecipeName,
        hide_possible_values = true
    )]
    pub experiment: String,
    /// The same as RECIPE
    #[arg(long, value_name = "NAME", hide = true, conflicts_with = "experiment")]
    pub recipe: Option<String>,
    /// Spike recordings; without them made-up spikes of the same density
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Change one value of the recipe; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Set each stage of training beside what this machine could do at best
    #[arg(long)]
    pub stages: bool,
    /// Times each point is measured; the median counts
    #[arg(long, value_name = "N", default_value = "3", allow_negative_numbers = true, value_parser = whole::<u16>(1, u64::from(u16::MAX)))]
    pub repeats: u16,
    /// Training steps before anything is timed, so that neurons fire as in real training
    #[arg(long, value_name = "N", default_value = "50", allow_negative_numbers = true, value_parser = whole::<usize>(0, u64::MAX))]
    pub warm_up: usize,
    /// Threads [default: one per processor]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<u16>(1, MOST_THREADS))]
    pub threads: Option<u16>,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

/// List the experiments inside the program, or print one
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  synfire recipes
  synfire recipes shd-delays > my-experiment.toml")]
pub struct Recipes {
    /// Print the configuration file of this recipe
    #[arg(value_name = "NAME", value_parser = RecipeName, hide_possible_values = true)]
    pub name: Option<String>,
}

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  synfire completions bash > ~/.local/share/bash-completion/completions/synfire
  synfire completions zsh > ~/.zfunc/_synfire                     with fpath+=~/.zfunc before compinit in ~/.zshrc
  synfire completions fish > ~/.config/fish/completions/synfire.fish

Recipes are offered where one can be named, beside files where those can be.")]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

impl Train {
    /// All changes to the configuration: `--data`, `--validation`, then `--set`, `--epochs`, `--seed`
    /// and `--from`.
    pub fn overrides(&self) -> synfire::Result<Vec<Override>> {
        let epochs = self.epochs.map(|epochs| {
            Override::named(format!("--epochs {epochs}"), &format!("training.epochs={epochs}"))
        });
        let seed = self
            .seed
            .map(|seed| Override::named(format!("--seed {seed}"), &format!("seed={seed}")));
        let validation = self.validation.as_deref().map(Override::validation_file);
        let files = self.data.as_deref().map(Override::file).into_iter().chain(validation);
        let start = self.from.as_deref().map(Override::start);
        files.chain(changes(None, &self.set)).chain(epochs).chain(seed).chain(start).collect()
    }
}

impl Bench {
    /// All changes to the recipe: `--data`, then `--set`.
    pub fn overrides(&self) -> synfire::Result<Vec<Override>> {
        changes(self.data.as_deref(), &self.set).collect()
    }
}

impl LayoutOptions {
    /// As readers take it.
    pub fn layout(&self) -> Layout {
        Layout {
            channels: self.channels.map(|channels| channels as usize),
            classes: self.classes.map(|classes| classes as usize),
            time_unit: self.time_unit,
        }
    }
}

/// The file first, so that values can be laid over what it brings.
fn changes<'a>(
    data: Option<&Path>,
    set: &'a [String],
) -> impl Iterator<Item = synfire::Result<Override>> + use<'a> {
    data.map(Override::file).into_iter().chain(set.iter().map(|text| Override::parse(text)))
}

impl From<CsvColumns> for synfire::exchange::CsvLayout {
    fn from(columns: CsvColumns) -> Self {
        match columns {
            CsvColumns::Plain => Self::Plain,
            CsvColumns::Bmtk => Self::Bmtk,
        }
    }
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

impl From<Split> for synfire::EvaluatedSplit {
    fn from(split: Split) -> Self {
        match split {
            Split::Validation => Self::Validation,
            Split::Train => Self::Train,
            Split::All => Self::All,
        }
    }
}

impl From<FigureName> for synfire::Picture {
    fn from(name: FigureName) -> Self {
        match name {
            FigureName::Raster => Self::Raster,
            FigureName::Weights => Self::Weights,
            FigureName::Delays => Self::Delays,
            FigureName::Curves => Self::Curves,
            FigureName::Confusion => Self::Confusion,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_shows_examples() {
        fn check(command: &clap::Command) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(
                help.starts_with("Examples:\n") || help.contains("\n\nExamples:\n"),
                "{}: {help}",
                command.get_name()
            );
            command.get_subcommands().for_each(check);
        }
        check(&Arguments::command());
    }

    #[test]
    fn resuming_takes_no_new_configuration() {
        for wrong in [
            &["--set", "a=1"][..],
            &["--seed", "1"],
            &["--from", "runs/b"],
            &["--out", "x"],
            &["--overwrite"],
            &["quickstart"],
        ] {
            let typed = ["synfire", "train", "--resume", "runs/a"].iter().chain(wrong);
            assert!(Arguments::try_parse_from(typed).is_err(), "{wrong:?}");
        }
        assert!(
            Arguments::try_parse_from([
                "synfire",
                "train",
                "--resume",
                "runs/a",
                "--data",
                "b.h5",
                "--threads",
                "2"
            ])
            .is_ok()
        );
    }
}
