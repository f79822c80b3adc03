//! The two kernels, written once for any vector of `f32`.
//!
//! Each function is `#[inline(always)]` so that it is compiled with the target features of the function that calls it; for the same
//! reason there are no closures here: one that is not inlined would lose the features, and be fifty times slower.

use super::tap_table::Tap;

/// A vector of `LANES` numbers.
///
/// # Safety
/// An implementation may use instructions its name stands for; callers make sure the processor has them.
pub(super) unsafe trait Vector: Copy {
    const LANES: usize;
    /// Accumulators a register tile may hold, leaving room for operands.
    const TILE: usize;
    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    /// `self + a * b`, fused.
    unsafe fn add_product(self, a: Self, b: Self) -> Self;
    /// The lane sums of four vectors.
    unsafe fn sums(four: [Self; 4]) -> [f32; 4];
}

/// `out[t] += sum_k taps[index[k]].weight * rows[taps[index[k]].offset + t]` for `t` below `out.len()`, a multiple of 16.
///
/// # Safety
/// Every `index` is inside `taps`; every row it names holds `out.len()` numbers inside `rows`; the processor has `V`'s instructions.
#[inline(always)]
pub(super) unsafe fn accumulate<V: Vector>(rows: &[f32], taps: &[Tap], index: &[u32], out: &mut [f32]) {
    for (start, vectors) in tiles::<V>(out.len()) {
        // SAFETY: tiles stay below `out.len()`, the rest is the caller's promise.
        unsafe {
            let (rows, out) = (rows.as_ptr().add(start), out.as_mut_ptr().add(start));
            macro_rules! tile { ($($n:literal)+) => { match vectors { $($n => accumulate_tile::<V, $n>(rows, taps, index, out),)+ _ => unreachable!("tiles are at most V::TILE long") } } }
            tile!(1 2 3 4 5 6 7 8 9 10 11 12 13 14);
        }
    }
}

#[inline(always)]
unsafe fn accumulate_tile<V: Vector, const N: usize>(rows: *const f32, taps: &[Tap], index: &[u32], out: *mut f32) {
    // SAFETY: see `accumulate`.
    unsafe {
        let mut sum = [V::splat(0.0); N];
        for (v, sum) in sum.iter_mut().enumerate() {
            *sum = V::load(out.add(v * V::LANES));
        }
        for &k in index {
            let tap = taps.get_unchecked(k as usize);
            let weight = V::splat(tap.weight);
            let row = rows.add(tap.offset as usize);
            for (v, sum) in sum.iter_mut().enumerate() {
                *sum = sum.add_product(weight, V::load(row.add(v * V::LANES)));
            }
        }
        for (v, sum) in sum.iter().enumerate() {
            sum.store(out.add(v * V::LANES));
        }
    }
}

/// `sums[index[k]] += sum_t signal[t] * rows[taps[index[k]].offset + t]`, the adjoint of [`accumulate`] in the weights.
///
/// # Safety
/// As for [`accumulate`], with `signal` in the place of `out`; `sums` is as long as `taps`.
#[inline(always)]
pub(super) unsafe fn correlate<V: Vector>(rows: &[f32], taps: &[Tap], index: &[u32], signal: &[f32], sums: &mut [f32]) {
    for (start, vectors) in tiles::<V>(signal.len()) {
        // SAFETY: tiles stay below `signal.len()`, the rest is the caller's promise.
        unsafe {
            let (rows, signal) = (rows.as_ptr().add(start), signal.as_ptr().add(start));
            macro_rules! tile { ($($n:literal)+) => { match vectors { $($n => correlate_tile::<V, $n>(rows, taps, index, signal, sums),)+ _ => unreachable!("tiles are at most V::TILE long") } } }
            tile!(1 2 3 4 5 6 7 8 9 10 11 12 13 14);
        }
    }
}

#[inline(always)]
unsafe fn correlate_tile<V: Vector, const N: usize>(rows: *const f32, taps: &[Tap], index: &[u32], signal: *const f32, sums: &mut [f32]) {
    // SAFETY: see `correlate`.
    unsafe {
        let mut held = [V::splat(0.0); N];
        for (v, held) in held.iter_mut().enumerate() {
            *held = V::load(signal.add(v * V::LANES));
        }
        let mut four = index.chunks_exact(4);
        for k in &mut four {
            let mut row = [rows; 4];
            for (row, &k) in row.iter_mut().zip(k) {
                *row = row.add(taps.get_unchecked(k as usize).offset as usize);
            }
            let mut sum = [V::splat(0.0); 4];
            for (v, &held) in held.iter().enumerate() {
                for (sum, row) in sum.iter_mut().zip(row) {
                    *sum = sum.add_product(held, V::load(row.add(v * V::LANES)));
                }
            }
            for (&k, sum) in k.iter().zip(V::sums(sum)) {
                *sums.get_unchecked_mut(k as usize) += sum;
            }
        }
        for &k in four.remainder() {
            let row = rows.add(taps.get_unchecked(k as usize).offset as usize);
            let mut sum = V::splat(0.0);
            for (v, &held) in held.iter().enumerate() {
                sum = sum.add_product(held, V::load(row.add(v * V::LANES)));
            }
            *sums.get_unchecked_mut(k as usize) += V::sums([sum, V::splat(0.0), V::splat(0.0), V::splat(0.0)])[0];
        }
    }
}

/// Splits `length` numbers into tiles of nearly equal size that fit the registers: `(first number, vectors)`.
fn tiles<V: Vector>(length: usize) -> impl Iterator<Item = (usize, usize)> {
    let vectors = length / V::LANES;
    let tiles = vectors.div_ceil(V::TILE);
    (0..tiles).map(move |tile| {
        let first = vectors * tile / tiles;
        (first * V::LANES, vectors * (tile + 1) / tiles - first)
    })
}
