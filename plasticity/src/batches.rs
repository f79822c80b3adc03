//! Batches on their way from a data set to the engine.
//!
//! A thread of its own makes the frames of the next batch while the engine trains on this batch.
//! The memory of used frames goes back to that thread, so that nothing is allocated after the first
//! few batches.

use crate::error::Result;
use crossbeam::channel::bounded;
use sim_core::{Horizon, SampleSource, SpikeFrames};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Batches that exist at the same time: one is being made, one waits, and one is trained on.
const ON_THE_WAY: usize = 3;

/// Memory for the frames of the batches on their way.
#[derive(Debug, Default)]
pub(crate) struct BatchFrames {
    spare: Vec<Vec<SpikeFrames>>,
    /// Time spent on making frames.
    pub spent: Duration,
}

impl BatchFrames {
    /// Calls `f` with each batch and its frames until `f` breaks. The frames are those of `epoch`
    /// (see [`SampleSource::frames_into`]), and `horizon` cuts them.
    pub(crate) fn each<B>(
        &mut self,
        data: &dyn SampleSource,
        batches: &[&[usize]],
        (epoch, horizon): (Option<u64>, Horizon),
        mut f: impl FnMut(&[usize], &[SpikeFrames]) -> Result<ControlFlow<B>>,
    ) -> Result<ControlFlow<B>> {
        let (give_back, given_back) = bounded::<Vec<SpikeFrames>>(ON_THE_WAY);
        // All frames are there from the start and go round in turn, so that their sizes do not
        // depend on timing.
        self.spare.resize_with(ON_THE_WAY, Vec::new);
        self.spare.drain(..).for_each(|frames| _ = give_back.try_send(frames));
        let spent = &mut self.spent;
        let outcome = std::thread::scope(|scope| {
            let (send, receive) = bounded(1);
            let spare = given_back.clone();
            scope.spawn(move || {
                for batch in batches {
                    let start = Instant::now();
                    let mut frames = spare.try_recv().unwrap_or_default();
                    // A shorter batch keeps the memory of a longer one.
                    frames.resize_with(frames.len().max(batch.len()), SpikeFrames::default);
                    for (frames, &sample) in frames.iter_mut().zip(*batch) {
                        data.frames_into(sample, epoch, frames);
                        horizon.cut(frames);
                    }
                    *spent += start.elapsed();
                    if send.send(frames).is_err() {
                        return;
                    }
                }
            });
            for (batch, frames) in batches.iter().zip(receive) {
                let flow = f(batch, &frames[..batch.len()])?;
                // Send it before receiving the next batch, so that the thread finds it.
                _ = give_back.try_send(frames);
                if let ControlFlow::Break(value) = flow {
                    return Ok(ControlFlow::Break(value));
                }
            }
            Ok(ControlFlow::Continue(()))
        });
        self.spare.extend(given_back.try_iter());
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sample `s` has `s + 1` spikes on one channel.
    #[derive(Debug)]
    struct Counted;

    impl SampleSource for Counted {
        fn len(&self) -> usize {
            10
        }

        fn channels(&self) -> usize {
            1
        }

        fn classes(&self) -> usize {
            1
        }

        fn label(&self, _sample: usize) -> usize {
            0
        }

        fn frames_into(&self, sample: usize, _epoch: Option<u64>, frames: &mut SpikeFrames) {
            let events: Vec<_> = (0..=sample as u32).map(|step| (0, step)).collect();
            frames.refill_ordered(1, 10, &events).unwrap();
        }
    }

    #[test]
    fn every_batch_comes_with_its_frames_whatever_memory_it_is_in() {
        let batches = [&[4, 0, 9][..], &[1], &[2, 3, 5], &[8, 7], &[6]];
        let mut frames = BatchFrames::default();
        for _ in 0..3 {
            let mut seen = Vec::new();
            let flow = frames.each(&Counted, &batches, (None, Horizon::Sample), |batch, frames| {
                assert_eq!(frames.len(), batch.len());
                seen.extend(
                    batch.iter().zip(frames).map(|(sample, frames)| (*sample, frames.len())),
                );
                Ok(if batch == [6] {
                    ControlFlow::Break("the end")
                } else {
                    ControlFlow::Continue(())
                })
            });
            assert_eq!(flow.unwrap(), ControlFlow::Break("the end"));
            assert_eq!(
                seen,
                batches.concat().into_iter().map(|sample| (sample, sample + 1)).collect::<Vec<_>>()
            );
            assert!((1..=ON_THE_WAY).contains(&frames.spare.len()));
        }
        assert!(frames.spent > Duration::ZERO);
    }
}
