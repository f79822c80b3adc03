//! NEON: 4 lanes, 32 registers.

use super::vector::{Simd, Vector};
use std::arch::aarch64::*;

/// See the module.
pub(super) struct Neon;

impl Simd for Neon {
    type Full = float32x4_t;
    type Half = float32x4_t;
    type Quarter = float32x4_t;
}

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
}
