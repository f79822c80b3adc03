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
//! | `input_scaling` | | off | on: `gain = 1 - beta`, a constant `I` settles at `V = I` |
//!
//! State: `potential` (`V`). Each neuron can learn its own `tau_mem_ms`.
//!
//! Reference: the readout of Hammouamri et al. 2023, who take a neuron with an unreachable
//! threshold. There is no such threshold here.

use serde::{Deserialize, Serialize};
use sim_core::{
    BlockAdjoint, Decay, Dynamics, Equations, Learnable, Membrane, ModelDescription, Neuron,
    NeuronModel, NeuronScratch, PortDynamics, Real, Result, Spike, State, StepAdjoint, Stepped,
    Stepwise, Variable,
};
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
        self.decay.per_step("LeakyIntegrator::tau_mem_ms", self.tau_mem_ms, dt_ms)?;
        Ok(Box::new(PerStep(Stepwise::new(Leak::new(self, dt_ms)))))
    }

    fn dynamics(&self) -> Option<Dynamics> {
        let Self { tau_mem_ms, decay, input_scaling } = *self;
        let membrane = Membrane { tau_ms: tau_mem_ms, decay, input_scaling };
        Some(Dynamics { membrane, ports: vec![PortDynamics::Delta], firing: None })
    }
}

/// Fused loops for neurons that share the constants of the model; it holds those constants, and the
/// steps of neurons with constants of their own.
#[derive(Debug)]
struct PerStep(Stepwise<Leak, 1, 1, 2>);

impl PerStep {
    /// `beta` and `gain` in single precision.
    fn single(&self) -> [f32; 2] {
        self.0.shared().map(|constant| constant as f32)
    }
}

impl Neuron for PerStep {
    fn variables(&self) -> &'static [Variable] {
        self.0.variables()
    }

    fn learnable(&self) -> &[Learnable] {
        self.0.learnable()
    }

    fn constants(&self, learned: &[f64]) -> Vec<f64> {
        self.0.constants(learned)
    }

    fn constant_slopes(&self, learned: &[f64], parameter: usize) -> Vec<f64> {
        self.0.constant_slopes(learned, parameter)
    }

    fn fires(&self) -> bool {
        false
    }

    fn step(
        &self,
        constants: &[f64],
        state: &mut State<f64>,
        input: &[f64],
        spikes: &mut Vec<Spike>,
    ) {
        if !constants.is_empty() {
            return self.0.step(constants, state, input, spikes);
        }
        let [beta, gain] = *self.0.shared();
        let [potential] = state.columns_mut();
        for (v, current) in potential.iter_mut().zip(input) {
            *v = beta * *v + gain * current;
        }
    }

    fn forward(
        &self,
        constants: &[NeuronBlock],
        potential: &mut [NeuronBlock],
        spikes: &mut [u16],
        scratch: &mut NeuronScratch,
    ) {
        if !constants.is_empty() {
            return self.0.forward(constants, potential, spikes, scratch);
        }
        let [beta, gain] = self.single();
        vectorize(
            #[inline(always)]
            || forward_block(beta, gain, potential),
        );
        spikes.fill(0);
    }

    fn step_blocks(
        &self,
        constants: &[NeuronBlock],
        state: &mut State<NeuronBlock>,
        potential: &mut [NeuronBlock],
        spikes: &mut [u16],
    ) {
        if !constants.is_empty() {
            return self.0.step_blocks(constants, state, potential, spikes);
        }
        let [beta, gain] = self.single();
        let [v] = state.columns_mut();
        vectorize(
            #[inline(always)]
            || {
                for (v, row) in v.iter_mut().zip(potential) {
                    integrate(beta, gain, v, row);
                }
            },
        );
        spikes.fill(0);
    }

    fn step_adjoint(&self, step: StepAdjoint) {
        self.0.step_adjoint(step);
    }

    fn adjoint(&self, pass: BlockAdjoint) {
        if !pass.constants.is_empty() {
            return self.0.adjoint(pass);
        }
        let [beta, gain] = self.single();
        pass.spikes.fill(0);
        vectorize(
            #[inline(always)]
            || adjoint_block(beta, gain, pass.gradient),
        );
    }
}

/// The equations of one neuron, for neurons with time constants of their own.
#[derive(Debug)]
struct Leak {
    learnable: [Learnable; 1],
    model: LeakyIntegrator,
    dt_ms: f64,
}

impl Leak {
    fn new(model: &LeakyIntegrator, dt_ms: f64) -> Self {
        let least_ms = model.decay.least_tau_ms(dt_ms);
        let tau_mem = Learnable::time_constant("tau_mem_ms", model.tau_mem_ms, least_ms);
        Self { learnable: [tau_mem], model: *model, dt_ms }
    }
}

impl Equations<1, 1, 2> for Leak {
    const VARIABLES: &'static [Variable] = &[Variable::POTENTIAL];

    fn learnable(&self) -> &[Learnable] {
        &self.learnable
    }

    fn constants<T: Real>(&self, learned: &[T]) -> [T; 2] {
        let beta = self.model.decay.factor(learned[0], self.dt_ms);
        [beta, if self.model.input_scaling { T::of(1.0) - beta } else { T::of(1.0) }]
    }

    #[inline(always)]
    fn step<T: Real>(&self, &[beta, gain]: &[T; 2], [v]: [T; 1], [input]: [T; 1]) -> Stepped<T, 1> {
        let v = beta * v + gain * input;
        Stepped { state: [v], spike: T::of(0.0), drive: v }
    }

    fn fires(&self) -> bool {
        false
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
            neuron.forward(&[], &mut blocks, &mut spikes, &mut NeuronScratch::default());
            for (t, row) in blocks.iter().enumerate() {
                let expected = 0.5 * gain * (1.0 - beta.powi(t as i32 + 1)) / (1.0 - beta);
                assert!((row[3] as f64 - expected).abs() < 1e-5, "step {t}");
            }
            assert!(spikes.iter().all(|&mask| mask == 0) && !neuron.fires());

            let mut state = State::at_rest(neuron.variables(), 1, [0.0; NEURONS_PER_BLOCK]);
            for row in blocks {
                let (mut v, mut spikes) = ([[0.5; NEURONS_PER_BLOCK]], [u16::MAX]);
                neuron.step_blocks(&[], &mut state, &mut v, &mut spikes);
                assert_eq!(
                    (v[0], state.column(0)[0], spikes[0]),
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
        neuron.forward(&[], &mut blocks, &mut [0; 40], &mut NeuronScratch::default());
        let mut state = State::at_rest(neuron.variables(), NEURONS_PER_BLOCK, 0.0);
        let mut fired = Vec::new();
        for (t, row) in blocks.iter().enumerate() {
            let current: Vec<f64> = (0..NEURONS_PER_BLOCK).map(|n| input(t, n) as f64).collect();
            neuron.step(&[], &mut state, &current, &mut fired);
            for (v, single) in state.column(0).iter().zip(row) {
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
        let scratch = &mut NeuronScratch::default();
        neuron.forward(&[], &mut potential, &mut [0; 30], scratch);
        neuron.adjoint(BlockAdjoint {
            constants: &[],
            input: &mut input.clone(),
            spikes: &mut [0; 30],
            gradient: &mut gradient,
            constant_gradient: &mut [],
            scratch,
        });
        let dot = |a: &[NeuronBlock], b: &[NeuronBlock]| -> f64 {
            a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| (a * b) as f64).sum()
        };
        assert!((dot(&seen, &potential) - dot(&gradient, &input)).abs() < 1e-3);
    }
}
