//! The adaptive leaky integrate-and-fire neuron: every spike raises its threshold for a while.
//!
//! ```text
//! V[t]   = beta U[t-1] + gain I[t]                       integrate
//! B[t]   = threshold + adaptation a[t]                   the threshold now
//! S[t]   = 1 if V[t] >= B[t] else 0                      fire
//! U[t]   = V[t] - threshold S[t] or (1 - S[t]) V[t]      soft or hard reset
//! a[t+1] = rho a[t] + S[t]                               adapt, from a[0] = 0
//! beta = exp(-dt / tau_mem) or 1 - dt / tau_mem,  gain = 1 or 1 - beta
//! rho  = exp(-dt / tau_adaptation) or 1 - dt / tau_adaptation
//! ```
//! For `refractory / dt` steps after a spike the neuron does not fire (`S[t] = 0`), but goes on
//! integrating: input that arrives then counts.
//!
//! The adjoint, with `sigma` the surrogate slope at `V[t] - B[t]` (0 where the neuron may not fire)
//! and `g_S` the gradient that reaches the spikes:
//! ```text
//! d_S = g_S[t] + d_a[t+1] + d_U[t] dU/dS                 dU/dS = -threshold or -V, 0 if detached
//! d_x = sigma d_S
//! d_V = d_x + d_U[t] (1 or 1 - S)                        soft or hard reset
//! d_I[t] = gain d_V,  d_U[t-1] = beta d_V,  d_a[t] = rho d_a[t+1] - adaptation d_x
//! ```
//!
//! | parameter | unit | default | range |
//! |---|---|---|---|
//! | `tau_mem_ms` | ms | 20 | above 0; with Euler decay at least the time step |
//! | `threshold` | | 1 | above 0; rest and hard reset are at 0 |
//! | `tau_adaptation_ms` | ms | 200 | above 0; with Euler decay at least the time step |
//! | `adaptation` | | 1.8 | at least 0: by how much a spike raises the threshold |
//! | `decay` | | `exact` | `exact`, `euler`; of both time constants |
//! | `input_scaling` | | off | on: `gain = 1 - beta` |
//! | `reset` | | `soft` | `hard`, `soft` |
//! | `detach_reset` | | on | off: the gradient also flows through the reset's own `S` |
//! | `refractory_ms` | ms | 0 | a whole number of time steps, 0 for none |
//! | `surrogate` | | atan, alpha 5 | see [`Surrogate`] |
//!
//! State: `potential` (`U`), `adaptation` (`a` of the coming step) and `refractory` (the steps for
//! which the neuron may not fire yet). Each neuron can learn its own `tau_mem_ms`, `threshold`,
//! `tau_adaptation_ms` and `adaptation`.
//!
//! References: Bellec et al. 2018 (LSNN), whose reset takes its effect one step later and does not
//! decay; NEST `eprop_iaf_adapt`, which this neuron equals step by step.

use crate::held::held_steps;
use crate::spike_rule::{SpikeRule, check_threshold};
use crate::surrogate::Surrogate;
use serde::{Deserialize, Serialize};
use sim_core::{
    Adaptation, BeforeStep, Decay, Dynamics, Equations, Error, Firing, Learnable, Membrane,
    ModelDescription, Neuron, NeuronModel, PortDynamics, Real, Reset, Result, Stepped, Stepwise,
    Variable,
};
use std::ops::Range;

/// Parameters of the adaptive leaky integrate-and-fire neuron; see the table of its file.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdaptiveLif {
    /// Membrane time constant in ms, above 0.
    pub tau_mem_ms: f64,
    /// Potential at which a rested neuron fires, above 0.
    pub threshold: f64,
    /// Time constant in ms with which the threshold falls back, above 0.
    pub tau_adaptation_ms: f64,
    /// By how much a spike raises the threshold, at least 0.
    pub adaptation: f64,
    /// How time constants become factors per step.
    pub decay: Decay,
    /// Whether the input is multiplied by `1 - beta`.
    pub input_scaling: bool,
    /// What a spike does to the potential.
    pub reset: Reset,
    /// Whether the backward pass treats the spike inside the reset as a constant.
    pub detach_reset: bool,
    /// How long the neuron does not fire after a spike, in ms; a whole number of steps.
    pub refractory_ms: f64,
    /// Stands in for the threshold's derivative in the backward pass.
    pub surrogate: Surrogate,
}

impl Default for AdaptiveLif {
    /// 20 ms, threshold 1, raised by 1.8 with 200 ms, exact decay, no input scaling, soft detached
    /// reset, no refractory time, atan slope with alpha 5.
    fn default() -> Self {
        Self {
            tau_mem_ms: 20.0,
            threshold: 1.0,
            tau_adaptation_ms: 200.0,
            adaptation: 1.8,
            decay: Decay::Exact,
            input_scaling: false,
            reset: Reset::Soft,
            detach_reset: true,
            refractory_ms: 0.0,
            surrogate: Surrogate::default(),
        }
    }
}

impl AdaptiveLif {
    fn spike_rule(&self, refractory_steps: u32) -> SpikeRule {
        let Self { threshold, reset, detach_reset, surrogate, .. } = *self;
        SpikeRule { threshold, reset, detach_reset, refractory_steps, surrogate }
    }

