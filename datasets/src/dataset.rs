//! Recordings as a source of frames for training and evaluation.

use std::sync::{Arc, Mutex, MutexGuard};

use rand::RngExt;
use sim_core::{Purpose, SampleSource, Seed, SpikeFrames};

use crate::augmentation::Augmentation;
use crate::binning::{Binning, BinningMemory, TimedSpike};
use crate::error::{Error, Result};
use crate::recordings::SpikeRecordings;

/// Spike recordings, binned on demand and augmented anew every epoch; the recordings are shared,
/// never copied.
#[derive(Debug, Clone)]
pub struct SpikeDataset {
    recordings: Arc<SpikeRecordings>,
    binning: Binning,
    augmentation: Augmentation,
    seed: Seed,
    /// Training samples of each class, among which blends find their partners.
    training: Vec<Vec<u32>>,
    /// Memory that is not in use, for as many samples as threads have made at the same time. Copies
    /// of the data set share it.
    spare: Arc<Mutex<Vec<SampleMemory>>>,
}

/// Working memory for one sample, reused from sample to sample.
#[derive(Debug, Default)]
struct SampleMemory {
    binning: BinningMemory,
    spikes: Vec<TimedSpike>,
    /// Spikes of the sample that it is blended with.
    partner: Vec<TimedSpike>,
}

impl SpikeDataset {
    /// Checks the parameters and that every sample fits them. `training` are the samples of the
    /// training set: only they lend spikes to blends, so nothing leaks from validation.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a field out of range; [`Error::Content`] for a sample of absurd
    /// length (see [`Binning::frames`]); [`Error::Split`] for a training index that does not exist.
    pub fn new(
        recordings: Arc<SpikeRecordings>,
        binning: Binning,
        augmentation: Augmentation,
        seed: Seed,
        training: &[usize],
    ) -> Result<Self> {
        binning.check()?;
        augmentation.check()?;
        for sample in 0..recordings.len() {
            binning.check_length(&recordings, sample)?;
        }
        let mut of_class = vec![Vec::new(); recordings.classes()];
        for &sample in training {
            if sample >= recordings.len() {
                return Err(Error::Split(format!(
                    "training sample {sample}, but there are only {} samples",
                    recordings.len()
                )));
            }
            of_class[recordings.label(sample)].push(sample as u32);
        }
        Ok(Self {
            recordings,
            binning,
            augmentation,
            seed,
            training: of_class,
            spare: Arc::default(),
        })
    }

    /// The memory that is not in use.
    fn spare(&self) -> MutexGuard<'_, Vec<SampleMemory>> {
        self.spare.lock().expect("nothing panics while it holds the lock")
    }

    /// Another training sample of the same class, uniformly.
    fn partner(&self, sample: usize, rng: &mut impl rand::Rng) -> Option<usize> {
        let candidates = &self.training[self.recordings.label(sample)];
        // The sample is listed once. Drawing among one place less and stepping over the sample
        // leaves the others equally likely.
        let own = candidates.iter().position(|&candidate| candidate as usize == sample);
        let others = candidates.len() - usize::from(own.is_some());
        if others == 0 {
            return None;
        }
        let drawn = rng.random_range(0..others);
        Some(candidates[drawn + usize::from(own.is_some_and(|own| drawn >= own))] as usize)
    }
}

impl SampleSource for SpikeDataset {
    fn len(&self) -> usize {
        self.recordings.len()
    }

    fn channels(&self) -> usize {
        self.binning.channels(self.recordings.channels())
    }

    fn classes(&self) -> usize {
        self.recordings.classes()
    }

    fn class_name(&self, class: usize) -> String {
        self.recordings.class_name(class)
    }

    fn label(&self, sample: usize) -> usize {
        self.recordings.label(sample)
    }

    fn speaker(&self, sample: usize) -> Option<u16> {
        self.recordings.speakers().map(|speakers| speakers[sample])
    }

    fn steps(&self, sample: usize) -> usize {
        self.binning.steps(&self.recordings, sample)
    }

