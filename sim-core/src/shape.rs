//! The dimensions of a tensor.

/// Lengths of a tensor's dimensions, row-major, and what each of them counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    lengths: [usize; 3],
    axes: [&'static str; 3],
    dimensions: usize,
}

impl Shape {
    pub(crate) fn of<const N: usize>(dimensions: [(&'static str, usize); N]) -> Self {
        let (mut lengths, mut axes) = ([1; 3], [""; 3]);
        for (place, (axis, length)) in dimensions.into_iter().enumerate() {
            (axes[place], lengths[place]) = (axis, length);
        }
        Self { lengths, axes, dimensions: N }
    }

    /// The lengths, outermost first.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths[..self.dimensions]
    }

    /// What each dimension counts, outermost first: `postsynaptic` and `presynaptic` neurons,
    /// `kernel element`s, `neuron`s.
    pub fn axes(&self) -> &[&'static str] {
        &self.axes[..self.dimensions]
    }

    /// Number of entries.
    pub fn entries(&self) -> usize {
        self.lengths().iter().product()
    }
}
