//! Checksums that identify samples and their split.

use crate::error::Result;
use crate::splits::Split;
use sha2::{Digest, Sha256};
use sim_core::{SampleSource, SpikeFrames};

/// SHA-256 of all samples as recorded (their labels and every entry of their frames) and of the
/// split (which samples train and which validate).
///
/// # Errors
/// A sample that does not have the channels of the source.
pub fn checksum(samples: &dyn SampleSource, split: &Split) -> Result<String> {
    let mut hash = Sha256::new();
    let mut frames = SpikeFrames::default();
    for shape in [samples.len(), samples.channels(), samples.classes()] {
        hash.update((shape as u64).to_le_bytes());
    }
    let Split { train, validation } = split;
    for side in [train, validation] {
        hash.update((side.len() as u64).to_le_bytes());
        side.iter().for_each(|&sample| hash.update((sample as u64).to_le_bytes()));
    }
    for sample in 0..samples.len() {
        samples.frames_into(sample, None, &mut frames);
        let channels = format!("channels of sample {sample}");
        sim_core::Error::check_length(&channels, frames.channels(), samples.channels())?;
        hash.update((samples.label(sample) as u64).to_le_bytes());
        hash.update((frames.steps() as u64).to_le_bytes());
        // Input that repeats is summed in another order.
        hash.update([u8::from(frames.repeats())]);
        update(&mut hash, &frames);
    }
    Ok(hexadecimal(hash))
}

/// Identifies a sample in any file and beside any other samples: the first eight bytes of the
/// SHA-256 of its entries. `None` for a sample without entries. Copies of a sample have the same
/// digest.
pub fn digest(frames: &SpikeFrames) -> Option<u64> {
    let is_silent = (0..frames.channels()).all(|channel| frames.channel(channel).0.is_empty());
    let mut hash = Sha256::new();
    update(&mut hash, frames);
    let first = hash.finalize().first_chunk().copied();
    first.filter(|_| !is_silent).map(u64::from_be_bytes)
}

/// Hashes every entry of a sample.
fn update(hash: &mut Sha256, frames: &SpikeFrames) {
    for channel in 0..frames.channels() {
        let (steps, counts) = frames.channel(channel);
        hash.update((steps.len() as u64).to_le_bytes());
        steps.iter().for_each(|step| hash.update(step.to_le_bytes()));
        counts.iter().for_each(|count| hash.update(count.to_le_bytes()));
    }
}

/// The checksum of what has been hashed, in 64 hexadecimal digits.
pub fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::labelled_frames::LabelledFrames;

    /// Two samples of one channel; the second has one entry.
    fn two(value: f32, label: usize) -> LabelledFrames {
        let frames = |value| SpikeFrames::from_values(1, 2, &[0.0, value]).unwrap();
        LabelledFrames::new(2, vec![(frames(0.0), 0), (frames(value), label)]).unwrap()
    }

    #[test]
    fn samples_that_differ_in_an_entry_a_label_or_their_split_have_other_checksums() {
        let split = |train: &[usize], validation: &[usize]| Split {
            train: train.into(),
            validation: validation.into(),
        };
        let of = |value, label, split| checksum(&two(value, label), &split).unwrap();
        let usual = of(0.5, 1, split(&[0], &[1]));
        assert_eq!(usual, of(0.5, 1, split(&[0], &[1])));
        assert_eq!(usual.len(), 64);
        assert_ne!(usual, of(-0.5, 1, split(&[0], &[1])));
        assert_ne!(usual, of(0.5, 0, split(&[0], &[1])));
        assert_ne!(usual, of(0.5, 1, split(&[1], &[0])));
        assert_ne!(of(0.5, 1, split(&[0, 1], &[])), of(0.5, 1, split(&[1, 0], &[])));
    }

    #[test]
    fn samples_are_known_by_their_entries_alone() {
        let of = |sample, value, label| digest(&two(value, label).frames(sample, None));
        assert_eq!(of(0, 0.5, 1), None, "it has no entry");
        let usual = of(1, 0.5, 1);
        assert!(usual.is_some() && usual == of(1, 0.5, 0) && usual != of(1, -0.5, 1));
    }

    #[test]
    fn input_that_repeats_is_told_apart() {
        let shown = SpikeFrames::constant(&[0.5], 2).unwrap();
        let written = SpikeFrames::from_values(1, 2, &[0.5, 0.5]).unwrap();
        let split = Split { train: vec![0], validation: vec![] };
        let [shown, written] = [shown, written].map(|frames| {
            checksum(&LabelledFrames::new(1, vec![(frames, 0)]).unwrap(), &split).unwrap()
        });
        assert_ne!(shown, written);
    }

    /// A sample of one channel from a source that says two.
    #[derive(Debug)]
    struct Narrow;

    impl SampleSource for Narrow {
        fn len(&self) -> usize {
            1
        }

        fn channels(&self) -> usize {
            2
        }

        fn classes(&self) -> usize {
            1
        }

        fn label(&self, _sample: usize) -> usize {
            0
        }

        fn frames_into(&self, _sample: usize, _epoch: Option<u64>, frames: &mut SpikeFrames) {
            frames.refill_constant(&[0.5], 2).unwrap();
        }
    }

    #[test]
    fn channels_are_counted() {
        let split = Split { train: vec![0], validation: vec![] };
        let refused = checksum(&Narrow, &split).unwrap_err().to_string();
        assert!(refused.contains("channels of sample 0"), "{refused}");
    }
}
