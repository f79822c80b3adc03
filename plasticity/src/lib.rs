//! Everything that changes a weight or a delay: gradient training of weights and synaptic delays
//! with its checkpoints, and rules by which synapses learn from spikes.
//!
//! | file | question it answers |
//! |---|---|
//! | [`gradient`] | what is minimised, and how does a gradient become a step? |
//! | [`continual`] | how is a task learned without losing those before it? |
//! | [`local`] | how do synapses learn from spikes, while a network runs? |
//! | `trainer` | [`Trainer`], [`EpochTrainer`]: how does a network learn, step by step? |
//! | `protection` | [`Protection`], [`TaskEnd`]: what must training not disturb? |
//! | `gradient_method` | [`GradientMethod`]: how is a gradient worked out? |
//! | `pruning` | [`prune`], [`regrow`]: which synapses are there at all? |
//! | `settings` | [`TrainingSettings`]: which choices does an experiment make? |
//! | `batches` | how are the frames of the next batch made ahead? |
//! | `checkpoint` | what does it take to go on, bit for bit? |
//! | `checkpoint_file` | [`CheckpointFile`]: what does a checkpoint hold, and does it fit? |
//! | `checkpoint_summary` | [`CheckpointSummary`]: what is in one, in which layout? |
//!
//! ```
//! use layered::LayeredEngine;
//! use plasticity::gradient::{CrossEntropy, Labelled};
//! use plasticity::{Trainer, TrainingSettings};
//! use sim_core::{Batch, DelayKernel, DenseSynapses, Granularity, Network, Population, Projection};
//! use sim_core::{Seed, SpikeFrames, Synapses};
//!
//! let synapses = DenseSynapses {
//!     pre: 2,
//!     post: 2,
//!     elements_per_pair: 1,
//!     min_delay_steps: 0,
//!     max_delay_steps: 8,
//!     granularity: Granularity::Synaptic,
//!     kernel: DelayKernel::Gaussian,
//!     weight: vec![0.1, -0.1, -0.1, 0.1],
//!     delay: vec![4.0; 4],
//! };
//! let network = Network::new(
//!     1.0,
//!     vec![
//!         Population::source("ears", 2),
//!         Population::neurons("readout", 2, neurons::LeakyIntegrator::default()),
//!     ],
//!     vec![Projection::new(0, 1, Synapses::Dense(synapses))],
//! );
//! let engine = Box::new(LayeredEngine::new(&network)?);
//! let mut trainer = Trainer::new(network, engine, TrainingSettings::default(), Seed(1))?;
//!
//! // Class 0 is a spike of the left ear, class 1 of the right one.
//! let samples = [0, 1].map(|ear| SpikeFrames::from_events(2, 20, &[(ear, 3)]).expect("a sample"));
//! let objective = Labelled { loss: &CrossEntropy::default(), labels: &[0, 1] };
//! let first = trainer.step(&Batch::new(&samples, 1, &objective))?;
//! let second = trainer.step(&Batch::new(&samples, 1, &objective))?;
//! assert!(second.loss < first.loss);
//! # Ok::<(), plasticity::Error>(())
//! ```
//!
//! # A step, and what is built on it
//!
//! [`Trainer::step`] is one step on one batch, and everything else is built on it. It knows
//! gradients from whatever engine. A program's own loop begins here. [`ParameterGroup`] says which
//! parameters follow which rule, by kind and by name.
//!
//! A [`Protection`] acts twice: on the gradient, and on the step that the optimiser made of it.
//! Momentum, Adam and multiplicative updates turn a gradient, and only the second act keeps the
//! protection's promise whatever the optimiser. It may also freeze parameters wholly and pin the
//! statistics of norms. A program that trains on several tasks says where each begins and ends
//! ([`Trainer::begin_task`], [`Trainer::end_task`]).
//!
//! [`EpochTrainer`] goes through labelled samples: order, batches, sums of the epoch, norms that
//! are estimated again for deployed delays, a break after any step. A thread makes the next batch's
//! frames while this batch trains; a bounded channel of one batch joins the two, and a second
//! channel brings the memory of used frames back. [`evaluate`] measures the deployed network,
//! [`PopulationActivity`] counts neurons that take no part in training or in evaluation, and
//! [`Selection`] picks the best epoch and says when there is no use in going on.
//!
//! # Checkpoints
//!
//! A checkpoint holds everything needed to go on, bit for bit, as one safetensors file; what a
//! protection has learned is in it. A checkpoint is compared with the configuration by
//! `sim_core::Outline`: names and values of everything that is not learned, where a parameter that
//! an older checkpoint lacks stands at its default.
#![forbid(unsafe_code)]

mod batches;
mod checkpoint;
mod checkpoint_file;
mod checkpoint_summary;
pub mod continual;
mod error;
pub mod gradient;
mod gradient_method;
pub mod local;
mod protection;
mod pruning;
mod settings;
mod trainer;

pub use checkpoint_file::{CheckpointFile, CheckpointProgress, first_difference};
pub use checkpoint_summary::{CheckpointSummary, TensorRole, TensorSummary, population_words};
pub use error::{Error, Result};
pub use gradient_method::GradientMethod;
pub use protection::{Protection, TaskEnd};
pub use pruning::{prune, regrow};
pub use settings::{DelaySettings, TrainingSettings, WeightSettings};
pub use trainer::{
    EarlyStopping, EpochReport, EpochTrainer, Evaluation, EvaluationSettings, KeptCheckpoints,
    ParameterGroup, PopulationActivity, Progress, SampleOutcome, Selection, StepReport, Tally,
    Trainer, TrainerTiming, check_samples, evaluate,
};
