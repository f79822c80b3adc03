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

/// How far a clocked time may be off the beginning of a step, in steps, to fall into it: more than
/// divisions round, less than a grid and a step that fit each other come near.
const STEP_SLACK: f64 = 1e-6;

/// How spikes become frames. With `t` in ms from time zero (`1000 t_s`, in f64): `steps = max(1,
/// ceil(t_last / dt))`, `step = min(floor(t / dt), steps - 1)`, `channel = unit / channel_group`.
/// Spikes that fall together add up. A sample without spikes has one step and no entries. As
/// SpikingJelly and SNN-delays bin SHD [Hammouamri 2023]. Where times are clocked (see
/// [`SpikeRecordings::clock`]), `t` is the grid time next to a spike, which is known exactly: so is
/// `step = floor(t / dt)`, and a sample ends with the step of its last spike, `steps = step_last +
/// 1`.
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

/// What binning works in, reused from sample to sample.
#[derive(Debug, Default)]
pub(crate) struct BinningMemory {
    seconds: Vec<f64>,
    /// The channel of each unit.
    channel: Vec<u32>,
    /// `(channel, step)` of each spike.
    events: Vec<(u32, u32)>,
    sorted: Vec<(u32, u32)>,
    /// Where the next event of a step goes.
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
        // A conversion that saturates keeps it in range.
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

