//! The taps of all synapses of a projection.

use crate::aligned::resize_with_room;
use crate::bursts::{self, MOST_TAPS, SpikeTrain};
use rayon::prelude::*;
use std::ops::Range;

/// Taps of all synapses of a projection.
#[derive(Debug, Clone, Default)]
pub struct DelayWindows {
    /// Delay of the first tap in steps. Before a filter: where the first tap lies in a row, counted
    /// from the step of the spike.
    pub(super) first: Vec<u32>,
    /// Where in the rows of its panel the first tap of a spike of step 0 lies.
    pub(super) offset: Vec<u32>,
    /// `weight * value`, `[synapse][stride]`, zeros from `width` on.
    pub(super) weighted: Vec<f32>,
    pub(super) value: Vec<f32>,
    pub(super) slope: Vec<f32>,
    pub(super) width: usize,
    pub(super) stride: usize,
    /// Largest entries of `first` and of `offset`.
    pub(super) latest: usize,
    pub(super) furthest: usize,
    /// `weighted` as pairs of bf16, `[synapse][stride / 2]`, where [`DelayWindows::pair_up`] was
    /// called.
    pub(super) pairs: Vec<u32>,
}

/// What one synapse contributes before its weight: kernel values and their derivatives with respect
/// to the delay, `stride` each.
#[derive(Debug)]
pub struct WindowTaps<'a> {
    /// Kernel values.
    pub value: &'a mut [f32],
    /// Their derivatives.
    pub slope: &'a mut [f32],
}

/// Where a synapse's taps go, and how strongly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TapRow {
    /// Delay of the first tap in steps; before a filter, where a spike of step 0 puts the first tap
    /// in its row.
    pub first: u32,
    /// Where the synapse's row starts in the rows of its panel.
    pub row: u32,
    /// Weight of all taps.
    pub weight: f32,
}

/// Evaluates `$body` with the constant `$taps` being the number of taps, or `$rest` if there are
/// more taps than bursts are made for.
macro_rules! for_taps {
    ($width:expr, $taps:ident => $body:expr, _ => $rest:expr) => {
        for_taps!(@ $width, $taps, $body, $rest, 1 2 3 4)
    };
    (@ $width:expr, $taps:ident, $body:expr, $rest:expr, $($literal:literal)+) => {
        match $width {
            $($literal => {
                const $taps: usize = $literal;
                $body
            })+
            _ => $rest,
        }
    };
}
pub(super) use for_taps;

impl DelayWindows {
    /// Numbers kept for kernels of `width` taps: a multiple of 4, of which eight make a vector of
    /// the loops over spikes. Wider vectors would save nothing: nearly all would cross cache lines.
    pub const fn stride_for(width: usize) -> usize {
        width.next_multiple_of(4)
    }

    /// Makes room for `synapses` kernels of `width` taps. `f(synapse, taps)` fills each kernel: it
    /// writes the first `width` values and slopes, and returns where the taps go. Memory is reused.
    pub fn fill(
        &mut self,
        synapses: usize,
        width: usize,
        f: impl Fn(usize, WindowTaps) -> TapRow + Sync,
    ) {
        assert!(width > 0, "a kernel has at least one tap");
        let stride = Self::stride_for(width);
        (self.width, self.stride) = (width, stride);
        self.pairs.clear();
        for places in [&mut self.first, &mut self.offset] {
            resize_with_room(places, synapses, 0);
        }
        for values in [&mut self.weighted, &mut self.value, &mut self.slope] {
            resize_with_room(values, synapses * stride, 0.0);
        }
        let kernels =
            self.value.par_chunks_exact_mut(stride).zip(self.slope.par_chunks_exact_mut(stride));
        let rest = self
            .weighted
            .par_chunks_exact_mut(stride)
            .zip(self.first.par_iter_mut().zip(&mut self.offset));
        kernels.zip(rest).with_min_len(256).enumerate().for_each(
            |(synapse, ((value, slope), (weighted, (first, offset))))| {
                value[width..].fill(0.0);
                slope[width..].fill(0.0);
                let place = f(synapse, WindowTaps { value, slope });
                (*first, *offset) = (place.first, place.row.strict_add(place.first));
                weighted
                    .iter_mut()
                    .zip(&*value)
                    .for_each(|(weighted, value)| *weighted = place.weight * value);
            },
        );
        self.latest = self.first.par_iter().copied().max().unwrap_or(0) as usize;
        self.furthest = self.offset.par_iter().copied().max().unwrap_or(0) as usize;
    }

    /// Numbers per synapse of `gather`'s sums.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Steps from a spike to behind the last number that [`scatter`](Self::scatter) or
    /// [`gather`](Self::gather) touches.
    pub fn reach(&self) -> usize {
        self.latest + Self::touched_for(self.width)
    }

    /// Numbers from the first tap of a spike to behind the last number that either loop touches,
    /// for kernels of `width` taps.
    pub fn touched_for(width: usize) -> usize {
        Self::stride_for(width).max(bursts::BURST_STEPS)
    }

    /// Taps that bursts have to be made for, where kernels are narrow enough for them.
    pub fn burst_taps(&self) -> Option<usize> {
        (1..=MOST_TAPS).contains(&self.width).then_some(self.width)
    }

    /// `(sum_k sums[k] value_k, sum_k sums[k] slope_k)` of one synapse: dL/dw, and dL/d delay over
    /// the weight.
    #[inline]
    pub fn fold(&self, synapse: usize, sums: &[f32]) -> (f32, f32) {
        let at = synapse * self.stride;
        let dot = |values: &[f32]| {
            sums.iter().zip(&values[at..at + self.width]).map(|(a, b)| a * b).sum()
        };
        (dot(&self.value), dot(&self.slope))
    }

    /// Checks that rows hold what spikes of up to step `latest` touch.
    #[inline(always)]
    pub(super) fn check_spikes(&self, synapses: &Range<usize>, latest: Option<u32>, length: usize) {
        assert!(
            synapses.start <= synapses.end && synapses.end <= self.first.len(),
            "no such synapses"
        );
        let end =
            latest.map_or(0, |step| step as usize + self.furthest + Self::touched_for(self.width));
        assert!(end <= length, "the taps of a spike leave the rows");
    }

    /// Checks that rows hold what a train touches and that it is made for as many taps.
    #[inline(always)]
    pub(super) fn check_train(&self, synapses: &Range<usize>, train: SpikeTrain, length: usize) {
        assert!((1..=train.taps()).contains(&self.width), "the bursts are made for other kernels");
        self.check_spikes(synapses, train.starts().last().copied(), length);
    }
}
