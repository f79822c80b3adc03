//! Sums of rows that a list names: the loops of synapses without delays, where each spike adds a row
//! of weights or of gradients.

use crate::instructions::Instructions;
use crate::rows::ROW_MULTIPLE;
use crate::vector::{HotLoop, Simd, Vector, for_tile, tiles};

/// Rows of [`gather_rows`]: `planes` vectors of 16 numbers, `plane_stride` apart, and `row_stride`
/// from one row to the next.
#[derive(Debug, Clone, Copy)]
pub struct RowTable<'a> {
    /// All numbers.
    pub numbers: &'a [f32],
    /// Distance from one row to the next, in numbers.
    pub row_stride: usize,
    /// Distance from one plane of a row to the next, in numbers.
    pub plane_stride: usize,
}

/// Lists of rows, one after the other.
#[derive(Debug, Clone, Copy)]
pub struct RowLists<'a> {
    /// Where the first list begins.
    pub begin: u32,
    /// Where each list ends, and the next begins.
    pub ends: &'a [u32],
    /// The rows of all lists.
    pub index: &'a [u32],
    /// What each row is multiplied by.
    pub heights: &'a [f32],
}

/// `out[p * out_stride + n] += sum_e heights[e] * row(index[e])[p * plane_stride + n]` for
/// `planes` planes of 16 numbers.
///
/// # Panics
/// If a row leaves the table or a plane leaves `out`.
pub fn gather_rows(
    isa: Instructions,
    (index, heights): (&[u32], &[f32]),
    table: RowTable,
    planes: usize,
    out: &mut [f32],
    out_stride: usize,
) {
    let ends = [index.len() as u32];
    let lists = RowLists { begin: 0, ends: &ends, index, heights };
    gather_each(isa, lists, table, planes, out, [0, out_stride]);
}

/// As [`gather_rows`], for list after list: the sums of list `l` lie at
/// `out[l * list_stride + p * plane_stride + n]`.
///
/// # Panics
/// If lists do not follow each other, a row leaves the table, or a plane leaves `out`.
pub fn gather_each(
    isa: Instructions,
    lists: RowLists,
    table: RowTable,
    planes: usize,
    out: &mut [f32],
    [list_stride, plane_stride]: [usize; 2],
) {
    let RowLists { begin, ends, index, heights } = lists;
    let Some(&end) = ends.last() else { return };
    let follow = ends.iter().fold((true, begin), |(all, last), &end| (all & (last <= end), end)).0;
    assert!(follow && end as usize <= index.len(), "lists follow each other");
    assert_eq!(index.len(), heights.len(), "a height for each row");
    let Some(last) = index[begin as usize..end as usize].iter().copied().max() else { return };
    let end = |stride: usize| planes.saturating_sub(1).strict_mul(stride).strict_add(ROW_MULTIPLE);
    assert!(
        (last as usize).strict_mul(table.row_stride).strict_add(end(table.plane_stride))
            <= table.numbers.len(),
        "a row leaves the table"
    );
    let last_list = (ends.len() - 1).strict_mul(list_stride);
    assert!(last_list.strict_add(end(plane_stride)) <= out.len(), "a plane leaves the output");
    // SAFETY: just checked.
    unsafe { isa.run(Gather { lists, table, planes, out, list_stride, plane_stride }) }
}

struct Gather<'a> {
    lists: RowLists<'a>,
    table: RowTable<'a>,
    planes: usize,
    out: &'a mut [f32],
    list_stride: usize,
    plane_stride: usize,
}

