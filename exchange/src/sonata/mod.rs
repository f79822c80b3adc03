//! SONATA: spikes and membrane potentials in HDF5, as the Allen Institute's and the Blue Brain
//! Project's tools exchange them.
//!
//! Format: SONATA developer guide 0.1 (Dai et al. 2020), `docs/SONATA_DEVELOPER_GUIDE.md` of the
//! AllenInstitute/sonata repository. Read back with h5py and libsonata. libsonata asks for more
//! than the guide: `units` must be there, and `sorting` must be an enumeration, where bmtk writes
//! text; both are read here.
//!
//! ```text
//! /                                  magic = 0x0A7A (uint32), version = [0, 1] (uint32)
//! /spikes/<population>               sorting: enumeration { none = 0, by_id = 1, by_time = 2 }
//! /spikes/<population>/timestamps    float64 [spikes], units = "ms"
//! /spikes/<population>/node_ids      uint64 [spikes], counted from 0
//! /report/<population>/data          float32 [steps, neurons], units = "1": a potential of 1 is the default threshold
//! /report/<population>/mapping/node_ids        uint64 [neurons], sorted = 1
//! /report/<population>/mapping/index_pointers  uint64 [neurons + 1]: neuron n has the columns index_pointers[n]..index_pointers[n + 1]
//! /report/<population>/mapping/element_ids     uint32 [neurons], 0: neurons are points
//! /report/<population>/mapping/time            float64 [3]: start, end and step, units = "ms"
//! ```
//! The HDF5 writer puts a file together in memory. While a simulation runs a spike takes 16 bytes,
//! a potential 4; at the end about three times as much for a moment. For longer runs there is CSV,
//! which is written on the way.

mod potentials;
mod reader;
mod spikes;

pub use potentials::SonataPotentials;
pub use reader::{PopulationSpikes, Sorting, read_spikes};
pub use spikes::SonataSpikes;

use crate::{Error, Result};
use atomic_file::AtomicFile;
use hdf5_writer::{
    AttributeBuilder, ByteOrder, DatasetBuilder, Datatype, EnumMember, Hdf5Builder, WriteOptions,
};

const MAGIC: u32 = 0x0A7A;
const VERSION: [u32; 2] = [0, 1];
const FLOAT32: Datatype = Datatype::FloatingPoint { size: 4, byte_order: ByteOrder::LittleEndian };
const FLOAT64: Datatype = Datatype::FloatingPoint { size: 8, byte_order: ByteOrder::LittleEndian };
const UINT8: Datatype =
    Datatype::FixedPoint { size: 1, signed: false, byte_order: ByteOrder::LittleEndian };
const UINT32: Datatype =
    Datatype::FixedPoint { size: 4, signed: false, byte_order: ByteOrder::LittleEndian };
const UINT64: Datatype =
    Datatype::FixedPoint { size: 8, signed: false, byte_order: ByteOrder::LittleEndian };

/// A file with the attributes that mark it as SONATA.
fn sonata_file() -> Hdf5Builder {
    let version = VERSION.iter().flat_map(|part| part.to_le_bytes()).collect::<Vec<u8>>();
    Hdf5Builder::new()
        .attribute(AttributeBuilder::new("magic", UINT32, vec![], MAGIC.to_le_bytes()))
        .attribute(AttributeBuilder::new("version", UINT32, vec![2], version))
}

/// `sorting` of the spikes of a population.
fn sorting_attribute(sorting: Sorting) -> AttributeBuilder {
    let member =
        |(name, value): (&str, Sorting)| EnumMember { name: name.into(), value: vec![value as u8] };
    let members = [("none", Sorting::None), ("by_id", Sorting::ById), ("by_time", Sorting::ByTime)]
        .map(member)
        .to_vec();
    AttributeBuilder::new(
        "sorting",
        Datatype::Enum { base: Box::new(UINT8), members },
        vec![],
        vec![sorting as u8],
    )
}

/// A dataset from its little-endian bytes.
fn dataset(path: String, datatype: Datatype, shape: Vec<u64>, bytes: Vec<u8>) -> DatasetBuilder {
    DatasetBuilder::new(path, datatype, shape).raw_data(bytes)
}

fn units(text: &str) -> AttributeBuilder {
    AttributeBuilder::fixed_string("units", text)
}

fn write_file(mut file: AtomicFile, content: Hdf5Builder) -> Result<()> {
    let options = WriteOptions { byte_order: ByteOrder::LittleEndian, ..WriteOptions::default() };
    let bytes = content.into_plan().and_then(|plan| plan.encode(options));
    file.write(&bytes.map_err(|error| {
        Error::file(file.path(), format!("the log cannot be stored as HDF5: {error}"))
    })?)?;
    Ok(file.finish()?)
}

#[cfg(test)]
mod tests;
