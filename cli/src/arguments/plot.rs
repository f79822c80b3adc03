//! `synfire plot`

use crate::arguments::whole::whole;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use synfire::datasets::TimeUnit;
use synfire::{Checkpoint, Picture, TaskPicture};

/// Draw the figures of a run, PNG and SVG
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  synfire plot runs/shd-delays-1
  synfire plot runs/shd-delays-1 raster curves
  synfire plot runs/shd-delays-1 raster --sample 17 --checkpoint last
  synfire plot runs/shd-delays-1 --data moved/shd_train.h5.gz
  synfire plot runs/pmnist-1 accuracy subspaces      of a run over tasks, finished or not

Only raster and currents need the recordings: without them the other figures are drawn, and \
stderr says what these two wait for. A figure
that is named and cannot be drawn is an error.

The pictures are in RUN/plots. `synfire train` and `synfire continual` draw them all when they \
are done; they are drawn again from
what the run left.")]
pub struct Plot {
    /// Folder of the run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Which figures [default: all that can be drawn]
    #[arg(value_enum)]
    pub figures: Vec<FigureName>,
    /// Which network raster and currents show: best, last, or that of an epoch, if
    /// training.checkpoints kept its checkpoint
    #[arg(long, value_name = "best|last|EPOCH", default_value_t)]
    pub checkpoint: Checkpoint,
    /// Take the sample of raster and currents from this file, e.g. where the recordings have moved
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// What one unit of the times in --data FILE is: s, ms, us, ns or samples_per_second=RATE
    /// [default: as in the run's own]
    #[arg(long, value_name = "UNIT", requires = "data")]
    pub time_unit: Option<TimeUnit>,
    /// Index of the sample of raster and currents, counted from 0 [default: the first validation
    /// sample, or the first of another file]
    #[arg(
        long,
        value_name = "K",
        allow_negative_numbers = true,
        value_parser = whole::<usize>(0, u64::MAX),
    )]
    pub sample: Option<usize>,
}

/// The figures.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum FigureName {
    /// A validation sample on its way through the network
    Raster,
    /// Weights at start and end, and over the epochs
    Weights,
    /// Sizes of excitatory and inhibitory weights, as logarithms: histograms, quantiles, their course
    Sizes,
    /// What excitatory and inhibitory synapses bring to each neuron in a validation sample
    Currents,
    /// Delays at start and end, and how far they moved per epoch
    Delays,
    /// Loss, accuracy and schedules over the epochs; of a run over tasks, over those of all tasks
    Curves,
    /// What each class was taken for
    Confusion,
    /// Of a run over tasks: after each task, the accuracy on every task
    Accuracy,
    /// Of a run over tasks: the accuracy on each task from its own end on
    Forgetting,
    /// Of a run over tasks: residuals, angles between the activity of tasks, rows that are kept
    Subspaces,
}

impl FigureName {
    /// The figure of a run of `synfire train`; none for one of a run over tasks.
    pub fn of_training(self) -> Option<Picture> {
        Some(match self {
            Self::Raster => Picture::Raster,
            Self::Weights => Picture::Weights,
            Self::Sizes => Picture::Sizes,
            Self::Currents => Picture::Currents,
            Self::Delays => Picture::Delays,
            Self::Curves => Picture::Curves,
            Self::Confusion => Picture::Confusion,
            Self::Accuracy | Self::Forgetting | Self::Subspaces => return None,
        })
    }

    /// The figure of a run over tasks; none for one of a run of `synfire train`.
    pub fn of_tasks(self) -> Option<TaskPicture> {
        Some(match self {
            Self::Accuracy => TaskPicture::Accuracy,
            Self::Forgetting => TaskPicture::Forgetting,
            Self::Subspaces => TaskPicture::Subspaces,
            Self::Curves => TaskPicture::Curves,
            _ => return None,
        })
    }
}
