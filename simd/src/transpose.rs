//! Rows along time to blocks of neurons side by side, and back; blocks to bits.

use crate::instructions::Instructions;
use crate::neuron_block::{NEURONS_PER_BLOCK, NeuronBlock};

/// Steps and neurons of a tile that is turned in registers.
const TILE: usize = 4;

/// `blocks[t][neuron] = scale * rows[neuron * stride + t] + offset` for the neurons that have an
/// entry in `affine = [(scale, offset)]`; the others become zero.
///
/// # Panics
/// If a row is missing or shorter than `blocks`.
pub fn rows_to_blocks(
    rows: &[f32],
    stride: usize,
    affine: &[(f32, f32)],
    blocks: &mut [NeuronBlock],
) {
    rows_to_blocks_with(Instructions::detect(), rows, stride, affine, blocks);
}

fn rows_to_blocks_with(
    isa: Instructions,
    rows: &[f32],
    stride: usize,
    affine: &[(f32, f32)],
    blocks: &mut [NeuronBlock],
) {
    let (count, steps) = (affine.len(), blocks.len());
    assert!(
        count <= NEURONS_PER_BLOCK
            && (count == 0 || (count - 1).strict_mul(stride).strict_add(steps) <= rows.len()),
        "a row is missing"
    );
    let (mut scale, mut offset) = ([0.0; NEURONS_PER_BLOCK], [0.0; NEURONS_PER_BLOCK]);
    for (neuron, &(factor, constant)) in affine.iter().enumerate() {
        (scale[neuron], offset[neuron]) = (factor, constant);
    }
    match isa {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has it; the rows hold `steps` numbers, as just checked.
        Instructions::Avx512 if count == NEURONS_PER_BLOCK => unsafe {
            return crate::avx512::rows_to_blocks(rows.as_ptr(), stride, [&scale, &offset], blocks);
        },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Instructions::Avx2 if count == NEURONS_PER_BLOCK => unsafe {
            return crate::avx2::rows_to_blocks(rows.as_ptr(), stride, [&scale, &offset], blocks);
        },
        _ => {}
    }
    if count < NEURONS_PER_BLOCK {
        blocks.fill([0.0; NEURONS_PER_BLOCK]);
    }
    let (whole_neurons, whole_steps) = (count - count % TILE, steps - steps % TILE);
    for neuron in (0..whole_neurons).step_by(TILE) {
        let factors = [
            *scale[neuron..].first_chunk().expect("whole tiles"),
            *offset[neuron..].first_chunk().expect("whole tiles"),
        ];
        for step in (0..whole_steps).step_by(TILE) {
            // SAFETY: the tile's rows hold `steps` numbers, as checked above, and its neurons lie
            // below `NEURONS_PER_BLOCK`.
            unsafe {
                let from = rows.as_ptr().add(neuron * stride + step);
                let to = blocks.as_mut_ptr().cast::<f32>().add(step * NEURONS_PER_BLOCK + neuron);
                turn(from, stride, to, NEURONS_PER_BLOCK, factors);
            }
        }
    }
    for neuron in 0..count {
        let first = if neuron < whole_neurons { whole_steps } else { 0 };
        let row = &rows[neuron * stride + first..];
        blocks[first..]
            .iter_mut()
            .zip(row)
            .for_each(|(block, number)| block[neuron] = scale[neuron] * number + offset[neuron]);
    }
}

/// `rows[neuron * stride + t] = blocks[t][neuron]` for `count` neurons.
///
/// # Panics
/// If a row is missing or shorter than `blocks`.
pub fn blocks_to_rows(blocks: &[NeuronBlock], count: usize, rows: &mut [f32], stride: usize) {
    blocks_to_rows_with(Instructions::detect(), blocks, count, rows, stride);
}

fn blocks_to_rows_with(
    isa: Instructions,
    blocks: &[NeuronBlock],
    count: usize,
    rows: &mut [f32],
    stride: usize,
) {
    let steps = blocks.len();
    assert!(
        count <= NEURONS_PER_BLOCK
            && (count == 0 || (count - 1).strict_mul(stride).strict_add(steps) <= rows.len()),
        "a row is missing"
    );
    match isa {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 if count == NEURONS_PER_BLOCK => {
            // SAFETY: the processor has it; the rows hold `steps` numbers, as just checked.
            return unsafe { crate::avx512::blocks_to_rows(blocks, rows.as_mut_ptr(), stride) };
        }
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 if count == NEURONS_PER_BLOCK => {
            // SAFETY: the processor has it; the rows hold `steps` numbers, as just checked.
            return unsafe { crate::avx2::blocks_to_rows(blocks, rows.as_mut_ptr(), stride) };
        }
        _ => {}
    }
    let (whole_neurons, whole_steps) = (count - count % TILE, steps - steps % TILE);
    let same = [[1.0; TILE], [0.0; TILE]];
    for neuron in (0..whole_neurons).step_by(TILE) {
        for step in (0..whole_steps).step_by(TILE) {
            // SAFETY: as in `rows_to_blocks`.
            unsafe {
                let from = blocks.as_ptr().cast::<f32>().add(step * NEURONS_PER_BLOCK + neuron);
                turn(
                    from,
                    NEURONS_PER_BLOCK,
                    rows.as_mut_ptr().add(neuron * stride + step),
                    stride,
                    same,
                );
            }
        }
    }
    for neuron in 0..count {
        let first = if neuron < whole_neurons { whole_steps } else { 0 };
        rows[neuron * stride + first..]
            .iter_mut()
            .zip(&blocks[first..])
            .for_each(|(number, block)| *number = block[neuron]);
    }
}

