//! The plain twin of the tile registers.

use crate::tile_products::factor::TileFactor;
use crate::tile_products::shape::{PARTS, SIDE, Sums, WORDS};

/// The product of a panel of the left factor and one of the right.
pub(crate) fn multiply_panel(
    [left, right]: [&TileFactor; 2],
    [row, column]: [usize; 2],
    sums: &mut Sums,
) {
    *sums = Default::default();
    let (rows, columns) = (blocks(left, row), blocks(right, column));
    for (rows, columns) in rows.zip(columns) {
        for (first, rows) in rows.as_chunks::<2>().0.iter().enumerate() {
            let counts = PARTS - first;
            for columns in columns.as_chunks::<2>().0.iter().take(counts) {
                add_products(rows, columns, sums);
            }
        }
    }
}

/// The tiles of a panel, by block.
fn blocks(factor: &TileFactor, panel: usize) -> impl Iterator<Item = &[[f32; WORDS]]> {
    factor.panel(panel).as_chunks::<WORDS>().0.chunks_exact(2 * factor.parts())
}

/// Adds the products of the two tiles of a part of each factor. As in the registers, first and
/// second halves of words have a sum each, which begins anew with every tile.
fn add_products(rows: &[[f32; WORDS]; 2], columns: &[[f32; WORDS]; 2], sums: &mut Sums) {
    for (row, sums) in sums.iter_mut().enumerate() {
        let tile = rows[row / SIDE].as_chunks::<SIDE>().0;
        for (column, sum) in sums.iter_mut().enumerate() {
            let other = columns[column / SIDE].as_chunks::<SIDE>().0;
            let mut of_tile = [0.0; 2];
            for (word, others) in tile[row % SIDE].iter().zip(other) {
                let (a, b) = (halves(*word), halves(others[column % SIDE]));
                of_tile[0] += a[0] * b[0];
                of_tile[1] += a[1] * b[1];
            }
            *sum += of_tile[0] + of_tile[1];
        }
    }
}

/// The two bf16 numbers of a word.
fn halves(word: f32) -> [f32; 2] {
    let bits = word.to_bits();
    [f32::from_bits(bits << 16), f32::from_bits(bits & 0xffff_0000)]
}
