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
    check_new(file, overwrite)?;
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            refused(format!("there is no folder {} to write it into", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Refuses a file that is there already unless it is to be replaced.
pub fn check_new(file: &Path, overwrite: bool) -> Result<()> {
    if !file.exists() || overwrite {
        return Ok(());
    }
    let problem = "this file exists already; choose another name, or --overwrite it".into();
    Err(Error::Folder { path: file.to_owned(), problem }.into())
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
    check_apart(file, kept, "this file belongs to the run and is not replaced")
}

/// Refuses a file that is one of `others`, which need not be there yet; `problem` says why.
pub fn check_apart(file: &Path, others: &[PathBuf], problem: &str) -> Result<()> {
    let Some(own) = place(file) else { return Ok(()) };
    if others.iter().all(|other| place(other).as_ref() != Some(&own)) {
        return Ok(());
    }
    let problem = format!("{problem}; choose another name");
    Err(Error::Folder { path: file.to_owned(), problem }.into())
}

/// Where a file is, links followed, or where it is going to be.
fn place(file: &Path) -> Option<PathBuf> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let coming =
        || Some(folder.unwrap_or(Path::new(".")).canonicalize().ok()?.join(file.file_name()?));
    file.canonicalize().ok().or_else(coming)
}
