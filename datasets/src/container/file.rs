//! An open HDF5 file, and the way to a dataset in it or behind a link.

use std::collections::VecDeque;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hdf5_reader::error::Error as Hdf5Error;
use hdf5_reader::group::Group;
use hdf5_reader::messages::link::LinkTarget;
use hdf5_reader::{Dataset, FilterRegistry, Hdf5File, OpenOptions};

use crate::container::links::links;
use crate::container::lzf::{self, FILTER_LZF};
use crate::container::neighbours::{RawData, linked_file};
use crate::container::text::{self, Text, TextError};
use crate::container::unread::{innermost, reason};
use crate::content::{HEAD_BYTES, content};
use crate::error::{Error, Result};

/// Most bytes a dataset of references, labels or names may claim to have, so that a damaged size
/// cannot exhaust the memory: enough for 4 million samples.
const MAX_DATASET_BYTES: usize = 1 << 26;

/// Most links that may follow each other, as in the HDF5 library.
const MAX_LINKS: usize = 16;

/// What a path leads to.
pub(crate) enum Found {
    Dataset(Box<Dataset>),
    Group(Group),
    Nothing,
}

/// An open file and the name that errors give it.
pub(crate) struct Container<'a> {
    opened: Opened,
    name: &'a Path,
}

/// A file, and the folder in which files that it names are looked for.
struct Opened {
    file: Hdf5File,
    folder: PathBuf,
    bytes: u64,
}

impl<'a> Container<'a> {
    /// Opens `path`, which errors call `name`. Files that it names are looked for beside `name`.
    ///
    /// # Errors
    /// One that names `name` when it cannot be opened, is no HDF5 file or is cut short.
    pub(crate) fn open(path: &Path, name: &'a Path) -> Result<Self> {
        Ok(Self { opened: Opened::new(path, name)?, name })
    }

    /// Size of the file in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.opened.bytes
    }

    /// What is at `path`, e.g. `spikes/times`; links are followed as the HDF5 library does.
    ///
    /// # Errors
    /// A link that leads nowhere or in a circle, or to a file that is not there; an object that
    /// cannot be decoded.
    pub(crate) fn find(&self, path: &str) -> Result<Found> {
        self.opened.find(path).map_err(|problem| Error::dataset(self.name, path, problem))
    }

    /// Names of what is in a group, in order.
    ///
    /// # Errors
    /// A group that cannot be decoded.
    pub(crate) fn members(&self, group: &Group, path: &str) -> Result<Vec<String>> {
        let links = links(group).map_err(|error| self.unread(path, &error))?;
        let mut names: Vec<_> = links.into_iter().map(|link| link.name).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// All strings of a dataset of strings.
    ///
    /// # Errors
    /// Strings that cannot be decoded, or are neither UTF-8 nor Latin-1.
    pub(crate) fn text(&self, dataset: &Dataset, path: &str) -> Result<Text> {
        text::read(dataset).map_err(|error| match error {
            TextError::Undecoded(error) => self.unread(path, &error),
            TextError::Encoding(problem) => Error::dataset(self.name, path, problem),
        })
    }

    /// The error of a dataset that the decoder could not read.
    pub(crate) fn unread(&self, path: &str, error: &Hdf5Error) -> Error {
        Error::dataset(self.name, path, reason(error))
    }
}

impl Opened {
    fn new(path: &Path, name: &Path) -> Result<Self> {
        // The decoder reports a folder or a missing permission less plainly than the operating
        // system does.
        let metadata = atomic_file::open(path)?
            .metadata()
            .map_err(|source| Error::io(name, "open the file", source))?;
        let folder = name.parent().unwrap_or(Path::new("")).to_owned();
        let mut filters = FilterRegistry::new();
        filters.register(FILTER_LZF, Box::new(|_, stream, _| lzf::decode(stream)));
        let options = OpenOptions::default()
            .with_max_read_bytes(MAX_DATASET_BYTES)
            .with_filter_registry(filters)
            .with_external_file_resolver(Arc::new(RawData { folder: folder.clone() }));
        let damaged = |error: &Hdf5Error| {
            Error::file(name, format!("this HDF5 file is damaged or cut short: {error}"))
        };
        let file = Hdf5File::open_with_options(path, options).map_err(|error| match error {
            Hdf5Error::InvalidMagic => Error::file(name, foreign(path)),
            Hdf5Error::Io(source) => Error::io(name, "read the file", source),
            other => damaged(&other),
        })?;
        let bytes = metadata.len();
        let expected = end(&file).map_err(|error| damaged(&error))?;
        if expected > i128::from(bytes) {
            return Err(Error::file(
                name,
                format!(
                    "the file is cut short: it has {bytes} bytes, but its header says {expected}"
                ),
            ));
        }
        Ok(Self { file, folder, bytes })
    }

