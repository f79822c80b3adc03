//! AVX2 with fused multiply-add: 8 lanes, 16 registers.

use crate::neuron_block::{NEURONS_PER_BLOCK, NeuronBlock};
use crate::vector::{Eight, HotLoop, Simd, Vector};
use std::arch::x86_64::*;

/// See the module.
pub(crate) struct Avx2;

impl Simd for Avx2 {
    type Full = __m256;
    type Half = __m256;
    type Quarter = __m128;
}

// SAFETY: the instructions are AVX and FMA; `run` and `run_loop` below are reached only where
// `Instructions::Avx2` was found, or with AVX-512, which has them too.
unsafe impl Vector for __m256 {
    const LANES: usize = 8;
    const TILE: usize = 10;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the processor has the instructions.
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller may read all lanes, and the processor has the instructions.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller may write all lanes, and the processor has the instructions.
        unsafe { _mm256_storeu_ps(to, self) }
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        // SAFETY: the processor has the instructions.
        unsafe { _mm256_fmadd_ps(a, b, self) }
    }

    #[inline(always)]
    unsafe fn one_on(_: *const f32, here: Self, two_on: Self) -> Self {
        // SAFETY: the processor has the instructions.
        unsafe { _mm256_shuffle_ps::<ONE_ON>(here, two_on) }
    }
}

/// In every quarter of a vector, which is all that a shuffle sees: the second and third number of
/// the first operand, then the second and third of the other.
pub(crate) const ONE_ON: i32 = 0b10_01_10_01;

// SAFETY: as above.
unsafe impl Eight for __m256 {
    #[inline(always)]
    unsafe fn add_sums([a, b, c, d]: [Self; 4], to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe {
            let pairs = |a, b| _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
            // Each half of `ab` holds two parts of the sum of `a` and two of `b`, alternating.
            let (ab, cd) = (pairs(a, b), pairs(c, d));
            let sums =
                _mm256_add_ps(_mm256_shuffle_ps::<0x44>(ab, cd), _mm256_shuffle_ps::<0xee>(ab, cd));
            let sums = _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps::<1>(sums));
            _mm_storeu_ps(to, _mm_add_ps(_mm_loadu_ps(to), sums));
        }
    }
}

// SAFETY: as above.
unsafe impl Vector for __m128 {
    const LANES: usize = 4;
    const TILE: usize = 10;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the processor has the instructions.
        unsafe { _mm_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller may read all lanes, and the processor has the instructions.
        unsafe { _mm_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller may write all lanes, and the processor has the instructions.
        unsafe { _mm_storeu_ps(to, self) }
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        // SAFETY: the processor has the instructions.
        unsafe { _mm_fmadd_ps(a, b, self) }
    }
}

/// Steps and neurons of a tile that is turned in registers.
const TILE: usize = 8;

/// See [`rows_to_blocks`](crate::rows_to_blocks); all neurons have a row.
///
/// # Safety
/// The processor has AVX2; 16 rows of as many numbers as there are `blocks`.
#[target_feature(enable = "avx2,fma,popcnt,bmi1,bmi2")]
pub(crate) unsafe fn rows_to_blocks(
    rows: *const f32,
    stride: usize,
    [scale, offset]: [&NeuronBlock; 2],
    blocks: &mut [NeuronBlock],
) {
    let (tiles, rest) = blocks.as_chunks_mut::<TILE>();
    // SAFETY: the caller's promise; the mask leaves out what lies behind the last step. A prefetch
    // may go anywhere.
    unsafe {
        for first in [0, TILE] {
            let (scale, offset) = (
                _mm256_loadu_ps(scale[first..].as_ptr()),
                _mm256_loadu_ps(offset[first..].as_ptr()),
            );
            let mut from = rows.wrapping_add(first * stride);
            let mut numbers = [_mm256_setzero_ps(); TILE];
            for steps in &mut *tiles {
                for (row, numbers) in numbers.iter_mut().enumerate() {
                    // The same tile of the 16 rows that are likely to be next.
                    _mm_prefetch::<_MM_HINT_T0>(
                        from.wrapping_add((NEURONS_PER_BLOCK + row) * stride).cast(),
                    );
                    *numbers = _mm256_loadu_ps(from.wrapping_add(row * stride));
                }
                for (block, turned) in steps.iter_mut().zip(turn(numbers)) {
                    _mm256_storeu_ps(
                        block[first..].as_mut_ptr(),
                        _mm256_add_ps(_mm256_mul_ps(scale, turned), offset),
                    );
                }
                from = from.wrapping_add(TILE);
            }
            if !rest.is_empty() {
                let mask = first_lanes(rest.len());
                for (row, numbers) in numbers.iter_mut().enumerate() {
                    *numbers = _mm256_maskload_ps(from.wrapping_add(row * stride), mask);
                }
                for (block, turned) in rest.iter_mut().zip(turn(numbers)) {
                    _mm256_storeu_ps(
                        block[first..].as_mut_ptr(),
                        _mm256_add_ps(_mm256_mul_ps(scale, turned), offset),
                    );
                }
            }
        }
    }
}

/// See [`blocks_to_rows`](crate::blocks_to_rows); all neurons have a row.
///
/// # Safety
/// As for [`rows_to_blocks`].
#[target_feature(enable = "avx2,fma,popcnt,bmi1,bmi2")]
pub(crate) unsafe fn blocks_to_rows(blocks: &[NeuronBlock], rows: *mut f32, stride: usize) {
    let (tiles, rest) = blocks.as_chunks::<TILE>();
    // SAFETY: as in `rows_to_blocks`.
    unsafe {
        for first in [0, TILE] {
            let mut to = rows.wrapping_add(first * stride);
            let mut numbers = [_mm256_setzero_ps(); TILE];
            for steps in tiles {
                for (numbers, block) in numbers.iter_mut().zip(steps) {
                    *numbers = _mm256_loadu_ps(block[first..].as_ptr());
                }
                for (row, turned) in turn(numbers).into_iter().enumerate() {
                    _mm256_storeu_ps(to.wrapping_add(row * stride), turned);
                }
                to = to.wrapping_add(TILE);
            }
            if !rest.is_empty() {
                for (numbers, block) in numbers.iter_mut().zip(rest) {
                    *numbers = _mm256_loadu_ps(block[first..].as_ptr());
                }
                for (row, turned) in turn(numbers).into_iter().enumerate() {
                    _mm256_maskstore_ps(
                        to.wrapping_add(row * stride),
                        first_lanes(rest.len()),
                        turned,
                    );
                }
            }
        }
    }
}

/// The mask of the first `count` lanes.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn first_lanes(count: usize) -> __m256i {
    // SAFETY: the caller's promise.
    unsafe {
        _mm256_cmpgt_epi32(
            _mm256_set1_epi32(count as i32),
            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
        )
    }
}

