//! Checkpoints: everything needed to go on, bit for bit, in one safetensors file.
//!
//! | tensor | shape |
//! |---|---|
//! | `<source>-><target>.weight`, `.delay` | `[post, pre, tap]` or what the granularity asks for; delays in steps; `<source>-><target>#2` is the second between the same populations |
//! | `<population>.norm.gain`, `.bias`, `.running_mean`, `.running_variance` | `[neuron]` |
//! | `<population>.deployed.running_mean`, `.running_variance` | `[neuron]`, where re-estimated for deployed delays |
//! | `<tensor>.optimizer.<moment>` | as its tensor |
//! | `protection.<name>` | as the protection has it |
//!
//! The metadata entry `synfire` holds an outline of the network, the training settings, counters,
//! sums of a running epoch and the caller's own entries as JSON. It is a single entry because the
//! order of several would not be fixed, and equal states must give equal bytes.

use crate::error::{Error, Result};
use crate::gradient::optimizer::Optimizer;
use crate::settings::TrainingSettings;
use crate::trainer::activity::ActivitySums;
use crate::trainer::epochs::{EpochSums, EpochTrainer};
use crate::trainer::groups::Learner;
use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use sim_core::{BatchNorm, Network, Outline, Parameter, ParameterId, flat};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

const METADATA: &str = "synfire";
const VERSION: u32 = 2;

#[derive(Debug, Serialize, Deserialize)]
struct Metadata {
    version: u32,
    /// [`Network::outline`].
    network: Outline,
    training: TrainingSettings,
    seed: u64,
    epoch: usize,
    step: u64,
    /// Sums of a running epoch; `f64` as bits, since decimal digits could lose some.
    batches: usize,
    samples: usize,
    correct: usize,
    loss_bits: u64,
    gradient_norm_bits: u64,
    firing_bits: Vec<u64>,
    /// Of a checkpoint that lacks them, as of one between epochs, nothing was counted yet.
    #[serde(default)]
    penalty_bits: u64,
    #[serde(default)]
    activity: Vec<ActivitySums>,
    optimizer_steps: BTreeMap<String, u64>,
    /// Names and lengths of what the protection has learned.
    protection: BTreeMap<String, usize>,
    own: BTreeMap<String, String>,
}

/// Tensors by name, each with its shape.
type Tensors<'a> = Vec<(String, Vec<usize>, &'a [f32])>;

impl EpochTrainer {
    /// Writes the trainer's whole state to `path`, atomically, with entries of the caller's own.
    ///
    /// # Errors
    /// [`Error::Disk`] when the file cannot be written; [`Error::Checkpoint`] when the state of the
    /// protection is not finite. What was there before stays.
    pub fn save(&self, path: &Path, own: &BTreeMap<String, String>) -> Result<()> {
        let (trainer, network, sums) = (self.trainer(), self.network(), self.sums());
        let mut tensors = tensors(network);
        let mut optimizer_steps = BTreeMap::new();
        for (parameter, learner) in network.parameters().zip(trainer.learners()) {
            let Some(Learner { optimizer, .. }) = learner else { continue };
            let name = network.parameter_name(parameter.id);
            tensors.extend(
                optimizer.state().into_iter().map(|(moment, values)| {
                    (moment_name(&name, moment), vec![values.len()], values)
                }),
            );
            optimizer_steps.insert(name, optimizer.steps());
        }
        let deployed = self.deployed_norms().map(|_| self.deployed_network());
        let statistics = deployed.iter().flat_map(Network::tensors);
        for tensor in statistics.filter(|tensor| !tensor.id.kind.is_learned()) {
            let name = deployed_name(network, tensor.id);
            tensors.push((name, tensor.shape.lengths().to_vec(), tensor.values));
        }
        let protection = trainer.protection().state();
        for (name, values) in &protection {
            if let Some(entry) = values.iter().position(|value| !value.is_finite()) {
                let what = format!(
                    "it cannot be stored: entry {entry} of the protection's {name} is {}",
                    values[entry]
                );
                return Err(Error::Checkpoint { path: path.into(), what });
            }
        }
        tensors.extend(
            protection
                .iter()
                .map(|(name, values)| (protection_name(name), vec![values.len()], &values[..])),
        );
        let metadata = Metadata {
            version: VERSION,
            network: network.outline(),
            training: self.settings().clone(),
            seed: trainer.seed().0,
            epoch: trainer.epoch(),
            step: trainer.steps(),
            batches: sums.batches,
            samples: sums.samples,
            correct: sums.correct,
            loss_bits: sums.loss.to_bits(),
            gradient_norm_bits: sums.gradient_norm.to_bits(),
            firing_bits: sums.firing.iter().map(|sum| sum.to_bits()).collect(),
            penalty_bits: sums.penalty.to_bits(),
            activity: sums.activity.clone(),
            optimizer_steps,
            protection: protection.iter().map(|(name, v)| (name.clone(), v.len())).collect(),
            own: own.clone(),
        };
        let metadata = serde_json::to_string(&metadata).expect("strings and numbers");
        write(path, tensors, metadata)
    }

