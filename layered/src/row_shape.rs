//! The rows that the taps of a panel are added to, and how they become currents.

use crate::layout::Layout;
use crate::scratch::PanelRows;
use crate::taps::smoothing::{SmoothRows, Smoothing};
use simd::{Instructions, padded};
use std::sync::Arc;

/// Lengths of the rows that taps are added to, and how they become currents.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowShape {
    pub steps_in: usize,
    pub steps_out: usize,
    /// Length of a row: every number that a spike and a delay can reach.
    pub stride: usize,
    pub smoothing: Option<(Arc<Smoothing>, SmoothRows)>,
}

impl RowShape {
    /// Numbers of one neuron's rows of tails.
    pub(crate) fn per_neuron(&self) -> usize {
        self.smoothing.as_ref().map_or(0, |(smoothing, rows)| 2 * smoothing.tails() * rows.tail)
    }

    /// Turns the gradient of a panel's currents into the gradient of its rows.
    pub(crate) fn spread(
        &self,
        isa: Instructions,
        layout: &Layout,
        panel: usize,
        gradient: &[f32],
        scratch: &mut PanelRows,
    ) {
        let steps = self.steps_out;
        let rows = scratch.rows.resize(layout.panel_size * self.stride);
        let tails = scratch.tails.resize(layout.panel_size * self.per_neuron());
        let gradient = gradient[panel * layout.panel_size * padded(steps)..]
            .chunks_exact(padded(steps))
            .take(layout.neurons(panel));
        let Some((smoothing, lengths)) = &self.smoothing else {
            for (row, gradient) in rows.chunks_exact_mut(self.stride).zip(gradient) {
                row[..steps].copy_from_slice(&gradient[..steps]);
                row[steps..].fill(0.0);
            }
            return;
        };
        let between_zeros = scratch.gradient.resize(lengths.gradient);
        between_zeros.fill(0.0);
        for (neuron, (row, gradient)) in
            rows.chunks_exact_mut(self.stride).zip(gradient).enumerate()
        {
            between_zeros[lengths.before..][..steps].copy_from_slice(&gradient[..steps]);
            let tails = &mut tails[neuron * self.per_neuron()..][..self.per_neuron()];
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
