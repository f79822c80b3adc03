//! Synapses of one projection in double precision, by presynaptic and by postsynaptic neuron.

use crate::polarity::Polarity;
use crate::step::arrival::Arrival;
use crate::synapses::Synapse;
use std::ops::Range;

/// The synapses of one projection by presynaptic neuron, ordered by delay, then target neuron, so
/// that delivery walks through the rows of a delay ring. Weights can be read back and changed.
#[derive(Debug, Clone, PartialEq)]
pub struct SynapseTable {
    /// The synapses of neuron `i` are `start[i]..start[i + 1]`.
    start: Vec<usize>,
    arrivals: Vec<Arrival>,
    /// Inputs in a row of the delay ring, `[port][neuron]`.
    width: usize,
    /// First input of the port.
    first: usize,
    /// Number of postsynaptic neurons.
    targets: usize,
    incoming: Option<Incoming>,
    /// The sign that the weights of each presynaptic neuron keep.
    polarity: Option<Vec<Polarity>>,
}

/// The synapses by postsynaptic neuron.
#[derive(Debug, Clone, PartialEq)]
struct Incoming {
    /// The synapses of neuron `j` are `synapse[start[j]..start[j + 1]]`.
    start: Vec<usize>,
    /// Indices of synapses, by delay, then presynaptic neuron.
    synapse: Vec<u32>,
    /// Presynaptic neuron by synapse.
    pre: Vec<u32>,
}

impl SynapseTable {
    /// Synapses of `sources` onto `targets` neurons, whose input at a port starts at `first` of a
    /// row of `width` inputs.
    pub(crate) fn new(
        sources: usize,
        targets: usize,
        (first, width): (usize, usize),
        mut synapses: Vec<Synapse>,
    ) -> Self {
        // Stable: synapses that agree in all three keep the order in which they were given.
        synapses.sort_by_key(|synapse| (synapse.pre, synapse.delay_steps, synapse.post));
        let start = starts(sources, synapses.iter().map(|synapse| synapse.pre as usize));
        let arrival = |synapse: &Synapse| {
            let (delay, input) = (synapse.delay_steps as usize, first + synapse.post as usize);
            Arrival::new(delay, input, width, synapse.weight)
        };
        let arrivals = synapses.iter().map(arrival).collect();
        Self { start, arrivals, width, first, targets, incoming: None, polarity: None }
    }

    /// Number of synapses.
    pub fn len(&self) -> usize {
        self.arrivals.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.arrivals.is_empty()
    }

    /// Number of presynaptic neurons.
    pub fn sources(&self) -> usize {
        self.start.len() - 1
    }

    /// Number of postsynaptic neurons.
    pub fn targets(&self) -> usize {
        self.targets
    }

    /// The synapses that a neuron sends to, by delay, then postsynaptic neuron.
    ///
    /// # Panics
    /// If there is no such presynaptic neuron.
    pub fn of_presynaptic(&self, neuron: usize) -> Range<usize> {
        self.start[neuron]..self.start[neuron + 1]
    }

    /// The synapses that a neuron receives from, by delay, then presynaptic neuron; of a projection
    /// without a rule none.
    ///
    /// # Panics
    /// If there is no such postsynaptic neuron.
    pub fn of_postsynaptic(&self, neuron: usize) -> &[u32] {
        let range = self.incoming_of(neuron);
        self.incoming.as_ref().map_or(&[], |incoming| &incoming.synapse[range])
    }

    /// Places of [`of_postsynaptic`](Self::of_postsynaptic) in the index.
    pub(crate) fn incoming_of(&self, neuron: usize) -> Range<usize> {
        let incoming = self.incoming.as_ref();
        incoming.map_or(0..0, |incoming| incoming.start[neuron]..incoming.start[neuron + 1])
    }

    /// The synapse at a place of the index by postsynaptic neuron.
    pub(crate) fn incoming(&self, place: usize) -> usize {
        let incoming =
            self.incoming.as_ref().expect("a table of synapses that learn has the index");
        incoming.synapse[place] as usize
    }

    /// Presynaptic neuron of a synapse.
    pub fn pre(&self, synapse: usize) -> usize {
        match &self.incoming {
            Some(incoming) => incoming.pre[synapse] as usize,
            None => self.start.partition_point(|&start| start <= synapse) - 1,
        }
    }

    /// Postsynaptic neuron of a synapse.
    pub fn post(&self, synapse: usize) -> usize {
        self.arrivals[synapse].offset % self.width - self.first
    }

    /// Delay of a synapse in steps.
    pub fn delay_steps(&self, synapse: usize) -> usize {
        self.arrivals[synapse].offset / self.width
    }

    /// Weight of a synapse.
    pub fn weight(&self, synapse: usize) -> f64 {
        self.arrivals[synapse].weight
    }

    /// Sets the weight of a synapse, or the nearest one that has the sign of its presynaptic
    /// neuron.
    pub fn set_weight(&mut self, synapse: usize, weight: f64) {
        let sign = self.polarity.as_ref().map(|polarity| polarity[self.pre(synapse)]);
        let weight = sign.map_or(weight, |sign| sign.confine_double(weight));
        self.arrivals[synapse].weight = weight;
    }

    /// Keeps the signs of presynaptic neurons from now on.
    pub(crate) fn keep_signs(&mut self, polarity: Option<Vec<Polarity>>) {
        self.polarity = polarity;
    }

    /// All synapses as they are now, in the order of the table.
    pub fn synapses(&self) -> impl Iterator<Item = Synapse> {
        (0..self.len()).map(|synapse| Synapse {
            pre: self.pre(synapse) as u32,
            post: self.post(synapse) as u32,
            weight: self.weight(synapse),
            delay_steps: self.delay_steps(synapse) as u32,
        })
    }

    /// Longest delay in steps, 0 without synapses.
    pub(crate) fn longest(&self) -> usize {
        (0..self.len()).map(|synapse| self.delay_steps(synapse)).max().unwrap_or(0)
    }

    /// What synapses of one presynaptic neuron bring, and where.
    pub(crate) fn arrivals(&self, synapses: Range<usize>) -> &[Arrival] {
        &self.arrivals[synapses]
    }

    /// Makes the index by postsynaptic neuron.
    pub(crate) fn index_postsynaptic(&mut self) {
        let pre: Vec<u32> = (0..self.sources())
            .flat_map(|neuron| {
                std::iter::repeat_n(neuron as u32, self.of_presynaptic(neuron).len())
            })
            .collect();
        let mut synapse: Vec<u32> = (0..self.len() as u32).collect();
        let key = |&index: &u32| {
            let index = index as usize;
            (self.post(index), self.delay_steps(index), pre[index])
        };
        synapse.sort_by_key(key);
        let start = starts(self.targets, (0..self.len()).map(|index| self.post(index)));
        self.incoming = Some(Incoming { start, synapse, pre });
    }
}

/// Where the synapses of each of `neurons` neurons begin, once they are sorted by neuron; `of_each`
/// is the neuron of each synapse.
fn starts(neurons: usize, of_each: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut start = vec![0; neurons + 1];
    of_each.for_each(|neuron| start[neuron + 1] += 1);
    for neuron in 0..neurons {
        start[neuron + 1] += start[neuron];
    }
    start
}
