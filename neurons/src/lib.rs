//! Neuron models of synfire, one per file, each with its equations, parameters, step and adjoint.
//!
//! | file | holds |
//! |---|---|
//! | `lif` | [`Lif`]: the leaky integrate-and-fire neuron |
//! | `leaky_integrator` | [`LeakyIntegrator`]: the readout that never fires |
//! | `decay` | [`Decay`]: how a time constant becomes a factor per step |
//! | `surrogate` | [`Surrogate`]: slopes that stand in for the threshold's derivative |
//! | `model` | [`Model`]: any of them, as a configuration file names them |
//!
//! A model is a struct of plain fields in physical units; [`sim_core::NeuronModel::build`] checks
//! them and gives the [`sim_core::Neuron`] that runs.
//!
//! ```
//! use neurons::Lif;
//! use sim_core::{NeuronModel, NeuronState};
//!
//! let lif = Lif { tau_mem_ms: 10.0, ..Lif::default() }.build(1.0)?;
//! let (mut state, mut fired) = (NeuronState::at_rest(2), Vec::new());
//! lif.step(&mut state, &[0.5, 1.5], &mut fired);
//! assert_eq!(fired, [1]);
//! assert_eq!(state.potential, [0.5, 0.0]);
//! # Ok::<(), sim_core::Error>(())
//! ```
#![forbid(unsafe_code)]

mod decay;
mod leaky_integrator;
mod lif;
mod model;
mod surrogate;

pub use decay::Decay;
pub use leaky_integrator::LeakyIntegrator;
pub use lif::{Lif, Reset};
pub use model::Model;
pub use surrogate::Surrogate;
