//! Where the files of a run are read from, in its folder or in the archive it was packed into, and
//! the lines that every summary of a run has.

use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::packed_run::PackedRun;
use crate::run_folder::RunFolder;
use crate::run_lock::Writer;
use crate::run_mark::ENVIRONMENT;
use crate::text_file;
use datasets::counted;
use plasticity::population_words;
use serde::Serialize;
use sim_core::Outline;
use std::fmt;
use std::path::{Path, PathBuf};

/// A file of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileSize {
    /// Its path within the run's folder.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Where the files of a run are read from.
pub(crate) enum RunPlace {
    Folder(RunFolder),
    Packed(PathBuf, PackedRun),
}

impl RunPlace {
    /// The folder or the archive as it was named.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Folder(folder) => folder.path(),
            Self::Packed(path, _) => path,
        }
    }

    /// A file's text with its path; `None` where there is no such file.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<(String, PathBuf)>> {
        let path = self.path().join(name);
        Ok(match self {
            Self::Folder(_) if !path.exists() => None,
            Self::Folder(_) => Some((text_file::read_text(&path)?, path)),
            Self::Packed(_, packed) => packed.text(name)?.map(|text| (text, path)),
        })
    }

    /// As [`Self::text`], of a file that every run has.
    pub(crate) fn needed(&mut self, name: &str) -> Result<(String, PathBuf)> {
        let missing = || Error::folder(self.path(), format!("this run has no {name}"));
        let missing = missing();
        self.text(name)?.ok_or(missing)
    }

    /// The files by name.
    pub(crate) fn files(&mut self) -> Vec<FileSize> {
        let mut files: Vec<FileSize> = match self {
            Self::Packed(_, packed) => {
                packed.files().into_iter().map(|(name, bytes)| FileSize { name, bytes }).collect()
            }
            Self::Folder(folder) => folder
                .files()
                .iter()
                .map(|file| FileSize {
                    name: folder.name_within(file),
                    bytes: file.metadata().map_or(0, |metadata| metadata.len()),
                })
                .collect(),
        };
        files.sort_by(|one, other| one.name.cmp(&other.name));
        files
    }

    /// The environment of the run.
    pub(crate) fn environment(&mut self) -> Result<Environment> {
        let (text, path) = self.needed(ENVIRONMENT)?;
        Environment::parse(&text, &path)
    }

    /// The process that is training into the run.
    pub(crate) fn writer(&self) -> Option<Writer> {
        match self {
            Self::Folder(folder) => Writer::of(folder.path()),
            Self::Packed(..) => None,
        }
    }
}

/// The line that names a run: whether it is finished, or who trains into it.
pub(crate) fn write_state(
    f: &mut fmt::Formatter<'_>,
    run: &str,
    writer: Option<&Writer>,
    finished: bool,
) -> fmt::Result {
    let state = match (writer, finished) {
        (Some(writer), _) => format!("process {} on {} trains", writer.process, writer.host),
        (None, true) => "finished".into(),
        (None, false) => "not finished".into(),
    };
    writeln!(f, "run         {run} ({state})")
}

/// The line that says what a network is.
pub(crate) fn write_network(
    f: &mut fmt::Formatter<'_>,
    network: &Outline,
    parameters: usize,
) -> fmt::Result {
    writeln!(
        f,
        "network     {}; {}, steps of {} ms",
        population_words(network),
        counted(parameters, "trainable parameter"),
        network.dt_ms
    )
}

/// The lines that say what a run was made with, and what its files are.
pub(crate) fn write_origin(
    f: &mut fmt::Formatter<'_>,
    environment: &Environment,
    files: &[FileSize],
) -> fmt::Result {
    let data = &environment.data;
    let checksum = data.sha256.as_ref().map(|sha256| format!(", SHA-256 {sha256}"));
    writeln!(f, "data        {}{}", data.name, checksum.unwrap_or_default())?;
    let commit = environment.commit.as_ref().map(|commit| format!(" (commit {commit})"));
    let processor = environment.processor.as_ref().map(|name| format!(", {name}"));
    writeln!(
        f,
        "made by     synfire {}{}, seed {}, on {}{}, {} instructions, {}",
        environment.synfire,
        commit.unwrap_or_default(),
        environment.seed,
        environment.system,
        processor.unwrap_or_default(),
        environment.instructions,
        counted(environment.threads, "thread"),
    )?;
    let bytes: u64 = files.iter().map(|file| file.bytes).sum();
    write!(f, "files       {}, {:.1} kB", files.len(), bytes as f64 / 1e3)?;
    for FileSize { name, bytes } in files {
        write!(f, "\n  {:>10.1} kB  {name}", *bytes as f64 / 1e3)?;
    }
    Ok(())
}
