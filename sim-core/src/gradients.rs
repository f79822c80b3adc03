//! Gradients of a network.

/// Gradients of one projection.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SynapseGradient {
    /// dL/dw, shaped like the weights.
    pub weight: Vec<f32>,
    /// dL/dd per step of delay, shaped like the delays.
    pub delay: Vec<f32>,
}

/// Gradients of a population's norm.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NormGradient {
    /// dL/d gain.
    pub gain: Vec<f32>,
    /// dL/d bias.
    pub bias: Vec<f32>,
}

/// Gradients of a network, one entry per projection and population.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gradients {
    /// By projection.
    pub projections: Vec<SynapseGradient>,
    /// By population; empty vectors where there is no norm.
    pub norms: Vec<NormGradient>,
}
