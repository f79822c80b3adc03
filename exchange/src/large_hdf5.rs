//! HDF5 files with datasets that are larger than memory.
//!
//! The HDF5 writer encodes a whole file in memory. So it encodes a small one, in which the large
//! datasets have their shapes and no data, and the data follows it in the file. What the writer
//! could not know is entered into the small file: where the data of a dataset lies, how long it is,
//! how long the file is, and the checksums. Places of these fields: HDF5 File Format Specification
//! 3.0, II.A (superblock version 2), IV.A.1.b (object header version 2), IV.A.2.i (data layout
//! message version 3).

use crate::error::{Error, Result};
use atomic_file::AtomicFile;
use hdf5_reader::Hdf5File;
use hdf5_writer::{
    ByteOrder, DatasetBuilder, Datatype, Hdf5Builder, WriteOptions, jenkins_lookup3,
};
use std::path::Path;

/// Begin of the superblock's end-of-file address, and of its checksum.
const END_OF_FILE: usize = 28;
const SUPERBLOCK_CHECKSUM: usize = 44;
/// Type of the data layout message, and its first bytes: version 3, contiguous.
const DATA_LAYOUT: u8 = 8;
const CONTIGUOUS: [u8; 2] = [3, 1];

/// A dataset whose data follows the small file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LargeDataset {
    /// Its name in the file.
    pub path: String,
    /// Length of its data.
    pub bytes: u64,
}

/// A dataset of which only the shape is known when the small file is encoded. `element` is the
/// length of one entry in bytes.
pub(crate) fn large_dataset(
    path: &str,
    datatype: Datatype,
    shape: Vec<u64>,
    element: usize,
) -> (DatasetBuilder, LargeDataset) {
    let bytes = shape.iter().product::<u64>() * element as u64;
    // Without a fill value the writer asks for data.
    let builder = DatasetBuilder::new(path, datatype, shape).fill_value(vec![0; element]);
    (builder, LargeDataset { path: path.into(), bytes })
}

/// The bytes of a small file.
pub(crate) fn encode(path: &Path, content: Hdf5Builder) -> Result<Vec<u8>> {
    let options = WriteOptions { byte_order: ByteOrder::LittleEndian, ..WriteOptions::default() };
    content
        .into_plan()
        .and_then(|plan| plan.encode(options))
        .map_err(|error| Error::file(path, format!("the log cannot be stored as HDF5: {error}")))
}

/// Begins a file: `small`, in which the places of `datasets` are entered. Their data follows, in
/// the same order and without gaps.
pub(crate) fn write_head(
    file: &mut AtomicFile,
    mut small: Vec<u8>,
    datasets: &[LargeDataset],
) -> Result<()> {
    small.resize(small.len().next_multiple_of(8), 0);
    enter_places(&mut small, datasets).map_err(|problem| {
        Error::file(file.path(), format!("the log cannot be stored as HDF5: {problem}"))
    })?;
    Ok(file.write(&small)?)
}

fn enter_places(small: &mut [u8], datasets: &[LargeDataset]) -> std::result::Result<(), String> {
    let places = {
        let readable = Hdf5File::from_bytes(small).map_err(|error| error.to_string())?;
        let header = |dataset: &LargeDataset| {
            readable.dataset(&dataset.path).map(|read| read.address() as usize)
        };
        datasets.iter().map(header).collect::<std::result::Result<Vec<_>, _>>()
    }
    .map_err(|error| error.to_string())?;
    let mut end = small.len() as u64;
    for (dataset, header) in datasets.iter().zip(places) {
        // A dataset without entries has no place.
        if dataset.bytes > 0 {
            enter_place(&mut small[header..], end, dataset.bytes)
                .ok_or_else(|| format!("{} has an unknown header", dataset.path))?;
            end += dataset.bytes;
        }
    }
    put(small, END_OF_FILE, &end.to_le_bytes()).ok_or("the superblock is missing")?;
    let checksum = jenkins_lookup3(&small[..SUPERBLOCK_CHECKSUM]);
    put(small, SUPERBLOCK_CHECKSUM, &checksum.to_le_bytes()).ok_or("the superblock is missing")?;
    Ok(())
}

/// Enters address and length of the data into the object header that `header` begins with.
fn enter_place(header: &mut [u8], address: u64, bytes: u64) -> Option<()> {
    // Signature, version, flags; the low bits of the flags tell how long the length field is.
    let flags = *header.strip_prefix(b"OHDR\x02")?.first()?;
    let width = 1_usize << (flags & 3);
    let messages = 6 + width;
    let length = header.get(6..messages)?;
    let length = length.iter().rev().fold(0, |value, &byte| value << 8 | usize::from(byte));
    let (mut at, end) = (messages, messages + length);
    while at + 4 <= end {
        let (kind, size) = (header[at], u16::from_le_bytes([header[at + 1], header[at + 2]]));
        at += 4;
        if kind == DATA_LAYOUT && header.get(at..at + 2)? == CONTIGUOUS {
            put(header, at + 2, &address.to_le_bytes())?;
            put(header, at + 10, &bytes.to_le_bytes())?;
            let checksum = jenkins_lookup3(&header[..end]);
            return put(header, end, &checksum.to_le_bytes());
        }
        at += usize::from(size);
    }
    None
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) -> Option<()> {
    bytes.get_mut(at..at + value.len())?.copy_from_slice(value);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const INT32: Datatype =
        Datatype::FixedPoint { size: 4, signed: true, byte_order: ByteOrder::LittleEndian };

    #[test]
    fn data_that_follows_the_small_file_is_read_with_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.h5");
        let (table, large_table) = large_dataset("group/table", INT32, vec![2, 3], 4);
        let (empty, large_empty) = large_dataset("group/empty", INT32, vec![0], 4);
        let (column, large_column) = large_dataset("column", INT32, vec![2], 4);
        let small = DatasetBuilder::typed_data("small", vec![1], &[7_i32]).unwrap();
        let content =
            Hdf5Builder::new().dataset(table).dataset(small).dataset(empty).dataset(column);
        let mut file = AtomicFile::create(&path).unwrap();
        let small = encode(&path, content).unwrap();
        write_head(&mut file, small, &[large_table, large_empty, large_column]).unwrap();
        for value in [1_i32, 2, 3, 4, 5, 6, -1, -2] {
            file.write(&value.to_le_bytes()).unwrap();
        }
        file.finish().unwrap();
        let file = Hdf5File::open(&path).unwrap();
        let read = |name: &str| {
            let dataset = file.dataset(name).unwrap();
            let values = dataset.read_array::<i32>().unwrap().into_iter().collect::<Vec<_>>();
            (dataset.shape().to_vec(), values)
        };
        assert_eq!(read("group/table"), (vec![2, 3], vec![1, 2, 3, 4, 5, 6]));
        assert_eq!(read("group/empty"), (vec![0], vec![]));
        assert_eq!(read("column"), (vec![2], vec![-1, -2]));
        assert_eq!(read("small"), (vec![1], vec![7]));
    }
}
