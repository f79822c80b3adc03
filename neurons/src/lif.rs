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
//! dU/dV = 1 - S - V sigma                        hard reset; without the last term when the reset is detached
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
//! References: Hammouamri et al. 2023 (Euler, hard, detached, no input scaling, as in
//! SpikingJelly); NEST `iaf_psc_delta` (exact, hard, refractory). What differs from NEST: the
//! refractory time may be zero, and then input of the step after a spike counts.

use crate::decay::Decay;
use crate::surrogate::{
    Surrogate, atan_slope, box_slope, fast_sigmoid_slope, sigmoid_slope, triangle_slope,
};
use serde::{Deserialize, Serialize};
use sim_core::{
    BlockState, Error, ModelDescription, Neuron, NeuronModel, NeuronState, Result, whole_steps,
};
use simd::{NEURONS_PER_BLOCK, NeuronBlock, blocks_at_least, vectorize};
use std::ops::Range;

/// What a spike does to the potential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reset {
    /// The potential becomes 0.
    #[default]
    Hard,
    /// The threshold is subtracted.
    Soft,
}

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

impl NeuronModel for Lif {
    fn describe(&self) -> ModelDescription {
        ModelDescription::of("lif", self)
    }

    fn build(&self, dt_ms: f64) -> Result<Box<dyn Neuron>> {
        let beta = self.decay.per_step("Lif::tau_mem_ms", self.tau_mem_ms, dt_ms)?;
        Error::check("Lif::threshold", self.threshold, self.threshold > 0.0, "above 0")?;
        self.surrogate.check().map_err(|error| error.within("surrogate"))?;
        Ok(Box::new(PerStep {
            beta,
            gain: if self.input_scaling { 1.0 - beta } else { 1.0 },
            threshold: self.threshold,
            hard: self.reset == Reset::Hard,
            detached: self.detach_reset,
            refractory_steps: whole_steps("Lif::refractory_ms", self.refractory_ms, dt_ms)?,
            surrogate: self.surrogate,
        }))
    }
}

/// Constants of one time step.
#[derive(Debug, Clone, Copy)]
struct PerStep {
    beta: f64,
    gain: f64,
    threshold: f64,
    hard: bool,
    detached: bool,
    refractory_steps: u32,
    surrogate: Surrogate,
}

impl Neuron for PerStep {
    fn fires(&self) -> bool {
        true
    }

    fn most_spikes(&self, steps: usize) -> usize {
        steps.div_ceil(1 + self.refractory_steps as usize)
    }

    fn step(&self, state: &mut NeuronState, input: &[f64], fired: &mut Vec<u32>) {
        let neurons = state.potential.iter_mut().zip(&mut state.refractory_steps).zip(input);
        for (n, ((u, held_for), current)) in neurons.enumerate() {
            if *held_for > 0 {
                *held_for -= 1;
                continue;
            }
            let v = self.beta * *u + self.gain * current;
            if v >= self.threshold {
                *u = if self.hard { 0.0 } else { v - self.threshold };
                *held_for = self.refractory_steps;
                fired.push(n as u32);
            } else {
                *u = v;
            }
        }
    }

    fn forward(&self, potential: &mut [NeuronBlock], spikes: &mut [u16]) {
        let (constants, refractory_steps) = (self.block_constants(), self.refractory_steps);
        if refractory_steps > 0 {
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
        let half_width = self.surrogate.half_width();
        self.threshold as f32 - half_width..self.threshold as f32 + half_width
    }

    fn step_blocks(
        &self,
        state: &mut BlockState,
        potential: &mut [NeuronBlock],
        spikes: &mut [u16],
    ) {
        let (constants, refractory_steps) = (self.block_constants(), self.refractory_steps);
        if refractory_steps > 0 {
            vectorize(
                #[inline(always)]
                || {
                    let neurons = state.potential.iter_mut().zip(&mut state.refractory_steps);
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
                true => state
                    .potential
                    .iter_mut()
                    .zip(&mut *potential)
                    .for_each(|(u, v)| step::<true>(constants, u, v)),
                false => state
                    .potential
                    .iter_mut()
                    .zip(&mut *potential)
                    .for_each(|(u, v)| step::<false>(constants, u, v)),
            },
        );
        blocks_at_least(potential, constants.threshold, spikes);
    }

    fn adjoint(&self, potential: &[NeuronBlock], spikes: &[u16], gradient: &mut [NeuronBlock]) {
        let adjoint = Adjoint {
            constants: self.block_constants(),
            refractory_steps: self.refractory_steps as usize,
        };
        vectorize(
            #[inline(always)]
            || match self.surrogate {
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
    fn block_constants(&self) -> BlockConstants {
        BlockConstants {
            beta: self.beta as f32,
            gain: self.gain as f32,
            threshold: self.threshold as f32,
            hard: self.hard,
            reset_gradient: if self.detached { 0.0 } else { 1.0 },
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

/// The bit of each neuron in a mask of spikes. They are chosen in 32-bit lanes, like everything else
/// in the loops, and joined at the end: narrower types or shifts would keep the loops from becoming
/// vector code.
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
    refractory_steps: u32,
    u: &mut NeuronBlock,
    held_for: &mut [u32; NEURONS_PER_BLOCK],
    v: &mut NeuronBlock,
) -> u16 {
    let mut fires = [0; NEURONS_PER_BLOCK];
    for n in 0..NEURONS_PER_BLOCK {
        let held = held_for[n] > 0;
        let integrated = constants.beta * u[n] + constants.gain * v[n];
        let reset = constants.after_reset(integrated);
        let fire = all_ones_if(!held & (integrated >= constants.threshold));
        v[n] = if held { u[n] } else { integrated };
        u[n] = if held { u[n] } else { reset };
        held_for[n] = held_for[n].saturating_sub(1) | (refractory_steps & fire);
        fires[n] = NEURON_BIT[n] & fire;
    }
    join(fires)
}

#[inline(always)]
fn forward_block_refractory(
    constants: BlockConstants,
    refractory_steps: u32,
    potential: &mut [NeuronBlock],
    spikes: &mut [u16],
) {
    let mut u = [0.0; NEURONS_PER_BLOCK];
    let mut held_for = [0_u32; NEURONS_PER_BLOCK];
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
            // neuron leaves the set at its spike and enters it where the spike before ceases to hold
            // it.
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
