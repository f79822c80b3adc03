//! Weights and delays that a PyTorch program trained, in a network of ours.

use crate::error::{Error, Result};
use exchange::{ImportedLayer, ImportedNeurons, ImportedNorm, ImportedReset, ImportedWeights};
use sim_core::{
    BatchNorm, Cells, DenseSynapses, Dynamics, Granularity, Network, Population, Reset, Synapses,
};
use std::path::Path;

/// By how much a factor of a step may differ from that of a file: both round a time constant.
const NEAR: f64 = 1e-6;

/// Weights of another program on their way into a network; `path` is the file they come from.
pub(crate) struct Import<'a> {
    pub path: &'a Path,
    pub weights: &'a ImportedWeights,
}

impl Import<'_> {
    /// Puts the layers into the projections of a feed-forward network, in their order. Returns what
    /// a user should know, a sentence each.
    ///
    /// # Errors
    /// [`Error::Config`] naming the layer, the projection and the setting that would fit.
    pub fn fill(&self, network: &mut Network) -> Result<Vec<String>> {
        let layers = &self.weights.layers;
        if network.projections.len() != layers.len() {
            return Err(self.wrong(format!(
                "the file has {} layers, but the network has {} projections (network.hidden)",
                layers.len(),
                network.projections.len()
            )));
        }
        let mut remarks = self.weights.remarks.clone();
        for (index, layer) in layers.iter().enumerate() {
            let name = network.projection_name(index);
            self.fill_synapses(network, index, layer, &name)?;
            let target = network.projections[index].target;
            let dt_ms = network.dt_ms;
            let population = &mut network.populations[target];
            self.fill_norm(population, layer)?;
            if let Some(neurons) = &layer.neurons {
                remarks.extend(self.compare_neurons(population, layer, neurons, dt_ms)?);
            }
        }
        network.check().map_err(|error| self.wrong(error.to_string()))?;
        Ok(remarks)
    }

    fn fill_synapses(
        &self,
        network: &mut Network,
        index: usize,
        layer: &ImportedLayer,
        name: &str,
    ) -> Result<()> {
        let Synapses::Dense(dense) = &mut network.projections[index].synapses else {
            return Err(self.wrong(format!(
                "projection {name} has single synapses, but weights are imported into dense ones"
            )));
        };
        let ImportedLayer { pre, post, elements_per_pair, weight, delay_steps, .. } = layer;
        let (theirs, ours) =
            ([*pre, *post, *elements_per_pair], [dense.pre, dense.post, dense.elements_per_pair]);
        if theirs != ours {
            let words = |[pre, post, elements]: [usize; 3]| {
                format!("{pre} to {post} neurons with kernel_count {elements}")
            };
            return Err(self.wrong(format!(
                "layer {} is one of {}, but projection {name} is one of {}",
                layer.name,
                words(theirs),
                words(ours)
            )));
        }
        dense.weight.copy_from_slice(weight);
        match delay_steps {
            Some(_) if dense.max_delay_steps == 0 => Err(self.wrong(format!(
                "layer {} has delays, but projection {name} has none (network.delays)",
                layer.name
            ))),
            Some(delays) => self.fill_delays(dense, delays, layer, name),
            None if dense.max_delay_steps > 0 => Err(self.wrong(format!(
                "layer {} has no delays, but projection {name} has (--set network.delays=none)",
                layer.name
            ))),
            None => Ok(()),
        }
    }

    fn fill_delays(
        &self,
        dense: &mut DenseSynapses,
        delays: &[f32],
        layer: &ImportedLayer,
        name: &str,
    ) -> Result<()> {
        if dense.granularity != Granularity::Synaptic {
            return Err(self.wrong(format!(
                "layer {} has a delay for each synapse, but projection {name} has not (--set \
                 network.delay_granularity=synaptic)",
                layer.name
            )));
        }
        dense.delay.copy_from_slice(delays);
        Ok(())
    }

    /// The norm behind a layer; a bias without a norm is a norm that only adds.
    fn fill_norm(&self, population: &mut Population, layer: &ImportedLayer) -> Result<()> {
        let ImportedLayer { name: layer_name, norm, bias, post, .. } = layer;
        let name = population.name.clone();
        match (&mut population.norm, norm, bias) {
            (None, None, None) => Ok(()),
            (Some(ours), Some(theirs), bias) => {
                let ImportedNorm { gain, bias: offset, running_mean, running_variance } = theirs;
                ours.gain.clone_from(gain);
                ours.bias.clone_from(offset);
                ours.running_mean.clone_from(running_mean);
                ours.running_variance.clone_from(running_variance);
                // What is added before the norm moves its mean.
                for (mean, bias) in ours.running_mean.iter_mut().zip(bias.iter().flatten()) {
                    *mean -= bias;
                }
                Ok(())
            }
            (Some(ours), None, Some(bias)) => {
                *ours = BatchNorm { bias: bias.clone(), ..BatchNorm::new(*post) };
                // A scale of exactly 1.
                ours.running_variance.fill(1.0 - ours.epsilon);
                Ok(())
            }
            (Some(_), None, None) => Err(self.wrong(format!(
                "layer {layer_name} has no norm, but population {name} has (--set \
                 network.batch_norm=false)"
            ))),
            (None, Some(_), _) => Err(self.wrong(format!(
                "layer {layer_name} has a batch norm, but population {name} has none \
                 (network.batch_norm)"
            ))),
            (None, None, Some(bias)) if bias.iter().all(|bias| *bias == 0.0) => Ok(()),
            (None, None, Some(_)) => Err(self.wrong(format!(
                "layer {layer_name} has a bias, but population {name} has no norm that could add it"
            ))),
        }
    }

    /// Whether neurons decay and fire as those of the file; what they do otherwise.
    fn compare_neurons(
        &self,
        population: &Population,
        layer: &ImportedLayer,
        neurons: &ImportedNeurons,
        dt_ms: f64,
    ) -> Result<Vec<String>> {
        let Cells::Neurons(model) = &population.cells else { return Ok(Vec::new()) };
        let Some(Dynamics { membrane, firing, .. }) = model.dynamics() else {
            return Ok(Vec::new());
        };
        let name = &population.name;
        let ours = membrane.decay.factor(membrane.tau_ms, dt_ms);
        if let Some(theirs) = neurons.beta.iter().find(|beta| (**beta - ours).abs() > NEAR) {
            let exact = -dt_ms / theirs.ln();
            let euler = dt_ms / (1.0 - theirs);
            return Err(self.wrong(format!(
                "after layer {} a step leaves {theirs} of a potential, but {ours} of those of \
                 {name}: their tau_mem_ms would be {exact} with exact decay, {euler} with Euler \
                 decay",
                layer.name
            )));
        }
        let Some(firing) = firing else { return Ok(Vec::new()) };
        let is_other = |theirs: &&f64| (firing.threshold - **theirs).abs() > NEAR;
        if let Some(theirs) = neurons.threshold.iter().flatten().find(is_other) {
            return Err(self.wrong(format!(
                "after layer {} neurons fire at {theirs}, but those of {name} at {}",
                layer.name, firing.threshold
            )));
        }
        let (theirs, fits) = match neurons.reset {
            None => {
                return Ok(vec![format!(
                    "the file does not say at which potential the neurons after layer {} fire and \
                     how they are reset: as those of {name} in the recipe",
                    layer.name
                )]);
            }
            Some(ImportedReset::Subtract) => ("subtract their threshold", Reset::Soft),
            Some(ImportedReset::Zero) => ("are reset to 0", Reset::Hard),
            Some(ImportedReset::None) => {
                return Err(self.wrong(format!(
                    "after layer {} neurons are not reset by a spike, but those of {name} are",
                    layer.name
                )));
            }
        };
        if firing.reset != fits {
            let setting = if fits == Reset::Soft { "soft" } else { "hard" };
            return Err(self.wrong(format!(
                "after layer {} neurons {theirs}, but those of {name} do not (--set \
                 network.neuron.reset={setting})",
                layer.name
            )));
        }
        Ok(vec![format!(
            "snnTorch resets neurons in the step after a spike, and fires them above the \
             threshold; those of {name} are reset in the same step and fire at the threshold, so \
             spikes may differ"
        )])
    }

    fn wrong(&self, problem: String) -> Error {
        Error::config(self.path.display().to_string(), problem)
    }
}
