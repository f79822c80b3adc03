//! The layers of a network from the modules of a state dict.

use crate::error::{Error, Result};
use crate::networks::state_dict::delay_positions::delays;
use crate::networks::state_dict::imported::{
    ImportedLayer, ImportedNeurons, ImportedNorm, ImportedReset, ImportedWeights,
};
use crate::networks::state_dict::modules::{Kind, Module, modules, numbered};
use crate::networks::state_dict::named_tensors::read_tensors;
use crate::tensor::Tensor;
use std::path::Path;

type Sentence<T> = std::result::Result<T, String>;

/// Reads the weights of a feed-forward network from the state dict of a PyTorch program, saved as
/// `.safetensors` or `.npz`: linear layers, layers of DCLS, batch norms, neurons of snnTorch and
/// SpikingJelly. Every tensor of the file ends up in the result, or in a remark.
///
/// `max_delay_steps` is the largest delay of layers of DCLS in steps, one less than the size of
/// their kernels, which the file does not say.
///
/// # Errors
/// [`Error::Disk`]; [`Error::File`] naming the tensor: a pickle, a module that is not known, shapes
/// that do not fit, numbers that are not finite, positions outside of the kernel, positions without
/// `max_delay_steps`.
pub fn read_weights(
    path: impl AsRef<Path>,
    max_delay_steps: Option<usize>,
) -> Result<ImportedWeights> {
    let path = path.as_ref();
    let tensors = read_tensors(path)?;
    imported(tensors, max_delay_steps).map_err(|problem| Error::file(path, problem))
}

/// As [`read_weights`], from tensors.
pub(super) fn imported(
    tensors: Vec<(String, Tensor)>,
    max_delay_steps: Option<usize>,
) -> Sentence<ImportedWeights> {
    let modules = modules(tensors)?;
    let mut import = Import { max_delay_steps, remarks: Vec::new() };
    let synapses: Vec<&Module> =
        modules.iter().filter(|module| module.kind == Kind::Synapses).collect();
    let mut layers: Vec<ImportedLayer> =
        synapses.iter().map(|module| import.layer(module)).collect::<Sentence<_>>()?;
    if layers.is_empty() {
        return Err("holds no weights of a layer".into());
    }
    for pair in layers.windows(2) {
        if pair[0].post != pair[1].pre {
            return Err(format!(
                "the layers do not follow each other in the order of their names: {} has {} \
                 postsynaptic neurons, {} after it {} presynaptic ones",
                pair[0].name, pair[0].post, pair[1].name, pair[1].pre
            ));
        }
    }
    for module in modules.iter().filter(|module| module.kind != Kind::Synapses) {
        let layer = &mut layers[layer_of(module, &modules, &synapses)?];
        let twice = |what: &str, name: &str| {
            format!("{} is a second {what} after the layer {name}", module.path)
        };
        if module.kind == Kind::Norm {
            let norm = import.norm(module, layer)?;
            if layer.norm.replace(norm).is_some() {
                return Err(twice("batch norm", &layer.name));
            }
        } else {
            let neurons = import.neurons(module, layer)?;
            if layer.neurons.replace(neurons).is_some() {
                return Err(twice("neuron", &layer.name));
            }
        }
    }
    Ok(ImportedWeights { layers, remarks: import.remarks })
}

/// Which layer a norm or neuron comes after: the layer of the same number where layers and norms
/// have names of their own (`fc1`, `bn1`), else the one before it.
fn layer_of(module: &Module, modules: &[Module], synapses: &[&Module]) -> Sentence<usize> {
    let (number, family) = numbered(&module.path);
    let is_mixed = synapses.iter().any(|layer| numbered(&layer.path).1 == family);
    let same_number = |layer: &&Module| number.is_some() && numbered(&layer.path).0 == number;
    let of_number: Vec<usize> =
        (0..synapses.len()).filter(|&index| same_number(&synapses[index])).collect();
    if let (false, &[layer]) = (is_mixed, &of_number[..]) {
        return Ok(layer);
    }
    let before = modules.iter().take_while(|other| other.path != module.path);
    before.filter(|other| other.kind == Kind::Synapses).count().checked_sub(1).ok_or_else(|| {
        let name = module.tensors.keys().next().map_or("", String::as_str);
        let dot = if module.path.is_empty() { "" } else { "." };
        format!(
            "{}{dot}{name} comes before any layer, but a norm or neuron follows its weights",
            module.path
        )
    })
}

