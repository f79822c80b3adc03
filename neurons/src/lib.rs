//! Neuron models of synfire, one per file, each with its equations, parameters, step and adjoint.
//!
//! | file | holds |
//! |---|---|
//! | `lif`, `lif_equations` | [`Lif`]: the leaky integrate-and-fire neuron |
//! | `adaptive_lif` | [`AdaptiveLif`]: its threshold rises with every spike |
//! | `current_lif` | [`CurrentLif`]: driven by two synaptic currents |
//! | `leaky_integrator` | [`LeakyIntegrator`]: the readout that never fires |
//! | `linear_rate` | [`LinearRate`]: sends its summed input as graded spikes, in levels if told |
//! | `spike_rule`, `held` | what models that fire have in common; times in steps |
//! | `surrogate` | [`Surrogate`]: slopes that stand in for the threshold's derivative |
//! | `model` | [`Model`]: any of them, as a configuration file names them |
//!
//! A model is a struct of plain fields in physical units; [`sim_core::NeuronModel::build`] checks
//! them and gives the [`sim_core::Neuron`] that runs.
//!
//! ```
//! use neurons::Lif;
//! use sim_core::{NeuronModel, State};
//!
//! let lif = Lif { tau_mem_ms: 10.0, ..Lif::default() }.build(1.0)?;
//! let (mut state, mut spikes) = (State::at_rest(lif.variables(), 2, 0.0), Vec::new());
//! lif.step(&[], &mut state, &[0.5, 1.5], &mut spikes);
//! assert_eq!(spikes[0].neuron, 1);
//! assert_eq!(state.named("potential"), Some(&[0.5, 0.0][..]));
//! # Ok::<(), sim_core::Error>(())
//! ```
#![forbid(unsafe_code)]

mod adaptive_lif;
#[cfg(test)]
mod checks;
mod current_lif;
mod held;
mod leaky_integrator;
mod lif;
mod lif_equations;
mod linear_rate;
mod model;
mod spike_rule;
mod surrogate;

pub use adaptive_lif::AdaptiveLif;
pub use current_lif::CurrentLif;
pub use leaky_integrator::LeakyIntegrator;
pub use lif::Lif;
pub use linear_rate::LinearRate;
pub use model::Model;
pub use sim_core::{Decay, Reset};
pub use surrogate::Surrogate;
