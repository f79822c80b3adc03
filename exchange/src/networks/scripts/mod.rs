//! Networks as Python scripts that run in other simulators and give the same spikes.
//!
//! | file | holds |
//! |---|---|
//! | `nest` | [`NestScript`]: for NEST |
//! | `brian2` | [`Brian2Script`]: for Brian2 |
//! | `pynn` | [`PynnScript`]: for PyNN on NEST |
//! | `kind` | what the neurons of a population have in common |
//! | `constants` | the factors per step of every neuron |
//! | `shift` | by how many steps populations run late where every delay takes a step |
//! | `order` | in which order populations take their step |
//! | `network_file` | `network.npz`: all numbers of a network |
//! | `folder` | the folder: script, `synfire_network.py`, `network.npz` |
//! | `templates` | the Python files |
//!
//! [`NestScript`]: crate::NestScript
//! [`Brian2Script`]: crate::Brian2Script
//! [`PynnScript`]: crate::PynnScript

pub(crate) mod brian2;
pub(crate) mod constants;
pub(crate) mod folder;
pub(crate) mod kind;
pub(crate) mod nest;
pub(crate) mod network_file;
pub(crate) mod order;
pub(crate) mod pynn;
pub(crate) mod shift;
