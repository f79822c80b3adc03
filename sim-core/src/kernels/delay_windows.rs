//! Synapses whose kernels are a few neighbouring taps, and the loops over them.
//!
//! Synapse `s` takes a spike of step `t` to the steps `t + first_s ..` with values
//! `value_s[0..width]`.
//!
//! | loop | direction | work |
//! |---|---|---|
//! | [`DelayWindows::scatter`] | spikes to currents: `row_s[t + first_s + k] += h w_s value_s[k]` | one short vector per spike and synapse |
//! | [`DelayWindows::gather`] | gradients to spikes: `sum_s[k] += h row_s[t + first_s + k]`, its adjoint in the weights | one short vector per spike and synapse |
//! | [`DelayWindows::scatter_bursts`], [`DelayWindows::gather_bursts`] | the same for kernels of up to [`MOST_TAPS`] taps | one short vector per burst and synapse |
//! | [`DelayWindows::pull`] | whole rows: `out[t] += sum_s sum_k w_s value_s[k] row_s[t - first_s - k]` | one multiply-add per step, tap and synapse |
//! | [`DelayWindows::pull_ahead`] | the other way: `out[t] += sum_s sum_k w_s value_s[k] row_s[t + first_s + k]` | the same |
//! | [`DelayWindows::pull_lines`] | the same, from rows in [`lines`](super::lines) | the same |
//! | [`DelayWindows::pull_paired`] | either way, on bf16 | half of that |

use super::bf16::{pair, unpaired};
use super::bursts::{self, MOST_TAPS, Train};
use super::lines::{HALF, LINE, place};
use super::vector::{Eight, Kernel, MOST_TILE, Simd, Vector, for_tile, split, tiles};
use super::{Instructions, ROW_MULTIPLE, resize_with_room};
use rayon::prelude::*;
use std::ops::Range;

/// Taps of all synapses of a projection.
#[derive(Debug, Clone, Default)]
pub struct DelayWindows {
    /// Delay of the first tap in steps; behind a filter, where it lies in a row from the step of
    /// the spike on.
    first: Vec<u32>,
    /// Where in the rows of its block the first tap of a spike of step 0 lies.
    offset: Vec<u32>,
    /// `weight * value`, `[synapse][lanes]`, zeros from `width` on.
    weighted: Vec<f32>,
    value: Vec<f32>,
    slope: Vec<f32>,
    width: usize,
    lanes: usize,
    /// Largest entries of `first` and of `offset`.
    latest: usize,
    furthest: usize,
    /// `weighted` as pairs of bf16, `[synapse][lanes / 2]`, where [`DelayWindows::pair_up`] was
    /// called.
    pairs: Vec<u32>,
}

/// One row that [`DelayWindows::pull`] reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Index of the number in the rows that a delay of 0 brings to step 0 of the output.
    pub row: u32,
    /// Its synapse.
    pub synapse: u32,
}

/// Rows for [`DelayWindows::pull`], with the limits that one check per call needs.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    list: Vec<Source>,
    first_row: usize,
    last_row: usize,
    last_synapse: usize,
}

impl Sources {
    /// Makes room for `count`.
    pub fn reserve(&mut self, count: usize) {
        self.list.clear();
        self.list.reserve(count);
    }

    /// Takes `sources` for what was there. Memory is reused.
    pub fn refill(&mut self, sources: impl Iterator<Item = Source>) {
        self.list.clear();
        self.list.extend(sources);
        self.first_row = self.list.iter().map(|source| source.row).min().unwrap_or(0) as usize;
        self.last_row = self.list.iter().map(|source| source.row).max().unwrap_or(0) as usize;
        self.last_synapse =
            self.list.iter().map(|source| source.synapse).max().unwrap_or(0) as usize;
    }
}

/// Which way delays shift rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// `row[t - delay]`: presynaptic rows to postsynaptic currents.
    Later,
    /// `row[t + delay]`: postsynaptic gradients back to presynaptic neurons.
    Earlier,
}

/// What one synapse contributes before its weight: kernel values and their derivatives with respect
/// to the delay, `lanes` each.
#[derive(Debug)]
pub struct WindowTaps<'a> {
    /// Kernel values.
    pub value: &'a mut [f32],
    /// Their derivatives.
    pub slope: &'a mut [f32],
}

/// Where a synapse's taps go, and how strongly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Delay of the first tap in steps, or wherever else in its row a spike of step 0 brings it.
    pub first: u32,
    /// Where the synapse's row starts in the rows of its block.
    pub row: u32,
    /// Weight of all taps.
    pub weight: f32,
}

/// Evaluates `$body` with the constant `$taps` being the number of taps, or `$rest` if bursts are
/// not for as many.
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

impl DelayWindows {
    /// Numbers kept for kernels of `width` taps: a multiple of 4, of which eight make a vector of
    /// the loops over spikes. Wider vectors would save nothing: nearly all would cross cache lines.
    pub const fn lanes_for(width: usize) -> usize {
        width.next_multiple_of(4)
    }

