//! What training does with a batch, as far as memory goes.

use crate::network::batch_memory::Work;
use crate::network::settings::NetworkSettings;
use plasticity::TrainingSettings;
use plasticity::gradient::OptimizerSettings;
use sim_core::{GaussianMethod, effective_sigma};

/// Training with these settings; batches have no samples yet.
pub(crate) fn training_work(
    training: &TrainingSettings,
    network: &NetworkSettings,
    dt_ms: f64,
) -> Work {
    // Bytes that the optimiser keeps for each weight or delay.
    let moments = match training.weights.optimizer {
        OptimizerSettings::Adam(_) | OptimizerSettings::AdamW(_) => 8.0,
        OptimizerSettings::Sgd(_) => 4.0,
    };
    let taps = widest_taps(training, network, dt_ms);
    Work { moments: Some(moments), taps, ..Work::default() }
}

/// Taps of the widest Gaussian, where all that count are taken: those within ten widths.
fn widest_taps(training: &TrainingSettings, network: &NetworkSettings, dt_ms: f64) -> f64 {
    let is_exact =
        training.kernel.gaussian == GaussianMethod::Exact && network.has_gaussians(dt_ms);
    let sigma = training.sigma.in_steps(dt_ms);
    if is_exact { 20.0 * effective_sigma(sigma.start.max(sigma.end)) } else { 0.0 }
}
