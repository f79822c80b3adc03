//! Spikes in seconds to counts on a grid of steps and channel groups.

use serde::{Deserialize, Serialize};
use sim_core::{SpikeFrames, plain};

use crate::error::{Error, Result};
use crate::recordings::SpikeRecordings;
use crate::sentence::{Sentence, Setting};

/// Longest sample that is binned without a limit of the user's choice: 100 s at 1 ms. Longer
/// recordings are taken for a mistake in the units; what augmentation moves beyond is cut off.
const MAX_STEPS: usize = 100_000;

/// Where time zero lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Align {
    /// At the sample's first spike.
    #[default]
    FirstSpike,
    /// Where the recording has it.
    Zero,
}

/// A clocked time this close to the beginning of a step, in steps, counts as lying on it. The slack
/// is larger than the rounding of divisions, and smaller than the distance of a grid time that
/// really misses the beginning.
const STEP_SLACK: f64 = 1e-6;

/// How spikes become frames. With `t` in ms from time zero (`1000 t_s`, in f64): `steps = max(1,
/// ceil(t_last / dt))`, `step = min(floor(t / dt), steps - 1)`, `channel = unit / channel_group`.
/// Spikes of one channel in one step add up. A sample without spikes has one step and no entries.
/// SpikingJelly and SNN-delays bin SHD in this way [Hammouamri 2023]. Where times are clocked (see
/// [`SpikeRecordings::clock`]), `t` is the grid time nearest to the spike. This time is known
/// exactly, and so is `step = floor(t / dt)`; the sample then ends with the step of its last spike,
/// `steps = step_last + 1`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Binning {
    /// Length of a step in ms. Default 10, must be > 0.
    pub dt_ms: f64,
    /// Neighbouring units that make one channel. Default 5 (140 channels for SHD), must be >= 1.
    pub channel_group: usize,
    /// Where time zero lies. Default: at the first spike.
    pub align: Align,
    /// Steps after which a sample is cut off; later spikes are left out. Default: none, which
    /// refuses recordings of more than 100,000 steps and cuts changed copies of them off there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<usize>,
}

impl Default for Binning {
    fn default() -> Self {
        Self { dt_ms: 10.0, channel_group: 5, align: Align::FirstSpike, max_steps: None }
    }
}

/// One spike on its way into frames.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TimedSpike {
    /// Time in ms.
    pub t_ms: f64,
    /// Unit, before grouping.
    pub unit: u16,
}

/// Working memory of binning, reused from sample to sample.
#[derive(Debug, Default)]
pub(crate) struct BinningMemory {
    seconds: Vec<f64>,
    /// The channel of each unit.
    channel: Vec<u32>,
    /// `(channel, step)` of each spike.
    events: Vec<(u32, u32)>,
    sorted: Vec<(u32, u32)>,
    /// For each step, where its next event goes.
    place: Vec<usize>,
}

