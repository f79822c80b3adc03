//! The way back through projections by other weights than those of the way forward.
//!
//! A second plan of each projection holds those weights, with the delays of the first, so it works
//! for every kernel. It is used for the gradient of the source alone.

use crate::plan::PlanSettings;
use crate::projection::ProjectionPlan;
use sim_core::{DenseSynapses, Feedback, Seed};
use simd::Instructions;

/// See the module.
#[derive(Debug)]
pub(crate) struct FeedbackPath {
    feedback: Feedback,
    seed: Seed,
    /// By projection; none of a projection that no error passes.
    ways: Vec<Option<WayBack>>,
}

/// A projection on the way back.
#[derive(Debug)]
struct WayBack {
    /// With the weights of the way back.
    synapses: DenseSynapses,
    plan: ProjectionPlan,
}

impl FeedbackPath {
    pub(crate) fn new(feedback: Feedback, seed: Seed, projections: usize) -> Self {
        Self { feedback, seed, ways: (0..projections).map(|_| None).collect() }
    }

    /// Works out what the synapses of a projection contribute on the way back of a batch.
    pub(crate) fn prepare(
        &mut self,
        isa: Instructions,
        projection: usize,
        synapses: &DenseSynapses,
        settings: &PlanSettings,
    ) {
        let Self { feedback, seed, ways } = self;
        let is_new = ways[projection].is_none();
        let way = ways[projection].get_or_insert_with(|| WayBack {
            synapses: synapses.clone(),
            plan: ProjectionPlan::default(),
        });
        way.synapses.delay.clone_from(&synapses.delay);
        // Weights that were drawn stay.
        if is_new || *feedback != Feedback::Random {
            feedback.weights(synapses, projection, *seed, &mut way.synapses.weight);
        }
        way.plan.prepare(isa, &way.synapses, settings);
    }

    /// The weights of the way back.
    pub(crate) fn weights(&self, projection: usize) -> Option<&[f32]> {
        self.ways[projection].as_ref().map(|way| &way.synapses.weight[..])
    }

    /// The plan of the way back.
    pub(crate) fn plan(&self, projection: usize) -> Option<&ProjectionPlan> {
        self.ways[projection].as_ref().map(|way| &way.plan)
    }
}

#[cfg(test)]
mod tests;
