//! Streams of gzip, read as `gzip -d` reads them: successive members are one stream, and zeros
//! behind the last member, which tapes and some downloads have, are ignored.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

use crate::content::{Content, content};

const BUFFER_BYTES: usize = 1 << 18;

/// Streams of gzip inside each other that are unpacked: `x.h5.gz` in a zip archive, or packed twice
/// by mistake.
const MOST_LAYERS: usize = 4;

/// The stream without its layers of gzip, which are told by its first bytes; unpacked as it is
/// read.
pub(crate) fn unpacked<'a>(mut stream: Box<dyn BufRead + 'a>) -> io::Result<Box<dyn BufRead + 'a>> {
    for _ in 0..MOST_LAYERS {
        if content(stream.fill_buf()?) != Content::Gzip {
            break;
        }
        stream = Box::new(BufReader::with_capacity(BUFFER_BYTES, Gunzip::new(stream)));
    }
    Ok(stream)
}

/// The unpacked bytes of a gzip stream.
pub(crate) struct Gunzip<R> {
    /// The member that is being read; none at the end.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Gunzip<R> {
    pub(crate) fn new(stream: R) -> Self {
        Self { member: Some(GzDecoder::new(stream)) }
    }
}

impl<R: BufRead> Read for Gunzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(member) = &mut self.member else { return Ok(0) };
            let bytes = member.read(buffer)?;
            if bytes > 0 || buffer.is_empty() {
                return Ok(bytes);
            }
            let mut rest = self.member.take().expect("it was just read").into_inner();
            match after_zeros(&mut rest)? {
                None => return Ok(0),
                Some(0x1f) => self.member = Some(GzDecoder::new(rest)),
                Some(_) => {
                    return Err(io::Error::other(
                        "behind the gzip stream are bytes that are none of it; `gzip -dc` leaves \
                         them out",
                    ));
                }
            }
        }
    }
}

/// Skips zeros and returns the byte behind them without taking it from the stream.
fn after_zeros(stream: &mut impl BufRead) -> io::Result<Option<u8>> {
    loop {
        let bytes = stream.fill_buf()?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        let next = bytes.get(zeros).copied();
        stream.consume(zeros);
        if next.is_some() {
            return Ok(next);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Unpacks with a buffer of 3 bytes, so that every part of the stream crosses the end of a
    /// buffer.
    fn gunzip(stream: &[u8]) -> io::Result<Vec<u8>> {
        let mut unpacked = Vec::new();
        Gunzip::new(BufReader::with_capacity(3, stream)).read_to_end(&mut unpacked)?;
        Ok(unpacked)
    }

    #[test]
    fn members_are_joined_and_zeros_skipped() {
        let (one, two) = (gzip(b"one "), gzip(b"two"));
        assert_eq!(gunzip(&one).unwrap(), b"one ");
        assert_eq!(gunzip(&[&one[..], &two].concat()).unwrap(), b"one two");
        assert_eq!(gunzip(&[&one[..], &[0; 1000]].concat()).unwrap(), b"one ");
        assert_eq!(gunzip(&[&one[..], &[0; 5], &two, &[0]].concat()).unwrap(), b"one two");
        assert_eq!(gunzip(&[&gzip(b"")[..], &one].concat()).unwrap(), b"one ");
    }

    #[test]
    fn other_bytes_and_broken_members_are_refused() {
        let one = gzip(b"one");
        let error = gunzip(&[&one[..], b"\n"].concat()).unwrap_err().to_string();
        assert!(error.contains("`gzip -dc` leaves them out"), "{error}");
        for cut in [1, 8, one.len() - 1] {
            assert!(gunzip(&one[..cut]).is_err(), "{cut}");
            assert!(gunzip(&[&one[..], &one[..cut]].concat()).is_err(), "{cut}");
        }
    }
}
