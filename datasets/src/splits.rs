//! Which samples train and which validate.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::PathBuf;

use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use sim_core::{Purpose, SampleSource, Seed, mislabelled};

use crate::error::{Error, Result};
use crate::recordings::SpikeRecordings;
use crate::time_unit::TimeUnit;

/// What tells the validation samples from the training samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitBy {
    /// Chance, the same share of every class.
    #[default]
    Random,
    /// The speaker: validation is on people never heard in training, as a test is.
    Speaker,
    /// The file: samples of another file validate, such as the validation file of SSC.
    File,
}

/// An [`Error::Parameter`].
fn out_of_range(field: &str, value: impl Display, allowed: &str) -> sim_core::Error {
    sim_core::Error::out_of_range(field, value, allowed)
}

/// What validates: a part of the file that is trained on, or another file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Splitting {
    /// By chance, by speaker or by file. Default: by chance.
    pub by: SplitBy,
    /// Share of the samples of each class that validates, with `by = "random"`. Default 0.2, in (0,
    /// 1). Of a class with two samples or more at least one validates and one trains.
    pub fraction: f64,
    /// Speakers (`extra/speaker`) whose samples validate, with `by = "speaker"`. Default: none,
    /// which is an error.
    pub speakers: Vec<u16>,
    /// The file that validates, with `by = "file"`; `--validation` on the command line. Default:
    /// none, which is an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// What one unit of the times in that file is, written as `data.source.time_unit`. Default: the
    /// unit of the file that is trained on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_unit: Option<TimeUnit>,
}

impl Default for Splitting {
    fn default() -> Self {
        Self {
            by: SplitBy::Random,
            fraction: 0.2,
            speakers: Vec::new(),
            path: None,
            time_unit: None,
        }
    }
}

/// Indices of samples, ascending, each in exactly one of the two lists and neither list empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Samples to train on.
    pub train: Vec<usize>,
    /// Samples to validate on.
    pub validation: Vec<usize>,
}

impl Split {
    /// Holds out `fraction` of every class by chance; samples may come from anywhere.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a fraction outside (0, 1); [`Error::Split`] when one side would be
    /// empty, or the class of a sample does not exist.
    pub fn by_chance(samples: &dyn SampleSource, fraction: f64, seed: Seed) -> Result<Self> {
        Splitting::random(fraction).check()?;
        let labels = (0..samples.len()).map(|sample| samples.label(sample));
        if let Some(problem) = mislabelled(samples) {
            return Err(Error::Split(problem));
        }
        let validates = chosen_by_chance(labels, samples.classes(), fraction, seed);
        Self::of(&validates).map_err(Error::Split)
    }

    /// The first `train` samples train, the `validation` samples after them validate, as for two
    /// joined files.
    ///
    /// # Errors
    /// [`Error::Split`] when `train` or `validation` is 0.
    pub fn in_two(train: usize, validation: usize) -> Result<Self> {
        let validates: Vec<bool> = (0..train + validation).map(|sample| sample >= train).collect();
        Self::of(&validates).map_err(Error::Split)
    }

    /// How many samples of each class train, and how many validate.
    pub fn of_class(&self, samples: &dyn SampleSource) -> Vec<(usize, usize)> {
        let mut counts = vec![(0, 0); samples.classes()];
        self.train.iter().for_each(|&sample| counts[samples.label(sample)].0 += 1);
        self.validation.iter().for_each(|&sample| counts[samples.label(sample)].1 += 1);
        counts
    }

    /// The split in which a sample validates where `validates` is true.
    fn of(validates: &[bool]) -> std::result::Result<Self, String> {
        let (validation, train): (Vec<_>, Vec<_>) =
            (0..validates.len()).partition(|&sample| validates[sample]);
        for (side, samples) in [("validation", &validation), ("training", &train)] {
            if samples.is_empty() {
                let all = validates.len();
                return Err(format!("the split leaves no sample for {side} out of {all}"));
            }
        }
        Ok(Self { train, validation })
    }
}

/// Tells of every sample whether it validates: a share of each class, chosen by chance.
fn chosen_by_chance(
    labels: impl Iterator<Item = usize>,
    classes: usize,
    fraction: f64,
    seed: Seed,
) -> Vec<bool> {
    let mut of_class = vec![Vec::new(); classes];
    let mut validates = Vec::new();
    for (sample, label) in labels.enumerate() {
        of_class[label].push(sample);
        validates.push(false);
    }
    for (class, samples) in of_class.iter_mut().enumerate() {
        samples.shuffle(&mut seed.stream(Purpose::Split, class as u64, 0));
        let held_out = (fraction * samples.len() as f64).round() as usize;
        // A single sample trains; of several samples at least one is on either side.
        let held_out = match samples.len() {
            0 | 1 => 0,
            several => held_out.clamp(1, several - 1),
        };
        samples[..held_out].iter().for_each(|&sample| validates[sample] = true);
    }
    validates
}

