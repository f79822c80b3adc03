//! Spikes of one sample, binned to steps: the input of all engines.

use crate::error::{Error, Result};

/// A spike of a source, or several that coincide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InputSpike {
    /// The neuron that fires.
    pub neuron: u32,
    /// How many spikes coincide: weights are multiplied by it.
    pub count: f32,
}

impl InputSpike {
    /// # Errors
    /// [`Error::OutOfRange`] unless it belongs to one of the `size` neurons of `source` and its
    /// count is above 0.
    pub(crate) fn check(self, source: &str, size: usize) -> Result<()> {
        if self.neuron as usize >= size {
            return Err(Error::out_of_range(
                format!("neuron of an input spike of {source}"),
                self.neuron,
                format!("below {size}"),
            ));
        }
        if !(self.count.is_finite() && self.count > 0.0) {
            return Err(Error::out_of_range(
                format!("count of an input spike of {source}"),
                self.count,
                "above 0",
            ));
        }
        Ok(())
    }
}

/// Spike counts of one sample on a grid of `channels` x `steps`, sparse, ordered by channel and
/// then by step.
///
/// The entries of channel `c` are `step[row_start[c]..row_start[c + 1]]` with their `count`s.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SpikeFrames {
    channels: usize,
    steps: usize,
    row_start: Vec<u32>,
    step: Vec<u32>,
    count: Vec<f32>,
}

impl SpikeFrames {
    /// Builds frames from events `(channel, step)` in any order; events that coincide add up.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when an event lies outside `channels` x `steps`.
    pub fn from_events(channels: usize, steps: usize, events: &[(u32, u32)]) -> Result<Self> {
        for (index, &(channel, step)) in events.iter().enumerate() {
            if channel as usize >= channels {
                return Err(Error::out_of_range(
                    format!("channel of event {index}"),
                    channel,
                    format!("below {channels}"),
                ));
            }
            if step as usize >= steps {
                return Err(Error::out_of_range(
                    format!("step of event {index}"),
                    step,
                    format!("below {steps}"),
                ));
            }
        }
        let mut sorted = events.to_vec();
        sorted.sort_unstable();
        let mut frames =
            Self { channels, steps, row_start: vec![0; channels + 1], ..Self::default() };
        let mut last = None;
        for event in sorted {
            if last == Some(event) {
                *frames.count.last_mut().expect("an equal event came before") += 1.0;
                continue;
            }
            last = Some(event);
            frames.row_start[event.0 as usize + 1] += 1;
            frames.step.push(event.1);
            frames.count.push(1.0);
        }
        for channel in 0..channels {
            frames.row_start[channel + 1] += frames.row_start[channel];
        }
        Ok(frames)
    }

    /// Builds frames from events `(channel, step)` whose steps ascend (may be equal), as spikes
    /// sorted by time have them; events that coincide add up. Takes time proportional to events and
    /// channels; the same frames as [`from_events`](Self::from_events).
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when an event lies outside `channels` x `steps` or its step is below
    /// the one before.
    pub fn from_ordered_events(
        channels: usize,
        steps: usize,
        events: &[(u32, u32)],
    ) -> Result<Self> {
        let mut frames = Self::default();
        frames.refill_ordered(channels, steps, events)?;
        Ok(frames)
    }

    /// As [`from_ordered_events`](Self::from_ordered_events), in place of what was there. Memory is
    /// reused.
    ///
    /// # Errors
    /// As there; then nothing has changed.
    pub fn refill_ordered(
        &mut self,
        channels: usize,
        steps: usize,
        events: &[(u32, u32)],
    ) -> Result<()> {
        let mut earliest = 0;
        for (index, &(channel, step)) in events.iter().enumerate() {
            if channel as usize >= channels {
                return Err(Error::out_of_range(
                    format!("channel of event {index}"),
                    channel,
                    format!("below {channels}"),
                ));
            }
            if step < earliest || step as usize >= steps {
                return Err(Error::out_of_range(
                    format!("step of event {index}"),
                    step,
                    format!("in {earliest}..{steps}"),
                ));
            }
            earliest = step;
        }
        (self.channels, self.steps) = (channels, steps);
        self.row_start.clear();
        self.row_start.resize(channels + 1, 0);
        self.step.clear();
        self.count.clear();
        // Where most of the grid is filled it is quicker to count on the whole of it.
        if channels * steps <= 4 * events.len() {
            self.count_on_grid(events);
        } else {
            self.sort_into_rows(events);
        }
        Ok(())
    }

    /// Counts the events on the whole grid, which takes the place of the counts, and closes the
    /// gaps.
    fn count_on_grid(&mut self, events: &[(u32, u32)]) {
        let Self { channels, steps, row_start, step, count } = self;
        count.resize(*channels * *steps, 0.0);
        for &(channel, at) in events {
            count[channel as usize * *steps + at as usize] += 1.0;
        }
        for channel in 0..*channels {
            for at in 0..*steps {
                let here = count[channel * *steps + at];
                if here > 0.0 {
                    count[step.len()] = here;
                    step.push(at as u32);
                }
            }
            row_start[channel + 1] = step.len() as u32;
        }
        count.truncate(step.len());
    }

