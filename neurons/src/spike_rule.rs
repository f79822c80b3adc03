//! What models that fire have in common: what a spike does to the potential, for how long the neuron
//! does not fire after it, and which slope stands in for the threshold's derivative.

use crate::surrogate::Surrogate;
use sim_core::{Real, Reset};
use std::ops::Range;

/// When a neuron fires, and what that does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SpikeRule {
    /// The model's own threshold; each neuron may have learned another.
    pub threshold: f64,
    pub reset: Reset,
    /// Whether the spike inside the reset is a constant to the gradient.
    pub detach_reset: bool,
    pub refractory_steps: u32,
    pub surrogate: Surrogate,
}

/// How the potential behind a reset depends on what is before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResetSlopes {
    /// Share of the potential that is left.
    pub kept: f32,
    /// What the spike takes from the potential.
    pub dropped: f32,
    /// How often the threshold is subtracted.
    pub subtracted: f32,
}

impl SpikeRule {
    /// The spike of a potential that lies `over` its threshold; none where the neuron `waits`.
    #[inline(always)]
    pub fn spike<T: Real>(&self, over: T, waits: bool) -> T {
        over.spike(|x| self.surrogate.slope(x)).or_if(waits, T::of(0.0))
    }

    /// The potential `v` behind the reset by `spike`.
    #[inline(always)]
    pub fn after<T: Real>(&self, v: T, threshold: T, spike: T) -> T {
        let resetting = if self.detach_reset { spike.detached() } else { spike };
        match self.reset {
            Reset::Hard => (T::of(1.0) - resetting) * v,
            Reset::Soft => v - threshold * resetting,
        }
    }

    /// Steps for which the neuron still waits behind a step with `spike`, where it waited for
    /// `wait` steps before.
    #[inline(always)]
    pub fn wait<T: Real>(&self, spike: T, wait: T) -> T {
        let from_spike = spike.detached() * T::of(f64::from(self.refractory_steps));
        from_spike.or_if(wait > T::of(0.0), wait - T::of(1.0))
    }

    /// The slopes of [`after`](Self::after).
    #[inline(always)]
    pub fn reset_slopes(&self, v: f32, threshold: f32, spike: f32) -> ResetSlopes {
        match self.reset {
            Reset::Hard => ResetSlopes { kept: 1.0 - spike, dropped: v, subtracted: 0.0 },
            Reset::Soft => ResetSlopes { kept: 1.0, dropped: threshold, subtracted: spike },
        }
    }

    /// Most spikes of a neuron in `steps` steps.
    pub fn most_spikes(&self, steps: usize) -> usize {
        steps.div_ceil(1 + self.refractory_steps as usize)
    }

    /// Potentials outside which the surrogate slope is zero, by the model's own threshold.
    pub fn slope_support(&self) -> Range<f32> {
        let (threshold, half_width) = (self.threshold as f32, self.surrogate.half_width());
        threshold - half_width..threshold + half_width
    }
}
