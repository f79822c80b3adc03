//! AVX-512: 16 lanes, 32 registers.

use crate::avx2::ONE_ON;
use crate::delay_windows::sources::Shift;
use crate::instructions::Instructions;
use crate::neuron_block::{NEURONS_PER_BLOCK, NeuronBlock};
use crate::paired::{PairProduct, PairPull};
use crate::row_sums::Mixture;
use crate::vector::{HotLoop, Simd, Vector, for_tile, split, tiles};
use std::arch::x86_64::*;

/// See the module.
pub(crate) struct Avx512;

impl Simd for Avx512 {
    type Full = __m512;
    type Half = __m256;
    type Quarter = __m128;
}

// SAFETY: the instructions are AVX-512F; `run` and `run_loop` below are reached only where
// `Instructions::Avx512` was found.
unsafe impl Vector for __m512 {
    const LANES: usize = 16;
    const TILE: usize = 14;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the processor has the instructions.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller may read all lanes, and the processor has the instructions.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller may write all lanes, and the processor has the instructions.
        unsafe { _mm512_storeu_ps(to, self) }
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        // SAFETY: the processor has the instructions.
        unsafe { _mm512_fmadd_ps(a, b, self) }
    }

    #[inline(always)]
    unsafe fn one_on(_: *const f32, here: Self, two_on: Self) -> Self {
        // SAFETY: the processor has the instructions.
        unsafe { _mm512_shuffle_ps::<ONE_ON>(here, two_on) }
    }
}

/// See [`rows_to_blocks`](crate::rows_to_blocks); all neurons have a row.
///
/// # Safety
/// The processor has AVX-512; 16 rows of as many numbers as there are `blocks`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,popcnt,bmi1,bmi2")]
pub(crate) unsafe fn rows_to_blocks(
    rows: *const f32,
    stride: usize,
    [scale, offset]: [&NeuronBlock; 2],
    blocks: &mut [NeuronBlock],
) {
    // SAFETY: the caller's promise; the mask leaves out what lies behind the last step. A prefetch
    // may go anywhere.
    unsafe {
        let (scale, offset) = (_mm512_loadu_ps(scale.as_ptr()), _mm512_loadu_ps(offset.as_ptr()));
        for (tile, blocks) in blocks.chunks_mut(NEURONS_PER_BLOCK).enumerate() {
            let mask = first_lanes(blocks.len());
            let from = rows.wrapping_add(tile * NEURONS_PER_BLOCK);
            let mut numbers = [_mm512_setzero_ps(); NEURONS_PER_BLOCK];
            for (row, numbers) in numbers.iter_mut().enumerate() {
                // The same tile of the 16 rows that are likely to be next.
                _mm_prefetch::<_MM_HINT_T0>(
                    from.wrapping_add((NEURONS_PER_BLOCK + row) * stride).cast(),
                );
                *numbers = _mm512_maskz_loadu_ps(mask, from.wrapping_add(row * stride));
            }
            for (block, turned) in blocks.iter_mut().zip(turn(numbers)) {
                _mm512_storeu_ps(
                    block.as_mut_ptr(),
                    _mm512_add_ps(_mm512_mul_ps(scale, turned), offset),
                );
            }
        }
    }
}

/// See [`blocks_to_rows`](crate::blocks_to_rows); all neurons have a row.
///
/// # Safety
/// As for [`rows_to_blocks`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,popcnt,bmi1,bmi2")]
pub(crate) unsafe fn blocks_to_rows(blocks: &[NeuronBlock], rows: *mut f32, stride: usize) {
    // SAFETY: as in `rows_to_blocks`.
    unsafe {
        for (tile, blocks) in blocks.chunks(NEURONS_PER_BLOCK).enumerate() {
            let mut numbers = [_mm512_setzero_ps(); NEURONS_PER_BLOCK];
            for (numbers, block) in numbers.iter_mut().zip(blocks) {
                *numbers = _mm512_loadu_ps(block.as_ptr());
            }
            for (row, turned) in turn(numbers).into_iter().enumerate() {
                _mm512_mask_storeu_ps(
                    rows.wrapping_add(row * stride + tile * NEURONS_PER_BLOCK),
                    first_lanes(blocks.len()),
                    turned,
                );
            }
        }
    }
}

/// The mask of the first `count` lanes.
#[inline(always)]
fn first_lanes(count: usize) -> u16 {
    ((1u32 << count) - 1) as u16
}

