//! Everything that changes a weight or a delay: gradient training of weights and synaptic delays,
//! and its checkpoints.
//!
//! | file | holds |
//! |---|---|
//! | `gradient` | losses, optimisers, schedules, clipping |
//! | `settings` | [`TrainingSettings`], a section of the experiment file |
//! | `batches` | frames of the next batch, made ahead |
//! | `training` | [`Trainer`]: epochs, batches, evaluation of the deployed network |
//! | `evaluation` | [`Evaluation`]: accuracy with its standard error, confusion |
//! | `checkpoint` | everything needed to go on, bit for bit |
#![forbid(unsafe_code)]

mod batches;
mod checkpoint;
mod error;
mod evaluation;
pub mod gradient;
mod settings;
mod training;

pub use checkpoint::{first_difference, load_network};
pub use error::{Error, Result};
pub use evaluation::Evaluation;
pub use settings::{DelaySettings, TrainingSettings, WeightSettings};
pub use training::{EpochReport, Progress, Trainer, TrainerTiming, evaluate};
