//! Writes safetensors piece by piece, so that no tensor is held a second time.
//!
//! Format: `safetensors` 0.8: the length of the header as `u64`, little-endian; the header, JSON
//! with `dtype`, `shape` and `data_offsets` of each tensor and the texts of `__metadata__`, filled
//! up with blanks to a multiple of 8; then the tensors one after the other without gaps.

use crate::error::Result;
use atomic_file::AtomicFile;
use serde_json::{Map, Value, json};
use std::path::Path;

/// The numbers of a tensor, one after the other.
pub(super) enum Column<'a> {
    /// Floats of 64 bits.
    F64(Box<dyn Iterator<Item = f64> + 'a>),
    /// Integers of 64 bits.
    I64(Box<dyn Iterator<Item = i64> + 'a>),
}

/// A tensor that is going to be written.
pub(super) struct NamedColumn<'a> {
    /// Its name, unique in the file.
    pub name: String,
    /// Sizes of its axes.
    pub shape: Vec<usize>,
    /// As many numbers as the shape says.
    pub numbers: Column<'a>,
}

/// Numbers that are encoded before they are handed on.
const CHUNK: usize = 1 << 13;

/// Writes a file that appears whole or not at all.
///
/// # Errors
/// [`crate::Error::Disk`].
pub(super) fn write_tensors(
    path: &Path,
    metadata: &[(&str, String)],
    columns: Vec<NamedColumn<'_>>,
) -> Result<()> {
    let mut header = Map::new();
    let texts: Map<String, Value> =
        metadata.iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect();
    header.insert("__metadata__".into(), Value::Object(texts));
    let mut start = 0;
    for NamedColumn { name, shape, numbers } in &columns {
        let end = start + 8 * shape.iter().product::<usize>();
        let dtype = match numbers {
            Column::F64(_) => "F64",
            Column::I64(_) => "I64",
        };
        let entry = json!({"dtype": dtype, "shape": shape, "data_offsets": [start, end]});
        header.insert(name.clone(), entry);
        start = end;
    }
    let mut header = Value::Object(header).to_string();
    header.extend(std::iter::repeat_n(' ', header.len().next_multiple_of(8) - header.len()));
    let mut file = AtomicFile::create(path)?;
    file.write(&(header.len() as u64).to_le_bytes())?;
    file.write(header.as_bytes())?;
    for column in columns {
        match column.numbers {
            Column::F64(numbers) => write_numbers(&mut file, numbers.map(f64::to_le_bytes))?,
            Column::I64(numbers) => write_numbers(&mut file, numbers.map(i64::to_le_bytes))?,
        }
    }
    Ok(file.finish()?)
}

fn write_numbers(file: &mut AtomicFile, numbers: impl Iterator<Item = [u8; 8]>) -> Result<()> {
    let mut chunk = Vec::with_capacity(8 * CHUNK);
    for number in numbers {
        chunk.extend(number);
        if chunk.len() == 8 * CHUNK {
            file.write(&chunk)?;
            chunk.clear();
        }
    }
    Ok(file.write(&chunk)?)
}
