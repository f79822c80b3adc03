//! LZF, the compression that h5py brings along as HDF5 filter 32000.
//!
//! A stream is a row of pieces. A piece whose first byte is below 32 is a literal: that many bytes
//! and one more follow. Any other piece repeats output: the upper three bits of its first byte are
//! the length less two (seven: the next byte is added), the lower five and the next byte are how
//! far back the repetition begins, less one. A repetition may reach into itself.
//!
//! Reference: LibLZF, <http://oldhome.schmorp.de/marc/liblzf.html>; what h5py adds to the filter's
//! parameters (versions and size of a chunk) is not needed for decoding.

use hdf5_reader::error::{Error, Result};

/// Number under which the filter is registered with The HDF Group.
pub(crate) const FILTER_LZF: u16 = 32000;

/// Decodes a stream of LZF. The output has at most 88 times as many bytes as the input.
///
/// # Errors
/// [`Error::DecompressionError`] when the stream ends within a piece, or a repetition begins before
/// the output does.
pub(crate) fn decode(stream: &[u8]) -> Result<Vec<u8>> {
    let broken = |what| Error::DecompressionError(format!("LZF: {what}"));
    let short = || broken("the stream ends too early");
    let mut output = Vec::with_capacity(2 * stream.len());
    let mut rest = stream;
    while let Some((&control, after)) = rest.split_first() {
        rest = after;
        let mut next = || {
            let (&byte, after) = rest.split_first().ok_or_else(short)?;
            rest = after;
            Ok::<_, Error>(usize::from(byte))
        };
        if control < 32 {
            let (literal, after) =
                rest.split_at_checked(usize::from(control) + 1).ok_or_else(short)?;
            output.extend_from_slice(literal);
            rest = after;
            continue;
        }
        let mut length = usize::from(control >> 5) + 2;
        if control >> 5 == 7 {
            length += next()?;
        }
        let back = (usize::from(control & 31) << 8) + next()? + 1;
        let start = output
            .len()
            .checked_sub(back)
            .ok_or_else(|| broken("a repetition begins before the data"))?;
        for at in start..start + length {
            output.push(output[at]);
        }
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_repetitions_are_decoded() {
        assert_eq!(decode(&[]).unwrap(), b"");
        assert_eq!(decode(&[2, b'a', b'b', b'c']).unwrap(), b"abc");
        // Three bytes from three back, twice; then one back over eleven bytes, into itself.
        assert_eq!(decode(&[2, b'a', b'b', b'c', 0x20, 2, 0x20, 2]).unwrap(), b"abcabcabc");
        assert_eq!(decode(&[0, b'x', 0xe0, 2, 0]).unwrap(), b"xxxxxxxxxxxx");
        // Farther back than one byte can say.
        let mut stream: Vec<u8> = (0..9).flat_map(|_| [31].into_iter().chain(0..32)).collect();
        stream.extend([0x21, 0x1f]);
        let decoded = decode(&stream).unwrap();
        assert_eq!((decoded.len(), &decoded[288..]), (291, &[0, 1, 2][..]));
    }

    #[test]
    fn broken_streams_are_refused() {
        for stream in [&[3, b'a'][..], &[0x20], &[0xe0], &[0xe0, 9], &[0, b'a', 0x20]] {
            let error = decode(stream).unwrap_err().to_string();
            assert!(error.ends_with("LZF: the stream ends too early"), "{stream:?}: {error}");
        }
        let before = decode(&[0, b'a', 0x20, 1]).unwrap_err().to_string();
        assert!(before.ends_with("a repetition begins before the data"), "{before}");
    }
}