/// Rows to columns.
///
/// # Safety
/// The processor has AVX-512.
#[inline(always)]
pub(crate) unsafe fn turn(rows: [__m512; NEURONS_PER_BLOCK]) -> [__m512; NEURONS_PER_BLOCK] {
    // SAFETY: the caller's promise.
    unsafe {
        // By four rows: quarter `q` of `fours[r][c]` holds column `4 q + c` of rows `4 r..4 r + 4`.
        let mut fours = [[_mm512_setzero_ps(); 4]; 4];
        for (four, rows) in fours.iter_mut().zip(rows.as_chunks::<4>().0) {
            let [a, b, c, d] = *rows;
            let ab = [
                _mm512_castps_pd(_mm512_unpacklo_ps(a, b)),
                _mm512_castps_pd(_mm512_unpackhi_ps(a, b)),
            ];
            let cd = [
                _mm512_castps_pd(_mm512_unpacklo_ps(c, d)),
                _mm512_castps_pd(_mm512_unpackhi_ps(c, d)),
            ];
            for n in 0..2 {
                four[2 * n] = _mm512_castpd_ps(_mm512_unpacklo_pd(ab[n], cd[n]));
                four[2 * n + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(ab[n], cd[n]));
            }
        }
        let mut columns = [_mm512_setzero_ps(); NEURONS_PER_BLOCK];
        for c in 0..4 {
            let [first, second, third, fourth] =
                [fours[0][c], fours[1][c], fours[2][c], fours[3][c]];
            let (upper, lower) = (
                _mm512_shuffle_f32x4::<0x44>(first, second),
                _mm512_shuffle_f32x4::<0x44>(third, fourth),
            );
            columns[c] = _mm512_shuffle_f32x4::<0x88>(upper, lower);
            columns[4 + c] = _mm512_shuffle_f32x4::<0xdd>(upper, lower);
            let (upper, lower) = (
                _mm512_shuffle_f32x4::<0xee>(first, second),
                _mm512_shuffle_f32x4::<0xee>(third, fourth),
            );
            columns[8 + c] = _mm512_shuffle_f32x4::<0x88>(upper, lower);
            columns[12 + c] = _mm512_shuffle_f32x4::<0xdd>(upper, lower);
        }
        columns
    }
}

/// See [`blocks_at_least`](crate::blocks_at_least).
///
/// # Safety
/// The processor has AVX-512.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,popcnt,bmi1,bmi2")]
pub(crate) unsafe fn blocks_at_least(blocks: &[NeuronBlock], threshold: f32, masks: &mut [u16]) {
    let threshold = _mm512_set1_ps(threshold);
    for (block, mask) in blocks.iter().zip(masks) {
        // SAFETY: a block of neurons is one vector.
        *mask =
            unsafe { _mm512_cmp_ps_mask::<_CMP_GE_OQ>(_mm512_loadu_ps(block.as_ptr()), threshold) };
    }
}

/// Runs `f` compiled for AVX-512.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,popcnt,bmi1,bmi2")]
pub(crate) fn run<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// Runs a hot loop on the vectors of AVX-512.
///
/// # Safety
/// See [`HotLoop::run`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,popcnt,bmi1,bmi2")]
pub(crate) unsafe fn run_loop(hot_loop: impl HotLoop) {
    // SAFETY: handed on.
    unsafe { hot_loop.run::<Avx512>() }
}

/// `sum + a.0 * b.0 + a.1 * b.1`, by lanes.
///
/// # Safety
/// The processor has AVX-512 BF16.
#[inline(always)]
unsafe fn add_pair_products(sum: __m512, a: __m512i, b: *const u32) -> __m512 {
    // SAFETY: vectors of the same size, whose bits mean the same; the rest is the caller's promise.
    unsafe {
        let b = _mm512_loadu_si512(b.cast());
        _mm512_dpbf16_ps(
            sum,
            std::mem::transmute::<__m512i, __m512bh>(a),
            std::mem::transmute::<__m512i, __m512bh>(b),
        )
    }
}

/// See [`DelayWindows::pull_paired`](crate::DelayWindows::pull_paired).
///
/// # Safety
/// Operands as checked there; the processor has AVX-512 BF16.
#[target_feature(
    enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma,popcnt,bmi1,bmi2"
)]
pub(crate) unsafe fn pair_pull(pull: PairPull) {
    let length = pull.out.len();
    for (start, vectors) in tiles::<__m512>(length) {
        // SAFETY: tiles stay below the length; the rest is the caller's promise.
        unsafe {
            let (rows, out) = (pull.rows.as_ptr().add(start), pull.out.as_mut_ptr().add(start));
            for_tile!(vectors, N => pair_pull_tile::<__m512, N>(&pull, rows, out));
        }
    }
}

