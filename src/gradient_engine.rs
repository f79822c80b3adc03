//! The engine that works out the gradients of a training.

use crate::error::Result;
use layered::LayeredEngine;
use plasticity::GradientMethod;
use sim_core::{GradientEngine, Network, Seed};
use traces::{TraceEngine, TraceMethod};

/// The engine for gradients by `method`; `seed` draws what the method draws. `observed` tells
/// whether anybody looks at the spikes of hidden populations in training.
///
/// # Errors
/// A network that the method cannot train.
pub(crate) fn gradient_engine(
    network: &Network,
    method: GradientMethod,
    seed: Seed,
    observed: bool,
) -> Result<Box<dyn GradientEngine>> {
    let layered = LayeredEngine::new(network)?;
    let method = match method {
        GradientMethod::Bptt { feedback } => {
            return Ok(Box::new(layered.with_feedback(feedback, seed)));
        }
        GradientMethod::Ottt {} => TraceMethod::Ottt,
        GradientMethod::Dsr {} => TraceMethod::Dsr,
    };
    let traces = TraceEngine::new(network, method, Box::new(layered))?;
    Ok(Box::new(if observed { traces.with_activity() } else { traces }))
}
