//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::{Error, Result};

/// Writes `bytes` to `path` through a temporary file in the same folder, so that an earlier file stays whole if anything fails.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |source| Error::io(path, "write the file", source);
    let target = target(path)?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temporary = temporary(folder).map_err(failed)?;
    temporary.as_file().write_all(bytes).and_then(|()| temporary.as_file().sync_all()).map_err(failed)?;
    temporary.persist(&target).map_err(|error| failed(error.error))?;
    Ok(())
}

/// A new file in `folder` that goes away unless it is persisted. Made here rather than by the crate, whose own way gives the file to its
/// owner alone and puts the temporary name, which means nothing to anyone, into its errors; write through `as_file` for the same reason.
pub(crate) fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().make_in(folder, |path| File::options().read(true).write(true).create_new(true).open(path))
}

/// Where a file that is to be at `path` goes: a link stays, and the file it leads to is replaced. The rename at the end would replace
/// anything, a device too, so only regular files may be there.
fn target(path: &Path) -> Result<PathBuf> {
    let Ok(there) = fs::metadata(path) else { return Ok(path.to_owned()) };
    if !there.is_file() {
        let kind = if there.is_dir() { "a folder" } else { "a device, pipe or socket" };
        return Err(Error::file(path, format!("this is {kind}, but recordings are written to a regular file")));
    }
    Ok(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_regular_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("out.h5");
        fs::create_dir(&taken).unwrap();
        let error = write(&taken, b"new").unwrap_err().to_string();
        assert_eq!(error, format!("{}: this is a folder, but recordings are written to a regular file", taken.display()));
        assert!(taken.is_dir());
    }

    #[cfg(unix)]
    #[test]
    fn devices_are_refused_and_links_are_followed() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let [device, link, file] = ["device", "link", "file"].map(|name| folder.path().join(name));
        // Through a link, so that a failing test does not cost the machine its device.
        symlink("/dev/null", &device).unwrap();
        let error = write(&device, b"new").unwrap_err().to_string();
        assert_eq!(error, format!("{}: this is a device, pipe or socket, but recordings are written to a regular file", device.display()));

        fs::write(&file, "earlier").unwrap();
        symlink(&file, &link).unwrap();
        write(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
    }

    #[test]
    fn errors_do_not_tell_temporary_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("out.h5");
        let error = write(&path, b"new").unwrap_err().to_string();
        assert!(error.starts_with(&format!("{}: cannot write the file: ", path.display())), "{error}");
        assert!(!error.contains("at path") && error.matches("missing").count() == 1, "{error}");
    }
}
