//! Where in a TOML file an error is, down to the line of the key.
//!
//! The reader knows the location of most errors. In a section whose kind is named by a key of its
//! own (`kind`, `model`, `slope`) it knows only the section. There, the key at fault is found by
//! leaving out one key after the other: without the key at fault, the error changes or is gone.
//!
//! An error of the reader (`toml::de::Error`, version 1.2) has two parts: a message and a span. The
//! trait `serde::de::Error` tells an error of its kind (an unknown field, a missing one, a wrong
//! type), but the reader keeps only the words. A structured error would need a deserialiser of
//! every kind of value in this crate. So [`sentence`] shortens these words, and two errors are
//! compared by them; no other file takes a message apart.

use crate::error::{Error, Result};
use crate::nearest::hint;
use serde::de::DeserializeOwned;
use std::ops::Range;
use toml::Value;
use toml::de::{DeTable, DeValue};

/// Keys that tell which of several kinds a section is of.
pub(crate) const TAGS: [&str; 3] = ["kind", "model", "slope"];

/// One step on the way from the root of a file to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// Reads the text of a TOML file; `origin` is what errors call it.
///
/// # Errors
/// [`Error::Config`]: one sentence that names the file, line and column, and what was expected.
pub(crate) fn read<T: DeserializeOwned>(origin: &str, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| {
        let place = culprit::<T>(text, &error).or_else(|| error.span());
        let place = place.map_or(String::new(), |span| line_and_column(text, span.start));
        Error::config(format!("{origin}{place}"), sentence(error.message()))
    })
}

/// The file with line and column of the setting at the path `field`, as in `network.hidden[1]`; the
/// file alone where it does not set `field`.
pub(crate) fn origin_of(origin: &str, text: &str, field: &str) -> String {
    let place = || {
        let path = path_of(field)?;
        let root = DeTable::parse(text).ok()?;
        let span = span_of(&DeValue::Table(root.into_inner()), &path, 0..0, false)?;
        Some(line_and_column(text, span.start))
    };
    format!("{origin}{}", place().unwrap_or_default())
}

/// The reader's message on one line, without names of types, which only programmers know.
pub(crate) fn sentence(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((problem, expected)) = line.rsplit_once(", expected ") else { return line };
    let plain = match expected {
        "usize" | "u64" | "u32" => "a whole number, at least 0",
        "u16" => "a whole number from 0 to 65535",
        "f64" | "f32" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "a section",
        "variant identifier" => "a word",
        _ if expected.starts_with("struct ") || expected.starts_with("internally tagged enum ") => {
            "a section"
        }
        _ if !problem.starts_with("unknown ") => return line,
        _ => {
            let quoted = |text| str::split(text, '`').skip(1).step_by(2);
            let typed = quoted(problem).next().unwrap_or_default();
            return format!("{line}{}", hint(typed, quoted(expected)));
        }
    };
    format!("{problem}, expected {plain}")
}

/// `:LINE:COLUMN` of a byte, both counted from 1.
fn line_and_column(text: &str, at: usize) -> String {
    let before = &text[..at.min(text.len())];
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(":{}:{column}", before.matches('\n').count() + 1)
}

/// The location of the key at fault, where the reader knows only its section.
fn culprit<T: DeserializeOwned>(text: &str, error: &toml::de::Error) -> Option<Range<usize>> {
    let root = DeTable::parse(text).ok()?.into_inner();
    let root = DeValue::Table(root);
    let mut path = path_to_section(&root, &error.span()?)?;
    let mut whole = Value::Table(toml::from_str(text).ok()?);
    let problem = problem_of::<T>(&whole)?;
    let outer = path.len();
    while let Some(key) = key_at_fault::<T>(&mut whole, &path, &problem) {
        path.push(key);
    }
    if path.len() == outer {
        return None;
    }
    let is_unknown = |key: &str| problem.contains(&format!("unknown field `{key}`"));
    let is_key = matches!(path.last(), Some(Step::Key(key)) if is_unknown(key));
    span_of(&root, &path, 0..0, is_key)
}

fn problem_of<T: DeserializeOwned>(whole: &Value) -> Option<String> {
    T::deserialize(whole.clone()).err().map(|error| error.message().to_owned())
}

