//! Lists of taps, and the checked door to the kernels.

use super::{Instructions, scalar};

/// Steps are stored in multiples of this many numbers, so that every vector width divides a row.
const ROW_MULTIPLE: usize = 16;

/// `steps` rounded up to what a row holds.
pub fn padded(steps: usize) -> usize {
    steps.next_multiple_of(ROW_MULTIPLE)
}

/// One term of a projection: a weight and where its presynaptic row starts.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[repr(C)]
pub struct Tap {
    /// Index of the row's number that meets step 0.
    pub offset: u32,
    /// Weight times kernel value.
    pub weight: f32,
}

/// The taps of a projection: for each of `lists` neurons on one side, `per_list` taps that read rows of the other side.
#[derive(Debug, Clone, Default)]
pub struct TapTable {
    taps: Vec<Tap>,
    per_list: usize,
    /// No row may start at or after this, see [`TapTable::fill`].
    reach: usize,
}

/// Which taps of a list take part: the same choice for every list.
#[derive(Debug, Clone, Default)]
pub struct TapSelection {
    index: Vec<u32>,
    bound: usize,
}

impl TapSelection {
    /// Forgets the choice but keeps the memory.
    pub fn clear(&mut self) {
        self.index.clear();
        self.bound = 0;
    }

    /// Adds the taps `from..to` of each list.
    pub fn extend(&mut self, from: usize, to: usize) {
        self.index.extend(from as u32..to as u32);
        self.bound = self.bound.max(to);
    }
}

impl TapTable {
    /// Makes room for `lists` x `per_list` taps and lets `f(list, taps)` fill each list. Memory is reused.
    ///
    /// # Panics
    /// If a tap's row does not start below `reach`.
    pub fn fill(&mut self, lists: usize, per_list: usize, reach: usize, f: impl Fn(usize, &mut [Tap]) + Sync) {
        use rayon::prelude::*;
        assert!(u32::try_from(reach).is_ok(), "rows are longer than an offset can say");
        // Nothing may be read until every tap has been looked at, even if a caller catches the panic below.
        (self.per_list, self.reach) = (0, 0);
        self.taps.resize(lists * per_list, Tap::default());
        self.taps.par_chunks_mut(per_list.max(1)).with_min_len(16).enumerate().for_each(|(list, taps)| {
            f(list, taps);
            assert!(taps.iter().all(|tap| (tap.offset as usize) < reach), "a tap starts outside its rows");
        });
        (self.per_list, self.reach) = (per_list, reach);
    }

    /// The taps of one list.
    pub fn list(&self, list: usize) -> &[Tap] {
        &self.taps[list * self.per_list..(list + 1) * self.per_list]
    }

    /// `out[t] += sum_k weight_k * rows[offset_k + t]` over the chosen taps of `list`.
    ///
    /// # Panics
    /// If `out.len()` is not a [`padded`] length, `rows` holds less than the table's reach plus `out.len()` numbers, or the choice
    /// does not fit the table.
    pub fn accumulate(&self, with: Instructions, list: usize, chosen: &TapSelection, rows: &[f32], out: &mut [f32]) {
        self.check(chosen, rows, out.len());
        let (taps, index) = (self.list(list), &chosen.index[..]);
        match with {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `check` holds; the processor was asked for the instruction set by whoever made `with`.
            Instructions::Avx512 => unsafe { super::avx512::accumulate(rows, taps, index, out) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Instructions::Avx2 => unsafe { super::avx2::accumulate(rows, taps, index, out) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: as above.
            Instructions::Neon => unsafe { super::neon::accumulate(rows, taps, index, out) },
            _ => scalar::accumulate(rows, taps, index, out),
        }
    }

    /// `sums[k] += sum_t signal[t] * rows[offset_k + t]` over the chosen taps of `list`; `sums` has one entry per tap of the list.
    ///
    /// # Panics
    /// As [`TapTable::accumulate`].
    pub fn correlate(&self, with: Instructions, list: usize, chosen: &TapSelection, rows: &[f32], signal: &[f32], sums: &mut [f32]) {
        self.check(chosen, rows, signal.len());
        assert_eq!(sums.len(), self.per_list);
        let (taps, index) = (self.list(list), &chosen.index[..]);
        match with {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `check` holds; the processor was asked for the instruction set by whoever made `with`.
            Instructions::Avx512 => unsafe { super::avx512::correlate(rows, taps, index, signal, sums) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Instructions::Avx2 => unsafe { super::avx2::correlate(rows, taps, index, signal, sums) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: as above.
            Instructions::Neon => unsafe { super::neon::correlate(rows, taps, index, signal, sums) },
            _ => scalar::correlate(rows, taps, index, signal, sums),
        }
    }

    fn check(&self, chosen: &TapSelection, rows: &[f32], length: usize) {
        assert!(length.is_multiple_of(ROW_MULTIPLE), "rows come in multiples of {ROW_MULTIPLE}");
        assert!(chosen.bound <= self.per_list, "a chosen tap is not in the list");
        assert!(rows.len() >= self.reach + length, "rows are shorter than the taps reach");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Purpose, Seed};
    use rand::RngExt;

    #[test]
    fn every_instruction_set_agrees_with_the_scalar_twin() {
        let mut random = Seed(3).stream(Purpose::Weights, 0, 0);
        for steps in [1, 16, 100, 149, 224, 225, 700] {
            let length = padded(steps);
            let (per_list, reach) = (37, 500);
            let rows: Vec<f32> = (0..reach + length).map(|_| random.random_range(-1.0..1.0)).collect();
            let signal: Vec<f32> = (0..length).map(|_| random.random_range(-1.0..1.0)).collect();
            let taps: Vec<Tap> = (0..2 * per_list)
                .map(|_| Tap { offset: random.random_range(0..reach as u32), weight: random.random_range(-1.0..1.0) })
                .collect();
            let mut table = TapTable::default();
            table.fill(2, per_list, reach, |list, out| out.copy_from_slice(&taps[list * per_list..(list + 1) * per_list]));
            let mut chosen = TapSelection::default();
            chosen.extend(0, 5);
            chosen.extend(9, 30);
            let result = |with| {
                let (mut out, mut sums) = (signal.clone(), vec![0.5; per_list]);
                table.accumulate(with, 1, &chosen, &rows, &mut out);
                table.correlate(with, 1, &chosen, &rows, &signal, &mut sums);
                out.extend(sums);
                out
            };
            let expected = result(Instructions::Scalar);
            for with in Instructions::available() {
                for (a, b) in result(with).iter().zip(&expected) {
                    assert!((a - b).abs() < 1e-4, "{with:?}, {steps} steps: {a} and {b}");
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "a tap starts outside its rows")]
    fn a_tap_outside_its_rows_is_refused() {
        TapTable::default().fill(1, 1, 4, |_, taps| taps[0].offset = 4);
    }
}
