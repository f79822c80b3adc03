//! Which member of a zip archive holds the recordings.

use std::io::{BufRead, BufReader, Read, Seek};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::content::{Content, HDF5_SIGNATURE, HEAD_BYTES, content};
use crate::gzip::Gunzip;

/// Endings, in lower case, of members that are taken for recordings before all others.
const ENDINGS: [&str; 4] = [".h5", ".hdf5", ".hdf", ".he5"];

/// Most members whose content is looked at where their names do not decide.
const MOST_PROBED: usize = 100;

/// Most names that a message lists.
const MOST_NAMED: usize = 5;

/// Compression methods of zip archives that are not read, by number.
const METHODS: [(u16, &str); 10] = [
    (1, "shrink"),
    (2, "reduce"),
    (3, "reduce"),
    (4, "reduce"),
    (5, "reduce"),
    (6, "implode"),
    (20, "Zstandard"),
    (93, "Zstandard"),
    (97, "WavPack"),
    (98, "PPMd"),
];

/// A member of a zip archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// Its place in the list of the archive.
    pub index: usize,
    /// Its path in the archive.
    pub name: String,
}

/// The only member that holds recordings.
///
/// Files that macOS or Windows adds to an archive are ignored. The name decides; where it does not,
/// the content decides.
///
/// # Errors
/// The end of a sentence about the archive: it has no such member or several, or it is damaged.
pub(crate) fn member<R: Read + Seek>(archive: &mut ZipArchive<R>) -> Result<Member, String> {
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let name = archive.name_for_index(index).unwrap_or(Err(ZipError::FileNotFound));
        let name = name.map_err(|error| problem(&error))?.into_owned();
        if !name.ends_with('/') && !is_clutter(&name) {
            members.push(Member { index, name });
        }
    }
    let named = members.iter().filter(|member| is_named_so(&member.name)).cloned();
    let mut candidates: Vec<Member> = named.collect();
    if candidates.is_empty() {
        candidates = members.clone();
    } else if candidates.len() == 1 {
        return Ok(candidates.remove(0));
    }
    let mut holding = Vec::new();
    for member in candidates.into_iter().take(MOST_PROBED) {
        if holds_recordings(archive, member.index) {
            holding.push(member);
        }
    }
    match holding.len() {
        1 => Ok(holding.remove(0)),
        0 if members.is_empty() => Err("the zip archive is empty".into()),
        0 => Err(format!("the zip archive holds no HDF5 file, but {}", names(&members))),
        _ => Err(format!(
            "the zip archive must hold exactly one HDF5 file, but it holds {}; unpack it and name \
             one of them",
            names(&holding)
        )),
    }
}

/// What is wrong with an archive or its member; the end of a sentence about it.
pub(crate) fn problem(error: &ZipError) -> String {
    match error {
        ZipError::CompressionMethodNotSupported(number) => {
            let name = METHODS.iter().find(|(method, _)| method == number);
            let name = name.map_or("unknown here", |(_, name)| name);
            format!(
                "is packed with zip method {number} ({name}), which is not read here; the archive \
                 is not damaged: unpack it first"
            )
        }
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
            "is encrypted; unpack it first, with its password".into()
        }
        ZipError::UnsupportedArchive(what) => {
            format!("is not read here ({what}); unpack it first")
        }
        error => format!("is damaged or cut short: {error}"),
    }
}

/// Whether an operating system added the member on its own: `__MACOSX/`, `._x.h5`, `.DS_Store`,
/// `Thumbs.db`.
fn is_clutter(name: &str) -> bool {
    let ignored = |part: &str| {
        part == "__MACOSX"
            || part.starts_with("._")
            || [".DS_Store", "Thumbs.db", "desktop.ini"].contains(&part)
    };
    name.split(['/', '\\']).any(ignored)
}

fn is_named_so(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn holds_recordings<R: Read + Seek>(archive: &mut ZipArchive<R>, index: usize) -> bool {
    fn head(stream: impl Read) -> Vec<u8> {
        let mut head = Vec::new();
        let _ = stream.take(HEAD_BYTES as u64).read_to_end(&mut head);
        head
    }
    let Ok(member) = archive.by_index(index) else { return false };
    let mut stream = BufReader::new(member);
    let is_gzip = stream.fill_buf().is_ok_and(|bytes| content(bytes) == Content::Gzip);
    let head = if is_gzip { head(Gunzip::new(stream)) } else { head(stream) };
    head.starts_with(&HDF5_SIGNATURE)
}

fn names(members: &[Member]) -> String {
    let listed: Vec<&str> =
        members.iter().take(MOST_NAMED).map(|member| member.name.as_str()).collect();
    let more = members.len() - listed.len();
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    listed.join(", ") + &rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_recordings_and_of_clutter_are_known() {
        for name in ["x.h5", "a/X.H5", "x.hdf5.gz", "x.HDF", "x.he5", "x.H5.GZ"] {
            assert!(is_named_so(name) && !is_clutter(name), "{name}");
        }
        for name in ["__MACOSX/x.h5", "a/__MACOSX/._x.h5", "a/._x.h5", ".DS_Store", "a\\Thumbs.db"]
        {
            assert!(is_clutter(name), "{name}");
        }
        assert!(!is_named_so("h5") && !is_named_so("x.h5.txt") && !is_named_so("x.gz"));
    }

    #[test]
    fn what_is_not_read_is_told_from_damage() {
        let zstd = problem(&ZipError::CompressionMethodNotSupported(93));
        assert!(zstd.starts_with("is packed with zip method 93 (Zstandard), which"), "{zstd}");
        let locked = problem(&ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED));
        assert!(locked.contains("encrypted"), "{locked}");
        let broken = problem(&ZipError::InvalidArchive("no end".into()));
        assert!(broken.starts_with("is damaged or cut short: "), "{broken}");
    }
}
