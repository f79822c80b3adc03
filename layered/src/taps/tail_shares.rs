//! Synapses near an end of the window, and their shares in rows of tails; see `smoothing`.

use crate::layout::{Layout, index};
use crate::taps::smoothing::{End, SmoothRows, Smoothing};
use rayon::prelude::*;
use sim_core::DenseSynapses;
use simd::{Bursts, DelayWindows, Instructions, SpikeTrain, TapRow, resize_with_room};
use std::ops::Range;

/// The shares of a projection in the order of its layout: every share is a synapse of one tap, in a
/// row of tails.
#[derive(Debug, Default)]
pub(crate) struct TailShares {
    /// By row of the layout, its first share; behind the last row, the number of shares.
    start: Vec<u32>,
    /// Slot of the synapse, by share.
    slot: Vec<u32>,
    shares: DelayWindows,
    cuts: Vec<Cut>,
    /// Share and slope, by cut and tail.
    values: Vec<(f64, f64)>,
}

/// A synapse and the end of the window that cuts it off.
#[derive(Debug, Clone, Copy)]
struct Cut {
    slot: u32,
    delay: f32,
    weight: f32,
    end: End,
}

impl TailShares {
    /// Works out the shares of every synapse.
    pub(crate) fn prepare(
        &mut self,
        layout: &Layout,
        synapses: &DenseSynapses,
        smoothing: &Smoothing,
        rows: SmoothRows,
    ) {
        let Self { start, slot, shares, cuts, values } = self;
        let tails = smoothing.tails();
        start.clear();
        cuts.clear();
        cuts.reserve(layout.slots());
        for row in 0..layout.slots() / layout.panel_size {
            start.push(index(cuts.len() * tails));
            for slot in row * layout.panel_size..(row + 1) * layout.panel_size {
                let Some(element) = layout.synapse(slot) else { continue };
                let (weight, delay) = layout.parameters(synapses, element);
                cuts.extend(smoothing.ends(delay as f64).map(|end| Cut {
                    slot: index(slot),
                    delay,
                    weight,
                    end,
                }));
            }
        }
        start.push(index(cuts.len() * tails));
        resize_with_room(values, cuts.len() * tails, (0.0, 0.0));
        values.par_chunks_exact_mut(tails).zip(&*cuts).with_min_len(64).for_each(
            |(values, cut)| {
                smoothing.shares(cut.end, cut.delay as f64, |r, share, slope| {
                    values[r] = (share, slope)
                });
            },
        );
        resize_with_room(slot, values.len(), 0);
        slot.chunks_exact_mut(tails).zip(&*cuts).for_each(|(slots, cut)| slots.fill(cut.slot));
        let row_of = |share: usize| {
            let Cut { slot, end, .. } = cuts[share / tails];
            let (neuron, behind) =
                (slot as usize % layout.panel_size, (end == End::Longest) as usize);
            index(
                ((2 * neuron + behind) * tails + share % tails) * rows.tail
                    + smoothing.tail_lead(end),
            )
        };
        shares.fill(values.len(), 1, |share, taps| {
            (taps.value[0], taps.slope[0]) = (values[share].0 as f32, values[share].1 as f32);
            TapRow { first: 0, row: row_of(share), weight: cuts[share / tails].weight }
        });
    }

    /// Shares of some elements of a panel.
    pub(crate) fn of(&self, layout: &Layout, panel: usize, elements: Range<usize>) -> Range<usize> {
        let row = |element: usize| layout.row(panel, element) / layout.panel_size;
        self.start[row(elements.start)] as usize..self.start[row(elements.end)] as usize
    }

    /// Trains of some elements of a panel, each with the shares that it goes to.
    pub(crate) fn trains<'a>(
        &'a self,
        bursts: &'a Bursts,
        layout: &'a Layout,
        panel: usize,
        elements: Range<usize>,
    ) -> impl Iterator<Item = (SpikeTrain<'a>, Range<usize>)> {
        elements.map(
            #[inline(always)]
            move |element| {
                (
                    bursts.channel(element / layout.elements_per_pair),
                    self.of(layout, panel, element..element + 1),
                )
            },
        )
    }

    /// The taps of all shares.
    pub(crate) fn windows(&self) -> &DelayWindows {
        &self.shares
    }

    /// Adds the rows of tails of one panel to dL/ds of a presynaptic neuron. Rows and dL/ds begin
    /// at the same step.
    pub(crate) fn pull(
        &self,
        isa: Instructions,
        shares: Range<usize>,
        rows: &[f32],
        out: &mut [f32],
    ) {
        if shares.is_empty() {
            return;
        }
        self.shares.pull_ahead(isa, shares, rows, out);
    }

    /// By share: slot of the synapse, dL/dw, and dL/dd divided by the weight.
    pub(crate) fn fold<'a>(
        &'a self,
        shares: Range<usize>,
        sums: &'a [f32],
    ) -> impl Iterator<Item = (usize, f32, f32)> + 'a {
        shares.zip(sums.chunks_exact(self.shares.stride())).map(|(share, sums)| {
            let (weight, delay) = self.shares.fold(share, sums);
            (self.slot[share] as usize, weight, delay)
        })
    }
}