#[inline(always)]
unsafe fn pair_pull_tile<V: Vector, const N: usize>(
    pull: &PairPull,
    rows: *const u32,
    out: *mut f32,
) {
    // SAFETY: see `pair_pull`.
    unsafe {
        let mut sum = [_mm512_setzero_ps(); N];
        for (v, sum) in sum.iter_mut().enumerate() {
            *sum = _mm512_loadu_ps(out.add(v * 16));
        }
        for source in pull.sources {
            let synapse = source.synapse as usize + pull.offset;
            let first = *pull.first.get_unchecked(synapse) as usize;
            let mut weights = pull.weights.as_ptr().add(synapse * pull.pairs);
            let mut row = match pull.shift {
                Shift::Later => rows.add(source.row as usize - first - 1),
                Shift::Earlier => rows.add(source.row as usize + first),
            };
            for _ in 0..pull.used_pairs {
                // Towards the past the later tap comes first in the row.
                let turn = if pull.shift == Shift::Later { 16 } else { 0 };
                let weight = _mm512_set1_epi32((*weights).rotate_left(turn) as i32);
                for (v, sum) in sum.iter_mut().enumerate() {
                    *sum = add_pair_products(*sum, weight, row.add(v * 16));
                }
                row = if pull.shift == Shift::Later {
                    row.wrapping_sub(2)
                } else {
                    row.wrapping_add(2)
                };
                weights = weights.add(1);
            }
        }
        for (v, sum) in sum.into_iter().enumerate() {
            _mm512_storeu_ps(out.add(v * 16), sum);
        }
    }
}

/// See [`combine_each_paired`](crate::combine_each_paired).
///
/// # Safety
/// Operands as checked there; the processor has AVX-512 BF16.
#[target_feature(
    enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma,popcnt,bmi1,bmi2"
)]
pub(crate) unsafe fn pair_product(mut product: PairProduct) {
    for (first, vectors) in
        split(product.length / NEURONS_PER_BLOCK, Instructions::Avx512.four_row_tile())
    {
        let start = first * NEURONS_PER_BLOCK;
        let (four, rest) = product.outputs.as_chunks::<4>();
        // SAFETY: tiles stay below the length; the rest is the caller's promise.
        unsafe {
            macro_rules! tile {
                ($outputs:expr, $m:literal, $($n:literal)+) => {
                    match vectors {
                        $($n => pair_product_tile::<$n, $m>(&mut product, $outputs, start),)+
                        _ => unreachable!("six at most"),
                    }
                };
            }
            for outputs in four {
                tile!(*outputs, 4, 1 2 3 4 5 6);
            }
            for &output in rest {
                tile!([output], 1, 1 2 3 4 5 6);
            }
        }
    }
}

#[inline(always)]
unsafe fn pair_product_tile<const N: usize, const M: usize>(
    product: &mut PairProduct,
    outputs: [Mixture; M],
    start: usize,
) {
    // SAFETY: see `pair_product`.
    unsafe {
        let mut out = [product.out.as_mut_ptr(); M];
        let mut weights = [product.weights.as_ptr(); M];
        for ((out, weights), output) in out.iter_mut().zip(&mut weights).zip(outputs) {
            *out = out.add(output.out as usize + start);
            *weights = weights.add(output.weights as usize);
        }
        let mut sum = [[_mm512_setzero_ps(); N]; M];
        for (sum, out) in sum.iter_mut().zip(out) {
            for (v, sum) in sum.iter_mut().enumerate() {
                *sum = _mm512_loadu_ps(out.add(v * 16));
            }
        }
        let mut rows = product.rows.as_ptr().add(start);
        for m in 0..product.count {
            for (sum, weights) in sum.iter_mut().zip(weights) {
                let weight = _mm512_set1_epi32(*weights.add(m) as i32);
                for (v, sum) in sum.iter_mut().enumerate() {
                    *sum = add_pair_products(*sum, weight, rows.add(v * 16));
                }
            }
            rows = rows.wrapping_add(product.stride);
        }
        for (sum, out) in sum.into_iter().zip(out) {
            for (v, sum) in sum.into_iter().enumerate() {
                _mm512_storeu_ps(out.add(v * 16), sum);
            }
        }
    }
}
