//! From numbers to words of two bf16 numbers, in the order of tiles.

use crate::matrix::Matrix;
use crate::tile_products::shape::{INNER, PANEL, PARTS, Place, SIDE, WORDS};

/// The upper half of a word.
const UPPER: u32 = 0xffff_0000;

/// A number minus its multiple by this, rounded, leaves the eight most significant bits
/// [Dekker 1971].
const SPLITTER: f32 = 65537.0;

/// The bf16 number that is nearest to an `f32`, ties to even.
#[inline(always)]
fn nearest(number: f32) -> f32 {
    let large = number * SPLITTER;
    large - (large - number)
}

/// Three bf16 numbers whose sum is the number, from 2^-110 to 2^112 in size.
#[inline(always)]
fn split(number: f32) -> [f32; PARTS] {
    let first = nearest(number);
    let rest = number - first;
    let second = nearest(rest);
    [first, second, rest - second]
}

/// Two bf16 numbers in one word, the first in the lower half.
#[inline(always)]
fn word(first: f32, second: f32) -> f32 {
    f32::from_bits(first.to_bits() >> 16 | second.to_bits() & UPPER)
}

/// A matrix to be packed: `[x][k]`, where `k` is the inner dimension.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    /// With columns along the inner dimension.
    matrix: Matrix<'a, f32>,
    place: Place,
    parts: usize,
}

impl<'a> Source<'a> {
    pub(crate) fn new(matrix: Matrix<'a, f32>, place: Place) -> Self {
        let matrix = if place == Place::Left { matrix } else { matrix.transposed() };
        let parts = if is_short(matrix.values()) { 1 } else { PARTS };
        Self { matrix, place, parts }
    }

    pub(crate) fn place(&self) -> Place {
        self.place
    }

    pub(crate) fn width(&self) -> usize {
        self.matrix.rows()
    }

    pub(crate) fn inner(&self) -> usize {
        self.matrix.columns()
    }

    pub(crate) fn parts(&self) -> usize {
        self.parts
    }

    /// Writes a panel, `[block][part][half][tile]`.
    pub(crate) fn pack(&self, panel: usize, words: &mut [f32]) {
        let blocks = words.chunks_exact_mut(self.parts * 2 * WORDS).enumerate();
        for (block, words) in blocks {
            for half in 0..2 {
                self.pack_tile(panel * PANEL + half * SIDE, block * INNER, half, words);
            }
        }
    }

    /// Writes the tiles of all parts of one half of a block: 16 rows of the matrix from `x` on, 32
    /// columns from `k` on.
    pub(crate) fn pack_tile(&self, x: usize, k: usize, half: usize, words: &mut [f32]) {
        let rows = self.width().saturating_sub(x).min(SIDE);
        let columns = self.inner().saturating_sub(k).min(INNER);
        let tiles = words.as_chunks_mut::<WORDS>().0;
        if rows == 0 || columns == 0 {
            tiles.iter_mut().skip(half).step_by(2).for_each(|tile| tile.fill(0.0));
            return;
        }
        #[cfg(target_arch = "x86_64")]
        if vectors::are_there() {
            // SAFETY: the processor has the instructions; the rows and columns lie in the matrix.
            unsafe { vectors::pack_tile(self, [x, k], [rows, columns], half, tiles) };
            return;
        }
        self.pack_plainly([x, k], [rows, columns], half, tiles);
    }

    /// The plain twin.
    pub(crate) fn pack_plainly(
        &self,
        [x, k]: [usize; 2],
        [rows, columns]: [usize; 2],
        half: usize,
        tiles: &mut [[f32; WORDS]],
    ) {
        let at = |row: usize, column: usize| {
            let inside = row < rows && column < columns;
            if inside { split(self.matrix.at(x + row, k + column)) } else { [0.0; PARTS] }
        };
        for row in 0..SIDE {
            for pair in 0..SIDE {
                let (first, second) = (at(row, 2 * pair), at(row, 2 * pair + 1));
                let place = match self.place {
                    Place::Left => row * SIDE + pair,
                    Place::Right => pair * SIDE + row,
                };
                for part in 0..self.parts {
                    tiles[2 * part + half][place] = word(first[part], second[part]);
                }
            }
        }
    }
}

/// Whether all numbers are bf16 numbers: sixteen significant bits are zero.
fn is_short(values: &[f32]) -> bool {
    let is_short = |some: &[f32]| some.iter().fold(0, |bits, v| bits | v.to_bits()) & !UPPER == 0;
    values.chunks(256).all(is_short)
}

