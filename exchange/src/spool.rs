//! Columns that wait on the disk until their lengths are known.
//!
//! All columns of a log share one file without a name, in the folder where the log is going to be.
//! A column collects a block in memory, and the file takes the blocks of all columns in the order
//! in which they fill up. Memory is bounded by a block per column, whatever the length of the log;
//! a log that is shorter than that never touches the disk.

use crate::error::{Error, Result};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Bytes that all columns may keep in memory together.
const MEMORY: usize = 1 << 24;
/// Bounds of a block in bytes.
const BLOCK: [usize; 2] = [1 << 12, 1 << 18];

const WRITE: &str = "write the file";

/// Blocks of columns on the disk.
#[derive(Debug)]
pub(crate) struct Spool {
    /// The file that is going to be written; errors name it.
    target: PathBuf,
    /// None until the first block is full.
    file: Option<File>,
    /// Length of the file.
    end: u64,
    /// Bytes that a column collects.
    block: usize,
}

/// A column of bytes.
#[derive(Debug, Default)]
pub(crate) struct Column {
    /// Where the blocks are in the file, and how long they are.
    blocks: Vec<(u64, usize)>,
    tail: Vec<u8>,
}

impl Spool {
    /// A spool of `columns` columns for the file that is going to be at `target`.
    pub(crate) fn new(target: &Path, columns: usize) -> Self {
        let block = (MEMORY / columns.max(1)).clamp(BLOCK[0], BLOCK[1]);
        Self { target: target.to_owned(), file: None, end: 0, block }
    }

    /// Appends a whole entry, or several, to a column.
    pub(crate) fn append(&mut self, column: &mut Column, bytes: &[u8]) -> Result<()> {
        column.tail.extend_from_slice(bytes);
        if column.tail.len() < self.block {
            return Ok(());
        }
        self.store(&column.tail)
            .map_err(|error| atomic_file::Error::io(&self.target, WRITE, error))?;
        column.blocks.push((self.end, column.tail.len()));
        self.end += column.tail.len() as u64;
        column.tail.clear();
        Ok(())
    }

    fn store(&mut self, block: &[u8]) -> std::io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let folder = self.target.parent().filter(|folder| !folder.as_os_str().is_empty());
                none.insert(tempfile::tempfile_in(folder.unwrap_or(Path::new(".")))?)
            }
        };
        file.write_all(block)
    }

    /// Passes a column on, in whole entries.
    pub(crate) fn read(
        &mut self,
        column: &Column,
        put: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut bytes = Vec::new();
        for (start, length) in &column.blocks {
            bytes.resize(*length, 0);
            let file = self.file.as_mut().expect("a block is in the file");
            file.seek(SeekFrom::Start(*start))
                .and_then(|_| file.read_exact(&mut bytes))
                .map_err(|error| Error::from(atomic_file::Error::io(&self.target, WRITE, error)))?;
            put(&bytes)?;
        }
        if column.tail.is_empty() { Ok(()) } else { put(&column.tail) }
    }

    /// A spool whose disk is full.
    #[cfg(all(test, target_os = "linux"))]
    pub(crate) fn fill_disk(&mut self) {
        self.file = Some(File::options().write(true).open("/dev/full").unwrap());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_come_back_whole_however_their_blocks_are_mixed() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(&folder.path().join("log.h5"), 10_000);
        let mut columns = [Column::default(), Column::default()];
        let mut expected = [vec![], vec![]];
        for number in 0..5000_u64 {
            let which = usize::from(number % 3 == 0);
            spool.append(&mut columns[which], &number.to_le_bytes()).unwrap();
            expected[which].extend(number.to_le_bytes());
        }
        for (column, expected) in columns.iter().zip(expected) {
            let mut read = vec![];
            spool
                .read(column, &mut |bytes| {
                    assert_eq!(bytes.len() % 8, 0);
                    read.extend_from_slice(bytes);
                    Ok(())
                })
                .unwrap();
            assert!(read == expected && !column.blocks.is_empty());
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_named() {
        let mut spool = Spool::new(Path::new("out.h5"), 1 << 20);
        spool.fill_disk();
        let error = spool.append(&mut Column::default(), &[0; 5000]).unwrap_err();
        assert_eq!(error.to_string(), "out.h5: the disk is full, nothing was written");
    }
}
