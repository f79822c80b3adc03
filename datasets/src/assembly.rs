//! Puts recordings together sample by sample and checks every spike on the way; all readers and
//! generators end here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use half::f16;
use sim_core::plain;

use crate::error::{Error, Result};
use crate::recordings::{MetaInfo, SpikeRecordings, SpikeTimes};

/// Number of classes when neither the caller nor the file tells: that of SHD.
pub(crate) const DEFAULT_CLASSES: usize = 20;

/// A precision in which times are stored.
pub(crate) trait Time: Copy {
    /// Seconds, exactly.
    fn seconds(self) -> f64;
    /// The nearest value to `seconds`.
    fn from_seconds(seconds: f64) -> Self;
    /// Whether all times are finite, have no sign bit and ascend (may be equal): the quick check
    /// that nearly every sample passes.
    fn are_plainly_valid(times: &[Self]) -> bool;
    /// The column of all times.
    fn column(times: Vec<Self>) -> SpikeTimes;
}

impl Time for f16 {
    fn seconds(self) -> f64 {
        self.to_f64()
    }
    fn from_seconds(seconds: f64) -> Self {
        Self::from_f64(seconds)
    }
    fn are_plainly_valid(times: &[Self]) -> bool {
        // Bit patterns of numbers without a sign bit ascend as the numbers do; infinity and NaN
        // come after all finite ones.
        times.windows(2).all(|pair| pair[0].to_bits() <= pair[1].to_bits())
            && times.last().is_none_or(|last| last.to_bits() < Self::INFINITY.to_bits())
    }
    fn column(times: Vec<Self>) -> SpikeTimes {
        SpikeTimes::Float16(times)
    }
}

impl Time for f32 {
    fn seconds(self) -> f64 {
        f64::from(self)
    }
    fn from_seconds(seconds: f64) -> Self {
        seconds as Self
    }
    fn are_plainly_valid(times: &[Self]) -> bool {
        times.windows(2).all(|pair| pair[0] <= pair[1])
            && times.first().is_none_or(|&first| first >= 0.0)
            && times.last().is_none_or(|last| last.is_finite())
    }
    fn column(times: Vec<Self>) -> SpikeTimes {
        SpikeTimes::Float32(times)
    }
}

impl Time for f64 {
    fn seconds(self) -> f64 {
        self
    }
    fn from_seconds(seconds: f64) -> Self {
        seconds
    }
    fn are_plainly_valid(times: &[Self]) -> bool {
        times.windows(2).all(|pair| pair[0] <= pair[1])
            && times.first().is_none_or(|&first| first >= 0.0)
            && times.last().is_none_or(|last| last.is_finite())
    }
    fn column(times: Vec<Self>) -> SpikeTimes {
        SpikeTimes::Float64(times)
    }
}

/// What a file tells besides its spikes.
#[derive(Debug, Default)]
pub(crate) struct Description {
    pub labels: Vec<i128>,
    pub speakers: Option<Vec<i128>>,
    pub class_names: Option<Vec<String>>,
    pub meta_info: BTreeMap<String, MetaInfo>,
    pub notes: Vec<String>,
    pub unit_type: String,
    pub classes: Option<usize>,
}

/// Recordings under construction; `origin` is the file that errors name.
pub(crate) struct Assembly<T> {
    origin: PathBuf,
    channels: usize,
    start: Vec<u64>,
    times: Vec<T>,
    units: Vec<u16>,
}

impl<T: Time> Assembly<T> {
    pub(crate) fn new(origin: &Path, channels: usize) -> Result<Self> {
        sim_core::Error::check(
            "channels",
            channels as f64,
            (1..=1 << 16).contains(&channels),
            "in 1..=65536",
        )?;
        Ok(Self {
            origin: origin.to_owned(),
            channels,
            start: vec![0],
            times: Vec::new(),
            units: Vec::new(),
        })
    }

