//! AVX-512: 16 lanes, 32 registers.

use super::tap_table::Tap;
use super::vector::{self, Vector};
use std::arch::x86_64::*;

// SAFETY: the instructions are AVX-512F; the functions below are reached only where `Instructions::Avx512` was found.
unsafe impl Vector for __m512 {
    const LANES: usize = 16;
    const TILE: usize = 14;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm512_storeu_ps(to, self) }
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        unsafe { _mm512_fmadd_ps(a, b, self) }
    }

    #[inline(always)]
    unsafe fn sums(four: [Self; 4]) -> [f32; 4] {
        unsafe { Vector::sums([half(four[0]), half(four[1]), half(four[2]), half(four[3])]) }
    }
}

/// The upper lanes added to the lower ones.
#[inline(always)]
unsafe fn half(v: __m512) -> __m256 {
    unsafe { _mm256_add_ps(_mm512_castps512_ps256(v), _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v), 1))) }
}

/// Whether the processor has every feature that [`run`] is compiled for.
pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && super::avx2::is_available()
}

/// Runs `f` compiled for AVX-512.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,popcnt,bmi1,bmi2")]
pub(super) fn run<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// [`vector::accumulate`].
///
/// # Safety
/// See there.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn accumulate(rows: &[f32], taps: &[Tap], index: &[u32], out: &mut [f32]) {
    // SAFETY: handed on.
    unsafe { vector::accumulate::<__m512>(rows, taps, index, out) }
}

/// [`vector::correlate`].
///
/// # Safety
/// See there.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn correlate(rows: &[f32], taps: &[Tap], index: &[u32], signal: &[f32], sums: &mut [f32]) {
    // SAFETY: handed on.
    unsafe { vector::correlate::<__m512>(rows, taps, index, signal, sums) }
}
