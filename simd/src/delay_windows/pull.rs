//! Whole rows, delayed or brought forward.

use super::sources::{RowSource, RowSources, Shift};
use super::table::{DelayWindows, for_taps};
use crate::instructions::Instructions;
use crate::lines::{HALF, LINE, line_position};
use crate::rows::ROW_MULTIPLE;
use crate::vector::{HotLoop, MOST_TILE, Simd, Vector, for_tile, split, tiles};
use std::ops::Range;

impl DelayWindows {
    /// Adds whole rows to `out`, whose length is a multiple of 16. The row of source `s` is delayed
    /// as synapse `s.synapse + offset` says.
    ///
    /// # Panics
    /// If a source leaves the rows, or a synapse is not in the table.
    pub fn pull(
        &self,
        isa: Instructions,
        sources: &RowSources,
        offset: usize,
        rows: &[f32],
        out: &mut [f32],
    ) {
        if sources.list.is_empty() {
            return;
        }
        self.check_rows(sources, offset, Shift::Later, rows.len(), out.len());
        // SAFETY: just checked.
        unsafe { isa.run(Pull { table: self, sources: &sources.list, offset, rows, out }) }
    }

    /// Adds the rows of `synapses`, brought forward by their delays, to `out`, whose length is a
    /// multiple of 16: the adjoint of [`scatter`](Self::scatter) in the spikes.
    ///
    /// # Panics
    /// If a synapse is not in the table, or its taps leave the rows.
    pub fn pull_ahead(
        &self,
        isa: Instructions,
        synapses: Range<usize>,
        rows: &[f32],
        out: &mut [f32],
    ) {
        self.check_ahead(&synapses, rows.len(), out.len());
        let table = self;
        // SAFETY: just checked.
        unsafe {
            for_taps!(self.width, TAPS => isa.run(PullAhead::<TAPS> { table, synapses, rows, out }),
                _ => isa.run(PullAhead::<ANY> { table, synapses, rows, out }))
        }
    }

    /// As [`pull_ahead`](Self::pull_ahead), from rows that [`to_lines`](crate::to_lines) wrote,
    /// each of a multiple of 8 numbers: `lines` are twice as many numbers as the rows, and begin
    /// with a whole line.
    ///
    /// # Panics
    /// As [`pull_ahead`](Self::pull_ahead).
    pub fn pull_lines(
        &self,
        isa: Instructions,
        synapses: Range<usize>,
        lines: &[f32],
        out: &mut [f32],
    ) {
        self.check_ahead(&synapses, lines.len() / 2, out.len());
        let table = self;
        // SAFETY: just checked.
        unsafe {
            for_taps!(self.width,
                TAPS => isa.run(PullLines::<TAPS> { table, synapses, lines, out }),
                _ => isa.run(PullLines::<ANY> { table, synapses, lines, out }))
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

    pub(super) fn check_rows(
        &self,
        sources: &RowSources,
        offset: usize,
        shift: Shift,
        rows: usize,
        out: usize,
    ) {
        assert!(out.is_multiple_of(ROW_MULTIPLE), "rows come in multiples of {ROW_MULTIPLE}");
        let (before, behind) =
            if shift == Shift::Later { (self.reach(), 0) } else { (0, self.reach()) };
        assert!(
            sources.first_row >= before && sources.last_row + behind + out <= rows,
            "a source leaves the rows"
        );
        assert!(sources.last_synapse.strict_add(offset) < self.first.len(), "no such synapse");
    }
}

/// Operands of [`DelayWindows::pull`].
struct Pull<'a> {
    table: &'a DelayWindows,
    sources: &'a [RowSource],
    offset: usize,
    rows: &'a [f32],
    out: &'a mut [f32],
}

impl HotLoop for Pull<'_> {
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
                table.weighted[synapse * table.stride..][..table.width].iter().enumerate()
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
                table.weighted.as_ptr().add(synapse * table.stride + last),
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

/// Stands for a number of taps that only the table knows.
const ANY: usize = 0;

impl<const TAPS: usize> HotLoop for PullAhead<'_, TAPS> {
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
                table.weighted[synapse * table.stride..][..table.width].iter().enumerate()
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
            let mut weights = table.weighted.as_ptr().wrapping_add(synapses.start * table.stride);
            let stride = if TAPS == ANY { table.stride } else { DelayWindows::stride_for(TAPS) };
            for &offset in table.offset.get_unchecked(synapses.clone()) {
                add_taps::<V, N, TAPS, false>(
                    &mut sum,
                    rows.add(offset as usize),
                    weights,
                    table.width,
                );
                weights = weights.wrapping_add(stride);
            }
            store_tile(sum, out);
        }
    }
}

/// Operands of [`DelayWindows::pull_lines`], for kernels of `TAPS` taps or of [`ANY`] number.
struct PullLines<'a, const TAPS: usize> {
    table: &'a DelayWindows,
    synapses: Range<usize>,
    lines: &'a [f32],
    out: &'a mut [f32],
}

impl<const TAPS: usize> HotLoop for PullLines<'_, TAPS> {
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
                table.weighted[synapse * table.stride..][..table.width].iter().enumerate()
            {
                let row = table.offset[synapse] as usize + k..;
                self.out.iter_mut().zip(row).for_each(|(out, position)| {
                    *out += weighted * self.lines[line_position(position)]
                });
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
            let (lines, out) =
                (lines.as_ptr().add(line_position(start)), out.as_mut_ptr().add(start));
            let mut sum = load_tile::<V, N>(out);
            let mut weights = table.weighted.as_ptr().wrapping_add(synapses.start * table.stride);
            let (taps, stride) = if TAPS == ANY {
                (table.width, table.stride)
            } else {
                (TAPS, DelayWindows::stride_for(TAPS))
            };
            for &offset in table.offset.get_unchecked(synapses.clone()) {
                for k in 0..taps {
                    let (weight, row) =
                        (V::splat(*weights.add(k)), lines.add(line_position(offset as usize + k)));
                    for v in 0..N {
                        sum[v] = sum[v].add_product(weight, V::load(row.add(v * LINE)));
                    }
                }
                weights = weights.wrapping_add(stride);
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

/// Adds a row to a tile once for each tap, each time from a step further on. There are `TAPS` taps
/// or, for [`ANY`], `taps`. The weights are read forwards or, with `BACKWARDS`, backwards.
///
/// A load that crosses cache lines takes two cycles, and half of the loads, or nearly all, cross
/// them; a multiply-add takes less than one cycle. So of three taps only the first and the third
/// are loaded.
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