    /// Takes over the state that [`EpochTrainer::save`] wrote. This trainer must have been made as
    /// that one was: from the same network, settings and seed, with the same loss, regularisers and
    /// protection.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming the file and what does not fit.
    pub fn resume(mut self, file: &CheckpointFile) -> Result<Self> {
        let metadata = &file.metadata;
        file.check_network(self.network())?;
        if let Some(difference) = file.settings_difference(self.settings()) {
            return Err(file.wrong(format!("going on would not be exact: {difference}")));
        }
        let seed = self.trainer().seed();
        if metadata.seed != seed.0 {
            return Err(file.wrong(format!(
                "it was trained with seed {}, but the run has seed {}",
                metadata.seed, seed.0
            )));
        }
        let tensors = file.tensors()?;
        let (trainer, sums, deployed_norms) = self.state_mut();
        let (network, learners, protection, steps) = trainer.state_mut();
        read_tensors(file, &tensors, network)?;
        *deployed_norms = read_deployed(file, &tensors, network)?;
        for (parameter, learner) in network.parameters().zip(learners) {
            let Some(Learner { optimizer, .. }) = learner else { continue };
            let name = network.parameter_name(parameter.id);
            read_optimizer(file, &tensors, &name, optimizer)?;
        }
        let protected = read_protection(file, &tensors)?;
        protection.restore(protected).map_err(|problem| file.wrong(problem))?;
        *steps = metadata.step;
        *sums = EpochSums {
            batches: metadata.batches,
            samples: metadata.samples,
            correct: metadata.correct,
            loss: f64::from_bits(metadata.loss_bits),
            gradient_norm: f64::from_bits(metadata.gradient_norm_bits),
            penalty: f64::from_bits(metadata.penalty_bits),
            firing: metadata.firing_bits.iter().map(|&bits| f64::from_bits(bits)).collect(),
            activity: metadata.activity.clone(),
        };
        trainer.move_to_epoch(metadata.epoch);
        Ok(self)
    }
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
    metadata: Metadata,
}

impl CheckpointFile {
    /// Reads a file that [`EpochTrainer::save`] wrote.
    ///
    /// # Errors
    /// [`Error::Disk`] when it cannot be read; [`Error::Checkpoint`] when it is something else or
    /// not whole.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path)
            .map_err(|source| atomic_file::Error::io(path, "read the file", source))?;
        let metadata =
            metadata(&bytes).map_err(|what| Error::Checkpoint { path: path.into(), what })?;
        Ok(Self { path: path.into(), bytes, metadata })
    }

    /// Epochs finished when it was written.
    pub fn epoch(&self) -> usize {
        self.metadata.epoch
    }

    /// Whether it was written within the epoch after those.
    pub fn is_within_epoch(&self) -> bool {
        self.metadata.samples > 0
    }

    /// The entries that the caller of [`EpochTrainer::save`] added.
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
    /// training. Gives the first of the settings that differ.
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

    /// The first setting that is another than the checkpoint was trained with, so that going on
    /// would not be exact. Which checkpoints are kept changes nothing that is learned.
    pub fn settings_difference(&self, ours: &TrainingSettings) -> Option<String> {
        let checkpoints = ours.checkpoints;
        let stored = TrainingSettings { checkpoints, ..self.metadata.training.clone() };
        let differs = || "[training] differs".to_owned();
        (stored != *ours)
            .then(|| first_difference("training", &stored, ours).unwrap_or_else(differs))
    }

    /// How far its training had come.
    pub fn progress(&self) -> CheckpointProgress {
        let Metadata { seed, epoch, step, batches, .. } = self.metadata;
        CheckpointProgress { seed, epochs: epoch, steps: step, within_epoch: batches > 0 }
    }

    /// Whether a tensor of this name is the state of a protection.
    pub(crate) fn protects(&self, name: &str) -> bool {
        self.metadata.protection.keys().any(|protected| protection_name(protected) == name)
    }

    fn wrong(&self, what: String) -> Error {
        Error::Checkpoint { path: self.path.clone(), what }
    }

    pub(crate) fn tensors(&self) -> Result<SafeTensors<'_>> {
        SafeTensors::deserialize(&self.bytes).map_err(|error| self.wrong(not_whole(error)))
    }

    /// Refuses the checkpoint of another network, naming the first difference.
    fn check_network(&self, network: &Network) -> Result<()> {
        match network.outline().difference(&self.metadata.network) {
            Some(difference) => {
                Err(self.wrong(format!("it belongs to another network: {difference}")))
            }
            None => Ok(()),
        }
    }

    /// The numbers of one tensor, of which there must be `length`.
    fn read(&self, tensors: &SafeTensors, name: &str, length: usize) -> Result<Vec<f32>> {
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

/// The first key in which the settings that a checkpoint was made with differ from those at hand:
/// `data.split.fraction is 0.2 in the checkpoint, 0.3 in the configuration`; `section` is what they
/// are called.
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

fn moment_name(tensor: &str, moment: &str) -> String {
    format!("{tensor}.optimizer.{moment}")
}

fn protection_name(name: &str) -> String {
    format!("protection.{name}")
}

fn tensors(network: &Network) -> Tensors<'_> {
    let named = |tensor: Parameter<'_>| network.parameter_name(tensor.id);
    network
        .tensors()
        .map(|tensor| (named(tensor.clone()), tensor.shape.lengths().to_vec(), tensor.values))
        .collect()
}

