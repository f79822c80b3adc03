//! Checkpoints: everything needed to go on, bit for bit, in one safetensors file.
//!
//! | tensor | shape |
//! |---|---|
//! | `<source>-><target>.weight`, `.delay` | `[post, pre, tap]` or what the granularity asks for; delays in steps |
//! | `<population>.norm.gain`, `.bias`, `.running_mean`, `.running_variance` | `[neuron]` |
//! | `<population>.deployed.running_mean`, `.running_variance` | `[neuron]`, where re-estimated for deployed delays |
//! | `<tensor>.optimizer.<moment>` | as its tensor |
//!
//! The metadata entry `synfire` holds an outline of the network, the training settings, counters,
//! sums of a running epoch and the caller's own entries as JSON. It is a single entry because the
//! order of several would not be fixed, and equal states must give equal bytes.

use crate::error::{Error, Result};
use crate::gradient::optimizer::Optimizer;
use crate::settings::TrainingSettings;
use crate::training::{EpochSums, Trainer};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use sim_core::{BatchNorm, Network, Outline, Parameter, Seed, flat};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

const METADATA: &str = "synfire";
const VERSION: u32 = 1;

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
    optimizer_steps: BTreeMap<String, u64>,
    own: BTreeMap<String, String>,
}

/// Tensors by name, each with its shape.
type Tensors<'a> = Vec<(String, Vec<usize>, &'a [f32])>;

impl Trainer {
    /// Writes the trainer's whole state to `path`, atomically, with entries of the caller's own.
    ///
    /// # Errors
    /// [`Error::Disk`] when the file cannot be written; what was there before stays.
    pub fn save(&self, path: &Path, own: &BTreeMap<String, String>) -> Result<()> {
        let mut tensors = tensors(&self.network);
        let mut optimizer_steps = BTreeMap::new();
        for (name, optimizer) in self.named_optimizers() {
            optimizer_steps.insert(name.clone(), optimizer.steps());
            tensors.extend(
                optimizer.state().into_iter().map(|(moment, values)| {
                    (moment_name(&name, moment), vec![values.len()], values)
                }),
            );
        }
        for (population, norm) in
            self.network.populations.iter().zip(self.deployed_norms.iter().flatten())
        {
            if let Some(norm) = norm {
                tensors.extend(deployed_statistics(&population.name, norm));
            }
        }
        let metadata = Metadata {
            version: VERSION,
            network: self.network.outline(),
            training: self.settings.clone(),
            seed: self.seed.0,
            epoch: self.epoch,
            step: self.step,
            batches: self.sums.batches,
            samples: self.sums.samples,
            correct: self.sums.correct,
            loss_bits: self.sums.loss.to_bits(),
            gradient_norm_bits: self.sums.gradient_norm.to_bits(),
            firing_bits: self.sums.firing.iter().map(|sum| sum.to_bits()).collect(),
            optimizer_steps,
            own: own.clone(),
        };
        let metadata = serde_json::to_string(&metadata).expect("strings and numbers");
        write(path, tensors, metadata)
    }

    /// Reads a trainer back; network and settings must be those it was saved with.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming the file and what does not fit; [`Error::Network`] as in
    /// [`Trainer::new`].
    pub fn resume(
        path: &Path,
        network: Network,
        settings: TrainingSettings,
        seed: Seed,
    ) -> Result<Self> {
        let file = Checkpoint::open(path)?;
        let mut trainer = Self::new(network, settings, seed)?;
        let metadata = file.metadata()?;
        file.check_network(&metadata, &trainer.network)?;
        if metadata.training != trainer.settings {
            let key = first_difference("training", &metadata.training, &trainer.settings)
                .unwrap_or_else(|| "[training] differs".into());
            return Err(file.wrong(format!("going on would not be exact: {key}")));
        }
        if metadata.seed != seed.0 {
            return Err(file.wrong(format!(
                "it was trained with seed {}, but the run has seed {}",
                metadata.seed, seed.0
            )));
        }
        let tensors = file.tensors()?;
        read_tensors(&file, &tensors, &mut trainer.network)?;
        trainer.deployed_norms = read_deployed(&file, &tensors, &trainer.network)?;
        let Trainer { network, optimizers, .. } = &mut trainer;
        for (parameter, optimizer) in network.parameters().zip(optimizers) {
            let Some(optimizer) = optimizer else { continue };
            let name = network.parameter_name(parameter.id);
            let Some(&steps) = metadata.optimizer_steps.get(&name) else {
                return Err(file.wrong(format!("it has no optimiser state for {name}")));
            };
            let state = optimizer
                .state()
                .into_iter()
                .map(|(moment, values)| {
                    Ok((moment, file.read(&tensors, &moment_name(&name, moment), values.len())?))
                })
                .collect::<Result<Vec<_>>>()?;
            let state: Vec<(&str, &[f32])> =
                state.iter().map(|(moment, values)| (*moment, &values[..])).collect();
            optimizer.restore(steps, &state).map_err(|error| file.wrong(error.to_string()))?;
        }
        trainer.epoch = metadata.epoch;
        trainer.step = metadata.step;
        trainer.sums = EpochSums {
            batches: metadata.batches,
            samples: metadata.samples,
            correct: metadata.correct,
            loss: f64::from_bits(metadata.loss_bits),
            gradient_norm: f64::from_bits(metadata.gradient_norm_bits),
            firing: metadata.firing_bits.into_iter().map(f64::from_bits).collect(),
        };
        Ok(trainer)
    }

