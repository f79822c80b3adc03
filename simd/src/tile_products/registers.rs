//! The tile registers themselves.

use crate::instructions::Instructions;
use crate::tile_products::shape::{PANEL, Sums, WORDS};
use std::arch::asm;
use std::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};
use std::marker::PhantomData;
use std::sync::OnceLock;

/// Whether the processor has tiles of bf16 numbers, and the system lends them to this process. The
/// system is asked once.
pub(crate) fn tiles_are_there() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| has_tiles() && is_lent())
}

fn has_tiles() -> bool {
    // Factors are packed by AVX-512.
    if Instructions::detect() != Instructions::Avx512 || !is_x86_feature_detected!("xsave") {
        return false;
    }
    // Bits of the instruction set reference: AMX-BF16, AMX-TILE, OSXSAVE.
    let (features, saves) = (__cpuid_count(7, 0).edx, __cpuid(1).ecx >> 27 & 1 == 1);
    features >> 22 & 1 == 1 && features >> 24 & 1 == 1 && saves && saved_by_the_system()
}

/// Whether the system saves tiles when it switches threads.
fn saved_by_the_system() -> bool {
    const TILES: u64 = 0b11 << 17;
    // SAFETY: the processor has the instruction, as `has_tiles` has found.
    #[allow(unused_unsafe)]
    unsafe {
        #[target_feature(enable = "xsave")]
        fn saved() -> u64 {
            // SAFETY: register 0 exists wherever the instruction does.
            unsafe { _xgetbv(0) }
        }
        saved() & TILES == TILES
    }
}

/// Asks Linux for the tiles: a process that does not ask is ended when it uses them.
#[cfg(target_os = "linux")]
fn is_lent() -> bool {
    const SYSTEM_CALL: usize = 158; // arch_prctl
    const REQUEST_PERMISSION: usize = 0x1023; // ARCH_REQ_XCOMP_PERM
    const TILE_DATA: usize = 18; // XFEATURE_XTILEDATA
    let answer: isize;
    // SAFETY: the call reads nothing and writes nothing of this process; a system that does not
    // know it answers with an error.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") SYSTEM_CALL => answer,
            in("rdi") REQUEST_PERMISSION,
            in("rsi") TILE_DATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    answer == 0
}

#[cfg(not(target_os = "linux"))]
fn is_lent() -> bool {
    false
}

/// Shapes of the tile registers.
#[repr(C, align(64))]
struct Shapes {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

/// Tiles that were shaped on this thread, and are in use until it is dropped.
#[derive(Debug)]
pub(crate) struct Shaped {
    /// Tiles belong to a thread.
    of_this_thread: PhantomData<*const ()>,
}

impl Drop for Shaped {
    fn drop(&mut self) {
        // SAFETY: tiles were shaped, so the processor has them. A system need not save tiles that
        // are not in use.
        unsafe {
            asm!(
                "tilerelease",
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack, nomem),
            );
        }
    }
}

/// Runs `work` with eight tiles of 16 rows of 64 bytes on this thread. `work` must not come here
/// again, nor run what other threads left to be done.
///
/// # Panics
/// If there are no tiles.
pub(crate) fn with_tiles<R>(work: impl FnOnce(&Shaped) -> R) -> R {
    assert!(tiles_are_there(), "the processor has no tiles");
    let mut shapes =
        Shapes { palette: 1, start_row: 0, reserved: [0; 14], row_bytes: [0; 16], rows: [0; 16] };
    shapes.row_bytes[..8].fill(64);
    shapes.rows[..8].fill(16);
    // SAFETY: the processor has tiles, as just asked, and the shapes are allowed.
    unsafe {
        asm!(
            "ldtilecfg [{}]",
            in(reg) &raw const shapes,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack, readonly),
        );
    }
    work(&Shaped { of_this_thread: PhantomData })
}

/// Adds up the product of two panels: in each block of the inner dimension, the products of all
/// parts that count. `tmm0` to `tmm3` are the sums, `tmm4` and `tmm5` the tiles of the left factor,
/// `tmm6` and `tmm7` those of the right.
macro_rules! product {
    ($left:expr, $right:expr, $blocks:expr, $sums:expr, [$($step:expr),+], $parts:tt) => {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "2:",
            $($step,)+
            advance!($parts),
            "dec {blocks}",
            "jnz 2b",
            "mov {row}, 128",
            "tilestored [{sums} + {row}], tmm0",
            "tilestored [{sums} + {row} + 64], tmm1",
            "tilestored [{sums} + {row} + 2048], tmm2",
            "tilestored [{sums} + {row} + 2112], tmm3",
            left = inout(reg) $left => _,
            right = inout(reg) $right => _,
            blocks = inout(reg) $blocks => _,
            sums = in(reg) $sums,
            row = inout(reg) 64usize => _,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        )
    };
}

