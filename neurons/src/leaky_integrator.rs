//! The leaky integrator: a readout that never fires.
//!
//! ```text
//! V[t] = beta V[t-1] + gain I[t]
//! beta = exp(-dt / tau_mem) or 1 - dt / tau_mem,  gain = 1 or 1 - beta
//! ```
//!
//! | parameter | unit | default | range |
//! |---|---|---|---|
//! | `tau_mem_ms` | ms | 20 | above 0; with Euler decay at least the time step |
//! | `decay` | | `exact` | `exact`, `euler` |
//! | `input_scaling` | | off | on: `gain = 1 - beta`, so that a constant input `I` settles at `V = I` |
//!
//! Reference: the readout of Hammouamri et al. 2023, who take a neuron with an unreachable
//! threshold. There is no such threshold here.

use crate::decay::Decay;
use serde::{Deserialize, Serialize};
use sim_core::{BlockState, ModelDescription, Neuron, NeuronModel, NeuronState, Result};
use simd::{NEURONS_PER_BLOCK, NeuronBlock, vectorize};

/// Parameters of the leaky integrator; see the table of its file.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LeakyIntegrator {
    /// Membrane time constant in ms, above 0.
    pub tau_mem_ms: f64,
    /// How the time constant becomes a factor per step.
    pub decay: Decay,
    /// Whether the input is multiplied by `1 - beta`.
    pub input_scaling: bool,
}

impl Default for LeakyIntegrator {
    /// 20 ms, exact decay, no input scaling.
    fn default() -> Self {
        Self { tau_mem_ms: 20.0, decay: Decay::Exact, input_scaling: false }
    }
}

impl NeuronModel for LeakyIntegrator {
    fn describe(&self) -> ModelDescription {
        ModelDescription::of("leaky_integrator", self)
    }

    fn build(&self, dt_ms: f64) -> Result<Box<dyn Neuron>> {
        let beta = self.decay.per_step("LeakyIntegrator::tau_mem_ms", self.tau_mem_ms, dt_ms)?;
        Ok(Box::new(PerStep { beta, gain: if self.input_scaling { 1.0 - beta } else { 1.0 } }))
    }
}

/// Constants of one time step.
#[derive(Debug, Clone, Copy)]
struct PerStep {
    beta: f64,
    gain: f64,
}

impl Neuron for PerStep {
    fn fires(&self) -> bool {
        false
    }

    fn step(&self, state: &mut NeuronState, input: &[f64], _fired: &mut Vec<u32>) {
        for (v, current) in state.potential.iter_mut().zip(input) {
            *v = self.beta * *v + self.gain * current;
        }
    }

    fn forward(&self, potential: &mut [NeuronBlock], spikes: &mut [u16]) {
        let (beta, gain) = (self.beta as f32, self.gain as f32);
        vectorize(
            #[inline(always)]
            || forward_block(beta, gain, potential),
        );
        spikes.fill(0);
    }

    fn step_blocks(
        &self,
        state: &mut BlockState,
        potential: &mut [NeuronBlock],
        spikes: &mut [u16],
    ) {
        let (beta, gain) = (self.beta as f32, self.gain as f32);
        vectorize(
            #[inline(always)]
            || {
                for (v, row) in state.potential.iter_mut().zip(potential) {
                    integrate(beta, gain, v, row);
                }
            },
        );
        spikes.fill(0);
    }

    fn adjoint(&self, _potential: &[NeuronBlock], _spikes: &[u16], gradient: &mut [NeuronBlock]) {
        let (beta, gain) = (self.beta as f32, self.gain as f32);
        vectorize(
            #[inline(always)]
            || adjoint_block(beta, gain, gradient),
        );
    }
}

/// `V[t] = beta V[t-1] + gain I[t]`: `row` holds `I[t]`, then `V[t]`.
#[inline(always)]
fn integrate(beta: f32, gain: f32, v: &mut NeuronBlock, row: &mut NeuronBlock) {
    for n in 0..NEURONS_PER_BLOCK {
        v[n] = beta * v[n] + gain * row[n];
    }
    *row = *v;
}

#[inline(always)]
fn forward_block(beta: f32, gain: f32, potential: &mut [NeuronBlock]) {
    let mut v = [0.0; NEURONS_PER_BLOCK];
    for row in potential {
        integrate(beta, gain, &mut v, row);
    }
}

