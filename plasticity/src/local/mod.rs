//! Rules by which synapses learn from the spikes that reach them, while a network runs.
//!
//! | file | holds |
//! |---|---|
//! | `pair_stdp` | [`PairStdp`]: pairs of spikes before and behind a synapse |
//! | `oja` | [`Oja`]: Hebbian learning towards the principal component |
//! | `lateral` | [`Lateral`]: Oja's subspace rule, in the two projections of a lateral circuit |
//! | `three_factor` | [`ThreeFactor`]: trace, error and a third factor from outside |
//! | `traces`, `last_spikes` | what synapses remember of spikes |
//! | `rule` | [`Rule`]: any of them, as a configuration file names them |
//!
//! A rule is a struct of plain fields in physical units. A projection that learns by it runs in the
//! clock engine ([`sim_core::Projection::learning_by`]).
//!
//! ```
//! use plasticity::local::PairStdp;
//! use sim_core::{ClockEngine, Network, Population, Projection, Spike, Synapse, Synapses};
//! # use neurons::Lif;
//!
//! let synapse = Synapse { pre: 0, post: 0, weight: 0.5, delay_steps: 1 };
//! let network = Network::new(
//!     1.0,
//!     vec![Population::source("input", 1), Population::neurons("neuron", 1, Lif::default())],
//!     vec![
//!         Projection::new(0, 1, Synapses::Sparse(vec![synapse]))
//!             .learning_by(PairStdp { rate: 0.1, ..PairStdp::default() }),
//!     ],
//! );
//! let mut engine = ClockEngine::build(&network)?;
//! // The third of three spikes fires the neuron: the synapse that helped grows, and the next spike
//! // carries the new weight.
//! for step in 0..20 {
//!     let spikes = if step < 3 { vec![Spike { neuron: 0, count: 1.0 }] } else { vec![] };
//!     engine.step(&[spikes], &mut ())?;
//! }
//! assert!(engine.synapses(0).weight(0) > 0.5);
//! # Ok::<(), sim_core::Error>(())
//! ```

mod last_spikes;
mod lateral;
mod oja;
mod pair_stdp;
mod rule;
mod three_factor;
mod traces;

pub use lateral::{Lateral, LateralSynapses};
pub use oja::Oja;
pub use pair_stdp::PairStdp;
pub use rule::Rule;
pub use three_factor::ThreeFactor;
