//! Spikes of a block of neurons, turned from one bit per neuron to one bit per step.

use crate::spikes::SpikeFrames;
use simd::NEURONS_PER_BLOCK;

/// Masks of [`NEURONS_PER_BLOCK`] bits that a word holds.
const MASKS: usize = u64::BITS as usize / NEURONS_PER_BLOCK;

/// For each of [`NEURONS_PER_BLOCK`] neurons the steps in which it fires. Neurons advance side by
/// side, so their spikes come by step. A step has few spikes; a search step by step would
/// mispredict most branches, so masks are transposed first.
#[derive(Debug, Default)]
pub struct SpikeTrains {
    /// Bit `n` of word `w` tells whether the neuron fires in step `64 w + n`.
    words: Vec<[u64; NEURONS_PER_BLOCK]>,
}

impl SpikeTrains {
    /// Replaces the trains by `fired`, which has one bit per neuron for each step; only neurons in
    /// `kept` count. Memory is reused.
    fn refill(&mut self, fired: &[u16], kept: u16) {
        self.words.clear();
        self.words.extend(fired.chunks(MASKS * NEURONS_PER_BLOCK).map(|fired| {
            let mut words = [0; NEURONS_PER_BLOCK];
            for (part, fired) in fired.chunks(NEURONS_PER_BLOCK).enumerate() {
                let mut masks = [0; NEURONS_PER_BLOCK];
                masks.iter_mut().zip(fired).for_each(|(mask, fired)| *mask = fired & kept);
                words.iter_mut().zip(turn(masks)).for_each(|(word, train)| {
                    *word |= u64::from(train) << (part * NEURONS_PER_BLOCK)
                });
            }
            words
        }));
    }

    /// Replaces `frames` by the spikes of a population: `fired[block * steps + step]` holds one bit
    /// per neuron of a block of [`NEURONS_PER_BLOCK`]; only neurons in `kept[block]` count, and
    /// each spike is `height` high. Memory is reused.
    pub fn fill(
        &mut self,
        frames: &mut SpikeFrames,
        (neurons, steps): (usize, usize),
        (fired, kept): (&[u16], &[u16]),
        height: f32,
    ) {
        frames.refill_rows(neurons, steps, height, |neuron, row| {
            let (block, within) = (neuron / NEURONS_PER_BLOCK, neuron % NEURONS_PER_BLOCK);
            if within == 0 {
                self.refill(&fired[block * steps..][..steps], kept[block]);
            }
            row.extend(self.of(within));
        });
    }

    /// The steps in which neuron `within` of the block fires, ascending.
    fn of(&self, within: usize) -> impl Iterator<Item = u32> {
        self.words
            .iter()
            .zip(0..)
            .flat_map(move |(words, w)| bits(words[within]).map(move |n| u64::BITS * w + n as u32))
    }
}

/// The positions of the bits set, ascending.
#[inline(always)]
pub fn bits(mask: impl Into<u64>) -> impl Iterator<Item = usize> {
    let mut mask = mask.into();
    std::iter::from_fn(move || {
        if mask == 0 {
            return None;
        }
        let bit = mask.trailing_zeros() as usize;
        mask &= mask - 1;
        Some(bit)
    })
}

/// Bit `b` of mask `a` becomes bit `a` of mask `b`.
fn turn(mut masks: [u16; NEURONS_PER_BLOCK]) -> [u16; NEURONS_PER_BLOCK] {
    // In every square of twice the width, two quarters are swapped.
    for (width, low) in [(8, 0x00ff), (4, 0x0f0f), (2, 0x3333), (1, 0x5555)] {
        for a in (0..NEURONS_PER_BLOCK).filter(|a| a & width == 0) {
            let changed = (masks[a] >> width ^ masks[a + width]) & low;
            masks[a] ^= changed << width;
            masks[a + width] ^= changed;
        }
    }
    masks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_neuron_has_its_steps() {
        let fired: Vec<u16> =
            (0..150_u32).map(|t| (t.wrapping_mul(2_654_435_761) >> 16) as u16).collect();
        let (mut trains, kept) = (SpikeTrains::default(), 0b1011_1111_1111_1110);
        for steps in [0, 1, 16, 64, 65, 150] {
            trains.refill(&fired[..steps], kept);
            for within in 0..NEURONS_PER_BLOCK {
                let expected =
                    (0..steps).filter(|&t| (fired[t] & kept) >> within & 1 == 1).map(|t| t as u32);
                assert!(trains.of(within).eq(expected), "neuron {within} in {steps} steps");
            }
        }
    }
}
