//! From input to readout, everything kept.

use super::{OracleLayer, OracleNetwork, Reset, Signal, Statistics};

/// What one layer did to a batch.
#[derive(Debug, Clone)]
pub struct LayerPass {
    /// What arrived from below.
    pub input: Signal,
    /// `I`
    pub current: Signal,
    /// Mean that the norm used, per neuron; empty without a norm.
    pub mean: Vec<f64>,
    /// (Biased) variance that the norm used, per neuron; empty without a norm.
    pub variance: Vec<f64>,
    /// `Z`; equal to `current` without a norm.
    pub normalised: Signal,
    /// `V`, before the reset.
    pub potential: Signal,
    /// `S`, before dropout; all zero in the readout.
    pub spikes: Signal,
}

/// What a network did to a batch.
#[derive(Debug, Clone)]
pub struct Pass {
    pub layers: Vec<LayerPass>,
    pub statistics: Statistics,
}

impl Pass {
    /// Potential of the readout, `[batch][class][step]`.
    pub fn readout(&self) -> &Signal {
        &self.layers.last().expect("a network has layers").potential
    }
}

impl OracleNetwork {
    /// Runs a batch, `[batch][channel][step]`.
    pub fn forward(&self, input: &Signal, statistics: Statistics) -> Pass {
        self.forward_with_resets_of(input, statistics, None)
    }

    /// [`Self::forward`], with the spikes of `frozen` instead of its own in the *reset*: the
    /// function whose gradient a detached reset gives.
    pub fn forward_with_resets_of(
        &self,
        input: &Signal,
        statistics: Statistics,
        frozen: Option<&Pass>,
    ) -> Pass {
        let mut layers: Vec<LayerPass> = Vec::new();
        let mut arriving = input.clone();
        for (index, layer) in self.layers.iter().enumerate() {
            let is_readout = index + 1 == self.layers.len();
            let current = self.current(layer, &arriving);
            let (mean, variance, normalised) = normalise(layer, &current, statistics);
            let resets = frozen.map(|pass| &pass.layers[index].spikes);
            let (potential, spikes) = self.integrate(&normalised, is_readout, resets);
            let leaving = drop_out(layer, &spikes);
            layers.push(LayerPass {
                input: arriving,
                current,
                mean,
                variance,
                normalised,
                potential,
                spikes,
            });
            arriving = leaving;
        }
        Pass { layers, statistics }
    }

    /// What a layer handed on: spikes behind dropout.
    pub fn leaving(&self, layer: usize, pass: &Pass) -> Signal {
        drop_out(&self.layers[layer], &pass.layers[layer].spikes)
    }

    /// `Kern[j][i][n] = sum_c w phi_n`, `[post][pre][D + 1]`.
    pub fn dense_kernel(&self, layer: &OracleLayer) -> Vec<f64> {
        let length = self.max_delay + 1;
        let mut kernel = vec![0.0; layer.post * layer.pre * length];
        for (synapse, row) in kernel.chunks_exact_mut(length).enumerate() {
            for element in 0..layer.elements_per_pair {
                let element = synapse * layer.elements_per_pair + element;
                let phi = self.kernel.value(layer.delay[element], self.max_delay, self.sigma);
                row.iter_mut()
                    .zip(phi)
                    .for_each(|(entry, phi)| *entry += layer.weight[element] * phi);
            }
        }
        kernel
    }

    fn current(&self, layer: &OracleLayer, input: &Signal) -> Signal {
        let kernel = self.dense_kernel(layer);
        let length = self.max_delay + 1;
        let mut current = Signal::zeros(input.batch, layer.post, input.steps + self.extra_steps);
        for sample in 0..input.batch {
            for post in 0..layer.post {
                for step in 0..current.steps {
                    // Delays that reach a step of the input.
                    let (shortest, longest) =
                        ((step + 1).saturating_sub(input.steps), step.min(self.max_delay));
                    let mut sum = 0.0;
                    for pre in 0..layer.pre {
                        for n in shortest..=longest {
                            sum += kernel[(post * layer.pre + pre) * length + n]
                                * input.at(sample, pre, step - n);
                        }
                    }
                    *current.at_mut(sample, post, step) = sum;
                }
            }
        }
        current
    }

    /// Potential before the reset, and spikes.
    fn integrate(
        &self,
        input: &Signal,
        is_readout: bool,
        resets: Option<&Signal>,
    ) -> (Signal, Signal) {
        let mut potential = Signal::zeros(input.batch, input.neurons, input.steps);
        let mut spikes = potential.clone();
        for sample in 0..input.batch {
            for neuron in 0..input.neurons {
                let mut kept = 0.0;
                for step in 0..input.steps {
                    let v = self.beta * kept + input.at(sample, neuron, step);
                    *potential.at_mut(sample, neuron, step) = v;
                    kept = v;
                    if !is_readout {
                        let s = self.spike(v - self.threshold);
                        *spikes.at_mut(sample, neuron, step) = s;
                        let s = resets.map_or(s, |resets| resets.at(sample, neuron, step));
                        kept = match self.reset {
                            Reset::Hard => (1.0 - s) * v,
                            Reset::Soft => v - self.threshold * s,
                        };
                    }
                }
            }
        }
        (potential, spikes)
    }
}

/// Mean, variance and `Z`.
fn normalise(
    layer: &OracleLayer,
    current: &Signal,
    statistics: Statistics,
) -> (Vec<f64>, Vec<f64>, Signal) {
    let Some(norm) = &layer.norm else { return (Vec::new(), Vec::new(), current.clone()) };
    let (mean, variance) = match statistics {
        Statistics::Running => (norm.running_mean.clone(), norm.running_variance.clone()),
        Statistics::Batch => (0..layer.post).map(|neuron| moments(current, neuron)).unzip(),
    };
    let mut normalised = current.clone();
    for sample in 0..current.batch {
        for neuron in 0..layer.post {
            for step in 0..current.steps {
                let whitened = (current.at(sample, neuron, step) - mean[neuron])
                    / (variance[neuron] + norm.epsilon).sqrt();
                *normalised.at_mut(sample, neuron, step) =
                    norm.gain[neuron] * whitened + norm.bias[neuron];
            }
        }
    }
    (mean, variance, normalised)
}

/// Mean and biased variance of one neuron over the batch and all steps.
fn moments(current: &Signal, neuron: usize) -> (f64, f64) {
    let values: Vec<f64> = (0..current.batch)
        .flat_map(|sample| (0..current.steps).map(move |step| current.at(sample, neuron, step)))
        .collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64)
}

fn drop_out(layer: &OracleLayer, spikes: &Signal) -> Signal {
    let mut output = spikes.clone();
    if let Some(mask) = &layer.mask {
        for (row, factor) in output.data.chunks_exact_mut(spikes.steps).zip(mask) {
            row.iter_mut().for_each(|s| *s *= factor);
        }
    }
    output
}
