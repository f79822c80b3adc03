//! The page itself: a table for every section, in the order of the code.

use crate::configuration_reference::types::{Choice, Field, Kind, Shape, Types};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt::Write;
use synfire::{ContinualExperiment, Experiment};
use toml::{Table, Value};

const HEAD: &str = "\
# Every key of a configuration file

Made from the comments of the code; do not edit. After a change of settings this writes it anew:
`UPDATE_DOCUMENTS=1 cargo test -p synfire --test integration configuration_reference`.

Keys carry their units (`_ms`, `_hz`, `_steps`). Every section of an experiment may be left out, and
every key but those whose default is `needed`. A section that comes in kinds names its own (`kind`,
`model`); the default is that of a section that is left out. Where the cell of a default is empty,
the text beside it ends with the default: a run's `config.toml` leaves such a key out until it is
changed. An unknown key is an error.
`--set SECTION.KEY=VALUE` changes one key on the command line. A setting that has two keys in two
units takes one of them. Relative paths begin at the folder of the file that has them, those on the
command line (`--set` too) at the working directory; a run stores them as absolute ones.

## Experiments: `synfire train FILE.toml`
";

/// Writes the page.
pub fn write(types: &Types) -> String {
    let mut page = Page {
        types,
        text: HEAD.to_owned(),
        shown: BTreeMap::new(),
        kinds: BTreeMap::new(),
        resolved: Some(resolved::<Experiment>),
    };
    page.section("", "Experiment", "");
    page.text.push_str("\n## Tasks one after the other: `synfire continual FILE.toml`\n");
    page.resolved = Some(resolved::<ContinualExperiment>);
    page.section("", "ContinualExperiment", "");
    page.text.push_str("\n## Networks to simulate: `synfire simulate FILE.toml`\n");
    page.resolved = None;
    page.section("", "NetworkFile", "");
    page.text
}

struct Page<'a> {
    types: &'a Types,
    text: String,
    /// Where a type has been shown.
    shown: BTreeMap<String, String>,
    /// The kind, as `key = "word"`, whose keys a type has.
    kinds: BTreeMap<String, String>,
    /// A text with every default, where sections have any.
    resolved: Option<fn(&str) -> Option<Table>>,
}

fn resolved<T: Serialize + DeserializeOwned>(text: &str) -> Option<Table> {
    Table::try_from(toml::from_str::<T>(text).ok()?).ok()
}

