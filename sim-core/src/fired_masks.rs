//! Spikes of a population as one bit per neuron and step.

use simd::{NEURONS_PER_BLOCK, vectorize};

/// Spikes of a population in one sample, as its targets receive them: one bit per neuron, by blocks
/// of [`NEURONS_PER_BLOCK`] neurons.
#[derive(Debug, Clone, Copy)]
pub struct FiredMasks<'a> {
    /// Number of neurons. Bits behind the last are zero.
    pub neurons: usize,
    /// Number of steps.
    pub steps: usize,
    /// Spikes, `[block][step]`.
    pub fired: &'a [u16],
    /// Neurons that dropout leaves, `[block]`.
    pub kept: &'a [u16],
    /// Height of every spike that is left.
    pub height: f32,
}

impl<'a> FiredMasks<'a> {
    /// The neurons that dropout leaves, and their spikes in each step, block by block.
    pub fn blocks(&self) -> impl ExactSizeIterator<Item = (u16, &'a [u16])> + use<'a> {
        let steps = self.steps.max(1);
        self.kept.iter().copied().zip(self.fired.chunks_exact(steps))
    }

    /// Writes the mean of each neuron's spikes over the steps; 0 without steps.
    ///
    /// # Panics
    /// If there is not a number for each neuron.
    pub fn rates(&self, into: &mut [f32]) {
        assert_eq!(into.len(), self.neurons, "a rate for each neuron");
        into.fill(0.0);
        let share = |count: f32| count * self.height / self.steps.max(1) as f32;
        let blocks = into.chunks_mut(NEURONS_PER_BLOCK).zip(self.blocks());
        for (rates, (kept, fired)) in blocks {
            let mut counts = [0.0; NEURONS_PER_BLOCK];
            for fired in fired {
                let spikes = ones(fired & kept);
                counts.iter_mut().zip(spikes).for_each(|(count, spike)| *count += spike);
            }
            rates.iter_mut().zip(counts).for_each(|(rate, count)| *rate = share(count));
        }
    }

    /// Writes what is sent in each step, `[step][neuron]`.
    ///
    /// # Panics
    /// If there is not a number for each neuron and step.
    pub fn vectors(&self, into: &mut [f32]) {
        assert_eq!(into.len(), self.neurons * self.steps, "a number for each neuron and step");
        for (block, (kept, fired)) in self.blocks().enumerate() {
            let first = block * NEURONS_PER_BLOCK;
            let end = self.neurons.min(first + NEURONS_PER_BLOCK);
            for (vector, fired) in into.chunks_exact_mut(self.neurons).zip(fired) {
                let spikes = ones(fired & kept);
                let pairs = vector[first..end].iter_mut().zip(spikes);
                pairs.for_each(|(to, spike)| *to = self.height * spike);
            }
        }
    }
}

/// The bits of a mask as zeros and ones.
#[inline]
fn ones(mask: u16) -> [f32; NEURONS_PER_BLOCK] {
    vectorize(
        #[inline(always)]
        || {
            let mut ones = [0.0; NEURONS_PER_BLOCK];
            for (bit, one) in ones.iter_mut().enumerate() {
                *one = (mask >> bit & 1) as f32;
            }
            ones
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_vectors_are_those_of_the_bits_that_are_kept() {
        let fired = [0b101, 0b111, 0b1, 0b0];
        let kept = [0b011, 0b1];
        let masks = FiredMasks { neurons: 17, steps: 2, fired: &fired, kept: &kept, height: 2.0 };
        let (mut rates, mut vectors) = ([9.0; 17], [9.0; 34]);
        masks.rates(&mut rates);
        masks.vectors(&mut vectors);
        let mut expected = [0.0; 34];
        (expected[0], expected[16]) = (2.0, 2.0);
        (expected[17], expected[18]) = (2.0, 2.0);
        assert_eq!(vectors, expected);
        let none = FiredMasks { steps: 0, fired: &[], ..masks };
        none.rates(&mut rates);
        assert_eq!(rates, [0.0; 17]);
        masks.rates(&mut rates);
        let mut expected = [0.0; 17];
        (expected[0], expected[1], expected[16]) = (2.0, 1.0, 1.0);
        assert_eq!(rates, expected);
    }
}
