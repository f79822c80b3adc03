//! The layered engine: gradients of feed-forward networks, a whole sample per population at once.
//!
//! | file | holds |
//! |---|---|
//! | `engine` | the walk over a batch, there and back |
//! | `graph` | the shape of a network, and the order of the walk |
//! | `workspace` | what samples keep between passes, and what workers reuse |
//! | `backward` | the way back through one population |
//! | `readout` | the loss of a sample |
//! | `population` | the neurons of one population over one sample |
//! | `norm_pass` | the norm of one population over a batch |
//! | `dropout` | which neurons stay |
//! | `regularization` | penalties on the spikes of hidden populations |
//! | `demand` | where the gradient of spikes is wanted |
//! | `events`, `spike_orders` | spikes by step, and which orders are wanted |
//! | `projection` | one projection over a batch, by the plan that fits its kernels |
//! | `plan` | the seam between a projection and its plans |
//! | `window_plan` | synapses as a few neighbouring taps |
//! | `basis_plan` | synapses as shares in fixed filters |
//! | `product_plan` | synapses without delays |
//! | `layout` | the order in which plans keep synapses |
//! | `row_shape`, `trains` | the rows of a block, and the spikes that reach them |
//! | `shard_trains` | the spikes of each neuron in several samples |
//! | `scratch`, `worker_sums` | what plans work in |
//! | `taps` | from delays to taps, or to shares |
#![forbid(unsafe_code)]

mod backward;
mod basis_plan;
mod demand;
mod dropout;
mod element_trains;
mod engine;
mod events;
mod graph;
mod layout;
mod norm_pass;
mod plan;
mod population;
mod product_plan;
mod projection;
mod readout;
mod regularization;
mod row_shape;
mod scratch;
mod shard_trains;
mod spike_counts;
mod spike_orders;
mod taps;
mod window_plan;
mod worker_sums;
mod workspace;

pub use engine::LayeredEngine;
pub use taps::spread::{KernelCost, kernel_cost};
