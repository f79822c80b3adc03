//! Gradients from traces: a batch is run step by step, and nothing of an earlier step is kept.
//!
//! Backpropagation through time goes back over all steps, and so keeps them. [`TraceEngine`]
//! instead carries a *trace* of what each source sent forward in time, and makes gradients of it
//! ([`TraceMethod`]):
//!
//! | method | gradient | loss |
//! |---|---|---|
//! | OTTT [Xiao et al. 2022] | in each step, its error times the trace | of each step |
//! | DSR [Meng et al. 2022] | in the end, errors of rates times rates | of mean potentials |
//!
//! Where no population is hidden, both are the gradient of the loss. Else OTTT leaves out how
//! spikes act in later steps (see `ottt`), so it is backpropagation where there is one step; DSR puts rates
//! in the place of spikes (see `dsr`). Both need neurons whose potential is a leaky sum of their
//! input, from which a spike subtracts the threshold, and projections without delays: a delay would
//! need the spikes of earlier steps.
//!
//! | file | holds |
//! |---|---|
//! | `engine` | the walk over a batch |
//! | `method` | which gradient |
//! | `layers` | the shape of a network, and what is refused |
//! | `tile` | some samples, side by side: neurons and traces, step by step |
//! | `lanes` | how many samples these are |
//! | `ottt`, `dsr` | the errors of a step, and of rates |
//! | `slopes` | the slopes of neurons in one step |
//! | `one_step` | the loss of a sample by a readout of one step |
//! | `input` | the input of samples, step by step |
//! | `kept_spikes` | spikes of all steps, for those who ask |
//!
//! ```
//! use layered::LayeredEngine;
//! use sim_core::{Batch, DelayKernel, DelayTaps, DenseSynapses, GradientEngine, Gradients};
//! use sim_core::{Granularity, Horizon, KernelEvaluation, Network, NormStatistics, Pass};
//! use sim_core::{Population, Projection, SpikeFrames, Synapses};
//! use traces::{TraceEngine, TraceMethod};
//!
//! let synapses = DenseSynapses {
//!     pre: 3,
//!     post: 2,
//!     elements_per_pair: 1,
//!     min_delay_steps: 0,
//!     max_delay_steps: 0,
//!     granularity: Granularity::Synaptic,
//!     kernel: DelayKernel::OneTap,
//!     weight: vec![0.5; 6],
//!     delay: vec![0.0; 6],
//! };
//! let network = Network::new(
//!     1.0,
//!     vec![
//!         Population::source("ears", 3),
//!         Population::neurons("readout", 2, neurons::LeakyIntegrator::default()),
//!     ],
//!     vec![Projection::new(0, 1, Synapses::Dense(synapses))],
//! );
//! let evaluator = Box::new(LayeredEngine::new(&network)?);
//! let mut engine = TraceEngine::new(&network, TraceMethod::Ottt, evaluator)?;
//! let pass = Pass {
//!     delay_taps: DelayTaps::Trained { sigma_raw: 0.0, evaluation: KernelEvaluation::default() },
//!     norm: NormStatistics::Batch,
//!     dropout: None,
//!     horizon: Horizon::Batch,
//! };
//! let mut gradients = Gradients::zeros(&network);
//! let bytes = [6, 600].map(|steps| {
//!     let sample = [SpikeFrames::from_events(3, steps, &[(0, 2), (2, 4)]).expect("a sample")];
//!     let batch = Batch::new(&sample, 1, &());
//!     engine.train(&network, &batch, &pass, &mut gradients).expect("it trains");
//!     engine.working_bytes()
//! });
//! assert_eq!(bytes[0], bytes[1]);
//! # Ok::<(), sim_core::Error>(())
//! ```
//!
//! # Losses
//!
//! A loss of a whole readout needs the potentials of all steps. So the objective is asked for
//! losses of *one* step: OTTT hands it the potentials of each step, and the loss of a sample is the
//! mean; DSR hands it the mean potentials. A loss that is a function of mean potentials, such as
//! the cross entropy `mean`, is the same in DSR as in an evaluation. The prediction is made from
//! mean potentials.
//!
//! # Memory
//!
//! States, currents, errors and traces are as many numbers as there are neurons and samples,
//! whatever the number of steps ([`TraceEngine::working_bytes`]); the samples themselves are the
//! caller's. In the steady state nothing is allocated but the memory in which products of matrices
//! pack their factors. A protection that learns from what neurons send may need their spikes in all
//! steps: [`TraceEngine::with_activity`] keeps them, at a bit for each neuron, step and sample,
//! beside the lists of spikes that are handed out.
//!
//! Traces are weighted sums of a sample's spikes. So a protection that keeps changes of weights out
//! of the span of all spikes of a sample keeps them out of its traces. One that keeps changes out of
//! the direction of mean rates alone does not.
//!
//! # The same bits on any number of threads
//!
//! Samples run in tiles of fixed size, each by one thread, and the gradient of a weight is summed
//! by one thread, tile after tile.
#![forbid(unsafe_code)]

mod dsr;
mod engine;
mod input;
mod kept_spikes;
mod lanes;
mod layers;
mod method;
mod one_step;
mod ottt;
mod slopes;
mod tile;

pub use engine::TraceEngine;
pub use method::TraceMethod;
