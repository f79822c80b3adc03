//! The dimensions of a tensor.

/// Lengths of a tensor's dimensions, row-major.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    lengths: [usize; 3],
    dimensions: usize,
}

impl Shape {
    pub(crate) fn of<const N: usize>(dimensions: [usize; N]) -> Self {
        let mut lengths = [1; 3];
        lengths[..N].copy_from_slice(&dimensions);
        Self { lengths, dimensions: N }
    }

    /// The lengths, outermost first.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths[..self.dimensions]
    }

    /// Number of entries.
    pub fn entries(&self) -> usize {
        self.lengths().iter().product()
    }
}