    /// Follows a path; a problem is the end of a sentence about it.
    fn find(&self, path: &str) -> std::result::Result<Found, String> {
        let root = |file: &Hdf5File| file.root_group().map_err(|error| reason(&error));
        let mut rest = parts(path);
        let mut group = root(&self.file)?;
        let mut elsewhere: Option<Self> = None;
        let mut trail = String::new();
        let mut followed = 0;
        // How many parts of the rest come from the last link. These parts must exist.
        let mut of_link = 0usize;
        while let Some(part) = rest.pop_front() {
            let needed = of_link > 0;
            of_link = of_link.saturating_sub(1);
            let found = links(&group).map_err(|error| reason(&error))?;
            let link = found.into_iter().find(|link| link.name == part);
            match link.map(|link| link.target) {
                None if needed => {
                    return Err(format!("is behind {trail}, but there is no {part} there"));
                }
                None => return Ok(Found::Nothing),
                Some(LinkTarget::Hard { .. }) => match step(&group, &part) {
                    Ok(Found::Group(next)) => group = next,
                    Ok(found) if rest.is_empty() => return Ok(found),
                    Ok(_) if of_link > 0 => {
                        return Err(format!("is behind {trail}, but {part} is no group there"));
                    }
                    Ok(_) => return Ok(Found::Nothing),
                    Err(error) if trail.is_empty() => return Err(reason(&error)),
                    Err(error) => return Err(format!("is behind {trail} and {}", reason(&error))),
                },
                Some(LinkTarget::Soft { path }) => {
                    trail = format!("a soft link to {path}");
                    if path.starts_with('/') {
                        group = root(elsewhere.as_ref().map_or(&self.file, |there| &there.file))?;
                    }
                    (rest, of_link) = before(&path, rest, of_link);
                    followed += 1;
                }
                Some(LinkTarget::External { filename, path }) => {
                    trail = format!("an external link to {path} in {filename}");
                    let folder = elsewhere.as_ref().map_or(&self.folder, |there| &there.folder);
                    let there = linked_file(&filename, folder)
                        .and_then(|file| Self::new(&file, &file).map_err(|error| error.to_string()))
                        .map_err(|problem| format!("is behind {trail}, but {problem}"))?;
                    group = root(&there.file)?;
                    elsewhere = Some(there);
                    (rest, of_link) = before(&path, rest, of_link);
                    followed += 1;
                }
            }
            if followed > MAX_LINKS {
                return Err(format!(
                    "is behind more than {MAX_LINKS} links, which lead in a circle: the last is \
                     {trail}"
                ));
            }
        }
        Ok(Found::Group(group))
    }
}

/// What is wrong with a file without the signature of HDF5.
fn foreign(path: &Path) -> String {
    let mut head = Vec::new();
    let read =
        atomic_file::open(path).map(|file| file.take(HEAD_BYTES as u64).read_to_end(&mut head));
    match content(&head).name().filter(|_| matches!(read, Ok(Ok(_)))) {
        Some(name) => format!("this is {name}, but an HDF5 file was expected"),
        None => "this is not an HDF5 file, but spike recordings are one".into(),
    }
}

/// Puts the path of a link before the rest of the way. Returns the way and how many of its parts
/// must exist.
fn before(path: &str, rest: VecDeque<String>, of_link: usize) -> (VecDeque<String>, usize) {
    let mut way = parts(path);
    let of_link = way.len() + of_link;
    way.extend(rest);
    (way, of_link)
}

