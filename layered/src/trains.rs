//! Trains of some elements of a block with the synapses that they go to.

use crate::layout::Layout;
use simd::{Bursts, SpikeTrain};
use std::ops::Range;

/// Trains of some elements of a block with the synapses they go to. Written out so that it is
/// inlined into kernels and nothing is divided per element.
pub(crate) struct Trains<'a> {
    bursts: &'a Bursts,
    /// Of one neuron.
    taps: usize,
    neuron: usize,
    tap: usize,
    left: usize,
    row: usize,
    block: usize,
    lanes: usize,
}

impl<'a> Trains<'a> {
    pub(crate) fn new(
        bursts: &'a Bursts,
        layout: &Layout,
        block: usize,
        elements: Range<usize>,
    ) -> Self {
        Self {
            bursts,
            taps: layout.taps,
            neuron: elements.start / layout.taps,
            tap: elements.start % layout.taps,
            left: elements.len(),
            row: layout.row(block, elements.start),
            block: layout.block,
            lanes: layout.lanes(block),
        }
    }
}

impl<'a> Iterator for Trains<'a> {
    type Item = (SpikeTrain<'a>, Range<usize>);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let next = (self.bursts.channel(self.neuron), self.row..self.row + self.lanes);
        self.row += self.block;
        self.tap += 1;
        if self.tap == self.taps {
            (self.tap, self.neuron) = (0, self.neuron + 1);
        }
        Some(next)
    }
}
