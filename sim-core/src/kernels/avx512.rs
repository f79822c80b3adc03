//! AVX-512: 16 lanes, 32 registers.

use super::vector::{Kernel, Simd, Vector};
use std::arch::x86_64::*;

/// See the module.
pub(super) struct Avx512;

impl Simd for Avx512 {
    type Full = __m512;
    type Half = __m256;
    type Quarter = __m128;
}

// SAFETY: the instructions are AVX-512F; `run` and `run_kernel` below are reached only where `Instructions::Avx512` was found.
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

/// Runs a kernel on the vectors of AVX-512.
///
/// # Safety
/// See [`Kernel::run`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,popcnt,bmi1,bmi2")]
pub(super) unsafe fn run_kernel(kernel: impl Kernel) {
    // SAFETY: handed on.
    unsafe { kernel.run::<Avx512>() }
}
