//! Where the recordings of a run are now: runs are copied to other machines, and recordings move.
//!
//! A run's `config.toml` holds the absolute path that the recordings had. Where that file is gone
//! or is another file, the last parts of its path are looked for in the folder of the run and in
//! all folders above it. So the recordings are found as long as they moved together with the run,
//! or lie beside it. A found file counts only if it has the checksum of the run's samples.

use crate::data_settings::{DataSettings, DataSource, FileSource};
use crate::error::{Error, Result};
use crate::sample_file::SampleFile;
use crate::text_file;
use serde::Deserialize;
use std::path::{Component, Path, PathBuf};
use toml::Spanned;

/// Points the source of the run in `folder` at its recordings, which have this checksum.
///
/// # Errors
/// [`Error::Absent`] when the recordings are neither where they were nor near the run.
pub(crate) fn find(data: &mut DataSettings, folder: &Path, sha256: Option<&str>) -> Result<()> {
    let DataSource::File(FileSource { path: Some(path), .. }) = &mut data.source else {
        return Ok(());
    };
    find_file(path, folder, sha256, "--data FILE")
}

/// As [`find`], for the file that validates, if there is one; `remedy` is the option by which
/// people name it.
///
/// # Errors
/// As [`find`].
pub(crate) fn find_validation(
    data: &mut DataSettings,
    folder: &Path,
    sha256: Option<&str>,
    remedy: &str,
) -> Result<()> {
    let Some(path) = &mut data.split.path else { return Ok(()) };
    find_file(path, folder, sha256, remedy)
}

fn find_file(path: &mut PathBuf, folder: &Path, sha256: Option<&str>, remedy: &str) -> Result<()> {
    let is_there = path.exists();
    let elsewhere: Vec<PathBuf> =
        candidates(path, folder).into_iter().filter(|place| SampleFile::is_at(place)).collect();
    // A file in its place needs no checksum here: whoever reads it compares.
    if is_there && (elsewhere.is_empty() || has_checksum(path, sha256)) {
        return Ok(());
    }
    match elsewhere.into_iter().find(|candidate| has_checksum(candidate, sha256)) {
        Some(found) => *path = found,
        None if is_there => {}
        None => {
            let problem = format!(
                "the recordings of this run are no longer there, and none with their checksum lie \
                 near the run; say where they are with {remedy}"
            );
            return Err(Error::Absent { name: path.display().to_string(), problem });
        }
    }
    Ok(())
}

/// The last parts of `path` within `folder` and within all folders above it: the nearest folder
/// first, and in each folder the longest path first.
fn candidates(path: &Path, folder: &Path) -> Vec<PathBuf> {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let parts: Vec<Component> =
        path.components().filter(|part| matches!(part, Component::Normal(_))).collect();
    let within = |above: &Path| -> Vec<PathBuf> {
        (0..parts.len())
            .map(|first| above.join(parts[first..].iter().collect::<PathBuf>()))
            .collect()
    };
    folder.ancestors().flat_map(within).filter(|candidate| candidate != path).collect()
}

fn has_checksum(path: &Path, sha256: Option<&str>) -> bool {
    let found = SampleFile::open(path).and_then(|file| file.sha256());
    sha256.is_some_and(|sha256| found.is_ok_and(|found| found == sha256))
}

/// The values that [`remember`] replaces.
#[derive(Deserialize)]
struct Configured {
    data: ConfiguredData,
}

#[derive(Deserialize)]
struct ConfiguredData {
    source: ConfiguredFile,
    #[serde(default)]
    split: ConfiguredFile,
}

#[derive(Deserialize, Default)]
struct ConfiguredFile {
    path: Option<Spanned<String>>,
}

/// Writes into `config`, the file of a run, where the recordings of `data` are; everything else in
/// it stays as it is, comments too. Nothing is written if `config` says so already.
///
/// # Errors
/// [`Error::Disk`] when the file cannot be read or written; [`Error::Config`] for a path that is
/// not UTF-8.
pub(crate) fn remember(data: &DataSettings, config: &Path) -> Result<()> {
    let DataSource::File(FileSource { path, .. }) = &data.source else { return Ok(()) };
    let mut text = text_file::read_text(config)?;
    let Ok(Configured { data: ConfiguredData { source, split } }) = toml::from_str(&text) else {
        return Ok(());
    };
    let mut changes = Vec::new();
    for (path, written) in [(path, source.path), (&data.split.path, split.path)] {
        let (Some(path), Some(written)) = (path, written) else { continue };
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let Some(absolute) = absolute.to_str() else {
            let problem = "the path is not UTF-8, which a configuration file must be";
            return Err(Error::config(absolute.display().to_string(), problem));
        };
        if written.get_ref() != absolute {
            changes.push((written.span(), toml::Value::from(absolute).to_string()));
        }
    }
    if changes.is_empty() {
        return Ok(());
    }
    // From the end, so that the places of earlier values stay valid.
    changes.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    changes.into_iter().for_each(|(span, value)| text.replace_range(span, &value));
    Ok(atomic_file::write(config, text.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_last_parts_of_a_path_are_looked_for_in_all_folders_above_a_run() {
        let found = candidates(Path::new("/old/data/x.h5"), Path::new("/none/runs/a"));
        let nearest = ["old/data/x.h5", "data/x.h5", "x.h5"];
        let expected = ["/none/runs/a", "/none/runs", "/none", "/"]
            .iter()
            .flat_map(|above| nearest.map(|part| Path::new(above).join(part)));
        let expected: Vec<PathBuf> =
            expected.filter(|path| path != Path::new("/old/data/x.h5")).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_new_place_is_remembered_and_nothing_else_changes() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config.toml");
        let text = "# mine\nname = \"a\" # b\n[data.source]\nkind = \"file\"\npath = \"/old\"\n";
        fs::write(&config, text).unwrap();
        let source = FileSource { path: Some("/new/\"x\".h5".into()), ..FileSource::default() };
        let data = DataSettings { source: DataSource::File(source), ..DataSettings::default() };
        remember(&data, &config).unwrap();
        let changed = fs::read_to_string(&config).unwrap();
        assert!(changed.starts_with("# mine\nname = \"a\" # b\n[data.source]\nkind"), "{changed}");
        let read: Configured = toml::from_str(&changed).unwrap();
        assert_eq!(read.data.source.path.unwrap().get_ref(), "/new/\"x\".h5");
        fs::write(&config, "name = \"made up\"\n").unwrap();
        remember(&data, &config).unwrap();
        assert_eq!(fs::read_to_string(&config).unwrap(), "name = \"made up\"\n");
    }
}
