//! The layered engine and its parts; see [`engine`] for the order of a batch.
//!
//! | file | holds |
//! |---|---|
//! | `engine` | the passes of a batch |
//! | `projection` | one projection over a batch, forward and back |
//! | `spread` | from delays to taps, or to shares in fixed filters |
//! | `smoothing` | a few taps before one fixed filter |
//! | `tail_shares` | what the window's ends cut off of that |
//! | `basis` | the fixed filters and the shares |
//! | `pieces` | a cheaper way to apply them |
//! | `window_plan` | projections whose synapses are a few neighbouring taps |
//! | `basis_plan` | projections whose synapses are shares in fixed filters |
//! | `layout` | the order in which both keep synapses |
//! | `events` | spikes by step |
//! | `demand` | where the gradient of spikes is wanted |
//! | `population` | norm and neurons of one population over one sample |
//! | `objective` | the seam to the losses |
//! | `timing` | time per stage |

mod basis;
mod basis_plan;
mod demand;
mod engine;
mod events;
mod layout;
mod objective;
mod pieces;
mod population;
mod projection;
mod smoothing;
mod spread;
mod tail_shares;
mod timing;
mod window_plan;

pub use engine::{
    BatchStatistics, Dropout, Gradients, Kernels, LayeredEngine, NormGradient, NormStatistics,
    Pass, SynapseGradient,
};
pub use objective::{Objective, SampleLoss};
pub use spread::{GaussianMethod, KernelCost, KernelEvaluation, Precision};
pub use timing::{Stage, StageTiming};
