//! One continual experiment: a TOML file that says everything a run over tasks needs.
//!
//! ```toml
//! name = "pmnist"
//! description = "one line"
//! seed = 0
//! method = "hlop"                # see Method
//! end_samples = 300              # that a method looks at when a task ends
//! [data]                         # see ContinualData
//! [tasks]                        # see datasets::TaskSettings
//! [network]                      # see NetworkSettings
//! [training]                     # see plasticity::TrainingSettings; the epochs of each task
//! [methods.hlop]                 # see MethodSettings
//! ```

use crate::configuration::{self, Configuration, Problem, check_name};
use crate::continual::data::{ContinualData, ImageFolderSettings, ImageSourceSettings};
use crate::continual::method::{Method, MethodSettings};
use crate::continual::setting::within;
use crate::error::{Error, Result};
use crate::network::settings::NetworkSettings;
use crate::overrides::Override;
use crate::recipes::Recipe;
use crate::text_file;
use crate::twin_keys::leave_out_replaced;
use datasets::TaskSettings;
use plasticity::TrainingSettings;
use serde::{Deserialize, Serialize};
use sim_core::Seed;
use std::path::Path;

/// Everything that a run over tasks needs besides the machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContinualExperiment {
    /// Names the run folder; letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// The one seed that every random stream descends from, up to 2^63 - 1.
    pub seed: u64,
    /// By which method earlier tasks are kept; Hebbian orthogonal projection.
    pub method: Method,
    /// Training samples of a task that a method looks at when the task ends, at least 1; 300.
    pub end_samples: usize,
    /// Samples.
    pub data: ContinualData,
    /// Tasks.
    pub tasks: TaskSettings,
    /// Network.
    #[serde(deserialize_with = "NetworkSettings::of_any_kind")]
    pub network: NetworkSettings,
    /// Training; its epochs are those of each task.
    pub training: TrainingSettings,
    /// What the methods need to know.
    pub methods: MethodSettings,
}

impl Default for ContinualExperiment {
    fn default() -> Self {
        Self {
            name: String::new(),
            description: String::new(),
            seed: 0,
            method: Method::default(),
            end_samples: 300,
            data: ContinualData::default(),
            tasks: TaskSettings::default(),
            network: NetworkSettings::default(),
            training: TrainingSettings::default(),
            methods: MethodSettings::default(),
        }
    }
}

impl Configuration for ContinualExperiment {
    const KIND_OF_FILES: &'static str = "images";

    fn other_file(origin: &str, text: &str) -> Option<Error> {
        text_file::without_tasks(origin, text)
    }

    fn completed(mut self, name: &str) -> std::result::Result<Self, Problem> {
        if self.name.is_empty() {
            name.clone_into(&mut self.name);
        }
        if !self.network.learns_delays(self.data.dt_ms) {
            self.training.delays.learn = false;
        }
        self.check().map_err(|error| Problem::of(&error))?;
        Ok(self)
    }

    fn reads_file(&self) -> bool {
        matches!(self.data.source, ImageSourceSettings::Images(_))
    }

    fn description_mut(&mut self) -> &mut String {
        &mut self.description
    }
}

impl ContinualExperiment {
    /// A recipe that ships with synfire, with overrides.
    ///
    /// # Errors
    /// [`Error::Config`] for a name that no recipe has, or an override that does not fit.
    pub fn recipe(name: &str, overrides: &[Override]) -> Result<Self> {
        let recipe = Recipe::find_continual(name)?;
        Self::parse(recipe.text, &format!("recipe {name}"), name, overrides)
    }

    /// Reads a configuration file. Relative paths in it begin at its folder, those of `overrides`
    /// at the working directory.
    ///
    /// # Errors
    /// One sentence that names the file, the line and what was expected.
    pub fn read(path: &Path, overrides: &[Override]) -> Result<Self> {
        let text = text_file::read_configuration("continual", path)?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let folder = path.parent().unwrap_or(Path::new(""));
        let origin = path.display().to_string();
        let name = configuration::name_of(&stem);
        configuration::parse(folder, &text, &origin, &name, overrides)
    }