    /// Makes room for `samples` more samples with `spikes` spikes, no more: growing by doubling
    /// would cost as much memory again.
    pub(crate) fn reserve(&mut self, samples: usize, spikes: usize) -> Result<()> {
        let reserved = self.start.try_reserve_exact(samples).is_ok()
            && self.times.try_reserve_exact(spikes).is_ok()
            && self.units.try_reserve_exact(spikes).is_ok();
        if reserved {
            Ok(())
        } else {
            Err(Error::file(&self.origin, format!("its {spikes} spikes do not fit into memory")))
        }
    }

    /// Appends one sample.
    pub(crate) fn push<U: Copy + Into<i128>>(&mut self, times: &[T], units: &[U]) -> Result<()> {
        let sample = self.start.len() - 1;
        if times.len() != units.len() {
            let problem = format!(
                "{} units, but spikes/times has {} times for this sample",
                units.len(),
                times.len()
            );
            return Err(Error::sample(&self.origin, "spikes/units", sample, problem));
        }
        if !T::are_plainly_valid(times) {
            self.find_bad_time(sample, times)?;
        }
        let channels = self.channels as i128;
        if !units.iter().all(|&unit| (0..channels).contains(&unit.into())) {
            self.find_bad_unit(sample, units)?;
        }
        self.times.extend_from_slice(times);
        self.units.extend(units.iter().map(|&unit| unit.into() as u16));
        self.start.push(self.times.len() as u64);
        Ok(())
    }

    fn find_bad_time(&self, sample: usize, times: &[T]) -> Result<()> {
        let mut previous = 0.0;
        for (spike, second) in times.iter().map(|time| time.seconds()).enumerate() {
            let allowed = if !second.is_finite() {
                "times must be finite".to_owned()
            } else if second < 0.0 {
                "times must not be negative".to_owned()
            } else if second < previous {
                format!("times must ascend and the one before is {} s", plain(previous))
            } else {
                previous = second;
                continue;
            };
            return Err(Error::spike(
                &self.origin,
                "spikes/times",
                sample,
                spike,
                format!("time {} s, but {allowed}", plain(second)),
            ));
        }
        // A minus zero fails the quick check and is a fine time.
        Ok(())
    }

    fn find_bad_unit<U: Copy + Into<i128>>(&self, sample: usize, units: &[U]) -> Result<()> {
        for (spike, unit) in units.iter().map(|&unit| unit.into()).enumerate() {
            let allowed = match unit {
                ..0 => "units must not be negative".to_owned(),
                _ if unit >= self.channels as i128 => {
                    format!("units must be below {}", self.channels)
                }
                _ => continue,
            };
            return Err(Error::spike(
                &self.origin,
                "spikes/units",
                sample,
                spike,
                format!("unit {unit}, but {allowed}"),
            ));
        }
        Ok(())
    }

    /// The finished recordings, once labels and speakers are checked too.
    pub(crate) fn finish(self, description: Description) -> Result<SpikeRecordings> {
        let Description { labels, speakers, class_names, meta_info, notes, unit_type, classes } =
            description;
        let classes = classes.or(class_names.as_ref().map(Vec::len)).unwrap_or(DEFAULT_CLASSES);
        sim_core::Error::check(
            "classes",
            classes as f64,
            (1..=1 << 16).contains(&classes),
            "in 1..=65536",
        )?;
        let labels = self.one_per_sample("labels", "label", &labels, classes)?;
        let speakers = speakers
            .map(|speakers| self.one_per_sample("extra/speaker", "speaker", &speakers, 1 << 16))
            .transpose()?;
        let Self { origin, channels, start, times, units } = self;
        Ok(SpikeRecordings {
            origin,
            channels,
            classes,
            start,
            times: T::column(times),
            units,
            unit_type,
            labels,
            speakers,
            class_names,
            meta_info,
            notes,
        })
    }

