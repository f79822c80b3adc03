//! The vocabulary of synfire, and the engines that step a network through time.
//!
//! | file | question it answers |
//! |---|---|
//! | `network`, `population`, `synapses`, `norm` | what is a network, without state? |
//! | `roles` | which population do samples enter, and which one is read? |
//! | `delay_kernel`, `kernel_evaluation` | how is a weight spread around its delay, and how exactly? |
//! | `neuron` | what does an engine ask of a neuron model? |
//! | `spikes`, `spike_trains`, `samples` | what is a sample? |
//! | `shards` | in which order is anything summed over samples? |
//! | `pass`, `objective`, `regularizer` | how is a batch run, and what is minimised? |
//! | `horizon` | for how many steps does a sample run? |
//! | `gradient_engine`, `stage_timing` | who works out gradients, and what takes how long? |
//! | `parameters`, `gradients` | what does a network learn, and what does a gradient hold? |
//! | `polarity` | which sign do weights keep? |
//! | `outline` | when do two networks fit each other? |
//! | `random` | where does a random number come from? |
//! | `recording` | who is shown the steps of a simulation? |
//! | `clock_engine`, `streaming_engine` | how does a network step? |
#![forbid(unsafe_code)]

mod arrival_window;
mod bare_network;
mod clock_engine;
mod delay_kernel;
mod delay_ring;
mod error;
mod field;
mod gradient_engine;
mod gradients;
mod horizon;
mod kernel_evaluation;
mod network;
mod neuron;
mod norm;
mod objective;
mod outline;
mod parameters;
mod pass;
mod polarity;
mod population;
mod random;
mod recording;
mod regularizer;
mod roles;
mod samples;
mod shape;
mod shards;
mod spike_trains;
mod spikes;
mod stage_timing;
mod step_order;
mod streaming_engine;
mod synapses;
#[cfg(test)]
mod test_networks;
mod whole_steps;

pub use clock_engine::ClockEngine;
pub use delay_kernel::{DelayKernel, NORMALISER_EPSILON, Taps, effective_sigma, rounded_delay};
pub use error::{Error, Result, plain};
pub use field::Field;
pub use gradient_engine::{Batch, BatchReport, GradientEngine, PopulationReport};
pub use gradients::Gradients;
pub use horizon::Horizon;
pub use kernel_evaluation::{GaussianMethod, KernelEvaluation, Precision};
pub use network::{Network, Projection};
pub use neuron::{BlockState, ModelDescription, Neuron, NeuronModel, NeuronState, flat};
pub use norm::{BatchNorm, BatchStatistics, NormStatistics};
pub use objective::{Objective, Readout, SampleLoss};
pub use outline::{Outline, PopulationOutline, ProjectionOutline};
pub use parameters::{Kind, Owner, Parameter, ParameterId, ParameterMut};
pub use pass::{DelayTaps, Dropout, Pass};
pub use polarity::{Polarity, Signs};
pub use population::{Cells, Population};
pub use random::{Purpose, Seed};
pub use recording::{ChannelRecorder, Record, Recorder, Recording, Records, Variables};
pub use regularizer::{Regularizer, SpikeCounts};
pub use roles::Roles;
pub use samples::{SampleSource, mislabelled};
pub use shape::Shape;
pub use shards::{SHARDS, ShardSums, samples_of_shards, sum_over_samples};
pub use spike_trains::{SpikeTrains, bits};
pub use spikes::{Spike, SpikeFrames};
pub use stage_timing::{Stage, StageTiming};
pub use streaming_engine::StreamingEngine;
pub use synapses::{DenseSynapses, Granularity, Synapse, Synapses};
pub use whole_steps::{shown, whole_steps};
