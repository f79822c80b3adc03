//! Which parameters of a model each neuron can learn for itself.

use neurons::Model;
use sim_core::Population;

/// Checks that neurons of a model can learn these parameters.
///
/// # Errors
/// The first that they cannot; the field is `learn`.
pub(crate) fn check_learned(model: &Model, names: &[String], dt_ms: f64) -> sim_core::Result<()> {
    Population::neurons("", 1, *model).learning(names, dt_ms).map(drop)
}
