//! Everything that changes a weight or a delay: gradient training of weights and synaptic delays,
//! and its checkpoints.
//!
//! | file | question it answers |
//! |---|---|
//! | [`gradient`] | what is minimised, and how does a gradient become a step? |
//! | `trainer` | [`Trainer`], [`EpochTrainer`]: how does a network learn, step by step, epoch by epoch? |
//! | `protection` | [`Protection`]: what must training not disturb? |
//! | `settings` | [`TrainingSettings`]: which choices does an experiment make? |
//! | `batches` | how are the frames of the next batch made ahead? |
//! | `checkpoint` | [`CheckpointFile`]: what does it take to go on, bit for bit? |
//! | `checkpoint_summary` | [`CheckpointSummary`]: what is in one, in which layout? |
#![forbid(unsafe_code)]

mod batches;
mod checkpoint;
mod checkpoint_summary;
mod error;
pub mod gradient;
mod protection;
mod settings;
mod trainer;

pub use checkpoint::{CheckpointFile, CheckpointProgress, first_difference};
pub use checkpoint_summary::{CheckpointSummary, TensorRole, TensorSummary, population_words};
pub use error::{Error, Result};
pub use protection::Protection;
pub use settings::{DelaySettings, TrainingSettings, WeightSettings};
pub use trainer::{
    EarlyStopping, EpochReport, EpochTrainer, Evaluation, EvaluationSettings, KeptCheckpoints,
    ParameterGroup, PopulationActivity, Progress, SampleOutcome, Selection, StepReport, Tally,
    Trainer, TrainerTiming, check_samples, evaluate,
};
