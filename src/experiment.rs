//! One experiment: a TOML file that says everything a run needs besides the machine.
//!
//! ```toml
//! name = "shd-delays"            # names the run folder; the file's stem where left out
//! description = "one line"
//! seed = 0
//! [start]                        # see Start; by chance where left out
//! [data]                         # see DataSettings
//! [network]                      # see NetworkSettings
//! [training]                     # see plasticity::TrainingSettings
//! ```
//! Every key has a default and an unknown key is an error. Units are part of a key's name. Relative
//! paths begin at the folder of the file.

use crate::data_settings::{DataSettings, DataSource};
use crate::error::{Error, Result};
use crate::loaded_data::LoadedData;
use crate::memory_need::MemoryNeed;
use crate::network::batch_memory::{BATCH_ROWS, Work};
use crate::network::expansion::Sizes;
use crate::network::settings::NetworkSettings;
use crate::recipes::Recipe;
use crate::relative_paths;
use crate::start::Start;
use crate::text_file;
use crate::toml_place::{self, TAGS, sentence};
use crate::twin_keys::{first_double, leave_out_replaced, twin_of};
use plasticity::TrainingSettings;
use plasticity::gradient::{Loss, OptimizerSettings};
use serde::{Deserialize, Serialize};
use sim_core::{GaussianMethod, Network, SampleSource, Seed, effective_sigma};
use std::path::Path;

/// Everything a run needs besides the machine; what a configuration file holds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Experiment {
    /// Names the run folder; letters, digits, `-`, `_` and `.`; that of the file, with dashes for
    /// what a name cannot have.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// The one seed that every random stream descends from, up to 2^63 - 1.
    pub seed: u64,
    /// What the network starts from; made by chance where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Start>,
    /// Samples.
    pub data: DataSettings,
    /// Network.
    #[serde(deserialize_with = "NetworkSettings::of_any_kind")]
    pub network: NetworkSettings,
    /// Training.
    pub training: TrainingSettings,
}

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