impl Splitting {
    /// A splitting by chance, in which this share of each class validates.
    pub fn random(fraction: f64) -> Self {
        Self { by: SplitBy::Random, fraction, ..Self::default() }
    }

    /// Checks every field that is used.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a fraction outside (0, 1); [`Error::Split`] when no speaker or no
    /// file is named.
    pub fn check(&self) -> Result<()> {
        if let Some(path) = self.path.as_ref().filter(|_| self.by != SplitBy::File) {
            let allowed = "left out unless by is \"file\"";
            return Err(out_of_range("Splitting::path", path.display(), allowed).into());
        }
        if let Some(unit) = self.time_unit.filter(|_| self.by != SplitBy::File) {
            let allowed = "left out unless by is \"file\"";
            return Err(out_of_range("Splitting::time_unit", unit, allowed).into());
        }
        match self.by {
            SplitBy::Random => {
                let inside = self.fraction > 0.0 && self.fraction < 1.0;
                Ok(sim_core::Error::check(
                    "Splitting::fraction",
                    self.fraction,
                    inside,
                    "between 0 and 1, both excluded",
                )?)
            }
            SplitBy::Speaker if self.speakers.is_empty() => {
                let allowed = "the speakers to hold out where by is \"speaker\"";
                Err(out_of_range("Splitting::speakers", "empty", allowed).into())
            }
            SplitBy::File if self.path.is_none() => {
                let allowed = "the file that validates (--validation FILE) where by is \"file\"";
                Err(out_of_range("Splitting::path", "missing", allowed).into())
            }
            SplitBy::Speaker | SplitBy::File => Ok(()),
        }
    }

    /// A sentence that says that the named speakers are not used, if they are not.
    pub fn unused(&self) -> Option<String> {
        let by = match self.by {
            SplitBy::Speaker => return None,
            SplitBy::Random => "random",
            SplitBy::File => "file",
        };
        (!self.speakers.is_empty())
            .then(|| format!("data.split.speakers is not used, since data.split.by is \"{by}\""))
    }

    /// Splits the recordings of one file. `seed` matters for a random split only.
    ///
    /// # Errors
    /// Those of [`check`](Self::check); [`Error::Content`] when a speaker does not occur;
    /// [`Error::File`] when the recordings name no speakers or one side would be empty;
    /// [`Error::Split`] for a split by file, which [`Split::in_two`] makes.
    pub fn split(&self, recordings: &SpikeRecordings, seed: Seed) -> Result<Split> {
        self.check()?;
        let validates = match self.by {
            SplitBy::Random => {
                let labels = recordings.labels().iter().map(|&label| usize::from(label));
                chosen_by_chance(labels, recordings.classes(), self.fraction, seed)
            }
            SplitBy::Speaker => self.spoken_by(recordings)?,
            SplitBy::File => {
                let problem = "another file validates, so this one is not split";
                return Err(Error::Split(problem.into()));
            }
        };
        Split::of(&validates).map_err(|problem| Error::file(recordings.origin(), problem))
    }

