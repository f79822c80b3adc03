//! The vocabulary of synfire, the traits between its crates, and the engines that step a network.
//!
//! | file | question it answers |
//! |---|---|
//! | `network`, `population`, `synapses`, `norm` | what is a network, without state? |
//! | `roles` | which population do samples enter, and which one is read? |
//! | `connectivity`, `distribution` | which neurons are joined at random, and by what? |
//! | `delay_kernel`, `kernel_evaluation` | how is a weight spread around its delay? how exactly? |
//! | `neuron`, `state`, `learned` | what does an engine ask of a neuron model? |
//! | `dynamics`, `decay` | what does a neuron model compute, as types? |
//! | `equations`, `real`, `gradient_error` | how is a model written as equations of one step? |
//! | `learning_rule` | how do synapses learn while a network runs? |
//! | `spikes`, `spike_trains`, `fired_masks`, `samples` | what is a spike, and what is a sample? |
//! | `poisson` | how are spikes drawn at random? |
//! | `shards` | in which order is anything summed over samples? |
//! | `pass`, `objective`, `regularizer` | how is a batch run, and what is minimised? |
//! | `horizon` | for how many steps does a sample run? |
//! | `gradient_engine`, `stage_timing` | who works out gradients, and what takes how long? |
//! | `feedback` | by which weights do errors go back through a projection? |
//! | `parameters`, `gradients`, `shape` | what does a network learn, what does a gradient hold? |
//! | `polarity` | which sign do weights keep? |
//! | `outline`, `bare_network` | when do two networks fit each other? what is a tensor of a file? |
//! | `random` | where does a random number come from? |
//! | `recording` | who is shown the steps of a simulation? |
//! | `step` | how does a network step? where does input wait until its delay is over? |
//! | `error`, `field`, `whole_steps` | what is wrong with a number, and where does it stand? |
//!
//! ```
//! use sim_core::{DelayKernel, SpikeFrames};
//!
//! // A sample of ten steps and three channels; spikes that coincide in a channel are counted.
//! let sample = SpikeFrames::from_events(3, 10, &[(1, 4), (1, 4), (0, 9)])?;
//! assert_eq!(sample.channel(1), (&[4][..], &[2.0][..]));
//!
//! // A delay of 2.5 steps, in a window of up to 8 steps, as two taps.
//! let taps = DelayKernel::Linear.taps(2.5, 8, 0.0);
//! assert_eq!((taps.first, taps.value.len()), (2, 2));
//! assert!(taps.value.iter().all(|value| (value - 0.5).abs() < 1e-6));
//! # Ok::<(), sim_core::Error>(())
//! ```
//!
//! # Networks
//!
//! A [`Network`] is a description without state: populations (sources or neurons, with or without a
//! batch norm) and projections between them. Dense synapses have real-valued delays and are what
//! trains; a list of single synapses has whole delays and is what is simulated. Delays are counted
//! in steps, because all engines and all hardware count so; the network carries `dt_ms`, so a delay
//! always has one meaning in milliseconds, and a network that was built for one step cannot run
//! with another by accident. A norm belongs to a population and not to a projection: it acts on the
//! summed input, whatever the number of projections that end there. Which source samples enter and
//! which population is read are [`Roles`] of the network: nobody infers them from the order of
//! populations.
//!
//! [`Network::parameters`] is the only list of what a network learns. Gradients, optimisers,
//! clipping, checkpoints, counts and checks follow this one walk, and none of them names a kind of
//! tensor. Only code that means one kind names it: the engine that works out its gradient, the
//! rules of weights and delays, their histories and figures. Running statistics of norms learn
//! nothing, but are part of the walk: whoever stores or checks a network wants them in the same
//! order, and a second list would have to be kept equal to the first. A [`Projection`] may fix the
//! sign of each presynaptic neuron's weights; a neuron has one sign in all projections that leave
//! it. The sign stands beside the weights that it bounds, where the walk finds it, and not with the
//! population.
//!
//! # Neurons
//!
//! Neurons are reached through [`NeuronModel`] and [`Neuron`]. A call is dynamic once per
//! population and step, or once per sixteen neurons and sample; the loops inside are plain. The
//! state of a population is a [`State`] of named columns: engines, recordings and snapshots walk
//! them and know none of them but the first, the membrane potential. A neuron has one or more
//! *ports*: a projection names the port in which it ends, inputs of a port are summed, and what the
//! sums do is the model's affair (two currents with time constants of their own, say).
//!
//! A model is written once, as [`Equations`] of one step for any kind of number ([`Real`]): in
//! `f64` they are the step of the clock engine, in `f32` that of the other engines, in dual numbers
//! the adjoint. [`gradient_error`] holds the gradient against finite differences. Models whose
//! speed matters most implement [`Neuron`] and write the loops over a whole sample themselves, as
//! the LIF neuron does. A parameter that each neuron learns for itself ([`LearnedParameter`])
//! becomes constants of that neuron; its gradient is that of the constants times their slopes.
//!
//! [`Dynamics`] says what a model computes in a vocabulary of types: exporters and other machines
//! match on it, and never on names.
//!
//! # Synapses that learn while a network runs
//!
//! A projection of the clock engine may have a [`LearningRule`]. The engine tells its [`Learner`]
//! when spikes *reach synapses*: whether the delay lies before a synapse or behind it
//! ([`DelaySide`]) decides when that is, and no rule has to keep spikes that are under way. Weights
//! and delays can be read back ([`SynapseTable`]), and what a rule remembers is part of a
//! [`Snapshot`], from which a simulation goes on with the same bits.
//!
//! # Three engines
//!
//! | | [`ClockEngine`] | `layered::LayeredEngine` | [`StreamingEngine`] |
//! |---|---|---|---|
//! | networks | any graph, recurrent too | feed-forward, dense | any graph, one source |
//! | walks | all populations, step by step | one population, all steps and samples | as the clock |
//! | delays | one tap, in a ring of input | any delay kernel | one tap, in a sliding window |
//! | numbers | `f64` | `f32`; norm statistics and losses `f64` | `f32` |
//! | gradient | none | exact for slope and kernel | none |
//! | work | per spike and synapse | also per step on the way back | per spike and synapse |
//! | keeps | potentials, coming input | currents, gradients, spikes | potentials, coming input |
//! | used by | `simulate`, rasters | `train`, `evaluate`, `bench` | input that streams in |
//!
//! All three run the deployed network (one tap per kernel element, norms from running statistics)
//! to the same spikes; property tests hold them together on random networks. `simulate` uses the
//! clock engine in `f64`, because its spikes are compared with those of other simulators, step by
//! step, and recorded. The streaming engine answers one question, how soon: a synapse takes six
//! bytes instead of sixteen, its position in the window is one number whatever the step, and the
//! loop over synapses has no check left (safe code: its 16-bit offsets cannot leave what they
//! index).
//!
//! # The same bits on any number of threads
//!
//! - **Random numbers are keyed, not drawn in turn** ([`Seed::stream`]): no stream depends on which
//!   thread asked first.
//! - **Every sum over samples has one order** ([`ShardSums`]): sixteen shards of neighbouring
//!   samples, added in pairs, and pairs in pairs. Gradients of weights and delays, norm sums there
//!   and back, losses and the length of the gradient are summed so. One, two, four, eight or
//!   sixteen processes that share the shards would find the same bits.
//! - **Every sum has one owner.** The gradient of a weight belongs to one task, which goes through
//!   the shards in order. Elementwise work (optimisers, taps) has no order to lose.
//! - **Norm statistics, losses and lengths of gradients are `f64`**, summed over time within a
//!   sample first. Only short runs of a norm's sums over time are added up in `f32` before
//!   (`simd::time_sums`).
//! - **Nothing is chosen by timing.** Which kernel evaluation is used follows from the kernel's
//!   width; which instructions are used follows from the processor.
//! - **Schedules are closed forms of the epoch**, not running products, and checkpoints keep the
//!   sums of a running epoch as bits: a run that was interrupted inside an epoch continues with the
//!   same bits.
//!
//! The last bits of a result may differ between *instruction sets*, because a fused multiply-add
//! rounds once and the numbers of a vector are summed in their order; a run's `environment.json`
//! names the set that it used. Bits never differ between thread counts or repetitions, and tests
//! compare checkpoints byte by byte.
#![forbid(unsafe_code)]

