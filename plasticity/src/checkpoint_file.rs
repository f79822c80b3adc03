//! A checkpoint that is read: what it holds, and how it fits a network.

use crate::error::{Error, Result};
use crate::settings::TrainingSettings;
use crate::trainer::activity::ActivitySums;
use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use sim_core::{BatchNorm, Network, Outline, Parameter, ParameterId, flat};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The key of the one entry of the metadata.
pub(crate) const METADATA: &str = "synfire";
/// Version of the format.
pub(crate) const VERSION: u32 = 2;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Metadata {
    pub version: u32,
    /// [`Network::outline`].
    pub network: Outline,
    pub training: TrainingSettings,
    pub seed: u64,
    /// The task at hand, of several that are learned one after the other.
    #[serde(default)]
    pub task: usize,
    pub epoch: usize,
    pub step: u64,
    /// Sums of a running epoch; `f64` as bits, since decimal digits could lose some.
    pub batches: usize,
    pub samples: usize,
    pub correct: usize,
    pub loss_bits: u64,
    pub gradient_norm_bits: u64,
    pub firing_bits: Vec<u64>,
    /// A checkpoint without these, such as one between epochs, has counted nothing yet.
    #[serde(default)]
    pub penalty_bits: u64,
    #[serde(default)]
    pub protection_residual_bits: u64,
    #[serde(default)]
    pub activity: Vec<ActivitySums>,
    pub optimizer_steps: BTreeMap<String, u64>,
    /// Names and lengths of what the protection has learned.
    pub protection: BTreeMap<String, usize>,
    pub own: BTreeMap<String, String>,
}

/// How far the training of a checkpoint had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckpointProgress {
    /// Seed of the training.
    pub seed: u64,
    /// Finished epochs.
    pub epochs: usize,
    /// Training steps.
    pub steps: u64,
    /// Whether an epoch had begun.
    pub within_epoch: bool,
}

/// A checkpoint, read and found whole.
#[derive(Debug)]
pub struct CheckpointFile {
    path: PathBuf,
    bytes: Vec<u8>,
    pub(crate) metadata: Metadata,
}

