//! The samples of two sources, one after the other.

use std::sync::Arc;

use sim_core::{Error, SampleSource, SpikeFrames};

use crate::error::Result;

/// The samples of one source, then those of another: training and validation samples that come in
/// files of their own.
#[derive(Debug, Clone)]
pub struct JoinedSamples {
    first: Arc<dyn SampleSource>,
    second: Arc<dyn SampleSource>,
}

impl JoinedSamples {
    /// Joins two sources. Classes are named as in the first source.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] when they have different numbers of channels or classes.
    pub fn new(first: Arc<dyn SampleSource>, second: Arc<dyn SampleSource>) -> Result<Self> {
        let (channels, classes) = (first.channels(), first.classes());
        Error::check_length("channels of the second source", second.channels(), channels)?;
        Error::check_length("classes of the second source", second.classes(), classes)?;
        Ok(Self { first, second })
    }

    /// The source of a sample, and the sample's index there.
    fn find(&self, sample: usize) -> (&dyn SampleSource, usize) {
        match sample.checked_sub(self.first.len()) {
            None => (&*self.first, sample),
            Some(index) => (&*self.second, index),
        }
    }
}

impl SampleSource for JoinedSamples {
    fn len(&self) -> usize {
        self.first.len() + self.second.len()
    }

    fn channels(&self) -> usize {
        self.first.channels()
    }

    fn classes(&self) -> usize {
        self.first.classes()
    }

    fn class_name(&self, class: usize) -> String {
        self.first.class_name(class)
    }

    fn label(&self, sample: usize) -> usize {
        let (source, index) = self.find(sample);
        source.label(index)
    }

    fn speaker(&self, sample: usize) -> Option<u16> {
        let (source, index) = self.find(sample);
        source.speaker(index)
    }

    fn steps(&self, sample: usize) -> usize {
        let (source, index) = self.find(sample);
        source.steps(index)
    }

    fn frames_into(&self, sample: usize, epoch: Option<u64>, frames: &mut SpikeFrames) {
        let (source, index) = self.find(sample);
        source.frames_into(index, epoch, frames);
    }

    fn longest(&self) -> Option<(usize, usize)> {
        let second = self.second.longest().map(|(index, steps)| (self.first.len() + index, steps));
        match (self.first.longest(), second) {
            (Some(first), Some(second)) => Some(if second.1 > first.1 { second } else { first }),
            (first, second) => first.or(second),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labelled_frames::LabelledFrames;

    fn samples(channels: usize, steps: &[usize], label: usize) -> Arc<dyn SampleSource> {
        let frames = |&steps: &usize| SpikeFrames::from_events(channels, steps, &[]).unwrap();
        let samples = steps.iter().map(|steps| (frames(steps), label)).collect();
        Arc::new(LabelledFrames::new(2, samples).unwrap())
    }

    #[test]
    fn samples_follow_each_other() {
        let joined = JoinedSamples::new(samples(3, &[4, 6], 0), samples(3, &[5, 9, 9], 1)).unwrap();
        assert_eq!((joined.len(), joined.channels(), joined.classes()), (5, 3, 2));
        let of = |sample| (joined.label(sample), joined.frames(sample, Some(0)).steps());
        assert_eq!((0..5).map(of).collect::<Vec<_>>(), [(0, 4), (0, 6), (1, 5), (1, 9), (1, 9)]);
        assert_eq!(joined.longest(), Some((3, 9)));
    }

    #[test]
    fn sources_of_other_shapes_are_refused() {
        let error = JoinedSamples::new(samples(3, &[4], 0), samples(4, &[4], 0)).unwrap_err();
        assert!(error.to_string().contains("channels of the second source"), "{error}");
    }
}
