//! Rates in ms: only delays have them, and only where the step of the optimiser is in units of the
//! parameter.

use crate::gradient::optimizer::OptimizerSettings;
use crate::gradient::schedule::Schedule;
use sim_core::Result;

/// Why nothing but a delay has a rate in ms.
pub(crate) const ONLY_DELAYS: &str =
    "left out here, since only delays are times; use the key without _ms";

/// Checks that a rate of delays in ms means ms: Adam's steps are in units of the delay, those of
/// plain gradient descent in units of the gradient.
///
/// # Errors
/// [`sim_core::Error::OutOfRange`] for a rate in ms with such an optimiser.
pub(crate) fn check_milliseconds(optimizer: &OptimizerSettings, schedule: &Schedule) -> Result<()> {
    match optimizer {
        OptimizerSettings::Adam(_) | OptimizerSettings::AdamW(_) => Ok(()),
        OptimizerSettings::Sgd(_) => schedule.check_without_ms(
            "left out with the optimiser sgd, whose steps are in units of the gradient; give the \
             rate in steps, or use adam",
        ),
    }
}
