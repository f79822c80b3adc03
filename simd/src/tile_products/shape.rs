//! Sizes of tiles and panels.

/// Rows of a tile, and words of a row.
pub(crate) const SIDE: usize = 16;

/// Words of a tile.
pub(crate) const WORDS: usize = SIDE * SIDE;

/// Entries of the inner dimension of a tile: two bf16 numbers to a word.
pub(crate) const INNER: usize = 2 * SIDE;

/// Parts of an `f32`.
pub(crate) const PARTS: usize = 3;

/// Rows and columns of the sums of two panels.
pub(crate) const PANEL: usize = 2 * SIDE;

/// Sums of one panel.
pub(crate) type Sums = [[f32; PANEL]; PANEL];

/// Which factor of a product a matrix is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Place {
    /// A row of a tile is a row of the matrix.
    #[default]
    Left,
    /// A row of a tile is two rows of the matrix, entry by entry.
    Right,
}
