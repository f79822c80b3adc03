//! The hot loops, chosen at run time for the processor at hand.
//!
//! | file | loops |
//! |---|---|
//! | `delay_windows` | synapses whose kernels are a few neighbouring taps: `scatter`, `gather`, `pull`, `pull_ahead`, `pull_lines` |
//! | `bursts` | spikes that follow one another closely, taken together by `scatter_bursts`, `gather_bursts` |
//! | `row_sums` | weighted sums of whole rows: `combine`, `combine_each`, `gather_rows` |
//! | `bf16` | the whole-row loops on pairs of bf16 numbers |
//! | `vector` | what they are written over: one source, compiled for AVX-512, AVX2 + FMA and NEON, beside a plain twin |
//! | `rates` | what the machine can do at best |
//! | `time_sums` | sums of rows over time |
//! | `transpose` | rows along time to lanes side by side, and back |
//! | `aligned` | rows on cache lines |
//! | `lines` | rows of which any eight neighbours lie on one line |
//!
//! This is the only module of the crate that may use `unsafe`: for the instruction sets, and for
//! rows read at unchecked offsets. Offsets are checked once per call, where safe code enters.
//! Results may differ in the last bits between instruction sets (fused multiply-add, order of
//! lanes) but never between runs or numbers of threads.
#![allow(unsafe_code)]
#![allow(
    clippy::needless_range_loop,
    reason = "a loop by index over small arrays keeps them in registers; one over several iterators may not"
)]

mod aligned;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod bf16;
mod bursts;
mod delay_windows;
mod lines;
#[cfg(target_arch = "aarch64")]
mod neon;
mod rates;
mod row_sums;
mod time_sums;
mod transpose;
mod vector;

pub use aligned::{Aligned, resize_with_room};
pub use bf16::{combine_each_paired, pair, pair_rows, pair_with_next};
pub use bursts::{Bursts, MOST_TAPS, Train};
pub use delay_windows::{DelayWindows, Place, Shift, Source, Sources, WindowTaps};
pub use lines::to_lines;
pub use rates::MachineRates;
pub use row_sums::{Mixture, RowTable, combine, combine_each, gather_rows};
pub use time_sums::time_sums;
pub use transpose::{lanes_at_least, lanes_to_rows, rows_to_lanes};

use std::sync::OnceLock;

/// Steps are stored in multiples of this many numbers, so that every vector width divides a row.
const ROW_MULTIPLE: usize = 16;

/// `steps` rounded up to what a row holds.
pub fn padded(steps: usize) -> usize {
    steps.next_multiple_of(ROW_MULTIPLE)
}

/// A length for rows of at least `length` numbers that follow one another: an odd number of cache
/// lines, which spreads them over the cache.
pub fn row_stride(length: usize) -> usize {
    length.next_multiple_of(ROW_MULTIPLE) | ROW_MULTIPLE
}

/// Instruction sets the kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instructions {
    /// 16 lanes of `f32`, fused multiply-add. Like the next two made by this module only, which
    /// asks the processor first.
    #[non_exhaustive]
    Avx512,
    /// 8 lanes of `f32`, fused multiply-add.
    #[non_exhaustive]
    Avx2,
    /// 4 lanes of `f32`, fused multiply-add.
    #[non_exhaustive]
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

    /// Numbers of its widest vector.
    fn lanes(self) -> usize {
        match self {
            Self::Avx512 | Self::Scalar => 16,
            Self::Avx2 => 8,
            Self::Neon => 4,
        }
    }

    /// Whether `DelayWindows::pull_lines` is faster than `DelayWindows::pull_ahead`: where whole
    /// vectors lie on half a line.
    pub fn prefers_lines(self) -> bool {
        self == Self::Avx2
    }

    /// Vectors of a tile of which four rows are held at once, beside one row of operands: what 32
    /// registers hold, or 16.
    fn four_row_tile(self) -> usize {
        if self == Self::Avx2 { 2 } else { 6 }
    }

    /// Whether there are products of bf16 pairs with `f32` sums.
    pub fn has_bf16(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            self == Self::Avx512 && is_x86_feature_detected!("avx512bf16")
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            false
        }
    }

    /// Runs a kernel on the vectors of this set.
    ///
    /// # Safety
    /// The operands are what the kernel asks for; the processor has the set. Kernels get one from
    /// [`Instructions::detect`], or from `LayeredEngine::with_instructions`, which asks the
    /// processor first.
    unsafe fn run_kernel(self, kernel: impl vector::Kernel) {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: handed on.
            Self::Avx512 => unsafe { avx512::run_kernel(kernel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: handed on.
            Self::Avx2 => unsafe { avx2::run_kernel(kernel) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: handed on.
            Self::Neon => unsafe { kernel.run::<neon::Neon>() },
            _ => kernel.run_scalar(),
        }
    }
}

/// Runs `f` compiled for the widest vectors of this processor. `f` must be an `#[inline(always)]`
/// closure, and so must be what it calls.
///
/// Plain multiplications and additions keep their bits whatever the vector width; only explicit
/// fused operations would not, so `f` must not use them.
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
