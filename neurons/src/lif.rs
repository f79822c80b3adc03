//! The leaky integrate-and-fire neuron.
//!
//! ```text
//! V[t] = beta U[t-1] + gain I[t]                 integrate
//! S[t] = 1 if V[t] >= threshold else 0           fire
//! U[t] = (1 - S[t]) V[t]                         hard reset, or
//! U[t] = V[t] - threshold S[t]                   soft reset
//! beta = exp(-dt / tau_mem) or 1 - dt / tau_mem,  gain = 1 or 1 - beta
//! ```
//! After a spike at step `n` the neuron is held for `r = refractory / dt` steps: `V[t] = U[t] =
//! U[n]`, `S[t] = 0` for `n < t <= n + r`, and input that arrives then is lost.
//!
//! The adjoint, with `sigma` the surrogate slope at `V[t] - threshold` and `g_S` the gradient that
//! reaches the spikes:
//! ```text
//! d_V[t] = g_S[t] sigma + dU/dV d_U[t],   d_I[t] = gain d_V[t],   d_U[t-1] = beta d_V[t]
//! dU/dV = 1 - S - V sigma                        hard reset; detached without the last term
//! dU/dV = 1 - threshold sigma                    soft reset; likewise
//! d_V[t] = d_U[t-1] = d_U[t],  d_I[t] = 0        while held
//! ```
//!
//! | parameter | unit | default | range |
//! |---|---|---|---|
//! | `tau_mem_ms` | ms | 20 | above 0; with Euler decay at least the time step |
//! | `threshold` | | 1 | above 0; rest and hard reset are at 0 |
//! | `decay` | | `exact` | `exact`, `euler` |
//! | `input_scaling` | | off | on: `gain = 1 - beta` |
//! | `reset` | | `hard` | `hard`, `soft` |
//! | `detach_reset` | | on | off: the gradient also flows through the reset's own `S` |
//! | `refractory_ms` | ms | 0 | a whole number of time steps, 0 for none |
//! | `surrogate` | | atan, alpha 5 | see [`Surrogate`] |
//!
//! State: `potential` (`U`) and `refractory` (the steps for which the neuron is still held). Each
//! neuron can learn its own `tau_mem_ms` and `threshold`; then all steps are those of
//! `LifEquations`, the same equations one neuron at a time.
//!
//! References: Hammouamri et al. 2023 (Euler, hard, detached, no input scaling, as in
//! SpikingJelly); NEST `iaf_psc_delta` (exact, hard, refractory). What differs from NEST: the
//! refractory time may be zero, and then input of the step after a spike counts.

use crate::held::held_steps;
use crate::lif_equations::LifEquations;
use crate::spike_rule::{SpikeRule, check_threshold};
use crate::surrogate::{
    Surrogate, atan_slope, box_slope, fast_sigmoid_slope, sigmoid_slope, triangle_slope,
};
use serde::{Deserialize, Serialize};
use sim_core::{
    BlockAdjoint, Decay, Dynamics, Firing, Learnable, Membrane, ModelDescription, Neuron,
    NeuronModel, NeuronScratch, PortDynamics, Reset, Result, Spike, State, StepAdjoint, Stepwise,
    Variable,
};
use simd::{NEURONS_PER_BLOCK, NeuronBlock, blocks_at_least, vectorize};
use std::ops::Range;

/// Parameters of the leaky integrate-and-fire neuron; see the table of its file.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lif {
    /// Membrane time constant in ms, above 0.
    pub tau_mem_ms: f64,
    /// Potential at which the neuron fires, above 0.
    pub threshold: f64,
    /// How the time constant becomes a factor per step.
    pub decay: Decay,
    /// Whether the input is multiplied by `1 - beta`.
    pub input_scaling: bool,
    /// What a spike does to the potential.
    pub reset: Reset,
    /// Whether the backward pass treats the spike inside the reset as a constant.
    pub detach_reset: bool,
    /// How long the neuron is held after a spike, in ms; a whole number of steps.
    pub refractory_ms: f64,
    /// Stands in for the threshold's derivative in the backward pass.
    pub surrogate: Surrogate,
}

impl Default for Lif {
    /// 20 ms, threshold 1, exact decay, no input scaling, hard detached reset, no refractory time,
    /// atan slope with alpha 5.
    fn default() -> Self {
        Self {
            tau_mem_ms: 20.0,
            threshold: 1.0,
            decay: Decay::Exact,
            input_scaling: false,
            reset: Reset::Hard,
            detach_reset: true,
            refractory_ms: 0.0,
            surrogate: Surrogate::default(),
        }
    }
}

