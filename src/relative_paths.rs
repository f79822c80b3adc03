//! Relative paths in a configuration file: they begin at the folder of the file, so that the file
//! means the same wherever it is read from. Paths on a command line begin at the working directory.

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The settings that are paths, and their options on a command line.
const PATHS: [(&[&str], &str); 3] = [
    (&["data", "source", "path"], "--data"),
    (&["data", "split", "path"], "--validation"),
    (&["start", "checkpoint"], "--from"),
];

/// A relative path of a file in another folder.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RelativePath {
    keys: &'static [&'static str],
    option: &'static str,
    written: String,
    resolved: String,
}

/// Makes relative paths in the configuration of a file in `folder` begin at `folder`, and returns
/// the changed paths. Errors call the file `origin`.
///
/// # Errors
/// [`Error::Config`] when the folder's name is not UTF-8, which a configuration must be.
pub(crate) fn resolve(table: &mut Table, folder: &Path, origin: &str) -> Result<Vec<RelativePath>> {
    let mut changed = Vec::new();
    if folder == Path::new("") || folder == Path::new(".") {
        return Ok(changed);
    }
    for (keys, option) in PATHS {
        let Some(Value::String(path)) = value_at(table, keys) else { continue };
        if Path::new(&*path).is_absolute() {
            continue;
        }
        let resolved = folder.join(&*path).into_os_string().into_string().map_err(|_| {
            let problem = "the path is not UTF-8, which paths in a configuration file must be";
            Error::config(origin, problem)
        })?;
        let written = std::mem::replace(path, resolved.clone());
        changed.push(RelativePath { keys, option, written, resolved });
    }
    Ok(changed)
}

impl RelativePath {
    /// The path to the setting.
    pub(crate) fn field(&self) -> String {
        self.keys.join(".")
    }

    /// What is wrong if nothing lies at the resolved path, but something lies at the written path
    /// from the working directory; `table` is the configuration with all changes.
    pub(crate) fn problem(&self, table: &mut Table) -> Option<String> {
        let Self { option, written, resolved, .. } = self;
        let is_used = value_at(table, self.keys).is_some_and(|value| {
            value.as_str() == Some(resolved) && !PathBuf::from(resolved).exists()
        });
        (is_used && Path::new(written).exists()).then(|| {
            format!(
                "{} is {written}, but relative paths in a configuration file begin at its folder, \
                 and there is no {resolved}; {option} {written} takes the one in the working \
                 directory",
                self.field()
            )
        })
    }
}

fn value_at<'a>(table: &'a mut Table, keys: &[&str]) -> Option<&'a mut Value> {
    let (last, path) = keys.split_last()?;
    let section = path.iter().try_fold(table, |section, key| section.get_mut(*key)?.as_table_mut());
    section?.get_mut(*last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_begin_at_the_folder_of_their_file() {
        let text = "[data]\nsource = { path = \"x.h5\" }\nsplit = { path = \"/y.h5\" }\n\
                    [start]\ncheckpoint = \"../runs/a\"\n";
        let read = |folder: &str| {
            let mut table: Table = toml::from_str(text).unwrap();
            let changed = resolve(&mut table, Path::new(folder), "x.toml").unwrap();
            let fields: Vec<String> = changed.iter().map(RelativePath::field).collect();
            let paths = PATHS.map(|(keys, _)| {
                value_at(&mut table, keys).unwrap().as_str().unwrap().replace('\\', "/")
            });
            (fields.join(" "), paths)
        };
        let (fields, paths) = read("some/where");
        assert_eq!(fields, "data.source.path start.checkpoint");
        assert_eq!(paths, ["some/where/x.h5", "/y.h5", "some/where/../runs/a"]);
        for here in ["", "."] {
            assert_eq!(read(here), (String::new(), ["x.h5", "/y.h5", "../runs/a"].map(Into::into)));
        }
        let mut none = Table::new();
        assert!(resolve(&mut none, Path::new("a"), "x.toml").is_ok_and(|none| none.is_empty()));
    }
}
