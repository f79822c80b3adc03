//! Spikes ordered by step.

use sim_core::SpikeFrames;

/// The entries of a [`SpikeFrames`] by step instead of by channel.
#[derive(Debug, Default)]
pub(crate) struct StepEvents {
    start: Vec<u32>,
    channel: Vec<u32>,
    count: Vec<f32>,
}

impl StepEvents {
    /// Replaces the entries by the entries of `frames`, whose steps lie below `steps`; within a
    /// step, channels ascend. Memory is reused.
    pub(crate) fn refill(&mut self, frames: &SpikeFrames, steps: usize) {
        let Self { start, channel, count } = self;
        start.clear();
        start.resize(steps + 1, 0);
        channel.resize(frames.len(), 0);
        count.resize(frames.len(), 0.0);
        // `start[t]` first counts the entries of step `t`, then says where they end, and at last
        // where they begin.
        for c in 0..frames.channels() {
            frames.channel(c).0.iter().for_each(|&step| start[step as usize] += 1);
        }
        let mut total = 0;
        for start in start.iter_mut() {
            total += *start;
            *start = total;
        }
        for c in (0..frames.channels()).rev() {
            let (steps, counts) = frames.channel(c);
            for (&step, &height) in steps.iter().zip(counts) {
                let at = &mut start[step as usize];
                *at -= 1;
                (channel[*at as usize], count[*at as usize]) = (c as u32, height);
            }
        }
    }

    /// Replaces the entries by the entries of the first step of `frames`. Memory is reused.
    pub(crate) fn refill_first(&mut self, frames: &SpikeFrames) {
        let Self { start, channel, count } = self;
        channel.clear();
        count.clear();
        for c in 0..frames.channels() {
            if let (&[0, ..], &[height, ..]) = frames.channel(c) {
                channel.push(c as u32);
                count.push(height);
            }
        }
        start.clear();
        start.extend([0, channel.len() as u32]);
    }

    /// Channels and counts of one step.
    pub(crate) fn at(&self, step: usize) -> (&[u32], &[f32]) {
        let range = self.start[step] as usize..self.start[step + 1] as usize;
        (&self.channel[range.clone()], &self.count[range])
    }

    /// Steps that [`at`](Self::at) may be asked for.
    pub(crate) fn steps(&self) -> usize {
        self.start.len().saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_a_step_are_those_of_the_frames() {
        let frames = SpikeFrames::from_events(3, 5, &[(2, 1), (0, 1), (0, 4), (2, 1)]).unwrap();
        let mut events = StepEvents::default();
        events.refill(&frames, 6);
        assert_eq!(events.steps(), 6);
        assert_eq!(events.at(1), (&[0, 2][..], &[1.0, 2.0][..]));
        assert_eq!(events.at(4), (&[0][..], &[1.0][..]));
        assert!([0, 2, 3, 5].iter().all(|&step| events.at(step).0.is_empty()));
        let frames = SpikeFrames::from_events(3, 5, &[(2, 0), (0, 1), (1, 0), (2, 0)]).unwrap();
        events.refill_first(&frames);
        assert_eq!((events.steps(), events.at(0)), (1, (&[1, 2][..], &[1.0, 2.0][..])));
    }
}