/// Writes a tile of zeros and ones: bit `b` of mask `r` is entry `b` of row `r`.
#[inline]
pub(crate) fn write_bits(masks: &[u32; SIDE], tile: &mut [f32; WORDS]) {
    #[cfg(target_arch = "x86_64")]
    if vectors::are_there() {
        // SAFETY: the processor has the instructions.
        return unsafe { vectors::write_bits(masks, tile) };
    }
    for (mask, words) in masks.iter().zip(tile.as_chunks_mut::<SIDE>().0) {
        let one = |bit: usize| (mask >> bit & 1) as f32;
        words.iter_mut().enumerate().for_each(|(n, to)| *to = word(one(2 * n), one(2 * n + 1)));
    }
}

/// Writes a tile of zeros and ones: bit `b` of the masks of pair `r` is word `b` of row `r`.
#[inline]
pub(crate) fn write_paired_bits(masks: &[[u16; 2]; SIDE], tile: &mut [f32; WORDS]) {
    #[cfg(target_arch = "x86_64")]
    if vectors::are_there() {
        // SAFETY: the processor has the instructions.
        return unsafe { vectors::write_paired_bits(masks, tile) };
    }
    for (masks, words) in masks.iter().zip(tile.as_chunks_mut::<SIDE>().0) {
        let one = |mask: u16, bit: usize| f32::from(mask >> bit & 1);
        let of = |(n, to): (usize, &mut f32)| *to = word(one(masks[0], n), one(masks[1], n));
        words.iter_mut().enumerate().for_each(of);
    }
}

#[cfg(target_arch = "x86_64")]
mod vectors {
    //! The same with vectors of AVX-512.

    use super::{SPLITTER, Source, UPPER};
    use crate::avx512::turn;
    use crate::instructions::Instructions;
    use crate::tile_products::shape::{PARTS, Place, SIDE, WORDS};
    use std::arch::x86_64::*;

    pub(super) fn are_there() -> bool {
        Instructions::detect() == Instructions::Avx512
    }

    /// As the plain one, number by number.
    #[inline(always)]
    unsafe fn nearest(numbers: __m512) -> __m512 {
        // SAFETY: the processor has AVX-512.
        unsafe {
            let large = _mm512_mul_ps(numbers, _mm512_set1_ps(SPLITTER));
            _mm512_sub_ps(large, _mm512_sub_ps(large, numbers))
        }
    }

    /// Words of the next part of two vectors of numbers; what is left of the numbers stays.
    #[inline(always)]
    unsafe fn take_part(numbers: &mut [__m512; 2], order: WordOrder) -> __m512 {
        // SAFETY: the processor has AVX-512.
        unsafe {
            let [first, second] = [nearest(numbers[0]), nearest(numbers[1])];
            *numbers = [_mm512_sub_ps(numbers[0], first), _mm512_sub_ps(numbers[1], second)];
            let [first, second] = [_mm512_castps_si512(first), _mm512_castps_si512(second)];
            _mm512_castsi512_ps(match order {
                WordOrder::Along(upper) => _mm512_permutex2var_epi16(first, upper, second),
                WordOrder::Across(upper) => {
                    _mm512_or_si512(_mm512_srli_epi32::<16>(first), _mm512_and_si512(second, upper))
                }
            })
        }
    }

    /// Which numbers of two vectors make up a word.
    #[derive(Clone, Copy)]
    enum WordOrder {
        /// Neighbours: the indices of all upper halves.
        Along(__m512i),
        /// Those of the same lane: a mask of upper halves.
        Across(__m512i),
    }

    /// See `Source::pack_tile`.
    ///
    /// # Safety
    /// The processor has AVX-512; so many rows and columns of the matrix lie from `x` and `k` on.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,popcnt,bmi1,bmi2")]
    pub(super) unsafe fn pack_tile(
        source: &Source,
        at: [usize; 2],
        inside: [usize; 2],
        half: usize,
        tiles: &mut [[f32; WORDS]],
    ) {
        let is_along = source.matrix.strides()[1] == 1;
        // Words lie as the tile wants them, or turned.
        let is_turned = is_along == (source.place == Place::Right);
        // SAFETY: handed on.
        unsafe {
            match (source.parts, is_along, is_turned) {
                (1, true, false) => pack::<1, true, false>(source, at, inside, half, tiles),
                (1, true, true) => pack::<1, true, true>(source, at, inside, half, tiles),
                (1, false, false) => pack::<1, false, false>(source, at, inside, half, tiles),
                (1, false, true) => pack::<1, false, true>(source, at, inside, half, tiles),
                (_, true, false) => pack::<PARTS, true, false>(source, at, inside, half, tiles),
                (_, true, true) => pack::<PARTS, true, true>(source, at, inside, half, tiles),
                (_, false, false) => pack::<PARTS, false, false>(source, at, inside, half, tiles),
                (_, false, true) => pack::<PARTS, false, true>(source, at, inside, half, tiles),
            }
        }
    }

