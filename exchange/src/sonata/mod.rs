//! SONATA: spikes and membrane potentials in HDF5, as the Allen Institute's and the Blue Brain
//! Project's tools exchange them.
//!
//! Format: SONATA developer guide 0.1 (Dai et al. 2020), `docs/SONATA_DEVELOPER_GUIDE.md` of the
//! AllenInstitute/sonata repository. Read back with h5py, libsonata and bmtk. libsonata asks for
//! more than the guide: `units` must be there, and `sorting` must be an enumeration, where bmtk
//! writes text; both are read here. bmtk 1.2 asks for `index_pointer`, as the guide once called
//! `index_pointers`, and for `element_pos`, so a report has both names and a place on each neuron.
//!
//! ```text
//! /                                  magic = 0x0A7A (uint32), version = [0, 1] (uint32)
//! /spikes/<population>               sorting: enumeration { none = 0, by_id = 1, by_time = 2 }
//! /spikes/<population>/timestamps    float64 [spikes], units = "ms"
//! /spikes/<population>/node_ids      uint64 [spikes], counted from 0
//! /report/<population>/data          float32 [steps, neurons], variable = "v", units = "1":
//!                                    a potential of 1 is the default threshold
//! /report/<population>/mapping/node_ids        uint64 [neurons], sorted = 1
//! /report/<population>/mapping/index_pointers  uint64 [neurons + 1]: neuron n has the columns
//!                                    index_pointers[n]..index_pointers[n + 1]
//! /report/<population>/mapping/index_pointer   the same once more, for bmtk
//! /report/<population>/mapping/element_ids     uint32 [neurons], 0: neurons are points
//! /report/<population>/mapping/element_pos     float64 [neurons], 0 likewise
//! /report/<population>/mapping/time            float64 [3]: start, end and step, units = "ms"
//! ```
//! Root attributes `synfire`, `commit`, `source` and `sha256` tell where a spike file came from.

pub(crate) mod file;
pub(crate) mod reader;
mod report;

pub use reader::read_spikes;
pub use report::SonataReport;

#[cfg(test)]
mod tests;
