//! Recording files as they are downloaded: `.h5`, `.h5.gz` or `.zip`.
//!
//! An archive is unpacked once into the user's cache folder, under the SHA-256 of the archive, and
//! found there from then on. Beside the unpacked file lies its SHA-256 in the form `sha256sum -c`
//! reads; a cached file that no longer fits it is unpacked again. Files appear in the cache whole
//! or not at all, also when several processes unpack the same archive.

use std::env;
use std::fs;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use atomic_file::AtomicFile;
use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::checksum::hexadecimal;
use crate::container::HDF5_SIGNATURE;
use crate::error::{Error, Result};
use crate::recordings::SpikeRecordings;
use crate::spiking_speech::{self, Layout};

const GZIP_SIGNATURE: [u8; 2] = [0x1f, 0x8b];
const ZIP_SIGNATURE: [u8; 2] = *b"PK";
const BUFFER_BYTES: usize = 1 << 18;

/// A file of recordings, unpacked if it was an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingFile {
    given: PathBuf,
    content: PathBuf,
}

impl RecordingFile {
    /// Finds the HDF5 file behind `path`. What `path` holds is seen from its first bytes, not from
    /// its name. An archive is unpacked into [`cache_folder`].
    ///
    /// # Errors
    /// One that names `path` when it cannot be opened, or is an archive that is damaged, cut short
    /// or holds no HDF5 file, or when the cache folder cannot be written or is full. A failed
    /// attempt leaves nothing behind.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_in(path.as_ref(), cache_folder)
    }

    /// As [`open`](Self::open), with a cache folder of the caller's choice.
    fn open_in(path: &Path, cache: impl FnOnce() -> Result<PathBuf>) -> Result<Self> {
        match kind(path)? {
            Kind::Plain => Ok(Self { given: path.to_owned(), content: path.to_owned() }),
            kind => Self::unpack(path, kind, &cache()?),
        }
    }

    fn unpack(path: &Path, kind: Kind, cache: &Path) -> Result<Self> {
        let stem = path.file_stem().map_or("recordings".into(), |stem| stem.to_string_lossy());
        let stem = stem.strip_suffix(".h5").unwrap_or(&stem);
        let key = sha256(path)?;
        let content = cache.join(format!("{stem}-{}.h5", &key[..16]));
        if !is_intact(&content) {
            fs::create_dir_all(cache)
                .map_err(|source| Error::io(cache, "create the cache folder", source))?;
            let archive = atomic_file::open(path)?;
            match kind {
                Kind::Gzip => store(
                    &mut MultiGzDecoder::new(BufReader::with_capacity(BUFFER_BYTES, archive)),
                    path,
                    &content,
                )?,
                _ => unzip(archive, path, &content)?,
            }
        }
        Ok(Self { given: path.to_owned(), content })
    }

    /// The file as the user named it.
    pub fn given(&self) -> &Path {
        &self.given
    }

    /// The HDF5 file itself: the same file, or the unpacked one in the cache.
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
    /// One that names file, dataset and index when the file is no HDF5 file, is cut short or
    /// damaged, lacks a dataset, or holds spikes, labels or speakers that cannot be right.
    pub fn read(&self, layout: &Layout) -> Result<SpikeRecordings> {
        spiking_speech::read(&self.content, &self.given, layout)
    }

    /// As [`read`](Self::read), through the HDF5 library of the machine. That one trusts its file:
    /// a damaged one may end the program.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    #[cfg(feature = "libhdf5")]
    pub fn read_with_libhdf5(&self, layout: &Layout) -> Result<SpikeRecordings> {
        crate::libhdf5::read(&self.content, &self.given, layout)
    }
}

