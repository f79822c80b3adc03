//! The delay network once more: slow, plain, dense and in `f64`.
//!
//! Written from the equations alone, so that it shares neither code nor ideas with the engines it
//! judges: every synapse has a whole kernel of `D + 1` taps, every sum runs over everything, and
//! the time loop is a loop over time. Sizes of tens, please.
//!
//! ```text
//! kernel   Kern[j][i][n] = sum_c w[j][i][c] phi_n(d[j][i][c])                    kernel.rs
//! current  I_j[t] = sum_i sum_n Kern[j][i][n] x_i[t - n],  x = 0 outside its steps
//! norm     Z_j = gain (I_j - mean) / sqrt(variance + epsilon) + bias
//!          training: mean and variance of this batch, over (batch, time)
//! neuron   V[t] = beta U[t-1] + Z[t],  S = [V >= theta],  U = (1 - S) V  or  V - theta S
//! output   S * mask, or, in the last layer, the potential of a neuron that never fires
//! loss     m_c = sum_t softmax_c(V[t]),  L = mean over the batch of the cross entropy of m
//! ```
//! Each layer adds `extra_steps` steps, in which late input still arrives.

mod backward;
mod closeness;
mod conversion;
mod engine;
mod forward;
mod golden;
mod kernel;
mod loss;
mod random_cases;

pub use backward::OracleGradients;
pub use closeness::{assert_close, assert_close_to_scale, doubles, largest, largest_error};
pub use engine::{OracleEngine, frames, signal};
pub use forward::{LayerPass, Pass};
pub use golden::{GoldenCase, golden_cases};
pub use kernel::Kernel;
pub use loss::sum_softmax;
pub use random_cases::{Case, random_cases};

/// Numbers on a grid of `[batch][neuron][step]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    pub batch: usize,
    pub neurons: usize,
    pub steps: usize,
    pub data: Vec<f64>,
}

impl Signal {
    pub fn zeros(batch: usize, neurons: usize, steps: usize) -> Self {
        Self { batch, neurons, steps, data: vec![0.0; batch * neurons * steps] }
    }

    pub fn at(&self, sample: usize, neuron: usize, step: usize) -> f64 {
        self.data[(sample * self.neurons + neuron) * self.steps + step]
    }

    pub fn at_mut(&mut self, sample: usize, neuron: usize, step: usize) -> &mut f64 {
        &mut self.data[(sample * self.neurons + neuron) * self.steps + step]
    }

    /// `x[step - delay]`, zero before the first and after the last step.
    pub fn delayed(&self, sample: usize, neuron: usize, step: usize, delay: usize) -> f64 {
        if step >= delay && step - delay < self.steps {
            self.at(sample, neuron, step - delay)
        } else {
            0.0
        }
    }
}

/// Layers in a row; the last one is the readout.
#[derive(Debug, Clone)]
pub struct OracleNetwork {
    pub layers: Vec<OracleLayer>,
    pub kernel: Kernel,
    /// Effective width of the Gaussian kernel, in steps.
    pub sigma: f64,
    /// Longest delay `D`, in steps.
    pub max_delay: usize,
    /// Steps that each layer appends.
    pub extra_steps: usize,
    /// Share of the potential that is left after a step, in all layers.
    pub beta: f64,
    pub threshold: f64,
    /// Steepness of the surrogate slope.
    pub alpha: f64,
    pub firing: Firing,
    pub reset: Reset,
    /// Whether the gradient takes the spikes in the reset for constants.
    pub detach_reset: bool,
}

/// Dense synapses onto a layer, and what is done to their current.
#[derive(Debug, Clone)]
pub struct OracleLayer {
    pub pre: usize,
    pub post: usize,
    /// Kernel elements per synapse.
    pub elements_per_pair: usize,
    /// `[post][pre][element]`
    pub weight: Vec<f64>,
    /// `[post][pre][element]`, in steps.
    pub delay: Vec<f64>,
    pub norm: Option<OracleNorm>,
    /// Dropout: factor per sample and neuron, `[batch][post]`, constant over time.
    pub mask: Option<Vec<f64>>,
}

/// Batch norm, one entry per neuron.
#[derive(Debug, Clone)]
pub struct OracleNorm {
    pub gain: Vec<f64>,
    pub bias: Vec<f64>,
    pub running_mean: Vec<f64>,
    pub running_variance: Vec<f64>,
    pub epsilon: f64,
    /// Share of the newest batch in the running statistics.
    pub momentum: f64,
}

/// How a potential becomes a spike. In both, the gradient is the slope of `Smooth`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Firing {
    /// `S = [V >= theta]`
    Threshold,
    /// `S = 1/2 + atan(pi/2 alpha (V - theta)) / pi`, whose derivative is the surrogate slope, so
    /// that finite differences mean something.
    Smooth,
}

/// What a spike leaves of the potential.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reset {
    /// `U = (1 - S) V`
    Hard,
    /// `U = V - theta S`
    Soft,
}

/// Where a norm takes mean and variance from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistics {
    /// From this batch, as in training.
    Batch,
    /// From the running statistics, as when deployed.
    Running,
}

impl OracleLayer {
    /// Index of a kernel element in `weight` and `delay`.
    pub fn index(&self, post: usize, pre: usize, element: usize) -> usize {
        (post * self.pre + pre) * self.elements_per_pair + element
    }
}

impl OracleNorm {
    /// Gain 1, bias 0, running mean 0 and variance 1.
    pub fn new(neurons: usize) -> Self {
        Self {
            gain: vec![1.0; neurons],
            bias: vec![0.0; neurons],
            running_mean: vec![0.0; neurons],
            running_variance: vec![1.0; neurons],
            epsilon: 1e-5,
            momentum: 0.1,
        }
    }
}

impl OracleNetwork {
    /// Surrogate slope `(alpha / 2) / (1 + (pi/2 alpha x)^2)` at `x = V - theta`.
    pub fn slope(&self, x: f64) -> f64 {
        self.alpha / 2.0 / (1.0 + (std::f64::consts::FRAC_PI_2 * self.alpha * x).powi(2))
    }

    /// What a potential `x` above the threshold fires.
    pub fn spike(&self, x: f64) -> f64 {
        match self.firing {
            Firing::Threshold => f64::from(u8::from(x >= 0.0)),
            Firing::Smooth => {
                0.5 + (std::f64::consts::FRAC_PI_2 * self.alpha * x).atan() / std::f64::consts::PI
            }
        }
    }

    /// The network as deployed: one tap per kernel element, to be run with [`Statistics::Running`].
    pub fn deployed(&self) -> Self {
        Self { kernel: Kernel::OneTap, ..self.clone() }
    }

    /// The running statistics after a batch: `(1 - momentum) running + momentum batch`, with the
    /// batch's unbiased variance.
    pub fn update_running_statistics(&mut self, pass: &Pass) {
        for (layer, pass) in self.layers.iter_mut().zip(&pass.layers) {
            let Some(norm) = &mut layer.norm else { continue };
            let count = (pass.current.batch * pass.current.steps) as f64;
            for neuron in 0..layer.post {
                let unbiased = pass.variance[neuron] * count / (count - 1.0);
                norm.running_mean[neuron] +=
                    norm.momentum * (pass.mean[neuron] - norm.running_mean[neuron]);
                norm.running_variance[neuron] +=
                    norm.momentum * (unbiased - norm.running_variance[neuron]);
            }
        }
    }
}
