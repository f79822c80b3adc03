//! Float16 for the HDF5 writer, which knows floats of 32 and 64 bits only.
//!
//! A float16 dataset is written under a stand-in type with the same element size and an equally
//! long type message: an enumeration of uint16 without members. In the finished file that message
//! is replaced and the checksum of the object header around it renewed.

use hdf5_writer::{ByteOrder, Datatype, jenkins_lookup3};

/// The stand-in's message: class 8 (enumeration), version 3, no members, 2 bytes, of little-endian
/// uint16.
const STAND_IN: [u8; 20] = [0x38, 0, 0, 0, 2, 0, 0, 0, 0x10, 0, 0, 0, 2, 0, 0, 0, 0, 0, 16, 0];

/// IEEE binary16: class 1 (float), version 1, little-endian, implied leading 1, sign at bit 15; 2
/// bytes; offset 0, 16 bits; exponent at bit 10, 5 bits wide; mantissa at bit 0, 10 bits wide;
/// exponent bias 15.
const FLOAT16: [u8; 20] = [0x11, 0x20, 15, 0, 2, 0, 0, 0, 0, 0, 16, 0, 10, 5, 0, 10, 15, 0, 0, 0];

const HEADER_SIGNATURE: &[u8; 4] = b"OHDR";

/// The type to declare a dataset of float16 with.
pub(crate) fn stand_in() -> Datatype {
    let base = Datatype::FixedPoint { size: 2, signed: false, byte_order: ByteOrder::LittleEndian };
    Datatype::Enum { base: Box::new(base), members: Vec::new() }
}

/// Turns the one dataset of the stand-in type in a finished file into one of float16. Returns
/// whether the dataset was found.
pub(crate) fn replace_stand_in(file: &mut [u8]) -> bool {
    replace_message(file, &STAND_IN, &FLOAT16)
}

/// Turns a dataset of float16 into one of bfloat16, for a test that bfloat16 is refused.
#[cfg(test)]
pub(crate) fn declare_exponent_of_8_bits(file: &mut [u8]) -> bool {
    let mut bfloat16 = FLOAT16;
    bfloat16[12..].copy_from_slice(&[7, 8, 0, 7, 127, 0, 0, 0]);
    replace_message(file, &FLOAT16, &bfloat16)
}

fn replace_message(file: &mut [u8], from: &[u8; 20], to: &[u8; 20]) -> bool {
    let mut search = 0;
    while let Some(start) = find(&file[search..], HEADER_SIGNATURE).map(|at| search + at) {
        search = start + HEADER_SIGNATURE.len();
        let Some(length) = header_length(&file[start..]) else { continue };
        let header = &mut file[start..start + length];
        if let Some(at) = find(header, from) {
            header[at..at + to.len()].copy_from_slice(to);
            let checksum = jenkins_lookup3(header);
            file[start + length..start + length + 4].copy_from_slice(&checksum.to_le_bytes());
            return true;
        }
    }
    false
}

/// Length without checksum of the object header (version 2) at the start of `bytes`; `None` if its
/// checksum does not fit, as when spike data happen to look like a header.
fn header_length(bytes: &[u8]) -> Option<usize> {
    const FIXED: usize = 6;
    let width = 1 << (bytes.get(5)? & 3);
    let mut size = [0; 8];
    size[..width].copy_from_slice(bytes.get(FIXED..FIXED + width)?);
    let length = usize::try_from(u64::from_le_bytes(size)).ok()?.checked_add(FIXED + width)?;
    let checksum = bytes.get(length..length.checked_add(4)?)?;
    (jenkins_lookup3(&bytes[..length]).to_le_bytes() == *checksum).then_some(length)
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|window| window == pattern)
}

#[cfg(test)]
mod tests {
    use hdf5_writer::{DatasetBuilder, Hdf5Builder, WriteOptions};

    use super::*;

    #[test]
    fn the_stand_in_becomes_float16_even_behind_a_false_header() {
        let rows = vec![b"OHDR\x02\x00\x08OHDR....".to_vec(), [0x00, 0x3c].to_vec()];
        let bytes = DatasetBuilder::vlen_sequence_data(
            "a",
            Datatype::FixedPoint { size: 1, signed: false, byte_order: ByteOrder::LittleEndian },
            vec![2],
            rows,
        );
        let halves =
            DatasetBuilder::vlen_sequence_data("b", stand_in(), vec![1], vec![vec![0x00, 0x3c]]);
        let plan = Hdf5Builder::new()
            .dataset(bytes.unwrap())
            .dataset(halves.unwrap())
            .into_plan()
            .unwrap();
        let mut file = plan.encode(WriteOptions::default()).unwrap();
        assert!(replace_stand_in(&mut file));
        assert!(!replace_stand_in(&mut file));
        let file = hdf5_reader::Hdf5File::from_vec(file).unwrap();
        let expected = Datatype::FloatingPoint { size: 2, byte_order: ByteOrder::LittleEndian };
        let dataset = file.dataset("b").unwrap();
        let Datatype::VarLen { base, .. } = dataset.dtype() else { panic!("lists of numbers") };
        assert_eq!(**base, expected);
    }
}
