//! The hot loops, chosen at run time for the processor at hand.
//!
//! Two operations carry all the work of a projection (see [`TapTable`]): **accumulate**, `out[t] += w * row[t + offset]` over a list of
//! taps, and its adjoint **correlate**, `sum += g[t] * row[t + offset]`. Both keep the time axis of one neuron in registers and stream
//! presynaptic rows past it, so a multiply-add costs one load. They are written once over a vector type ([`vector`]) and compiled
//! for AVX-512, AVX2 + FMA and NEON; [`scalar`] is the plain twin that tests hold them against.
//!
//! This is the only module of the crate that may use `unsafe`: for the instruction sets, and for rows read at unchecked offsets.
//! The offsets are checked when a [`TapTable`] is filled. Results may differ in the last bits between instruction sets (fused
//! multiply-add, order of lanes) but never between runs or numbers of threads.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
mod tap_table;
mod vector;

pub use tap_table::{Tap, TapSelection, TapTable, padded};

use std::sync::OnceLock;

/// Instruction sets the kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instructions {
    /// 16 lanes of `f32`, fused multiply-add.
    Avx512,
    /// 8 lanes of `f32`, fused multiply-add.
    Avx2,
    /// 4 lanes of `f32`, fused multiply-add.
    Neon,
    /// Plain Rust.
    Scalar,
}

impl Instructions {
    /// The widest set this processor has; found out once.
    pub fn detect() -> Self {
        static FOUND: OnceLock<Instructions> = OnceLock::new();
        *FOUND.get_or_init(|| *Self::available().first().expect("scalar is always there"))
    }

    /// All sets this processor has, widest first.
    pub fn available() -> Vec<Self> {
        let mut sets = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if avx512::is_available() {
                sets.push(Self::Avx512);
            }
            if avx2::is_available() {
                sets.push(Self::Avx2);
            }
        }
        #[cfg(target_arch = "aarch64")]
        sets.push(Self::Neon);
        sets.push(Self::Scalar);
        sets
    }

    /// Name as printed by `synfire bench` and stored in a run's `environment.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2+fma",
            Self::Neon => "neon",
            Self::Scalar => "scalar",
        }
    }
}

/// Runs `f` compiled for the widest vectors of this processor. `f` must be an `#[inline(always)]` closure, and so must be what it calls.
///
/// Plain multiplications and additions keep their bits whatever the vector width; only explicit fused operations would not, so `f`
/// must not use them.
pub fn vectorize<R>(f: impl FnOnce() -> R) -> R {
    match Instructions::detect() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has the features, `detect` has just said so.
        Instructions::Avx512 => unsafe { avx512::run(f) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Instructions::Avx2 => unsafe { avx2::run(f) },
        _ => f(),
    }
}