    fn one_per_sample(
        &self,
        dataset: &str,
        name: &str,
        values: &[i128],
        limit: usize,
    ) -> Result<Vec<u16>> {
        let samples = self.start.len() - 1;
        if values.len() != samples {
            let problem = format!(
                "{} {name}s, but there are {samples} samples in spikes/times",
                values.len()
            );
            return Err(Error::dataset(&self.origin, dataset, problem));
        }
        let narrow = |(sample, &value): (usize, &i128)| match u16::try_from(value) {
            Ok(narrow) if usize::from(narrow) < limit => Ok(narrow),
            _ => Err(Error::sample(
                &self.origin,
                dataset,
                sample,
                format!("{name} {value}, but {name}s must be in 0..={}", limit - 1),
            )),
        };
        values.iter().enumerate().map(narrow).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push<T: Time>(seconds: &[f64], units: &[i64]) -> Result<SpikeRecordings> {
        let mut assembly = Assembly::<T>::new(Path::new("shd.h5"), 700)?;
        let times: Vec<T> = seconds.iter().map(|&second| T::from_seconds(second)).collect();
        assembly.push::<i64>(&[], &[])?;
        assembly.push(&times, units)?;
        assembly.finish(Description { labels: vec![0, 19], ..Description::default() })
    }

    fn message<T: Time>(seconds: &[f64], units: &[i64]) -> String {
        push::<T>(seconds, units).unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_time_is_named_in_every_precision() {
        fn all<T: Time>() {
            let of = |second| message::<T>(&[0.0, 0.5, second], &[1, 2, 3]);
            let at = "shd.h5: spikes/times, sample 1, spike 2: time";
            assert_eq!(of(f64::NAN), format!("{at} NaN s, but times must be finite"));
            assert_eq!(of(f64::INFINITY), format!("{at} inf s, but times must be finite"));
            assert_eq!(of(-1.0), format!("{at} -1 s, but times must not be negative"));
            assert_eq!(
                of(0.25),
                format!("{at} 0.25 s, but times must ascend and the one before is 0.5 s")
            );
            assert!(push::<T>(&[-0.0, 0.0, 0.0, 1.0], &[0; 4]).is_ok());
        }
        all::<f16>();
        all::<f32>();
        all::<f64>();
        assert!(message::<f64>(&[f64::NAN], &[0]).contains("spike 0: time NaN s"));
        assert!(message::<f32>(&[-0.5, 1.0], &[0, 0]).contains("spike 0: time -0.5 s"));
    }

    #[test]
    fn a_wrong_unit_is_named() {
        let at = "shd.h5: spikes/units, sample 1";
        assert_eq!(
            message::<f16>(&[0.0, 1.0], &[0, 812]),
            format!("{at}, spike 1: unit 812, but units must be below 700")
        );
        assert_eq!(
            message::<f16>(&[0.0, 1.0], &[-1, 0]),
            format!("{at}, spike 0: unit -1, but units must not be negative")
        );
        assert_eq!(
            message::<f16>(&[0.0, 1.0], &[0]),
            format!("{at}: 1 units, but spikes/times has 2 times for this sample")
        );
    }

    #[test]
    fn a_wrong_label_is_named() {
        let finish = |labels: &[i128], speakers: Option<Vec<i128>>| {
            let mut assembly = Assembly::<f32>::new(Path::new("shd.h5"), 700).unwrap();
            assembly.push::<u16>(&[], &[]).unwrap();
            assembly
                .finish(Description { labels: labels.to_vec(), speakers, ..Description::default() })
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            finish(&[20], None),
            "shd.h5: labels, sample 0: label 20, but labels must be in 0..=19"
        );
        assert_eq!(
            finish(&[-1], None),
            "shd.h5: labels, sample 0: label -1, but labels must be in 0..=19"
        );
        assert_eq!(
            finish(&[], None),
            "shd.h5: labels: 0 labels, but there are 1 samples in spikes/times"
        );
        assert_eq!(
            finish(&[3], Some(vec![70_000])),
            "shd.h5: extra/speaker, sample 0: speaker 70000, but speakers must be in 0..=65535"
        );
    }
}
