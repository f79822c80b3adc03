//! Learning by gradient descent: what is minimised, and how a gradient becomes a step.
//!
//! | part | question it answers |
//! |---|---|
//! | [`Loss`], [`CrossEntropy`] | what should the readout of a sample of a known class look like? |
//! | [`Labelled`] | what does a batch of labelled samples minimise? |
//! | [`FiringRateBounds`] | how often should hidden neurons fire? |
//! | [`clip_global_norm`] | how long may a gradient be? |
//! | [`Schedule`], [`SigmaSchedule`] | how large is a step, and how wide are the delay kernels? |
//! | [`OptimizerSettings`], [`Optimizer`] | how do parameters follow a gradient? |
//! | [`WeightUpdate`] | is a step added to a weight, or does it multiply it? |
//! | [`WeightGeometry`] | how are weights spread, and what do their changes look like? |
//!
//! Nothing here knows a network: parameters and gradients are plain slices, one [`Optimizer`] per
//! slice, so that weights, delays and norms can follow rules of their own. Results do not depend on
//! the number of threads.
//!
//! ```
//! use plasticity::gradient::{Adam, OptimizerSettings, Schedule};
//!
//! let mut parameters = vec![0.0_f32; 3];
//! let mut optimizer = OptimizerSettings::Adam(Adam::default()).build(parameters.len())?;
//! let schedule = Schedule::default();
//! for epoch in 0..150 {
//!     let gradient: Vec<f32> = parameters.iter().map(|p| p - 0.02).collect();
//!     let now = schedule.at(epoch, 150);
//!     optimizer.step(&mut parameters, &gradient, now.rate, now.beta1);
//! }
//! assert!((parameters[0] - 0.02).abs() < 1e-3);
//! # Ok::<(), sim_core::Error>(())
//! ```

pub(crate) mod clip;
pub(crate) mod cross_entropy;
pub(crate) mod delay_rate;
pub(crate) mod firing_rate;
pub(crate) mod labelled;
pub(crate) mod loss;
pub(crate) mod optimizer;
pub(crate) mod reused;
pub(crate) mod row_sums;
pub(crate) mod schedule;
pub(crate) mod sigma;
pub(crate) mod two_sided;
pub(crate) mod weight_geometry;
pub(crate) mod weight_update;

pub use clip::{clip_global_norm, global_norm};
pub use cross_entropy::CrossEntropy;
pub use firing_rate::FiringRateBounds;
pub use labelled::Labelled;
pub use loss::Loss;
pub use optimizer::{Adam, AdamW, Optimizer, OptimizerSettings, Sgd};
pub use schedule::{AfterWarmUp, Constant, Cosine, OneCycle, Rate, RatesFollow, Schedule, WarmUp};
pub use sigma::SigmaSchedule;
pub use weight_geometry::WeightGeometry;
pub use weight_update::{SignedUpdate, WeightUpdate};
