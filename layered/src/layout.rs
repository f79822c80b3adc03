//! The order in which a projection keeps its synapses.

use sim_core::DenseSynapses;

/// `[panel][element][neuron]`: a *panel* holds neighbouring postsynaptic neurons, an *element* is
/// one kernel element of one presynaptic neuron. A worker holds the rows of a panel in its nearest
/// cache and streams the elements past them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Layout {
    pub pre: usize,
    pub post: usize,
    /// Kernel elements per pair of neurons.
    pub elements_per_pair: usize,
    /// Neurons of a panel.
    pub panel_size: usize,
    /// Elements of one task of the weight gradient.
    pub per_task: usize,
    /// Tasks per panel.
    pub tasks: usize,
}

impl Layout {
    /// A layout in panels of `panel_size` neurons and tasks of up to `most_per_task` elements.
    pub(crate) fn new(synapses: &DenseSynapses, panel_size: usize, most_per_task: usize) -> Self {
        let DenseSynapses { pre, post, elements_per_pair, .. } = *synapses;
        let tasks = (pre * elements_per_pair).div_ceil(most_per_task).max(1);
        Self {
            pre,
            post,
            elements_per_pair,
            panel_size,
            per_task: (pre * elements_per_pair).div_ceil(tasks).max(1),
            tasks,
        }
    }

    /// Kernel elements of one postsynaptic neuron.
    pub(crate) fn elements(&self) -> usize {
        self.pre * self.elements_per_pair
    }

    pub(crate) fn panels(&self) -> usize {
        self.post.div_ceil(self.panel_size)
    }

    /// Neurons of a panel; the last may not be full.
    pub(crate) fn neurons(&self, panel: usize) -> usize {
        self.panel_size.min(self.post - panel * self.panel_size)
    }

    /// Number of slots for synapses. Some slots stay empty: panels and tasks are rounded up.
    pub(crate) fn slots(&self) -> usize {
        self.panels() * self.tasks * self.slots_per_task()
    }

    /// Number of slots of one task.
    pub(crate) fn slots_per_task(&self) -> usize {
        self.per_task * self.panel_size
    }

    /// Slot of the first neuron of an element.
    pub(crate) fn row(&self, panel: usize, element: usize) -> usize {
        (panel * self.tasks * self.per_task + element) * self.panel_size
    }

    /// Slot of a synapse.
    pub(crate) fn slot(&self, post: usize, element: usize) -> usize {
        self.row(post / self.panel_size, element) + post % self.panel_size
    }

    /// The numbers of `by_slot` that belong to the elements of one postsynaptic neuron.
    pub(crate) fn of_post<'a>(
        &self,
        by_slot: &'a [f32],
        post: usize,
    ) -> impl Iterator<Item = &'a f32> + use<'a> {
        by_slot[self.slot(post, 0)..].iter().step_by(self.panel_size)
    }

    /// The synapse `(post, element)` of a slot, if there is one.
    pub(crate) fn synapse(&self, slot: usize) -> Option<(usize, usize)> {
        let (row, neuron) = (slot / self.panel_size, slot % self.panel_size);
        let per_panel = self.tasks * self.per_task;
        let (post, element) = (row / per_panel * self.panel_size + neuron, row % per_panel);
        (post < self.post && element < self.elements()).then_some((post, element))
    }

    /// Weight and delay of a synapse `(post, element)`.
    pub(crate) fn parameters(
        &self,
        synapses: &DenseSynapses,
        (post, element): (usize, usize),
    ) -> (f32, f32) {
        let delay = synapses.delay_index(
            post,
            element / self.elements_per_pair,
            element % self.elements_per_pair,
        );
        (synapses.weight[post * self.elements() + element], synapses.delay[delay])
    }

    /// `(panel, elements)` of a task.
    pub(crate) fn task(&self, task: usize) -> (usize, std::ops::Range<usize>) {
        let first = task % self.tasks * self.per_task;
        (task / self.tasks, first..(first + self.per_task).min(self.elements()))
    }
}

/// The position of a slot or of a number, as hot loops take it.
///
/// # Panics
/// If it does not fit 32 bits: such a projection would take tens of gigabytes.
pub(crate) fn index(position: usize) -> u32 {
    u32::try_from(position).expect("positions fit 32 bits")
}