/// What a description says before the changes that were laid over its experiment.
const CHANGED: &str = "changed: ";

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
    fn told(&self, before: &Experiment) -> Option<String> {
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
            Change::File(_) if matches!(before.data.source, DataSource::File(_)) => None,
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
    fn apply(
        &self,
        table: &mut toml::Table,
        resolved: &toml::Table,
        earlier: &[Self],
    ) -> Result<()> {
        match &self.change {
            Change::Value { keys, value } => {
                let (last, path) = keys.split_last().expect("a key has at least one part");
                let known = self.keys_of_new_kind(resolved)?;
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
                let mut source = match data.remove("source") {
                    Some(toml::Value::Table(source))
                        if source.get("kind").and_then(toml::Value::as_str) == Some("file") =>
                    {
                        source
                    }
                    _ => toml::Table::from_iter([("kind".into(), "file".into())]),
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
    fn keys_of_new_kind(&self, resolved: &toml::Table) -> Result<Option<toml::Table>> {
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
        let resolved = Experiment::deserialize(alone)
            .ok()
            .and_then(|experiment| toml::Table::try_from(experiment).ok());
        Ok(resolved.and_then(|resolved| find(&resolved)))
    }

    /// Whether this change sets `key` of the section at `path`, or something within.
    fn sets(&self, path: &[String], key: &str) -> bool {
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
    fn keep_file(&self, table: &mut toml::Table) -> Result<()> {
        let Change::File(path) = &self.change else { return Ok(()) };
        let source = table
            .get_mut("data")
            .and_then(|data| data.get_mut("source"))
            .and_then(toml::Value::as_table_mut);
        let Some(source) = source else { return Ok(()) };
        if source.get("kind").is_some_and(|kind| kind.as_str() != Some("file")) {
            return Err(Error::config(
                &self.origin,
                "a file is named, but data.source.kind is not \"file\"",
            ));
        }
        source.entry("path").or_insert_with(|| path.as_str().into());
        Ok(())
    }

    /// Whether two changes give one key different values, or one setting in two units.
    fn contradicts(&self, other: &Self) -> bool {
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

    /// Reads a configuration file. Relative paths in it begin at its folder, those of overrides at
    /// the working directory.
    ///
    /// # Errors
    /// One sentence that names the file, the line and what was expected.
    pub fn read(path: &Path, overrides: &[Override]) -> Result<Self> {
        Self::read_for("train", path, overrides)
    }

    /// As [`Self::read`] for the command `verb`, which the error of another file names.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_for(verb: &str, path: &Path, overrides: &[Override]) -> Result<Self> {
        let text = text_file::read_configuration(verb, path)?;
        if toml::from_str::<toml::Table>(&text).is_ok_and(|keys| keys.is_empty()) {
            let problem = "this file sets nothing, but a configuration of an experiment was \
                           expected (docs/configuration.md has its keys; without a file, the \
                           recipe quickstart is trained)";
            return Err(Error::config(path.display().to_string(), problem));
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let folder = path.parent().unwrap_or(Path::new(""));
        let origin = path.display().to_string();
        Self::parse_in(folder, &text, &origin, &Self::name_of(&stem), overrides)
    }

    /// A name for an experiment in a file called `stem`: the same with every run of letters that a
    /// name cannot have replaced by a dash.
    pub fn name_of(stem: &str) -> String {
        // Accents that some systems write as characters of their own.
        let letters = stem.chars().filter(|letter| !('\u{300}'..='\u{36f}').contains(letter));
        let kept: String =
            letters.map(|letter| if is_of_name(letter) { letter } else { ' ' }).collect();
        let name = kept.split_whitespace().collect::<Vec<_>>().join("-");
        let name = name.trim_start_matches('.');
        if name.is_empty() { "experiment".into() } else { name.into() }
    }

    /// Reads the text of a configuration file; `origin` is what errors call it, `name` the
    /// experiment's name where the text has none. Relative paths begin at the working directory.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(text: &str, origin: &str, name: &str, overrides: &[Override]) -> Result<Self> {
        Self::parse_in(Path::new(""), text, origin, name, overrides)
    }

    /// As [`Self::parse`], for the text of a file in `folder`.
    fn parse_in(
        folder: &Path,
        text: &str,
        origin: &str,
        name: &str,
        overrides: &[Override],
    ) -> Result<Self> {
        for (index, change) in overrides.iter().enumerate() {
            if let Some(earlier) =
                overrides[..index].iter().find(|earlier| earlier.contradicts(change))
            {
                return Err(Error::config(
                    &change.origin,
                    format!("contradicts {}", earlier.origin),
                ));
            }
        }
        // The file alone first: only then do errors know their line.
        let read = toml_place::read::<Self>(origin, text);
        read.map_err(|error| text_file::network_instead(origin, text).unwrap_or(error))?;
        let mut table = toml_place::read::<toml::Table>(origin, text)?;
        let relative = relative_paths::resolve(&mut table, folder, origin)?;
        let experiment = Self::deserialize(table.clone())
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
            if let Some(table) = Self::deserialize(table.clone())
                .ok()
                .and_then(|experiment| toml::Table::try_from(experiment).ok())
            {
                resolved = table;
            }
            if let Err(error) = change.apply(&mut table, &resolved, &overrides[..index]) {
                // It may fail only because of what an earlier one did.
                return Err(outcome
                    .err()
                    .map_or(error, |problem| Error::config(blamed, problem.text)));
            }
            overrides[..index].iter().try_for_each(|earlier| earlier.keep_file(&mut table))?;
            let changed = Self::deserialize(table.clone())
                .map_err(|error| Problem { field: None, text: sentence(error.message()) });
            let changed = refuse_double(&table)
                .and(changed)
                .and_then(|experiment| experiment.completed(name));
            if changed.as_ref().err() != outcome.as_ref().err() {
                blamed = &change.origin;
            }
            // What was set to what it had been is no change.
            if changed != outcome {
                let before = outcome.unwrap_or_default();
                changes.extend(change.told(&before));
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
            let place = toml_place::origin_of(origin, text, &path.field());
            return Err(Error::config(place, problem));
        }
        let is_described = overrides.iter().any(|change| change.sets(&[], "description"));
        Ok(if is_described { experiment } else { experiment.described_with(&changes) })
    }

    /// The experiment with a description that tells what was changed in it.
    fn described_with(mut self, changes: &[String]) -> Self {
        if !changes.is_empty() {
            let begin = match (self.description.is_empty(), self.description.contains(CHANGED)) {
                (true, _) => CHANGED.to_owned(),
                (false, true) => ", ".to_owned(),
                (false, false) => format!("; {CHANGED}"),
            };
            self.description += &format!("{begin}{}", changes.join(", "));
        }
        self
    }

    /// The experiment with what follows from other values, checked.
    fn completed(mut self, name: &str) -> std::result::Result<Self, Problem> {
        if self.name.is_empty() {
            name.clone_into(&mut self.name);
        }
        if !self.network.learns_delays(self.dt_ms()) {
            self.training.delays.learn = false;
        }
        self.check().map_err(|error| Problem::of(&error))?;
        Ok(self)
    }

    /// Checks every field.
    ///
    /// # Errors
    /// The first field that is not allowed, by its key and with its value.
    pub fn check(&self) -> Result<()> {
        let named = !self.name.is_empty()
            && !self.name.starts_with('.')
            && self.name.chars().all(is_of_name);
        if !named {
            let allowed = "letters, digits, '-', '_' and '.', and not begin with '.'";
            return Err(
                sim_core::Error::out_of_range("name", format!("{:?}", self.name), allowed).into()
            );
        }
        let storable = i64::try_from(self.seed).is_ok();
        sim_core::Error::check("seed", self.seed as f64, storable, "at most 2^63 - 1")?;
        self.data.check()?;
        self.network.check(self.dt_ms())?;
        if let Some((channels, classes)) = self.data.shape() {
            self.network.check_size(channels, classes, self.dt_ms())?;
        }
        self.training.check().map_err(|error| Error::setting(error.within("training")))?;
        self.check_readout("training.loss", &self.training.loss)
    }

    /// Checks that the readout fires where `loss` reads its spikes, and only there.
    pub(crate) fn check_readout(&self, what: &str, loss: &dyn Loss) -> Result<()> {
        let (fires, readout) = self.network.readout(self.dt_ms())?;
        let problem = match (loss.reads_spikes(), fires) {
            (true, false) => sim_core::Error::unfit(
                what,
                format!(
                    "counts output spikes, but {readout} never fires; use a firing model such as \
                     \"lif\""
                ),
            ),
            (false, true) => sim_core::Error::unfit(
                readout,
                format!(
                    "fires, but {what} reads potentials; use a loss that reads spikes, such as \
                     \"spike_count\", or a leaky_integrator readout"
                ),
            ),
            _ => return Ok(()),
        };
        Err(problem.into())
    }

    /// Length of a time step in ms.
    pub fn dt_ms(&self) -> f64 {
        self.data.binning.dt_ms
    }

    /// The delays that are built, in words: a line for each projection unless they are alike.
    pub(crate) fn delays_in_words(&self) -> Vec<String> {
        self.network.delays_in_words(self.dt_ms(), self.training.delays.learn)
    }

    /// The seed as streams are drawn from it.
    pub fn seed(&self) -> Seed {
        Seed(self.seed)
    }

    /// Refuses samples whose batches would not fit into memory: a batch is padded to its longest
    /// sample. `train` tells whether gradients are wanted too.
    pub(crate) fn check_memory(&self, data: &LoadedData, train: bool) -> Result<()> {
        let Some((sample, need)) = self.memory_need(&*data.dataset, train)? else {
            return Ok(());
        };
        let (size, sized) = self.network.size_in_words();
        let steps = data.dataset.longest().map_or(0, |(_, steps)| steps);
        let batch = self.training.batch_size.min(data.dataset.len());
        let by_step = need.of(BATCH_ROWS[0]) + need.of(BATCH_ROWS[1]);
        let doing = if train { "training" } else { "running" };
        let evaluated = self.training.evaluation_steps.filter(|&evaluated| evaluated > steps);
        let (problem, remedy) = if by_step < 0.5 * need.total() {
            (format!("{doing} {sized}"), "lower it".into())
        } else if let Some(evaluated) = evaluated {
            let problem = format!(
                "training.evaluation_steps is {evaluated}: a batch of {batch} samples that long"
            );
            (problem, format!("lower it, training.batch_size or {size}"))
        } else {
            // Made-up times are never in another unit, and a program's own frames have none.
            let (part, remedy) = match &self.data.source {
                DataSource::File(file) if file.path.is_some() => (
                    "spikes/times, ",
                    "are times in s (data.source.time_unit)? Otherwise lower data.binning.max_steps, training.batch_size",
                ),
                DataSource::File(_) | DataSource::Randman(_) | DataSource::Echo(_) => {
                    ("spikes/times, ", "lower data.binning.max_steps, training.batch_size")
                }
                DataSource::Memory(_) => ("", "lower training.batch_size"),
            };
            let problem = format!(
                "{part}sample {sample} has {steps} steps of {} ms: a batch of {batch} samples \
                 padded to it",
                self.dt_ms(),
            );
            (problem, format!("{remedy} or {size}"))
        };
        need.check(&format!("{}: {problem}", data.origin.name), &remedy)
    }

    /// The memory that batches of these samples take, and the index of the longest one; none
    /// without samples.
    pub(crate) fn memory_need(
        &self,
        samples: &dyn SampleSource,
        train: bool,
    ) -> Result<Option<(usize, MemoryNeed)>> {
        let Some((sample, steps)) = samples.longest() else { return Ok(None) };
        let work = Work {
            batch: self.training.batch_size.min(samples.len()),
            steps: steps.max(self.training.evaluation_steps.unwrap_or(0)),
            entries: samples.frames(sample, None).len(),
            moments: train.then(|| self.moment_bytes()),
            taps: self.widest_taps(),
        };
        let sizes = Sizes { channels: samples.channels(), classes: samples.classes() };
        Ok(Some((sample, self.network.memory_need(sizes, self.dt_ms(), work)?)))
    }

    /// Taps of the widest Gaussian, where all that count are taken: those within ten widths.
    fn widest_taps(&self) -> f64 {
        let is_exact = self.training.kernel.gaussian == GaussianMethod::Exact
            && self.network.has_gaussians(self.dt_ms());
        let sigma = self.training.sigma.in_steps(self.dt_ms());
        if is_exact { 20.0 * effective_sigma(sigma.start.max(sigma.end)) } else { 0.0 }
    }

    /// Bytes that the optimiser keeps for each weight or delay.
    fn moment_bytes(&self) -> f64 {
        match self.training.weights.optimizer {
            OptimizerSettings::Adam(_) | OptimizerSettings::AdamW(_) => 8.0,
            OptimizerSettings::Sgd(_) => 4.0,
        }
    }

    /// Refuses a network whose weights alone would not fit into memory, before it is built.
    fn check_network_memory(&self, channels: usize, classes: usize) -> Result<()> {
        let alone = Work { batch: 0, steps: 0, entries: 0, moments: None, taps: 0.0 };
        let need = self.network.memory_need(Sizes { channels, classes }, self.dt_ms(), alone)?;
        need.check(&self.network.size_in_words().1, "lower it")
    }

    /// The untrained network for samples of `channels` channels and `classes` classes.
    ///
    /// # Errors
    /// What is wrong with `[network]`; [`Error::Memory`] where it does not fit into memory.
    pub fn build_network(&self, channels: usize, classes: usize) -> Result<Network> {
        self.network.check_size(channels, classes, self.dt_ms())?;
        self.check_network_memory(channels, classes)?;
        self.network.build(channels, classes, self.dt_ms(), self.seed())
    }

    /// The experiment as a configuration file that can be run again from any folder: paths are
    /// absolute.
    ///
    /// # Errors
    /// [`Error::Config`] when a value cannot be written as TOML.
    pub fn to_toml(&self) -> Result<String> {
        let mut resolved = self.clone();
        if let DataSource::File(file) = &mut resolved.data.source {
            file.path = file.path.take().map(|path| std::path::absolute(&path).unwrap_or(path));
        }
        let validation = &mut resolved.data.split.path;
        *validation = validation.take().map(|path| std::path::absolute(&path).unwrap_or(path));
        if let Some(Start { checkpoint, .. }) = &mut resolved.start {
            *checkpoint = std::path::absolute(&*checkpoint).unwrap_or(checkpoint.clone());
        }
        let table = toml::Table::try_from(&resolved).and_then(|mut table| {
            leave_out_replaced(&mut table);
            toml::to_string(&table)
        });
        table.map_err(|error| Error::config(self.name.clone(), error))
    }
}

/// What is wrong with a configuration.
#[derive(Debug, Clone, PartialEq)]
struct Problem {
    /// The path to the setting, where it is one.
    field: Option<String>,
    text: String,
}

impl Problem {
    fn of(error: &Error) -> Self {
        let field = match error {
            Error::Setting { field, .. } => field.clone(),
            Error::Core(error) => error.field().map(|field| field.path().to_owned()),
            _ => None,
        };
        Self { field, text: error.to_string() }
    }
}

/// A value as it is typed behind `--set KEY=`.
fn told(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether a name may have this letter.
fn is_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || "-_.".contains(letter)
}

#[cfg(test)]
mod tests;
