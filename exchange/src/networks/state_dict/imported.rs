//! What a state dict says of a network.

/// Weights and delays that another program trained, layer after layer.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedWeights {
    /// The layers, from the input to the output: `post` of one is `pre` of the next.
    pub layers: Vec<ImportedLayer>,
    /// What was left aside and why, and what was rounded: one sentence each.
    pub remarks: Vec<String>,
}

/// Synapses from one population to the next, and what the state dict says of the latter.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedLayer {
    /// The path of the module with the weights: `syn.0`.
    pub name: String,
    /// Number of presynaptic neurons.
    pub pre: usize,
    /// Number of postsynaptic neurons.
    pub post: usize,
    /// Kernel elements per pair of neurons.
    pub elements_per_pair: usize,
    /// Weights, `[post][pre][element]`.
    pub weight: Vec<f32>,
    /// Delays in steps, `[post][pre][element]`, at least 0 and at most the largest delay that was
    /// given; real-valued, and rounded ([`sim_core::rounded_delay`]) the delays with which the
    /// other program deploys the network. `None` of a layer without delays.
    pub delay_steps: Option<Vec<f32>>,
    /// Constant input, `[post]`, added before the norm.
    pub bias: Option<Vec<f32>>,
    /// Batch norm of the postsynaptic input.
    pub norm: Option<ImportedNorm>,
    /// What the postsynaptic neurons are; `None` where the state dict does not say.
    pub neurons: Option<ImportedNeurons>,
}

/// Batch norm `Z = gain (I - running_mean) / sqrt(running_variance + epsilon) + bias`, `[post]`
/// each. The epsilon is not in the file: PyTorch's is 1e-5, as that of
/// [`sim_core::BatchNorm::new`].
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedNorm {
    /// Scale; PyTorch calls it `weight`.
    pub gain: Vec<f32>,
    /// Offset.
    pub bias: Vec<f32>,
    /// Running mean of the input.
    pub running_mean: Vec<f32>,
    /// Running (unbiased) variance of the input, at least 0.
    pub running_variance: Vec<f32>,
}

/// What a state dict says of neurons; one entry that all share, or `[post]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedNeurons {
    /// What is left of a potential after a step, `0.0..=1.0`: snnTorch's `beta`, `1 - sigmoid(w)`
    /// of SpikingJelly's parametric neuron.
    pub beta: Vec<f64>,
    /// Potential at which a neuron fires; SpikingJelly does not keep it in the file.
    pub threshold: Option<Vec<f64>>,
    /// What a spike does to the potential; SpikingJelly does not keep it in the file.
    pub reset: Option<ImportedReset>,
}

/// What a spike does to the potential in snnTorch, whose neurons fire where `V > threshold` and are
/// reset in the step after: not what [`sim_core::Reset`] means, where the same step resets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportedReset {
    /// `V[t+1] = beta V[t] + I[t+1] - threshold`.
    Subtract,
    /// `V[t+1] = 0`, and what arrives in that step is lost: the spikes of a hard reset with a
    /// refractory time of one step.
    Zero,
    /// Nothing.
    None,
}