impl Binning {
    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::Parameter`] that names the first field out of range.
    pub fn check(&self) -> Result<()> {
        let check = |field: &str, value, ok, allowed: &str| {
            sim_core::Error::check(field, value, ok, allowed)
        };
        check("Binning::dt_ms", self.dt_ms, self.dt_ms > 0.0, "a finite number > 0")?;
        check(
            "Binning::channel_group",
            self.channel_group as f64,
            self.channel_group >= 1,
            ">= 1",
        )?;
        let max_steps = self.max_steps.unwrap_or(1);
        Ok(check(
            "Binning::max_steps",
            max_steps as f64,
            (1..=1 << 31).contains(&max_steps),
            "from 1 to 2147483648",
        )?)
    }

    /// Number of channels that `units` units give; the last group may be smaller.
    pub fn channels(&self, units: usize) -> usize {
        units.div_ceil(self.channel_group)
    }

    /// Frames of one sample, as recorded.
    ///
    /// # Errors
    /// As [`check`](Self::check), and [`Error::Content`] that names the last spike of a sample that
    /// would take more than 100,000 steps when [`max_steps`](Self::max_steps) is not set.
    pub fn frames(&self, recordings: &SpikeRecordings, sample: usize) -> Result<SpikeFrames> {
        self.check()?;
        self.check_length(recordings, sample)?;
        let (mut memory, mut spikes, mut frames) =
            (BinningMemory::default(), Vec::new(), SpikeFrames::default());
        self.spikes_into(recordings, sample, &mut memory, &mut spikes);
        self.bin_into(recordings, &spikes, &mut memory, &mut frames);
        Ok(frames)
    }

    /// Number of steps of one sample, as recorded.
    pub(crate) fn steps(&self, recordings: &SpikeRecordings, sample: usize) -> usize {
        // The conversion saturates, so the number stays in range.
        (self.uncut_steps(recordings, sample) as usize)
            .clamp(1, self.max_steps.unwrap_or(MAX_STEPS))
    }

    fn uncut_steps(&self, recordings: &SpikeRecordings, sample: usize) -> f64 {
        let Some((first, last)) = recordings.ends_s(sample) else { return 1.0 };
        let first = if self.align == Align::FirstSpike { first } else { 0.0 };
        match recordings.clock() {
            Some(clock) => {
                let length_ms = clock.ms(clock.nearest(last) - clock.nearest(first));
                clocked_step(length_ms / self.dt_ms) + 1.0
            }
            None => (1000.0 * (last - first) / self.dt_ms).ceil(),
        }
    }

    /// Refuses a sample of more than [`MAX_STEPS`] steps where no `max_steps` is set.
    pub(crate) fn check_length(&self, recordings: &SpikeRecordings, sample: usize) -> Result<()> {
        let Some((_, last)) = recordings.ends_s(sample) else { return Ok(()) };
        let steps = self.uncut_steps(recordings, sample);
        if self.max_steps.is_none() && steps > MAX_STEPS as f64 {
            let problem = Sentence::from(format!(
                "at {} s the sample has {} steps of {} ms, but at most {MAX_STEPS} are taken \
                 unless ",
                plain(last),
                plain(steps),
                self.dt_ms
            ));
            let problem = problem
                .setting(Setting::MaxSteps)
                .text(format!(" is set; are times in {}? (", recordings.time_unit()))
                .setting(Setting::TimeUnit)
                .text(")");
            let spike = recordings.spike_count(sample) - 1;
            return Err(Error::spike(recordings.origin(), "spikes/times", sample, spike, problem));
        }
        Ok(())
    }

    /// Overwrites `spikes` with the spikes of one sample, in ms from time zero, ascending.
    pub(crate) fn spikes_into(
        &self,
        recordings: &SpikeRecordings,
        sample: usize,
        memory: &mut BinningMemory,
        spikes: &mut Vec<TimedSpike>,
    ) {
        let seconds = &mut memory.seconds;
        recordings.seconds_into(sample, seconds);
        let zero = match self.align {
            Align::FirstSpike => seconds.first().copied().unwrap_or(0.0),
            Align::Zero => 0.0,
        };
        let both = seconds.iter().zip(recordings.units(sample));
        spikes.clear();
        match recordings.clock() {
            Some(clock) => {
                let zero = clock.nearest(zero);
                spikes.extend(both.map(|(&second, &unit)| TimedSpike {
                    t_ms: clock.ms(clock.nearest(second) - zero),
                    unit,
                }));
            }
            None => {
                let zero_ms = 1000.0 * zero;
                spikes.extend(
                    both.map(|(second, &unit)| TimedSpike {
                        t_ms: 1000.0 * second - zero_ms,
                        unit,
                    }),
                );
            }
        }
    }

    /// Overwrites `frames` with the frames of `spikes`, which may be in any order. Times before
    /// zero count as zero; spikes beyond `max_steps`, or [`MAX_STEPS`], are left out.
    pub(crate) fn bin_into(
        &self,
        recordings: &SpikeRecordings,
        spikes: &[TimedSpike],
        memory: &mut BinningMemory,
        frames: &mut SpikeFrames,
    ) {
        let BinningMemory { channel, events, sorted, place, .. } = memory;
        let last_ms = spikes.iter().fold(0.0, |last: f64, spike| last.max(spike.t_ms));
        let is_clocked = recordings.clock().is_some();
        let last = last_ms / self.dt_ms;
        let steps = if is_clocked { clocked_step(last) + 1.0 } else { last.ceil() };
        // The conversions saturate, so the number stays in range.
        let steps = (steps as usize).clamp(1, u32::MAX as usize);
        let last_step = steps as u32 - 1;
        let units = recordings.channels();
        channel.clear();
        channel.extend((0..units).map(|unit| (unit / self.channel_group) as u32));
        let event = |spike: &TimedSpike| {
            let place = spike.t_ms / self.dt_ms;
            let step = if is_clocked { clocked_step(place) } else { place };
            (channel[usize::from(spike.unit)], (step as u32).min(last_step))
        };
        events.clear();
        events.extend(spikes.iter().map(event));
        // Only augmentation can exceed what `check_length` let pass.
        let limit = self.max_steps.unwrap_or(MAX_STEPS).min(steps);
        if limit < steps {
            events.retain(|&(_, step)| (step as usize) < limit);
        }
        if !events.is_sorted_by_key(|&(_, step)| step) {
            sort_by_step(events, limit, sorted, place);
        }
        frames
            .refill_ordered(self.channels(units), limit, events)
            .expect("units were checked, steps are clamped and sorted");
    }
}

/// The step in which a clocked time lies. `place` is the time in steps.
fn clocked_step(place: f64) -> f64 {
    let nearest = place.round();
    if (place - nearest).abs() <= STEP_SLACK { nearest } else { place.floor() }
}

/// Sorts events by their steps, all below `steps`: by counting, or by comparison where the steps
/// far outnumber the events.
fn sort_by_step(
    events: &mut Vec<(u32, u32)>,
    steps: usize,
    sorted: &mut Vec<(u32, u32)>,
    place: &mut Vec<usize>,
) {
    if steps > 16 * events.len() {
        // Frames are the same whatever the order within a step.
        events.sort_unstable_by_key(|&(_, step)| step);
        return;
    }
    place.clear();
    place.resize(steps + 1, 0);
    for &(_, step) in &*events {
        place[step as usize + 1] += 1;
    }
    for step in 0..steps {
        place[step + 1] += place[step];
    }
    sorted.clear();
    sorted.resize(events.len(), (0, 0));
    for &event in &*events {
        let place = &mut place[event.1 as usize];
        sorted[*place] = event;
        *place += 1;
    }
    std::mem::swap(events, sorted);
}

#[cfg(test)]
mod tests;