impl Lif {
    /// The equations of one neuron, once the fields are checked.
    fn equations(&self, dt_ms: f64, refractory_steps: u32) -> LifEquations {
        let least_ms = self.decay.least_tau_ms(dt_ms);
        LifEquations {
            learnable: [
                Learnable::time_constant("tau_mem_ms", self.tau_mem_ms, least_ms),
                Learnable::threshold("threshold", self.threshold),
            ],
            decay: self.decay,
            dt_ms,
            input_scaling: self.input_scaling,
            spikes: SpikeRule {
                threshold: self.threshold,
                reset: self.reset,
                detach_reset: self.detach_reset,
                refractory_steps,
                surrogate: self.surrogate,
            },
        }
    }
}

impl NeuronModel for Lif {
    fn describe(&self) -> ModelDescription {
        ModelDescription::of("lif", self)
    }

    fn build(&self, dt_ms: f64) -> Result<Box<dyn Neuron>> {
        self.decay.per_step("Lif::tau_mem_ms", self.tau_mem_ms, dt_ms)?;
        check_threshold("Lif::threshold", self.threshold)?;
        self.surrogate.check().map_err(|error| error.within("surrogate"))?;
        let refractory_steps = held_steps("Lif::refractory_ms", self.refractory_ms, dt_ms)?;
        Ok(Box::new(PerStep(Stepwise::new(self.equations(dt_ms, refractory_steps)))))
    }

    fn dynamics(&self) -> Option<Dynamics> {
        let Self { tau_mem_ms, decay, input_scaling, .. } = *self;
        let firing = Firing {
            threshold: self.threshold,
            reset: self.reset,
            refractory_ms: self.refractory_ms,
            holds: true,
            adaptation: None,
        };
        Some(Dynamics {
            membrane: Membrane { tau_ms: tau_mem_ms, decay, input_scaling },
            ports: vec![PortDynamics::Delta],
            firing: Some(firing),
        })
    }
}

/// Fused loops for neurons that share the constants of the model; it holds those constants, and the
/// steps of neurons with constants of their own.
#[derive(Debug)]
struct PerStep(Stepwise<LifEquations, 2, 1, 3>);

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
        true
    }

    fn most_spikes(&self, steps: usize) -> usize {
        self.0.most_spikes(steps)
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
        let [beta, gain, threshold] = *self.0.shared();
        let &SpikeRule { reset, refractory_steps, .. } = self.spikes();
        let [potential, refractory] = state.columns_mut();
        let neurons = potential.iter_mut().zip(refractory).zip(input);
        for (n, ((u, held_for), current)) in neurons.enumerate() {
            if *held_for > 0.0 {
                *held_for -= 1.0;
                continue;
            }
            let v = beta * *u + gain * current;
            if v >= threshold {
                *u = if reset == Reset::Hard { 0.0 } else { v - threshold };
                *held_for = f64::from(refractory_steps);
                spikes.push(Spike { neuron: n as u32, count: 1.0 });
            } else {
                *u = v;
            }
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
        let (constants, refractory_steps) =
            (self.block_constants(), self.spikes().refractory_steps as f32);
        if refractory_steps > 0.0 {
            vectorize(
                #[inline(always)]
                || forward_block_refractory(constants, refractory_steps, potential, spikes),
            );
            return;
        }
        vectorize(
            #[inline(always)]
            || match constants.hard {
                true => forward_block::<true>(constants, potential),
                false => forward_block::<false>(constants, potential),
            },
        );
        blocks_at_least(potential, constants.threshold, spikes);
    }

    fn slope_support(&self) -> Range<f32> {
        self.0.slope_support()
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
        let [u, held_for] = state.columns_mut();
        let (constants, refractory_steps) =
            (self.block_constants(), self.spikes().refractory_steps as f32);
        if refractory_steps > 0.0 {
            vectorize(
                #[inline(always)]
                || {
                    let neurons = u.iter_mut().zip(held_for);
                    for ((u, held_for), (v, mask)) in neurons.zip(potential.iter_mut().zip(spikes))
                    {
                        *mask = step_refractory(constants, refractory_steps, u, held_for, v);
                    }
                },
            );
            return;
        }
        vectorize(
            #[inline(always)]
            || match constants.hard {
                true => u
                    .iter_mut()
                    .zip(&mut *potential)
                    .for_each(|(u, v)| step::<true>(constants, u, v)),
                false => u
                    .iter_mut()
                    .zip(&mut *potential)
                    .for_each(|(u, v)| step::<false>(constants, u, v)),
            },
        );
        blocks_at_least(potential, constants.threshold, spikes);
    }

    fn step_adjoint(&self, step: StepAdjoint) {
        self.0.step_adjoint(step);
    }

    fn adjoint(&self, pass: BlockAdjoint) {
        if !pass.constants.is_empty() {
            return self.0.adjoint(pass);
        }
        let BlockAdjoint { input: potential, spikes, gradient, scratch, .. } = pass;
        self.forward(&[], potential, spikes, scratch);
        let (potential, spikes) = (&*potential, &*spikes);
        let adjoint = Adjoint {
            constants: self.block_constants(),
            refractory_steps: self.spikes().refractory_steps as usize,
        };
        vectorize(
            #[inline(always)]
            || match self.spikes().surrogate {
                Surrogate::Atan { alpha } => {
                    adjoint.run(potential, spikes, gradient, |x| atan_slope(alpha, x))
                }
                Surrogate::FastSigmoid { beta } => {
                    adjoint.run(potential, spikes, gradient, |x| fast_sigmoid_slope(beta, x))
                }
                Surrogate::Sigmoid { alpha } => {
                    adjoint.run(potential, spikes, gradient, |x| sigmoid_slope(alpha, x))
                }
                Surrogate::Triangle { half_width, peak } => {
                    let inverse = 1.0 / half_width;
                    adjoint.run(potential, spikes, gradient, |x| triangle_slope(inverse, peak, x));
                }
                Surrogate::Box { half_width, peak } => {
                    adjoint.run(potential, spikes, gradient, |x| box_slope(half_width, peak, x))
                }
            },
        );
    }
}

