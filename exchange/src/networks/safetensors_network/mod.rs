//! Networks as safetensors: named tensors that PyTorch and NumPy open without synfire.
//! `examples/load_network.py` runs one in 30 lines of PyTorch.
//!
//! Of a population `P` of neurons, in double precision, one entry per neuron (`[neuron]`):
//!
//! | tensor | holds |
//! |---|---|
//! | `P.beta` | what is left of the potential after a step |
//! | `P.gain` | by what input of a delta port is multiplied |
//! | `P.bias` | constant input in every step; `[port, neuron]` of several ports |
//! | `P.threshold` | where the neuron fires; absent of a readout |
//! | `P.refractory_steps` | steps without a spike after one, integers; absent of a readout |
//! | `P.rho` | what is left of a raised threshold after a step; where it adapts |
//! | `P.adaptation` | by how much a spike raises the threshold; where it adapts |
//! | `P.alpha` | what is left of a port's current after a step; where there are currents |
//! | `P.couple` | what a current of 1 adds to the potential in the next step; likewise |
//! | `P.own_NUMBER` | a parameter that each neuron has for itself, in its unit |
//!
//! Of a projection `A->B`, whose spikes at step `t` add `weight` to the input at `t + delay_steps`:
//!
//! | tensor | all pairs of neurons | single synapses |
//! |---|---|---|
//! | `A->B.weight` | `[post, pre]`, or `[post, pre, element]` | `[synapse]` |
//! | `A->B.delay_steps` | 64-bit integers of the same shape | the same |
//! | `A->B.pre`, `A->B.post` | | `[synapse]`, 64-bit integers |
//! | `A->B.polarity` | `[pre]`, 1 or -1 where Dale's law holds | the same |
//!
//! Weights are in double precision, since a folded norm is a product of two single-precision
//! numbers, and a rounded product moves spikes. What a step computes of all this is
//! [`sim_core::Dynamics`].
//!
//! The metadata are texts: `format` = `synfire network`, `format_version` = `1`, `dt_ms`, the
//! provenance (`synfire`, `commit`, `source`, `sha256`), and `network`, JSON:
//!
//! ```json
//! {"dt_ms": 1.0, "input": "ears", "output": "words",
//!  "populations": [{"name": "ears", "size": 140, "dynamics": null, "own": []}, ...],
//!  "projections": [{"name": "ears->hidden", "source": "ears", "target": "hidden", "port": 0,
//!                   "synapses": "dense", "polarity": false}, ...]}
//! ```
//! `dynamics` is null of a source, else the neuron model with times in ms, as in
//! `{"tau_mem_ms": 10.0, "decay": "exact", "input_scaling": false, "ports": [{"input": "delta"}],
//! "firing": {"threshold": 1.0, "reset": "hard", "refractory_ms": 0.0, "holds": true}}`; `own`
//! names the tensors that stand in for its numbers where neurons differ. `synapses` is `dense` or
//! `sparse`.
//!
//! | file | holds |
//! |---|---|
//! | `writer` | [`SafetensorsNetwork`] |
//! | `reader` | [`read_safetensors_network`]: the network that was written, bit by bit |
//! | `outline` | the text `network` |
//! | `step_constants` | the constants of a step |
//! | `tensor_writer` | tensors, piece by piece |

mod outline;
mod reader;
mod step_constants;
mod tensor_writer;
mod writer;

pub use reader::read_safetensors_network;
pub use writer::SafetensorsNetwork;

#[cfg(test)]
mod tests;
