//! Where a synapse adds to the input of later steps.

/// What one synapse brings, and where in a ring it does so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Arrival {
    /// Numbers from the first input of the current step.
    pub offset: usize,
    pub weight: f64,
}

impl Arrival {
    /// At `input` of `inputs`, `delay` steps from now.
    pub fn new(delay: usize, input: usize, inputs: usize, weight: f64) -> Self {
        Self { offset: delay * inputs + input, weight }
    }
}
