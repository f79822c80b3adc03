//! The vocabulary and the engines of synfire.

mod delay_kernel;
mod error;
mod network;
mod neuron;
mod random;
mod spikes;

pub use delay_kernel::{DelayKernel, NORMALISER_EPSILON, Taps, effective_sigma, rounded_delay};
pub use error::{Error, Result};
pub use network::{BatchNorm, Cells, DenseSynapses, Granularity, Network, Population, Projection, Synapse, Synapses};
pub use neuron::{LANES, Lanes, Neuron, NeuronModel, NeuronState};
pub use random::{Purpose, Seed};
pub use spikes::{SampleSource, SpikeFrames};
