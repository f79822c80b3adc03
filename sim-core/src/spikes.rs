//! One sample on a grid of steps: the input of all engines.
//!
//! An entry of the grid is a number of spikes that coincide, or any real value: a graded or signed
//! spike, or a number of an image or a sensor. A synapse multiplies its weight by it.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// A spike in a step of a simulation, or several that coincide, or a graded or signed one. This is
/// the one type of spikes between engines, neurons and rules; samples are [`SpikeFrames`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spike {
    /// The neuron that fires.
    pub neuron: u32,
    /// How many spikes coincide, or the value of a graded spike; not 0. Weights are multiplied by
    /// it.
    pub count: f32,
}

impl Spike {
    /// # Errors
    /// [`Error::OutOfRange`] unless it belongs to one of the `size` neurons of `source` and its
    /// count is a finite number other than 0.
    pub(crate) fn check(self, source: &str, size: usize) -> Result<()> {
        if self.neuron as usize >= size {
            return Err(Error::out_of_range(
                format!("neuron of an input spike of {source}"),
                self.neuron,
                format!("below {size}"),
            ));
        }
        if !self.count.is_finite() || self.count == 0.0 {
            return Err(Error::out_of_range(
                format!("count of an input spike of {source}"),
                self.count,
                "a finite number other than 0",
            ));
        }
        Ok(())
    }

    /// How many spikes a recording shows: as many as coincide, and one for a graded or signed
    /// spike.
    pub(crate) fn recorded(self) -> usize {
        if self.count >= 1.0 && self.count.fract() == 0.0 { self.count as usize } else { 1 }
    }
}

/// The entries of one sample on a grid of `channels` x `steps`, sparse, ordered by channel and then
/// by step.
///
/// The entries of channel `c` are `step[row_start[c]..row_start[c + 1]]` with their `count`s; no
/// count is 0.
#[derive(Debug, PartialEq, Default)]
pub struct SpikeFrames {
    channels: usize,
    steps: usize,
    row_start: Vec<u32>,
    step: Vec<u32>,
    count: Vec<f32>,
    /// Whether all steps have the same entries by construction.
    repeats: bool,
}

impl Clone for SpikeFrames {
    fn clone(&self) -> Self {
        let mut frames = Self::default();
        frames.clone_from(self);
        frames
    }

    /// Memory is reused.
    fn clone_from(&mut self, source: &Self) {
        let Self { channels, steps, row_start, step, count, repeats } = source;
        (self.channels, self.steps, self.repeats) = (*channels, *steps, *repeats);
        self.row_start.clone_from(row_start);
        self.step.clone_from(step);
        self.count.clone_from(count);
    }
}

impl SpikeFrames {
    /// Builds frames from any real values, `[channel][step]`. A zero is no entry.
    ///
    /// ```
    /// use sim_core::SpikeFrames;
    ///
    /// let frames = SpikeFrames::from_values(2, 3, &[0.5, 0.0, -1.0, 0.0, 2.0, 0.0])?;
    /// assert_eq!(frames.channel(0), (&[0, 2][..], &[0.5, -1.0][..]));
    /// assert_eq!(frames.channel(1), (&[1][..], &[2.0][..]));
    /// # Ok::<(), sim_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Length`] when there are not `channels` x `steps` values; [`Error::OutOfRange`] for
    /// one that is not finite.
    pub fn from_values(channels: usize, steps: usize, values: &[f32]) -> Result<Self> {
        let mut frames = Self::default();
        frames.refill_values(channels, steps, values)?;
        Ok(frames)
    }

    /// As [`from_values`](Self::from_values), replacing these frames. Memory is reused.
    ///
    /// # Errors
    /// As [`from_values`](Self::from_values); on an error the frames stay as they are.
    pub fn refill_values(&mut self, channels: usize, steps: usize, values: &[f32]) -> Result<()> {
        Error::check_length("values of a sample", values.len(), channels.saturating_mul(steps))?;
        check_finite(values)?;
        self.clear(channels, steps);
        for channel in 0..channels {
            let row = values[channel * steps..(channel + 1) * steps].iter();
            for (step, &value) in (0..).zip(row).filter(|(_, value)| **value != 0.0) {
                self.step.push(step);
                self.count.push(value);
            }
            self.row_start[channel + 1] = self.step.len() as u32;
        }
        Ok(())
    }

    /// Builds frames of one real value per channel, which repeats in each of `steps` steps: an
    /// image that is shown for that long. Engines may multiply it once instead of in every step.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a value that is not finite, or 2^32 entries and more.
    pub fn constant(values: &[f32], steps: usize) -> Result<Self> {
        let mut frames = Self::default();
        frames.refill_constant(values, steps)?;
        Ok(frames)
    }

