//! A network in the format of another program.

use crate::error::{Error, Result};
use crate::export_format::NetworkTarget;
use crate::sample_spikes::SampleSpikes;
use exchange::{DeployedNetwork, NirDelays, Provenance, write_network};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How a network is exported.
#[derive(Debug, Clone)]
pub struct NetworkExport {
    /// The format.
    pub target: NetworkTarget,
    /// What becomes of delays in NIR.
    pub nir_delays: NirDelays,
    /// What the export says of where it came from.
    pub provenance: Provenance,
    /// Whether an export of the same name is replaced; it is refused otherwise.
    pub overwrite: bool,
}

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedNetwork {
    /// The files.
    pub files: Vec<PathBuf>,
    /// What a reader of the files should know, a sentence each.
    pub remarks: Vec<String>,
}

impl NetworkExport {
    /// Writes `network` to `path`, and beside it, or into its folder, what samples gave. A folder
    /// appears when it is whole: an earlier export stays until then, and goes as a whole. Files in
    /// the folder that are of no export stay.
    ///
    /// # Errors
    /// Before anything is written: [`Error::Folder`] for what is there already and may not be
    /// replaced; [`Error::Exchange`] with everything that the format cannot hold. Later:
    /// [`Error::Disk`].
    pub fn write(
        &self,
        network: &DeployedNetwork,
        samples: Option<&SampleSpikes>,
        path: &Path,
    ) -> Result<ExportedNetwork> {
        self.check(samples.is_some(), path)?;
        let files = match self.target.is_folder() {
            true => self.write_folder(network, samples, path)?,
            false => self.write_file(network, samples, path)?,
        };
        let remarks = self.target.writer(self.nir_delays).remarks(network);
        Ok(ExportedNetwork { files, remarks })
    }

    /// Refuses what is there and may not be replaced.
    fn check(&self, has_samples: bool, path: &Path) -> Result<()> {
        let refused = |path: &Path, problem: &str| Err(Error::folder(path, problem));
        let is_folder = self.target.is_folder();
        if path.is_dir() && !is_folder {
            return refused(path, "this is a folder, but the name of a file was expected");
        }
        if path.is_file() && is_folder {
            return refused(path, "this is a file, but this format is a folder");
        }
        if is_same(path, Path::new(&self.provenance.source)) {
            return refused(path, "this is what is exported; choose another name (--out PATH)");
        }
        let companions = companion_names(path).into_iter().filter(|_| has_samples && !is_folder);
        let mut files = std::iter::once(path.to_owned()).chain(companions);
        match files.find(|file| file.exists() && !self.overwrite) {
            Some(there) => refused(
                &there,
                "this exists already; choose another name (--out PATH), or --overwrite it",
            ),
            None => Ok(()),
        }
    }

    fn write_file(
        &self,
        network: &DeployedNetwork,
        samples: Option<&SampleSpikes>,
        path: &Path,
    ) -> Result<Vec<PathBuf>> {
        let is_replaced = path.exists();
        let writer = self.target.writer(self.nir_delays);
        let mut files = write_network(&*writer, network, &self.provenance, path)?;
        let [input, expected] = companion_names(path);
        match samples {
            Some(samples) => files.extend(samples.write(&input, &expected)?),
            // Those of the replaced export belong to another network.
            None if is_replaced => {
                [input, expected].iter().for_each(|file| drop(fs::remove_file(file)));
            }
            None => {}
        }
        Ok(files)
    }

    fn write_folder(
        &self,
        network: &DeployedNetwork,
        samples: Option<&SampleSpikes>,
        path: &Path,
    ) -> Result<Vec<PathBuf>> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        let staging = tempfile::Builder::new().prefix(".synfire-export-").tempdir_in(parent);
        let staging = staging.map_err(|error| Error::io(path, "make the folder", error))?;
        let whole = staging.path().join("whole");
        let writer = self.target.writer(self.nir_delays);
        let mut files = write_network(&*writer, network, &self.provenance, &whole)?;
        if let Some(samples) = samples {
            files.extend(samples.write(&whole.join(INPUT), &whole.join(EXPECTED))?);
        }
        let earlier = staging.path().join("earlier");
        let failed = |error| Error::io(path, "replace the folder", error);
        if path.exists() {
            fs::rename(path, &earlier).map_err(failed)?;
        }
        if let Err(error) = fs::rename(&whole, path) {
            // What stood there stands there again.
            let _ = fs::rename(&earlier, path);
            return Err(failed(error));
        }
        if earlier.exists()
            && let Err(error) = move_others(&earlier, path)
        {
            // What could not be moved stays beside the export.
            let kept = staging.keep();
            return Err(Error::io(&kept, "move the files that are of no export", error));
        }
        let in_place = |file: PathBuf| match file.strip_prefix(&whole) {
            Ok(name) => path.join(name),
            Err(_) => file,
        };
        Ok(files.into_iter().map(in_place).collect())
    }
}

const INPUT: &str = "input.npz";
const EXPECTED: &str = "expected.npz";

/// `NAME.input.npz` and `NAME.expected.npz` beside the file of a network.
fn companion_names(path: &Path) -> [PathBuf; 2] {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    [INPUT, EXPECTED].map(|ending| path.with_file_name(format!("{name}.{ending}")))
}

/// Moves the files of an earlier folder that are of no export to its successor.
fn move_others(earlier: &Path, path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(earlier)? {
        let entry = entry?;
        let name = entry.file_name();
        if !is_of_export(&name) {
            fs::rename(entry.path(), path.join(name))?;
        }
    }
    Ok(())
}

/// Whether both paths lead to one file or folder that is there.
fn is_same(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| path.canonicalize().ok();
    place(one).is_some_and(|one| Some(one) == place(other))
}

/// Whether a file in the folder of an export, of any format, is a part of it.
fn is_of_export(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let formats = NetworkTarget::ALL.map(|target| target.writer(NirDelays::default()));
    [INPUT, EXPECTED].contains(&name) || formats.iter().any(|format| format.has_file(name))
}