impl PerStep {
    fn spikes(&self) -> &SpikeRule {
        &self.0.equations().spikes
    }

    fn block_constants(&self) -> BlockConstants {
        let [beta, gain, threshold] = *self.0.shared();
        BlockConstants {
            beta: beta as f32,
            gain: gain as f32,
            threshold: threshold as f32,
            hard: self.spikes().reset == Reset::Hard,
            reset_gradient: if self.spikes().detach_reset { 0.0 } else { 1.0 },
        }
    }
}

/// The constants of the loops over blocks, in single precision.
#[derive(Debug, Clone, Copy)]
struct BlockConstants {
    beta: f32,
    gain: f32,
    threshold: f32,
    hard: bool,
    /// 1 where the gradient flows through the reset's own spike, 0 where that is detached.
    reset_gradient: f32,
}

impl BlockConstants {
    /// `U[t]` after the reset.
    #[inline(always)]
    fn after_reset(self, v: f32) -> f32 {
        let reset = if self.hard { 0.0 } else { v - self.threshold };
        if v >= self.threshold { reset } else { v }
    }

    /// `dU/dV`
    #[inline(always)]
    fn reset_slope(self, v: f32, slope: f32) -> f32 {
        let (kept, drop) = if self.hard {
            (if v >= self.threshold { 0.0 } else { 1.0 }, v)
        } else {
            (1.0, self.threshold)
        };
        kept - self.reset_gradient * (drop * slope)
    }
}

/// The bit of each neuron in a mask of spikes. They are chosen in 32-bit lanes, like everything
/// else in the loops, and joined at the end: narrower types or shifts would keep the loops from
/// becoming vector code.
const NEURON_BIT: [u32; NEURONS_PER_BLOCK] = {
    let mut bits = [0; NEURONS_PER_BLOCK];
    let mut n = 0;
    while n < NEURONS_PER_BLOCK {
        bits[n] = 1 << n;
        n += 1;
    }
    bits
};

/// All bits where `condition` holds, else none.
#[inline(always)]
fn all_ones_if(condition: bool) -> u32 {
    u32::from(condition).wrapping_neg()
}

/// The mask of spikes out of the bits of all neurons.
#[inline(always)]
fn join(bits: [u32; NEURONS_PER_BLOCK]) -> u16 {
    let eight: [u32; 8] = std::array::from_fn(|n| bits[n] | bits[n + 8]);
    let four: [u32; 4] = std::array::from_fn(|n| eight[n] | eight[n + 4]);
    (four[0] | four[2] | (four[1] | four[3])) as u16
}

