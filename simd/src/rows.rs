//! Lengths of rows.

/// A row holds a multiple of this many numbers, so that every vector width divides it.
pub(crate) const ROW_MULTIPLE: usize = 16;

/// Numbers that a row of `steps` steps holds.
#[inline]
pub fn padded(steps: usize) -> usize {
    steps.next_multiple_of(ROW_MULTIPLE)
}

/// Numbers from one row to the next, for rows of at least `length` numbers that follow one another:
/// an odd number of cache lines, which spreads the rows over the cache.
#[inline]
pub fn row_stride(length: usize) -> usize {
    length.next_multiple_of(ROW_MULTIPLE) | ROW_MULTIPLE
}
