//! What a file is that is no text, by its first bytes.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A file that people name where a text file belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// HDF5, or a gzip archive that may hold it.
    Recordings(&'static str),
    /// A zip archive: of recordings, or a packed run.
    Zip,
    /// A checkpoint, which is one safetensors file.
    Checkpoint,
}

/// Where HDF5 looks for its signature: at 0, 512, 1024, 2048 ...
const HDF5_SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";
/// How much of a file is looked at.
const HEAD: u64 = 1 << 16;

impl FileKind {
    /// The kind of the file at `path`; none for other kinds, and if it is no regular file.
    pub(crate) fn of(path: &Path) -> io::Result<Option<Self>> {
        // A pipe would wait for somebody to write.
        if !std::fs::metadata(path)?.is_file() {
            return Ok(None);
        }
        let mut head = Vec::new();
        File::open(path)?.take(HEAD).read_to_end(&mut head)?;
        Ok(Self::of_bytes(&head))
    }

    /// What people call the kind.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Recordings(name) => name,
            Self::Zip => "a zip archive",
            Self::Checkpoint => "a checkpoint",
        }
    }

    /// The kind of the file at `path`, unless it is one of the `allowed` kinds. A configuration
    /// file has none of these kinds.
    pub(crate) fn instead(path: &Path, allowed: impl Fn(Self) -> bool) -> Option<&'static str> {
        match Self::of(path).ok().flatten() {
            Some(kind) => (!allowed(kind)).then(|| kind.name()),
            None => path
                .extension()
                .is_some_and(|ending| ending == "toml")
                .then_some("a configuration file"),
        }
    }

    fn of_bytes(head: &[u8]) -> Option<Self> {
        let places = std::iter::once(0).chain((9..16).map(|power| 1 << power));
        let mut signatures = places.filter_map(|place| head.get(place..));
        if signatures.any(|rest| rest.starts_with(HDF5_SIGNATURE)) {
            return Some(Self::Recordings("an HDF5 file"));
        }
        if head.starts_with(b"\x1f\x8b") {
            return Some(Self::Recordings("a gzip archive"));
        }
        if [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"].iter().any(|zip| head.starts_with(*zip)) {
            return Some(Self::Zip);
        }
        // The length of the header in eight bytes, then the header, which is JSON.
        let length = u64::from_le_bytes(head.get(..8)?.try_into().ok()?);
        let is_json = head.get(8) == Some(&b'{') && length < 1 << 32;
        is_json.then_some(Self::Checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_content() {
        let behind_a_block = [vec![0; 512], HDF5_SIGNATURE.to_vec()].concat();
        for (bytes, kind) in [
            (HDF5_SIGNATURE, Some(FileKind::Recordings("an HDF5 file"))),
            (&behind_a_block, Some(FileKind::Recordings("an HDF5 file"))),
            (b"\x1f\x8b\x08", Some(FileKind::Recordings("a gzip archive"))),
            (b"PK\x03\x04", Some(FileKind::Zip)),
            (b"\x10\0\0\0\0\0\0\0{\"__metadata__\"", Some(FileKind::Checkpoint)),
            (b"name = \"x\"\n", None),
            (b"12345678{", None),
            (b"", None),
        ] {
            assert_eq!(FileKind::of_bytes(bytes), kind);
        }
    }
}
