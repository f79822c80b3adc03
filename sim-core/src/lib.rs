//! The vocabulary and the engines of synfire.

mod clock_engine;
mod delay_kernel;
mod delay_ring;
mod error;
pub mod kernels;
mod layered;
mod network;
mod neuron;
mod random;
mod recording;
mod spikes;

pub use clock_engine::{ClockEngine, InputSpike};
pub use delay_kernel::{DelayKernel, NORMALISER_EPSILON, Taps, effective_sigma, rounded_delay};
pub use error::{Error, Result};
pub use kernels::{Instructions, lanes_at_least, vectorize};
pub use layered::{
    BatchStatistics, Dropout, GaussianMethod, Gradients, KernelEvaluation, Kernels, LayeredEngine, NormGradient, NormStatistics,
};
pub use layered::{Objective, Pass, Precision, SampleLoss, Stage, StageTiming, SynapseGradient};
pub use network::{BatchNorm, Cells, DenseSynapses, Granularity, Network, Population, Projection, Synapse, Synapses};
pub use neuron::{LANES, Lanes, Neuron, NeuronModel, NeuronState};
pub use random::{Purpose, Seed};
pub use recording::{ChannelRecorder, Record, Recorder, Recording, Records, Variables};
pub use spikes::{SampleSource, SpikeFrames};
