//! Whole rows on pairs of bf16 numbers.

use super::sources::{RowSources, Shift};
use super::table::DelayWindows;
use crate::bf16::pair;
use crate::instructions::Instructions;
use crate::paired::{PairPull, pair_pull};
use rayon::prelude::*;

impl DelayWindows {
    /// Rounds the weights to bf16, which [`pull_paired`](Self::pull_paired) reads.
    pub fn pair_up(&mut self) {
        self.pairs.resize(self.weighted.len() / 2, 0);
        let pairs =
            self.pairs.par_iter_mut().zip(self.weighted.par_chunks_exact(2)).with_min_len(4096);
        pairs.for_each(|(pair_of, two)| *pair_of = pair(two[0], two[1]));
    }

    /// As [`pull`](Self::pull) or [`pull_ahead`](Self::pull_ahead), as `shift` says, on bf16:
    /// `rows[x]` is the pair of the numbers `x` and `x + 1` of the rows.
    ///
    /// # Panics
    /// As [`pull`](Self::pull); if the processor has no bf16 products, or
    /// [`pair_up`](Self::pair_up) was not called.
    pub fn pull_paired(
        &self,
        isa: Instructions,
        sources: &RowSources,
        offset: usize,
        shift: Shift,
        rows: &[u32],
        out: &mut [f32],
    ) {
        if sources.list.is_empty() {
            return;
        }
        assert!(isa.has_bf16(), "the processor has no bf16 products");
        assert_eq!(self.pairs.len() * 2, self.weighted.len(), "the taps were not paired up");
        self.check_rows(sources, offset, shift, rows.len(), out.len());
        let Self { first, pairs: weights, stride, width, .. } = self;
        let (pairs, used_pairs) = (stride / 2, width.div_ceil(2));
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
        match isa {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: just checked.
            Instructions::Avx512 => unsafe { crate::avx512::pair_pull(pull) },
            _ => pair_pull(pull),
        }
    }
}
