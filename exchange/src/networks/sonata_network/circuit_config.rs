//! `circuit_config.json`: where the files of a network are.

use crate::error::{Error, Result};
use crate::provenance::Provenance;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::io::Read;
use std::path::{Path, PathBuf};

/// What the file is called in the folder of a network.
pub(super) const CIRCUIT_CONFIG: &str = "circuit_config.json";

/// Where the files are, with the manifest's variables put in.
#[derive(Debug)]
pub(super) struct CircuitConfig {
    /// The file itself.
    pub path: PathBuf,
    /// Files of nodes, each with its table of types.
    pub nodes: Vec<(PathBuf, PathBuf)>,
    /// Files of edges, each with its table of types.
    pub edges: Vec<(PathBuf, PathBuf)>,
    /// Folder with the parameters of point neurons.
    pub neuron_models: Option<PathBuf>,
    /// Folder with the parameters of synapses.
    pub synapse_models: Option<PathBuf>,
    /// What only synfire writes.
    pub own: Option<OwnWords>,
}

/// What the format has no words for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnWords {
    pub dt_ms: f64,
    pub input: Option<String>,
    pub output: Option<String>,
    /// Names in the order of the network.
    pub populations: Vec<String>,
    pub projections: Vec<OwnProjection>,
    pub provenance: Provenance,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnProjection {
    pub name: String,
    pub source: String,
    pub target: String,
    pub port: usize,
    /// `+` or `-` of every presynaptic neuron.
    pub polarity: Option<String>,
}

impl CircuitConfig {
    /// Reads the file, or the file of this name in a folder.
    ///
    /// # Errors
    /// [`Error::Disk`]; [`Error::File`] for what is not JSON or names no files.
    pub fn read(path: &Path) -> Result<Self> {
        let path = if path.is_dir() { path.join(CIRCUIT_CONFIG) } else { path.to_owned() };
        let problem = |problem: String| Error::file(&path, problem);
        let mut text = String::new();
        atomic_file::open(&path)?
            .read_to_string(&mut text)
            .map_err(|error| problem(format!("cannot be read as text: {error}")))?;
        let json: Value = serde_json::from_str(&text)
            .map_err(|error| problem(format!("is not JSON ({error})")))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let none = Map::new();
        let manifest = json["manifest"].as_object().unwrap_or(&none);
        let place = |text: &str| resolved(text, manifest, folder).map_err(problem);
        let files = |kind: &str, file: &str, types: &str| -> Result<Vec<(PathBuf, PathBuf)>> {
            let entries = json["networks"][kind].as_array().map_or(&[][..], Vec::as_slice);
            let entry = |(index, entry): (usize, &Value)| {
                let text = |key: &str| {
                    entry[key]
                        .as_str()
                        .ok_or_else(|| problem(format!("networks.{kind}[{index}] names no {key}")))
                };
                Ok((place(text(file)?)?, place(text(types)?)?))
            };
            entries.iter().enumerate().map(entry).collect()
        };
        let component = |key: &str| json["components"][key].as_str().map(place).transpose();
        let own = json.get("synfire").map(|own| {
            OwnWords::deserialize(own)
                .map_err(|error| problem(format!("synfire cannot be read ({error})")))
        });
        let config = Self {
            nodes: files("nodes", "nodes_file", "node_types_file")?,
            edges: files("edges", "edges_file", "edge_types_file")?,
            neuron_models: component("point_neuron_models_dir")?,
            synapse_models: component("synaptic_models_dir")?,
            own: own.transpose()?,
            path: path.clone(),
        };
        match config.nodes.is_empty() {
            true => Err(problem("names no files in networks.nodes".into())),
            false => Ok(config),
        }
    }
}

/// A path with the variables of the manifest put in; relative ones are relative to the folder of
/// the file.
fn resolved(
    text: &str,
    manifest: &Map<String, Value>,
    folder: &Path,
) -> std::result::Result<PathBuf, String> {
    let mut text = text.to_owned();
    // As many rounds as there are variables resolve any that are made of each other.
    for _ in 0..=manifest.len() {
        text = text.replace("${configdir}", ".");
        let Some(start) = text.find('$') else { return Ok(folder.join(text)) };
        let name = text[start..].split('/').next().unwrap_or_default().to_owned();
        let bare = name.trim_start_matches('$').trim_start_matches('{').trim_end_matches('}');
        let value = [name.clone(), format!("${bare}"), format!("${{{bare}}}"), bare.to_owned()]
            .iter()
            .find_map(|key| manifest.get(key).and_then(Value::as_str).map(str::to_owned));
        let value =
            value.ok_or_else(|| format!("the manifest has no {name}, which a path uses"))?;
        text = text.replacen(&name, &value, 1);
        if text.len() > 1 << 16 {
            break;
        }
    }
    Err("the manifest's variables are made of each other without end".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn variables_are_put_in() {
        let manifest =
            json!({"$BASE": "${configdir}", "$NET": "$BASE/net", "$A": "$B", "$B": "$A"});
        let manifest = manifest.as_object().unwrap();
        let of = |text: &str| resolved(text, manifest, Path::new("/w"));
        assert_eq!(of("$NET/nodes.h5").unwrap(), Path::new("/w/./net/nodes.h5"));
        assert_eq!(of("nodes.h5").unwrap(), Path::new("/w/nodes.h5"));
        assert_eq!(of("/data/nodes.h5").unwrap(), Path::new("/data/nodes.h5"));
        assert_eq!(of("$C/x").unwrap_err(), "the manifest has no $C, which a path uses");
        assert!(of("$A/x").unwrap_err().contains("without end"));
    }
}
