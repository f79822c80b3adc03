//! The current-based leaky integrate-and-fire neuron: input moves two synaptic currents, which
//! drive the membrane.
//!
//! ```text
//! V[t]   = beta U[t-1] + couple_e i_e[t-1] + couple_i i_i[t-1]   integrate earlier currents
//! i_p[t] = alpha_p i_p[t-1] + I_p[t]                               of both ports p = e, i
//! S[t]   = 1 if V[t] >= threshold else 0                           fire
//! U[t]   = (1 - S[t]) V[t]  or  V[t] - threshold S[t]              hard or soft reset
//! ```
//! With exact decay this is the exact solution of
//! ```text
//! dV/dt = -V / tau_mem + (i_e + i_i) / C,   di_p/dt = -i_p / tau_p
//! beta = exp(-dt / tau_mem),  alpha_p = exp(-dt / tau_p)
//! couple_p = (alpha_p - beta) / (1 / tau_mem - 1 / tau_p) / C,  dt beta / C where both are equal
//! ```
//! with `C = dt` (a current of 1 adds about 1 in a step), or `C = tau_mem` with input scaling (a
//! constant current `i` settles at `V = i`). With Euler decay `beta = 1 - dt / tau_mem`,
//! `alpha_p = 1 - dt / tau_p` and `couple_p = dt / C`. An input acts on the potential from the step
//! after its arrival on.
//!
//! After a spike at step `n` the neuron is held for `r = refractory / dt` steps: `V[t] = U[t] =
//! U[n]`, `S[t] = 0` for `n < t <= n + r`. Its currents go on: input that arrives then is not lost.
//!
//! The adjoint, with `sigma` the surrogate slope at `V[t] - threshold` and `g_S` the gradient that
//! reaches the spikes; while held `d_U[t-1] = d_U[t]` and `d_V = 0`:
//! ```text
//! d_V = g_S[t] sigma + dU/dV d_U[t]                                dU/dV as in `lif`
//! d_U[t-1] = beta d_V,  d_I_p[t] = d_i_p[t]
//! d_i_p[t-1] = alpha_p d_i_p[t] + couple_p d_V
//! ```
//!
//! | parameter | unit | default | range |
//! |---|---|---|---|
//! | `tau_mem_ms` | ms | 20 | above 0; with Euler decay at least the time step |
//! | `tau_excitatory_ms` | ms | 5 | above 0; with Euler decay at least the time step |
//! | `tau_inhibitory_ms` | ms | 10 | above 0; with Euler decay at least the time step |
//! | `threshold` | | 1 | above 0; rest and hard reset are at 0 |
//! | `decay` | | `exact` | `exact`, `euler`; of all time constants |
//! | `input_scaling` | | off | on: `C = tau_mem` |
//! | `reset` | | `hard` | `hard`, `soft` |
//! | `detach_reset` | | on | off: the gradient also flows through the reset's own `S` |
//! | `refractory_ms` | ms | 0 | a whole number of time steps, 0 for none |
//! | `surrogate` | | atan, alpha 5 | see [`Surrogate`] |
//!
//! Ports: `excitatory` (the first, where a projection ends that names none) and `inhibitory`. They
//! differ in their time constants; signs are those of the weights. State: `potential` (`U`),
//! `excitatory_current`, `inhibitory_current` and `refractory`. Each neuron can learn its own time
//! constants and threshold.
//!
//! References: NEST `iaf_psc_exp` [Rotter and Diesmann 1999], which this neuron equals step by step
//! where weights are divided by `C / dt`.

use crate::held::held_steps;
use crate::spike_rule::{SpikeRule, check_threshold};
use crate::surrogate::Surrogate;
use serde::{Deserialize, Serialize};
use sim_core::{
    BeforeStep, Decay, Dynamics, Equations, Firing, Learnable, Membrane, ModelDescription, Neuron,
    NeuronModel, PortDynamics, Real, Reset, Result, Stepped, Stepwise, Variable,
};
use std::ops::Range;