/// Bit `n` of `masks[t]` tells whether `blocks[t][n] >= threshold`.
#[inline]
pub fn blocks_at_least(blocks: &[NeuronBlock], threshold: f32, masks: &mut [u16]) {
    match Instructions::detect() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has it.
        Instructions::Avx512 => unsafe { crate::avx512::blocks_at_least(blocks, threshold, masks) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has it.
        Instructions::Avx2 => unsafe { crate::avx2::blocks_at_least(blocks, threshold, masks) },
        _ => blocks_at_least_scalar(blocks, threshold, masks),
    }
}

/// The plain twin.
fn blocks_at_least_scalar(blocks: &[NeuronBlock], threshold: f32, masks: &mut [u16]) {
    for (block, mask) in blocks.iter().zip(masks) {
        *mask =
            (0..NEURONS_PER_BLOCK).fold(0, |mask, n| mask | u16::from(block[n] >= threshold) << n);
    }
}

/// `to[b * to_stride + a] = factor[a] * from[a * from_stride + b] + constant[a]` for `a` and `b`
/// below [`TILE`].
///
/// # Safety
/// All those numbers may be read and written.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn turn(
    from: *const f32,
    from_stride: usize,
    to: *mut f32,
    to_stride: usize,
    [factor, constant]: [[f32; TILE]; 2],
) {
    use std::arch::x86_64::*;
    // SAFETY: the caller's promise; these are SSE instructions, which every x86-64 processor has.
    unsafe {
        let row = |a: usize| _mm_loadu_ps(from.add(a * from_stride));
        let (a, b, c, d) = (row(0), row(1), row(2), row(3));
        let (ab, cd, ab_high, cd_high) = (
            _mm_unpacklo_ps(a, b),
            _mm_unpacklo_ps(c, d),
            _mm_unpackhi_ps(a, b),
            _mm_unpackhi_ps(c, d),
        );
        let turned = [
            _mm_movelh_ps(ab, cd),
            _mm_movehl_ps(cd, ab),
            _mm_movelh_ps(ab_high, cd_high),
            _mm_movehl_ps(cd_high, ab_high),
        ];
        let (factor, constant) = (_mm_loadu_ps(factor.as_ptr()), _mm_loadu_ps(constant.as_ptr()));
        for (b, turned) in turned.into_iter().enumerate() {
            _mm_storeu_ps(to.add(b * to_stride), _mm_add_ps(_mm_mul_ps(factor, turned), constant));
        }
    }
}

/// As above.
///
/// # Safety
/// All those numbers may be read and written.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
unsafe fn turn(
    from: *const f32,
    from_stride: usize,
    to: *mut f32,
    to_stride: usize,
    [factor, constant]: [[f32; TILE]; 2],
) {
    for a in 0..TILE {
        for b in 0..TILE {
            // SAFETY: the caller's promise.
            unsafe {
                *to.add(b * to_stride + a) =
                    factor[a] * *from.add(a * from_stride + b) + constant[a]
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_turn_to_blocks_and_back() {
        let shapes =
            [(16, 16), (16, 48), (16, 43), (16, 8), (16, 11), (13, 6), (3, 3), (1, 1), (0, 5)];
        for (isa, (count, steps)) in
            Instructions::available().into_iter().flat_map(|isa| shapes.map(|shape| (isa, shape)))
        {
            let stride = steps + 2;
            let rows: Vec<f32> = (0..16 * stride).map(|n| n as f32).collect();
            let affine: Vec<(f32, f32)> =
                (0..count).map(|neuron| (1.0 + neuron as f32, -2.0)).collect();
            let mut blocks = vec![[7.0; NEURONS_PER_BLOCK]; steps];
            rows_to_blocks_with(isa, &rows, stride, &affine, &mut blocks);
            for (t, block) in blocks.iter().enumerate() {
                for (neuron, &number) in block.iter().enumerate() {
                    let expected = affine
                        .get(neuron)
                        .map_or(0.0, |(scale, offset)| scale * rows[neuron * stride + t] + offset);
                    assert_eq!(
                        number,
                        expected,
                        "{}, {count} neurons, {steps} steps: neuron {neuron}, step {t}",
                        isa.name()
                    );
                }
            }
            let mut back = vec![-1.0; 16 * stride];
            blocks_to_rows_with(isa, &blocks, count, &mut back, stride);
            for (n, &number) in back.iter().enumerate() {
                let (neuron, t) = (n / stride, n % stride);
                assert_eq!(
                    number,
                    if neuron < count && t < steps { blocks[t][neuron] } else { -1.0 },
                    "{}",
                    isa.name()
                );
            }
        }
    }

    #[test]
    fn bits_tell_which_neurons_reach_the_threshold() {
        let blocks: Vec<NeuronBlock> = (0..5)
            .map(|t| std::array::from_fn(|n| ((t * 7 + n * 5) % 11) as f32))
            .chain([[f32::NAN; NEURONS_PER_BLOCK]])
            .collect();
        for tell in [blocks_at_least, blocks_at_least_scalar] {
            let mut masks = vec![0; blocks.len()];
            tell(&blocks, 4.0, &mut masks);
            for (block, mask) in blocks.iter().zip(masks) {
                assert!(
                    (0..NEURONS_PER_BLOCK).all(|n| (mask >> n & 1 == 1) == (block[n] >= 4.0)),
                    "{block:?}: {mask:b}"
                );
            }
        }
    }
}
