//! Dropout of whole neurons: which stay, and how high their spikes are.

use rand::RngExt;
use sim_core::{Dropout, Purpose};
use simd::NEURONS_PER_BLOCK;

/// Height of a spike that passes dropout.
pub(crate) fn height(dropout: Option<Dropout>) -> f32 {
    dropout.map_or(1.0, |dropout| (1.0 / (1.0 - dropout.rate)) as f32)
}

/// Draws which neurons of population `p` stay in sample `slot` of the batch: one bit per neuron, by
/// blocks.
pub(crate) fn keep(
    kept: &mut Vec<u16>,
    size: usize,
    dropout: Option<Dropout>,
    slot: usize,
    p: usize,
) {
    kept.clear();
    let mut stream = dropout.map(|dropout| {
        dropout.seed.stream(Purpose::Dropout, dropout.step, (slot as u64) << 16 | p as u64)
    });
    for first in (0..size).step_by(NEURONS_PER_BLOCK) {
        let neurons = NEURONS_PER_BLOCK.min(size - first);
        kept.push((0..neurons).fold(0, |bits, neuron| {
            let stays = match (&mut stream, dropout) {
                (Some(stream), Some(dropout)) => stream.random::<f64>() >= dropout.rate,
                _ => true,
            };
            bits | (stays as u16) << neuron
        }));
    }
}
