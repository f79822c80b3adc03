//! Labelled samples.

use crate::spikes::SpikeFrames;
use std::fmt::Debug;

/// Labelled samples that can be turned into frames one at a time, in any order and from any thread.
pub trait SampleSource: Debug + Send + Sync {
    /// Number of samples.
    fn len(&self) -> usize;
    /// Whether there is no sample.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Number of input channels after grouping.
    fn channels(&self) -> usize;
    /// Number of classes.
    fn classes(&self) -> usize;
    /// Name of a class; its number if the source has no names.
    fn class_name(&self, class: usize) -> String {
        class.to_string()
    }
    /// Class of a sample.
    fn label(&self, sample: usize) -> usize;
    /// Number of the speaker of a sample, if the source knows speakers.
    fn speaker(&self, _sample: usize) -> Option<u16> {
        None
    }
    /// Steps of a sample as recorded. The provided method makes the frames to count their steps.
    fn steps(&self, sample: usize) -> usize {
        self.frames(sample, None).steps()
    }
    /// Overwrites `frames` with the sample. With an `epoch`, the sample is augmented as in that
    /// epoch; with `None`, it is as recorded. The memory of `frames` is reused.
    fn frames_into(&self, sample: usize, epoch: Option<u64>, frames: &mut SpikeFrames);
    /// As [`frames_into`](Self::frames_into), in new frames.
    fn frames(&self, sample: usize, epoch: Option<u64>) -> SpikeFrames {
        let mut frames = SpikeFrames::default();
        self.frames_into(sample, epoch, &mut frames);
        frames
    }
    /// Whether all samples have as many steps, and all or none of them repeat in all their steps
    /// ([`SpikeFrames::repeats`]). An engine then has the same choice of ways for each of them. The
    /// provided method makes no such promise.
    fn are_alike(&self) -> bool {
        false
    }
    /// The sample with most steps as recorded, and how many it has; `None` without samples.
    fn longest(&self) -> Option<(usize, usize)> {
        // Of equal samples the first.
        let samples = (0..self.len()).rev().map(|sample| (sample, self.steps(sample)));
        samples.max_by_key(|&(_, steps)| steps)
    }
}

/// Names the first sample whose class is not below the number of classes, if there is one.
pub fn mislabelled(samples: &dyn SampleSource) -> Option<String> {
    let classes = samples.classes();
    let sample = (0..samples.len()).find(|&sample| samples.label(sample) >= classes)?;
    let label = samples.label(sample);
    Some(format!("sample {sample} is of class {label}, but there are {classes}"))
}
