//! Whether recordings that can be read are fit to be trained on.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;

use crate::listing::listed_up_to;
use crate::recordings::SpikeRecordings;
use crate::shown_name::shown_name;
use crate::summary::Summary;

/// Classes that a warning names.
const MOST_NAMED: usize = 5;

/// What stops or may mislead training, a sentence each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Soundness {
    /// What makes training senseless: no samples, no spikes.
    pub fault: Option<String>,
    /// What may be intended, but may mislead: silent samples, classes with one sample or none,
    /// classes with the same name, copies of samples, data that was left out.
    pub warnings: Vec<String>,
}

impl Soundness {
    /// Looks through recordings and their summary. Every spike, unit and label has been checked
    /// when they were read.
    pub fn of(recordings: &SpikeRecordings, summary: &Summary) -> Self {
        let Summary { file, samples, silent_samples, .. } = summary;
        let mut sound = Self { fault: None, warnings: summary.notes.clone() };
        if let Some(problem) = recordings.emptiness() {
            sound.fault = Some(format!("{file}: {problem}"));
            return sound;
        }
        let mut warn = |warning| sound.warnings.push(format!("{file}: {warning}"));
        if *silent_samples > 0 {
            let first = (0..*samples).find(|&sample| recordings.spike_count(sample) == 0);
            warn(format!(
                "spikes/times: samples without a spike: {silent_samples} of {samples}, the first \
                 is sample {}",
                first.unwrap_or_default()
            ));
        }
        for (count, what) in [(0, "no sample"), (1, "one sample only")] {
            let classes = summary.classes.iter().filter(|class| class.samples == count);
            let names: Vec<&str> = classes.map(|class| class.name.as_str()).collect();
            if !names.is_empty() {
                warn(format!(
                    "labels: there is {what} of class {}",
                    listed_up_to(MOST_NAMED, &names)
                ));
            }
        }
        if summary.classes.iter().filter(|class| class.samples > 0).count() == 1 {
            warn("labels: all samples are of one class, so there is nothing to tell apart".into());
        }
        if let Some((first, second)) = recordings.classes_of_one_name() {
            warn(format!(
                "extra/keys: classes {first} and {second} are both called {}",
                shown_name(&recordings.class_name(first))
            ));
        }
        let copies = Copies::of(recordings);
        if let Some((copy, original)) = copies.first {
            warn(format!(
                "spikes: copies of earlier samples: {} of {samples}, the first is sample {copy} of \
                 sample {original}",
                copies.all
            ));
        }
        if let Some((copy, original)) = copies.first_of_another_label {
            warn(format!(
                "labels: copies with another label than the original: {}, the first is sample \
                 {copy} of sample {original}",
                copies.of_another_label
            ));
        }
        sound
    }
}

/// Samples with exactly the spikes of an earlier sample; silent samples do not count.
#[derive(Debug, Default)]
struct Copies {
    all: usize,
    first: Option<(usize, usize)>,
    of_another_label: usize,
    first_of_another_label: Option<(usize, usize)>,
}

impl Copies {
    fn of(recordings: &SpikeRecordings) -> Self {
        let mut copies = Self::default();
        let mut seen: HashMap<u64, Vec<usize>> = HashMap::new();
        for sample in (0..recordings.len()).filter(|&sample| recordings.spike_count(sample) > 0) {
            let mut hash = DefaultHasher::new();
            recordings.units(sample).hash(&mut hash);
            recordings.seconds(sample).for_each(|second| second.to_bits().hash(&mut hash));
            let alike = seen.entry(hash.finish()).or_default();
            let original = alike.iter().copied().find(|&earlier| {
                recordings.units(earlier) == recordings.units(sample)
                    && recordings.seconds(earlier).eq(recordings.seconds(sample))
            });
            let Some(original) = original else {
                alike.push(sample);
                continue;
            };
            copies.all += 1;
            copies.first.get_or_insert((sample, original));
            if recordings.label(sample) != recordings.label(original) {
                copies.of_another_label += 1;
                copies.first_of_another_label.get_or_insert((sample, original));
            }
        }
        copies
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::RecordingFile;
    use crate::new_samples::NewSample;
    use crate::spike_times::TimeType;

    fn sample(second: f64, label: u16) -> NewSample {
        NewSample { seconds: vec![0.0, second], units: vec![1, 2], label }
    }

    fn soundness(classes: usize, samples: impl IntoIterator<Item = NewSample>) -> Soundness {
        let recordings =
            SpikeRecordings::from_samples("made", 3, classes, TimeType::Float64, samples).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made.h5");
        recordings.write(&path).unwrap();
        let file = RecordingFile::open(&path).unwrap();
        let mut summary = Summary::new(&file, &recordings).unwrap();
        summary.file = "made.h5".into();
        Soundness::of(&recordings, &summary)
    }

    #[test]
    fn recordings_without_fault_are_sound() {
        let samples = (0..6u16).map(|index| sample(0.5 + f64::from(index), index % 2));
        assert_eq!(soundness(2, samples), Soundness::default());
    }

    #[test]
    fn what_makes_training_senseless_is_a_fault() {
        let none = soundness(2, []).fault.unwrap();
        assert_eq!(none, "made.h5: there are no samples in it: spikes/times is empty");
        let silent = (0..3).map(|label| NewSample { label, ..NewSample::default() });
        let silent = soundness(3, silent).fault.unwrap();
        assert_eq!(silent, "made.h5: spikes/times: none of the 3 samples holds a spike");
    }

    #[test]
    fn what_may_mislead_is_a_warning() {
        let samples = [
            sample(0.5, 0),
            sample(0.25, 0),
            NewSample { label: 0, ..NewSample::default() },
            NewSample { label: 1, ..NewSample::default() },
            sample(0.25, 0),
            sample(0.5, 2),
        ];
        let sound = soundness(9, samples);
        assert_eq!(sound.fault, None);
        assert_eq!(
            sound.warnings,
            [
                "made.h5: spikes/times: samples without a spike: 2 of 6, the first is sample 2",
                "made.h5: labels: there is no sample of class 3, 4, 5, 6, 7 and 1 more",
                "made.h5: labels: there is one sample only of class 1, 2",
                "made.h5: spikes: copies of earlier samples: 2 of 6, the first is sample 4 of \
                 sample 1",
                "made.h5: labels: copies with another label than the original: 1, the first is \
                 sample 5 of sample 0",
            ]
        );
        let one = soundness(1, [sample(0.5, 0), sample(0.25, 0)]).warnings;
        assert_eq!(
            one,
            ["made.h5: labels: all samples are of one class, so there is nothing to tell apart"]
        );
    }
}
