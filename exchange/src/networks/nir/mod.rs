//! NIR, the neuromorphic intermediate representation [Pedersen et al. 2024], written and read.
//!
//! Format: NIR 1.0.8 (`nir/serialization.py`, `nir/ir/*.py` of github.com/neuromorphs/NIR): HDF5 in
//! which everything is a dataset. Read back with `nir.read`, types checked.
//!
//! ```text
//! /version                       "1.0.8", the version of nir whose layout this is
//! /node/type, /node/edges        "NIRGraph"; text [edges, 2]: from, to
//! /node/metadata/                dt (s), dt_ms; synfire, commit, source, sha256
//! /node/nodes/<name>/type        the class of the node
//! /node/nodes/<name>/<parameter> float64 [neurons]; weight float64 [out, in]
//! /node/nodes/<name>/metadata/   see below
//! ```
//! Times are in seconds, as all programs take them that read NIR, though its page on primitives
//! says ms. `nir.read` refuses datasets that a node does not have, and so do we: what says more
//! stands in `metadata`, which no program has to read.
//!
//! | our term | NIR's term |
//! |---|---|
//! | source | `Input`, called `input` where it has the role or is the only one |
//! | output | `Output` behind the population |
//! | neuron that fires, no current | `LIF`: `tau v' = (v_leak - v) + r I`; without a leak `IF`: `v' = r I` |
//! | readout | `LI`; without a leak `I` |
//! | neuron with a current | `CubaLIF`, `CubaLI`: `tau_syn I' = -I + w_in S`, `tau_mem v' = (v_leak - v) + r I` |
//! | `V = beta U + I` | `r = 1 / (1 - beta)`; with input scaling, `V = beta U + (1 - beta) I`, `r = 1`; without a leak `r = 1 / dt` |
//! | `beta = 1 - dt / tau` | `tau`, with `metadata/rule` = `euler` |
//! | `beta = exp(-dt / tau)` | `tau`, with `metadata/rule` = `exact` |
//! | `V >= threshold` | `v > v_threshold`, the next smaller number |
//! | hard reset | `v_reset` = 0, always written; `v_leak` = 0 |
//! | norm | folded: its scale into the weights, its offset into a bias |
//! | projection | `Affine`, with the constant input of the population as the bias of one of them |
//! | soft reset, refractory time, adaptive threshold | refused: NIR has no term for them |
//!
//! # The rule
//!
//! NIR has differential equations and leaves open how a step is taken. With `beta` of either rule,
//! what we compute is `v[t] = beta v[t-1] + (1 - beta) (v_leak + r I[t])`: forward Euler, or the
//! solution for an input that is constant over the step. Files of others are read by forward Euler,
//! as snnTorch and SpikingJelly compute. Another `r` becomes a factor of the weights and the bias.
//! `v_leak` becomes a constant input where `v_reset` is 0; where both are equal, potentials count
//! from there; all else is refused.
//!
//! `CubaLIF` is exact by forward Euler alone: `v[t] = beta v[t-1] + (1 - beta) r I[t-1]`, `I[t] =
//! alpha I[t-1] + (1 - alpha) w_in S[t]`, which with `w_in = 1 / (1 - alpha)` are the equations of
//! our current-based neurons. It has one current, so all ports in use need one time constant.
//! snnTorch lets the new current act: there, everything is one step earlier.
//!
//! # Delays
//!
//! A spike at step `t` arrives at `t + delay`, so a delay of `d` steps is a `Delay` of `d dt`, and
//! none for 0. NIR has delays per neuron; those of synapses become an exact graph:
//!
//! ```text
//! one delay per presynaptic neuron    Delay [pre] -> Affine [post, pre]
//! any delays                          Linear [taps, pre] -> Delay [taps] -> Affine [post, taps]
//! ```
//! where the taps are the pairs of a delay and a presynaptic neuron that are in use, and the
//! `Linear` has a single 1 in each row. [`NirDelays`] says which of them are allowed. Where each
//! pair of neurons has one synapse, the metadata of the `Affine` also hold `delay_steps` and
//! `weight`, both `[post, pre]`, for programs with delays of their own; we read the graph.
//!
//! A cycle through a neuron without `Delay` means one step: no spike arrives in the step in which
//! it is fired, and all programs compute recurrent layers so. Only a projection from a population
//! to itself is written in this way, when all its delays are one step, and as the graph of four
//! nodes (`input`, `lif`, `w_rec`, `output`) that snnTorch and Rockpool know. Between populations
//! it would be open which of the edges takes the step; there, one step is a `Delay`. When such a
//! graph is read, ways are followed from the inputs on in the order of the edges, and the edge that
//! leads back to where its way came through takes the step; [`NirNetwork::remarks`] names it. A
//! cycle without a neuron is refused.
//!
//! # What is read
//!
//! `Input`, `Output`, `Linear`, `Affine`, `Scale`, `Delay`, the six classes of neurons, and graphs
//! in the graph; populations have one dimension. Between two populations, all paths are followed:
//! weights multiply, delays add up, and paths that end in the same edge become one projection. So
//! unrolled delays of any program become synapses again, in the order of neurons and delays,
//! without those of weight 0. What we wrote comes back to the last bit, for which metadata help:
//! times in ms (believed where their seconds are those of the file), names and order of populations
//! and projections, signs. Synapses that share neurons and delay are one afterwards.
//!
//! # Who reads it
//!
//! | program | reads of this |
//! |---|---|
//! | `nir` 1.0.8 | all |
//! | snnTorch | without `Delay`: chains and recurrent layers, one threshold per population; dt is 0.1 ms for it |
//! | SpikingJelly | without `Delay`: chains of `Affine` and `LIF` with shared parameters; no `LI` |
//! | Sinabs | without `Delay`: chains; ignores `r` of `LIF` |
//! | Rockpool | without `Delay`: chains and recurrent layers of `CubaLIF`, `LI` |
//! | Spyx | without `Delay`: chains from `input` to `output`; ignores `r` |
//!
//! (their importers, read in 2026). Weights are `Affine` throughout, since Sinabs reads no
//! `Linear`. A population that several projections reach has several edges into its node, which add
//! up; NIR does not say so, but nirtorch sums them. Remarks ([`crate::NetworkFormat::remarks`])
//! name what bears on readers.
//!
//! | file | holds |
//! |---|---|
//! | `format` | [`NirFormat`]: obstacles, remarks, writing |
//! | `reader` | [`read_nir`]: a network from a file |
//! | `graph`, `neuron_node` | a graph in memory, its nodes |
//! | `file_writer`, `file_reader` | a graph as HDF5 |
//! | `network_graph`, `written_neurons`, `delay_form` | a network as a graph |
//! | `flat_graph`, `linear_map`, `connections`, `cycles`, `read_neurons` | a graph as a network |
//! | `seconds` | times in both units |
//!
//! [`NirFormat`]: format::NirFormat
//! [`NirDelays`]: format::NirDelays
//! [`NirNetwork::remarks`]: reader::NirNetwork::remarks
//! [`read_nir`]: reader::read_nir

mod connections;
mod cycles;
mod delay_form;
mod file_reader;
mod file_writer;
mod flat_graph;
pub(crate) mod format;
mod graph;
mod linear_map;
mod network_graph;
mod neuron_node;
mod read_neurons;
pub(crate) mod reader;
mod seconds;
mod written_neurons;

#[cfg(test)]
mod tests;