    /// Makes room for `synapses` kernels of `width` taps and lets `f(synapse, taps)` fill each: it
    /// writes the first `width` numbers and tells the rest. Memory is reused.
    pub fn fill(
        &mut self,
        synapses: usize,
        width: usize,
        f: impl Fn(usize, WindowTaps) -> Place + Sync,
    ) {
        assert!(width > 0, "a kernel has at least one tap");
        let lanes = Self::lanes_for(width);
        (self.width, self.lanes) = (width, lanes);
        self.pairs.clear();
        for places in [&mut self.first, &mut self.offset] {
            resize_with_room(places, synapses, 0);
        }
        for values in [&mut self.weighted, &mut self.value, &mut self.slope] {
            resize_with_room(values, synapses * lanes, 0.0);
        }
        let kernels =
            self.value.par_chunks_exact_mut(lanes).zip(self.slope.par_chunks_exact_mut(lanes));
        let rest = self
            .weighted
            .par_chunks_exact_mut(lanes)
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

    /// Makes ready for [`pull_paired`](Self::pull_paired).
    pub fn pair_up(&mut self) {
        self.pairs.resize(self.weighted.len() / 2, 0);
        let pairs =
            self.pairs.par_iter_mut().zip(self.weighted.par_chunks_exact(2)).with_min_len(4096);
        pairs.for_each(|(pair_of, two)| *pair_of = pair(two[0], two[1]));
    }

    /// Numbers per synapse of `gather`'s sums.
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// Steps from a spike to behind the last number that [`scatter`](Self::scatter) or
    /// [`gather`](Self::gather) touches.
    pub fn reach(&self) -> usize {
        self.latest + Self::touched_for(self.width)
    }

    /// The same without the delay, for kernels of `width` taps.
    pub fn touched_for(width: usize) -> usize {
        Self::lanes_for(width).max(bursts::LANES)
    }

    /// Taps that bursts have to be made for, where kernels are narrow enough for them.
    pub fn burst_taps(&self) -> Option<usize> {
        (1..=MOST_TAPS).contains(&self.width).then_some(self.width)
    }

    /// `(sum_k sums[k] value_k, sum_k sums[k] slope_k)` of one synapse: dL/dw, and dL/d delay over
    /// the weight.
    #[inline]
    pub fn fold(&self, synapse: usize, sums: &[f32]) -> (f32, f32) {
        let at = synapse * self.lanes;
        let dot = |values: &[f32]| {
            sums.iter().zip(&values[at..at + self.width]).map(|(a, b)| a * b).sum()
        };
        (dot(&self.value), dot(&self.slope))
    }

    /// Adds spikes at `steps` with `heights` to the rows of `synapses`.
    ///
    /// # Panics
    /// If a spike's taps leave the rows.
    pub fn scatter(
        &self,
        with: Instructions,
        synapses: Range<usize>,
        steps: &[u32],
        heights: &[f32],
        rows: &mut [f32],
    ) {
        assert_eq!(steps.len(), heights.len());
        self.check_spikes(&synapses, steps.iter().copied().max(), rows.len());
        // SAFETY: just checked.
        unsafe { with.run_kernel(Scatter { table: self, synapses, steps, heights, rows }) }
    }

    /// As [`scatter`](Self::scatter), burst by burst, of each train to its synapses.
    ///
    /// # Panics
    /// If the taps of a burst leave the rows, or there are more of them than the bursts are made
    /// for.
    pub fn scatter_bursts<'a>(
        &self,
        with: Instructions,
        trains: impl Iterator<Item = (Train<'a>, Range<usize>)>,
        rows: &mut [f32],
    ) {
        let table = self;
        // SAFETY: each train is checked when its turn comes.
        unsafe {
            for_taps!(self.width, TAPS => with.run_kernel(ScatterBursts::<TAPS, _> { table, trains, rows }),
                _ => panic!("bursts are for up to {MOST_TAPS} taps"))
        }
    }

    /// Adds what rows hold where the taps of spikes lie to `sums`, `[synapse][lanes]`, of which as
    /// many count as a kernel has taps; see [`scatter`](Self::scatter).
    ///
    /// # Panics
    /// As there.
    pub fn gather(
        &self,
        with: Instructions,
        synapses: Range<usize>,
        steps: &[u32],
        heights: &[f32],
        rows: &[f32],
        sums: &mut [f32],
    ) {
        assert_eq!(steps.len(), heights.len());
        self.check_spikes(&synapses, steps.iter().copied().max(), rows.len());
        assert_eq!(sums.len(), synapses.len() * self.lanes);
        // SAFETY: just checked.
        unsafe { with.run_kernel(Gather { table: self, synapses, steps, heights, rows, sums }) }
    }

    /// As [`gather`](Self::gather), burst by burst, of each train to the sums of its synapses;
    /// `sums` are those of the synapses from `first` on.
    ///
    /// # Panics
    /// As [`scatter_bursts`](Self::scatter_bursts), or if the sums of a synapse are missing.
    pub fn gather_bursts<'a>(
        &self,
        with: Instructions,
        trains: impl Iterator<Item = (Train<'a>, Range<usize>)>,
        rows: &[f32],
        (first, sums): (usize, &mut [f32]),
    ) {
        let table = self;
        // SAFETY: each train is checked when its turn comes. As many synapses at a time as leave
        // room in sixteen registers.
        unsafe {
            for_taps!(self.width, TAPS => {
                const AT_A_TIME: usize = [8, 4, 4, 2][TAPS - 1];
                with.run_kernel(GatherBursts::<TAPS, AT_A_TIME, _> { table, trains, rows, first, sums });
            }, _ => panic!("bursts are for up to {MOST_TAPS} taps"))
        }
    }

    /// Adds whole rows to `out`, whose length is a multiple of 16. Source `s` is delayed as synapse
    /// `s.synapse + offset` says.
    ///
    /// # Panics
    /// If a source leaves the rows, or a synapse is not in the table.
    pub fn pull(
        &self,
        with: Instructions,
        sources: &Sources,
        offset: usize,
        rows: &[f32],
        out: &mut [f32],
    ) {
        if sources.list.is_empty() {
            return;
        }
        self.check_rows(sources, offset, Shift::Later, rows.len(), out.len());
        // SAFETY: just checked.
        unsafe { with.run_kernel(Pull { table: self, sources: &sources.list, offset, rows, out }) }
    }

    /// Adds the rows of `synapses`, brought forward by their delays, to `out`, whose length is a
    /// multiple of 16: the adjoint of [`scatter`](Self::scatter) in the spikes.
    ///
    /// # Panics
    /// If a synapse is not in the table, or needs more than the rows hold.
    pub fn pull_ahead(
        &self,
        with: Instructions,
        synapses: Range<usize>,
        rows: &[f32],
        out: &mut [f32],
    ) {
        self.check_ahead(&synapses, rows.len(), out.len());
        let table = self;
        // SAFETY: just checked.
        unsafe {
            for_taps!(self.width, TAPS => with.run_kernel(PullAhead::<TAPS> { table, synapses, rows, out }),
                _ => with.run_kernel(PullAhead::<ANY> { table, synapses, rows, out }))
        }
    }

    /// As [`pull_ahead`](Self::pull_ahead), from rows that [`to_lines`](super::to_lines) wrote,
    /// each of a multiple of 8 numbers: `lines` are twice as many numbers as the rows, and begin
    /// with a whole line.
    ///
    /// # Panics
    /// As there.
    pub fn pull_lines(
        &self,
        with: Instructions,
        synapses: Range<usize>,
        lines: &[f32],
        out: &mut [f32],
    ) {
        self.check_ahead(&synapses, lines.len() / 2, out.len());
        let table = self;
        // SAFETY: just checked.
        unsafe {
            for_taps!(self.width, TAPS => with.run_kernel(PullLines::<TAPS> { table, synapses, lines, out }),
                _ => with.run_kernel(PullLines::<ANY> { table, synapses, lines, out }))
        }
    }

    /// As [`pull`](Self::pull), or the other way, on bf16: `rows[x]` is the pair of the numbers `x`
    /// and `x + 1` of the rows.
    ///
    /// # Panics
    /// As there; if the processor has no bf16 products or [`pair_up`](Self::pair_up) was not
    /// called.
    pub fn pull_paired(
        &self,
        with: Instructions,
        sources: &Sources,
        offset: usize,
        shift: Shift,
        rows: &[u32],
        out: &mut [f32],
    ) {
        if sources.list.is_empty() {
            return;
        }
        assert!(with.has_bf16(), "the processor has no bf16 products");
        assert_eq!(self.pairs.len() * 2, self.weighted.len(), "the taps were not paired up");
        self.check_rows(sources, offset, shift, rows.len(), out.len());
        let Self { first, pairs: weights, lanes, width, .. } = self;
        let (pairs, used_pairs) = (lanes / 2, width.div_ceil(2));
        let pull = PairPull {
            first,
            weights,
            pairs,
            used_pairs,
            sources: &sources.list,
            offset,
            shift,
            rows,
            out,
        };
        match with {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: just checked.
            Instructions::Avx512 => unsafe { super::avx512::pair_pull(pull) },
            _ => pair_pull(pull),
        }
    }

    fn check_ahead(&self, synapses: &Range<usize>, rows: usize, out: usize) {
        assert!(out.is_multiple_of(ROW_MULTIPLE), "rows come in multiples of {ROW_MULTIPLE}");
        assert!(
            synapses.start <= synapses.end && synapses.end <= self.offset.len(),
            "no such synapses"
        );
        assert!(
            self.furthest.strict_add(self.width).strict_add(out) <= rows,
            "a synapse leaves the rows"
        );
    }

    fn check_rows(&self, sources: &Sources, offset: usize, shift: Shift, rows: usize, out: usize) {
        assert!(out.is_multiple_of(ROW_MULTIPLE), "rows come in multiples of {ROW_MULTIPLE}");
        let (before, behind) =
            if shift == Shift::Later { (self.reach(), 0) } else { (0, self.reach()) };
        assert!(
            sources.first_row >= before && sources.last_row + behind + out <= rows,
            "a source leaves the rows"
        );
        assert!(sources.last_synapse.strict_add(offset) < self.first.len(), "no such synapse");
    }

    /// Checks that rows hold what spikes of up to step `latest` touch.
    #[inline(always)]
    fn check_spikes(&self, synapses: &Range<usize>, latest: Option<u32>, length: usize) {
        assert!(
            synapses.start <= synapses.end && synapses.end <= self.first.len(),
            "no such synapses"
        );
        let end =
            latest.map_or(0, |step| step as usize + self.furthest + Self::touched_for(self.width));
        assert!(end <= length, "the taps of a spike leave the rows");
    }

    /// The part of the sums of the synapses from `first` on that belongs to `synapses`.
    #[inline(always)]
    fn sums_of<'a>(
        &self,
        synapses: &Range<usize>,
        first: usize,
        sums: &'a mut [f32],
    ) -> &'a mut [f32] {
        assert!(first <= synapses.start, "the sums begin behind a synapse");
        &mut sums[(synapses.start - first) * self.lanes..(synapses.end - first) * self.lanes]
    }

    /// Checks that rows hold what a train touches and that it is made for as many taps.
    #[inline(always)]
    fn check_train(&self, synapses: &Range<usize>, train: Train, length: usize) {
        assert!((1..=train.taps()).contains(&self.width), "the bursts are made for other kernels");
        self.check_spikes(synapses, train.starts().last().copied(), length);
    }
}

