//! From the readout's gradient back to every parameter, in the order of the forward pass reversed.

use super::{LayerPass, OracleLayer, OracleNetwork, Pass, Reset, Signal, Statistics};

/// Gradients, one entry per layer. `gain` and `bias` are empty where a layer has no norm.
#[derive(Debug, Clone, Default)]
pub struct OracleGradients {
    /// `[post][pre][element]`
    pub weight: Vec<Vec<f64>>,
    /// `[post][pre][element]`, per step of delay.
    pub delay: Vec<Vec<f64>>,
    pub gain: Vec<Vec<f64>>,
    pub bias: Vec<Vec<f64>>,
    /// `dL/d input` of each layer, `[batch][pre][step]`.
    pub input: Vec<Signal>,
}

impl OracleNetwork {
    /// Gradients for `d_readout = dL/d potential` of the last layer.
    pub fn backward(&self, pass: &Pass, d_readout: &Signal) -> OracleGradients {
        let none: Vec<Vec<f64>> =
            self.layers[1..].iter().map(|layer| vec![0.0; d_readout.batch * layer.pre]).collect();
        self.backward_with(pass, d_readout, &none)
    }

    /// As [`Self::backward`], with another term in the loss: `d_spikes` are its derivatives with
    /// respect to a spike in any step of each hidden layer, before dropout, `[batch][neuron]`.
    pub fn backward_with(
        &self,
        pass: &Pass,
        d_readout: &Signal,
        d_spikes: &[Vec<f64>],
    ) -> OracleGradients {
        let mut gradients = OracleGradients::default();
        let mut d_output = d_readout.clone();
        for (index, (layer, layer_pass)) in self.layers.iter().zip(&pass.layers).enumerate().rev() {
            let d_spikes = d_spikes.get(index).map(|d_spikes| &d_spikes[..]);
            let d_normalised = self.integrate_backward(layer, layer_pass, d_output, d_spikes);
            let (d_current, d_gain, d_bias) =
                normalise_backward(layer, layer_pass, &d_normalised, pass.statistics);
            let (d_weight, d_delay) = self.synapses_backward(layer, &layer_pass.input, &d_current);
            d_output = self.input_backward(layer, &layer_pass.input, &d_current);
            gradients.weight.insert(0, d_weight);
            gradients.delay.insert(0, d_delay);
            gradients.gain.insert(0, d_gain);
            gradients.bias.insert(0, d_bias);
            gradients.input.insert(0, d_output.clone());
        }
        gradients
    }

    /// `dL/dZ` from `dL/d output` and `d_spikes`, which the readout lacks: with `g = dL/dS`, `u =
    /// dL/dU[t] = beta dL/dV[t+1]`, `dL/dV[t] = g S' + u dU/dV`, `dU/dV = 1 - S - V S'` (hard) or
    /// `1 - theta S'` (soft), without the terms in `S'` if detached.
    fn integrate_backward(
        &self,
        layer: &OracleLayer,
        pass: &LayerPass,
        d_output: Signal,
        d_spikes: Option<&[f64]>,
    ) -> Signal {
        let mut d_potential = d_output;
        let steps = d_potential.steps;
        for sample in 0..d_potential.batch {
            for neuron in 0..layer.post {
                let place = sample * layer.post + neuron;
                let factor = layer.mask.as_ref().map_or(1.0, |mask| mask[place]);
                let mut d_kept = 0.0;
                for step in (0..steps).rev() {
                    let (v, s) = (
                        pass.potential.at(sample, neuron, step),
                        pass.spikes.at(sample, neuron, step),
                    );
                    let d_v = d_potential.at_mut(sample, neuron, step);
                    *d_v = match d_spikes {
                        None => *d_v + d_kept,
                        Some(d_spikes) => {
                            let slope = self.slope(v - self.threshold);
                            let through_spike = if self.detach_reset { 0.0 } else { slope };
                            let kept_per_v = match self.reset {
                                Reset::Hard => 1.0 - s - v * through_spike,
                                Reset::Soft => 1.0 - self.threshold * through_spike,
                            };
                            (*d_v * factor + d_spikes[place]) * slope + d_kept * kept_per_v
                        }
                    };
                    d_kept = self.beta * *d_v;
                }
            }
        }
        d_potential
    }