    /// What a neuron can learn, with time constants of at least `least_ms`.
    fn learnable(&self, least_ms: f64) -> [Learnable; 4] {
        [
            Learnable::time_constant("tau_mem_ms", self.tau_mem_ms, least_ms),
            Learnable::threshold("threshold", self.threshold),
            Learnable::time_constant("tau_adaptation_ms", self.tau_adaptation_ms, least_ms),
            Learnable::adaptation("adaptation", self.adaptation),
        ]
    }
}

impl NeuronModel for AdaptiveLif {
    fn describe(&self) -> ModelDescription {
        ModelDescription::of("adaptive_lif", self)
    }

    fn build(&self, dt_ms: f64) -> Result<Box<dyn Neuron>> {
        let Self { tau_mem_ms, threshold, tau_adaptation_ms, adaptation, decay, .. } = *self;
        decay.per_step("AdaptiveLif::tau_mem_ms", tau_mem_ms, dt_ms)?;
        check_threshold("AdaptiveLif::threshold", threshold)?;
        decay.per_step("AdaptiveLif::tau_adaptation_ms", tau_adaptation_ms, dt_ms)?;
        let field = "AdaptiveLif::adaptation";
        Error::check(field, adaptation, adaptation >= 0.0, "at least 0")?;
        self.surrogate.check().map_err(|error| error.within("surrogate"))?;
        let refractory = held_steps("AdaptiveLif::refractory_ms", self.refractory_ms, dt_ms)?;
        Ok(Box::new(Stepwise::new(Adapting {
            learnable: self.learnable(decay.least_tau_ms(dt_ms)),
            model: *self,
            dt_ms,
            spikes: self.spike_rule(refractory),
        })))
    }

    fn dynamics(&self) -> Option<Dynamics> {
        let Self { tau_mem_ms, decay, input_scaling, .. } = *self;
        let adaptation =
            Adaptation { tau_ms: self.tau_adaptation_ms, decay, strength: self.adaptation };
        let firing = Firing {
            threshold: self.threshold,
            reset: self.reset,
            refractory_ms: self.refractory_ms,
            holds: false,
            adaptation: Some(adaptation),
        };
        Some(Dynamics {
            membrane: Membrane { tau_ms: tau_mem_ms, decay, input_scaling },
            ports: vec![PortDynamics::Delta],
            firing: Some(firing),
        })
    }
}

/// The equations, with the constants `beta`, `gain`, `threshold`, `rho` and `adaptation`.
#[derive(Debug)]
struct Adapting {
    learnable: [Learnable; 4],
    model: AdaptiveLif,
    dt_ms: f64,
    spikes: SpikeRule,
}

impl Equations<3, 1, 5> for Adapting {
    const VARIABLES: &'static [Variable] =
        &[Variable::POTENTIAL, Variable::new("adaptation"), Variable::REFRACTORY];

    fn learnable(&self) -> &[Learnable] {
        &self.learnable
    }

    fn constants<T: Real>(&self, learned: &[T]) -> [T; 5] {
        let AdaptiveLif { decay, input_scaling, .. } = self.model;
        let beta = decay.factor(learned[0], self.dt_ms);
        let gain = if input_scaling { T::of(1.0) - beta } else { T::of(1.0) };
        [beta, gain, learned[1], decay.factor(learned[2], self.dt_ms), learned[3]]
    }

    #[inline(always)]
    fn step<T: Real>(
        &self,
        &[beta, gain, threshold, rho, adaptation]: &[T; 5],
        [u, a, wait]: [T; 3],
        [input]: [T; 1],
    ) -> Stepped<T, 3> {
        let v = beta * u + gain * input;
        let over = v - (threshold + adaptation * a);
        let spike = self.spikes.spike(over, wait > T::of(0.0));
        let after = self.spikes.after(v, threshold, spike);
        let drive = over + T::of(self.spikes.threshold);
        Stepped { state: [after, rho * a + spike, self.spikes.wait(spike, wait)], spike, drive }
    }

    #[inline(always)]
    fn step_adjoint(
        &self,
        &[beta, gain, threshold, rho, adaptation]: &[f32; 5],
        [u, a, wait]: [f32; 3],
        [input]: [f32; 1],
        d_spike: f32,
        [d_after, d_adapted, _]: [f32; 3],
        _wanted: bool,
    ) -> BeforeStep<3, 1, 5> {
        let v = beta * u + gain * input;
        let over = v - (threshold + adaptation * a);
        // A spike fires and adapts.
        let gradients =
            self.spikes.adjoint([v, over, threshold], wait > 0.0, d_spike + d_adapted, d_after);
        let (d_v, d_over) = (gradients.potential, gradients.over);
        BeforeStep {
            state: [beta * d_v, rho * d_adapted - adaptation * d_over, 0.0],
            input: [gain * d_v],
            constants: [u * d_v, input * d_v, gradients.threshold, a * d_adapted, -a * d_over],
        }
    }

    fn most_spikes(&self, steps: usize) -> usize {
        self.spikes.most_spikes(steps)
    }

    fn slope_support(&self) -> Range<f32> {
        self.spikes.slope_support()
    }
}

#[cfg(test)]
mod tests;