    /// As [`constant`](Self::constant), replacing these frames. Memory is reused.
    ///
    /// # Errors
    /// As [`constant`](Self::constant); on an error the frames stay as they are.
    pub fn refill_constant(&mut self, values: &[f32], steps: usize) -> Result<()> {
        check_finite(values)?;
        let shown = values.iter().filter(|value| **value != 0.0).count();
        let fits = steps.checked_mul(shown.max(1)).is_some_and(|all| u32::try_from(all).is_ok());
        let allowed = "few enough for fewer than 2^32 entries";
        Error::check("steps of a sample", steps as f64, fits, allowed)?;
        self.clear(values.len(), steps);
        for (channel, &value) in values.iter().enumerate() {
            if value != 0.0 {
                self.step.extend(0..steps as u32);
                self.count.resize(self.step.len(), value);
            }
            self.row_start[channel + 1] = self.step.len() as u32;
        }
        self.repeats = true;
        Ok(())
    }

    /// Whether the frames were built to repeat: every channel has no entry, or the same entry in
    /// every step.
    pub fn repeats(&self) -> bool {
        self.repeats
    }

    /// Forgets all entries; the next entries have `channels` channels. Memory is kept.
    fn clear(&mut self, channels: usize, steps: usize) {
        (self.channels, self.steps, self.repeats) = (channels, steps, false);
        self.row_start.clear();
        self.row_start.resize(channels + 1, 0);
        self.step.clear();
        self.count.clear();
    }

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

    /// As [`from_events`](Self::from_events), for events `(channel, step)` whose steps ascend or
    /// are equal, as in spikes that are sorted by time. Takes time proportional to events and
    /// channels, and reuses memory.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when an event lies outside `channels` x `steps`, or its step is below
    /// the step before it; the frames then stay as they are.
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
        self.clear(channels, steps);
        // If most of the grid is filled, it is quicker to count on the whole grid.
        if channels * steps <= 4 * events.len() {
            self.count_on_grid(events);
        } else {
            self.sort_into_rows(events);
        }
        Ok(())
    }

    /// Counts the events on the whole grid, in the memory of the counts, then closes the gaps.
    fn count_on_grid(&mut self, events: &[(u32, u32)]) {
        let Self { channels, steps, row_start, step, count, .. } = self;
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

    /// Gives every event an entry in its channel's row, then merges entries that coincide and
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
        // The beginning of a row moves on with every event, up to the beginning of the next row.
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

    /// Cuts off all entries after the first `steps` steps.
    pub fn truncate(&mut self, steps: usize) {
        if steps >= self.steps {
            return;
        }
        let Self { row_start, step, count, .. } = self;
        let (mut begin, mut length) = (0, 0);
        for row_start in &mut row_start[1..] {
            let end = *row_start as usize;
            let kept = step[begin..end].partition_point(|&at| (at as usize) < steps);
            step.copy_within(begin..begin + kept, length);
            count.copy_within(begin..begin + kept, length);
            length += kept;
            *row_start = length as u32;
            begin = end;
        }
        step.truncate(length);
        count.truncate(length);
        self.steps = steps;
    }

    /// Replaces all entries: `append(channel, row)` appends the steps of a channel to `row`,
    /// ascending, and every entry is `height` high. Memory is reused.
    ///
    /// The caller makes sure that steps ascend and lie below `steps`.
    #[inline]
    pub fn refill_rows(
        &mut self,
        channels: usize,
        steps: usize,
        height: f32,
        mut append: impl FnMut(usize, &mut Vec<u32>),
    ) {
        (self.channels, self.steps, self.repeats) = (channels, steps, false);
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
    #[inline]
    pub fn channel(&self, channel: usize) -> (&[u32], &[f32]) {
        let range = self.row_start[channel] as usize..self.row_start[channel + 1] as usize;
        (&self.step[range.clone()], &self.count[range])
    }

    /// The spikes of each step, `[steps]`, by ascending channel: as a sensor would send them, step
    /// by step.
    pub fn by_step(&self) -> Vec<Vec<Spike>> {
        let mut trains = vec![Vec::new(); self.steps];
        for channel in 0..self.channels {
            let (steps, counts) = self.channel(channel);
            for (&step, &count) in steps.iter().zip(counts) {
                trains[step as usize].push(Spike { neuron: channel as u32, count });
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

/// Checks the values of a sample.
fn check_finite(values: &[f32]) -> Result<()> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(index) => {
            let name = format!("value {index} of a sample");
            Err(Error::out_of_range(name, values[index], "a finite number"))
        }
    }
}

#[cfg(test)]
mod tests;