/// Parameters of the current-based leaky integrate-and-fire neuron; see the table of its file.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CurrentLif {
    /// Membrane time constant in ms, above 0.
    pub tau_mem_ms: f64,
    /// Time constant of the current of the excitatory port in ms, above 0.
    pub tau_excitatory_ms: f64,
    /// Time constant of the current of the inhibitory port in ms, above 0.
    pub tau_inhibitory_ms: f64,
    /// Potential at which the neuron fires, above 0.
    pub threshold: f64,
    /// How time constants become factors per step.
    pub decay: Decay,
    /// Whether a constant current `i` settles at a potential of `i`; else a current of 1 adds about
    /// 1 in a step.
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

impl Default for CurrentLif {
    /// 20 ms, currents of 5 and 10 ms, threshold 1, exact decay, no input scaling, hard detached
    /// reset, no refractory time, atan slope with alpha 5.
    fn default() -> Self {
        Self {
            tau_mem_ms: 20.0,
            tau_excitatory_ms: 5.0,
            tau_inhibitory_ms: 10.0,
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

impl CurrentLif {
    fn spike_rule(&self, refractory_steps: u32) -> SpikeRule {
        let Self { threshold, reset, detach_reset, surrogate, .. } = *self;
        SpikeRule { threshold, reset, detach_reset, refractory_steps, surrogate }
    }

    /// What a neuron can learn, with time constants of at least `least_ms`.
    fn learnable(&self, least_ms: f64) -> [Learnable; 4] {
        let time = |name, tau_ms| Learnable::time_constant(name, tau_ms, least_ms);
        [
            time("tau_mem_ms", self.tau_mem_ms),
            time("tau_excitatory_ms", self.tau_excitatory_ms),
            time("tau_inhibitory_ms", self.tau_inhibitory_ms),
            Learnable::threshold("threshold", self.threshold),
        ]
    }
}

impl NeuronModel for CurrentLif {
    fn describe(&self) -> ModelDescription {
        ModelDescription::of("current_lif", self)
    }

    fn build(&self, dt_ms: f64) -> Result<Box<dyn Neuron>> {
        let Self { tau_mem_ms, tau_excitatory_ms, tau_inhibitory_ms, threshold, decay, .. } = *self;
        let times = [
            ("tau_mem_ms", tau_mem_ms),
            ("tau_excitatory_ms", tau_excitatory_ms),
            ("tau_inhibitory_ms", tau_inhibitory_ms),
        ];
        for (name, tau_ms) in times {
            decay.per_step(&format!("CurrentLif::{name}"), tau_ms, dt_ms)?;
        }
        check_threshold("CurrentLif::threshold", threshold)?;
        self.surrogate.check().map_err(|error| error.within("surrogate"))?;
        let refractory = held_steps("CurrentLif::refractory_ms", self.refractory_ms, dt_ms)?;
        Ok(Box::new(Stepwise::new(CurrentBased {
            learnable: self.learnable(decay.least_tau_ms(dt_ms)),
            model: *self,
            dt_ms,
            spikes: self.spike_rule(refractory),
        })))
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
            ports: vec![
                PortDynamics::Exponential { tau_ms: self.tau_excitatory_ms, decay },
                PortDynamics::Exponential { tau_ms: self.tau_inhibitory_ms, decay },
            ],
            firing: Some(firing),
        })
    }

    fn ports(&self) -> &'static [&'static str] {
        &["excitatory", "inhibitory"]
    }
}

/// The equations, with the constants `beta`, `alpha` and `couple` of both ports, and `threshold`.
#[derive(Debug)]
struct CurrentBased {
    learnable: [Learnable; 4],
    model: CurrentLif,
    dt_ms: f64,
    spikes: SpikeRule,
}