/// What is collected on the way.
struct Import {
    max_delay_steps: Option<usize>,
    remarks: Vec<String>,
}

impl Import {
    fn layer(&mut self, module: &Module) -> Sentence<ImportedLayer> {
        let weight = &module.tensors["weight"];
        let (post, pre) = (weight.shape[0], weight.shape[1]);
        let elements_per_pair = weight.shape.get(2).copied().unwrap_or(1);
        if [post, pre, elements_per_pair].contains(&0) {
            let name = self.name(module, "weight");
            return Err(format!("{name} has the shape {:?}, which holds nothing", weight.shape));
        }
        let delay_steps = match (module.tensors.get("P"), self.max_delay_steps) {
            (None, _) if elements_per_pair > 1 => {
                let name = self.name(module, "weight");
                return Err(format!(
                    "{name} has the shape {:?}, a convolution's, but there are no positions {}",
                    weight.shape,
                    self.name(module, "P")
                ));
            }
            (None, _) => None,
            (Some(_), None) => {
                return Err(format!(
                    "{} holds positions in a kernel whose size the file does not say: give the \
                     largest delay in steps, one less than DCLS's dilated_kernel_size",
                    self.name(module, "P")
                ));
            }
            (Some(positions), Some(max_delay_steps)) => {
                let name = self.name(module, "P");
                let shape = [1, post, pre, elements_per_pair];
                if positions.shape != shape {
                    return Err(format!(
                        "{name} has the shape {:?}, but must have {shape:?} as its weights do",
                        positions.shape
                    ));
                }
                let delays = delays(positions, max_delay_steps);
                Some(delays.map_err(|problem| format!("{name} {problem}"))?)
            }
        };
        if module.tensors.contains_key("SIG") {
            let name = self.name(module, "SIG");
            self.remarks.push(format!(
                "{name} was left aside: the width of a kernel is the recipe's, and a deployed \
                 network has none"
            ));
        }
        Ok(ImportedLayer {
            name: module.path.clone(),
            pre,
            post,
            elements_per_pair,
            weight: self.single(module, "weight", &weight.shape)?,
            delay_steps,
            bias: match module.tensors.contains_key("bias") {
                true => Some(self.single(module, "bias", &[post])?),
                false => None,
            },
            norm: None,
            neurons: None,
        })
    }

    fn norm(&mut self, module: &Module, layer: &ImportedLayer) -> Sentence<ImportedNorm> {
        let shape = [layer.post];
        for name in ["running_var", "weight", "bias"] {
            if !module.tensors.contains_key(name) {
                return Err(format!(
                    "{} is missing: a batch norm has a running mean and variance, a weight and a \
                     bias",
                    self.name(module, name)
                ));
            }
        }
        if module.tensors.contains_key("num_batches_tracked") {
            let name = self.name(module, "num_batches_tracked");
            self.remarks.push(format!("{name} was left aside: nothing is computed from it"));
        }
        let norm = ImportedNorm {
            gain: self.single(module, "weight", &shape)?,
            bias: self.single(module, "bias", &shape)?,
            running_mean: self.single(module, "running_mean", &shape)?,
            running_variance: self.single(module, "running_var", &shape)?,
        };
        match norm.running_variance.iter().position(|variance| *variance < 0.0) {
            Some(neuron) => Err(format!(
                "{} is {} at [{neuron}], but a variance is at least 0",
                self.name(module, "running_var"),
                norm.running_variance[neuron]
            )),
            None => Ok(norm),
        }
    }

