//! Changes that are laid over a configuration file: `--set KEY=VALUE` and its like.

use crate::error::{Error, Result};
use crate::toml_place::TAGS;
use crate::twin_keys::twin_of;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// One change that is laid over a configuration file.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    change: Change,
    /// What was typed, as errors call it.
    origin: String,
}

#[derive(Debug, Clone, PartialEq)]
enum Change {
    /// One `key.path = value`.
    Value { keys: Vec<String>, value: toml::Value },
    /// The samples come from this file, whatever the source was before.
    File(String),
    /// The network starts from this checkpoint, whatever it started from before.
    Start(String),
}

impl Override {
    /// Reads `a.b=c`. The value is TOML where it can be read as such (`3`, `true`, `[3, 9]`, `{kind
    /// = "cosine"}`), otherwise a string.
    ///
    /// # Errors
    /// [`Error::Config`] when there is no `=` or an empty key.
    pub fn parse(text: &str) -> Result<Self> {
        Self::named(format!("--set {text}"), text)
    }

    /// As [`Self::parse`], for an option of another name: `origin` is what errors call it.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn named(origin: impl Into<String>, text: &str) -> Result<Self> {
        let origin = origin.into();
        let wrong = |problem: &str| Error::config(&origin, problem);
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| wrong("expected KEY=VALUE, e.g. training.epochs=30"))?;
        let keys: Vec<String> = key.split('.').map(|part| part.trim().to_owned()).collect();
        if keys.iter().any(String::is_empty) {
            return Err(wrong("a part of the key is empty; expected e.g. training.epochs=30"));
        }
        let value = value.trim();
        // Whatever TOML makes of the right-hand side of an assignment.
        let parsed = toml::from_str::<toml::Table>(&format!("value = {value}"))
            .ok()
            .filter(|table| table.len() == 1);
        if parsed.is_none() && value.parse::<i128>().is_ok() {
            return Err(wrong(
                "this integer is too large; integers lie between -2^63 and 2^63 - 1",
            ));
        }
        let value = parsed
            .and_then(|mut table| table.remove("value"))
            .unwrap_or_else(|| toml::Value::String(value.to_owned()));
        Ok(Self { change: Change::Value { keys, value }, origin })
    }

    /// The samples of a file: made-up data give way to it, and a file's other settings stay. Values
    /// set later are laid over it.
    ///
    /// # Errors
    /// [`Error::Config`] when the path is not UTF-8, which a configuration file must be.
    pub fn file(path: &Path) -> Result<Self> {
        Self::of_path(format!("--data {}", path.display()), path, Change::File)
    }

    /// The network starts from a checkpoint: a `.safetensors` file or the folder of a run.
    ///
    /// # Errors
    /// As [`Self::file`].
    pub fn start(path: &Path) -> Result<Self> {
        Self::of_path(format!("--from {}", path.display()), path, Change::Start)
    }

    fn of_path(origin: String, path: &Path, change: fn(String) -> Change) -> Result<Self> {
        match path.to_str() {
            Some(path) => Ok(Self { change: change(path.to_owned()), origin }),
            None => Err(Error::config(
                origin,
                "the path is not UTF-8, which a configuration file must be",
            )),
        }
    }

    /// The samples of a file validate, whatever the split was before. Values set later are laid
    /// over it.
    ///
    /// # Errors
    /// As [`Self::file`].
    pub fn validation_file(path: &Path) -> Result<Self> {
        let origin = format!("--validation {}", path.display());
        let Some(path) = path.to_str() else {
            let problem = "the path is not UTF-8, which a configuration file must be";
            return Err(Error::config(origin, problem));
        };
        let split = [("by", "file"), ("path", path)].map(|(key, value)| (key.into(), value.into()));
        let value = toml::Value::Table(toml::Table::from_iter(split));
        let keys = ["data", "split"].map(str::to_owned).to_vec();
        Ok(Self { change: Change::Value { keys, value }, origin })
    }

    /// What was typed, as errors call it.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether it says which file the samples come from.
    pub(crate) fn names_recordings(&self) -> bool {
        self.sets(&["data".into(), "source".into()], "path")
    }

    /// Whether it says which samples validate.
    pub(crate) fn names_split(&self) -> bool {
        let begins = |keys: &[String]| keys.starts_with(&["data".into(), "split".into()]);
        matches!(&self.change, Change::Value { keys, .. } if begins(keys))
    }

    /// Whether it says what the network starts from.
    pub(crate) fn names_start(&self) -> bool {
        self.sets(&["start".into()], "checkpoint")
    }

    /// What it changes, as a description tells of it: `network.delays=none`. Nothing for what no
    /// description speaks of: the seed, the place of recordings that replace none, the start.
    /// `reads_file` tells whether the samples came from a file before.
    pub(crate) fn told(&self, reads_file: bool) -> Option<String> {
        match &self.change {
            Change::Value { keys, .. }
                if ["seed", "name", "description", "start"].contains(&keys[0].as_str()) =>
            {
                None
            }
            Change::Value { keys, value } if keys == &["data", "split"] => {
                let path = value.get("path").and_then(toml::Value::as_str).map(Path::new);
                let name = path.and_then(Path::file_name).map(|name| name.to_string_lossy());
                let split = || format!("data.split={}", told(value));
                Some(name.map_or_else(split, |name| format!("validated on {name}")))
            }
            Change::Value { keys, value } => Some(format!("{}={}", keys.join("."), told(value))),
            Change::File(_) if reads_file => None,
            Change::File(path) => {
                let name = Path::new(path).file_name().and_then(|name| name.to_str());
                Some(format!("samples of {}", name.unwrap_or(path)))
            }
            Change::Start(_) => None,
        }
    }

    /// `resolved` is the same configuration with every default: a section that the file leaves out
    /// begins as the kind it has there. Where the kind of a section changes, the values it had as
    /// the old kind give way, except for those that `earlier` changes set.
    pub(crate) fn apply<C: DeserializeOwned + Serialize>(
        &self,
        table: &mut toml::Table,
        resolved: &toml::Table,
        earlier: &[Self],
        kind_of_files: &str,
    ) -> Result<()> {
        match &self.change {
            Change::Value { keys, value } => {
                let (last, path) = keys.split_last().expect("a key has at least one part");
                let known = self.keys_of_new_kind::<C>(resolved)?;
                let section = self.section(path, table, resolved)?;
                if let Some(known) = known {
                    let is_set = |key: &str| earlier.iter().any(|change| change.sets(path, key));
                    let has = |key: &str| known.contains_key(key);
                    section
                        .retain(|key, _| has(key) || twin_of(key).is_some_and(has) || is_set(key));
                }
                // The same setting in another unit gives way, unless it was typed too: then
                // both are refused.
                section.retain(|key, _| twin_of(last) != Some(key));
                section.insert(last.clone(), value.clone());
            }
            Change::File(path) => {
                let data = self.section(&["data".into()], table, resolved)?;
                let kind = data.get("source").and_then(|source| source.get("kind"));
                if kind.and_then(toml::Value::as_str) == Some("clusters") {
                    let problem = "the experiment makes its own images, whose scale its input has; \
                                   leave --data out, or take a recipe for images, as pmnist";
                    return Err(Error::config(path.clone(), problem));
                }
                let mut source = match data.remove("source") {
                    Some(toml::Value::Table(source))
                        if source.get("kind").and_then(toml::Value::as_str)
                            == Some(kind_of_files) =>
                    {
                        source
                    }
                    _ => toml::Table::from_iter([("kind".into(), kind_of_files.into())]),
                };
                source.insert("path".into(), path.as_str().into());
                data.insert("source".into(), source.into());
            }
            Change::Start(path) => {
                let start = toml::Table::from_iter([("checkpoint".into(), path.as_str().into())]);
                table.insert("start".into(), start.into());
            }
        }
        Ok(())
    }

    /// The section with the defaults of its new kind, if this change gives it one; `None` too for a
    /// kind that does not exist.
    fn keys_of_new_kind<C: DeserializeOwned + Serialize>(
        &self,
        resolved: &toml::Table,
    ) -> Result<Option<toml::Table>> {
        let Change::Value { keys, value } = &self.change else { return Ok(None) };
        let (last, path) = keys.split_last().expect("a key has at least one part");
        let find = |table: &toml::Table| {
            let section = path.iter().try_fold(table, |section, key| section.get(key)?.as_table());
            section.cloned()
        };
        let changes = |section: &toml::Table| {
            TAGS.contains(&last.as_str()) && section.get(last).is_some_and(|kind| kind != value)
        };
        if !find(resolved).is_some_and(|section| changes(&section)) {
            return Ok(None);
        }
        let mut alone = toml::Table::new();
        self.section(path, &mut alone, resolved)?.insert(last.clone(), value.clone());
        let resolved = C::deserialize(alone)
            .ok()
            .and_then(|configuration| toml::Table::try_from(configuration).ok());
        Ok(resolved.and_then(|resolved| find(&resolved)))
    }

    /// Whether this change sets `key` of the section at `path`, or something within.
    pub(crate) fn sets(&self, path: &[String], key: &str) -> bool {
        match &self.change {
            Change::Value { keys, .. } => keys
                .strip_prefix(path)
                .is_some_and(|rest| rest.first().is_some_and(|first| first == key)),
            Change::File(_) => path == ["data", "source"] && key == "path",
            Change::Start(_) => path == ["start"] && key == "checkpoint",
        }
    }

    fn section<'a>(
        &self,
        path: &[String],
        table: &'a mut toml::Table,
        resolved: &toml::Table,
    ) -> Result<&'a mut toml::Table> {
        let mut place = table;
        let mut default = Some(resolved);
        for key in path {
            default = default.and_then(|section| section.get(key)).and_then(toml::Value::as_table);
            let tags =
                default.into_iter().flatten().filter(|(key, _)| TAGS.contains(&key.as_str()));
            let entry = place.entry(key.clone()).or_insert_with(|| {
                let tags = tags.map(|(key, value)| (key.clone(), value.clone()));
                toml::Value::Table(tags.collect())
            });
            place = entry.as_table_mut().ok_or_else(|| {
                Error::config(&self.origin, format!("{key} is a value, not a section"))
            })?;
        }
        Ok(place)
    }

    /// Keeps the file where a later change replaced the whole source by one of a file without its
    /// path.
    pub(crate) fn keep_file(&self, table: &mut toml::Table, kind_of_files: &str) -> Result<()> {
        let Change::File(path) = &self.change else { return Ok(()) };
        let source = table
            .get_mut("data")
            .and_then(|data| data.get_mut("source"))
            .and_then(toml::Value::as_table_mut);
        let Some(source) = source else { return Ok(()) };
        if source.get("kind").is_some_and(|kind| kind.as_str() != Some(kind_of_files)) {
            return Err(Error::config(
                &self.origin,
                format!("a file is named, but data.source.kind is not {kind_of_files:?}"),
            ));
        }
        source.entry("path").or_insert_with(|| path.as_str().into());
        Ok(())
    }

    /// Whether two changes give one key different values, or one setting in two units.
    pub(crate) fn contradicts(&self, other: &Self) -> bool {
        let parts = |change: &Change| match change {
            Change::Value { keys, value } => (keys.clone(), value.clone()),
            Change::File(path) => {
                (["data", "source", "path"].map(str::to_owned).to_vec(), path.as_str().into())
            }
            Change::Start(path) => {
                (["start", "checkpoint"].map(str::to_owned).to_vec(), path.as_str().into())
            }
        };
        let ((keys, value), (other_keys, other_value)) =
            (parts(&self.change), parts(&other.change));
        let is_twin = || match (keys.split_last(), other_keys.split_last()) {
            (Some((last, path)), Some((other, other_path))) => {
                path == other_path && twin_of(last) == Some(other.as_str())
            }
            _ => false,
        };
        keys == other_keys && value != other_value || is_twin()
    }
}

/// A value as it is typed behind `--set KEY=`.
fn told(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_overrides_are_toml_or_else_text() {
        let value = |text: &str| match Override::parse(&format!("key={text}")).unwrap().change {
            Change::Value { value, .. } => value,
            Change::File(_) | Change::Start(_) => unreachable!(),
        };
        assert_eq!(value("3"), toml::Value::Integer(3));
        assert_eq!(value(" 2.5e-3"), toml::Value::Float(2.5e-3));
        assert_eq!(value("true"), toml::Value::Boolean(true));
        assert_eq!(value("table"), toml::Value::String("table".into()));
        assert_eq!(value("a=b"), toml::Value::String("a=b".into()));
        assert_eq!(
            value("1\nother = 2"),
            toml::Value::String("1\nother = 2".into()),
            "one override sets one key"
        );
    }
}
