//! The experiment that a command line names: a recipe or a configuration file.

use crate::run_argument;
use anyhow::Result;
use std::path::Path;
use synfire::{Error, Experiment, Override, RunFolder};

/// The experiment as typed, with all changes; `verb` is the command, `train` or `bench`.
///
/// # Errors
/// As the library's, and what was meant by a folder or by a file that is not there.
pub fn named(verb: &str, typed: &str, changes: &[Override]) -> Result<Experiment> {
    let path = Path::new(typed);
    run_argument::refuse_run(verb, path)?;
    if path.is_dir() {
        let problem = "this is a folder, but a recipe or a configuration file was expected";
        return Err(wrong(typed, problem));
    }
    if let Some(run) = RunFolder::of_config(path) {
        return Ok(run.experiment_with(changes)?);
    }
    if is_file(path) {
        return Ok(Experiment::read_for(verb, path, changes)?);
    }
    let is_recording = ["h5", "hdf5", "gz", "zip"].iter().any(|ending| ends_with(path, ending));
    if is_recording || typed.contains(std::path::MAIN_SEPARATOR) {
        let hint = if is_recording { "; recordings are named with --data FILE" } else { "" };
        let problem = "there is no such file, and a recipe or a configuration file was expected";
        return Err(wrong(typed, format!("{problem}{hint}")));
    }
    Ok(Experiment::recipe_with(typed, changes)?)
}

/// What is to be said of a name that was made from the file's, because that has letters that a name
/// cannot have.
pub fn note_on_name(typed: &str, experiment: &Experiment) -> Option<String> {
    let path = Path::new(typed);
    let stem = path.file_stem()?.to_string_lossy();
    let made = experiment.name != stem && experiment.name == Experiment::name_of(&stem);
    (is_file(path) && made).then(|| {
        format!(
            "this experiment is called {}, after its file; --set name=NAME calls it something else",
            experiment.name
        )
    })
}

fn is_file(path: &Path) -> bool {
    ends_with(path, "toml") || path.is_file()
}

fn ends_with(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|actual| actual.eq_ignore_ascii_case(ending))
}

fn wrong(typed: &str, problem: impl Into<String>) -> anyhow::Error {
    Error::Config { origin: typed.to_owned(), problem: problem.into() }.into()
}
