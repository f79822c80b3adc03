//! Files of text, and what people name instead of one.

use crate::error::{Error, Result};
use crate::file_kind::FileKind;
use crate::recipes::Recipe;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use toml::Table;

/// The text of a file.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|source| match source.kind() {
        ErrorKind::InvalidData => Error::folder(path, "this is not a text file"),
        _ => Error::io(path, "read the file", source),
    })
}

/// What belongs where an experiment is named.
const EXPERIMENT: &str = "a recipe or a configuration file was expected";
/// What belongs where a network is named.
const NETWORK: &str = "the folder of a run or a TOML file that describes a network was expected";

/// The text of an experiment's configuration file, for the command `verb`.
///
/// # Errors
/// [`Error::Config`] that says what to type where the file is of another kind.
pub(crate) fn read_configuration(verb: &str, path: &Path) -> Result<String> {
    read_expected(path, EXPERIMENT, &format!("synfire {verb} RECIPE --data"))
}

/// The text of a file that describes a network.
///
/// # Errors
/// As [`read_configuration`].
pub(crate) fn read_network(path: &Path) -> Result<String> {
    read_expected(path, NETWORK, "synfire simulate RUN --data")
}

/// The error for a `text` that describes a network where an experiment's configuration belongs.
pub(crate) fn network_instead(origin: &str, text: &str) -> Option<Error> {
    let keys: Table = toml::from_str(text).ok()?;
    if keys.contains_key("tasks") {
        let problem = format!(
            "this is the configuration of a continual experiment, but {EXPERIMENT}; synfire \
             continual {origin} makes a run of it"
        );
        return Some(Error::config(origin, problem));
    }
    let is_network = keys.contains_key("populations") && !keys.contains_key("network");
    is_network.then(|| {
        let problem = format!(
            "this describes a network to simulate, but {EXPERIMENT}; run it with synfire simulate \
             {origin}, or give it samples to learn from: an experiment has such populations and \
             projections under [network] with kind = \"graph\""
        );
        Error::config(origin, problem)
    })
}

/// That `text`, which is no configuration of tasks, is that of an experiment without any.
pub(crate) fn without_tasks(origin: &str, text: &str) -> Option<Error> {
    let keys: Table = toml::from_str(text).ok()?;
    (!keys.contains_key("tasks") && is_experiment(text)).then(|| {
        let problem = format!(
            "this is the configuration of an experiment without tasks, but a continual experiment \
             was expected, which has a section [tasks]; synfire train {origin} makes a run of it"
        );
        Error::config(origin, problem)
    })
}

/// The error for a `text` that configures an experiment where a network's description belongs.
pub(crate) fn experiment_instead(origin: &str, text: &str) -> Option<Error> {
    is_experiment(text).then(|| {
        let problem = format!(
            "this is the configuration of an experiment, but {NETWORK}; synfire train {origin} \
             makes a run of it, synfire simulate {origin} runs its network as it is"
        );
        Error::config(origin, problem)
    })
}

/// Whether a text has a section of an experiment, and describes no network.
pub(crate) fn is_experiment(text: &str) -> bool {
    let Ok(keys) = toml::from_str::<Table>(text) else { return false };
    let has_section = ["data", "network", "training"].iter().any(|key| keys.contains_key(*key));
    has_section && !keys.contains_key("populations")
}

/// The text of a file in whose place people also name recordings or a checkpoint; `with_data` is
/// the command that takes recordings, up to their name.
fn read_expected(path: &Path, expected: &str, with_data: &str) -> Result<String> {
    let shown = path.display();
    let recipe = path.to_str().filter(|name| Recipe::find(name).is_ok());
    if let (Some(recipe), false) = (recipe, path.exists()) {
        let problem = format!(
            "there is no such file, but {expected}; {recipe} is a recipe: synfire train {recipe} \
             makes a run of it"
        );
        return Err(Error::config(recipe, problem));
    }
    let kind = FileKind::of(path).map_err(|source| Error::io(path, "read the file", source))?;
    let problem = match kind {
        None => {
            return read_text(path).map_err(|error| match error {
                Error::Folder { problem, .. } => {
                    Error::config(shown.to_string(), format!("{problem}; {expected}"))
                }
                other => other,
            });
        }
        Some(kind @ (FileKind::Recordings(_) | FileKind::Zip)) => {
            let packed = match kind {
                FileKind::Zip => format!(", and unpack a packed run (unzip {shown})"),
                _ => String::new(),
            };
            let what = kind.name();
            format!(
                "this is {what}, but {expected}; name recordings with {with_data} {shown}{packed}"
            )
        }
        Some(FileKind::Checkpoint) => {
            format!("this is a checkpoint, but {expected}; its run is named by the run's folder")
        }
    };
    Err(Error::config(shown.to_string(), problem))
}
