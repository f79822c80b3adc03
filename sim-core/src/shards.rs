//! The order in which anything is summed over the samples of a batch.
//!
//! A batch is cut into [`SHARDS`] shards of neighbouring samples. Within a shard samples are added
//! one after the other; then shards are added in pairs, and pairs in pairs:
//! ```text
//! ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))  +  ((s8 + s9) + ...)
//! ```
//! So the bits of a sum depend neither on the number of threads nor on how many of 1, 2, 4, 8 or 16
//! processes share the shards.
//!
//! Shard `s` of `n` samples has those from `n s / 16` up to, but without, `n (s + 1) / 16`, rounded
//! down: sizes differ by one at most. The last batch of an epoch is cut in the same way, however
//! short it is. Of fewer than sixteen samples some shards have none, and add nothing.

use std::ops::Range;

/// Shards of a batch.
pub const SHARDS: usize = 1 << LEVELS;

/// Levels of the tree above single shards.
const LEVELS: usize = 4;

/// The samples of some neighbouring shards of a batch of `samples`.
pub fn samples_of_shards(samples: usize, shards: Range<usize>) -> Range<usize> {
    samples * shards.start / SHARDS..samples * shards.end / SHARDS
}

/// The sum of one number per sample, or per entry of a list that is cut into shards as a batch is.
pub fn sum_over_samples(samples: usize, number: impl Fn(usize) -> f64) -> f64 {
    let of_shard = |shard| samples_of_shards(samples, shard..shard + 1).map(&number).sum();
    let sums: [f64; SHARDS] = std::array::from_fn(of_shard);
    sum_of_shards(&sums)
}

/// The sum over all shards, from the sum of each.
pub fn sum_of_shards(shards: &[f64]) -> f64 {
    match shards {
        [] => 0.0,
        [sum] => *sum,
        _ => {
            let (left, right) = shards.split_at(shards.len() / 2);
            sum_of_shards(left) + sum_of_shards(right)
        }
    }
}

/// Sums of many numbers at a time, with their memory.
#[derive(Debug, Clone, Default)]
pub struct ShardSums<N> {
    /// The sums, then the sums of the right half of each level of the tree.
    levels: [Vec<N>; LEVELS + 1],
}

impl<N: Copy + Default> ShardSums<N> {
    /// Makes room for sums of up to `numbers` numbers.
    pub fn make_room(&mut self, numbers: usize) {
        for level in &mut self.levels {
            level.resize(level.len().max(numbers), N::default());
        }
    }

    /// Sums of `numbers` numbers each: `shard` adds the numbers of its samples to numbers that
    /// begin as zeros; `add` adds two numbers.
    pub fn sum(
        &mut self,
        samples: usize,
        numbers: usize,
        add: impl Fn(&mut N, N) + Copy,
        shard: &mut impl FnMut(Range<usize>, &mut [N]),
    ) -> &[N] {
        self.make_room(numbers);
        let mut levels = self.levels.each_mut().map(|level| &mut level[..numbers]);
        let (sums, spare) = levels.split_first_mut().expect("there are levels");
        if samples == 0 {
            sums.fill(N::default());
        }
        node(samples, 0..SHARDS, sums, spare, add, shard);
        &self.levels[0][..numbers]
    }
}

/// Overwrites `sums` with the sums of some shards, if these have any samples. `spare` has one slice
/// for each level of the tree of these shards.
fn node<N: Copy + Default>(
    samples: usize,
    shards: Range<usize>,
    sums: &mut [N],
    spare: &mut [&mut [N]],
    add: impl Fn(&mut N, N) + Copy,
    shard: &mut impl FnMut(Range<usize>, &mut [N]),
) {
    let all = samples_of_shards(samples, shards.clone());
    if all.is_empty() {
        return;
    }
    if shards.len() == 1 {
        sums.fill(N::default());
        shard(all, sums);
        return;
    }
    let (other, spare) = spare.split_last_mut().expect("a slice for each level");
    let [left, right] = halves(shards);
    let is_empty = |half: &Range<usize>| samples_of_shards(samples, half.clone()).is_empty();
    match (is_empty(&left), is_empty(&right)) {
        (true, _) => node(samples, right, sums, spare, add, shard),
        (_, true) => node(samples, left, sums, spare, add, shard),
        (false, false) => {
            node(samples, left, sums, spare, add, shard);
            node(samples, right, other, spare, add, shard);
            sums.iter_mut().zip(&**other).for_each(|(sum, &other)| add(sum, other));
        }
    }
}

fn halves(shards: Range<usize>) -> [Range<usize>; 2] {
    let middle = shards.start + shards.len() / 2;
    [shards.start..middle, middle..shards.end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_in_one_shard_and_sizes_differ_by_one() {
        for samples in [0, 1, 5, 15, 16, 17, 100, 256] {
            let mut next = 0;
            for shard in 0..SHARDS {
                let of_shard = samples_of_shards(samples, shard..shard + 1);
                assert_eq!(of_shard.start, next);
                assert!([samples / SHARDS, samples.div_ceil(SHARDS)].contains(&of_shard.len()));
                next = of_shard.end;
            }
            assert_eq!(next, samples);
        }
    }

    #[test]
    fn shards_are_added_in_pairs_and_pairs_in_pairs() {
        // Large numbers swallow small ones: another order would give another sum.
        let numbers = |sample: usize| [1e8, 1.0, -1e8, 1.0][sample % 4] as f32;
        for samples in [3, 16, 40] {
            let mut expected = [0.0_f32; SHARDS];
            for (shard, sum) in expected.iter_mut().enumerate() {
                *sum = samples_of_shards(samples, shard..shard + 1).map(numbers).sum();
            }
            for width in [8, 4, 2, 1] {
                (0..width).for_each(|pair| {
                    expected[pair] = expected[2 * pair] + expected[2 * pair + 1];
                });
            }
            let mut sums = ShardSums::default();
            for _ in 0..2 {
                let mut shard = |samples: Range<usize>, sums: &mut [f32]| {
                    samples.for_each(|sample| sums.iter_mut().for_each(|s| *s += numbers(sample)));
                };
                let sums = sums.sum(samples, 3, |sum, other| *sum += other, &mut shard);
                assert_eq!(sums, [expected[0]; 3], "{samples} samples");
            }
        }
    }

    #[test]
    fn a_number_of_each_sample_is_summed_in_the_same_order() {
        let number = |sample: usize| 1.0 / (sample as f64 + 0.3);
        for samples in [0, 1, 7, 16, 33, 250] {
            let mut sums = ShardSums::default();
            let mut shard = |samples: Range<usize>, sums: &mut [f64]| {
                sums[0] += samples.map(number).sum::<f64>()
            };
            let sums = sums.sum(samples, 1, |sum, other| *sum += other, &mut shard);
            assert_eq!(sum_over_samples(samples, number), sums[0]);
        }
    }
}
