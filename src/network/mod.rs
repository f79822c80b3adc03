//! How a network is described, and how a description becomes a [`sim_core::Network`].
//!
//! | file | question it answers |
//! |---|---|
//! | `settings` | of which kind is `[network]` of an experiment? |
//! | `feed_forward`, `recurrent`, `graph` | what does a kind say? |
//! | `file` | what is in a file that `synfire simulate` runs by itself? |
//! | `entries` | which keys have populations and projections of a graph? |
//! | `dense_connections`, `random_synapses` | by which synapses are two populations joined? |
//! | `description` | what do all kinds say alike? |
//! | `expansion` | how is a description drawn, and what does it become? |
//! | `ports`, `learned` | at which index is a port of a model, and what can neurons learn? |
//! | `batch_memory`, `limits` | how large may a network be? |
//! | `received` | what becomes of a network of another program? |
//! | `trainable` | which networks can the gradient engine train? |

pub(crate) mod batch_memory;
pub(crate) mod dense_connections;
pub(crate) mod description;
pub(crate) mod entries;
pub(crate) mod expansion;
pub(crate) mod feed_forward;
pub(crate) mod file;
pub(crate) mod graph;
pub(crate) mod learned;
pub(crate) mod limits;
pub(crate) mod ports;
pub(crate) mod random_synapses;
pub(crate) mod received;
pub(crate) mod recurrent;
pub(crate) mod settings;
pub(crate) mod trainable;