impl CheckpointFile {
    /// Reads a file that [`EpochTrainer::save`](crate::EpochTrainer::save) wrote.
    ///
    /// # Errors
    /// [`Error::Disk`] when it cannot be read; [`Error::Checkpoint`] when it is something else or
    /// not whole.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path)
            .map_err(|source| atomic_file::Error::io(path, "read the file", source))?;
        let wrong = |what| Error::Checkpoint { path: path.into(), what };
        let metadata = metadata(&bytes).map_err(wrong)?;
        metadata.network.check_polarities().map_err(|error| wrong(error.to_string()))?;
        Ok(Self { path: path.into(), bytes, metadata })
    }

    /// Epochs finished when it was written.
    pub fn epoch(&self) -> usize {
        self.metadata.epoch
    }

    /// Whether it was written within the epoch after the finished ones.
    pub fn is_within_epoch(&self) -> bool {
        self.metadata.samples > 0
    }

    /// The entries that the caller of [`EpochTrainer::save`](crate::EpochTrainer::save) added.
    pub fn own(&self) -> &BTreeMap<String, String> {
        &self.metadata.own
    }

    /// Reads the tensors into `network`, with the norm statistics for deployed delays where there
    /// are any.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming the file and what does not fit the network.
    pub fn load(&self, network: &mut Network) -> Result<()> {
        self.check_network(network)?;
        let tensors = self.tensors()?;
        read_tensors(self, &tensors, network)?;
        let norms = read_deployed(self, &tensors, network)?;
        for (population, norm) in network.populations.iter_mut().zip(norms.into_iter().flatten()) {
            population.norm = norm;
        }
        Ok(())
    }

    /// Reads the tensors into a network that starts from them: it has the same step and tensors of
    /// the same names and shapes, but its other settings may differ. Norms keep the statistics of
    /// training. Returns the first setting that differs.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming the file and the first tensor that does not fit.
    pub fn start(&self, network: &mut Network) -> Result<Option<String>> {
        let wrong = |what: String| Err(self.wrong(format!("no network can start from it: {what}")));
        let (ours, stored) = (network.outline(), &self.metadata.network);
        if ours.dt_ms != stored.dt_ms {
            let (theirs, ours) = (stored.dt_ms, ours.dt_ms);
            return wrong(format!(
                "its steps, in which delays are counted, last {theirs} ms, those of this network \
                 {ours} ms"
            ));
        }
        let tensors = self.tensors()?;
        let names: Vec<_> = network.tensors().map(|t| network.parameter_name(t.id)).collect();
        for (tensor, name) in network.tensors().zip(&names) {
            let ours = tensor.shape.lengths();
            match tensors.tensor(name) {
                Err(_) => return wrong(format!("it has no tensor {name}")),
                Ok(view) if view.shape() != ours => {
                    let theirs = view.shape();
                    return wrong(format!("{name} is {theirs:?} in it, {ours:?} in this network"));
                }
                Ok(_) => {}
            }
        }
        if let Some(bare) = stored.bare_network() {
            let mut theirs = bare.tensors().map(|tensor| bare.parameter_name(tensor.id));
            if let Some(name) = theirs.find(|name| !names.contains(name)) {
                return wrong(format!("this network has no tensor {name}"));
            }
        }
        let difference = ours.difference(stored);
        read_tensors(self, &tensors, network).map_err(|error| match (error, &difference) {
            (Error::Checkpoint { path, what }, Some(difference)) => {
                Error::Checkpoint { path, what: format!("{what}: {difference}") }
            }
            (error, _) => error,
        })?;
        Ok(difference)
    }

    /// The file as it was named.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The network without what is learned.
    pub fn outline(&self) -> &Outline {
        &self.metadata.network
    }

    /// The network with the numbers of the file, whatever they are, and with neurons that cannot
    /// run: no configuration is needed to look at it.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] for a network that this version does not know or whose synapses are
    /// not dense, and for a tensor that is missing, of another length or not finite.
    pub fn bare_network(&self) -> Result<Network> {
        let outline = self.outline();
        let Some(mut network) = outline.bare_network() else {
            return Err(self.wrong("its network is not one of dense synapses".into()));
        };
        let tensors = self.tensors()?;
        let read = |tensor: Parameter<'_>| {
            let name = network.parameter_name(tensor.id);
            Ok((tensor.id, self.read(&tensors, &name, tensor.shape.entries())?))
        };
        let read: Vec<_> = network.tensors().map(read).collect::<Result<_>>()?;
        for (id, values) in read {
            network.fill(id, values);
        }
        Ok(network)
    }

    /// The first setting that differs from the settings of the checkpoint, so that going on would
    /// not be exact. The choice of checkpoints that are kept changes nothing that is learned, and
    /// is not compared.
    pub fn settings_difference(&self, ours: &TrainingSettings) -> Option<String> {
        let checkpoints = ours.checkpoints;
        let stored = TrainingSettings { checkpoints, ..self.metadata.training.clone() };
        let differs = || "[training] differs".to_owned();
        (stored != *ours)
            .then(|| first_difference("training", &stored, ours).unwrap_or_else(differs))
    }

    /// How far the training had come.
    pub fn progress(&self) -> CheckpointProgress {
        let Metadata { seed, epoch, step, batches, .. } = self.metadata;
        CheckpointProgress { seed, epochs: epoch, steps: step, within_epoch: batches > 0 }
    }

    /// Whether a tensor of this name is the state of a protection.
    pub(crate) fn protects(&self, name: &str) -> bool {
        self.metadata.protection.keys().any(|protected| protection_name(protected) == name)
    }

    /// The error that something is wrong with the file.
    pub(crate) fn wrong(&self, what: String) -> Error {
        Error::Checkpoint { path: self.path.clone(), what }
    }

    pub(crate) fn tensors(&self) -> Result<SafeTensors<'_>> {
        SafeTensors::deserialize(&self.bytes).map_err(|error| self.wrong(not_whole(error)))
    }

    /// Refuses the checkpoint of another network, naming the first difference.
    pub(crate) fn check_network(&self, network: &Network) -> Result<()> {
        match network.outline().difference(&self.metadata.network) {
            Some(difference) => {
                Err(self.wrong(format!("it belongs to another network: {difference}")))
            }
            None => Ok(()),
        }
    }

    /// The numbers of one tensor, which must be `length` numbers.
    pub(crate) fn read(
        &self,
        tensors: &SafeTensors,
        name: &str,
        length: usize,
    ) -> Result<Vec<f32>> {
        let view = tensors.tensor(name).map_err(|_| {
            self.wrong(format!("it has no tensor {name}, so it belongs to another network"))
        })?;
        let numbers: usize = view.shape().iter().product();
        if view.dtype() != Dtype::F32 || numbers != length {
            let (dtype, shape) = (view.dtype(), view.shape());
            return Err(self.wrong(format!(
                "{name} is {dtype:?} {shape:?}, but the network has {length} F32 numbers there"
            )));
        }
        let values: Vec<f32> = view
            .data()
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
            .collect();
        match values.iter().position(|value| !value.is_finite()) {
            Some(index) => Err(self.wrong(format!(
                "{name}, entry {index} is {}, but must be a finite number",
                values[index]
            ))),
            None => Ok(values),
        }
    }
}

