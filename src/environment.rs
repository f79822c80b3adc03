//! What a run was made with: `environment.json`.

use crate::data_origin::DataOrigin;
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::loaded_data::{LoadedData, RunSamples};
use crate::split_table::SplitTable;
use crate::start::StartOrigin;
use crate::text_file;
use serde::{Deserialize, Serialize};
use simd::machine_instructions;
use std::path::Path;

/// Program, machine and data of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// Version of synfire.
    pub synfire: String,
    /// The git commit it was built from; none where it was not built from a repository.
    pub commit: Option<String>,
    /// Operating system and architecture, e.g. `linux x86_64`.
    pub system: String,
    /// Model of the processor, where the system tells.
    pub processor: Option<String>,
    /// Instruction set of the hot loops, on which the last bits of a result may depend.
    pub instructions: String,
    /// Threads, on which no result depends.
    pub threads: usize,
    /// Seed of the run.
    pub seed: u64,
    /// The samples.
    pub data: DataOrigin,
    /// The validation samples, if they have a file of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<DataOrigin>,
    /// Names of the classes in the order of the network's outputs; none where they have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
    /// What the network started from; none where it was made by chance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<StartOrigin>,
    /// What the program brought beside the experiment: `loss`, `regularizer`, `protection`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own: Vec<String>,
}

impl Environment {
    /// The environment of this process; `threads` are those of the current pool.
    pub fn here(seed: u64, data: &LoadedData) -> Self {
        Self {
            validation: data.validation.as_ref().map(|file| file.origin.clone()),
            classes: data.given_class_names(),
            ..Self::of(seed, data.origin.clone())
        }
    }

    /// As [`Self::here`], with samples that come from `data`.
    pub(crate) fn of(seed: u64, data: DataOrigin) -> Self {
        Self {
            synfire: env!("CARGO_PKG_VERSION").into(),
            commit: option_env!("SYNFIRE_COMMIT").map(str::to_owned),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            processor: processor(),
            instructions: machine_instructions().into(),
            threads: rayon::current_num_threads(),
            seed,
            data,
            validation: None,
            classes: None,
            start: None,
            own: Vec::new(),
        }
    }

    /// The environment of a run to which a program brought parts of its own.
    pub(crate) fn with_own(self, own: Vec<String>) -> Self {
        Self { own, ..self }
    }

    /// The environment of a run whose network started from a checkpoint.
    pub(crate) fn with_start(self, start: Option<StartOrigin>) -> Self {
        Self { start, ..self }
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self).expect("an environment has plain fields");
        text.push('\n');
        Ok(atomic_file::write(path, text.as_bytes())?)
    }

    pub(crate) fn read(path: &Path) -> Result<Self> {
        Self::parse(&text_file::read_text(path)?, path)
    }

    /// Reads the text of the file at `path`.
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| {
            Error::folder(path, format!("this is not the environment of a run: {error}"))
        })
    }

    /// Refuses parts of a program other than the parts that the run in `folder` began with.
    pub(crate) fn check_own(&self, folder: &Path, now: &[String]) -> Result<()> {
        if self.own == now {
            return Ok(());
        }
        let words = |own: &[String]| {
            if own.is_empty() { "no parts of its own".to_owned() } else { own.join(", ") }
        };
        let problem = format!(
            "the program that began this run brought {}, but this one brings {}",
            words(&self.own),
            words(now)
        );
        Err(Error::folder(folder, problem))
    }

    /// The names by which the classes of a file are numbered when the run loads its samples again;
    /// a class without a name is called by its number.
    pub(crate) fn class_names(&self, experiment: &Experiment) -> Option<Vec<String>> {
        let numbers = || {
            let (_, classes) = experiment.data.shape()?;
            Some((0..classes).map(|class| class.to_string()).collect())
        };
        self.classes.clone().or_else(numbers)
    }

    /// Checksum of the validation file, if there is one.
    pub(crate) fn validation_sha256(&self) -> Option<&str> {
        self.validation.as_ref()?.sha256.as_deref()
    }

    /// Refuses data other than the data that the run began with.
    pub(crate) fn check_data(&self, now: &LoadedData) -> Result<()> {
        let pairs = [
            (Some(&self.data), Some(&now.origin)),
            (self.validation.as_ref(), now.validation.as_ref().map(|file| &file.origin)),
        ];
        for (before, now) in pairs.into_iter().filter_map(|(before, now)| Some((before?, now?))) {
            if before.sha256 != now.sha256 {
                let problem = format!(
                    "these are not the data the run began with, {} (their checksums differ)",
                    before.name
                );
                return Err(Error::config(now.name.clone(), problem));
            }
        }
        Ok(())
    }

    /// The identity of the run's samples and of their split.
    pub(crate) fn samples(&self, split: SplitTable) -> RunSamples {
        RunSamples {
            median_length_s: self.data.median_length_s,
            split,
            sha256: self.data.sha256.clone(),
            validation: self.validation_sha256().map(str::to_owned),
            class_names: self.classes.clone(),
        }
    }
}

#[cfg(target_os = "linux")]
fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(target_os = "macos")]
fn processor() -> Option<String> {
    let output = std::process::Command::new("sysctl")
        .args(["-n", "machdep.cpu.brand_string"])
        .output()
        .ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned()).filter(|model| !model.is_empty())
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn processor() -> Option<String> {
    std::env::var("PROCESSOR_IDENTIFIER").ok()
}