    /// As [`pack_tile`], for one number of parts and one order of words.
    #[inline(always)]
    unsafe fn pack<const PARTS: usize, const ALONG: bool, const TURNED: bool>(
        source: &Source,
        [x, k]: [usize; 2],
        [rows, columns]: [usize; 2],
        half: usize,
        tiles: &mut [[f32; WORDS]],
    ) {
        let matrix = &source.matrix;
        let [row_stride, column_stride] = matrix.strides();
        // Neighbours along the other dimension are loaded as one vector.
        debug_assert!(ALONG || row_stride == 1, "one stride of a matrix is 1");
        // SAFETY: loads are masked to the rows and columns inside, along the dimension whose stride
        // is 1. A part has a tile for this half, and a tile has 16 rows of one vector.
        unsafe {
            let from = matrix.values().as_ptr().add(x * row_stride + k * column_stride);
            let out = tiles.as_mut_ptr().add(half).cast::<f32>();
            let mut words = [[_mm512_setzero_ps(); SIDE]; PARTS];
            let order = if ALONG {
                let upper: [u16; 32] = std::array::from_fn(|n| 2 * n as u16 + 1);
                WordOrder::Along(_mm512_loadu_si512(upper.as_ptr().cast()))
            } else {
                WordOrder::Across(_mm512_set1_epi32(UPPER as i32))
            };
            for n in 0..SIDE {
                // Both numbers of a word: neighbours in a row, or of two rows.
                let (masks, from, next) = if ALONG {
                    let is_inside = n < rows;
                    let masks = [lanes(columns), lanes(columns.saturating_sub(SIDE))];
                    (
                        if is_inside { masks } else { [0; 2] },
                        from.wrapping_add(n * row_stride),
                        SIDE,
                    )
                } else {
                    let of = |column: usize| if column < columns { lanes(rows) } else { 0 };
                    let masks = [of(2 * n), of(2 * n + 1)];
                    (masks, from.wrapping_add(2 * n * column_stride), column_stride)
                };
                let mut numbers = [
                    _mm512_maskz_loadu_ps(masks[0], from),
                    _mm512_maskz_loadu_ps(masks[1], from.wrapping_add(next)),
                ];
                for part in 0..PARTS {
                    let of_part = take_part(&mut numbers, order);
                    if TURNED {
                        words[part][n] = of_part;
                    } else {
                        _mm512_storeu_ps(out.add(2 * part * WORDS + n * SIDE), of_part);
                    }
                }
            }
            if TURNED {
                for part in 0..PARTS {
                    let turned = turn(words[part]);
                    for n in 0..SIDE {
                        _mm512_storeu_ps(out.add(2 * part * WORDS + n * SIDE), turned[n]);
                    }
                }
            }
        }
    }

    /// The mask of the first `count` lanes.
    #[inline(always)]
    fn lanes(count: usize) -> u16 {
        ((1u32 << count.min(SIDE)) - 1) as u16
    }

    /// See [`super::write_bits`].
    ///
    /// # Safety
    /// The processor has AVX-512.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,popcnt,bmi1,bmi2")]
    pub(super) unsafe fn write_bits(masks: &[u32; SIDE], tile: &mut [f32; WORDS]) {
        let one = _mm512_set1_epi16((1f32.to_bits() >> 16) as i16);
        for (&mask, row) in masks.iter().zip(tile.as_chunks_mut::<SIDE>().0) {
            // SAFETY: a row is one vector.
            unsafe {
                _mm512_storeu_si512(row.as_mut_ptr().cast(), _mm512_maskz_mov_epi16(mask, one));
            }
        }
    }

    /// See [`super::write_paired_bits`].
    ///
    /// # Safety
    /// The processor has AVX-512.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,popcnt,bmi1,bmi2")]
    pub(super) unsafe fn write_paired_bits(masks: &[[u16; 2]; SIDE], tile: &mut [f32; WORDS]) {
        let one = 1f32.to_bits();
        let (lower, upper) =
            (_mm512_set1_epi32((one >> 16) as i32), _mm512_set1_epi32((one & UPPER) as i32));
        for (&[first, second], row) in masks.iter().zip(tile.as_chunks_mut::<SIDE>().0) {
            let words = _mm512_or_si512(
                _mm512_maskz_mov_epi32(first, lower),
                _mm512_maskz_mov_epi32(second, upper),
            );
            // SAFETY: a row is one vector.
            unsafe { _mm512_storeu_si512(row.as_mut_ptr().cast(), words) };
        }
    }
}
