//! Batch norm: its parameters, and the statistics of a batch.

/// Batch norm over (batch, time) of the summed input `I` of each neuron [Ioffe and Szegedy 2015]:
/// `Z = gain * (I - mean) / sqrt(variance + epsilon) + bias`. All vectors have one entry per
/// input: per neuron, or `[port][neuron]` of neurons with several ports.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm {
    /// Learned scale, 1 at the start.
    pub gain: Vec<f32>,
    /// Learned offset, 0 at the start.
    pub bias: Vec<f32>,
    /// Running mean of the training batches, used when the network is deployed.
    pub running_mean: Vec<f32>,
    /// Running (unbiased) variance of the training batches.
    pub running_variance: Vec<f32>,
    /// Added to the variance; 1e-5.
    pub epsilon: f32,
    /// Share of the newest batch in the running statistics; 0.1.
    pub momentum: f32,
}

impl BatchNorm {
    /// An identity-like start: gain 1, bias 0, mean 0, variance 1, epsilon 1e-5, momentum 0.1.
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

    /// Moves the running statistics towards those of a batch by `momentum`.
    pub fn update(&mut self, batch: &BatchStatistics) {
        let blend = |running: &mut f32, new: f64| {
            *running =
                ((1.0 - self.momentum as f64) * *running as f64 + self.momentum as f64 * new) as f32
        };
        for neuron in 0..self.gain.len() {
            blend(&mut self.running_mean[neuron], batch.mean[neuron]);
            blend(&mut self.running_variance[neuron], batch.unbiased_variance(neuron));
        }
    }

    /// The deployed norm as `Z = scale * I + offset`: `(scale, offset)` of one neuron, from the
    /// running statistics.
    pub fn deployed(&self, neuron: usize) -> (f32, f32) {
        let scale = self.gain[neuron] / (self.running_variance[neuron] + self.epsilon).sqrt();
        (scale, self.bias[neuron] - self.running_mean[neuron] * scale)
    }
}

/// Which statistics batch norm uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormStatistics {
    /// Mean and variance of the batch at hand.
    Batch,
    /// The running statistics of the network.
    Running,
}

/// Mean and variance of the input of one population over a batch.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BatchStatistics {
    /// Mean of each neuron.
    pub mean: Vec<f64>,
    /// Biased variance of each neuron.
    pub variance: Vec<f64>,
    /// Number of (sample, step) pairs.
    pub count: usize,
}

impl BatchStatistics {
    /// Forgets all. Memory is kept.
    pub fn clear(&mut self) {
        self.mean.clear();
        self.variance.clear();
        self.count = 0;
    }

    /// Variance with Bessel's correction, as kept in running statistics.
    pub fn unbiased_variance(&self, neuron: usize) -> f64 {
        self.variance[neuron] * self.count as f64 / (self.count.max(2) - 1) as f64
    }
}