    /// Reads the text of a configuration file; `origin` is what errors call it.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(text: &str, origin: &str, name: &str, overrides: &[Override]) -> Result<Self> {
        configuration::parse(Path::new(""), text, origin, name, overrides)
    }

    /// What the samples are called: the images that tasks share, and the folders that tasks have
    /// for themselves.
    pub fn data_name(&self) -> String {
        let mut names = Vec::new();
        if self.tasks.needs_images() {
            names.push(self.data.name());
        }
        let mut tasks = self.tasks.clone();
        for folder in tasks.folders_mut() {
            let name = folder.display().to_string();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.join(", ")
    }

    /// Takes the images of `folder`, if one is named, in place of those that a run was made with.
    /// Folders that tasks have for themselves are looked for in it, by their names.
    ///
    /// # Errors
    /// [`Error::Config`] where nothing of the run comes from a folder; [`Error::Absent`] when no
    /// folder is named, and one of the run is gone; [`Error::Folder`] when `folder` lacks one.
    pub(crate) fn use_folder(&mut self, folder: Option<&Path>) -> Result<()> {
        let shares_images = self.tasks.needs_images();
        if shares_images {
            self.data.use_folder(folder)?;
        }
        for own in self.tasks.folders_mut() {
            match folder {
                // The images that tasks share have moved, and those of this task have not.
                Some(_) if shares_images && own.exists() => {}
                Some(folder) => {
                    let name = own.file_name().unwrap_or_default();
                    let moved = folder.join(name);
                    if !moved.is_dir() {
                        let name = name.display();
                        let problem = format!(
                            "the images of a task are in a folder {name}, which is not here"
                        );
                        return Err(Error::folder(folder, problem));
                    }
                    *own = moved;
                }
                None if !own.exists() => {
                    let problem = "the images of a task are no longer there; say with --data \
                                   FOLDER in which folder this one lies now";
                    let name = own.display().to_string();
                    return Err(Error::Absent { name, problem: problem.into() });
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Checks every field that can be checked without images.
    ///
    /// # Errors
    /// The first field that is not allowed, by its key and with its value.
    pub fn check(&self) -> Result<()> {
        check_name(&self.name)?;
        let storable = i64::try_from(self.seed).is_ok();
        sim_core::Error::check("seed", self.seed as f64, storable, "at most 2^63 - 1")?;
        let samples = self.end_samples as f64;
        sim_core::Error::check("end_samples", samples, self.end_samples > 0, "at least 1")?;
        self.data.check()?;
        self.tasks.check().map_err(|error| within(error, "tasks"))?;
        self.network.check(self.data.dt_ms)?;
        self.training.check().map_err(|error| Error::setting(error.within("training")))?;
        self.check_kept_to_the_end()?;
        self.methods
            .replay
            .check()
            .map_err(|error| Error::setting(error.within("methods.replay")))?;
        self.network.check_readout("training.loss", &self.training.loss, self.data.dt_ms)
    }

    /// Refuses what chooses among epochs: each task is learned to its end.
    fn check_kept_to_the_end(&self) -> Result<()> {
        let refused = |key: &str, problem: &str| {
            Err(Error::Setting { field: Some(key.into()), problem: format!("{key} {problem}") })
        };
        if self.training.early_stopping.is_some() {
            let problem = "has no part in a run over tasks: each task takes all its epochs";
            return refused("training.early_stopping", problem);
        }
        if !self.training.checkpoints.is_none() {
            let problem = "has no part in a run over tasks: it keeps a checkpoint of each task";
            return refused("training.checkpoints", problem);
        }
        Ok(())
    }

    /// The seed as streams are drawn from it.
    pub fn seed(&self) -> Seed {
        Seed(self.seed)
    }

    /// The experiment as a configuration file that can be run again from any folder: paths are
    /// absolute.
    ///
    /// # Errors
    /// [`Error::Config`] when a value cannot be written as TOML.
    pub fn to_toml(&self) -> Result<String> {
        let mut resolved = self.clone();
        let mut paths = resolved.tasks.paths_mut();
        if let ImageSourceSettings::Images(ImageFolderSettings { path: Some(path) }) =
            &mut resolved.data.source
        {
            paths.push(path);
        }
        for path in paths {
            *path = std::path::absolute(&*path).unwrap_or(path.clone());
        }
        let table = toml::Table::try_from(&resolved).and_then(|mut table| {
            leave_out_replaced(&mut table);
            toml::to_string(&table)
        });
        table.map_err(|error| Error::config(self.name.clone(), error))
    }
}
