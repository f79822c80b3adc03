//! The input of some samples, step by step.

use crate::lanes::LANES;
use sim_core::SpikeFrames;

/// How far each channel of each sample has been read: as many numbers as there are channels, for
/// any number of steps.
#[derive(Debug, Default)]
pub(crate) struct Input {
    /// Entries that lie behind, `[lane][channel]`.
    behind: Vec<u32>,
}

impl Input {
    /// Goes back to the first step.
    pub(crate) fn restart(&mut self, channels: usize) {
        self.behind.clear();
        self.behind.resize(LANES * channels, 0);
    }

    /// Overwrites `into`, `[channel][lane]`, by the entries of a step, which must be the next one;
    /// tells whether it differs from the step before. Lanes without a sample are zero.
    pub(crate) fn read(&mut self, frames: &[SpikeFrames], step: usize, into: &mut [f32]) -> bool {
        let stays = |frames: &SpikeFrames| frames.repeats() && frames.steps() != step;
        if step > 0 && frames.iter().all(stays) {
            return false;
        }
        if step == 0 {
            into.fill(0.0);
        }
        let channels = self.behind.len() / LANES;
        for (lane, (frames, behind)) in
            frames.iter().zip(self.behind.chunks_exact_mut(channels)).enumerate()
        {
            for (channel, behind) in behind.iter_mut().enumerate() {
                let (steps, values) = frames.channel(channel);
                // Steps in which the input stayed were not read.
                while steps.get(*behind as usize).is_some_and(|&at| (at as usize) < step) {
                    *behind += 1;
                }
                let here = *behind as usize;
                let is_now = steps.get(here).is_some_and(|&at| at as usize == step);
                into[channel * LANES + lane] = if is_now { values[here] } else { 0.0 };
            }
        }
        true
    }

    /// Bytes that it holds.
    pub(crate) fn bytes(&self) -> usize {
        self.behind.capacity() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_those_of_the_frames() {
        let frames = [
            SpikeFrames::constant(&[0.5, 0.0, -2.0], 4).unwrap(),
            SpikeFrames::from_events(3, 6, &[(0, 1), (0, 4), (0, 4), (2, 5)]).unwrap(),
            SpikeFrames::from_values(3, 0, &[]).unwrap(),
        ];
        let mut input = Input::default();
        let mut sent = vec![7.0; 3 * LANES];
        for _ in 0..2 {
            input.restart(3);
            for step in 0..8 {
                input.read(&frames, step, &mut sent);
                for (lane, frames) in frames.iter().enumerate() {
                    let by_step = frames.by_step();
                    let spikes = by_step.get(step).map_or(&[][..], Vec::as_slice);
                    for channel in 0..3 {
                        let spike = spikes.iter().find(|spike| spike.neuron as usize == channel);
                        let expected = spike.map_or(0.0, |spike| spike.count);
                        assert_eq!(sent[channel * LANES + lane], expected, "{lane} {channel}");
                    }
                }
                assert!((0..3).all(|channel| sent[channel * LANES + 3] == 0.0));
            }
        }
    }

    #[test]
    fn input_that_repeats_is_read_where_it_begins_and_ends() {
        let frames = [4, 6].map(|steps| SpikeFrames::constant(&[1.0], steps).unwrap());
        let (mut input, mut sent) = (Input::default(), vec![0.0; LANES]);
        input.restart(1);
        let read: Vec<bool> = (0..8).map(|step| input.read(&frames, step, &mut sent)).collect();
        assert_eq!(read, [true, false, false, false, true, false, true, false]);
        assert_eq!(sent[..2], [0.0, 0.0]);
    }
}
