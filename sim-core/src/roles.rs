//! Which population samples enter, and which one is read.

/// What two populations of a network are there for, by index. Where a role is left open, the only
/// population that can have it has it: see [`Network::input`](crate::Network::input) and
/// [`Network::output`](crate::Network::output).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Roles {
    /// The source whose spikes a sample gives.
    pub input: Option<usize>,
    /// The population that is read: a loss scores it, and figures show its potentials.
    pub output: Option<usize>,
}

impl Roles {
    /// Both roles.
    pub fn new(input: usize, output: usize) -> Self {
        Self { input: Some(input), output: Some(output) }
    }
}