fn parts(path: &str) -> VecDeque<String> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").map(String::from).collect()
}

/// The object that a hard link of a group leads to.
fn step(group: &Group, name: &str) -> hdf5_reader::error::Result<Found> {
    match group.group(name) {
        Ok(group) => return Ok(Found::Group(group)),
        Err(error) if is_absent(&error) => {}
        Err(error) => return Err(error),
    }
    match group.dataset(name) {
        Ok(dataset) => Ok(Found::Dataset(Box::new(dataset))),
        Err(error) if is_absent(&error) => Ok(Found::Nothing),
        Err(error) => Err(error),
    }
}

/// Where the file ends by its own account. A user block may have been put before a finished file or
/// cut off it, which the HDF5 library accepts: the end moves as far as the beginning did.
fn end(file: &Hdf5File) -> hdf5_reader::error::Result<i128> {
    let superblock = file.superblock();
    let size = usize::from(superblock.offset_size);
    let at = match superblock.version {
        0 => 24,
        1 => 28,
        _ => 12,
    };
    // Addresses count from the superblock, wherever it is.
    let bytes = file.storage().read_range(at, size)?;
    let base = bytes.iter().rev().fold(0u64, |base, &byte| base << 8 | u64::from(byte));
    let [end, base, found] =
        [superblock.eof_address, base, superblock.base_address].map(i128::from);
    Ok(end - base + found)
}

/// Whether an error says that something is not there.
fn is_absent(error: &Hdf5Error) -> bool {
    matches!(innermost(error), Hdf5Error::DatasetNotFound(_) | Hdf5Error::GroupNotFound(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// See `tests/reading/files/make_h5py_files.py`.
    fn dangling<T>(look: impl FnOnce(&Container) -> T) -> T {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reading/files");
        let path = folder.join("h5py_dangling.h5");
        look(&Container::open(&path, &path).unwrap())
    }

    #[test]
    fn a_link_that_leads_nowhere_is_named_and_what_is_not_there_is_nothing() {
        dangling(|file| {
            for nothing in ["nothing", "group/nothing", "dataset/inner", "fine/nothing"] {
                assert!(matches!(file.find(nothing), Ok(Found::Nothing)), "{nothing}");
            }
            assert!(matches!(file.find("fine/./inner"), Ok(Found::Dataset(_))));
            assert!(matches!(file.find("/fine/"), Ok(Found::Group(_))));
            let circle = "is behind more than 16 links, which lead in a circle: the last is";
            for (path, problem) in [
                ("soft", "is behind a soft link to /nothing/there, but there is no nothing there"),
                (
                    "through",
                    "is behind a soft link to /dataset/inner, but dataset is no group there",
                ),
                ("circle", &format!("{circle} a soft link to /circle")),
                ("round/x", &format!("{circle} an external link to /round in h5py_dangling.h5")),
                (
                    "no_file",
                    "is behind an external link to /labels in missing.h5, but there is no file ",
                ),
                (
                    "no_object",
                    "is behind an external link to /nothing in h5py_lzf.h5, but there is no \
                     nothing there",
                ),
                ("no_hdf5", "is behind an external link to /labels in make_h5py_files.py, but "),
            ] {
                let Err(error) = file.find(path) else { panic!("{path} is found") };
                let error = error.to_string();
                assert!(error.contains(&format!("h5py_dangling.h5: {path}: {problem}")), "{error}");
            }
            let error = file.find("no_hdf5").err().unwrap().to_string();
            assert!(error.contains("make_h5py_files.py: this is not an HDF5 file"), "{error}");
        });
    }

    #[test]
    fn links_of_every_kind_of_group_are_listed() {
        dangling(|file| {
            let Ok(Found::Group(root)) = file.find("/") else { panic!("the root is a group") };
            let names = file.members(&root, "/").unwrap();
            assert_eq!(names.len(), 10, "{names:?}");
            let Ok(Found::Group(group)) = file.find("group") else { panic!("it is a group") };
            assert_eq!(file.members(&group, "group").unwrap(), ["inner"]);
        });
    }
}
