//! Recording files as they are downloaded: `.h5`, `.h5.gz` or `.zip`.
//!
//! The first bytes of a file tell what it holds, its name does not. An archive is unpacked once
//! into the user's cache folder, under the SHA-256 of the archive, and found there from then on.
//! The SHA-256 of the unpacked file lies beside it, in the form that `sha256sum -c` reads; a cached
//! file with another SHA-256 is unpacked again. Files appear in the cache whole or not at all, also
//! when several processes unpack the same archive.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use atomic_file::AtomicFile;
use sha2::{Digest, Sha256};
use zip::ZipArchive;
use zip::result::ZipError;

use crate::archive::zipped::{Member, member, problem};
use crate::checksum::hexadecimal;
use crate::content::{Content, HEAD_BYTES, SignatureSearch, content};
use crate::error::{Error, Result};
use crate::gzip::unpacked;
use crate::layout::Layout;
use crate::recordings::SpikeRecordings;
use crate::spiking_speech;

mod zipped;

const BUFFER_BYTES: usize = 1 << 18;

/// A file of recordings, unpacked if it was an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingFile {
    given: PathBuf,
    /// The name in errors: the file as given and, in a zip archive, the member.
    name: PathBuf,
    content: PathBuf,
}

impl RecordingFile {
    /// Finds the HDF5 file behind `path`. The first bytes of the file tell what it holds, its name
    /// does not. An archive is unpacked into [`cache_folder`]: a stream of gzip, of whatever name,
    /// or a zip archive with one HDF5 file in it, which may be packed by gzip again.
    ///
    /// # Errors
    /// An error that names `path`: the file cannot be opened; the archive is damaged, cut short,
    /// packed in an unsupported way, or holds no HDF5 file or several; the cache folder cannot be
    /// written or is full. A failed attempt leaves nothing behind.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_in(path.as_ref(), Cache::of_user)
    }

    /// As [`open`](Self::open), with a cache folder of the caller's choice.
    fn open_in(
        path: &Path,
        cache: impl FnOnce() -> std::result::Result<Cache, String>,
    ) -> Result<Self> {
        let found = content(&head(path)?);
        let zip = match found {
            Content::Zip => Some(Zip::open(path)?),
            Content::Gzip => None,
            // Refused here: a tar archive's first entry begins where HDF5 behind a user block does.
            Content::Tar => {
                let name = found.name().unwrap_or_default();
                return Err(Error::file(
                    path,
                    format!("this is {name}, but an HDF5 file was expected"),
                ));
            }
            _ => {
                let [given, name, content] = [path, path, path].map(Path::to_owned);
                return Ok(Self { given, name, content });
            }
        };
        let cache = cache().map_err(|problem| Error::file(path, problem))?;
        let stem = path.file_stem().map_or("recordings".into(), |stem| stem.to_string_lossy());
        let stem = stem.strip_suffix(".h5").or(stem.strip_suffix(".H5")).unwrap_or(&stem);
        let content = cache.folder.join(format!("{stem}-{}.h5", &sha256(path)?[..16]));
        let name = match &zip {
            // The member's name without its folders: files that it names are looked for beside the
            // archive.
            Some(zip) => {
                let member = zip.member.name.rsplit(['/', '\\']).next().unwrap_or_default();
                PathBuf::from(format!("{} ({member})", path.display()))
            }
            None => path.to_owned(),
        };
        if !is_intact(&content) {
            let made = fs::create_dir_all(&cache.folder);
            made.map_err(|problem| Error::file(path, cache.refused("cannot be made", &problem)))?;
            let stored = match zip {
                Some(mut zip) => store(zip.unpack(&name)?, &name, &content),
                None => store(atomic_file::open(path)?, &name, &content),
            };
            stored.map_err(|error| match error {
                Error::Disk(problem) => {
                    Error::file(path, cache.refused("cannot take it", &problem))
                }
                other => other,
            })?;
        }
        Ok(Self { given: path.to_owned(), name, content })
    }

    /// The file as the user named it.
    pub fn given(&self) -> &Path {
        &self.given
    }

    /// The HDF5 file itself: the given file, or the file unpacked into the cache.
    pub fn content(&self) -> &Path {
        &self.content
    }

    /// SHA-256 of the HDF5 file (never of the archive around it), in hexadecimal: the identity of
    /// the data.
    ///
    /// # Errors
    /// [`Error::Disk`] when the file cannot be read.
    pub fn sha256(&self) -> Result<String> {
        sha256(&self.content)
    }

    /// Reads and checks the recordings.
    ///
    /// # Errors
    /// An error that names file, dataset and index: the file is no HDF5 file, is cut short or
    /// damaged, lacks a dataset, or holds spikes, labels or speakers that cannot be right.
    pub fn read(&self, layout: &Layout) -> Result<SpikeRecordings> {
        let mut recordings = spiking_speech::read(&self.content, &self.name, layout)?;
        recordings.origin = self.given.clone();
        Ok(recordings)
    }

    /// As [`read`](Self::read), through the HDF5 library of the machine. That library trusts the
    /// file: a damaged file may end the program.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    #[cfg(feature = "libhdf5")]
    pub fn read_with_libhdf5(&self, layout: &Layout) -> Result<SpikeRecordings> {
        crate::libhdf5::read(&self.content, &self.name, layout)
    }
}

