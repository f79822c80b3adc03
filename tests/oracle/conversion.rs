//! Oracle networks as networks of the engines, and back.

use super::{Firing, Kernel, OracleLayer, OracleNetwork, OracleNorm, Reset, doubles};
use neurons::{Decay, LeakyIntegrator, Lif, Surrogate};
use sim_core::{
    BatchNorm, Cells, DelayKernel, DelayTaps, DenseSynapses, Error, Granularity, ModelDescription,
    Network, Pass, Population, Projection, Result, Synapses, effective_sigma,
};
use std::sync::Arc;

/// Length of a step. Time constants follow from the oracle's `beta`, so any length would do.
const DT_MS: f64 = 1.0;

impl OracleNetwork {
    /// The same network for an engine, in `f32`. Dropout masks are a matter of passes.
    pub fn to_network(&self) -> Network {
        let tau_mem_ms = DT_MS / (1.0 - self.beta);
        let lif = Lif {
            tau_mem_ms,
            decay: Decay::Euler,
            threshold: self.threshold,
            reset: match self.reset {
                Reset::Hard => neurons::Reset::Hard,
                Reset::Soft => neurons::Reset::Soft,
            },
            detach_reset: self.detach_reset,
            surrogate: Surrogate::Atan { alpha: self.alpha as f32 },
            ..Lif::default()
        };
        let readout =
            LeakyIntegrator { tau_mem_ms, decay: Decay::Euler, ..LeakyIntegrator::default() };
        let mut network =
            Network::new(DT_MS, vec![Population::source("input", self.layers[0].pre)], Vec::new());
        for (index, layer) in self.layers.iter().enumerate() {
            let is_readout = index + 1 == self.layers.len();
            network.populations.push(Population {
                norm: layer.norm.as_ref().map(|norm| BatchNorm {
                    gain: singles(&norm.gain),
                    bias: singles(&norm.bias),
                    running_mean: singles(&norm.running_mean),
                    running_variance: singles(&norm.running_variance),
                    epsilon: norm.epsilon as f32,
                    momentum: norm.momentum as f32,
                }),
                ..Population::new(
                    format!("layer{index}"),
                    layer.post,
                    Cells::Neurons(if is_readout { Arc::new(readout) } else { Arc::new(lif) }),
                )
            });
            network.projections.push(Projection::new(
                index,
                index + 1,
                Synapses::Dense(DenseSynapses {
                    pre: layer.pre,
                    post: layer.post,
                    elements_per_pair: layer.elements_per_pair,
                    min_delay_steps: 0,
                    max_delay_steps: self.max_delay,
                    granularity: Granularity::Synaptic,
                    kernel: match self.kernel {
                        Kernel::Gaussian => DelayKernel::Gaussian,
                        Kernel::Linear => DelayKernel::Linear,
                        Kernel::OneTap => DelayKernel::OneTap,
                    },
                    weight: singles(&layer.weight),
                    delay: singles(&layer.delay),
                }),
            ));
        }
        network
    }