struct Scatter<'a> {
    table: &'a DelayWindows,
    synapses: Range<usize>,
    steps: &'a [u32],
    heights: &'a [f32],
    rows: &'a mut [f32],
}

impl Kernel for Scatter<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(mut self) {
        let (lanes, eights) = (self.table.lanes, self.table.lanes / 8 * 8);
        // SAFETY: the caller's promise.
        unsafe {
            self.columns::<S::Half>(0..eights);
            self.columns::<S::Quarter>(eights..lanes);
        }
    }

    fn run_scalar(self) {
        let lanes = self.table.lanes;
        for synapse in self.synapses {
            let weighted = &self.table.weighted[synapse * lanes..][..lanes];
            for (step, height) in self.steps.iter().zip(self.heights) {
                let at = *step as usize + self.table.offset[synapse] as usize;
                self.rows[at..]
                    .iter_mut()
                    .zip(weighted)
                    .for_each(|(row, weighted)| *row += height * weighted);
            }
        }
    }
}

impl Scatter<'_> {
    /// Synapses are the inner loop: a spike that follows closely would wait for what the last one
    /// has written to the same row.
    #[inline(always)]
    unsafe fn columns<V: Vector>(&mut self, columns: Range<usize>) {
        let lanes = self.table.lanes;
        for column in columns.step_by(V::LANES) {
            for (&step, &height) in self.steps.iter().zip(self.heights) {
                // SAFETY: the rows hold what every spike touches, every synapse is in the table.
                unsafe {
                    let height = V::splat(height);
                    let mut offset = self.table.offset.as_ptr().add(self.synapses.start);
                    let mut weighted = self
                        .table
                        .weighted
                        .as_ptr()
                        .wrapping_add(self.synapses.start * lanes + column);
                    let rows = self.rows.as_mut_ptr().add(step as usize + column);
                    for _ in self.synapses.clone() {
                        let at = rows.add(*offset as usize);
                        V::load(at).add_product(height, V::load(weighted)).store(at);
                        offset = offset.add(1);
                        weighted = weighted.wrapping_add(lanes);
                    }
                }
            }
        }
    }
}

/// The same for kernels of `TAPS` taps, few enough for bursts. All trains go through one call, of
/// which they would otherwise make thousands.
struct ScatterBursts<'a, const TAPS: usize, Trains> {
    table: &'a DelayWindows,
    trains: Trains,
    rows: &'a mut [f32],
}

