//! AVX2 with fused multiply-add: 8 lanes, 16 registers.

use super::tap_table::Tap;
use super::vector::{self, Vector};
use std::arch::x86_64::*;

// SAFETY: the instructions are AVX and FMA; the functions below are reached only where `Instructions::Avx2` was found.
unsafe impl Vector for __m256 {
    const LANES: usize = 8;
    const TILE: usize = 10;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm256_storeu_ps(to, self) }
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        unsafe { _mm256_fmadd_ps(a, b, self) }
    }

    #[inline(always)]
    unsafe fn sums(four: [Self; 4]) -> [f32; 4] {
        unsafe { sums_of_quarters([quarter(four[0]), quarter(four[1]), quarter(four[2]), quarter(four[3])]) }
    }
}

/// The upper lanes added to the lower ones.
#[inline(always)]
unsafe fn quarter(v: __m256) -> __m128 {
    unsafe { _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1)) }
}

/// The lane sums of four vectors of four lanes.
#[inline(always)]
unsafe fn sums_of_quarters([a, b, c, d]: [__m128; 4]) -> [f32; 4] {
    unsafe {
        let ab = _mm_add_ps(_mm_unpacklo_ps(a, b), _mm_unpackhi_ps(a, b));
        let cd = _mm_add_ps(_mm_unpacklo_ps(c, d), _mm_unpackhi_ps(c, d));
        let all = _mm_add_ps(_mm_movelh_ps(ab, cd), _mm_movehl_ps(cd, ab));
        let mut sums = [0.0; 4];
        _mm_storeu_ps(sums.as_mut_ptr(), all);
        sums
    }
}

/// Whether the processor has every feature that [`run`] is compiled for.
pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
}

/// Runs `f` compiled for AVX2.
#[target_feature(enable = "avx2,fma,popcnt,bmi1,bmi2")]
pub(super) fn run<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// [`vector::accumulate`].
///
/// # Safety
/// See there.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn accumulate(rows: &[f32], taps: &[Tap], index: &[u32], out: &mut [f32]) {
    // SAFETY: handed on.
    unsafe { vector::accumulate::<__m256>(rows, taps, index, out) }
}

/// [`vector::correlate`].
///
/// # Safety
/// See there.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn correlate(rows: &[f32], taps: &[Tap], index: &[u32], signal: &[f32], sums: &mut [f32]) {
    // SAFETY: handed on.
    unsafe { vector::correlate::<__m256>(rows, taps, index, signal, sums) }
}
