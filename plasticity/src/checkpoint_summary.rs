//! What is in a checkpoint, for people and for machines: every tensor with its layout.

use crate::checkpoint_file::CheckpointFile;
use crate::error::Result;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde::Serialize;
use sim_core::{Network, Outline, Parameter, PopulationOutline};
use std::collections::HashMap;
use std::fmt;

/// What is in a checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckpointSummary {
    /// The file as it was named.
    pub file: String,
    /// Its size in bytes.
    pub bytes: usize,
    /// Name of the experiment, where a run wrote it.
    pub experiment: Option<String>,
    /// Version of synfire that wrote it.
    pub synfire: Option<String>,
    /// Seed of the training.
    pub seed: u64,
    /// Finished epochs.
    pub epochs: usize,
    /// Training steps.
    pub steps: u64,
    /// Whether an epoch had begun when it was written.
    pub within_epoch: bool,
    /// The network without what is learned.
    pub network: Outline,
    /// The tensors: first the tensors of the network, in its order, then the others by name.
    pub tensors: Vec<TensorSummary>,
}

/// A tensor of a checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TensorSummary {
    /// Its name in the file.
    pub name: String,
    /// What it is.
    pub role: TensorRole,
    /// Type of its entries as safetensors call it, e.g. `F32`.
    pub dtype: String,
    /// Lengths of its dimensions, row-major: the last changes fastest.
    pub shape: Vec<usize>,
    /// What each dimension counts, e.g. `postsynaptic`, `presynaptic`, `kernel element`.
    pub axes: Vec<String>,
    /// Unit of its entries; none for bare numbers.
    pub unit: Option<&'static str>,
    /// Least and greatest entry that is allowed, where not all numbers are.
    pub allowed: Option<[f32; 2]>,
    /// Least entry; none where there are no entries, or of another type.
    pub min: Option<f32>,
    /// Greatest entry.
    pub max: Option<f32>,
}

/// What a tensor of a checkpoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TensorRole {
    /// Learned by gradient.
    Learned,
    /// A running statistic of a norm.
    Statistic,
    /// A running statistic of a norm, estimated again for deployed delays.
    Deployed,
    /// The state of an optimiser.
    Optimizer,
    /// The state of a protection.
    Protection,
    /// Anything else.
    Unknown,
}

impl TensorRole {
    fn heading(self) -> &'static str {
        match self {
            Self::Learned => "learned",
            Self::Statistic => "running statistics of norms",
            Self::Deployed => "the same for deployed delays",
            Self::Optimizer => "state of optimisers",
            Self::Protection => "state of the protection",
            Self::Unknown => "others",
        }
    }
}

impl CheckpointSummary {
    /// Summarises a checkpoint.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] when the file is not whole.
    pub fn new(file: &CheckpointFile) -> Result<Self> {
        let tensors = file.tensors()?;
        let network = file.outline().bare_network();
        let known: HashMap<String, Parameter<'_>> = network
            .iter()
            .flat_map(|network| network.tensors().map(|tensor| (name(network, &tensor), tensor)))
            .collect();
        let order: HashMap<&str, usize> = network
            .iter()
            .flat_map(Network::tensors)
            .enumerate()
            .filter_map(|(place, tensor)| {
                let (name, _) = known.iter().find(|(_, known)| known.id == tensor.id)?;
                Some((name.as_str(), place))
            })
            .collect();
        let mut summaries: Vec<TensorSummary> =
            tensors.iter().map(|(name, view)| summary(file, name, &view, &known)).collect();
        summaries.sort_by_cached_key(|tensor| {
            let place = order.get(tensor.name.as_str()).copied().unwrap_or(usize::MAX);
            (tensor.role as u8, place, tensor.name.clone())
        });
        let progress = file.progress();
        Ok(Self {
            file: file.path().display().to_string(),
            bytes: file.bytes().len(),
            experiment: file.own().get("experiment").cloned(),
            synfire: file.own().get("synfire").cloned(),
            seed: progress.seed,
            epochs: progress.epochs,
            steps: progress.steps,
            within_epoch: progress.within_epoch,
            network: file.outline().clone(),
            tensors: summaries,
        })
    }
}

fn name(network: &Network, tensor: &Parameter<'_>) -> String {
    network.parameter_name(tensor.id)
}

fn summary(
    file: &CheckpointFile,
    name: &str,
    view: &TensorView<'_>,
    known: &HashMap<String, Parameter<'_>>,
) -> TensorSummary {
    let (role, axes, unit, allowed) = meaning(file, name, known);
    let values = (view.dtype() == Dtype::F32).then(|| {
        view.data()
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    });
    TensorSummary {
        name: name.to_owned(),
        role,
        dtype: format!("{:?}", view.dtype()),
        shape: view.shape().to_vec(),
        axes,
        unit,
        allowed,
        min: values.clone().and_then(|values| values.reduce(f32::min)),
        max: values.and_then(|values| values.reduce(f32::max)),
    }
}