impl<'a, const TAPS: usize, Trains: Iterator<Item = (Train<'a>, Range<usize>)>> Kernel
    for ScatterBursts<'_, TAPS, Trains>
{
    /// Two bursts at a time share what is read of a synapse. They lie half a train apart: an
    /// addition would wait for one that overlaps it and was made just before.
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Self { table, trains, rows } = self;
        for (train, synapses) in trains {
            table.check_train(&synapses, train, rows.len());
            let (near, far) = train.starts().split_at(train.starts().len().div_ceil(2));
            for (n, &start) in near.iter().enumerate() {
                // SAFETY: just checked; both bursts are of the train.
                unsafe {
                    match far.get(n) {
                        Some(&next) if (next - start) as usize >= bursts::LANES => {
                            add_bursts::<S::Half, TAPS, 2>(
                                table,
                                train,
                                [n, near.len() + n],
                                &synapses,
                                rows,
                            );
                        }
                        Some(_) => {
                            add_bursts::<S::Half, TAPS, 1>(table, train, [n], &synapses, rows);
                            add_bursts::<S::Half, TAPS, 1>(
                                table,
                                train,
                                [near.len() + n],
                                &synapses,
                                rows,
                            );
                        }
                        None => add_bursts::<S::Half, TAPS, 1>(table, train, [n], &synapses, rows),
                    }
                }
            }
        }
    }

    fn run_scalar(self) {
        let Self { table, trains, rows } = self;
        for (train, synapses) in trains {
            table.check_train(&synapses, train, rows.len());
            for synapse in synapses {
                let weighted = &table.weighted[synapse * table.lanes..][..TAPS];
                for (at, height) in train.spikes() {
                    let row = &mut rows[at as usize + table.offset[synapse] as usize..];
                    row.iter_mut()
                        .zip(weighted)
                        .for_each(|(row, weighted)| *row += height * weighted);
                }
            }
        }
    }
}

/// Adds `N` bursts of a train, ascending and of which none overlaps another, to the rows of
/// `synapses`. Synapses are the inner loop, as in `Scatter::columns`.
///
/// # Safety
/// The rows hold what every burst touches, every synapse is in the table, the bursts are of the
/// train.
#[inline(always)]
unsafe fn add_bursts<V: Eight, const TAPS: usize, const N: usize>(
    table: &DelayWindows,
    train: Train,
    which: [usize; N],
    synapses: &Range<usize>,
    rows: &mut [f32],
) {
    let start = train.starts()[which[0]] as usize;
    // SAFETY: the caller's promise.
    unsafe {
        let (mut delayed, mut behind) = ([[V::splat(0.0); TAPS]; N], [0; N]);
        for (n, &burst) in which.iter().enumerate() {
            behind[n] = train.starts()[burst] as usize - start;
            for k in 0..TAPS {
                delayed[n][k] = V::load(train.delayed(burst, k));
            }
        }
        let lanes = DelayWindows::lanes_for(TAPS);
        let mut weighted = table.weighted.as_ptr().wrapping_add(synapses.start * lanes);
        let rows = rows.as_mut_ptr().add(start);
        for &offset in table.offset.get_unchecked(synapses.clone()) {
            let at = rows.add(offset as usize);
            let mut sum = [V::splat(0.0); N];
            for n in 0..N {
                sum[n] = V::load(at.add(behind[n]));
            }
            for k in 0..TAPS {
                let weight = V::splat(*weighted.add(k));
                for n in 0..N {
                    sum[n] = sum[n].add_product(weight, delayed[n][k]);
                }
            }
            for n in 0..N {
                sum[n].store(at.add(behind[n]));
            }
            weighted = weighted.wrapping_add(lanes);
        }
    }
}

struct Gather<'a> {
    table: &'a DelayWindows,
    synapses: Range<usize>,
    steps: &'a [u32],
    heights: &'a [f32],
    rows: &'a [f32],
    sums: &'a mut [f32],
}

impl Kernel for Gather<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(mut self) {
        let (lanes, eights) = (self.table.lanes, self.table.lanes / 8 * 8);
        // SAFETY: the caller's promise.
        unsafe {
            self.columns::<S::Half>(0..eights);
            self.columns::<S::Quarter>(eights..lanes);
        }
    }

    fn run_scalar(self) {
        let lanes = self.table.lanes;
        for (synapse, sums) in self.synapses.zip(self.sums.chunks_exact_mut(lanes)) {
            for (step, height) in self.steps.iter().zip(self.heights) {
                let at = *step as usize + self.table.offset[synapse] as usize;
                sums[..self.table.width]
                    .iter_mut()
                    .zip(&self.rows[at..])
                    .for_each(|(sum, row)| *sum += height * row);
            }
        }
    }
}

impl Gather<'_> {
    /// Eight synapses at a time, so that their sums, which depend on one another only within a
    /// synapse, are in flight together.
    #[inline(always)]
    unsafe fn columns<V: Vector>(&mut self, columns: Range<usize>) {
        let count = self.synapses.len();
        for column in columns.step_by(V::LANES) {
            let mut n = 0;
            // SAFETY: handed on.
            unsafe {
                while n + 8 <= count {
                    self.several::<V, 8>(n, column);
                    n += 8;
                }
                while n < count {
                    self.several::<V, 1>(n, column);
                    n += 1;
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn several<V: Vector, const N: usize>(&mut self, n: usize, column: usize) {
        let lanes = self.table.lanes;
        // SAFETY: the rows hold what every spike touches, every synapse is in the table and has its
        // sums.
        unsafe {
            let mut from = [self.rows.as_ptr(); N];
            for (q, from) in from.iter_mut().enumerate() {
                *from = from.wrapping_add(
                    *self.table.offset.get_unchecked(self.synapses.start + n + q) as usize + column,
                );
            }
            let mut sum = [V::splat(0.0); N];
            for (&step, &height) in self.steps.iter().zip(self.heights) {
                let height = V::splat(height);
                for (sum, from) in sum.iter_mut().zip(from) {
                    *sum = sum.add_product(height, V::load(from.add(step as usize)));
                }
            }
            let one = V::splat(1.0);
            for (q, sum) in sum.into_iter().enumerate() {
                let to = self.sums.as_mut_ptr().add((n + q) * lanes + column);
                V::load(to).add_product(one, sum).store(to);
            }
        }
    }
}

/// The same for kernels of `TAPS` taps, few enough for bursts, `N` synapses at a time.
struct GatherBursts<'a, const TAPS: usize, const N: usize, Trains> {
    table: &'a DelayWindows,
    trains: Trains,
    rows: &'a [f32],
    first: usize,
    sums: &'a mut [f32],
}

impl<'a, const TAPS: usize, const N: usize, Trains: Iterator<Item = (Train<'a>, Range<usize>)>>
    Kernel for GatherBursts<'_, TAPS, N, Trains>
{
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Self { table, trains, rows, first, sums } = self;
        let lanes = const { DelayWindows::lanes_for(TAPS) };
        for (train, synapses) in trains {
            table.check_train(&synapses, train, rows.len());
            let sums = table.sums_of(&synapses, first, sums);
            // Dropout silences many: nothing to add to any of their sums.
            if train.is_empty() {
                continue;
            }
            let mut first = synapses.start;
            // SAFETY: just checked.
            unsafe {
                let mut sums = sums.as_mut_ptr();
                while first + N <= synapses.end {
                    sum_bursts::<S::Half, TAPS, N>(table, train, first, rows, sums);
                    first += N;
                    sums = sums.add(N * lanes);
                }
                while first < synapses.end {
                    sum_bursts::<S::Half, TAPS, 1>(table, train, first, rows, sums);
                    first += 1;
                    sums = sums.add(lanes);
                }
            }
        }
    }

    fn run_scalar(self) {
        let Self { table, trains, rows, first, sums } = self;
        for (train, synapses) in trains {
            table.check_train(&synapses, train, rows.len());
            let sums = table.sums_of(&synapses, first, sums);
            for (synapse, sums) in synapses.zip(sums.chunks_exact_mut(table.lanes)) {
                for (at, height) in train.spikes() {
                    let row = &rows[at as usize + table.offset[synapse] as usize..];
                    sums[..TAPS].iter_mut().zip(row).for_each(|(sum, row)| *sum += height * row);
                }
            }
        }
    }
}

