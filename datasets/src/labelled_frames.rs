//! Samples that a program made, in memory.

use crate::error::Result;
use sim_core::{Error, SampleSource, SpikeFrames};

/// Frames with their classes: the plainest [`SampleSource`].
///
/// ```
/// use datasets::LabelledFrames;
/// use sim_core::{SampleSource, SpikeFrames};
///
/// let early = SpikeFrames::from_events(2, 10, &[(0, 1), (1, 2)])?;
/// let late = SpikeFrames::from_events(2, 10, &[(0, 1), (1, 8)])?;
/// let samples = LabelledFrames::new(2, vec![(early, 0), (late, 1)])?;
/// assert_eq!((samples.len(), samples.channels(), samples.label(1)), (2, 2, 1));
/// # Ok::<(), datasets::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledFrames {
    classes: usize,
    samples: Vec<(SpikeFrames, usize)>,
}

impl LabelledFrames {
    /// Samples of some `classes`: their frames and the class of each.
    ///
    /// # Errors
    /// When there is no sample, one has other channels than the first, or its class is not below
    /// `classes`.
    pub fn new(classes: usize, samples: Vec<(SpikeFrames, usize)>) -> Result<Self> {
        let Some((first, _)) = samples.first() else {
            return Err(Error::out_of_range("number of samples", 0, "at least 1").into());
        };
        for (sample, (frames, label)) in samples.iter().enumerate() {
            let channels = format!("channels of sample {sample}");
            Error::check_length(&channels, frames.channels(), first.channels())?;
            if *label >= classes {
                let (name, allowed) =
                    (format!("class of sample {sample}"), format!("below {classes}"));
                return Err(Error::out_of_range(name, label, allowed).into());
            }
        }
        Ok(Self { classes, samples })
    }
}

impl SampleSource for LabelledFrames {
    fn len(&self) -> usize {
        self.samples.len()
    }

    fn channels(&self) -> usize {
        self.samples[0].0.channels()
    }

    fn classes(&self) -> usize {
        self.classes
    }

    fn label(&self, sample: usize) -> usize {
        self.samples[sample].1
    }

    fn steps(&self, sample: usize) -> usize {
        self.samples[sample].0.steps()
    }

    fn are_alike(&self) -> bool {
        let of = |(frames, _): &(SpikeFrames, usize)| (frames.steps(), frames.repeats());
        self.samples.iter().all(|sample| of(sample) == of(&self.samples[0]))
    }

    fn frames_into(&self, sample: usize, _epoch: Option<u64>, frames: &mut SpikeFrames) {
        frames.clone_from(&self.samples[sample].0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_one_length_that_repeat_or_do_not_are_alike() {
        let image = |steps| SpikeFrames::constant(&[1.0, 0.5], steps).unwrap();
        let spikes = |steps| SpikeFrames::from_events(2, steps, &[(0, 1)]).unwrap();
        let are_alike = |samples: [SpikeFrames; 2]| {
            let samples = samples.map(|frames| (frames, 0)).to_vec();
            LabelledFrames::new(1, samples).unwrap().are_alike()
        };
        assert!(are_alike([image(3), image(3)]) && are_alike([spikes(3), spikes(3)]));
        assert!(!are_alike([image(3), image(4)]) && !are_alike([image(3), spikes(3)]));
    }

    #[test]
    fn samples_that_do_not_belong_together_are_refused() {
        let frames = |channels| SpikeFrames::from_events(channels, 3, &[]).unwrap();
        let refused = |samples| LabelledFrames::new(2, samples).unwrap_err().to_string();
        assert_eq!(refused(vec![]), "number of samples is 0, but must be at least 1");
        let wide = refused(vec![(frames(4), 0), (frames(5), 1)]);
        assert!(wide.contains("channels of sample 1"), "{wide}");
        let unknown = refused(vec![(frames(4), 0), (frames(4), 2)]);
        assert_eq!(unknown, "class of sample 1 is 2, but must be below 2");
    }
}