/// The key of the section at `path` without which the problem changes. If there is no such key, a
/// key that the section needs.
fn key_at_fault<T: DeserializeOwned>(
    whole: &mut Value,
    path: &[Step],
    problem: &str,
) -> Option<Step> {
    let [found, needed] = candidates::<T>(whole, path, problem);
    found.or(needed)
}

/// Two keys of the section at `path`. Without the first, the problem changes. The second is a key
/// that the section needs: its absence would hide the problem.
fn candidates<T: DeserializeOwned>(
    whole: &mut Value,
    path: &[Step],
    problem: &str,
) -> [Option<Step>; 2] {
    let keys: Vec<Step> = match value_at(whole, path) {
        Some(Value::Table(section)) => section.keys().cloned().map(Step::Key).collect(),
        Some(Value::Array(entries)) => (0..entries.len()).map(Step::Index).collect(),
        _ => return [None, None],
    };
    let mut needed = None;
    let found = keys.into_iter().find(|key| match key {
        Step::Key(name) => {
            let Some(Value::Table(section)) = value_at(whole, path) else { return false };
            let before = section.clone();
            section.remove(name);
            let now = problem_of::<T>(whole);
            if let Some(Value::Table(section)) = value_at(whole, path) {
                *section = before;
            }
            // Without a key that it needs, a section shows only that fault. Without the key of its
            // kind, a section may be taken for another kind.
            let is_needed = now.as_deref() == Some(&format!("missing field `{name}`"));
            let is_kind = TAGS.contains(&name.as_str()) && now.as_deref() != Some(problem);
            if is_needed || is_kind {
                needed = Some(key.clone());
                return false;
            }
            now.as_deref() != Some(problem)
        }
        // A list may need its length, so no entry is left out: the fault must be within an entry.
        Step::Index(_) => {
            let path = [path, std::slice::from_ref(key)].concat();
            let [within, hidden] = candidates::<T>(whole, &path, problem);
            needed = needed.take().or(hidden.map(|_| key.clone()));
            within.is_some()
        }
    });
    [found, needed]
}

fn value_at<'a>(whole: &'a mut Value, path: &[Step]) -> Option<&'a mut Value> {
    path.iter().try_fold(whole, |value, step| match (step, value) {
        (Step::Key(key), Value::Table(section)) => section.get_mut(key),
        (Step::Index(index), Value::Array(entries)) => entries.get_mut(*index),
        _ => None,
    })
}

/// The way to the section with this span.
fn path_to_section(value: &DeValue<'_>, span: &Range<usize>) -> Option<Vec<Step>> {
    let below = |step: Step, found: &Range<usize>, value: &DeValue<'_>| {
        if found == span && matches!(value, DeValue::Table(_)) {
            return Some(vec![step]);
        }
        let rest = path_to_section(value, span)?;
        Some([vec![step], rest].concat())
    };
    match value {
        DeValue::Table(section) => section.iter().find_map(|(key, value)| {
            below(Step::Key(key.get_ref().to_string()), &value.span(), value.get_ref())
        }),
        DeValue::Array(entries) => entries
            .iter()
            .enumerate()
            .find_map(|(index, value)| below(Step::Index(index), &value.span(), value.get_ref())),
        _ => None,
    }
}

/// The span of the value at the end of `path`, or of its key; `here` is the span of `value`.
fn span_of(
    value: &DeValue<'_>,
    path: &[Step],
    here: Range<usize>,
    of_key: bool,
) -> Option<Range<usize>> {
    let Some((step, rest)) = path.split_first() else { return Some(here) };
    match (step, value) {
        (Step::Key(name), DeValue::Table(section)) => {
            let (key, value) = section.iter().find(|(key, _)| key.get_ref() == name.as_str())?;
            let here = if of_key { key.span() } else { value.span() };
            span_of(value.get_ref(), rest, here, of_key)
        }
        (Step::Index(index), DeValue::Array(entries)) => {
            let value = entries.get(*index)?;
            span_of(value.get_ref(), rest, value.span(), of_key)
        }
        _ => None,
    }
}

/// `a.b[2].c` as steps.
fn path_of(words: &str) -> Option<Vec<Step>> {
    let mut path = Vec::new();
    for part in words.split('.') {
        let (key, indices) = part.split_at(part.find('[').unwrap_or(part.len()));
        path.push(Step::Key(key.to_owned()));
        for index in indices.split_terminator(']') {
            path.push(Step::Index(index.strip_prefix('[')?.parse().ok()?));
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests;