/// Adds the sums of `M` synapses from `first` on over a train to `sums`. The sum of tap `k` over a
/// burst is the product of the burst, delayed by `k`, with what the row holds there.
///
/// # Safety
/// The rows hold what every burst touches, every synapse is in the table and has its sums.
#[inline(always)]
unsafe fn sum_bursts<V: Eight, const TAPS: usize, const M: usize>(
    table: &DelayWindows,
    train: Train,
    first: usize,
    rows: &[f32],
    sums: *mut f32,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut from = [rows.as_ptr(); M];
        for q in 0..M {
            from[q] = from[q].wrapping_add(*table.offset.get_unchecked(first + q) as usize);
        }
        let mut sum = [[V::splat(0.0); TAPS]; M];
        for (burst, &start) in train.starts().iter().enumerate() {
            let mut delayed = [V::splat(0.0); TAPS];
            for k in 0..TAPS {
                delayed[k] = V::load(train.delayed(burst, k));
            }
            for q in 0..M {
                let row = V::load(from[q].add(start as usize));
                for k in 0..TAPS {
                    sum[q][k] = sum[q][k].add_product(delayed[k], row);
                }
            }
        }
        for q in 0..M {
            let mut four = [V::splat(0.0); MOST_TAPS];
            four[..TAPS].copy_from_slice(&sum[q]);
            V::add_sums(four, sums.add(q * DelayWindows::lanes_for(TAPS)));
        }
    }
}

/// Operands of [`DelayWindows::pull`].
struct Pull<'a> {
    table: &'a DelayWindows,
    sources: &'a [Source],
    offset: usize,
    rows: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Pull<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(mut self) {
        for (start, vectors) in tiles::<S::Full>(self.out.len()) {
            // SAFETY: tiles stay below `out.len()`; the rest is the caller's promise.
            unsafe { for_tile!(vectors, N => pull_tile::<S::Full, N>(&mut self, start)) }
        }
    }

    fn run_scalar(self) {
        let table = self.table;
        for source in self.sources {
            let synapse = source.synapse as usize + self.offset;
            for (k, weighted) in
                table.weighted[synapse * table.lanes..][..table.width].iter().enumerate()
            {
                let row = source.row as usize - table.first[synapse] as usize - k;
                self.out
                    .iter_mut()
                    .zip(&self.rows[row..])
                    .for_each(|(out, row)| *out += weighted * row);
            }
        }
    }
}

/// Keeps `N` vectors of the output in registers and streams rows past them.
#[inline(always)]
unsafe fn pull_tile<V: Vector, const N: usize>(pull: &mut Pull, start: usize) {
    let Pull { table, sources, offset, rows, ref mut out } = *pull;
    // SAFETY: see `DelayWindows::pull`.
    unsafe {
        let (rows, out) = (rows.as_ptr().add(start), out.as_mut_ptr().add(start));
        let mut sum = load_tile::<V, N>(out);
        for source in sources {
            let synapse = source.synapse as usize + offset;
            // The last tap comes first in the row.
            let last = table.width - 1;
            let from =
                rows.add(source.row as usize - *table.first.get_unchecked(synapse) as usize - last);
            add_taps::<V, N, ANY, true>(
                &mut sum,
                from,
                table.weighted.as_ptr().add(synapse * table.lanes + last),
                table.width,
            );
        }
        store_tile(sum, out);
    }
}

/// Operands of [`DelayWindows::pull_ahead`], for kernels of `TAPS` taps or of [`ANY`] number.
struct PullAhead<'a, const TAPS: usize> {
    table: &'a DelayWindows,
    synapses: Range<usize>,
    rows: &'a [f32],
    out: &'a mut [f32],
}

/// In the place of a number of taps: as many as the table says.
const ANY: usize = 0;

impl<const TAPS: usize> Kernel for PullAhead<'_, TAPS> {
    #[inline(always)]
    unsafe fn run<S: Simd>(mut self) {
        for (start, vectors) in tiles::<S::Full>(self.out.len()) {
            // SAFETY: tiles stay below `out.len()`; the rest is the caller's promise.
            unsafe { for_tile!(vectors, N => self.tile::<S::Full, N>(start)) }
        }
    }

    fn run_scalar(self) {
        let table = self.table;
        for synapse in self.synapses {
            for (k, weighted) in
                table.weighted[synapse * table.lanes..][..table.width].iter().enumerate()
            {
                let row = &self.rows[table.offset[synapse] as usize + k..];
                self.out.iter_mut().zip(row).for_each(|(out, row)| *out += weighted * row);
            }
        }
    }
}

