//! One experiment: a TOML file that says everything a run needs besides the machine.
//!
//! ```toml
//! name = "shd-delays"            # names the run folder; the file's stem where left out
//! description = "one line"
//! seed = 0
//! [data]                         # see DataSettings
//! [network]                      # see FeedForward
//! [training]                     # see plasticity::TrainingSettings
//! ```
//! Every key has a default and an unknown key is an error. Units are part of a key's name.

use crate::feed_forward::Delays;
use crate::{DataSettings, Error, FeedForward, Recipe, Result, atomic_file};
use plasticity::TrainingSettings;
use serde::{Deserialize, Serialize};
use sim_core::{Network, Seed};
use std::path::{Path, PathBuf};

/// Everything a run needs besides the machine; what a configuration file holds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Experiment {
    /// Names the run folder; letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// The one seed that every random stream descends from, up to 2^63 - 1.
    pub seed: u64,
    /// Samples.
    pub data: DataSettings,
    /// Network.
    pub network: FeedForward,
    /// Training.
    pub training: TrainingSettings,
}

/// One `key.path = value`, laid over a configuration file.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    keys: Vec<String>,
    value: toml::Value,
    text: String,
}

impl Override {
    /// Reads `a.b=c`. The value is TOML where it can be read as such (`3`, `true`, `[3, 9]`, `{kind = "cosine"}`), otherwise a string.
    ///
    /// # Errors
    /// [`Error::Config`] when there is no `=` or an empty key.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |problem: &str| Error::config(format!("--set {text}"), problem);
        let (key, value) = text.split_once('=').ok_or_else(|| wrong("expected KEY=VALUE, e.g. training.epochs=30"))?;
        let keys: Vec<String> = key.split('.').map(|part| part.trim().to_owned()).collect();
        if keys.iter().any(String::is_empty) {
            return Err(wrong("a part of the key is empty; expected e.g. training.epochs=30"));
        }
        let value = value.trim();
        // Whatever TOML makes of the right-hand side of an assignment.
        let parsed = toml::from_str::<toml::Table>(&format!("value = {value}")).ok().filter(|table| table.len() == 1);
        let value = parsed.and_then(|mut table| table.remove("value")).unwrap_or_else(|| toml::Value::String(value.to_owned()));
        Ok(Self { keys, value, text: text.to_owned() })
    }

    fn apply(&self, table: &mut toml::Table) -> Result<()> {
        let (last, path) = self.keys.split_last().expect("a key has at least one part");
        let mut place = table;
        for key in path {
            let entry = place.entry(key.clone()).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            place = entry
                .as_table_mut()
                .ok_or_else(|| Error::config(format!("--set {}", self.text), format!("{key} is a value, not a section")))?;
        }
        place.insert(last.clone(), self.value.clone());
        Ok(())
    }
}

impl Experiment {
    /// A recipe that ships with synfire, by name.
    ///
    /// # Errors
    /// [`Error::Config`] for a name that no recipe has.
    pub fn recipe(name: &str) -> Result<Self> {
        Self::recipe_with(name, &[])
    }

    /// A recipe with overrides.
    ///
    /// # Errors
    /// As [`Self::recipe`], and [`Error::Config`] for an override that does not fit.
    pub fn recipe_with(name: &str, overrides: &[Override]) -> Result<Self> {
        let recipe = Recipe::find(name)?;
        Self::parse(recipe.text, &format!("recipe {name}"), name, overrides)
    }

    /// Reads a configuration file.
    ///
    /// # Errors
    /// One sentence that names the file, the line and what was expected.
    pub fn read(path: &Path, overrides: &[Override]) -> Result<Self> {
        let stem = path.file_stem().map_or("experiment".into(), |stem| stem.to_string_lossy().into_owned());
        Self::parse(&atomic_file::read_text(path)?, &path.display().to_string(), &stem, overrides)
    }