impl SpikeRecordings {
    /// Reads an `.h5`, `.h5.gz` or `.zip` file as published: [`RecordingFile::open`] and
    /// [`RecordingFile::read`] in one.
    ///
    /// # Errors
    /// Those of the two.
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
    let folder =
        |variable| env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    folder("SYNFIRE_CACHE")
        .or_else(|| Some(folder("XDG_CACHE_HOME")?.join("synfire")))
        .or_else(|| {
            Some(
                env::home_dir()
                    .filter(|home| !home.as_os_str().is_empty())?
                    .join(".cache")
                    .join("synfire"),
            )
        })
        .ok_or_else(|| {
            Error::file(
                Path::new("cache"),
                "there is no home folder to keep unpacked files in; set SYNFIRE_CACHE to a folder",
            )
        })
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

#[derive(Clone, Copy)]
enum Kind {
    Plain,
    Gzip,
    Zip,
}

fn kind(path: &Path) -> Result<Kind> {
    let mut file = atomic_file::open(path)?;
    let mut signature = [0; 2];
    match file.read_exact(&mut signature) {
        Ok(()) if signature == GZIP_SIGNATURE => Ok(Kind::Gzip),
        Ok(()) if signature == ZIP_SIGNATURE => Ok(Kind::Zip),
        Ok(()) => Ok(Kind::Plain),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Error::file(
            path,
            "the file is empty, but an HDF5 file or an archive of one was expected",
        )),
        Err(error) => Err(Error::io(path, "read the file", error)),
    }
}

fn unzip(archive: impl Read + Seek, path: &Path, content: &Path) -> Result<()> {
    let damaged = |error: zip::result::ZipError| {
        Error::file(path, format!("the zip archive is damaged or cut short: {error}"))
    };
    let mut archive = zip::ZipArchive::new(archive).map_err(damaged)?;
    let mut names = Vec::new();
    for name in archive.file_names() {
        let name = name.map_err(damaged)?;
        if name.ends_with(".h5") || name.ends_with(".hdf5") {
            names.push(name.into_owned());
        }
    }
    let [name] = names.as_slice() else {
        let found = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return Err(Error::file(
            path,
            format!("the zip archive must hold exactly one .h5 file, but it holds {found}"),
        ));
    };
    store(&mut archive.by_name(name).map_err(damaged)?, path, content)
}

/// Copies the unpacked stream of `archive` to `content`, whole or not at all, and its checksum to a
/// file beside it.
fn store(unpacked: &mut impl Read, archive: &Path, content: &Path) -> Result<()> {
    let mut file = AtomicFile::create(content)?;
    let sum = copy(unpacked, |bytes| file.write(bytes), archive)?;
    let name = content.file_name().expect("it was named inside the cache folder").to_string_lossy();
    // The checksum goes first: with it alone, or with an older file beside it, the next call
    // unpacks again.
    atomic_file::write(&sidecar_of(content), format!("{sum}  {name}\n").as_bytes())?;
    Ok(file.finish()?)
}

/// Copies and returns the SHA-256 of what was copied; tells apart which side failed.
fn copy(
    unpacked: &mut impl Read,
    mut write: impl FnMut(&[u8]) -> atomic_file::Result<()>,
    archive: &Path,
) -> Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut head = Vec::<u8>::with_capacity(HDF5_SIGNATURE.len());
    loop {
        let bytes = match unpacked.read(&mut buffer) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                return Err(Error::file(
                    archive,
                    format!("the archive is damaged or cut short ({error}); download it again"),
                ));
            }
        };
        if head.len() < HDF5_SIGNATURE.len() {
            head.extend(buffer[..bytes].iter().take(HDF5_SIGNATURE.len() - head.len()));
            if bytes == 0 || !HDF5_SIGNATURE.starts_with(&head) {
                return Err(Error::file(
                    archive,
                    "the archive does not hold an HDF5 file, but spike recordings as SHD publishes them are",
                ));
            }
        }
        if bytes == 0 {
            return Ok(hexadecimal(hash));
        }
        hash.update(&buffer[..bytes]);
        write(&buffer[..bytes])?;
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
