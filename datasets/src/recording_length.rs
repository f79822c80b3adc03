//! How long recordings last, and whether that is plausible.

use sim_core::plain;

use crate::recordings::SpikeRecordings;
use crate::time_unit::TimeUnit;

/// Longest median length at which times without a given unit are believed to be seconds.
const LONGEST_S: f64 = 60.0;

impl SpikeRecordings {
    /// The median time of a sample's last spike in seconds; `None` without spikes. Samples without
    /// spikes do not count.
    pub fn median_length_s(&self) -> Option<f64> {
        let lasts = (0..self.len()).filter_map(|sample| Some(self.ends_s(sample)?.1));
        let mut lasts: Vec<f64> = lasts.collect();
        lasts.sort_by(f64::total_cmp);
        let count = lasts.len();
        (count > 0).then(|| (lasts[(count - 1) / 2] + lasts[count / 2]) / 2.0)
    }

    /// Why there is nothing to learn from: no samples, or none with a spike.
    pub fn emptiness(&self) -> Option<String> {
        let samples = self.len();
        if samples == 0 {
            return Some("there are no samples in it: spikes/times is empty".into());
        }
        let is_silent = (0..samples).all(|sample| self.spike_count(sample) == 0);
        is_silent.then(|| format!("spikes/times: none of the {samples} samples holds a spike"))
    }

    /// Why the times are hardly seconds, and the way out: nobody said what their unit is, and the
    /// median recording would last longer than a minute. Calculating with them takes thousands of
    /// steps per sample and learns nothing. `setting` is the person's name for
    /// [`Layout::time_unit`](crate::Layout::time_unit).
    pub fn doubtful_unit(&self, setting: &str) -> Option<String> {
        let median = self.median_length_s().filter(|&median| median > LONGEST_S)?;
        if self.time_unit.is_some() {
            return None;
        }
        let would_fit = |unit: &TimeUnit| median / unit.per_second() <= LONGEST_S;
        let likely = [TimeUnit::Ms, TimeUnit::Us, TimeUnit::Ns].into_iter().find(would_fit);
        let likely = likely.map_or(String::new(), |unit| format!(" Are they in {unit}?"));
        Some(format!(
            "the median recording lasts {} s, longer than a minute, if times are in s.{likely} Say \
             what their unit is: {setting}",
            plain((10.0 * median).round() / 10.0)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::new_samples::NewSample;
    use crate::spike_times::TimeType;

    fn lasting(lengths: &[f64]) -> SpikeRecordings {
        let sample =
            |&length: &f64| NewSample { seconds: vec![0.0, length], units: vec![0, 0], label: 0 };
        let samples = lengths.iter().map(sample).chain([NewSample::default()]);
        SpikeRecordings::from_samples("made", 1, 1, TimeType::Float64, samples).unwrap()
    }

    #[test]
    fn long_recordings_are_doubted_until_their_unit_is_said() {
        assert_eq!(lasting(&[1.0, 2.0, 500.0]).median_length_s(), Some(2.0));
        assert_eq!(lasting(&[]).median_length_s(), None);
        assert_eq!(lasting(&[1.0, 60.0, 500.0]).doubtful_unit("unit"), None);
        for (length, unit) in [(900.0, "ms"), (9e5, "us"), (9e8, "ns")] {
            let doubt = lasting(&[length]).doubtful_unit("unit").unwrap();
            assert!(doubt.contains(&format!(" Are they in {unit}? Say what")), "{doubt}");
        }
        let said = SpikeRecordings { time_unit: Some(TimeUnit::S), ..lasting(&[900.0, 900.0]) };
        assert_eq!(said.doubtful_unit("unit"), None);
    }
}
