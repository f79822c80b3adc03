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

use crate::configuration::{self, Configuration, Problem, check_name};
use crate::data_settings::{DataSettings, DataSource};
use crate::error::{Error, Result};
use crate::loaded_data::LoadedData;
use crate::memory_need::MemoryNeed;
use crate::network::batch_memory::{BATCH_ROWS, Work};
use crate::network::expansion::Sizes;
use crate::network::settings::NetworkSettings;
use crate::overrides::Override;
use crate::recipes::Recipe;
use crate::start::Start;
use crate::text_file;
use crate::training_work::training_work;
use crate::twin_keys::leave_out_replaced;
use plasticity::TrainingSettings;
use plasticity::gradient::Loss;
use serde::{Deserialize, Serialize};
use sim_core::{Network, SampleSource, Seed};
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

impl Configuration for Experiment {
    const KIND_OF_FILES: &'static str = "file";

    fn other_file(origin: &str, text: &str) -> Option<Error> {
        text_file::network_instead(origin, text)
    }

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

    fn reads_file(&self) -> bool {
        matches!(self.data.source, DataSource::File(_))
    }

    fn description_mut(&mut self) -> &mut String {
        &mut self.description
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
        configuration::parse(folder, &text, &origin, &Self::name_of(&stem), overrides)
    }

    /// A name for an experiment in a file called `stem`: the same with every run of letters that a
    /// name cannot have replaced by a dash.
    pub fn name_of(stem: &str) -> String {
        configuration::name_of(stem)
    }

    /// Reads the text of a configuration file; `origin` is what errors call it, `name` the
    /// experiment's name where the text has none. Relative paths begin at the working directory.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(text: &str, origin: &str, name: &str, overrides: &[Override]) -> Result<Self> {
        configuration::parse(Path::new(""), text, origin, name, overrides)
    }

    /// Checks every field.
    ///
    /// # Errors
    /// The first field that is not allowed, by its key and with its value.
    pub fn check(&self) -> Result<()> {
        check_name(&self.name)?;
        let storable = i64::try_from(self.seed).is_ok();
        sim_core::Error::check("seed", self.seed as f64, storable, "at most 2^63 - 1")?;
        self.data.check()?;
        self.start.as_ref().map_or(Ok(()), Start::check)?;
        self.network.check(self.dt_ms())?;
        if let Some((channels, classes)) = self.data.shape() {
            self.network.check_size(channels, classes, self.dt_ms())?;
        }
        self.training.check().map_err(|error| Error::setting(error.within("training")))?;
        if self.training.task_rate_factor != 1.0 {
            let factor = self.training.task_rate_factor;
            let problem = format!(
                "training.task_rate_factor is {factor}, but one task has no later tasks: leave it \
                 out, or use synfire continual"
            );
            let field = Some("training.task_rate_factor".into());
            return Err(Error::Setting { field, problem });
        }
        self.check_readout("training.loss", &self.training.loss)
    }

    /// Checks that the readout fires where `loss` reads its spikes, and only there.
    pub(crate) fn check_readout(&self, what: &str, loss: &dyn Loss) -> Result<()> {
        self.network.check_readout(what, loss, self.dt_ms())
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
        let of_training = training_work(&self.training, &self.network, self.dt_ms());
        let work = Work {
            batch: self.training.batch_size.min(samples.len()),
            steps: steps.max(self.training.evaluation_steps.unwrap_or(0)),
            entries: samples.frames(sample, None).len(),
            moments: of_training.moments.filter(|_| train),
            ..of_training
        };
        let sizes = Sizes { channels: samples.channels(), classes: samples.classes() };
        Ok(Some((sample, self.network.memory_need(sizes, self.dt_ms(), work)?)))
    }

    /// Refuses a network whose weights alone would not fit into memory, before it is built.
    fn check_network_memory(&self, channels: usize, classes: usize) -> Result<()> {
        let sizes = Sizes { channels, classes };
        let need = self.network.memory_need(sizes, self.dt_ms(), Work::default())?;
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

#[cfg(test)]
mod tests;
