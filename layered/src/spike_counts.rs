//! How often each neuron fired in a sample.

use simd::{NEURONS_PER_BLOCK, vectorize};

/// Adds the spikes of each neuron in the first `taken` of `steps` steps to `counts`. `fired` is
/// `[block][step]`, one bit per neuron of a block.
pub(crate) fn add_counts(fired: &[u16], steps: usize, taken: usize, counts: &mut [u32]) {
    for (fired, counts) in fired.chunks_exact(steps).zip(counts.chunks_mut(NEURONS_PER_BLOCK)) {
        let sums = vectorize(
            #[inline(always)]
            || {
                let mut sums = [0; NEURONS_PER_BLOCK];
                for &mask in &fired[..taken] {
                    for (lane, sum) in sums.iter_mut().enumerate() {
                        *sum += u32::from(mask) >> lane & 1;
                    }
                }
                sums
            },
        );
        counts.iter_mut().zip(sums).for_each(|(count, sum)| *count += sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spikes_are_counted_neuron_by_neuron() {
        let neurons = NEURONS_PER_BLOCK + 3;
        for (steps, taken) in [(1, 1), (7, 7), (40, 33), (5, 0)] {
            let fired: Vec<u16> = (0..2 * steps as u32)
                .map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u16)
                .collect();
            let mut counts = vec![1; neurons];
            add_counts(&fired, steps, taken, &mut counts);
            for (neuron, count) in counts.into_iter().enumerate() {
                let row = &fired[neuron / NEURONS_PER_BLOCK * steps..][..taken];
                let spikes = row
                    .iter()
                    .filter(|&&mask| mask >> (neuron % NEURONS_PER_BLOCK) & 1 == 1)
                    .count();
                assert_eq!(count as usize, 1 + spikes, "neuron {neuron}");
            }
        }
    }
}
