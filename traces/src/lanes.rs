//! Samples that run side by side, one in each lane.

use simd::NEURONS_PER_BLOCK;

/// Samples of a tile: the numbers of a neuron are whole blocks, and enough for dense products. Bits
/// of a sample do not depend on the samples beside it.
pub(crate) const LANES: usize = 32;

/// Blocks of a neuron.
pub(crate) const BLOCKS: usize = LANES / NEURONS_PER_BLOCK;

/// One bit for each lane whose sample is as `of` says.
pub(crate) fn lanes<T>(samples: &[T], of: impl Fn(&T) -> bool) -> [u16; BLOCKS] {
    let mut bits = [0; BLOCKS];
    for (lane, sample) in samples.iter().enumerate() {
        bits[lane / NEURONS_PER_BLOCK] |= u16::from(of(sample)) << (lane % NEURONS_PER_BLOCK);
    }
    bits
}
