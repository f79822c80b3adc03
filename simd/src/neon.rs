//! NEON: 4 lanes, 32 registers.

use crate::vector::{Eight, Simd, Vector};
use std::arch::aarch64::*;

/// See the module.
pub(crate) struct Neon;

impl Simd for Neon {
    type Full = float32x4_t;
    type Half = Two;
    type Quarter = float32x4_t;
}

// SAFETY: NEON is part of every aarch64 processor Rust targets.
unsafe impl Vector for float32x4_t {
    const LANES: usize = 4;
    const TILE: usize = 14;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the processor has the instructions.
        unsafe { vdupq_n_f32(value) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller may read all lanes, and the processor has the instructions.
        unsafe { vld1q_f32(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller may write all lanes, and the processor has the instructions.
        unsafe { vst1q_f32(to, self) }
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        // SAFETY: the processor has the instructions.
        unsafe { vfmaq_f32(self, a, b) }
    }
}

/// Two vectors side by side.
#[derive(Clone, Copy)]
pub(crate) struct Two(float32x4_t, float32x4_t);

// SAFETY: as above.
unsafe impl Vector for Two {
    const LANES: usize = 8;
    const TILE: usize = 10;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the processor has the instructions.
        unsafe { Self(vdupq_n_f32(value), vdupq_n_f32(value)) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller may read all lanes, and the processor has the instructions.
        unsafe { Self(vld1q_f32(from), vld1q_f32(from.add(4))) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller may write all lanes, and the processor has the instructions.
        unsafe {
            vst1q_f32(to, self.0);
            vst1q_f32(to.add(4), self.1);
        }
    }

    #[inline(always)]
    unsafe fn add_product(self, a: Self, b: Self) -> Self {
        // SAFETY: the processor has the instructions.
        unsafe { Self(vfmaq_f32(self.0, a.0, b.0), vfmaq_f32(self.1, a.1, b.1)) }
    }
}

// SAFETY: as above.
unsafe impl Eight for Two {
    #[inline(always)]
    unsafe fn add_sums(of: [Self; 4], to: *mut f32) {
        // SAFETY: the caller may write all lanes, and the processor has the instructions.
        unsafe {
            let [a, b, c, d] = of.map(|two| vaddq_f32(two.0, two.1));
            let sums = vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d));
            vst1q_f32(to, vaddq_f32(vld1q_f32(to), sums));
        }
    }
}
