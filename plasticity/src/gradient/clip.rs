//! Bounds the length of a gradient without turning it.

use rayon::prelude::*;
use sim_core::{SHARDS, samples_of_shards, sum_of_shards};

/// Shards that are summed side by side: a sum of its own for each, so that no addition waits for
/// the one before.
const SIDE_BY_SIDE: usize = 8;

/// Entries from which on more than one thread pays.
const MANY: usize = 1 << 16;

/// Length of several slices taken as one vector: `sqrt(sum g^2)`, summed in `f64`. Each slice is
/// summed in shards, as samples of a batch are; the slices follow each other.
pub fn global_norm<'a>(gradients: impl IntoIterator<Item = &'a [f32]>) -> f64 {
    gradients.into_iter().map(sum_of_squares).sum::<f64>().sqrt()
}

fn sum_of_squares(slice: &[f32]) -> f64 {
    let mut sums = [0.0; SHARDS];
    let some = |(group, sums): (usize, &mut [f64])| {
        let first = group * SIDE_BY_SIDE;
        let shard = |n: usize| &slice[samples_of_shards(slice.len(), first + n..first + n + 1)];
        let shards: [&[f32]; SIDE_BY_SIDE] = std::array::from_fn(shard);
        let common = shards.iter().map(|shard| shard.len()).min().unwrap_or(0);
        let common = shards.map(|shard| &shard[..common]);
        let mut squares = [0.0; SIDE_BY_SIDE];
        for entry in 0..common[0].len() {
            for (square, shard) in squares.iter_mut().zip(&common) {
                *square += f64::from(shard[entry]) * f64::from(shard[entry]);
            }
        }
        for ((square, shard), common) in squares.iter_mut().zip(shards).zip(common) {
            let rest = shard[common.len()..].iter();
            rest.for_each(|&entry| *square += f64::from(entry) * f64::from(entry));
        }
        sums.copy_from_slice(&squares);
    };
    if slice.len() < MANY {
        sums.chunks_exact_mut(SIDE_BY_SIDE).enumerate().for_each(some);
    } else {
        sums.par_chunks_exact_mut(SIDE_BY_SIDE).enumerate().for_each(some);
    }
    sum_of_shards(&sums)
}

/// Scales slices whose common length is `norm` (their [`global_norm`]) by `max_norm / (norm +
/// 1e-6)` where that exceeds `max_norm` (above 0), as `torch.nn.utils` does [Pascanu et al. 2013,
/// algorithm 1].
///
/// Gradients of a length that is not finite are left as they are: scaling would only hide which
/// entry is to blame.
pub fn clip_global_norm<'a>(
    gradients: impl IntoIterator<Item = &'a mut [f32]>,
    norm: f64,
    max_norm: f64,
) {
    let scale = max_norm / (norm + 1e-6);
    if norm.is_finite() && scale < 1.0 {
        for g in gradients.into_iter().flatten() {
            *g = (f64::from(*g) * scale) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::sum_over_samples;

    #[test]
    fn a_long_gradient_is_shortened_across_slices_and_keeps_its_direction() {
        let (mut weight, mut delay) = ([3.0_f32, 0.0], [4.0_f32]);
        assert_eq!(global_norm([&weight[..], &delay[..]]), 5.0);
        clip_global_norm([&mut weight[..], &mut delay[..]], 5.0, 1.0);
        assert!((global_norm([&weight[..], &delay[..]]) - 1.0).abs() < 1e-6);
        assert!((weight[0] / delay[0] - 0.75).abs() < 1e-6);
    }

    #[test]
    fn a_short_gradient_stays_as_it_is() {
        let mut gradient = [0.3_f32, -0.4];
        let norm = global_norm([&gradient[..]]);
        assert!((norm - 0.5).abs() < 1e-7);
        clip_global_norm([&mut gradient[..]], norm, 1.0);
        assert_eq!(gradient, [0.3, -0.4]);
        assert_eq!(global_norm([]), 0.0);
    }

    #[test]
    fn a_gradient_that_is_not_finite_is_reported_and_left_alone() {
        for bad in [f32::NAN, f32::INFINITY] {
            let mut gradient = [1.0, bad];
            let norm = global_norm([&gradient[..]]);
            assert!(!norm.is_finite());
            clip_global_norm([&mut gradient[..]], norm, 0.5);
            assert_eq!(gradient[0], 1.0);
        }
    }

    #[test]
    fn squares_are_summed_in_shards() {
        for entries in [1000, MANY + 5] {
            let entry = |n: usize| ((n * 7919) % 1013) as f32 / 1000.0;
            let gradient: Vec<f32> = (0..entries).map(entry).collect();
            let square = |entry: usize| f64::from(gradient[entry]).powi(2);
            let in_shards = sum_over_samples(entries, square);
            let in_order: f64 = (0..entries).map(square).sum();
            assert_ne!(in_shards, in_order, "another order, another sum");
            assert_eq!(global_norm([&gradient[..]]), in_shards.sqrt());
            assert_eq!(global_norm([&gradient[..], &[0.5]]), (in_shards + 0.25).sqrt());
        }
    }

    #[test]
    fn squares_of_f32_never_overflow() {
        assert!(global_norm([&[f32::MAX; 4][..]]).is_finite());
    }
}
