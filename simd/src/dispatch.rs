//! A loop compiled for the instruction set at hand.

#[cfg(target_arch = "x86_64")]
use crate::avx2;
#[cfg(target_arch = "x86_64")]
use crate::avx512;
use crate::instructions::Instructions;
#[cfg(target_arch = "aarch64")]
use crate::neon::Neon;
use crate::vector::HotLoop;

impl Instructions {
    /// Runs a hot loop on the vectors of this set.
    ///
    /// # Safety
    /// The operands are what the loop asks for. The processor has the set: a loop gets one from
    /// [`Instructions::detect`] or [`Instructions::available`], which ask the processor.
    pub(crate) unsafe fn run(self, hot_loop: impl HotLoop) {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: handed on.
            Self::Avx512 => unsafe { avx512::run_loop(hot_loop) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: handed on.
            Self::Avx2 => unsafe { avx2::run_loop(hot_loop) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: handed on.
            Self::Neon => unsafe { hot_loop.run::<Neon>() },
            _ => hot_loop.run_scalar(),
        }
    }

    /// Runs `f` compiled for the vectors of this set. `f` must be an `#[inline(always)]` closure,
    /// and so must be what it calls.
    ///
    /// Plain multiplications and additions keep their bits whatever the vector width; only explicit
    /// fused operations would not, so `f` must not use them.
    pub fn vectorize<R>(self, f: impl FnOnce() -> R) -> R {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: only `detect` and `available` make this value, and they ask the processor.
            Self::Avx512 => unsafe { avx512::run(f) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Self::Avx2 => unsafe { avx2::run(f) },
            _ => f(),
        }
    }
}

/// Runs `f` compiled for the widest vectors of this processor; see [`Instructions::vectorize`].
pub fn vectorize<R>(f: impl FnOnce() -> R) -> R {
    Instructions::detect().vectorize(f)
}
