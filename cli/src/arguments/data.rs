//! `synfire data`

use crate::arguments::whole::{LARGEST_SEED, whole};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use synfire::datasets::{Layout, TimeUnit};

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

A fault is what stops training or makes it senseless: a dataset that is missing or cannot be read, \
times that are negative, do not ascend,
are no numbers or hardly seconds, units and labels out of range, no samples, no spikes. A warning \
is what may be meant: samples without a spike, classes with one
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
        #[arg(
            long,
            value_name = "N",
            default_value_t = 0,
            allow_negative_numbers = true,
            value_parser = whole::<u64>(0, LARGEST_SEED),
        )]
        seed: u64,
        /// Replace an earlier file
        #[arg(long)]
        overwrite: bool,
    },
}

/// What a reader is told about a file.
#[derive(Debug, Default, Args)]
pub struct LayoutOptions {
    /// Number of channels a spike can come from [default: one more than the highest unit, or as the
    /// file says]
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        value_parser = whole::<u32>(1, 65536),
    )]
    channels: Option<u32>,
    /// Number of classes [default: as many as the file names, else one more than the highest label]
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        value_parser = whole::<u32>(1, 65536),
    )]
    classes: Option<u32>,
    /// What one unit of the times is: s, ms, us, ns or samples_per_second=RATE [default: s]
    #[arg(long, value_name = "UNIT")]
    time_unit: Option<TimeUnit>,
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
