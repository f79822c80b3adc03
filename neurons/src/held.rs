//! Times that a neuron counts step by step: refractory times, periods.

use sim_core::{Error, Result, whole_steps};

/// Most steps that a neuron counts: single precision holds each of them.
const MOST: u32 = 1 << 24;

/// Steps in `time_ms`; `name` is the field to blame.
///
/// # Errors
/// [`Error::OutOfRange`] unless it is a whole number of steps, at most 2^24.
pub(crate) fn held_steps(name: &str, time_ms: f64, dt_ms: f64) -> Result<u32> {
    let allowed = format!("at least 0 and at most 2^24 steps of {dt_ms} ms");
    // Half a step leaves room for rounding; what lies between two steps is refused below.
    let most = f64::from(MOST) + 0.5;
    Error::check(name, time_ms, (0.0..most).contains(&(time_ms / dt_ms)), &allowed)?;
    whole_steps(name, time_ms, dt_ms)
}
