//! A run in one file: a zip archive with one folder in it, the run's.
//!
//! The same run gives the same bytes: names are sorted, and every file has the same time, the
//! earliest that the format knows. What somebody else put into the folder is left out.

use crate::error::{Error, Result};
use crate::run_folder::RunFolder;
use crate::run_lock::RunLock;
use crate::run_mark::ENVIRONMENT;
use atomic_file::AtomicFile;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// From this size on, an entry needs the zip64 format.
const LARGE: u64 = u32::MAX as u64;

/// Most text that is read from a file: more than any file of a run has, so that a made-up archive
/// cannot fill the memory.
const MOST_TEXT: u64 = 1 << 28;

/// What [`RunFolder::pack`] wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedFiles {
    /// The archive.
    pub path: PathBuf,
    /// Name of the folder in it.
    pub folder: String,
    /// Number of files in it.
    pub files: usize,
    /// Size of the archive in bytes.
    pub bytes: u64,
    /// Files in the run's folder that no run leaves, and that are not in the archive.
    pub left_out: Vec<PathBuf>,
}

impl RunFolder {
    /// Name of the run, which is the name of its folder.
    pub fn name(&self) -> String {
        let path = self.path().canonicalize().unwrap_or_else(|_| self.path().to_owned());
        path.file_name().map_or_else(|| "run".into(), |name| name.to_string_lossy().into_owned())
    }

    /// Writes all files of the run into the zip archive `path`, in a folder of the run's name. The
    /// recordings are not among them.
    ///
    /// # Errors
    /// [`Error::Folder`] when `path` does not end in `.zip`, when it exists and is not to be
    /// replaced, or a process is training into the run; [`Error::Disk`] when a file cannot be read
    /// or the archive not be written.
    pub fn pack(&self, path: &Path, overwrite: bool) -> Result<PackedFiles> {
        if !path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip")) {
            let problem = "the archive is a zip; give it a name that ends in .zip";
            return Err(Error::folder(path, problem));
        }
        if path.exists() && !overwrite {
            let problem = "there is such a file; choose another (--out FILE), or replace it \
                           (--overwrite)";
            return Err(Error::folder(path, problem));
        }
        RunLock::refuse_held(self.path())?;
        let failed = |error: io::Error| Error::io(path, "write the file", error);
        let (folder, mut files) = (self.name(), self.files());
        files.sort();
        let mut archive = ZipWriter::new_stream(Sink { file: AtomicFile::create(path)?, bytes: 0 });
        for file in &files {
            let name = format!("{folder}/{}", self.name_within(file));
            let mut content = atomic_file::open(file)?;
            let bytes = content.seek(SeekFrom::End(0)).and_then(|end| {
                content.rewind()?;
                Ok(end)
            });
            let bytes = bytes.map_err(|error| Error::io(file, "read the file", error))?;
            let options = SimpleFileOptions::DEFAULT
                .compression_method(CompressionMethod::Deflated)
                .large_file(bytes >= LARGE)
                .unix_permissions(0o644);
            archive.start_file(name, options).map_err(|error| failed(error.into()))?;
            copy(&mut content, file, &mut archive, path)?;
        }
        let Sink { file, bytes } =
            archive.finish().map_err(|error| failed(error.into()))?.into_inner();
        file.finish()?;
        let left_out = self.foreign_files();
        Ok(PackedFiles { path: path.to_owned(), folder, files: files.len(), bytes, left_out })
    }
}

/// Copies a file into an archive; errors name the side they come from.
fn copy(from: &mut File, file: &Path, archive: &mut impl Write, path: &Path) -> Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = from.read(&mut buffer);
        let read = read.map_err(|error| Error::io(file, "read the file", error))?;
        if read == 0 {
            return Ok(());
        }
        let written = archive.write_all(&buffer[..read]);
        written.map_err(|error| Error::io(path, "write the file", error))?;
    }
}

/// A file that appears when it is whole, as a zip archive is written into it.
struct Sink {
    file: AtomicFile,
    bytes: u64,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).map_err(io::Error::other)?;
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A run in a zip archive, opened.
pub(crate) struct PackedRun {
    path: PathBuf,
    archive: ZipArchive<BufReader<File>>,
    /// The folder in it, with a slash at its end; empty where the files lie at the top.
    folder: String,
}

impl PackedRun {
    /// Opens an archive; `None` where it holds no run, or is none.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>> {
        let file = atomic_file::open(path)?;
        let Ok(archive) = ZipArchive::new(BufReader::new(file)) else { return Ok(None) };
        let folder = archive
            .file_names()
            .filter_map(|name| Some(name.ok()?.strip_suffix(ENVIRONMENT)?.to_owned()))
            .filter(|folder| folder.is_empty() || folder.ends_with('/'))
            .min_by_key(String::len);
        Ok(folder.map(|folder| Self { path: path.to_owned(), archive, folder }))
    }

    /// The files of the run, each by its name in the run's folder, with its size in bytes.
    pub(crate) fn files(&mut self) -> Vec<(String, u64)> {
        let mut files = Vec::new();
        for index in 0..self.archive.len() {
            let Ok(entry) = self.archive.by_index_raw(index) else { continue };
            let Ok(name) = entry.name() else { continue };
            if let Some(name) = name.strip_prefix(&self.folder).filter(|_| entry.is_file()) {
                files.push((name.to_owned(), entry.size()));
            }
        }
        files.sort();
        files
    }

    /// The text of a file of the run; `None` where there is none of that name.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>> {
        let path = self.path.join(name);
        let Ok(entry) = self.archive.by_name(&format!("{}{name}", self.folder)) else {
            return Ok(None);
        };
        let mut text = String::new();
        let read = entry.take(MOST_TEXT).read_to_string(&mut text);
        read.map_err(|error| Error::io(&path, "read the file", error))?;
        Ok(Some(text))
    }
}
