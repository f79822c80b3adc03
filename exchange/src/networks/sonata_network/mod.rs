//! Networks in SONATA: nodes, edges and their types, as the Allen Institute's and the Blue Brain
//! Project's tools exchange them.
//!
//! Format: SONATA developer guide 0.1 (Dai et al. 2020), `docs/SONATA_DEVELOPER_GUIDE.md` of the
//! AllenInstitute/sonata repository. What is written opens in libsonata 0.2.2 and bmtk 1.2.0; what
//! bmtk's `NetworkBuilder` makes of point neurons is read.
//!
//! ```text
//! circuit_config.json           files, and under "synfire" what SONATA has no words for: dt_ms,
//!                               roles, the order of populations, polarities, provenance
//! nodes.h5    /nodes/<population>/{node_type_id, node_id, node_group_id, node_group_index}
//!             /nodes/<population>/0/dynamics_params/bias_<port>  float64, constant input
//!             /nodes/<population>/0/dynamics_params/<number>     float64, what each neuron has
//!                                                                for itself: tau_mem_ms, ...
//! node_types.csv                node_type_id population pop_name model_type model_template
//!                               dynamics_params; model_type is point_neuron, of a source virtual
//! dynamics_<n>.json             the neuron model of population n
//! projection_<n>_edges.h5       /edges/<projection>/{source_node_id, target_node_id, edge_type_id,
//!                               edge_group_id, edge_group_index}
//!             /edges/<projection>/0/syn_weight  float64, in units of the postsynaptic potential
//!             /edges/<projection>/0/delay       float64, ms
//! edge_types.csv                edge_type_id population model_template port
//! ```
//! The `model_template` of neurons is `synfire:dynamics`, and their `dynamics_params` are the words
//! of [`sim_core::Dynamics`]; nothing is lost, and a network comes back bit by bit. Of other
//! networks the templates `nest:iaf_psc_delta`, `nest:iaf_psc_exp` and `static_synapse` are read
//! (`nest_templates`), anything else is refused by name; indices and positions are not looked at.
//!
//! Paths in `circuit_config.json` are relative to it for libsonata and here, but to the working
//! directory for bmtk, which is therefore to be run in the folder.
//!
//! Edges take 46 bytes in the file, and about three times as much for a moment while the file of
//! one projection is put together.
//!
//! | file | holds |
//! |---|---|
//! | `writer` | [`SonataNetwork`] |
//! | `reader` | [`read_sonata_network`] |
//! | `circuit_config`, `type_table`, `h5_file` | the three kinds of files |
//! | `members`, `nodes`, `edges` | populations of nodes and edges |
//! | `nest_templates` | NEST's neurons in our terms |
//! | `delays_ms` | steps in ms |

mod circuit_config;
mod delays_ms;
mod edges;
mod h5_file;
mod members;
mod nest_templates;
mod nodes;
mod reader;
mod type_table;
mod writer;

pub use reader::read_sonata_network;
pub use writer::SonataNetwork;

#[cfg(test)]
mod tests;
