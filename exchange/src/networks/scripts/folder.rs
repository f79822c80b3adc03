//! The folder of an exported script.

use crate::error::{Error, Result};
use crate::networks::deployed::DeployedNetwork;
use crate::networks::scripts::network_file::network_arrays;
use crate::npy::npz;
use crate::provenance::Provenance;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What all scripts share: the network, its input and what comes out.
const SHARED: &str = include_str!("templates/synfire_network.py");
/// What the file with [`SHARED`] is called, and that with the network's numbers.
const SHARED_NAME: &str = "synfire_network.py";
const NUMBERS_NAME: &str = "network.npz";
/// Where the provenance goes in a template.
const PROVENANCE: &str = "# @PROVENANCE@\n";

/// A Python file, and what takes the place of its marks.
pub(crate) struct ScriptTemplate<'a> {
    /// Name of the file.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
    /// Marks, and the Python that takes their place.
    pub fillings: &'a [(&'static str, String)],
}

/// A Python literal of a text.
pub(crate) fn literal(text: &str) -> String {
    // A text of JSON is one of Python, too.
    serde_json::Value::from(text).to_string()
}

/// A Python dictionary by the names of populations, one entry per line.
pub(crate) fn dictionary<'a>(entries: impl Iterator<Item = (&'a str, String)>) -> String {
    let lines = entries.map(|(name, value)| format!("    {}: {value},\n", literal(name)));
    format!("{{\n{}}}", lines.collect::<String>())
}

/// Writes the script, `synfire_network.py` and `network.npz` into a folder, which is made if it is
/// not there.
///
/// # Errors
/// [`Error::Disk`]; as [`network_arrays`].
pub(crate) fn write_folder(
    network: &DeployedNetwork,
    provenance: &Provenance,
    folder: &Path,
    ScriptTemplate { name, text, fillings }: ScriptTemplate,
) -> Result<Vec<PathBuf>> {
    let arrays = network_arrays(network, provenance)?;
    let data = folder.join(NUMBERS_NAME);
    let bytes = npz(&arrays).map_err(|error| Error::file(&data, error))?;
    let (script, shared) = (folder.join(name), folder.join(SHARED_NAME));
    let told = python_provenance(provenance);
    // What people wrote goes in last: marks in it stay what they are.
    let filled = fillings.iter().fold(text.to_owned(), |text, (mark, own)| text.replace(mark, own));
    let text = filled.replace(PROVENANCE, &told);
    std::fs::create_dir_all(folder).map_err(|error| Error::file(folder, error))?;
    atomic_file::write(&data, &bytes)?;
    atomic_file::write(&shared, SHARED.replace(PROVENANCE, &told).as_bytes())?;
    atomic_file::write(&script, text.as_bytes())?;
    Ok(vec![script, shared, data])
}

/// Whether a file of this name is one of the folder of the script `script`.
pub(crate) fn has_file(script: &str, name: &str) -> bool {
    [script, SHARED_NAME, NUMBERS_NAME].contains(&name)
}

/// The provenance as an assignment.
fn python_provenance(provenance: &Provenance) -> String {
    let mut text = String::from("PROVENANCE = {\n");
    for (name, value) in provenance.entries() {
        writeln!(text, "    {}: {},", literal(name), literal(&value)).expect("a String grows");
    }
    text + "}\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::scripts::kind::tests::lif_network;

    #[test]
    fn provenance_stands_in_every_file_whatever_it_holds() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("deep/er");
        let provenance = Provenance {
            synfire: "0.1.0".into(),
            commit: Some("1234abc".into()),
            source: "a \"path\"\\\n# @SHIFT@".into(),
            sha256: "00ff".into(),
        };
        let template = ScriptTemplate {
            name: "run.py",
            text: "# @PROVENANCE@\nX = @X@\n",
            fillings: &[("@X@", "1".into())],
        };
        let files = write_folder(&lif_network(2, &[]), &provenance, &folder, template).unwrap();
        assert_eq!(files.len(), 3);
        let script = std::fs::read_to_string(&files[0]).unwrap();
        let told = "PROVENANCE = {\n    \"synfire\": \"0.1.0\",\n    \"commit\": \"1234abc\",\n    \
                    \"source\": \"a \\\"path\\\"\\\\\\n# @SHIFT@\",\n    \
                    \"sha256\": \"00ff\",\n}\n";
        assert_eq!(script, format!("{told}X = 1\n"));
        assert!(std::fs::read_to_string(&files[1]).unwrap().contains(told));
        let mut archive = zip::ZipArchive::new(std::fs::File::open(&files[2]).unwrap()).unwrap();
        assert!(archive.by_name("provenance.npy").is_ok());
    }
}
