//! A factor of a product, split into parts and laid out as tiles are loaded.

use crate::aligned::Aligned;
use crate::matrix::Matrix;
use crate::neuron_block::NEURONS_PER_BLOCK;
use crate::tile_products::packing::{self, Source};
use crate::tile_products::shape::{INNER, PANEL, Place, SIDE, WORDS};
use rayon::prelude::*;

/// A factor of a product: panels of 32 rows of a left factor, or of 32 columns of a right one, each
/// `[block of 32 inner entries][part][half][tile]`. What lies behind the matrix is zero.
#[derive(Debug, Default)]
pub struct TileFactor {
    /// Two bf16 numbers in the bits of each `f32`.
    words: Aligned,
    width: usize,
    inner: usize,
    parts: usize,
    place: Place,
}

impl TileFactor {
    /// Rows of a left factor, columns of a right one.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The dimension that both factors share.
    pub fn inner(&self) -> usize {
        self.inner
    }

    /// Which factor of a product it is.
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    pub(crate) fn parts(&self) -> usize {
        self.parts
    }

    pub(crate) fn panels(&self) -> usize {
        self.width.div_ceil(PANEL)
    }

    /// Blocks of the inner dimension; one of zeros, if it has no entry.
    pub(crate) fn blocks(&self) -> usize {
        self.inner.div_ceil(INNER).max(1)
    }

    pub(crate) fn panel_words(&self) -> usize {
        self.blocks() * self.parts * 2 * WORDS
    }

    pub(crate) fn panel(&self, panel: usize) -> &[f32] {
        let words = self.panel_words();
        &self.words.as_slice()[panel * words..][..words]
    }

    /// Makes room for another matrix.
    fn reshape(&mut self, place: Place, [width, inner]: [usize; 2], parts: usize) {
        (self.place, self.width, self.inner, self.parts) = (place, width, inner, parts);
        let words = self.panels() * self.panel_words();
        self.words.resize(words);
    }

    fn reshape_for(&mut self, source: &Source) {
        self.reshape(source.place(), [source.width(), source.inner()], source.parts());
    }

    /// Packs the matrix as a left factor, by all threads.
    pub fn pack_left(&mut self, matrix: Matrix<'_, f32>) {
        self.pack(matrix, Place::Left);
    }

    /// Packs the matrix as a right factor, by all threads.
    pub fn pack_right(&mut self, matrix: Matrix<'_, f32>) {
        self.pack(matrix, Place::Right);
    }

    /// Packs the matrix, by all threads.
    pub(crate) fn pack(&mut self, matrix: Matrix<'_, f32>, place: Place) {
        let source = Source::new(matrix, place);
        self.reshape_for(&source);
        self.each_panel(|panel, words| source.pack(panel, words));
    }

    /// Packs both factors of a product, by this thread alone.
    pub(crate) fn pack_here([left, right]: &mut [Self; 2], a: Matrix<'_, f32>, b: Matrix<'_, f32>) {
        for (factor, source) in
            [(left, Source::new(a, Place::Left)), (right, Source::new(b, Place::Right))]
        {
            factor.reshape_for(&source);
            let words = factor.panel_words();
            let panels = factor.words.as_mut_slice().chunks_exact_mut(words).enumerate();
            panels.for_each(|(panel, words)| source.pack(panel, words));
        }
    }

    /// Packs zeros and ones as a left factor `[row][inner]`, by all threads: bit `b` of
    /// `mask(row, n)` is entry `16 n + b` of a row.
    pub fn pack_left_bits(
        &mut self,
        [rows, inner]: [usize; 2],
        mask: impl Fn(usize, usize) -> u16 + Sync,
    ) {
        let blocks = inner.div_ceil(NEURONS_PER_BLOCK);
        let mask = |row: usize, n: usize| {
            if row < rows && n < blocks { u32::from(mask(row, n)) } else { 0 }
        };
        self.reshape(Place::Left, [rows, inner], 1);
        self.each_panel(|panel, words| {
            for (n, tile) in words.as_chunks_mut::<WORDS>().0.iter_mut().enumerate() {
                let (block, first) = (n / 2, panel * PANEL + n % 2 * SIDE);
                let masks = std::array::from_fn(|row| {
                    mask(first + row, 2 * block) | mask(first + row, 2 * block + 1) << SIDE
                });
                packing::write_bits(&masks, tile);
            }
        });
    }

    /// Packs zeros and ones as a right factor `[inner][column]`, by all threads: bit `b` of
    /// `mask(row, n)` is entry `16 n + b` of an inner row.
    pub fn pack_right_bits(
        &mut self,
        [inner, columns]: [usize; 2],
        mask: impl Fn(usize, usize) -> u16 + Sync,
    ) {
        let blocks = columns.div_ceil(NEURONS_PER_BLOCK);
        let mask = |row: usize, n: usize| if row < inner && n < blocks { mask(row, n) } else { 0 };
        self.reshape(Place::Right, [columns, inner], 1);
        self.each_panel(|panel, words| {
            for (n, tile) in words.as_chunks_mut::<WORDS>().0.iter_mut().enumerate() {
                let (first, block) = (n / 2 * INNER, 2 * panel + n % 2);
                let masks = std::array::from_fn(|pair| {
                    let row = first + 2 * pair;
                    [mask(row, block), mask(row + 1, block)]
                });
                packing::write_paired_bits(&masks, tile);
            }
        });
    }

    fn each_panel(&mut self, fill: impl Fn(usize, &mut [f32]) + Sync + Send) {
        let words = self.panel_words();
        let panels = self.words.as_mut_slice().par_chunks_exact_mut(words).enumerate();
        panels.for_each(|(panel, words)| fill(panel, words));
    }
}
