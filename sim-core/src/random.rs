//! Random streams that are keyed, never drawn in thread order.
//!
//! A stream is named by what it is for: `(seed, purpose, a, b)`. These four numbers *are* the
//! 256-bit key of a ChaCha8 generator, so two different names never share a stream, and no draw
//! depends on which thread asked first.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// What a random stream is used for. Appending a purpose does not shift the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Initial weights; `a` is the projection. Single synapses that are drawn have their delays
    /// from the same stream, and `b` is the neuron whose synapses they are.
    Weights = 1,
    /// Initial delays; `a` is the projection.
    Delays = 2,
    /// Dropout masks; `a` is the training step, `b` packs sample slot and population.
    Dropout = 3,
    /// Order of the samples in an epoch; `a` is the epoch, `b` the task, 0 where there is one.
    Shuffle = 4,
    /// Augmentation of one sample; `a` is the epoch, `b` the sample.
    Augmentation = 5,
    /// Splits of a dataset.
    Split = 6,
    /// Synthetic data; `a` is the class or the manifold, `b` the sample.
    Synthesis = 7,
    /// Spike sources in simulations; `a` is the population, and in its upper half the sample, `b`
    /// the neuron.
    SpikeSource = 8,
    /// First rows of a lateral circuit; `a` is the circuit, `b` the task.
    LateralRows = 9,
    /// Spikes that stand for the pixels of an image; `a` is 0 for the image as recorded and 1 + the
    /// epoch in training, `b` the image, and in its upper half which task and set it belongs to.
    Encoding = 10,
    /// Samples that continual learning chooses: `b` 0 deals the samples of all tasks, 1 orders
    /// those that replay stored, for task `a`, 2 chooses what it stores, 3 what a method looks at
    /// when a task ends.
    Replay = 11,
    /// Weights by which errors go back; `a` is the projection.
    Feedback = 12,
}

/// The one number a user sets; every random stream of a run descends from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Seed {
    /// The stream for `purpose`, told apart by two further numbers (see [`Purpose`]).
    pub fn stream(self, purpose: Purpose, a: u64, b: u64) -> ChaCha8Rng {
        let mut key = [0u8; 32];
        for (bytes, word) in key.chunks_exact_mut(8).zip([self.0, purpose as u64, a, b]) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        ChaCha8Rng::from_seed(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn streams_repeat_and_differ() {
        let draw = |seed: u64, purpose, a, b| Seed(seed).stream(purpose, a, b).next_u64();
        let reference = draw(1, Purpose::Weights, 0, 0);
        assert_eq!(reference, draw(1, Purpose::Weights, 0, 0));
        for other in [
            draw(2, Purpose::Weights, 0, 0),
            draw(1, Purpose::Delays, 0, 0),
            draw(1, Purpose::Weights, 1, 0),
            draw(1, Purpose::Weights, 0, 1),
        ] {
            assert_ne!(reference, other);
        }
    }
}