mod bare_network;
mod connectivity;
mod decay;
mod delay_kernel;
mod distribution;
mod dynamics;
mod equations;
mod error;
mod feedback;
mod field;
mod fired_masks;
mod gradient_engine;
mod gradient_error;
mod gradients;
mod horizon;
mod kernel_evaluation;
mod kind;
mod learned;
mod learning_rule;
mod network;
mod neuron;
mod norm;
mod objective;
mod outline;
mod parameters;
mod pass;
mod poisson;
mod polarity;
mod population;
mod random;
mod real;
mod recording;
mod regularizer;
mod roles;
mod samples;
mod shape;
mod shards;
mod spike_trains;
mod spikes;
mod stage_timing;
mod state;
mod step;
mod synapses;
#[cfg(test)]
mod test_networks;
mod whole_steps;

pub use connectivity::{Connectivity, Ends, Pairs};
pub use decay::Decay;
pub use delay_kernel::{
    DelayKernel, NORMALISER_EPSILON, NORMALISER_SHARE, Taps, effective_sigma, rounded_delay,
};
pub use distribution::Distribution;
pub use dynamics::{Adaptation, Dynamics, Firing, Membrane, PortDynamics, Reset};
pub use equations::{BeforeStep, Equations, Stepped, Stepwise};
pub use error::{Error, Result, plain};
pub use feedback::Feedback;
pub use field::Field;
pub use fired_masks::FiredMasks;
pub use gradient_engine::{Batch, BatchReport, GradientEngine, LearnedInput, PopulationReport};
pub use gradient_error::gradient_error;
pub use gradients::Gradients;
pub use horizon::Horizon;
pub use kernel_evaluation::{GaussianMethod, KernelEvaluation, Precision};
pub use kind::Kind;
pub use learned::{Learnable, LearnedParameter};
pub use learning_rule::{DelaySide, Learner, LearningRule};
pub use network::{Network, Projection};
pub use neuron::{
    BlockAdjoint, ModelDescription, Neuron, NeuronModel, NeuronScratch, StepAdjoint, flat,
};
pub use norm::{BatchNorm, BatchStatistics, NormStatistics};
pub use objective::{Objective, Readout, SampleLoss};
pub use outline::{LearnedOutline, Outline, PopulationOutline, ProjectionOutline};
pub use parameters::{Owner, Parameter, ParameterId, ParameterMut, all_finite};
pub use pass::{DelayTaps, Dropout, Pass};
pub use poisson::{check_poisson_rate, poisson_spikes};
pub use polarity::{Polarity, Signs};
pub use population::{BuiltNeurons, Cells, Population};
pub use random::{Purpose, Seed};
pub use real::{Dual, Real};
pub use recording::{ChannelRecorder, Record, Recorder, Recording, Records, Variables};
pub use regularizer::{Regularizer, SpikeCounts};
pub use roles::Roles;
pub use samples::{SampleSource, mislabelled};
pub use shape::Shape;
pub use shards::{SHARDS, ShardSums, samples_of_shards, sum_of_shards, sum_over_samples};
pub use spike_trains::{SpikeTrains, bits};
pub use spikes::{Spike, SpikeFrames};
pub use stage_timing::{Stage, StageTiming};
pub use state::{State, Variable};
pub use step::clock::ClockEngine;
pub use step::snapshot::{
    EventSnapshot, PlasticSnapshot, PopulationSnapshot, ProjectionSnapshot, Snapshot,
};
pub use step::streaming::StreamingEngine;
pub use step::synapse_table::SynapseTable;
pub use synapses::{DenseSynapses, Granularity, Synapse, Synapses};
pub use whole_steps::{shown, whole_steps};
