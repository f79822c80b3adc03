//! The rows that the taps of a block are added to, and how they become currents.

use crate::layout::Layout;
use crate::scratch::BlockRows;
use crate::taps::smoothing::{SmoothRows, Smoothing};
use simd::{Instructions, padded};
use std::sync::Arc;

/// Lengths of the rows that taps are added to, and how they become currents.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowShape {
    pub steps_in: usize,
    pub steps_out: usize,
    /// Length of a row: all that spikes and delays can reach.
    pub stride: usize,
    pub smoothing: Option<(Arc<Smoothing>, SmoothRows)>,
}

impl RowShape {
    /// Numbers of the rows of tails of one lane.
    pub(crate) fn per_lane(&self) -> usize {
        self.smoothing.as_ref().map_or(0, |(smoothing, rows)| 2 * smoothing.tails() * rows.tail)
    }

    /// Turns the gradient of a block's currents to that of its rows.
    pub(crate) fn spread(
        &self,
        isa: Instructions,
        layout: &Layout,
        block: usize,
        gradient: &[f32],
        scratch: &mut BlockRows,
    ) {
        let steps = self.steps_out;
        let rows = scratch.rows.resize(layout.block * self.stride);
        let tails = scratch.tails.resize(layout.block * self.per_lane());
        let gradient = gradient[block * layout.block * padded(steps)..]
            .chunks_exact(padded(steps))
            .take(layout.lanes(block));
        let Some((smoothing, lengths)) = &self.smoothing else {
            for (row, gradient) in rows.chunks_exact_mut(self.stride).zip(gradient) {
                row[..steps].copy_from_slice(&gradient[..steps]);
                row[steps..].fill(0.0);
            }
            return;
        };
        let between_zeros = scratch.gradient.resize(lengths.gradient);
        between_zeros.fill(0.0);
        for (lane, (row, gradient)) in rows.chunks_exact_mut(self.stride).zip(gradient).enumerate()
        {
            between_zeros[lengths.before..][..steps].copy_from_slice(&gradient[..steps]);
            let tails = &mut tails[lane * self.per_lane()..][..self.per_lane()];
            smoothing.apply_adjoint(
                isa,
                *lengths,
                between_zeros,
                padded(self.steps_in),
                row,
                tails,
            );
        }
    }
}
