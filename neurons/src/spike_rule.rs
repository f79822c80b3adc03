//! What models that fire have in common: what a spike does to the potential, for how long the
//! neuron does not fire after it, and which slope stands in for the threshold's derivative.

use crate::surrogate::Surrogate;
use sim_core::{Error, Real, Reset, Result};
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

/// Gradients of what a spike and the reset behind it depend on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SpikeGradients {
    /// Of the potential's distance to the threshold, by way of the spike.
    pub over: f32,
    /// Of the potential before the reset.
    pub potential: f32,
    /// Of the threshold, by way of the spike and of a soft reset.
    pub threshold: f32,
}

/// Checks a threshold, which engines in single precision have to tell from 0.
///
/// # Errors
/// [`Error::OutOfRange`] with the name of its field.
pub(crate) fn check_threshold(name: &str, threshold: f64) -> Result<()> {
    Error::check(name, threshold, threshold > 0.0, "above 0")?;
    let allowed = "in the range of single precision, 1.2e-38 to 3.4e38";
    Error::check(name, threshold, (threshold as f32).is_normal(), allowed)
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

    /// The adjoint of [`spike`](Self::spike) and [`after`](Self::after), where the potential `v`
    /// lies `over` the level at which the neuron fires: from the gradients `d_spike` of the spike
    /// and `d_after` of the potential behind the reset.
    #[inline(always)]
    pub fn adjoint(
        &self,
        [v, over, threshold]: [f32; 3],
        waits: bool,
        d_spike: f32,
        d_after: f32,
    ) -> SpikeGradients {
        let spike = if over >= 0.0 && !waits { 1.0 } else { 0.0 };
        let sigma = if waits { 0.0 } else { self.surrogate.slope(over) };
        let attached = if self.detach_reset { 0.0 } else { d_after };
        let (kept, dropped, subtracted) = match self.reset {
            Reset::Hard => (1.0 - spike, v, 0.0),
            Reset::Soft => (1.0, threshold, spike),
        };
        let d_over = sigma * (d_spike - dropped * attached);
        SpikeGradients {
            over: d_over,
            potential: d_over + kept * d_after,
            threshold: -d_over - subtracted * d_after,
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