impl Page<'_> {
    /// A section at `path`; `setup` is TOML that makes it be there, in the kind at hand.
    fn section(&mut self, path: &str, name: &str, setup: &str) {
        let (doc, kind) = self.types.get(name);
        let (doc, kind) = (doc.to_owned(), kind.clone());
        if !path.is_empty() {
            write!(self.text, "\n### `{}`\n\n{doc}\n", heading(path)).unwrap();
        }
        if let Some(there) = self.shown.get(name) {
            let there = there.clone();
            let kind = self.default_of(path, setup, None);
            writeln!(self.text, "\nThe keys of `{there}`{kind}.").unwrap();
            return;
        }
        self.shown.insert(name.to_owned(), heading(path));
        match kind {
            Kind::Section(fields) => self.fields(path, &fields, setup),
            Kind::Tagged(tag, choices) => self.kinds(path, &tag, &choices, setup),
            Kind::Words(_) => unreachable!("{name} is no section"),
        }
    }

    fn fields(&mut self, path: &str, fields: &[Field], setup: &str) {
        let (flat, fields): (Vec<Field>, Vec<Field>) =
            fields.iter().cloned().partition(|field| field.is_flat);
        for field in flat {
            let Shape::Named(name) = &field.value else { panic!("{} is no section", field.name) };
            writeln!(self.text, "\nThe keys of `{}`, and:", self.kinds[name]).unwrap();
        }
        let fields = &fields[..];
        let setup = if setup.is_empty() && !path.is_empty() {
            format!("{}\n", heading(path))
        } else {
            setup.into()
        };
        self.table(path, fields, &setup);
        for field in fields {
            if let Some((inner, is_list)) = self.inner(&field.value) {
                let joint = if path.is_empty() { "" } else { "." };
                let mark = if is_list { "[]" } else { "" };
                // A section within one of another kind than the default is there with that kind.
                let is_section = matches!(self.types.get(&inner).1, Kind::Section(_));
                let setup = if is_section { setup.as_str() } else { "" };
                self.section(&format!("{path}{joint}{}{mark}", field.name), &inner, setup);
            }
        }
    }

    fn kinds(&mut self, path: &str, tag: &str, choices: &[Choice], setup: &str) {
        let default = self.default_of(path, setup, Some(tag));
        let words: Vec<String> =
            choices.iter().map(|choice| format!("`{:?}`", choice.word)).collect();
        let default =
            if default.is_empty() { String::new() } else { format!("; default {default}") };
        writeln!(self.text, "\nThe key `{tag}` tells which: {}{default}.", words.join(", "))
            .unwrap();
        for choice in choices {
            writeln!(self.text, "\n**`{tag} = {:?}`**: {}", choice.word, choice.doc).unwrap();
            let setup = format!("{}\n{tag} = {:?}\n", heading(path), choice.word);
            if let Some(inner) = &choice.inner {
                self.kinds.insert(inner.clone(), format!("{tag} = {:?}", choice.word));
            }
            let fields = match &choice.inner {
                Some(inner) => match self.types.get(inner).1 {
                    Kind::Section(fields) => fields.clone(),
                    other => panic!("{inner}: {other:?}"),
                },
                None => choice.fields.clone(),
            };
            if !fields.is_empty() {
                self.fields(path, &fields, &setup);
            }
        }
    }

    fn table(&mut self, path: &str, fields: &[Field], setup: &str) {
        let plain: Vec<&Field> =
            fields.iter().filter(|field| self.inner(&field.value).is_none()).collect();
        if plain.is_empty() {
            return;
        }
        self.text.push_str("\n| key | value | default | |\n|---|---|---|---|\n");
        for field in plain {
            let default = match &field.value {
                Shape::Optional(_) => "none".into(),
                _ if !field.has_default && self.resolved.is_none() => "needed".into(),
                _ => match self.default_of(path, setup, Some(&field.name)) {
                    none if none.is_empty() && !field.has_default => "needed".into(),
                    default => default,
                },
            };
            let (value, words) = self.in_words(&field.value);
            let doc = format!("{}{words}", field.doc).replace('|', "\\|");
            writeln!(self.text, "| `{}` | {value} | {default} | {doc} |", field.name).unwrap();
        }
    }

    /// The type of a section, and whether there is a list of them; none for a value.
    fn inner(&self, value: &Shape) -> Option<(String, bool)> {
        match value {
            Shape::Named(name) => match self.types.get(name).1 {
                Kind::Words(_) => None,
                _ => Some((name.clone(), false)),
            },
            Shape::Optional(value) => self.inner(value),
            Shape::List(value) => self.inner(value).map(|(name, _)| (name, true)),
            _ => None,
        }
    }

    /// The value in words, and what each word of a choice means.
    fn in_words(&self, value: &Shape) -> (String, String) {
        match value {
            Shape::Plain(words) => ((*words).into(), String::new()),
            Shape::Optional(value) => self.in_words(value),
            Shape::List(value) => {
                let (value, words) = self.in_words(value);
                (format!("list of: {value}"), words)
            }
            Shape::Tuple(values) => {
                let values: Vec<String> =
                    values.iter().map(|value| self.in_words(value).0).collect();
                (format!("[{}]", values.join(", ")), String::new())
            }
            Shape::Named(name) => match self.types.get(name).1 {
                Kind::Words(choices) => {
                    let quoted: Vec<String> =
                        choices.iter().map(|choice| format!("`{:?}`", choice.word)).collect();
                    let told: String = choices
                        .iter()
                        .map(|choice| format!("<br>`{}`: {}", choice.word, choice.doc))
                        .collect();
                    (quoted.join(", "), told)
                }
                other => panic!("{name}: {other:?}"),
            },
        }
    }

    /// The default at a place, as TOML; without a key, the kind that a section has by default.
    fn default_of(&self, path: &str, setup: &str, key: Option<&str>) -> String {
        let whole = match self.resolved {
            Some(resolved) => resolved(setup),
            None => resolved::<Experiment>(""),
        };
        let Some(whole) = whole else { return String::new() };
        let mut place = Value::Table(whole);
        for part in path.split('.').filter(|part| !part.is_empty()) {
            let name = part.trim_end_matches("[]");
            let Some(mut inner) = place.get(name).cloned() else { return String::new() };
            if part.ends_with("[]") {
                let Some(first) = inner.as_array().and_then(|list| list.first().cloned()) else {
                    return String::new();
                };
                inner = first;
            }
            place = inner;
        }
        match key {
            Some(key) => match place.get(key) {
                Some(value) => format!("`{value}`"),
                None if self.resolved.is_none() => "`0`".into(),
                None => String::new(),
            },
            None => {
                let tag =
                    ["kind", "model", "slope"].into_iter().find(|tag| place.get(*tag).is_some());
                tag.map_or(String::new(), |tag| format!("; by default `{tag} = {}`", place[tag]))
            }
        }
    }
}

/// `[a.b]` of a section, `[[a.b]]` of one of several.
fn heading(path: &str) -> String {
    match path.strip_suffix("[]") {
        Some(list) => format!("[[{list}]]"),
        None => format!("[{}]", path.replace("[]", "")),
    }
}