type Meaning = (TensorRole, Vec<String>, Option<&'static str>, Option<[f32; 2]>);

/// What a tensor of this name is, what its dimensions count, its unit and its range.
fn meaning(file: &CheckpointFile, name: &str, known: &HashMap<String, Parameter<'_>>) -> Meaning {
    if let Some(tensor) = known.get(name) {
        let kind = tensor.id.kind;
        let role = if kind.is_learned() { TensorRole::Learned } else { TensorRole::Statistic };
        let axes = tensor.shape.axes().iter().map(|&axis| axis.to_owned()).collect();
        let (start, end) = (*tensor.range.start(), *tensor.range.end());
        let allowed = (start > f32::MIN || end < f32::MAX).then_some([start, end]);
        return (role, axes, kind.unit(), allowed);
    }
    if let Some((tensor, _)) =
        name.rsplit_once(".optimizer.").filter(|(t, _)| known.contains_key(*t))
    {
        let axes = vec![format!("entry of {tensor}")];
        return (TensorRole::Optimizer, axes, None, None);
    }
    let trained = name.replacen(".deployed.", ".norm.", 1);
    if let Some(tensor) = known.get(&trained) {
        let axes = tensor.shape.axes().iter().map(|&axis| axis.to_owned()).collect();
        return (TensorRole::Deployed, axes, None, None);
    }
    let role = if file.protects(name) { TensorRole::Protection } else { TensorRole::Unknown };
    (role, Vec::new(), None, None)
}

impl fmt::Display for CheckpointSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { experiment, synfire, seed, epochs, steps, network, .. } = self;
        writeln!(f, "checkpoint  {}", self.file)?;
        writeln!(f, "size        {:.1} kB", self.bytes as f64 / 1e3)?;
        if let (Some(experiment), Some(synfire)) = (experiment, synfire) {
            writeln!(f, "experiment  {experiment}, seed {seed}, synfire {synfire}")?;
        }
        let within = if self.within_epoch { " and a part of the next" } else { "" };
        writeln!(f, "trained     epochs: {epochs}{within}, steps: {steps}")?;
        writeln!(f, "network     {}; steps of {} ms", population_words(network), network.dt_ms)?;
        for projection in &network.projections {
            let told: Vec<String> = projection
                .synapses
                .iter()
                .filter(|(_, value)| value.len() < 40)
                .map(|(key, value)| format!("{key} {value}"))
                .collect();
            writeln!(f, "projection  {}: {}", projection.name, told.join(", "))?;
        }
        write!(f, "tensors     {}, row-major", self.tensors.len())?;
        let width = self.tensors.iter().map(|tensor| tensor.name.len()).max().unwrap_or(0);
        let mut role = None;
        for tensor in &self.tensors {
            if role.replace(tensor.role) != Some(tensor.role) {
                write!(f, "\n{}", tensor.role.heading())?;
            }
            write!(f, "\n  {:width$}  {tensor}", tensor.name)?;
        }
        Ok(())
    }
}

/// The populations of a network in words: `input 40 source, hidden1 32 lif with batch norm`.
pub fn population_words(network: &Outline) -> String {
    let words = |population: &PopulationOutline| {
        let PopulationOutline { name, size, model, norm, .. } = population;
        let model = model.as_deref().unwrap_or("source");
        format!("{name} {size} {model}{}", if *norm { " with batch norm" } else { "" })
    };
    network.populations.iter().map(words).collect::<Vec<_>>().join(", ")
}

/// As `F32 [32, 40, 1] = [postsynaptic, presynaptic, kernel element], 0 to 24 steps allowed, from 0
/// to 23.5`.
impl fmt::Display for TensorSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.dtype, self.shape)?;
        if !self.axes.is_empty() {
            write!(f, " = [{}]", self.axes.join(", "))?;
        }
        match (self.unit, self.allowed) {
            (Some(unit), Some([least, most])) if most < f32::MAX => {
                write!(f, ", {least} to {most} {unit} allowed")?;
            }
            (Some(unit), _) => write!(f, ", {unit}")?,
            (None, Some([least, _])) => write!(f, ", at least {least}")?,
            (None, None) => {}
        }
        match (self.min, self.max) {
            (Some(min), Some(max)) => write!(f, ", from {} to {}", short(min), short(max)),
            _ => Ok(()),
        }
    }
}

/// A number with enough digits to tell it from zero.
fn short(value: f32) -> String {
    if value == 0.0 || value.abs() >= 1e-3 { format!("{value:.4}") } else { format!("{value:.1e}") }
}
