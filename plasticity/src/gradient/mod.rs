//! Learning by gradient descent: what is minimised, and how a gradient becomes a step.
//!
//! | part | question it answers |
//! |---|---|
//! | [`Loss`] | what a readout's potential should look like, and its gradient |
//! | [`clip_global_norm`] | how long a gradient may be |
//! | [`Schedule`], [`SigmaSchedule`] | how large a step is at this point of training, and how wide the delay kernels are |
//! | [`OptimizerSettings`], [`Optimizer`] | how parameters follow a gradient |
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
pub(crate) mod loss;
pub(crate) mod optimizer;
pub(crate) mod schedule;

pub use clip::{clip_global_norm, global_norm};
pub use loss::Loss;
pub use optimizer::{Adam, AdamW, Optimizer, OptimizerSettings, Sgd};
pub use schedule::{
    AfterWarmUp, Constant, Cosine, OneCycle, Rate, Schedule, SigmaSchedule, WarmUp,
};
