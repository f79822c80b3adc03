//! Labelled samples.

use crate::spikes::SpikeFrames;

/// Labelled samples that can be turned into frames one at a time, in any order and from any thread.
pub trait SampleSource: Sync {
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
    /// Class of a sample.
    fn label(&self, sample: usize) -> usize;
    /// Makes `frames` the sample. `epoch` asks for that epoch's augmented version, `None` for the
    /// sample as recorded. Whatever the frames held is gone; their memory is reused.
    fn frames_into(&self, sample: usize, epoch: Option<u64>, frames: &mut SpikeFrames);
    /// As [`frames_into`](Self::frames_into), in memory of its own.
    fn frames(&self, sample: usize, epoch: Option<u64>) -> SpikeFrames {
        let mut frames = SpikeFrames::default();
        self.frames_into(sample, epoch, &mut frames);
        frames
    }
}
