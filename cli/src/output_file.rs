//! Files that a command is asked to write.

use anyhow::Result;
use std::path::Path;
use synfire::Error;

/// Refuses, before there is work that would be lost, a file that is there already unless it is to
/// be replaced, and a folder that is not there.
pub fn check(file: &Path, overwrite: bool) -> Result<()> {
    let refused = |problem: String| Err(Error::Folder { path: file.to_owned(), problem }.into());
    if file.is_dir() {
        return refused("this is a folder, but the name of a file was expected".into());
    }
    if file.exists() && !overwrite {
        return refused("this file exists already; choose another name, or --overwrite it".into());
    }
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            refused(format!("there is no folder {} to write it into", folder.display()))
        }
        _ => Ok(()),
    }
}
