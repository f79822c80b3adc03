//! Puts recordings together sample by sample and checks every spike on the way; all readers and
//! generators end here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sim_core::plain;

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::layout::{Known, Layout};
use crate::recordings::{MetaInfo, SpikeRecordings};
use crate::sentence::{Sentence, Setting};
use crate::spike_times::Time;

/// Most channels and classes.
const MOST: usize = 1 << 16;

/// Channels of SHD and SSC. Their highest units are rare: a file whose highest unit is slightly
/// lower is taken for a part of SHD or SSC.
const HEIDELBERG_CHANNELS: usize = 700;

/// A file with more channels than this is taken for a part of SHD or SSC.
const FEWER_CHANNELS: usize = 640;

/// What a file holds besides its spikes.
#[derive(Debug, Default)]
pub(crate) struct Description {
    pub labels: Vec<i128>,
    /// The number in `extra/channels`.
    pub channels: Option<i128>,
    /// `None` if the file has no speakers. Unreadable speakers are kept as an error, since only a
    /// split by speaker depends on them.
    pub speakers: Option<Result<Vec<i128>>>,
    pub class_names: Option<Vec<String>>,
    pub meta_info: BTreeMap<String, MetaInfo>,
    pub notes: Vec<String>,
    pub unit_type: String,
    /// The type of the times where they are integers.
    pub whole_times: Option<String>,
}

/// Recordings under construction; `origin` is the file that errors name.
pub(crate) struct Assembly<T> {
    origin: PathBuf,
    layout: Layout,
    start: Vec<u64>,
    times: Vec<T>,
    units: Vec<u16>,
}

impl<T: Time> Assembly<T> {
    pub(crate) fn new(origin: &Path, layout: &Layout) -> Result<Self> {
        layout.check()?;
        Ok(Self {
            origin: origin.to_owned(),
            layout: *layout,
            start: vec![0],
            times: Vec::new(),
            units: Vec::new(),
        })
    }