/// Without a refractory time: `v` holds the input, then the potential before the reset; `u` the
/// potential after it.
#[inline(always)]
fn step<const HARD: bool>(
    BlockConstants { beta, gain, threshold, .. }: BlockConstants,
    u: &mut NeuronBlock,
    v: &mut NeuronBlock,
) {
    for n in 0..NEURONS_PER_BLOCK {
        v[n] = beta * u[n] + gain * v[n];
        let reset = if HARD { 0.0 } else { v[n] - threshold };
        u[n] = if v[n] >= threshold { reset } else { v[n] };
    }
}

#[inline(always)]
fn forward_block<const HARD: bool>(constants: BlockConstants, potential: &mut [NeuronBlock]) {
    let mut u = [0.0; NEURONS_PER_BLOCK];
    for v in potential {
        step::<HARD>(constants, &mut u, v);
    }
}

/// With one: `held_for` counts down the steps for which a neuron is still held. Returns the mask of
/// spikes.
#[inline(always)]
fn step_refractory(
    constants: BlockConstants,
    refractory_steps: f32,
    u: &mut NeuronBlock,
    held_for: &mut NeuronBlock,
    v: &mut NeuronBlock,
) -> u16 {
    let mut fires = [0; NEURONS_PER_BLOCK];
    for n in 0..NEURONS_PER_BLOCK {
        let held = held_for[n] > 0.0;
        let integrated = constants.beta * u[n] + constants.gain * v[n];
        let reset = constants.after_reset(integrated);
        let fires_now = !held & (integrated >= constants.threshold);
        v[n] = if held { u[n] } else { integrated };
        u[n] = if held { u[n] } else { reset };
        let left = if held { held_for[n] - 1.0 } else { 0.0 };
        held_for[n] = if fires_now { refractory_steps } else { left };
        fires[n] = NEURON_BIT[n] & all_ones_if(fires_now);
    }
    join(fires)
}

#[inline(always)]
fn forward_block_refractory(
    constants: BlockConstants,
    refractory_steps: f32,
    potential: &mut [NeuronBlock],
    spikes: &mut [u16],
) {
    let mut u = [0.0; NEURONS_PER_BLOCK];
    let mut held_for = [0.0; NEURONS_PER_BLOCK];
    for (v, mask) in potential.iter_mut().zip(spikes) {
        *mask = step_refractory(constants, refractory_steps, &mut u, &mut held_for, v);
    }
}

/// The backward pass over one block of neurons.
#[derive(Debug, Clone, Copy)]
struct Adjoint {
    constants: BlockConstants,
    refractory_steps: usize,
}

impl Adjoint {
    #[inline(always)]
    fn run(
        self,
        potential: &[NeuronBlock],
        spikes: &[u16],
        gradient: &mut [NeuronBlock],
        slope: impl Fn(f32) -> f32,
    ) {
        let mut d_u = [0.0; NEURONS_PER_BLOCK];
        if self.refractory_steps == 0 {
            for (v, g) in potential.iter().zip(gradient).rev() {
                self.step_back(v, g, &mut d_u, 0, &slope);
            }
            return;
        }
        let steps = potential.len();
        let mut held = (1..=self.refractory_steps.min(steps))
            .fold(0, |held, back| held | spikes[steps - back]);
        for (t, (v, g)) in potential.iter().zip(gradient).enumerate().rev() {
            // No window of the refractory time holds two spikes of one neuron: walking backwards, a
            // neuron leaves the set at its spike and enters it where the spike before ceases to
            // hold it.
            held = (held & !spikes[t])
                | t.checked_sub(self.refractory_steps).map_or(0, |earlier| spikes[earlier]);
            self.step_back(v, g, &mut d_u, held, &slope);
        }
    }

    /// From step `t` to `t - 1`; bit `n` of `held` tells that neuron `n` was held in step `t`.
    #[inline(always)]
    fn step_back(
        self,
        v: &NeuronBlock,
        g: &mut NeuronBlock,
        d_u: &mut NeuronBlock,
        held: u16,
        slope: &impl Fn(f32) -> f32,
    ) {
        #[allow(
            clippy::needless_range_loop,
            reason = "one loop over four arrays of the same fixed length"
        )]
        for n in 0..NEURONS_PER_BLOCK {
            let sigma = slope(v[n] - self.constants.threshold);
            let d_v = g[n] * sigma + self.constants.reset_slope(v[n], sigma) * d_u[n];
            let is_held = held & (1 << n) != 0;
            g[n] = if is_held { 0.0 } else { self.constants.gain * d_v };
            d_u[n] = if is_held { d_u[n] } else { self.constants.beta * d_v };
        }
    }
}

#[cfg(test)]
mod tests;