/// The first key in which the `stored` settings of a checkpoint differ from `ours`, in words:
/// `data.split.fraction is 0.2 in the checkpoint, 0.3 in the configuration`. `section` is the name
/// of the settings, here `data`.
pub fn first_difference(
    section: &str,
    stored: &impl Serialize,
    ours: &impl Serialize,
) -> Option<String> {
    let (stored, ours) = (flat(stored), flat(ours));
    let key = stored
        .iter()
        .find(|(key, value)| ours.get(*key) != Some(value))
        .or(ours.iter().find(|(key, _)| !stored.contains_key(*key)))?
        .0;
    let told = |side: &BTreeMap<String, String>| {
        side.get(key).map_or("not set", String::as_str).to_owned()
    };
    Some(format!(
        "{section}.{key} is {} in the checkpoint, {} in the configuration",
        told(&stored),
        told(&ours)
    ))
}

pub(crate) fn protection_name(name: &str) -> String {
    format!("protection.{name}")
}

/// Name of the tensor of a norm's statistic that was estimated again for deployed delays.
pub(crate) fn deployed_name(network: &Network, statistic: ParameterId) -> String {
    let name = network.parameter_name(statistic);
    let (population, statistic) = name.rsplit_once(".norm.").expect("norms have statistics");
    format!("{population}.deployed.{statistic}")
}

pub(crate) fn read_tensors(
    file: &CheckpointFile,
    tensors: &SafeTensors,
    network: &mut Network,
) -> Result<()> {
    let names: Vec<_> = network.tensors().map(|t| network.parameter_name(t.id)).collect();
    for (tensor, name) in network.tensors_mut().zip(&names) {
        tensor.values.copy_from_slice(&file.read(tensors, name, tensor.values.len())?);
    }
    for (tensor, name) in network.tensors().zip(&names) {
        tensor.check(name).map_err(|error| file.wrong(format!("{error} in this network")))?;
    }
    Ok(())
}

pub(crate) fn read_deployed(
    file: &CheckpointFile,
    tensors: &SafeTensors,
    network: &Network,
) -> Result<Option<Vec<Option<BatchNorm>>>> {
    let statistics = network.tensors().filter(|tensor| !tensor.id.kind.is_learned());
    let names: Vec<_> = statistics.map(|tensor| deployed_name(network, tensor.id)).collect();
    if !names.iter().any(|name| tensors.tensor(name).is_ok()) {
        return Ok(None);
    }
    let mut deployed = network.clone();
    let statistics = deployed.tensors_mut().filter(|tensor| !tensor.id.kind.is_learned());
    for (tensor, name) in statistics.zip(&names) {
        tensor.values.copy_from_slice(&file.read(tensors, name, tensor.values.len())?);
    }
    Ok(Some(deployed.populations.into_iter().map(|population| population.norm).collect()))
}

/// What the header of a checkpoint says.
fn metadata(bytes: &[u8]) -> std::result::Result<Metadata, String> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(not_whole)?;
    let text = header.metadata().as_ref().and_then(|entries| entries.get(METADATA));
    let text = text.ok_or("it is not a checkpoint of synfire")?;
    let metadata: Metadata = serde_json::from_str(text)
        .map_err(|error| format!("its metadata cannot be read: {error}"))?;
    if metadata.version != VERSION {
        return Err(format!(
            "its version is {}, but this program reads version {VERSION}",
            metadata.version
        ));
    }
    Ok(metadata)
}

fn not_whole(error: SafeTensorError) -> String {
    format!("it is not a whole safetensors file: {error}")
}
