//! Relative paths in a configuration file: they begin at the folder of the file, so that the file
//! means the same wherever it is read from. Paths on a command line begin at the working directory.

use crate::error::{Error, Result};
use std::path::Path;
use toml::{Table, Value};

/// The settings that are paths; `*` stands for every entry of a list. Where there is an option for
/// it, what is typed before a path on a command line.
const PATHS: [(&str, Option<&str>); 6] = [
    ("data.source.path", Some("--data ")),
    ("data.split.path", Some("--validation ")),
    ("start.checkpoint", Some("--from ")),
    ("tasks.file", Some("--set tasks.file=")),
    ("tasks.task.*.data", None),
    ("tasks.task.*.permutation.file", None),
];

/// A relative path of a file in another folder.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RelativePath {
    /// The path to the setting, as in `tasks.task[1].data`.
    field: String,
    option: Option<&'static str>,
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
        for (field, path) in paths_at(table, keys) {
            if Path::new(&*path).is_absolute() {
                continue;
            }
            let resolved = folder.join(&*path).into_os_string().into_string().map_err(|_| {
                let problem = "the path is not UTF-8, which paths in a configuration file must be";
                Error::config(origin, problem)
            })?;
            let written = std::mem::replace(path, resolved.clone());
            changed.push(RelativePath { field, option, written, resolved });
        }
    }
    Ok(changed)
}

impl RelativePath {
    /// The path to the setting.
    pub(crate) fn field(&self) -> &str {
        &self.field
    }

    /// What is wrong if nothing lies at the resolved path, but something lies at the written path
    /// from the working directory; `table` is the configuration with all changes.
    pub(crate) fn problem(&self, table: &mut Table) -> Option<String> {
        let Self { field, option, written, resolved } = self;
        let is_used = PATHS.iter().any(|(keys, _)| {
            let mut now = paths_at(table, keys).into_iter();
            now.any(|(of, path)| of == *field && path == resolved)
        });
        let is_missing = is_used && !Path::new(resolved).exists();
        (is_missing && Path::new(written).exists()).then(|| {
            let remedy = option.map_or(String::new(), |option| {
                format!("; {option}{written} takes the one in the working directory")
            });
            format!(
                "{field} is {written}, but relative paths in a configuration file begin at its \
                 folder, and there is no {resolved}{remedy}"
            )
        })
    }
}

/// The texts at `keys`, each with the path to its setting.
fn paths_at<'a>(table: &'a mut Table, keys: &str) -> Vec<(String, &'a mut String)> {
    let (first, rest) = keys.split_once('.').unwrap_or((keys, ""));
    let Some(value) = table.get_mut(first) else { return Vec::new() };
    texts_in(value, first.to_owned(), rest)
}

/// The texts at `keys` within a value, which stands at `field`.
fn texts_in<'a>(value: &'a mut Value, field: String, keys: &str) -> Vec<(String, &'a mut String)> {
    let (first, rest) = keys.split_once('.').unwrap_or((keys, ""));
    match value {
        Value::String(text) if keys.is_empty() => vec![(field, text)],
        Value::Array(entries) if first == "*" => {
            let entries = entries.iter_mut().enumerate();
            let within = |(index, entry)| texts_in(entry, format!("{field}[{index}]"), rest);
            entries.flat_map(within).collect()
        }
        Value::Table(section) => match section.get_mut(first) {
            Some(value) => texts_in(value, format!("{field}.{first}"), rest),
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_begin_at_the_folder_of_their_file() {
        let text = "[data]\nsource = { path = \"x.h5\" }\nsplit = { path = \"/y.h5\" }\n\
                    [start]\ncheckpoint = \"../runs/a\"\n[tasks]\nfile = \"orders.json\"\n\
                    [[tasks.task]]\nname = \"a\"\n[[tasks.task]]\ndata = \"images\"\n\
                    permutation = { file = \"z.json\" }\n";
        let read = |folder: &str| {
            let mut table: Table = toml::from_str(text).unwrap();
            let changed = resolve(&mut table, Path::new(folder), "x.toml").unwrap();
            let fields: Vec<&str> = changed.iter().map(RelativePath::field).collect();
            let mut paths = Vec::new();
            for (keys, _) in PATHS {
                let found = paths_at(&mut table, keys).into_iter();
                paths.extend(found.map(|(_, path)| path.replace('\\', "/")));
            }
            (fields.join(" "), paths)
        };
        let (fields, paths) = read("some/where");
        let expected = "data.source.path start.checkpoint tasks.file tasks.task[1].data \
                        tasks.task[1].permutation.file";
        assert_eq!(fields, expected);
        let [x, y, start, file, images, z] =
            ["x.h5", "/y.h5", "../runs/a", "orders.json", "images", "z.json"];
        let beneath = |path: &str| format!("some/where/{path}");
        let moved = [beneath(x), y.into(), beneath(start), beneath(file), beneath(images)];
        assert_eq!(paths, [&moved[..], &[beneath(z)]].concat());
        for here in ["", "."] {
            assert_eq!(
                read(here),
                (String::new(), [x, y, start, file, images, z].map(Into::into).into())
            );
        }
        let mut none = Table::new();
        assert!(resolve(&mut none, Path::new("a"), "x.toml").is_ok_and(|none| none.is_empty()));
    }
}