impl<const TAPS: usize> PullAhead<'_, TAPS> {
    #[inline(always)]
    unsafe fn tile<V: Vector, const N: usize>(&mut self, start: usize) {
        let Self { table, synapses, rows, out } = self;
        // SAFETY: see `DelayWindows::pull_ahead`.
        unsafe {
            let (rows, out) = (rows.as_ptr().add(start), out.as_mut_ptr().add(start));
            let mut sum = load_tile::<V, N>(out);
            let mut weights = table.weighted.as_ptr().wrapping_add(synapses.start * table.lanes);
            let lanes = if TAPS == ANY { table.lanes } else { DelayWindows::lanes_for(TAPS) };
            for &offset in table.offset.get_unchecked(synapses.clone()) {
                add_taps::<V, N, TAPS, false>(
                    &mut sum,
                    rows.add(offset as usize),
                    weights,
                    table.width,
                );
                weights = weights.wrapping_add(lanes);
            }
            store_tile(sum, out);
        }
    }
}

/// Operands of [`DelayWindows::pull_lines`], as of [`PullAhead`].
struct PullLines<'a, const TAPS: usize> {
    table: &'a DelayWindows,
    synapses: Range<usize>,
    lines: &'a [f32],
    out: &'a mut [f32],
}

impl<const TAPS: usize> Kernel for PullLines<'_, TAPS> {
    #[inline(always)]
    unsafe fn run<S: Simd>(mut self) {
        // Rows need no register: they are operands of multiply-adds.
        for (first, vectors) in split(self.out.len() / HALF, MOST_TILE) {
            // SAFETY: tiles stay below `out.len()`; the rest is the caller's promise.
            unsafe { for_tile!(vectors, N => self.tile::<S::Half, N>(first * HALF)) }
        }
    }

    fn run_scalar(self) {
        let table = self.table;
        for synapse in self.synapses {
            for (k, weighted) in
                table.weighted[synapse * table.lanes..][..table.width].iter().enumerate()
            {
                let row = table.offset[synapse] as usize + k..;
                self.out
                    .iter_mut()
                    .zip(row)
                    .for_each(|(out, position)| *out += weighted * self.lines[place(position)]);
            }
        }
    }
}

impl<const TAPS: usize> PullLines<'_, TAPS> {
    #[inline(always)]
    unsafe fn tile<V: Vector, const N: usize>(&mut self, start: usize) {
        const { assert!(V::LANES == HALF) };
        let Self { table, synapses, lines, out } = self;
        // SAFETY: see `DelayWindows::pull_lines`.
        unsafe {
            let (lines, out) = (lines.as_ptr().add(place(start)), out.as_mut_ptr().add(start));
            let mut sum = load_tile::<V, N>(out);
            let mut weights = table.weighted.as_ptr().wrapping_add(synapses.start * table.lanes);
            let (taps, lanes) = if TAPS == ANY {
                (table.width, table.lanes)
            } else {
                (TAPS, DelayWindows::lanes_for(TAPS))
            };
            for &offset in table.offset.get_unchecked(synapses.clone()) {
                for k in 0..taps {
                    let (weight, row) =
                        (V::splat(*weights.add(k)), lines.add(place(offset as usize + k)));
                    for v in 0..N {
                        sum[v] = sum[v].add_product(weight, V::load(row.add(v * LINE)));
                    }
                }
                weights = weights.wrapping_add(lanes);
            }
            store_tile(sum, out);
        }
    }
}

#[inline(always)]
unsafe fn load_tile<V: Vector, const N: usize>(from: *const f32) -> [V; N] {
    const { assert!(N <= MOST_TILE) };
    // SAFETY: handed on.
    unsafe {
        let mut tile = [V::splat(0.0); N];
        for v in 0..N {
            tile[v] = V::load(from.add(v * V::LANES));
        }
        tile
    }
}

#[inline(always)]
unsafe fn store_tile<V: Vector, const N: usize>(tile: [V; N], to: *mut f32) {
    for v in 0..N {
        // SAFETY: handed on.
        unsafe { tile[v].store(to.add(v * V::LANES)) };
    }
}

/// Adds a row from `row` on, once for each tap and a step further each time, to a tile: `TAPS` taps
/// or, for [`ANY`], `taps`. Weights follow one another or, `BACKWARDS`, go before one another.
///
/// A load that crosses cache lines, as half of them or nearly all do, takes two cycles, a
/// multiply-add less than one: so of three taps only the first and the third are loaded.
#[inline(always)]
unsafe fn add_taps<V: Vector, const N: usize, const TAPS: usize, const BACKWARDS: bool>(
    sum: &mut [V; N],
    mut row: *const f32,
    mut weights: *const f32,
    taps: usize,
) {
    let turn = if BACKWARDS { -1 } else { 1 };
    let mut left = if TAPS == ANY { taps } else { TAPS };
    // SAFETY: handed on.
    unsafe {
        while left >= 3 {
            let weight = [0, 1, 2].map(
                #[inline(always)]
                |k| V::splat(*weights.wrapping_offset(k * turn)),
            );
            for v in 0..N {
                let at = row.add(v * V::LANES);
                let (here, two_on) = (V::load(at), V::load(at.add(2)));
                sum[v] = sum[v].add_product(weight[0], here);
                sum[v] = sum[v].add_product(weight[1], V::one_on(at, here, two_on));
                sum[v] = sum[v].add_product(weight[2], two_on);
            }
            left -= 3;
            row = row.wrapping_add(3);
            weights = weights.wrapping_offset(3 * turn);
        }
        for _ in 0..left {
            let weight = V::splat(*weights);
            for v in 0..N {
                sum[v] = sum[v].add_product(weight, V::load(row.add(v * V::LANES)));
            }
            row = row.wrapping_add(1);
            weights = weights.wrapping_offset(turn);
        }
    }
}

/// Operands of [`DelayWindows::pull_paired`].
pub(super) struct PairPull<'a> {
    pub first: &'a [u32],
    pub weights: &'a [u32],
    /// Pairs per synapse, and how many of them are not zero.
    pub pairs: usize,
    pub used_pairs: usize,
    pub sources: &'a [Source],
    pub offset: usize,
    pub shift: Shift,
    pub rows: &'a [u32],
    pub out: &'a mut [f32],
}

