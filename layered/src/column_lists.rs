//! The spikes of some neurons in all samples of a batch, column by column.

use sim_core::SpikeFrames;
use simd::RowLists;
use std::ops::Range;

/// Spikes of several samples by column: a sample has one column per step, and the columns of the
/// samples follow each other.
#[derive(Debug, Default)]
pub(crate) struct ColumnLists {
    /// Where the spikes of each column end.
    ends: Vec<u32>,
    /// The neuron of each spike, counted from the first of these neurons.
    neuron: Vec<u32>,
    height: Vec<f32>,
}

impl ColumnLists {
    /// Replaces the spikes by the spikes of some `neurons` in samples of `steps` columns; in a
    /// column, neurons ascend. Memory is reused.
    pub(crate) fn refill<'a>(
        &mut self,
        samples: impl ExactSizeIterator<Item = &'a SpikeFrames> + Clone,
        neurons: Range<usize>,
        steps: usize,
    ) {
        let Self { ends, neuron: index, height } = self;
        ends.clear();
        ends.resize(samples.len() * steps, 0);
        for (frames, counts) in samples.clone().zip(ends.chunks_exact_mut(steps.max(1))) {
            for neuron in neurons.clone() {
                frames.channel(neuron).0.iter().for_each(|&step| counts[step as usize] += 1);
            }
        }
        // `end` now says where the spikes of each column begin; each spike that is stored moves it
        // on.
        let mut total = 0;
        for end in ends.iter_mut() {
            total += std::mem::replace(end, total);
        }
        // The lists never shrink: the number of spikes changes from batch to batch.
        index.resize(index.len().max(total as usize), 0);
        height.resize(height.len().max(total as usize), 0.0);
        for (frames, ends) in samples.zip(ends.chunks_exact_mut(steps.max(1))) {
            for (place, neuron) in neurons.clone().enumerate() {
                let (steps, heights) = frames.channel(neuron);
                for (&step, &of_spike) in steps.iter().zip(heights) {
                    let end = &mut ends[step as usize];
                    (index[*end as usize], height[*end as usize]) = (place as u32, of_spike);
                    *end += 1;
                }
            }
        }
    }

    /// The spikes of some columns, as lists of neurons.
    pub(crate) fn lists(&self, columns: Range<usize>) -> RowLists<'_> {
        let begin = columns.start.checked_sub(1).map_or(0, |before| self.ends[before]);
        let Self { ends, neuron, height } = self;
        RowLists { begin, ends: &ends[columns], index: neuron, heights: height }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spikes_of_a_column_follow_neuron_by_neuron() {
        let sample = |events: &[(u32, u32)]| SpikeFrames::from_events(4, 3, events).unwrap();
        let samples =
            [sample(&[(3, 0), (1, 0), (1, 2), (0, 1)]), sample(&[(2, 2), (2, 2), (1, 1)])];
        let mut lists = ColumnLists::default();
        for _ in 0..2 {
            lists.refill(samples.iter(), 1..4, 3);
            let all = lists.lists(0..6);
            assert_eq!((all.begin, all.ends), (0, &[2, 2, 3, 3, 4, 5][..]));
            assert_eq!(all.index, [0, 2, 0, 0, 1]);
            assert_eq!(all.heights, [1.0, 1.0, 1.0, 1.0, 2.0]);
            let second = lists.lists(3..6);
            assert_eq!((second.begin, second.ends), (3, &[3, 4, 5][..]));
        }
        lists.refill(samples[..1].iter(), 0..1, 3);
        assert_eq!(lists.lists(0..3).ends, [0, 1, 1]);
    }
}