/// `d_V[t] = g_V[t] + beta d_V[t+1]`, `d_I[t] = gain d_V[t]`
#[inline(always)]
fn adjoint_block(beta: f32, gain: f32, gradient: &mut [NeuronBlock]) {
    let mut d_v = [0.0; NEURONS_PER_BLOCK];
    for row in gradient.iter_mut().rev() {
        for n in 0..NEURONS_PER_BLOCK {
            d_v[n] = row[n] + beta * d_v[n];
            row[n] = gain * d_v[n];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_current_follows_the_closed_form() {
        for (decay, input_scaling) in [
            (Decay::Exact, false),
            (Decay::Euler, false),
            (Decay::Exact, true),
            (Decay::Euler, true),
        ] {
            let readout = LeakyIntegrator { tau_mem_ms: 7.0, decay, input_scaling };
            let beta: f64 = match decay {
                Decay::Exact => (-1.0 / 7.0_f64).exp(),
                Decay::Euler => 1.0 - 1.0 / 7.0,
            };
            let gain = if input_scaling { 1.0 - beta } else { 1.0 };
            let mut blocks = vec![[0.5; NEURONS_PER_BLOCK]; 50];
            let mut spikes = vec![u16::MAX; 50];
            let neuron = readout.build(1.0).unwrap();
            neuron.forward(&mut blocks, &mut spikes);
            for (t, row) in blocks.iter().enumerate() {
                let expected = 0.5 * gain * (1.0 - beta.powi(t as i32 + 1)) / (1.0 - beta);
                assert!((row[3] as f64 - expected).abs() < 1e-5, "step {t}");
            }
            assert!(spikes.iter().all(|&mask| mask == 0) && !neuron.fires());

            let mut state = BlockState::at_rest(1);
            for row in blocks {
                let (mut v, mut spikes) = ([[0.5; NEURONS_PER_BLOCK]], [u16::MAX]);
                neuron.step_blocks(&mut state, &mut v, &mut spikes);
                assert_eq!(
                    (v[0], state.potential[0], spikes[0]),
                    (row, row, 0),
                    "steps and samples have the same bits"
                );
            }
        }
    }

    #[test]
    fn blocks_agree_with_the_step() {
        let neuron = LeakyIntegrator::default().build(1.0).unwrap();
        let input = |t: usize, n: usize| ((t * 7 + n * 3) % 11) as f32 * 0.1 - 0.4;
        let mut blocks: Vec<NeuronBlock> =
            (0..40).map(|t| std::array::from_fn(|n| input(t, n))).collect();
        neuron.forward(&mut blocks, &mut [0; 40]);
        let (mut state, mut fired) = (NeuronState::at_rest(NEURONS_PER_BLOCK), Vec::new());
        for (t, row) in blocks.iter().enumerate() {
            let current: Vec<f64> = (0..NEURONS_PER_BLOCK).map(|n| input(t, n) as f64).collect();
            neuron.step(&mut state, &current, &mut fired);
            for (v, single) in state.potential.iter().zip(row) {
                assert!((v - *single as f64).abs() < 1e-5);
            }
        }
        assert!(fired.is_empty());
    }

    #[test]
    fn the_adjoint_is_the_transpose_of_the_forward_pass() {
        // The model is linear: <g, V(I)> = <adjoint(g), I> for any g and I.
        let neuron = LeakyIntegrator { input_scaling: true, ..LeakyIntegrator::default() }
            .build(1.0)
            .unwrap();
        let input: Vec<NeuronBlock> =
            (0..30).map(|t| std::array::from_fn(|n| ((t * 5 + n) % 7) as f32 - 3.0)).collect();
        let seen: Vec<NeuronBlock> =
            (0..30).map(|t| std::array::from_fn(|n| ((t * 3 + n * 2) % 5) as f32 - 2.0)).collect();
        let (mut potential, mut gradient) = (input.clone(), seen.clone());
        neuron.forward(&mut potential, &mut [0; 30]);
        neuron.adjoint(&potential, &[0; 30], &mut gradient);
        let dot = |a: &[NeuronBlock], b: &[NeuronBlock]| -> f64 {
            a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| (a * b) as f64).sum()
        };
        assert!((dot(&seen, &potential) - dot(&gradient, &input)).abs() < 1e-3);
    }
}
