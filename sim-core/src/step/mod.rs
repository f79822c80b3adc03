//! Engines that step a network through time: one walk, in the arithmetic of each engine.
//!
//! | file | holds |
//! |---|---|
//! | `walk` | one step of a network: order, sources, spikes, checks, recording |
//! | `arithmetic` | what the walk asks of an arithmetic |
//! | `double`, `single` | the arithmetics: `f64` by neuron, `f32` by sixteen neurons |
//! | `clock`, `streaming` | the engines that people use: the walk in either arithmetic |
//! | `order` | the order of the populations within a step |
//! | `delay_ring`, `arrival`, `synapse_table` | input under way and synapses in `f64` |
//! | `arrival_window` | input under way and synapses in `f32` |
//! | `plastic` | synapses whose weights a rule changes while the network runs |
//! | `snapshot` | the state of a network between two steps |

pub(crate) mod arithmetic;
pub(crate) mod arrival;
pub(crate) mod arrival_window;
pub(crate) mod clock;
pub(crate) mod delay_ring;
pub(crate) mod double;
pub(crate) mod order;
pub(crate) mod plastic;
pub(crate) mod single;
pub(crate) mod snapshot;
pub(crate) mod streaming;
pub(crate) mod synapse_table;
pub(crate) mod walk;
