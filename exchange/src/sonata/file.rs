//! What all SONATA files share: their attributes and number formats.

use crate::provenance::Provenance;
use crate::spikes::population::Sorting;
use hdf5_writer::{AttributeBuilder, ByteOrder, DatasetBuilder, Datatype, EnumMember, Hdf5Builder};

pub(crate) const MAGIC: u32 = 0x0A7A;
pub(crate) const VERSION: [u32; 2] = [0, 1];
pub(crate) const FLOAT32: Datatype =
    Datatype::FloatingPoint { size: 4, byte_order: ByteOrder::LittleEndian };
pub(crate) const FLOAT64: Datatype =
    Datatype::FloatingPoint { size: 8, byte_order: ByteOrder::LittleEndian };
pub(crate) const UINT8: Datatype =
    Datatype::FixedPoint { size: 1, signed: false, byte_order: ByteOrder::LittleEndian };
pub(crate) const UINT32: Datatype =
    Datatype::FixedPoint { size: 4, signed: false, byte_order: ByteOrder::LittleEndian };
pub(crate) const UINT64: Datatype =
    Datatype::FixedPoint { size: 8, signed: false, byte_order: ByteOrder::LittleEndian };

/// A file with the attributes that mark it as SONATA.
pub(crate) fn sonata_file() -> Hdf5Builder {
    let version = VERSION.iter().flat_map(|part| part.to_le_bytes()).collect::<Vec<u8>>();
    Hdf5Builder::new()
        .attribute(AttributeBuilder::new("magic", UINT32, vec![], MAGIC.to_le_bytes()))
        .attribute(AttributeBuilder::new("version", UINT32, vec![2], version))
}

/// `sorting` of the spikes of a population.
pub(crate) fn sorting_attribute(sorting: Sorting) -> AttributeBuilder {
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
pub(crate) fn dataset(
    path: String,
    datatype: Datatype,
    shape: Vec<u64>,
    bytes: Vec<u8>,
) -> DatasetBuilder {
    DatasetBuilder::new(path, datatype, shape).raw_data(bytes)
}

pub(crate) fn units(text: &str) -> AttributeBuilder {
    AttributeBuilder::fixed_string("units", text)
}

/// A file that also says where it came from.
pub(crate) fn provenance_attributes(
    mut content: Hdf5Builder,
    provenance: Option<&Provenance>,
) -> Hdf5Builder {
    for (name, value) in provenance.iter().flat_map(|provenance| provenance.entries()) {
        content = content.attribute(AttributeBuilder::fixed_string(name, value));
    }
    content
}
