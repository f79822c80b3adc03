//! Weights and delays that a PyTorch program trained, from the tensors of its state dict.
//!
//! | program | tensors | become |
//! |---|---|---|
//! | PyTorch `Linear` | `weight` `[post, pre]`, `bias` | a layer without delays |
//! | DCLS `Dcls1d` | `weight`, `P`, `SIG`, `bias` | a layer with delays |
//! | PyTorch `BatchNorm1d` | `weight`, `bias`, `running_mean`, `running_var` | its norm |
//! | snnTorch `Leaky` | `beta`, `threshold`, `reset_mechanism_val` | its neurons |
//! | SpikingJelly `ParametricLIFNode` | `w` | its neurons, with `beta = 1 - sigmoid(w)` |
//!
//! Weights of DCLS are `[post, pre, elements]`, its positions `P` `[1, post, pre, elements]`. A
//! position is a delay of `floor(K / 2) - P` steps for an odd kernel size `K`. `SIG`, the width of
//! a kernel, `num_batches_tracked`, a potential `mem` and a `graded_spikes_factor` of 1 are left
//! aside, with a remark.
//!
//! Layers follow each other in the natural order of their names (`fc2` before `fc10`). A norm or
//! neuron belongs to the layer of the same number (`fc1`, `bn1`, `lif1`), or where layers and norms
//! are numbered together (`model.0`, `model.1`) to the layer before it. Modules that a program
//! holds under two names are read once.
//!
//! Names and shapes: PyTorch 2.15, DCLS 0.1.1, SpikingJelly 2.0, snnTorch 1.0, as their state dicts
//! have them; the positions' sign as DCLS computes it.
//!
//! | file | holds |
//! |---|---|
//! | `imported` | [`ImportedWeights`]: what a state dict says of a network |
//! | `layers` | [`read_weights`]: modules become layers |
//! | `modules` | tensors become modules |
//! | `delay_positions` | positions become delays |
//! | `named_tensors` | a file becomes tensors; pickles are refused |

mod delay_positions;
mod imported;
mod layers;
mod modules;
mod named_tensors;

pub use imported::{ImportedLayer, ImportedNeurons, ImportedNorm, ImportedReset, ImportedWeights};
pub use layers::read_weights;

#[cfg(test)]
mod tests;