    /// Reads the text of a configuration file; `origin` is what errors call it, `name` the experiment's name where the text has none.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(text: &str, origin: &str, name: &str, overrides: &[Override]) -> Result<Self> {
        // The file alone first: only then do errors know their line.
        let mut experiment = toml::from_str::<Self>(text).map_err(|error| located(origin, text, &error))?;
        if !overrides.is_empty() {
            let mut table = toml::from_str::<toml::Table>(text).map_err(|error| located(origin, text, &error))?;
            // One by one, so that an error names the override it comes from, unless only all of them together make sense.
            let mut first_problem = None;
            for change in overrides {
                change.apply(&mut table)?;
                if let Err(error) = Self::deserialize(table.clone()) {
                    first_problem.get_or_insert_with(|| Error::config(format!("--set {}", change.text), sentence(error.message())));
                }
            }
            experiment = match Self::deserialize(table) {
                Ok(experiment) => experiment,
                Err(error) => return Err(first_problem.unwrap_or_else(|| Error::config(origin, sentence(error.message())))),
            };
        }
        if experiment.name.is_empty() {
            name.clone_into(&mut experiment.name);
        }
        if experiment.network.delays != Delays::Learned {
            experiment.training.delays.learn = false;
        }
        experiment.check().map_err(|error| Error::config(origin, error))?;
        Ok(experiment)
    }

    /// Checks every field.
    ///
    /// # Errors
    /// The first field that is not allowed, with its value.
    pub fn check(&self) -> Result<()> {
        let named = !self.name.is_empty()
            && !self.name.starts_with('.')
            && self.name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter));
        if !named {
            let allowed = "letters, digits, '-', '_' and '.', and not begin with '.'";
            return Err(sim_core::Error::out_of_range("name", format!("{:?}", self.name), allowed).into());
        }
        let storable = i64::try_from(self.seed).is_ok();
        sim_core::Error::check("seed", self.seed as f64, storable, "at most 2^63 - 1")?;
        self.data.check()?;
        self.network.check(self.dt_ms())?;
        self.training.check()?;
        let (reads_spikes, fires) = (self.training.loss.reads_spikes(), self.network.readout_fires(self.dt_ms())?);
        if reads_spikes != fires {
            let problem = if reads_spikes {
                "training.loss counts output spikes, but network.readout never fires; use a firing model such as \"lif\""
            } else {
                "network.readout fires, but training.loss reads potentials; use loss = \"spike_count\" or a leaky_integrator readout"
            };
            return Err(sim_core::Error::Network(problem.into()).into());
        }
        Ok(())
    }

    /// Length of a time step in ms.
    pub fn dt_ms(&self) -> f64 {
        self.data.binning.dt_ms
    }

    /// The seed as streams are drawn from it.
    pub fn seed(&self) -> Seed {
        Seed(self.seed)
    }

    /// The untrained network for samples of `channels` channels and `classes` classes.
    ///
    /// # Errors
    /// What is wrong with `[network]`.
    pub fn build_network(&self, channels: usize, classes: usize) -> Result<Network> {
        self.network.build(channels, classes, self.dt_ms(), self.seed())
    }

    /// The experiment as a configuration file that can be run again from any folder: paths are absolute.
    ///
    /// # Errors
    /// [`Error::Config`] when a value cannot be written as TOML.
    pub fn to_toml(&self) -> Result<String> {
        let mut resolved = self.clone();
        if let crate::Source::File(file) = &mut resolved.data.source {
            file.path = file.path.take().map(|path| std::path::absolute(&path).unwrap_or(path));
        }
        toml::to_string(&resolved).map_err(|error| Error::config(self.name.clone(), error))
    }

    /// Trains in a new folder, silently. [`crate::TrainingRun`] gives control over folder, threads and progress.
    ///
    /// # Errors
    /// As [`crate::TrainingRun::finish`].
    pub fn train(self, folder: impl Into<PathBuf>) -> Result<crate::Outcome> {
        crate::TrainingRun::create(self, folder.into(), false, None)?.finish(&mut crate::Silent)
    }
}

/// An error of the TOML reader with file, line and column.
pub(crate) fn located(origin: &str, text: &str, error: &toml::de::Error) -> Error {
    let place = error.span().map_or(String::new(), |span| {
        let before = &text[..span.start.min(text.len())];
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!(":{}:{column}", before.matches('\n').count() + 1)
    });
    Error::config(format!("{origin}{place}"), sentence(error.message()))
}

/// One line, whatever the reader's message looks like.
fn sentence(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