    fn frames_into(&self, sample: usize, epoch: Option<u64>, frames: &mut SpikeFrames) {
        let mut memory = self.spare().pop().unwrap_or_default();
        let SampleMemory { binning: working, spikes, partner } = &mut memory;
        let (binning, recordings) = (&self.binning, &*self.recordings);
        binning.spikes_into(recordings, sample, working, spikes);
        if let Some(epoch) = epoch.filter(|_| !self.augmentation.is_off()) {
            let mut rng = self.seed.stream(Purpose::Augmentation, epoch, sample as u64);
            self.augmentation.apply(
                spikes,
                partner,
                recordings.channels(),
                &mut rng,
                |rng, spikes| {
                    let partner = self.partner(sample, rng);
                    partner
                        .inspect(|&partner| {
                            binning.spikes_into(recordings, partner, working, spikes)
                        })
                        .is_some()
                },
            );
        }
        binning.bin_into(recordings, spikes, working, frames);
        self.spare().push(memory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::randman::Randman;

    fn dataset(augmentation: Augmentation) -> SpikeDataset {
        let recordings = Randman { classes: 3, samples_per_class: 8, ..Randman::default() }
            .recordings(Seed(1))
            .unwrap();
        let training: Vec<usize> = (0..18).collect();
        SpikeDataset::new(
            Arc::new(recordings),
            Binning::default(),
            augmentation,
            Seed(9),
            &training,
        )
        .unwrap()
    }

    #[test]
    fn without_augmentation_every_epoch_is_as_recorded() {
        let dataset = dataset(Augmentation::default());
        assert_eq!(
            (dataset.len(), dataset.channels(), dataset.classes(), dataset.label(4)),
            (24, 14, 3, 1)
        );
        let frames = dataset.frames(4, None);
        assert_eq!(frames, dataset.frames(4, Some(3)));
        assert_eq!(frames, dataset.binning.frames(&dataset.recordings, 4).unwrap());
        let steps: Vec<usize> =
            (0..24).map(|sample| dataset.frames(sample, None).steps()).collect();
        let (sample, longest) = dataset.longest().unwrap();
        assert_eq!((steps[sample], steps.iter().copied().max()), (longest, Some(longest)));
    }

    #[test]
    fn augmentation_is_keyed_by_epoch_and_sample() {
        let augmentation =
            Augmentation { channel_shift: 5, time_jitter_ms: 3.0, spike_drop: 0.1, blend: 0.5 };
        let dataset = dataset(augmentation);
        let drawn =
            |epoch| (0..24).map(|sample| dataset.frames(sample, Some(epoch))).collect::<Vec<_>>();
        let first = drawn(0);
        let backwards: Vec<_> =
            (0..24).rev().map(|sample| dataset.frames(sample, Some(0))).collect();
        assert!(first.iter().eq(backwards.iter().rev()), "the order of asking does not matter");
        assert_ne!(first, drawn(1));
        assert_eq!(dataset.frames(2, None), self::dataset(Augmentation::default()).frames(2, None));
    }

    #[test]
    fn blends_take_training_samples_of_the_class_only() {
        let dataset = dataset(Augmentation { blend: 1.0, ..Augmentation::default() });
        let mut rng = Seed(3).stream(Purpose::Augmentation, 0, 0);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            seen.insert(dataset.partner(4, &mut rng).unwrap());
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [1, 7, 10, 13, 16]);
        // A validation sample may blend with any training sample of its class, but nobody asks for
        // that.
        assert!(dataset.partner(22, &mut rng).is_some_and(|partner| partner < 18));
    }

    #[test]
    fn unknown_training_samples_are_named() {
        let recordings = dataset(Augmentation::default()).recordings;
        let error = SpikeDataset::new(
            recordings,
            Binning::default(),
            Augmentation::default(),
            Seed(0),
            &[0, 24],
        )
        .unwrap_err();
        assert_eq!(error.to_string(), "training sample 24, but there are only 24 samples");
    }
}
