//! Where an exported file came from: this program, and the file that it was made of.

use crate::error::{Error, Result};
use crate::log_folder::LogFolder;
use datasets::hexadecimal;
use exchange::Provenance;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// What exports of the file or folder at `source` say: version and commit of this program, the path
/// as typed, and a checksum. Of a file it is the SHA-256; of a folder that of the names and
/// checksums of all files in it, in the order of their names.
///
/// # Errors
/// [`Error::Disk`] for what cannot be read.
pub fn provenance_of(source: &Path) -> Result<Provenance> {
    let sha256 = match source {
        folder if LogFolder::is_in(folder) => LogFolder::open(folder)?.sha256()?,
        folder if folder.is_dir() => of_folder(folder)?,
        file => of_file(file)?,
    };
    Ok(Provenance {
        synfire: env!("CARGO_PKG_VERSION").into(),
        commit: option_env!("SYNFIRE_COMMIT").map(str::to_owned),
        source: source.display().to_string(),
        sha256,
    })
}

fn of_file(path: &Path) -> Result<String> {
    let mut digest = Sha256::new();
    let mut part = vec![0; 1 << 16];
    let mut read = || -> io::Result<()> {
        let mut file = File::open(path)?;
        loop {
            match file.read(&mut part)? {
                0 => return Ok(()),
                length => digest.update(&part[..length]),
            }
        }
    };
    read().map_err(|error| Error::io(path, "read it", error))?;
    Ok(hexadecimal(digest))
}

fn of_folder(folder: &Path) -> Result<String> {
    let read = |error| Error::io(folder, "list it", error);
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut files: Vec<PathBuf> = entries.map_err(read)?.iter().map(fs::DirEntry::path).collect();
    files.sort();
    let mut digest = Sha256::new();
    for file in files.iter().filter(|file| file.is_file()) {
        digest.update(file.file_name().unwrap_or_default().as_encoded_bytes());
        digest.update(of_file(file)?);
    }
    Ok(hexadecimal(digest))
}