    /// Every optimiser with the name of its parameter.
    fn named_optimizers(&self) -> impl Iterator<Item = (String, &Optimizer)> {
        let named = self.network.parameters().zip(&self.optimizers);
        named.filter_map(|(parameter, optimizer)| {
            Some((self.network.parameter_name(parameter.id), optimizer.as_ref()?))
        })
    }
}

/// Reads the parameters of a checkpoint into `network`, with the norm statistics for deployed
/// delays where there are any. Returns the entries the caller of [`Trainer::save`] added.
///
/// # Errors
/// [`Error::Checkpoint`] naming the file and what does not fit the network.
pub fn load_network(path: &Path, network: &mut Network) -> Result<BTreeMap<String, String>> {
    let file = Checkpoint::open(path)?;
    let metadata = file.metadata()?;
    file.check_network(&metadata, network)?;
    let tensors = file.tensors()?;
    read_tensors(&file, &tensors, network)?;
    if let Some(norms) = read_deployed(&file, &tensors, network)? {
        network
            .populations
            .iter_mut()
            .zip(norms)
            .for_each(|(population, norm)| population.norm = norm);
    }
    Ok(metadata.own)
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

fn tensors(network: &Network) -> Tensors<'_> {
    let named = |tensor: Parameter<'_>| network.parameter_name(tensor.id);
    network
        .tensors()
        .map(|tensor| (named(tensor.clone()), tensor.shape.lengths().to_vec(), tensor.values))
        .collect()
}

fn deployed_statistics<'a>(population: &str, norm: &'a BatchNorm) -> Tensors<'a> {
    [("running_mean", &norm.running_mean), ("running_variance", &norm.running_variance)]
        .map(|(part, values)| {
            (format!("{population}.deployed.{part}"), vec![values.len()], &values[..])
        })
        .into()
}

fn read_tensors(file: &Checkpoint, tensors: &SafeTensors, network: &mut Network) -> Result<()> {
    let names: Vec<_> = network.tensors().map(|t| network.parameter_name(t.id)).collect();
    for (tensor, name) in network.tensors_mut().zip(&names) {
        tensor.values.copy_from_slice(&file.read(tensors, name, tensor.values.len())?);
    }
    for (tensor, name) in network.tensors().zip(&names) {
        tensor.check(name).map_err(|error| file.wrong(format!("{error} in this network")))?;
    }
    Ok(())
}

fn read_deployed(
    file: &Checkpoint,
    tensors: &SafeTensors,
    network: &Network,
) -> Result<Option<Vec<Option<BatchNorm>>>> {
    if !tensors.names().iter().any(|name| name.contains(".deployed.")) {
        return Ok(None);
    }
    let norm = |population: &sim_core::Population| {
        let Some(norm) = &population.norm else { return Ok(None) };
        let read = |part: &str| {
            file.read(tensors, &format!("{}.deployed.{part}", population.name), norm.gain.len())
        };
        Ok(Some(BatchNorm {
            running_mean: read("running_mean")?,
            running_variance: read("running_variance")?,
            ..norm.clone()
        }))
    };
    network.populations.iter().map(norm).collect::<Result<Vec<_>>>().map(Some)
}

/// A checkpoint's bytes and where they came from.
struct Checkpoint<'a> {
    path: &'a Path,
    bytes: Vec<u8>,
}

impl<'a> Checkpoint<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        let bytes = std::fs::read(path)
            .map_err(|source| atomic_file::Error::io(path, "read the file", source))?;
        Ok(Self { path, bytes })
    }

    fn wrong(&self, what: String) -> Error {
        Error::Checkpoint { path: self.path.into(), what }
    }

    fn tensors(&self) -> Result<SafeTensors<'_>> {
        SafeTensors::deserialize(&self.bytes)
            .map_err(|error| self.wrong(format!("it is not a whole safetensors file: {error}")))
    }

    fn metadata(&self) -> Result<Metadata> {
        let (_, header) = SafeTensors::read_metadata(&self.bytes)
            .map_err(|error| self.wrong(format!("it is not a whole safetensors file: {error}")))?;
        let text = header.metadata().as_ref().and_then(|entries| entries.get(METADATA));
        let text = text.ok_or_else(|| self.wrong("it is not a checkpoint of synfire".into()))?;
        let metadata: Metadata = serde_json::from_str(text)
            .map_err(|error| self.wrong(format!("its metadata cannot be read: {error}")))?;
        if metadata.version != VERSION {
            return Err(self.wrong(format!(
                "its version is {}, but this program reads version {VERSION}",
                metadata.version
            )));
        }
        Ok(metadata)
    }

    /// Refuses a checkpoint of another network, naming the first difference.
    fn check_network(&self, metadata: &Metadata, network: &Network) -> Result<()> {
        match network.outline().difference(&metadata.network) {
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
