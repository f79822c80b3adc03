//! Checkpoints: everything needed to go on, bit for bit, in one safetensors file.
//!
//! | tensor | shape |
//! |---|---|
//! | `<source>-><target>.weight` | `[post, pre, element]` |
//! | `<source>-><target>.delay` | what the granularity asks for, in steps |
//! | `<population>.norm.gain`, `.bias`, `.running_mean`, `.running_variance` | `[neuron]` |
//! | `<population>.deployed.running_mean`, `.running_variance` | `[neuron]`, for deployed delays |
//! | `<tensor>.optimizer.<moment>` | as its tensor |
//! | `protection.<name>` | as the protection has it |
//!
//! `<source>-><target>#2` is the second projection between two populations. The metadata entry
//! `synfire` holds an outline of the network, the training settings, counters, sums of a running
//! epoch and the caller's own entries as JSON. It is a single entry because the order of several
//! would not be fixed, and equal states must give equal bytes.

use crate::checkpoint_file::{
    CheckpointFile, METADATA, Metadata, VERSION, deployed_name, protection_name, read_deployed,
    read_tensors,
};
use crate::error::{Error, Result};
use crate::gradient::optimizer::Optimizer;
use crate::trainer::epochs::{EpochSums, EpochTrainer};
use crate::trainer::groups::GroupedOptimizer;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use sim_core::{Network, Parameter};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Tensors by name, each with its shape.
type Tensors<'a> = Vec<(String, Vec<usize>, &'a [f32])>;

impl EpochTrainer {
    /// Writes the trainer's whole state to `path`, atomically, with entries of the caller's own.
    ///
    /// # Errors
    /// [`Error::Disk`] when the file cannot be written; [`Error::Checkpoint`] when the state of the
    /// protection is not finite. An earlier file at `path` then stays.
    pub fn save(&self, path: &Path, own: &BTreeMap<String, String>) -> Result<()> {
        let (trainer, network, sums) = (self.trainer(), self.network(), self.sums());
        let mut tensors = tensors(network);
        let mut optimizer_steps = BTreeMap::new();
        for (parameter, grouped) in network.parameters().zip(trainer.optimizers()) {
            let Some(GroupedOptimizer { optimizer, .. }) = grouped else { continue };
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
            task: trainer.task(),
            epoch: trainer.epoch(),
            step: trainer.steps(),
            batches: sums.batches,
            samples: sums.samples,
            correct: sums.correct,
            loss_bits: sums.loss.to_bits(),
            gradient_norm_bits: sums.gradient_norm.to_bits(),
            firing_bits: sums.firing.iter().map(|sum| sum.to_bits()).collect(),
            penalty_bits: sums.penalty.to_bits(),
            protection_residual_bits: sums.protection_residual.to_bits(),
            activity: sums.activity.clone(),
            optimizer_steps,
            protection: protection.iter().map(|(name, v)| (name.clone(), v.len())).collect(),
            own: own.clone(),
        };
        let metadata = serde_json::to_string(&metadata).expect("strings and numbers");
        write(path, tensors, metadata)
    }

    /// Takes over the state that [`EpochTrainer::save`] wrote. This trainer must have been made
    /// from the same network, settings and seed as the trainer that was saved, with the same loss,
    /// regularisers and protection.
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
        let (network, optimizers, protection, steps) = trainer.state_mut();
        read_tensors(file, &tensors, network)?;
        *deployed_norms = read_deployed(file, &tensors, network)?;
        for (parameter, grouped) in network.parameters().zip(optimizers) {
            let Some(GroupedOptimizer { optimizer, .. }) = grouped else { continue };
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
            protection_residual: f64::from_bits(metadata.protection_residual_bits),
            firing: metadata.firing_bits.iter().map(|&bits| f64::from_bits(bits)).collect(),
            activity: metadata.activity.clone(),
        };
        trainer.move_to_task(metadata.task);
        trainer.move_to_epoch(metadata.epoch);
        Ok(self)
    }
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