/// The plain twin.
fn pair_pull(pull: PairPull) {
    for source in pull.sources {
        let synapse = source.synapse as usize + pull.offset;
        for (k, &weights) in
            pull.weights[synapse * pull.pairs..][..pull.used_pairs].iter().enumerate()
        {
            let (first, second) = unpaired(weights);
            let delay = pull.first[synapse] as usize + 2 * k;
            let row = source.row as usize;
            // A pair holds a number and the next; towards the past the second tap is the earlier
            // number.
            let (start, low, high) = if pull.shift == Shift::Later {
                (row - delay - 1, second, first)
            } else {
                (row + delay, first, second)
            };
            for (out, &pair) in pull.out.iter_mut().zip(&pull.rows[start..]) {
                let (a, b) = unpaired(pair);
                *out += low * a + high * b;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Bursts, to_lines};
    use super::*;
    use crate::{Purpose, Seed, SpikeFrames};
    use rand::RngExt;

    #[test]
    fn every_instruction_set_agrees_with_the_scalar_twin() {
        let mut random = Seed(3).stream(Purpose::Weights, 0, 0);
        for (width, synapses) in
            [(1, 40), (2, 16), (3, 13), (4, 32), (6, 5), (7, 9), (9, 8), (16, 8), (25, 33)]
        {
            let (latest, steps) = (24, 100usize);
            let stride = steps + latest as usize + DelayWindows::touched_for(width);
            let mut table = DelayWindows::default();
            let kernels: Vec<(u32, Vec<f32>)> = (0..synapses)
                .map(|_| {
                    (
                        random.random_range(0..=latest),
                        (0..width).map(|_| random.random_range(-1.0..1.0)).collect(),
                    )
                })
                .collect();
            table.fill(synapses, width, |synapse, taps| {
                taps.value[..width].copy_from_slice(&kernels[synapse].1);
                Place { first: kernels[synapse].0, row: (synapse * stride) as u32, weight: 0.5 }
            });
            let rows: Vec<f32> =
                (0..synapses * stride + 256).map(|_| random.random_range(-1.0..1.0)).collect();
            let events: Vec<(u32, u32)> = (0..300)
                .map(|_| (0, random.random_range(0..steps as u32)))
                .filter(|spike| spike.1 % 9 < 4)
                .collect();
            let frames = SpikeFrames::from_events(1, steps, &events).unwrap();
            let (spikes, heights) = frames.channel(0);
            let mut bursts = Bursts::default();
            bursts.refill(&frames, MOST_TAPS);
            let train = bursts.channel(0);
            let result = |with| {
                let mut scattered = rows.clone();
                table.scatter(with, 1..synapses, spikes, heights, &mut scattered);
                let mut sums = vec![0.5; (synapses - 1) * table.lanes()];
                table.gather(with, 1..synapses, spikes, heights, &rows, &mut sums);
                if width <= MOST_TAPS {
                    let single = (scattered.clone(), sums.clone());
                    scattered.copy_from_slice(&rows);
                    sums.fill(0.5);
                    table.scatter_bursts(
                        with,
                        std::iter::once((train, 1..synapses)),
                        &mut scattered,
                    );
                    table.gather_bursts(
                        with,
                        std::iter::once((train, 1..synapses)),
                        &rows,
                        (1, &mut sums),
                    );
                    let near =
                        |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3);
                    assert!(
                        near(&scattered, &single.0),
                        "{with:?}: bursts of {width} taps are not their spikes"
                    );
                    let taps = |sums: &[f32]| {
                        sums.chunks_exact(table.lanes())
                            .flat_map(|sums| sums[..width].to_vec())
                            .collect::<Vec<_>>()
                    };
                    assert!(
                        near(&taps(&sums), &taps(&single.1)),
                        "{with:?}: bursts of {width} taps are not their spikes"
                    );
                }
                let source = |n| Source {
                    row: table.reach() as u32 + n,
                    synapse: (n + 3) % (synapses as u32 - 1),
                };
                let mut sources = Sources::default();
                sources.refill((0..synapses as u32).map(source));
                for length in [16, 112, 160, 240] {
                    let (mut later, mut earlier) =
                        (rows[..length].to_vec(), rows[..length].to_vec());
                    table.pull(with, &sources, 1, &rows, &mut later);
                    table.pull_ahead(with, 1..synapses, &rows, &mut earlier);
                    let mut lines = vec![0.0; 2 * rows.len().next_multiple_of(8)];
                    to_lines(&rows, &mut lines);
                    let mut from_lines = rows[..length].to_vec();
                    table.pull_lines(with, 1..synapses, &lines, &mut from_lines);
                    assert_eq!(
                        earlier, from_lines,
                        "{with:?}, width {width}: the same products in the same order"
                    );
                    scattered.extend(later.into_iter().chain(earlier));
                }
                scattered.extend(sums.chunks_exact(table.lanes()).flat_map(|sums| &sums[..width]));
                scattered
            };
            let expected = result(Instructions::Scalar);
            for with in Instructions::available() {
                for (a, b) in result(with).iter().zip(&expected) {
                    assert!((a - b).abs() < 1e-3, "{with:?}, width {width}: {a} and {b}");
                }
            }
        }
    }

    #[test]
    fn pairs_of_bf16_are_near_single_precision() {
        let with = Instructions::detect();
        let mut random = Seed(6).stream(Purpose::Weights, 0, 0);
        for (width, latest) in [(1, 24), (2, 23), (3, 22), (7, 18), (12, 13)] {
            let mut table = DelayWindows::default();
            let kernels: Vec<(u32, Vec<f32>)> = (0..9)
                .map(|_| {
                    (
                        random.random_range(0..=latest),
                        (0..width).map(|_| random.random_range(-1.0..1.0)).collect(),
                    )
                })
                .collect();
            table.fill(9, width, |synapse, taps| {
                taps.value[..width].copy_from_slice(&kernels[synapse].1);
                Place { first: kernels[synapse].0, row: 0, weight: 0.5 }
            });
            table.pair_up();
            let rows: Vec<f32> = (0..400).map(|_| random.random_range(-1.0..1.0)).collect();
            let mut paired = vec![0; rows.len()];
            super::super::pair_with_next(&rows, &mut paired);
            let mut sources = Sources::default();
            sources.refill((0..8).map(|n| Source { row: table.reach() as u32 + n, synapse: n }));
            for shift in [Shift::Later, Shift::Earlier] {
                let (mut single, mut plain, mut fast) =
                    (vec![0.0; 240], vec![0.0; 240], vec![0.0; 240]);
                match shift {
                    Shift::Later => table.pull(with, &sources, 1, &rows, &mut single),
                    Shift::Earlier => {
                        for n in 0..8 {
                            table.pull_ahead(
                                with,
                                n + 1..n + 2,
                                &rows[table.reach() + n..],
                                &mut single,
                            );
                        }
                    }
                }
                let Sources { list, .. } = &sources;
                let (pairs, used_pairs) = (table.lanes / 2, width.div_ceil(2));
                let (first, weights) = (&table.first[..], &table.pairs[..]);
                pair_pull(PairPull {
                    first,
                    weights,
                    pairs,
                    used_pairs,
                    sources: list,
                    offset: 1,
                    shift,
                    rows: &paired,
                    out: &mut plain,
                });
                let scale = (8 * width) as f32 * 0.5;
                assert!(
                    single.iter().zip(&plain).all(|(a, b)| (a - b).abs() < scale / 256.0),
                    "width {width}, {shift:?}"
                );
                if with.has_bf16() {
                    table.pull_paired(with, &sources, 1, shift, &paired, &mut fast);
                    assert!(
                        fast.iter().zip(&plain).all(|(a, b)| (a - b).abs() < 1e-5 * scale),
                        "width {width}, {shift:?}"
                    );
                }
            }
        }
    }

    /// Trains of one, no, two near, two far, and three bursts, some to no synapses at all.
    #[test]
    fn many_trains_in_one_call_are_their_spikes() {
        let trains: [&[u32]; 6] =
            [&[3], &[], &[3, 9], &[3, 40], &[2, 8, 15], &[1, 2, 3, 4, 30, 31, 37, 60]];
        let events: Vec<(u32, u32)> = (0..)
            .zip(trains)
            .flat_map(|(channel, steps)| steps.iter().map(move |&step| (channel, step)))
            .collect();
        let frames = SpikeFrames::from_events(trains.len(), 70, &events).unwrap();
        let synapses =
            |channel: usize| if channel == 3 { 33..33 } else { 11 * channel..11 * channel + 9 };
        for width in 1..=MOST_TAPS {
            let stride = 70 + 20 + DelayWindows::touched_for(width);
            let mut table = DelayWindows::default();
            table.fill(11 * trains.len(), width, |synapse, taps| {
                taps.value[..width]
                    .iter_mut()
                    .zip(1..)
                    .for_each(|(value, k)| *value = 1.0 / (k + synapse) as f32);
                Place {
                    first: (synapse * 7 % 20) as u32,
                    row: (synapse % 11 * stride) as u32,
                    weight: 2.0,
                }
            });
            let rows: Vec<f32> = (0..11 * stride).map(|n| (n % 17) as f32 - 8.0).collect();
            let mut bursts = Bursts::default();
            bursts.refill(&frames, width);
            for with in Instructions::available() {
                let (mut scattered, mut single) = (rows.clone(), rows.clone());
                table.scatter_bursts(
                    with,
                    (0..trains.len()).map(|c| (bursts.channel(c), synapses(c))),
                    &mut scattered,
                );
                // Of the synapses from the second train's on.
                let (mut sums, mut single_sums) =
                    (vec![0.0; 55 * table.lanes()], vec![0.0; 55 * table.lanes()]);
                table.gather_bursts(
                    with,
                    (1..trains.len()).map(|c| (bursts.channel(c), synapses(c))),
                    &rows,
                    (11, &mut sums),
                );
                for c in 0..trains.len() {
                    let (steps, counts) = frames.channel(c);
                    table.scatter(with, synapses(c), steps, counts, &mut single);
                    if c > 0 {
                        let sums = &mut single_sums[(synapses(c).start - 11) * table.lanes()..]
                            [..synapses(c).len() * table.lanes()];
                        table.gather(with, synapses(c), steps, counts, &rows, sums);
                    }
                }
                assert!(
                    scattered.iter().zip(&single).all(|(a, b)| (a - b).abs() < 1e-4),
                    "{with:?}: {width} taps scattered"
                );
                for (sums, single) in sums.chunks_exact(4).zip(single_sums.chunks_exact(4)) {
                    let close =
                        sums.iter().zip(single).take(width).all(|(a, b)| (a - b).abs() < 1e-4);
                    assert!(close, "{with:?}: {width} taps gathered");
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "made for other kernels")]
    fn bursts_for_fewer_taps_are_refused() {
        let mut table = DelayWindows::default();
        table.fill(1, 3, |_, _| Place { first: 0, row: 0, weight: 1.0 });
        let mut bursts = Bursts::default();
        bursts.refill(&SpikeFrames::from_events(1, 4, &[(0, 2)]).unwrap(), 2);
        table.scatter_bursts(
            Instructions::Scalar,
            std::iter::once((bursts.channel(0), 0..1)),
            &mut [0.0; 32],
        );
    }

    #[test]
    #[should_panic(expected = "leaves the rows")]
    fn rows_too_short_to_be_pulled_are_refused() {
        let mut table = DelayWindows::default();
        table.fill(1, 3, |_, _| Place { first: 14, row: 0, weight: 1.0 });
        table.pull_ahead(Instructions::Scalar, 0..1, &[0.0; 32], &mut [0.0; 16]);
    }

    #[test]
    #[should_panic(expected = "leaves the rows")]
    fn lines_too_short_to_be_pulled_are_refused() {
        let mut table = DelayWindows::default();
        table.fill(1, 3, |_, _| Place { first: 14, row: 0, weight: 1.0 });
        table.pull_lines(Instructions::Scalar, 0..1, &[0.0; 2 * (14 + 3 + 16) - 1], &mut [0.0; 16]);
    }

    #[test]
    #[should_panic(expected = "begin behind a synapse")]
    fn sums_that_begin_behind_a_synapse_are_refused() {
        let mut table = DelayWindows::default();
        table.fill(2, 1, |_, _| Place { first: 0, row: 0, weight: 1.0 });
        let mut bursts = Bursts::default();
        bursts.refill(&SpikeFrames::from_events(1, 4, &[(0, 2)]).unwrap(), 1);
        let trains = std::iter::once((bursts.channel(0), 0..1));
        table.gather_bursts(Instructions::detect(), trains, &[0.0; 32], (1, &mut [0.0; 8]));
    }

    #[test]
    #[should_panic(expected = "leave the rows")]
    fn a_spike_that_leaves_the_rows_is_refused() {
        let mut table = DelayWindows::default();
        table.fill(1, 1, |_, _| Place { first: 3, row: 0, weight: 1.0 });
        table.scatter(Instructions::Scalar, 0..1, &[7], &[1.0], &mut [0.0; 12]);
    }
}
