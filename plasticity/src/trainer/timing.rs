//! How much time the parts of a trainer have taken.

use sim_core::StageTiming;
use std::time::Duration;

/// Time that a trainer has spent since it was made.
#[derive(Debug, Clone, Copy)]
pub struct TrainerTiming {
    /// Processor time per stage of the engine.
    pub engine: StageTiming,
    /// Wall time of the thread that makes frames of recordings.
    pub data: Duration,
    /// Wall time spent in optimisers.
    pub optimisers: Duration,
}

impl TrainerTiming {
    /// The time that was spent after `before`.
    pub fn since(&self, before: &Self) -> Self {
        let Self { engine, data, optimisers } = self;
        Self {
            engine: engine.since(&before.engine),
            data: *data - before.data,
            optimisers: *optimisers - before.optimisers,
        }
    }

    /// Name of every part and its time: data, the engine's stages in their order, optimisers.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        let engine = StageTiming::NAMES.iter().map(|&(stage, name)| (name, self.engine.of(stage)));
        std::iter::once(("data", self.data)).chain(engine).chain([("optimisers", self.optimisers)])
    }
}