    /// Gives every event a place in its channel's row, then lets those that coincide share one and
    /// closes the gaps.
    fn sort_into_rows(&mut self, events: &[(u32, u32)]) {
        let Self { channels, row_start, step, count, .. } = self;
        for &(channel, _) in events {
            row_start[channel as usize + 1] += 1;
        }
        for channel in 0..*channels {
            row_start[channel + 1] += row_start[channel];
        }
        step.resize(events.len(), 0);
        count.resize(events.len(), 0.0);
        // Where a row begins moves on with every event, until it is where the next row began.
        for &(channel, at) in events {
            let place = &mut row_start[channel as usize];
            step[*place as usize] = at;
            *place += 1;
        }
        let (mut begin, mut length) = (0, 0);
        for row_start in row_start.iter_mut().take(*channels) {
            let end = std::mem::replace(row_start, length as u32) as usize;
            let first = length;
            for place in begin..end {
                if length > first && step[length - 1] == step[place] {
                    count[length - 1] += 1.0;
                } else {
                    (step[length], count[length]) = (step[place], 1.0);
                    length += 1;
                }
            }
            begin = end;
        }
        row_start[*channels] = length as u32;
        step.truncate(length);
        count.truncate(length);
    }

    /// Replaces all entries: `append(channel, row)` appends the steps of a channel to `row`,
    /// ascending, and every entry is `height` high. Memory is reused.
    ///
    /// The caller answers for the order of the steps and that they lie below `steps`.
    #[inline]
    pub fn refill_rows(
        &mut self,
        channels: usize,
        steps: usize,
        height: f32,
        mut append: impl FnMut(usize, &mut Vec<u32>),
    ) {
        (self.channels, self.steps) = (channels, steps);
        self.row_start.clear();
        self.row_start.push(0);
        self.step.clear();
        for channel in 0..channels {
            append(channel, &mut self.step);
            self.row_start.push(self.step.len() as u32);
        }
        self.count.clear();
        self.count.resize(self.step.len(), height);
    }

    /// Number of channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Non-zero entries of one channel: steps, ascending, and counts.
    pub fn channel(&self, channel: usize) -> (&[u32], &[f32]) {
        let range = self.row_start[channel] as usize..self.row_start[channel + 1] as usize;
        (&self.step[range.clone()], &self.count[range])
    }

    /// The spikes of each step, `[steps]`, by ascending channel: what a sensor would have sent one
    /// step after the other.
    pub fn by_step(&self) -> Vec<Vec<InputSpike>> {
        let mut trains = vec![Vec::new(); self.steps];
        for channel in 0..self.channels {
            let (steps, counts) = self.channel(channel);
            for (&step, &count) in steps.iter().zip(counts) {
                trains[step as usize].push(InputSpike { neuron: channel as u32, count });
            }
        }
        trains
    }

    /// Number of non-zero entries.
    pub fn len(&self) -> usize {
        self.step.len()
    }

    /// Whether the sample has no spike at all, which is legal.
    pub fn is_empty(&self) -> bool {
        self.step.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coinciding_events_add_up_in_channel_order() {
        let frames = SpikeFrames::from_events(3, 4, &[(2, 1), (0, 3), (2, 1), (0, 0)]).unwrap();
        assert_eq!(frames.channel(0), (&[0, 3][..], &[1.0, 1.0][..]));
        assert_eq!(frames.channel(1), (&[][..], &[][..]));
        assert_eq!(frames.channel(2), (&[1][..], &[2.0][..]));
    }

    #[test]
    fn steps_hold_their_spikes_by_ascending_channel() {
        let trains =
            SpikeFrames::from_events(3, 3, &[(2, 1), (0, 1), (2, 1), (0, 0)]).unwrap().by_step();
        let spike = |neuron, count| InputSpike { neuron, count };
        assert_eq!(trains, [vec![spike(0, 1.0)], vec![spike(0, 1.0), spike(2, 2.0)], vec![]]);
    }

    #[test]
    fn an_event_outside_is_named() {
        let error = SpikeFrames::from_events(3, 4, &[(0, 0), (3, 1)]).unwrap_err();
        assert_eq!(error.to_string(), "channel of event 1 is 3, but must be below 3");
    }

    #[test]
    fn ordered_events_give_the_same_frames() {
        use rand::RngExt;
        let mut rng = crate::random::Seed(1).stream(crate::random::Purpose::SpikeSource, 0, 0);
        let mut reused = SpikeFrames::default();
        for round in 0..200 {
            let (channels, steps) = (1 + round % 7, 1 + round % 11);
            let draw =
                |_| (rng.random_range(0..channels as u32), rng.random_range(0..steps as u32));
            let mut events: Vec<_> = (0..round).map(draw).collect();
            events.sort_by_key(|&(_, step)| step);
            let ordered = SpikeFrames::from_ordered_events(channels, steps, &events).unwrap();
            assert_eq!(ordered, SpikeFrames::from_events(channels, steps, &events).unwrap());
            reused.refill_ordered(channels, steps, &events).unwrap();
            assert_eq!(reused, ordered);
        }
        assert!(SpikeFrames::from_ordered_events(0, 1, &[]).unwrap().is_empty());
    }

    #[test]
    fn events_out_of_order_are_named() {
        let message = |events: &[(u32, u32)]| {
            SpikeFrames::from_ordered_events(3, 4, events).unwrap_err().to_string()
        };
        assert_eq!(message(&[(0, 2), (1, 1)]), "step of event 1 is 1, but must be in 2..4");
        assert_eq!(message(&[(0, 4)]), "step of event 0 is 4, but must be in 0..4");
        assert_eq!(message(&[(3, 0)]), "channel of event 0 is 3, but must be below 3");
    }
}