    /// Refuses a sample that would take more steps than anyone means.
    pub(crate) fn check_length(&self, recordings: &SpikeRecordings, sample: usize) -> Result<()> {
        let Some((_, last)) = recordings.ends_s(sample) else { return Ok(()) };
        let steps = self.uncut_steps(recordings, sample);
        if self.max_steps.is_none() && steps > MAX_STEPS as f64 {
            let problem = Sentence::from(format!(
                "at {} s the sample has {} steps of {} ms, but at most {MAX_STEPS} are taken unless ",
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

    /// Makes `spikes` those of one sample, in ms from time zero, ascending.
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

    /// Makes `frames` those of spikes of some recordings in any order; times before zero count as zero, those beyond
    /// `max_steps`, or [`MAX_STEPS`], are left out.
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
        // Conversions that saturate keep it in range.
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

/// The step at whose beginning, or after it, a clocked time lies. `place` is the time in steps.
fn clocked_step(place: f64) -> f64 {
    let nearest = place.round();
    if (place - nearest).abs() <= STEP_SLACK { nearest } else { place.floor() }
}

/// Puts events in the order of their steps, all below `steps`: a counting sort, or one by
/// comparison where steps outnumber the events by far.
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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::new_samples::NewSample;
    use crate::spike_times::TimeType;

    fn recordings(seconds: &[f64], units: &[u16]) -> SpikeRecordings {
        let sample = NewSample { seconds: seconds.to_vec(), units: units.to_vec(), label: 0 };
        SpikeRecordings::from_samples("made", 700, 1, TimeType::Float64, [sample]).unwrap()
    }

    fn bin(binning: &Binning, spikes: &[TimedSpike]) -> SpikeFrames {
        let mut frames = SpikeFrames::default();
        let none = recordings(&[], &[]);
        binning.bin_into(&none, spikes, &mut BinningMemory::default(), &mut frames);
        frames
    }

    #[test]
    fn spikes_land_where_the_reference_puts_them() {
        // From the first spike: 0, 4, 10, 29.5, 40 ms, so ceil(40 / 10) = 4 steps; the spike at 40
        // ms falls into the last of them.
        let recordings = recordings(&[0.5, 0.504, 0.51, 0.5295, 0.54], &[0, 4, 5, 699, 699]);
        let frames = Binning::default().frames(&recordings, 0).unwrap();
        assert_eq!((frames.channels(), frames.steps()), (140, 4));
        assert_eq!(frames.channel(0), (&[0][..], &[2.0][..]), "units 0 and 4 add up");
        assert_eq!(frames.channel(1), (&[1][..], &[1.0][..]));
        assert_eq!(frames.channel(139), (&[2, 3][..], &[1.0, 1.0][..]));

        let zero =
            Binning { align: Align::Zero, ..Binning::default() }.frames(&recordings, 0).unwrap();
        assert_eq!((zero.steps(), zero.channel(0)), (54, (&[50][..], &[2.0][..])));

        let cut =
            Binning { max_steps: Some(2), ..Binning::default() }.frames(&recordings, 0).unwrap();
        assert_eq!((cut.steps(), cut.len()), (2, 2));
    }

    /// Steps of the spikes of one sample on a grid of `1 / per_second` s, in each precision.
    fn clocked(binning: Binning, per_second: f64, numbers: &[u32]) -> [Vec<u32>; 3] {
        [TimeType::Float16, TimeType::Float32, TimeType::Float64].map(|time_type| {
            let sample = |numbers: &[u32]| NewSample {
                seconds: numbers.iter().map(|&number| f64::from(number) / per_second).collect(),
                units: vec![0; numbers.len()],
                label: 0,
            };
            // The second sample shows the grid.
            let grid: Vec<u32> = (0..300).collect();
            let samples = [sample(numbers), sample(&grid)];
            let recordings =
                SpikeRecordings::from_samples("made", 700, 1, time_type, samples).unwrap();
            assert!(recordings.clock().is_some(), "{per_second} {time_type}");
            let frames = binning.frames(&recordings, 0).unwrap();
            assert_eq!(frames.steps(), binning.steps(&recordings, 0));
            assert_eq!(frames.steps() as u32, frames.channel(0).0.last().unwrap() + 1);
            frames.channel(0).0.to_vec()
        })
    }

    #[test]
    fn clocked_spikes_land_on_their_steps() {
        let at = |dt_ms| Binning { dt_ms, align: Align::Zero, ..Binning::default() };
        let numbers: Vec<u32> = (0..1000).collect();
        for per_second in [100.0, 1000.0, 2000.0] {
            let dt_ms = 1000.0 / per_second;
            for steps in clocked(at(dt_ms), per_second, &numbers[..per_second.min(1000.0) as usize])
            {
                assert!(steps.iter().copied().eq(0..steps.len() as u32), "{per_second}");
            }
        }
        // Two and a half grid times per step, then steps that are no multiple at all.
        for dt_ms in [2.5, 1.5, 0.7, 10.0] {
            let expected = |number: u32| (10 * number) / (10.0 * dt_ms) as u32;
            let mut all: Vec<u32> = numbers.iter().map(|&number| expected(number)).collect();
            all.dedup();
            assert_eq!(clocked(at(dt_ms), 1000.0, &numbers), [(); 3].map(|()| all.clone()));
        }
        // Counted from the first spike, which is late.
        let late: Vec<u32> = (700..900).collect();
        for steps in clocked(Binning { dt_ms: 1.0, ..Binning::default() }, 1000.0, &late) {
            assert!(steps.iter().copied().eq(0..200));
        }
        // Grids that are no decimal number of ms.
        for per_second in [3000.0, 44_100.0] {
            let expected = |number: u32| 1000 * number / per_second as u32;
            let numbers: Vec<u32> = (0..4000).collect();
            let mut all: Vec<u32> = numbers.iter().map(|&number| expected(number)).collect();
            all.dedup();
            let [_, single, double] = clocked(at(1.0), per_second, &numbers);
            assert_eq!((&single, &double), (&all, &all), "{per_second}");
        }
    }

    #[test]
    fn changes_of_clocked_samples_start_from_their_steps() {
        let sample = NewSample {
            seconds: (0..500).map(|number| f64::from(number) * 0.001).collect(),
            units: (0..500).map(|number| number % 100).collect(),
            label: 0,
        };
        let recordings =
            SpikeRecordings::from_samples("made", 100, 1, TimeType::Float32, [sample]).unwrap();
        let binning = Binning { dt_ms: 1.0, channel_group: 1, ..Binning::default() };
        let (mut memory, mut spikes) = (BinningMemory::default(), Vec::new());
        binning.spikes_into(&recordings, 0, &mut memory, &mut spikes);
        spikes.reverse();
        let mut frames = SpikeFrames::default();
        binning.bin_into(&recordings, &spikes, &mut memory, &mut frames);
        assert_eq!(frames, binning.frames(&recordings, 0).unwrap());
        assert_eq!(frames.channel(99).0, [99, 199, 299, 399, 499]);
    }

    #[test]
    fn samples_without_spikes_and_with_one_have_one_step() {
        let frames = Binning::default().frames(&recordings(&[], &[]), 0).unwrap();
        assert_eq!((frames.channels(), frames.steps(), frames.len()), (140, 1, 0));
        let frames = Binning::default().frames(&recordings(&[0.3], &[7]), 0).unwrap();
        assert_eq!((frames.steps(), frames.channel(1)), (1, (&[0][..], &[1.0][..])));
    }

    #[test]
    fn spikes_out_of_order_give_the_same_frames() {
        let unordered: Vec<TimedSpike> = (0..500)
            .map(|i| TimedSpike { t_ms: f64::from(i * 37 % 101), unit: (i * 13 % 700) as u16 })
            .collect();
        let mut ordered = unordered.clone();
        ordered.sort_by(|one, other| one.t_ms.total_cmp(&other.t_ms));
        for dt_ms in [10.0, 1.0, 0.001] {
            let binning = Binning { dt_ms, ..Binning::default() };
            assert_eq!(bin(&binning, &unordered), bin(&binning, &ordered));
        }
        let early = bin(
            &Binning::default(),
            &[TimedSpike { t_ms: -3.0, unit: 0 }, TimedSpike { t_ms: 15.0, unit: 0 }],
        );
        assert_eq!((early.steps(), early.channel(0)), (2, (&[0, 1][..], &[1.0, 1.0][..])));
    }

    #[test]
    fn spikes_that_augmentation_moves_far_away_are_left_out() {
        let spikes = [
            TimedSpike { t_ms: 15.0, unit: 0 },
            TimedSpike { t_ms: 1e12, unit: 0 },
            TimedSpike { t_ms: 999_999.0, unit: 5 },
        ];
        let frames = bin(&Binning::default(), &spikes);
        assert_eq!((frames.steps(), frames.len()), (MAX_STEPS, 2));
        assert_eq!(frames.channel(1).0, [99_999]);
        let longer = Binning { max_steps: Some(200_000), ..Binning::default() };
        assert_eq!(bin(&longer, &spikes).steps(), 200_000);
    }

    #[test]
    fn wrong_fields_are_named() {
        let message = |binning: Binning| binning.check().unwrap_err().to_string();
        assert_eq!(
            message(Binning { dt_ms: -1.0, ..Binning::default() }),
            "Binning::dt_ms is -1, but must be a finite number > 0"
        );
        assert_eq!(
            message(Binning { dt_ms: f64::NAN, ..Binning::default() }),
            "Binning::dt_ms is NaN, but must be a finite number > 0"
        );
        assert_eq!(
            message(Binning { channel_group: 0, ..Binning::default() }),
            "Binning::channel_group is 0, but must be >= 1"
        );
        assert!(
            message(Binning { max_steps: Some(0), ..Binning::default() })
                .starts_with("Binning::max_steps is 0")
        );
        let error = Binning::default()
            .frames(&recordings(&[0.0, 1e9], &[0, 0]), 0)
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "made: spikes/times, sample 0, spike 1: at 1000000000 s the sample has 100000000000 steps of 10 ms, \
             but at most 100000 are taken unless Binning::max_steps is set; are times in s? (Layout::time_unit)"
        );
        let error = Binning::default()
            .frames(&recordings(&[0.0, 1e300], &[0, 0]), 0)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("made: spikes/times, sample 0, spike 1: at 1e300 s the sample has 1e302 steps of 10 ms"), "{error}");
        assert!(
            toml::from_str::<Binning>("dt = 1.0")
                .unwrap_err()
                .to_string()
                .contains("unknown field `dt`")
        );
    }

    proptest! {
        /// The same rule written plainly: a dense grid.
        #[test]
        fn frames_equal_a_dense_grid(
            mut seconds in prop::collection::vec(0.0..0.4f64, 0..200),
            units in prop::collection::vec(0..700u16, 200),
            dt_ms in 0.3..20.0f64,
            channel_group in 1..60usize,
        ) {
            seconds.sort_by(f64::total_cmp);
            let units = &units[..seconds.len()];
            let binning = Binning { dt_ms, channel_group, ..Binning::default() };
            let frames = binning.frames(&recordings(&seconds, units), 0).unwrap();
            let times: Vec<f64> = seconds.iter().map(|second| 1000.0 * second - 1000.0 * seconds[0]).collect();
            let steps = times.last().map_or(1, |last| ((last / dt_ms).ceil() as usize).max(1));
            let channels = 700usize.div_ceil(channel_group);
            let mut grid = vec![0.0; channels * steps];
            for (t, &unit) in times.iter().zip(units) {
                grid[usize::from(unit) / channel_group * steps + ((t / dt_ms).floor() as usize).min(steps - 1)] += 1.0;
            }
            prop_assert_eq!((frames.channels(), frames.steps()), (channels, steps));
            let mut dense = vec![0.0; channels * steps];
            for channel in 0..channels {
                let (at, counts) = frames.channel(channel);
                for (&step, &count) in at.iter().zip(counts) {
                    dense[channel * steps + step as usize] = count;
                }
            }
            prop_assert_eq!(dense, grid);
        }
    }
}