impl SpikeRecordings {
    /// Reads an `.h5`, `.h5.gz` or `.zip` file as published: [`RecordingFile::open`] and
    /// [`RecordingFile::read`] in one.
    ///
    /// # Errors
    /// Those of [`RecordingFile::open`] and [`RecordingFile::read`].
    pub fn read(path: impl AsRef<Path>, layout: &Layout) -> Result<Self> {
        RecordingFile::open(path)?.read(layout)
    }
}

/// The folder for unpacked files: `SYNFIRE_CACHE`, else `synfire` in `XDG_CACHE_HOME`, else
/// `~/.cache/synfire`. It may not exist yet.
///
/// # Errors
/// [`Error::File`] when none of these variables nor the home folder is set.
pub fn cache_folder() -> Result<PathBuf> {
    let cache = Cache::of_user().map_err(|problem| Error::file(Path::new("cache"), problem))?;
    Ok(cache.folder)
}

/// A cache folder, and what named it.
struct Cache {
    folder: PathBuf,
    named_by: &'static str,
}

impl Cache {
    /// The user's cache folder: see [`cache_folder`].
    fn of_user() -> std::result::Result<Self, String> {
        let set =
            |variable| env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(folder) = set("SYNFIRE_CACHE") {
            return Ok(Self { folder, named_by: "named by SYNFIRE_CACHE" });
        }
        if let Some(folder) = set("XDG_CACHE_HOME") {
            return Ok(Self { folder: folder.join("synfire"), named_by: "in XDG_CACHE_HOME" });
        }
        let home = env::home_dir().filter(|home| !home.as_os_str().is_empty());
        match home {
            Some(home) => {
                Ok(Self { folder: home.join(".cache/synfire"), named_by: "in the home folder" })
            }
            None => {
                Err("an archive is unpacked into a cache folder, but there is no home folder to \
                     keep one in; set SYNFIRE_CACHE to a folder that can be written"
                    .into())
            }
        }
    }

    /// Why the cache folder cannot be used, as the end of a sentence about an archive.
    fn refused(&self, what: &str, problem: &dyn std::fmt::Display) -> String {
        format!(
            "an archive is unpacked into a cache folder, but {} ({}) {what} ({problem}); set \
             SYNFIRE_CACHE to a folder that can be written",
            self.folder.display(),
            self.named_by
        )
    }
}

/// SHA-256 of a file in hexadecimal.
///
/// # Errors
/// [`Error::Disk`] when the file cannot be read.
pub fn sha256(path: &Path) -> Result<String> {
    let failed = |source| Error::io(path, "read the file", source);
    let mut file = atomic_file::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hexadecimal(hash)),
            Ok(bytes) => hash.update(&buffer[..bytes]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
}

