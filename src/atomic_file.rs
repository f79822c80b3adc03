//! Files that appear whole or not at all.

use crate::{Error, Result};
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Writes `bytes` to `path` through a temporary file in the same folder, so that an earlier file stays whole if anything fails.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |source| Error::io(path, "write the file", source);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Made here rather than by the crate, whose own way gives the file to its owner alone and puts the temporary name, which means nothing to
    // anyone, into its errors; written through `as_file` for the same reason.
    let create = |path: &Path| fs::File::options().read(true).write(true).create_new(true).open(path);
    let temporary = tempfile::Builder::new().prefix(".synfire-").suffix(".tmp").make_in(folder, create).map_err(failed)?;
    temporary.as_file().write_all(bytes).and_then(|()| temporary.as_file().sync_all()).map_err(failed)?;
    temporary.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// The text of a file.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|source| match source.kind() {
        ErrorKind::InvalidData => Error::folder(path, "this is not a text file"),
        _ => Error::io(path, "read the file", source),
    })
}
