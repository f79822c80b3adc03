//! The instruction sets that hot loops are compiled for.

use std::sync::OnceLock;

/// One instruction set. Only this crate makes a value other than `Scalar`, and it asks the
/// processor first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instructions {
    /// 16 lanes of `f32`, fused multiply-add.
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
    /// The widest set that this processor has. The processor is asked once.
    pub fn detect() -> Self {
        static FOUND: OnceLock<Instructions> = OnceLock::new();
        *FOUND.get_or_init(|| *Self::available().first().expect("scalar is always there"))
    }

    /// All sets that this processor has, widest first.
    pub fn available() -> Vec<Self> {
        let mut sets = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if has_avx512() {
                sets.push(Self::Avx512);
            }
            if has_avx2() {
                sets.push(Self::Avx2);
            }
        }
        #[cfg(target_arch = "aarch64")]
        sets.push(Self::Neon);
        sets.push(Self::Scalar);
        sets
    }

    /// The name of the set.
    pub fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2+fma",
            Self::Neon => "neon",
            Self::Scalar => "scalar",
        }
    }

    /// Numbers of the widest vector.
    pub(crate) fn lanes(self) -> usize {
        match self {
            Self::Avx512 | Self::Scalar => 16,
            Self::Avx2 => 8,
            Self::Neon => 4,
        }
    }

    /// Whether `DelayWindows::pull_lines` is faster than `DelayWindows::pull_ahead`: it is where a
    /// vector fills half a cache line.
    pub fn prefers_lines(self) -> bool {
        self == Self::Avx2
    }

    /// Vectors in a row of a tile of four rows. Four such rows and one row of operands fill 32
    /// registers, or 16.
    pub(crate) fn four_row_tile(self) -> usize {
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
}

/// Whether the processor has every feature that `avx2::run` is compiled for.
#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
}

/// Whether the processor has every feature that `avx512::run` is compiled for.
#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && has_avx2()
}