/// Name of a statistic of a norm that was re-estimated for deployed delays.
fn deployed_name(network: &Network, statistic: ParameterId) -> String {
    let name = network.parameter_name(statistic);
    let (population, statistic) = name.rsplit_once(".norm.").expect("norms have statistics");
    format!("{population}.deployed.{statistic}")
}

fn read_tensors(file: &CheckpointFile, tensors: &SafeTensors, network: &mut Network) -> Result<()> {
    let names: Vec<_> = network.tensors().map(|t| network.parameter_name(t.id)).collect();
    for (tensor, name) in network.tensors_mut().zip(&names) {
        tensor.values.copy_from_slice(&file.read(tensors, name, tensor.values.len())?);
    }
    for (tensor, name) in network.tensors().zip(&names) {
        tensor.check(name).map_err(|error| file.wrong(format!("{error} in this network")))?;
    }
    Ok(())
}

/// Reads the steps and the moments of the optimiser of a parameter.
fn read_optimizer(
    file: &CheckpointFile,
    tensors: &SafeTensors,
    name: &str,
    optimizer: &mut Optimizer,
) -> Result<()> {
    let Some(&steps) = file.metadata.optimizer_steps.get(name) else {
        return Err(file.wrong(format!("it has no optimiser state for {name}")));
    };
    let read = |(moment, values): (&'static str, &[f32])| {
        Ok((moment, file.read(tensors, &moment_name(name, moment), values.len())?))
    };
    let state = optimizer.state().into_iter().map(read).collect::<Result<Vec<_>>>()?;
    let state: Vec<(&str, &[f32])> =
        state.iter().map(|(moment, values)| (*moment, &values[..])).collect();
    optimizer.restore(steps, &state).map_err(|error| file.wrong(error.to_string()))
}

/// Reads the state of a protection.
fn read_protection(
    file: &CheckpointFile,
    tensors: &SafeTensors,
) -> Result<BTreeMap<String, Vec<f32>>> {
    let read = |(name, &length): (&String, &usize)| {
        Ok((name.clone(), file.read(tensors, &protection_name(name), length)?))
    };
    file.metadata.protection.iter().map(read).collect()
}

fn read_deployed(
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

fn write(path: &Path, tensors: Tensors, metadata: String) -> Result<()> {
    let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = tensors
        .into_iter()
        .map(|(name, shape, values)| {
            (name, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
        })
        .collect();
    let views = bytes.iter().map(|(name, shape, bytes)| {
        (
            name,
            TensorView::new(Dtype::F32, shape.clone(), bytes)
                .expect("shape and bytes come from the same tensor"),
        )
    });
    let metadata = HashMap::from([(METADATA.to_string(), metadata)]);
    let data = safetensors::serialize(views, Some(metadata)).map_err(|error| {
        Error::Checkpoint { path: path.into(), what: format!("it cannot be stored: {error}") }
    })?;
    Ok(atomic_file::write(path, &data)?)
}
