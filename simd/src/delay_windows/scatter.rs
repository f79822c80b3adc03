//! Spikes to currents.

use super::table::{DelayWindows, for_taps};
use crate::bursts::{self, MOST_TAPS, SpikeTrain};
use crate::instructions::Instructions;
use crate::vector::{Eight, HotLoop, Simd, Vector};
use std::ops::Range;

impl DelayWindows {
    /// Adds spikes at `steps` with `heights` to the rows of `synapses`.
    ///
    /// # Panics
    /// If a spike's taps leave the rows.
    pub fn scatter(
        &self,
        isa: Instructions,
        synapses: Range<usize>,
        steps: &[u32],
        heights: &[f32],
        rows: &mut [f32],
    ) {
        assert_eq!(steps.len(), heights.len());
        self.check_spikes(&synapses, steps.iter().copied().max(), rows.len());
        // SAFETY: just checked.
        unsafe { isa.run(Scatter { table: self, synapses, steps, heights, rows }) }
    }

    /// As [`scatter`](Self::scatter), burst by burst, for each train and its synapses.
    ///
    /// # Panics
    /// If the taps of a burst leave the rows, or the synapses have more taps than the bursts are
    /// made for.
    pub fn scatter_bursts<'a>(
        &self,
        isa: Instructions,
        trains: impl Iterator<Item = (SpikeTrain<'a>, Range<usize>)>,
        rows: &mut [f32],
    ) {
        let table = self;
        // SAFETY: each train is checked when its turn comes.
        unsafe {
            for_taps!(self.width, TAPS => isa.run(ScatterBursts::<TAPS, _> { table, trains, rows }),
                _ => panic!("bursts are for up to {MOST_TAPS} taps"))
        }
    }
}

struct Scatter<'a> {
    table: &'a DelayWindows,
    synapses: Range<usize>,
    steps: &'a [u32],
    heights: &'a [f32],
    rows: &'a mut [f32],
}

impl HotLoop for Scatter<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(mut self) {
        let (stride, eights) = (self.table.stride, self.table.stride / 8 * 8);
        // SAFETY: the caller's promise.
        unsafe {
            self.columns::<S::Half>(0..eights);
            self.columns::<S::Quarter>(eights..stride);
        }
    }

    fn run_scalar(self) {
        let stride = self.table.stride;
        for synapse in self.synapses {
            let weighted = &self.table.weighted[synapse * stride..][..stride];
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
    /// Synapses are the inner loop: in the same row, a spike would have to wait for what the spike
    /// before it has written.
    #[inline(always)]
    unsafe fn columns<V: Vector>(&mut self, columns: Range<usize>) {
        let stride = self.table.stride;
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
                        .wrapping_add(self.synapses.start * stride + column);
                    let rows = self.rows.as_mut_ptr().add(step as usize + column);
                    for _ in self.synapses.clone() {
                        let at = rows.add(*offset as usize);
                        V::load(at).add_product(height, V::load(weighted)).store(at);
                        offset = offset.add(1);
                        weighted = weighted.wrapping_add(stride);
                    }
                }
            }
        }
    }
}

/// Operands of [`DelayWindows::scatter_bursts`], for kernels of `TAPS` taps. One call takes all
/// trains; one call per train would make thousands.
struct ScatterBursts<'a, const TAPS: usize, Trains> {
    table: &'a DelayWindows,
    trains: Trains,
    rows: &'a mut [f32],
}

impl<'a, const TAPS: usize, Trains: Iterator<Item = (SpikeTrain<'a>, Range<usize>)>> HotLoop
    for ScatterBursts<'_, TAPS, Trains>
{
    /// Two bursts at a time share what is read of a synapse. The two lie half a train apart, since
    /// an addition would wait for an addition to the same numbers just before it.
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
                        Some(&next) if (next - start) as usize >= bursts::BURST_STEPS => {
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
                let weighted = &table.weighted[synapse * table.stride..][..TAPS];
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
    train: SpikeTrain,
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
        let stride = DelayWindows::stride_for(TAPS);
        let mut weighted = table.weighted.as_ptr().wrapping_add(synapses.start * stride);
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
            weighted = weighted.wrapping_add(stride);
        }
    }
}
