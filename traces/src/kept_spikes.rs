//! The spikes of a population in all steps, for those who ask for them.

use crate::lanes::BLOCKS;
use sim_core::SpikeFrames;
use simd::NEURONS_PER_BLOCK;

/// One bit for each step, neuron and sample of a tile: the only memory that grows with the steps.
#[derive(Debug, Default)]
pub(crate) struct KeptSpikes {
    /// Whether anybody asks.
    pub is_wanted: bool,
    /// `[step][neuron][block of lanes]`
    fired: Vec<u16>,
}

impl KeptSpikes {
    /// Forgets all steps; nobody asks for the next ones.
    pub(crate) fn clear(&mut self) {
        self.is_wanted = false;
        self.fired.clear();
    }

    /// Keeps the masks of a step, if they are wanted.
    pub(crate) fn push(&mut self, fired: &[u16]) {
        if self.is_wanted {
            self.fired.extend_from_slice(fired);
        }
    }

    /// Overwrites `frames` by the spikes of one lane.
    pub(crate) fn fill(
        &self,
        lane: usize,
        (neurons, steps): (usize, usize),
        frames: &mut SpikeFrames,
    ) {
        let (block, bit) = (lane / NEURONS_PER_BLOCK, lane % NEURONS_PER_BLOCK);
        frames.refill_rows(neurons, steps, 1.0, |neuron, row| {
            let masks = self.fired[neuron * BLOCKS + block..].iter().step_by(neurons * BLOCKS);
            row.extend((0..).zip(masks).filter(|(_, mask)| **mask >> bit & 1 == 1).map(|(t, _)| t));
        });
    }
}
