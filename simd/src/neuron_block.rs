//! Sixteen numbers side by side.

/// Neighbouring neurons that advance side by side: as many as the widest vector has numbers.
pub const NEURONS_PER_BLOCK: usize = 16;

/// One number for each of [`NEURONS_PER_BLOCK`] neighbouring neurons.
pub type NeuronBlock = [f32; NEURONS_PER_BLOCK];
