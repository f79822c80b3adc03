//! The layered engine and its parts; see [`engine`] for the order of a batch.
//!
//! | file | holds |
//! |---|---|
//! | `engine` | the passes of a batch |
//! | `spread` | from delays to taps |
//! | `projection` | one projection over one sample, forward and back |
//! | `population` | norm and neurons of one population over one sample |
//! | `objective` | the seam to the losses |
//! | `timing` | time per stage |

mod engine;
mod objective;
mod population;
mod projection;
mod spread;
mod timing;

pub use engine::{BatchStatistics, Dropout, Gradients, Kernels, LayeredEngine, NormGradient, NormStatistics, Pass, SynapseGradient};
pub use objective::{Objective, SampleLoss};
pub use spread::{GaussianMethod, KernelEvaluation};
pub use timing::{Stage, StageTiming};