    fn spoken_by(&self, recordings: &SpikeRecordings) -> Result<Vec<bool>> {
        let missing = || match &recordings.speakers_left_out {
            Some(problem) => {
                Error::Split(format!("{problem}; a split by speaker needs the speakers"))
            }
            None => Error::file(
                recordings.origin(),
                "there is no dataset extra/speaker, but a split by speaker needs it",
            ),
        };
        let speakers = recordings.speakers().ok_or_else(missing)?;
        let known: BTreeSet<u16> = speakers.iter().copied().collect();
        for speaker in &self.speakers {
            if !known.contains(speaker) {
                let there = match known.iter().map(u16::to_string).collect::<Vec<_>>().as_slice() {
                    [] => "there are no samples".to_owned(),
                    [only] => format!("there is only speaker {only}"),
                    several => format!("there are only speakers {}", several.join(", ")),
                };
                let problem = format!("speaker {speaker} is to be held out, but {there}");
                return Err(Error::dataset(recordings.origin(), "extra/speaker", problem));
            }
        }
        Ok(speakers.iter().map(|speaker| self.speakers.contains(speaker)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::new_samples::NewSample;
    use crate::spike_times::TimeType;

    /// Samples of these speakers validate.
    fn hold_out(speakers: impl Into<Vec<u16>>) -> Splitting {
        Splitting { by: SplitBy::Speaker, speakers: speakers.into(), ..Splitting::default() }
    }

    /// 60 samples: classes 0, 1, 2 in turn, speakers 0..5 in blocks of twelve.
    fn recordings() -> SpikeRecordings {
        let samples = (0..60).map(|sample| NewSample { label: sample % 3, ..NewSample::default() });
        let recordings =
            SpikeRecordings::from_samples("made", 1, 3, TimeType::Float32, samples).unwrap();
        recordings.with_speakers((0..60).map(|sample| sample / 12).collect())
    }

    #[test]
    fn a_split_by_speaker_shares_no_speaker() {
        let split = hold_out([1, 4]).split(&recordings(), Seed(0)).unwrap();
        assert_eq!(split.validation, (12..24).chain(48..60).collect::<Vec<_>>());
        assert_eq!(split.train, (0..12).chain(24..48).collect::<Vec<_>>());
    }

    /// Two samples, the second of a class that is not there.
    #[derive(Debug)]
    struct Mislabelled;

    impl SampleSource for Mislabelled {
        fn len(&self) -> usize {
            2
        }

        fn channels(&self) -> usize {
            1
        }

        fn classes(&self) -> usize {
            1
        }

        fn label(&self, sample: usize) -> usize {
            sample
        }

        fn frames_into(&self, _: usize, _: Option<u64>, _: &mut sim_core::SpikeFrames) {}
    }

    #[test]
    fn a_class_that_is_not_there_is_no_panic() {
        let refused = Split::by_chance(&Mislabelled, 0.5, Seed(0)).unwrap_err().to_string();
        assert!(refused.contains("sample 1 is of class 1, but there are 1"), "{refused}");
    }

    #[test]
    fn a_random_split_takes_its_share_of_every_class_and_repeats() {
        let split = |seed| Splitting::random(0.25).split(&recordings(), Seed(seed)).unwrap();
        let first = split(1);
        assert_eq!(first, split(1));
        assert_ne!(first, split(2));
        assert_eq!((first.train.len(), first.validation.len()), (45, 15));
        for class in 0..3 {
            assert_eq!(first.validation.iter().filter(|&&sample| sample % 3 == class).count(), 5);
        }
        let mut all = [first.train.clone(), first.validation.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..60).collect::<Vec<_>>());
        assert!(first.train.is_sorted() && first.validation.is_sorted());
    }

    #[test]
    fn of_several_samples_one_is_on_either_side() {
        let recordings = recordings().select(&[0, 1, 4, 2, 5, 8, 11]);
        let counts = |fraction| {
            let split = Splitting::random(fraction).split(&recordings, Seed(0)).unwrap();
            let mut counts = vec![(0, 0); 3];
            split.train.iter().for_each(|&sample| counts[recordings.label(sample)].0 += 1);
            split.validation.iter().for_each(|&sample| counts[recordings.label(sample)].1 += 1);
            counts
        };
        assert_eq!(counts(0.01), [(1, 0), (1, 1), (3, 1)]);
        assert_eq!(counts(0.5), [(1, 0), (1, 1), (2, 2)]);
        assert_eq!(counts(0.99), [(1, 0), (1, 1), (1, 3)]);
    }

    #[test]
    fn two_files_make_a_split() {
        let split = Split::in_two(2, 3).unwrap();
        assert_eq!((split.train, split.validation), (vec![0, 1], vec![2, 3, 4]));
        assert!(Split::in_two(2, 0).is_err());
    }

    #[test]
    fn what_cannot_be_split_is_said() {
        let message = |splitting: Splitting, recordings: &SpikeRecordings| {
            splitting.split(recordings, Seed(0)).unwrap_err().to_string()
        };
        let mut mute = recordings();
        mute.speakers = None;
        assert_eq!(
            message(hold_out([3]), &mute),
            "made: there is no dataset extra/speaker, but a split by speaker needs it"
        );
        assert_eq!(
            message(hold_out([3, 9]), &recordings()),
            "made: extra/speaker: speaker 9 is to be held out, but there are only speakers 0, 1, \
             2, 3, 4"
        );
        assert_eq!(
            message(hold_out([3]), &recordings().select(&[])),
            "made: extra/speaker: speaker 3 is to be held out, but there are no samples"
        );
        assert_eq!(
            message(hold_out([3]), &recordings().select(&[0, 1])),
            "made: extra/speaker: speaker 3 is to be held out, but there is only speaker 0"
        );
        assert_eq!(
            message(hold_out([0, 1, 2, 3, 4]), &recordings()),
            "made: the split leaves no sample for training out of 60"
        );
        assert!(message(hold_out([]), &recordings()).starts_with("Splitting::speakers is empty"));
        assert_eq!(
            message(Splitting::random(0.5), &recordings().select(&[0, 1, 2])),
            "made: the split leaves no sample for validation out of 3"
        );
        let by_file = Splitting { by: SplitBy::File, ..Splitting::default() };
        assert!(message(by_file, &recordings()).starts_with("Splitting::path is missing"));
        assert_eq!(
            message(Splitting::random(1.0), &recordings()),
            "Splitting::fraction is 1, but must be between 0 and 1, both excluded"
        );
    }

    #[test]
    fn it_is_a_section_of_a_file() {
        let text = "by = \"speaker\"\nfraction = 0.2\nspeakers = [3, 9]\n";
        let splitting: Splitting = toml::from_str(text).unwrap();
        assert_eq!(splitting, hold_out([3, 9]));
        assert_eq!(toml::to_string(&splitting).unwrap(), text);
        assert!(toml::from_str::<Splitting>("speaker = [3]").is_err());
    }
}
