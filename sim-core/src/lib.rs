//! The vocabulary and the engines of synfire.

mod arrival_window;
mod clock_engine;
mod delay_kernel;
mod delay_ring;
mod error;
pub mod kernels;
mod layered;
mod network;
mod neuron;
mod outline;
mod random;
mod recording;
mod spike_trains;
mod spikes;
mod step_order;
mod streaming_engine;
#[cfg(test)]
mod test_networks;

pub use clock_engine::ClockEngine;
pub use delay_kernel::{DelayKernel, NORMALISER_EPSILON, Taps, effective_sigma, rounded_delay};
pub use error::{Error, Result, plain};
pub use kernels::{Instructions, MachineRates, lanes_at_least, vectorize};
pub use layered::{
    BatchStatistics, Dropout, GaussianMethod, Gradients, KernelCost, KernelEvaluation, Kernels,
    LayeredEngine, NormGradient, NormStatistics,
};
pub use layered::{Objective, Pass, Precision, SampleLoss, Stage, StageTiming, SynapseGradient};
pub use network::{
    BatchNorm, Cells, DenseSynapses, Granularity, Network, Population, Projection, Synapse,
    Synapses,
};
pub use neuron::{
    LANES, LaneState, Lanes, ModelDescription, Neuron, NeuronModel, NeuronState, flat,
};
pub use outline::{Outline, PopulationOutline, ProjectionOutline};
pub use random::{Purpose, Seed};
pub use recording::{ChannelRecorder, Record, Recorder, Recording, Records, Variables};
pub use spikes::{InputSpike, SampleSource, SpikeFrames};
pub use streaming_engine::StreamingEngine;
