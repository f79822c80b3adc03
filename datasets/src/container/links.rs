//! The links of a group, as they are stored.
//!
//! The decoder follows links on its own, but does not tell a link that leads nowhere from a link
//! that does not exist. A list of the links does.

use hdf5_reader::btree_v1::collect_btree_v1_leaves_storage;
use hdf5_reader::btree_v2::{BTreeV2Header, BTreeV2Record, collect_btree_v2_records_storage};
use hdf5_reader::error::{Error, Result};
use hdf5_reader::fractal_heap::{FractalHeap, FractalHeapDirectBlockCache};
use hdf5_reader::group::Group;
use hdf5_reader::io::Cursor;
use hdf5_reader::local_heap::LocalHeap;
use hdf5_reader::messages::HdfMessage;
use hdf5_reader::messages::link::{self, LinkMessage, LinkTarget};
use hdf5_reader::messages::link_info::LinkInfoMessage;
use hdf5_reader::messages::symbol_table_msg::SymbolTableMessage;
use hdf5_reader::object_header::ObjectHeader;
use hdf5_reader::symbol_table::SymbolTableNode;

/// Most bytes of a group's header or of a node of its index, as in the decoder.
const MAX_HEADER_BYTES: usize = hdf5_reader::DEFAULT_MAX_OBJECT_HEADER_BYTES;

/// All links of a group, with their names, in no particular order.
///
/// # Errors
/// What the decoder finds wrong with the group.
pub(crate) fn links(group: &Group) -> Result<Vec<LinkMessage>> {
    let header = ObjectHeader::parse_at_storage_with_limit(
        group.storage(),
        group.address(),
        group.offset_size(),
        group.length_size(),
        MAX_HEADER_BYTES,
    )?;
    let mut links = Vec::new();
    for message in header.messages {
        match message {
            HdfMessage::Link(link) => links.push(link),
            HdfMessage::LinkInfo(info) => links.extend(in_heap(group, &info)?),
            HdfMessage::SymbolTable(table) => links.extend(in_table(group, &table)?),
            _ => {}
        }
    }
    Ok(links)
}

/// The links of a group with many links, in the format since HDF5 1.8.
fn in_heap(group: &Group, info: &LinkInfoMessage) -> Result<Vec<LinkMessage>> {
    let (storage, offsets, lengths) = (group.storage(), group.offset_size(), group.length_size());
    if Cursor::is_undefined_offset(info.fractal_heap_address, offsets) {
        return Ok(Vec::new());
    }
    let heap = FractalHeap::parse_at_storage(storage, info.fractal_heap_address, offsets, lengths)?;
    let index =
        BTreeV2Header::parse_at_storage(storage, info.btree_name_index_address, offsets, lengths)?;
    let records =
        collect_btree_v2_records_storage(storage, &index, offsets, lengths, None, &[], None)?;
    let ids = records.iter().filter_map(|record| match record {
        BTreeV2Record::LinkNameHash { heap_id, .. } => Some(heap_id),
        _ => None,
    });
    let mut blocks = FractalHeapDirectBlockCache::default();
    ids.map(|id| {
        let bytes = heap.get_object_storage_cached(id, storage, offsets, lengths, &mut blocks)?;
        link::parse(&mut Cursor::new(&bytes), offsets, lengths, bytes.len())
    })
    .collect()
}

/// The links of a group in the oldest format, which has hard and soft links only.
fn in_table(group: &Group, table: &SymbolTableMessage) -> Result<Vec<LinkMessage>> {
    let (storage, offsets, lengths) = (group.storage(), group.offset_size(), group.length_size());
    let heap = LocalHeap::parse_at_storage(storage, table.heap_address, offsets, lengths)?;
    let size = usize::try_from(heap.data_segment_size).unwrap_or(usize::MAX).min(MAX_HEADER_BYTES);
    let names = storage.read_range(heap.data_segment_address, size)?;
    let text = |offset: u64| {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let name = names.get(start..).ok_or(Error::OffsetOutOfBounds(offset))?;
        Cursor::new(name).read_null_terminated_string()
    };
    let nodes = collect_btree_v1_leaves_storage(
        storage,
        table.btree_address,
        offsets,
        lengths,
        None,
        &[],
        None,
    )?;
    let mut links = Vec::new();
    for (_, address) in nodes {
        const PREFIX: usize = 8;
        let prefix = storage.read_range(address, PREFIX)?;
        let entries = match prefix.as_ref() {
            [.., low, high] => usize::from(u16::from_le_bytes([*low, *high])),
            _ => return Err(Error::InvalidSymbolTableNodeSignature),
        };
        let bytes =
            storage.read_range(address, PREFIX + entries * (2 * usize::from(offsets) + 24))?;
        for entry in SymbolTableNode::parse(&mut Cursor::new(&bytes), offsets, lengths)?.entries {
            let target = if entry.cache_type == 2 {
                let [a, b, c, d, ..] = entry.scratch;
                LinkTarget::Soft { path: text(u64::from(u32::from_le_bytes([a, b, c, d])))? }
            } else {
                LinkTarget::Hard { address: entry.object_header_address }
            };
            let name = text(entry.link_name_offset)?;
            links.push(LinkMessage { name, target, creation_order: None });
        }
    }
    Ok(links)
}
