//! Gradients to spikes.

use super::table::{DelayWindows, for_taps};
use crate::bursts::{MOST_TAPS, SpikeTrain};
use crate::instructions::Instructions;
use crate::vector::{Eight, HotLoop, Simd, Vector};
use std::ops::Range;

impl DelayWindows {
    /// Adds up, for each synapse and tap, what the rows hold where that tap of each spike lies,
    /// times the height of the spike.
    /// `sums` is `[synapse][stride]`; of each synapse, the first sums count, one per tap. See
    /// [`scatter`](Self::scatter) for where a tap lies.
    ///
    /// # Panics
    /// As [`scatter`](Self::scatter); if there are not as many heights as steps, or sums as
    /// synapses.
    pub fn gather(
        &self,
        isa: Instructions,
        synapses: Range<usize>,
        steps: &[u32],
        heights: &[f32],
        rows: &[f32],
        sums: &mut [f32],
    ) {
        assert_eq!(steps.len(), heights.len());
        self.check_spikes(&synapses, steps.iter().copied().max(), rows.len());
        assert_eq!(sums.len(), synapses.len() * self.stride);
        // SAFETY: just checked.
        unsafe { isa.run(Gather { table: self, synapses, steps, heights, rows, sums }) }
    }

    /// As [`gather`](Self::gather), burst by burst, for each train and its synapses. `sums` holds
    /// the sums of the synapses from `first` on.
    ///
    /// # Panics
    /// As [`scatter_bursts`](Self::scatter_bursts), or if the sums of a synapse are missing.
    pub fn gather_bursts<'a>(
        &self,
        isa: Instructions,
        trains: impl Iterator<Item = (SpikeTrain<'a>, Range<usize>)>,
        rows: &[f32],
        (first, sums): (usize, &mut [f32]),
    ) {
        let table = self;
        // SAFETY: each train is checked when its turn comes. The number of synapses at a time
        // leaves room in sixteen registers.
        unsafe {
            for_taps!(self.width, TAPS => {
                const AT_A_TIME: usize = [8, 4, 4, 2][TAPS - 1];
                isa.run(GatherBursts::<TAPS, AT_A_TIME, _> { table, trains, rows, first, sums });
            }, _ => panic!("bursts are for up to {MOST_TAPS} taps"))
        }
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
        &mut sums[(synapses.start - first) * self.stride..(synapses.end - first) * self.stride]
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

impl HotLoop for Gather<'_> {
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
        for (synapse, sums) in self.synapses.zip(self.sums.chunks_exact_mut(stride)) {
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
        let stride = self.table.stride;
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
                let to = self.sums.as_mut_ptr().add((n + q) * stride + column);
                V::load(to).add_product(one, sum).store(to);
            }
        }
    }
}

/// Operands of [`DelayWindows::gather_bursts`], for kernels of `TAPS` taps; `N` synapses at a time.
struct GatherBursts<'a, const TAPS: usize, const N: usize, Trains> {
    table: &'a DelayWindows,
    trains: Trains,
    rows: &'a [f32],
    first: usize,
    sums: &'a mut [f32],
}

impl<'a, const TAPS: usize, const N: usize, Trains: Iterator<Item = (SpikeTrain<'a>, Range<usize>)>>
    HotLoop for GatherBursts<'_, TAPS, N, Trains>
{
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Self { table, trains, rows, first, sums } = self;
        let stride = const { DelayWindows::stride_for(TAPS) };
        for (train, synapses) in trains {
            table.check_train(&synapses, train, rows.len());
            let sums = table.sums_of(&synapses, first, sums);
            // Dropout silences many neurons; their synapses have nothing to add.
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
                    sums = sums.add(N * stride);
                }
                while first < synapses.end {
                    sum_bursts::<S::Half, TAPS, 1>(table, train, first, rows, sums);
                    first += 1;
                    sums = sums.add(stride);
                }
            }
        }
    }

    fn run_scalar(self) {
        let Self { table, trains, rows, first, sums } = self;
        for (train, synapses) in trains {
            table.check_train(&synapses, train, rows.len());
            let sums = table.sums_of(&synapses, first, sums);
            for (synapse, sums) in synapses.zip(sums.chunks_exact_mut(table.stride)) {
                for (at, height) in train.spikes() {
                    let row = &rows[at as usize + table.offset[synapse] as usize..];
                    sums[..TAPS].iter_mut().zip(row).for_each(|(sum, row)| *sum += height * row);
                }
            }
        }
    }
}

/// Adds, for `M` synapses from `first` on, the sums over a train to `sums`. The sum of tap `k` over
/// a burst is the scalar product of the burst, delayed by `k`, and the row at the same steps.
///
/// # Safety
/// The rows hold what every burst touches, every synapse is in the table and has its sums.
#[inline(always)]
unsafe fn sum_bursts<V: Eight, const TAPS: usize, const M: usize>(
    table: &DelayWindows,
    train: SpikeTrain,
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
            V::add_sums(four, sums.add(q * DelayWindows::stride_for(TAPS)));
        }
    }
}
