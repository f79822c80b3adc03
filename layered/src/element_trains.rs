//! Trains of some elements of a panel with the synapses that they go to.

use crate::layout::Layout;
use simd::{Bursts, SpikeTrain};
use std::ops::Range;

/// Trains of some elements of a panel, each with the synapses that it goes to. The iterator is
/// written out, so that it is inlined into hot loops and divides nothing per element.
pub(crate) struct ElementTrains<'a> {
    bursts: &'a Bursts,
    /// Kernel elements per pair of neurons.
    elements_per_pair: usize,
    neuron: usize,
    element: usize,
    left: usize,
    row: usize,
    panel_size: usize,
    neurons: usize,
}

impl<'a> ElementTrains<'a> {
    pub(crate) fn new(
        bursts: &'a Bursts,
        layout: &Layout,
        panel: usize,
        elements: Range<usize>,
    ) -> Self {
        Self {
            bursts,
            elements_per_pair: layout.elements_per_pair,
            neuron: elements.start / layout.elements_per_pair,
            element: elements.start % layout.elements_per_pair,
            left: elements.len(),
            row: layout.row(panel, elements.start),
            panel_size: layout.panel_size,
            neurons: layout.neurons(panel),
        }
    }
}

impl<'a> Iterator for ElementTrains<'a> {
    type Item = (SpikeTrain<'a>, Range<usize>);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let next = (self.bursts.channel(self.neuron), self.row..self.row + self.neurons);
        self.row += self.panel_size;
        self.element += 1;
        if self.element == self.elements_per_pair {
            (self.element, self.neuron) = (0, self.neuron + 1);
        }
        Some(next)
    }
}
