//! The layered engine: gradients of feed-forward networks, a whole sample per population at once.
//!
//! [`LayeredEngine`] implements [`sim_core::GradientEngine`] for feed-forward networks of dense
//! projections. It evaluates a batch or trains on it; the batch names its output population, its
//! objective and its regularisers. The engine writes gradients where it is told, and then reports
//! losses, penalties, spikes and norm statistics of the batch.
//!
//! | file | holds |
//! |---|---|
//! | `engine` | the walk over a batch, there and back |
//! | `graph` | the shape of a network, and the order of the walk |
//! | `workspace` | what samples keep between passes, and what workers reuse |
//! | `backward` | the way back through one population |
//! | `feedback_path` | the way back by other weights than forward |
//! | `readout` | the loss of a sample |
//! | `population` | the neurons of one population over one sample |
//! | `norm_pass` | the norm of one population over a batch |
//! | `dropout` | which neurons stay |
//! | `regularization` | penalties on the spikes of hidden populations |
//! | `demand` | where the gradient of spikes is wanted |
//! | `events`, `spike_orders` | spikes by step, and which orders of spikes are wanted |
//! | `spike_counts` | how often each neuron fired |
//! | `projection` | one projection over a batch, by the plan that fits its kernels; dL/dw, dL/dd |
//! | `plan` | the seam between a projection and its plans |
//! | `window_plan` | synapses as a few neighbouring taps |
//! | `basis_plan` | synapses as shares in fixed filters |
//! | `product_plan` | synapses without delays |
//! | `batch_product` | the seam between a projection and its products over a whole batch |
//! | `spike_product` | many synapses without delays, over a whole batch of short samples |
//! | `repeated_product` | many synapses without delays, from input that repeats |
//! | `tile_product` | synapses without delays on tile registers, where the processor has them |
//! | `batch_columns` | between the numbers of a population and the columns of these products |
//! | `layout` | the order in which plans keep synapses |
//! | `row_shape`, `element_trains` | the rows of a panel, and the spikes that reach them |
//! | `shard_trains` | the spikes of each neuron in several samples |
//! | `column_lists` | the spikes of each step of several samples |
//! | `scratch`, `worker_sums` | what plans work in |
//! | `taps` | from delays to taps, or to shares |
//!
//! ```
//! use layered::LayeredEngine;
//! use sim_core::{Batch, DelayKernel, DenseSynapses, Granularity, Network, Pass, Population};
//! use sim_core::{GradientEngine, Projection, SpikeFrames, Synapses};
//!
//! // From three ears to a readout of two classes, with delays of up to 8 steps.
//! let synapses = DenseSynapses {
//!     pre: 3,
//!     post: 2,
//!     elements_per_pair: 1,
//!     min_delay_steps: 0,
//!     max_delay_steps: 8,
//!     granularity: Granularity::Synaptic,
//!     kernel: DelayKernel::Gaussian,
//!     weight: vec![0.5; 6],
//!     delay: vec![2.5; 6],
//! };
//! let network = Network::new(
//!     1.0,
//!     vec![
//!         Population::source("ears", 3),
//!         Population::neurons("readout", 2, neurons::LeakyIntegrator::default()),
//!     ],
//!     vec![Projection::new(0, 1, Synapses::Dense(synapses))],
//! );
//! let mut engine = LayeredEngine::new(&network)?;
//! let samples = [SpikeFrames::from_events(3, 20, &[(0, 2), (2, 7)])?];
//! engine.evaluate(&network, &Batch::new(&samples, 1, &()), &Pass::DEPLOYED)?;
//! assert_eq!(engine.report().losses.len(), 1);
//! # Ok::<(), sim_core::Error>(())
//! ```
//!
//! # How a batch becomes a gradient
//!
//! Populations are visited in topological order; `graph` holds that order as a list, and its entry
//! is the one place where a set of populations that reach each other would go. Batch norm needs
//! sums over the whole batch before a neuron can fire, so each population takes two passes over the
//! samples. The way back takes one pass, at whose end the adjoint of the population before is run:
//!
//! 1. **measure**: for how many steps populations and samples run ([`sim_core::Horizon`]).
//!    **prepare**: the taps or shares of every synapse for this batch's kernel width.
//! 2. For each population, **currents**: the sum over its projections, and the norm's sums. Then
//!    **neurons**: norm and spikes, listed by neuron and, where a projection wants them so, by
//!    step. At the output, the loss leaves its gradient with respect to the potentials.
//! 3. For each population from the output back, **synapses**: from dL/dZ to dL/dI, and the gradient
//!    of the hidden sources. Right behind it, sample by sample while a sample is in the cache, the
//!    **adjoint** of every source whose gradient is now complete: from dL/dS to dL/dZ through the
//!    surrogate slope, with the norm's sums. When all samples have theirs, dL/dw and dL/dd.
//!
//! Samples are dealt to sixteen shards whatever the number of threads. The weight gradient is dealt
//! out by panels of postsynaptic neurons, each of which goes through the shards in order. So every
//! sum has one owner and one order, and a thread needs five copies of the sums of one panel, not
//! one copy of all sums per shard. Products over a whole batch (`batch_product`) have an order of
//! sums of their own.
//!
//! Regularisers are asked once per population, when all samples have fired. What they want of a
//! spike is added behind dropout, so they see a neuron as it is. They see how often each neuron
//! fired in each sample, not when: so no engine has to keep spikes in an order of theirs, and
//! rates, their spread and their sparseness are functions of counts. A penalty on the timing of
//! hidden spikes would need more of that seam. [`sim_core::GradientEngine::activity`] takes a
//! sample as well as a population, so that an engine can hand out what it has anyway instead of
//! copying a batch together.
//!
//! In an evaluation a batch is still laid out as one grid. What a neuron does in a step depends on
//! earlier steps only, so it is enough to take away the spikes behind a sample's end and to read
//! its output up to there: no bit of a score depends on the samples beside it. Products over a
//! batch whose last bits differ from those of plans are for samples that are all alike
//! ([`sim_core::SampleSource::are_alike`]), and for training.
//!
//! Only currents, gradients, spike masks and spike lists are kept between passes. Potentials are
//! computed again on the way back, sixteen neurons at a time, which is cheaper than storing them. A
//! step in the steady state allocates nothing: whatever a sample, a shard or a task works in is
//! kept with it, and grows only when a batch is larger than all before it, or when more delays than
//! ever before have come near an end of their window. Large products of matrices are the exception
//! where the processor has no tile registers: their blocks are packed anew. A test with a counting
//! allocator holds the engine and the whole training step to that.
//!
//! # How delay kernels are evaluated
//!
//! A Gaussian kernel over `K` steps has `K` taps per synapse. The width is one number for all
//! synapses and shrinks over a run, so the evaluation is chosen by width and window alone, never by
//! a clock or the data ([`sim_core::GaussianMethod`]):
//!
//! | method | what a synapse is | exact? |
//! |---|---|---|
//! | `exact` | all `K` taps, but for those below 1e-8 of the largest | yes |
//! | `truncated` | the neighbouring taps that hold all but `tolerance` of the mass | no |
//! | `smoothed` | three or four taps of a narrow Gaussian before one wide one for all | no |
//! | `polynomial` | shares in a few filters, the Gaussians at Chebyshev points of the window | no |
//! | `cheapest` | whichever of the last three costs least, in this order as kernels widen | no |
//!
//! `tolerance` is the L1 error of a kernel as a share of its mass; tests over all delays and widths
//! allow twice that. The delay's gradient is the derivative of the kernel that was used, so it is
//! exact for the method, not an approximation of an approximation. Evaluation of a network always
//! uses one tap.
//!
//! # Why cost follows spikes
//!
//! - **Taps around the delay** (`window_plan`): forward and in the weight gradient, a burst of
//!   spikes costs one vector operation per tap and synapse, whatever the window or the number of
//!   steps. The input gradient is wanted also where nothing fires, so it goes by rows: it is the
//!   one part whose cost follows time, and leaves out the steps where it is not wanted (`demand`).
//! - **Taps before a filter** (`taps::smoothing`): the wide Gaussian is applied once per
//!   postsynaptic neuron, and synapses keep three or four taps and their bursts.
//! - **Shares in fixed filters** (`basis_plan`): spikes add rows of shares, and each postsynaptic
//!   neuron is filtered once per filter instead of once per synapse.
//! - **Products without delays** (`product_plan`): each spike adds a row of weights, and samples of
//!   few steps are joined to one matrix product on the way back. Of many synapses, short samples and
//!   input that repeats are worked out for the whole batch (`spike_product`, `repeated_product`).
//!   There, spikes are many: tile registers multiply zeros faster than others leave them out
//!   (`tile_product`).
//!
//! All of them keep synapses by panels of postsynaptic neurons (`layout`), whose rows, a hundred
//! steps long, stay in the nearest cache while the elements stream past; rows of a thousand steps
//! stay in the next cache.
//!
//! [`sim_core::Precision::Bf16`] lets products over whole rows (the input gradient, and neurons
//! taken as rows) round their factors to bf16 on processors that multiply it. Sums, single spikes
//! and weight gradients stay in single precision. The rounding is a share of the terms, not of
//! their sum: gradients that are what larger terms leave over, as those of a neuron that never
//! fires behind a norm, lose their digits first.
#![forbid(unsafe_code)]

mod backward;
mod basis_plan;
mod batch_columns;
mod batch_product;
mod column_lists;
mod demand;
mod dropout;
mod element_trains;
mod engine;
mod events;
mod feedback_path;
mod graph;
mod layout;
mod norm_pass;
mod plan;
mod population;
mod product_plan;
mod projection;
mod readout;
mod regularization;
mod repeated_product;
mod row_shape;
mod scratch;
mod shard_trains;
mod spike_counts;
mod spike_orders;
mod spike_product;
mod taps;
mod tile_product;
mod window_plan;
mod worker_sums;
mod workspace;

pub use engine::LayeredEngine;
pub use taps::spread::{KernelCost, kernel_cost};
