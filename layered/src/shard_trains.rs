//! The spikes of each neuron in all samples of a shard, one after the other.

use sim_core::SpikeFrames;
use simd::RowLists;
use std::ops::Range;

/// Spikes of several samples by neuron. A sample has one *column* per step that is read of it; the
/// columns of the samples follow each other.
#[derive(Debug, Default)]
pub(crate) struct ShardTrains {
    /// Where the spikes of each neuron end.
    ends: Vec<u32>,
    column: Vec<u32>,
    height: Vec<f32>,
}

impl ShardTrains {
    /// Replaces the spikes by the spikes of some `neurons` in samples of `columns` columns: at most
    /// `most` spikes of each neuron and sample. Memory is reused.
    pub(crate) fn refill<'a>(
        &mut self,
        samples: impl Iterator<Item = &'a SpikeFrames> + Clone,
        neurons: Range<usize>,
        (columns, most): (usize, usize),
    ) {
        let Self { ends, column, height } = self;
        ends.clear();
        ends.resize(neurons.len(), 0);
        for frames in samples.clone() {
            for (count, neuron) in ends.iter_mut().zip(neurons.clone()) {
                *count += frames.channel(neuron).0.len().min(most) as u32;
            }
        }
        // `end` now says where the spikes of each neuron begin; each spike that is stored moves it
        // on.
        let mut total = 0;
        for end in ends.iter_mut() {
            total += std::mem::replace(end, total);
        }
        // The lists never shrink: the number of spikes changes from shard to shard.
        column.resize(column.len().max(total as usize), 0);
        height.resize(height.len().max(total as usize), 0.0);
        for (sample, frames) in samples.enumerate() {
            for (end, neuron) in ends.iter_mut().zip(neurons.clone()) {
                let (steps, heights) = frames.channel(neuron);
                let taken = steps.len().min(most);
                let place = *end as usize..*end as usize + taken;
                height[place.clone()].copy_from_slice(&heights[..taken]);
                for (column, step) in column[place].iter_mut().zip(steps) {
                    *column = (sample * columns) as u32 + step;
                }
                *end += taken as u32;
            }
        }
    }

    /// Columns and heights of the spikes of each neuron.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u32], &[f32])> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(begin, &end)| {
            let spikes = begin as usize..end as usize;
            (&self.column[spikes.clone()], &self.height[spikes])
        })
    }

    /// The same of some neurons, as lists of columns.
    pub(crate) fn lists(&self, neurons: Range<usize>) -> RowLists<'_> {
        let Self { ends, column, height } = self;
        let begin = neurons.start.checked_sub(1).map_or(0, |before| ends[before]);
        RowLists { begin, ends: &ends[neurons], index: column, heights: height }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spikes_of_a_neuron_follow_sample_by_sample() {
        let sample = |events: &[(u32, u32)]| SpikeFrames::from_events(3, 5, events).unwrap();
        let samples = [sample(&[(1, 0), (1, 4), (2, 1)]), sample(&[(0, 2), (1, 1), (1, 1)])];
        let mut trains = ShardTrains::default();
        for _ in 0..2 {
            trains.refill(samples.iter(), 1..3, (5, usize::MAX));
            let all: Vec<_> = trains.iter().collect();
            let expected = [(&[0, 4, 6][..], &[1.0, 1.0, 2.0][..]), (&[1][..], &[1.0][..])];
            assert_eq!(all, expected);
        }
        let lists = trains.lists(1..2);
        assert_eq!((lists.begin, lists.ends), (3, &[4][..]));
        assert_eq!(lists.index[3..4], [1]);
        trains.refill(samples[..1].iter(), 0..3, (5, 1));
        let all: Vec<_> = trains.iter().map(|(columns, _)| columns.to_vec()).collect();
        assert_eq!(all, [vec![], vec![0], vec![1]]);
    }
}