    /// `G_n = sum over batch and steps of dL/dI_j[t] x_i[t - n]`, then `dL/dw = sum_n G_n phi_n`,
    /// `dL/dd = w sum_n G_n phi'_n`.
    fn synapses_backward(
        &self,
        layer: &OracleLayer,
        input: &Signal,
        d_current: &Signal,
    ) -> (Vec<f64>, Vec<f64>) {
        let mut d_weight = vec![0.0; layer.weight.len()];
        let mut d_delay = vec![0.0; layer.delay.len()];
        for post in 0..layer.post {
            for pre in 0..layer.pre {
                let mut d_kernel = vec![0.0; self.max_delay + 1];
                for (n, d_entry) in d_kernel.iter_mut().enumerate() {
                    for sample in 0..input.batch {
                        for step in 0..d_current.steps {
                            *d_entry += d_current.at(sample, post, step)
                                * input.delayed(sample, pre, step, n);
                        }
                    }
                }
                let project = |phi: Vec<f64>| {
                    phi.iter().zip(&d_kernel).map(|(phi, d_entry)| phi * d_entry).sum::<f64>()
                };
                for element in 0..layer.elements_per_pair {
                    let element = layer.index(post, pre, element);
                    let (weight, delay) = (layer.weight[element], layer.delay[element]);
                    d_weight[element] =
                        project(self.kernel.value(delay, self.max_delay, self.sigma));
                    d_delay[element] =
                        weight * project(self.kernel.slope(delay, self.max_delay, self.sigma));
                }
            }
        }
        (d_weight, d_delay)
    }

    /// `dL/dx_i[t] = sum_j sum_n Kern[j][i][n] dL/dI_j[t + n]`
    fn input_backward(&self, layer: &OracleLayer, input: &Signal, d_current: &Signal) -> Signal {
        let kernel = self.dense_kernel(layer);
        let length = self.max_delay + 1;
        let mut d_input = Signal::zeros(input.batch, input.neurons, input.steps);
        for sample in 0..input.batch {
            for pre in 0..layer.pre {
                for step in 0..input.steps {
                    let mut sum = 0.0;
                    for post in 0..layer.post {
                        for n in 0..length.min(d_current.steps - step) {
                            sum += kernel[(post * layer.pre + pre) * length + n]
                                * d_current.at(sample, post, step + n);
                        }
                    }
                    *d_input.at_mut(sample, pre, step) = sum;
                }
            }
        }
        d_input
    }
}

/// `dL/dI`, `dL/d gain`, `dL/d bias`. Statistics of the batch depend on the current themselves,
/// running ones do not.
fn normalise_backward(
    layer: &OracleLayer,
    pass: &LayerPass,
    d_normalised: &Signal,
    statistics: Statistics,
) -> (Signal, Vec<f64>, Vec<f64>) {
    let Some(norm) = &layer.norm else { return (d_normalised.clone(), Vec::new(), Vec::new()) };
    let mut d_current = d_normalised.clone();
    let (mut d_gain, mut d_bias) = (vec![0.0; layer.post], vec![0.0; layer.post]);
    let count = (d_normalised.batch * d_normalised.steps) as f64;
    for neuron in 0..layer.post {
        let deviation = (pass.variance[neuron] + norm.epsilon).sqrt();
        let whitened = |sample: usize, step: usize| {
            (pass.current.at(sample, neuron, step) - pass.mean[neuron]) / deviation
        };
        for sample in 0..d_normalised.batch {
            for step in 0..d_normalised.steps {
                let d_z = d_normalised.at(sample, neuron, step);
                d_gain[neuron] += d_z * whitened(sample, step);
                d_bias[neuron] += d_z;
            }
        }
        for sample in 0..d_normalised.batch {
            for step in 0..d_normalised.steps {
                let through_statistics = match statistics {
                    Statistics::Batch => {
                        (d_bias[neuron] + whitened(sample, step) * d_gain[neuron]) / count
                    }
                    Statistics::Running => 0.0,
                };
                let d_z = d_normalised.at(sample, neuron, step);
                *d_current.at_mut(sample, neuron, step) =
                    norm.gain[neuron] / deviation * (d_z - through_statistics);
            }
        }
    }
    (d_current, d_gain, d_bias)
}
