//! What tells samples in memory, and their split, from others.

use crate::error::Result;
use crate::splits::Split;
use sha2::{Digest, Sha256};
use sim_core::{SampleSource, SpikeFrames};

/// SHA-256 of all samples as recorded, their labels and every entry of their frames, and of which
/// of them train and which validate.
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
        for channel in 0..frames.channels() {
            let (steps, counts) = frames.channel(channel);
            hash.update((steps.len() as u64).to_le_bytes());
            steps.iter().for_each(|step| hash.update(step.to_le_bytes()));
            counts.iter().for_each(|count| hash.update(count.to_le_bytes()));
        }
    }
    Ok(hexadecimal(hash))
}

/// The checksum of what has been hashed.
pub(crate) fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two samples of one channel; the second has one entry.
    #[derive(Debug)]
    struct Two {
        value: f32,
        label: usize,
    }

    /// One image, which is shown or written out.
    #[derive(Debug)]
    struct Image {
        shown: bool,
        channels: usize,
    }

    impl SampleSource for Image {
        fn len(&self) -> usize {
            1
        }

        fn channels(&self) -> usize {
            self.channels
        }

        fn classes(&self) -> usize {
            1
        }

        fn label(&self, _sample: usize) -> usize {
            0
        }

        fn frames_into(&self, _sample: usize, _epoch: Option<u64>, frames: &mut SpikeFrames) {
            match self.shown {
                true => frames.refill_constant(&[0.5], 2).unwrap(),
                false => frames.refill_values(1, 2, &[0.5, 0.5]).unwrap(),
            }
        }
    }

    #[test]
    fn input_that_repeats_is_told_apart_and_channels_are_counted() {
        let split = Split { train: vec![0], validation: vec![] };
        let of = |shown, channels| checksum(&Image { shown, channels }, &split);
        assert_ne!(of(true, 1).unwrap(), of(false, 1).unwrap());
        let refused = of(true, 2).unwrap_err().to_string();
        assert!(refused.contains("channels of sample 0"), "{refused}");
    }

    impl SampleSource for Two {
        fn len(&self) -> usize {
            2
        }

        fn channels(&self) -> usize {
            1
        }

        fn classes(&self) -> usize {
            2
        }

        fn label(&self, sample: usize) -> usize {
            sample * self.label
        }

        fn frames_into(&self, sample: usize, _epoch: Option<u64>, frames: &mut SpikeFrames) {
            frames.refill_values(1, 2, &[0.0, sample as f32 * self.value]).unwrap();
        }
    }

    #[test]
    fn samples_that_differ_in_an_entry_a_label_or_their_split_have_other_checksums() {
        let split = |train, validation| Split { train: vec![train], validation: vec![validation] };
        let of = |value, label| checksum(&Two { value, label }, &split(0, 1)).unwrap();
        assert_eq!(of(0.5, 1), of(0.5, 1));
        assert_eq!(of(0.5, 1).len(), 64);
        assert_ne!(of(0.5, 1), of(-0.5, 1));
        assert_ne!(of(0.5, 1), of(0.5, 0));
        let order = Split { train: vec![1, 0], validation: vec![] };
        let other = Split { train: vec![0, 1], validation: vec![] };
        let two = Two { value: 0.5, label: 1 };
        assert_ne!(checksum(&two, &order).unwrap(), checksum(&two, &other).unwrap());
        assert_ne!(of(0.5, 1), checksum(&Two { value: 0.5, label: 1 }, &split(1, 0)).unwrap());
    }
}
