//! The leaky integrate-and-fire neuron as equations of one neuron, for neurons with time constants
//! and thresholds of their own.

use crate::spike_rule::SpikeRule;
use sim_core::{Decay, Equations, Learnable, Real, Stepped, Variable};
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

    fn most_spikes(&self, steps: usize) -> usize {
        self.spikes.most_spikes(steps)
    }

    fn slope_support(&self) -> Range<f32> {
        self.spikes.slope_support()
    }
}
