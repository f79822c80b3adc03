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

    let zero = Binning { align: Align::Zero, ..Binning::default() }.frames(&recordings, 0).unwrap();
    assert_eq!((zero.steps(), zero.channel(0)), (54, (&[50][..], &[2.0][..])));

    let cut = Binning { max_steps: Some(2), ..Binning::default() }.frames(&recordings, 0).unwrap();
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
        let recordings = SpikeRecordings::from_samples("made", 700, 1, time_type, samples).unwrap();
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
        for steps in clocked(at(dt_ms), per_second, &numbers[..per_second.min(1000.0) as usize]) {
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
    let error =
        Binning::default().frames(&recordings(&[0.0, 1e9], &[0, 0]), 0).unwrap_err().to_string();
    assert_eq!(
        error,
        "made: spikes/times, sample 0, spike 1: at 1000000000 s the sample has 100000000000 \
         steps of 10 ms, but at most 100000 are taken unless Binning::max_steps is set; are \
         times in s? (Layout::time_unit)"
    );
    let error =
        Binning::default().frames(&recordings(&[0.0, 1e300], &[0, 0]), 0).unwrap_err().to_string();
    assert!(
        error.starts_with(
            "made: spikes/times, sample 0, spike 1: at 1e300 s the sample has 1e302 steps of \
             10 ms"
        ),
        "{error}"
    );
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
        let times: Vec<f64> =
            seconds.iter().map(|second| 1000.0 * second - 1000.0 * seconds[0]).collect();
        let steps = times.last().map_or(1, |last| ((last / dt_ms).ceil() as usize).max(1));
        let channels = 700usize.div_ceil(channel_group);
        let mut grid = vec![0.0; channels * steps];
        for (t, &unit) in times.iter().zip(units) {
            grid[usize::from(unit) / channel_group * steps
                + ((t / dt_ms).floor() as usize).min(steps - 1)] += 1.0;
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