impl HotLoop for Gather<'_> {
    #[inline(always)]
    unsafe fn run<S: Simd>(mut self) {
        for part in (0..ROW_MULTIPLE).step_by(<S::Full as Vector>::LANES) {
            for (start, planes) in tiles::<S::Full>(self.planes * <S::Full as Vector>::LANES) {
                let plane = start / <S::Full as Vector>::LANES;
                // SAFETY: tiles stay below the planes; the rest is the caller's promise.
                unsafe { for_tile!(planes, N => gather_tile::<S::Full, N>(&mut self, plane, part)) }
            }
        }
    }

    fn run_scalar(self) {
        let mut begin = self.lists.begin as usize;
        for (list, &end) in self.lists.ends.iter().enumerate() {
            let entries = begin..end as usize;
            begin = entries.end;
            let heights = &self.lists.heights[entries.clone()];
            for (&index, height) in self.lists.index[entries].iter().zip(heights) {
                for plane in 0..self.planes {
                    let first =
                        index as usize * self.table.row_stride + plane * self.table.plane_stride;
                    let row = &self.table.numbers[first..][..ROW_MULTIPLE];
                    let out = &mut self.out[list * self.list_stride + plane * self.plane_stride..];
                    out.iter_mut().zip(row).for_each(|(out, row)| *out += height * row);
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn gather_tile<V: Vector, const N: usize>(operands: &mut Gather, plane: usize, part: usize) {
    // SAFETY: see `gather_each`.
    unsafe {
        let (table, lists) = (operands.table, operands.lists);
        let numbers = table.numbers.as_ptr().add(plane * table.plane_stride + part);
        let mut out = operands.out.as_mut_ptr().add(plane * operands.plane_stride + part);
        let mut begin = lists.begin as usize;
        for &end in lists.ends {
            let entries = begin..end as usize;
            begin = entries.end;
            let mut sum = [V::splat(0.0); N];
            for (v, sum) in sum.iter_mut().enumerate() {
                *sum = V::load(out.add(v * operands.plane_stride));
            }
            for entry in entries {
                let height = V::splat(*lists.heights.get_unchecked(entry));
                let index = *lists.index.get_unchecked(entry) as usize;
                let mut row = numbers.add(index * table.row_stride);
                for sum in &mut sum {
                    *sum = sum.add_product(height, V::load(row));
                    row = row.wrapping_add(table.plane_stride);
                }
            }
            for (v, sum) in sum.into_iter().enumerate() {
                sum.store(out.add(v * operands.plane_stride));
            }
            out = out.wrapping_add(operands.list_stride);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn every_instruction_set_agrees_with_the_scalar_twin() {
        let mut random = ChaCha8Rng::seed_from_u64(4);
        let rows: Vec<f32> = (0..16 * 2000).map(|_| random.random_range(-1.0..1.0)).collect();
        let heights: Vec<f32> = (0..40).map(|_| random.random_range(0.5..3.0)).collect();
        let index: Vec<u32> = (0..40).map(|_| random.random_range(0..60)).collect();
        let ends = [7, 7, 19, 33];
        let lists = RowLists { begin: 3, ends: &ends, index: &index, heights: &heights };
        let result = |isa| {
            let mut all = Vec::new();
            for planes in [1, 5, 14, 15, 29] {
                for (row_stride, plane_stride, out_stride) in
                    [(planes * 16, 16, 16), (16, 64 * 16, 48)]
                {
                    let mut out = rows[..planes * 48].to_vec();
                    let table = RowTable { numbers: &rows, row_stride, plane_stride };
                    gather_rows(isa, (&index, &heights), table, planes, &mut out, out_stride);
                    all.extend(out);
                    let mut out = rows[..planes * 48 * 4].to_vec();
                    let strides = [planes * out_stride, out_stride];
                    gather_each(isa, lists, table, planes, &mut out, strides);
                    all.extend(out);
                }
            }
            all
        };
        let expected = result(Instructions::Scalar);
        for isa in Instructions::available() {
            for (a, b) in result(isa).iter().zip(&expected) {
                assert!((a - b).abs() < 1e-3, "{isa:?}: {a} and {b}");
            }
        }
    }

    #[test]
    fn a_list_is_as_if_it_were_alone() {
        let rows: Vec<f32> = (0..16 * 9).map(|n| 1.0 / (n as f32 + 3.0)).collect();
        let (index, heights) = ([8, 0, 3, 3, 1, 7], [1.0, 0.5, 2.0, 1.0, 3.0, 1.5]);
        let table = RowTable { numbers: &rows, row_stride: 16, plane_stride: 16 };
        for isa in Instructions::available() {
            let ends = [3, 3, 6];
            let lists = RowLists { begin: 1, ends: &ends, index: &index, heights: &heights };
            let mut all = vec![0.25; 48];
            gather_each(isa, lists, table, 1, &mut all, [16, 16]);
            for (list, entries) in [1..3, 3..3, 3..6].into_iter().enumerate() {
                let mut alone = vec![0.25; 16];
                let entries = (&index[entries.clone()], &heights[entries]);
                gather_rows(isa, entries, table, 1, &mut alone, 16);
                assert_eq!(all[list * 16..][..16], alone);
            }
        }
    }

    #[test]
    #[should_panic(expected = "a row leaves the table")]
    fn a_row_that_leaves_the_table_is_refused() {
        let table = RowTable { numbers: &[0.0; 31], row_stride: 16, plane_stride: 16 };
        let isa = Instructions::Scalar;
        gather_rows(isa, (&[1], &[1.0]), table, 1, &mut [0.0; 16], 16);
    }

    #[test]
    #[should_panic(expected = "lists follow each other")]
    fn lists_out_of_order_are_refused() {
        let table = RowTable { numbers: &[0.0; 32], row_stride: 16, plane_stride: 16 };
        let (index, heights) = ([1, 0, 1], [1.0; 3]);
        let lists = RowLists { begin: 0, ends: &[2, 1], index: &index, heights: &heights };
        gather_each(Instructions::Scalar, lists, table, 1, &mut [0.0; 32], [16, 16]);
    }
}
