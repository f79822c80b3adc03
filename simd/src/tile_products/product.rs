//! Products of packed factors.

use crate::instructions::Instructions;
use crate::tile_products::factor::TileFactor;
use crate::tile_products::plain;
#[cfg(target_arch = "x86_64")]
use crate::tile_products::registers;
use crate::tile_products::shape::{INNER, PANEL, Place, Sums};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Mutex;

/// Bytes of the right factor that stay in the second cache while rows of the left one pass.
const NEAR: usize = 1 << 20;

/// With fewer columns, packing costs more than tiles save.
const FEWEST_COLUMNS: usize = 48;

/// Whether the processor has tile registers, and the system lends them to this process.
pub fn has_tiles() -> bool {
    #[cfg(target_arch = "x86_64")]
    return registers::tiles_are_there();
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// The names of all that hot loops and products use on this machine, which `synfire bench` prints
/// and a run's `environment.json` holds.
pub fn machine_instructions() -> &'static str {
    match Instructions::detect() {
        Instructions::Avx512 if has_tiles() => "avx512+amx",
        other => other.name(),
    }
}

/// Whether a product over this inner dimension with so many columns goes to the tiles, where there
/// are any. The number of rows has no say: a row of a product is the same whatever rows are beside
/// it.
pub(crate) fn suits(inner: usize, columns: usize) -> bool {
    inner >= INNER && columns >= FEWEST_COLUMNS && has_tiles()
}

/// `into = keep * into + factor * left right` by all threads, where `into` lies row after row. With
/// `keep` 0, what `into` held does not matter. Without tile registers it is slow.
///
/// # Panics
/// If the shapes do not fit each other.
pub fn multiply_factors(
    into: &mut [f32],
    keep: f32,
    left: &TileFactor,
    right: &TileFactor,
    factor: f32,
) {
    check(into, left, right);
    if into.is_empty() {
        return;
    }
    // Threads take equal shares. An entry is worked out the same way in any share.
    let panels = left.panels().div_ceil(2 * rayon::current_num_threads());
    let parts = into.par_chunks_mut(panels * PANEL * right.width()).enumerate();
    parts.for_each(|(part, into)| {
        let first = part * panels;
        write_panels(into, keep, [left, right], first..left.panels().min(first + panels), factor);
    });
}

/// As [`multiply_factors`], by the calling thread alone.
pub(crate) fn multiply_factors_here(
    into: &mut [f32],
    keep: f32,
    [left, right]: &[TileFactor; 2],
    factor: f32,
) {
    check(into, left, right);
    write_panels(into, keep, [left, right], 0..left.panels(), factor);
}

fn check(into: &[f32], left: &TileFactor, right: &TileFactor) {
    let places = [left.place(), right.place()];
    assert_eq!(places, [Place::Left, Place::Right], "packed for the places in which they stand");
    assert_eq!(left.inner(), right.inner(), "columns of the first factor, rows of the second");
    assert_eq!(into.len(), left.width() * right.width(), "entries of the product");
}

/// Writes the rows of some panels of the left factor to `into`.
fn write_panels(
    into: &mut [f32],
    keep: f32,
    factors: [&TileFactor; 2],
    panels: Range<usize>,
    factor: f32,
) {
    let (first, length) = (panels.start * PANEL, factors[1].width());
    each_panel(factors, panels, |sums, row, column| {
        let end = length.min(column + PANEL);
        let rows = into[(row - first) * length..].chunks_exact_mut(length);
        for (into, sums) in rows.zip(sums) {
            let pairs = into[column..end].iter_mut().zip(sums);
            if keep == 0.0 {
                pairs.for_each(|(into, sum)| *into = factor * sum);
            } else {
                pairs.for_each(|(into, sum)| *into = keep * *into + factor * sum);
            }
        }
    });
}

/// Hands the sums of some panels of the left factor and all of the right one to `write`, with the
/// numbers of their first row and of their first column. `write` works out no other product, and
/// waits for no other thread: tiles belong to one product at a time.
pub(crate) fn each_panel(
    [left, right]: [&TileFactor; 2],
    panels: Range<usize>,
    mut write: impl FnMut(&Sums, usize, usize),
) {
    let together = (NEAR / (size_of::<f32>() * right.panel_words())).max(1);
    let mut work = |multiply: &dyn Fn(usize, usize, &mut Sums)| {
        let mut sums = [[0.0; PANEL]; PANEL];
        for first in (0..right.panels()).step_by(together) {
            for row in panels.clone() {
                for column in first..right.panels().min(first + together) {
                    multiply(row, column, &mut sums);
                    write(&sums, row * PANEL, column * PANEL);
                }
            }
        }
    };
    #[cfg(target_arch = "x86_64")]
    if has_tiles() {
        return registers::with_tiles(|tiles| {
            work(&|row, column, sums| {
                registers::multiply_panel(
                    tiles,
                    (left.panel(row), left.parts()),
                    (right.panel(column), right.parts()),
                    sums,
                );
            });
        });
    }
    work(&|row, column, sums| plain::multiply_panel([left, right], [row, column], sums));
}

/// Lends two factors whose memory is used again. There come to be as many pairs as products at a
/// time, each as large as the largest product that it was lent to.
pub(crate) fn with_memory<R>(work: impl FnOnce(&mut [TileFactor; 2]) -> R) -> R {
    static MEMORY: Mutex<Vec<[TileFactor; 2]>> = Mutex::new(Vec::new());
    const NEVER_POISONED: &str = "nothing panics while memory is taken or put back";
    let mut factors = MEMORY.lock().expect(NEVER_POISONED).pop().unwrap_or_default();
    let result = work(&mut factors);
    MEMORY.lock().expect(NEVER_POISONED).push(factors);
    result
}
