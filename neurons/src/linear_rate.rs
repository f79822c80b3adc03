//! The linear rate neuron: it sends its summed input on as a graded spike, of either sign.
//!
//! ```text
//! V[t] = beta V[t-1] + I[t]                      beta = exp(-dt / tau_mem), 0 without tau_mem
//! S[t] = q(V[t])                                 in every (period / dt)-th step, from step 0 on
//! S[t] = 0                                       in all others
//! q(V) = V                                       levels = 0
//! q(V) = round(clamp(V, -scale, scale) / scale * levels) / levels * scale   ties to even
//! ```
//! A spike of height `S` stands for a rate: with `levels = n` for `n |S| / scale` spikes of a burst
//! of at most `n`, sent by one of two neurons, the one of positive or the one of negative sign. A
//! height of 0 is no spike.
//!
//! | parameter | unit | default | range |
//! |---|---|---|---|
//! | `tau_mem_ms` | ms | 0 | at least 0; 0: the input of the step alone |
//! | `period_ms` | ms | 0 | a whole number of time steps; 0: it sends in every step |
//! | `levels` | | 0 | 0 for heights that are not quantised |
//! | `scale` | | 20 | above 0: the largest height where heights are quantised |
//!
//! State: `potential` (`V`) and `phase` (the steps since it last might send, in `0..period / dt`).
//!
//! Heights are single precision, as all spikes are: a sum of such inputs is exact to about 1e-7 of
//! its largest term. Heights of a few levels are exact. Graded spikes run in the clock engine only.
//!
//! Reference: the bursts of lateral neurons in Xiao et al. 2024, in `n` levels of either sign.

use crate::held::held_steps;
use serde::{Deserialize, Serialize};
use sim_core::{
    Decay, Equations, Error, ModelDescription, Neuron, NeuronModel, Real, Result, Stepped,
    Stepwise, Variable,
};

/// Parameters of the linear rate neuron; see the table of its file.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinearRate {
    /// Membrane time constant in ms, at least 0; 0 for a neuron without memory.
    pub tau_mem_ms: f64,
    /// How long from one step in which it sends to the next, in ms, from the first step on; a whole
    /// number of steps, 0 for every step.
    pub period_ms: f64,
    /// Heights of spikes on either side of 0; 0 for heights that are not quantised.
    pub levels: u32,
    /// Largest height of a spike where heights are quantised, above 0.
    pub scale: f64,
}

impl Default for LinearRate {
    /// No memory, sends in every step what it received; a scale of 20 for who sets levels.
    fn default() -> Self {
        Self { tau_mem_ms: 0.0, period_ms: 0.0, levels: 0, scale: 20.0 }
    }
}

impl NeuronModel for LinearRate {
    fn describe(&self) -> ModelDescription {
        ModelDescription::of("linear_rate", self)
    }

    fn build(&self, dt_ms: f64) -> Result<Box<dyn Neuron>> {
        Ok(Box::new(Stepwise::new(self.equations(dt_ms)?)))
    }
}

impl LinearRate {
    /// Checks every field.
    fn equations(&self, dt_ms: f64) -> Result<Sending> {
        let Self { tau_mem_ms, period_ms, levels, scale } = *self;
        let field = "LinearRate::tau_mem_ms";
        Error::check(field, tau_mem_ms, tau_mem_ms >= 0.0, "at least 0")?;
        let beta =
            if tau_mem_ms > 0.0 { Decay::Exact.per_step(field, tau_mem_ms, dt_ms)? } else { 0.0 };
        let period = held_steps("LinearRate::period_ms", period_ms, dt_ms)?.max(1);
        Error::check("LinearRate::scale", scale, scale > 0.0, "above 0")?;
        Ok(Sending { beta, period: period.into(), levels: levels.into(), scale })
    }
}

/// The equations of one step.
#[derive(Debug)]
struct Sending {
    beta: f64,
    /// In steps, at least 1.
    period: f64,
    levels: f64,
    scale: f64,
}

impl Equations<2, 1, 1> for Sending {
    const VARIABLES: &'static [Variable] =
        &[Variable::POTENTIAL, Variable { name: "phase", unit: "steps" }];

    fn constants<T: Real>(&self, _learned: &[T]) -> [T; 1] {
        [T::of(self.beta)]
    }

    #[inline(always)]
    fn step<T: Real>(
        &self,
        &[beta]: &[T; 1],
        [v, phase]: [T; 2],
        [input]: [T; 1],
    ) -> Stepped<T, 2> {
        let (zero, one) = (T::of(0.0), T::of(1.0));
        let v = beta * v + input;
        let spike = zero.or_if(phase == zero, self.height(v));
        let next = phase + one;
        let phase = next.or_if(next >= T::of(self.period), zero);
        Stepped { state: [v, phase], spike, drive: v }
    }

    fn is_graded(&self) -> bool {
        true
    }

    fn most_spikes(&self, steps: usize) -> usize {
        steps.div_ceil(self.period as usize)
    }
}

impl Sending {
    /// `q(V)`
    #[inline(always)]
    fn height<T: Real>(&self, v: T) -> T {
        if self.levels == 0.0 {
            return v;
        }
        let [scale, levels] = [self.scale, self.levels].map(T::of);
        let v = v.or_if(v > scale, scale);
        let v = v.or_if(v < -scale, -scale);
        (v / scale * levels).round_ties_even() / levels * scale
    }
}

#[cfg(test)]
mod tests;