/// Moves on to the tiles of the next block: 2048 bytes for each part.
macro_rules! advance {
    ((1, 1)) => {
        "add {left}, 2048\nadd {right}, 2048"
    };
    ((1, 3)) => {
        "add {left}, 2048\nadd {right}, 6144"
    };
    ((3, 1)) => {
        "add {left}, 6144\nadd {right}, 2048"
    };
    ((3, 3)) => {
        "add {left}, 6144\nadd {right}, 6144"
    };
}

/// Loads both tiles of a part.
macro_rules! left {
    (0) => {
        "tileloadd tmm4, [{left} + {row}]\ntileloadd tmm5, [{left} + {row} + 1024]"
    };
    (1) => {
        "tileloadd tmm4, [{left} + {row} + 2048]\ntileloadd tmm5, [{left} + {row} + 3072]"
    };
    (2) => {
        "tileloadd tmm4, [{left} + {row} + 4096]\ntileloadd tmm5, [{left} + {row} + 5120]"
    };
}

/// As [`left`].
macro_rules! right {
    (0) => {
        "tileloadd tmm6, [{right} + {row}]\ntileloadd tmm7, [{right} + {row} + 1024]"
    };
    (1) => {
        "tileloadd tmm6, [{right} + {row} + 2048]\ntileloadd tmm7, [{right} + {row} + 3072]"
    };
    (2) => {
        "tileloadd tmm6, [{right} + {row} + 4096]\ntileloadd tmm7, [{right} + {row} + 5120]"
    };
}

/// Adds the products of the tiles at hand.
macro_rules! add {
    () => {
        "tdpbf16ps tmm0, tmm4, tmm6\ntdpbf16ps tmm1, tmm4, tmm7\n\
         tdpbf16ps tmm2, tmm5, tmm6\ntdpbf16ps tmm3, tmm5, tmm7"
    };
}

/// The product of a panel of the left factor and one of the right, each with the number of its
/// parts.
///
/// # Panics
/// If the panels do not have as many blocks, or one is empty.
pub(crate) fn multiply_panel(
    _tiles: &Shaped,
    (left, left_parts): (&[f32], usize),
    (right, right_parts): (&[f32], usize),
    sums: &mut Sums,
) {
    let blocks = left.len() / (2 * WORDS * left_parts);
    assert!(blocks > 0 && blocks * 2 * WORDS * left_parts == left.len(), "whole blocks");
    assert_eq!(blocks * 2 * WORDS * right_parts, right.len(), "as many blocks");
    let (left, right, sums) = (left.as_ptr(), right.as_ptr(), sums.as_mut_ptr());
    const { assert!(size_of::<Sums>() == 4 * PANEL * PANEL) };
    // SAFETY: the tiles are shaped, as `Shaped` tells. Each block has two tiles of each part on
    // either side, as just counted, and the sums are four tiles with rows of 128 bytes.
    unsafe {
        match (left_parts, right_parts) {
            (1, 1) => product!(left, right, blocks, sums, [left!(0), right!(0), add!()], (1, 1)),
            (1, 3) => product!(
                left,
                right,
                blocks,
                sums,
                [left!(0), right!(0), add!(), right!(1), add!(), right!(2), add!()],
                (1, 3)
            ),
            (3, 1) => product!(
                left,
                right,
                blocks,
                sums,
                [right!(0), left!(0), add!(), left!(1), add!(), left!(2), add!()],
                (3, 1)
            ),
            (3, 3) => product!(
                left,
                right,
                blocks,
                sums,
                [
                    left!(0),
                    right!(0),
                    add!(),
                    right!(1),
                    add!(),
                    right!(2),
                    add!(),
                    left!(1),
                    right!(1),
                    add!(),
                    right!(0),
                    add!(),
                    left!(2),
                    add!()
                ],
                (3, 3)
            ),
            parts => unreachable!("factors have one part or three, not {parts:?}"),
        }
    }
}