/// Rows to columns.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn turn(rows: [__m256; TILE]) -> [__m256; TILE] {
    // SAFETY: the caller's promise.
    unsafe {
        // By four rows: half `h` of `fours[r][c]` holds column `4 h + c` of rows `4 r..4 r + 4`.
        let mut fours = [[_mm256_setzero_ps(); 4]; 2];
        for (four, rows) in fours.iter_mut().zip(rows.as_chunks::<4>().0) {
            let [a, b, c, d] = *rows;
            let ab = [_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b)];
            let cd = [_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d)];
            for n in 0..2 {
                four[2 * n] = _mm256_shuffle_ps::<0x44>(ab[n], cd[n]);
                four[2 * n + 1] = _mm256_shuffle_ps::<0xee>(ab[n], cd[n]);
            }
        }
        let mut columns = [_mm256_setzero_ps(); TILE];
        for c in 0..4 {
            columns[c] = _mm256_permute2f128_ps::<0x20>(fours[0][c], fours[1][c]);
            columns[4 + c] = _mm256_permute2f128_ps::<0x31>(fours[0][c], fours[1][c]);
        }
        columns
    }
}

/// See [`blocks_at_least`](crate::blocks_at_least).
///
/// # Safety
/// The processor has AVX2.
#[target_feature(enable = "avx2,fma,popcnt,bmi1,bmi2")]
pub(crate) unsafe fn blocks_at_least(blocks: &[NeuronBlock], threshold: f32, masks: &mut [u16]) {
    let threshold = _mm256_set1_ps(threshold);
    for (block, mask) in blocks.iter().zip(masks) {
        // SAFETY: a block of neurons is two vectors.
        let eight = |half: usize| unsafe {
            _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(
                _mm256_loadu_ps(block.as_ptr().add(8 * half)),
                threshold,
            ))
        };
        *mask = (eight(0) | eight(1) << 8) as u16;
    }
}

/// Runs `f` compiled for AVX2.
#[target_feature(enable = "avx2,fma,popcnt,bmi1,bmi2")]
pub(crate) fn run<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// Runs a hot loop on the vectors of AVX2.
///
/// # Safety
/// See [`HotLoop::run`].
#[target_feature(enable = "avx2,fma,popcnt,bmi1,bmi2")]
pub(crate) unsafe fn run_loop(hot_loop: impl HotLoop) {
    // SAFETY: handed on.
    unsafe { hot_loop.run::<Avx2>() }
}
