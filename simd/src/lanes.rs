//! Sixteen numbers side by side.

/// Neighbouring neurons that advance side by side: as many as the widest vector has numbers.
pub const LANES: usize = 16;

/// One number for each of [`LANES`] neighbouring neurons.
pub type Lanes = [f32; LANES];