impl CurrentBased {
    /// What a current of 1 before the step adds to the potential in it.
    fn coupling<T: Real>(&self, tau_mem: T, tau_current: T) -> T {
        let dt = T::of(self.dt_ms);
        let capacity = if self.model.input_scaling { tau_mem } else { dt };
        match self.model.decay {
            Decay::Euler => dt / capacity,
            Decay::Exact => {
                let one = T::of(1.0);
                let apart = dt * (one / tau_mem - one / tau_current);
                // The slower of the two goes in front: no factor can overflow.
                let (slower, apart) = match apart > T::of(0.0) {
                    true => (tau_current, -apart),
                    false => (tau_mem, apart),
                };
                self.model.decay.factor(slower, self.dt_ms) * dt * mean_growth(apart) / capacity
            }
        }
    }
}

/// `(exp(x) - 1) / x`, also where `x` is 0.
fn mean_growth<T: Real>(x: T) -> T {
    if x > T::of(0.5) || x < T::of(-0.5) {
        return (x.exp() - T::of(1.0)) / x;
    }
    // 1 + x/2 (1 + x/3 (1 + x/4 (..))): the terms left out are below 1e-17.
    (2..=16).rev().fold(T::of(1.0), |rest, n| T::of(1.0) + x / T::of(f64::from(n)) * rest)
}

impl Equations<4, 2, 6> for CurrentBased {
    const VARIABLES: &'static [Variable] = &[
        Variable::POTENTIAL,
        Variable::new("excitatory_current"),
        Variable::new("inhibitory_current"),
        Variable::REFRACTORY,
    ];

    fn learnable(&self) -> &[Learnable] {
        &self.learnable
    }

    fn constants<T: Real>(&self, learned: &[T]) -> [T; 6] {
        let (decay, tau_mem) = (self.model.decay, learned[0]);
        [
            decay.factor(tau_mem, self.dt_ms),
            decay.factor(learned[1], self.dt_ms),
            decay.factor(learned[2], self.dt_ms),
            self.coupling(tau_mem, learned[1]),
            self.coupling(tau_mem, learned[2]),
            learned[3],
        ]
    }

    #[inline(always)]
    fn step<T: Real>(
        &self,
        &[beta, alpha_e, alpha_i, couple_e, couple_i, threshold]: &[T; 6],
        [u, current_e, current_i, held_for]: [T; 4],
        [input_e, input_i]: [T; 2],
    ) -> Stepped<T, 4> {
        let held = held_for > T::of(0.0);
        let v = beta * u + couple_e * current_e + couple_i * current_i;
        let over = v - threshold;
        let spike = self.spikes.spike(over, held);
        Stepped {
            state: [
                self.spikes.after(v, threshold, spike).or_if(held, u),
                alpha_e * current_e + input_e,
                alpha_i * current_i + input_i,
                self.spikes.wait(spike, held_for),
            ],
            spike,
            drive: (over + T::of(self.spikes.threshold)).or_if(held, u),
        }
    }

    #[inline(always)]
    fn step_adjoint(
        &self,
        &[beta, alpha_e, alpha_i, couple_e, couple_i, threshold]: &[f32; 6],
        [u, current_e, current_i, held_for]: [f32; 4],
        _input: [f32; 2],
        d_spike: f32,
        [d_after, d_current_e, d_current_i, _]: [f32; 4],
        _wanted: bool,
    ) -> BeforeStep<4, 2, 6> {
        let v = beta * u + couple_e * current_e + couple_i * current_i;
        let held = held_for > 0.0;
        let gradients = self.spikes.adjoint([v, v - threshold, threshold], held, d_spike, d_after);
        // The potential of a held neuron does not depend on what arrives.
        let d_v = if held { 0.0 } else { gradients.potential };
        BeforeStep {
            state: [
                if held { d_after } else { beta * d_v },
                alpha_e * d_current_e + couple_e * d_v,
                alpha_i * d_current_i + couple_i * d_v,
                0.0,
            ],
            input: [d_current_e, d_current_i],
            constants: [
                u * d_v,
                current_e * d_current_e,
                current_i * d_current_i,
                current_e * d_v,
                current_i * d_v,
                gradients.threshold,
            ],
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