    /// The oracle of a network and a pass, without dropout.
    ///
    /// # Errors
    /// [`Error::Network`] unless the network is a chain of populations that are alike, as the
    /// oracle's are.
    pub fn of(network: &Network, pass: &Pass) -> Result<Self> {
        let only = |what: &str| Err(Error::Network(format!("the oracle has only {what}")));
        let Network { populations, projections, .. } = network;
        if populations.len() != projections.len() + 1 {
            return only("chains");
        }
        let mut oracle = Self {
            layers: Vec::new(),
            kernel: Kernel::OneTap,
            sigma: 1.0,
            max_delay: 0,
            extra_steps: 0,
            beta: 0.0,
            threshold: 1.0,
            alpha: 5.0,
            firing: Firing::Threshold,
            reset: Reset::Hard,
            detach_reset: true,
        };
        for (index, projection) in projections.iter().enumerate() {
            let Synapses::Dense(dense) = &projection.synapses else {
                return only("dense synapses");
            };
            if (projection.source, projection.target) != (index, index + 1) {
                return only("chains");
            }
            if dense.granularity != Granularity::Synaptic {
                return only("a delay for each synapse");
            }
            let (is_first, is_readout) = (index == 0, index + 1 == projections.len());
            let kernel = kernel(dense.kernel, pass);
            if !is_first && (oracle.kernel, oracle.max_delay) != (kernel, dense.max_delay_steps) {
                return only("one kernel for all layers");
            }
            (oracle.kernel, oracle.max_delay) = (kernel, dense.max_delay_steps);
            let Population { cells, norm, .. } = &populations[index + 1];
            let Cells::Neurons(model) = cells else { return only("one source") };
            oracle.take_over(&model.describe(), network.dt_ms, is_first, is_readout)?;
            oracle.layers.push(OracleLayer {
                pre: dense.pre,
                post: dense.post,
                elements_per_pair: dense.elements_per_pair,
                weight: doubles(&dense.weight),
                delay: doubles(&dense.delay),
                norm: norm.as_ref().map(|norm| OracleNorm {
                    gain: doubles(&norm.gain),
                    bias: doubles(&norm.bias),
                    running_mean: doubles(&norm.running_mean),
                    running_variance: doubles(&norm.running_variance),
                    epsilon: f64::from(norm.epsilon),
                    momentum: f64::from(norm.momentum),
                }),
                mask: None,
            });
        }
        oracle.extra_steps = oracle.max_delay / 2;
        if let DelayTaps::Trained { sigma_raw, .. } = pass.delay_taps {
            oracle.sigma = effective_sigma(sigma_raw);
        }
        Ok(oracle)
    }

    /// Takes leak and, of neurons that fire, threshold, reset and slope from a model.
    fn take_over(
        &mut self,
        model: &ModelDescription,
        dt_ms: f64,
        is_first: bool,
        is_readout: bool,
    ) -> Result<()> {
        let only = |what: &str| Err(Error::Network(format!("the oracle has only {what}")));
        let text = |key: &str| model.parameters[key].as_str();
        let number = |key: &str| text(key).parse::<f64>().expect("a number");
        if text("decay") != "euler" || text("input_scaling") != "false" {
            return only("Euler's decay without scaling");
        }
        let beta = 1.0 - dt_ms / number("tau_mem_ms");
        if !is_first && beta != self.beta {
            return only("one leak for all layers");
        }
        self.beta = beta;
        match (model.name.as_str(), is_readout) {
            ("leaky_integrator", true) => return Ok(()),
            ("lif", false) => {}
            _ => return only("hidden neurons that fire, and a readout that never does"),
        }
        if text("surrogate.slope") != "atan" || number("refractory_ms") != 0.0 {
            return only("the atan slope, and no refractory time");
        }
        let reset = if text("reset") == "hard" { Reset::Hard } else { Reset::Soft };
        let (threshold, alpha) = (number("threshold"), number("surrogate.alpha"));
        let detach_reset = text("detach_reset") == "true";
        let ours = (self.threshold, self.alpha, self.reset, self.detach_reset);
        if !is_first && ours != (threshold, alpha, reset, detach_reset) {
            return only("one threshold, slope and reset for all layers");
        }
        (self.threshold, self.alpha) = (threshold, alpha);
        (self.reset, self.detach_reset) = (reset, detach_reset);
        Ok(())
    }
}

fn kernel(of_projection: DelayKernel, pass: &Pass) -> Kernel {
    match (pass.delay_taps, of_projection) {
        (DelayTaps::Deployed, _) | (_, DelayKernel::OneTap) => Kernel::OneTap,
        (_, DelayKernel::Gaussian) => Kernel::Gaussian,
        (_, DelayKernel::Linear) => Kernel::Linear,
    }
}

fn singles(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}
