//! NEON: 4 lanes, 32 registers.

use super::tap_table::Tap;
use super::vector::{self, Vector};
use std::arch::aarch64::*;

// SAFETY: NEON is part of every aarch64 processor Rust targets.
unsafe impl Vector for float32x4_t {
    const LANES: usize = 4;
    const TILE: usize = 14;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        unsafe { vdupq_n_f32(value) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { vld1q_f32(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { vst1q_f32(to, self) }
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        unsafe { vfmaq_f32(self, a, b) }
    }

    #[inline(always)]
    unsafe fn sums(four: [Self; 4]) -> [f32; 4] {
        unsafe { [vaddvq_f32(four[0]), vaddvq_f32(four[1]), vaddvq_f32(four[2]), vaddvq_f32(four[3])] }
    }
}

/// [`vector::accumulate`].
///
/// # Safety
/// See there.
pub(super) unsafe fn accumulate(rows: &[f32], taps: &[Tap], index: &[u32], out: &mut [f32]) {
    // SAFETY: handed on.
    unsafe { vector::accumulate::<float32x4_t>(rows, taps, index, out) }
}

/// [`vector::correlate`].
///
/// # Safety
/// See there.
pub(super) unsafe fn correlate(rows: &[f32], taps: &[Tap], index: &[u32], signal: &[f32], sums: &mut [f32]) {
    // SAFETY: handed on.
    unsafe { vector::correlate::<float32x4_t>(rows, taps, index, signal, sums) }
}
