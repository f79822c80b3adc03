//! Files that a command is asked to write.

use anyhow::Result;
use std::path::{Path, PathBuf};
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

/// Refuses a table whose name does not end in `.csv`, so that it never replaces recordings or a
/// checkpoint, and one that is among the `kept` files.
pub fn check_table(file: &Path, kept: &[PathBuf]) -> Result<()> {
    let refused = |problem: &str| {
        Err(Error::Folder { path: file.to_owned(), problem: problem.into() }.into())
    };
    if !file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")) {
        return refused("a table is written as text; give it a name that ends in .csv");
    }
    let place = file.canonicalize();
    let is_kept = |kept: &PathBuf| {
        kept.canonicalize().is_ok_and(|kept| place.as_ref().is_ok_and(|place| *place == kept))
    };
    if kept.iter().any(is_kept) {
        return refused("this file belongs to the run and is not replaced; choose another name");
    }
    Ok(())
}
