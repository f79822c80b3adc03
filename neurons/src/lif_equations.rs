//! The leaky integrate-and-fire neuron as equations of one neuron, for neurons with time constants
//! and thresholds of their own.

use crate::surrogate::Surrogate;
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
    /// The model's own.
    pub threshold: f64,
    pub hard: bool,
    pub detached: bool,
    pub refractory_steps: f64,
    pub surrogate: Surrogate,
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
        let (none, one) = (T::of(0.0), T::of(1.0));
        let held = held_for > none;
        let v = beta * u + gain * input;
        let spike = (v - threshold).spike(|x| self.surrogate.slope(x)).or_if(held, none);
        let resetting = if self.detached { spike.detached() } else { spike };
        let after = match self.hard {
            true => (one - resetting) * v,
            false => v - threshold * resetting,
        };
        let left = (spike.detached() * T::of(self.refractory_steps)).or_if(held, held_for - one);
        Stepped {
            state: [after.or_if(held, u), left],
            spike,
            drive: (v - (threshold - T::of(self.threshold))).or_if(held, u),
        }
    }

    fn most_spikes(&self, steps: usize) -> usize {
        steps.div_ceil(1 + self.refractory_steps as usize)
    }

    fn slope_support(&self) -> Range<f32> {
        let half_width = self.surrogate.half_width();
        self.threshold as f32 - half_width..self.threshold as f32 + half_width
    }
}
