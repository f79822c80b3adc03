//! The order in which a projection keeps its synapses.

use sim_core::DenseSynapses;

/// `[block of post][element][lane]`: an *element* is one kernel element of one presynaptic neuron,
/// a *lane* one postsynaptic neuron of the block. A worker holds the rows of a block in its nearest
/// cache and streams the elements past them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Layout {
    pub pre: usize,
    pub post: usize,
    /// Kernel elements per pair of neurons.
    pub taps: usize,
    /// Lanes of a block.
    pub block: usize,
    /// Elements of one task of the weight gradient.
    pub per_task: usize,
    /// Tasks per block.
    pub tasks: usize,
}

impl Layout {
    /// Blocks of `block` neurons; tasks of up to `most_per_task` elements.
    pub(crate) fn new(synapses: &DenseSynapses, block: usize, most_per_task: usize) -> Self {
        let DenseSynapses { pre, post, taps, .. } = *synapses;
        let tasks = (pre * taps).div_ceil(most_per_task).max(1);
        Self { pre, post, taps, block, per_task: (pre * taps).div_ceil(tasks).max(1), tasks }
    }

    /// Kernel elements of one postsynaptic neuron.
    pub(crate) fn elements(&self) -> usize {
        self.pre * self.taps
    }

    pub(crate) fn blocks(&self) -> usize {
        self.post.div_ceil(self.block)
    }

    /// Neurons of a block; the last may not be full.
    pub(crate) fn lanes(&self, block: usize) -> usize {
        self.block.min(self.post - block * self.block)
    }

    /// Number of places for synapses, of which some stay empty.
    pub(crate) fn places(&self) -> usize {
        self.blocks() * self.tasks * self.places_per_task()
    }

    /// Number of places of one task.
    pub(crate) fn places_per_task(&self) -> usize {
        self.per_task * self.block
    }

    /// Place of lane 0 of an element.
    pub(crate) fn row(&self, block: usize, element: usize) -> usize {
        (block * self.tasks * self.per_task + element) * self.block
    }

    /// Place of a synapse.
    pub(crate) fn place(&self, post: usize, element: usize) -> usize {
        self.row(post / self.block, element) + post % self.block
    }

    /// What `by_place` has for the elements of one postsynaptic neuron.
    pub(crate) fn of_post<'a>(
        &self,
        by_place: &'a [f32],
        post: usize,
    ) -> impl Iterator<Item = &'a f32> + use<'a> {
        by_place[self.place(post, 0)..].iter().step_by(self.block)
    }

    /// The synapse `(post, element)` of a place, if there is one.
    pub(crate) fn synapse(&self, place: usize) -> Option<(usize, usize)> {
        let (row, lane) = (place / self.block, place % self.block);
        let per_block = self.tasks * self.per_task;
        let (post, element) = (row / per_block * self.block + lane, row % per_block);
        (post < self.post && element < self.elements()).then_some((post, element))
    }

    /// Weight and delay of a synapse `(post, element)`.
    pub(crate) fn parameters(
        &self,
        synapses: &DenseSynapses,
        (post, element): (usize, usize),
    ) -> (f32, f32) {
        let delay = synapses.delay_index(post, element / self.taps, element % self.taps);
        (synapses.weight[post * self.elements() + element], synapses.delay[delay])
    }

    /// `(block, elements)` of a task.
    pub(crate) fn task(&self, task: usize) -> (usize, std::ops::Range<usize>) {
        let first = task % self.tasks * self.per_task;
        (task / self.tasks, first..(first + self.per_task).min(self.elements()))
    }
}

/// A place or a number's position as kernels take them.
///
/// # Panics
/// If it does not fit 32 bits: such a projection would take tens of gigabytes.
pub(crate) fn index(position: usize) -> u32 {
    u32::try_from(position).expect("positions fit 32 bits")
}
