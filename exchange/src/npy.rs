//! Arrays as numpy reads them: `.npy`, and several of them in a `.npz`.
//!
//! An `.npy` is the magic `\x93NUMPY`, version 1.0, the length of the header as `u16`, the header,
//! a Python dictionary padded to a multiple of 64 bytes, and the elements in little-endian C order
//! (numpy's format specification, `numpy.lib.format`). An `.npz` is a zip archive of members
//! `NAME.npy`; here they are stored as they are, and dated 1980, so that equal arrays make equal
//! files.

use std::io::{Cursor, Write};
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, result::ZipResult};

/// Bytes to which a header is padded.
const ALIGNMENT: usize = 64;

/// An array of numbers or texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NpyArray {
    /// numpy's name of the element type, such as `<f8`.
    descr: String,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl NpyArray {
    /// An array of `f64` in C order.
    ///
    /// # Panics
    /// If the values do not fill the shape, as in all constructors.
    pub fn f64s(shape: &[usize], values: &[f64]) -> Self {
        Self::of("<f8".into(), shape, values.iter().map(|value| value.to_le_bytes()))
    }

    /// An array of `i64` in C order.
    pub fn i64s(shape: &[usize], values: &[i64]) -> Self {
        Self::of("<i8".into(), shape, values.iter().map(|value| value.to_le_bytes()))
    }

    /// An array of `u32` in C order.
    pub fn u32s(shape: &[usize], values: &[u32]) -> Self {
        Self::of("<u4".into(), shape, values.iter().map(|value| value.to_le_bytes()))
    }

    /// An array of texts in C order; each takes as much room as the longest. numpy takes a NUL at
    /// the end of a text for filling.
    pub fn texts<T: AsRef<str>>(shape: &[usize], values: &[T]) -> Self {
        let length = |text: &T| text.as_ref().chars().count();
        let longest = values.iter().map(length).max().unwrap_or(0).max(1);
        let utf32 = values.iter().flat_map(|text| {
            let text = text.as_ref().chars().map(u32::from);
            text.chain(std::iter::repeat(0)).take(longest).map(u32::to_le_bytes)
        });
        let bytes: Vec<u8> = utf32.flatten().collect();
        assert_eq!(values.len(), shape.iter().product::<usize>(), "texts of an array");
        Self { descr: format!("<U{longest}"), shape: shape.to_vec(), bytes }
    }

    fn of<const N: usize>(
        descr: String,
        shape: &[usize],
        values: impl ExactSizeIterator<Item = [u8; N]>,
    ) -> Self {
        assert_eq!(values.len(), shape.iter().product::<usize>(), "elements of an array");
        Self { descr, shape: shape.to_vec(), bytes: values.flatten().collect() }
    }

    /// Magic, version and header.
    fn head(&self) -> Vec<u8> {
        let sizes: String = self.shape.iter().map(|size| format!("{size}, ")).collect();
        let shape = match &self.shape[..] {
            [_] => sizes.trim_end(),
            _ => sizes.trim_end_matches(", "),
        };
        let descr = &self.descr;
        let mut text =
            format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}");
        let before = b"\x93NUMPY\x01\x00".len() + size_of::<u16>();
        let whole = (before + text.len() + 1).next_multiple_of(ALIGNMENT);
        text.extend(std::iter::repeat_n(' ', whole - before - text.len() - 1));
        text.push('\n');
        let mut head = b"\x93NUMPY\x01\x00".to_vec();
        head.extend(u16::try_from(text.len()).expect("a short header").to_le_bytes());
        head.extend(text.bytes());
        head
    }

    /// The file `NAME.npy`.
    #[cfg(test)]
    fn npy(&self) -> Vec<u8> {
        [self.head(), self.bytes.clone()].concat()
    }
}

/// An `.npz` of named arrays.
///
/// # Errors
/// What the archive refuses: a name twice, or one that is too long.
pub(crate) fn npz(arrays: &[(String, NpyArray)]) -> ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, array) in arrays {
        let head = array.head();
        let is_large = u32::try_from(head.len() + array.bytes.len()).is_err();
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(zip::DateTime::default())
            .large_file(is_large);
        archive.start_file(format!("{name}.npy"), options)?;
        archive.write_all(&head)?;
        archive.write_all(&array.bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn a_file_is_what_numpy_writes() {
        // numpy.save(file, numpy.array([[1.0, 2.0]])) of numpy 2.5.
        let array = NpyArray::f64s(&[1, 2], &[1.0, 2.0]);
        let mut expected = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
        expected.extend(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }");
        expected.resize(127, b' ');
        expected.push(b'\n');
        expected.extend(1f64.to_le_bytes());
        expected.extend(2f64.to_le_bytes());
        assert_eq!(array.npy(), expected);
    }

    #[test]
    fn shapes_are_python_tuples() {
        let shape = |array: NpyArray| {
            let head = String::from_utf8_lossy(&array.head()).into_owned();
            assert_eq!(array.head().len() % ALIGNMENT, 0);
            let from = head.find("'shape': ").expect("a shape") + 9;
            head[from..].split(", }").next().expect("an end").to_owned()
        };
        assert_eq!(shape(NpyArray::i64s(&[], &[7])), "()");
        assert_eq!(shape(NpyArray::u32s(&[2], &[7, 8])), "(2,)");
        assert_eq!(shape(NpyArray::texts(&[2, 1], &["a", "ßß"])), "(2, 1)");
    }

    #[test]
    fn texts_are_filled_up_to_the_longest() {
        let array = NpyArray::texts(&[2], &["a", "ßb"]);
        assert_eq!(array.descr, "<U2");
        let points = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().expect("4 bytes"));
        assert_eq!(array.bytes.chunks(4).map(points).collect::<Vec<_>>(), [97, 0, 0xdf, 98]);
        assert_eq!(NpyArray::texts::<&str>(&[0], &[]).descr, "<U1");
    }

    #[test]
    fn equal_arrays_make_equal_archives_with_a_member_each() {
        let arrays = [
            ("weight".to_owned(), NpyArray::f64s(&[1], &[0.5])),
            ("pre".to_owned(), NpyArray::u32s(&[1], &[3])),
        ];
        let bytes = npz(&arrays).expect("an archive");
        assert_eq!(bytes, npz(&arrays).expect("an archive"));
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("it is a zip");
        let mut member = Vec::new();
        archive.by_name("pre.npy").expect("a member").read_to_end(&mut member).expect("it reads");
        assert_eq!(member, arrays[1].1.npy());
        assert!(npz(&[arrays[0].clone(), arrays[0].clone()]).is_err());
    }
}
