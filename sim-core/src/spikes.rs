//! Spikes of one sample, binned to steps: the input of both engines.

use crate::{Error, Result};

/// Spike counts of one sample on a grid of `channels` x `steps`, sparse, ordered by channel and then by step.
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
                return Err(Error::out_of_range(format!("channel of event {index}"), channel, format!("below {channels}")));
            }
            if step as usize >= steps {
                return Err(Error::out_of_range(format!("step of event {index}"), step, format!("below {steps}")));
            }
        }
        let mut sorted = events.to_vec();
        sorted.sort_unstable();
        let mut frames = Self { channels, steps, row_start: vec![0; channels + 1], ..Self::default() };
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

    /// Number of non-zero entries.
    pub fn len(&self) -> usize {
        self.step.len()
    }

    /// Whether the sample has no spike at all, which is legal.
    pub fn is_empty(&self) -> bool {
        self.step.is_empty()
    }

    /// Share of entries that are not zero.
    pub fn density(&self) -> f64 {
        self.len() as f64 / (self.channels * self.steps).max(1) as f64
    }
}

/// Labelled samples that can be turned into frames one at a time, in any order and from any thread.
pub trait SampleSource: Sync {
    /// Number of samples.
    fn len(&self) -> usize;
    /// Whether there is no sample.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Number of input channels after grouping.
    fn channels(&self) -> usize;
    /// Number of classes.
    fn classes(&self) -> usize;
    /// Class of a sample.
    fn label(&self, sample: usize) -> usize;
    /// The sample as frames. `epoch` asks for that epoch's augmented version, `None` for the sample as recorded.
    fn frames(&self, sample: usize, epoch: Option<u64>) -> SpikeFrames;
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
    fn an_event_outside_is_named() {
        let error = SpikeFrames::from_events(3, 4, &[(0, 0), (3, 1)]).unwrap_err();
        assert_eq!(error.to_string(), "channel of event 1 is 3, but must be below 3");
    }
}
