//! Configuration files: read, changed from the command line, completed, checked.

use crate::error::{Error, Result};
use crate::overrides::Override;
use crate::relative_paths;
use crate::toml_place::{self, sentence};
use crate::twin_keys::first_double;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// What a configuration file holds.
pub(crate) trait Configuration: Serialize + DeserializeOwned + Default + PartialEq {
    /// The kind of `data.source` that a file or folder on the command line is.
    const KIND_OF_FILES: &'static str;

    /// What is wrong with a text that is no such configuration, where it is another kind of file.
    fn other_file(_origin: &str, _text: &str) -> Option<Error> {
        None
    }

    /// The configuration with what follows from other values, checked; `name` is its name where it
    /// has none.
    fn completed(self, name: &str) -> std::result::Result<Self, Problem>;

    /// Whether the samples come from a file.
    fn reads_file(&self) -> bool;

    /// One line for people.
    fn description_mut(&mut self) -> &mut String;
}

/// What is wrong with a configuration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    /// The path to the setting, where it is one.
    pub field: Option<String>,
    pub text: String,
}

impl Problem {
    pub(crate) fn of(error: &Error) -> Self {
        let field = match error {
            Error::Setting { field, .. } => field.clone(),
            Error::Core(error) => error.field().map(|field| field.path().to_owned()),
            _ => None,
        };
        Self { field, text: error.to_string() }
    }
}

/// What a description says before the changes that were laid over its experiment.
const CHANGED: &str = "changed: ";

/// Reads the text of a configuration file in `folder`, where its relative paths begin; `origin` is
/// what errors call it, `name` its name where the text has none.
///
/// # Errors
/// [`Error::Config`]: one sentence that names the file, the line and what was expected.
pub(crate) fn parse<C: Configuration>(
    folder: &Path,
    text: &str,
    origin: &str,
    name: &str,
    overrides: &[Override],
) -> Result<C> {
    for (index, change) in overrides.iter().enumerate() {
        if let Some(earlier) = overrides[..index].iter().find(|earlier| earlier.contradicts(change))
        {
            return Err(Error::config(
                change.origin(),
                format!("contradicts {}", earlier.origin()),
            ));
        }
    }
    // The file alone first: only then do errors know their line.
    let read = toml_place::read::<C>(origin, text);
    read.map_err(|error| C::other_file(origin, text).unwrap_or(error))?;
    let mut table = toml_place::read::<toml::Table>(origin, text)?;
    let relative = relative_paths::resolve(&mut table, folder, origin)?;
    let experiment = C::deserialize(table.clone())
        .map_err(|error| Error::config(origin, sentence(error.message())))?;
    let refuse_double = |table: &toml::Table| match first_double(table) {
        Some((section, [usual, other])) => Err(Problem {
            field: Some(format!("{section}.{usual}")),
            text: format!(
                "{section}.{usual} and {section}.{other} are one setting in two units; leave \
                 one out"
            ),
        }),
        None => Ok(()),
    };
    let mut outcome = refuse_double(&table).and_then(|()| experiment.completed(name));
    let mut changes = Vec::new();
    let mut blamed = origin;
    let mut resolved = toml::Table::new();
    // One by one, so that an error names the override it comes from, unless only all of them
    // together make sense.
    for (index, change) in overrides.iter().enumerate() {
        // Of what only later changes make valid, the kinds before it are known.
        if let Some(table) = C::deserialize(table.clone())
            .ok()
            .and_then(|experiment| toml::Table::try_from(experiment).ok())
        {
            resolved = table;
        }
        if let Err(error) =
            change.apply::<C>(&mut table, &resolved, &overrides[..index], C::KIND_OF_FILES)
        {
            // It may fail only because of what an earlier one did.
            return Err(outcome.err().map_or(error, |problem| Error::config(blamed, problem.text)));
        }
        overrides[..index]
            .iter()
            .try_for_each(|earlier| earlier.keep_file(&mut table, C::KIND_OF_FILES))?;
        let changed = C::deserialize(table.clone())
            .map_err(|error| Problem { field: None, text: sentence(error.message()) });
        let changed =
            refuse_double(&table).and(changed).and_then(|experiment| experiment.completed(name));
        if changed.as_ref().err() != outcome.as_ref().err() {
            blamed = change.origin();
        }
        // What was set to what it had been is no change.
        if changed != outcome {
            let before = outcome.unwrap_or_default();
            changes.extend(change.told(before.reads_file()));
        }
        outcome = changed;
    }
    let experiment = outcome.map_err(|problem| {
        let is_file = blamed == origin;
        let field = problem.field.as_deref().filter(|_| is_file);
        let place = field.map(|field| toml_place::origin_of(origin, text, field));
        Error::config(place.unwrap_or_else(|| blamed.to_owned()), problem.text)
    })?;
    if let Some((path, problem)) =
        relative.iter().find_map(|path| Some((path, path.problem(&mut table)?)))
    {
        let place = toml_place::origin_of(origin, text, path.field());
        return Err(Error::config(place, problem));
    }
    let is_described = overrides.iter().any(|change| change.sets(&[], "description"));
    Ok(if is_described { experiment } else { described_with(experiment, &changes) })
}

/// The configuration with a description that tells what was changed in it.
fn described_with<C: Configuration>(mut configuration: C, changes: &[String]) -> C {
    let description = configuration.description_mut();
    if !changes.is_empty() {
        let begin = match (description.is_empty(), description.contains(CHANGED)) {
            (true, _) => CHANGED.to_owned(),
            (false, true) => ", ".to_owned(),
            (false, false) => format!("; {CHANGED}"),
        };
        *description += &format!("{begin}{}", changes.join(", "));
    }
    configuration
}

/// A name for an experiment in a file called `stem`: the same with every run of letters that a
/// name cannot have replaced by a dash.
pub(crate) fn name_of(stem: &str) -> String {
    // Accents that some systems write as characters of their own.
    let letters = stem.chars().filter(|letter| !('\u{300}'..='\u{36f}').contains(letter));
    let kept: String =
        letters.map(|letter| if is_of_name(letter) { letter } else { ' ' }).collect();
    let name = kept.split_whitespace().collect::<Vec<_>>().join("-");
    let name = name.trim_start_matches('.');
    if name.is_empty() { "experiment".into() } else { name.into() }
}

/// Checks the name of an experiment.
///
/// # Errors
/// [`sim_core::Error::OutOfRange`] for a name that a folder should not have.
pub(crate) fn check_name(name: &str) -> Result<()> {
    if !name.is_empty() && !name.starts_with('.') && name.chars().all(is_of_name) {
        return Ok(());
    }
    let allowed = "letters, digits, '-', '_' and '.', and not begin with '.'";
    Err(sim_core::Error::out_of_range("name", format!("{name:?}"), allowed).into())
}

/// Whether a name may have this letter.
fn is_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || "-_.".contains(letter)
}