    /// Makes room for exactly `samples` more samples with `spikes` spikes: growth by doubling would
    /// cost as much memory again.
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
        let channels = self.layout.channels.unwrap_or(MOST) as i128;
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
        let unit = self.layout.time_unit.unwrap_or_default();
        for (spike, value) in times.iter().map(|time| time.value()).enumerate() {
            let allowed = if !value.is_finite() {
                "times must be finite".to_owned()
            } else if value < 0.0 {
                "times must not be negative".to_owned()
            } else if value < previous {
                format!("times must ascend and the one before is {} {unit}", plain(previous))
            } else {
                previous = value;
                continue;
            };
            return Err(Error::spike(
                &self.origin,
                "spikes/times",
                sample,
                spike,
                format!("time {} {unit}, but {allowed}", plain(value)),
            ));
        }
        // Minus zero fails the quick check, but is a valid time.
        Ok(())
    }

    fn find_bad_unit<U: Copy + Into<i128>>(&self, sample: usize, units: &[U]) -> Result<()> {
        for (spike, unit) in units.iter().map(|&unit| unit.into()).enumerate() {
            let allowed = match unit {
                ..0 => Sentence::from("units must not be negative"),
                _ => match self.layout.channels {
                    Some(channels) if unit >= channels as i128 => {
                        let below = format!("units must be below {channels}, which is ");
                        Sentence::from(below).setting(Setting::Channels)
                    }
                    None if unit >= MOST as i128 => format!("units must be below {MOST}").into(),
                    _ => continue,
                },
            };
            let problem = Sentence::from(format!("unit {unit}, but ")).followed_by(allowed);
            return Err(Error::spike(&self.origin, "spikes/units", sample, spike, problem));
        }
        Ok(())
    }

    /// The finished recordings, once labels and speakers are checked too.
    pub(crate) fn finish(self, description: Description) -> Result<SpikeRecordings> {
        let Description { labels, channels, speakers, class_names, mut notes, .. } = description;
        let class_names = class_names.filter(|names| !names.is_empty());
        let (channels, channels_known) = self.channels(channels)?;
        let named = class_names.as_ref().map(Vec::len);
        // Numbers are no names; they only tell how many classes there are.
        let is_number = |(class, name): (usize, &String)| *name == class.to_string();
        let class_names = class_names.filter(|names| !names.iter().enumerate().all(is_number));
        let (classes, classes_known) = match (self.layout.classes, named) {
            (Some(classes), _) => (classes, Known::Given),
            (None, Some(classes)) => (classes, Known::Stored),
            (None, None) => {
                let highest = labels.iter().copied().max().unwrap_or(0);
                (highest.clamp(0, MOST as i128 - 1) as usize + 1, Known::Inferred)
            }
        };
        if !(1..=MOST).contains(&classes) {
            let problem = format!("names {classes} classes, but there must be 1 to {MOST}");
            return Err(Error::dataset(&self.origin, "extra/keys", problem));
        }
        let why = match classes_known {
            Known::Given => {
                let since = Sentence::from(", since ").setting(Setting::Classes);
                since.text(format!(" is {classes}"))
            }
            Known::Stored => {
                let since = format!(", since extra/keys names {classes} classes; ");
                Sentence::from(since).setting(Setting::Classes).text(" sets another number")
            }
            Known::Inferred => Sentence::default(),
        };
        let labels = self.one_per_sample("labels", "label", &labels, classes, &why)?;
        let speakers = speakers.map(|speakers| {
            self.one_per_sample("extra/speaker", "speaker", &speakers?, MOST, &Sentence::default())
        });
        let (speakers, speakers_left_out) = match speakers {
            None => (None, None),
            Some(Ok(speakers)) => (Some(speakers), None),
            Some(Err(error)) => (None, Some(error.to_string())),
        };
        let left_out = speakers_left_out.as_ref();
        notes.extend(left_out.map(|problem| format!("{problem}; speakers are left out")));
        let Self { origin, layout, start, times, units } = self;
        let per_second = layout.time_unit.unwrap_or_default().per_second();
        let clock = Clock::of(&times, per_second, description.whole_times.is_some());
        let times = T::column(times);
        Ok(SpikeRecordings {
            origin,
            channels,
            channels_known,
            classes,
            classes_known,
            start,
            time_unit: layout.time_unit,
            time_name: description.whole_times.unwrap_or_else(|| times.time_type().to_string()),
            clock,
            times,
            units,
            unit_type: description.unit_type,
            labels,
            speakers,
            speakers_left_out,
            class_names,
            meta_info: description.meta_info,
            notes,
        })
    }

    /// The number of channels; every unit is below it. `stored` is the number in the file.
    fn channels(&self, stored: Option<i128>) -> Result<(usize, Known)> {
        if let Some(channels) = self.layout.channels {
            return Ok((channels, Known::Given));
        }
        let least = self.units.iter().max().map_or(1, |&highest| usize::from(highest) + 1);
        match stored {
            None if (FEWER_CHANNELS + 1..=HEIDELBERG_CHANNELS).contains(&least) => {
                Ok((HEIDELBERG_CHANNELS, Known::Inferred))
            }
            None => Ok((least, Known::Inferred)),
            Some(channels) => match usize::try_from(channels) {
                Ok(channels) if (least..=MOST).contains(&channels) => Ok((channels, Known::Stored)),
                _ => Err(Error::dataset(
                    &self.origin,
                    "extra/channels",
                    format!(
                        "holds {channels}, but the highest unit is {}, so there must be {least} to \
                         {MOST}",
                        least - 1
                    ),
                )),
            },
        }
    }

    fn one_per_sample(
        &self,
        dataset: &str,
        name: &str,
        values: &[i128],
        limit: usize,
        why: &Sentence,
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
                Sentence::from(format!(
                    "{name} {value}, but {name}s must be from 0 to {}",
                    limit - 1
                ))
                .followed_by(why.clone()),
            )),
        };
        values.iter().enumerate().map(narrow).collect()
    }
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::*;

    const LAYOUT: Layout = Layout { channels: Some(700), classes: Some(20), time_unit: None };

    fn push<T: Time>(seconds: &[f64], units: &[i64]) -> Result<SpikeRecordings> {
        let mut assembly = Assembly::<T>::new(Path::new("shd.h5"), &LAYOUT)?;
        let times: Vec<T> = seconds.iter().map(|&second| T::from_value(second)).collect();
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
            format!(
                "{at}, spike 1: unit 812, but units must be below 700, which is Layout::channels"
            )
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
            let mut assembly = Assembly::<f32>::new(Path::new("shd.h5"), &LAYOUT).unwrap();
            assembly.push::<u16>(&[], &[]).unwrap();
            assembly
                .finish(Description {
                    labels: labels.to_vec(),
                    speakers: speakers.map(Ok),
                    ..Description::default()
                })
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            finish(&[20], None),
            "shd.h5: labels, sample 0: label 20, but labels must be from 0 to 19, since \
             Layout::classes is 20"
        );
        assert_eq!(
            finish(&[-1], None),
            "shd.h5: labels, sample 0: label -1, but labels must be from 0 to 19, since \
             Layout::classes is 20"
        );
        assert_eq!(
            finish(&[], None),
            "shd.h5: labels: 0 labels, but there are 1 samples in spikes/times"
        );
    }
}
