//! The leaky integrate-and-fire neuron as equations of one neuron, for neurons with time constants
//! and thresholds of their own.

use crate::spike_rule::SpikeRule;
use sim_core::{BeforeStep, Decay, Equations, Learnable, Real, Stepped, Variable};
use std::ops::Range;

/// The equations of [`lif`](crate::lif), with the constants `beta`, `gain` and `threshold`.
#[derive(Debug)]
pub(crate) struct LifEquations {
    /// `tau_mem_ms` and `threshold`.
    pub learnable: [Learnable; 2],
    pub decay: Decay,
    pub dt_ms: f64,
    pub input_scaling: bool,
    pub spikes: SpikeRule,
}

impl Equations<2, 1, 3> for LifEquations {
    const VARIABLES: &'static [Variable] = &[Variable::POTENTIAL, Variable::REFRACTORY];

    fn learnable(&self) -> &[Learnable] {
        &self.learnable
    }

    fn constants<T: Real>(&self, learned: &[T]) -> [T; 3] {
        let beta = self.decay.factor(learned[0], self.dt_ms);
        let gain = if self.input_scaling { T::of(1.0) - beta } else { T::of(1.0) };
        [beta, gain, learned[1]]
    }

    #[inline(always)]
    fn step<T: Real>(
        &self,
        &[beta, gain, threshold]: &[T; 3],
        [u, held_for]: [T; 2],
        [input]: [T; 1],
    ) -> Stepped<T, 2> {
        let held = held_for > T::of(0.0);
        let v = beta * u + gain * input;
        let over = v - threshold;
        let spike = self.spikes.spike(over, held);
        let after = self.spikes.after(v, threshold, spike);
        Stepped {
            state: [after.or_if(held, u), self.spikes.wait(spike, held_for)],
            spike,
            drive: (over + T::of(self.spikes.threshold)).or_if(held, u),
        }
    }

    #[inline(always)]
    fn step_adjoint(
        &self,
        &[beta, gain, threshold]: &[f32; 3],
        [u, held_for]: [f32; 2],
        [input]: [f32; 1],
        d_spike: f32,
        [d_after, _]: [f32; 2],
        _wanted: bool,
    ) -> BeforeStep<2, 1, 3> {
        let v = beta * u + gain * input;
        let held = held_for > 0.0;
        let gradients = self.spikes.adjoint([v, v - threshold, threshold], held, d_spike, d_after);
        // The potential of a held neuron does not depend on what arrives.
        let d_v = if held { 0.0 } else { gradients.potential };
        BeforeStep {
            state: [if held { d_after } else { beta * d_v }, 0.0],
            input: [gain * d_v],
            constants: [u * d_v, input * d_v, gradients.threshold],
        }
    }

    fn most_spikes(&self, steps: usize) -> usize {
        self.spikes.most_spikes(steps)
    }

    fn slope_support(&self) -> Range<f32> {
        self.spikes.slope_support()
    }
}
