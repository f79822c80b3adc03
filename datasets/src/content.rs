//! What a file holds. Its first bytes tell, never its name.

/// The first bytes of every HDF5 file, behind its user block.
pub(crate) const HDF5_SIGNATURE: [u8; 8] = *b"\x89HDF\r\n\x1a\n";

/// How many first bytes are needed to tell.
pub(crate) const HEAD_BYTES: usize = 512;

/// Farthest place where the signature is looked for in an archive: behind a user block of 64 MiB.
const LAST_PLACE: u64 = 1 << 26;

/// What the first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// A stream of gzip.
    Gzip,
    /// A zip archive.
    Zip,
    /// A tar archive.
    Tar,
    /// Something else that has a name.
    Other(&'static str),
    /// HDF5, maybe behind a user block, or anything else.
    Unknown,
}

impl Content {
    /// The name of the content, if it has one and is no HDF5 file.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Gzip => Some("a gzip stream"),
            Self::Zip => Some("a zip archive, which has to be unpacked first"),
            Self::Tar => Some("a tar archive, which has to be unpacked first"),
            Self::Other(name) => Some(name),
            Self::Unknown => None,
        }
    }
}

/// Formats that people have instead of HDF5: the place of the signature, its bytes, and the name.
const OTHERS: [(usize, &[u8], &str); 12] = [
    (0, b"BZh", "a bzip2 stream, which has to be unpacked first"),
    (0, b"\xfd7zXZ\0", "an xz stream, which has to be unpacked first"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard stream, which has to be unpacked first"),
    (0, b"\x04\x22\x4d\x18", "an LZ4 stream, which has to be unpacked first"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive, which has to be unpacked first"),
    (0, b"Rar!\x1a\x07", "a RAR archive, which has to be unpacked first"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"MATLAB 5.0", "a MATLAB file of a version before 7.3"),
    (0, b"CDF", "a NetCDF file of the classic format"),
    (0, b"\x0e\x03\x13\x01", "an HDF4 file"),
    (0, b"<!DOCTYPE html", "a web page, maybe instead of the download"),
    (0, b"version https://git-lfs", "a pointer of Git LFS instead of the file"),
];

/// The content of a file that begins with `head`; [`HEAD_BYTES`] bytes are enough.
pub(crate) fn content(head: &[u8]) -> Content {
    if head.starts_with(&[0x1f, 0x8b]) {
        return Content::Gzip;
    }
    if [&b"PK\x03\x04"[..], b"PK\x05\x06", b"PK\x07\x08"]
        .iter()
        .any(|magic| head.starts_with(magic))
    {
        return Content::Zip;
    }
    if head.get(257..262) == Some(b"ustar") {
        return Content::Tar;
    }
    let other = OTHERS.iter().find(|(at, magic, _)| {
        head.get(*at..at + magic.len()).is_some_and(|found| found.eq_ignore_ascii_case(magic))
    });
    other.map_or(Content::Unknown, |(_, _, name)| Content::Other(name))
}

/// Looks for the signature of HDF5 in a stream: at its beginning or, behind a user block, at byte
/// 512, 1024, 2048 and so on.
#[derive(Debug, Default)]
pub(crate) struct SignatureSearch {
    /// How much of the stream has been seen.
    seen: u64,
    /// Where the signature may be.
    place: u64,
    /// How many bytes of the signature were found there.
    matched: usize,
}

impl SignatureSearch {
    /// Goes on with the next bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        while !self.is_found() {
            let at = self.place + self.matched as u64 - self.seen;
            match bytes.get(usize::try_from(at).unwrap_or(usize::MAX)) {
                None => break,
                Some(byte) if *byte == HDF5_SIGNATURE[self.matched] => self.matched += 1,
                Some(_) => {
                    self.place = (2 * self.place).max(512);
                    self.matched = 0;
                }
            }
        }
        self.seen += bytes.len() as u64;
    }

    /// Whether the signature has been found.
    pub(crate) fn is_found(&self) -> bool {
        self.matched == HDF5_SIGNATURE.len()
    }

    /// Whether the signature has not been found and is no longer looked for.
    pub(crate) fn is_hopeless(&self) -> bool {
        !self.is_found() && self.place > LAST_PLACE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_told_apart() {
        assert_eq!(content(b"\x1f\x8b\x08"), Content::Gzip);
        assert_eq!(content(b"PK\x03\x04..."), Content::Zip);
        assert_eq!(content(b"PK"), Content::Unknown);
        assert_eq!(content(&HDF5_SIGNATURE), Content::Unknown);
        assert_eq!(content(b"<!doctype HTML>"), content(b"<!DOCTYPE html>"));
        let mut tar = vec![b'x'; 300];
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(content(&tar), Content::Tar);
    }

    #[test]
    fn the_signature_is_found_wherever_hdf5_allows_it() {
        for (place, allowed) in [(0, true), (512, true), (2048, true), (8, false), (1536, false)] {
            let mut stream = vec![0x89; 4096];
            stream[place..place + 8].copy_from_slice(&HDF5_SIGNATURE);
            for piece in [1, 7, 515, 4096] {
                let mut search = SignatureSearch::default();
                stream.chunks(piece).for_each(|bytes| search.feed(bytes));
                assert_eq!(search.is_found(), allowed, "at {place}, {piece} bytes at once");
            }
        }
        let mut search = SignatureSearch::default();
        search.feed(&vec![0; (1 << 26) + 1]);
        assert!(search.is_hopeless() && !search.is_found());
    }
}