/// The first bytes of a file.
fn head(path: &Path) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    let read = atomic_file::open(path)?.take(HEAD_BYTES as u64).read_to_end(&mut head);
    read.map_err(|error| Error::io(path, "read the file", error))?;
    if head.is_empty() {
        return Err(Error::file(
            path,
            "the file is empty, but an HDF5 file or an archive of one was expected",
        ));
    }
    Ok(head)
}

/// An open zip archive and the member that holds the recordings.
struct Zip {
    archive: ZipArchive<BufReader<fs::File>>,
    member: Member,
}

impl Zip {
    fn open(path: &Path) -> Result<Self> {
        let file = BufReader::new(atomic_file::open(path)?);
        let mut archive = ZipArchive::new(file)
            .map_err(|error| Error::file(path, format!("the zip archive {}", problem(&error))))?;
        let member = member(&mut archive).map_err(|problem| Error::file(path, problem))?;
        Ok(Self { archive, member })
    }

    /// The member, unpacked as it is read; errors call it `name`.
    fn unpack(&mut self, name: &Path) -> Result<impl Read> {
        let member = self.archive.by_index(self.member.index);
        member.map_err(|error| Error::file(name, format!("the member {}", problem(&error))))
    }
}

/// Unpacks `stream` into the file `content`, whole or not at all, and writes its checksum to a file
/// beside it. Errors of the stream name `archive`.
fn store(stream: impl Read, archive: &Path, content: &Path) -> Result<()> {
    let unpacked = unpacked(Box::new(BufReader::with_capacity(BUFFER_BYTES, stream)))
        .map_err(|error| damaged(archive, &error))?;
    let mut file = AtomicFile::create(content)?;
    let sum = copy(unpacked, |bytes| file.write(bytes), archive)?;
    let name = content.file_name().expect("it was named inside the cache folder").to_string_lossy();
    // The checksum is written first. If only the checksum is written, it has no file or does not
    // fit an older one, and the next call unpacks again.
    atomic_file::write(&sidecar_of(content), format!("{sum}  {name}\n").as_bytes())?;
    Ok(file.finish()?)
}

/// What is wrong with a stream that cannot be unpacked.
fn damaged(archive: &Path, error: &io::Error) -> Error {
    let zip = error.get_ref().and_then(|inner| inner.downcast_ref::<ZipError>());
    Error::file(
        archive,
        match zip {
            Some(error) => format!("the member {}", problem(error)),
            None => format!("the archive is damaged or cut short ({error}); download it again"),
        },
    )
}

/// Copies all bytes and returns their SHA-256. The error tells whether reading or writing failed.
fn copy(
    mut unpacked: impl BufRead,
    mut write: impl FnMut(&[u8]) -> atomic_file::Result<()>,
    archive: &Path,
) -> Result<String> {
    let mut hash = Sha256::new();
    let mut signature = SignatureSearch::default();
    let mut first = true;
    loop {
        let bytes = match unpacked.fill_buf() {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(damaged(archive, &error)),
        };
        if std::mem::take(&mut first)
            && let Some(other) = content(bytes).name()
        {
            return Err(Error::file(
                archive,
                format!("the archive holds {other}, but an HDF5 file was expected"),
            ));
        }
        signature.feed(bytes);
        if signature.is_hopeless() || (bytes.is_empty() && !signature.is_found()) {
            return Err(Error::file(
                archive,
                "the archive does not hold an HDF5 file, but spike recordings are one",
            ));
        }
        if bytes.is_empty() {
            return Ok(hexadecimal(hash));
        }
        hash.update(bytes);
        write(bytes)?;
        let taken = bytes.len();
        unpacked.consume(taken);
    }
}

fn sidecar_of(content: &Path) -> PathBuf {
    content.with_extension("h5.sha256")
}

fn is_intact(content: &Path) -> bool {
    let Ok(line) = fs::read_to_string(sidecar_of(content)) else { return false };
    line.split_whitespace()
        .next()
        .is_some_and(|expected| sha256(content).is_ok_and(|found| found == expected))
}

#[cfg(test)]
mod tests;