    fn neurons(&mut self, module: &Module, layer: &ImportedLayer) -> Sentence<ImportedNeurons> {
        if let Some(factor) = module.tensors.get("graded_spikes_factor") {
            let name = self.name(module, "graded_spikes_factor");
            if factor.values.iter().any(|factor| *factor != 1.0) {
                return Err(format!("{name} is not 1, but spikes here are all of one height"));
            }
            self.remarks.push(format!("{name} was left aside: it is 1, as it is here"));
        }
        if module.tensors.contains_key("mem") {
            let name = self.name(module, "mem");
            self.remarks.push(format!("{name} was left aside: a network starts at rest"));
        }
        if module.tensors.contains_key("w") {
            let leak = self.shared_or_own(module, "w", layer)?;
            // 1 - sigmoid(w), which loses nothing where w is large.
            let beta = leak.iter().map(|w| 1.0 / (1.0 + w.exp())).collect();
            return Ok(ImportedNeurons { beta, threshold: None, reset: None });
        }
        let beta = self.shared_or_own(module, "beta", layer)?;
        if let Some(factor) = beta.iter().find(|factor| !(0.0..=1.0).contains(*factor)) {
            let name = self.name(module, "beta");
            return Err(format!("{name} is {factor}, but must be at least 0 and at most 1"));
        }
        let threshold = match module.tensors.contains_key("threshold") {
            true => Some(self.shared_or_own(module, "threshold", layer)?),
            false => None,
        };
        let reset = module.tensors.get("reset_mechanism_val").map(|value| match value.values[..] {
            [0.0] => Ok(ImportedReset::Subtract),
            [1.0] => Ok(ImportedReset::Zero),
            [2.0] => Ok(ImportedReset::None),
            _ => Err(format!(
                "{} is {:?}, but must be 0 (subtract), 1 (zero) or 2 (none)",
                self.name(module, "reset_mechanism_val"),
                value.values
            )),
        });
        Ok(ImportedNeurons { beta, threshold, reset: reset.transpose()? })
    }

    /// One number that all neurons of a layer share, or one for each.
    fn shared_or_own(
        &self,
        module: &Module,
        name: &str,
        layer: &ImportedLayer,
    ) -> Sentence<Vec<f64>> {
        let tensor = &module.tensors[name];
        let name = self.name(module, name);
        if tensor.values.len() != 1 && tensor.shape != [layer.post] {
            return Err(format!(
                "{name} has the shape {:?}, but must be one number or [{}], the neurons after {}",
                tensor.shape, layer.post, layer.name
            ));
        }
        Ok(tensor.finite().map_err(|problem| format!("{name} {problem}"))?.to_vec())
    }

    /// A tensor of this shape in single precision.
    fn single(&mut self, module: &Module, name: &str, shape: &[usize]) -> Sentence<Vec<f32>> {
        let tensor = &module.tensors[name];
        let name = self.name(module, name);
        if tensor.shape != shape {
            return Err(format!(
                "{name} has the shape {:?}, but must have {shape:?}",
                tensor.shape
            ));
        }
        let values = tensor.finite().map_err(|problem| format!("{name} {problem}"))?;
        let single: Vec<f32> = values.iter().map(|value| *value as f32).collect();
        if let Some(element) = single.iter().position(|value| value.is_infinite()) {
            return Err(format!(
                "{name} is {} at {:?}, beyond what single precision holds",
                values[element],
                tensor.place(element)
            ));
        }
        let rounded =
            single.iter().zip(values).filter(|(single, value)| f64::from(**single) != **value);
        match rounded.count() {
            0 => {}
            count => self.remarks.push(format!(
                "{count} of the {} numbers of {name} were rounded to single precision",
                values.len()
            )),
        }
        Ok(single)
    }

    fn name(&self, module: &Module, tensor: &str) -> String {
        if module.path.is_empty() { tensor.to_owned() } else { format!("{}.{tensor}", module.path) }
    }
}
